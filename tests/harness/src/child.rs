//! The program that is hurt: the test program itself, started again with the name of a scenario and a folder.

use std::{
    env,
    io::Read as _,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::scenario::{Report, Scenario, Steps};

/// The first argument of a child.
const CHILD: &str = "--scenario";
/// No step waits for anything, so a child that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The `main` of a test program without the standard test harness: the child's action if it was started as a child, else
/// `supervise` for each scenario whose name has the first argument in it that is no option.
///
/// # Panics
///
/// If a child is started with a name that no scenario has.
pub fn main(scenarios: &[Scenario], supervise: impl Fn(&Scenario)) {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [first, name, folder] = arguments.as_slice()
        && first == CHILD
    {
        let scenario = scenarios.iter().find(|scenario| scenario.name == name);
        let scenario = scenario.unwrap_or_else(|| panic!("no scenario is called {name}"));
        (scenario.action)(Path::new(folder), &mut Steps::new());
        return;
    }
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-')).map_or("", String::as_str);
    for scenario in scenarios.iter().filter(|scenario| scenario.name.contains(wanted)) {
        supervise(scenario);
    }
}

/// The program and arguments that do the action of `scenario` in `folder`.
pub(crate) fn command_line(scenario: &Scenario, folder: &Path) -> Vec<std::ffi::OsString> {
    let program = env::current_exe().unwrap_or_else(|error| panic!("no program to start again: {error}"));
    vec![program.into(), CHILD.into(), scenario.name.into(), folder.into()]
}

/// A child in a process group of its own, which dies as a whole.
pub(crate) struct Group(Child);

/// How a child ended, and what it had told.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) report: Report,
    /// What it wrote to standard error.
    pub(crate) complaint: String,
}

impl Group {
    /// # Panics
    ///
    /// If the program cannot be started.
    pub(crate) fn start(command_line: &[std::ffi::OsString]) -> Self {
        let [program, arguments @ ..] = command_line else { panic!("no program") };
        let mut command = Command::new(program);
        command.args(arguments).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", program.display())))
    }

    /// One byte of what the child tells, or `None` at its end.
    pub(crate) fn read_byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        let read = self.0.stdout.as_mut()?.read(&mut byte).ok()?;
        (read == 1).then_some(byte[0])
    }

    pub(crate) fn kill(&self) {
        kill_group(self.0.id());
    }

    /// Waits for the end. `told` is what was read before.
    ///
    /// # Errors
    ///
    /// If it does not end by itself.
    pub(crate) fn wait(mut self, told: &[u8]) -> Result<Ended, String> {
        let (ended, has_ended) = mpsc::channel::<()>();
        let id = self.0.id();
        let watch = thread::spawn(move || {
            let hangs = has_ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
            if hangs {
                kill_group(id);
            }
            hangs
        });
        let mut told = told.to_vec();
        let mut complaint = Vec::new();
        // Invariant: what goes to standard error is a few lines of a panic, which a pipe holds.
        let read = self.0.stdout.take().map_or(Ok(0), |mut out| out.read_to_end(&mut told));
        let read = read.and(self.0.stderr.take().map_or(Ok(0), |mut out| out.read_to_end(&mut complaint)));
        let status = read.and_then(|_| self.0.wait());
        drop(ended);
        if watch.join().unwrap_or(true) {
            return Err("it hangs".to_owned());
        }
        Ok(Ended {
            status: status.map_err(|error| format!("waiting: {error}"))?,
            report: Report::parse(&String::from_utf8_lossy(&told)),
            complaint: String::from_utf8_lossy(&complaint).into_owned(),
        })
    }
}

impl Ended {
    /// Whether it came to its end, or was killed where that was meant.
    pub(crate) fn expect(&self, may_be_killed: bool) -> Result<(), String> {
        if self.status.success() || (may_be_killed && self.status.signal() == Some(9)) {
            return Ok(());
        }
        Err(format!("the child ended with {}: {}", self.status, self.complaint))
    }
}

fn kill_group(id: u32) {
    let group = i32::try_from(id).ok().and_then(Pid::from_raw);
    // A group that is gone needs no killing.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
}
