//! What a process inherits beside its arguments and variables.

use super::{can_change_owners, each, skipped};

/// A state, and what the probe reports in it.
const STATES: &[(&[&str], &[&str])] = &[
    (&[], &["process: the one that was started", "SigBlk:\t0000000000000000", "children: \n"]),
    (&["block:10", "block:15"], &["SigBlk:\t0000000000004200"]),
    (&["block:10", "raise:10"], &["ShdPnd:\t0000000000000200"]),
    (&["block:34", "block:64"], &["SigBlk:\t8000000200000000"]),
    (&["ignore:13"], &["SigIgn:\t0000000000001000"]),
    (&["ignore:1", "ignore:2", "ignore:17"], &["SigIgn:\t0000000000010003"]),
    (&["close:0"], &["process: the one that was started"]),
    (&["close:1"], &["process: the one that was started"]),
    (&["close:2"], &["process: the one that was started"]),
    (&["close:0", "close:1", "close:2"], &["process: the one that was started"]),
    (&["open:3:.nvmrc"], &["descriptor 3: flags 0, status 8402, mode 100644", " at 3\n"]),
    (&["open:9:.nvmrc", "open:1000:.nvmrc"], &["descriptor 9:", "descriptor 1000:"]),
    (&["close:0", "open:7:.nvmrc"], &["descriptor 7:"]),
    (&["umask:077"], &["Umask:\t0077"]),
    (&["umask:000"], &["Umask:\t0000"]),
    (&["limit:7:64:128"], &["Max open files            64                   128"]),
    (&["limit:3:1048576:2097152"], &["Max stack size            1048576"]),
    (&["limit:4:0:0"], &["Max core file size        0"]),
    // The highest there is: the process that runs the tests may have it already.
    (&["nice:19"], &["nice 19,"]),
    (&["alarm:600"], &["timer 1,"]),
    (&["dies_by:12"], &["dies with parent by 12,"]),
    (&["timer_slack:70000"], &["\n70000\n"]),
    (&["no_new_privileges"], &["NoNewPrivs:\t1"]),
    (&["session"], &["leads session 1", "terminal 0"]),
];

#[test]
fn the_process_state_is_unchanged() {
    each(|stage| {
        // An emulator hears signals itself that its program ignores.
        let is_lost = |words: &[&str]| {
            stage.is_emulated() && words.iter().any(|word| word.starts_with("ignore"))
        };
        for (words, expected) in STATES.iter().filter(|(words, _)| !is_lost(words)) {
            let mut report = stage.compare(words, |command| command);
            for expected in *expected {
                report = report.has(expected);
            }
            if words.contains(&"close:0") {
                assert!(!report.shown().contains("descriptor 0:"), "{}", report.shown());
            }
        }
    });
}

#[test]
fn the_working_directory_is_unchanged() {
    each(|stage| {
        let folder = stage.sandbox.folder("project/a folder/ünter");
        let expected = format!("directory: {}\n", folder.display());
        stage.compare(&[], |command| command.directory(&folder)).has(expected);
    });
}

#[test]
fn the_controlling_terminal_is_unchanged() {
    each(|stage| {
        let report = stage.compare(&["terminal:"], |command| command);
        report.has("terminal 1, in front 1").has("leads session 1");
    });
}

#[test]
fn argument_0_is_the_programs_own_path() {
    each(|stage| {
        let path = stage.program().display().to_string();
        let expected = format!("argument 0, {} bytes: {path}\n", path.len());
        stage.compare(&[], |command| command).has(expected).has(format!("executed as {path}\n"));
    });
}

#[test]
fn user_and_group_ids_are_unchanged() {
    if !can_change_owners() {
        return skipped("the groups of another account", "only root may change to one");
    }
    each(|stage| {
        // The account may not create the report's file: standard output takes it.
        let report =
            stage.compare(&["user:65534"], |command| command.without_variable("PROBE_OUT"));
        let text = String::from_utf8_lossy(&report.bytes);
        assert!(text.contains("Uid:\t65534\t65534"), "{text}");
    });
}
