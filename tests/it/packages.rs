//! What usher is given away as (`packaging/`), installed by the package managers themselves and used.
//!
//! The program in each package is the `use` under test; packages are upgraded to the same program with
//! another version in it.

mod deb;
mod npm;
mod recipes;
mod tarball;
mod wheel;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use usher_packaging::platform::{PLATFORMS, Platform};
use usher_packaging::release::{Program, Release, ReleaseFile};
use usher_packaging::settings::Settings;
use usher_packaging::tree::Entry;
use usher_shims::index::{VERSION, index_file};

use crate::commands::skipped;
use crate::support::{Outcome, Sandbox, Upstream, own_releases};

/// A version that is higher than this build's, and written in as many bytes.
const NEXT_VERSION: &str = "9.1.0";

/// A release's programs and packages.
struct Packages {
    version: String,
    files: Vec<ReleaseFile>,
}

impl Packages {
    /// This build's.
    fn current() -> &'static Self {
        static CURRENT: OnceLock<Packages> = OnceLock::new();
        CURRENT.get_or_init(|| Self::of(VERSION))
    }

    /// Those of a higher version.
    fn next() -> &'static Self {
        static NEXT: OnceLock<Packages> = OnceLock::new();
        NEXT.get_or_init(|| Self::of(NEXT_VERSION))
    }

    fn of(version: &str) -> Self {
        let folder = tempfile::tempdir().expect("create a folder");
        let program = folder.path().join("use");
        own_releases::copy_small(Path::new(env!("CARGO_BIN_EXE_use")), &program);
        let program = own_releases::with_version(&program, version);
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a method is of one lifetime"
        )]
        let files = with_release(&program, version, "", |release| release.packages());
        Self { version: version.to_owned(), files: files.expect("make the packages") }
    }

    /// The file whose name ends so; writes it into a folder.
    fn write(&self, end: &str, folder: &Path) -> PathBuf {
        let file = self.file(end);
        let path = folder.join(&file.name);
        fs::write(&path, &file.content).expect("write a package");
        path
    }

    fn file(&self, end: &str) -> &ReleaseFile {
        let own = Platform::of_this_machine().expect("a platform").name;
        let end = end.replace("PLATFORM", own).replace("VERSION", &self.version);
        let found = self.files.iter().find(|file| file.name.ends_with(&end));
        found.unwrap_or_else(|| panic!("no {end}"))
    }
}

/// A release of this machine's program, and of others that nothing here may take.
fn with_release<T>(
    program: &[u8],
    version: &str,
    releases: &str,
    act: impl FnOnce(&Release<'_>) -> T,
) -> T {
    let own = Platform::of_this_machine();
    let programs = PLATFORMS.each_ref().map(|platform| {
        let content = match Some(platform) == own {
            true => program.to_vec(),
            false => b"for another machine\n".to_vec(),
        };
        Program { platform, content }
    });
    let settings = Settings { releases: releases.to_owned(), ..Settings::own().expect("settings") };
    act(&Release {
        settings: &settings,
        version,
        programs: &programs,
        completions: &[
            Entry::file("share/bash-completion/completions/use", "complete\n"),
            Entry::file("share/zsh/site-functions/_use", "#compdef use\n"),
            Entry::file("share/fish/vendor_completions.d/use.fish", "complete use\n"),
        ],
        metadata: &[metadata()],
    })
}

/// What cargo prints of a workspace with both programs' packages, and nothing else.
fn metadata() -> Value {
    serde_json::json!({
        "packages": [
            { "id": "a", "name": "usher", "version": VERSION, "license": "MIT" },
            { "id": "b", "name": "usher-shims", "version": VERSION, "license": "MIT" },
        ],
        "workspace_members": ["a", "b"],
        "resolve": { "nodes": [
            { "id": "a", "deps": [{ "pkg": "b", "dep_kinds": [{ "kind": null }] }] },
            { "id": "b", "deps": [] },
        ] },
    })
}

/// A manager of packages, in a sandbox.
trait Manager {
    /// Installs usher, or replaces another version of it.
    fn install(&self, sandbox: &Sandbox, packages: &Packages);

    /// Removes usher.
    fn remove(&self, sandbox: &Sandbox);

    /// The command that it gives users.
    fn program(&self, sandbox: &Sandbox) -> PathBuf;

    /// What `use self update` says of it.
    fn hint(&self) -> &'static str;
}

/// Installs, uses, upgrades, downgrades and removes usher.
fn live_through(manager: &impl Manager) {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let current = Packages::current();
    manager.install(&sandbox, current);
    let program = manager.program(&sandbox);
    let run = |arguments: &[&str]| sandbox.command(&program).arguments(arguments).run();
    let prints = |outcome: Outcome, version: &str| {
        let printed = outcome.succeeds();
        assert!(printed.stdout.contains(version), "{version}: {printed}");
    };
    prints(run(&["--version"]), VERSION);
    let other_name = sandbox.command(program.with_file_name("usher")).argument("--version");
    prints(other_name.run(), VERSION);

    // It makes a home, whose shims run without it.
    run(&["node@12"]).succeeds();
    let node = || sandbox.command("node").argument("--version").run();
    prints(node(), "v12.22.12");
    assert!(current_index(&sandbox).contains(&format!("usher\t{VERSION}\n")));
    for program in [&program, &sandbox.shim("use")] {
        let refused = sandbox.command(program).arguments(["self", "update"]).run().fails_with(2);
        refused.stderr_contains(manager.hint());
    }

    let next = Packages::next();
    manager.install(&sandbox, next);
    prints(run(&["--version"]), &next.version);
    // The shims work on, and the first command of the new one replaces them.
    prints(node(), "v12.22.12");
    run(&["list"]).succeeds();
    let updated = current_index(&sandbox);
    assert!(updated.contains(&format!("usher\t{}\n", next.version)), "{updated}");
    prints(sandbox.use_command(&["--version"]).run(), &next.version);
    prints(node(), "v12.22.12");

    // An older one lets the newer one in the home do what it is asked for.
    manager.install(&sandbox, current);
    prints(run(&["list"]), "12.22.12");
    assert_eq!(current_index(&sandbox), updated);
    prints(sandbox.use_command(&["--version"]).run(), &next.version);

    manager.remove(&sandbox);
    assert!(!program.exists(), "{}", program.display());
    prints(node(), "v12.22.12");
    sandbox.use_command(&["node@18"]).run().succeeds();
    prints(node(), "v18.");
    let refused = sandbox.use_command(&["self", "update"]).run().fails_with(2);
    refused.stderr_contains("built without the key of its releases");
}

fn current_index(sandbox: &Sandbox) -> String {
    fs::read_to_string(index_file(&sandbox.shims())).expect("read the index")
}

/// Where a program of this machine is; reports what is skipped without it.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let found =
        env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
    if found.is_none() {
        skipped(&format!("packages: no {program} here"));
    }
    found
}
