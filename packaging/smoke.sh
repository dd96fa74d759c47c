#!/bin/sh
# Tries a release on this machine: installs it in each way that there is here, and runs a tool with it.
#     sh packaging/smoke.sh RELEASES
# It needs the network: node comes from its own site, or from the mirrors that are set.
set -eu

releases=$(CDPATH='' cd -- "$1" && pwd)
version=$(cat "$releases/latest")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Runs a `use` in a home of its own, and node by its shims: try WAY COMMAND...
try() {
    way=$1
    shift
    home=$scratch/home-$way
    mkdir -p "$home/project"
    started=$(date +%s)
    (
        export HOME="$home"
        unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME USHER_HOME
        cd "$home/project"
        "$@" --version | grep -F "$version"
        "$@" node@22
        PATH=$home/.local/share/usher/shims:$PATH
        node --version | grep '^v22\.'
        use doctor || [ $? -lt 2 ]
    )
    echo "ok: $way, $(($(date +%s) - started)) s"
}

# Runs a command as root, who may have no sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

case $(uname -s)-$(uname -m) in
Linux-x86_64) platform=linux-x64 ;;
Linux-aarch64) platform=linux-arm64 ;;
Darwin-arm64) platform=macos-arm64 ;;
Darwin-x86_64) platform=macos-x64 ;;
esac

chmod +x "$releases/$version/use-$platform"
try program "$releases/$version/use-$platform"

HOME=$scratch/home-installer USHER_RELEASES=$releases sh "$releases/install.sh"
try installer "$scratch/home-installer/.local/share/usher/shims/use"

python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --no-index --find-links "$releases/$version" usher
try wheel "$scratch/venv/bin/use"

npm install --global --prefix "$scratch/npm" "$releases/$version/usher-$platform-$version.tgz" "$releases/$version/usher-$version.tgz"
try npm "$scratch/npm/bin/use"

if [ "$(uname -s)" = Linux ]; then
    case $platform in
    linux-x64) architecture=amd64 ;;
    *) architecture=arm64 ;;
    esac
    as_root dpkg -i "$releases/$version/usher_${version}_$architecture.deb"
    try deb /usr/bin/use
    as_root dpkg -r usher
fi
