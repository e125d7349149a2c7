//! The headers and the list of symbols are those of this source. `TENANTSEAL_BLESS=1` writes them anew.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a panic is the report of a failure")]

use std::{
    collections::BTreeSet,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use tenantseal_ffi::status::STATUSES;

#[test]
fn the_header_is_that_of_the_source() {
    compare("include/tenantseal.h", &header());
}

#[test]
fn the_plain_header_is_that_of_the_source() {
    compare("include/tenantseal_ffi.h", &plain(&header()));
}

#[test]
fn the_symbols_are_those_of_the_header() {
    let symbols: BTreeSet<String> = functions(&header()).into_iter().collect();
    assert!(symbols.len() > 100, "only {} functions were found", symbols.len());
    compare("symbols.txt", &symbols.iter().fold(String::new(), |all, symbol| all + symbol + "\n"));
}

#[test]
fn every_function_is_documented_down_to_its_parameters() {
    for (docs, declaration) in declarations(&header()) {
        let name = name_of(&declaration).unwrap();
        assert!(!docs.is_empty(), "{name} has no documentation");
        let documented: BTreeSet<&str> = docs
            .iter()
            .filter_map(|line| line.trim_start_matches([' ', '*']).strip_prefix("@param "))
            .flat_map(|line| line.split("  ").next().unwrap().split(", "))
            .collect();
        let parameters: BTreeSet<&str> = parameters(&declaration);
        assert_eq!(documented, parameters, "{name}");
        let answers = declaration.contains("tenantseal_status tenantseal_");
        let returns = docs.iter().any(|line| line.contains("@return "));
        assert!(returns || !answers, "{name} does not say what it returns");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn compare(name: &str, made: &str) {
    let path = root().join(name);
    if env::var_os("TENANTSEAL_BLESS").is_some() {
        fs::write(&path, made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{name} is not that of the source: `make header-c` writes it anew");
}

/// The header as cbindgen makes it, with what it cannot see: the statuses and the version.
fn header() -> String {
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    config.header = Some(HEAD.trim().to_owned());
    let mut constants = String::from(PRELUDE);
    writeln!(constants, "\n/** The version of this header. */").unwrap();
    for (name, value) in [
        ("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        ("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        ("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
    ] {
        writeln!(constants, "#define TENANTSEAL_VERSION_{name} {value}").unwrap();
    }
    writeln!(
        constants,
        "#define TENANTSEAL_ABI_VERSION {}\n",
        tenantseal_ffi::version::tenantseal_abi_version()
    )
    .unwrap();
    for status in STATUSES {
        let message = text(tenantseal_ffi::status::tenantseal_status_message(status.code));
        let prefix = if status.code == 0 { "" } else { "ERROR_" };
        let name = status.name.to_str().unwrap();
        writeln!(
            constants,
            "/** {}. */\n#define TENANTSEAL_{prefix}{name} {}",
            capital(&message),
            status.code
        )
        .unwrap();
    }
    config.after_includes = Some(constants);
    let mut made = Vec::new();
    cbindgen::Builder::new().with_crate(root()).with_config(config).generate().unwrap().write(&mut made);
    String::from_utf8(made).unwrap()
}

/// The same for readers that know no preprocessor: no includes, no macros, constants as an enum.
fn plain(header: &str) -> String {
    let constant = |line: &str| {
        let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        value.parse::<i64>().ok().map(|value| format!("    {name} = {value}"))
    };
    let constants: Vec<String> = header.lines().filter_map(constant).collect();
    let mut out = format!("{}\nenum {{\n{}\n}};\n\n", PLAIN_HEAD.trim(), constants.join(",\n"));
    for line in header.lines().filter(|line| line.starts_with("typedef ")) {
        writeln!(out, "{line}").unwrap();
    }
    for (_, declaration) in declarations(header) {
        let bare = declaration.replace("TENANTSEAL_API", "").replace("TENANTSEAL_MUST_CHECK", "");
        let words: Vec<&str> = bare.split_whitespace().collect();
        writeln!(out, "\n{}", words.join(" ")).unwrap();
    }
    out
}

/// Each function's documentation, and its declaration in one line.
fn declarations(header: &str) -> Vec<(Vec<String>, String)> {
    let (mut found, mut docs) = (Vec::new(), Vec::new());
    let mut declaration = String::new();
    for line in header.lines() {
        if line == "/**" {
            docs.clear();
        } else if line.starts_with(" *") {
            docs.push(line.to_owned());
        } else if line.starts_with("TENANTSEAL_API") || !declaration.is_empty() {
            declaration += " ";
            declaration += line.trim();
            if line.ends_with(';') {
                found.push((docs.split_off(0), core::mem::take(&mut declaration)));
            }
        }
    }
    found
}

fn functions(header: &str) -> Vec<String> {
    declarations(header)
        .iter()
        .filter_map(|(_, declaration)| name_of(declaration))
        .map(str::to_owned)
        .collect()
}

fn name_of(declaration: &str) -> Option<&str> {
    declaration.split('(').next()?.rsplit([' ', '*']).next()
}

fn parameters(declaration: &str) -> BTreeSet<&str> {
    let inside = declaration.split_once('(').unwrap().1.rsplit_once(')').unwrap().0;
    inside
        .split(',')
        .filter_map(|one| one.trim().rsplit([' ', '*']).next())
        .filter(|one| *one != "void")
        .collect()
}

fn text(pointer: *const core::ffi::c_char) -> String {
    // SAFETY: the library's texts are static and end with a NUL.
    unsafe { core::ffi::CStr::from_ptr(pointer) }.to_str().unwrap().to_owned()
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

const HEAD: &str = "
/*
 * tenantseal: per-tenant keys, WeCom callbacks and sealed, searchable database fields.
 *
 * docs/c.md is the guide. What holds for every function:
 *
 * - Inputs are a pointer and a length; NULL and 0 are the empty input. Nothing is kept after the call.
 * - Outputs are your own memory: a pointer, its capacity, and where to store the length. If it is too small, nothing is
 *   written to it, the length that is needed is stored, and the status is TENANTSEAL_ERROR_BUFFER_TOO_SMALL. After any
 *   other failure the stored length is 0, a stored number 0, a stored handle NULL, and the buffer is as it was.
 * - Outputs may overlap inputs, for inputs are read to the end first; outputs may not overlap each other.
 * - Handles are pointers to opaque types. They are numbers and not addresses: a wrong, stale or released one is answered with
 *   TENANTSEAL_ERROR_HANDLE. Each is released once, by the free function of its type; releasing NULL does nothing.
 * - Every function that returns a status can return, beside what stands at it, TENANTSEAL_OK,
 *   TENANTSEAL_ERROR_ARGUMENT, TENANTSEAL_ERROR_HANDLE, TENANTSEAL_ERROR_INTERNAL, and where there is a buffer
 *   TENANTSEAL_ERROR_BUFFER_TOO_SMALL. Statuses stand there without their prefix.
 *
 * This file is generated. Change ffi/src and run `make header-c`.
 */";

const PRELUDE: &str = "
#ifndef TENANTSEAL_API
#define TENANTSEAL_API extern
#endif

#if defined(__GNUC__) || defined(__clang__)
#define TENANTSEAL_MUST_CHECK __attribute__((warn_unused_result))
#else
#define TENANTSEAL_MUST_CHECK
#endif
";

const PLAIN_HEAD: &str = "
/*
 * tenantseal without preprocessor: for PHP's FFI::cdef and generators of bindings. tenantseal.h has the documentation.
 *
 * This file is generated. Change ffi/src and run `make header-c`.
 */
";
