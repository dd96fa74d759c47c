//! Shims that were emptied, overwritten, cut off, linked, or given another mode. All of them share one
//! file, so one careless command damages all: `use doctor` tells, and `use reshim` mends.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use rustix::fs::{XattrFlags, setxattr};

use crate::commands::skipped;
use crate::crash::owners::is_root;
use crate::support::{Outcome, Sandbox};

/// A pinned node, and files of the sandbox's own, which may be spoiled.
fn with_own_files() -> Sandbox {
    let sandbox = Sandbox::new().offline();
    sandbox.copy_binaries();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    sandbox
}

/// Writes to a file itself, as root does in spite of its mode.
fn overwrite(path: &Path, content: impl AsRef<[u8]>) {
    set_mode(path, 0o755);
    fs::write(path, content).expect("overwrite a shim");
    set_mode(path, 0o555);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("set a mode");
}

fn doctor(sandbox: &Sandbox) -> Outcome {
    sandbox.use_command(&["doctor"]).run()
}

/// Checks that every shim, the binary and `use` are whole, as the embedded shim is.
fn assert_whole(sandbox: &Sandbox, case: &str) {
    let carried = fs::read(Sandbox::shim_binary()).unwrap();
    let entries = fs::read_dir(sandbox.shims()).unwrap().map(|entry| entry.unwrap().path());
    let programs = entries.filter(|path| !path.ends_with(".usher"));
    for path in programs.chain([sandbox.usher().join("shim")]) {
        let seen = fs::symlink_metadata(&path).unwrap();
        let path = path.display();
        assert!(seen.is_file(), "{case}: {path}");
        assert_eq!(seen.mode() & 0o7777, 0o555, "{case}: {path}");
        let is_own = path.to_string().ends_with("/use") || path.to_string().ends_with("/usher");
        assert!(is_own || fs::read(path.to_string()).unwrap() == carried, "{case}: {path}");
    }
    let doctor = doctor(sandbox).succeeds();
    assert!(!doctor.stdout.contains("programs of usher"), "{case}\n{doctor}");
    let again = sandbox.reshim();
    assert_eq!(again.stdout, "all shims are up to date\n", "{case}");
}

/// Spoils something, and checks what is told of it and that it is mended.
fn check(case: &str, spoil: impl Fn(&Sandbox)) -> Sandbox {
    let sandbox = with_own_files();
    assert_whole(&sandbox, "before");
    spoil(&sandbox);
    let told = doctor(&sandbox).fails_with(65);
    let line = format!("error  programs of usher that {case}: ");
    assert!(told.stdout.contains(&line), "{case}\n{told}");
    assert!(told.stdout.contains("       hint: use reshim"), "{case}\n{told}");
    let mended = sandbox.reshim();
    assert!(mended.stdout.starts_with("mended: "), "{mended}");
    assert!(mended.stderr.contains(&format!("mended programs of usher that {case}: ")), "{mended}");
    assert_whole(&sandbox, case);
    let node = sandbox.command("node").argument("x").run().succeeds();
    node.stdout_has_line("argument 1: x");
    sandbox
}

#[test]
fn damage_through_one_name_is_told_and_mended() {
    check("are empty", |sandbox| overwrite(&sandbox.shim("npx"), ""));
    check("are incomplete", |sandbox| {
        let carried = fs::read(Sandbox::shim_binary()).unwrap();
        overwrite(&sandbox.shim("npx"), &carried[..carried.len() / 2]);
    });
    check("were overwritten", |sandbox| overwrite(&sandbox.shim("npx"), "#!/bin/sh\necho hello\n"));
    check("were overwritten", |sandbox| {
        let mut carried = fs::read(Sandbox::shim_binary()).unwrap();
        let middle = carried.len() / 2;
        carried[middle] ^= 1;
        overwrite(&sandbox.shim("node"), carried);
    });
}

#[test]
fn modes_are_told_and_mended() {
    check("aren't executable (mode 444)", |sandbox| set_mode(&sandbox.shim("node"), 0o444));
    check("aren't executable (mode 0)", |sandbox| set_mode(&sandbox.shim("node"), 0));
    check("have mode 755, not 555", |sandbox| set_mode(&sandbox.shim("node"), 0o755));
    check("have mode 777, not 555", |sandbox| set_mode(&sandbox.shim("node"), 0o777));
}

#[test]
fn links_and_a_missing_binary_are_told_and_mended() {
    check("are links", |sandbox| {
        for name in ["node", "npm", "npx"] {
            fs::remove_file(sandbox.shim(name)).unwrap();
            symlink("../shim", sandbox.shim(name)).unwrap();
        }
    });
    let sandbox = check("are missing", |sandbox| {
        fs::remove_file(sandbox.usher().join("shim")).unwrap();
    });
    // A shim that is a copy is whole as well.
    let content = fs::read(sandbox.shim("node")).unwrap();
    fs::remove_file(sandbox.shim("npx")).unwrap();
    overwrite(&sandbox.file(sandbox.shim("npx"), content), fs::read(sandbox.shim("node")).unwrap());
    assert_whole(&sandbox, "a copy");
}

#[test]
fn use_itself_is_mended_by_its_other_name() {
    for content in ["", "#!/bin/sh\nexit 0\n"] {
        let sandbox = with_own_files();
        let carried = fs::read(sandbox.shim("use")).unwrap();
        fs::remove_file(sandbox.shim("use")).unwrap();
        sandbox.executable(sandbox.shim("use"), content);
        let usher = |verb: &str| sandbox.command("usher").argument(verb).run();
        let told = usher("doctor").fails_with(65);
        let fault = if content.is_empty() { "are empty: use" } else { "were overwritten: use" };
        assert!(told.stdout.contains(&format!("programs of usher that {fault}\n")), "{told}");
        // Installed versions run without it; what needs it says how to get it back.
        sandbox.command("node").run().succeeds();
        if content.is_empty() {
            let missing = sandbox.command("node").variable("NODE_VERSION", "13").run();
            let missing = missing.fails_with(126).stderr_contains("shims/use is empty");
            missing.stderr_contains("hint: ./install.sh");
        }
        usher("reshim").succeeds().stdout_has_line("mended: use");
        assert!(fs::read(sandbox.shim("use")).unwrap() == carried);
        assert_whole(&sandbox, content);
    }
}

/// A shim with a fault is usher's; a file that somebody put there isn't.
#[test]
fn only_the_shims_file_counts_as_overwritten() {
    let sandbox = with_own_files();
    fs::remove_file(sandbox.shim("npx")).unwrap();
    sandbox.executable(sandbox.shim("npx"), "#!/bin/sh\necho mine\n");
    let told = doctor(&sandbox);
    assert!(!told.stdout.contains("programs of usher"), "{told}");
}

#[test]
fn another_build_is_told_with_its_version() {
    let sandbox = with_own_files();
    let carried = fs::read(Sandbox::shim_binary()).unwrap();
    let version = concat!("any build. ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();
    let place = memchr::memmem::find(&carried, version).expect("the shim's version");
    let mut newer = carried.clone();
    newer[place + "any build. ".len()] = b'9';
    overwrite(&sandbox.shim("node"), newer);
    // They work, and are of another version.
    sandbox.command("node").run().succeeds();
    let told = doctor(&sandbox).succeeds();
    let line = "note   programs of usher that are of usher 9.1.0, newer than this one (0.1.0): ";
    assert!(told.stdout.contains(line), "{told}");
    sandbox.reshim();
    assert_whole(&sandbox, "a newer build");
}

#[test]
fn rights_on_shims_are_told_with_what_to_do_and_removed() {
    let set_id = "are set-user-ID or set-group-ID (mode 4555) and so ignore variables";
    check(set_id, |sandbox| set_mode(&sandbox.shim("node"), 0o4555));
    if !is_root() {
        return;
    }
    let sandbox = with_own_files();
    // cap_net_bind_service, permitted and effective.
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let name = "security.capability";
    if setxattr(sandbox.shim("node"), name, &capability, XattrFlags::empty()).is_err() {
        return skipped("this file system takes no capabilities");
    }
    let told = doctor(&sandbox).fails_with(65);
    assert!(told.stdout.contains("that have capabilities and so ignore variables: "), "{told}");
    let hint = "use reshim, then: setcap CAPABILITIES \"$(use which node)\"";
    assert!(told.stdout.contains(hint), "{told}");
    let mended = sandbox.reshim();
    let mended = mended.stderr_contains("hint: setcap CAPABILITIES \"$(use which node)\"");
    assert!(mended.stdout.starts_with("mended: "), "{mended}");
    assert_whole(&sandbox, "capabilities");
}

#[test]
fn an_ordinary_account_cannot_write_to_a_shim_and_installs_over_it() {
    if !is_root() {
        return;
    }
    let sandbox = with_own_files();
    sandbox.open_to_all();
    sandbox.chown_to_nobody();
    for name in ["npx", "use", "../shim"] {
        let script = format!(": > '{}'", sandbox.shim(name).display());
        let redirected =
            sandbox.command("/bin/sh").arguments(["-c", &script]).with_user_nobody().run();
        assert!(!redirected.status.success(), "{name}: {redirected}");
    }
    assert_whole(&sandbox, "after redirections");
    let install = sandbox.use_command(&["self", "install"]).with_user_nobody().run();
    install.succeeds();
    let reshim = sandbox.use_command(&["reshim"]).with_user_nobody().run().succeeds();
    assert_eq!(reshim.stdout, "all shims are up to date\n");
    assert_whole(&sandbox, "after an install");
}
