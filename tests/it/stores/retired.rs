//! Retired versions of the machine: who is told, and that nothing else changes.

use super::account_use::{MACHINE, run};

/// A terminal for an account's command, which prints usher's lines and then what the program prints.
const TERMINAL: &str = r#"
account alice "$2"; own alice "$2"
account bob "$2"
put "$base/homes/bob" .config/usher/tool-versions 'node 10\n'; own bob "$2"
echo 'node 8' > /etc/usher/tool-versions
as bob use reshim >/dev/null 2>&1
terminal() { # NAME COMMAND
    name=$1; shift
    as "$name" SHELL=/bin/sh TERM=dumb script -qec "$*" /dev/null | tr -d '\r'
}
quiet() { as "$@" 2>&1; }
"#;

#[test]
fn accounts_that_use_a_retired_version_are_told_on_a_terminal() {
    let script = r#"
command -v script >/dev/null || { echo SKIPPED; exit 0; }
use retire node@8 --on 2027-01-31
cat /etc/usher/retired; stat -c %a /etc/usher/retired
echo "--- a terminal"; terminal alice node x
echo "--- no terminal"; quiet alice node x
echo "--- another version"; terminal bob node x
echo "--- a child of a program"
cp /bin/sh /opt/usher/toolchains/node/8.17.0/bin/npx
terminal alice 'npx -c "node x; :"'
echo "--- its own copy"
mkdir -p "$base/homes/bob/.local/share/usher/toolchains/node"
cp -r /opt/usher/toolchains/node/8.17.0 "$base/homes/bob/.local/share/usher/toolchains/node/8.1.0"
chown -R "$number:$number" "$base/homes/bob"
NODE=8.1.0; terminal bob node +8.1.0 x
echo "--- use"
cd /; as alice use --all | grep ^node | sed 's/  */ /g'
as alice use list node --paths | grep -e RETIRED -e 8.17.0 | sed 's/  */ /g'
as alice use doctor | grep -A1 retired || true
as alice use why node | grep retired
use retire node@8 --cancel
echo "--- cancelled"; terminal alice node x
cat /etc/usher/retired
"#;
    let Some(printed) = run(&[MACHINE, TERMINAL, script]) else { return };
    insta::assert_snapshot!(printed, @"
    TOOL  REQUEST  RETIRED        INSTALLED
    node  8        on 2027-01-31  8.17.0
    node 8 2027-01-31
    644
    --- a terminal
    usher: node 8.17.0 is retired: this machine may remove it from 2027-01-31 on
    node 8.17.0
    --- no terminal
    node 8.17.0
    --- another version
    node 10.24.1
    --- a child of a program
    usher: node 8.17.0 is retired: this machine may remove it from 2027-01-31 on
    node 8.17.0
    --- its own copy
    node 8.17.0
    --- use
    node 8.17.0 retired: 2027-01-31 8 in the machine's default
    TOOL VERSION STATE STORE END OF LIFE RETIRED PATH
     8.17.0 active shared 2019-12-31 2027-01-31 /opt/usher/toolchains/node/8.17.0
    note   node 8.17.0 is retired: this machine may remove it from 2027-01-31 on
           hint: use available node
    │  └─ 8.17.0 (shared, active, retired: 2027-01-31) /opt/usher/toolchains/node/8.17.0
    no longer retired: node 8
    --- cancelled
    node 8.17.0
    ");
}

#[test]
fn the_list_is_changed_by_root_alone_and_as_a_whole() {
    let script = r#"
account alice "$2"; own alice "$2"
try() { "$@" 2>&1 || echo "exit $?"; }
echo '# ours' > /etc/usher/retired
try use retire
try use retire node@8
try use retire node --on 2027-01-31
try use retire node@lts --on 2027-01-31
try use retire node@8 --on 2027-02-30
try use retire node@8 node@nonsense --on 2027-01-31
try as alice use retire node@8 --on 2027-01-31
try use retire node@8 --cancel
cat /etc/usher/retired
try use retire 'node@>=13 <15' --on 2027-01-31
try use retire node@9 node@10.24 --on 2020-02-29
try use retire node@9 --on 2027-01-31
cat /etc/usher/retired
as alice use retire
echo 'node soon' >> /etc/usher/retired
try use retire node@11 --on 2027-01-31
use list node | grep -c -e 2020-02-29 -e 2027-01-31
"#;
    let Some(printed) = run(&[MACHINE, script]) else { return };
    insta::assert_snapshot!(printed, @"
    no version of the machine's is retired
    error: missing date: --on DATE
      accounts are told when the version is removed
    exit 2
    error: which version of node?
      hint: use list
    exit 2
    error: can't retire node lts
      it is not a version or a range of versions
      hint: use list
    exit 2
    error: invalid date “2027-02-30”
      this day does not exist
    exit 2
    error: can't retire node nonsense
      it is not a version or a range of versions
      hint: use list
    exit 2
    error: only root can retire the machine's versions
      this is about other accounts of the machine
      hint: sudo /opt/usher/shims/use retire
    exit 77
    error: node 8 is not on the list
      nothing was changed
      hint: use retire
    exit 2
    # ours
    error: can't retire node >=13 <15
      it has a space or a `#`
      hint: use list
    exit 2
    TOOL  REQUEST  RETIRED           INSTALLED
    node  9        since 2020-02-29  9.11.2
    node  10.24    since 2020-02-29  10.24.1
    TOOL  REQUEST  RETIRED        INSTALLED
    node  9        on 2027-01-31  9.11.2
    # ours
    node 10.24 2020-02-29
    node 9 2027-01-31
    TOOL  REQUEST  RETIRED           INSTALLED
    node  10.24    since 2020-02-29  10.24.1
    node  9        on 2027-01-31     9.11.2
    error: can't parse /etc/usher/retired:4
      it is not an entry
      a line has a tool, a version and a date: node 8 2027-01-31
    exit 65
    2
    ");
}

/// A shim opens the list on a terminal alone, and asks whether there is one only for a version of the
/// machine's store.
#[test]
fn without_a_terminal_a_shim_makes_one_call_more() {
    let script = r#"
command -v strace >/dev/null || { echo SKIPPED; exit 0; }
use retire node@8 --on 2027-01-31 >/dev/null
trace() { strace -o "$base/trace" "$@" >/dev/null 2>&1; sed '/execve.*toolchains/,$d' "$base/trace"; }
calls() { trace "$@" | grep -c -e ioctl -e retired || true; }
of_list() { trace "$@" | grep -c retired || true; }
echo "the machine's: $(calls node +8 x), of the list: $(of_list node +8 x)"
export USHER_HOME=$base/own
mkdir -p "$USHER_HOME/toolchains/node"
cp -r /opt/usher/toolchains/node/8.17.0 "$USHER_HOME/toolchains/node/8.1.0"
use reshim >/dev/null
echo "an own one: $(calls node +8.1.0 x)"
"#;
    let Some(printed) = run(&[MACHINE, script]) else { return };
    insta::assert_snapshot!(printed, @"
    the machine's: 1, of the list: 0
    an own one: 0
    ");
}
