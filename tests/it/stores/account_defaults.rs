//! The defaults that root sets for one account or a group: who gets them, and what is stronger.

use super::account_use::{MACHINE, run};

/// alice and bob are both in the groups students and teachers; carol is in none.
const ACCOUNTS: &str = r#"
account alice "$2"; own alice "$2"; alice=$number
account bob "$2"; own bob "$2"; bob=$number
account carol "$2"; own carol "$2"; carol=$number
students=$((number + 1)); teachers=$((number + 2))
echo "students:x:$students:alice,bob" >> /etc/group
echo "teachers:x:$teachers:alice,bob" >> /etc/group
echo 'node 8' > /etc/usher/tool-versions
in_groups() { # NUMBER NAME COMMAND…
    user=$1; home="$base/homes/$2"; shift 2
    setpriv --reuid="$user" --regid="$user" --groups="$teachers,$students" \
        env -i "HOME=$home" "PATH=$PATH" "$@"
}
each() {
    echo "alice: $(in_groups $alice alice node), bob: $(in_groups $bob bob node), carol: $(as carol node)"
}
numbers() { grep -v -e 'usher: using' -e '^  nodejs.org:' -e '^  npm:' -e '^  hint: check the net' | sed "s/$alice/ALICE/g; s/$students/STUDENTS/g; s/$teachers/TEACHERS/g"; }
"#;

#[test]
fn an_accounts_default_is_stronger_than_its_groups_and_the_machines() {
    let script = r#"
each
use --global node@9 --group students 2>&1 | numbers; each
use --global node@10 --group teachers >/dev/null 2>&1; each
use --global node@11 --account alice 2>&1 | numbers; each
cat /etc/usher/accounts/$alice /etc/usher/groups/$students; stat -c %a /etc/usher/accounts/$alice
cd /
in_groups $alice alice use why node | grep "requested by" | numbers
in_groups $alice alice use --all | grep ^node | sed 's/  */ /g' | numbers
put "$base/homes/bob" .config/usher/tool-versions 'node 13\n'; number=$bob; own bob "$2"
in_groups $bob bob use reshim >/dev/null 2>&1
each
in_groups $bob bob env NODE_VERSION=14 node
umask 077
use --offline --global node@13 --account $carol >/dev/null 2>&1; as carol node
use list --accounts node@9 2>&1 | sed 's/[0-9]* days ago/long ago/' | numbers
use prune node@9.11.2 --yes | grep -o 'requested by .*' | numbers
"#;
    let Some(printed) = run(&[MACHINE, ACCOUNTS, script]) else { return };
    insta::assert_snapshot!(printed, @"
    alice: node 8.17.0, bob: node 8.17.0, carol: node 8.17.0
    pinned node 9 (9.11.2) as the default for group students (/etc/usher/groups/STUDENTS)
    alice: node 9.11.2, bob: node 9.11.2, carol: node 8.17.0
    alice: node 9.11.2, bob: node 9.11.2, carol: node 8.17.0
    pinned node 11 (11.12.0) as the default for account alice (/etc/usher/accounts/ALICE)
    alice: node 11.12.0, bob: node 9.11.2, carol: node 8.17.0
    # the default for account alice
    nodejs 11
    # the default for group students
    nodejs 9
    644
    node: node 11.12.0 (requested by the default for your account, /etc/usher/accounts/ALICE:2)
    │  ├─ 11 requested by the default for your account, /etc/usher/accounts/ALICE:2: wins, the strongest
    │  ├─ 9 requested by the default for your group, /etc/usher/groups/STUDENTS:2: loses, the default for your account is stronger
    │  ├─ 10 requested by the default for your group, /etc/usher/groups/TEACHERS:2: loses, the default for your account is stronger
    │  └─ 8 requested by the machine's default, /etc/usher/tool-versions:1: loses, the default for your account is stronger
    node 11.12.0 shared 11 in the default for your account
    alice: node 11.12.0, bob: node 13.14.0, carol: node 8.17.0
    node 14.21.3
    node 13.14.0
    TOOL  VERSION  ACCOUNTS  LAST USED  USES
    node  9.11.2   1         today      1 default

    USED         BY            AS       IN
    node 9.11.2  group STUDENTS  default  /etc/usher/groups/STUDENTS:2
    requested by group STUDENTS's default, /etc/usher/groups/STUDENTS:2
    ");
}

#[test]
fn who_cannot_set_a_default_is_told_why() {
    let script = r#"
try() { "$@" 2>&1 || echo "exit $?"; }
try as carol use --global node@9 --account alice
try use --global node@9 --account nobody-there
try use --global node@9 --account ../x
try use --global node@9 --account alice --group students
try use node@9 --account alice
USHER_HOME="$base/roots" try use --global node@9 --account alice
ls /etc/usher
echo 'node ../x' > "/etc/usher/groups-file"; mkdir /etc/usher/groups
mv /etc/usher/groups-file /etc/usher/groups/$students
in_groups $alice alice node 2>&1 | numbers
as carol node
"#;
    let Some(printed) = run(&[MACHINE, ACCOUNTS, script]) else { return };
    insta::assert_snapshot!(printed, @"
    error: only root can set another account's default
      this is about other accounts of the machine
      hint: sudo /opt/usher/shims/use --global node@9 --account alice
    exit 77
    error: unknown account “nobody-there”
      hint: getent passwd
    exit 2
    error: unknown account “../x”
      hint: getent passwd
    exit 2
    error: --account NAME can't be combined with --group NAME
      hint: use help
    exit 2
    error: missing argument: --global
      hint: use help
    exit 2
    error: [SANDBOX]/roots is not for all accounts
      only the machine's `use` sets defaults for an account
      hint: ./install.sh --system
    exit 2
    tool-versions
    usher: invalid node version “../x” (requested by /etc/usher/groups/STUDENTS:1)
      expected a version, a range or an alias
      hint: use node
    node 8.17.0
    ");
}

/// Where a pin or the account's own default decides, nothing of root's is looked at.
#[test]
fn a_pin_and_an_own_default_cost_no_call_more() {
    let script = r#"
command -v strace >/dev/null || { echo SKIPPED; exit 0; }
use --global node@9 --account alice >/dev/null 2>&1
mkdir /opt/project; cd /opt/project
looks() { strace -f -o "$base/trace" setpriv --reuid=$alice --regid=$alice --clear-groups \
    env -i "HOME=$base/homes/alice" "PATH=$PATH" node >/dev/null
    sed '1,/execve.*shims.node/d' "$base/trace" | grep -c -e /etc/usher/accounts -e /etc/usher/groups -e getgroups || true; }
echo "by root: $(looks)"
echo 10 > .nvmrc; echo "by a pin: $(looks)"; rm .nvmrc
put "$base/homes/alice" .config/usher/tool-versions 'node 13\n'
number=$alice; own alice "$2"; as alice use reshim >/dev/null 2>&1
echo "by the own default: $(looks)"
"#;
    let Some(printed) = run(&[MACHINE, ACCOUNTS, script]) else { return };
    insta::assert_snapshot!(printed, @r#"
    by root: 1
    by a pin: 0
    by the own default: 0
    "#);
}
