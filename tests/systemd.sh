#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The installed units are what systemd understands, and the daemon does under them what they say:
# both sockets handed over by name, started by the first client, readiness, status and reload told.
. "$(dirname "$0")/functions.sh"

require_cmd systemd-analyze systemd-socket-activate python3

# --- the units, as make install puts them, with a program at the path they name ---

units=$dir/root/lib/systemd/system
check env -u MAKEFLAGS -u MAKELEVEL "${MAKE:-make}" -s -C "$builddir" \
    install-dist_systemdsystemunitDATA install-nodist_systemdsystemunitDATA \
    DESTDIR="$dir/root" systemdsystemunitdir=/lib/systemd/system
units_of_ours="virtjobd.service virtjobd.socket virtjobd-ro.socket virtjobd-tcp.socket virtjobd-tls.socket"
for unit in $units_of_ours; do
    [ -f "$units/$unit" ] || fail "$unit is not installed"
done
program=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$units/virtjobd.service")
[[ $program == /*/sbin/virtjobd ]] || fail "ExecStart= names '$program'"
refuse grep -q '@[a-z]*@' "$units/virtjobd.service"

# The directory is searched first, then the machine's own; ExecStart= must be there to be executed,
# so the copies that are verified name the one that was built.
mkdir "$dir/verify"
for unit in $units_of_ours; do
    sed -e "s:$program:$builddir/virtjobd:" -e 's/^Documentation=.*//' "$units/$unit" \
        >"$dir/verify/$unit"
done
check systemd-analyze verify "$dir"/verify/*
ours=$(grep -E 'virtjobd' <<<"$out" || true)
equal "$ours" "" "what systemd says of the units"
sed -i 's/^Type=notify/Type=notifies/' "$dir/verify/virtjobd.service"
systemd-analyze verify "$dir/verify/virtjobd.service" >"$dir/said" 2>&1 || true
grep -q notifies "$dir/said" || fail "systemd-analyze finds no mistake in a unit that has one"

# The options in ExecStart= are the program's.
options=$(sed -n 's/^ExecStart=[^ ]* *//p' "$units/virtjobd.service" | grep -oE -- '--[a-z-]+')
for option in $options; do
    "$builddir/run" virtjobd --help | grep -q -- " $option " || fail "ExecStart= gives $option"
done

# Guests outlive the daemon, and are confined to what it is confined to.
for setting in RuntimeDirectoryPreserve=yes KillMode=process OOMPolicy=continue TasksMax=infinity; do
    check grep -qx "$setting" "$units/virtjobd.service"
done
refuse grep -E '^(PrivateTmp|PrivateDevices|DevicePolicy|ProtectClock|MemoryDenyWriteExecute)=' \
    "$units/virtjobd.service"

# --- the protocol: sockets in, notifications out ---

# What the daemon tells is one datagram a line in $dir/told, its newlines as '|'.
python3 -c '
import os, socket, sys
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(sys.argv[1])
os.rename(sys.argv[1], sys.argv[1] + ".ready")
while True:
    print(notify.recv(4096).decode().replace("\n", "|"), flush=True)
' "$dir/notify" >"$dir/told" &
listener=$!
at_exit kill "$listener"
wait_until 20 test -S "$dir/notify.ready"
told() { grep -qxE -- "$1" "$dir/told"; }

# As the units name them.
mkdir "$dir/run"
names=$(sed -n 's/^FileDescriptorName=//p' "$units/virtjobd.socket" "$units/virtjobd-ro.socket")
equal "$names" $'virtjobd-sock\nvirtjobd-sock-ro' "FileDescriptorName="
for kind in tcp:16509 tls:16514; do
    check grep -qx "FileDescriptorName=virtjobd-${kind%:*}" "$units/virtjobd-${kind%:*}.socket"
    check grep -qx "ListenStream=${kind#*:}" "$units/virtjobd-${kind%:*}.socket"
done
paths=$(sed -n 's:^ListenStream=%t/virtjobd/::p' "$units/virtjobd.socket" "$units/virtjobd-ro.socket")
equal "$paths" "$names" "ListenStream="

: >"$dir/log"
systemd-socket-activate -E NOTIFY_SOCKET="$dir/notify.ready" -E VIRTJOBD_WRAPPER \
    -E ASAN_OPTIONS -E UBSAN_OPTIONS -E TSAN_OPTIONS \
    -l "$dir/run/virtjobd-sock" -l "$dir/run/virtjobd-sock-ro" \
    --fdname=virtjobd-sock:virtjobd-sock-ro \
    "$builddir/run" virtjobd --session --state-dir "$dir/state" --runtime-dir "$dir/run" \
    --log-dir "$dir/logs" >"$dir/log" 2>&1 &
pid=$!
wait_until 20 grep -q 'Listening on .*-ro' "$dir/log"
refuse grep -q serves "$dir/log" # nobody has called yet

# The first client starts it, and is answered, though it came before there was a daemon.
check virtjob pool-define-as p dir --target "$dir/pool"
wait_until 20 told 'READY=1\|STATUS=[01] clients?, 0 jobs'
grep -q 'serves qemu:///session on inherited sockets' "$dir/log" || fail "not on systemd's sockets"
grep -q 'READY=1' <(head -n 1 "$dir/told") || fail "told something before it was ready"

# Each socket is what its name says.
expect 0 p virtjob_ro pool-list --all
expect 1 'read only access' virtjob_ro pool-undefine p
check virtjob pool-build p

# One line of status, when something has changed: a client that stays.
exec 8> >(python3 -c '
import socket, sys
sockets = [socket.socket(socket.AF_UNIX) for _ in range(3)]
for s in sockets:
    s.connect(sys.argv[1])
sys.stdin.read()' "$dir/run/virtjobd-sock")
wait_until 20 told 'STATUS=3 clients, 0 jobs'
exec 8>&-
wait_until 20 told 'STATUS=0 clients, 0 jobs'

# ExecReload=, which is told as beginning and as done.
kill -HUP "$pid"
wait_until 20 grep -q '^RELOADING=1|MONOTONIC_USEC=[0-9]' "$dir/told"
reloaded() { sed '1,/^RELOADING/d' "$dir/told" | grep -q '^READY=1|STATUS='; }
wait_until 20 reloaded

# The end is told; sockets that are systemd's stay where they are, or the next client finds none.
stop_daemon
wait_until 20 told 'STOPPING=1\|STATUS=0 clients, 0 jobs'
[ -S "$dir/run/virtjobd-sock" ] && [ -S "$dir/run/virtjobd-sock-ro" ] ||
    fail "the daemon removed systemd's sockets"
