//! What the machine installs for its accounts: copies that are no longer needed, the list of wanted
//! versions, and requests that accounts leave.

use super::machine::in_own_namespace;
use crate::commands::json::check_output;
use crate::support::{Outcome, Platform, Sandbox, Upstream};

/// Makes the machine's usher, an account that `account COMMAND…` runs as, and its home `$2/account`.
/// `$1` is the `use` that was built, `$2` the sandbox's folder.
const SET_UP: &str = r#"
set -eu
umask 022
mkdir "$2/root" "$2/account"
chmod 755 "$2/root"; chown 65534 "$2/account"
export HOME="$2/root" PATH=/opt/usher/shims:/usr/bin:/bin
"$1" self install --system >/dev/null
mkdir -p /etc/usher
printf '%s\n' root:x:0:0::/root:/bin/sh "account:x:65534:65534::$2/account:/bin/sh" > /etc/passwd
base=$2
as() {
    number=$1 home=$2; shift 2
    setpriv --reuid=$number --regid=$number --clear-groups env HOME="$home" "$@"
}
account() { as 65534 "$base/account" "$@"; }
# Also of tools that nothing on this machine has yet.
all_shims() { echo 'shims = "all"' > /etc/usher/config.toml; use reshim >/dev/null 2>&1; }
in_store() { ls /opt/usher/toolchains/node 2>/dev/null | tr '\n' ' '; echo; }
cd "$2/project"
"#;

/// Runs a script after [`SET_UP`].
fn run(sandbox: &Sandbox, script: &str) -> Option<Outcome> {
    sandbox.folder("project");
    sandbox.open_to_all();
    in_own_namespace(sandbox, &format!("{SET_UP}\n{script}"))
}

/// The account installs four versions, root three of them; one copy has a global package, one is
/// changed.
const COPIES: &str = r#"
account use install node@10 node@12 node@18 node@20 >/dev/null 2>&1
use install node@10 node@12 node@18 >/dev/null 2>&1
own=$2/account/.local/share/usher/toolchains/node
mkdir -p "$own/10.24.1/lib/node_modules/cowsay"; chown -R 65534 "$own/10.24.1/lib"
echo changed > "$own/18.20.8/LICENSE"
account use prune --copies --dry-run --json
ls "$own" | wc -l
echo ---
account use prune --copies --yes 2>&1 | sed -e 's/[0-9.]* [kM]B/SIZE/' -e 's/   */ /g'
ls "$own"
echo 12 > .nvmrc; account node --version
account use prune --copies --yes node@20 2>/dev/null || echo "exit $?"
use prune --copies --yes 2>/dev/null || echo "exit $?"
"#;

#[test]
fn copies_of_the_machines_versions_are_removed_unless_something_was_added() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let Some(outcome) = run(&sandbox, COPIES) else { return };
    let outcome = outcome.succeeds();
    let (json, text) = outcome.stdout.split_once("4\n---\n").expect("two outputs");
    check_output("use prune --copies", &[serde_json::from_str(json).expect("JSON")]);
    let machine = "/opt/usher/toolchains/node";
    assert_eq!(
        text,
        format!(
            " TOOL VERSION SIZE REASON\n\
             keep node 10.24.1 SIZE it has global packages (lib/node_modules/cowsay)\n\
             remove node 12.22.12 SIZE the machine has it: {machine}/12.22.12\n\
             keep node 18.20.8 SIZE changed: LICENSE\n\
             1 version (SIZE) can be removed\n\
             removed node 12.22.12 (SIZE)\n\
             10.24.1\n18.20.8\n20.19.5\nv12.22.12\nexit 127\nexit 2\n"
        )
    );
}

/// The list through a year: installed, unchanged, upgraded, no longer wanted, wanted again, removed.
const LISTED: &str = r#"
list=/etc/usher/wanted-versions
use sync -q
use install node@12.22.11 node@13 >/dev/null 2>&1
printf 'node 10 12.22.11 # old\n' > $list
echo "planned:"; use sync --dry-run 2>/dev/null; in_store
echo "first:"; use sync 2>/dev/null
echo "again:"; use sync; use sync --json; use sync -q --log json
printf 'node 12\n' > $list
echo "newer:"; use sync --log json 2>/dev/null | sed -e 's/"time":[0-9]*/"time":0/' -e 's/from 20[0-9-]* on/from DATE on/'; use sync
cat /etc/usher/retired | sed 's/20[0-9-]*$/DATE/'; cat /opt/usher/listed-versions
printf 'node 10 12\n' > $list
echo "wanted again:"; use sync; sed 's/20[0-9-]*$/DATE/' /etc/usher/retired
sed -i 's/20[0-9-]*$/2020-01-31/' /etc/usher/retired
account use --global node@12.22.11 >/dev/null 2>&1
echo "used:"; use sync
use sync --dry-run 2>&1 | grep -c "keeping node 12.22.11: requested by account's default"
rm "$2/account/.config/usher/tool-versions"
echo "its day:"; use sync; in_store; cat /etc/usher/retired
printf 'node 12\nnod 1\n' > $list
echo "invalid:"; use sync 2>&1 || echo "exit $?"
account use sync 2>&1 || echo "exit $?"
"#;

#[test]
fn the_machines_store_follows_the_list() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let Some(outcome) = run(&sandbox, LISTED) else { return };
    let list = "/etc/usher/wanted-versions";
    outcome.succeeds().stdout_is(&format!(
        "planned:\n\
         would install node 10.24.1 (wanted by {list}:1)\n\
         12.22.11 13.0.0 \n\
         first:\n\
         installed node 10.24.1 (wanted by {list}:1)\n\
         again:\n\
         {{\n  \"format\": 1,\n  \"changes\": []\n}}\n\
         newer:\n\
         {{\"format\":1,\"time\":0,\"action\":\"upgraded\",\"tool\":\"node\",\
         \"version\":\"12.22.12\",\"from\":\"12.22.11\",\"account\":null,\
         \"requested_by\":{{\"kind\":\"file\",\"file\":\"{list}\",\"line\":1,\"text\":\"{list}:1\"}},\
         \"reason\":\"wanted by {list}:1\",\"done\":true}}\n\
         {{\"format\":1,\"time\":0,\"action\":\"retired\",\"tool\":\"node\",\"version\":\"10.24.1\",\
         \"from\":null,\"account\":null,\
         \"reason\":\"no longer wanted; may be removed from DATE on\",\"done\":true}}\n\
         {{\"format\":1,\"time\":0,\"action\":\"retired\",\"tool\":\"node\",\"version\":\"12.22.11\",\
         \"from\":null,\"account\":null,\
         \"reason\":\"no longer wanted; may be removed from DATE on\",\"done\":true}}\n\
         node 10.24.1 DATE\n\
         node 12.22.11 DATE\n\
         node 10.24.1 retired\n\
         node 12.22.11 retired\n\
         node 12.22.12\n\
         wanted again:\n\
         node 12.22.11 DATE\n\
         used:\n\
         1\n\
         its day:\n\
         removed node 12.22.11 (retired; its day was 2020-01-31)\n\
         10.24.1 12.22.12 13.0.0 \n\
         invalid:\n\
         error: can't parse {list}:2\n  \
           unknown tool “nod”\n  \
           a line has a tool and its versions: node 20 22\n\
         exit 65\n\
         error: `use sync` is for the machine's versions, and these are an account's\n  \
           hint: sudo '/opt/usher/shims/use' sync\n\
         exit 77\n"
    ));
}

/// Serves requests as systemd's path unit does, until the script ends.
const SERVING: &str = r#"
all_shims
serve() {
    use sync -q
    while :; do
        if [ -n "$(ls /opt/usher/requests/new)" ]; then use sync --quiet --log json >> "$base/log"; fi
        sleep 0.05
    done
}
"#;

/// Twenty accounts' processes want one version that the machine lacks.
const REQUESTS: &str = r#"
printf 'fetch = "requests"\nwait = 60\ndeny = ["node@13"]\ncontact = "help@host.example"\n' > /etc/usher/policy.toml
serve & server=$!
trap 'kill $server' EXIT
while [ ! -d /opt/usher/requests/new ]; do sleep 0.05; done
echo 12 > .nvmrc
for number in 1 2 3 4 5 6 7 8 9 10; do
    mkdir "$2/home$number"; chown $((20000 + number)) "$2/home$number"
    as $((20000 + number)) "$2/home$number" node --version > "$2/out$number" 2>/dev/null &
    pids="${pids:-} $!"
done
wait $pids
cat "$2"/out* | sort | uniq -c | sed 's/^ *//'
ls -A "$2"/home*/.local 2>/dev/null || echo "the accounts got no folders"
account use install node@10 2>/dev/null
account touch /opt/usher/requests/new/node@13.0.0@65534
account touch /opt/usher/requests/new/not-a-request
while [ -n "$(ls /opt/usher/requests/new)" ]; do sleep 0.05; done
account ls /opt/usher/requests/new 2>/dev/null || echo "accounts can't list requests"
sed -e 's/"time":[0-9]*/"time":0/' -e 's/"account":2[0-9]*/"account":ACCOUNT/' "$2/log"
in_store
"#;

#[test]
fn requests_of_many_accounts_are_served_by_one_download() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let Some(outcome) = run(&sandbox, &format!("{SERVING}{REQUESTS}")) else { return };
    let changes = |action: &str, version: &str, account: &str, why: &str| {
        format!(
            "{{\"format\":1,\"time\":0,\"action\":\"{action}\",\"tool\":\"node\",\
             \"version\":\"{version}\",\"from\":null,\"account\":{account},{why},\"done\":true}}\n"
        )
    };
    outcome.succeeds().stdout_is(
        &[
            "10 v12.22.12\n\
         the accounts got no folders\n\
         installed node 10.24.1 (/opt/usher/toolchains/node/10.24.1)\n\
         accounts can't list requests\n",
            &changes("served", "12.22.12", "ACCOUNT", "\"reason\":null"),
            &changes("served", "10.24.1", "65534", "\"reason\":null"),
            &changes(
                "refused",
                "13.0.0",
                "65534",
                "\"error\":{\"what\":\"node 13.0.0 is not allowed on this machine\",\
                 \"causes\":[\"/etc/usher/policy.toml:3: `deny` has node@13\",\
                 \"questions: help@host.example\"],\"hint\":\"use list node\",\"code\":\"forbidden\",\"exit\":77},\
                 \"reason\":\"node 13.0.0 is not allowed on this machine: \
                 /etc/usher/policy.toml:3: `deny` has node@13: questions: help@host.example\"",
            ),
            "10.24.1 12.22.12 \n",
        ]
        .concat(),
    );
    assert_eq!(upstream.requests(&Platform::here().node_archive("12.22.12")), 1);
}

/// A request that isn't served in time, one that is interrupted, and one that is refused.
const WAITING: &str = r#"
all_shims
printf 'fetch = "requests"\nwait = 0\n' > /etc/usher/policy.toml
echo 12.22.12 > .nvmrc
echo "no spool:"; account node --version 2>&1 || echo "exit $?"
use sync
echo "at once:"; account node --version 2>&1 || echo "exit $?"
account node --version 2>/dev/null || ls /opt/usher/requests/new
use sync 2>/dev/null; account node --version
sed -i 's/^wait.*/wait = 60/' /etc/usher/policy.toml
echo 10.24.1 > .nvmrc
account sh -c 'echo $$ > "$HOME/pid"; exec node --version' > "$2/interrupted" 2>&1 & interrupted=$!
while [ -z "$(ls /opt/usher/requests/new)" ]; do sleep 0.05; done
kill "$(cat "$2/account/pid")"
wait $interrupted || echo "exit $?"
# The shell adds a line of its own.
grep "^usher" "$2/interrupted"
ls /opt/usher/requests/new
echo 12.99.0 > .nvmrc
account node --version 2>&1 & waiting=$!
while [ -z "$(ls /opt/usher/requests/new)" ]; do sleep 0.05; done
use sync 2>/dev/null
wait $waiting || echo "exit $?"
"#;

#[test]
fn a_request_waits_is_interrupted_and_is_refused() {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    let Some(outcome) = run(&sandbox, WAITING) else { return };
    outcome.succeeds().stdout_is(
        "no spool:\n\
         usher: the machine takes no requests: /opt/usher/requests is missing\n  \
           only root can make it, with: use sync\n  \
           node 12.22.12 is requested by .nvmrc:1\n\
         exit 127\n\
         at once:\n\
         usher: node 12.22.12 is not installed; the machine was asked to install it\n  \
           try again in a while\n  \
           node 12.22.12 is requested by .nvmrc:1\n\
         exit 127\n\
         node@12.22.12@65534\n\
         served node 12.22.12, requested by account 65534\n\
         v12.22.12\n\
         exit 143\n\
         usher: waiting for the machine to install node 10.24.1 (at most 60 s)\n\
         usher: interrupted\n\
         usher: waiting for the machine to install node 12.99.0 (at most 60 s)\n\
         refused node 12.99.0, requested by account 65534 \
         (no node release matches 12.99.0: nearest: 12.22.12, 13.0.0)\n\
         usher: no node release matches 12.99.0\n  \
           nearest: 12.22.12, 13.0.0\n  \
           the machine was asked to install it (fetch = \"requests\")\n  \
           node 12.99.0 is requested by .nvmrc:1\n\
         exit 127\n",
    );
}
