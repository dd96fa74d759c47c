//! `use upgrade [TOOL…]`.

use sha2::{Digest as _, Sha256};

use super::{sandbox, skipped, with_sourceless_tool};
use crate::support::{Archive, Misbehaviour, Outcome, Platform, Sandbox, Upstream};

#[test]
fn upgrade_installs_the_newest_match_and_keeps_the_old() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    sandbox.command("node").run().succeeds().stdout_has_line("node 12.22.11");
    let outcome = sandbox.use_command(&["upgrade", "--dry-run"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM      TO        STATE
    node  12.22.11  12.22.12  can be upgraded (12 requested by .nvmrc:1)
    --- standard error
    usher: can't read the packages that npm lists for 12.22.11
      ls --global --depth=0 --json ended with exit status: 0
    ");
    assert!(!sandbox.toolchain("node", "12.22.12").exists());
    let outcome = sandbox.use_command(&["upgrade"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM      TO        STATE
    node  12.22.11  12.22.12  upgraded (12 requested by .nvmrc:1)
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: can't read the packages that npm lists for 12.22.11
      ls --global --depth=0 --json ended with exit status: 0
    ");
    assert!(sandbox.toolchain("node", "12.22.11").exists());
    assert_eq!(sandbox.read("project/.nvmrc"), "12\n");
    sandbox.command("node").argument("--version").run().succeeds().stdout_is("v12.22.12");
    let count = upstream.all_requests().len();
    let outcome = sandbox.use_command(&["upgrade", "node"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM      STATE
    node  12.22.12  up to date (12 requested by .nvmrc:1)
    --- standard error
    ");
    assert_eq!(upstream.all_requests().len(), count);
}

#[test]
fn a_newer_version_gets_its_shims() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.nvmrc", "18\n");
    let outcome = sandbox.use_command(&["upgrade", "--json"]).run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 0
    --- standard output
    {
      "format": 1,
      "tools": [
        {
          "tool": "node",
          "request": "18",
          "requested_by": {
            "kind": "file",
            "file": "[SANDBOX]/project/.nvmrc",
            "line": 1,
            "text": ".nvmrc:1"
          },
          "from": null,
          "to": "18.20.8",
          "state": "upgraded"
        }
      ]
    }
    --- standard error
    usher: fetching node 18.20.8 from 127.0.0.1:[PORT]
    "#);
    assert!(sandbox.shim("node18").exists());
}

#[test]
fn exact_pins_and_constraints_are_skipped() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    with_sourceless_tool(&sandbox);
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.reshim();
    let check = |file: &str, text: &str| {
        let path = sandbox.file(format!("project/{file}"), text);
        let outcome = sandbox.use_command(&["upgrade"]).run().succeeds();
        std::fs::remove_file(path).unwrap();
        assert!(!sandbox.toolchain("node", "25.0.0").exists());
        assert!(!sandbox.toolchain("node", "12.22.12").exists());
        sandbox.mask(&outcome.stdout)
    };
    insta::assert_snapshot!(check(".nvmrc", "12.22.11\n"), @"
    TOOL  FROM      STATE
    node  12.22.11  skipped: it is pinned to an exact version (12.22.11 requested by .nvmrc:1)
                    hint: use node@12.22.12
    ");
    insta::assert_snapshot!(check(".nvmrc", "25.0.0\n"), @"
    TOOL  STATE
    node  skipped: it is pinned to an exact version (25.0.0 requested by .nvmrc:1)
          hint: use install
    ");
    insta::assert_snapshot!(check(".nvmrc", "13.0.0\n"), @"
    TOOL  STATE
    node  skipped: it is pinned to an exact version (13.0.0 requested by .nvmrc:1)
          hint: use install
    ");
    insta::assert_snapshot!(check("package.json", r#"{"engines": {"node": ">=12.22.11 <12.23"}}"#), @"
    TOOL  FROM      STATE
    node  12.22.11  skipped: it is constrained, not pinned (>=12.22.11 <12.23 requested by package.json (engines.node))
    ");
    insta::assert_snapshot!(check(".tool-versions", "nodejs system\n"), @"
    TOOL  STATE
    node  skipped: the request doesn't name a release (system requested by .tool-versions:1)
    ");
    insta::assert_snapshot!(check(".tool-versions", "plain 5.9\n"), @"
    TOOL   STATE
    plain  skipped: usher has no source for plain (5.9 requested by .tool-versions:1)
    ");
    sandbox.file("home/.config/usher/tool-versions", "nodejs 12.22.11\n");
    insta::assert_snapshot!(check("empty", ""), @"
    TOOL  FROM      STATE
    node  12.22.11  skipped: it is pinned to an exact version (12.22.11 requested by your default, [SANDBOX]/home/.config/usher/tool-versions:1)
                    hint: use --global node@12.22.12
    ");
    let outcome = sandbox.use_command(&["upgrade"]).variable("NODE_VERSION", "12.22.11").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM      STATE
    node  12.22.11  skipped: it is pinned to an exact version (12.22.11 requested by NODE_VERSION)
                    hint: export NODE_VERSION=12.22.12
    --- standard error
    ");
}

#[test]
fn an_error_with_one_tool_does_not_stop_the_others() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.file("project/.tool-versions", "nodejs 12\npython 3.12\npnpm 9\n");
    let archive = format!("/dist/v12.22.12/node-v12.22.12-{}.tar.gz", Platform::here().node);
    upstream.misbehave(&archive, Misbehaviour::FlippedBit(40));
    let outcome = sandbox.use_command(&["upgrade"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 76
    --- standard output
    TOOL    TO       STATE
    python  3.12.12  installed (3.12 requested by .tool-versions:2)
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    usher: fetching python 3.12.12 from 127.0.0.1:[PORT]
    error: can't look up pnpm 9 (requested by .tool-versions:3): no source answered
      npm-native: can't fetch http://127.0.0.1:[PORT]/npm/@pnpm%2fexe.[PLATFORM]: 127.0.0.1:[PORT] answered 404 Not Found
      npm: can't fetch http://127.0.0.1:[PORT]/npm/pnpm: 127.0.0.1:[PORT] answered 404 Not Found
      npm-before-6: can't fetch http://127.0.0.1:[PORT]/npm/pnpm: 127.0.0.1:[PORT] answered 404 Not Found
    error: http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz is not what was published
      published: sha256:[HASH]
      received:  sha256:[HASH]
      node 12 is requested by .tool-versions:1
      hint: try again later; if it persists, ask the operator of that server or proxy
    ");
    assert!(sandbox.toolchain("python", "3.12.12").exists());
    let outcome = sandbox.use_command(&["upgrade", "node", "python", "--json"]).run();
    insta::assert_snapshot!(outcome.transcript(), @r#"
    exit status: 76
    --- standard output
    {
      "format": 1,
      "tools": [
        {
          "tool": "node",
          "request": "12",
          "requested_by": {
            "kind": "file",
            "file": "[SANDBOX]/project/.tool-versions",
            "line": 1,
            "text": ".tool-versions:1"
          },
          "from": null,
          "to": "12.22.12",
          "state": "failed",
          "error": {
            "what": "http://127.0.0.1:[PORT]/dist/v12.22.12/node-v12.22.12-[PLATFORM].tar.gz is not what was published",
            "causes": [
              "published: sha256:[HASH]",
              "received:  sha256:[HASH]",
              "node 12 is requested by .tool-versions:1"
            ],
            "hint": "try again later; if it persists, ask the operator of that server or proxy",
            "code": "integrity",
            "exit": 76
          }
        },
        {
          "tool": "python",
          "request": "3.12",
          "requested_by": {
            "kind": "file",
            "file": "[SANDBOX]/project/.tool-versions",
            "line": 2,
            "text": ".tool-versions:2"
          },
          "from": "3.12.12",
          "to": null,
          "state": "current"
        }
      ]
    }
    --- standard error
    usher: fetching node 12.22.12 from 127.0.0.1:[PORT]
    "#);
}

#[test]
fn nothing_to_upgrade_is_reported() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["upgrade"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: no tool is pinned here
      hint: use node@lts
    ");
    let outcome = sandbox.use_command(&["upgrade", "bun"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    TOOL  STATE
    bun   skipped: it is not pinned here
          hint: use bun@latest
    --- standard error
    ");
    let outcome = sandbox.use_command(&["upgrade", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 2
    --- standard output
    --- standard error
    error: `use upgrade` takes tool names without versions
      hint: use install node@12
    ");
}

#[test]
fn offline_newer_versions_are_named() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.fake_toolchain("python", "3.14.0");
    sandbox.file("project/.tool-versions", "nodejs 12\npython 3.14\n");
    for tool in ["node", "python"] {
        sandbox.use_command(&["available", tool]).run().succeeds();
    }
    let count = upstream.all_requests().len();
    let outcome = sandbox.use_command(&["--offline", "upgrade"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 69
    --- standard output
    TOOL    FROM    STATE
    python  3.14.0  up to date (3.14 requested by .tool-versions:2)
    --- standard error
    error: node 12.22.12 is not installed, and usher is offline (--offline)
      it would be fetched from 127.0.0.1:[PORT]
      node 12 is requested by .tool-versions:1
      hint: leave --offline out
    ");
    assert_eq!(upstream.all_requests().len(), count);
}

#[test]
fn why_names_the_version_that_upgrade_would_fetch() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.fake_toolchain("node", "12.22.11");
    sandbox.reshim();
    let newest = |file: &str, text: &str| {
        let path = sandbox.file(format!("project/{file}"), text);
        let outcome = sandbox.use_command(&["why", "node"]).run().succeeds();
        std::fs::remove_file(path).unwrap();
        let mut lines = outcome.stdout.lines().skip_while(|line| !line.contains(" release that "));
        let (_, version) = lines.next().and_then(|line| line.split_once(" is ")).unwrap();
        let (_, hint) = lines.next().and_then(|line| line.split_once("hint: ")).unwrap();
        format!("{version}: {hint}")
    };
    let check = |file: &str, text: &str, expected: &str| {
        assert_eq!(newest(file, text), expected, "{file}: {text}");
    };
    check(".nvmrc", "12\n", "12.22.12: use upgrade node");
    check(".nvmrc", "18\n", "18.20.8: use install node@18");
    let engines = r#"{"engines": {"node": "~12.22.11"}}"#;
    check("package.json", engines, "12.22.12: use install node@12.22.12");
}

/// A package manager with its packages in a file beside it, which can't install `broken`. In the verb
/// `PACK_STOPS` it writes the verb to the pipe `PACK_TELLS`, and waits for ever.
const PACK: &str = "#!/bin/sh\n\
    if [ \"$1\" = \"$PACK_STOPS\" ]; then\n\
    exec 2> /dev/null; mkfifo \"$PACK_TELLS.never\"; echo \"$1\" > \"$PACK_TELLS\"; : < \"$PACK_TELLS.never\"; fi\n\
    cd \"${0%/*}\" || exit\ncase $1 in\n\
    ls) printf '{ \"packages\": { '; cat has 2>/dev/null; printf '\"pack\": {\"version\": \"1.0.0\"} } }\\n' ;;\n\
    add) shift; case $* in *broken*) echo 'pack is sorry' >&2; exit 1 ;; esac\n\
    for word; do printf '\"%s\": {\"version\": \"%s\"}, ' \"${word%@*}\" \"${word##*@}\" >> has; done ;;\n\
    esac\n";

/// A tool with that manager.
const ACME: &str = "name = 'acme'\ntitle = 'Acme'\nprograms = ['acme', 'pack']\n\
    variables = ['ACME_VERSION']\ndialect = 'npm'\nversion_components = 3\n\
    [[package_calls]]\nprogram = 'pack'\nverbs = ['add']\n\
    [migrate]\nprogram = 'pack'\nlist = ['ls']\npath = 'packages'\nseparator = '@'\n\
    local_field = 'resolved'\nexclude = ['pack']\ninstall = ['add']\n\
    [[source]]\nname = 'acme'\n[source.index]\nbase = 'LOOPBACK/acme'\n\
    list = '{base}/index.json'\nformat = 'json'\nentries = '*'\nplatform = { any = {} }\n\
    [[source.index.release]]\nfrom = '{.version}'\narchive = '{base}/acme.tar.gz'\n\
    hash = '{.sha256}'\nstrip_components = 1\n";

/// A sandbox with a tool that has global packages, and a newer release of it.
pub(super) fn with_global_packages(upstream: &Upstream, has: &str) -> Sandbox {
    let archive = Archive::new().folder("acme/").folder("acme/bin/");
    let archive = archive.program("acme/bin/acme", "#!/bin/sh\n").program("acme/bin/pack", PACK);
    let archive = archive.tar_gz();
    let hash: String = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
    upstream.put("/acme/acme.tar.gz", archive);
    let index = serde_json::json!([{ "version": "1.0.1", "sha256": hash }]);
    upstream.put("/acme/index.json", serde_json::to_vec(&index).unwrap());
    let sandbox = sandbox(upstream);
    let path = format!("{}:/usr/bin:/bin", sandbox.shims().display());
    let sandbox = sandbox.with_variable("PATH", path);
    let own = ACME.replace("LOOPBACK", upstream.base());
    sandbox.file("home/.config/usher/registry/acme.toml", own);
    let bin = sandbox.fake_toolchain("acme", "1.0.0").join("bin");
    sandbox.executable(bin.join("pack"), PACK);
    sandbox.file(bin.join("has"), has);
    sandbox.file("project/.tool-versions", "acme 1\n");
    sandbox.reshim();
    sandbox
}

/// The packages of a version, as the script's file has them.
fn has(sandbox: &Sandbox, version: &str) -> String {
    let file = sandbox.toolchain("acme", version).join("bin/has");
    std::fs::read_to_string(file).unwrap_or_default()
}

fn upgrade(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.use_command(&[&["upgrade"], words].concat()).run().succeeds()
}

const TWO: &str =
    "\"semver\": {\"version\": \"7.6.0\"}, \"typescript\": {\"version\": \"5.4.5\"}, ";

#[test]
fn global_packages_are_offered_to_the_newer_version() {
    let upstream = Upstream::start();
    let sandbox = with_global_packages(&upstream, TWO);
    insta::assert_snapshot!(upgrade(&sandbox, &["--dry-run"]).transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM   TO     STATE
    acme  1.0.0  1.0.1  can be upgraded (1 requested by .tool-versions:1)
      with --migrate-packages: 2 pack packages of acme 1.0.0 (semver@7.6.0, typescript@5.4.5)
    --- standard error
    ");
    insta::assert_snapshot!(upgrade(&sandbox, &[]).transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM   TO     STATE
    acme  1.0.0  1.0.1  upgraded (1 requested by .tool-versions:1)
    --- standard error
    usher: fetching acme 1.0.1 from acme (127.0.0.1:[PORT])
    usher: acme 1.0.1 lacks 2 pack packages of acme 1.0.0 (semver@7.6.0, typescript@5.4.5)
      hint: pack +1.0.1 add semver@7.6.0 typescript@5.4.5
    ");
    assert_eq!(has(&sandbox, "1.0.1"), "");

    let sandbox = with_global_packages(&upstream, TWO);
    insta::assert_snapshot!(upgrade(&sandbox, &["--migrate-packages"]).transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM   TO     STATE
    acme  1.0.0  1.0.1  upgraded (1 requested by .tool-versions:1)
    --- standard error
    usher: fetching acme 1.0.1 from acme (127.0.0.1:[PORT])
    usher: migrating 2 pack packages of acme 1.0.0 (semver@7.6.0, typescript@5.4.5) to 1.0.1
    ");
    assert_eq!(has(&sandbox, "1.0.1"), TWO);

    let sandbox = with_global_packages(&upstream, TWO);
    let outcome = upgrade(&sandbox, &["--migrate-packages", "--json"]);
    let migrated = ["semver@7.6.0", "typescript@5.4.5"];
    let expected =
        serde_json::json!({ "migrated": migrated, "failed": [], "missing": [], "local": [] });
    assert_eq!(outcome.json()["tools"][0]["global_packages"], expected, "{outcome}");
}

#[test]
fn packages_that_cannot_be_migrated_do_not_fail_the_upgrade() {
    let upstream = Upstream::start();
    let text = format!(
        "{TWO}\"broken\": {{\"version\": \"1.0.0\"}}, \
         \"mine\": {{\"version\": \"1.0.0\", \"resolved\": \"file:../mine\"}}, "
    );
    let sandbox = with_global_packages(&upstream, &text);
    insta::assert_snapshot!(upgrade(&sandbox, &["--migrate-packages"]).transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM   TO     STATE
    acme  1.0.0  1.0.1  upgraded (1 requested by .tool-versions:1)
    --- standard error
    usher: fetching acme 1.0.1 from acme (127.0.0.1:[PORT])
    usher: migrating 3 pack packages of acme 1.0.0 (broken@1.0.0, semver@7.6.0, typescript@5.4.5) to 1.0.1
    pack is sorry
    pack is sorry
    usher: acme 1.0.1 lacks broken@1.0.0
      pack couldn't install it; its output is above
      hint: pack +1.0.1 add broken@1.0.0
    usher: acme 1.0.1 lacks packages of 1.0.0 that are not from a registry: mine
    ");
    assert_eq!(has(&sandbox, "1.0.1"), TWO);
    // A list that can't be read is reported, and the newer version is installed all the same.
    let sandbox = with_global_packages(&upstream, "nonsense");
    insta::assert_snapshot!(upgrade(&sandbox, &["--migrate-packages"]).transcript(), @"
    exit status: 0
    --- standard output
    TOOL  FROM   TO     STATE
    acme  1.0.0  1.0.1  upgraded (1 requested by .tool-versions:1)
    --- standard error
    usher: fetching acme 1.0.1 from acme (127.0.0.1:[PORT])
    usher: can't read the packages that pack lists for 1.0.0
      ls ended with exit status: 0
    ");
    assert!(sandbox.toolchain("acme", "1.0.1").exists());
}

#[test]
fn on_a_terminal_the_migration_is_confirmed_once() {
    let upstream = Upstream::start();
    for (answer, is_migrated) in [("y\\n", true), ("n\\n", false)] {
        let sandbox = with_global_packages(&upstream, TWO);
        let line = "printf \"$0\" | /usr/bin/script -qec 'use upgrade' /dev/null";
        let outcome = sandbox.command("/bin/sh").arguments(["-c", line, answer]).run();
        if outcome.status.code() == Some(127) {
            return skipped("there is no script here: the question of use upgrade");
        }
        let question = "migrate 2 pack packages of acme 1.0.0 \
                        (semver@7.6.0, typescript@5.4.5)? [y/N]";
        assert!(outcome.stdout.contains(question), "{outcome}");
        let expected = if is_migrated { TWO } else { "" };
        assert_eq!(has(&sandbox, "1.0.1"), expected, "{answer} {outcome}");
    }
}
