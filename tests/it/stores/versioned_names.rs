//! Programs beside a tool's main one, called by version: `npm12`, `gem3.1`, `php-fpm8.2`; of installed
//! versions and of the system's. Nothing depends on what the machine has: the system's versions are
//! those of a tool of the sandbox's own.

use std::collections::BTreeSet;
use std::env;
use std::fs;

use super::sandbox;
use crate::support::Sandbox;

/// Those of these names that have a shim.
fn among(sandbox: &Sandbox, names: &str) -> String {
    let entries = fs::read_dir(sandbox.shims()).expect("list the shims");
    let shims: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.split(' ').filter(|name| shims.contains(*name)).collect::<Vec<_>>().join(" ")
}

/// A program that prints its path, its first argument and the variable that requests its tool, and
/// then the same of a program that it calls.
fn program(sandbox: &Sandbox, path: &str, variable: &str, child: &str) {
    let call = if child.is_empty() { String::new() } else { format!("{child} inner\n") };
    let root = sandbox.root().display();
    let text = format!("#!/bin/sh\necho \"${{0#{root}/}} $1 ${{{variable}-unset}}\"\n{call}");
    sandbox.executable(path, &text);
}

const STORE: &str = "home/.local/share/usher/toolchains";

#[test]
fn companions_have_the_version_of_their_names_and_so_have_children() {
    let sandbox = sandbox();
    for version in ["12.22.12", "14.1.0"] {
        program(&sandbox, &format!("{STORE}/node/{version}/bin/node"), "NODE_VERSION", "");
        program(&sandbox, &format!("{STORE}/node/{version}/bin/npm"), "NODE_VERSION", "node");
    }
    program(&sandbox, &format!("{STORE}/node/14.1.0/bin/npx"), "NODE_VERSION", "node");
    sandbox.reshim();
    let names = "node12 node12.22 npm12 npm12.22 npx12 node14 npm14 npx14 npm14.1 npm@12 node@12";
    // Those that a version has, for its release line.
    assert_eq!(among(&sandbox, names), "node12 node12.22 npm12 node14 npm14 npx14");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.command("npm14").argument("x").run().succeeds().stdout_is(&format!(
        "{STORE}/node/14.1.0/bin/npm x 14\n{STORE}/node/14.1.0/bin/node inner 14"
    ));
    sandbox.command("npm").argument("x").run().succeeds().stdout_is(&format!(
        "{STORE}/node/12.22.12/bin/npm x unset\n{STORE}/node/12.22.12/bin/node inner unset"
    ));
    let lacks = sandbox.command(sandbox.shim("npm14")).with_argument_zero("npx12").run();
    lacks.fails_with(127).stderr_contains("node 12.22.12");
}

/// `npm@12` is a release of npm, and `npm12` the npm of node 12: no shim of one name means the other.
#[test]
fn a_tool_of_the_programs_name_comes_first_only_behind_an_at() {
    let sandbox = sandbox();
    program(&sandbox, &format!("{STORE}/node/12.22.12/bin/node"), "NODE_VERSION", "");
    program(&sandbox, &format!("{STORE}/node/12.22.12/bin/npm"), "NODE_VERSION", "");
    program(&sandbox, &format!("{STORE}/npm/9.1.0/bin/npm"), "NODE_VERSION", "");
    sandbox.file("home/.config/usher/config.toml", "shims = \"all\"\n");
    sandbox.file("project/.nvmrc", "12\n");
    sandbox.reshim();
    let names = "npm9 npm@9 npm9.1 npm@9.1 npm12 npm@12 npm12.22 node@12";
    assert_eq!(among(&sandbox, names), "npm@9 npm@9.1 npm12 npm12.22 node@12");
    let run = |name: &str| sandbox.command(name).argument("x").run().succeeds();
    run("npm@9").stdout_is(&format!("{STORE}/npm/9.1.0/bin/npm x unset"));
    run("npm12").stdout_is(&format!("{STORE}/node/12.22.12/bin/npm x 12"));
}

/// A tool that a folder of the sandbox provides as the system's, under names with versions, and with a
/// daemon in `sbin`.
fn with_system_versions() -> Sandbox {
    let sandbox = sandbox();
    let bin = sandbox.root().join("system/bin").display().to_string();
    let plain = format!(
        "name = 'plain'\ntitle = 'Plain'\n\
         programs = ['plain', 'plaingem', 'plaindoc', 'plain-fpm']\n\
         core_programs = ['plain', 'plain-fpm']\nrelease_line = 2\n\
         companions = ['plaingem', 'plain-fpm']\nvariables = ['PLAIN_VERSION']\n\
         dialect = 'composer'\nversion_components = 3\n\
         [system]\nfolders = ['{bin}']\nprograms = ['plain*']\nprobe = ['--version']\n"
    );
    sandbox.file("home/.config/usher/registry/plain.toml", plain);
    let probed = |version: &str| {
        let root = sandbox.root().display();
        format!(
            "#!/bin/sh\n[ \"$1\" != --version ] || {{ echo {version}; exit; }}\n\
             echo \"${{0#{root}/}} $1 ${{PLAIN_VERSION-unset}}\"\n"
        )
    };
    sandbox.executable("system/bin/plain8.2", &probed("8.2.29"));
    sandbox.executable("system/bin/plain7.4", &probed("7.4.33"));
    program(&sandbox, "system/bin/plaingem8.2", "PLAIN_VERSION", "plain");
    program(&sandbox, "system/sbin/plain-fpm8.2", "PLAIN_VERSION", "plain");
    std::os::unix::fs::symlink("plain8.2", sandbox.root().join("system/bin/plain")).unwrap();
    sandbox.reshim();
    let path = env::join_paths([sandbox.shims(), bin.into(), "/usr/bin".into(), "/bin".into()]);
    sandbox.with_variable("PATH", path.unwrap())
}

#[test]
fn the_systems_versions_are_called_by_version_too() {
    let sandbox = with_system_versions();
    let names =
        "plain8.2 plain7.4 plain8 plaingem8.2 plaingem7.4 plain-fpm8.2 plain-fpm7.4 plain@8.2";
    assert_eq!(among(&sandbox, names), "plain8.2 plain7.4 plaingem8.2 plain-fpm8.2");
    let run = |name: &str| sandbox.command(name).argument("x").run().succeeds();
    run("plain7.4").stdout_is("system/bin/plain7.4 x 7.4");
    sandbox.file("project/.tool-versions", "plain 7.4\n");
    run("plaingem8.2").stdout_is("system/bin/plaingem8.2 x 8.2\nsystem/bin/plain8.2 inner 8.2");
    run("plain-fpm8.2").stdout_is("system/sbin/plain-fpm8.2 x 8.2\nsystem/bin/plain8.2 inner 8.2");
    // Without a version in the name, by the project's pin, or of the system's own version.
    sandbox.command("plain-fpm").run().fails_with(127).stderr_contains("plain 7.4.33");
    sandbox.file("project/.tool-versions", "plain 8.2\n");
    run("plain-fpm").stdout_is("system/sbin/plain-fpm8.2 x unset\nsystem/bin/plain8.2 inner unset");
    fs::remove_file(sandbox.project().join(".tool-versions")).unwrap();
    let unpinned = run("plain-fpm");
    assert!(unpinned.stdout.starts_with("system/sbin/plain-fpm8.2 x unset\n"), "{unpinned}");
}

/// An account's own version of that line comes before the system's, and its name is the same.
#[test]
fn an_installed_version_of_the_line_comes_before_the_systems() {
    let sandbox = with_system_versions();
    program(&sandbox, &format!("{STORE}/plain/8.2.31/bin/plain"), "PLAIN_VERSION", "");
    program(&sandbox, &format!("{STORE}/plain/8.2.31/sbin/plain-fpm"), "PLAIN_VERSION", "");
    sandbox.reshim();
    let run = |name: &str| sandbox.command(name).argument("x").run().succeeds();
    run("plain8.2").stdout_is(&format!("{STORE}/plain/8.2.31/bin/plain x 8.2"));
    run("plain-fpm8.2").stdout_is(&format!("{STORE}/plain/8.2.31/sbin/plain-fpm x 8.2"));
}
