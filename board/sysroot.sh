#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fill SYSROOT with the Debian 13 packages that the file names, and what they depend on, for another architecture.
#
#   sysroot.sh SYSROOT ARCHITECTURE PACKAGES-FILE
#
# Unpacked, never configured: no program of the other architecture runs, root is not needed. SYSROOT appears whole or not
# at all; one that was made from the same list is left alone.
#
#   DEBIAN_MIRROR, DEBIAN_KEYRING   as in board/debian.sh
set -eu

[ $# -eq 3 ] || { echo "usage: sysroot.sh SYSROOT ARCHITECTURE PACKAGES-FILE" >&2; exit 2; }
tool=sysroot tag=SYSROOT
. "$(dirname "$0")/debian.sh"

architecture=$2
[ -r "$3" ] || die "$3: cannot be read"
packages=$(sed 's/#.*//' "$3" | tr -s ' \n' ',,' | sed 's/^,//; s/,$//')
[ -n "$packages" ] || die "$3: names no package"
whole "$1"
root=$path

one_at_a_time "$root.lock"
if [ "$(cat "$root/.packages" 2>/dev/null)" = "$packages" ]; then
	touch "$root/.packages" # newer than this script, so that make does not ask again
	exit 0
fi

ours "$root" .packages
debian
aside "$root.building"
log=$root.log
: >"$log"
mode=--mode=root
[ "$(id -u)" -eq 0 ] || mode=--mode=chrootless
run "unpacking Debian $suite for $architecture from $mirror (a minute or two)" \
	mmdebstrap --quiet "$mode" --architectures="$architecture" --variant=extract --include="$packages" \
	--aptopt='Acquire::Retries "3"' "$suite" "$work" "deb [signed-by=$keyring] $mirror $suite main"

# What configuring the packages would have done.
[ -e "$work/lib" ] || ln -s usr/lib "$work/lib"
cd "$work"
find . -type l -lname '/*' | while read -r link; do
	to=$(readlink "$link")
	ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" ".$to")" "$link"
done
for alternative in blas lapack; do
	for file in usr/lib/*/$alternative/lib$alternative.so.3; do
		[ ! -e "$file" ] || ln -sf "$alternative/lib$alternative.so.3" "$(dirname "$(dirname "$file")")/lib$alternative.so.3"
	done
done
rm -rf usr/share/doc usr/share/man usr/share/locale
printf '%s\n' "$packages" >.packages
cd / && rm -rf "$root" && mv "$work" "$root"
say "ready: $root"
