//! Own tools: a person's file, end to end; what is wrong with one harms no other.

use std::fs;

use sha2::{Digest as _, Sha256};

use usher_shims::process::MARK;

use super::{listed, sandbox, set_up};
use crate::support::{Archive, Sandbox, Upstream};

/// The file of own tools' definitions.
const FILE: &str = "home/.config/usher/registry/acme.toml";

/// All that a definition must contain.
fn smallest(name: &str) -> String {
    format!(
        "name = '{name}'\ntitle = 'T'\nprograms = ['{name}']\nvariables = ['{}_VERSION']\n\
         dialect = 'npm'\nversion_components = 3\n",
        name.to_uppercase()
    )
}

/// A tool with an index on loopback.
fn acme(upstream: &Upstream) -> String {
    format!(
        "{}[[file]]\nname = '.acme-version'\nreader = 'plain'\n\
         [[environment]]\nvariable = 'ACME_HOME'\nvalue = '{{root}}'\n\
         [[source]]\nname = 'acme'\n[source.index]\nbase = '{}/acme'\n\
         list = '{{base}}/index.json'\nformat = 'json'\nentries = '*'\nplatform = {{ any = {{}} }}\n\
         [[source.index.release]]\nfrom = '{{.version}}'\n\
         archive = '{{base}}/acme-{{version}}-any.tar.gz'\n\
         checksums = '{{base}}/{{version}}.sums'\nstrip_components = 1\n",
        smallest("acme"),
        upstream.base()
    )
}

fn publish(upstream: &Upstream, versions: &[&str]) {
    let listed: Vec<_> =
        versions.iter().map(|version| serde_json::json!({ "version": version })).collect();
    upstream.put("/acme/index.json", serde_json::to_vec(&listed).unwrap());
    for version in versions {
        let script = format!("#!/bin/sh\necho \"acme {version} $ACME_HOME\"\n");
        let archive = Archive::new().folder("acme/").folder("acme/bin/");
        let archive = archive.program("acme/bin/acme", &script).tar_gz();
        let name = format!("acme-{version}-any.tar.gz");
        let hash: String =
            Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
        upstream.put(&format!("/acme/{version}.sums"), format!("{hash}  {name}\n"));
        upstream.put(&format!("/acme/{name}"), archive);
    }
}

/// A sandbox with the shell's programs on PATH behind the shims.
fn with_upstream(upstream: &Upstream) -> Sandbox {
    let sandbox = Sandbox::new().with_upstream(upstream);
    sandbox.install();
    sandbox
}

#[test]
fn a_custom_tool_installs_and_runs() {
    let upstream = Upstream::start();
    publish(&upstream, &["1.0.0", "1.2.3", "2.0.0"]);
    let sandbox = with_upstream(&upstream);
    sandbox.file(FILE, acme(&upstream));
    let root = "[SANDBOX]/home/.local/share/usher/toolchains/acme";

    // `use` knows it at once.
    let available = sandbox.use_command(&["available", "acme"]).run().succeeds();
    assert!(available.stdout.contains("1.2.3"), "{available}");
    sandbox.use_command(&["install", "acme@1.0.0"]).run().succeeds();
    sandbox.file("project/.acme-version", "1.0\n");
    let run = || sandbox.command("acme").run();
    run().succeeds().stdout_is(&format!("acme 1.0.0 {root}/1.0.0"));

    // It is pinned as others are, in its own file, and the shim gets what is missing.
    sandbox.use_command(&["acme@1.2"]).run().succeeds();
    assert_eq!(sandbox.read("project/.acme-version"), "1.2\n");
    run().succeeds().stdout_is(&format!("acme 1.2.3 {root}/1.2.3"));
    fs::write(sandbox.project().join(".acme-version"), "2\n").unwrap();
    run().succeeds().stdout_is(&format!("acme 2.0.0 {root}/2.0.0"));
    let other = sandbox.command("acme").variable("ACME_VERSION", "1.0.0").run();
    other.succeeds().stdout_is(&format!("acme 1.0.0 {root}/1.0.0"));
    sandbox
        .command("acme")
        .argument("+1.2")
        .run()
        .succeeds()
        .stdout_is(&format!("acme 1.2.3 {root}/1.2.3"));

    let why = sandbox.use_command(&["why", "acme"]).run().succeeds();
    assert!(why.stdout.contains("2.0.0") && why.stdout.contains(".acme-version"), "{why}");
    assert_eq!(listed(&sandbox, "acme", "usher").len(), 3);
}

#[test]
fn a_changed_definition_counts_from_the_next_call() {
    let upstream = Upstream::start();
    publish(&upstream, &["1.2.3"]);
    let sandbox = with_upstream(&upstream);
    sandbox.file(FILE, acme(&upstream));
    sandbox.use_command(&["install", "acme@1"]).run().succeeds();
    let run = || sandbox.command("acme").variable("ACME_VERSION", "1").run();
    run().succeeds();
    let moved = acme(&upstream).replace("value = '{root}'", "value = 'elsewhere'");
    sandbox.file(FILE, moved);
    run().succeeds().stdout_is("acme 1.2.3 elsewhere");
    run().succeeds().stdout_is("acme 1.2.3 elsewhere");
    fs::remove_file(sandbox.root().join(FILE)).unwrap();
    run().fails_with(127).stderr_contains("unknown program “acme”");
}

/// The index is where the shims learn what is an own tool, and where `use` learns the home.
#[test]
fn a_custom_tool_record_of_another_version_is_regenerated() {
    let upstream = Upstream::start();
    let sandbox = with_upstream(&upstream);
    sandbox.file(FILE, acme(&upstream));
    sandbox.fake_toolchain("acme", "1.2.3");
    sandbox.reshim();
    let index = sandbox.shims().join(".usher");
    let before = fs::read(&index).expect("read the index");
    let is_own = |line: &&[u8]| line.starts_with(b"tool\t");
    let lines = || before.split(|byte| *byte == b'\n');
    assert_eq!(lines().filter(is_own).count(), 1);
    let older =
        b"tool\t/acme.toml\t1:2:3:4\tacme\tT\t0\t1\tacme\t1\tACME_VERSION\t1\t0\t3".as_slice();
    let lines: Vec<&[u8]> = lines().map(|line| if is_own(&line) { older } else { line }).collect();
    fs::write(&index, lines.join(&b'\n')).expect("write the index");

    // The path of its home comes from the index, not from a variable.
    let elsewhere = sandbox.folder("elsewhere");
    let call = sandbox.command("acme").variable("HOME", &elsewhere);
    call.run().succeeds().stdout_has_line("acme 1.2.3");
    assert_eq!(fs::read_dir(&elsewhere).expect("list it").count(), 0);
    sandbox.command("acme").run().succeeds().stdout_has_line("acme 1.2.3");
    assert!(fs::read(&index).expect("read the index") == before, "the index is as it was");
}

#[test]
fn an_invalid_definition_affects_no_other_tool() {
    let sandbox = sandbox();
    sandbox.fake_toolchain("node", "12.22.12");
    sandbox.fake_toolchain("other", "1.0.0");
    sandbox.file("home/.config/usher/registry/other.toml", smallest("other"));
    sandbox.file("project/.tool-versions", "nodejs 12\nother 1\n");
    let check = |text: &str, place: &str, parts: &[&str]| {
        sandbox.file(FILE, text);
        let reshim = sandbox.reshim();
        let place = format!("[SANDBOX]/{FILE}{place}");
        let reshim = parts
            .iter()
            .fold(reshim.stderr_contains(&place), |reshim, part| reshim.stderr_contains(part));
        drop(reshim);
        sandbox.command("node").run().succeeds().stdout_has_line("node 12.22.12");
        sandbox.command("other").run().succeeds().stdout_has_line("other 1.0.0");
        let doctor = sandbox.use_command(&["doctor"]).run().fails_with(65);
        assert!(sandbox.mask(&doctor.stdout).contains(&place), "{doctor}");
        let failed = sandbox.use_command(&["acme@1"]).run().fails_with(2);
        failed.stderr_contains(&place).stderr_contains("unknown tool “acme”");
    };
    let acme = smallest("acme");
    check(&format!("{acme}news = 1\n"), ":7", &["unknown field `news`"]);
    check(
        &acme.replace("version_components = 3", "version_components = 'x'"),
        ":6",
        &["the line: version_components = 'x'"],
    );
    check(&acme.replace("['acme']", "['../x']"), "", &["`../x` can't be a name"]);
    check(
        &format!("{acme}runtime = 'unknown'\n"),
        "",
        &["unknown can't be the runtime of other tools"],
    );
    let built_for = "built_for = { tool = 'unknown', mark = '-n-' }\n";
    check(&format!("{acme}{built_for}"), "", &["unknown can't be the runtime of other tools"]);
    check("name = [", ":1", &[]);
    check("", "", &["missing field `name`"]);
}

#[test]
fn a_custom_tool_replaces_a_built_in_one() {
    let sandbox = sandbox();
    sandbox.fake_toolchain("deno", "1.2.3");
    let own = smallest("deno").replace("DENO_VERSION", "OUR_DENO");
    sandbox.file("home/.config/usher/registry/deno.toml", own);
    sandbox.reshim();
    let deno = sandbox.command("deno").variable("OUR_DENO", "1").variable("DENO_VERSION", "9");
    deno.run().succeeds().stdout_has_line("deno 1.2.3");
    let doctor = sandbox.use_command(&["doctor"]).run();
    let note =
        "note   [SANDBOX]/home/.config/usher/registry/deno.toml replaces usher's own definition";
    assert!(sandbox.mask(&doctor.stdout).contains(note), "{doctor}");
}

#[test]
fn a_rejected_system_program_is_probed_once() {
    let sandbox = set_up(Sandbox::new().offline().with_variable("USHER_SHIMS", "all"));
    let log = sandbox.root().join("log");
    let program = |name: &str, line: &str| {
        let text = format!("#!/bin/sh\necho \"$0 $1\" >> '{}'\n{line}\n", log.display());
        sandbox.executable(format!("system/{name}"), &text);
    };
    program("acme1", "[ \"$1\" = can ] || echo acme version 1.2.3");
    program("acme2", "exit 3");
    program("acme3", "[ \"$1\" = can ] && exit 1; echo 3.0.0");
    program("acme4", "echo no word");
    let folder = sandbox.root().join("system");
    let text = format!(
        "{}[system]\nfolders = ['{}']\nprograms = ['acme*']\nprobe = ['version']\n\
         [system.needs]\nprobe = ['can']\nproblem = 'can not'\nhint = 'mend it'\n",
        smallest("acme"),
        folder.display()
    );
    sandbox.file(FILE, text);
    sandbox.reshim();
    assert_eq!(sandbox.read("log").lines().count(), 6, "{}", sandbox.read("log"));

    let found = listed(&sandbox, "acme", "system");
    let path = folder.join("acme1").to_str().unwrap().to_owned();
    assert_eq!(found, [("1.2.3".to_owned(), path)]);
    let list = sandbox.use_command(&["list", "acme"]).run().succeeds();
    let list = list.stderr_contains("/system/acme2 is ignored: it fails to print its version");
    let list = list.stderr_contains("/system/acme3 is ignored: 3.0.0 can not\n  hint: mend it");
    list.stderr_contains("/system/acme4 is ignored: its output has no version");
    sandbox.command("acme").variable("ACME_VERSION", "1").run().succeeds();
    let count = sandbox.read("log").lines().count();
    assert_eq!(count, 7, "only what ran was called: {}", sandbox.read("log"));

    // A changed file is called again, and `use reshim` calls those that were ignored.
    program("acme2", "echo 2.0.0");
    assert_eq!(listed(&sandbox, "acme", "system").len(), 2);
    program("acme3", "echo 3.0.0");
    sandbox.reshim();
    assert_eq!(listed(&sandbox, "acme", "system").len(), 3);
}

#[test]
fn a_shim_is_not_probed_as_a_system_program() {
    let sandbox = set_up(Sandbox::new().offline());
    let folder = sandbox.folder("system");
    let text = format!(
        "{}[system]\nfolders = ['{}']\nprograms = ['acme*']\nprobe = ['version']\n",
        smallest("acme"),
        folder.display()
    );
    sandbox.file(FILE, text);
    std::os::unix::fs::symlink(sandbox.shim("use"), folder.join("acme1")).unwrap();
    let text = format!("#!/bin/sh\n# {}\necho 1.2.3\n", String::from_utf8_lossy(MARK));
    sandbox.executable("system/acme2", &text);
    sandbox.reshim();
    let index = fs::read(sandbox.shims().join(".usher")).expect("read the index");
    let index = String::from_utf8_lossy(&index);
    let others = index.lines().filter(|line| !line.starts_with("tool\t"));
    assert!(!others.into_iter().any(|line| line.contains("acme")), "{index}");
}
