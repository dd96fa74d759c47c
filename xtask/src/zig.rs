//! Builds for other systems than this one, by zig: a C compiler and linker for all of them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use usher_packaging::platform::OLDEST_MACOS;

use crate::{Result, checkout, process};

/// What `setup` installs from the Python index: the versions that releases are built with.
const PACKAGES: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// How the shim is linked.
const SHIM_OPTIONS: &str = "shims/static.toml";

/// How programs for macOS are linked.
const MACOS_OPTIONS: &str = "packaging/macos/link.toml";

/// zig, and cargo-zigbuild, which makes cargo build with it.
pub(crate) struct Zig {
    /// PATH, with both on it.
    search_path: OsString,
}

impl Zig {
    /// Those that `setup` installed, else those on PATH. The error says that there are none.
    pub(crate) fn find() -> Result<Self> {
        let path = process::variable("PATH").unwrap_or_default();
        let mut installed = OsString::from(installed_programs());
        installed.push(":");
        installed.push(&path);
        let found = [installed, path.into()].into_iter().map(|search_path| Self { search_path });
        found
            .into_iter()
            .find(Self::works)
            .ok_or_else(|| "zig and cargo-zigbuild are not installed: cargo xtask setup".to_owned())
    }

    /// Installs both into the folder of what is built, by Python.
    pub(crate) fn install() -> Result<()> {
        let folder = folder();
        process::run(process::command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let pip = installed_programs().join("pip");
        let options = ["install", "--quiet", "--disable-pip-version-check", "--no-input"];
        process::run(process::command(&pip.to_string_lossy()).args(options).args(PACKAGES))
    }

    /// Whether both are there, as programs or as modules of Python.
    fn works(&self) -> bool {
        let is_there = |program: &str, arguments: &[&str]| {
            let mut command = process::command(program);
            process::succeeds(command.args(arguments).env("PATH", &self.search_path))
        };
        is_there("cargo-zigbuild", &["--version"])
            && (is_there("python3", &["-m", "ziglang", "version"]) || is_there("zig", &["version"]))
    }

    /// Cargo's build for a target of Rust's. One with glibc may end in the oldest version of it that
    /// is enough: `x86_64-unknown-linux-gnu.2.17`.
    pub(crate) fn build(&self, target: &str, profile: &str) -> Command {
        let mut command = self.cargo("zigbuild", target);
        command.args(["--profile", profile, "--config", &without_paths(target)]);
        if is_macos(target) {
            command.args(["--config", MACOS_OPTIONS]);
        }
        command
    }

    /// Clippy for a target of Rust's: the dependencies' C code is compiled by zig.
    pub(crate) fn clippy(&self, target: &str) -> Command {
        self.cargo("clippy", target)
    }

    fn cargo(&self, subcommand: &str, target: &str) -> Command {
        let mut command = process::command("cargo-zigbuild");
        command.env("PATH", &self.search_path).args([subcommand, "--locked", "--target", target]);
        if is_macos(target) {
            command.env("MACOSX_DEPLOYMENT_TARGET", OLDEST_MACOS);
        }
        command
    }

    /// Builds the shim that a `use` for this target carries, and returns its file.
    pub(crate) fn build_shim(&self, target: &str) -> Result<PathBuf> {
        let target = shim_target(target);
        let mut command = self.build(&target, "shim");
        command.args(["--config", SHIM_OPTIONS, "--package", "usher-shims", "--bin", "shim"]);
        process::run(&mut command)?;
        Ok(built(&target, "shim", "shim"))
    }

    /// Builds `use` for a target with this shim in it, and returns its file. A caller that wants
    /// more of it changes the command.
    pub(crate) fn build_use(
        &self,
        target: &str,
        shim: &Path,
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<PathBuf> {
        let mut command = self.build(target, "release");
        command.args(["--package", "usher", "--bin", "use"]).env("USHER_SHIM", shim);
        process::run(change(&mut command))?;
        Ok(built(target, "release", "use"))
    }
}

/// Where `setup` installs: a virtual environment of Python's.
fn folder() -> PathBuf {
    process::target_folder().join("zig")
}

fn installed_programs() -> PathBuf {
    folder().join("bin")
}

/// Options of rustc for a target, by which a program doesn't contain where it was built: two folders
/// make the same bytes.
fn without_paths(target: &str) -> String {
    let home = process::variable("HOME").unwrap_or_default();
    let cargo = process::variable("CARGO_HOME").unwrap_or_else(|| format!("{home}/.cargo"));
    let folders = [(cargo, "/cargo"), (checkout().display().to_string(), "/usher")];
    let options = folders.map(|(folder, name)| format!("--remap-path-prefix={folder}={name}"));
    format!("target.{}.rustflags={options:?}", without_glibc(target))
}

/// The target as Rust knows it, without the version of glibc that zig's may end in.
fn without_glibc(target: &str) -> &str {
    target.split_once('.').map_or(target, |(target, _)| target)
}

pub(crate) fn is_macos(target: &str) -> bool {
    target.ends_with("-apple-darwin")
}

/// The target whose shim starts fastest on the same machine: build.rs has the same rule.
fn shim_target(target: &str) -> String {
    match target.split_once("-unknown-linux-") {
        Some((machine, _)) => format!("{machine}-unknown-linux-musl"),
        None => target.to_owned(),
    }
}

/// The file that a build makes. Cargo's folder has the target without the version of glibc.
fn built(target: &str, profile: &str, name: &str) -> PathBuf {
    process::target_folder().join(without_glibc(target)).join(profile).join(name)
}
