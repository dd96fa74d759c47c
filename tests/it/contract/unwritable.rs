//! Nothing is needed but the files: no home folder, no variable, nothing that can be written.

use std::path::Path;

use super::failures::in_namespace;
use super::{each, skipped, text};

#[test]
fn a_shim_works_with_an_empty_environment() {
    each(|stage| {
        let run = |words: &[&str]| stage.through_shim(words).run().succeeds().stdout;
        let report = run(&["no_environment"]);
        let program = text(&stage.program());
        assert!(report.contains(&format!("executed as {program}\n")), "{report}");
        // All that the program then has.
        let path = format!("PATH={}:/usr/local/bin:/usr/bin:/bin", text(&stage.sandbox.shims()));
        let variables: Vec<&str> =
            report.lines().filter(|line| line.starts_with("variable")).collect();
        assert_eq!(variables, [format!("variable 0, {} bytes: {path}", path.len())]);
        let home = run(&["no_environment", "variable:HOME=/nowhere"]);
        assert!(home.contains(&format!("executed as {program}\n")), "{home}");
    });
}

#[test]
fn a_shim_works_on_a_read_only_disk() {
    each(|stage| {
        let script = r#"mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$1/project" &&
            ! touch "$1/written" 2>/dev/null && exec env -i "$2" a"#;
        let arguments: [&Path; 2] = [stage.sandbox.root(), &stage.sandbox.shim("node")];
        match in_namespace(stage, script, &arguments) {
            Some(outcome) => drop(outcome.succeeds().stdout_has_line("argument 1, 1 bytes: a")),
            None => skipped("a read-only disk", "can't make a mount namespace"),
        }
    });
}
