//! What the machine installs for its accounts: copies that are no longer needed, the list of wanted
//! versions, and requests that accounts leave.

use super::machine::in_own_namespace;
use crate::commands::json::check_output;
use crate::support::{Outcome, Sandbox, Upstream};

/// Makes the machine's usher, an account that `account COMMAND…` runs as, and its home `$2/account`.
/// `$1` is the `use` that was built, `$2` the sandbox's folder.
const SET_UP: &str = r#"
set -eu
umask 022
mkdir "$2/root" "$2/account"
chmod 755 "$2/root"; chown 65534 "$2/account"
export HOME="$2/root" PATH=/opt/usher/shims:/usr/bin:/bin
"$1" __install --system >/dev/null
base=$2
as() {
    number=$1; shift
    setpriv --reuid=$number --regid=$number --clear-groups env HOME="$base/account" "$@"
}
account() { as 65534 "$@"; }
cd /
"#;

/// Runs a script after [`SET_UP`].
fn run(sandbox: &Sandbox, script: &str) -> Option<Outcome> {
    sandbox.open_to_all();
    in_own_namespace(sandbox, &format!("{SET_UP}\n{script}"))
}

/// The account installs three versions, root the same; one copy has a global package, one is changed.
const COPIES: &str = r#"
account use install node@8 node@10 node@12 node@14 >/dev/null 2>&1
use install node@8 node@10 node@12 >/dev/null 2>&1
own=$2/account/.local/share/usher/toolchains/node
mkdir -p "$own"/10.*/lib/node_modules/cowsay; chown -R 65534 "$own"/10.*/lib
echo changed > "$(echo "$own"/8.*)/LICENSE"
account use prune --copies --dry-run --json
echo ---
account use prune --copies --yes | sed -e 's/[0-9.]* [kM]B/SIZE/' -e 's/  */ /g'
ls "$own"
(mkdir "$2/project"; cd "$2/project"; echo 12 > .nvmrc; account node --version)
account use prune --copies --yes node@14 || echo "exit $?"
use prune --copies --yes || echo "exit $?"
"#;

#[test]
fn copies_of_the_machines_versions_are_removed_unless_something_was_added() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let Some(outcome) = run(&sandbox, COPIES) else { return };
    let (json, text) = outcome.stdout.split_once("---\n").expect("two outputs");
    check_output("use prune --copies", &[serde_json::from_str(json).expect("JSON")]);
    assert_eq!(text, "");
}
