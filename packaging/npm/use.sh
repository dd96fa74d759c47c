#!/bin/sh
# Runs usher's program. Where npm may run install scripts, the program itself takes this file's place.
set -eu
own=$0
while [ -L "$own" ]; do
    target=$(readlink "$own")
    case $target in
    /*) own=$target ;;
    *) own=${own%/*}/$target ;;
    esac
done
package=$(CDPATH='' cd -- "${own%/*}/.." && pwd -P)
program=$(sh "$package/lib/find-program.sh" "$package")
exec "$program" "$@"
