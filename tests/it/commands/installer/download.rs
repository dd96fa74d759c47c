//! What `install.sh` downloads is installed: from a pipe or a file, with curl or wget, through a proxy,
//! from a folder, over an older usher.

use std::fs;

use usher_shims::index::{VERSION, index_file};

use super::{Releases, find, path, script, shells};
use crate::commands::skipped;
use crate::support::Misbehaviour;

/// The programs that download, by the name on PATH and the program that has it.
fn downloaders() -> Vec<(&'static str, &'static str)> {
    let all = [("curl", "curl"), ("wget", "wget"), ("wget", "busybox")];
    all.into_iter().filter(|(_, program)| find(program).is_some()).collect()
}

/// Puts one of [`downloaders`] on PATH.
fn add_downloader(releases: &Releases, (name, program): (&str, &str)) {
    let program = find(program).expect("an installed program");
    super::link(&releases.sandbox, &program, name);
}

#[test]
fn every_shell_and_downloader_installs_the_newest_release() {
    let Some(first) = downloaders().first().copied() else { return };
    let by_shell = shells().into_iter().map(|shell| (shell, first));
    let by_downloader = downloaders().into_iter().skip(1).map(|downloader| ("sh", downloader));
    for (shell, downloader) in by_shell.chain(by_downloader) {
        let releases = Releases::of_script();
        add_downloader(&releases, downloader);
        let done = releases.piped(shell).run().succeeds();
        let done = done.stdout_has_line("downloading usher 99.1.0 for linux-test");
        let done = done.stdout_has_line("usher is installed: [SANDBOX]/home/shims");
        assert_eq!(done.stdout.lines().last(), Some("PATH=..."), "{done}");
        assert_eq!(fs::read_dir(releases.sandbox.root().join("tmp")).unwrap().count(), 0, "{done}");
    }
}

#[test]
fn arguments_name_tools_in_a_pipe_and_in_a_file() {
    let Some(downloader) = downloaders().first().copied() else { return };
    let releases = Releases::new();
    add_downloader(&releases, downloader);
    let line = "node --version: v12.22.12";
    let piped = releases.piped("sh").arguments(["-s", "--", "node@12"]).run().succeeds();
    let piped = piped.stdout_has_line(line);
    let piped = piped.stdout_has_line(&format!("downloading usher {VERSION} for linux-test"));
    assert!(index_file(&releases.sandbox.shims()).exists(), "{piped}");
    let before = releases.sandbox.tree("home");

    // A file in a checkout of another project. A second run changes nothing.
    releases.sandbox.file("project/Cargo.toml", "[package]\nname = \"acme\"\n");
    releases.sandbox.file("project/install.sh", script());
    let shell = find("sh").expect("a shell");
    let file = releases.sandbox.command(shell).arguments(["install.sh", "node@12"]);
    file.run().succeeds().stdout_has_line(line);
    assert_eq!(before.changes(&releases.sandbox.tree("home")), Vec::<String>::new());
}

#[test]
fn a_release_replaces_an_older_and_a_newer_usher() {
    let Some(downloader) = downloaders().first().copied() else { return };
    let releases = Releases::new();
    add_downloader(&releases, downloader);
    let program = releases.sandbox.command(env!("CARGO_BIN_EXE_use"));
    program.arguments(["self", "install"]).run().succeeds();
    let current = fs::read(releases.sandbox.shim("use")).unwrap();
    for (version, is_newer) in [("0.0.1", false), ("99.1.0", true)] {
        let index = index_file(&releases.sandbox.shims());
        let text = fs::read_to_string(&index).unwrap();
        let text = text.replace(&format!("usher\t{VERSION}\n"), &format!("usher\t{version}\n"));
        fs::write(&index, text).unwrap();
        fs::remove_file(releases.sandbox.shim("use")).unwrap();
        releases.sandbox.executable(releases.sandbox.shim("use"), "#!/bin/sh\nexit 3\n");
        let done = releases.piped("sh").run().succeeds();
        assert!(fs::read(releases.sandbox.shim("use")).unwrap() == current, "{done}");
        let note = format!("usher {VERSION} replaced {version}, which is newer");
        assert_eq!(done.stderr.contains(&note), is_newer, "{done}");
    }
}

#[test]
fn a_named_version_is_installed_from_a_folder_with_any_name() {
    let releases = Releases::new();
    let folder = releases.sandbox.folder("it's a \"mirror\" of $HOME?");
    let version = folder.join(VERSION);
    fs::create_dir(&version).unwrap();
    for name in ["SHA256SUMS", "use-linux-test"] {
        let body = releases.upstream.body(&path(&format!("{VERSION}/{name}")));
        fs::write(version.join(name), body).unwrap();
    }
    let home = releases.sandbox.folder("home/it's \"$PWD\" `id`");
    let from = |address: String| {
        let command = releases.piped("sh").variable("HOME", &home);
        let command = command.variable("USHER_RELEASES", address);
        command.variable("USHER_VERSION", format!("v{VERSION}"))
    };
    // Neither curl nor wget is on PATH.
    let by_path = from(format!("{}/none", folder.display())).run().fails_with(69);
    by_path.stderr_contains("$HOME?/none/0.1.0/SHA256SUMS");
    let done = from(format!("file://{}/", folder.display())).run().succeeds();
    assert!(home.join(".local/share/usher/shims/use").exists(), "{done}");
    done.stdout_has_line(
        "usher is installed: [SANDBOX]/home/it's \"$PWD\" `id`/.local/share/usher/shims",
    );
}

#[test]
fn a_proxy_is_asked_for_everything() {
    for downloader in downloaders() {
        let releases = Releases::of_script();
        add_downloader(&releases, downloader);
        let sandbox = &releases.sandbox;
        // A proxy gets the whole address, which is a path to the fake upstream.
        let names = ["latest", "99.1.0/SHA256SUMS", "99.1.0/use-linux-test"];
        for name in names {
            let body = releases.upstream.body(&path(name));
            releases.upstream.put(&format!("http://releases.invalid/{name}"), body);
        }
        assert!(!sandbox.home().join("ran").exists());
        let command = releases.piped("sh").without_variable("no_proxy");
        let command = command.variable("http_proxy", releases.upstream.base());
        command.variable("USHER_RELEASES", "http://releases.invalid/").run();
        assert!(sandbox.home().join("ran").exists(), "{downloader:?}");
        for name in names {
            assert_eq!(releases.upstream.requests(&format!("http://releases.invalid/{name}")), 1);
            assert_eq!(releases.upstream.requests(&path(name)), 0);
        }
    }
}

#[test]
fn a_connection_that_breaks_is_tried_again() {
    for downloader in downloaders() {
        let releases = Releases::of_script();
        add_downloader(&releases, downloader);
        let program = path("99.1.0/use-linux-test");
        releases.upstream.misbehave_times(&program, 1, Misbehaviour::CutAfter(9));
        releases.upstream.misbehave_times(&path("latest"), 2, Misbehaviour::Status(503));
        releases.piped("sh").run();
        assert!(releases.sandbox.home().join("ran").exists(), "{downloader:?}");
        assert_eq!(releases.upstream.requests(&program), 2);
    }
}

#[test]
fn the_signature_is_checked_where_minisign_is_installed() {
    let releases = Releases::of_script();
    if downloaders().is_empty() || !releases.with_tool("minisign") {
        skipped("the signature that install.sh checks isn't tested");
        return;
    }
    add_downloader(&releases, downloaders()[0]);
    let key = releases.key.public();
    // As the release task writes the key.
    let signed = script().replace("\nrelease_key=''\n", &format!("\nrelease_key='{key}'\n"));
    assert!(signed.contains(&key));
    let run = || releases.piped("sh").standard_input(signed.clone()).run();
    let done = run();
    assert!(releases.sandbox.home().join("ran").exists(), "{done}");
    assert!(!done.stderr.contains("authenticated"), "{done}");
    fs::remove_file(releases.sandbox.home().join("ran")).unwrap();
    fs::remove_dir_all(releases.sandbox.home().join("shims")).unwrap();

    let name = "99.1.0/SHA256SUMS.minisig";
    let sums = String::from_utf8(releases.upstream.body(&path("99.1.0/SHA256SUMS"))).unwrap();
    let other = crate::support::ReleaseKey::new(2);
    releases.put(name, other.sign(&sums, "usher 99.1.0"));
    let invalid = "error: the signature of usher 99.1.0 is invalid";
    run().fails_with(76).stderr_contains(&format!("{invalid}\n"));
    releases.put(name, releases.key.sign("other sums", "usher 99.1.0"));
    run().fails_with(76).stderr_contains(&format!("{invalid}\n"));
    // An old release under a new name.
    releases.put(name, releases.key.sign(&sums, "usher 99.0.0"));
    run().fails_with(76).stderr_contains(&format!("{invalid}: it is of usher 99.0.0"));
    releases.upstream.misbehave(&path(name), Misbehaviour::Status(404));
    run().fails_with(69).stderr_contains("SHA256SUMS.minisig: the server answered 404");
    releases.assert_untouched();
}
