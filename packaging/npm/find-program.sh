# Sets `program` to the program of this platform, in the package that npm put beside this one or
# into it; ends with an error if there is none. `package` is the folder of this package.
case $(uname -s) in
Linux) system=linux ;;
Darwin) system=macos ;;
*) system=$(uname -s) ;;
esac
case $(uname -m) in
x86_64 | amd64) machine=x64 ;;
aarch64 | arm64) machine=arm64 ;;
*) machine=$(uname -m) ;;
esac
program=
for modules in "$package/node_modules" "${package%/*}"; do
    found=$modules/@SCOPE@/$system-$machine/bin/use
    if [ -f "$found" ]; then
        program=$found
        break
    fi
done
if [ -z "$program" ]; then
    echo "error: usher's program for $system-$machine isn't installed" >&2
    echo "  there are programs for @PLATFORMS@" >&2
    echo "  hint: install it again, with optional dependencies (npm's option --include=optional)" >&2
    exit 1
fi
