//! Runs the conformance suite, `tests/conformance/`, which has a case for each rule of version
//! files.
//!
//! Each file there is a subject. A case lists files, variables and versions, the command, and the
//! expected result and its reason. All cases run through the resolver in memory; those marked
//! `real` also run through the real shim. `docs/version-files.md` explains the rules.

mod format;
mod machine;
mod memory;
mod page;
mod real;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use format::{Case, Subject};
use memory::Answer;

use crate::support::Tally;

/// One test per subject, so that the test's name tells what fails.
macro_rules! subjects {
    ($($name:ident)*) => {
        const SUBJECTS: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            check(&file_of(stringify!($name)));
        })*
    };
}

subjects! {
    bad_files
    ceiling
    composer
    constraints
    elixir
    env_files
    fallback_lists
    gem
    go_mod
    java
    mise_and_proto
    mise_places
    more_files
    names_and_arguments
    node_version
    npm_ranges
    nvmrc
    one_version
    other_files
    own_defaults
    package_json
    passed_over_folders
    pep440
    perl
    pre_releases
    precedence
    providers
    pyproject
    python_version
    refused
    tolerance
    tool_versions
    variables_and_images
}

/// The file name of a subject: hyphens in place of the test name's underscores.
fn file_of(subject: &str) -> String {
    subject.replace('_', "-")
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance"))
}

fn subject(name: &str) -> Subject {
    let path = folder().join(name).with_extension("toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Subject::parse(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// All subjects, sorted by name.
fn all() -> Vec<(String, Subject)> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .expect("list tests/conformance")
        .map(|entry| entry.expect("an entry of tests/conformance").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), subject(&name))).collect()
}

/// Runs the cases that are marked `real` through the real shim.
#[track_caller]
fn check_real(cases: impl Iterator<Item = (String, Case)>) {
    let (mut failures, mut machines) = (String::new(), real::Machines::default());
    for (name, case) in cases.filter(|(_, case)| case.real == Some(true)) {
        if let Err(complaint) = machines.run(&case) {
            let _ = writeln!(failures, "\n{name}: {}\n{complaint}", case.name);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn conformance_of_bad_files_with_the_real_shim() {
    let name = "bad-files".to_owned();
    check_real(subject(&name).cases().into_iter().map(|case| (name.clone(), case)));
}

#[test]
fn conformance_of_a_sample_with_the_real_shim() {
    let others = all().into_iter().filter(|(name, _)| name != "bad-files");
    check_real(others.flat_map(|(name, subject)| {
        subject.cases().into_iter().map(move |case| (name.clone(), case))
    }));
}

/// Runs all cases of a subject and reports all failures.
#[track_caller]
fn check(name: &str) {
    let subject = subject(name);
    let mut failures = String::new();
    let what = match name {
        "refused" | "bad-files" => "hostile version files",
        _ => "version files of every kind",
    };
    let mut tally = Tally::new(what, "cases");
    for case in subject.cases() {
        for each in subject.texts(&case) {
            tally.add(1);
            let case = case.with(&each);
            let answer = memory::run(&case);
            for (what, expected, found) in differences(&case, &answer) {
                let of = if each.is_empty() { String::new() } else { format!(" ({each:?})") };
                let _ = writeln!(
                    failures,
                    "\n{name}: {}{of}\n  {what}: {expected}\n  actual: {found}",
                    case.name
                );
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

type Difference = (&'static str, String, String);

fn differences(case: &Case, answer: &Answer) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |what, expected: &str, is: &str| {
        if expected != is {
            found.push((what, expected.to_owned(), is.to_owned()));
        }
    };
    let runs = !answer.program.is_empty();
    if case.gives.starts_with("error ") {
        if !has_parts(&answer.gives, &case.gives) {
            compare("gives", &case.gives, &answer.gives);
        }
    } else {
        compare("gives", &case.gives, &answer.gives);
        compare("by", &case.by, &answer.by);
    }
    if runs {
        let called = &case.words()[0];
        let program = if case.program.is_empty() { called } else { &case.program };
        compare("program", program, &answer.program);
    }
    if let Some(arguments) = &case.arguments {
        compare("arguments", arguments, &answer.arguments);
    }
    if let Some(sets) = &case.sets {
        compare("sets", &format!("{sets:?}"), &format!("{:?}", answer.sets));
    }
    if !answer.notes.iter().any(|note| note.contains(&case.note)) && !case.note.is_empty() {
        compare("note", &case.note, &answer.notes.join("\n"));
    }
    if case.untouched == Some(true) && !answer.lookups.is_empty() {
        compare("untouched", "looks up no store and no program", &format!("{:?}", answer.lookups));
    }
    // Text from files must not contain control characters, which could change the terminal.
    let is_raw = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
    if answer.gives.chars().chain(answer.notes.iter().flat_map(|note| note.chars())).any(is_raw) {
        compare("prints", "control characters as escapes", &answer.gives);
    }
    found
}

/// Whether a message has all parts of the expected one, in order. ` … ` separates the parts.
fn has_parts(message: &str, expected: &str) -> bool {
    let mut rest = message;
    expected.split(" … ").enumerate().all(|(place, part)| match rest.find(part) {
        Some(found) if place > 0 || found == 0 => {
            rest = &rest[found + part.len()..];
            true
        }
        _ => false,
    })
}

#[test]
fn every_conformance_file_is_tested() {
    let all = all();
    let count: usize = all.iter().map(|(_, subject)| subject.cases().len()).sum();
    let untested: Vec<&String> = all
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !SUBJECTS.iter().any(|tested| file_of(tested) == **name))
        .collect();
    assert!(untested.is_empty(), "add these subjects to `subjects!`: {untested:?}");
    assert!(count >= 400, "the suite has {count} cases");
    let cases = all.iter().flat_map(|(_, subject)| subject.cases());
    let real = cases.filter(|case| case.real == Some(true)).count();
    assert!(real >= 40, "{real} cases go through the real shim");
}
