//! The text that puts an account's own shims, and then the machine's, first in PATH.
//!
//! Both folders count from an account's first day, whether the first one exists yet or not: what
//! `npm install --global` adds there can be called at once, in the same shell.
//!
//! A folder that is on PATH already stays where it is, so that an activated virtual environment stays
//! first in nested shells. Root doesn't get the folder of another account's home, which a
//! `sudo` that keeps HOME would lead to: what is there is not root's to run. `-O` is true for what the
//! account itself owns, and `/` is root's.

use std::path::Path;

/// The file that login shells read, below `/etc`.
pub(super) const PROFILE: &str = "profile.d/usher.sh";

/// fish's file, below `/etc`.
pub(super) const FISH_FILE: &str = "fish/conf.d/usher-machine.fish";

/// The lines for sh, bash, zsh, ksh and others of the family, also under `set -eu`.
pub fn posix_lines(machine: &str) -> String {
    POSIX.replace("MACHINE", machine)
}

/// The lines for fish.
pub(super) fn fish_lines(machine: &str) -> String {
    FISH.replace("MACHINE", machine)
}

/// The line of a file that reads the one for login shells.
pub(super) fn sourcing(profile: &Path) -> String {
    // The path is one of /etc's, without anything that needs quotes.
    let profile = profile.to_string_lossy();
    format!("[ ! -r {profile} ] || . {profile}")
}

const POSIX: &str = r#"# The account's own shims, then the machine's. Changed by: use setup --system
case "${XDG_DATA_HOME-}:${HOME-}" in
    /*:*) usher_base=${XDG_DATA_HOME} usher_owned=${XDG_DATA_HOME} ;;
    *:/*) usher_base=${HOME%/}/.local/share usher_owned=${HOME} ;;
    *) usher_base= usher_owned= ;;
esac
if [ -O / ] && ! [ -O "${usher_owned}" ]; then usher_base=; fi
case "${usher_base}" in
    '' | *:*) usher_own= ;;
    *) usher_own=${usher_base%/}/usher/shims ;;
esac
case ":${PATH-}:" in
    *:MACHINE:*) ;;
    *":${usher_own:-:}:"*)
        usher_path=":${PATH}:"
        PATH="${usher_path%%":${usher_own}:"*}:${usher_own}:MACHINE:${usher_path#*":${usher_own}:"}"
        PATH=${PATH#:} PATH=${PATH%:}
        ;;
    *) PATH="MACHINE${PATH:+":${PATH}"}" ;;
esac
case ":${PATH}:" in
    *":${usher_own:-MACHINE}:"*) ;;
    *) PATH="${usher_own}:${PATH}" ;;
esac
export PATH
unset usher_base usher_owned usher_own usher_path"#;

const FISH: &str = r#"# The account's own shims, then the machine's. Changed by: use setup --system
set -l usher_own
set -l usher_path
set -l usher_folder
set -l usher_owned "$HOME"
if string match -q -- '/*' "$XDG_DATA_HOME"
    set usher_owned "$XDG_DATA_HOME"
    set usher_own (string replace -r -- '/$' '' "$XDG_DATA_HOME")/usher/shims
else if string match -q -- '/*' "$HOME"
    set usher_own (string replace -r -- '/$' '' "$HOME")/.local/share/usher/shims
end
if test -O /; and not test -O "$usher_owned"
    set usher_own
end
if string match -q -- '*:*' "$usher_own"
    set usher_own
end
if not contains -- MACHINE $PATH
    if test -n "$usher_own"; and contains -- "$usher_own" $PATH
        for usher_folder in $PATH
            set usher_path $usher_path "$usher_folder"
            if test "$usher_folder" = "$usher_own"
                set usher_path $usher_path MACHINE
            end
        end
        set -gx PATH $usher_path
    else
        set -gx PATH MACHINE $PATH
    end
end
if test -n "$usher_own"; and not contains -- "$usher_own" $PATH
    set -gx PATH "$usher_own" $PATH
end"#;
