#!/bin/sh
# Builds usher from this repository and installs it. Sets the defaults of the tools that are named.
#
# POSIX sh. Writes to cargo's target folder, and what `use self install` writes. Changes no shell's files.
set -eu

usage() {
    cat <<'USAGE'
Builds usher and installs it.

Usage: ./install.sh [--system] [TOOL[@REQUEST]...]

Arguments:
  [TOOL[@REQUEST]]...  Tools to install; each version becomes your default

Options:
      --system  Install for all users, in /opt/usher, with settings in /etc/usher; needs root
  -h, --help    Print help

Examples:
  ./install.sh
  ./install.sh node@12
  sudo ./install.sh --system node@lts python@3.12

Without --system, usher is installed in your XDG folders, such as ~/.local/share/usher, or in the
folder that USHER_HOME names.
USAGE
}

say() {
    printf '%s\n' "$*"
}

warn() {
    printf 'warning: %s\n' "$*" >&2
}

# Prints an error and hints, and exits: fail CODE MESSAGE HINT...
fail() {
    code=$1
    printf 'error: %s\n' "$2" >&2
    shift 2
    for hint; do
        printf '  hint: %s\n' "$hint" >&2
    done
    exit "$code"
}

# Finds cargo. If it isn't on PATH, adds rustup's folder: rustup changes PATH only for new shells.
find_cargo() {
    command -v cargo >/dev/null 2>&1 && return
    cargo_bin=${CARGO_HOME:-${HOME:-}/.cargo}/bin
    if [ -x "$cargo_bin/cargo" ]; then
        PATH=${PATH:+$PATH:}$cargo_bin
        export PATH
        return
    fi
    fail 127 'cargo is not on PATH, and usher is built with it' \
        'install Rust from https://rustup.rs, then run ./install.sh again' \
        "with sudo, keep PATH: sudo env \"PATH=\$PATH\" ./install.sh --system"
}

# Builds, and prints the path of the program. The path comes from cargo's messages, because settings
# can change cargo's target folder.
build() {
    messages=$(cargo build --locked --message-format json-render-diagnostics "$@") || return
    printf '%s\n' "$messages" |
        sed -n 's/.*"executable":"\(\([^"\\]*\(\\.\)*\)*\)".*/\1/p' |
        sed -e 's/\\\(.\)/\1/g' -e '$!d'
}

# Whether the standard library of a target is installed, or can be installed now.
has_target() {
    library=$("${RUSTC:-rustc}" --print target-libdir --target "$1" 2>/dev/null) || return
    [ ! -d "$library" ] || return 0
    command -v rustup >/dev/null 2>&1 || return
    rustup target add "$1" >/dev/null 2>&1
}

# Prints the musl target for this machine; nothing if there is none.
static_target() {
    host=$(cargo -vV | sed -n 's/^host: //p')
    case $host in
        x86_64-*-linux-* | aarch64-*-linux-*) say "${host%%-*}-unknown-linux-musl" ;;
    esac
}

# Installs the musl target, if possible: the build then makes the shim static, which starts fastest.
add_static_target() {
    target=$(static_target)
    [ -z "$target" ] || has_target "$target" ||
        warn "can't install the Rust target $target: the shim will be linked dynamically, and start more slowly"
}

# Makes a tool's version the default, and prints the version that its program reports.
set_default() {
    "$shims/use" --global "$1"
    program=${1%%@*}
    if [ ! -x "$shims/$program" ]; then
        # The argument was an alias of the tool's name.
        program=$("$shims/use" list "$program" --json | sed -n 's/.*"tool": "\(.*\)".*/\1/p' | sed '$!d')
    fi
    [ -x "$shims/$program" ] || return 0
    # In the root folder, so that no project's pin applies; with --system, without the user's default.
    version=$(
        cd /
        [ -z "$system" ] || unset HOME XDG_DATA_HOME
        "$shims/$program" --version
    )
    say "$program --version: $version"
}

show_path() {
    if [ -n "$system" ]; then
        say
        say "To have the shims on every account's PATH: '$shims/use' setup --system"
        say 'It shows the changes in /etc first.'
        return
    fi
    case :${PATH:-}: in
        *:"$shims":*)
            say "$shims is already on PATH"
            return
            ;;
    esac
    line=$("$shims/use" setup sh --print)
    say
    if [ -n "$system" ]; then
        say 'To put the shims on PATH for all accounts, in a file of /etc/profile.d:'
    else
        say "To put the shims on PATH in all your shells: '$shims/use' setup"
        say 'For this shell only, or in a file of your choice:'
    fi
    say "$line"
}

system=
for argument; do
    case $argument in
        -h | --help)
            usage
            exit
            ;;
        --system) system=yes ;;
        -*) fail 2 "unknown option: $argument" './install.sh --help' ;;
    esac
done
if [ -n "$system" ]; then
    [ "$(id -u)" -eq 0 ] ||
        fail 77 '--system writes to /opt and /etc, which needs root' 'sudo ./install.sh --system'
    # All users must be able to read it. USHER_HOME would move it to one user's folder.
    umask 022
    unset USHER_HOME
fi

# In this repository, rustup and cargo find its configuration.
CDPATH='' cd -- "$(dirname -- "$0")"
find_cargo
add_static_target
program=$(build --release --package usher --bin use) ||
    fail $? "can't build usher (see cargo's errors above)"
shims=$("$program" self install ${system:+--system})
say "usher is installed: $shims"
for argument; do
    [ "$argument" = --system ] || set_default "$argument"
done
show_path
