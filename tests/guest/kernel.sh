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
#   DEBIAN_MIRROR, DEBIAN_KEYRING   as in board/debian.sh
set -eu

[ $# -eq 1 ] || { echo "usage: kernel.sh DIR" >&2; exit 2; }
tool=kernel.sh tag=GUEST
. "$(dirname "$0")/../../board/debian.sh"

whole "$1"
dir=$path

one_at_a_time "$dir.lock"
if [ -s "$dir/Image" ] && [ -s "$dir/version" ] && [ -x "$dir/busybox" ] && [ -x "$dir/openssl" ]; then
	touch "$dir/version" # newer than this script, so that make does not ask again
	exit 0
fi

ours "$dir" version
aside "$dir.building"
log=$dir.log
: >"$log"
mkdir -p "$work/root" "$work/out"

apt_aside "$work/apt" arm64
run "reading Debian $suite's package lists from $mirror" apt_update
kernel=$(apt_own apt-cache show linux-image-arm64 | sed -n 's/^Depends: \([^ ,]*\).*/\1/p' | sed -n 1p)
[ -n "$kernel" ] || die "linux-image-arm64 names no kernel"
fetch() { (cd "$work" && apt_own apt-get download "$@"); }
run "fetching $kernel" fetch "$kernel" busybox-static openssl
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
