#!/usr/bin/env bash
# A host's story, played for real: an administrator offers many versions, and accounts without rights
# choose. One command, as root:
#
#     tests/host/story.sh [USE]        # USE is a built `use`; by default target/release/use
#
# It makes its own mount and process namespace, with an empty /opt, /home and /run and a copy of /etc,
# so nothing outside is touched. node, Kresus (https://kresus.org), yarn and Woob come from the package
# registries that this machine is configured for; it needs a C compiler, and about 3 GB in memory or
# in $TMPDIR. The page for hosts, docs/hosts.md, describes the same steps.
set -euo pipefail

fail() { printf 'FAILED  %s\n' "$*" >&2; exit 1; }

# The namespace, entered once; its processes end with it.
if [ "${1-}" != --inside ]; then
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    use=$(realpath "${1:-$here/target/release/use}")
    [ "$(id -u)" = 0 ] || fail "it makes accounts and mounts: run it as root"
    [ -x "$use" ] || fail "no $use: cargo build --release"
    base=$(mktemp -d)
    trap 'rm -rf "$base"' EXIT
    # The program may be in a home folder, which is hidden below.
    cp "$use" "$base/use"
    status=0
    unshare --mount --pid --fork --kill-child --mount-proc \
        "${BASH_SOURCE[0]}" --inside "$base" || status=$?
    exit "$status"
fi
base=$2

make_namespace() {
    local size=6g folder
    mkdir "$base/upper" "$base/work"
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$base/upper,workdir=$base/work" /etc
    for folder in /opt /home /run; do
        mount -t tmpfs -o "mode=755,size=$size" tmpfs "$folder"
    done
    local number=20001 name
    for name in alice bob carol; do
        echo "$name:x:$number:$number::/home/$name:/bin/bash" >> /etc/passwd
        echo "$name:x:$number:" >> /etc/group
        install -d -m 755 -o $number -g $number "/home/$name" "/run/$name"
        number=$((number + 1))
    done
}

# Settings of the network that the caller has.
network() {
    env | grep -E '^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|PIP_INDEX_URL|PIP_CERT|npm_config_registry|npm_config_cafile|[a-zA-Z_]*_proxy|[A-Z]*_PROXY)=' || true
}
readarray -t network < <(network)
export PATH=/opt/usher/shims:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# as ACCOUNT COMMAND…: runs it as a login would start it, in the account's home.
as() {
    local name=$1
    shift
    setpriv --reuid="$name" --regid="$name" --clear-groups \
        env -i "${network[@]}" HOME="/home/$name" USER="$name" LOGNAME="$name" \
        PATH="/home/$name/.local/share/usher/shims:/opt/usher/shims:/usr/local/bin:/usr/bin:/bin" \
        sh -c 'cd ~ && "$@"' sh "$@"
}

title() { printf '\n== %s\n' "$*"; }

# prints WHAT EXPECTED COMMAND…: the command succeeds, and its output has this text.
prints() {
    local what=$1 expected=$2 output
    shift 2
    output=$("$@" 2>&1) || fail "$what: exit code $?: $output"
    [[ $output == *"$expected"* ]] || fail "$what: no \"$expected\" in: $output"
    printf 'ok  %s: %s\n' "$what" "$expected"
}

# refuses WHAT EXPECTED COMMAND…: the command fails, and its output has this text.
refuses() {
    local what=$1 expected=$2 output
    shift 2
    if output=$("$@" 2>&1); then fail "$what: it succeeded: $output"; fi
    [[ $output == *"$expected"* ]] || fail "$what: no \"$expected\" in: $output"
    printf 'ok  %s is refused: %s\n' "$what" "$expected"
}

timed() {
    local begin=$EPOCHREALTIME
    "$@"
    local end=$EPOCHREALTIME
    printf '    took %d ms\n' $(((${end/./} - ${begin/./}) / 1000))
}

make_namespace

title "The administrator installs usher, and the store by a list"
"$base/use" self install --system > /dev/null
cat > /etc/usher/wanted-versions <<'END'
node 8 10 12 14 16 18 20 22 24
END
timed use sync
use --global node@22 > /dev/null 2>&1
[ -z "$(use sync 2>&1)" ] || fail "a second sync printed something"
printf 'ok  a second run prints nothing\n'
use setup --system --yes > /dev/null
use list node

title "Accounts choose: by the default, a variable, a name, a file"
prints "the machine's default" "v22." as alice node --version
for version in 8 10 12 14 16 18 20 24; do
    prints "NODE_VERSION=$version" "v$version." as alice env NODE_VERSION=$version node --version
done
prints "node10" "v10." as alice node10 --version
prints "npm18" "10." as alice npm18 --version
as bob sh -c 'mkdir app && echo 16 > app/.nvmrc'
prints "a file" "v16." as bob sh -c 'cd app && node --version'
prints "an interpreter of the system" "Python 3" as bob python3 --version
prints "a login shell" "/opt/usher/shims/node" as bob bash -lc 'command -v node'
[ -z "$(find /home/alice -name usher)" ] || fail "alice's home isn't empty"
printf 'ok  nothing is in the home of an account that only runs things\n'

title "A global package, without being root and without set-up"
prints "yarn at once" "1.22." as bob sh -c 'npm install --global yarn >/dev/null 2>&1 && yarn --version'
prints "npm ls -g" "yarn@" as bob npm ls -g
prints "npx" "hello" as bob sh -c 'npx -y cowsay hello'

title "Kresus with Woob, as a service"
as carol sh -c 'mkdir kresus && cd kresus && echo "{\"private\":true}" > package.json'
as carol sh -c 'cd kresus && use node@24' 2>&1 | tail -1
as carol sh -c 'cd kresus && npm install kresus better-sqlite3 >install.log 2>&1 &&
    { npm install-scripts approve better-sqlite3 && npm rebuild better-sqlite3; } >>install.log 2>&1' ||
    fail "npm install kresus: $(tail -5 /home/carol/kresus/install.log)"
as carol sh -c 'python3 -m venv woob && woob/bin/pip install --quiet woob' || fail "woob"
# Woob's own repository of banks is elsewhere: the one that Kresus carries for tests is used.
echo "file:///home/carol/kresus/node_modules/kresus/build/server/providers/woob/py/fakemodules" \
    > /home/carol/sources.list
port=$((20000 + RANDOM % 20000))
# As a service manager starts it: no environment, another folder, the shim by its path.
start_kresus() {
    setpriv --reuid=carol --regid=carol --clear-groups env -i \
        NODE_VERSION=24 NODE_ENV=production KRESUS_DB_TYPE=sqlite PORT=$port \
        HOST=127.0.0.1 KRESUS_DIR=/home/carol/data KRESUS_SALT=0123456789abcdef0123 \
        KRESUS_DB_SQLITE_PATH=/home/carol/data/db.sqlite HOME=/home/carol \
        KRESUS_WOOB_SOURCES_LIST=/home/carol/sources.list \
        KRESUS_PYTHON_EXEC=/home/carol/woob/bin/python3 \
        /opt/usher/shims/node /home/carol/kresus/node_modules/kresus/bin/kresus.js \
        > /home/carol/kresus.log 2>&1 &
    kresus=$!
    local attempt
    for attempt in $(seq 900); do
        if curl --silent --fail --output /dev/null "http://127.0.0.1:$port/"; then return; fi
        kill -0 "$kresus" 2>/dev/null || fail "Kresus ended: $(tail -5 /home/carol/kresus.log)"
        sleep 0.2
    done
    fail "Kresus doesn't answer after $attempt attempts: $(tail -5 /home/carol/kresus.log)"
}
woob_version() { curl --silent --fail "http://127.0.0.1:$port/api/instance/woob"; }
install -d -o carol -g carol /home/carol/data
start_kresus
prints "the service's program" "/opt/usher/toolchains/node/24." readlink "/proc/$kresus/exe"
prints "Woob, in Python, asked through Node" '"version":"3.' woob_version

title "Who uses what"
use list --accounts --projects /home
prints "carol's pin" "carol/kresus/.tool-versions" use list --accounts --projects /home node@24

title "Uninstalling what is used"
refuses "node 24" "in use by process" use uninstall node@24
prints "the service goes on" '"version":"3.' woob_version

title "Retirement"
use retire node@8 --on 2099-12-31
prints "nobody is told in a pipe" "v8." as alice env NODE_VERSION=8 node --version
prints "a person is, on a terminal" "2099-12-31" \
    as alice script -qec 'NODE_VERSION=8 node --version' /dev/null
use retire node@8 --cancel

title "Policy"
cat > /etc/usher/policy.toml <<'END'
fetch = "machine"
deny = ["node@14"]
contact = "help@host.example"
END
refuses "a version that the host doesn't have" "help@host.example" as alice use node@23
refuses "a version that is denied" "not allowed" as alice env NODE_VERSION=14 node --version
prints "what the host has" "v20." as alice sh -c 'use node@20 >/dev/null 2>&1 && node --version'
rm /etc/usher/policy.toml

title "Upgrade, restart, and an old version goes"
sed -i 's/^node 8 10 /node 10 /' /etc/usher/wanted-versions
use sync
prints "the service answers on" '"version":"3.' woob_version
kill "$kresus"
wait "$kresus" 2>/dev/null || true
start_kresus
prints "after its restart" '"version":"3.' woob_version
kill "$kresus"
use doctor | grep -v '^ok' || true
printf '\nThe story ends well.\n'
