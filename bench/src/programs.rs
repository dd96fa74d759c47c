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
    /// `use`, which carries the shim.
    pub(crate) usher: PathBuf,
    /// The shim as it is where it can't be linked statically, unless `use` carries that one.
    pub(crate) host_shim: Option<PathBuf>,
}

/// Builds them all, into a folder of their own below `target`.
pub(crate) fn build(root: &Path, folder: &Path) -> Result<Programs> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let is_there =
        Command::new("rustc").args(["--print", "target-libdir", "--target", &target]).output()?;
    let is_there = Path::new(String::from_utf8_lossy(&is_there.stdout).trim()).is_dir();
    let target = is_there.then_some(target.as_str());
    let built = root.join("target/bench");
    cargo(root, &root.join("target"), &["--release", "--bin", "use"])?;
    if target.is_some() {
        cargo(root, &built, &["--profile", "shim", "-p", "usher-shims", "--bin", "shim"])?;
    }
    Ok(Programs {
        // In the folder of the run: peers make links to it.
        nothing: compiled(root, folder, "nothing", target)?,
        floor: compiled(root, folder, "floor", target)?,
        usher: root.join("target/release/use"),
        host_shim: target.is_some().then(|| built.join("shim/shim")),
    })
}

fn cargo(root: &Path, built: &Path, what: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["build", "--quiet", "--target-dir"]).arg(built).args(what);
    match command.status()?.success() {
        true => Ok(()),
        false => Err(format!("cargo build {} failed", what.join(" ")).into()),
    }
}

/// One of the small programs, with the options of the shim's profile. They need no crate, so the
/// compiler alone suffices, and no dependency of the benchmark's is built for it.
fn compiled(root: &Path, folder: &Path, name: &str, target: Option<&str>) -> Result<PathBuf> {
    let program = folder.join(name);
    let mut command = Command::new("rustc");
    command.args(["--edition", "2024", "-C", "opt-level=s", "-C", "panic=abort"]);
    command.args(["-C", "lto=fat", "-C", "codegen-units=1", "-C", "strip=symbols"]);
    if let Some(target) = target {
        // As `shims/static.toml` has it.
        command.args(["--target", target, "-C", "relocation-model=static"]);
    }
    command.arg("-o").arg(&program).arg(root.join("bench/src/bin").join(name).with_extension("rs"));
    match command.status()?.success() {
        true => Ok(program),
        false => Err(format!("{name} can't be compiled").into()),
    }
}
