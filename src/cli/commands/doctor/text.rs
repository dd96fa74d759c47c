//! The checks of `use doctor` for people: problems first, then notes; what is as it should be is
//! counted, and listed with `--all`.

use super::check::{CheckState, DoctorCheck};
use crate::cli::commands::count_of;
use crate::cli::output::{Line, Meaning, Table, Text};

/// The states, worst first.
const STATES: [CheckState; 3] = [CheckState::Error, CheckState::Note, CheckState::Ok];

/// The checks. The first one says what is checked, and comes first.
pub(super) fn text(checks: &[DoctorCheck], all: bool) -> Text {
    let mut text = Text::new();
    let mut table = Table::new();
    let (about, rest) = match checks {
        [about, rest @ ..] => (Some(about), rest),
        [] => (None, checks),
    };
    text.append(about.map(|about| Line::from(&about.what).into()).unwrap_or_default());
    for state in STATES {
        if state == CheckState::Ok && !all {
            continue;
        }
        for check in rest.iter().filter(|check| check.state == state) {
            table.row([label(state), Line::from(&check.what)]);
            if let Some(hint) = &check.hint {
                table.row([Line::new(), Line::hint(hint)]);
            }
        }
    }
    text.table(table);
    text.line(summary(rest, all));
    text
}

/// A state; all are as wide as the widest.
fn label(state: CheckState) -> Line {
    match state {
        CheckState::Ok => Line::of(Meaning::Active, "ok").then("   "),
        CheckState::Note => Line::of(Meaning::Warning, "note").then(" "),
        CheckState::Error => Line::of(Meaning::Error, "error"),
    }
}

/// `2 notes, 8 checks passed: use doctor --all`; the error with which the command ends counts the
/// problems.
fn summary(checks: &[DoctorCheck], all: bool) -> Line {
    let count = |state: CheckState| checks.iter().filter(|check| check.state == state).count();
    let notes = match count(CheckState::Note) {
        0 => Line::new(),
        notes => Line::of(Meaning::Warning, count_of(notes, "note")).then(", "),
    };
    let passed = format!("{} passed", count_of(count(CheckState::Ok), "check"));
    let line = notes.and(Meaning::Active, passed);
    match all {
        true => line,
        false => line.then(": ").and(Meaning::Hint, "use doctor --all"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_id::CheckId;
    use super::*;

    const ID: CheckId = CheckId::ScriptsMoved;

    #[test]
    fn problems_come_first_and_the_rest_is_counted() {
        let missing = "134 shims are missing (2to3, aws, …)";
        let ended = "node 12.22.12 is past its end of life, 2022-04-30: it gets no fixes";
        let hidden = "/home/u/.nvm/versions/node/v18.20.8/bin/npm comes before the shims on PATH \
                      and hides them";
        let checks = [
            DoctorCheck::ok(ID, "usher 1.0.0 on linux-x64, at /usher"),
            DoctorCheck::ok(ID, "/usher is writable"),
            DoctorCheck::note(ID, missing, "use reshim"),
            DoctorCheck::ok(ID, "perl is not pinned: /usr/bin/perl runs"),
            DoctorCheck { hint: None, ..DoctorCheck::note(ID, ended, "") },
            DoctorCheck::error(ID, hidden, "use setup"),
        ];
        let short = text(&checks, false);
        insta::assert_snapshot!(short.at_width(60), @"
        usher 1.0.0 on linux-x64, at /usher
        error  /home/u/.nvm/versions/node/v18.20.8/bin/npm comes
               before the shims on PATH and hides them
               hint: use setup
        note   134 shims are missing (2to3, aws, …)
               hint: use reshim
        note   node 12.22.12 is past its end of life, 2022-04-30: it
               gets no fixes
        2 notes, 2 checks passed: use doctor --all
        ");
        insta::assert_snapshot!(short.at_width(80), @"
        usher 1.0.0 on linux-x64, at /usher
        error  /home/u/.nvm/versions/node/v18.20.8/bin/npm comes before the shims on
               PATH and hides them
               hint: use setup
        note   134 shims are missing (2to3, aws, …)
               hint: use reshim
        note   node 12.22.12 is past its end of life, 2022-04-30: it gets no fixes
        2 notes, 2 checks passed: use doctor --all
        ");
        insta::assert_snapshot!(short.at_width(120), @"
        usher 1.0.0 on linux-x64, at /usher
        error  /home/u/.nvm/versions/node/v18.20.8/bin/npm comes before the shims on PATH and hides them
               hint: use setup
        note   134 shims are missing (2to3, aws, …)
               hint: use reshim
        note   node 12.22.12 is past its end of life, 2022-04-30: it gets no fixes
        2 notes, 2 checks passed: use doctor --all
        ");
        insta::assert_snapshot!(short.with_meanings(), @"
        usher 1.0.0 on linux-x64, at /usher
        <Error>error</>  /home/u/.nvm/versions/node/v18.20.8/bin/npm comes before the shims on PATH and hides them
               <Hint>hint: use setup</>
        <Warning>note</>   134 shims are missing (2to3, aws, …)
               <Hint>hint: use reshim</>
        <Warning>note</>   node 12.22.12 is past its end of life, 2022-04-30: it gets no fixes
        <Warning>2 notes</>, <Active>2 checks passed</>: <Hint>use doctor --all</>
        ");
        insta::assert_snapshot!(text(&checks, true), @"
        usher 1.0.0 on linux-x64, at /usher
        error  /home/u/.nvm/versions/node/v18.20.8/bin/npm comes before the shims on PATH and hides them
               hint: use setup
        note   134 shims are missing (2to3, aws, …)
               hint: use reshim
        note   node 12.22.12 is past its end of life, 2022-04-30: it gets no fixes
        ok     /usher is writable
        ok     perl is not pinned: /usr/bin/perl runs
        2 notes, 2 checks passed
        ");
        insta::assert_snapshot!(text(&checks[..2], false), @"
        usher 1.0.0 on linux-x64, at /usher
        1 check passed: use doctor --all
        ");
    }
}
