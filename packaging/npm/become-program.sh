#!/bin/sh
# Run by npm after the install: gives the command's name to usher's program. If that fails, the script
# that has the name runs the program.
set -eu
package=$(pwd -P)
program=$(sh "$package/lib/find-program.sh" "$package")
new=$package/bin/.use.$$
if ln "$program" "$new" 2>/dev/null || cp "$program" "$new"; then
    chmod 755 "$new"
    mv -f "$new" "$package/bin/use"
fi
