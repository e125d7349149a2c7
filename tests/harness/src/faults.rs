//! System calls that fail, and a kill before each: every place once.

use std::{
    collections::{BTreeSet, HashMap},
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::{
    child::{Group, command_line},
    disk::{read_tree, temporary_folder, write_tree},
    scenario::Scenario,
    strace::{self, Call, Lines},
};

/// What happens in place of a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with that name of an error.
    Error(&'static str),
    /// The process dies before it.
    Kill,
}

impl Fault {
    /// An input or output error, a full disk, a kill.
    pub const ALL: [Self; 3] = [Self::Error("EIO"), Self::Error("ENOSPC"), Self::Kill];

    pub(crate) fn at(self, number: usize) -> String {
        match self {
            Self::Error(name) => format!("error={name}:when={number}"),
            Self::Kill => format!("signal=KILL:when={number}"),
        }
    }
}

/// Puts each fault in the place of each system call that touches the folder.
#[derive(Debug)]
pub struct Faults {
    /// Which faults.
    pub faults: Vec<Fault>,
    /// Names of calls that are spared. A call of one thread shares its place with those of the others, and an unlock that
    /// fails, which no kernel does, makes SQLite wait for minutes: `fcntl` there.
    pub spared: &'static [&'static str],
}

/// What [`Faults::run`] did.
#[derive(Debug, Default)]
pub struct Faulted {
    /// How many places there are.
    pub places: usize,
    /// How many runs had a fault.
    pub hits: usize,
    /// Whose fault did not come to pass: another thread was quicker this time.
    pub misses: usize,
    /// After how many the program had acknowledged every step all the same.
    pub unharmed: usize,
}

impl Faults {
    /// Runs them.
    ///
    /// # Errors
    ///
    /// The first check that failed, with its place and fault.
    ///
    /// # Panics
    ///
    /// If strace cannot be started.
    pub fn run(&self, scenario: &Scenario) -> Result<Faulted, String> {
        let io = |error: std::io::Error| format!("the folder: {error}");
        let (folder, beside) = (temporary_folder(), temporary_folder());
        let output = beside.path().join("trace");
        (scenario.setup)(folder.path());
        let base = read_tree(folder.path()).map_err(io)?;
        let child = command_line(scenario, folder.path());

        let ended = Group::start(&strace::command_line(&output, Lines::All, None, None, &child)).wait(&[])?;
        ended.expect(false)?;
        (scenario.check)(folder.path(), &ended.report).map_err(|why| format!("without a fault: {why}"))?;
        let steps = ended.report.done_count();
        let calls = strace::parse(&fs::read_to_string(&output).map_err(io)?);
        let places = self.places(folder.path(), calls);

        let mut faulted = Faulted { places: places.len(), ..Faulted::default() };
        for (call, path, number) in &places {
            for fault in &self.faults {
                write_tree(folder.path(), &base).map_err(io)?;
                let what = fault.at(*number);
                let fault_at = Some((call.as_str(), what.as_str()));
                let line = strace::command_line(&output, Lines::OfFault, fault_at, Some(path), &child);
                let context =
                    |why| format!("{fault:?} at {call} number {number} on {}: {why}", path.display());
                let ended = Group::start(&line).wait(&[]).map_err(context)?;
                ended.expect(*fault == Fault::Kill).map_err(context)?;
                let calls = strace::parse(&fs::read_to_string(&output).map_err(io)?);
                let came = if *fault == Fault::Kill {
                    !ended.status.success()
                } else {
                    calls.iter().any(|call| call.is_injected && call.touches(folder.path()))
                };
                faulted.hits += usize::from(came);
                faulted.misses += usize::from(!came);
                faulted.unharmed += usize::from(came && ended.report.done_count() == steps);
                (scenario.check)(folder.path(), &ended.report).map_err(context)?;
            }
        }
        Ok(faulted)
    }

    /// Each call on a path of the folder, with its number among those of its name on that path.
    fn places(&self, folder: &Path, mut calls: Vec<Call>) -> BTreeSet<(String, PathBuf, usize)> {
        calls.sort_by_key(|call| call.began);
        let mut counts: HashMap<(u32, String, PathBuf), usize> = HashMap::new();
        let mut places = BTreeSet::new();
        for call in calls.iter().filter(|call| !self.spared.contains(&call.name.as_str())) {
            // One of two paths is enough to name a rename; it counts for both.
            for (at, path) in call.paths(folder).into_iter().enumerate() {
                let count = counts.entry((call.thread, call.name.clone(), path.clone())).or_default();
                *count += 1;
                if at == 0 {
                    places.insert((call.name.clone(), path, *count));
                }
            }
        }
        places
    }
}

impl fmt::Display for Faulted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places, hits, misses, unharmed } = self;
        write!(f, "{places} system calls, {hits} faults, {unharmed} of them without effect, {misses} missed")
    }
}
