#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is done over a unix socket is done over TLS, too: by virtjob, stock virsh and python, with
# the certificates that the manual's script makes.  Jobs, large streams both ways, many clients at
# once; and new certificates are taken over while clients stay.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/remote-functions.sh"
require_cmd openssl virsh python3
require_space 600

make_pki pki
tls_settings pki 'tls_allowed_dn_list = [ "O=Example,CN=*" ]' >"$dir/conf"
start_daemon --listen --config "$dir/conf"
port=$(port_of TLS)
tls="qemu+tls://localhost:$port/session?pkipath=$dir/pki"
over() # TOOL WORD ...
{
    local tool=$1
    shift
    case $tool in
    virtjob) timeout 120 "$builddir/run" virtjob -c "$tls" "$@" ;;
    virsh) timeout 120 virsh -c "$tls" "$@" ;;
    esac
}
expect 0 "localhost:$port" over virtjob uri

# --- storage and a job ---
check over virtjob pool-define-as p dir --target "$dir/p"
check over virtjob pool-build p
check over virsh pool-start p
check over virtjob vol-create-as p src 64M
expect 0 "" over virtjob vol-clone src copy --pool p
expect 0 'dn="O=Example,CN=admin"' virtjob job-info 2
check over virtjob vol-clone src copy2 --pool p --async
id=$(sed -n 's/^Job \([0-9]*\) started.*/\1/p' <<<"$out")
check over virtjob job-wait "$id"
expect 0 copy2 over virsh vol-list p
expect 1 'read only access' over virtjob -r pool-undefine p
expect 1 'read only' timeout 60 virsh -r -c "$tls" pool-undefine p

# --- 100 MiB each way, by each tool ---
head -c 104857600 /dev/urandom >"$dir/data"
for tool in virtjob virsh; do
    check over virsh vol-create-as p "big-$tool" 100M
    check over $tool vol-upload "big-$tool" "$dir/data" --pool p
    check cmp "$dir/data" "$dir/p/big-$tool"
    check over $tool vol-download "big-$tool" "$dir/back" --pool p
    check cmp "$dir/data" "$dir/back"
    rm "$dir/back"
done

# --- python, which pings; long answers and many of them at once ---
cat >"$dir/many.py" <<'END'
import libvirt, sys, threading
libvirt.virEventRegisterDefaultImpl()
threading.Thread(target=lambda: [libvirt.virEventRunDefaultImpl() for _ in iter(int, 1)],
                 daemon=True).start()
conns = [libvirt.open(sys.argv[1]) for _ in range(20)]
assert all(c.isSecure() == 1 and c.isEncrypted() == 1 for c in conns)
for c in conns:
    c.setKeepAlive(1, 3)
failed = []
def work(conn):
    for _ in range(50):
        if "<capabilities>" not in conn.getCapabilities():
            failed.append("capabilities")
        if sorted(v.name() for v in conn.storagePoolLookupByName("p").listAllVolumes()) != [
                "big-virsh", "big-virtjob", "copy", "copy2", "src"]:
            failed.append("volumes")
threads = [threading.Thread(target=work, args=(c,)) for c in conns]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(len(conns), failed, [c.isAlive() for c in conns].count(1))
END
equal "$(timeout 120 /usr/bin/python3 "$dir/many.py" "$tls")" "20 [] 20" "many clients"

# --- a client that stays while the certificates change ---
mkfifo "$dir/in"
timeout 300 virsh -c "$tls" <"$dir/in" >"$dir/out" 2>&1 &
exec 8>"$dir/in"
echo "echo up" >&8
wait_until 20 grep -qx up "$dir/out"
reloads() { [ "$(grep -c "again, and the certificates" "$dir/log")" -eq "$1" ]; }

rm "$dir/pki/cakey.pem" "$dir/pki/cacert.pem" # another CA, with all that it signs
make_pki pki
refuse over virtjob hostname # its CA is another one than that of the daemon's certificate
kill -HUP "$pid"
wait_until 20 reloads 1
expect 0 "$(hostname)" over virtjob hostname
expect 0 "$(hostname)" over virsh hostname
echo hostname >&8
wait_until 20 grep -qxF "$(hostname)" "$dir/out"

# One that is of no use changes nothing.
cp "$dir/pki/servercert.pem" "$dir/keep"
cp "$dir/pki/clientcert.pem" "$dir/pki/servercert.pem"
why="certificate in $dir/pki/servercert.pem is not made for a TLS server"
kill -HUP "$pid"
wait_until 20 daemon_logged "the settings stay as they are: unsupported configuration: TLS: the $why"
expect 1 "the settings stay as they are: unsupported configuration: TLS: the $why" \
    over virtjob daemon-reload
expect 1 "read only access" virtjob_ro daemon-reload
expect 0 "$(hostname)" over virtjob hostname
cp "$dir/keep" "$dir/pki/servercert.pem"

# Who is let in is taken over in the same way.
tls_settings pki 'tls_allowed_dn_list = [ "O=Example,CN=adm?n" ]' >"$dir/conf"
expect 0 "read again" over virtjob daemon-reload
reloads 2 || fail "it was answered before it was done"
expect 0 "$(hostname)" over virtjob hostname
tls_settings pki 'tls_allowed_dn_list = [ ]' >"$dir/conf"
kill -HUP "$pid"
wait_until 20 reloads 3
expect 1 "does not let in" over virtjob hostname
tls_settings pki 'tls_no_verify_certificate = 1' >"$dir/conf"
kill -HUP "$pid"
wait_until 20 reloads 4
mkdir "$dir/bare" && cp "$dir/pki/cacert.pem" "$dir/bare"
expect 0 "$(hostname)" timeout 60 "$builddir/run" virtjob \
    -c "qemu+tls://localhost:$port/session?pkipath=$dir/bare" hostname
tls_settings pki 'tls_no_verify_certificate = 1' 'tls_allowed_dn_list = [ "*" ]' >"$dir/conf"
expect 1 "tls_allowed_dn_list and tls_no_verify_certificate exclude each other" virtjob daemon-reload
echo 'max_clients = "many"' >>"$dir/conf"
expect 1 "$dir/conf:$(wc -l <"$dir/conf"): max_clients must be a number" virtjob daemon-reload
# many at once are all answered
tls_settings pki >"$dir/conf"
asked=()
for ((i = 0; i < 20; i++)); do
    virtjob daemon-reload >"$dir/asked-$i" 2>&1 &
    asked+=($!)
done
for i in "${asked[@]}"; do
    wait "$i" || fail "one of many reloads: $(cat "$dir"/asked-*)"
done
expect 0 "$(hostname)" over virtjob hostname
exec 8>&-

stop_daemon

# --- a daemon that has no certificate, or one of no use, does not start ---
cannot_start() # TEXT LINE ...
{
    local text=$1
    shift
    printf '%s\n' 'tls_port = "0"' 'listen_addr = "127.0.0.1"' "$@" >"$dir/conf"
    expect 1 "$text" timeout 60 env XDG_CONFIG_HOME="$dir/xdg" HOME="$dir/home" "$builddir/run" \
        virtjobd --session --state-dir "$dir/state" --runtime-dir "$dir/run" \
        --log-dir "$dir/logs" --listen --config "$dir/conf"
}
cannot_start "cannot read $dir/xdg/virtjobd/pki/cacert.pem: No such file or directory"
mkdir -p "$dir/home/.pki/libvirt"
cp "$dir/pki/servercert.pem" "$dir/home/.pki/libvirt"
cannot_start "cannot read $dir/home/.pki/libvirt/cacert.pem"
cannot_start "cannot read /no/key.pem" "ca_file = \"$dir/pki/cacert.pem\"" 'key_file = "/no/key.pem"'
cannot_start "has no list of revoked certificates" "ca_file = \"$dir/pki/cacert.pem\"" \
    "key_file = \"$dir/pki/serverkey.pem\"" "crl_file = \"$dir/pki/cacert.pem\""
cannot_start "is not one of a CA" "ca_file = \"$dir/pki/clientcert.pem\""
