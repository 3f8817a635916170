#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cross-build a board's kernel from Debian 13's linux source: Image, modules, the board's device tree with its overlays in it.
#
#   kernel.sh [--virt] config|dtbs|build BOARD FOLDER OUT
#
#   config   .config in OUT: an empty configuration with board/arm64/kernel.config and board/BOARD/kernel.config on it;
#            a line of these that the result has not is an error
#   dtbs     that, and OUT/BOARD.dtb: the board's device tree from the source, every board/BOARD/*.dtso compiled against it and
#            applied (OUT/*.dtbo); seconds
#   build    that, and OUT/Image, OUT/modules: half an hour on two cores
#   --virt   and what qemu-system-aarch64 -M virt needs (board/arm64/kernel.virt.config); not for a box
#
# FOLDER keeps what is fetched (150 MB), unpacked and patched (1.7 GB), and compiled: the next call goes on from there.
# board/BOARD/kernel.dtb names the board's device tree. Patches: board/arm64/patches. Nothing needs root.
#
#   DEBIAN_MIRROR, DEBIAN_KEYRING   as in board/debian.sh
#   KERNEL_SOURCE   a kernel tree to use instead of Debian's (unpacked, patched by you)
set -eu

usage() { sed -n 's/^#   \(kernel.sh .*\)/usage: \1/p' "$0" >&2; exit 2; }
tool=kernel tag=KERNEL
. "$(dirname "$0")/debian.sh"

virt=
[ "${1:-}" != --virt ] || { virt=1; shift; }
[ $# -eq 4 ] || usage
step=$1 board=$2
case $step in config | dtbs | build) ;; *) usage ;; esac
case $board in *[!a-z0-9-]*) usage ;; esac
here=$(cd "$(dirname "$0")" && pwd)
dtb=$(cat "$here/$board/kernel.dtb" 2>/dev/null) || die "$board: not a board with a kernel of its own (board/$board/kernel.dtb)"
mkdir -p "$3" "$4"
folder=$(cd "$3" && pwd)
out=$(cd "$4" && pwd)
source=${KERNEL_SOURCE:-$folder/linux}
objects=$folder/$board${virt:+-virt}
cross=${CROSS_COMPILE:-aarch64-linux-gnu-}
jobs=$(nproc 2>/dev/null || echo 2)

one_at_a_time "$folder/lock" # two boards share the source

log=$folder/$board.log
: >"$log"

# --- source -------------------------------------------------------------------------------------------------
patches=$(cat "$here"/arm64/patches/*.patch | sha256sum | cut -d' ' -f1)
fetch() {
	apt_aside "$folder/apt"
	fetched=$folder/fetched # there whole or not at all
	download() { rm -rf "$fetched.part" && mkdir "$fetched.part" && apt_source "$fetched.part" linux && mv "$fetched.part" "$fetched"; }
	unpack() { rm -rf "$folder/linux" && dpkg-source --no-check --no-copy -x "$fetched"/linux_*.dsc "$folder/linux"; } # apt checked the hashes
	change() { (cd "$folder/linux" && for p in "$here"/arm64/patches/*.patch; do patch -p1 <"$p" || return 1; done); }
	run "reading Debian $suite's package list from $mirror" apt_update
	[ -d "$fetched" ] || run "fetching the source of linux (150 MB)" download
	run "unpacking it" unpack
	run "patching it" change
	echo "$patches" >"$folder/linux/.alpr-patched"
}
[ -n "${KERNEL_SOURCE:-}" ] || [ "$(cat "$source/.alpr-patched" 2>/dev/null)" = "$patches" ] || fetch

# --- configuration --------------------------------------------------------------------------------------------
kmake() { make -C "$source" O="$objects" ARCH=arm64 CROSS_COMPILE="$cross" KBUILD_BUILD_USER=alpr KBUILD_BUILD_HOST=box "$@"; }
fragments="$here/arm64/kernel.config $here/$board/kernel.config${virt:+ $here/arm64/kernel.virt.config}"
mkdir -p "$objects"
configure() {
	# shellcheck disable=SC2086 # the list is meant to be split
	cat $fragments >"$objects/fragment"
	# An unchanged .config is left alone: its date decides what is compiled again.
	cmp -s "$objects/fragment" "$objects/fragment.done" && [ -s "$objects/.config" ] && return 0
	kmake KCONFIG_ALLCONFIG="$objects/fragment" allnoconfig && cp "$objects/fragment" "$objects/fragment.done"
}
run "configuring for $board" configure
missing=$(grep -E '^CONFIG_' "$objects/fragment" | while read -r line; do
	grep -qxF -- "$line" "$objects/.config" || echo "$line"
done
sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/\1/p' "$objects/fragment" | while read -r name; do
	! grep -q "^$name=" "$objects/.config" || echo "# $name is not set"
done)
[ -z "$missing" ] || rm -f "$out/kernel.config"
[ -z "$missing" ] || die "$board: asked for, but not in the configuration: $(echo "$missing" | tr '\n' ' ')"
cp "$objects/.config" "$out/kernel.config"
say "$board: each of $(grep -c '^CONFIG_' "$objects/fragment") lines is in $out/kernel.config"
[ "$step" != config ] || exit 0

# --- device tree ----------------------------------------------------------------------------------------------
# -@: with the labels that overlays refer to.
run "compiling $dtb" kmake DTC_FLAGS=-@ "$dtb"
cp "$objects/arch/arm64/boot/dts/$dtb" "$out/base.dtb"
rm -f "$out/$board.dtb"
overlays=
for o in "$here/$board"/*.dtso; do
	name=$(basename "$o" .dtso)
	overlay() {
		"${cross}cpp" -nostdinc -undef -D__DTS__ -x assembler-with-cpp -I "$source/include" \
			-I "$source/arch/arm64/boot/dts" "$o" >"$out/$name.dts" &&
			"$objects/scripts/dtc/dtc" -@ -Wno-graph_child_address -I dts -O dtb -o "$out/$name.dtbo" "$out/$name.dts" 2>"$out/$name.said" &&
			rm "$out/$name.dts"
		ok=$?
		cat "$out/$name.said"
		[ $ok -eq 0 ] && [ ! -s "$out/$name.said" ] && rm "$out/$name.said" # a warning is an error
	}
	run "compiling overlay $name" overlay
	overlays="$overlays $out/$name.dtbo"
done
# shellcheck disable=SC2086
run "applying the overlays" "$objects/scripts/dtc/fdtoverlay" -i "$out/base.dtb" -o "$out/$board.dtb" $overlays
say "ready: $out/$board.dtb"
[ "$step" != dtbs ] || exit 0

# --- kernel ---------------------------------------------------------------------------------------------------
run "building Image and modules (half an hour; $log)" kmake -j"$jobs" Image modules
install_modules() { rm -rf "$out/modules" && kmake INSTALL_MOD_PATH="$out/modules" INSTALL_MOD_STRIP=1 modules_install; }
run "installing modules" install_modules
cp "$objects/arch/arm64/boot/Image" "$out/Image"
say "ready: $out/Image ($(kmake -s kernelrelease 2>/dev/null | tail -1), $(($(stat -c %s "$out/Image") / 1048576)) MiB)"
