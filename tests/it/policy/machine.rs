//! The machine's policy: what no account can override, in a mount namespace with an `/etc` of its own.

use crate::stores::machine::in_own_namespace;
use crate::support::{Sandbox, Upstream};

/// A machine with node 12.22.11, 13.0.0 and a policy, and an account; `$1` is the `use` that was
/// built, `$2` the sandbox's folder. `account` runs a command as the account, `try` prints its exit
/// code too.
const MACHINE: &str = r#"
set -eu
umask 022
unset HOME
"$1" self install --system >/dev/null
base=$2
export PATH=/opt/usher/shims:/usr/bin:/bin
use install node@12.22.11 node@13.0.0 node@10.24.1 >/dev/null 2>&1
echo "node 12" > /etc/usher/tool-versions
account() {
    setpriv --reuid=65534 --regid=65534 --clear-groups env "HOME=$base/home" "$@"
}
try() { "$@" 2>&1 && echo "= 0" || echo "= $?"; }
cd "$base/project"
"#;

const VERSIONS: &str = r#"
printf 'deny = ["node@13"]\nallow = ["node@>=12", "python"]\ncontact = "help@host.example"\n' > "$base/policy"
try use policy "$base/policy"
echo "deny = 5" > "$base/wrong"
try use policy "$base/wrong"
try use policy "$base/none"
cp "$base/policy" /etc/usher/policy.toml
echo "12: $(account node --version)"
echo ">=12: $(NODE_VERSION='>=12 <14' account node --version)"
echo ">=12, asked: $(account use which node13 2>&1 | head -1)"
for request in 13 10 99 path:/opt/usher/toolchains/node/13.0.0; do
    NODE_VERSION=$request try account node --version
done
try account use install node@13
try account use --global node@10
try account env USHER_HOME="$base/home/own" use install node@13
try account use install node@13.0.0 --store "$base/home/store"
try account use install node@13.0.0 --from "$base/archive.tar.gz"
try use install node@18.20.8
try account use install ruby@3
try account ruby3 --version
echo "deny = [" > /etc/usher/policy.toml
try account node --version
try account use list node
try use policy
rm /etc/usher/policy.toml
try use policy
try account node13 --version
"#;

const FETCH: &str = r#"
echo 'fetch = "machine"' > /etc/usher/policy.toml
echo "installed: $(NODE_VERSION=13 account node --version)"
NODE_VERSION=18 try account node --version
try account use install node@18
try account use install node@18 --store "$base/home/store"
try account use node@12
cat .tool-versions; rm .tool-versions
try account use upgrade node
NODE_VERSION=18 try node --version
printf 'room = "1 MB"\n' > /etc/usher/policy.toml
head -c 2000000 /dev/zero > "$base/home/large"
chown 65534 "$base/home/large"
try account use install node@20 | grep -v fetching
account mkdir -p "$base/home/.local/share/usher/toolchains/other/1/"
account mv "$base/home/large" "$base/home/.local/share/usher/toolchains/other/1/"
try account use install node@22 | grep -v fetching
ls "$base/home/.local/share/usher/toolchains/node" "$base/home/.local/share/usher/staging"
printf 'sources = ["nodejs.org"]\n' > /etc/usher/policy.toml
try account use install node@24 | sed 's/127.0.0.1:[0-9]*/HOST/g'
try account env USHER_NPM_REGISTRY=http://localhost:1/ use install node@24 | sed 's/127.0.0.1:[0-9]*/HOST/g'
try account use install node@12.0.0 --from "$base/archive.tar.gz"
"#;

/// Root enters an account's folder.
const ROOT: &str = r#"
echo 18 > .nvmrc
chown 65534 .nvmrc
try node --version
use node@18 >/dev/null 2>&1
echo "after use: $(node --version)"
"#;

fn check(script: &str) -> Option<String> {
    let upstream = Upstream::start();
    let sandbox = Sandbox::new().with_upstream(&upstream);
    sandbox.file("archive.tar.gz", "");
    sandbox.open_to_all();
    let outcome = in_own_namespace(&sandbox, &format!("{MACHINE}{script}"))?;
    Some(sandbox.mask(&outcome.succeeds().stdout))
}

#[test]
fn forbidden_versions_neither_run_nor_are_installed() {
    if let Some(printed) = check(VERSIONS) {
        insta::assert_snapshot!(printed, @r#"
        RULE     VALUE              WRITTEN IN
        allow    node@>=12, python  [SANDBOX]/policy:2
        contact  help@host.example  [SANDBOX]/policy:3
        deny     node@13            [SANDBOX]/policy:1
        = 0
        error: invalid policy [SANDBOX]/wrong
          line 1: deny must be a list of tools, with requests or without
          example: deny = ["node@17"]
        = 65
        error: can't read [SANDBOX]/none
          No such file or directory (os error 2)
        = 74
        12: v12.22.11
        >=12: v12.22.11
        >=12, asked: error: node 13.0.0 is not allowed on this machine
        usher: node 13.0.0 is not allowed on this machine
          requested by NODE_VERSION
          /etc/usher/policy.toml:1: `deny` has node@13
          questions: help@host.example
          hint: use list node
        = 126
        usher: node 10.24.1 is not allowed on this machine
          requested by NODE_VERSION
          /etc/usher/policy.toml:2: `allow` has node@>=12
          questions: help@host.example
          hint: use list node
        = 126
        usher: no node release matches 99 (requested by NODE_VERSION)
          nearest: 25.0.0
          hint: use available node
        = 127
        usher: a node of unknown version is not allowed on this machine
          requested by NODE_VERSION
          /etc/usher/policy.toml:2: `allow` has node@>=12
          questions: help@host.example
          hint: use list node
        = 126
        error: node 13.0.0 is not allowed on this machine
          requested by the command line
          /etc/usher/policy.toml:1: `deny` has node@13
          questions: help@host.example
          hint: use list node
        = 77
        error: node 10.24.1 is not allowed on this machine
          requested by the command line
          /etc/usher/policy.toml:2: `allow` has node@>=12
          questions: help@host.example
          hint: use list node
        = 77
        error: node 13.0.0 is not allowed on this machine
          requested by the command line
          /etc/usher/policy.toml:1: `deny` has node@13
          questions: help@host.example
          hint: use list node
        = 77
        error: node 13.0.0 is not allowed on this machine
          requested by the command line
          /etc/usher/policy.toml:1: `deny` has node@13
          questions: help@host.example
          hint: use list node
        = 77
        error: node 13.0.0 is not allowed on this machine
          /etc/usher/policy.toml:1: `deny` has node@13
          questions: help@host.example
          hint: use list node
        = 77
        usher: fetching node 18.20.8 from 127.0.0.1:[PORT]
        installed node 18.20.8 (/opt/usher/toolchains/node/18.20.8)
        = 0
        error: ruby is not allowed on this machine
          requested by the command line
          /etc/usher/policy.toml:2: `allow` has no ruby
          questions: help@host.example
          hint: use list ruby
        = 77
        env: 'ruby3': No such file or directory
        = 127
        usher: invalid policy /etc/usher/policy.toml
          line 1: unclosed array
          nothing runs or is installed until it is corrected
        = 126
        error: invalid policy /etc/usher/policy.toml
          line 1: unclosed array
          nothing runs or is installed until it is corrected
        = 65
        error: invalid policy /etc/usher/policy.toml
          line 1: unclosed array, expected `]`
          nothing runs or is installed until it is corrected
        = 65
        no policy: /etc/usher/policy.toml does not exist
        = 0
        v13.0.0
        = 0
        "#);
    }
}

#[test]
fn the_policy_says_who_may_install_how_much_and_from_where() {
    if let Some(printed) = check(FETCH) {
        insta::assert_snapshot!(printed, @r#"
        installed: v13.0.0
        usher: node 18 is not installed on this machine
          requested by NODE_VERSION
          accounts install no versions: fetch = "machine" (/etc/usher/policy.toml:1)
          hint: use list node
        = 126
        error: node 18 is not installed on this machine
          requested by the command line
          accounts install no versions: fetch = "machine" (/etc/usher/policy.toml:1)
          hint: use list node
        = 77
        error: node 18 is not installed on this machine
          requested by the command line
          accounts install no versions: fetch = "machine" (/etc/usher/policy.toml:1)
          hint: use list node
        = 77
        usher: using node 12.22.11, which is installed; 12.22.12 is newer
        pinned node 12 (12.22.11) in .tool-versions
        = 0
        nodejs 12
        TOOL  FROM      STATE
        node  12.22.11  skipped: accounts install no versions on this machine (12 requested by the machine's default, /etc/usher/tool-versions:1)
                        hint: use policy
        = 0
        usher: fetching node 18.20.8 from 127.0.0.1:[PORT]
        usher: node 18.20.8 is ready ([TIME])
        v18.20.8
        = 0
        installed node 20.19.5 ([SANDBOX]/home/.local/share/usher/toolchains/node/20.19.5)
        = 0
        error: there is no room for node 22.20.0, which needs 296 bytes
          your versions use 2.0 MB of the 1.0 MB that an account may (/etc/usher/policy.toml:1)
          hint: use prune --unused 30
        = 77
        [SANDBOX]/home/.local/share/usher/staging:

        [SANDBOX]/home/.local/share/usher/toolchains/node:
        20.19.5
        error: can't fetch http://HOST/dist/v24.11.0/SHASUMS256.txt
          HOST is not an allowed source
          allowed are nodejs.org (/etc/usher/policy.toml:1)
        = 69
        error: can't fetch http://HOST/dist/v24.11.0/SHASUMS256.txt
          HOST is not an allowed source
          allowed are nodejs.org (/etc/usher/policy.toml:1)
        = 69
        usher: fetching node 12.0.0 from [SANDBOX]/archive.tar.gz
        error: can't fetch [SANDBOX]/archive.tar.gz
          files of this machine are not an allowed source
          allowed are nodejs.org (/etc/usher/policy.toml:1)
        = 69
        "#);
    }
}

#[test]
fn another_accounts_file_installs_nothing_into_the_machines_store() {
    if let Some(printed) = check(ROOT) {
        insta::assert_snapshot!(printed, @"
        usher: node 18 is not installed (requested by .nvmrc:1)
          another account's file installs nothing into the machine's store by itself
          hint: use install node@18
        = 127
        after use: v18.20.8
        ");
    }
}
