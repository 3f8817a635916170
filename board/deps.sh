#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages that the files given name, one a line, and that are missing. As root, or with sudo.
set -eu
: "${1:?usage: deps.sh PACKAGES-FILE...}"
want=$(sed "s/#.*//" "$@")
missing=
for p in $want; do
	dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "deps: installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q >/dev/null
# shellcheck disable=SC2086 # the list is meant to be split
$as_root apt-get install -y -q --no-install-recommends $missing
