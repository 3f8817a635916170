#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Make the certificates and keys of a test RTCC in DIR (all ECDSA P-256, keys unencrypted: for tests and demo only).
#
#   certs.sh DIR
#
#   ca.crt                                 the RTCC's own authority: the box pins it, the door (nginx) asks for it
#   server, device                         .crt and .key: the door (localhost, 127.0.0.1, ::1) and a box
#   TECH, RTCC, EVIDENCE, AUDIT            people's certificates, the role in the subject's OU
#   expired-RTCC, later-RTCC               over since 2020; not before 2048
#   other-EVIDENCE                         a second custodian
#   expired-EVIDENCE, later-EVIDENCE, wrong-EVIDENCE    over since 2020; not before 2048; from an authority that nobody pins
#   wrong-ca.crt, wrong-server, wrong-device        the same from an authority that nobody pins
#   wrong-name-server                      from the right authority, for another host
#   expired-server, expired-device         from the right authority, over since 2020
#   hotlist.key, hotlist.pub               the hotlist's signing key (no TLS key signs lists, no list key does TLS)
#   hotlist-other.key, hotlist-other.pub   somebody else's
set -eu
[ $# -eq 1 ] || { echo "usage: certs.sh DIR" >&2; exit 2; }
[ ! -e "$1/complete" ] || exit 0
mkdir -p "$1"
cd "$1"
umask 077
exec 3>&2 2>openssl.log
trap '[ $? -eq 0 ] || { echo "certs.sh: openssl failed:"; tail -n 5 openssl.log; } >&3' EXIT

cat >openssl.cnf <<'CNF'
[req]
distinguished_name = none
[none]
[authority]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost,IP:127.0.0.1,IP:::1
[elsewhere]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:elsewhere.invalid
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
[ca]
default_ca = issue
[issue]
database = index.txt
new_certs_dir = .
default_md = sha256
rand_serial = yes
unique_subject = no
policy = any
[any]
organizationName = supplied
organizationalUnitName = optional
commonName = supplied
CNF
: >index.txt
: >index.txt.attr

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

authority() { # NAME COMMON-NAME
	key "$1"
	openssl req -x509 -new -config openssl.cnf -extensions authority -key "$1.key" -days 3650 \
		-subj "/O=ALPR test/CN=$2" -out "$1.crt"
}

issue() { # NAME AUTHORITY SUBJECT EXTENSIONS FROM UNTIL
	key "$1"
	openssl req -new -config openssl.cnf -key "$1.key" -subj "$3" -out "$1.csr"
	openssl ca -batch -notext -config openssl.cnf -extensions "$4" -cert "$2.crt" -keyfile "$2.key" \
		-startdate "$5" -enddate "$6" -in "$1.csr" -out "$1.crt"
	rm -f "$1.csr"
}

from=20200101000000Z until=20491231235959Z over=20200201000000Z
authority ca "RTCC test authority"
authority wrong-ca "somebody's authority"
issue server ca "/O=ALPR test/CN=localhost" server $from $until
issue wrong-server wrong-ca "/O=ALPR test/CN=localhost" server $from $until
issue wrong-name-server ca "/O=ALPR test/CN=elsewhere.invalid" elsewhere $from $until
issue expired-server ca "/O=ALPR test/CN=localhost" server $from $over
issue device ca "/O=ALPR test/OU=DEVICE/CN=box-0001" client $from $until
issue wrong-device wrong-ca "/O=ALPR test/OU=DEVICE/CN=box-0001" client $from $until
issue expired-device ca "/O=ALPR test/OU=DEVICE/CN=box-0001" client $from $over
for role in TECH RTCC EVIDENCE AUDIT; do
	issue $role ca "/O=ALPR test/OU=$role/CN=$role test user" client $from $until
done
issue expired-RTCC ca "/O=ALPR test/OU=RTCC/CN=RTCC test user" client $from $over
issue other-EVIDENCE ca "/O=ALPR test/OU=EVIDENCE/CN=EVIDENCE other user" client $from $until
issue expired-EVIDENCE ca "/O=ALPR test/OU=EVIDENCE/CN=EVIDENCE test user" client $from $over
issue later-EVIDENCE ca "/O=ALPR test/OU=EVIDENCE/CN=EVIDENCE test user" client 20480101000000Z $until
issue wrong-EVIDENCE wrong-ca "/O=ALPR test/OU=EVIDENCE/CN=EVIDENCE test user" client $from $until
issue later-RTCC ca "/O=ALPR test/OU=RTCC/CN=RTCC test user" client 20480101000000Z $until
for signer in hotlist hotlist-other; do
	key $signer
	openssl pkey -in $signer.key -pubout -out $signer.pub
done
rm -f index.txt* openssl.cnf [0-9A-F]*.pem
: >complete
