#!/bin/sh
# Installs usher for the steps of a job, whose PATH and outputs are files that GITHUB_PATH and
# GITHUB_OUTPUT name.
set -eu
sh "${0%/*}/install-usher.sh"
data=${USHER_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/usher}
printf '%s\n' "$data/shims" >>"$GITHUB_PATH"
printf 'toolchains=%s\n' "$data/toolchains" >>"$GITHUB_OUTPUT"
