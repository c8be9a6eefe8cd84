#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Another host manages guests and volumes over TLS, by virtjob and stock virsh: a network
# namespace that sees nothing of this one but a wire, and no socket but the port for TLS.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/remote-functions.sh"
require_root
require_cmd ip openssl virsh

ns=virtjobd-$$ wire=vj$$
host=198.51.100.1
ip netns add "$ns" 2>"$dir/err" || skip "no network namespace: $(cat "$dir/err")"
at_exit ip netns del "$ns"
ip link add "$wire" type veth peer name "$wire-far" netns "$ns" 2>"$dir/err" ||
    skip "no pair of interfaces: $(cat "$dir/err")"
at_exit ip link del "$wire"
ip addr add $host/30 dev "$wire"
ip link set "$wire" up
ip -n "$ns" addr add 198.51.100.2/30 dev "$wire-far"
ip -n "$ns" link set "$wire-far" up

manual_script make-pki >"$dir/make-pki"
check sh "$dir/make-pki" "$dir/pki" this.example $host
check sh "$dir/make-pki" "$dir/other" this.example $host
tls_settings pki 'tls_allowed_dn_list = [ "O=Example,CN=*" ]' |
    sed "s/^listen_addr.*/listen_addr = \"$host\"/" >"$dir/conf"
start_daemon --listen --config "$dir/conf"
port=$(sed -n "s/.*listening for TLS on $host:\([0-9]*\)$/\1/p" "$dir/log")

there() # TOOL WORD ...
{
    local tool=$1 command=(virsh)
    shift
    [ "$tool" = virsh ] || command=("$builddir/run" virtjob)
    # its own /tmp would hide the certificates; the sockets are this host's, so it is told of none
    timeout 120 ip netns exec "$ns" "${command[@]}" \
        -c "qemu+tls://$host:$port/session?pkipath=$dir/${pki:-pki}" "$@"
}

for tool in virtjob virsh; do
    check there $tool pool-create-as $tool dir --target "$dir/$tool" --build
    check there $tool vol-create-as $tool src 64M
    head -c 64M /dev/urandom >"$dir/data"
    check there $tool vol-upload src "$dir/data" --pool $tool
    check there $tool vol-clone src copy --pool $tool
    check cmp "$dir/data" "$dir/$tool/copy"
    guest_xml "$tool" tick >"$dir/$tool.xml"
    check there $tool define "$dir/$tool.xml"
    check there $tool start "$tool"
    booted "$tool"
    expect 0 running there $tool domstate "$tool"
    check there $tool save "$tool" "$dir/image-$tool"
    check there $tool restore "$dir/image-$tool"
    ticks "$tool"
    check there $tool destroy "$tool"
    check there $tool undefine "$tool"
    check there $tool vol-delete copy --pool $tool
    check there $tool pool-destroy $tool
done
grep -q 'vol-clone.*started by address=198.51.100.2:[0-9]* dn="O=Example,CN=admin"' "$dir/log" ||
    fail "the log does not say who it was"

# a job goes on when the wire is cut, which is noticed, and is found again
check there virtjob pool-create-as p dir --target "$dir/p" --build
head -c 64M /dev/urandom >"$dir/p/src"
check there virtjob pool-refresh p
check there virtjob vol-clone src copy --pool p --speed 100K --async
id=$(sed -n 's/^Job \([0-9]*\) started.*/\1/p' <<<"$out")
there virtjob --keepalive-interval 1 --keepalive-count 2 job-wait "$id" >"$dir/waiter" 2>&1 &
waiter=$!
waits() { [[ $(virtjob client-list --json | grep -c '"transport": "tls"') = 1 ]]; }
wait_until 20 waits
ip link set "$wire" down
status=0
wait $waiter || status=$?
equal "$status" 1 "status of the one who waited"
grep -q 'lost the daemon' "$dir/waiter" || fail "who waited said: $(cat "$dir/waiter")"
ip link set "$wire" up
expect 0 running there virtjob job-info "$id"
check there virtjob job-speed "$id" 0
check there virtjob job-wait "$id"

pki=other expect 1 "certificate" there virtjob list
pki=other refuse there virsh list
wait_until 20 daemon_logged "address=198.51.100.2"
