#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Kerberos on plain TCP, with a KDC of the test's own: the mechanism encrypts, so all that is sent after the
# last step goes through it, also what is larger than one of its packets.

. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../sasl_lib.sh"
. "$(dirname "$0")/../remote-functions.sh"
PATH=$PATH:/usr/sbin:/sbin
require_cmd virsh krb5kdc kadmin.local kdb5_util kinit python3
ls /usr/lib/*/sasl2/libgssapiv2.so* >/dev/null 2>&1 || skip "SASL has no GSSAPI here"

host=$(hostname)
realm=TEST.EXAMPLE

kdc_answers()
{
    kill -0 "$kdc" 2>/dev/null || return 0
    echo secret-joe | kinit -c "FILE:$dir/krb5/probe" joe >/dev/null 2>&1
}

# A KDC on a free port, which another process may have taken meanwhile.
start_kdc()
{
    local port
    for _ in 1 2 3 4 5; do
        port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        sed "s/PORT/$port/" "$dir/krb5/krb5.conf.in" >"$dir/krb5/krb5.conf"
        sed "s/PORT/$port/" "$dir/krb5/kdc.conf.in" >"$dir/krb5/kdc.conf"
        krb5kdc -n >"$dir/krb5/out" 2>&1 &
        kdc=$!
        at_exit kill "$kdc"
        wait_until 20 kdc_answers
        ! kill -0 "$kdc" 2>/dev/null || return 0
    done
    fail "the KDC does not start: $(cat "$dir/krb5/out" "$dir/krb5/kdc.log")"
}

mkdir -p "$dir/krb5" "$dir/sasl"
cat >"$dir/krb5/krb5.conf.in" <<END
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    $realm = {
        kdc = 127.0.0.1:PORT
    }
[domain_realm]
    $host = $realm
END
cat >"$dir/krb5/kdc.conf.in" <<END
[kdcdefaults]
    kdc_listen = 127.0.0.1:PORT
    kdc_tcp_listen = 127.0.0.1:PORT
[realms]
    $realm = {
        database_name = $dir/krb5/principal
        key_stash_file = $dir/krb5/stash
        acl_file = $dir/krb5/acl
    }
[logging]
    kdc = FILE:$dir/krb5/kdc.log
END
sed "s/PORT/88/" "$dir/krb5/krb5.conf.in" >"$dir/krb5/krb5.conf"
sed "s/PORT/88/" "$dir/krb5/kdc.conf.in" >"$dir/krb5/kdc.conf"
export KRB5_CONFIG=$dir/krb5/krb5.conf KRB5_KDC_PROFILE=$dir/krb5/kdc.conf
check kdb5_util create -s -P secret
for user in joe eve; do
    check kadmin.local -q "addprinc -pw secret-$user $user"
done
check kadmin.local -q "addprinc -randkey libvirt/$host"
check kadmin.local -q "ktadd -k $dir/krb5/keytab libvirt/$host"
start_kdc

printf 'mech_list: gssapi scram-sha-256\nkeytab: %s/krb5/keytab\nsasldb_path: %s/sasl/none\n' "$dir" "$dir" \
    >"$dir/sasl/virtjobd.conf"
cat >"$dir/conf" <<END
listen_tcp = 1
listen_tls = 0
listen_addr = "127.0.0.1"
tcp_port = "0"
sasl_conf_dir = "$dir/sasl"
sasl_allowed_username_list = [ "joe@$realm", "joe" ]
END
KRB5_KTNAME=FILE:$dir/krb5/keytab start_daemon --listen --config "$dir/conf"
tcp="qemu+tcp://$host:$(port_of TCP)/session"

ticket() # USER
{
    export KRB5CCNAME=FILE:$dir/krb5/cc-$1
    echo "secret-$1" | kinit "$1" >/dev/null
}

# Who has no ticket, and who has one and is not in the list.
export KRB5CCNAME=FILE:$dir/krb5/cc-none
refuse command virsh -c "$tcp" list
ticket eve
expect 1 "authentication failed" command virsh -c "$tcp" list
wait_until 10 daemon_logged "as 'eve"
daemon_logged "the user is not in sasl_allowed_username_list" || fail "not logged: eve is not in the list"

ticket joe
expect 0 "$host" command virsh -c "$tcp" hostname
daemon_logged "authenticated by SASL GSSAPI, encrypted" || fail "the log does not say by what"

# Large packets both ways, streams, and events meanwhile.
check command virsh -c "$tcp" pool-define-as p dir --target "$dir/p"
check command virsh -c "$tcp" pool-build p
check command virsh -c "$tcp" pool-start p
head -c 3000000 /dev/urandom >"$dir/bytes"
check command virsh -c "$tcp" vol-create-as p v 3000000
check command virsh -c "$tcp" vol-upload --pool p v "$dir/bytes"
check command virsh -c "$tcp" vol-download --pool p v "$dir/back"
cmp "$dir/bytes" "$dir/back"
# shellcheck disable=SC2016 # python's
check /usr/bin/python3 -c '
import sys
import libvirt

conn = libvirt.open(sys.argv[1])
assert conn.isSecure() == 1 and conn.isEncrypted() == 1
# more than one packet of the layer has, in one call
text = "x" * 1000000
try:
    conn.storagePoolDefineXML("<pool type=\"dir\"><name>q</name><nothing>%s</nothing>" % text, 0)
    sys.exit("no error")
except libvirt.libvirtError as e:
    assert e.get_error_code() == libvirt.VIR_ERR_XML_ERROR, e
assert conn.listAllStoragePools()[0].name() == "p"
' "$tcp"


# The same with our own clients: several threads on one connection are in tests/api-auth.c.
uri=$tcp
check virtjob vol-list p
check virtjob vol-download --pool p v "$dir/back2"
cmp "$dir/bytes" "$dir/back2"
check "$builddir/run" tests/api-auth "$tcp" --kerberos
KRB5CCNAME=FILE:$dir/krb5/cc-none expect 1 "No Kerberos credentials available" \
    virtjob list
KRB5CCNAME=FILE:$dir/krb5/cc-eve expect 1 "authentication failed" virtjob list
stop_daemon
