//! One allocation for all values of an array, cut into a slot for each.

use core::{mem, ops::Range};

use arrow_array::OffsetSizeTrait;
#[cfg(feature = "parallel")]
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::{
    error::Error,
    field::{BulkError, arrow::at},
};

/// On how many threads a call runs.
#[derive(Clone, Copy)]
pub(super) enum Threads {
    #[cfg(feature = "parallel")]
    All,
    One,
}

/// Where each value starts, and where the last ends; `None` if that is farther than `O` counts.
pub(super) fn offsets<O: OffsetSizeTrait>(
    count: usize,
    len_at: impl Fn(usize) -> Result<usize, Error>,
) -> Result<Option<Vec<O>>, BulkError> {
    let mut offsets = Vec::new();
    offsets.try_reserve_exact(count.saturating_add(1)).map_err(|_| Error::TooLong)?;
    offsets.push(O::zero());
    let mut end = 0usize;
    for position in 0..count {
        let len = len_at(position).map_err(at(position))?;
        end = end.checked_add(len).ok_or(Error::TooLong)?;
        let Some(offset) = O::from_usize(end) else { return Ok(None) };
        offsets.push(offset);
    }
    Ok(Some(offsets))
}

/// Zeros, as many as there are.
pub(super) fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>, Error> {
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(count).map_err(|_| Error::TooLong)?;
    zeros.resize(count, T::default());
    Ok(zeros)
}

/// Does `act` with every position and its slot of `out`, which is from `start_of(position)` to `start_of(position + 1)`.
/// What a thread keeps from one to the next is made by `state`.
///
/// # Errors
///
/// The first position that fails, however many threads there are.
pub(super) fn slots<T: Send, S>(
    count: usize,
    start_of: impl Fn(usize) -> usize + Send + Sync,
    out: &mut [T],
    threads: Threads,
    state: impl Fn() -> S + Send + Sync,
    act: impl Fn(&mut S, usize, &mut [T]) -> Result<(), Error> + Send + Sync,
) -> Result<(), BulkError> {
    let len_of = |range: Range<usize>| start_of(range.end).saturating_sub(start_of(range.start));
    let run = |range: Range<usize>, out: &mut [T]| {
        let (mut state, mut rest) = (state(), out);
        range.into_iter().try_for_each(|position| {
            let slot = take(&mut rest, len_of(position..position + 1))?;
            act(&mut state, position, slot).map_err(at(position))
        })
    };
    match threads {
        Threads::One => run(0..count, out),
        #[cfg(feature = "parallel")]
        Threads::All => {
            let step = count.div_ceil(rayon::current_num_threads().saturating_mul(RANGES_PER_THREAD)).max(1);
            let mut rest = out;
            let ranges = (0..count).step_by(step).map(|start| {
                let range = start..count.min(start.saturating_add(step));
                take(&mut rest, len_of(range.clone())).map(|out| (range, out))
            });
            let ranges: Vec<_> = ranges.collect::<Result<_, _>>()?;
            let done: Vec<_> = ranges.into_par_iter().map(|(range, out)| run(range, out)).collect();
            done.into_iter().collect()
        }
    }
}

pub(super) fn take<'o, T>(rest: &mut &'o mut [T], len: usize) -> Result<&'o mut [T], Error> {
    let (slot, after) = mem::take(rest).split_at_mut_checked(len).ok_or(Error::Malformed)?;
    *rest = after;
    Ok(slot)
}

/// So that no thread waits long for the last one.
#[cfg(feature = "parallel")]
const RANGES_PER_THREAD: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_of_64_bits_from_2_gib_on() {
        let end = |lens: &[usize]| {
            let small = offsets::<i32>(lens.len(), |position| Ok(lens[position])).unwrap();
            let large = offsets::<i64>(lens.len(), |position| Ok(lens[position])).unwrap().unwrap();
            (small.map(|offsets| offsets[lens.len()]), large[lens.len()])
        };
        assert_eq!(end(&[]), (Some(0), 0));
        assert_eq!(end(&[1 << 30, (1 << 30) - 1]), (Some(i32::MAX), i64::from(i32::MAX)));
        assert_eq!(end(&[1 << 30, 1 << 30]), (None, 1 << 31));
        assert_eq!(offsets::<i64>(2, |_| Ok(usize::MAX / 2)), Ok(None));
        let failed = offsets::<i32>(3, |position| if position == 2 { Err(Error::Value) } else { Ok(1) });
        assert_eq!(failed.err(), Some(BulkError { position: Some(2), error: Error::Value }));
        assert_eq!(offsets::<i32>(usize::MAX, |_| Ok(0)).map_err(Error::from).err(), Some(Error::TooLong));
        assert_eq!(zeros::<u64>(usize::MAX).err(), Some(Error::TooLong));
    }

    fn all_threads() -> Vec<Threads> {
        vec![
            #[cfg(feature = "parallel")]
            Threads::All,
            Threads::One,
        ]
    }

    #[test]
    fn every_position_has_its_slot_and_the_first_failure_is_told() {
        for threads in all_threads() {
            for count in [0, 1, 2, 7, 100] {
                // Slot n is n % 4 long.
                let start_of = |position: usize| (0..position).map(|position| position % 4).sum();
                let mut out = vec![usize::MAX; start_of(count)];
                let fill = |(): &mut (), position: usize, slot: &mut [usize]| {
                    assert_eq!(slot.len(), position % 4);
                    slot.fill(position);
                    Ok(())
                };
                slots(count, start_of, &mut out, threads, || (), fill).unwrap();
                let expected: Vec<_> =
                    (0..count).flat_map(|position| core::iter::repeat_n(position, position % 4)).collect();
                assert_eq!(out, expected);
            }
            for first in 0..100 {
                let mut out = [0; 100];
                let fail = |(): &mut (), position: usize, _: &mut [i32]| {
                    if position >= first { Err(Error::Open) } else { Ok(()) }
                };
                let failed = slots(100, |position| position, &mut out, threads, || (), fail);
                assert_eq!(failed, Err(BulkError { position: Some(first), error: Error::Open }));
            }
            let short = slots(2, |position| position, &mut [0], threads, || (), |(), _, _| Ok(()));
            assert_eq!(short.map_err(Error::from), Err(Error::Malformed));
        }
    }
}
