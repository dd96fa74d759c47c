//! Other managers' stores: their versions are used where they lie, and never taken away.

use std::fs;
use std::os::unix::fs::symlink;

use super::{listed, sandbox};

/// A manager, a tool, the folder of a version from the home folder, the version that it is, a
/// request in part, and the manager's own command to take it away.
type Case = [&'static str; 6];

const CASES: &[Case] = &[
    ["pyenv", "python", ".pyenv/versions/3.4.1", "3.4.1", "3.4", "pyenv uninstall 3.4.1"],
    [
        "uv",
        "python",
        ".local/share/uv/python/cpython-3.5.2-linux-x86_64-gnu",
        "3.5.2",
        "3.5.2",
        "uv python uninstall cpython-3.5.2-linux-x86_64-gnu",
    ],
    ["nvm", "node", ".nvm/versions/node/v0.1.1", "0.1.1", "0.1", "nvm uninstall v0.1.1"],
    [
        "fnm",
        "node",
        ".local/share/fnm/node-versions/v0.2.1/installation",
        "0.2.1",
        "0.2",
        "fnm uninstall v0.2.1",
    ],
    ["nodenv", "node", ".nodenv/versions/0.3.1", "0.3.1", "0.3", "nodenv uninstall 0.3.1"],
    ["volta", "node", ".volta/tools/image/node/0.4.1", "0.4.1", "0.4", ""],
    ["asdf", "node", ".asdf/installs/nodejs/0.5.1", "0.5.1", "0.5", "asdf uninstall nodejs 0.5.1"],
    [
        "mise",
        "node",
        ".local/share/mise/installs/node/0.6.1",
        "0.6.1",
        "0.6",
        "mise uninstall nodejs@0.6.1",
    ],
    ["proto", "node", ".proto/tools/node/0.7.1", "0.7.1", "0.7", "proto uninstall nodejs 0.7.1"],
    ["rbenv", "ruby", ".rbenv/versions/1.8.1", "1.8.1", "1.8.1", "rbenv uninstall 1.8.1"],
    ["RVM", "ruby", ".rvm/rubies/ruby-1.8.2", "1.8.2", "1.8.2", "rvm remove ruby-1.8.2"],
    ["chruby", "ruby", ".rubies/ruby-1.8.3", "1.8.3", "1.8.3", ""],
    ["goenv", "go", ".goenv/versions/1.2.1", "1.2.1", "1.2", "goenv uninstall 1.2.1"],
    ["asdf", "go", ".asdf/installs/golang/1.3.1/go", "1.3.1", "1.3", "asdf uninstall golang 1.3.1"],
    [
        "SDKMAN",
        "java",
        ".sdkman/candidates/java/9.0.4-tem",
        "temurin-9.0.4",
        "temurin-9",
        "sdk uninstall java 9.0.4-tem",
    ],
    ["kerl", "erlang", "kerl/17.5", "17.5", "17", "kerl delete installation 17.5"],
    ["plenv", "perl", ".plenv/versions/5.8.1", "5.8.1", "5.8", "plenv uninstall 5.8.1"],
    [
        "perlbrew",
        "perl",
        "perl5/perlbrew/perls/perl-5.10.1",
        "5.10.1",
        "5.10",
        "perlbrew uninstall perl-5.10.1",
    ],
    ["phpenv", "php", ".phpenv/versions/5.3.1", "5.3.1", "5.3", ""],
    ["phpbrew", "php", ".phpbrew/php/php-5.4.1", "5.4.1", "5.4", "phpbrew remove php-5.4.1"],
];

/// The interpreter of a tool, where it has another name.
fn program(tool: &str) -> &str {
    if tool == "erlang" { "erl" } else { tool }
}

#[test]
fn versions_of_other_managers_are_adopted_but_not_changed() {
    let sandbox = sandbox();
    for [_, tool, folder, ..] in CASES {
        sandbox.fake_program(format!("home/{folder}/bin/{}", program(tool)));
    }
    sandbox.reshim();
    let before = sandbox.tree("home");
    for [manager, tool, folder, version, request, command] in CASES {
        let interpreter = sandbox.home().join(folder).join("bin").join(program(tool));
        let expected = (version.to_string(), interpreter.to_str().unwrap().to_owned());
        let found = listed(&sandbox, tool, manager);
        assert!(found.contains(&expected), "{manager} {tool}: {found:?}");

        sandbox.file("project/.tool-versions", format!("{tool} {request}\n"));
        let ran = sandbox.command(program(tool)).run().succeeds();
        ran.stdout_has_line(&format!("argument 0: [SANDBOX]/home/{folder}/bin/{}", program(tool)));

        let wanted = format!("{tool}@{version}");
        let refused = sandbox.use_command(&["uninstall", &wanted]).run().fails_with(77);
        let refused = refused
            .stderr_contains(&format!("was not installed by usher: it belongs to {manager}"));
        match *command {
            "" => assert!(!refused.stderr.contains("hint"), "{refused}"),
            command => drop(refused.stderr_contains(&format!("hint: {command}"))),
        }
    }
    assert_eq!(sandbox.tree("home"), before);
}

#[test]
fn the_tool_cache_of_a_ci_image_is_adopted() {
    let sandbox = sandbox();
    let cache = sandbox.folder("cache");
    for path in ["node/0.9.1/x64", "Python/3.4.3/x64", "Ruby/1.8.4/x64", "go/1.4.1/x64"] {
        let tool = path.split('/').next().unwrap().to_lowercase();
        sandbox.fake_program(format!("cache/{path}/bin/{tool}"));
    }
    let sandbox = sandbox.with_variable("RUNNER_TOOL_CACHE", &cache);
    sandbox.reshim();
    for (tool, version) in
        [("node", "0.9.1"), ("python", "3.4.3"), ("ruby", "1.8.4"), ("go", "1.4.1")]
    {
        let found = listed(&sandbox, tool, "GitHub Actions");
        assert_eq!(found.iter().map(|(version, _)| version).collect::<Vec<_>>(), [version]);
    }
    // Without the variable, in a program that clears its environment, the shims know it still.
    sandbox.file("project/.tool-versions", "nodejs 0.9\n");
    let node = sandbox.command("node").without_variable("RUNNER_TOOL_CACHE").run();
    node.succeeds().stdout_has_line("0.9.1 x64");
}

#[test]
fn the_version_of_a_jdk_is_read_from_its_release_file() {
    let sandbox = sandbox();
    let release = |version: &str| {
        format!("IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"{version}-LTS\"\n")
    };
    sandbox.fake_program("home/.jdks/anything/bin/java");
    sandbox.file("home/.jdks/anything/release", release("9.0.1+11"));
    sandbox.fake_program("home/.jdks/broken/bin/java");
    sandbox.file("home/.jdks/no-java/release", release("9.0.3+1"));
    let jenv = sandbox.folder("home/.jenv/versions");
    symlink(sandbox.home().join(".jdks/anything"), jenv.join("9")).unwrap();
    symlink(sandbox.home().join(".jdks/anything"), jenv.join("9.0")).unwrap();
    sandbox.reshim();
    let found = listed(&sandbox, "java", "IntelliJ IDEA");
    let path = sandbox.home().join(".jdks/anything/bin/java");
    assert_eq!(found, [("temurin-9.0.1+11".to_owned(), path.to_str().unwrap().to_owned())]);
    assert_eq!(listed(&sandbox, "java", "jEnv"), [], "links to what is known already");

    let java = || sandbox.command("java").variable("FAKE_SHOWS", "JAVA_HOME").run();
    sandbox.file("project/.java-version", "temurin-9.0.1+11\n");
    java().succeeds().stdout_has_line("JAVA_HOME=[SANDBOX]/home/.jdks/anything");
    // It was replaced by a newer one in place: the shim sees that, and has it read anew.
    fs::remove_file(sandbox.home().join(".jdks/anything/release")).unwrap();
    sandbox.file("home/.jdks/anything/release", release("9.0.2+7"));
    java()
        .fails_with(127)
        .stderr_contains("temurin-9.0.1+11 (requested by .java-version:1): no source answered");
    sandbox.file("project/.java-version", "9.0.2\n");
    java().succeeds().stdout_has_line("JAVA_HOME=[SANDBOX]/home/.jdks/anything");
}
