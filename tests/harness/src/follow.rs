//! From the calls of a process to what they did to a folder.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use crate::{
    disk::Tree,
    recording::{Act, Done, Entry, File, Recording, rename},
    strace::{self, Call},
};

/// Follows `calls` in `folder`, which held `base`. Names that end in one of `rebuilt` are left out.
pub(crate) fn follow(
    base: &Tree,
    folder: &Path,
    rebuilt: &[&str],
    calls: &[Call],
) -> Result<Recording, String> {
    let mut reader = Reader {
        folder,
        rebuilt,
        recording: Recording {
            names: BTreeMap::new(),
            contents: Vec::new(),
            done: Vec::new(),
            flushes: Vec::new(),
        },
        names: BTreeMap::new(),
        lens: Vec::new(),
        opened: Vec::new(),
        descriptors: HashMap::new(),
    };
    for (name, content) in base {
        let entry = match content {
            _ if reader.is_rebuilt(name) => continue,
            None => Entry::Folder,
            Some(bytes) => {
                reader.recording.contents.push(bytes.clone());
                reader.lens.push(bytes.len());
                Entry::File(reader.lens.len() - 1)
            }
        };
        reader.names.insert(name.clone(), entry);
    }
    reader.recording.names = reader.names.clone();
    for call in calls {
        reader.call(call).map_err(|why| format!("{} number {}: {why}", call.name, call.number))?;
    }
    Ok(reader.recording)
}

/// What was opened: several descriptors may share it, and its position.
struct Opened {
    what: Entry,
    path: PathBuf,
    position: usize,
    appends: bool,
    /// Each write is durable when it returns.
    syncs: bool,
}

/// Follows the calls of one process; descriptors are those of all its threads.
struct Reader<'a> {
    folder: &'a Path,
    rebuilt: &'a [&'a str],
    recording: Recording,
    names: BTreeMap<PathBuf, Entry>,
    lens: Vec<usize>,
    opened: Vec<Opened>,
    descriptors: HashMap<i64, usize>,
}

impl Reader<'_> {
    fn call(&mut self, call: &Call) -> Result<(), String> {
        // What failed did nothing. What did not return is past the end of every recording.
        let Some(result) = call.result.filter(|result| *result >= 0) else { return Ok(()) };
        let count = usize::try_from(result).map_err(|_| "a strange result")?;
        let argument = |at: usize| call.arguments.get(at).map_or("", String::as_str);
        let number = |at: usize| argument(at).parse::<usize>().map_err(|_| format!("argument {at}"));
        match call.name.as_str() {
            "write" if strace::descriptor(argument(0)).0 == Some(1) => {
                self.push(call, Act::Tell(strace::bytes(argument(1))));
            }
            "open" | "creat" => self.open(call, 0, argument(1), result)?,
            "openat" | "openat2" => self.open(call, 1, argument(2), result)?,
            "dup" | "dup2" | "dup3" => self.duplicate(argument(0), result),
            "fcntl" if argument(1).starts_with("F_DUPFD") => self.duplicate(argument(0), result),
            _ if !call.touches(self.folder) => {}
            "read" | "readv" => {
                if let Some(opened) = self.opened(argument(0))? {
                    opened.position += count;
                }
            }
            "lseek" => {
                if let Some(opened) = self.opened(argument(0))? {
                    opened.position = count;
                }
            }
            "write" | "writev" => self.write(call, None, count)?,
            "pwrite64" | "pwritev" => self.write(call, Some(number(3)?), count)?,
            "ftruncate" => self.resize(call, 0, number(1)?)?,
            "truncate" => {
                let path = self.path(call, 0)?;
                self.resize_file(call, &path, number(1)?);
            }
            "fallocate" if argument(1) == "0" => {
                let end = number(2)? + number(3)?;
                if self.len(argument(0))?.is_some_and(|len| len < end) {
                    self.resize(call, 0, end)?;
                }
            }
            "fsync" | "fdatasync" => {
                let act = self.opened(argument(0))?.map(|opened| match opened.what {
                    Entry::File(file) => Act::SyncFile(file),
                    Entry::Folder => Act::SyncFolder(opened.path.clone()),
                });
                if let Some(act) = act {
                    self.recording.flushes.push((call.name.clone(), call.number));
                    self.push(call, act);
                }
            }
            "rename" => self.rename(call, 0, 1)?,
            "renameat" => self.rename(call, 1, 3)?,
            "renameat2" if !argument(4).contains("EXCHANGE") => self.rename(call, 1, 3)?,
            "unlink" | "rmdir" => self.name(call, 0, None)?,
            "unlinkat" => self.name(call, 1, None)?,
            "mkdir" => self.name(call, 0, Some(Entry::Folder))?,
            "mkdirat" => self.name(call, 1, Some(Entry::Folder))?,
            "link" => self.link(call, 0, 1)?,
            "linkat" => self.link(call, 1, 3)?,
            // Another length of the disk's cache is nothing a program may rely on.
            "sync_file_range" => {}
            "pread64" | "preadv" | "preadv2" | "fcntl" | "flock" | "statx" | "newfstatat" | "fstat"
            | "stat" | "lstat" | "getdents64" => {}
            "mmap" if !argument(2).contains("PROT_WRITE") || argument(3).contains("MAP_PRIVATE") => {}
            "mmap" if self.path_of(argument(4)).is_none_or(|path| self.is_rebuilt(&path)) => {}
            _ => return Err("the model does not know what this does".to_owned()),
        }
        Ok(())
    }

    fn push(&mut self, call: &Call, act: Act) {
        self.recording.done.push(Done { act, began: call.began, ended: call.ended });
    }

    fn is_rebuilt(&self, name: &Path) -> bool {
        self.rebuilt.iter().any(|end| name.to_string_lossy().ends_with(end))
    }

    /// The path of a descriptor if it is in the folder.
    fn path_of(&self, argument: &str) -> Option<PathBuf> {
        strace::descriptor(argument).1?.strip_prefix(self.folder).ok().map(Path::to_path_buf)
    }

    /// The path in argument `at`, relative to the folder; the descriptor of its base, if any, is the argument before.
    fn path(&self, call: &Call, at: usize) -> Result<PathBuf, String> {
        let path = call.arguments.get(at).map(|argument| strace::bytes(argument)).ok_or("no path")?;
        let path = PathBuf::from(OsString::from_vec(path));
        let base = at.checked_sub(1).and_then(|at| call.arguments.get(at));
        let base = base.and_then(|base| strace::descriptor(base).1);
        let path = if path.is_absolute() { path } else { base.ok_or("a path from nowhere")?.join(path) };
        path.strip_prefix(self.folder).map(Path::to_path_buf).map_err(|_| "a path outside".to_owned())
    }

    fn open(&mut self, call: &Call, at: usize, flags: &str, result: i64) -> Result<(), String> {
        self.descriptors.remove(&result);
        if !call.touches(self.folder) {
            return Ok(());
        }
        let path = self.path(call, at)?;
        if self.is_rebuilt(&path) {
            return Ok(());
        }
        if flags.contains("O_TMPFILE") {
            return Err("a file without a name".to_owned());
        }
        let known =
            if path.as_os_str().is_empty() { Some(Entry::Folder) } else { self.names.get(&path).copied() };
        let what = match known {
            Some(what) => {
                if flags.contains("O_TRUNC") {
                    self.resize_file(call, &path, 0);
                }
                what
            }
            None => {
                self.recording.contents.push(Vec::new());
                self.lens.push(0);
                let what = Entry::File(self.lens.len() - 1);
                self.change(call, vec![(path.clone(), Some(what))]);
                what
            }
        };
        self.opened.push(Opened {
            what,
            path,
            position: 0,
            appends: flags.contains("O_APPEND"),
            syncs: flags.contains("O_SYNC") || flags.contains("O_DSYNC"),
        });
        self.descriptors.insert(result, self.opened.len() - 1);
        Ok(())
    }

    fn duplicate(&mut self, from: &str, to: i64) {
        let from = strace::descriptor(from).0.and_then(|from| self.descriptors.get(&from)).copied();
        match from {
            Some(opened) => self.descriptors.insert(to, opened),
            None => self.descriptors.remove(&to),
        };
    }

    /// What a descriptor that touches the folder stands for: nothing if its file is one that is made anew.
    fn opened(&mut self, argument: &str) -> Result<Option<&mut Opened>, String> {
        if self.path_of(argument).is_some_and(|path| self.is_rebuilt(&path)) {
            return Ok(None);
        }
        let at = strace::descriptor(argument).0.and_then(|number| self.descriptors.get(&number));
        let opened = at.and_then(|at| self.opened.get_mut(*at));
        opened.map(Some).ok_or_else(|| format!("{argument} was not seen to be opened"))
    }

    fn len(&mut self, argument: &str) -> Result<Option<usize>, String> {
        Ok(match self.opened(argument)?.map(|opened| opened.what) {
            Some(Entry::File(file)) => self.lens.get(file).copied(),
            _ => None,
        })
    }

    fn write(&mut self, call: &Call, at: Option<usize>, count: usize) -> Result<(), String> {
        let descriptor = call.arguments.first().map_or("", String::as_str);
        let len = self.len(descriptor)?.unwrap_or(0);
        let Some(opened) = self.opened(descriptor)? else { return Ok(()) };
        let Entry::File(file) = opened.what else { return Err("not a file".to_owned()) };
        let offset = at.unwrap_or(if opened.appends { len } else { opened.position });
        if at.is_none() {
            opened.position = offset + count;
        }
        let syncs = opened.syncs;
        let mut bytes = strace::bytes(call.arguments.get(1).map_or("", String::as_str));
        bytes.truncate(count);
        if bytes.len() != count {
            return Err("bytes are missing".to_owned());
        }
        if let Some(len) = self.lens.get_mut(file) {
            *len = (*len).max(offset + count);
        }
        self.push(call, Act::Write { file, offset, bytes });
        if syncs {
            // It covers the write, and nothing that ends after it.
            let (began, ended) = (call.ended.saturating_add(1), call.ended);
            self.recording.done.push(Done { act: Act::SyncFile(file), began, ended });
        }
        Ok(())
    }

    fn resize(&mut self, call: &Call, descriptor: usize, len: usize) -> Result<(), String> {
        let argument = call.arguments.get(descriptor).map_or("", String::as_str);
        if let Some(Entry::File(file)) = self.opened(argument)?.map(|opened| opened.what) {
            self.set_len(call, file, len);
        }
        Ok(())
    }

    fn resize_file(&mut self, call: &Call, path: &Path, len: usize) {
        if let Some(Entry::File(file)) = self.names.get(path).copied() {
            self.set_len(call, file, len);
        }
    }

    fn set_len(&mut self, call: &Call, file: File, len: usize) {
        if let Some(known) = self.lens.get_mut(file) {
            *known = len;
        }
        self.push(call, Act::Resize { file, len });
    }

    fn name(&mut self, call: &Call, at: usize, entry: Option<Entry>) -> Result<(), String> {
        let path = self.path(call, at)?;
        self.change(call, vec![(path, entry)]);
        Ok(())
    }

    fn rename(&mut self, call: &Call, from: usize, to: usize) -> Result<(), String> {
        let (from, to) = (self.path(call, from)?, self.path(call, to)?);
        match self.names.get(&from).copied() {
            Some(Entry::Folder) => Err("a folder gets another name".to_owned()),
            None => Err("a file that was not seen".to_owned()),
            entry => {
                self.change(call, vec![(to, entry), (from, None)]);
                Ok(())
            }
        }
    }

    fn link(&mut self, call: &Call, from: usize, to: usize) -> Result<(), String> {
        let entry = self.names.get(&self.path(call, from)?).copied().ok_or("a file that was not seen")?;
        self.name(call, to, Some(entry))
    }

    fn change(&mut self, call: &Call, mut changes: Vec<(PathBuf, Option<Entry>)>) {
        changes.retain(|(name, _)| !self.is_rebuilt(name));
        if !changes.is_empty() {
            rename(&mut self.names, &changes);
            self.push(call, Act::Name(changes));
        }
    }
}
