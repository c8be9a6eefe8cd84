#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# polkit decides who may come to the unix sockets: a bus and a polkit of the test's own, which say yes, no,
# nothing, and are not there; root is not asked.
. "$(dirname "$0")/functions.sh"
require_cmd dbus-daemon python3

# Not in $dir, which is closed to the user that comes here.
mkdir "$dir/public"
chmod 711 "$dir"
chmod 755 "$dir/public"
cat >"$dir/conf" <<END
auth_unix_ro = "polkit"
auth_unix_rw = "polkit"
unix_sock_rw_perms = "0777"
unix_sock_ro_perms = "0777"
extra_sockets = "$dir/public/sock $dir/public/sock-ro"
auth_timeout_seconds = 3
END
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$dir/bus
start_daemon --config "$dir/conf"

# What a user gets at a socket: one call, or the error; and whose process it was, in $dir/who.
cat >"$dir/connect.py" <<'END'
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1] + "/tests")
import wire

if os.geteuid() == 0 and sys.argv[3] != "0":
    os.seteuid(int(sys.argv[3]))
start = open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]
print("pid=%d start-time=%s uid=%d" % (os.getpid(), start, os.geteuid()))
client = wire.Client(sys.argv[2], opened=False)
try:
    types = client.call("AUTH_LIST")
    if (types.uint(), types.uint()) == (1, 2):
        if client.call("AUTH_POLKIT").int() != 1:
            sys.exit("not complete")
    client.call("CONNECT_OPEN", None, 0)
    print("in")
except wire.WireError as e:
    print("code %d: %s" % (e.code, e.message))
    try:
        client.call("CONNECT_OPEN", None, 0)
    except wire.WireError as e:
        print(e.message)
END
user=$(id -u nobody)
[ "$(id -u)" = 0 ] || user=$(id -u)

# come SOCKET TEXT [UID]: $out is the first line, the process
come()
{
    expect 0 "$2" python3 "$dir/connect.py" "$srcdir" "$dir/public/$1" "${3:-$user}"
    out=${out%%$'\n'*}
}

if [ "$(id -u)" = 0 ]; then
    come sock in 0
    check virtjob list
fi

# No bus at all.
come sock "authentication required"
wait_until 10 daemon_logged "polkit: authentication failed: polkit cannot be asked: No such file or directory"

# A bus without polkit.
dbus-daemon --session --nofork --nopidfile --address="unix:path=$dir/bus" >"$dir/bus-log" 2>&1 &
at_exit kill $!
wait_until 20 test -S "$dir/bus"
come sock "authentication required"
wait_until 10 daemon_logged "org.freedesktop.PolicyKit1 was not provided"

echo yes >"$dir/answer"
"$builddir/run" tests/fake-polkit "$dir/answer" >"$dir/asked" &
at_exit kill $!
wait_until 20 grep -q ready "$dir/asked"
come sock in
equal "$(tail -n 1 "$dir/asked")" "unix-process $out org.virtjobd.unix.manage"
come sock-ro in
equal "$(tail -n 1 "$dir/asked")" "unix-process $out org.virtjobd.unix.monitor"
wait_until 10 daemon_logged "authenticated by polkit"

# Whose connection another process goes on with: polkit is told of the one that made it, as it was when it was
# accepted, and is not asked where that had ended by then.
cat >"$dir/other.py" <<'END'
import os
import signal
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1] + "/tests")
import wire

path, user, daemon = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def stat(pid):
    return open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()


if os.geteuid() == 0:
    os.seteuid(user)
sock = socket.socket(socket.AF_UNIX)
ours, childs = socket.socketpair()
if daemon:
    os.kill(daemon, signal.SIGSTOP)
    wire.wait_until(lambda: stat(daemon)[0] == "T", "the daemon to stop")
child = os.fork()
if child == 0:
    ours.close()
    sock.connect(path)
    childs.send(b"c")
    childs.recv(1)
    os._exit(0)
childs.close()
ours.recv(1)
start = stat(child)[19]
print("pid=%d start-time=%s uid=%d" % (child, start, os.geteuid()))
client = wire.Client(None, opened=False, sock=sock)
if not daemon:
    client.call("AUTH_LIST")
ours.close()
os.waitpid(child, 0)
if daemon:
    os.kill(daemon, signal.SIGCONT)
try:
    client.call("AUTH_POLKIT")
    print("in")
except wire.WireError as e:
    print("code %d: %s" % (e.code, e.message))
END
expect 0 "in" python3 "$dir/other.py" "$srcdir" "$dir/public/sock" "$user" 0
equal "$(tail -n 1 "$dir/asked")" "unix-process ${out%%$'\n'*} org.virtjobd.unix.manage"
asked=$(wc -l <"$dir/asked")
expect 0 "code 45: authentication failed" python3 "$dir/other.py" "$srcdir" "$dir/public/sock" "$user" "$pid"
wait_until 10 daemon_logged "polkit cannot be asked: No such process"
equal "$(wc -l <"$dir/asked")" "$asked" "times that polkit was asked"

echo no >"$dir/answer"
come sock "code 45: authentication failed"
wait_until 10 daemon_logged "polkit does not allow org.virtjobd.unix.manage"
echo challenge >"$dir/answer"
come sock-ro "code 45: authentication failed"
wait_until 10 daemon_logged "polkit found nobody to answer for org.virtjobd.unix.monitor"
echo error >"$dir/answer"
come sock "code 45: authentication failed"
wait_until 10 daemon_logged "polkit cannot be asked: out of order"

# One that never answers holds up nobody else, and not for ever.
echo silence >"$dir/answer"
python3 "$dir/connect.py" "$srcdir" "$dir/public/sock" "$user" >"$dir/waiting" 2>&1 &
waiting=$!
wait_until 10 grep -q "$waiting" "$dir/asked"
if [ "$(id -u)" = 0 ]; then
    check virtjob list
fi
wait "$waiting" || true
given_up() # by whichever of the two limits, of one length, that comes first
{
    daemon_logged "not authenticated in time" || daemon_logged "Method call timed out"
}
wait_until 20 given_up

# Nor does one that has gone: the workers for these questions are few, and each would wait its time.
sed -i 's/^auth_timeout_seconds.*/auth_timeout_seconds = 3600/' "$dir/conf"
restart_daemon
left=()
for i in {1..12}; do
    python3 "$dir/connect.py" "$srcdir" "$dir/public/sock" "$user" >/dev/null 2>&1 &
    left+=($!)
done
wait_until 20 grep -qE "pid=($(IFS='|' && echo "${left[*]}")) " "$dir/asked"
kill "${left[@]}"
wait "${left[@]}" || true
wait_until 20 daemon_logged "polkit: authentication failed: it has gone before the answer"
echo yes >"$dir/answer"
come sock in

# Who was let in to monitor only stays at that when he is no longer listed as read-only.
cat >"$dir/stay.py" <<'END'
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1] + "/tests")
import wire

if os.geteuid() == 0:
    os.seteuid(int(sys.argv[3]))
client = wire.Client(sys.argv[2], opened=False)
client.call("AUTH_POLKIT")
client.call("CONNECT_OPEN", None, 0)
for _ in range(2):
    try:
        client.define_pool("pool", "/none")
        print("defined", flush=True)
    except wire.WireError as e:
        print("code %d" % e.code, flush=True)
    sys.stdin.readline()
END
echo "read_only_identities = [ \"uid=$user\" ]" >>"$dir/conf"
kill -HUP "$pid"
wait_until 10 daemon_logged "read_only_identities has changed"
mkfifo "$dir/go"
python3 "$dir/stay.py" "$srcdir" "$dir/public/sock" "$user" <"$dir/go" >"$dir/stayed" &
staying=$!
exec 7>"$dir/go"
wait_until 10 grep -q "code 29" "$dir/stayed"
grep -q "org.virtjobd.unix.monitor" <(tail -n 1 "$dir/asked")
sed -i /read_only_identities/d "$dir/conf"
changed_twice() { [ "$(grep -c "read_only_identities has changed" "$dir/log")" = 2 ]; }
kill -HUP "$pid"
wait_until 10 changed_twice
echo go >&7
exec 7>&-
wait "$staying"
equal "$(cat "$dir/stayed")" "code 29
code 29"

stop_daemon

# What polkit is told of the two actions.
if type -P xmllint >/dev/null; then
    check xmllint --noout --nonet "$srcdir/daemon/org.virtjobd.unix.policy"
fi
for action in monitor manage; do
    grep -q "action id=\"org.virtjobd.unix.$action\"" "$srcdir/daemon/org.virtjobd.unix.policy"
done
