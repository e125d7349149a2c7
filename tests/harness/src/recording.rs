//! What a program did to a folder, in order: the bytes it wrote, the names it changed, and what it made durable.

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::{
    child::{Group, command_line},
    disk::{Tree, read_tree, temporary_folder},
    follow::follow,
    scenario::Scenario,
    strace::{self, Lines},
};

/// A file by itself, whatever it is called: a number of this recording.
pub(crate) type File = usize;

/// What a name of the folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    File(File),
    Folder,
}

/// One thing that was done.
#[derive(Debug)]
pub(crate) enum Act {
    /// A line on standard output.
    Tell(Vec<u8>),
    /// Bytes of a file.
    Write { file: File, offset: usize, bytes: Vec<u8> },
    /// A file's length: cut off, or continued with zeros.
    Resize { file: File, len: usize },
    /// Names: each now stands for that, or for nothing.
    Name(Vec<(PathBuf, Option<Entry>)>),
    /// What was written to a file before is durable.
    SyncFile(File),
    /// What was named in a folder before is durable.
    SyncFolder(PathBuf),
}

/// An act, and the lines of the trace between which it happened.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) act: Act,
    pub(crate) began: usize,
    pub(crate) ended: usize,
}

/// What was there before, and what was done.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) names: BTreeMap<PathBuf, Entry>,
    /// What each file held before the first act.
    pub(crate) contents: Vec<Vec<u8>>,
    pub(crate) done: Vec<Done>,
    /// Every call that makes something durable: its name, and its number among those of that name.
    pub(crate) flushes: Vec<(String, usize)>,
}

impl Recording {
    /// Runs a scenario's child to its end under strace, with a fault if one is given: the name of a call, and what
    /// happens in its place.
    pub(crate) fn make(scenario: &Scenario, fault: Option<(&str, &str)>) -> Result<Self, String> {
        let io = |error: std::io::Error| format!("the folder: {error}");
        let (folder, beside) = (temporary_folder(), temporary_folder());
        let output = beside.path().join("trace");
        (scenario.setup)(folder.path());
        let base = read_tree(folder.path()).map_err(io)?;
        let child = command_line(scenario, folder.path());
        let ended = Group::start(&strace::command_line(&output, Lines::All, fault, None, &child)).wait(&[])?;
        ended.expect(false)?;
        let calls = strace::parse(&fs::read_to_string(&output).map_err(io)?);
        let recording = follow(&base, folder.path(), scenario.rebuilt, &calls)?;
        // The recording knows what the disk knows, or it proves nothing.
        let after: Tree = read_tree(folder.path()).map_err(io)?;
        let is_kept =
            |name: &PathBuf| !scenario.rebuilt.iter().any(|end| name.to_string_lossy().ends_with(end));
        let after: Tree = after.into_iter().filter(|(name, _)| is_kept(name)).collect();
        let replayed = recording.everything();
        if replayed != after {
            let names = |tree: &Tree| format!("{:?}", tree.keys().collect::<Vec<_>>());
            return Err(format!("the recording ends in {}, the disk in {}", names(&replayed), names(&after)));
        }
        (scenario.check)(folder.path(), &ended.report).map_err(|why| format!("without a cut: {why}"))?;
        Ok(recording)
    }

    /// The state in which everything lasted.
    fn everything(&self) -> Tree {
        let (mut names, mut contents) = (self.names.clone(), self.contents.clone());
        for done in &self.done {
            match &done.act {
                Act::Write { file, offset, bytes } => write(&mut contents, *file, *offset, bytes),
                Act::Resize { file, len } => resize(&mut contents, *file, *len),
                Act::Name(changes) => rename(&mut names, changes),
                Act::Tell(_) | Act::SyncFile(_) | Act::SyncFolder(_) => {}
            }
        }
        tree(&names, &contents)
    }
}

pub(crate) fn write(contents: &mut [Vec<u8>], file: File, offset: usize, bytes: &[u8]) {
    let Some(content) = contents.get_mut(file) else { return };
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

pub(crate) fn resize(contents: &mut [Vec<u8>], file: File, len: usize) {
    if let Some(content) = contents.get_mut(file) {
        content.resize(len, 0);
    }
}

pub(crate) fn rename(names: &mut BTreeMap<PathBuf, Entry>, changes: &[(PathBuf, Option<Entry>)]) {
    for (name, entry) in changes {
        match entry {
            Some(entry) => names.insert(name.clone(), *entry),
            None => names.remove(name),
        };
    }
}

pub(crate) fn tree(names: &BTreeMap<PathBuf, Entry>, contents: &[Vec<u8>]) -> Tree {
    let content = |entry: &Entry| match entry {
        Entry::File(file) => contents.get(*file).cloned(),
        Entry::Folder => None,
    };
    names.iter().map(|(name, entry)| (name.clone(), content(entry))).collect()
}
