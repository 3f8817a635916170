#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fill DEPSDIR with static mbedTLS 3.6 and a libcurl that speaks HTTPS on it and nothing else.
#
#   build-curl.sh DEPSDIR
#
# Debian 12 has neither, so the sources of Debian 13 are fetched by apt, in apt directories of their own (the
# machine's apt is not touched, root is not needed), verified against Debian's archive keys by apt and dpkg-source,
# and built aside: DEPSDIR appears whole or not at all. What is there already is left alone.
#
#   DEBIAN_MIRROR   where from (default: the mirror this machine uses, else deb.debian.org)
#   DEBIAN_KEYRING  keys that the archive must be signed with
#   DEPS_CC         compiler (default: cc); for another machine than this with DEPS_PROCESSOR, its name for CMake,
#                   and DEPS_SYSROOT
set -eu

[ $# -eq 1 ] || { echo "usage: build-curl.sh DEPSDIR" >&2; exit 2; }
say() { printf '  %-7s %s\n' DEPS "$1"; }
die() { echo "build-curl: $1" >&2; exit 1; }

mkdir -p "$(dirname "$1")"
deps=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
libraries="libmbedtls.a libmbedx509.a libmbedcrypto.a libcurl.a"
suite=trixie

complete() {
	for l in $libraries; do [ -s "$deps/lib/$l" ] || return 1; done
	[ -s "$deps/include/curl/curl.h" ] && [ -s "$deps/include/mbedtls/ssl.h" ]
}

# One builder at a time; who waited finds the work done.
exec 9>"$deps.lock"
flock 9
if complete; then
	touch "$deps"/lib/*.a # newer than this script, so that make does not ask again
	exit 0
fi

work=$deps.building
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
log=$deps.log
: >"$log"

# run WHAT COMMAND…: quietly, with its output in the log; on failure show the end of it.
run() {
	what=$1
	shift
	say "$what"
	"$@" >>"$log" 2>&1 || { tail -n 20 "$log" >&2; die "$what failed; the whole log is in $log"; }
}

# --- sources ------------------------------------------------------------------------------------------------
[ -r "$keyring" ] || die "$keyring: not there: install debian-archive-keyring"
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Label: Debian' 2>/dev/null | sed -n 1p)}
mirror=${mirror:-http://deb.debian.org/debian}
apt=$work/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
: >"$apt/status"
own_apt() {
	apt-get -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State="$apt" -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" \
		-o Dir::Cache="$apt/cache" -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 "$@"
}
update() {
	# apt calls a bad signature a warning and goes on with what it had: nothing, here.
	own_apt update && ls "$apt"/lists/*_Sources* >/dev/null 2>&1 ||
		{ echo "no signed package list (is debian-archive-keyring older than Debian 13?)"; return 1; }
}
run "reading Debian $suite's package list from $mirror" update
fetch() { (cd "$work" && own_apt source --download-only "$@"); }
run "fetching the sources of mbedtls and curl" fetch mbedtls curl
unpack() { dpkg-source --no-check -x "$work/$1"_*.dsc "$work/$1" ; } # apt has checked the hashes
run "unpacking mbedtls" unpack mbedtls
run "unpacking curl" unpack curl

# --- build --------------------------------------------------------------------------------------------------
jobs=$(nproc 2>/dev/null || echo 2)
flags="-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2"
cross=
[ -z "${DEPS_PROCESSOR:-}" ] ||
	cross="-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$DEPS_PROCESSOR -DCMAKE_SYSROOT=$DEPS_SYSROOT"
build() { # build NAME OPTIONS…
	name=$1
	shift
	# shellcheck disable=SC2086 # the list is meant to be split
	cmake $cross -S "$work/$name" -B "$work/$name.build" -DCMAKE_BUILD_TYPE=None -DCMAKE_C_COMPILER="${DEPS_CC:-cc}" \
		-DCMAKE_C_FLAGS="$flags" -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_INSTALL_PREFIX="$work/out" \
		-DCMAKE_INSTALL_LIBDIR=lib "$@" &&
		cmake --build "$work/$name.build" -j "$jobs" && cmake --install "$work/$name.build"
}

# Nothing of ours stores keys in files by PSA, renegotiates or tests itself.
trim_mbedtls() {
	for option in MBEDTLS_PSA_ITS_FILE_C MBEDTLS_PSA_CRYPTO_STORAGE_C MBEDTLS_SSL_RENEGOTIATION MBEDTLS_SELF_TEST; do
		(cd "$work/mbedtls" && python3 scripts/config.py unset "$option") || return 1
	done
}
trim_mbedtls >>"$log" 2>&1 || die "mbedtls: configuring failed; see $log"
run "building mbedTLS (a minute)" build mbedtls -DENABLE_TESTING=OFF -DENABLE_PROGRAMS=OFF -DGEN_FILES=OFF \
	-DUSE_SHARED_MBEDTLS_LIBRARY=OFF -DUSE_STATIC_MBEDTLS_LIBRARY=ON -DMBEDTLS_FATAL_WARNINGS=OFF

# The socket pair stays: by it the threaded resolver wakes the loop.
off=
for option in ALTSVC AWS BASIC_AUTH BEARER_AUTH BINDLOCAL COOKIES DIGEST_AUTH DOH FORM_API GETOPTIONS HSTS HTTP_AUTH IPFS \
	KERBEROS_AUTH LIBCURL_OPTION MIME NEGOTIATE_AUTH NETRC NTLM PROGRESS_METER PROXY SHUFFLE_DNS WEBSOCKETS; do
	off="$off -DCURL_DISABLE_$option=ON"
done
# shellcheck disable=SC2086 # the list is meant to be split
run "building libcurl (a minute or two)" build curl $off -DHTTP_ONLY=ON -DBUILD_CURL_EXE=OFF -DBUILD_SHARED_LIBS=OFF \
	-DBUILD_STATIC_LIBS=ON -DBUILD_TESTING=OFF -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF \
	-DCURL_ENABLE_SSL=ON -DCURL_USE_OPENSSL=OFF -DCURL_USE_MBEDTLS=ON -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none \
	-DMBEDTLS_INCLUDE_DIR="$work/out/include" -DMBEDTLS_LIBRARY="$work/out/lib/libmbedtls.a" \
	-DMBEDX509_LIBRARY="$work/out/lib/libmbedx509.a" -DMBEDCRYPTO_LIBRARY="$work/out/lib/libmbedcrypto.a" \
	-DENABLE_THREADED_RESOLVER=ON -DENABLE_UNIX_SOCKETS=OFF -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
	-DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF -DCURL_USE_PKGCONFIG=OFF

# --- in one step into place -----------------------------------------------------------------------------------
mkdir -p "$work/final/lib"
for l in $libraries; do cp "$work/out/lib/$l" "$work/final/lib/" || die "$l was not built; see $log"; done
cp -R "$work/out/include" "$work/final/"
for p in mbedtls curl; do
	sed -n "s/^Version: /$p /p" "$work/$p"_*.dsc >>"$work/final/versions"
done
rm -rf "$deps"
mv "$work/final" "$deps"
say "ready: $(tr '\n' ' ' <"$deps/versions")"
