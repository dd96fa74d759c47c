//! Accounts without rights on the machine's usher: their defaults and settings, what they add to
//! versions that they can't write to, and what the administrator offers them beside the store.

use super::machine::in_own_namespace;
use crate::real::with_npm;
use crate::support::{Outcome, Sandbox};

/// The machine's home with scripts for versions of node, and an account. `$1` is the `use` that was
/// built, `$2` the sandbox's folder. The account's commands begin with `account`.
const SET_UP: &str = r##"
set -eu
umask 022
base=$2
export HOME="$base/root" PATH=/opt/usher/shims:/usr/bin:/bin
mkdir "$HOME" "$base/account"
chown 65534:65534 "$base/account"
"$1" self install --system >/dev/null
script() { # PATH LINE…: a program
    mkdir -p "${1%/*}"; printf '#!/bin/sh\n' > "$1"
    path=$1; shift; printf '%s\n' "$@" >> "$path"; chmod +x "$path"
}
version() { # of node
    bin=/opt/usher/toolchains/node/$1/bin
    script "$bin/node" "echo node $1"
    script "$bin/npm" \
        'echo "npm prefix=${NPM_CONFIG_PREFIX-unset} $*" | sed "s|$HOME|~|"' \
        'case "$1 $2" in "install -g") mkdir -p "$NPM_CONFIG_PREFIX/bin" &&' \
        'printf "#!/bin/sh\necho %s\n" "$3" > "$NPM_CONFIG_PREFIX/bin/$3" &&' \
        'chmod +x "$NPM_CONFIG_PREFIX/bin/$3" ;; esac'
}
for one in 9.11.2 10.24.1 11.12.0 12.22.12; do version $one; done
use reshim >/dev/null
echo "node 11" > /etc/usher/tool-versions
cd /
as_account() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
account() { as_account env -i "HOME=$base/account" "PATH=$PATH" "$@" 2>&1; }
both() { # what a shim runs, and what `use` says
    echo "$1: $(account env ${2-} node), $(account env ${2-} use which node | grep -o 'node/[0-9.]*\|error.*')"
}
"##;

/// Runs a script after [`SET_UP`]; `None` where there can't be a namespace.
fn run(sandbox: &Sandbox, script: &str) -> Option<Outcome> {
    sandbox.open_to_all();
    in_own_namespace(sandbox, &format!("{SET_UP}{script}"))
}

fn check(script: &str, expected: &str) {
    let sandbox = Sandbox::new().offline();
    let Some(outcome) = run(&sandbox, script) else { return };
    let outcome = outcome.succeeds();
    assert_eq!(sandbox.mask(&outcome.stdout), expected, "{outcome}");
}

#[test]
fn a_new_account_is_healthy() {
    check(
        r#"
account use doctor --all | sed 's/usher [0-9.]* on .*, at/usher, at/; /is not pinned/d; s/[0-9]* checks/N checks/'
find "$base/account" -mindepth 1
"#,
        "usher, at [SANDBOX]/account/.local/share/usher\n\
         note   node 11.12.0 is past its end of life, 2019-06-01: it gets no fixes\n       \
                hint: use available node\n\
         ok     /opt/usher/shims is on PATH\n\
         ok     the machine's shims are used: /opt/usher/shims\n\
         ok     [SANDBOX]/account/.local/share/usher is writable\n\
         1 note, N checks passed\n",
    );
}

/// What the administrator or `/etc/skel` puts into a home that usher never wrote in.
#[test]
fn an_account_without_an_index_has_its_default_and_its_settings() {
    check(
        r#"
config=$base/account/.config/usher
both machine
mkdir -p "$config"
echo "nodejs 9" > "$config/tool-versions"
both default
both variable NODE_VERSION=10
echo 'auto_install = "never"' > "$config/config.toml"
both "installs nothing"
both missing NODE_VERSION=13
chmod -x /opt/usher/shims/use
echo "without use: $(account node)"
chmod +x /opt/usher/shims/use
echo 'ignore_variables = ["NODE_VERSION"]' > "$config/config.toml"
both ignored NODE_VERSION=10
both "ignored, missing" NODE_VERSION=13
mkdir -p "$base/account/a/b"
echo 12 > "$base/account/a/.nvmrc"
cd "$base/account/a/b"
both file
echo "ceiling = '$base/account/a/b'" > "$config/config.toml"
both ceiling
account use doctor | grep -A1 "slows down"
find "$base/account/.local" 2>/dev/null || echo "nothing is written"
account use reshim >/dev/null
both "own index"
account use doctor | grep "slows down" || echo "no longer"
"#,
        "machine: node 11.12.0, node/11.12.0\n\
         default: node 9.11.2, node/9.11.2\n\
         variable: node 10.24.1, node/10.24.1\n\
         installs nothing: node 9.11.2, node/9.11.2\n\
         missing: usher: node 13 is not installed (requested by NODE_VERSION)\n  \
           auto_install = \"never\" ([SANDBOX]/account/.config/usher/config.toml:1)\n  \
           hint: use install node@13, error: node 13 is not installed (requested by NODE_VERSION)\n\
         without use: node 9.11.2\n\
         ignored: node 9.11.2, node/9.11.2\n\
         ignored, missing: node 9.11.2, node/9.11.2\n\
         file: node 12.22.12, node/12.22.12\n\
         ceiling: node 9.11.2, node/9.11.2\n\
         note   [SANDBOX]/account/.config/usher/config.toml slows down each call of a shim: no index has it\n       \
                hint: use reshim\n\
         nothing is written\n\
         own index: node 9.11.2, node/9.11.2\n\
         no longer\n",
    );
}

/// As `docs/exec.md` has it. Root, whose home this is, looks for no index of its own.
#[test]
fn a_new_account_costs_two_system_calls() {
    let script = r#"
command -v strace >/dev/null || { echo skipped; exit; }
calls() { "$@" strace -f -qq -o "$base/trace" node >/dev/null && sed -n '/toolchains.*\/bin\/node/q;s/(.*//p' "$base/trace" | sed 's/^[0-9]* *//' | sort | uniq -c; }
: > "$base/trace"; chmod 666 "$base/trace"
calls env "HOME=$base/account" > "$base/root-calls"
calls account > "$base/account-calls"
grep -c "/account/[^\"]*usher[^\"]*\".*ENOENT" "$base/trace"
diff "$base/root-calls" "$base/account-calls" | grep '^[<>]' | sed 's/  */ /g' || true
"#;
    let sandbox = Sandbox::new().offline();
    let Some(outcome) = run(&sandbox, script) else { return };
    let outcome = outcome.succeeds();
    let counts = |mark: &str| -> usize {
        let lines = outcome.stdout.lines().filter_map(|line| line.strip_prefix(mark));
        lines.filter_map(|line| line.split_whitespace().next()?.parse::<usize>().ok()).sum()
    };
    if !outcome.stdout.contains("skipped") {
        assert_eq!(counts(">"), counts("<") + 1, "{outcome}");
        assert!(outcome.stdout.starts_with("2\n"), "{outcome}");
    }
}

#[test]
fn npms_prefix_is_never_an_incomplete_folder() {
    check(
        r#"
export NODE_VERSION=12
account="$base/account"
account env NODE_VERSION=12 npm ls
account env NODE_VERSION=12 npm install left-pad
account env NODE_VERSION=12 npm ls
account env NODE_VERSION=12 npm install -g cowsay
account env NODE_VERSION=12 npm ls
account env NODE_VERSION=10 npm ls
rm -r "$account/.local/share/usher/additions/node/12.22.12/lib"
account env NODE_VERSION=12 npm ls
account env NODE_VERSION=12 npm rm -g cowsay
ls "$account/.local/share/usher/additions/node/12.22.12"
chmod a-w "$account/.local/share/usher"; chown -R 0:0 "$account/.local"
account env NODE_VERSION=10 npm install right-pad | head -1
"#,
        "npm prefix=unset ls\n\
         npm prefix=~/.local/share/usher/additions/node/12.22.12 install left-pad\n\
         npm prefix=~/.local/share/usher/additions/node/12.22.12 ls\n\
         npm prefix=~/.local/share/usher/additions/node/12.22.12 install -g cowsay\n\
         usher: cowsay can be called from [SANDBOX]/account/.local/share/usher/shims, which isn't on PATH: use setup\n\
         npm prefix=~/.local/share/usher/additions/node/12.22.12 ls\n\
         npm prefix=unset ls\n\
         npm prefix=unset ls\n\
         npm prefix=~/.local/share/usher/additions/node/12.22.12 rm -g cowsay\n\
         bin\n\
         lib\n\
         npm prefix=unset install right-pad\n",
    );
}

/// The real npm fails where its prefix lacks `lib`: `npx` in npm 8, the lists since npm 7.
#[test]
fn a_real_npm_lists_and_runs_packages_in_an_account() {
    let Some(sandbox) = with_npm(&["12.0.0", "22.12.0"]) else { return };
    let script = r#"
cp -R "$base/home/.local/share/usher/toolchains/node/12.0.0" /opt/usher/toolchains/node/
cp -R "$base/home/.local/share/usher/toolchains/node/22.12.0" /opt/usher/toolchains/node/
use reshim >/dev/null
mkdir -p "$base/greeter"
echo '{"name":"greeter","version":"1.0.0","bin":"greet.js"}' > "$base/greeter/package.json"
printf '#!/usr/bin/env node\nconsole.log("hello")\n' > "$base/greeter/greet.js"
chmod +x "$base/greeter/greet.js"; chown -R 65534 "$base/greeter"
mkdir "$base/account/app"; chown 65534 "$base/account/app"; cd "$base/account/app"
for version in 12.0.0 22.12.0; do
    npm() { account env NODE_VERSION=$version npm_config_offline=true npm_config_update_notifier=false npm "$@"; }
    npm init -y >/dev/null
    npm pack ../../greeter >/dev/null
    npm install ./greeter-1.0.0.tgz >/dev/null
    npm ls -g --depth=0 >/dev/null && echo "$version lists"
    account env NODE_VERSION=$version npx greeter
    npm root -g; npm prefix -g
    npm install -g ./greeter-1.0.0.tgz >/dev/null
    npm ls -g --depth=0 | grep -o "greeter@1.0.0"
done
"#;
    let Some(outcome) = run(&sandbox, script) else { return };
    let outcome = outcome.succeeds();
    let packages =
        |version| format!("[SANDBOX]/account/.local/share/usher/additions/node/{version}");
    let expected = ["12.0.0", "22.12.0"].map(|version| {
        let folder = packages(version);
        format!("{version} lists\nhello\n{folder}/lib/node_modules\n{folder}\ngreeter@1.0.0\n")
    });
    assert_eq!(sandbox.mask(&outcome.stdout), expected.concat(), "{outcome}");
}

#[test]
fn packages_of_an_uninstalled_version_name_it() {
    check(
        r#"
account env NODE_VERSION=12 npm install -g cowsay >/dev/null
account env NODE_VERSION=12 "$base/account/.local/share/usher/shims/cowsay"
use uninstall node@12.22.12 --yes >/dev/null
cowsay="$base/account/.local/share/usher/shims/cowsay"
account "$cowsay" || echo "rc $?"
account use which cowsay || echo "rc $?"
account use reshim
account "$cowsay" || echo "rc $?"
account use doctor | grep -A1 "no longer"
script "$base/account/.local/share/usher/toolchains/node/12.22.12/bin/node" "echo node"
account env NODE_VERSION=12 "$cowsay"
account use doctor | grep -A1 "no longer" || echo healthy
"#,
        "cowsay\n\
         usher: cowsay is not installed for node 11.12.0 (requested by the machine's default, /etc/usher/tool-versions:1)\n  \
           it is for node 12.22.12, which was uninstalled\n  \
           hint: use node@12.22.12\n\
         rc 127\n\
         error: cowsay is not installed for node 11.12.0 (requested by the machine's default, /etc/usher/tool-versions:1)\n  \
           it is for node 12.22.12, which was uninstalled\n  \
           hint: use node@12.22.12\n\
         rc 127\n\
         removed: node12 node12.22 npm12\n\
         usher: cowsay is not installed for node 11.12.0 (requested by the machine's default, /etc/usher/tool-versions:1)\n  \
           it is for node 12.22.12, which was uninstalled\n  \
           hint: use node@12.22.12\n\
         rc 127\n\
         note   node 12.22.12 is no longer installed, and has global packages: cowsay\n       \
                hint: use install node@12.22.12, or: rm -r '[SANDBOX]/account/.local/share/usher/additions/node/12.22.12'\n\
         cowsay\n\
         healthy\n",
    );
}

#[test]
fn the_machine_adopts_stores_that_only_root_can_change() {
    check(
        r#"
script /opt/pyenv/versions/3.7.16/bin/python 'echo "Python 3.7.16"'
PYENV_ROOT=/opt/pyenv use reshim | grep -o "python3.7"
use list python --paths | grep -o "pyenv .*" | sed "s/  */ /g"
use reshim
account env PYTHON_VERSION=3.7 python
account env PYTHON_VERSION=3.7 use which python
account use shim node@12 >/dev/null
account env PYTHON_VERSION=3.7 python
account env PYTHON_VERSION=3.7 use which python
for fault in "chmod 775" "chmod 750" "chown 65534"; do
    $fault /opt/pyenv
    PYENV_ROOT=/opt/pyenv use reshim 2>&1 >/dev/null | grep -v removed
    chmod 755 /opt/pyenv; chown 0 /opt/pyenv
done
"#,
        "python3.7\n\
         pyenv 2023-06-27 /opt/pyenv/versions/3.7.16\n\
         all shims are up to date\n\
         Python 3.7.16\n\
         /opt/pyenv/versions/3.7.16/bin/python\n\
         Python 3.7.16\n\
         /opt/pyenv/versions/3.7.16/bin/python\n\
         usher: /opt/pyenv/versions (PYENV_ROOT) is not used for all accounts: /opt/pyenv is writable for others than root\n\
         usher: /opt/pyenv/versions (PYENV_ROOT) is not used for all accounts: /opt/pyenv is closed to other accounts\n\
         usher: /opt/pyenv/versions (PYENV_ROOT) is not used for all accounts: /opt/pyenv belongs to account 65534\n",
    );
}

#[test]
fn versions_that_the_host_built_are_named_in_a_setting() {
    check(
        r#"
script /opt/built/3.9/bin/python3.9 'echo "Python 3.9.18"'
script /opt/built/3.9/bin/pip3.9 'echo "pip of 3.9"'
mkdir /opt/alt
ln -s /opt/built/3.9 /opt/alt/python3.9
script /opt/node-host/node 'echo "v8.1.7"'
printf '[toolchains]\npython = ["/opt/alt/python*"]\nnodejs = ["/opt/node-host"]\n' > /etc/usher/config.toml
use reshim >/dev/null
account python3.9
account env PYTHON_VERSION=3.9 python3
account env PYTHON_VERSION=3.9 pip
account node8
account use list --paths | grep -o "system .*/opt/alt.*" | sed "s/  */ /g"
account env PYTHON_VERSION=3.9 use why python | grep -o "/opt/alt.*"
account env PYTHON_VERSION=3.9 use doctor --all | grep -e toolchains -e python
account use shim node@12 >/dev/null
account env PYTHON_VERSION=3.9 python
account env NODE_VERSION=8 node
account use which python3.9
script /opt/built/3.10/bin/python3.10 'echo "Python 3.10.4"'
chmod 700 /opt/built/3.10
ln -s /opt/built/3.10 /opt/alt/python3.10
use reshim >/dev/null
use list python 2>&1 | grep -o "python at /opt/alt.*"
"#,
        "Python 3.9.18\n\
         Python 3.9.18\n\
         pip of 3.9\n\
         v8.1.7\n\
         system /opt/alt/python3.9/bin/python3.9\n\
         /opt/alt/python3.9/bin\n\
         /opt/alt/python3.9/bin/python3.9\n\
         ok     toolchains = { nodejs = [\"/opt/node-host\"], python = [\"/opt/alt/python*\"] } (/etc/usher/config.toml:1)\n\
         Python 3.9.18\n\
         v8.1.7\n\
         /opt/alt/python3.9/bin/python3.9\n\
         python at /opt/alt/python3.10/bin/python3.10 is ignored: it fails to print its version \
         (Permission denied (os error 13))\n",
    );
}

#[test]
fn the_machines_default_is_upgraded_by_its_administrator() {
    check(
        r#"
account use upgrade
account use outdated | grep "use upgrade" || echo "nothing to upgrade"
find "$base/account" -path "*toolchains/*"
account use uninstall node@12 || echo "rc $?"
account use --all | grep ^node | tr -s " "
"#,
        "TOOL  FROM     STATE\n\
         node  11.12.0  skipped: this default is the administrator's to upgrade \
         (11 requested by the machine's default, /etc/usher/tool-versions:1)\n               \
         hint: use --global node@11\n\
         nothing to upgrade\n\
         error: node 12.22.12 is the machine's\n  \
           it is in /opt/usher/toolchains/node/12.22.12\n\
         rc 77\n\
         node 11.12.0 shared 11 in the machine's default\n",
    );
}

#[test]
fn root_is_told_of_the_machines_default_and_anyone_of_a_nearer_pin() {
    check(
        r#"
HOME=$base/account use --global node@10.24.1 2>&1
mkdir -p "$base/account/site/app"
cd "$base/account/site/app"
echo "nodejs 9.11.2" > ../.tool-versions
echo '{}' > package.json
chown -R 65534 "$base/account/site"
account use node@12.22.12
account use node@11.12.0
"#,
        "pinned node 10.24.1 as the machine's default, for all accounts (/etc/usher/tool-versions)\n\
         pinned node 12.22.12 in .tool-versions\n\
         usher: node 9.11.2 (requested by [SANDBOX]/account/site/.tool-versions:1) no longer applies here\n\
         pinned node 11.12.0 in .tool-versions\n",
    );
}

#[test]
fn a_script_whose_interpreter_is_out_of_reach_names_it() {
    check(
        r#"
script /opt/closed/bin/interpreter 'echo never'
script /opt/usher/toolchains/node/12.22.12/bin/tool 'echo'
printf '#!/opt/closed/bin/interpreter\n' > /opt/usher/toolchains/node/12.22.12/bin/tool
use reshim >/dev/null
chmod 700 /opt/closed
account env NODE_VERSION=12 tool || echo "rc $?"
chmod 755 /opt/closed; chmod 644 /opt/closed/bin/interpreter
account env NODE_VERSION=12 tool || echo "rc $?"
"#,
        "usher: can't run /opt/usher/toolchains/node/12.22.12/bin/tool\n  \
           no permission to execute its interpreter /opt/closed/bin/interpreter\n\
         rc 126\n\
         usher: can't run /opt/usher/toolchains/node/12.22.12/bin/tool\n  \
           no permission to execute its interpreter /opt/closed/bin/interpreter\n\
         rc 126\n",
    );
}

#[test]
fn an_archive_that_runs_for_root_alone_is_reported() {
    check(
        r#"
script /opt/private/lib/node 'echo v16.1.0'
chmod 700 /opt/private
mkdir -p "$base/archive/node/bin"
printf '#!/bin/sh\nexec /opt/private/lib/node\n' > "$base/archive/node/bin/node"
chmod +x "$base/archive/node/bin/node"
tar -C "$base/archive" -czf "$base/node.tgz" node
use install node@16.1.0 --from "$base/node.tgz" 2>&1 | grep -v -e checksum -e "is ready" -e fetching
chmod 755 /opt/private
use install node@16.2.0 --from "$base/node.tgz" 2>&1 | grep -v -e checksum -e "is ready" -e fetching
"#,
        "usher: node 16.1.0 doesn't run for every account: exit status: 126\n\
         installed node 16.1.0 (/opt/usher/toolchains/node/16.1.0)\n\
         installed node 16.2.0 (/opt/usher/toolchains/node/16.2.0)\n",
    );
}
