//! Every fuzz target for a while: nothing that a commit must pass, since what is found depends on
//! luck and time. Earlier findings are replayed by `cargo test`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, Result, checkout, process};

/// The fuzz crates: the hot half's and the cold half's.
const FOLDERS: [&str; 2] = ["shims/fuzz", "tests/fuzz"];

/// How long each target is run, in seconds, and the variable that changes it.
const SECONDS: &str = "60";
const SECONDS_VARIABLE: &str = "USHER_FUZZ_SECONDS";

/// The most memory in MiB, and the most seconds for one input.
const LIMITS: [&str; 2] = ["-rss_limit_mb=2048", "-timeout=10"];

pub(crate) fn fuzz() -> Result<Outcome> {
    if !process::succeeds(process::cargo().args(["fuzz", "--version"])) {
        let why = "cargo-fuzz is not installed: cargo install --locked cargo-fuzz";
        return Ok(Outcome { skipped: Some(why.to_owned()), ..Outcome::default() });
    }
    for folder in FOLDERS {
        process::run(&mut cargo_fuzz("build", folder))?;
    }
    for folder in FOLDERS {
        let targets = process::output(&mut cargo_fuzz("list", folder));
        for target in targets.ok_or("cargo fuzz list failed")?.split_whitespace() {
            run(folder, target)?;
        }
    }
    Ok(Outcome::default())
}

/// Runs a target on its committed inputs and on those that it finds, which are stored in the target
/// folder.
fn run(folder: &str, target: &str) -> Result<()> {
    let found = process::target_folder().join("fuzz").join(folder).join(target);
    fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
    let seconds = process::variable(SECONDS_VARIABLE).unwrap_or_else(|| SECONDS.to_owned());
    let mut command = cargo_fuzz("run", folder);
    command.arg(target).arg(found);
    command.arg(Path::new(folder).join("corpus").join(target));
    command.arg("--").arg(format!("-max_total_time={seconds}")).args(LIMITS);
    let dictionary = Path::new(folder).join("dictionaries").join(target).with_extension("dict");
    if checkout().join(&dictionary).exists() {
        command.arg(format!("-dict={}", checkout().join(dictionary).display()));
    }
    process::run(&mut command)
}

/// A command of cargo-fuzz. A sanitizer is an unstable option of rustc, which a stable one takes
/// where this variable is set. The registry's definitions are never freed, on purpose.
fn cargo_fuzz(name: &str, folder: &str) -> Command {
    let mut command = process::cargo();
    command.args(["fuzz", name, "--fuzz-dir", folder]);
    command.env("RUSTC_BOOTSTRAP", "1").env("ASAN_OPTIONS", "detect_leaks=0");
    command
}
