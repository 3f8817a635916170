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
#   DEBIAN_MIRROR, DEBIAN_KEYRING   as in board/debian.sh
#   DEPS_CC         compiler (default: cc); for another machine than this with DEPS_PROCESSOR, its name for CMake,
#                   and DEPS_SYSROOT
set -eu

[ $# -eq 1 ] || { echo "usage: build-curl.sh DEPSDIR" >&2; exit 2; }
tool=build-curl tag=DEPS
. "$(dirname "$0")/debian.sh"

whole "$1"
deps=$path
libraries="libmbedtls.a libmbedx509.a libmbedcrypto.a libcurl.a"

complete() {
	for l in $libraries; do [ -s "$deps/lib/$l" ] || return 1; done
	[ -s "$deps/include/curl/curl.h" ] && [ -s "$deps/include/mbedtls/ssl.h" ]
}

one_at_a_time "$deps.lock"
if complete; then
	touch "$deps"/lib/*.a # newer than this script, so that make does not ask again
	exit 0
fi

ours "$deps" versions
aside "$deps.building"
log=$deps.log
: >"$log"

# --- sources ------------------------------------------------------------------------------------------------
apt_aside "$work/apt"
run "reading Debian $suite's package list from $mirror" apt_update
run "fetching the sources of mbedtls and curl" apt_source "$work" mbedtls curl
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

# Nothing of ours stores keys in files by PSA, renegotiates or tests itself; a hotlist of 400 MB is hashed by the processor's own
# instructions where it has them (asked at run time).
configure_mbedtls() {
	for option in MBEDTLS_PSA_ITS_FILE_C MBEDTLS_PSA_CRYPTO_STORAGE_C MBEDTLS_SSL_RENEGOTIATION MBEDTLS_SELF_TEST; do
		(cd "$work/mbedtls" && python3 scripts/config.py unset "$option") || return 1
	done
	(cd "$work/mbedtls" && python3 scripts/config.py set MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT)
}
configure_mbedtls >>"$log" 2>&1 || die "mbedtls: configuring failed; see $log"
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
