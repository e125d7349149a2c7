//! Kills at random points: what a process that dies leaves, with the operating system alive.

use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::{
    child::{Group, command_line},
    disk::{read_tree, temporary_folder, write_tree},
    random::Random,
    scenario::Scenario,
};

/// Kills a scenario's child, again and again.
#[derive(Debug)]
pub struct Kills {
    /// How often.
    pub rounds: usize,
    /// Where the random points come from.
    pub seed: u64,
}

/// What [`Kills::run`] did.
#[derive(Debug, Default)]
pub struct Killed {
    /// How many children were killed before they had ended.
    pub midway: usize,
    /// How many had ended.
    pub late: usize,
    /// In how many of the gaps between two acknowledgements a kill fell.
    pub gaps: usize,
}

impl Kills {
    /// Runs them.
    ///
    /// # Errors
    ///
    /// The first check that failed, with the round it failed in.
    ///
    /// # Panics
    ///
    /// If no child can be started.
    pub fn run(&self, scenario: &Scenario) -> Result<Killed, String> {
        let mut random = Random::new(self.seed);
        let folder = temporary_folder();
        (scenario.setup)(folder.path());
        let io = |error: std::io::Error| format!("the folder: {error}");
        let base = read_tree(folder.path()).map_err(io)?;
        let command_line = command_line(scenario, folder.path());

        // How long things take, from one run to the end.
        let begun = Instant::now();
        let mut first = None;
        let mut child = Group::start(&command_line);
        let mut told = Vec::new();
        while let Some(byte) = child.read_byte() {
            first.get_or_insert_with(|| begun.elapsed());
            told.push(byte);
        }
        let whole = begun.elapsed();
        let first = first.unwrap_or(whole);
        let ended = child.wait(&told)?;
        ended.expect(false)?;
        (scenario.check)(folder.path(), &ended.report).map_err(|why| format!("without a kill: {why}"))?;
        let lines = told.iter().filter(|byte| **byte == b'\n').count();
        let gap = whole.saturating_sub(first) / u32::try_from(lines.max(1)).unwrap_or(u32::MAX);

        let mut killed = Killed::default();
        let mut gaps = std::collections::BTreeSet::new();
        for round in 0..self.rounds {
            write_tree(folder.path(), &base).map_err(io)?;
            let after = random.below(lines + 1);
            let span = if after == 0 { first + gap } else { gap * 2 };
            let delay = random.below(usize::try_from(span.as_nanos()).unwrap_or(usize::MAX));
            let mut child = Group::start(&command_line);
            let mut told = Vec::new();
            let mut seen = 0;
            while seen < after {
                let Some(byte) = child.read_byte() else { break };
                seen += usize::from(byte == b'\n');
                told.push(byte);
            }
            wait_exactly(Duration::from_nanos(u64::try_from(delay).unwrap_or(u64::MAX)));
            child.kill();
            let ended = child.wait(&told)?;
            let context = |why| format!("round {round}, after {after} lines and {delay} ns: {why}");
            ended.expect(true).map_err(context)?;
            if ended.status.success() {
                killed.late += 1;
            } else {
                killed.midway += 1;
                gaps.insert(ended.report.done_count());
            }
            (scenario.check)(folder.path(), &ended.report).map_err(context)?;
        }
        killed.gaps = gaps.len();
        Ok(killed)
    }
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kills midway, after {} different steps, and {} late", self.midway, self.gaps, self.late)
    }
}

/// A sleep ends later than asked; the last stretch is waited for awake.
fn wait_exactly(delay: Duration) {
    let until = Instant::now() + delay;
    std::thread::sleep(delay.saturating_sub(Duration::from_millis(1)));
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}
