//! hyperfine, which does the timing: without a shell between, medians of many runs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Result;

/// How often each call is made at least, and before the clock runs.
const RUNS: &str = "300";
const WARM_UP: &str = "30";

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
    /// The spread, in milliseconds.
    pub(crate) deviation: f64,
}

#[derive(Deserialize)]
struct Report {
    results: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    median: f64,
    stddev: Option<f64>,
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
        if let Some(directory) = self.directory {
            command.current_dir(directory);
        }
        command
    }
}

/// Times each call.
pub(crate) fn measure(calls: &[Call], folder: &Path) -> Result<Vec<Measured>> {
    calls.iter().map(|call| one(call, folder)).collect()
}

fn one(call: &Call, folder: &Path) -> Result<Measured> {
    let exported = folder.join("hyperfine.json");
    let hyperfine = which::which("hyperfine").map_err(|_| "hyperfine isn't installed")?;
    let words: Vec<String> = [call.program.as_os_str()]
        .into_iter()
        .chain(call.arguments.iter().map(OsString::as_os_str))
        .map(quoted)
        .collect();
    let arguments =
        ["-N", "--style", "none", "--warmup", WARM_UP, "--min-runs", RUNS, "--export-json"]
            .map(OsString::from);
    let mut command = call.clone().prepared(&hyperfine, &arguments);
    let output = command.arg(&exported).arg(words.join(" ")).output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", call.name, String::from_utf8_lossy(&output.stderr)).into());
    }
    let report: Report = serde_json::from_slice(&std::fs::read(&exported)?)?;
    let one = report.results.first().ok_or("hyperfine gave no result")?;
    Ok(Measured {
        name: call.name.clone(),
        median: one.median * 1e3,
        deviation: one.stddev.unwrap_or(0.0) * 1e3,
    })
}

fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"))
}
