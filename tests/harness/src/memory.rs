//! What is in the memory of a program: how often a secret is found there, and where.
//!
//! The program is another process, which stops at named places and waits ([`pause`], or the same in another language: a
//! line `phase NAME`, then a line is read). So what is looked for is in this process alone.

use std::{
    collections::HashSet,
    fmt, fs,
    io::{self, BufRead as _, BufReader, Write as _},
    ops::Range,
    os::unix::fs::FileExt as _,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// How much of a secret must stand in one place to be counted, in bytes.
const WINDOW: usize = 8;

/// Tells the supervisor that a place is reached, and waits until it has looked.
///
/// # Panics
///
/// If there is no supervisor.
pub fn pause(phase: &str) {
    let told = io::stdout().lock().write_all(format!("phase {phase}\n").as_bytes());
    let mut line = String::new();
    let read = told.and_then(|()| io::stdin().lock().read_line(&mut line));
    assert!(read.is_ok_and(|read| read > 0), "the supervisor is gone");
}

/// A program that is looked into.
#[derive(Debug)]
pub struct Subject {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// How many windows of 8 bytes of a secret were found. A whole copy of 32 bytes has 25 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// On the heap that grows.
    pub heap: usize,
    /// On the stack of the first thread.
    pub stack: usize,
    /// In other memory without a file: large allocations, other threads' stacks and heaps.
    pub anonymous: usize,
    /// In memory with a file: code and data of the program and its libraries.
    pub other: usize,
}

impl Found {
    /// Everywhere.
    #[must_use]
    pub fn total(&self) -> usize {
        self.heap + self.stack + self.anonymous + self.other
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { heap, stack, anonymous, other } = self;
        write!(f, "heap {heap}, stack {stack}, anonymous {anonymous}, other {other}")
    }
}

impl Subject {
    /// Starts the program.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process =
            command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        match (process.stdin.take(), process.stdout.take()) {
            (Some(input), Some(output)) => Self { process, input, output: BufReader::new(output) },
            _ => panic!("no pipes"),
        }
    }

    /// Waits for the program's next pause, and gives its name; `None` when it has ended.
    ///
    /// # Panics
    ///
    /// If the program fails.
    pub fn next_phase(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.output.read_line(&mut line).unwrap_or_else(|error| panic!("reading: {error}"));
            if read == 0 {
                let status = self.process.wait().unwrap_or_else(|error| panic!("waiting: {error}"));
                assert!(status.success(), "the program ended with {status}");
                return None;
            }
            if let Some(phase) = line.strip_prefix("phase ") {
                return Some(phase.trim_end().to_owned());
            }
        }
    }

    /// Lets the program go on.
    ///
    /// # Panics
    ///
    /// If it is gone.
    pub fn resume(&mut self) {
        self.input.write_all(b"\n").unwrap_or_else(|error| panic!("the program is gone: {error}"));
    }

    /// How often windows of each secret are in the program's memory while it pauses.
    ///
    /// # Panics
    ///
    /// If its memory cannot be read, or a secret is shorter than a window.
    #[must_use]
    pub fn scan(&self, secrets: &[&[u8]]) -> Vec<Found> {
        let id = self.process.id();
        let maps =
            fs::read_to_string(format!("/proc/{id}/maps")).unwrap_or_else(|error| panic!("maps: {error}"));
        let memory = fs::File::open(format!("/proc/{id}/mem")).unwrap_or_else(|error| panic!("mem: {error}"));
        let needles: Vec<HashSet<&[u8]>> =
            secrets.iter().map(|secret| secret.windows(WINDOW).collect()).collect();
        assert!(needles.iter().all(|windows| !windows.is_empty()), "a secret is too short");
        // Most positions are told by their first byte.
        let mut firsts = [false; 256];
        for window in needles.iter().flatten() {
            if let Some(first) = window.first().and_then(|first| firsts.get_mut(usize::from(*first))) {
                *first = true;
            }
        }
        let mut found = vec![Found::default(); secrets.len()];
        for line in maps.lines() {
            let Some((range, name)) = region(line) else { continue };
            let mut bytes = vec![0; range.end - range.start];
            let at = u64::try_from(range.start).unwrap_or(u64::MAX);
            // The kernel's own pages are not for reading.
            if memory.read_exact_at(&mut bytes, at).is_err() {
                assert!(name.starts_with("[v"), "cannot read {line}");
                continue;
            }
            for window in bytes.windows(WINDOW) {
                let is_candidate = window.first().and_then(|first| firsts.get(usize::from(*first)));
                if is_candidate != Some(&true) {
                    continue;
                }
                for (found, _) in
                    found.iter_mut().zip(&needles).filter(|(_, needles)| needles.contains(window))
                {
                    *match name {
                        "[heap]" => &mut found.heap,
                        "[stack]" => &mut found.stack,
                        "" => &mut found.anonymous,
                        _ => &mut found.other,
                    } += 1;
                }
            }
        }
        found
    }
}

/// The addresses and the name of a region that can be read.
fn region(line: &str) -> Option<(Range<usize>, &str)> {
    let mut parts = line.split_ascii_whitespace();
    let (start, end) = parts.next()?.split_once('-')?;
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    let readable = parts.next()?.starts_with('r');
    let name = parts.nth(3).unwrap_or("");
    readable.then_some((range, if name.starts_with("[anon") { "" } else { name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_maps_is_a_region() {
        let line = "55d0c0a00000-55d0c0a21000 rw-p 00000000 00:00 0                          [heap]";
        assert_eq!(region(line), Some((0x55d0_c0a0_0000..0x55d0_c0a2_1000, "[heap]")));
        assert_eq!(region("7f00-7f10 rw-p 00000000 00:00 0 "), Some((0x7f00..0x7f10, "")));
        assert_eq!(region("7f00-7f10 ---p 00000000 00:00 0 "), None);
    }
}
