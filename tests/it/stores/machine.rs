//! The machine's home under `/opt/usher`, and an account's own standing on top of it.
//!
//! Runs in a mount namespace of its own, in which `/opt` is empty and `/etc` a copy: nothing is
//! written outside the sandbox. Where it can't make such a namespace, the test is skipped.

use std::path::Path;

use crate::support::{Sandbox, Upstream};

/// Makes an `/opt` and an `/etc` of our own, in the folder `$1`.
const OWN_FOLDERS: &str = r#"
mkdir "$1/upper" "$1/work" &&
mount -t tmpfs -o mode=755 tmpfs /opt &&
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
"#;

/// What the administrator does, and then what an account does; `$1` is the `use` that was built,
/// `$2` the sandbox's folder.
const SCRIPT: &str = r#"
set -eu
umask 077
unset HOME
"$1" __install --system
/opt/usher/shims/use --global node@12 >/dev/null 2>&1
export PATH=/opt/usher/shims:/usr/bin:/bin
exec setpriv --reuid 65534 --regid 65534 --clear-groups sh -eu -c '
    export HOME="$1/home"
    cd "$1/project"
    echo "by default: $(node --version)"
    use doctor | grep "on PATH"
    echo 10.24.1 > .nvmrc
    echo "in the project: $(node --version 2>/dev/null)"
    use list node --json | grep -o "toolchains/node/[0-9.]*" | sort
    readlink "$HOME/.local/share/usher/shims/use"
    cd /
    echo "elsewhere: $(node --version)"
    touch /opt/usher/x 2>/dev/null || echo "the machine'\''s is the administrator'\''s"
' sh "$2"
"#;

#[test]
fn a_user_home_uses_the_system_wide_home() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.open_to_all();
    let probe = sandbox.folder("probe");
    let probe =
        sandbox.command("unshare").arguments(["-m", "sh", "-c", OWN_FOLDERS, "sh"]).argument(probe);
    let probed = probe.run();
    if !probed.status.success() {
        eprintln!("SKIPPED: can't make a mount namespace here: {}", probed.stderr.trim());
        return;
    }
    let folder = sandbox.folder("mounts");
    let script =
        format!("set -- {:?} \"$@\"; {{ {OWN_FOLDERS} }}; shift; {SCRIPT}", folder.display());
    let script = sandbox.command("unshare").arguments(["-m", "sh", "-c", &script, "sh"]);
    let built = [Path::new(env!("CARGO_BIN_EXE_use")), sandbox.root()];
    let outcome = script.arguments(built).run().succeeds();
    outcome.stdout_is(
        "/opt/usher/shims\n\
         by default: v12.22.12\n\
         ok     /opt/usher/shims is on PATH\n\
         in the project: v10.24.1\n\
         toolchains/node/10.24.1\n\
         toolchains/node/12.22.12\n\
         /opt/usher/shims/use\n\
         elsewhere: v12.22.12\n\
         the machine's is the administrator's\n",
    );
}
