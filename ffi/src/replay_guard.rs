//! The memory of callbacks that several share.

use core::convert::Infallible;
use std::sync::Arc;

use tenantseal::wecom::{Guard, MemoryGuard};

use crate::{
    handle::{Opaque, free},
    output::{Handle, call},
    status::tenantseal_status,
};

/// A memory of callbacks, so that each event is acted on once. Share it freely between threads and
/// callbacks.
#[derive(Debug)]
pub struct tenantseal_guard(Infallible);

impl Opaque for tenantseal_guard {
    const KIND: u8 = 6;
    type Object = Arc<dyn Guard>;
}

/// Makes a guard in the memory of this process. It forgets when the process ends, and a child of a
/// fork has its own copy.
///
/// @param capacity  how many entries may be live: an event takes two, a retry or a reply one
/// @param out_guard  the new handle, for tenantseal_guard_free(); NULL after a failure
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_guard_in_memory(
    capacity: usize,
    out_guard: *mut *mut tenantseal_guard,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_guard), || {
            let guard: Arc<dyn Guard> = Arc::new(MemoryGuard::new(capacity));
            Ok(guard)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param guard  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_guard_free(guard: *mut tenantseal_guard) -> tenantseal_status {
    free(guard)
}
