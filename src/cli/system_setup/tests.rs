//! The plans as data, the lines in the real shells, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use usher_shims::error::ErrorKind;

use super::completions::{plan_completions, plan_completions_removal};
use super::lines::fish_lines;
use super::{MachineFiles, SystemPlan, apply, plan, plan_removal, posix_lines};

const SHIMS: &str = "/opt/usher/shims";

const SUDOERS: &str =
    "Defaults\tenv_reset\nDefaults secure_path=\"/sbin:/bin\"\n@includedir /etc/sudoers.d\n";

/// `/etc` in memory.
#[derive(Debug, Clone, Default, PartialEq)]
struct Etc(BTreeMap<PathBuf, String>);

impl Etc {
    fn with(files: &[(&str, &str)]) -> Self {
        let at = |name: &str| Path::new("/etc").join(name);
        Self(files.iter().map(|(name, text)| (at(name), (*text).to_owned())).collect())
    }

    /// A Debian with every shell and sudo.
    fn debian() -> Self {
        Self::with(&[
            ("profile", "for i in /etc/profile.d/*.sh; do . $i; done\n"),
            ("bash.bashrc", "[ -z \"$PS1\" ] && return\n"),
            ("zsh/zshenv", "true\n"),
            ("fish/config.fish", ""),
            ("environment", "PATH=\"/usr/bin:/bin\"\n"),
            ("sudoers", SUDOERS),
            ("crontab", "PATH=/bin\n"),
        ])
    }

    fn plan(&self) -> SystemPlan {
        plan(Path::new("/etc"), Path::new(SHIMS), self).unwrap()
    }

    fn changed(mut self, plan: &SystemPlan) -> Self {
        for change in &plan.changes {
            let file = &change.file;
            assert_eq!(self.0.get(&file.path), file.before.as_ref());
            match &file.after {
                Some(text) => self.0.insert(file.path.clone(), text.clone()),
                None => self.0.remove(&file.path),
            };
        }
        self
    }
}

impl MachineFiles for Etc {
    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        Ok(self.0.get(path).cloned())
    }

    fn list(&self, folder: &Path) -> io::Result<Option<Vec<String>>> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(folder).ok());
        let mut names: Vec<String> = below
            .filter_map(|rest| Some(rest.iter().next()?.to_string_lossy().into_owned()))
            .collect();
        names.dedup();
        Ok((!names.is_empty()).then_some(names))
    }
}

fn changed_files(plan: &SystemPlan) -> Vec<String> {
    let bits = |change: &super::SystemChange| {
        format!("{} {:o}", change.file.path.to_str().unwrap(), change.bits)
    };
    plan.changes.iter().map(bits).collect()
}

#[test]
fn every_file_is_changed_once_and_restored() {
    let before = Etc::debian();
    let first = before.plan();
    assert_eq!(
        changed_files(&first),
        [
            "/etc/profile.d/usher.sh 644",
            "/etc/bash.bashrc 644",
            "/etc/zsh/zshenv 644",
            "/etc/fish/conf.d/usher-machine.fish 644",
            "/etc/environment 644",
            "/etc/sudoers.d/usher 440",
        ]
    );
    assert_eq!(first.notes, [""; 0]);
    let after = before.clone().changed(&first);
    let text = |name: &str| after.0[&Path::new("/etc").join(name)].as_str();
    assert!(text("environment").contains("\nPATH=\"/opt/usher/shims:/usr/bin:/bin\"\n"));
    assert!(text("sudoers.d/usher").contains("secure_path=\"/opt/usher/shims:/sbin:/bin\"\n"));
    assert!(text("bash.bashrc").starts_with("# >>> usher >>>\n"));
    assert_eq!(after.plan(), SystemPlan::default());
    let undone = after.clone().changed(&plan_removal(Path::new("/etc"), &after).unwrap());
    assert_eq!(undone, before);
    assert_eq!(plan_removal(Path::new("/etc"), &before).unwrap(), SystemPlan::default());
}

#[test]
fn completions_are_put_where_there_is_a_folder_for_them() {
    let planned = |etc: &Etc| {
        let mut plan = SystemPlan::default();
        plan_completions(Path::new("/etc"), etc, &mut plan).unwrap();
        plan
    };
    let removed = |etc: &Etc| {
        let mut plan = SystemPlan::default();
        plan_completions_removal(Path::new("/etc"), etc, &mut plan).unwrap();
        plan
    };
    assert_eq!(planned(&Etc::debian()), SystemPlan::default());
    let before = Etc::with(&[
        ("bash_completion.d/git", ""),
        ("fish/completions/git.fish", ""),
        ("fish/completions/use.fish", "# the administrator's\n"),
        ("/usr/local/share/zsh/site-functions/_git", ""),
    ]);
    let first = planned(&before);
    assert_eq!(
        changed_files(&first),
        [
            "/etc/bash_completion.d/usher 644",
            "/usr/local/share/zsh/site-functions/_usher 644",
            "/etc/fish/completions/usher.fish 644",
        ]
    );
    assert_eq!(first.notes, ["/etc/fish/completions/use.fish isn't usher's, and stays"]);
    let after = before.clone().changed(&first);
    assert_eq!(planned(&after).changes, []);
    // An older one is replaced.
    let file = PathBuf::from("/etc/bash_completion.d/usher");
    let mut older = after.clone();
    older.0.get_mut(&file).unwrap().push_str("# older\n");
    assert_eq!(older.clone().changed(&planned(&older)), after);
    assert_eq!(after.clone().changed(&removed(&after)), before);
    assert_eq!(removed(&before), SystemPlan::default());
    // What removes usher from the machine removes them, too.
    let all = plan_removal(Path::new("/etc"), &after).unwrap();
    assert_eq!(changed_files(&all), changed_files(&removed(&after)));
}

#[test]
fn shells_that_are_not_installed_get_no_file() {
    let bare = Etc::with(&[("profile", "umask 022\n"), ("zshenv", "")]);
    assert_eq!(
        changed_files(&bare.plan()),
        [
            "/etc/profile.d/usher.sh 644",
            "/etc/profile 644",
            "/etc/zshenv 644",
            "/etc/environment 644",
        ]
    );
}

#[test]
fn sudo_is_changed_only_where_that_has_an_effect() {
    let check = |sudoers: &str, others: &[(&str, &str)], expected: &str| {
        let etc = Etc::with(&[&[("sudoers", sudoers)], others].concat());
        let SystemPlan { changes, notes } = etc.plan();
        let own = changes.iter().find(|change| change.file.path.ends_with("sudoers.d/usher"));
        let line = own.and_then(|own| own.file.after.as_ref()?.lines().nth(1).map(str::to_owned));
        assert_eq!(line.into_iter().chain(notes).collect::<Vec<_>>(), [expected], "{sudoers}");
    };
    let set = "Defaults secure_path=\"/opt/usher/shims:/a\"";
    check("Defaults secure_path=/a\n#includedir /etc/sudoers.d\n", &[], set);
    check("Defaults secure_path=/a\n@includedir sudoers.d\n", &[], set);
    let include = "Defaults secure_path=/b\n@include /etc/more\n@includedir /etc/sudoers.d\n";
    check(include, &[("more", "Defaults secure_path = /a\n")], set);
    // sudo doesn't read these.
    let skipped = [
        ("sudoers.d/a.dpkg-new", "Defaults secure_path=/z\n"),
        ("sudoers.d/zz~", "Defaults secure_path=/z\n"),
    ];
    check("Defaults secure_path=/a\n@includedir /etc/sudoers.d\n", &skipped, set);
    check(
        "Defaults secure_path=/a\n",
        &[],
        "sudo is not changed: its configuration doesn't include /etc/sudoers.d",
    );
    check(
        "@includedir /etc/sudoers.d\n",
        &[],
        "sudo is not changed: it has no secure_path, and keeps PATH",
    );
    check(
        SUDOERS,
        &[("sudoers.d/zz-site", "Defaults secure_path=/z\n")],
        "sudo is not changed: /etc/sudoers.d/zz-site sets secure_path after usher's file would; \
         put /opt/usher/shims: first there",
    );
    check(
        "Defaults !secure_path\n@includedir /etc/sudoers.d\n",
        &[],
        "sudo is not changed: /etc/sudoers switches secure_path off, and so PATH is kept",
    );
    let includes_itself = Etc::with(&[("sudoers", "@include /etc/sudoers\n")]);
    assert_eq!(includes_itself.plan().notes.len(), 1);
}

#[test]
fn a_folder_that_needs_quotes_and_a_damaged_block_are_refused() {
    let etc = Etc::debian();
    for odd in ["/opt/a b/shims", "/opt/a:b", "relative", "/opt/it's", "/opt/$HOME"] {
        let error = plan(Path::new("/etc"), Path::new(odd), &etc).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{odd}");
    }
    let damaged = Etc::with(&[("environment", "# >>> usher >>>\nPATH=/x\n")]);
    let error = plan(Path::new("/etc"), Path::new(SHIMS), &damaged).unwrap_err();
    let hint = "delete what is left of the block from /etc/environment, then: use setup --system";
    assert_eq!(error.hint.as_deref(), Some(hint));
    assert_eq!(plan_removal(Path::new("/etc"), &damaged), Err(error));
}

/// `/etc` on disk, with a `visudo` that runs this script.
fn on_disk(visudo: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let visudo_path = folder.path().join("visudo");
    fs::write(&visudo_path, format!("#!/bin/sh\n{visudo}\n")).unwrap();
    fs::set_permissions(&visudo_path, fs::Permissions::from_mode(0o755)).unwrap();
    let etc = folder.path().join("etc");
    for (path, text) in Etc::debian().0 {
        let path = etc.join(path.strip_prefix("/etc").unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text.replace("/etc/sudoers.d", "sudoers.d")).unwrap();
    }
    fs::create_dir_all(etc.join("sudoers.d")).unwrap();
    (folder, visudo_path)
}

fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| {
        if path.is_dir() {
            return tree(&path).into_iter().collect::<Vec<_>>();
        }
        let mode = path.metadata().unwrap().mode() & 0o7777;
        let text = fs::read_to_string(&path).unwrap();
        vec![(path, (mode, text))]
    });
    below.collect()
}

#[test]
fn changes_are_made_with_their_modes_and_undone() {
    let (folder, visudo) = on_disk("exit 0");
    let etc = folder.path().join("etc");
    fs::set_permissions(etc.join("zsh/zshenv"), fs::Permissions::from_mode(0o600)).unwrap();
    let before = tree(&etc);
    let planned = plan(&etc, Path::new(SHIMS), &super::Disk).unwrap();
    apply(&planned.changes, &etc, Some(&visudo)).unwrap();
    let mode = |name: &str| etc.join(name).metadata().unwrap().mode() & 0o777;
    assert_eq!(
        ["profile.d", "profile.d/usher.sh", "sudoers.d/usher", "zsh/zshenv"].map(mode),
        [0o755, 0o644, 0o440, 0o600]
    );
    // Made already.
    apply(&planned.changes, &etc, Some(&visudo)).unwrap();
    let removal = plan_removal(&etc, &super::Disk).unwrap();
    apply(&removal.changes, &etc, None).unwrap();
    assert_eq!(tree(&etc), before);
}

#[test]
fn what_visudo_refuses_is_not_left_behind() {
    let whole = "for last; do :; done; [ -f \"$last\" ] && exit 0; echo 'parse error'; exit 1";
    for (visudo, others_changed) in [("echo 'syntax error' >&2; exit 1", false), (whole, true)] {
        let (folder, visudo) = on_disk(visudo);
        let etc = folder.path().join("etc");
        let before = tree(&etc);
        let planned = plan(&etc, Path::new(SHIMS), &super::Disk).unwrap();
        let error = apply(&planned.changes, &etc, Some(&visudo)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ProgramFailed);
        assert!(error.to_string().contains("visudo reports: "), "{error}");
        assert!(!etc.join("sudoers.d/usher").exists());
        assert_eq!(tree(&etc) != before, others_changed);
        let error = apply(&planned.changes, &etc, None).unwrap_err();
        assert!(error.to_string().contains("there is no visudo"), "{error}");
    }
}

#[test]
fn links_and_changed_files_are_refused() {
    let (folder, visudo) = on_disk("exit 0");
    let etc = folder.path().join("etc");
    let planned = plan(&etc, Path::new(SHIMS), &super::Disk).unwrap();
    let inside = etc.join("inside");
    fs::rename(etc.join("environment"), &inside).unwrap();
    for target in [inside.as_path(), &folder.path().join("visudo")] {
        symlink(target, etc.join("environment")).unwrap();
        let before = fs::read_to_string(target).unwrap();
        let error = apply(&planned.changes, &etc, Some(&visudo)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permission, "{error}");
        assert_eq!(fs::read_to_string(target).unwrap(), before);
        fs::remove_file(etc.join("environment")).unwrap();
    }
    fs::write(etc.join("environment"), "PATH=/other\n").unwrap();
    let error = apply(&planned.changes, &etc, Some(&visudo)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(!etc.join("profile.d/usher.sh").exists());
}

/// The PATH after the lines, in each shell that this machine has.
fn check_path(variables: &[(&str, &str)], expected: &str) {
    let fish = fish_lines(SHIMS) + "\nprintf '%s' (string join : $PATH)";
    let posix = posix_lines(SHIMS) + "\nprintf %s \"$PATH\"";
    let strict = format!("set -eu\n{posix}");
    for (shell, options, lines) in [
        ("sh", "-c", &strict),
        ("dash", "-c", &strict),
        ("bash", "-c", &strict),
        ("zsh", "-fc", &strict),
        ("ksh", "-c", &strict),
        ("busybox", "sh", &strict),
        ("fish", "-Nc", &fish),
    ] {
        let folders = ["/usr/bin", "/bin", "/usr/local/bin"];
        let program = folders.map(|folder| Path::new(folder).join(shell));
        let Some(program) = program.into_iter().find(|program| program.exists()) else {
            eprintln!("SKIPPED: this machine has no {shell}");
            continue;
        };
        let arguments = if options == "sh" { vec!["sh", "-c"] } else { vec![options] };
        let mut command = Command::new(program);
        command.args(arguments).arg(lines).env_clear().envs(variables.iter().copied());
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!((&*printed, &*errors), (expected, ""), "{shell} {variables:?}");
    }
}

#[test]
fn the_accounts_folder_comes_before_the_machines() {
    let is_root = rustix::process::geteuid().is_root();
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    let own = format!("{home}/.local/share/usher/shims");
    let check = |path: &str, expected: &str| {
        let path = path.replace("OWN", &own);
        check_path(&[("HOME", home), ("PATH", &path)], &expected.replace("OWN", &own));
    };
    check("/usr/bin:/bin", "OWN:/opt/usher/shims:/usr/bin:/bin");
    check("OWN:/opt/usher/shims:/bin", "OWN:/opt/usher/shims:/bin");
    check("/opt/usher/shims:/bin", "OWN:/opt/usher/shims:/bin");
    // An activated virtual environment stays first.
    check("/venv/bin:OWN:/bin", "/venv/bin:OWN:/opt/usher/shims:/bin");
    check("/venv/bin:OWN", "/venv/bin:OWN:/opt/usher/shims");
    check("/venv/bin:/opt/usher/shims:OWN:/bin", "/venv/bin:/opt/usher/shims:OWN:/bin");
    let data = format!("{home}/data");
    fs::create_dir(&data).unwrap();
    check_path(
        &[("HOME", home), ("XDG_DATA_HOME", &data), ("PATH", "/bin")],
        &format!("{data}/usher/shims:/opt/usher/shims:/bin"),
    );
    check_path(
        &[("HOME", home), ("XDG_DATA_HOME", "relative"), ("PATH", "/bin")],
        &format!("{own}:/opt/usher/shims:/bin"),
    );
    // With an empty HOME, or none, zsh and fish look it up, and the others have none.
    for odd in ["/a:b", "relative"] {
        check_path(&[("PATH", "/bin"), ("HOME", odd)], "/opt/usher/shims:/bin");
    }
    if is_root {
        let others = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(others.path(), Some(65534), None).unwrap();
        let home = others.path().to_str().unwrap();
        check_path(&[("PATH", "/bin"), ("HOME", home)], "/opt/usher/shims:/bin");
    }
}
