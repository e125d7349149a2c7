//! Handles: numbers that look like pointers and are places in a table.
//!
//! A handle is a non-canonical address, so using it as a pointer traps instead of reading something. It is compared
//! whole with the one that the table gave out; what is stale, foreign, freed or made up is found out by that and never
//! followed. docs/c.md states the layout.

use core::{any::Any, ptr};
use std::{
    process,
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard},
};

use crate::{
    boundary::guarded_drop,
    fork,
    status::{Failure, OK, Result, tenantseal_status},
};

/// An opaque type of the header, and what its handles stand for.
pub(crate) trait Opaque: Sized {
    /// Different for every type; part of the handle.
    const KIND: u8;

    /// What is in the table.
    type Object: Any + Send + Sync;
}

/// The object of a handle. It stays while the result does, even if another thread frees the handle.
///
/// # Errors
///
/// [`Failure::Handle`].
pub(crate) fn get<H: Opaque>(handle: *const H) -> Result<Arc<H::Object>> {
    let table = TABLE.read().unwrap_or_else(PoisonError::into_inner);
    let object = table.get(number(handle), H::KIND)?;
    drop(table);
    object.downcast().map_err(|_| Failure::Handle)
}

/// Puts an object into the table.
///
/// # Errors
///
/// [`Failure::Handle`] if it is full.
pub(crate) fn insert<H: Opaque>(object: H::Object) -> Result<*mut H> {
    fork::watch();
    let object: Arc<dyn Any + Send + Sync> = Arc::new(object);
    let handle = lock().insert(H::KIND, object)?;
    // Invariant: a handle has 64 bits, and so have pointers (checked below).
    usize::try_from(handle).map(ptr::without_provenance_mut).map_err(|_| Failure::Internal)
}

/// Takes an object out of the table. NULL is no object and no fault.
pub(crate) fn free<H: Opaque>(handle: *mut H) -> tenantseal_status {
    if handle.is_null() {
        return OK;
    }
    // The lock is released before the object goes: that may take time, and must not hold up every other call.
    let object = lock().remove(number(handle), H::KIND);
    match object {
        Ok(object) => {
            guarded_drop(object);
            OK
        }
        Err(failure) => failure.status(),
    }
}

/// The whole table, for writing.
pub(crate) fn lock() -> RwLockWriteGuard<'static, Table> {
    // Invariant: no step under the lock panics between two changes that belong together.
    TABLE.write().unwrap_or_else(PoisonError::into_inner)
}

fn number<H>(handle: *const H) -> u64 {
    u64::try_from(handle.addr()).unwrap_or_default()
}

static TABLE: RwLock<Table> = RwLock::new(Table::new());

/// Every live object of the process.
pub(crate) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

struct Slot {
    /// How many handles this slot has given out.
    generation: u32,
    entry: Option<Entry>,
}

struct Entry {
    handle: u64,
    object: Arc<dyn Any + Send + Sync>,
}

impl Table {
    const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    fn insert(&mut self, kind: u8, object: Arc<dyn Any + Send + Sync>) -> Result<u64> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.slots.len()).map_err(|_| Failure::Handle)?;
                if index >> SLOT_BITS != 0 {
                    return Err(Failure::Handle);
                }
                self.slots.push(Slot { generation: 0, entry: None });
                index
            }
        };
        let slot = usize::try_from(index).ok().and_then(|index| self.slots.get_mut(index));
        let slot = slot.ok_or(Failure::Internal)?;
        // Invariant: a slot that has given out its last generation is not in the free list.
        slot.generation = slot.generation.saturating_add(1);
        let handle = TAG << 56
            | u64::from(kind) << 51
            | u64::from(process::id() % 128) << 44
            | u64::from(slot.generation) << SLOT_BITS
            | u64::from(index);
        slot.entry = Some(Entry { handle, object });
        Ok(handle)
    }

    fn get(&self, handle: u64, kind: u8) -> Result<Arc<dyn Any + Send + Sync>> {
        let slot = self.slots.get(place(handle)).ok_or(Failure::Handle)?;
        match &slot.entry {
            Some(entry) if entry.handle == handle && kind_of(handle) == kind => Ok(Arc::clone(&entry.object)),
            _ => Err(Failure::Handle),
        }
    }

    fn remove(&mut self, handle: u64, kind: u8) -> Result<Arc<dyn Any + Send + Sync>> {
        let index = place(handle);
        let slot = self.slots.get_mut(index).ok_or(Failure::Handle)?;
        let is_it = |entry: &mut Entry| entry.handle == handle && kind_of(handle) == kind;
        let entry = slot.entry.take_if(is_it).ok_or(Failure::Handle)?;
        // A generation never comes twice: a slot that has used up its own is given up, some 40 bytes in 16 million.
        if slot.generation < LAST_GENERATION
            && let Ok(index) = u32::try_from(index)
        {
            self.free.push(index);
        }
        Ok(entry.object)
    }
}

fn place(handle: u64) -> usize {
    usize::try_from(handle & ((1 << SLOT_BITS) - 1)).unwrap_or(usize::MAX)
}

fn kind_of(handle: u64) -> u8 {
    u8::try_from(handle >> 51 & 0x1f).unwrap_or(u8::MAX)
}

/// The top byte. No address has it: in those of x86-64 the top bits are all 0 or all 1, with 48 bits and with 57.
const TAG: u64 = 0x5a;

/// A million objects live at once.
const SLOT_BITS: u32 = 20;

const LAST_GENERATION: u32 = (1 << 24) - 1;

const _: () = assert!(size_of::<usize>() == 8, "a handle has 64 bits");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Free { which: usize, kind: u8 },
        Get { which: usize, kind: u8 },
        Insert { kind: u8 },
        MadeUp { handle: u64, kind: u8 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..4u8).prop_map(|kind| Step::Insert { kind }),
            (any::<usize>(), 0..4u8).prop_map(|(which, kind)| Step::Get { which, kind }),
            (any::<usize>(), 0..4u8).prop_map(|(which, kind)| Step::Free { which, kind }),
            (any::<u64>(), 0..4u8).prop_map(|(handle, kind)| Step::MadeUp { handle, kind }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        /// Against a list of everything that was ever given out: a handle works while it lives, for its own kind.
        #[test]
        fn a_handle_is_good_from_insert_to_free(steps in proptest::collection::vec(step(), 1..200)) {
            let mut table = Table::new();
            let mut given: Vec<(u64, u8, usize, bool)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert { kind } => {
                        let handle = table.insert(kind, Arc::new(number)).unwrap();
                        prop_assert!(given.iter().all(|(other, ..)| *other != handle));
                        prop_assert!(handle >> 56 == TAG);
                        given.push((handle, kind, number, true));
                    }
                    Step::Get { which, kind } | Step::Free { which, kind } if !given.is_empty() => {
                        let which = which % given.len();
                        let (handle, own, value, live) = given[which];
                        let found = if matches!(step, Step::Free { .. }) {
                            table.remove(handle, kind)
                        } else {
                            table.get(handle, kind)
                        };
                        prop_assert_eq!(found.is_ok(), live && kind == own);
                        if let Ok(object) = found {
                            prop_assert_eq!(*object.downcast::<usize>().unwrap(), value);
                            given[which].3 = live && !matches!(step, Step::Free { .. });
                        }
                    }
                    Step::MadeUp { handle, kind } => {
                        let known = given.iter().any(|(other, ..)| *other == handle);
                        prop_assert!(known || table.get(handle, kind).is_err());
                    }
                    Step::Get { .. } | Step::Free { .. } => {}
                }
            }
            let live = given.iter().filter(|(.., live)| *live).count();
            prop_assert_eq!(table.slots.iter().filter(|slot| slot.entry.is_some()).count(), live);
        }
    }

    #[test]
    fn every_single_bit_of_a_handle_counts() {
        let mut table = Table::new();
        for _ in 0..5 {
            // The only object there is: the place beside it would be another's.
            let handle = table.insert(3, Arc::new(0u8)).unwrap();
            for bit in 0..64 {
                assert!(table.get(handle ^ 1 << bit, 3).is_err(), "bit {bit}");
            }
            table.remove(handle, 3).unwrap();
        }
    }

    #[test]
    fn a_slot_is_given_up_after_its_last_generation() {
        let mut table = Table::new();
        table.slots.push(Slot { generation: LAST_GENERATION - 1, entry: None });
        table.free.push(0);
        let handle = table.insert(0, Arc::new(0u8)).unwrap();
        assert_eq!(place(handle), 0);
        table.remove(handle, 0).unwrap();
        let next = table.insert(0, Arc::new(0u8)).unwrap();
        assert_eq!(place(next), 1);
    }
}
