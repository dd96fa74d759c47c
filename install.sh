#!/bin/sh
# Installs usher, and sets the defaults of the tools that are named. In a checkout of usher it builds
# the program; elsewhere, or read from a pipe, it downloads a release and checks it.
#
# POSIX sh. Writes to cargo's target folder or a temporary one, and what `use self install` writes.
# Changes no shell's files. Nothing runs before the last line: a script that was cut does nothing.
set -eu

# The address of the folder of releases, and the minisign key that signs them. Both are empty in the
# repository; the release task fills in these two lines.
releases=''
release_key=''

usage() {
    cat <<'USAGE'
Installs usher: builds it in a checkout, and downloads a release elsewhere.

Usage: ./install.sh [--system] [TOOL[@REQUEST]...]
       curl -fsSL ADDRESS/install.sh | sh -s -- [--system] [TOOL[@REQUEST]...]

Arguments:
  [TOOL[@REQUEST]]...  Tools to install; each version becomes your default

Options:
      --system  Install for all users, in /opt/usher, with settings in /etc/usher; needs root
  -h, --help    Print help

Variables of a download:
  USHER_RELEASES     The folder of releases, or a mirror of it: an address or a path
  USHER_VERSION      The version to install; by default, the newest
  USHER_PLATFORM     Another file than this machine's: linux-x64-glibc
  USHER_RELEASE_KEY  The minisign key of a mirror's own releases

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
# The codes are those of `use`: docs/exit-codes.md.
fail() {
    code=$1
    printf 'error: %s\n' "$2" >&2
    shift 2
    for hint; do
        printf '  hint: %s\n' "$hint" >&2
    done
    exit "$code"
}

has() {
    command -v "$1" >/dev/null 2>&1
}

#
# In a checkout: build
#

# Whether this script lies in a checkout of usher. Read from a pipe, it lies nowhere.
in_checkout() {
    case $0 in
        install.sh | */install.sh) grep -q '^name = "usher"$' "$(dirname -- "$0")/Cargo.toml" 2>/dev/null ;;
        *) return 1 ;;
    esac
}

# Finds cargo. If it isn't on PATH, adds rustup's folder: rustup changes PATH only for new shells.
find_cargo() {
    has cargo && return
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
run_cargo() {
    messages=$(cargo build --locked --message-format json-render-diagnostics "$@") || return
    printf '%s\n' "$messages" |
        sed -n 's/.*"executable":"\(\([^"\\]*\(\\.\)*\)*\)".*/\1/p' |
        sed -e 's/\\\(.\)/\1/g' -e '$!d'
}

# Whether the standard library of a target is installed, or can be installed now.
has_target() {
    library=$("${RUSTC:-rustc}" --print target-libdir --target "$1" 2>/dev/null) || return
    [ ! -d "$library" ] || return 0
    has rustup || return
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

# Builds usher; `program` is its path.
build() {
    # In this repository, rustup and cargo find its configuration.
    CDPATH='' cd -- "$(dirname -- "$0")"
    find_cargo
    add_static_target
    program=$(run_cargo --release --package usher --bin use) ||
        fail $? "can't build usher (see cargo's errors above)"
}

#
# Elsewhere: download
#

# Prints the name of this machine's platform in a release.
find_platform() {
    if [ -n "${USHER_PLATFORM:-}" ]; then
        case $USHER_PLATFORM in
            *[!a-z0-9-]*) fail 2 'USHER_PLATFORM is not a platform' 'export USHER_PLATFORM=linux-x64-glibc' ;;
        esac
        say "$USHER_PLATFORM"
        return
    fi
    kernel=$(uname -s) machine=$(uname -m)
    # A program that is translated by Rosetta sees another machine.
    if [ "$kernel" = Darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
        machine=arm64
    fi
    case $kernel/$machine in
        Linux/x86_64 | Linux/amd64) say linux-x64 ;;
        Linux/aarch64 | Linux/arm64) say linux-arm64 ;;
        Darwin/x86_64) say macos-x64 ;;
        Darwin/arm64) say macos-arm64 ;;
        MINGW*/* | MSYS*/* | CYGWIN*/* | Windows*/*)
            fail 69 "usher doesn't support Windows ($kernel)" 'run this in WSL'
            ;;
        *)
            fail 69 "no release of usher is for $kernel on $machine, only for Linux and macOS on x86_64 and arm64" \
                './install.sh in a checkout builds usher for this machine'
            ;;
    esac
}

# Checks the address of releases, without a slash at its end. `shown` is the address without a password.
find_releases() {
    releases=${USHER_RELEASES:-$releases}
    releases=${releases#file://}
    while [ "$releases" != "${releases%/}" ]; do
        releases=${releases%/}
    done
    form='https://host.example/usher, or the path of a folder'
    case $releases in
        '') fail 2 'this install.sh has no address of releases' \
            "export USHER_RELEASES=ADDRESS ($form)" 'in a checkout of usher, ./install.sh builds it' ;;
        /*) ;;
        *[[:space:]?#]*) fail 2 'USHER_RELEASES contains a space, ? or #' "export USHER_RELEASES=ADDRESS ($form)" ;;
        https://?* | http://?*) has curl || has wget ||
            fail 127 'curl or wget is needed to download usher, and neither is on PATH' \
                'install curl, or download the folder of releases and set USHER_RELEASES to its path' ;;
        *) fail 2 'USHER_RELEASES is not an address' "export USHER_RELEASES=ADDRESS ($form)" ;;
    esac
    shown=$(printf '%s\n' "$releases" | sed 's|^\([a-z]*://\)[^/]*@|\1|')
}

# Makes a temporary folder that is removed on every exit. /tmp can be mounted so that no program may
# run there: then the folder is in the home.
make_scratch() {
    scratch=
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
    for parent in "${TMPDIR:-/tmp}" ${HOME:+"$HOME"}; do
        scratch=$(mktemp -d "$parent/usher-install.XXXXXX" 2>/dev/null) || continue
        if printf '#!/bin/sh\n' 2>/dev/null >"$scratch/probe" && chmod 700 "$scratch/probe" &&
            "$scratch/probe" 2>/dev/null; then
            return
        fi
        rm -rf "$scratch"
    done
    fail 73 "can't make a temporary folder where programs may run: tried ${TMPDIR:-/tmp}${HOME:+ and $HOME}" \
        'export TMPDIR=DIR (a folder with 50 MB of free space, not mounted noexec)'
}

# Downloads with curl, and puts the status of the answer into `answer`: with_curl ADDRESS FILE
with_curl() {
    # Redirects don't lead from https to http.
    protocols='=http,https'
    case $1 in https://*) protocols='=https' ;; esac
    set -- --output "$2" "$1"
    if [ -n "$progress" ]; then
        set -- --progress-bar "$@"
    else
        set -- --silent --show-error "$@"
    fi
    answer=$(curl --fail --location --proto "$protocols" --connect-timeout 30 \
        --speed-limit 1000 --speed-time 30 --write-out '%{http_code}' "$@")
}

# The same with wget, GNU's or busybox's.
with_wget() {
    address=$1 file=$2 log=$scratch/log ended=0
    help=$(wget --help 2>&1) || :
    # busybox shows the options that it was built with.
    set -- -S -o "$log" -O "$file" "$address"
    case $help in
        *BusyBox*'-T SEC'*) set -- -T 30 "$@" ;;
        *BusyBox*) ;;
        *) set -- -nv --tries=1 --timeout=30 "$@" ;;
    esac
    case $progress/$help in
        yes/*--show-progress*) set -- --show-progress "$@" ;;
    esac
    LC_ALL=C wget "$@" || ended=$?
    answer=$(sed -n 's|^ *HTTP/[0-9.]* \([0-9]*\).*|\1|p' "$log" | sed '$!d')
    case $address in
        https://*)
            ! grep -q 'certificate validation not implemented' "$log" || is_authentic=
            if grep -qi '^ *location: *http:' "$log"; then
                say 'wget: redirected from https to http' >&2
                return 1
            fi
            ;;
    esac
    [ "$ended" = 0 ] || sed '$!d' "$log" | tr -d '\000-\010\013-\037\177' >&2
    return "$ended"
}

# Downloads to a file: transfer ADDRESS FILE
transfer() {
    case $1 in
        /*) cp -- "$1" "$2" ;;
        *) if has curl; then with_curl "$@"; else with_wget "$@"; fi ;;
    esac
}

# Fetches a file of the releases into the temporary folder: fetch NAME
fetch() {
    for pause in 1 3 0; do
        answer=
        transfer "$releases/$1" "$scratch/${1##*/}" && [ -f "$scratch/${1##*/}" ] && return
        case $releases/$answer in
            */408 | */429) ;;
            # The next answer would be the same.
            /* | */4??) break ;;
        esac
        sleep "$pause"
    done
    printf x 2>/dev/null >"$scratch/last" || fail 74 "can't write to $scratch: the disk is full" \
        'export TMPDIR=DIR (a folder with 50 MB of free space)'
    case $answer in
        [45]??) answer=": the server answered $answer" ;;
        *) answer= ;;
    esac
    fail 69 "can't download $shown/$1$answer" \
        'check the address, the network, and the proxy if one is set (https_proxy, no_proxy)'
}

# Finds the version to install.
find_version() {
    if [ -n "${USHER_VERSION:-}" ]; then
        version=${USHER_VERSION#v}
        is_version "$version" || fail 2 'USHER_VERSION is not a version of usher' 'export USHER_VERSION=0.1.0'
        return
    fi
    fetch latest
    version=$(tr -d '\000\r' <"$scratch/latest")
    is_version "$version" ||
        fail 69 "$shown/latest is not a version" 'check the address; a proxy or a login page may have answered'
}

# Whether a text may be the name of a version's folder.
is_version() {
    case $1 in
        *[!0-9A-Za-z.+-]*) return 1 ;;
        [0-9]*.*) ;;
        *) return 1 ;;
    esac
}

# Checks the signature of the hashes, which also says what version they are of: an old release can't be
# passed off as a newer one.
check_signature() {
    key=${USHER_RELEASE_KEY:-$release_key}
    if [ -z "$key" ]; then
        missing='this install.sh has no key'
    elif ! has minisign; then
        missing='minisign is not installed'
    else
        fetch "$version/SHA256SUMS.minisig"
        comment=$(minisign -V -Q -P "$key" -x "$scratch/SHA256SUMS.minisig" -m "$scratch/SHA256SUMS") ||
            fail 76 "the signature of usher $version is invalid"
        [ "$comment" = "usher $version" ] ||
            fail 76 "the signature of usher $version is invalid: it is of $comment"
        return
    fi
    [ -n "$is_authentic" ] ||
        fail 69 "this wget doesn't check certificates, and the signature can't be checked: $missing" \
            'install curl or minisign'
    case $releases in
        http://*) warn "the download was not authenticated: its address is http://, and $missing" ;;
        *) say "the signature was not checked, only the SHA-256: $missing" ;;
    esac
}

# Prints the SHA-256 of a file.
sha256() {
    if has sha256sum; then
        sha256sum <"$1"
    elif has shasum; then
        shasum -a 256 <"$1"
    else
        openssl dgst -sha256 <"$1"
    fi | sed -e 's/^.*= *//' -e 's/ .*//'
}

# Checks the hash of the program: check_hash NAME
check_hash() {
    expected=$(sed -n "s/^\([0-9a-f]*\) [ *]$1\$/\1/p" "$scratch/SHA256SUMS")
    actual=$(sha256 "$scratch/$1")
    [ "$actual" = "$expected" ] || fail 76 "$shown/$version/$1 is not what was published
  published: sha256:$expected
  downloaded: sha256:$actual"
}

# Downloads usher and checks it; `program` is its path.
download() {
    progress='' is_authentic=yes
    platform=$(find_platform)
    find_releases
    has sha256sum || has shasum || has openssl ||
        fail 127 'sha256sum, shasum or openssl is needed to check the download, and none is on PATH'
    make_scratch
    find_version
    name=use-$platform
    fetch "$version/SHA256SUMS"
    check_signature
    grep -q "^[0-9a-f]\{64\} [ *]$name\$" "$scratch/SHA256SUMS" ||
        fail 127 "usher $version has no program for $platform"
    say "downloading usher $version for $platform"
    [ ! -t 2 ] || progress=yes
    fetch "$version/$name"
    check_hash "$name"
    program=$scratch/$name
    chmod 700 "$program"
    printed=$("$program" --version) || printed="exit code $?"
    [ "$printed" = "use $version" ] ||
        fail 65 "usher $version for $platform doesn't run on this machine: $printed"
}

#
# Both
#

# Makes a tool's version the default, and prints the version that its program reports.
set_default() {
    "$shims/use" --global "$1"
    program=${1%%@*}
    if [ ! -x "$shims/$program" ]; then
        # The argument was an alias of the tool's name.
        program=$("$shims/use" list "$program" --json | sed -n 's/.*"tool": "\(.*\)".*/\1/p' | sed '$!d')
    fi
    [ -f "$shims/$program" ] || return 0
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
    say "To put the shims on PATH in all your shells: '$shims/use' setup"
    say 'For this shell only, or in a file of your choice:'
    say "$line"
}

# Prints how this script is called, for hints: own_call BEFORE ARGUMENT
own_call() {
    if in_checkout; then
        say "$1./install.sh $2"
    else
        say "curl -fsSL ${releases:-ADDRESS}/install.sh | $1sh -s -- $2"
    fi
}

main() {
    system=
    for argument; do
        case $argument in
            -h | --help)
                usage
                exit
                ;;
            --system) system=yes ;;
            -*) fail 2 "unknown option: $argument" "$(own_call '' --help)" ;;
        esac
    done
    if [ -n "$system" ]; then
        [ "$(id -u)" -eq 0 ] ||
            fail 77 '--system writes to /opt and /etc, which needs root' "$(own_call 'sudo ' --system)"
        # All users must be able to read it. USHER_HOME would move it to one user's folder.
        umask 022
        unset USHER_HOME
    fi
    if in_checkout; then build; else download; fi
    shims=$("$program" self install ${system:+--system})
    say "usher is installed: $shims"
    for argument; do
        [ "$argument" = --system ] || set_default "$argument"
    done
    show_path
}

main "$@"
