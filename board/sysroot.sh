#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fill SYSROOT with the Debian 13 packages that the file names, and what they depend on, for another architecture.
#
#   sysroot.sh SYSROOT ARCHITECTURE PACKAGES-FILE
#
# Unpacked, never configured: no program of the other architecture runs, root is not needed. SYSROOT appears whole or not
# at all; one that was made from the same list is left alone.
#
#   DEBIAN_MIRROR   where from (default: the mirror this machine uses, else deb.debian.org)
#   DEBIAN_KEYRING  keys that the archive must be signed with
set -eu

[ $# -eq 3 ] || { echo "usage: sysroot.sh SYSROOT ARCHITECTURE PACKAGES-FILE" >&2; exit 2; }
say() { printf '  %-7s %s\n' SYSROOT "$1"; }
die() { echo "sysroot: $1" >&2; exit 1; }

mkdir -p "$(dirname "$1")"
root=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
architecture=$2
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
suite=trixie
packages=$(sed 's/#.*//' "$3" | tr -s ' \n' ',,' | sed 's/^,//; s/,$//')

# One builder at a time; who waited finds the work done.
exec 9>"$root.lock"
flock 9
if [ "$(cat "$root/.packages" 2>/dev/null)" = "$packages" ]; then
	touch "$root/.packages" # newer than this script, so that make does not ask again
	exit 0
fi

[ -r "$keyring" ] || die "$keyring: not there: install debian-archive-keyring"
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Label: Debian' 2>/dev/null | sed -n 1p)}
mirror=${mirror:-http://deb.debian.org/debian}
work=$root.building
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "unpacking Debian $suite for $architecture from $mirror (a minute or two)"
mode=--mode=root
[ "$(id -u)" -eq 0 ] || mode=--mode=chrootless
mmdebstrap --quiet "$mode" --architectures="$architecture" --variant=extract --include="$packages" \
	--aptopt='Acquire::Retries "3"' "$suite" "$work" "deb [signed-by=$keyring] $mirror $suite main" >"$root.log" 2>&1 ||
	{ tail -n 20 "$root.log" >&2; die "unpacking failed; the whole log is in $root.log"; }

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
