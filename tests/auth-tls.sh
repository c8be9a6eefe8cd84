#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A name and a password over TLS, beside the client's certificate: with virtjob and with virsh, both right
# and wrong; and the places of those whom nobody knows, which silent connections hold.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/remote-functions.sh"
. "$(dirname "$0")/sasl_lib.sh"
require_cmd virsh openssl python3

make_pki pki
sasl_users scram-sha-256 fred
tls_settings pki 'auth_tls = "sasl"' "sasl_conf_dir = \"$dir/sasl\"" 'max_anonymous_clients = 3' \
    >"$dir/conf"
start_daemon --listen --config "$dir/conf"
auth_file "$dir/fred" fred secret-fred
auth_file "$dir/wrong" fred secret-mary
tls="qemu+tls://localhost:$(port_of TLS)/session?pkipath=$dir/pki"

as() { LIBVIRT_AUTH_FILE=$dir/$1 "${@:2}"; }

uri=$tls
expect 0 "$(hostname)" as fred virtjob hostname
expect 0 "$(hostname)" as fred command virsh -c "$tls" hostname
grep -q 'address=127.0.0.1:[0-9]* dn=.* sasl=fred: authenticated by SASL SCRAM-SHA-256$' "$dir/log" ||
    fail "the log has not address, certificate and name"
expect 1 "authentication failed" as wrong virtjob hostname
expect 1 "authentication failed" as wrong command virsh -c "$tls" hostname
# No certificate, no handshake: SASL is not even begun.
mkdir "$dir/none"
cp "$dir/pki/cacert.pem" "$dir/none/"
refuse as fred virtjob -c "${tls%pkipath=*}pkipath=$dir/none&no_sanity=1" hostname

# Silent ones hold all places.  Each that comes gets one of theirs after a second.
cat >"$dir/hold.py" <<'END'
import socket
import sys

held = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(3)]
print("held", flush=True)
for client in held:
    client.settimeout(240)
    client.recv(1)
END
: >"$dir/held"
python3 "$dir/hold.py" "$(port_of TLS)" >"$dir/held" 2>&1 &
at_exit kill $!
wait_until 20 grep -q held "$dir/held"
wait_until 20 daemon_logged "3 clients that have not authenticated (max_anonymous_clients): further ones wait"
expect 0 "$(hostname)" as fred virtjob hostname
wait_until 20 daemon_logged "not authenticated, and others wait (max_anonymous_clients); connection closed"
stop_daemon
