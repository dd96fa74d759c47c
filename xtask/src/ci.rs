//! All checks that a commit must pass, in one run.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::{Outcome, Result, Task, print, warn};

/// In this order: the tests run first on a machine as it is, before anything is installed, and end
/// the run with all that could be installed.
const ORDER: [&str; 9] =
    ["fmt", "test-bare", "setup", "lint", "macos", "doc", "deny", "msrv", "test"];

pub(crate) fn ci() -> Result<Outcome> {
    let tasks = ORDER.map(crate::find);
    let mut table = "\ntask       time   result".to_owned();
    let mut results = String::new();
    let mut failed = None;
    for task in tasks.into_iter().flatten() {
        if failed.is_some() {
            let _ = write!(table, "\n{:<10} -      not run", task.name);
            continue;
        }
        let (took, result) = timed(task);
        let verdict = match &result {
            Ok(Outcome { skipped: None, .. }) => "ok".to_owned(),
            Ok(Outcome { skipped: Some(why), .. }) => format!("SKIPPED: {why}"),
            Err(what) => format!("FAILED: {what}"),
        };
        let _ = write!(table, "\n{:<10} {:<6} {verdict}", task.name, minutes(took));
        match result {
            Ok(outcome) if outcome.test_results.is_empty() => {}
            Ok(outcome) => {
                let _ = write!(results, "\n\n{}:\n{}", task.name, outcome.test_results.join("\n"));
                if let Some(figures) = outcome.figures {
                    let _ = write!(results, "\n\nAttacked by these tests:\n\n{figures}");
                }
            }
            Err(what) => failed = Some(format!("{}: {what}", task.name)),
        }
    }
    print(&format!("{table}{results}"));
    failed.map_or_else(|| Ok(Outcome::default()), Err)
}

fn timed(task: &Task) -> (Duration, Result<Outcome>) {
    warn(&format!("\n== {}", task.name));
    let start = Instant::now();
    let result = task.run();
    (start.elapsed(), result)
}

fn minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}
