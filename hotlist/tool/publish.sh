#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Put a signed list where the web server of an RTCC finds it, and beside it a delta from each of the lists before it.
#
#   publish.sh KEY LISTS VERSION PUBLIC [COUNT]
#
#   KEY              the public key that signed it: what a box would refuse is not published
#   LISTS            the folder of signed lists, VERSION.alpb each; deltas are made from the last COUNT (5) before VERSION
#   PUBLIC/hotlist   becomes the list, in one step, when the delta from the one before it is there
#   PUBLIC/deltas/A-B   turns the list whose ETag is "A" into the one whose ETag is "B": the first 32 hexadecimal digits of
#                    the SHA-256 of the file. Those to other lists than this one are removed.
#
# alpr-hotlist is taken from the PATH. See hotlist/PUBLISHING.md.
set -eu
fail() { echo "publish.sh: $1" >&2; exit "${2:-1}"; }
[ $# -eq 4 ] || [ $# -eq 5 ] || fail "usage: publish.sh KEY LISTS VERSION PUBLIC [COUNT]" 2
key=$1 lists=$2 version=$3 public=$4 count=${5:-5}
case $version$count in *[!0-9]*) fail "VERSION and COUNT are numbers" 2 ;; esac
new=$lists/$version.alpb

name() { sha256sum <"$1" | cut -c1-32; }
version_of() { alpr-hotlist show "$1" | sed -n 's/^version *//p'; }

alpr-hotlist verify --key "$key" "$new"
[ "$(version_of "$new")" = "$version" ] || fail "$new: is of another version than its name"
if [ -e "$public/hotlist" ] && [ "$(version_of "$public/hotlist")" -ge "$version" ]; then
	fail "$new: not later than what is published"
fi

mkdir -p "$public/deltas"
to=$(name "$new")
placed=
place() {
	[ -z "$placed" ] || return 0
	cp "$new" "$public/.hotlist"
	sync "$public/.hotlist"
	mv "$public/.hotlist" "$public/hotlist"
	placed=yes
}
# Nearly all boxes have the last list: what they need is there first, and nobody waits for the rest.
# shellcheck disable=SC2012 # only names that are numbers are taken
for old in $(ls "$lists" | sed -n 's/^\([0-9]\{1,16\}\)\.alpb$/\1/p' | sort -rn | while read -r v; do
	[ "$v" -ge "$version" ] || echo "$v"
done | head -n "$count"); do
	alpr-hotlist delta "$lists/$old.alpb" "$new" --out "$public/deltas/$(name "$lists/$old.alpb")-$to" ||
		echo "publish.sh: no delta from version $old: who has that one fetches the whole list" >&2
	place
done
place
for delta in "$public"/deltas/*-*; do
	case $delta in *"-$to" | *'*') ;; *) rm -f "$delta" ;; esac
done
echo "published: version $version, ETag \"$to\""
