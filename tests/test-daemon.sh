#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon as a process: start, refusals, reload, stop, idle exit, systemd's sockets.

set -u
virtjobd=${VIRTJOBD:-$PWD/virtjobd}
dir=$(mktemp -d) || exit 99
pids=

cleanup()
{
    [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
    rm -rf "$dir"
}
trap cleanup EXIT

fail()
{
    echo "FAILED: $*" >&2
    [ ! -e "$dir/log" ] || sed 's/^/    /' "$dir/log" >&2
    exit 1
}

# Waits for a command to succeed; the longest wait is for a machine that is very busy.
until_true()
{
    local tries=600
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || fail "still not: $*"
        sleep 0.05
    done
}

gone() { ! kill -0 "$1" 2>/dev/null; }
logged() { grep -q -- "$1" "$dir/log"; }

# Runs it in the foreground with its output in the log; for what ends by itself.
run()
{
    "$virtjobd" --session --state-dir "$dir/state" --runtime-dir "$dir/run" \
        --log-dir "$dir/logs" "$@" >"$dir/log" 2>&1
}

# Starts it beside us and waits until it serves; its pid is in $pid.
start()
{
    rm -f "$dir/run/virtjobd-sock-ro"
    run "$@" &
    until_true test -S "$dir/run/virtjobd-sock-ro"
    pid=$(cat "$dir/run/virtjobd.pid")
    shell=$!
    pids="$pids $pid"
}

stop()
{
    kill -TERM "$pid"
    wait "$shell" || fail "exit status $? after SIGTERM"
    [ ! -e "$dir/run/virtjobd.pid" ] || fail "the pid file stays"
    [ ! -e "$dir/run/virtjobd-sock" ] || fail "the socket stays"
}

# expect STATUS TEXT ARG ...: it ends so, and says that.
expect()
{
    local status=$1 text=$2 got=0
    shift 2
    run "$@" || got=$?
    [ $got -eq "$status" ] || fail "exit status $got, not $status: virtjobd $*"
    logged "$text" || fail "no '$text': virtjobd $*"
}

unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID JOURNAL_STREAM

# usage and settings
expect 2 "unknown option '--bogus'" --bogus
expect 1 "cannot open '$dir/none'" -f "$dir/none"
printf 'max_clients = 10\n\nmax_workers = 0\n' >"$dir/conf"
expect 1 "$dir/conf:3: max_workers is 0" -f "$dir/conf"
printf 'unix_sock_group = "no group of this name"\n' >"$dir/conf"
expect 1 "there is no group 'no group of this name'" -f "$dir/conf"
mkdir "$dir/open" && chmod 777 "$dir/open"
expect 1 "may be written to by others" --state-dir "$dir/open"

# serves; a second one is refused by pid file and by database
start
[ "$(stat -c %a "$dir/run/virtjobd-sock")" = 700 ] || fail "mode of the socket"
expect 1 "another virtjobd runs already (pid $pid,"
expect 1 "in use by another virtjobd (pid $pid)" --runtime-dir "$dir/run2"
stop

# a reload takes over what it can; a broken file changes nothing
echo 'log_level = 2' >"$dir/conf"
start -f "$dir/conf"
echo 'log_level = 9' >"$dir/conf"
kill -HUP "$pid"
until_true logged "the settings stay as they are: $dir/conf:1: log_level is 9"
printf 'max_clients = 7\nunix_sock_rw_perms = "0770"\n' >"$dir/conf"
kill -HUP "$pid"
until_true logged "max_clients has changed"
until_true logged "unix_sock_rw_perms has changed; it takes effect at the next start"
stop

# further sockets, in a directory that is made; gone at the end
printf 'extra_sockets = "run/libvirt-sock"\n' >"$dir/conf"
expect 1 "extra_sockets: 'run/libvirt-sock' is no absolute path" -f "$dir/conf"
printf 'extra_sockets = "%s %s"\n' "$dir/lib/libvirt-sock" "$dir/lib/libvirt-sock-ro" >"$dir/conf"
start -f "$dir/conf"
[ "$(stat -c %a "$dir/lib/libvirt-sock")" = 700 ] || fail "mode of the further socket"
[ -S "$dir/run/virtjobd-sock" ] || fail "its own socket is not there"
expect 1 "libvirt-sock" --runtime-dir "$dir/run2" --state-dir "$dir/state2" -f "$dir/conf"
stop
[ -z "$(ls "$dir/lib")" ] || fail "a further socket stays"

# -d returns when it serves, and lets go of what it was started with
out=$("$virtjobd" -d --session --state-dir "$dir/state" --runtime-dir "$dir/run" \
    --log-dir "$dir/logs" 2>&1 </dev/null) || fail "-d: $out"
pid=$(cat "$dir/run/virtjobd.pid") || fail "-d: no pid file"
pids="$pids $pid"
[ -S "$dir/run/virtjobd-sock" ] || fail "-d returned before it served"
expect 1 "another virtjobd runs already" -d
kill -TERM "$pid"
until_true gone "$pid"

# without anybody to serve
run -t 1 || fail "exit status $? of the idle exit"
logged "no client, job or guest" || fail "no reason for the idle exit"

# sockets from systemd, by name and by path; one that is neither is refused
activate()
{
    rm -f "$dir/log"
    systemd-socket-activate "$@" "$virtjobd" --session --state-dir "$dir/state" \
        --runtime-dir "$dir/run" --log-dir "$dir/logs" -t 1 >"$dir/log" 2>&1 &
    shell=$!
    pids="$pids $shell"
    until_true logged "Listening on"
    until_true test -S "$dir/a"
    python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$dir/a"
    wait "$shell"
}
if command -v systemd-socket-activate >/dev/null && command -v python3 >/dev/null; then
    activate -l "$dir/a" --fdname=virtjobd-sock || fail "activation by name: $?"
    logged "on inherited sockets" || fail "made sockets of its own"
    rm -f "$dir/a"
    activate -l "$dir/a" && fail "took a socket that could be either"
    logged "is none of virtjobd-sock, virtjobd-sock-ro," || fail "no reason for the refusal"
else
    echo "not tried: systemd-socket-activate or python3 is not installed"
fi
[ ! -e "$dir/run/virtjobd-sock" ] || fail "a socket stays"
