#!/bin/sh
# certs.sh DIR - makes the certificates that the tests of TLS need: a CA, and servers' certificates
# of every sort. Dates need `openssl ca`, which takes them as they are.
set -eu
cd "$1"
key() { openssl ecparam -genkey -name prime256v1 -noout -out "$1.key"; }
cat >ca.conf <<CONF
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[signer]
basicConstraints = critical,CA:true
[req]
distinguished_name = dn
[dn]
CONF
: >index.txt
echo 01 >serial
# self NAME CN EXTENSION...: signed by itself
self() {
    name=$1 cn=$2; shift 2; key "$name"
    openssl req -x509 -new -config ca.conf -key "$name.key" -subj "/CN=$cn" -days 30 -out "$name.pem" "$@"
}
# signed CA NAME CN SAN FROM TO [extension section]
signed() {
    key "$2"
    openssl req -new -config ca.conf -key "$2.key" -subj "/CN=$3" -addext "subjectAltName=$4" -out "$2.csr"
    openssl ca -batch -notext -config ca.conf -cert "$1.pem" -keyfile "$1.key" -in "$2.csr" \
        -startdate "$5" -enddate "$6" ${7:+-extensions "$7"} -out "$2.pem" 2>/dev/null
}
past=20200101000000Z now=20210101000000Z future=20900101000000Z later=20910101000000Z
self ca "Test CA" -addext basicConstraints=critical,CA:true
self stranger "Stranger CA" -addext basicConstraints=critical,CA:true
self self good.test -addext subjectAltName=DNS:good.test
good="DNS:good.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1"
signed ca good good.test "$good" $now $future
signed ca expired good.test "$good" $past $now
signed ca early good.test "$good" $future $later
signed ca other other.test DNS:other.test $now $future
signed stranger strange good.test "$good" $now $future
signed stranger worst other.test DNS:other.test $past $now
signed ca middle "Old Middle" DNS:middle.test $past $now signer
signed middle below good.test "$good" $now $future
cat below.pem middle.pem >chain.pem
