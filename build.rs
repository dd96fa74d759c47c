//! Builds the shim that `use` carries, so that one file is all of usher.
//!
//! It is built by a cargo of its own, with its own profile, into a folder below `OUT_DIR`: static for
//! the musl target where that is installed, since such a program starts fastest, else for the target
//! of `use` itself. `USHER_SHIM` names a ready one instead, for packagers and for cross builds.
#![allow(clippy::disallowed_methods, reason = "what only developers run prints paths as they are")]
#![expect(clippy::panic, reason = "a build script ends the build")]
#![expect(clippy::disallowed_methods, reason = "a build script gets its input in variables")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names a ready shim, which is then carried as it is.
const READY: &str = "USHER_SHIM";

/// What the shim is made of, beside the root manifest and its lock file.
const SOURCES: [&str; 5] = ["Cargo.toml", "Cargo.lock", "shims", "registry", "build.rs"];

/// Variables that cargo sets for this script, and that the shim's build must not inherit.
const OURS: [&str; 8] = [
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "TARGET",
    "OUT_DIR",
    "PROFILE",
    "CARGO_ENCODED_RUSTFLAGS",
];

fn main() {
    println!("cargo::rerun-if-env-changed={READY}");
    if env::var_os("CARGO_FEATURE_CARRIED_SHIM").is_none() {
        return;
    }
    let shim = match env::var_os(READY).filter(|path| !path.is_empty()) {
        Some(ready) => {
            let ready = PathBuf::from(ready);
            println!("cargo::rerun-if-changed={}", ready.display());
            std::path::absolute(&ready).unwrap_or(ready)
        }
        None => build(),
    };
    assert!(shim.is_file(), "{}: not a file ({READY})", shim.display());
    println!("cargo::rustc-env=USHER_CARRIED_SHIM={}", shim.display());
}

/// Builds the shim; returns its path.
fn build() -> PathBuf {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    let own = variable("TARGET");
    let target = match static_target(&own) {
        Some(target) if has_library(&target) => target,
        Some(target) => {
            println!(
                "cargo::warning=the target {target} isn't installed (rustup target add {target}): \
                 the shim is built for {own}, and starts slower"
            );
            own
        }
        None => own,
    };
    let folder = Path::new(&variable("OUT_DIR")).join("shim");
    let mut command = Command::new(variable("CARGO"));
    command
        .args(["build", "--quiet", "--locked", "--config", "shims/static.toml"])
        .args(["--package", "usher-shims", "--bin", "shim"])
        .args(["--profile", "shim", "--target", &target, "--target-dir"])
        .arg(&folder)
        .current_dir(variable("CARGO_MANIFEST_DIR"));
    for name in OURS {
        command.env_remove(name);
    }
    match command.status() {
        Ok(status) if status.success() => {
            folder.join(&target).join("shim").join(file_name(&target))
        }
        Ok(status) => panic!("the shim couldn't be built: cargo ended with {status}"),
        Err(error) => panic!("the shim couldn't be built: cargo can't be started: {error}"),
    }
}

/// The target of the same kind of machine whose programs are static; `None` where there is none.
fn static_target(target: &str) -> Option<String> {
    let (machine, rest) = target.split_once('-')?;
    let is_linux = rest.contains("-linux-") && ["x86_64", "aarch64"].contains(&machine);
    is_linux.then(|| format!("{machine}-unknown-linux-musl"))
}

/// Whether the standard library of a target is installed.
fn has_library(target: &str) -> bool {
    let mut command = Command::new(variable("RUSTC"));
    let output = command.args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(folder.trim()).is_dir()
    })
}

fn file_name(target: &str) -> &'static str {
    if target.contains("-windows-") { "shim.exe" } else { "shim" }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
