//! Questions on a terminal: yes, no, the return key alone, Ctrl-C and Ctrl-D.

use rustix::process::Signal;

use super::super::upgrade::with_global_packages;
use super::super::{offline_sandbox, sandbox};
use crate::support::{Ended, Sandbox, Terminal, Upstream};

/// A command at its question.
fn at_question(sandbox: &Sandbox, words: &[&str]) -> Terminal {
    let mut terminal = sandbox.use_command(words).in_terminal(80);
    terminal.wait_for("[y/N]");
    terminal
}

/// What the screen shows behind the question.
#[track_caller]
fn behind_question(ended: &Ended) -> String {
    let screen = ended.screen();
    let (_, end) = screen.split_once("[y/N]").unwrap_or_else(|| panic!("{ended}"));
    end.trim_start_matches(' ').to_owned()
}

/// Answers a question in every way that means no.
#[track_caller]
fn check_no(sandbox: &Sandbox, words: &[&str], otherwise: &str) {
    for (keys, shown) in [("n\n", "n"), ("\n", ""), ("no\n", "no"), ("what?\n", "what?")] {
        let mut terminal = at_question(sandbox, words);
        terminal.press(keys);
        let ended = terminal.wait().succeeds();
        assert_eq!(behind_question(&ended), format!("{shown}\nusher: {otherwise}"), "{ended}");
    }
    let mut terminal = at_question(sandbox, words);
    terminal.press_ctrl('D');
    let ended = terminal.wait().succeeds();
    assert_eq!(behind_question(&ended), format!("\nusher: {otherwise}"), "{ended}");
    let mut terminal = at_question(sandbox, words);
    terminal.press_ctrl('C');
    let ended = terminal.wait().dies_by(Signal::INT);
    assert_eq!(behind_question(&ended), format!("^C\ninterrupted: {otherwise}"), "{ended}");
}

#[test]
fn prune_removes_only_after_yes() {
    let sandbox = offline_sandbox();
    let node = sandbox.fake_toolchain("node", "12.22.11");
    sandbox.reshim();
    let words = ["prune", "node@12.22.11"];
    check_no(&sandbox, &words, "nothing was removed");
    assert!(node.exists());
    let mut terminal = at_question(&sandbox, &words);
    terminal.press("y\n");
    let ended = terminal.wait().succeeds();
    let removed = behind_question(&ended);
    assert!(removed.starts_with("y\nremoved node 12.22.11 ("), "{ended}");
    assert!(!node.exists());
}

#[test]
fn uninstall_asks_about_a_version_that_is_used() {
    let sandbox = offline_sandbox();
    sandbox.file("project/.nvmrc", "12\n");
    let node = sandbox.fake_toolchain("node", "12.22.11");
    sandbox.reshim();
    let words = ["uninstall", "node@12"];
    check_no(&sandbox, &words, "nothing was removed");
    assert!(node.exists());
    let mut terminal = at_question(&sandbox, &words);
    terminal.press("yes\n");
    let ended = terminal.wait().succeeds();
    insta::assert_snapshot!(ended.screen(), @"
    warning: node 12.22.11 is still used
      requested by .nvmrc:1
    usher: remove node 12.22.11? [y/N] yes
    removed node 12.22.11
    usher: node 12 is still requested by .nvmrc:1: the next call of node installs it
        again
      hint: use unpin node
    ");
    assert!(!node.exists());
    // A version that nothing uses is removed without a question.
    sandbox.fake_toolchain("node", "10.24.1");
    let ended = sandbox.use_command(&["uninstall", "node@10"]).in_terminal(80).wait().succeeds();
    ended.screen_is("removed node 10.24.1");
}

#[test]
fn repair_removes_files_of_others_only_after_yes() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    let node = sandbox.toolchain("node", "12.22.12");
    let mine = sandbox.file(node.join("mine.js"), "mine");
    let mut terminal = at_question(&sandbox, &["repair"]);
    terminal.press_ctrl('C');
    let ended = terminal.wait().dies_by(Signal::INT);
    let expected = "^C\ninterrupted: node 12.22.12 was not repaired; nothing was removed";
    assert_eq!(behind_question(&ended), expected, "{ended}");
    let mut terminal = at_question(&sandbox, &["repair"]);
    terminal.press("n\n");
    let ended = terminal.wait().succeeds();
    assert!(behind_question(&ended).starts_with("n\nusher: nothing was removed\n"), "{ended}");
    assert!(mine.exists());
    let mut terminal = at_question(&sandbox, &["repair"]);
    terminal.press("y\n");
    terminal.wait().succeeds().screen_contains("removed: mine.js");
    assert!(!mine.exists());
}

#[test]
fn upgrade_migrates_packages_only_after_yes() {
    let upstream = Upstream::start();
    let sandbox = with_global_packages(&upstream, "\"semver\": {\"version\": \"7.6.0\"}, ");
    let mut terminal = at_question(&sandbox, &["upgrade"]);
    terminal.press_ctrl('C');
    let ended = terminal.wait().dies_by(Signal::INT);
    assert_eq!(behind_question(&ended), "^C\ninterrupted: no packages were migrated", "{ended}");
    assert!(sandbox.toolchain("acme", "1.0.1").exists());
    std::fs::remove_dir_all(sandbox.toolchain("acme", "1.0.1")).unwrap();
    let mut terminal = at_question(&sandbox, &["upgrade"]);
    terminal.press("y\n");
    let ended = terminal.wait().succeeds();
    insta::assert_snapshot!(ended.screen(), @"
    TOOL  FROM   TO     STATE
    acme  1.0.0  1.0.1  upgraded (1 requested by .tool-versions:1)
    usher: migrate 1 pack package of acme 1.0.0 (semver@7.6.0)? [y/N] y
    usher: migrating 1 pack package of acme 1.0.0 (semver@7.6.0) to 1.0.1
    ");
}
