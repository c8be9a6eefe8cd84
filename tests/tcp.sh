#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Plain TCP: off unless it is asked for, refused where nobody has said that everybody may come in;
# IPv4 and IPv6, systemd's sockets, and what a client finds there.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/remote-functions.sh"
require_cmd virsh python3

listening() # PID: addresses and ports
{
    local inode
    find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' >"$dir/inodes"
    while read -r inode; do
        awk -v inode="$inode" '$10 == inode && $4 == "0A"' /proc/net/tcp /proc/net/tcp6
    done <"$dir/inodes"
}

cannot_start() # TEXT ARG ...
{
    local text=$1
    shift
    expect 1 "$text" timeout 60 "$builddir/run" virtjobd --session --state-dir "$dir/state" \
        --runtime-dir "$dir/run" --log-dir "$dir/logs" "$@"
}

# --- off ---
printf '%s\n' 'listen_tcp = 1' 'auth_tcp = "none"' 'listen_addr = "127.0.0.1"' 'tcp_port = "0"' \
    >"$dir/conf"
start_daemon --config "$dir/conf"
equal "$(listening "$pid")" "" "what is listened on without --listen"
stop_daemon

# --- refused ---
printf '%s\n' 'listen_tcp = 1' 'listen_tls = 0' 'tcp_port = "0"' "sasl_conf_dir = \"$dir\"" >"$dir/sasl"
cannot_start "SASL needs its settings in '$dir/virtjobd.conf'" --listen --config "$dir/sasl"
(cat "$dir/sasl"; echo 'auth_tcp = "polkit"') >"$dir/bad"
cannot_start 'auth_tcp is "polkit"' --listen --config "$dir/bad"
printf 'listen_tls = 0\n' >"$dir/bad"
cannot_start "both listen_tls and listen_tcp are 0" --listen --config "$dir/bad"
settings() # ADDRESSES PORT
{
    printf '%s\n' 'listen_tcp = 1' 'listen_tls = 0' 'auth_tcp = "none"' "listen_addr = \"$1\"" \
        "tcp_port = \"$2\""
}
settings 192.0.2.1 0 >"$dir/bad"
cannot_start "cannot listen on 192.0.2.1:0: Cannot assign requested address" -l -f "$dir/bad"
settings "no.such.host.invalid" 0 >"$dir/bad"
cannot_start "cannot listen on address 'no.such.host.invalid'" -l -f "$dir/bad"
settings 127.0.0.1 no-such-service >"$dir/bad"
cannot_start "port 'no-such-service'" -l -f "$dir/bad"

# --- served, on both addresses and one port ---
settings "127.0.0.1 ::1" 0 >"$dir/conf"
start_daemon --listen --config "$dir/conf"
port=$(port_of TCP)
daemon_logged "listening for TCP on [::1]:$port" || fail "not on ::1, port $port"
daemon_logged "listening for TLS" && fail "TLS, too"
for host in 127.0.0.1 '[::1]'; do
    expect 0 "$(hostname)" command virsh -c "qemu+tcp://$host:$port/session" hostname
    wait_until 20 daemon_logged "client address=$host:"
done
settings "127.0.0.1" "$port" >"$dir/taken"
expect 1 "cannot listen on 127.0.0.1:$port: Address already in use" timeout 60 "$builddir/run" \
    virtjobd --session --state-dir "$dir/state2" --runtime-dir "$dir/run2" -l -f "$dir/taken"

cat >"$dir/secure.py" <<'END'
import libvirt, sys
conn = libvirt.open(sys.argv[1])
print(conn.isSecure(), conn.isEncrypted(), conn.getHostname())
END
equal "$(/usr/bin/python3 "$dir/secure.py" "qemu+tcp://127.0.0.1:$port/session")" \
    "0 0 $(hostname)" "isSecure, isEncrypted"
equal "$(/usr/bin/python3 "$dir/secure.py" "$uri")" "1 0 $(hostname)" "the same of the unix socket"

# descriptors: who asks is told, and who sends some all the same
cat >"$dir/fds.py" <<'END'
import libvirt, socket, sys
libvirt.registerErrorHandler(lambda *_: None, None)
sys.path.insert(0, sys.argv[3])
sys.dont_write_bytecode = True
import wire
conn = libvirt.open(sys.argv[1])
try:
    conn.createXMLWithFiles("<domain/>", [0], 0)
except libvirt.libvirtError as error:
    print(error.get_error_code())
conn.close()
sock = socket.create_connection(("127.0.0.1", int(sys.argv[2])), 60)


def call(procedure, payload, serial, kind, behind=b""):
    sock.sendall(wire.packet(wire.REMOTE, procedure, payload, serial, kind) + behind)
    return sock.recv(1 << 16)


call(66, b"", 0, wire.CALL)
call(1, bytes(8), 1, wire.CALL)
print(b"over a unix socket only" in call(309, b"\0\0\0\1" + bytes(8), 2, wire.CALL_WITH_FDS, b"\0"))
print(b"qemu:///session" in call(110, b"", 3, wire.CALL))
END
equal "$(/usr/bin/python3 "$dir/fds.py" "qemu+tcp://127.0.0.1:$port/session" "$port" \
    "$srcdir/tests" | tr '\n' ' ')" "74 True True " "descriptors over TCP"

# who it was, in the record of a job
check command virsh -c "qemu+tcp://127.0.0.1:$port/session" pool-define-as p dir --target "$dir/p"
check command virsh -c "qemu+tcp://127.0.0.1:$port/session" pool-build p
expect 0 "address=127.0.0.1:" virtjob job-info 1

# TLS, here, is told apart from rubbish
python3 -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(bytes.fromhex("160301020001000100"))
s.recv(1)' "$port"
wait_until 20 daemon_logged "TLS on a socket without it; connection closed"
stop_daemon

# --- by systemd ---
if type -P systemd-socket-activate >/dev/null; then
    activate() # CONFIG NAME
    {
        : >"$dir/log"
        systemd-socket-activate -E VIRTJOBD_WRAPPER -E ASAN_OPTIONS -E UBSAN_OPTIONS \
            -E TSAN_OPTIONS -l "127.0.0.1:$port" --fdname="$2" "$builddir/run" virtjobd --session \
            --state-dir "$dir/state" --runtime-dir "$dir/run" --log-dir "$dir/logs" \
            --config "$1" >"$dir/log" 2>&1 &
        pid=$!
        wait_until 20 grep -q 'Listening on' "$dir/log"
    }
    activate "$dir/conf" virtjobd-tcp
    expect 0 "$(hostname)" command virsh -c "qemu+tcp://127.0.0.1:$port/session" hostname
    [ -S "$dir/run/virtjobd-sock" ] || fail "no unix socket beside systemd's TCP one"
    expect 0 p virtjob pool-list --all
    stop_daemon
    activate "$dir/sasl" virtjobd-tcp
    command virsh -c "qemu+tcp://127.0.0.1:$port/session" hostname >/dev/null 2>&1 || true
    wait_until 20 grep -q 'SASL needs its settings' "$dir/log"
    wait "$pid" || true
    activate "$dir/conf" something
    command virsh -c "qemu+tcp://127.0.0.1:$port/session" hostname >/dev/null 2>&1 || true
    wait_until 20 grep -q "socket 'something' ('') is none of" "$dir/log"
    wait "$pid" || true
    pid=
else
    echo "not tried: systemd-socket-activate is not installed"
fi
