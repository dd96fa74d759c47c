//! hyperfine, which does the timing: without a shell between, the calls in turn for several rounds,
//! so that what the machine does meanwhile falls on all of them; medians over all runs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Result;

/// How many rounds there are.
const ROUNDS: usize = 40;

/// How long the runs of one call may take in a round, in seconds, and how many there are at least
/// and at most.
const SHARE: f64 = 0.05;
const FEWEST: f64 = 2.0;
const MOST: f64 = 50.0;

/// A call to be timed.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What it is called in the table.
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    directory: Option<PathBuf>,
    variables: Vec<(OsString, OsString)>,
}

/// A call's time.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// What it is called in the table.
    pub(crate) name: String,
    /// The median, in milliseconds.
    pub(crate) median: f64,
    /// The spread, in milliseconds: half of the middle half's width.
    pub(crate) spread: f64,
}

#[derive(Deserialize)]
struct Report {
    results: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    /// Each run's time, in seconds.
    times: Vec<f64>,
}

impl Call {
    /// A call of a program.
    pub(crate) fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            arguments: Vec::new(),
            directory: None,
            variables: Vec::new(),
        }
    }

    /// Under another name.
    #[must_use]
    pub(crate) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// With one more argument.
    #[must_use]
    pub(crate) fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// In this folder.
    #[must_use]
    pub(crate) fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// With one more variable.
    #[must_use]
    pub(crate) fn variable(
        mut self,
        name: impl Into<OsString>,
        value: impl Into<OsString>,
    ) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Whether the call becomes the program: it is then told by an argument to end with 42.
    pub(crate) fn becomes_program(&self) -> bool {
        let mut command = self.clone().argument("show").prepared(&self.program, &self.arguments);
        command.arg("show").status().is_ok_and(|status| status.code() == Some(42))
    }

    fn prepared(self, program: &Path, arguments: &[OsString]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).envs(self.variables);
        // Set where cargo is itself a proxy's, and stronger there than any file.
        command.env_remove("RUSTUP_TOOLCHAIN");
        if let Some(directory) = self.directory {
            command.current_dir(directory);
        }
        command
    }
}

/// Times the calls, in turn.
pub(crate) fn measure(calls: &[Call], folder: &Path) -> Result<Vec<Measured>> {
    let mut times = vec![Vec::new(); calls.len()];
    let runs = calls.iter().map(|call| {
        let slowest = round(call, 3, folder)?.into_iter().fold(0.0, f64::max);
        Ok((SHARE / slowest).clamp(FEWEST, MOST))
    });
    let runs: Vec<f64> = runs.collect::<Result<_>>()?;
    for _ in 0..ROUNDS {
        for ((call, runs), times) in calls.iter().zip(&runs).zip(&mut times) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to 50")]
            times.extend(round(call, *runs as usize, folder)?);
        }
    }
    Ok(calls.iter().zip(times).map(|(call, times)| Measured::of(&call.name, times)).collect())
}

impl Measured {
    fn of(name: &str, mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times.get(times.len() * share / 4).copied().unwrap_or(f64::NAN);
        Self { name: name.to_owned(), median: at(2) * 1e3, spread: (at(3) - at(1)) / 2.0 * 1e3 }
    }
}

/// The times of one round, in seconds.
fn round(call: &Call, runs: usize, folder: &Path) -> Result<Vec<f64>> {
    let exported = folder.join("hyperfine.json");
    let hyperfine = which::which("hyperfine").map_err(|_| "hyperfine isn't installed")?;
    let words: Vec<String> = [call.program.as_os_str()]
        .into_iter()
        .chain(call.arguments.iter().map(OsString::as_os_str))
        .map(quoted)
        .collect();
    let runs = runs.to_string();
    let arguments = ["-N", "--style", "none", "--warmup", "2", "--runs", &runs, "--export-json"]
        .map(OsString::from);
    let mut command = call.clone().prepared(&hyperfine, &arguments);
    let output = command.arg(&exported).arg(words.join(" ")).output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", call.name, String::from_utf8_lossy(&output.stderr)).into());
    }
    let report: Report = serde_json::from_slice(&std::fs::read(&exported)?)?;
    Ok(report.results.into_iter().next().ok_or("hyperfine gave no result")?.times)
}

fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"))
}
