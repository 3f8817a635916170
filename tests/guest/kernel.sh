#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fill DIR with what a guest boots: Debian 13's stock arm64 kernel, its modules, a static busybox for its shell, and the openssl
# that tests make keys with.
#
#   kernel.sh DIR
#
# DIR/Image, DIR/modules/… (not compressed), DIR/busybox, DIR/openssl, DIR/version (what `uname -r` says there, and so what a module
# built aside must be built for). Fetched by apt in apt directories of its own, verified against Debian's archive keys; DIR
# appears whole or not at all.
#
#   DEBIAN_MIRROR   where from (default: the mirror this machine uses, else deb.debian.org)
#   DEBIAN_KEYRING  keys that the archive must be signed with
set -eu

[ $# -eq 1 ] || { echo "usage: kernel.sh DIR" >&2; exit 2; }
say() { printf '  %-7s %s\n' GUEST "$1"; }
die() { echo "kernel.sh: $1" >&2; exit 1; }

mkdir -p "$(dirname "$1")"
dir=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
suite=trixie

# One fetcher at a time; who waited finds the work done.
exec 9>"$dir.lock"
flock 9
if [ -s "$dir/Image" ] && [ -s "$dir/version" ] && [ -x "$dir/busybox" ] && [ -x "$dir/openssl" ]; then
	touch "$dir/version" # newer than this script, so that make does not ask again
	exit 0
fi

work=$dir.building
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
apt=$work/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$work/root" "$work/out"

[ -r "$keyring" ] || die "$keyring: not there: install debian-archive-keyring"
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Label: Debian' 2>/dev/null | sed -n 1p)}
mirror=${mirror:-http://deb.debian.org/debian}
echo "deb [arch=arm64 signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
: >"$apt/status"
own() {
	tool=$1
	shift
	"$tool" -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State="$apt" \
		-o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" \
		-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Retries=3 "$@"
}

say "fetching Debian $suite's arm64 kernel from $mirror"
# apt calls a bad signature a warning and goes on with what it had: nothing, here.
own apt-get update >"$work/log" 2>&1 && ls "$apt"/lists/*_Packages* >/dev/null 2>&1 ||
	{ cat "$work/log" >&2; die "no signed package list"; }
kernel=$(own apt-cache show linux-image-arm64 | sed -n 's/^Depends: \([^ ,]*\).*/\1/p' | sed -n 1p)
[ -n "$kernel" ] || die "linux-image-arm64 names no kernel"
(cd "$work" && own apt-get download "$kernel" busybox-static openssl) >"$work/log" 2>&1 || { cat "$work/log" >&2; die "fetching failed"; }
for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$work/root"; done

version=${kernel#linux-image-}
cp "$work/root/boot/vmlinuz-$version" "$work/out/Image"
cp "$work/root/usr/bin/busybox" "$work/root/usr/bin/openssl" "$work/out/"
cp -R "$work/root/usr/lib/modules/$version" "$work/out/modules"
find "$work/out/modules" -name '*.ko.xz' -print0 | xargs -0 -r -P2 -n64 xz -d
printf '%s\n' "$version" >"$work/out/version"
rm -rf "$dir"
mv "$work/out" "$dir"
say "ready: Linux $version"
