//! What `install.sh` refuses to install: an invalid call, a download that isn't what was published, a
//! system that lacks something. Nothing is left, and nothing of the download ran.

use super::{Releases, find, path, script, shells};
use crate::support::Misbehaviour;

/// Releases of a script, and a program to download them with; `None` if none is installed.
fn set_up() -> Option<Releases> {
    let releases = Releases::of_script();
    let has_downloader = releases.with_tool("curl") || releases.with_tool("wget");
    has_downloader.then_some(releases)
}

#[test]
fn a_script_that_was_cut_does_nothing() {
    let releases = Releases::of_script();
    let text = script();
    let whole = text.trim_end().len();
    let ends = text.match_indices('\n').map(|(end, _)| end).filter(|end| *end < whole);
    // The last line is cut after each of its letters, too.
    let last = text.trim_end().rfind('\n').expect("many lines");
    let ends = ends.chain(last + 2..last + "\nmain".len());
    assert!(ends.clone().count() > 100, "too few lines");
    // Each line in the first shell, some in the others.
    for (shell, step) in shells().into_iter().zip([1].into_iter().chain(std::iter::repeat(7))) {
        for end in ends.clone().step_by(step) {
            let cut = text.get(..end).expect("a border of characters");
            let outcome = releases.piped(shell).standard_input(cut).run();
            assert!(!outcome.stdout.contains("usher"), "{end}: {outcome}");
        }
    }
    assert_eq!(releases.upstream.all_requests().len(), 0);
    releases.assert_untouched();
}

#[test]
fn other_bytes_than_those_published_are_refused() {
    let Some(releases) = set_up() else { return };
    let program = path("99.1.0/use-linux-test");
    let refused_in = |shell: &str, code: i32, expected: &str| {
        releases.piped(shell).run().fails_with(code).stderr_contains(expected);
        releases.assert_untouched();
    };
    releases.upstream.misbehave(&program, Misbehaviour::FlippedBit(20));
    let other = "use-linux-test is not what was published\n  published: sha256:";
    for shell in shells() {
        refused_in(shell, 76, other);
    }
    let refused = |code: i32, expected: &str| refused_in("sh", code, expected);
    releases.upstream.misbehave(&program, Misbehaviour::CutAfter(20));
    refused(69, "error: can't download http://127.0.0.1:[PORT]/usher/99.1.0/use-linux-test\n");
    releases.upstream.misbehave(&program, Misbehaviour::ResetAfter(20));
    refused(69, "error: can't download");
    releases.upstream.misbehave(&program, Misbehaviour::Page);
    refused(76, "is not what was published");
    releases.put("99.1.0/SHA256SUMS", "");
    refused(127, "error: usher 99.1.0 has no program for linux-test");
    releases.upstream.misbehave(&path("99.1.0/SHA256SUMS"), Misbehaviour::Status(404));
    let before = releases.upstream.requests(&path("99.1.0/SHA256SUMS"));
    refused(69, "SHA256SUMS: the server answered 404");
    let asked = releases.upstream.requests(&path("99.1.0/SHA256SUMS")) - before;
    assert_eq!(asked, 1, "asked again, after an answer that stays the same");
}

#[test]
fn every_downloader_reports_a_cut_and_a_missing_file() {
    for (name, program) in [("curl", "curl"), ("wget", "wget"), ("wget", "busybox")] {
        let releases = Releases::of_script();
        let Some(program) = find(program) else { continue };
        super::link(&releases.sandbox, &program, name);
        releases.upstream.misbehave(&path("99.1.0/use-linux-test"), Misbehaviour::CutAfter(20));
        let cut = releases.piped("sh").run().fails_with(69);
        let cut = cut.stderr_contains("error: can't download http://127.0.0.1:[PORT]/usher/99.1.0");
        assert!(!cut.stderr.contains("the server answered"), "{cut}");
        let missing = releases.piped("sh").variable("USHER_VERSION", "1.2.3").run().fails_with(69);
        missing.stderr_contains("usher/1.2.3/SHA256SUMS: the server answered 404");
        releases.assert_untouched();
    }
}

#[test]
fn latest_must_be_a_version() {
    let Some(releases) = set_up() else { return };
    for text in ["", "../x", "1/2", "<html>1.2</html>", "1.2.3\n1.2.4\n", "v1.2.3", "1.2.3 x"] {
        releases.put("latest", text);
        let refused = releases.piped("sh").run().fails_with(69);
        refused.stderr_contains("error: http://127.0.0.1:[PORT]/usher/latest is not a version");
    }
    releases.assert_untouched();
    releases.put("latest", "99.1.0\r\n");
    releases.piped("sh").run();
    assert!(releases.sandbox.home().join("ran").exists());
}

#[test]
fn an_invalid_call_names_what_to_type() {
    let Some(releases) = set_up() else { return };
    let refused = |name: &str, value: &str, expected: &str| {
        let refused = releases.piped("sh").variable(name, value).run().fails_with(2);
        refused.stderr_contains(expected).stderr_contains("\n  hint: export USHER_");
    };
    refused("USHER_RELEASES", "", "this install.sh has no address of releases");
    refused("USHER_RELEASES", "releases.invalid", "USHER_RELEASES is not an address");
    refused("USHER_RELEASES", "ftp://releases.invalid", "USHER_RELEASES is not an address");
    refused("USHER_RELEASES", "https://", "USHER_RELEASES is not an address");
    refused("USHER_RELEASES", "http://host.invalid/?a=b", "contains a space, ? or #");
    refused("USHER_RELEASES", "http://host.invalid/a b", "contains a space, ? or #");
    refused("USHER_VERSION", "../1.2", "USHER_VERSION is not a version");
    refused("USHER_VERSION", "latest", "USHER_VERSION is not a version");
    refused("USHER_PLATFORM", "../x", "USHER_PLATFORM is not a platform");
    let unknown = releases.piped("sh").arguments(["-s", "--", "--sytem"]).run().fails_with(2);
    unknown.stderr_contains(
        "error: unknown option: --sytem\n  hint: curl -fsSL ADDRESS/install.sh | sh -s -- --help\n",
    );
    releases.assert_untouched();
    assert_eq!(releases.upstream.all_requests().len(), 0);
}

#[test]
fn a_password_in_the_address_is_not_printed() {
    for program in ["curl", "wget"] {
        let releases = Releases::of_script();
        if !releases.with_tool(program) {
            continue;
        }
        let address = releases.upstream.base().replace("://", "://me:secret@");
        let refused = releases.piped("sh").variable("USHER_RELEASES", address + "/none");
        let refused = refused.run().fails_with(69);
        assert!(!refused.stderr.contains("secret"), "{refused}");
        refused.stderr_contains("can't download http://127.0.0.1:[PORT]/none/latest");
    }
}

#[test]
fn a_missing_tool_is_named() {
    let releases = Releases::of_script();
    let refused = releases.piped("sh").run().fails_with(127);
    refused.stderr_contains("error: curl or wget is needed to download usher");
    let tools = releases.sandbox.root().join("tools");
    std::fs::remove_file(tools.join("sha256sum")).expect("remove a tool");
    releases.with_script("curl", "#!/bin/sh\nexit 9\n");
    let refused = releases.piped("sh").run().fails_with(127);
    refused.stderr_contains("error: sha256sum, shasum or openssl is needed to check the download");
    releases.assert_untouched();
}

#[test]
fn every_hash_tool_finds_the_same_hash() {
    for tool in ["shasum", "openssl"] {
        let Some(releases) = set_up() else { return };
        let tools = releases.sandbox.root().join("tools");
        std::fs::remove_file(tools.join("sha256sum")).expect("remove a tool");
        // shasum is a script, and finds its interpreter on PATH.
        if !releases.with_tool(tool) || tool == "shasum" && !releases.with_tool("perl") {
            continue;
        }
        let program = path("99.1.0/use-linux-test");
        releases.upstream.misbehave(&program, Misbehaviour::FlippedBit(20));
        releases.piped("sh").run().fails_with(76).stderr_contains("not what was published");
        releases.assert_untouched();
        releases.upstream.stop_misbehaving(&program);
        let done = releases.piped("sh").run();
        assert!(releases.sandbox.home().join("ran").exists(), "{done}");
    }
}

#[test]
fn https_stays_https() {
    let releases = Releases::of_script();
    let secure = || {
        let command = releases.piped("sh").variable("USHER_RELEASES", "https://releases.invalid");
        command.variable("USHER_VERSION", "99.1.0")
    };
    // curl refuses redirects itself.
    let log = releases.sandbox.root().join("calls");
    let curl = format!("#!/bin/sh\necho \"$*\" >> '{}'\nprintf 000\nexit 1\n", log.display());
    releases.with_script("curl", &curl);
    secure().run().fails_with(69);
    let calls = releases.sandbox.read("calls");
    assert!(calls.lines().all(|call| call.contains(" --proto =https ")), "{calls}");

    // wget doesn't, but prints them.
    let tools = releases.sandbox.root().join("tools");
    std::fs::remove_file(tools.join("curl")).expect("remove a tool");
    let wget = |log: &str, body: &str| {
        let text = format!(
            "#!/bin/sh\nwhile [ $# -gt 1 ]; do\ncase $1 in\n-o) printf '{log}' > \"$2\" ;;\n\
             -O) printf '{body}' > \"$2\" ;;\nesac\nshift\ndone\n"
        );
        releases.with_script("wget", &text);
    };
    wget("  HTTP/1.1 302 Found\\n  Location: http://releases.invalid/\\n  HTTP/1.1 200 OK\\n", "");
    secure().run().fails_with(69).stderr_contains("redirected from https to http");
    // Some builds of busybox's don't check certificates, and say so.
    let sums = format!("{}  use-linux-test\\n", "0".repeat(64));
    wget("wget: note: TLS certificate validation not implemented\\n  HTTP/1.1 200 OK\\n", &sums);
    let refused = secure().run().fails_with(69);
    refused.stderr_contains("this wget doesn't check certificates").stderr_contains("install curl");
    releases.assert_untouched();
    // With a signature, it wouldn't matter.
    wget("  HTTP/1.1 200 OK\\n", &sums);
    secure().run().fails_with(76).stdout_has_line(
        "the signature was not checked, only the SHA-256: this install.sh has no key",
    );
}

#[test]
fn the_platform_follows_from_uname() {
    let Some(releases) = set_up() else { return };
    let on = |kernel: &str, machine: &str| {
        let text =
            format!("#!/bin/sh\ncase $1 in -s) echo {kernel} ;; *) echo {machine} ;; esac\n");
        std::fs::remove_file(releases.sandbox.root().join("tools/uname")).expect("remove a tool");
        releases.with_script("uname", &text);
        releases.piped("sh").variable("USHER_PLATFORM", "").run()
    };
    let is = |kernel: &str, machine: &str, platform: &str| {
        let expected = format!("usher 99.1.0 has no program for {platform}\n");
        let refused = on(kernel, machine).fails_with(127);
        assert!(refused.stderr.contains(&expected), "{refused}");
    };
    releases.with_script("sysctl", "#!/bin/sh\necho 0\n");
    is("Linux", "x86_64", "linux-x64");
    is("Linux", "aarch64", "linux-arm64");
    is("Darwin", "arm64", "macos-arm64");
    is("Darwin", "x86_64", "macos-x64");
    // Rosetta.
    releases
        .with_script("sysctl", "#!/bin/sh\n[ \"$*\" = '-n sysctl.proc_translated' ] && echo 1\n");
    is("Darwin", "x86_64", "macos-arm64");
    is("Linux", "x86_64", "linux-x64");
    let other = on("FreeBSD", "amd64").fails_with(69);
    other.stderr_contains("no release of usher is for FreeBSD on amd64, only for Linux and macOS");
    on("Linux", "riscv64").fails_with(69).stderr_contains("for Linux on riscv64");
    for windows in ["MINGW64_NT-10.0-19045", "MSYS_NT-10.0", "CYGWIN_NT-10.0"] {
        let refused = on(windows, "x86_64").fails_with(69);
        refused
            .stderr_contains("usher doesn't support Windows")
            .stderr_contains("hint: run this in WSL");
    }
    releases.assert_untouched();
}

#[test]
fn a_program_that_does_not_run_here_is_not_installed() {
    let Some(releases) = set_up() else { return };
    for (program, said) in
        [("\u{7f}ELF", "exit code 126"), ("#!/bin/sh\necho use 1.0.0\n", "use 1.0.0")]
    {
        releases.publish("99.1.0", program);
        let refused = releases.piped("bash").run().fails_with(65);
        let line = format!("usher 99.1.0 for linux-test doesn't run on this machine: {said}");
        refused.stderr_contains(&line);
        releases.assert_untouched();
    }
}
