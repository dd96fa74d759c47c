//! What accounts use of the machine's store: root sees it, and removes nothing that they need.

use std::collections::BTreeMap;

use serde_json::Value;

use super::machine::in_own_namespace;
use crate::support::Sandbox;

/// A machine with versions that nothing used for 400 days, and accounts with homes in the sandbox.
/// `$1` is the `use` that was built, `$2` the sandbox's folder.
pub(super) const MACHINE: &str = r#"
set -eu
umask 022
chmod 755 "$2"
mkdir "$2/root" "$2/homes"
export HOME="$2/root" PATH=/opt/usher/shims:/usr/bin:/bin
cd /
"$1" self install --system >/dev/null
version() { # TOOL VERSION PROGRAM
    bin=/opt/usher/toolchains/$1/$2/bin
    mkdir -p "$bin"
    printf '#!/bin/sh\necho %s %s\n' "$1" "$2" > "$bin/$3"
    chmod +x "$bin/$3"
    touch -a -d '400 days ago' "$bin/$3"
}
for number in 8.17.0 9.11.2 10.24.1 11.12.0 13.14.0 14.21.3 15.14.0 16.20.2; do
    version node $number node
done
version python 3.9.1 python3
use reshim >/dev/null
# Accounts of this test alone: root sees the processes of all tests.
number=$((100000 + $$ * 10))
account() { # NAME
    number=$((number + 1))
    echo "$1:x:$number:$number::$2/homes/$1:/bin/sh" >> /etc/passwd
    mkdir "$2/homes/$1"
}
own() { chown -R "$number:$number" "$2/homes/$1"; }
put() { # HOME FILE TEXT
    mkdir -p "$(dirname "$1/$2")"
    printf "$3" > "$1/$2"
}
as() { # NAME COMMAND…
    user=$(awk -F: -v name="$1" '$1 == name { print $3 }' /etc/passwd); home="$base/homes/$1"; shift
    setpriv --reuid="$user" --regid="$user" --clear-groups env -i "HOME=$home" "PATH=$PATH" "$@"
}
base=$2
left() { echo $(ls /opt/usher/toolchains/node); }
"#;

/// Accounts that use one version each, in different ways.
const USERS: &str = r#"
account alice "$2"; put "$base/homes/alice" .config/usher/tool-versions 'nodejs 9\n'; own alice "$2"
account bob "$2"
put "$base/homes/bob" .local/share/usher/additions/node/10.24.1/lib/node_modules/cow/package.json '{}'
mkdir -p "$base/homes/bob/.local/share/usher/additions/node/8.17.0/lib"
own bob "$2"
account carol "$2"; own carol "$2"
put "$base/carols" config/tool-versions 'node 11\n'; chown -R $number:$number "$base/carols"
setpriv --reuid=$number --regid=$number --clear-groups env -i "USHER_HOME=$base/carols" sleep 600 &
sleeper=$!
trap 'kill $sleeper' EXIT
account dave "$2"; put "$base/homes/dave" .nvm/alias/default '13\n'; own dave "$2"
account erin "$2"; put "$base/homes/erin" .config/usher/shims/node@14 ''; own erin "$2"
account frank "$2"
put "$base/homes/frank" .virtualenvs/app/pyvenv.cfg \
    'home = /opt/usher/toolchains/python/3.9.1/bin\nversion = 3.9.1\n'
put "$base/homes/frank" app/.nvmrc '15\n'
own frank "$2"
number=$((number + 1))
put "$base/homes/other" .config/usher/tool-versions 'node 16\n'
chown -R $number:$number "$base/homes/other"
"#;

/// What the scripts print; `None` where there can't be a namespace.
pub(super) fn run(scripts: &[&str]) -> Option<String> {
    let sandbox = Sandbox::new().offline();
    let outcome = in_own_namespace(&sandbox, &scripts.concat())?;
    let printed = sandbox.mask(&outcome.succeeds().stdout);
    if printed.ends_with("SKIPPED\n") {
        eprintln!("SKIPPED: a program that the test needs isn't installed");
        return None;
    }
    Some(printed)
}

#[test]
fn prune_keeps_what_accounts_use() {
    let script = "use prune --unused 90 --projects \"$base/homes\" --yes --json > \"$base/report\"\n\
                  left\n\
                  grep -o '\"reason\": \"[^\"]*' \"$base/report\" | cut -d'\"' -f4 | sed \"s/$number/NUMBER/\"\n";
    let Some(printed) = run(&[MACHINE, USERS, script]) else { return };
    insta::assert_snapshot!(printed, @"
    10.24.1 11.12.0 13.14.0 14.21.3 15.14.0 16.20.2 9.11.2
    requested by alice's default, [SANDBOX]/homes/alice/.config/usher/tool-versions:1
    requested by bob's global packages, [SANDBOX]/homes/bob/.local/share/usher/additions/node/10.24.1
    requested by carol's default, [SANDBOX]/carols/config/tool-versions:1
    requested by dave's default, [SANDBOX]/homes/dave/.nvm/alias/default:1
    requested by erin's versioned shim, [SANDBOX]/homes/erin/.config/usher/shims/node@14
    requested by [SANDBOX]/homes/frank/app/.nvmrc:1
    requested by NUMBER's default, [SANDBOX]/homes/other/.config/usher/tool-versions:1
    needed by the virtual environment [SANDBOX]/homes/frank/.virtualenvs/app: name the version to remove it
    ");
}

#[test]
fn uninstall_says_what_accounts_use_and_wants_a_confirmation() {
    let script = "use uninstall node@8.17.0\n\
                  use uninstall node@9.11.2 2>&1 || echo \"exit $?\"\n\
                  left\n\
                  use uninstall node@9.11.2 --yes 2>&1\n\
                  left\n";
    let Some(printed) = run(&[MACHINE, USERS, script]) else { return };
    insta::assert_snapshot!(printed, @"
    removed node 8.17.0
    warning: node 9.11.2 is still used
      requested by alice's default, [SANDBOX]/homes/alice/.config/usher/tool-versions:1
    error: node 9.11.2 is still used
      no terminal to ask on, so nothing was removed
      hint: use uninstall node@9.11.2 --yes
    exit 2
    10.24.1 11.12.0 13.14.0 14.21.3 15.14.0 16.20.2 9.11.2
    warning: node 9.11.2 is still used
      requested by alice's default, [SANDBOX]/homes/alice/.config/usher/tool-versions:1
    removed node 9.11.2
    10.24.1 11.12.0 13.14.0 14.21.3 15.14.0 16.20.2
    ");
}

#[test]
fn list_accounts_shows_who_uses_what() {
    let script = "use list --accounts --projects \"$base/homes\" | sed 's/[0-9]* days ago/long ago/'\n\
                  use list --accounts node@9 | sed 's/[0-9]* days ago/long ago/'\n\
                  USHER_HOME=$base/roots use list --accounts 2>&1 || echo \"exit $?\"\n\
                  as alice use list --accounts 2>&1 || echo \"exit $?\"\n";
    let Some(printed) = run(&[MACHINE, USERS, script]) else { return };
    insta::assert_snapshot!(printed, @"
    TOOL    VERSION  ACCOUNTS  LAST USED     USES
    node    8.17.0   0         long ago
    node    9.11.2   1         long ago  1 default
    node    10.24.1  1         long ago  packages of 1
    node    11.12.0  1         long ago  1 default
    node    13.14.0  1         long ago  1 default
    node    14.21.3  1         long ago  1 shim
    node    15.14.0  1         long ago  1 pin
    node    16.20.2  1         long ago  1 default
    python  3.9.1    1         long ago  1 environment
    TOOL  VERSION  ACCOUNTS  LAST USED     USES
    node  9.11.2   1         long ago  1 default

    USED         BY     AS       IN
    node 9.11.2  alice  default  [SANDBOX]/homes/alice/.config/usher/tool-versions:1
    error: [SANDBOX]/roots is not for all accounts
      hint: /opt/usher/shims/use list --accounts
    exit 2
    error: only root can see what other accounts use
      this is about other accounts of the machine
      hint: sudo /opt/usher/shims/use list --accounts
    exit 77
    ");
}

/// Homes that can't be read, or must not be; one at a time.
const HOSTILE: &str = r#"
account mallory "$2"; own mallory "$2"
home=$base/homes/mallory
try() { # WHAT
    chown -hR $number:$number "$home"
    echo "$1:"
    timeout 60 "$(command -v use)" prune --unused 90 --yes 2>&1 >/dev/null | sed '/^usher/d' || true
    test -d /opt/usher/toolchains/node/8.17.0 && echo "  all is left" || echo "  removed: $(left) is left"
    rm -rf "$home/.config" "$home/.local"
}
mkdir -p "$home/.config/usher"
mkfifo "$home/.config/usher/tool-versions"; try "a pipe"
mkdir -p "$home/.config/usher"
ln -s /etc/shadow "$home/.config/usher/tool-versions"; try "a link to a secret"
mkdir -p "$home/.config" "$base/elsewhere"
echo 'node 8' > "$base/elsewhere/tool-versions"
ln -s "$base/elsewhere" "$home/.config/usher"; try "a folder that is a link"
mkdir -p "$home/.config/usher"
truncate -s 1T "$home/.config/usher/tool-versions"; try "a huge file"
mkdir -p "$home/.config/usher"
chmod 000 "$home/.config/usher"; try "a folder without rights"
mkdir -p "$home/.config/usher"
echo 'node ../../x' > "$home/.config/usher/tool-versions"; try "no version"
mkdir -p "$home/.local/share/usher"
ln -s /proc "$home/.local/share/usher/additions"; try "packages elsewhere"
mkdir -p "$home/dotfiles/usher" "$home/.config"
echo 'node 8' > "$home/dotfiles/usher/tool-versions"
ln -s ../dotfiles/usher "$home/.config/usher"; try "a link within the home"
"#;

#[test]
fn what_cannot_be_read_stops_prune() {
    let Some(printed) = run(&[MACHINE, HOSTILE]) else { return };
    insta::assert_snapshot!(printed, @"
    a pipe:
    error: can't read [SANDBOX]/homes/mallory/.config/usher/tool-versions
      it is not a regular file
      it may request any version, so nothing is removed
      hint: use list --accounts
      all is left
    a link to a secret:
    error: can't read [SANDBOX]/homes/mallory/.config/usher/tool-versions
      a link there leads out of the home
      it may request any version, so nothing is removed
      hint: use list --accounts
      all is left
    a folder that is a link:
    error: can't read [SANDBOX]/homes/mallory/.config/usher/tool-versions
      a link there leads out of the home
      it may request any version, so nothing is removed
      hint: use list --accounts
      all is left
    a huge file:
    error: can't read [SANDBOX]/homes/mallory/.config/usher/tool-versions
      it is larger than 4 MiB
      it may request any version, so nothing is removed
      hint: use list --accounts
      all is left
    a folder without rights:
    error: can't read [SANDBOX]/homes/mallory/.config/usher/tool-versions
      Permission denied (os error 13)
      1 more can't be read
      it may request any version, so nothing is removed
      hint: use list --accounts
      all is left
    no version:
    error: invalid node version “../../x” (requested by [SANDBOX]/homes/mallory/.config/usher/tool-versions:1)
      expected a version, a range or an alias
      it may request any version, so nothing is removed
      hint: use list --accounts
      all is left
    packages elsewhere:
    error: can't list [SANDBOX]/homes/mallory/.local/share/usher/additions
      a link there leads out of the home
      it may request any version, so nothing is removed
      hint: use list --accounts
      all is left
    a link within the home:
      all is left
    ");
}

/// What commands about the machine's store print with `--json`, by the headings of `docs/json.md`;
/// `None` where there can't be a namespace.
pub(crate) fn json_outputs() -> Option<BTreeMap<String, Value>> {
    let script = "account mallory \"$2\"; put \"$base/homes/mallory\" .config/usher/tool-versions 'node ../x\\n'\n\
                  own mallory \"$2\"\n\
                  use retire node@9 --on 2027-01-31 >/dev/null\n\
                  mkdir /opt/project; cd /opt/project; echo 9 > .nvmrc\n\
                  show() { heading=$1; shift; printf '\\n=== %s\\n' \"$heading\"; \"$@\" --json; }\n\
                  show 'use' use; show 'use list' use list\n\
                  show 'use list --accounts' use list --accounts\n\
                  show 'use retire' use retire; show 'use why' use why node\n";
    let printed = run(&[MACHINE, USERS, script])?;
    let outputs = printed.split("\n=== ").skip(1).map(|part| {
        let (heading, json) = part.split_once('\n').expect("a heading");
        (heading.to_owned(), serde_json::from_str(json).expect("JSON"))
    });
    Some(outputs.collect())
}
