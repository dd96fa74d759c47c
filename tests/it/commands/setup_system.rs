//! `use setup --system`: the shims on every account's PATH, in the files that real shells, `su` and
//! `sudo` read.
//!
//! In a mount namespace with an `/opt`, an `/etc` and a `/usr/local` of its own: nothing is written outside the sandbox.

use crate::stores::machine::in_own_namespace;
use crate::support::Sandbox;

/// A machine with a node of its own, and an account, `eve`, that has nothing but a home; `$1` is the
/// `use` that was built, `$2` the sandbox's folder.
const MACHINE: &str = r#"
set -eu
umask 077
mkdir "$2/root" "$2/eve"
chmod 755 "$2/root"; chown 4711:4711 "$2/eve"; chmod 755 "$2/eve"
echo "eve:x:4711:4711::$2/eve:/bin/bash" >> /etc/passwd
echo "eve:x:4711:" >> /etc/group
echo "eve:*:19000:0:99999:7:::" >> /etc/shadow
chmod 644 /etc/passwd /etc/group
export HOME="$2/root" PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd /
"$1" self install --system >/dev/null
bin=/opt/usher/toolchains/node/18.1.0/bin
mkdir -p "$bin"
chmod 755 /opt/usher/toolchains /opt/usher/toolchains/node /opt/usher/toolchains/node/18.1.0 "$bin"
printf '#!/bin/sh\necho machine node 18\n' > "$bin/node"
chmod 755 "$bin/node"
echo "nodejs 18" > /etc/usher/tool-versions
chmod 644 /etc/usher/tool-versions
/opt/usher/shims/use reshim >/dev/null
use() { /opt/usher/shims/use "$@"; }
# What an account added after its first day.
add() {
    folder=$1/.local/share/usher/shims
    setpriv --reuid=4711 --regid=4711 --clear-groups sh -c "
        mkdir -p '$folder'; printf '#!/bin/sh\necho greetings\n' > '$folder/greet'
        chmod +x '$folder/greet'"
}
"#;

fn run(script: &str) -> Option<crate::support::Outcome> {
    let sandbox = Sandbox::new().offline();
    sandbox.open_to_all();
    in_own_namespace(&sandbox, &format!("{MACHINE}{script}"))
}

/// Each line is skipped where its program isn't installed.
const CALLS: &str = r#"
use setup --system --yes >/dev/null
as_eve() {
    setpriv --reuid=4711 --regid=4711 --clear-groups env -i "HOME=$eve" PATH=/usr/bin:/bin "$@"
}
check() {
    name=$1
    if command -v "${name%%-*}" >/dev/null; then
        shift
        echo "$name: $("$@" 2>/dev/null)"
    else
        echo "SKIPPED: this machine has no ${name%%-*}" >&2
    fi
}
eve=$2/eve
both='node; greet'
# Nothing is there on the first day, and a shell is open when the first program comes.
mkfifo "$2/fifo"
chmod 666 "$2/fifo"
as_eve bash -lc 'node </dev/null; read -r line; greet' <> "$2/fifo" > "$2/first" &
add "$eve"
echo now > "$2/fifo"
wait
echo "first-day: $(tr '\n' ' ' < "$2/first")"
check bash-login as_eve bash -lc "$both"
check sh-login as_eve sh -lc "$both"
check dash-login as_eve dash -lc "$both"
check bash-interactive as_eve bash -ic "$both"
check zsh as_eve zsh -c "$both"
check fish as_eve fish -c "$both"
check bash-under-cron as_eve env BASH_ENV=/etc/profile.d/usher.sh bash -c "$both"
check env-i env -i /opt/usher/shims/node
check su su - eve -c "$both"
check sudo sudo -n node
check sudo-login sudo -n -u eve -i -- greet
check sudo-root sudo -n -i -- node
# Root in the account's home doesn't get what the account put there.
check bash-as-root env "HOME=$eve" bash -c '. /etc/profile.d/usher.sh; greet || node'
"#;

#[test]
fn every_shell_of_every_account_finds_both_folders() {
    let Some(outcome) = run(CALLS) else { return };
    let outcome = outcome.succeeds();
    let both = "machine node 18\ngreetings";
    for (name, expected) in [
        ("first-day", "machine node 18 greetings "),
        ("bash-login", both),
        ("sh-login", both),
        ("dash-login", both),
        ("bash-interactive", both),
        ("zsh", both),
        ("fish", both),
        ("bash-under-cron", both),
        ("env-i", "machine node 18"),
        ("su", both),
        ("sudo", "machine node 18"),
        ("sudo-login", "greetings"),
        ("sudo-root", "machine node 18"),
        ("bash-as-root", "machine node 18"),
    ] {
        let program = name.split('-').next().unwrap();
        let is_skipped =
            outcome.stderr.contains(&format!("SKIPPED: this machine has no {program}\n"));
        let is_so = outcome.stdout.contains(&format!("{name}: {expected}\n"));
        assert!(is_skipped || is_so, "{name}\n{outcome}");
    }
}

/// Shown, written, written again, undone.
const ROUND_TRIP: &str = r#"
site=/usr/local/share/zsh/site-functions
mkdir -p "$site" /etc/bash_completion.d /etc/fish/completions
state() { cd /; find etc "${site#/}" -type f -exec stat -c "%a %u %n" {} + -exec cksum {} + | sort; }
state > "$2/before"
use setup --system | grep -e '^+++' -e '^nothing' | sed 's/ *$//'
state | cmp - "$2/before" && echo "nothing written"
use doctor | grep -A1 "every account"
use setup --system --yes | tail -n 4
stat -c '%a %u %n' /etc/profile.d/usher.sh /etc/environment
head -n 1 "$site/_usher" /etc/bash_completion.d/usher /etc/fish/completions/use.fish
state > "$2/made"
use setup --system --yes
state | cmp - "$2/made" && echo "the same"
use doctor --all | grep "every account"
use setup --system --undo | tail -n 1
state | cmp - "$2/made" && echo "still the same"
use setup --system --undo --yes | tail -n 1
state | cmp - "$2/before" && echo "restored"
use setup --system --undo
"#;

#[test]
fn changes_are_shown_written_once_and_undone_byte_for_byte() {
    let Some(outcome) = run(ROUND_TRIP) else { return };
    let text = outcome.succeeds().stdout;
    for line in [
        "+++ /etc/profile.d/usher.sh",
        "+++ /etc/environment",
        "+++ /usr/local/share/zsh/site-functions/_usher",
        "==> /usr/local/share/zsh/site-functions/_usher <==\n#compdef use usher",
        "==> /etc/bash_completion.d/usher <==\n# Completes `use` and `usher`. Written by: use setup --system",
        "==> /etc/fish/completions/use.fish <==\n# Completes `use` and `usher`. Written by: use setup --system",
        "nothing written yet; to write it: use setup --system --yes\nnothing written",
        "  SHELL=/bin/bash\n  BASH_ENV=/etc/profile.d/usher.sh\n644 0 /etc/profile.d/usher.sh\n644 0 /etc/environment",
        "the shims are on every account's PATH already\nthe same",
        "ok     the files in /etc put the shims on every account's PATH",
        "nothing written yet; to write it: use setup --system --undo --yes\nstill the same",
        "done; shells that run keep their PATH\nrestored",
        "no file of this machine mentions usher",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n---\n{text}");
    }
    let note = text.split("note   not every account has the shims on PATH: ").nth(1).unwrap();
    assert!(
        note.contains("/etc/profile.d/usher.sh")
            && note.contains("\n       hint: use setup --system\n"),
        "{text}"
    );
}

/// An account, root without the machine's usher, and files that are links.
const REFUSED: &str = r#"
setpriv --reuid=4711 --regid=4711 --clear-groups env -i "HOME=$2/eve" PATH=/usr/bin:/bin \
    /opt/usher/shims/use setup --system --yes 2>&1 || echo "exit $?"
rm -f /etc/environment
ln -s /etc/hosts /etc/environment
cksum /etc/hosts > "$2/hosts"
use setup --system --yes 2>&1 || echo "exit $?"
cksum /etc/hosts | cmp - "$2/hosts"
[ -e /etc/profile.d/usher.sh ] || echo "nothing written"
mv /opt/usher/shims/use "$2/use"
"$1" setup --system 2>&1 || echo "exit $?"
"#;

#[test]
fn accounts_links_and_machines_without_usher_are_refused() {
    let Some(outcome) = run(REFUSED) else { return };
    let text = outcome.succeeds().stdout;
    insta::assert_snapshot!(text, @"
    error: `use setup --system` changes files in /etc, which needs root
      hint: sudo /opt/usher/shims/use setup --system
    exit 77
    error: /etc/environment is a link to /etc/hosts
      usher follows no link there
      hint: rm /etc/environment, then: use setup --system
    exit 77
    nothing written
    error: usher isn't installed for this machine: /opt/usher/shims/use is missing
      hint: ./install.sh --system
    exit 127
    ");
}
