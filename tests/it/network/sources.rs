//! Where versions come from: the official site, the npm registry, python-build-standalone.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::commands::{offline_sandbox, sandbox};
use crate::support::{Catalogue, Misbehaviour, Outcome, Package, Platform, Sandbox, Upstream};

/// Nobody answers at the official site any more.
fn without_official_site(upstream: &Upstream) {
    upstream.misbehave("/dist/index.json", Misbehaviour::Status(503));
}

fn version(sandbox: &Sandbox, program: &str) -> Outcome {
    sandbox.command(program).argument("--version").run()
}

#[test]
fn node_is_installed_from_the_official_site_with_npm() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["node@12"]).run().succeeds();
    let requested: Vec<String> = upstream.all_requests().into_iter().map(|one| one.path).collect();
    let here = Platform::here().node;
    assert_eq!(
        requested,
        [
            "/dist/index.json".to_owned(),
            "/dist/v12.22.12/SHASUMS256.txt".to_owned(),
            format!("/dist/v12.22.12/node-v12.22.12-{here}.tar.gz"),
        ]
    );
    version(&sandbox, "node").succeeds().stdout_is("v12.22.12");
    let toolchain = sandbox.toolchain("node", "12.22.12");
    let manifest = sandbox.read(toolchain.join("lib/node_modules/npm/package.json"));
    assert!(manifest.contains("\"6.14.16\""), "the archive's own npm: {manifest}");
    for (program, script) in [("npm", "npm-cli.js"), ("npx", "npx-cli.js")] {
        let found = sandbox.use_command(&["which", program]).run().succeeds();
        assert_eq!(found.stdout.trim(), toolchain.join("bin").join(program).to_str().unwrap());
        let link = fs::canonicalize(toolchain.join("bin").join(program)).unwrap();
        assert_eq!(link, toolchain.join("lib/node_modules/npm/bin").join(script));
        version(&sandbox, program).succeeds();
    }
}

#[test]
fn the_npm_registry_is_used_with_a_matching_npm() {
    let upstream = Upstream::start();
    without_official_site(&upstream);
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["install", "node@12", "node@24", "node@12.0.0"]).run();
    insta::assert_snapshot!(outcome.sorted_transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    installed node 24.11.0 ([SANDBOX]/home/.local/share/usher/toolchains/node/24.11.0)
    installed node 12.0.0 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.0.0)
    --- standard error
    usher: fetching node 12.0.0 from npm (127.0.0.1:[PORT])
    usher: fetching node 12.22.12 from npm (127.0.0.1:[PORT])
    usher: fetching node 24.11.0 from npm (127.0.0.1:[PORT])
    ");
    for (node, npm, corepack) in [
        ("12.22.12", "8.19.4", None),
        ("24.11.0", "11.6.2", Some("0.34.1")),
        ("12.0.0", "6.14.18", None),
    ] {
        let modules = sandbox.toolchain("node", node).join("lib/node_modules");
        let manifest = sandbox.read(modules.join("npm/package.json"));
        assert!(manifest.contains(&format!("\"{npm}\"")), "beside {node}: {manifest}");
        match corepack {
            Some(version) => {
                let manifest = sandbox.read(modules.join("corepack/package.json"));
                assert!(manifest.contains(&format!("\"{version}\"")), "beside {node}: {manifest}");
            }
            None => assert!(!modules.join("corepack").exists(), "beside {node}"),
        }
    }
    sandbox.file("project/.nvmrc", "12.0.0\n");
    version(&sandbox, "node").succeeds().stdout_is("v12.0.0");
    let run = |program: &str| sandbox.command(program).argument("run").run().succeeds();
    let bin = sandbox.toolchain("node", "12.0.0").join("bin");
    run("npm").stdout_has_line(&sandbox.mask(bin.join("npm").to_str().unwrap()));
    run("npx").stdout_has_line(&sandbox.mask(bin.join("npx").to_str().unwrap()));
}

#[test]
fn npm_packages_are_verified() {
    let upstream = Upstream::start();
    without_official_site(&upstream);
    let sandbox = sandbox(&upstream);
    // The npm beside it is checked no less than node itself.
    upstream.misbehave("/npm/npm/-/npm-8.19.4.tgz", Misbehaviour::FlippedBit(40));
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 76
    --- standard output
    --- standard error
    usher: fetching node 12.22.12 from npm (127.0.0.1:[PORT])
    error: http://127.0.0.1:[PORT]/npm/npm/-/npm-8.19.4.tgz is not what was published
      published: sha512:[HASH]
      received:  sha512:[HASH]
      hint: try again later; if it persists, ask the operator of that server or proxy
    ");
    assert!(!sandbox.toolchain("node", "12.22.12").exists());
    assert_eq!(fs::read_dir(sandbox.usher().join("staging")).unwrap().count(), 0);
}

#[test]
fn a_setting_names_the_only_source() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    let outcome =
        sandbox.use_command(&["install", "node@12"]).variable("USHER_SOURCE", "node=npm").run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    --- standard error
    usher: fetching node 12.22.12 from npm (127.0.0.1:[PORT])
    ");
    assert_eq!(upstream.requests("/dist/index.json"), 0);

    sandbox.file("home/.config/usher/config.toml", "source = { node = \"npm\" }\n");
    sandbox.use_command(&["install", "node@10"]).run().succeeds();
    assert_eq!(upstream.requests("/dist/index.json"), 0);
    // The registry has no 25 yet, and no other source is tried.
    let outcome = sandbox.use_command(&["install", "node@25"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 127
    --- standard output
    --- standard error
    error: no node release matches 25 (requested by the command line)
      nearest: 24.11.0
      hint: use available node
    ");

    sandbox.file("home/.config/usher/config.toml", "\nsource = { node = \"elsewhere\" }\n");
    let outcome = sandbox.use_command(&["install", "node@13"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 65
    --- standard output
    --- standard error
    error: node has no source “elsewhere” ([SANDBOX]/home/.config/usher/config.toml:2)
      its sources: nodejs.org, unofficial-builds.nodejs.org, npm
    ");
}

#[test]
fn the_next_source_is_tried_for_a_missing_release() {
    let upstream = Upstream::start();
    let mut catalogue = crate::support::Catalogue::standard();
    catalogue.node.retain(|release| release.version != "13.0.0");
    upstream.publish(&catalogue);
    let sandbox = sandbox(&upstream);
    let outcome = sandbox.use_command(&["install", "node@13"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    installed node 13.0.0 ([SANDBOX]/home/.local/share/usher/toolchains/node/13.0.0)
    --- standard error
    usher: fetching node 13.0.0 from npm (127.0.0.1:[PORT])
    ");
}

/// A cached index doesn't show that its site is unreachable since.
#[test]
fn the_next_source_is_tried_for_an_unreachable_archive() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["available", "node"]).run().succeeds();
    for path in ["index.json", "v12.22.12/SHASUMS256.txt", "v10.24.1/SHASUMS256.txt"] {
        upstream.misbehave(&format!("/dist/{path}"), Misbehaviour::Status(403));
    }
    let outcome = sandbox.use_command(&["install", "node@12"]).run();
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    installed node 12.22.12 ([SANDBOX]/home/.local/share/usher/toolchains/node/12.22.12)
    --- standard error
    usher: can't fetch http://127.0.0.1:[PORT]/dist/v12.22.12/SHASUMS256.txt; trying npm (127.0.0.1:[PORT]) instead
    usher: fetching node 12.22.12 from npm (127.0.0.1:[PORT])
    ");
    sandbox.file("project/.nvmrc", "10\n");
    let outcome = version(&sandbox, "node");
    insta::assert_snapshot!(outcome.transcript(), @"
    exit status: 0
    --- standard output
    v10.24.1
    --- standard error
    usher: can't fetch http://127.0.0.1:[PORT]/dist/v10.24.1/SHASUMS256.txt; trying npm (127.0.0.1:[PORT]) instead
    usher: fetching node 10.24.1 from npm (127.0.0.1:[PORT])
    usher: node 10.24.1 is ready ([TIME])
    ");
}

#[test]
fn python_is_installed_from_its_newest_standalone_build() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["python@3.12"]).run().succeeds();
    let here = Platform::here().python;
    let archive = format!(
        "/python-build-standalone/releases/download/20251014/cpython-3.12.12+20251014-{here}-install_only_stripped.tar.gz"
    );
    assert_eq!(upstream.requests(&archive), 1, "{:?}", upstream.all_requests());
    for program in ["python", "python3"] {
        version(&sandbox, program).succeeds().stdout_is("Python 3.12.12");
    }
    let link = sandbox.toolchain("python", "3.12.12").join("bin/python");
    assert_eq!(fs::read_link(link).unwrap().to_str(), Some("python3"));
}

#[test]
fn without_a_mirror_python_is_fetched_from_astral() {
    let upstream = Upstream::start();
    let sandbox = sandbox(&upstream).with_variable("UV_PYTHON_INSTALL_MIRROR", "");
    let outcome = sandbox.use_command(&["available", "python", "3.8"]).run().succeeds();
    outcome.stdout_is("VERSION\n3.8.20");
}

#[test]
fn package_managers_are_installed_from_the_npm_registry() {
    let upstream = Upstream::start();
    let mut catalogue = Catalogue::standard();
    for (package, version, script) in [
        ("pnpm", "5.18.10", "bin/pnpm.js"),
        ("pnpm", "9.1.0", "bin/pnpm.cjs"),
        ("yarn", "1.22.19", "bin/yarn.js"),
        // Published by mistake, and not what a request for it gets.
        ("yarn", "2.4.3", "bin/yarn.js"),
        ("@yarnpkg/cli-dist", "4.1.0", "bin/yarn.js"),
    ] {
        let program = package.strip_prefix("@yarnpkg/cli-dist").map_or(package, |_| "yarn");
        let manifest = json!({ "name": package, "version": version, "bin": { program: script } });
        catalogue.packages.push(Package::scripts(&manifest));
    }
    upstream.publish(&catalogue);
    let sandbox = sandbox(&upstream);
    sandbox.use_command(&["install", "node@12.22.12"]).run().succeeds();
    sandbox.file("home/.config/usher/tool-versions", "nodejs 12.22.12\n");
    for (pin, program, target) in [
        ("pnpm@9.1.0", "pnpm", "pnpm/9.1.0/lib/pnpm/bin/pnpm.cjs"),
        ("pnpm@5", "pnpm", "pnpm/5.18.10/lib/pnpm/bin/pnpm.js"),
        ("yarn@1.22.19+sha512.ab", "yarn", "yarn/1.22.19/lib/yarn/bin/yarn.js"),
        ("yarn@4.1.0", "yarn", "yarn/4.1.0/lib/yarn/bin/yarn.js"),
        ("npm@6.14.18", "npm", "npm/6.14.18/lib/node_modules/npm/bin/npm-cli.js"),
    ] {
        sandbox.file("project/package.json", format!(r#"{{ "packageManager": "{pin}" }}"#));
        version(&sandbox, program).succeeds();
        let found = sandbox.use_command(&["which", program]).run().succeeds();
        let file = fs::canonicalize(found.stdout.trim()).unwrap();
        assert!(file.ends_with(Path::new("toolchains").join(target)), "{pin}: {}", file.display());
    }
    let outcome = sandbox.use_command(&["install", "yarn@2.4.3"]).run().fails_with(127);
    assert!(outcome.stderr.contains("no yarn release matches 2.4.3"), "{outcome}");
}

#[test]
fn the_error_without_any_source_names_the_origin() {
    let sandbox = offline_sandbox().with_variable("USHER_OFFLINE", "1");
    sandbox.file("project/.perl-version", "4.99.1\n");
    let outcome = sandbox.command("perl").run().fails_with(127);
    let stderr = sandbox.mask(&outcome.stderr);
    let what =
        "usher: can't look up perl 4.99.1 (requested by .perl-version:1): no source answered\n";
    assert!(stderr.starts_with(what), "{stderr}");
    let why = ": usher is offline (USHER_OFFLINE)";
    let has_cause = stderr.contains("relocatable-perl: no cached index") && stderr.contains(why);
    assert!(has_cause, "{stderr}");
    let outcome = sandbox.use_command(&["available", "perl"]).run().fails_with(69);
    assert!(outcome.stderr.contains("can't list"), "{outcome}");
}

#[test]
fn a_mirror_replaces_a_tools_site() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().offline();
    sandbox.install();
    let mirror = format!("node={}", upstream.node_dist());
    let install =
        sandbox.use_command(&["install", "node@12"]).variable("USHER_SOURCE", mirror).run();
    install.succeeds().stderr_contains("fetching node 12.22.12 from http://127.0.0.1:[PORT]/dist");
    assert_eq!(upstream.requests("/dist/index.json"), 1);
    let secret = "node=http://me:hunter2@127.0.0.1/";
    let install =
        sandbox.use_command(&["install", "node@13"]).variable("USHER_SOURCE", secret).run();
    let refused = install.fails_with(65).stderr_contains("error: invalid value for USHER_SOURCE");
    assert!(!refused.stderr.contains("hunter2"), "{refused}");
    let none = "npm=http://127.0.0.1:1/";
    let install = sandbox.use_command(&["install", "npm@6"]).variable("USHER_SOURCE", none).run();
    install.fails_with(65).stderr_contains("npm has no source that can have a mirror");
}
