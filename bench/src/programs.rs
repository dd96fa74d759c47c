//! The programs of the benchmark, built as users get them: static where the musl target is there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// What was built.
pub(crate) struct Programs {
    /// The program that all shims become.
    pub(crate) nothing: PathBuf,
    /// Becomes its first argument.
    pub(crate) floor: PathBuf,
    /// usher's shim.
    pub(crate) shim: PathBuf,
    /// `use`.
    pub(crate) cold: PathBuf,
}

/// Builds them all, into a folder of their own below `target`.
pub(crate) fn build(root: &Path, folder: &Path) -> Result<Programs> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let is_there =
        Command::new("rustc").args(["--print", "target-libdir", "--target", &target]).output()?;
    let is_there = Path::new(String::from_utf8_lossy(&is_there.stdout).trim()).is_dir();
    let target = is_there.then_some(target.as_str());
    let built = root.join("target/bench");
    cargo(root, &built, &["--profile", "shim", "-p", "usher-shims", "--bin", "shim"], target)?;
    cargo(
        root,
        &built,
        &["--profile", "shim", "-p", "usher-bench", "--bin", "nothing", "--bin", "floor"],
        target,
    )?;
    cargo(root, &root.join("target"), &["--release", "--bin", "use"], None)?;
    let fast = match target {
        Some(target) => built.join(target).join("shim"),
        None => built.join("shim"),
    };
    // A copy in the folder of the run: peers make links to it.
    let nothing = folder.join("nothing");
    std::fs::copy(fast.join("nothing"), &nothing)?;
    Ok(Programs {
        nothing,
        floor: fast.join("floor"),
        shim: fast.join("shim"),
        cold: root.join("target/release/use"),
    })
}

fn cargo(root: &Path, built: &Path, what: &[&str], target: Option<&str>) -> Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["build", "--quiet", "--target-dir"]).arg(built).args(what);
    if let Some(target) = target {
        command.args(["--target", target, "--config", "shims/static.toml"]);
    }
    match command.status()?.success() {
        true => Ok(()),
        false => Err(format!("cargo build {} failed", what.join(" ")).into()),
    }
}
