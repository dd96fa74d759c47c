//! Every fuzz target for a while, as a part of an attack: nothing that a commit must pass, since what is
//! found depends on luck and time. Earlier findings are replayed by `cargo test`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Result, checkout, process, warn};

/// The fuzz crates: the hot half's and the cold half's.
const FOLDERS: [&str; 2] = ["shims/fuzz", "tests/fuzz"];

/// What libFuzzer prints before the number of inputs that it tried.
const EXECUTED: &str = "stat::number_of_executed_units:";

/// The most memory in MiB, and the most seconds for one input.
const LIMITS: [&str; 2] = ["-rss_limit_mb=2048", "-timeout=10"];

/// How a target was run.
pub(crate) struct Run {
    pub(crate) target: String,
    pub(crate) executions: u64,
    pub(crate) seconds: f64,
    /// Whether an input failed.
    pub(crate) found: bool,
}

/// Why targets can't be run here.
pub(crate) fn missing() -> Option<String> {
    let is_here = process::succeeds(process::cargo().args(["fuzz", "--version"]));
    let why = "cargo-fuzz is not installed: cargo install --locked cargo-fuzz";
    (!is_here).then(|| why.to_owned())
}

/// Builds all targets.
pub(crate) fn build() -> Result<()> {
    FOLDERS.iter().try_for_each(|folder| process::run(&mut cargo_fuzz("build", folder)))
}

/// Runs all targets, each for its share of the time.
pub(crate) fn run_all(time: Duration, seed: u64) -> Result<Vec<Run>> {
    let mut targets = Vec::new();
    for folder in FOLDERS {
        let listed = process::output(&mut cargo_fuzz("list", folder));
        let listed = listed.ok_or("cargo fuzz list failed")?;
        targets.extend(listed.split_whitespace().map(|target| (folder, target.to_owned())));
    }
    let seconds = (time.as_secs() / (targets.len() as u64).max(1)).max(1);
    targets.iter().map(|(folder, target)| run(folder, target, seconds, seed)).collect()
}

/// Runs a target on its committed inputs and on those that it finds, which are stored in the target
/// folder.
fn run(folder: &str, target: &str, seconds: u64, seed: u64) -> Result<Run> {
    let found = process::target_folder().join("fuzz").join(folder).join(target);
    fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
    let mut command = cargo_fuzz("run", folder);
    command.arg(target).arg(found);
    command.arg(Path::new(folder).join("corpus").join(target));
    command.arg("--").arg(format!("-max_total_time={seconds}")).args(LIMITS);
    // A seed is a number of 32 bits, and 0 is a random one.
    command.args([format!("-seed={}", seed % 0xffff_fffe + 1), "-print_final_stats=1".to_owned()]);
    let dictionary = Path::new(folder).join("dictionaries").join(target).with_extension("dict");
    if checkout().join(&dictionary).exists() {
        command.arg(format!("-dict={}", checkout().join(dictionary).display()));
    }
    warn(&format!("fuzzing {target} for {seconds} s"));
    let start = Instant::now();
    let output = command.stderr(Stdio::piped()).output();
    let output = output.map_err(|error| format!("can't run cargo fuzz: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let executed =
        printed.lines().find_map(|line| line.strip_prefix(EXECUTED)?.trim().parse().ok());
    if !output.status.success() {
        warn(&printed);
    }
    Ok(Run {
        target: target.to_owned(),
        executions: executed.unwrap_or(0),
        seconds: start.elapsed().as_secs_f64(),
        found: !output.status.success(),
    })
}

/// A command of cargo-fuzz. A sanitizer is an unstable option of rustc, which a stable one takes
/// where this variable is set. The registry's definitions are never freed, on purpose.
fn cargo_fuzz(name: &str, folder: &str) -> Command {
    let mut command = process::cargo();
    command.args(["fuzz", name, "--fuzz-dir", folder]);
    command.env("RUSTC_BOOTSTRAP", "1").env("ASAN_OPTIONS", "detect_leaks=0");
    command
}
