//! hyperfine, which does the timing: without a shell between, the calls in turn for several rounds,
//! so that what the machine does meanwhile falls on all of them; medians over all runs.
//!
//! A call has the environment that is written down here, and nothing else; [`check_environment`]
//! looks at what really arrives.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use usher_bench::contestant;

use crate::Result;

/// How many rounds there are, unless an argument sets it.
pub(crate) const ROUNDS: usize = 40;

/// How long the runs of one call may take in a round, in seconds, and how many there are at least
/// and at most.
const SHARE: f64 = 0.05;
const FEWEST: f64 = 2.0;
const MOST: f64 = 50.0;

/// A variable that hyperfine itself adds to every call: of another length each time, so that no
/// call profits from the position of its stack.
const OWN_VARIABLE: &str = "HYPERFINE_RANDOMIZED_ENVIRONMENT_OFFSET";

/// A call to be timed.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Its name in the table.
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    home: PathBuf,
    directory: Option<PathBuf>,
    /// Folders that are on PATH before everyone's.
    folders: Vec<PathBuf>,
    variables: Vec<(OsString, OsString)>,
}

/// A call's time.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// Its name in the table.
    pub(crate) name: String,
    /// The median, in milliseconds.
    pub(crate) median: f64,
    /// The spread, in milliseconds: half of the middle half's width.
    pub(crate) spread: f64,
}

#[derive(Deserialize)]
struct Report {
    results: Vec<Runs>,
}

#[derive(Deserialize)]
struct Runs {
    /// Each run's time, in seconds.
    times: Vec<f64>,
}

impl Call {
    /// A call of a program, with a folder that is its HOME.
    pub(crate) fn new(program: impl Into<PathBuf>, home: &Path) -> Self {
        Self {
            name: String::new(),
            program: program.into(),
            arguments: Vec::new(),
            home: home.to_owned(),
            directory: None,
            folders: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// Under another name.
    #[must_use]
    pub(crate) fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
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

    /// With this folder before everyone's on PATH.
    #[must_use]
    pub(crate) fn on_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(folder.into());
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

    /// Whether the call becomes the program: an argument then makes it end with 42.
    pub(crate) fn becomes_program(&self) -> bool {
        let status = self.command().arg("show").status();
        status.is_ok_and(|status| status.code() == Some(42))
    }

    /// The call itself, untimed.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.surroundings(&self.program);
        command.args(&self.arguments);
        command
    }

    /// Another program with what this call's has around it.
    fn surroundings(&self, program: &Path) -> Command {
        let mut command = contestant::command(program, &self.home);
        let mut path = OsString::new();
        for folder in &self.folders {
            path.push(folder);
            path.push(":");
        }
        path.push(contestant::FOLDERS);
        command.env("PATH", path);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}

/// Times a program that prints its environment, and refuses to go on if more arrives there than the
/// call was given.
pub(crate) fn check_environment(folder: &Path) -> Result<()> {
    let printed = folder.join("environment");
    let call = Call::new("/usr/bin/env", folder).variable("BENCH_GIVEN", "1");
    hyperfine(&call, &[OsStr::new("--runs=1"), OsStr::new("--output"), printed.as_os_str()])?;
    let text = fs::read_to_string(printed)?;
    let mut names: Vec<&str> =
        text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    match names[..] == ["BENCH_GIVEN", "HOME", OWN_VARIABLE, "PATH"] {
        true => Ok(()),
        false => Err(format!("a contestant has other variables than given: {names:?}").into()),
    }
}

/// Times the calls, in turn, for so many rounds.
pub(crate) fn measure(calls: &[Call], rounds: usize, folder: &Path) -> Result<Vec<Measured>> {
    let mut times = vec![Vec::new(); calls.len()];
    let runs = calls.iter().map(|call| {
        let slowest = round(call, 3, folder)?.into_iter().fold(0.0, f64::max);
        Ok((SHARE / slowest).clamp(FEWEST, MOST))
    });
    let runs: Vec<f64> = runs.collect::<Result<_>>()?;
    for _ in 0..rounds {
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
    let runs = format!("--runs={runs}");
    let words = [&runs, "--warmup=2", "--export-json"].map(OsStr::new);
    hyperfine(call, &[&words[..], &[exported.as_os_str()]].concat())?;
    let report: Report = serde_json::from_slice(&fs::read(&exported)?)?;
    Ok(report.results.into_iter().next().ok_or("hyperfine gave no result")?.times)
}

/// Runs hyperfine with these options on a call.
fn hyperfine(call: &Call, options: &[&OsStr]) -> Result<()> {
    let program = contestant::find("hyperfine").ok_or("hyperfine isn't installed")?;
    let words: Vec<String> = std::iter::once(call.program.as_os_str())
        .chain(call.arguments.iter().map(OsString::as_os_str))
        .map(quoted)
        .collect();
    let mut command = call.surroundings(&program);
    let output =
        command.args(["-N", "--style=none"]).args(options).arg(words.join(" ")).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{}: {}", call.name, String::from_utf8_lossy(&output.stderr)).into()),
    }
}

fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"))
}
