//! The machine's home under `/opt/usher`, and an account's own standing on top of it.
//!
//! Runs in a mount namespace of its own, in which `/opt` is empty and `/etc` a copy: nothing is
//! written outside the sandbox. Where it can't make such a namespace, the test is skipped.

use std::path::Path;

use usher_shims::index::VERSION;

use crate::support::{Outcome, ReleaseKey, Sandbox, Upstream, own_releases};

/// Makes an `/opt` and an `/etc` of our own, in the folder `$1`.
const OWN_FOLDERS: &str = r#"
mkdir "$1/upper" "$1/work" "$1/local" "$1/work-local" &&
mount -t tmpfs -o mode=755 tmpfs /opt &&
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc &&
mount -t overlay overlay -o "lowerdir=/usr/local,upperdir=$1/local,workdir=$1/work-local" /usr/local
"#;

/// What the administrator does, and then what an account does; `$1` is the `use` that was built,
/// `$2` the sandbox's folder.
const SCRIPT: &str = r#"
set -eu
umask 077
unset HOME
"$1" self install --system
/opt/usher/shims/use --global node@12 >/dev/null 2>&1
export PATH=/opt/usher/shims:/usr/bin:/bin
exec setpriv --reuid 65534 --regid 65534 --clear-groups sh -eu -c '
    export HOME="$1/home"
    cd "$1/project"
    echo "by default: $(node --version)"
    use doctor --all >doctor
    grep -e "on PATH" -e "the machine" doctor
    rm doctor
    echo 10.24.1 > .nvmrc
    echo "in the project: $(node --version 2>/dev/null)"
    use list node --json | grep -o "toolchains/node/[0-9.]*" | sort -u
    readlink "$HOME/.local/share/usher/shims/use"
    cd /
    echo "elsewhere: $(node --version)"
    touch /opt/usher/x 2>/dev/null || echo "the machine'\''s is the administrator'\''s"
' sh "$2"
"#;

/// A program that root adds to the machine's version, and that accounts with an older index of their
/// own call; then the machine's home under another name. `$1` and `$2` as above.
const ADDED: &str = r#"
set -eu
umask 022
mkdir "$2/root" "$2/account"
chmod 755 "$2/root"; chown 65534 "$2/account"
export HOME="$2/root" PATH=/opt/usher/shims:/usr/bin:/bin
"$1" self install --system >/dev/null
bin=/opt/usher/toolchains/node/18.1.0/bin
mkdir -p "$bin"
printf '#!/bin/sh\necho node18 "$0"\n' > "$bin/node"
chmod +x "$bin/node"
use reshim >/dev/null
echo "node 18.1.0" > /etc/usher/tool-versions
mkdir -p "$HOME/.local/share/usher/shims"
base=$2
account() {
    setpriv --reuid=65534 --regid=65534 --clear-groups \
        env -i "HOME=$base/account" "PATH=$PATH" "$@"
}
cd /
account use shim node@18
# Root has an account's home too, from before.
cp "$base/account/.local/share/usher/shims/.usher" "$HOME/.local/share/usher/shims/"
printf '#!/bin/sh\necho newtool\n' > "$bin/newtool"
chmod +x "$bin/newtool"
mkdir -p /etc/usher/registry
cat > /etc/usher/registry/plain.toml <<'END'
name = 'plain'
title = 'Plain'
programs = ['plain']
variables = ['PLAIN_VERSION']
dialect = 'npm'
version_components = 3
END
mkdir -p /opt/usher/toolchains/plain/1.2.3/bin
printf '#!/bin/sh\necho plain\n' > /opt/usher/toolchains/plain/1.2.3/bin/plain
chmod +x /opt/usher/toolchains/plain/1.2.3/bin/plain
use reshim >/dev/null
echo "root: $(newtool)"
echo "account: $(account newtool) $(account plain)"
echo "which: $(account use which newtool)"
account use why node | grep -o "requested by.*wins"
account use doctor | grep "out of date"
account use reshim
account use doctor | grep "out of date" || echo "up to date"
mv /opt/usher /opt/tools
PATH=/opt/tools/shims:/usr/bin:/bin
echo "renamed, root: $(newtool) $(node)"
echo "renamed, account: $(account newtool) $(account node)"
echo "renamed, which: $(account use which node) $(use which node)"
account use reshim
readlink "$2/account/.local/share/usher/shims/use"
"#;

#[test]
fn the_machines_new_programs_are_known_to_accounts() {
    let sandbox = Sandbox::new().offline();
    sandbox.open_to_all();
    let Some(outcome) = in_own_namespace(&sandbox, ADDED) else { return };
    outcome.succeeds().stdout_is(
        "created: node18 npm18 npx18 node@18\n\
         root: newtool\n\
         account: newtool plain\n\
         which: /opt/usher/toolchains/node/18.1.0/bin/newtool\n\
         requested by the machine's default, /etc/usher/tool-versions:1: wins\n\
         note   the shims' index is out of date\n\
         created: newtool plain plain1 plain1.2\n\
         up to date\n\
         renamed, root: newtool node18 /opt/tools/toolchains/node/18.1.0/bin/node\n\
         renamed, account: newtool node18 /opt/tools/toolchains/node/18.1.0/bin/node\n\
         renamed, which: /opt/tools/toolchains/node/18.1.0/bin/node \
         /opt/tools/toolchains/node/18.1.0/bin/node\n\
         mended: use usher\n\
         /opt/tools/shims/use\n",
    );
}

#[test]
fn a_user_home_uses_the_system_wide_home() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.open_to_all();
    let Some(outcome) = in_own_namespace(&sandbox, SCRIPT) else { return };
    outcome.succeeds().stdout_is(
        "/opt/usher/shims\n\
         by default: v12.22.12\n\
         ok     /opt/usher/shims is on PATH\n\
         ok     the machine's shims are used: /opt/usher/shims\n\
         in the project: v10.24.1\n\
         toolchains/node/10.24.1\n\
         toolchains/node/12.22.12\n\
         /opt/usher/shims/use\n\
         elsewhere: v12.22.12\n\
         the machine's is the administrator's\n",
    );
}

/// The machine's `use` is replaced by a release, and two accounts have its shims: one a home of its
/// own, whose `use` is a link to the machine's. `$1` and `$2` as above; `signed` is the `use` to begin
/// with.
const UPDATED: &str = r#"
set -eu
umask 022
unset HOME
"$2/signed" self install --system >/dev/null
bin=/opt/usher/toolchains/node/18.1.0/bin
mkdir -p "$bin"
printf '#!/bin/sh\necho node18\n' > "$bin/node"
chmod +x "$bin/node"
export PATH=/opt/usher/shims:/usr/bin:/bin TEST_RELEASES="$2/releases"
use reshim >/dev/null
echo "node 18.1.0" > /etc/usher/tool-versions
base=$2
mkdir "$base/1" "$base/2"
chown 65534 "$base/1"; chown 65533 "$base/2"
account() {
    number=$1; shift
    setpriv --reuid=$((65535 - number)) --regid=65534 --clear-groups \
        env -i "HOME=$base/$number" "PATH=$PATH" "TEST_RELEASES=$TEST_RELEASES" \
        "TEST_RELEASE_KEY=$TEST_RELEASE_KEY" "$@"
}
cd /
account 1 use shim node@18 >/dev/null 2>&1
own=$base/1/.local/share/usher/shims
echo "before: $(account 1 "$own/use" --version) $(account 1 "$own/node") $(account 2 node)"
account 1 "$own/use" self update 2>&1 | sed -n 1p || :
account 2 use self update 2>&1 | sed -n 1p || :
use self update
for number in 1 2; do
    echo "$number: $(account $number use --version) $(account $number node)"
done
echo "own: $(account 1 "$own/use" --version) $(account 1 "$own/node") $(account 1 "$own/node18")"
account 1 use reshim >/dev/null
account 1 use doctor | grep "^error" || echo "no errors"
ls /opt/usher/staging | wc -l
cmp /opt/usher/shims/use "$2"/releases/9.9.9/use-* && cmp /opt/usher/shims/usher /opt/usher/shims/use
"#;

#[test]
fn the_machines_usher_is_updated_for_its_accounts() {
    let sandbox = Sandbox::new().offline();
    sandbox.open_to_all();
    let key = ReleaseKey::new(1);
    let program = own_releases::small_signed_use(&sandbox);
    own_releases::publish(&sandbox, &key, "9.9.9", &own_releases::with_version(&program, "9.9.9"));
    let sandbox = sandbox.with_variable("TEST_RELEASE_KEY", key.public());
    let Some(outcome) = in_own_namespace(&sandbox, UPDATED) else { return };
    outcome.succeeds().stdout_is(&format!(
        "before: use {VERSION} node18 node18\n\
         error: [SANDBOX]/1/.local/share/usher/shims/use is the machine's\n\
         error: usher isn't installed in [SANDBOX]/2/.local/share/usher\n\
         usher 9.9.9 replaced {VERSION}\n\
         1: use 9.9.9 node18\n\
         2: use 9.9.9 node18\n\
         own: use 9.9.9 node18 node18\n\
         no errors\n\
         0\n",
    ));
}

/// Runs a script with an `/opt`, an `/etc` and a `/usr/local` of its own; `None` where that can't be.
pub(crate) fn in_own_namespace(sandbox: &Sandbox, script: &str) -> Option<Outcome> {
    let probe = sandbox.folder("probe");
    let probe =
        sandbox.command("unshare").arguments(["-m", "sh", "-c", OWN_FOLDERS, "sh"]).argument(probe);
    let probed = probe.run();
    if !probed.status.success() {
        eprintln!("SKIPPED: can't make a mount namespace here: {}", probed.stderr.trim());
        return None;
    }
    let folder = sandbox.folder("mounts");
    let script =
        format!("set -- {:?} \"$@\"; {{ {OWN_FOLDERS} }}; shift; {script}", folder.display());
    let script = sandbox.command("unshare").arguments(["-m", "sh", "-c", &script, "sh"]);
    let built = [Path::new(env!("CARGO_BIN_EXE_use")), sandbox.root()];
    Some(script.arguments(built).run())
}
