//! strace: how it is called, and what its lines say.
//!
//! Measured with strace 6.1: the count of `inject=...:when=N` is one for each thread and each system call by name, not
//! one for the set. It counts calls on every path unless `-P` is given, and then those on that path alone. So a place is
//! named by (name, path, number), with the number taken from a run that is traced whole.

use std::{
    collections::HashMap,
    env,
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The calls that are followed: all that change files or their names, move a position, or look at files. Not `close`: a
/// kernel that fails it has closed, and strace's fault has not.
const FOLLOWED: &str = "?open,?openat,?openat2,?creat,?read,?readv,?pread64,?preadv,?preadv2,?write,?writev,?pwrite64,\
    ?pwritev,?pwritev2,?lseek,?ftruncate,?truncate,?fallocate,?fsync,?fdatasync,?sync_file_range,?rename,?renameat,\
    ?renameat2,?unlink,?unlinkat,?link,?linkat,?symlink,?symlinkat,?mkdir,?mkdirat,?rmdir,?dup,?dup2,?dup3,?fcntl,?flock,\
    ?mmap,?copy_file_range,?sendfile,?statx,?newfstatat,?fstat,?stat,?lstat,?getdents64";

/// Whether strace is there. If it is not: a failure where `CI=true`, else a line that starts with `SKIPPED`.
///
/// # Panics
///
/// If it is missing and `CI=true`.
#[must_use]
pub fn is_available(what: &str) -> bool {
    let mut version = Command::new("strace");
    let found = version.arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return true;
    }
    assert!(env::var_os("CI").is_none_or(|value| value != "true"), "{what}: strace is missing");
    println!("SKIPPED {what}: strace is missing");
    false
}

/// Which calls are written down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    All,
    /// Those of the fault alone: quicker.
    OfFault,
}

/// The command that runs `child` under strace with its lines written to `output`, and the fault in place of a call: its
/// name, and what happens. With a path, other calls than those on it are neither counted nor written down.
pub(crate) fn command_line(
    output: &Path,
    lines: Lines,
    fault: Option<(&str, &str)>,
    path: Option<&Path>,
    child: &[OsString],
) -> Vec<OsString> {
    let mut line: Vec<OsString> = ["strace", "-f", "-qq", "-y", "-xx", "-s", "16777216", "-e", "signal=none"]
        .map(OsString::from)
        .into();
    // Stops at the followed calls alone, and is quicker; but strace 6.1 delivers no signal then.
    if fault.is_none_or(|(_, what)| !what.starts_with("signal")) {
        line.push("--seccomp-bpf".into());
    }
    line.push("-e".into());
    let followed = fault.filter(|_| lines == Lines::OfFault).map_or(FOLLOWED, |(call, _)| call);
    line.push(format!("trace={followed}").into());
    if let Some((call, what)) = fault {
        line.extend([OsString::from("-e"), format!("inject={call}:{what}").into()]);
    }
    if let Some(path) = path {
        line.extend([OsString::from("-P"), path.into()]);
    }
    line.extend([OsString::from("-o"), output.into()]);
    line.extend_from_slice(child);
    line
}

/// One system call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) thread: u32,
    pub(crate) name: String,
    /// This is the call of that number among those of its name and thread, counted from 1.
    pub(crate) number: usize,
    pub(crate) arguments: Vec<String>,
    /// What it returned; `None` if it never did.
    pub(crate) result: Option<i64>,
    /// The line it began in, and the one it ended in: they differ if another thread's call ran beside it.
    pub(crate) began: usize,
    pub(crate) ended: usize,
    pub(crate) is_injected: bool,
    text: String,
}

impl Call {
    /// Whether a path or file of that folder, or the folder, is among the arguments.
    pub(crate) fn touches(&self, folder: &Path) -> bool {
        self.text.contains(&hex(folder.as_os_str()))
    }

    /// The paths among the arguments that are in that folder, or the folder.
    pub(crate) fn paths(&self, folder: &Path) -> Vec<PathBuf> {
        let start = hex(folder.as_os_str());
        let mut paths = Vec::new();
        for (at, _) in self.text.match_indices(&start) {
            let rest = self.text.get(at..).unwrap_or_default();
            let end = rest.find(['"', '>']).unwrap_or(rest.len());
            let path = PathBuf::from(OsString::from_vec(unhex(rest.get(..end).unwrap_or_default())));
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }
}

/// The calls in the order in which they ended.
pub(crate) fn parse(trace: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut open: HashMap<u32, (String, usize, usize)> = HashMap::new();
    let mut counts: HashMap<(u32, String), usize> = HashMap::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Ok(thread) = thread.parse::<u32>() else { continue };
        let rest = rest.trim_start();
        let (text, number, began) = if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some((begun, number, began)) = open.remove(&thread) else { continue };
            let (_, tail) = resumed.split_once("resumed>").unwrap_or_default();
            (begun + tail, number, began)
        } else if let Some((name, _)) = rest.split_once('(')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            let count = counts.entry((thread, name.to_owned())).or_default();
            *count += 1;
            if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
                open.insert(thread, (begun.to_owned(), *count, at));
                continue;
            }
            (rest.to_owned(), *count, at)
        } else {
            continue;
        };
        calls.push(call(thread, number, began, at, text));
    }
    // A call that never ended may have done its work, or not.
    for (thread, (text, number, began)) in open {
        calls.push(call(thread, number, began, usize::MAX, text));
    }
    calls
}

fn call(thread: u32, number: usize, began: usize, ended: usize, text: String) -> Call {
    let (name, rest) = text.split_once('(').unwrap_or((&text, ""));
    let (arguments, tail) = arguments(rest);
    let result = tail.trim_start().strip_prefix("= ").and_then(|result| {
        let end = result.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(result.len());
        let number = result.get(..end)?;
        match number.strip_prefix("0x") {
            Some(address) => {
                u64::from_str_radix(address, 16).ok().and_then(|address| i64::try_from(address).ok())
            }
            None => number.parse().ok(),
        }
    });
    Call {
        thread,
        name: name.to_owned(),
        number,
        arguments,
        result,
        began,
        ended,
        is_injected: tail.contains("(INJECTED)"),
        text,
    }
}

/// Splits at the commas outside of all brackets, up to the bracket that ends the call, and gives what follows it.
fn arguments(text: &str) -> (Vec<String>, &str) {
    let (mut arguments, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0usize, false);
    let mut take = |from: usize, to: usize| {
        let argument = text.get(from..to).unwrap_or_default().trim();
        if !argument.is_empty() {
            arguments.push(argument.to_owned());
        }
    };
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b')' if depth == 0 => {
                take(from, at);
                return (arguments, text.get(at + 1..).unwrap_or_default());
            }
            b')' | b']' | b'}' | b'>' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                take(from, at);
                from = at + 1;
            }
            _ => {}
        }
    }
    take(from, text.len());
    (arguments, "")
}

/// The number of `3</a/path>`, and the path; none for `AT_FDCWD` without one, for pipes, and for deleted files.
pub(crate) fn descriptor(argument: &str) -> (Option<i64>, Option<PathBuf>) {
    let (number, rest) = argument.split_once('<').unwrap_or((argument, ""));
    let path = rest
        .strip_suffix('>')
        .map(unhex)
        .filter(|path| path.starts_with(b"/"))
        .map(|path| PathBuf::from(OsString::from_vec(path)));
    (number.parse().ok(), path)
}

/// Every byte between quotes: a path, a buffer, or the buffers of a vector one after the other.
pub(crate) fn bytes(argument: &str) -> Vec<u8> {
    argument.split('"').skip(1).step_by(2).flat_map(unhex).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|digits| u8::from_str_radix(digits.get(..2)?, 16).ok()).collect()
}

fn hex(text: &OsStr) -> String {
    text.as_bytes().iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_counted_and_split() {
        let calls = parse(
            "7 write(1<\\x70>, \"\\x61\\x2c\", 2) = 2\n\
             8 fsync(3<\\x2f\\x61> <unfinished ...>\n\
             7 write(1<\\x70>, \"\\x62\", 1) = -1 EIO (Input/output error) (INJECTED)\n\
             8 <... fsync resumed>) = 0\n\
             7 pwritev(3<\\x2f\\x61>, [{iov_base=\"\\x61\", iov_len=1}, {iov_base=\"\\x62\", iov_len=1}], 2, 9) = ?\n\
             7 +++ killed by SIGKILL +++\n",
        );
        let named: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.number, call.result)).collect();
        let expected =
            [("write", 1, Some(2)), ("write", 2, Some(-1)), ("fsync", 1, Some(0)), ("pwritev", 1, None)];
        assert_eq!(named, expected);
        assert_eq!((calls[2].began, calls[2].ended), (1, 3));
        assert!(calls[1].is_injected && !calls[0].is_injected);
        assert_eq!(bytes(&calls[0].arguments[1]), b"a,");
        assert_eq!(bytes(&calls[3].arguments[1]), b"ab");
        assert_eq!(descriptor(&calls[3].arguments[0]), (Some(3), Some("/a".into())));
        assert_eq!(calls[3].arguments[3], "9");
        assert!(calls[2].touches(Path::new("/a")) && !calls[0].touches(Path::new("/a")));
        assert_eq!(calls[2].paths(Path::new("/a")), [Path::new("/a")]);
    }
}
