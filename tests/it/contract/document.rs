//! Every promise of `docs/exec.md` has a test.

/// Tests elsewhere that the page names too: they need stores, or a real npm.
const TESTS_ELSEWHERE: &[&str] =
    &[include_str!("../real/globals.rs"), include_str!("../stores/one_version.rs")];

/// All tests of the contract.
const TESTS: &[&str] = &[
    include_str!("argument_zero.rs"),
    include_str!("bytes.rs"),
    include_str!("children.rs"),
    include_str!("ends.rs"),
    include_str!("failures.rs"),
    include_str!("foreign.rs"),
    include_str!("itself.rs"),
    include_str!("names.rs"),
    include_str!("places.rs"),
    include_str!("search_path.rs"),
    include_str!("secure.rs"),
    include_str!("signals.rs"),
    include_str!("state.rs"),
    include_str!("system_calls.rs"),
    include_str!("unwritable.rs"),
    include_str!("wrapped.rs"),
];

#[test]
fn contract_tests_and_the_exec_page_match() {
    let document = include_str!("../../../docs/exec.md");
    let tests = names(TESTS);
    let known = [&tests[..], &names(TESTS_ELSEWHERE)].concat();
    for line in document.lines().filter(|line| line.starts_with("| ")) {
        let Some((_, names)) = line.trim_end_matches(" |").rsplit_once(" | ") else { continue };
        for name in names.split('`').filter(|name| name.contains('_')) {
            assert!(known.contains(&name), "no test is named {name}: {line}");
        }
    }
    for test in tests {
        assert!(document.contains(&format!("`{test}`")), "docs/exec.md has no line for {test}");
    }
}

/// The names of the tests in these files.
fn names(files: &[&'static str]) -> Vec<&'static str> {
    let tests = files.iter().flat_map(|file| file.split("#[test]\nfn ").skip(1));
    tests.filter_map(|test| test.split_once('(').map(|(name, _)| name)).collect()
}
