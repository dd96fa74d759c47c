//! What resolving costs inside the process: criterion's benchmark, run and read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::Result;

/// The folders in which criterion leaves its estimates, and what is measured there.
const MEASURED: [(&str, &str); 11] = [
    ("a version file", "12 folders deep, a version file at the root, 200 versions"),
    ("a manifest of 50 kB", "the same with a `package.json` of 50 kB"),
    ("the requests of a lockfile", "the last of 10 requests in a lockfile with 200 archives"),
    ("folders/1", "1 folder deep, 3 versions"),
    ("folders/12", "12 folders"),
    ("folders/50", "50 folders"),
    ("folders/200", "200 folders"),
    ("versions/1", "1 version, 1 folder deep"),
    ("versions/10", "10 versions"),
    ("versions/100", "100 versions"),
    ("versions/1000", "1000 versions"),
];

/// The time of one resolution.
pub(crate) struct Resolved {
    /// Of what.
    pub(crate) what: &'static str,
    /// The median, in microseconds.
    pub(crate) median: f64,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Nanoseconds.
    point_estimate: f64,
}

/// Runs criterion's benchmark, and reads what it found.
pub(crate) fn resolved(root: &Path) -> Result<Vec<Resolved>> {
    let status = Command::new("cargo")
        .current_dir(root)
        .args(["bench", "--quiet", "-p", "usher-bench", "--bench", "resolve"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("cargo bench failed".into());
    }
    let measured = MEASURED.into_iter().map(|(folder, what)| {
        let file = root.join("target/criterion").join(folder).join("new/estimates.json");
        let estimates: Estimates = serde_json::from_slice(&fs::read(file)?)?;
        Ok(Resolved { what, median: estimates.median.point_estimate / 1e3 })
    });
    measured.collect()
}
