#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build gpio-sim, the kernel's simulated GPIO chips, for a kernel of Debian 13 that has it not.
#
#   gpio_sim.sh OUT VERSION SYSROOT
#
# OUT: the module to write, gpio-sim.ko. VERSION: what `uname -r` says where it is to be loaded (6.12.107+deb13-arm64). SYSROOT:
# an arm64 Debian 13, which the kernel's own build programs are run against. Debian's headers of that kernel and the
# source of that version (150 MB; two files of it are used) are fetched by apt in apt directories of their own, verified
# against Debian's archive keys. What is there already, for that VERSION, is left alone. Nothing needs root.
#
#   DEBIAN_MIRROR, DEBIAN_KEYRING   as in board/debian.sh
#   KERNEL_SOURCE   a kernel tree of that version to take the two files from
set -eu

[ $# -eq 3 ] || { echo "usage: gpio_sim.sh OUT VERSION SYSROOT" >&2; exit 2; }
tool=gpio_sim.sh tag=GUEST
. "$(dirname "$0")/../../board/debian.sh"

version=$2
abi=${version%-arm64}
[ "$abi" != "$version" ] || die "$version: not the version of a Debian arm64 kernel"
[ -d "$3" ] || die "$3: no such sysroot"
sysroot=$(cd "$3" && pwd)
whole "$1"
out=$path

one_at_a_time "$out.lock"
if [ -s "$out" ] && [ "$(cat "$out.version" 2>/dev/null)" = "$version" ]; then
	touch "$out"
	exit 0
fi

aside "$out.building"
log=$out.log
: >"$log"

# --- what it is built from ------------------------------------------------------------------------------------
apt_aside "$work/apt" arm64
headers() {
	(cd "$work" && apt_own apt-get download "linux-headers-$version" "linux-headers-$abi-common" "linux-kbuild-$abi") || return 1
	for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$work/root" || return 1; done
}
files="drivers/gpio/gpio-sim.c kernel/irq/irq_sim.c"
fetch_source() {
	debian=$(dpkg-deb -f "$work"/linux-headers-"$version"_*.deb Version) || return 1
	apt_source "$work" "linux=$debian" || return 1
	for f in $files; do set -- "$@" "*/$f"; done
	tar -xJf "$work"/linux_*.orig.tar.xz -C "$work/source" --strip-components=1 --wildcards "$@"
}
mkdir -p "$work/root" "$work/source" "$work/module"
run "reading Debian $suite's package lists from $mirror" apt_update
run "fetching the headers of Linux $version" headers
if [ -n "${KERNEL_SOURCE:-}" ]; then
	rmdir "$work/source"
	ln -s "$(cd "$KERNEL_SOURCE" && pwd)" "$work/source"
else
	run "fetching the source of linux (150 MB)" fetch_source
fi

# --- Debian's headers, usable here ------------------------------------------------------------------------------
tree=$work/root/usr/src/linux-headers-$version
# They name each other by absolute path.
sed -i "s|/usr/src/|$work/root/usr/src/|" "$tree/Makefile"
# An older compiler than Debian's lacks one option; functions are aligned by another one.
sed -i '/CC_HAS_MIN_FUNCTION_ALIGNMENT/d' "$tree/include/config/auto.conf" "$tree/include/generated/autoconf.h"
# Without it no type information is made, which takes a program (pahole) that nothing here needs.
rm -f "$tree/vmlinux"
# The build programs are the target's own. modpost only starts its like for the target's byte order.
scripts=$work/root/usr/lib/linux-kbuild-$abi/scripts
cp "$scripts/mod/modpost.real-lsb-64" "$scripts/mod/modpost"
for program in "$scripts/basic/fixdep" "$scripts/mod/modpost"; do
	mv "$program" "$program.arm64"
	printf '#!/bin/sh\nexec qemu-aarch64-static -L %s %s "$@"\n' "$sysroot" "$program.arm64" >"$program"
	chmod 755 "$program"
done

# --- the module -------------------------------------------------------------------------------------------------
# Debian's kernel lacks simulated interrupts, too: they go into the same module. There irq_to_desc() is not to be had, and
# generic_handle_irq() comes to the same.
cp "$work/source/drivers/gpio/gpio-sim.c" "$work/module/gpio-sim-main.c"
sed 's/handle_simple_irq(irq_to_desc(\(.*\)));/generic_handle_irq(\1);/; /^EXPORT_SYMBOL/d' "$work/source/kernel/irq/irq_sim.c" >"$work/module/irq_sim.c"
printf '%s\n' 'obj-m := gpio-sim.o' 'gpio-sim-y := gpio-sim-main.o irq_sim.o' >"$work/module/Makefile"
run "compiling gpio-sim" env -u MAKEFLAGS -u MFLAGS make -C "$tree" M="$work/module" ARCH=arm64 CC="${CROSS_COMPILE:-aarch64-linux-gnu-}gcc" modules
"${CROSS_COMPILE:-aarch64-linux-gnu-}strip" --strip-debug -o "$work/gpio-sim.ko" "$work/module/gpio-sim.ko"
mv "$work/gpio-sim.ko" "$out"
printf '%s\n' "$version" >"$out.version"
say "ready: $out"
