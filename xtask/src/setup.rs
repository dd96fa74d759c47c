//! What tests run against where it is there: shells, interpreters of the system's, a static target;
//! and what builds for macOS.

use std::path::Path;

use crate::zig::Zig;
use crate::{Outcome, Result, macos, process};

/// A package, and the file or program by which it is known to be installed. A program that is
/// looked for on PATH has no slash; interpreters are tested where the system has them.
const PACKAGES: [(&str, &str); 14] = [
    ("shellcheck", "shellcheck"),
    ("zsh", "zsh"),
    ("fish", "fish"),
    ("dash", "dash"),
    ("busybox", "busybox"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("minisign", "minisign"),
    ("strace", "strace"),
    ("php-cli", "/usr/bin/php"),
    ("nginx-light", "nginx"),
    ("sudo", "sudo"),
    ("ruby", "/usr/bin/ruby"),
    ("erlang-base", "/usr/bin/erl"),
];

/// Never fails: tests that need a missing program are skipped, and print that.
#[expect(clippy::unnecessary_wraps, reason = "a task like the others")]
pub(crate) fn setup() -> Result<Outcome> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let mut missing = install_packages();
    if !add_target(&target) {
        missing.push(format!("the target {target}, so the shim is tested as the host builds it"));
    }
    for target in macos::TARGETS {
        if !add_target(target) {
            missing.push(format!("the target {target}, so nothing is checked for it"));
        }
    }
    if Zig::find().is_err() && Zig::install().is_err() {
        missing.push("zig, so nothing is checked for macOS".to_owned());
    }
    let skipped = (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")));
    Ok(Outcome { skipped, ..Outcome::default() })
}

/// Installs missing packages, and returns those that can't be installed.
fn install_packages() -> Vec<String> {
    let missing = missing_packages();
    let is_root = process::output(process::command("id").arg("-u")).is_some_and(|id| id == "0\n");
    if missing.is_empty() || !is_root || !process::succeeds(process::apt_get().arg("--version")) {
        return missing;
    }
    // If the lists can't be updated, the existing ones may be enough.
    let _ = process::status(process::apt_get().args(["update", "-qq"]));
    let install = ["install", "-qq", "-y", "--no-install-recommends"];
    if process::run(process::apt_get().args(install).args(&missing)).is_err() {
        // A package that can't be installed must not prevent the others.
        for package in &missing {
            let _ = process::run(process::apt_get().args(install).arg(package));
        }
    }
    missing_packages()
}

fn missing_packages() -> Vec<String> {
    let is_missing = |(_, known_by): &(&str, &str)| {
        let found = if known_by.contains('/') {
            Path::new(known_by).exists()
        } else {
            process::succeeds(process::command("sh").args(["-c", "command -v \"$0\"", known_by]))
        };
        !found
    };
    PACKAGES.into_iter().filter(is_missing).map(|(package, _)| package.to_owned()).collect()
}

/// Installs Rust's own library for a target, and returns whether it is there.
fn add_target(target: &str) -> bool {
    has_target(target)
        || process::run(process::command("rustup").args(["target", "add", target])).is_ok()
}

/// Whether Rust's own library is installed for a target, by rustup or otherwise.
pub(crate) fn has_target(target: &str) -> bool {
    let mut command = process::command("rustc");
    command.args(["--print", "target-libdir", "--target", target]);
    process::output(&mut command).is_some_and(|folder| Path::new(folder.trim()).is_dir())
}
