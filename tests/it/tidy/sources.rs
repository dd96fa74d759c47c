//! Rules for sources: what they must contain and must not contain, and which crates the shim may
//! use.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use usher_definition::Definition;

use super::{assert_no_problems, checkout, files, output_of, skipped, text, with_extension};

/// The crates in the shim, direct and indirect. Each one adds to the cost of every call.
const HOT_HALF: [&str; 18] = [
    "bitflags",
    "cobs",
    "itoa",
    "libc",
    "linux-raw-sys",
    "memchr",
    "postcard",
    "rustix",
    "semver",
    "serde",
    "serde_core",
    "serde_json",
    "thiserror",
    "toml_parser",
    "usher-shims",
    "usher-tool",
    "winnow",
    "zmij",
];

/// Exceptions for names of tools and programs in code: file, name, reason.
const MAY_NAME: [(&str, &str, &str); 6] = [
    ("src/config/pip.rs", "pip", "the client that knows where its index is"),
    ("src/config/pip.rs", "python3", "runs the client that knows where its index is"),
    ("src/config/pip.rs", "python", "runs the client that knows where its index is"),
    (
        "src/releases/network/package_managers.rs",
        "npm",
        "the client that knows where its registry is",
    ),
    ("src/config/settings.rs", "npm", "the source of that name, in an example"),
    ("src/config/settings.rs", "node", "a tool of which all known lines have shims, in an example"),
];

#[test]
fn the_shim_has_only_the_listed_dependencies() {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let arguments = ["tree", "--offline", "--locked", "--package", "usher-shims"];
    let more = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--target", &target];
    let (is_success, tree) =
        output_of(env!("CARGO"), &[&arguments[..], &more[..]].concat()).expect("run cargo");
    assert!(is_success, "{tree}");
    let found: BTreeSet<&str> =
        tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(found, BTreeSet::from(HOT_HALF));
}

#[test]
fn every_source_starts_with_a_comment() {
    let all = with_extension(files(""), "rs");
    let silent = all.iter().filter(|path| !text(path).starts_with("//! "));
    assert_no_problems(&silent.map(|path| path.display().to_string()).collect::<Vec<_>>());
    assert!(all.len() > 50, "too few sources were found");
}

#[test]
fn no_tool_is_named_in_code() {
    let names = names();
    let mut wrong = Vec::new();
    for path in [files("src"), files("shims")].concat() {
        let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
        if is_test || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = text(&path);
        for (number, line) in (1..).zip(code(&text)) {
            let named = names.iter().filter(|name| line.contains(&format!("\"{name}\"")));
            let named = named.filter(|name| !may_name(&path, name));
            wrong.extend(named.map(|name| format!("{}:{number}: {name}", path.display())));
        }
    }
    assert_no_problems(&wrong);
}

/// All names of tools and programs in the registry.
fn names() -> BTreeSet<String> {
    let definitions = with_extension(files("registry"), "toml");
    let tools = definitions.iter().filter(|path| !path.ends_with("common.toml"));
    let parsed = tools.map(|path| {
        Definition::parse(&text(path)).unwrap_or_else(|e| panic!("{}: {e:?}", path.display()))
    });
    parsed
        .flat_map(|(tool, _)| {
            tool.all_names().chain(tool.programs.iter().copied()).collect::<Vec<_>>()
        })
        .map(str::to_owned)
        .collect()
}

fn may_name(path: &Path, name: &str) -> bool {
    MAY_NAME.iter().any(|(file, known, _)| path == Path::new(file) && name == *known)
}

/// A source's lines up to its tests, with comments replaced by empty lines.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.map(|line| if line.trim_start().starts_with("//") { "" } else { line })
}

/// Code that is specific to an operating system is in one module of each half.
#[test]
fn only_sys_has_target_os() {
    let mut wrong = Vec::new();
    for path in [files("src"), files("shims/src")].concat() {
        let is_sys = path.iter().any(|part| part == "sys" || part == "sys.rs");
        if is_sys || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = text(&path);
        let lines = (1..).zip(code(&text)).filter(|(_, line)| line.contains("target_os"));
        wrong.extend(lines.map(|(number, _)| format!("{}:{number}", path.display())));
    }
    assert_no_problems(&wrong);
}

#[test]
fn every_exception_is_needed() {
    let is_idle = |(file, name, _): &&(&str, &str, &str)| {
        !code(&text(file)).any(|line| line.contains(&format!("\"{name}\"")))
    };
    assert_no_problems(
        &MAY_NAME.iter().filter(is_idle).map(|one| format!("{one:?}")).collect::<Vec<_>>(),
    );
}

#[test]
fn no_file_contains_a_registry_or_machine_path() {
    // Split, because this file is searched, too.
    let forbidden = [
        ["registry.npmjs", ".org"],
        ["registry.yarnpkg", ".com"],
        ["pypi", ".org"],
        ["pythonhosted", ".org"],
        ["crates", ".io"],
        ["/ro", "ot/"],
    ]
    .map(|pieces| pieces.concat());
    let mut wrong = Vec::new();
    // `Cargo.lock` contains the registry's address.
    for path in files("").into_iter().filter(|path| !path.ends_with("Cargo.lock")) {
        let content = std::fs::read(checkout().join(&path)).expect("read a file of the repository");
        let content = String::from_utf8_lossy(&content);
        let found = forbidden.iter().filter(|text| content.contains(text.as_str()));
        wrong.extend(found.map(|text| format!("{}: {text}", path.display())));
    }
    assert_no_problems(&wrong);
}

#[test]
fn scripts_pass_shellcheck() {
    let scripts = [PathBuf::from("install.sh"), PathBuf::from(".ci/run")];
    let names = scripts.each_ref().map(|path| path.to_str().expect("the name is UTF-8"));
    let Some((is_clean, complaint)) = output_of("shellcheck", &names) else {
        skipped("shellcheck isn't installed; scripts aren't checked");
        return;
    };
    assert!(is_clean, "{complaint}");
}

#[test]
fn scripts_are_executable() {
    let scripts = ["install.sh", ".ci/run"];
    let mode = |name: &&str| {
        let seen = std::fs::metadata(checkout().join(name)).expect("read the metadata");
        seen.permissions().mode()
    };
    let wrong = scripts.iter().filter(|name| mode(name) & 0o111 != 0o111);
    assert_no_problems(&wrong.map(ToString::to_string).collect::<Vec<_>>());
}
