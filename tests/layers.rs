//! The shape of the source, as the table in CONTRIBUTING.md states it: arrows point down, cryptography crates are
//! named in one place, legacy algorithms have one user, and there is no unsafe code.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is the report of a failure"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The modules of the crate, lowest layer first. A module may use the layers before its own, and the modules before it
/// in its own.
const LAYERS: [&[&str]; 4] = [
    &["error", "encoding", "secret"],
    &["primitive"],
    &["chunked", "hpke", "noise", "wecom"],
    &["tenant", "field", "session", "file", "audit", "credential"],
];

/// Crates that only `primitive` names. `subtle` is also for `encoding` and `secret`, which compare.
const CRYPTOGRAPHY: [&str; 17] = [
    "aes",
    "aes_gcm",
    "aes_siv",
    "argon2",
    "aws_lc_rs",
    "cbc",
    "ctutils",
    "ed25519_dalek",
    "getrandom",
    "hkdf",
    "hmac",
    "rand_core",
    "sha1",
    "sha2",
    "subtle",
    "x25519_dalek",
    "xaes_256_gcm",
];

/// Where a name of another module or crate stands.
#[derive(Debug, PartialEq, Eq)]
struct Use {
    line: usize,
    path: Vec<String>,
}

#[test]
fn arrows_point_down() {
    assert_eq!(check_tree(arrows), Vec::<String>::new());
}

#[test]
fn only_primitive_names_cryptography_crates() {
    assert_eq!(check_tree(cryptography), Vec::<String>::new());
}

#[test]
fn only_wecom_names_legacy() {
    assert_eq!(check_tree(legacy), Vec::<String>::new());
}

#[test]
fn unsafe_code_is_forbidden() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["src/lib.rs", "derive/src/lib.rs", "store/src/lib.rs", "tests/harness/src/lib.rs"] {
        let source = fs::read_to_string(root.join(file)).unwrap();
        assert!(forbids_unsafe(&source), "{file} has no #![forbid(unsafe_code)]");
    }
}

/// Runs `check` with each file's module and source, tests included.
fn check_tree(check: fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() >= 12, "only {} source files were found", files.len());
    let mut found = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let module = relative.split(['/', '.']).next().unwrap();
        let source = fs::read_to_string(&file).unwrap();
        found.extend(check(module, &source).into_iter().map(|fault| format!("src/{relative}:{fault}")));
    }
    found
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn arrows(module: &str, source: &str) -> Vec<String> {
    if module == "lib" {
        return Vec::new();
    }
    let Some(own) = place(module) else { return vec![format!("1: `{module}` has no layer")] };
    let mut faults = Vec::new();
    for Use { line, path } in uses(source) {
        let Some([target, ..]) = below_the_root(&path) else { continue };
        match place(target) {
            Some(theirs) if theirs <= own => {}
            Some(_) => faults.push(format!("{line}: `{module}` uses `{target}`, which is not below it")),
            // What lib.rs exports again has a module; inside the crate that is named.
            None => faults.push(format!("{line}: `crate::{target}` is no module of the layer table")),
        }
    }
    faults
}

fn cryptography(module: &str, source: &str) -> Vec<String> {
    let may_compare = module == "encoding" || module == "secret";
    uses(source)
        .into_iter()
        .filter(|found| module != "primitive" && CRYPTOGRAPHY.contains(&found.path[0].as_str()))
        .filter(|found| !(may_compare && found.path[0] == "subtle"))
        .map(|found| format!("{}: names the crate `{}`", found.line, found.path[0]))
        .collect()
}

fn legacy(module: &str, source: &str) -> Vec<String> {
    if module == "wecom" || module == "primitive" {
        return Vec::new();
    }
    uses(source)
        .into_iter()
        .filter(|found| {
            below_the_root(&found.path)
                .is_some_and(|path| path.starts_with(&["primitive".into(), "legacy".into()]))
        })
        .map(|found| format!("{}: names `primitive::legacy`", found.line))
        .collect()
}

fn forbids_unsafe(source: &str) -> bool {
    source.lines().any(|line| line == "#![forbid(unsafe_code)]")
}

/// A module's layer and its position in it.
fn place(module: &str) -> Option<(usize, usize)> {
    LAYERS.iter().enumerate().find_map(|(layer, modules)| {
        modules.iter().position(|name| *name == module).map(|position| (layer, position))
    })
}

/// The part after `crate`. A `super` counts as `crate` when a module of the layer table follows: no part of a module
/// has such a name.
fn below_the_root(path: &[String]) -> Option<&[String]> {
    if path.first()? == "crate" {
        return path.get(1..);
    }
    let supers = path.iter().take_while(|part| *part == "super").count();
    let rest = path.get(supers..)?;
    (supers > 0 && place(rest.first()?).is_some()).then_some(rest)
}

/// Every path of two names or more, and every `use`, groups taken apart: `use a::{b, c::d};` is `a::b` and `a::c::d`.
///
/// It reads tokens, not lines: comments and strings do not count.
fn uses(source: &str) -> Vec<Use> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = path(&tokens, at, &[], &mut found);
    }
    found
}

/// Reads one path, or steps over one token, and returns where the next starts.
fn path(tokens: &[(usize, String)], start: usize, prefix: &[String], found: &mut Vec<Use>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |(_, text)| text.as_str());
    if text(start) == "use" {
        return start + 1;
    }
    let (mut at, mut path) = (start, prefix.to_vec());
    while is_name(text(at)) {
        path.push(text(at).to_owned());
        if text(at + 1) != "::" {
            at += 1;
            break;
        }
        at += 2;
        if text(at) == "{" {
            at += 1;
            while at < tokens.len() && text(at) != "}" {
                at = self::path(tokens, at, &path, found);
            }
            return at + 1;
        }
    }
    if at == start {
        return at + 1;
    }
    let before = start.checked_sub(if start > 1 && text(start - 1) == "::" { 2 } else { 1 });
    let names_alone = !prefix.is_empty() || before.is_some_and(|before| text(before) == "use");
    if path.len() > 1 || names_alone {
        found.push(Use { line: tokens[start].0, path });
    }
    if names_alone && text(at) == "as" { at + 2 } else { at }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// Names, `::` and single characters, each with its line; comments, strings and character literals are left out.
fn tokens(source: &str) -> Vec<(usize, String)> {
    let bytes = source.as_bytes();
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let end = at + token_len(&source[at..]);
        let token = &source[at..end];
        let code = is_name(token) && !token.contains(['"', '\'']) || token == "::";
        if code || token.len() == 1 && !token.trim().is_empty() {
            found.push((line, token.to_owned()));
        }
        line += token.matches('\n').count();
        at = end;
    }
    found
}

/// The length of the comment, string, name, `::` or single character that `rest` starts with.
fn token_len(rest: &str) -> usize {
    let until = |mark: &str| rest.find(mark).map_or(rest.len(), |end| end + mark.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/");
    }
    if rest.starts_with("::") {
        return 2;
    }
    let prefix = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    let after = &rest[prefix..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    if prefix <= 2 && rest[..prefix].contains('r') && after[hashes..].starts_with('"') {
        let close = format!("\"{}", "#".repeat(hashes));
        let open = prefix + hashes + 1;
        return rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len());
    }
    if prefix <= 1 && after.starts_with('"') {
        return prefix + quoted_len(after, '"');
    }
    if prefix <= 1 && after.starts_with('\'') {
        // 'a' and '\n' are characters, 'a without an end is a lifetime.
        let mut inside = after.chars().skip(1);
        if inside.next() == Some('\\') || inside.next() == Some('\'') {
            return prefix + quoted_len(after, '\'');
        }
    }
    let name = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    if name > 0 { name } else { rest.chars().next().map_or(1, char::len_utf8) }
}

fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

mod these_checks_can_fail {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        uses(source).into_iter().map(|found| found.path.join("::")).collect()
    }

    #[test]
    fn paths_are_found_in_groups_and_in_code() {
        assert_eq!(paths("use a::{b, c::{d, e as f}, self};\n"), ["a::b", "a::c::d", "a::c::e", "a::self"]);
        assert_eq!(paths("fn f() { crate::field::go(sha2::X) }"), ["crate::field::go", "sha2::X"]);
        assert_eq!(paths("use ::hmac as h;"), ["hmac"]);
    }

    #[test]
    fn comments_and_strings_do_not_count() {
        let source = "// crate::a::b\n/* crate::a::b */ let x = \"crate::a \\\" ::b\"; let y = r#\"a::b\"#; let z = b'\"';\n";
        assert_eq!(paths(source), Vec::<String>::new());
        assert_eq!(uses("\"two\nlines\"\nuse a::b;")[0].line, 3);
        assert_eq!(paths("fn f<'a>(x: &'a a::B) {} fn g() { '\\'' ; c::D }"), ["a::B", "c::D"]);
    }

    #[test]
    fn upward_and_sideways_arrows() {
        assert_eq!(arrows("wecom", "use crate::{error::Error, primitive::hash};"), Vec::<String>::new());
        assert_eq!(arrows("field", "use crate::tenant::Keyring;"), Vec::<String>::new());
        assert_eq!(arrows("secret", "use crate::error::Error;"), Vec::<String>::new());
        for (module, source) in [
            ("primitive", "\nuse crate::{error::Error, wecom::Callback};"),
            ("tenant", "\nfn f() -> crate::field::Field {}"),
            ("wecom", "\nuse crate::tenant::Keyring;"),
            ("encoding", "\nuse crate::secret;"),
            ("tenant", "\nuse super::{field::Field, policy::Policy};"),
            ("error", "\nuse crate::secret::Secret;"),
            ("tenant", "\nuse crate::Error;"),
        ] {
            let faults = arrows(module, source);
            assert!(faults.len() == 1 && faults[0].starts_with("2: "), "{module}: {faults:?}");
        }
        assert_eq!(arrows("util", "").len(), 1);
    }

    #[test]
    fn cryptography_outside_primitive() {
        assert_eq!(cryptography("primitive", "use sha2::Sha256;"), Vec::<String>::new());
        assert_eq!(cryptography("secret", "use subtle::Choice;"), Vec::<String>::new());
        assert_eq!(cryptography("field", "use subtle::Choice;").len(), 1);
        assert_eq!(cryptography("secret", "use sha2::Sha256;").len(), 1);
        assert_eq!(cryptography("tenant", "fn f() { getrandom::fill(&mut x) }").len(), 1);
        assert_eq!(cryptography("wecom", "use cbc as c;").len(), 1);
    }

    #[test]
    fn legacy_outside_wecom() {
        assert_eq!(legacy("wecom", "use crate::primitive::legacy::sha1;"), Vec::<String>::new());
        assert_eq!(legacy("field", "use crate::primitive::{aead, legacy};").len(), 1);
        assert_eq!(legacy("audit", "use super::super::primitive::legacy::*;").len(), 1);
        assert_eq!(legacy("tenant", "fn f() { crate::primitive::legacy::sha1(&[]) }").len(), 1);
    }

    #[test]
    fn missing_forbid() {
        assert!(forbids_unsafe("//! Doc.\n#![forbid(unsafe_code)]\n"));
        assert!(!forbids_unsafe("// #![forbid(unsafe_code)]\n#![deny(unsafe_code)]\n"));
    }
}
