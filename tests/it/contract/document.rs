//! Every promise of `docs/exec.md` has a test.

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

/// Tests of other parts, which the page names too.
const OTHERS: &[&str] =
    &[include_str!("../real/globals.rs"), include_str!("../stores/one_version.rs")];

#[test]
fn contract_tests_and_the_exec_page_match() {
    let document = include_str!("../../../docs/exec.md");
    let names_in = |files: &[&'static str]| -> Vec<&str> {
        let tests = files.iter().flat_map(|file| file.split("#[test]\nfn ").skip(1));
        tests.filter_map(|test| test.split_once('(').map(|(name, _)| name)).collect()
    };
    let (tests, others) = (names_in(TESTS), names_in(OTHERS));
    for line in document.lines().filter(|line| line.starts_with("| ")) {
        let Some((_, names)) = line.trim_end_matches(" |").rsplit_once(" | ") else { continue };
        for name in names.split('`').filter(|name| name.contains('_')) {
            let is_test = tests.contains(&name) || others.contains(&name);
            assert!(is_test, "no test is named {name}: {line}");
        }
    }
    for test in tests {
        assert!(document.contains(&format!("`{test}`")), "docs/exec.md has no line for {test}");
    }
}
