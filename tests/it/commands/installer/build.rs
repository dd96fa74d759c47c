//! `install.sh` in a checkout, with a fake cargo, which builds nothing and prints the path of the `use`
//! that is under test.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use serde_json::json;

use super::{script, shells};
use crate::support::{Sandbox, TestCommand, Upstream};

/// Startup files of shells.
const SHELL_FILES: [&str; 5] = [".bashrc", ".bash_profile", ".profile", ".zshenv", ".zshrc"];

/// A sandbox with a repository, whose path has a space, and with the fake cargo.
fn set_up(upstream: &Upstream) -> Sandbox {
    let sandbox = Sandbox::new().with_upstream(upstream);
    sandbox.executable("check out/install.sh", &script());
    sandbox.file("check out/Cargo.toml", "[package]\nname = \"usher\"\n");
    let message = json!({
        "reason": "compiler-artifact",
        "target": { "name": "use" },
        "executable": Path::new(env!("CARGO_BIN_EXE_use")),
    });
    sandbox.executable(
        "cargo/cargo",
        &format!(
            "#!/bin/sh\n\
             echo \"$PWD: $*\" >> '{log}'\n\
             case \"$*\" in\n\
             -vV) echo 'host: x86_64-unknown-linux-gnu' ;;\n\
             *' --bin use') echo '{{\"executable\":null}}'; echo '{message}' ;;\n\
             *) exit 99 ;;\n\
             esac\n",
            log = sandbox.root().join("cargo-calls").display(),
        ),
    );
    // No target is installed, and none can be installed.
    sandbox.executable("cargo/rustc", "#!/bin/sh\necho /nowhere\n");
    sandbox.executable("cargo/rustup", "#!/bin/sh\nexit 1\n");
    sandbox
}

/// Runs `install.sh` from another folder, with the fake cargo on PATH.
fn install(sandbox: &Sandbox, shell: &str, arguments: &[&str]) -> TestCommand {
    let path = format!("{}:/usr/bin:/bin", sandbox.root().join("cargo").display());
    let script = sandbox.root().join("check out/install.sh");
    let mut words = shell.split(' ');
    let command = sandbox.command(words.next().expect("a shell")).arguments(words);
    command.argument(script).arguments(arguments).variable("PATH", path)
}

/// All files below a folder, with metadata that shows whether a file was replaced. Without lock
/// files, which contain the last holder's process ID.
fn state(folder: &Path) -> BTreeMap<String, (u64, u64, i64, i64)> {
    let mut state = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("list a folder").flatten() {
            let seen = entry.metadata().expect("read an entry's metadata");
            let path = entry.path();
            if seen.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|extension| extension != "lock") {
                let fingerprint = (seen.ino(), seen.size(), seen.mtime(), seen.mtime_nsec());
                state.insert(path.display().to_string(), fingerprint);
            }
        }
    }
    state
}

#[test]
fn the_installer_is_idempotent_and_edits_no_shell_file() {
    let upstream = Upstream::start();
    for shell in shells() {
        let sandbox = set_up(&upstream);
        for name in SHELL_FILES {
            sandbox.file(Path::new("home").join(name), format!("# {name}\n"));
        }
        let first = install(&sandbox, shell, &["node@12"]).run().succeeds();
        let line = "node --version: v12.22.12";
        let first =
            first.stdout_has_line(line).stderr_contains("the shim will be linked dynamically");
        let hint = first.stdout.lines().rev().nth(2).unwrap_or_default();
        assert!(hint.ends_with("/shims/use' setup"), "{first}");
        let last = first.stdout.lines().last().unwrap_or_default();
        assert!(last.contains("PATH="), "{first}");

        let before = state(&sandbox.home());
        install(&sandbox, shell, &["node@12"]).run().succeeds().stdout_has_line(line);
        let after = state(&sandbox.home());
        assert_eq!(after, before, "{shell}");

        for name in SHELL_FILES {
            assert_eq!(sandbox.read(Path::new("home").join(name)), format!("# {name}\n"));
        }
        let homes = fs::read_dir(sandbox.home()).expect("list the home").flatten();
        let mut names: Vec<_> = homes.map(|entry| entry.file_name()).collect();
        names.retain(|name| !SHELL_FILES.iter().any(|known| name == known));
        names.sort();
        assert_eq!(names, [".cache", ".config", ".local"], "{shell}");
    }
}

#[test]
fn without_tools_nothing_is_chosen() {
    let upstream = Upstream::start();
    let sandbox = set_up(&upstream);
    install(&sandbox, "sh", &[]).run().succeeds().stdout_has_line(&format!(
        "usher is installed: {}",
        sandbox.mask(&sandbox.shims().display().to_string())
    ));
    assert!(sandbox.shim("use").exists() && sandbox.shim("usher").exists());
    assert!(!sandbox.home().join(".config/usher/tool-versions").exists());
    let calls = sandbox.read("cargo-calls");
    assert!(
        calls
            .lines()
            .all(|line| line.starts_with(&*sandbox.root().join("check out: ").to_string_lossy())),
        "{calls}"
    );
}

#[test]
fn a_missing_static_target_is_added() {
    let upstream = Upstream::start();
    let sandbox = set_up(&upstream);
    let log = sandbox.root().join("targets");
    let rustup = format!("#!/bin/sh\necho \"$*\" >> '{}'\n", log.display());
    sandbox.executable("cargo/rustup", &rustup);
    let outcome = install(&sandbox, "sh", &[]).run().succeeds();
    assert_eq!(outcome.stderr, "", "{outcome}");
    assert_eq!(sandbox.read("targets"), "target add x86_64-unknown-linux-musl\n");

    // The target is already installed.
    sandbox.executable("cargo/rustc", "#!/bin/sh\necho /\n");
    install(&sandbox, "sh", &[]).run().succeeds();
    assert_eq!(sandbox.read("targets"), "target add x86_64-unknown-linux-musl\n");
}

#[test]
fn usher_home_holds_everything_and_a_folder_on_path_needs_no_line() {
    let upstream = Upstream::start();
    let sandbox = set_up(&upstream);
    let roof = sandbox.root().join("a roof");
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        roof.join("shims").display(),
        sandbox.root().join("cargo").display()
    );
    let command = install(&sandbox, "sh", &["nodejs@12"]).variable("USHER_HOME", &roof);
    let outcome = command.variable("PATH", path).run().succeeds();
    let outcome = outcome.stdout_has_line("node --version: v12.22.12");
    let outcome = outcome.stdout_has_line("[SANDBOX]/a roof/shims is already on PATH");
    assert!(!outcome.stdout.contains("PATH="), "{outcome}");
    assert!(!sandbox.home().join(".local").exists());
    assert_eq!(sandbox.read("a roof/config/tool-versions"), "nodejs 12\n");
}

#[test]
fn an_invalid_call_changes_nothing() {
    let upstream = Upstream::start();
    let sandbox = set_up(&upstream);
    install(&sandbox, "sh", &["--help"]).run().succeeds().stdout_has_line("Examples:");
    let outcome = install(&sandbox, "sh", &["--sytem"]).run().fails_with(2);
    outcome.stderr_contains("error: unknown option: --sytem");

    // Root may run this test. A fake `id` makes the script believe that it isn't root.
    sandbox.executable("cargo/id", "#!/bin/sh\necho 1000\n");
    let outcome = install(&sandbox, "sh", &["node@12", "--system"]).run().fails_with(77);
    outcome.stderr_contains("which needs root").stderr_contains("hint: sudo ./install.sh --system");
    assert!(!sandbox.root().join("cargo-calls").exists(), "cargo was called");
    assert!(state(&sandbox.home()).is_empty());
}

#[test]
fn without_cargo_the_error_names_rustup() {
    let upstream = Upstream::start();
    let sandbox = set_up(&upstream);
    let tools = sandbox.folder("tools");
    for name in ["dirname", "id", "sed", "cat", "grep"] {
        let places = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
        let place =
            places.iter().find(|place| place.exists()).expect("POSIX systems have this program");
        symlink(place, tools.join(name)).expect("link the program");
    }
    let command = install(&sandbox, "/bin/sh", &["node@12"]).variable("PATH", &tools);
    let outcome = command.clone().run().fails_with(127);
    outcome.stderr_contains("cargo is not on PATH").stderr_contains("https://rustup.rs");

    // Finds rustup's cargo, even if this shell's PATH doesn't have its folder yet.
    let home = sandbox.folder("home/.cargo/bin");
    fs::rename(sandbox.root().join("cargo/cargo"), home.join("cargo")).expect("move cargo");
    command.run().succeeds().stdout_has_line("node --version: v12.22.12");
}

#[test]
fn a_failed_build_ends_the_installer() {
    let upstream = Upstream::start();
    let sandbox = set_up(&upstream);
    sandbox.executable("cargo/cargo", "#!/bin/sh\necho 'error: no' >&2\nexit 101\n");
    let outcome = install(&sandbox, "sh", &["node@12"]).run().fails_with(101);
    outcome.stderr_contains("error: no").stderr_contains("can't build usher");
    assert!(state(&sandbox.home()).is_empty());
}
