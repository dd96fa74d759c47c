//! Links, and other files than version files, where `use` writes: a project's files belong to others.
//!
//! A refusal names the link and where it leads, its hint works, and no file outside changes.

use std::fs;
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::with_default;
use crate::support::{Outcome, Sandbox};

/// Private text that no message may repeat.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0123456789 me@home";

const VOLTA: &str = "{ \"volta\": { \"node\": \"10.0.0\" } }\n";

/// A `package.json` whose pin is in another file.
const EXTENDING: &str = "{ \"volta\": { \"extends\": \"./base/volta.json\" } }\n";

/// A sandbox with two versions, and a folder `foreign` of files outside of the project.
fn with_foreign() -> Sandbox {
    let sandbox = with_default();
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.reshim();
    for (name, text) in [
        ("keys", KEY),
        ("nvmrc", "10\n"),
        ("tool-versions", "python 3.8\n"),
        ("package.json", VOLTA),
        ("mise.toml", "[tools]\nnode = \"10\"\n"),
        ("env", "NODE_VERSION=10\n"),
        ("folder/volta.json", VOLTA),
    ] {
        sandbox.file(format!("foreign/{name}"), text);
    }
    sandbox
}

fn pin(sandbox: &Sandbox) -> Outcome {
    sandbox.use_command(&["node@12.22.11"]).run()
}

/// Nothing outside of the project changes, and the command of the hint, run as it stands, lets the
/// next try succeed.
fn refused(sandbox: &Sandbox, what: &str, run: impl Fn() -> Outcome) -> Outcome {
    let before = sandbox.tree("");
    let outcome = run().fails_with(77);
    assert_eq!(before.changes(&sandbox.tree("")), Vec::<String>::new(), "{what}: {outcome}");
    assert!(!outcome.stderr.contains("AAAA"), "{what}: {outcome}");
    let hint = outcome.stderr.lines().find_map(|line| line.trim().strip_prefix("hint: "));
    let hint = hint.unwrap_or_else(|| panic!("{what}: {outcome}"));
    let foreign = sandbox.tree("foreign");
    let shell = sandbox.command("/bin/sh").variable("PATH", "/usr/bin:/bin");
    shell.arguments(["-c", hint]).run().succeeds();
    run().succeeds();
    assert_eq!(foreign.changes(&sandbox.tree("foreign")), Vec::<String>::new(), "{what}");
    outcome
}

#[test]
fn no_pin_is_written_through_a_link_out_of_the_project() {
    for (link, target) in [
        (".nvmrc", "{foreign}/keys"),
        (".nvmrc", "{foreign}/nvmrc"),
        (".nvmrc", "../foreign/nvmrc"),
        (".nvmrc", "sub/../../foreign/nvmrc"),
        (".nvmrc", "hop"),
        (".nvmrc", "{foreign}/absent"),
        (".nvmrc", "../foreign/absent"),
        (".nvmrc", "{project}/../foreign/nvmrc"),
        (".nvmrc", "/proc/self/cwd/../foreign/nvmrc"),
        (".tool-versions", "{foreign}/tool-versions"),
        (".tool-versions", "{foreign}/keys"),
        (".tool-versions", "../foreign/absent"),
        ("package.json", "../foreign/package.json"),
        ("mise.toml", "../foreign/mise.toml"),
        (".env", "../foreign/env"),
    ] {
        let sandbox = with_foreign();
        sandbox.folder("project/sub");
        symlink("../foreign/nvmrc", sandbox.project().join("hop")).unwrap();
        let [foreign, project] = ["foreign", "project"].map(|name| sandbox.root().join(name));
        let target = target.replace("{foreign}", foreign.to_str().unwrap());
        let target = target.replace("{project}", project.to_str().unwrap());
        symlink(&target, project.join(link)).unwrap();
        let outcome = refused(&sandbox, &format!("{link} -> {target}"), || pin(&sandbox));
        let message = format!("[SANDBOX]/project/{link} is a link out of this project, to ");
        outcome.stderr_contains(&message);
    }
}

/// Such a file isn't read either, so the project has no pin yet.
#[test]
fn an_extended_file_outside_of_the_project_is_not_edited() {
    let sandbox = with_foreign();
    sandbox.file("project/package.json", EXTENDING);
    symlink("../foreign/folder", sandbox.project().join("base")).unwrap();
    let before = sandbox.tree("foreign");
    pin(&sandbox).succeeds();
    assert_eq!(before.changes(&sandbox.tree("foreign")), Vec::<String>::new());
    assert_eq!(sandbox.read("project/.tool-versions"), "nodejs 12.22.11\n");
}

#[test]
fn a_refused_link_is_named_with_its_target() {
    let sandbox = with_foreign();
    symlink("../foreign/keys", sandbox.project().join(".nvmrc")).unwrap();
    insta::assert_snapshot!(pin(&sandbox).transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: [SANDBOX]/project/.nvmrc is a link out of this project, to [SANDBOX]/foreign/keys
      hint: rm [SANDBOX]/project/.nvmrc
    ");
}

#[test]
fn links_to_other_things_than_files_are_refused() {
    let sandbox = with_foreign();
    sandbox.command("/usr/bin/mkfifo").argument(sandbox.project().join("fifo")).run().succeeds();
    sandbox.folder("project/folder");
    let nvmrc = sandbox.project().join(".nvmrc");
    for target in ["folder", "fifo", "/dev/null", "/dev/zero", "../foreign", ".nvmrc"] {
        symlink(target, &nvmrc).unwrap();
        let before = sandbox.tree("");
        let outcome = pin(&sandbox);
        assert_ne!(outcome.status.code(), Some(0), "{target}: {outcome}");
        assert_eq!(before.changes(&sandbox.tree("")), Vec::<String>::new(), "{target}");
        fs::remove_file(&nvmrc).unwrap();
    }
}

#[test]
fn links_inside_of_the_project_are_followed_and_stay_links() {
    let sandbox = with_foreign();
    let project = sandbox.project();
    let app = sandbox.folder("project/app");
    for (link, target) in [
        ("app/.nvmrc", "../shared/nvmrc"),
        ("app/.nvmrc", "./hop"),
        ("app/.nvmrc", "{project}/shared/nvmrc"),
        ("app/.tool-versions", "../shared/tool-versions"),
        ("app/base", "./inner"),
    ] {
        sandbox.file("project/shared/nvmrc", "10\n");
        sandbox.file("project/shared/tool-versions", "nodejs 10.0.0\n");
        sandbox.file("project/app/inner/volta.json", VOLTA);
        if link == "app/base" {
            sandbox.file("project/app/package.json", EXTENDING);
        }
        let _ = symlink("../shared/nvmrc", app.join("hop"));
        let link = project.join(link);
        let target = target.replace("{project}", project.to_str().unwrap());
        symlink(&target, &link).unwrap();
        let outcome = sandbox.use_command(&["node@12.22.11"]).directory(&app).run().succeeds();
        assert!(link.is_symlink(), "{target}");
        let file = if link.is_dir() { link.join("volta.json") } else { link.clone() };
        assert!(fs::read_to_string(&file).unwrap().contains("12.22.11"), "{target}: {outcome}");
        fs::remove_file(&link).unwrap();
    }
}

#[test]
fn a_link_to_a_missing_file_is_refused() {
    for link in [".nvmrc", ".tool-versions"] {
        let sandbox = with_foreign();
        let path = sandbox.project().join(link);
        symlink("absent", &path).unwrap();
        let before = sandbox.tree("");
        let outcome = pin(&sandbox).fails_with(73);
        outcome.stderr_contains(&format!("/{link} is a link to a file that doesn't exist"));
        assert_eq!(before.changes(&sandbox.tree("")), Vec::<String>::new());
    }
}

#[test]
fn no_link_leads_to_version_controls_own_files() {
    for target in [".git/refs/heads/main", ".git", "hop/refs/heads/main"] {
        let sandbox = with_foreign();
        match target {
            ".git" => {
                fs::remove_dir(sandbox.project().join(".git")).unwrap();
                sandbox.file("project/.git", "12\n");
            }
            _ => drop(sandbox.file("project/.git/refs/heads/main", "0123456789abcdef\n")),
        }
        symlink(".git", sandbox.project().join("hop")).unwrap();
        symlink(target, sandbox.project().join(".nvmrc")).unwrap();
        let outcome = refused(&sandbox, target, || pin(&sandbox));
        outcome.stderr_contains("is a link to version control's own files");
    }
}

#[test]
fn a_text_that_is_no_version_file_is_not_replaced() {
    for (file, text) in [
        (".nvmrc", KEY),
        (".nvmrc", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n"),
        (".nvmrc", "#!/bin/sh\nexec something else\n"),
        (".node-version", "12\0\u{1}\u{2}"),
        (".tool-versions", "A text about something.\n"),
        (".tool-versions", KEY),
    ] {
        let sandbox = with_foreign();
        let path = sandbox.file(format!("project/{file}"), text);
        let before = sandbox.tree("");
        let outcome = pin(&sandbox).fails_with(65);
        assert_eq!(before.changes(&sandbox.tree("")), Vec::<String>::new(), "{text:?}");
        outcome
            .stderr_contains(&format!("[SANDBOX]/project/{file} is not a version file"))
            .stderr_contains(&format!(
                "hint: mv [SANDBOX]/project/{file} [SANDBOX]/project/{file}.old && use node@12.22.11"
            ));
        fs::rename(&path, path.with_extension("old")).unwrap();
        pin(&sandbox).succeeds();
    }
    // The same behind a link, which is what is in the way.
    let sandbox = with_foreign();
    sandbox.file("project/main.rs", "fn main() {}\n");
    symlink("main.rs", sandbox.project().join(".nvmrc")).unwrap();
    insta::assert_snapshot!(pin(&sandbox).transcript(), @"
    exit status: 65
    --- standard output
    --- standard error
    error: [SANDBOX]/project/.nvmrc is a link to [SANDBOX]/project/main.rs, which is not a version file
      line 1 is not a version
      hint: rm [SANDBOX]/project/.nvmrc && use node@12.22.11
    ");
}

#[test]
fn a_hard_link_keeps_the_old_text_under_its_other_name() {
    let sandbox = with_foreign();
    let foreign = sandbox.root().join("foreign/nvmrc");
    fs::hard_link(&foreign, sandbox.project().join(".nvmrc")).unwrap();
    pin(&sandbox).succeeds();
    assert_eq!(sandbox.read("project/.nvmrc"), "12.22.11\n");
    assert_eq!(sandbox.read("foreign/nvmrc"), "10\n");
}

#[test]
fn the_default_may_be_a_link_inside_of_the_home_folder() {
    let sandbox = with_foreign();
    let default = sandbox.home().join(".config/usher/tool-versions");
    let set = || sandbox.use_command(&["--global", "node@12.22.11"]).run();
    let dotfile = sandbox.file("home/dotfiles/tool-versions", "nodejs 10\n");
    for target in [Path::new("../../dotfiles/tool-versions"), &dotfile] {
        fs::remove_file(&default).unwrap();
        fs::write(&dotfile, "nodejs 10\n").unwrap();
        symlink(target, &default).unwrap();
        set().succeeds();
        assert!(default.is_symlink());
        assert_eq!(sandbox.read("home/dotfiles/tool-versions"), "nodejs 12.22.11\n");
    }
    for target in ["keys", "tool-versions"] {
        fs::remove_file(&default).unwrap();
        symlink(sandbox.root().join("foreign").join(target), &default).unwrap();
        let outcome = refused(&sandbox, target, set);
        outcome.stderr_contains("tool-versions is a link out of your home folder, to ");
    }
    // The configuration folder itself may be elsewhere.
    let elsewhere = sandbox.folder("elsewhere");
    let config = sandbox.home().join(".config/usher");
    fs::remove_dir_all(&config).unwrap();
    symlink(&elsewhere, &config).unwrap();
    set().succeeds();
    assert_eq!(sandbox.read("elsewhere/tool-versions"), "nodejs 12.22.11\n");
}

#[test]
fn a_shells_file_may_be_a_link_inside_of_the_home_folder() {
    let sandbox = with_foreign();
    let profile = sandbox.home().join(".profile");
    let setup = || {
        let command = sandbox.command(sandbox.shim("use")).arguments(["setup", "sh", "--yes"]);
        command.variable("PATH", "/usr/bin:/bin").run()
    };
    sandbox.file("home/dotfiles/profile", "export A=1\n");
    symlink(sandbox.home().join("dotfiles/profile"), &profile).unwrap();
    setup().succeeds();
    assert!(profile.is_symlink());
    assert!(sandbox.read("home/dotfiles/profile").contains("# >>> usher >>>"));

    fs::remove_file(&profile).unwrap();
    symlink("../foreign/keys", &profile).unwrap();
    let before = sandbox.tree("");
    insta::assert_snapshot!(setup().transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: [SANDBOX]/home/.profile is a link out of your home folder, to [SANDBOX]/foreign/keys
      usher's line can be added by hand
      hint: [SANDBOX]/home/.local/share/usher/shims/use setup sh --print
    ");
    assert_eq!(before.changes(&sandbox.tree("")), Vec::<String>::new());
}

#[test]
fn a_jobs_files_are_not_links() {
    let sandbox = with_foreign();
    sandbox.file("project/.nvmrc", "12.22.11\n");
    let link = sandbox.root().join("link");
    symlink(sandbox.root().join("foreign/nvmrc"), &link).unwrap();
    let before = sandbox.tree("");
    let command = sandbox.use_command(&["env", "--github", "node"]);
    insta::assert_snapshot!(command.variable("GITHUB_PATH", &link).run().transcript(), @"
    exit status: 77
    --- standard output
    --- standard error
    error: [SANDBOX]/link is a link
      another account may have put it there
      hint: unset GITHUB_PATH
    ");
    assert_eq!(before.changes(&sandbox.tree("")), Vec::<String>::new());
}

/// Exchanges a file or folder for a link, again and again, while `act` runs. The link is there for a
/// moment only, so that some of what is written is written to the file.
fn while_exchanging(real: &Path, link: &Path, act: impl FnOnce()) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                for pause in [4, 16] {
                    renameat_with(CWD, real, CWD, link, RenameFlags::EXCHANGE).unwrap();
                    thread::sleep(Duration::from_millis(pause));
                }
            }
        });
        let outcome = catch_unwind(AssertUnwindSafe(act));
        is_done.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|failure| resume_unwind(failure));
    });
}

/// A file, or a folder on the way to it, is exchanged for a link by another process. What the link
/// leads to never changes.
#[test]
fn an_exchanged_file_or_folder_leads_nowhere_else() {
    for (name, target) in [(".nvmrc", "foreign/nvmrc"), ("base", "foreign/folder")] {
        let sandbox = with_foreign();
        let at = |name: &str| sandbox.project().join(name);
        if name == "base" {
            sandbox.file("project/package.json", EXTENDING);
            sandbox.file("project/base/volta.json", VOLTA);
        } else {
            sandbox.file("project/.nvmrc", "10\n");
        }
        symlink(sandbox.root().join(target), at("spare")).unwrap();
        let before = sandbox.tree("foreign");
        let mut written = 0;
        while_exchanging(&at(name), &at("spare"), || {
            for version in ["12.22.11", "12.22.12"].into_iter().cycle().take(60) {
                let outcome = sandbox.use_command(&[&format!("node@{version}")]).run();
                written += usize::from(outcome.status.code() == Some(0));
                let changes = before.changes(&sandbox.tree("foreign"));
                assert_eq!(changes, Vec::<String>::new(), "{name}: {outcome}");
            }
        });
        assert_ne!(written, 0, "{name}: nothing was ever written");
    }
}

/// The files of a folder, for what a failed write leaves.
fn names(folder: PathBuf) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_refused_write_leaves_nothing_beside_the_file() {
    let sandbox = with_foreign();
    sandbox.file("project/.nvmrc", KEY);
    pin(&sandbox).fails_with(65);
    assert_eq!(names(sandbox.project()), [".git", ".nvmrc"]);
}
