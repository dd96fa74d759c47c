//! The tests on a machine that has nothing: no network, no home, no interpreter.
//!
//! A test that passes only because of what a developer's machine happens to have fails here. What
//! is hidden, and how, is in `bare.sh`; this file has what stays visible.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::{Outcome, Result, TEST, checkout, process, warn};

/// How namespaces are created: as root, or as an ordinary account that keeps its ID. There the
/// capabilities that mounting takes are given up before tests run.
const NAMESPACES: [(&[&str], &[&str]); 2] = [
    (&["--mount", "--net"], &[]),
    (
        &["--user", "--map-current-user", "--keep-caps", "--mount", "--net"],
        &["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--"],
    ),
];

/// Where programs are that no package manager of the system's put there.
const FOREIGN: [&str; 3] = ["/opt", "/usr/local", "/home/linuxbrew"];

/// Signals that are ignored here stay so in what is started: so do terminals that went away, and
/// `nohup`, start tests.
const IGNORING_SIGNALS: &str = "trap '' INT HUP; exec \"$@\"";

pub(crate) fn test_bare() -> Result<Outcome> {
    process::run(process::cargo().args(["fetch", "--locked"]))?;
    let scratch = Scratch::new().map_err(|error| format!("no temporary folder: {error}"))?;
    let folders = Folders::find()?;
    let namespaces = NAMESPACES.iter().find(|(unshare, drop)| {
        let mut command = folders.hidden(unshare, drop, &scratch);
        process::status(command.args(["cargo", "--version"])).is_ok_and(|status| status.success())
    });
    let Some((unshare, drop)) = namespaces else {
        let why = "nothing can be hidden here, so only the environment is cleared";
        warn(&format!("SKIPPED: test-bare: {why}"));
        let mut command = process::command("sh");
        command.args(["-c", IGNORING_SIGNALS, "sh"]).args(TEST.split(' '));
        folders.set_environment(&mut command, &scratch);
        let outcome = process::run_tests(&mut command)?;
        return Ok(Outcome { skipped: Some(why.to_owned()), ..outcome });
    };
    let mut command = folders.hidden(unshare, drop, &scratch);
    command.args(["sh", "-c", IGNORING_SIGNALS, "sh"]).args(TEST.split(' '));
    process::run_tests(&mut command)
}

/// The folders that stay: what is built, and what builds it.
struct Folders {
    cargo_home: PathBuf,
    rustup_home: PathBuf,
    /// Where Rust itself is, which is not in rustup's home on every machine.
    sysroot: PathBuf,
    target: PathBuf,
    /// The account's own, which is hidden.
    home: Option<PathBuf>,
}

impl Folders {
    fn find() -> Result<Self> {
        let home = process::variable("HOME").map(PathBuf::from);
        let folder = |name, in_home| {
            let named = process::variable(name).map(PathBuf::from);
            named.or_else(|| Some(home.as_ref()?.join(in_home))).ok_or("HOME is not set")
        };
        let target = process::target_folder();
        // A folder must exist to be mounted again.
        fs::create_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
        let sysroot = process::output(process::command("rustc").args(["--print", "sysroot"]));
        Ok(Self {
            cargo_home: folder("CARGO_HOME", ".cargo")?,
            rustup_home: folder("RUSTUP_HOME", ".rustup")?,
            sysroot: sysroot.ok_or("can't run rustc")?.trim().into(),
            target,
            home: home.filter(|home| *home != Path::new("/") && !env::temp_dir().starts_with(home)),
        })
    }

    /// A command, still to be named, where all else is hidden.
    fn hidden(&self, unshare: &[&str], drop_privileges: &[&str], scratch: &Scratch) -> Command {
        let mut command = process::command("unshare");
        command.args(unshare).args(["--", "sh", "xtask/bare.sh"]).arg(scratch.0.join("mounts"));
        command.args([checkout(), &self.target]).arg("--");
        let read_only = [&self.cargo_home, &self.rustup_home, &self.sysroot];
        command.args(read_only.into_iter().filter(|folder| folder.is_dir())).arg("--");
        command.args(&self.home).args(FOREIGN).arg("--").args(drop_privileges);
        self.set_environment(&mut command, scratch);
        command
    }

    /// The environment that tests get: what starts cargo, and no more.
    fn set_environment(&self, command: &mut Command, scratch: &Scratch) {
        let passed = ["CARGO_TARGET_DIR", "RUSTUP_TOOLCHAIN"];
        let passed = passed.map(|name| (name, process::variable(name)));
        command.env_clear().env("PATH", self.search_path()).env("HOME", scratch.0.join("home"));
        command.env("CARGO_HOME", &self.cargo_home).env("CARGO_NET_OFFLINE", "true");
        command.env("RUSTUP_HOME", &self.rustup_home);
        command.envs(passed.into_iter().filter_map(|(name, value)| Some((name, value?))));
    }

    /// The system's own folders, with cargo in front, as after a login.
    fn search_path(&self) -> OsString {
        let mut path = self.cargo_home.join("bin").into_os_string();
        path.push(":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:");
        path.push(self.sysroot.join("bin"));
        path
    }
}

/// A temporary folder with an empty home in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("usher-bare-{}", std::process::id()));
        fs::create_dir(&folder)?;
        let scratch = Self(folder);
        for name in ["home", "mounts"] {
            fs::create_dir(scratch.0.join(name))?;
        }
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
