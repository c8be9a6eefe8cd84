#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who is not let in over TLS, one way after the other, with our client and with stock virsh: each
# is told why as far as TLS has words for it, and the log has one line with who it was and why.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/remote-functions.sh"
require_cmd openssl virsh python3

make_pki pki
make_pki other # another CA

# A certificate from the CA of $dir/pki for a client in $dir/NAME.
# FROM, TO: as in openssl ca, when it begins and when it ends.
issue() # NAME SUBJECT FROM TO [EXTENSION ...]
{
    local name=$1 subject=$2 from=$3 to=$4 ca=$dir/ca
    shift 4
    mkdir -p "$dir/$name" "$ca"
    touch "$ca/index"
    printf '%s\n' '[ca]' 'default_ca = own' '[own]' "database = $ca/index" "new_certs_dir = $ca" \
        "rand_serial = yes" 'default_md = sha256' 'policy = any' 'unique_subject = no' \
        'x509_extensions = ext' '[any]' 'countryName = optional' 'organizationName = optional' \
        'commonName = supplied' '[ext]' 'basicConstraints = critical,CA:false' \
        'keyUsage = critical,digitalSignature,keyEncipherment' "${@:-extendedKeyUsage = clientAuth}" \
        >"$dir/$name/conf"
    check openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" \
        -keyout "$dir/$name/clientkey.pem" -out "$dir/$name/request"
    check openssl ca -batch -config "$dir/$name/conf" -startdate "$from" -enddate "$to" -notext \
        -preserveDN -cert "$dir/pki/cacert.pem" -keyfile "$dir/pki/cakey.pem" \
        -in "$dir/$name/request" -out "$dir/$name/clientcert.pem"
    cp "$dir/pki/cacert.pem" "$dir/$name"
}
ago=20200101000000Z later=20480101000000Z
issue good "/C=GB/O=Example/CN=admin" $ago $later
issue expired "/C=GB/O=Example/CN=expired" $ago 20210101000000Z
issue early "/C=GB/O=Example/CN=early" 20470101000000Z $later
issue stranger "/C=GB/O=Example/CN=stranger" $ago $later
issue revoked "/C=GB/O=Example/CN=revoked" $ago $later
issue wrongpurpose "/C=GB/O=Example/CN=serveronly" $ago $later "extendedKeyUsage = serverAuth"
mkdir "$dir/none" "$dir/wrongca"
cp "$dir/pki/cacert.pem" "$dir/none"
cp "$dir/other"/client*.pem "$dir/pki/cacert.pem" "$dir/wrongca"

# As the manual takes one back.
cp "$dir/revoked/clientcert.pem" "$dir/pki"
(cd "$dir/pki" && manual_script revoke | bash -e) >"$dir/said" 2>&1 || fail "$(cat "$dir/said")"

tls_settings pki "crl_file = \"$dir/pki/cacrl.pem\"" \
    'tls_allowed_dn_list = [ "CN=nobody", "C=GB,O=Example,CN=*d*" ]' >"$dir/conf"
# "stranger" has no d
start_daemon --listen --config "$dir/conf"
port=$(port_of TLS)
for tool in "$builddir/run virtjob" virsh; do
    for host in localhost 127.0.0.1; do
        # shellcheck disable=SC2086 # two words
        expect 0 "$(hostname)" command $tool \
            -c "qemu+tls://$host:$port/session?pkipath=$dir/good" hostname
    done
done
wait_until 20 daemon_logged 'dn="C=GB,O=Example,CN=admin"'

lines=0
refused_by_daemon() # WHO OPTIONS LOGGED TOLD
{
    local tool name=$1 options=$2
    for tool in "$builddir/run virtjob" virsh; do
        # shellcheck disable=SC2086 # two words
        refuse timeout 60 $tool \
            -c "qemu+tls://localhost:$port/session?pkipath=$dir/$name&no_sanity=1$options" hostname
        case $tool in
        *virtjob) [[ $out == *"$4"* ]] || fail "$name: virtjob says '$out', not '$4'" ;;
        *) [[ $out == *TLS* ]] || fail "$name: virsh says '$out'" ;;
        esac
        wait_until 20 refusals_are $((lines += 1))
        refusals | tail -n 1 | grep -qF -- "$3" || fail "$name: logged $(refusals | tail -n 1)"
        refusals | tail -n 1 | grep -q 'client address=.*:[0-9]*: TLS ' || fail "who was it?"
    done
}
refusals() { grep ' warning .*; connection closed' "$dir/log" || true; }
refusals_are() { [ "$(refusals | wc -l)" -eq "$1" ]; }

refused_by_daemon wrongca "" "its certificate (O=Example,CN=admin) is not signed by our CA" \
    "whose CA it does not know"
refused_by_daemon expired "" "(C=GB,O=Example,CN=expired) has expired" "which has expired"
refused_by_daemon early "" "(C=GB,O=Example,CN=early) is not valid yet" "not valid yet"
refused_by_daemon revoked "" "(C=GB,O=Example,CN=revoked) has been revoked" "has been revoked"
refused_by_daemon stranger "" "(C=GB,O=Example,CN=stranger) is not among those that are let in" \
    "whose name it does not let in"
refused_by_daemon wrongpurpose "" "CN=serveronly) is not made for this purpose" \
    "not made for this purpose"
refused_by_daemon none "" "it has shown no certificate" "it wants a certificate, and we have none"

# What is wrong with our own certificate is found here, unless we are told not to look.
local_refusal() # NAME TEXT
{
    expect 1 "$2" timeout 60 "$builddir/run" virtjob \
        -c "qemu+tls://localhost:$port/session?pkipath=$dir/$1" hostname
}
local_refusal expired "$dir/expired/clientcert.pem has expired"
local_refusal early "$dir/early/clientcert.pem is not valid yet"
local_refusal wrongpurpose "$dir/wrongpurpose/clientcert.pem is not made for a TLS client"
mkdir "$dir/nokey" && cp "$dir/good"/*cert.pem "$dir/nokey"
local_refusal nokey "cannot read $dir/nokey/clientkey.pem: No such file or directory"
cp "$dir/expired/clientkey.pem" "$dir/nokey"
local_refusal nokey "the key in $dir/nokey/clientkey.pem is not that of the certificate in"
local_refusal nowhere "cannot read $dir/nowhere/cacert.pem: No such file or directory"
refusals_are $lines || fail "these went to the daemon: $(refusals | tail -n 3)"

# --- versions, and no TLS at all ---
expect 1 TLS timeout 60 virsh -c "qemu+tls://localhost:$port/session?pkipath=$dir/good&$(
    )tls_priority=NORMAL:-VERS-ALL:%2BVERS-TLS1.1" hostname
wait_until 20 refusals_are $((lines += 1))
refusals | tail -n 1 | grep -q "it offers no version of TLS from 1.2 on" || fail "$(refusals)"
expect 0 "$(hostname)" timeout 60 virsh -c "qemu+tls://localhost:$port/session?pkipath=$dir/good&$(
    )tls_priority=NORMAL:-VERS-ALL:%2BVERS-TLS1.2" hostname
for tool in "$builddir/run virtjob" virsh; do
    # shellcheck disable=SC2086 # two words
    refuse timeout 60 $tool -c "qemu+tcp://localhost:$port/session" hostname
    case $tool in
    *virtjob) [[ $out == *"is that its port for TLS?"* ]] || fail "virtjob says '$out'" ;;
    esac
    wait_until 20 refusals_are $((lines += 1))
    refusals | tail -n 1 | grep -q "what it sends is not TLS (plain text?)" || fail "$(refusals)"
done

# --- what the client does not like of the daemon; the daemon is told ---
refused_by_client() # URI TEXT
{
    expect 1 "$2" timeout 60 "$builddir/run" virtjob -c "$1" hostname
    [[ $out == *"authentication failed: "* ]] || fail "no failed authentication: $out"
    refuse timeout 60 virsh -c "$1" hostname
}
refused_by_client "qemu+tls://[::1]:$port/session?pkipath=$dir/good" "is not for this host's address"
if [ "$(getent ahosts ip6-localhost | wc -l)" -gt 0 ]; then
    refused_by_client "qemu+tls://ip6-localhost:$port/session?pkipath=$dir/good" \
        "(O=Example,CN=localhost) is not for this host's name"
fi
cp -r "$dir/good" "$dir/distrusts" && cp "$dir/other/cacert.pem" "$dir/distrusts"
refused_by_client "qemu+tls://localhost:$port/session?pkipath=$dir/distrusts&no_sanity=1" \
    "is not signed by our CA"
expect 0 "warning: no_verify" timeout 60 "$builddir/run" virtjob \
    -c "qemu+tls://[::1]:$port/session?pkipath=$dir/distrusts&no_verify=1" hostname
stop_daemon

# A server of TLS 1.1 is none for our client.
mkfifo "$dir/input"
exec 9<>"$dir/input" # it ends with its input
openssl s_server -accept 127.0.0.1:0 -cert "$dir/pki/servercert.pem" \
    -key "$dir/pki/serverkey.pem" -tls1_1 -cipher ALL@SECLEVEL=0 <&9 >"$dir/server" 2>&1 &
at_exit kill $!
wait_until 20 grep -q '^ACCEPT .*:[0-9]' "$dir/server"
expect 1 "it has no version of TLS from 1.2 on" timeout 60 "$builddir/run" virtjob \
    -c "qemu+tls://$(sed -n 's/^ACCEPT //p' "$dir/server")/session?pkipath=$dir/good" hostname

# One that ends without a last word of TLS has ended all the same, and broken nothing.
cat >"$dir/end.py" <<'END'
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/servercert.pem", sys.argv[1] + "/serverkey.pem")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
s = context.wrap_socket(listener.accept()[0], server_side=True)
s.sendall(b"\1")
s.recv(1000) # the first call
s.close()
END
python3 "$dir/end.py" "$dir/pki" >"$dir/port" &
at_exit kill $!
wait_until 20 test -s "$dir/port"
expect 1 "lost the connection to the daemon: it closed its end" timeout 60 "$builddir/run" virtjob \
    -c "qemu+tls://localhost:$(cat "$dir/port")/session?pkipath=$dir/good" hostname
