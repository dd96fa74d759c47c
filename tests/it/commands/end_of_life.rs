//! Marks of release lines that aren't maintained any more, or soon won't be: in lists, and in no
//! program's way.

use super::{offline_sandbox, sandbox, with_sourceless_tool};
use crate::support::clock::can_be_wrong;
use crate::support::{Sandbox, Upstream};

/// 1 January and 1 March of 2027: before and after node 22 is 90 days from its last day.
const JANUARY: u64 = 1_798_761_600;
const MARCH: u64 = 1_803_859_200;

/// A tool whose first line ended long ago, and whose second ends in a far future.
fn with_lines(lines: &str) -> Sandbox {
    let sandbox = offline_sandbox();
    with_sourceless_tool(&sandbox);
    let file = "home/.config/usher/registry/plain.toml";
    let definition = sandbox.read(file);
    sandbox.file(file, format!("{definition}\n[end_of_life]\n{lines}"));
    for version in ["1.4.0", "2.0.0", "3.0.0"] {
        sandbox.fake_toolchain("plain", version);
    }
    sandbox.file("project/.tool-versions", "plain 1\n");
    sandbox.reshim();
    sandbox
}

#[test]
fn versions_past_their_end_of_life_are_marked_and_run() {
    let sandbox = with_lines("1 = '2001-02-28'\n2 = '2999-12-31'\n");
    let list = sandbox.use_command(&["list", "plain"]).run().succeeds();
    let marked = list.stdout.lines().filter(|line| line.ends_with("2001-02-28"));
    let marked: Vec<&str> = marked.collect();
    assert_eq!(marked.len(), 1, "{list}");
    assert!(marked[0].contains(" 1.4.0 ") && list.stdout.contains("  END OF LIFE\n"), "{list}");
    let list = sandbox.use_command(&["list", "plain", "--json"]).run().succeeds().json();
    let days = list["versions"].as_array().unwrap().iter().map(|row| row["end_of_life"].as_str());
    assert_eq!(days.collect::<Vec<_>>(), [None, Some("2999-12-31"), Some("2001-02-28")]);
    let outdated = sandbox.use_command(&["outdated"]).run().succeeds();
    assert_eq!(outdated.stdout, "no source: plain 1.4.0\n");
    // Without a source, there is nothing to look at for another line.
    let doctor = sandbox.use_command(&["doctor", "--json"]).run().succeeds().json();
    let what = "plain 1.4.0 is past its end of life, 2001-02-28: it gets no fixes";
    let note = serde_json::json!({
        "id": "end-of-life",
        "state": "note",
        "tool": "plain",
        "path": sandbox.toolchain("plain", "1.4.0"),
        "what": what,
    });
    assert!(doctor["checks"].as_array().unwrap().contains(&note), "{doctor}");
    let outcome = sandbox.command("plain").run().succeeds().stdout_has_line("plain 1.4.0");
    assert_eq!(outcome.stderr, "");
    sandbox.file("project/.tool-versions", "plain 2\n");
    let doctor = sandbox.use_command(&["doctor"]).run().succeeds();
    assert!(!doctor.stdout.contains("end of life"), "{doctor}");
}

#[test]
fn an_invalid_line_of_a_custom_tool_is_an_error() {
    let sandbox = with_lines("1 = '2001-02-29'\n");
    let outcome = sandbox.use_command(&["list"]).run();
    let message = "plain.toml:9: `2001-02-29`: this day does not exist";
    assert!(outcome.stderr.contains(message), "{outcome}");
}

#[test]
fn releases_are_marked_90_days_before_their_line_ends() {
    if !can_be_wrong() {
        return;
    }
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "22.20.0");
    sandbox.file("project/.nvmrc", "22\n");
    sandbox.reshim();
    let run = |words: &[&str], clock: u64| sandbox.use_command(words).at(clock).run().succeeds();
    let available = |clock: u64| {
        let outcome = run(&["available", "node", ">=20 <25"], clock);
        outcome.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        available(JANUARY),
        [
            "VERSION  LTS          STATE   END OF LIFE",
            "24.11.0  lts/krypton          2028-04-30",
            "22.20.0  lts/jod      active  2027-04-30",
            "20.19.5  lts/iron             2026-04-30",
        ]
    );
    assert!(!run(&["list", "node"], JANUARY).stdout.contains("2027-04-30"));
    assert!(run(&["list", "node"], MARCH).stdout.contains("  2027-04-30\n"));
    let note = "note   node 22.20.0 reaches its end of life on 2027-04-30\n       hint: use available node\n";
    assert!(!run(&["doctor"], JANUARY).stdout.contains("end of life"));
    assert!(run(&["doctor"], MARCH).stdout.contains(note));
}
