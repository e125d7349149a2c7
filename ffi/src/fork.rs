//! The handle table across a fork.
//!
//! A child has one thread, and every lock in the state that it had. A table that another thread was just changing would
//! stay locked for ever, and half changed. So the thread that forks takes the lock first, and parent and child each
//! release their copy.

use core::cell::RefCell;
use std::sync::{Once, RwLockWriteGuard};

use crate::handle::{Table, lock};

/// Asks to be told of forks, once, before the first object is made.
pub(crate) fn watch() {
    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        // SAFETY: the three functions take nothing, return nothing, do not unwind, and stay as long as the library does:
        // glibc forgets them when it is unloaded. If there is no memory for it, forks from several threads are at
        // their own risk, as before.
        unsafe { libc::pthread_atfork(Some(prepare), Some(release), Some(release)) };
    });
}

thread_local! {
    static HELD: RefCell<Option<RwLockWriteGuard<'static, Table>>> = const { RefCell::new(None) };
}

/// Before a fork, in the thread that forks.
unsafe extern "C" fn prepare() {
    let guard = lock();
    // If this thread is just ending, its storage is gone: then the lock is released at once, which is no worse than not
    // taking it.
    let _ = HELD.try_with(|held| held.replace(Some(guard)));
}

/// After a fork, in the parent and in the child.
unsafe extern "C" fn release() {
    let _ = HELD.try_with(|held| drop(held.take()));
}
