#!/bin/sh
# Builds usher from this checkout and installs it; with tools, makes each one's version the default.
#
# POSIX sh. It writes into cargo's target folder, and what `use __install` writes; no shell's file.
set -eu

usage() {
    cat <<'USAGE'
Builds usher and installs it.

Usage: ./install.sh [--system] [TOOL[@REQUEST]...]

Arguments:
  [TOOL[@REQUEST]]...  Tools; each becomes your default in this version, and is fetched

Options:
      --system  For the whole machine: in /opt/usher, with the settings in /etc/usher; needs root
  -h, --help    Print help

Examples:
  ./install.sh
  ./install.sh node@12
  sudo ./install.sh --system node@lts python@3.12

Without --system, usher goes into your XDG folders (~/.local/share/usher and the like), or all of it
into the folder that USHER_HOME names.
USAGE
}

say() {
    printf '%s\n' "$*"
}

tell() {
    printf 'install.sh: %s\n' "$*" >&2
}

hint() {
    printf '  hint: %s\n' "$*" >&2
}

# Ends with an exit code, a message and a hint.
fail() {
    tell "$2"
    hint "$3"
    exit "$1"
}

# Puts a cargo on PATH where rustup has one that this shell doesn't know of yet.
find_cargo() {
    command -v cargo >/dev/null 2>&1 && return
    cargo_bin=${CARGO_HOME:-${HOME:-}/.cargo}/bin
    if [ -x "$cargo_bin/cargo" ]; then
        PATH=${PATH:+$PATH:}$cargo_bin
        export PATH
        return
    fi
    fail 127 'usher is built with cargo, and there is no cargo on PATH' \
        "install Rust (https://rustup.rs), then run this again; sudo needs to be told: sudo env \"PATH=\$PATH\" ./install.sh --system"
}

# Prints the program that a build comes to, by what cargo itself says: that holds wherever cargo is
# told to put things.
build() {
    messages=$(cargo build --locked --message-format json-render-diagnostics "$@") || return
    printf '%s\n' "$messages" |
        sed -n 's/.*"executable":"\(\([^"\\]*\(\\.\)*\)*\)".*/\1/p' |
        sed -e 's/\\\(.\)/\1/g' -e '$!d'
}

# Whether the library of a target is there, or can be had.
has_target() {
    library=$("${RUSTC:-rustc}" --print target-libdir --target "$1" 2>/dev/null) || return
    [ ! -d "$library" ] || return 0
    command -v rustup >/dev/null 2>&1 || return
    rustup target add "$1" >/dev/null 2>&1
}

# The musl target of this machine's kind; nothing where there is none.
static_target() {
    host=$(cargo -vV | sed -n 's/^host: //p')
    case $host in
        x86_64-*-linux-* | aarch64-*-linux-*) say "${host%%-*}-unknown-linux-musl" ;;
    esac
}

# Has the shim built as a static program, which starts fastest, where that can be had.
add_static_target() {
    target=$(static_target)
    [ -z "$target" ] || has_target "$target" ||
        tell "the target $target can't be installed here: the shim is built for this machine's own kind, and starts slower"
}

# Makes a tool's version the default, and shows what its program answers through the shim.
choose() {
    "$shims/use" --global "$1"
    program=${1%%@*}
    if [ ! -x "$shims/$program" ]; then
        # It was called by another name of its own.
        program=$("$shims/use" list "$program" --json | sed -n 's/.*"tool": "\(.*\)".*/\1/p' | sed '$!d')
    fi
    [ -x "$shims/$program" ] || return 0
    # In the root folder, where no project has a say; nor has an account of its own, with --system.
    answer=$(
        cd /
        [ -z "$system" ] || unset HOME XDG_DATA_HOME
        "$shims/$program" --version
    )
    say "$program --version: $answer"
}

show_path() {
    case :${PATH:-}: in
        *:"$shims":*)
            say "$shims is on PATH already"
            return
            ;;
    esac
    line=$("$shims/use" setup sh --print)
    say
    say "To have the shims on PATH in all your shells: '$shims/use' setup"
    say 'In this shell, or in a file of your choice, this line does it:'
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
        -*) fail 2 "there is no option $argument" './install.sh --help' ;;
    esac
done
if [ -n "$system" ]; then
    [ "$(id -u)" -eq 0 ] ||
        fail 77 '--system writes into /opt and /etc, which only root may' 'sudo ./install.sh --system'
    # All accounts are to read it, and it is nobody's own.
    umask 022
    unset USHER_HOME
fi

# The checkout, where rustup and cargo look for what is set for it.
CDPATH='' cd -- "$(dirname -- "$0")"
find_cargo
add_static_target
program=$(build --release --package usher --bin use) ||
    fail $? 'usher could not be built' 'see above what cargo says'
shims=$("$program" __install ${system:+--system})
say "usher is installed: $shims"
for argument; do
    [ "$argument" = --system ] || choose "$argument"
done
show_path
