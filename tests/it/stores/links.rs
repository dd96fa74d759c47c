//! Builds of the user's own: linked under a name, pinned, run, and let go; usher writes nothing there.

use std::fs;
use std::os::unix::fs::symlink;

use super::machine::in_own_namespace;
use super::{listed, sandbox};
use crate::support::Sandbox;

/// A sandbox with a build of node in `src/node/out`, which prints version 23.1.0.
fn with_build() -> Sandbox {
    let sandbox = sandbox();
    build(&sandbox, "src/node/out");
    sandbox
}

fn build(sandbox: &Sandbox, folder: &str) {
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo v23.1.0 || echo \"$0\"\n";
    sandbox.executable(format!("{folder}/bin/node"), script);
}

#[test]
fn a_build_of_the_users_own_is_linked_pinned_and_run() {
    let sandbox = with_build();
    let before = sandbox.tree("src");
    let link = sandbox.use_command(&["link", "node@mine", "../src/node/out"]);
    link.run().succeeds().stdout_is("linked node@mine to [SANDBOX]/src/node/out (23.1.0)\n");
    let again = sandbox.use_command(&["link", "node@mine", "../src/node/./out/"]);
    let already = "node@mine is already linked to [SANDBOX]/src/node/out (23.1.0)\n";
    again.run().succeeds().stdout_is(already);

    let pinned = sandbox.use_command(&["node@mine"]).run().succeeds();
    let pinned = pinned.stdout_is("pinned node mine in .tool-versions\n");
    pinned
        .stderr_contains("node mine is a link: on other machines, first `use link node@mine DIR`");
    let program = "[SANDBOX]/src/node/out/bin/node";
    sandbox.command("node").run().succeeds().stdout_has_line(program);
    sandbox.use_command(&["which", "node"]).run().succeeds().stdout_has_line(program);
    let path = sandbox.root().join("src/node/out/bin/node").display().to_string();
    assert_eq!(listed(&sandbox, "node", "linked"), [("mine".to_owned(), path)]);

    let removed = sandbox.use_command(&["uninstall", "node@mine", "--yes"]).run().succeeds();
    let removed =
        removed.stdout_is("removed the link node@mine; [SANDBOX]/src/node/out stays as it is\n");
    removed.stderr_contains("node mine is still requested by .tool-versions:1");
    assert_eq!(sandbox.tree("src"), before);
    let missing = sandbox.use_command(&["install"]).run().fails_with(127);
    missing.stderr_contains("nothing is linked or installed under that name");
}

#[test]
fn a_link_that_is_a_version_satisfies_requests_and_is_replaced() {
    let sandbox = with_build();
    build(&sandbox, "src/other");
    sandbox.use_command(&["link", "node@23.1.0", "../src/node/out"]).run().succeeds();
    sandbox.file("project/.nvmrc", "23\n");
    sandbox.command("node").run().succeeds().stdout_has_line("[SANDBOX]/src/node/out/bin/node");
    let replaced = sandbox.use_command(&["link", "node@23.1.0", "../src/other"]).run().succeeds();
    replaced.stdout_is(
        "linked node@23.1.0 to [SANDBOX]/src/other; it was linked to [SANDBOX]/src/node/out\n",
    );
    sandbox.command("node").run().succeeds().stdout_has_line("[SANDBOX]/src/other/bin/node");

    // Where the build went away, nothing else runs in its place, and nothing is fetched.
    fs::rename(sandbox.root().join("src/other"), sandbox.root().join("src/away")).unwrap();
    let gone = "node 23.1.0 is linked to [SANDBOX]/src/other, which has no bin/node\n  \
                hint: use uninstall node@23.1.0";
    sandbox.command("node").run().fails_with(127).stderr_contains(gone);
    sandbox.use_command(&["install"]).run().fails_with(127).stderr_contains(gone);
    let doctor = sandbox.use_command(&["doctor"]).run().fails_with(65);
    let told = doctor.stdout.matches("is linked to").count();
    assert_eq!(told, 1, "{doctor}");
    sandbox.use_command(&["uninstall", "node@23", "--yes"]).run().succeeds();
    let doctor = sandbox.use_command(&["doctor"]).run();
    assert!(!doctor.stdout.contains("is linked to"), "{doctor}");
}

#[test]
fn programs_that_a_link_s_package_manager_adds_have_shims() {
    let sandbox = with_build();
    // It puts a program beside itself, as npm does where that is the caller's own folder.
    let npm = "#!/bin/sh\nprintf '#!/bin/sh\\necho greeted\\n' > \"${0%/*}/greet\" && \
               /bin/chmod +x \"${0%/*}/greet\"\n";
    sandbox.executable("src/node/out/bin/npm", npm);
    sandbox.use_command(&["link", "node@mine", "../src/node/out"]).run().succeeds();
    sandbox.file("project/.nvmrc", "mine\n");
    sandbox.command("npm").arguments(&["install", "--global", "greet"]).run().succeeds();
    sandbox.command("greet").run().succeeds().stdout_is("greeted\n");
    // Only a link to it is usher's.
    let link = sandbox.usher().join("additions/node/links/mine/added/greet");
    assert_eq!(fs::read_link(link).unwrap(), sandbox.root().join("src/node/out/bin/greet"));
    sandbox.use_command(&["uninstall", "node@mine", "--yes"]).run().succeeds();
    assert!(!sandbox.shim("greet").exists());
    assert!(sandbox.root().join("src/node/out/bin/greet").exists());
}

#[test]
fn what_cannot_be_linked_is_refused_and_nothing_is_written() {
    let sandbox = with_build();
    let own = sandbox.fake_toolchain("node", "12.22.12");
    let own = own.to_str().unwrap();
    symlink(own, sandbox.root().join("behind")).unwrap();
    sandbox.folder("empty");
    for (word, folder, expected) in [
        ("node@mine", "../nowhere", "[SANDBOX]/nowhere does not exist"),
        ("node@mine", "../empty", "[SANDBOX]/empty has no bin/node"),
        (
            "node@mine",
            "../src/node/out/bin/node",
            "[SANDBOX]/src/node/out/bin/node has no bin/node\n  \
             hint: use link node@mine '[SANDBOX]/src/node/out'",
        ),
        (
            "node@mine",
            "../src/node/out/bin",
            "has no bin/node\n  hint: use link node@mine '[SANDBOX]/src/node/out'",
        ),
        ("node@mine", own, "is usher's own"),
        ("node@mine", "../behind", "[SANDBOX]/behind is usher's own\n  it is in "),
        ("node@23", "../src/node/out", "node 23 is a request, not the name of one build"),
        ("node@lts", "../src/node/out", "node lts is a request, not the name of one build"),
        ("node@>=12", "../src/node/out", "node >=12 is a request, not the name of one build"),
        ("node@../x", "../src/node/out", "invalid version of node"),
        ("node@path:/x", "../src/node/out", "is a request, not the name of one build"),
        ("node", "../src/node/out", "which name should the node in that folder have?"),
        ("noed@mine", "../src/node/out", "hint: use link node@mine"),
        (
            "node@22.0.0",
            "../src/node/out",
            "bin/node is node 23.1.0, not 22.0.0\n  hint: use link node@23.1.0",
        ),
        ("node@12.22.12", "../src/node/out", "node 12.22.12 is installed: the name is taken"),
    ] {
        let refused = sandbox.use_command(&["link", word, folder]).run();
        assert!(!refused.status.success(), "{word} {folder}: {refused}");
        refused.stderr_contains(expected);
    }
    assert!(!sandbox.usher().join("links").exists());
}

/// What root links in the machine's home, and what an account has of it. `$1` is the `use` that was
/// built, `$2` the sandbox's folder.
const OF_THE_MACHINE: &str = r#"
set -eu
umask 022
mkdir -p "$2/root" "$2/account" /opt/build/bin "$2/open/bin"
chmod 755 "$2/root"; chown 65534 "$2/account"; chmod 777 "$2/open"
export HOME="$2/root" PATH=/opt/usher/shims:/usr/bin:/bin
for bin in /opt/build/bin "$2/open/bin"; do
    printf '#!/bin/sh\necho "ran $0"\n' > "$bin/node"
    chmod +x "$bin/node"
done
"$1" self install --system >/dev/null
use link node@mine /opt/build 2>/dev/null
use link node@open "$2/open" 2>&1 >/dev/null | head -1 | grep -o "can't be linked for all accounts"
cd "$2/project"
echo mine > .nvmrc
run() { setpriv --reuid=65534 --regid=65534 --clear-groups env -i "HOME=$home" "PATH=$PATH" "$@"; }
home=$2/account
run node
run use uninstall node@mine 2>&1 | head -1
use uninstall node@mine --yes 2>/dev/null
run use install 2>&1 | head -1
"#;

#[test]
fn a_link_of_the_machines_is_for_all_accounts() {
    let sandbox = Sandbox::new().offline();
    sandbox.open_to_all();
    let Some(outcome) = in_own_namespace(&sandbox, OF_THE_MACHINE) else { return };
    outcome.succeeds().stdout_is(
        "linked node@mine to /opt/build\n\
         can't be linked for all accounts\n\
         ran /opt/build/bin/node\n\
         error: node mine is a link of the machine's\n\
         removed the link node@mine; /opt/build stays as it is\n\
         error: unknown version of node: mine (requested by .nvmrc:1)\n",
    );
}
