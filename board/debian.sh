# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What scripts share that fetch from Debian 13 and build: sourced, not run. The caller has set `tool` (its name, for errors),
# `tag` (for what it says) and, before `run` is called, `log`.
#
#   DEBIAN_MIRROR   where from (default: the mirror this machine uses, else deb.debian.org)
#   DEBIAN_KEYRING  file of the keys that the archive must be signed with
suite=trixie

say() { printf '  %-7s %s\n' "$tag" "$1"; }
die() { echo "$tool: $1" >&2; exit 1; }

# run WHAT COMMAND…: quietly, with its output in the log; on failure show the end of it.
run() {
	what=$1
	shift
	say "$what"
	"$@" >>"$log" 2>&1 || { tail -n 20 "$log" >&2; die "$what failed; the whole log is in $log"; }
}

# whole PATH: its absolute name into `path`, the folder that it lies in made.
whole() {
	case $(basename -- "$1") in '' | / | . | ..) die "'$1': not a name for what is made" ;; esac
	mkdir -p "$(dirname "$1")"
	path=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
}

# ours FOLDER MARK: it may be replaced, as it is not there, is empty, or has in it what a script of ours leaves.
ours() {
	[ ! -e "$1" ] || [ -e "$1/$2" ] || [ -z "$(ls -A "$1")" ] || die "$1: there already and not of our making: remove it, or name another"
}

# one_at_a_time LOCK: who waited finds the work done.
one_at_a_time() {
	exec 9>"$1"
	flock 9
}

# aside FOLDER: an empty folder to work in, gone at the end, whatever the end is.
aside() {
	work=$1
	rm -rf "$work"
	mkdir -p "$work"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# The keys into `keyring`, where from into `mirror`.
debian() {
	keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
	[ -r "$keyring" ] || die "$keyring: not there: install debian-archive-keyring"
	case $keyring in /*) ;; *) keyring=$(pwd)/$keyring ;; esac # apt takes anything else for a fingerprint
	mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Label: Debian' 2>/dev/null | sed -n 1p)}
	mirror=${mirror:-http://deb.debian.org/debian}
}

# apt_aside FOLDER [ARCHITECTURE]: apt directories of their own in FOLDER, so that the machine's apt is not touched and root is
# not needed; Debian's sources, or the packages of an architecture as well.
apt_aside() {
	debian
	apt=$1
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
	[ -z "${2:-}" ] || echo "deb [arch=$2 signed-by=$keyring] $mirror $suite main" >>"$apt/sources.list"
	: >"$apt/status"
	apt_architecture=${2:-}
}

# apt_own apt-get|apt-cache ARGUMENT…: with these directories.
apt_own() {
	program=$1
	shift
	[ -z "$apt_architecture" ] || set -- -o APT::Architecture="$apt_architecture" -o APT::Architectures="$apt_architecture" "$@"
	"$program" -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State="$apt" \
		-o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 "$@"
}

# The package lists. apt calls a bad signature a warning and goes on with what it had: nothing, here.
apt_update() {
	rm -f "$apt"/lists/*_Sources* "$apt"/lists/*_Packages*
	apt_own apt-get update && ls "$apt"/lists/*_Sources* >/dev/null 2>&1 ||
		{ echo "no signed package list (is debian-archive-keyring older than Debian 13?)"; return 1; }
}

# apt_source FOLDER SOURCE…: into FOLDER, verified.
apt_source() { (cd "$1" && shift && apt_own apt-get source --download-only "$@"); }
