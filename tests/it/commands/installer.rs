//! `install.sh`, in the installed shells: it builds in a checkout, and downloads elsewhere.
//!
//! Never run it with `--system` as root here: that writes to the machine's folders.

mod build;
mod download;
mod places;
mod refused;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use usher_shims::index::VERSION;

use super::skipped;
use crate::support::{ReleaseKey, Sandbox, TestCommand, Upstream, sha256};

/// What the download needs of a system besides curl or wget.
const TOOLS: [&str; 11] =
    ["chmod", "cp", "dirname", "grep", "id", "mktemp", "rm", "sed", "sha256sum", "tr", "uname"];

/// The text of `install.sh`.
fn script() -> String {
    crate::tidy::text("install.sh")
}

/// The installed shells to run it with.
fn shells() -> Vec<&'static str> {
    let all = ["sh", "dash", "bash --posix", "busybox sh", "zsh --emulate sh"];
    let is_installed = |shell: &&str| find(shell.split(' ').next().unwrap_or_default()).is_some();
    all.into_iter().filter(is_installed).collect()
}

/// The path of a program of the system. Says so if it isn't installed.
fn find(program: &str) -> Option<PathBuf> {
    let places = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(program));
    let found = places.into_iter().find(|place| place.exists());
    if found.is_none() {
        skipped(&format!("{program} isn't installed; install.sh isn't tested with it"));
    }
    found
}

/// A server with releases of usher, and a machine to install one on.
struct Releases {
    upstream: Upstream,
    sandbox: Sandbox,
    key: ReleaseKey,
}

impl Releases {
    /// Has one release, of the program under test.
    fn new() -> Self {
        let releases = Self::without_program();
        let program = fs::read(env!("CARGO_BIN_EXE_use")).expect("read `use`");
        releases.publish(VERSION, program);
        releases
    }

    /// Has one release, whose program shows that it ran by a file in the home, and installs itself.
    fn of_script() -> Self {
        let releases = Self::without_program();
        releases.publish(
            "99.1.0",
            "#!/bin/sh\n> \"$HOME/ran\"\ncase $1 in\n--version) echo use 99.1.0 ;;\n\
             self) /bin/mkdir -p \"$HOME/shims\" && /bin/cp \"$0\" \"$HOME/shims/use\" && \
             echo \"$HOME/shims\" ;;\nsetup) echo PATH=... ;;\nesac\n",
        );
        releases
    }

    fn without_program() -> Self {
        let upstream = Upstream::start();
        let sandbox = Sandbox::new().with_upstream(&upstream);
        for name in TOOLS {
            if let Some(program) = find(name) {
                link(&sandbox, &program, name);
            }
        }
        // No test waits for another try.
        sandbox.executable("tools/sleep", "#!/bin/sh\n");
        let tmp = sandbox.folder("tmp");
        let sandbox = sandbox
            .with_variable("PATH", sandbox_path(&tmp))
            .with_variable("TMPDIR", &tmp)
            .with_variable("USHER_RELEASES", format!("{}/usher", upstream.base()))
            .with_variable("USHER_PLATFORM", "linux-test");
        Self { upstream, sandbox, key: ReleaseKey::new(1) }
    }

    /// Adds a program of the system to those on PATH; whether it is installed.
    fn with_tool(&self, name: &str) -> bool {
        let found = find(name);
        if let Some(program) = &found {
            link(&self.sandbox, program, name);
        }
        found.is_some()
    }

    /// Adds a program, whatever it is, to those on PATH.
    fn with_script(&self, name: &str, text: &str) {
        self.sandbox.executable(Path::new("tools").join(name), text);
    }

    /// Publishes a release, the newest: its program, its hashes, and their signature.
    fn publish(&self, version: &str, program: impl Into<Vec<u8>>) {
        let program = program.into();
        let sums = format!("{}  use-linux-test\n", sha256(&program));
        self.put(&format!("{version}/use-linux-test"), program);
        self.put(
            &format!("{version}/SHA256SUMS.minisig"),
            self.key.sign(&sums, &format!("usher {version}")),
        );
        self.put(&format!("{version}/SHA256SUMS"), sums);
        self.put("latest", format!("{version}\n"));
    }

    /// Serves a file of the releases.
    fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.upstream.put(&path(name), bytes);
    }

    /// `install.sh`, piped into a shell.
    fn piped(&self, shell: &str) -> TestCommand {
        let mut words = shell.split(' ').map(str::to_owned);
        let program = find(&words.next().expect("a shell")).expect("an installed shell");
        // busybox's wget asks the proxy even for what `no_proxy` lists.
        let command = self.sandbox.command(program).without_variable("http_proxy");
        command.arguments(words).standard_input(script())
    }

    /// Checks that an installer that failed left nothing, and ran nothing that it downloaded.
    #[track_caller]
    fn assert_untouched(&self) {
        for folder in ["home", "tmp"] {
            let entries = fs::read_dir(self.sandbox.root().join(folder)).expect("list a folder");
            let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
            assert!(names.is_empty(), "{folder}: {names:?}");
        }
    }
}

/// Where a file of the releases is on the server.
fn path(name: &str) -> String {
    format!("/usher/{name}")
}

/// The only folder on PATH, beside `tmp`.
fn sandbox_path(tmp: &Path) -> PathBuf {
    tmp.with_file_name("tools")
}

fn link(sandbox: &Sandbox, program: &Path, name: &str) {
    let place = sandbox.folder("tools").join(name);
    if !place.exists() {
        symlink(program, place).expect("link a program");
    }
}
