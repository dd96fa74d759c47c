//! The machine's cached indexes, which accounts use.

use super::machine::in_own_namespace;
use crate::support::{Sandbox, Upstream};

/// The index of the official node site.
const INDEX: &str = "/dist/index.json";

/// The administrator installs a version, and an account another one. `$1` is the `use` that was built,
/// `$2` the sandbox's folder.
const SHARED: &str = r#"
set -eu
umask 077
mkdir "$2/root"
export HOME="$2/root" PATH=/opt/usher/shims:/usr/bin:/bin
"$1" self install --system >/dev/null
use install node@12 >/dev/null 2>&1
stat -c '%a %n' /opt/usher/cache /opt/usher/cache/indexes /opt/usher/cache/indexes/*.json | sed 's/[0-9a-f]\{32\}/INDEX/'
mkdir "$2/account"; chmod 755 "$2/root"; chown 65534 "$2/account"
cd /
setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$2/account" \
    use install node@10 | sed "s|$2|SANDBOX|"
ls "$2/account/.cache/usher/indexes" 2>/dev/null || echo "no index of its own"
"#;

#[test]
fn an_account_uses_the_machines_fresh_index() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.open_to_all();
    let Some(outcome) = in_own_namespace(&sandbox, SHARED) else { return };
    outcome.succeeds().stdout_is(
        "755 /opt/usher/cache\n\
         755 /opt/usher/cache/indexes\n\
         644 /opt/usher/cache/indexes/INDEX.json\n\
         installed node 10.24.1 (SANDBOX/account/.local/share/usher/toolchains/node/10.24.1)\n\
         no index of its own\n",
    );
    assert_eq!(upstream.requests(INDEX), 1, "by the machine alone");
}
