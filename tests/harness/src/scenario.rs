//! What is tested: where it starts, what is done, what must hold after.

use core::fmt;
use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    path::Path,
};

/// One thing that must survive.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What it is called, on the command line too.
    pub name: &'static str,
    /// Puts into an empty folder what the action starts from. It is taken to be durable.
    pub setup: fn(&Path),
    /// What is done to the folder, in steps that are acknowledged one by one. Runs in a process of its own; the same
    /// steps in the same order each time, and none depends on chance.
    pub action: fn(&Path, &mut Steps),
    /// Whether the folder is as it may be, given what was acknowledged. It may change the folder: a check that goes on
    /// working with what it found is a better one.
    pub check: fn(&Path, &Report) -> Result<(), String>,
    /// Endings of file names whose content is made anew after a power cut, so that it may be lost: such a file is
    /// missing in every state that a power cut leaves.
    pub rebuilt: &'static [&'static str],
}

/// Tells the supervisor, line by line on standard output, what was begun and how it ended.
#[derive(Debug)]
pub struct Steps(());

impl Steps {
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// Does a step, and acknowledges it if it succeeds. After a failure the next step may be tried all the same.
    ///
    /// # Errors
    ///
    /// Those of the step.
    ///
    /// # Panics
    ///
    /// If nobody reads what is told.
    pub fn run<T, E: fmt::Debug>(&mut self, name: &str, step: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        Self::tell("start", name);
        let result = step();
        Self::tell(if result.is_ok() { "done" } else { "failed" }, name);
        result
    }

    /// One line is one write, so a line is told whole or not at all.
    fn tell(what: &str, name: &str) {
        let told = io::stdout().lock().write_all(format!("{what} {name}\n").as_bytes());
        told.unwrap_or_else(|error| panic!("the supervisor is gone: {error}"));
    }
}

/// What the supervisor was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    done: Vec<String>,
    started: BTreeSet<String>,
}

impl Report {
    /// Reads what [`Steps`] told. A last line that was cut off tells nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let mut report = Self::default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            if let Some(name) = line.strip_prefix("done ") {
                report.done.push(name.to_owned());
            } else if let Some(name) = line.strip_prefix("start ") {
                report.started.insert(name.to_owned());
            }
        }
        report
    }

    /// Whether the step was acknowledged: what it did must be there.
    #[must_use]
    pub fn is_done(&self, name: &str) -> bool {
        self.done.iter().any(|done| done == name)
    }

    /// Whether the step was begun: what it did may be there. If it was not, it must not be.
    #[must_use]
    pub fn is_started(&self, name: &str) -> bool {
        self.started.contains(name)
    }

    /// How many steps were acknowledged.
    #[must_use]
    pub fn done_count(&self) -> usize {
        self.done.len()
    }

    /// Whether what is there fits what was told of the step.
    ///
    /// # Errors
    ///
    /// If it is missing and was acknowledged, or is there and was never begun.
    pub fn allows(&self, name: &str, is_there: bool) -> Result<(), String> {
        match (is_there, self.is_done(name), self.is_started(name)) {
            (false, true, _) => Err(format!("lost: {name}")),
            (true, _, false) => Err(format!("there before it was begun: {name}")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_acknowledged_from_begun() {
        let report = Report::parse("start a\ndone a\nstart b\nfailed b\nstart c\ndone c");
        assert!(report.is_done("a") && !report.is_done("b") && !report.is_done("c"));
        assert_eq!(report.allows("a", false), Err("lost: a".to_owned()));
        for is_there in [true, false] {
            assert_eq!(report.allows("b", is_there), Ok(()));
            assert_eq!(report.allows("c", is_there), Ok(()));
        }
        assert!(report.allows("d", true).is_err() && report.allows("d", false).is_ok());
    }
}
