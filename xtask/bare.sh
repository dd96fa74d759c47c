#!/bin/sh
# Runs a command where nothing is left of this machine but its system, and python3 alone of all
# interpreters. In mount and network namespaces of its own, so that all of this ends with them:
#     unshare --mount --net sh bare.sh SCRATCH WRITABLE… -- READ_ONLY… -- HIDDEN… -- COMMAND…
# SCRATCH is an empty folder. The folders of the first two lists stay where they are, also within
# a hidden one.
set -eu

scratch=$1
shift
mount -t tmpfs -o mode=755 tmpfs "$scratch"
mkdir "$scratch/saved"
saved=0

# keep FOLDER OPTION: holds a folder, to be mounted again with an option.
keep() {
    saved=$((saved + 1))
    mkdir "$scratch/saved/$saved"
    mount --rbind "$1" "$scratch/saved/$saved"
    printf '%s' "$1" >"$scratch/saved/$saved.folder"
    printf '%s' "$2" >"$scratch/saved/$saved.option"
}

restore() {
    number=0
    while [ "$number" -lt "$saved" ]; do
        number=$((number + 1))
        folder=$(cat "$scratch/saved/$number.folder")
        mkdir -p "$folder"
        mount --bind "$scratch/saved/$number" "$folder"
        mount -o "remount,bind,$(cat "$scratch/saved/$number.option")" "$folder"
    done
}

# Empties a folder.
hide() {
    if [ -d "$1" ]; then
        mount -t tmpfs -o mode=755 tmpfs "$1"
    fi
}

# Takes out of a folder of programs what tests may not count on: every interpreter that usher knows,
# their package managers, and what the task `setup` installs.
hide_programs() {
    [ -d "$1" ] && [ ! -L "$1" ] || return 0
    over=$scratch/over$(printf '%s' "$1" | tr / -)
    mkdir "$over" "$over/upper" "$over/work"
    options=lowerdir=$1,upperdir=$over/upper,workdir=$over/work
    # Without root's rights, marks of what was removed go into other attributes.
    mount -t overlay -o "$options" overlay "$1" 2>/dev/null ||
        mount -t overlay -o "$options,userxattr" overlay "$1"
    (
        cd "$1"
        rm -f -- node nodejs npm npx corepack yarn yarnpkg pnpm pnpx deno bun bunx
        rm -f -- php php[0-9]* phar* composer pear pecl perl* cpan*
        rm -f -- ruby ruby[0-9]* gem gem[0-9]* irb* erb* rake* rdoc* ri ri[0-9]* bundle* bundler*
        rm -f -- erl erlc epmd escript ct_run dialyzer typer run_erl to_erl elixir elixirc iex mix
        rm -f -- java* jar jshell go gofmt zig
        rm -f -- uv uvx mise asdf
        rm -f -- zsh* fish* busybox strace shellcheck
        python=$(readlink -f python3 || :)
        for program in python* pypy* pip* pydoc* virtualenv*; do
            case $1/$program in
            "$1/python3" | "$python") ;;
            *) rm -f -- "$program" ;;
            esac
        done
    )
    mount -o remount,ro "$1"
}

# Nothing answers but this machine itself.
start_loopback() {
    ip link set lo up 2>/dev/null || python3 -c '
import fcntl, socket, struct
SIOCSIFFLAGS, IFF_UP_RUNNING = 0x8914, 0x41
interface = struct.pack("16sh22x", b"lo", IFF_UP_RUNNING)
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), SIOCSIFFLAGS, interface)
'
}

start_loopback
while [ "$1" != -- ]; do
    keep "$1" rw
    shift
done
shift
while [ "$1" != -- ]; do
    keep "$1" ro
    shift
done
shift
while [ "$1" != -- ]; do
    hide "$1"
    shift
done
shift
# Where distributions put what their programs of these languages need.
for folder in /usr/lib/node_modules /usr/lib/jvm /usr/lib/ruby /usr/lib/erlang /usr/lib/go*; do
    hide "$folder"
done
for folder in /usr/bin /bin; do
    hide_programs "$folder"
done
restore
# What was entered before may be hidden now.
cd "$PWD"
exec "$@"
