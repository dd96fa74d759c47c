#!/bin/sh
# Installs usher for all accounts of the container. Options come in variables: VERSION, RELEASES, TOOLS.
set -eu
USHER_VERSION=$VERSION
USHER_RELEASES=$RELEASES
export USHER_VERSION USHER_RELEASES
# Each word is a tool.
# shellcheck disable=SC2086
sh "${0%/*}/install-usher.sh" --system ${TOOLS:-}
