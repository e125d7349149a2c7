//! Power cuts: what a disk may hold when what was not flushed is lost in part.
//!
//! After a random number of acts, what was flushed is there. Of what was not: any of the written pieces of 512 bytes, a
//! file as long as any of the writes made it, with zeros where the bytes did not arrive; and any of the changed names,
//! except that a change is never there without the changes before it that concern the same name. That is less than most
//! file systems keep, and what POSIX promises.

use std::{
    collections::{BTreeMap, HashSet, hash_map::DefaultHasher},
    fmt,
    hash::{Hash as _, Hasher as _},
    path::PathBuf,
};

use crate::{
    disk::{Tree, temporary_folder, write_tree},
    faults::Fault,
    random::Random,
    recording::{Act, Done, Recording, rename, resize, tree, write},
    scenario::{Report, Scenario},
};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Cuts the power of a scenario's child, again and again.
#[derive(Debug)]
pub struct PowerCuts {
    /// How many states of the disk are checked.
    pub states: usize,
    /// Where the random states come from.
    pub seed: u64,
    /// Whether half of the states follow flushes of which one failed. Not for what ignores such failures by design:
    /// SQLite does where it flushes a folder.
    pub flushes_fail: bool,
}

/// What [`PowerCuts::run`] did.
#[derive(Debug, Default)]
pub struct Cut {
    /// How many acts there were to cut between.
    pub acts: usize,
    /// In how many recordings beside the plain one a flush failed.
    pub failed_flushes: usize,
    /// How many states were checked.
    pub states: usize,
    /// How many different ones.
    pub different: usize,
}

impl PowerCuts {
    /// Runs them.
    ///
    /// # Errors
    ///
    /// The first check that failed, with the state it failed in; a recording that is not understood.
    ///
    /// # Panics
    ///
    /// If strace cannot be started.
    pub fn run(&self, scenario: &Scenario) -> Result<Cut, String> {
        let recording = Recording::make(scenario, None)?;
        let mut cut = Cut { acts: recording.done.len(), ..Cut::default() };
        let (mut random, mut seen) = (Random::new(self.seed), HashSet::new());
        let flushes = if self.flushes_fail { recording.flushes.as_slice() } else { &[] };
        let plain = if flushes.is_empty() { self.states } else { self.states.div_ceil(2) };
        self.check(scenario, &recording, plain, &mut random, &mut seen)?;
        // A flush that fails flushed nothing: what was written before it must not count as stored.
        let each = (self.states - plain).div_ceil(flushes.len().max(1));
        for (call, number) in flushes {
            let context = |why| format!("{call} number {number} failing: {why}");
            let failing = Recording::make(scenario, Some((call, &Fault::Error("EIO").at(*number))));
            let checked = self.check(scenario, &failing.map_err(context)?, each, &mut random, &mut seen);
            checked.map_err(context)?;
        }
        cut.failed_flushes = flushes.len();
        cut.states = plain + each * flushes.len();
        cut.different = seen.len();
        Ok(cut)
    }

    fn check(
        &self,
        scenario: &Scenario,
        recording: &Recording,
        states: usize,
        random: &mut Random,
        seen: &mut HashSet<u64>,
    ) -> Result<(), String> {
        let folder = temporary_folder();
        for number in 0..states {
            let state = recording.state(random);
            let mut hasher = DefaultHasher::new();
            (&state.tree, &state.told).hash(&mut hasher);
            seen.insert(hasher.finish());
            write_tree(folder.path(), &state.tree).map_err(|error| format!("the folder: {error}"))?;
            let report = Report::parse(&String::from_utf8_lossy(&state.told));
            (scenario.check)(folder.path(), &report).map_err(|why| {
                format!("seed {}, state {number}, cut after act {}: {why}", self.seed, state.cut)
            })?;
        }
        Ok(())
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acts, failed_flushes, states, different } = self;
        write!(f, "{acts} acts, {failed_flushes} flushes failing, {states} states, {different} different")
    }
}

struct State {
    cut: usize,
    tree: Tree,
    told: Vec<u8>,
}

/// Which of the things that may be lost are kept.
#[derive(Clone, Copy)]
enum Kept {
    All,
    AllButOne(usize),
    Before(usize),
    None,
    OneOnly(usize),
    Random,
}

impl Kept {
    fn pick(random: &mut Random, count: usize) -> Self {
        let some = random.below(count);
        match random.below(6) {
            0 => Self::All,
            1 => Self::AllButOne(some),
            2 => Self::Before(some),
            3 => Self::None,
            4 => Self::OneOnly(some),
            _ => Self::Random,
        }
    }

    fn keeps(self, random: &mut Random, at: usize) -> bool {
        match self {
            Self::All => true,
            Self::AllButOne(other) => at != other,
            Self::Before(other) => at < other,
            Self::None => false,
            Self::OneOnly(other) => at == other,
            Self::Random => random.once_in(2),
        }
    }
}

impl Recording {
    fn state(&self, random: &mut Random) -> State {
        // Half of the cuts fall where something waits to be flushed.
        let is_flush = |done: &Done| matches!(done.act, Act::SyncFile(_) | Act::SyncFolder(_));
        let flushes: Vec<usize> =
            (0..self.done.len()).filter(|at| self.done.get(*at).is_some_and(is_flush)).collect();
        let flush = flushes.get(random.below(flushes.len())).copied().filter(|_| random.once_in(2));
        let cut = flush.unwrap_or_else(|| random.below(self.done.len() + 1));
        let past = self.done.get(..cut).unwrap_or_default();
        let told = past.iter().filter_map(|done| match &done.act {
            Act::Tell(line) => Some(line.as_slice()),
            _ => None,
        });
        let told = told.collect::<Vec<_>>().concat();
        let names = names_kept(past, random);
        let (mut entries, mut contents) = (self.names.clone(), self.contents.clone());
        for (done, is_kept) in past.iter().zip(names) {
            if let (Act::Name(changes), true) = (&done.act, is_kept) {
                rename(&mut entries, changes);
            }
        }
        self.write_kept(past, random, &mut contents);
        State { cut, tree: tree(&entries, &contents), told }
    }

    fn write_kept(&self, past: &[Done], random: &mut Random, contents: &mut [Vec<u8>]) {
        for file in 0..self.contents.len() {
            let of_file = |done: &&Done| match &done.act {
                Act::Write { file: other, .. } | Act::Resize { file: other, .. } => *other == file,
                _ => false,
            };
            let is_synced = |done: &Done| {
                let syncs = |sync: &&Done| matches!(&sync.act, Act::SyncFile(other) if *other == file);
                past.iter().filter(syncs).any(|sync| done.ended < sync.began)
            };
            let pieces: usize = past
                .iter()
                .filter(of_file)
                .filter(|done| !is_synced(done))
                .map(|done| match &done.act {
                    Act::Write { offset, bytes, .. } => sectors(*offset, bytes).count(),
                    _ => 1,
                })
                .sum();
            let (kept, mut at, mut longest) = (Kept::pick(random, pieces), 0, 0);
            for done in past.iter().filter(of_file) {
                let is_synced = is_synced(done);
                let mut keeps = |random: &mut Random| {
                    at += usize::from(!is_synced);
                    is_synced || kept.keeps(random, at - 1)
                };
                match &done.act {
                    Act::Write { offset, bytes, .. } => {
                        longest = longest.max(offset + bytes.len());
                        for (offset, piece) in sectors(*offset, bytes) {
                            if keeps(random) {
                                write(contents, file, offset, piece);
                            }
                        }
                    }
                    Act::Resize { len, .. } if keeps(random) => {
                        resize(contents, file, *len);
                        longest = 0;
                    }
                    _ => {}
                }
            }
            // The length may have arrived without the bytes.
            let len = contents.get(file).map_or(0, Vec::len);
            if longest > len && random.once_in(2) {
                let more = if random.once_in(2) { longest - len } else { random.below(longest - len + 1) };
                resize(contents, file, len + more);
            }
        }
    }
}

/// For each act, whether it is a change of names that is there.
fn names_kept(past: &[Done], random: &mut Random) -> Vec<bool> {
    let changed = |done: &Done| match &done.act {
        Act::Name(changes) => changes.iter().map(|(name, _)| name.clone()).collect::<Vec<PathBuf>>(),
        _ => Vec::new(),
    };
    let changes: Vec<Vec<PathBuf>> = past.iter().map(changed).collect();
    let is_synced = |at: usize, name: &PathBuf| {
        let folder = name.parent().map(PathBuf::from).unwrap_or_default();
        let syncs = |sync: &&Done| matches!(&sync.act, Act::SyncFolder(other) if *other == folder);
        let ended = past.get(at).map_or(0, |done| done.ended);
        past.iter().filter(syncs).any(|sync| ended < sync.began)
    };
    let count = changes.iter().filter(|names| !names.is_empty()).count();
    let (kept, mut numbered) = (Kept::pick(random, count), 0);
    let mut keeps = Vec::with_capacity(past.len());
    for (at, names) in changes.iter().enumerate() {
        numbered += usize::from(!names.is_empty());
        let synced = !names.is_empty() && names.iter().all(|name| is_synced(at, name));
        keeps.push(synced || (!names.is_empty() && kept.keeps(random, numbered - 1)));
    }
    // What is there brings along what came before it under the same names, and the folders it is in.
    let mut needed: BTreeMap<PathBuf, ()> = BTreeMap::new();
    for (names, keep) in changes.iter().zip(keeps.iter_mut()).rev() {
        *keep |= names.iter().any(|name| needed.contains_key(name));
        if *keep {
            for name in names {
                needed.extend(name.ancestors().map(|part| (part.to_path_buf(), ())));
            }
        }
    }
    keeps
}

/// The pieces of a write that a disk writes whole, each with its offset in the file.
fn sectors(offset: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let head = bytes.len().min((SECTOR - offset % SECTOR) % SECTOR);
    let (first, rest) = bytes.split_at_checked(head).unwrap_or((bytes, &[]));
    let first = Some((offset, first)).filter(|(_, piece)| !piece.is_empty());
    let rest = rest.chunks(SECTOR).enumerate().map(move |(at, piece)| (offset + head + at * SECTOR, piece));
    first.into_iter().chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_torn_where_sectors_end() {
        let bytes = vec![7; 1500];
        let cut = |offset| sectors(offset, &bytes).map(|(at, piece)| (at, piece.len())).collect::<Vec<_>>();
        assert_eq!(cut(0), [(0, 512), (512, 512), (1024, 476)]);
        assert_eq!(cut(500), [(500, 12), (512, 512), (1024, 512), (1536, 464)]);
        assert_eq!(sectors(3, b"ab").count(), 1);
        assert_eq!(sectors(512, b"").count(), 0);
    }
}
