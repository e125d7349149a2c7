//! The edge that no panic crosses.

use core::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::status::{Failure, Result};

/// Runs the body of an export. A panic is a fault of the library, not of its caller; the process that serves every
/// tenant goes on.
pub(crate) fn guarded<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // What a panic may leave half done is behind locks that are taken over by the next call, or is dropped here.
    let result = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(feature = "panic-inject")]
        injection::fire();
        body()
    }))
    .unwrap_or(Err(Failure::Internal));
    scrub();
    result
}

/// As [`guarded`], where nothing is returned.
pub(crate) fn guarded_drop<T>(value: T) {
    // An object that panics on its way out has nobody to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
    scrub();
}

/// Writes over what the body has left on the stack: keys and values lie there in registers that were saved and in copies of
/// the compiler's.
#[inline(never)]
fn scrub() {
    black_box(&mut [0u8; SCRUBBED]);
}

/// How far down the stack is written over, in bytes: more than the calls that handle keys need, but for Argon2id, which
/// has its memory on the heap. The scan of scripts/ctgrind.sh holds it.
const SCRUBBED: usize = 8 * 1024;

#[cfg(feature = "panic-inject")]
mod injection {
    use core::cell::Cell;

    thread_local! {
        pub(super) static ARMED: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn fire() {
        assert!(!ARMED.replace(false), "injected");
    }
}

/// Makes the next call of this thread panic inside. Only in builds with the feature `panic-inject`.
#[cfg(feature = "panic-inject")]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_inject_panic() {
    injection::ARMED.set(true);
}
