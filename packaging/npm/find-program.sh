#!/bin/sh
# Prints the path of usher's program for this platform, in the package that npm put beside the package
# whose folder is given, or into it: find-program.sh FOLDER
set -eu
package=$1
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
for modules in "$package/node_modules" "${package%/*}"; do
    program=$modules/@SCOPE@/$system-$machine/bin/use
    if [ -f "$program" ]; then
        printf '%s\n' "$program"
        exit
    fi
done
echo "error: usher's program for $system-$machine isn't installed" >&2
echo "  there are programs for @PLATFORMS@" >&2
echo "  hint: install it again, with optional dependencies (npm's option --include=optional)" >&2
exit 1
