#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A client that can answer pings and does not any more is dropped; one that answers, and one that
# never said it could, are not, however silent they are.
. "$(dirname "$0")/functions.sh"
require_cmd virsh python3

printf 'keepalive_interval = 1\nkeepalive_count = 2\n' >"$dir/conf"
start_daemon --config "$dir/conf"

end_client()
{
    kill -KILL "$1" 2>/dev/null || true # it may have ended
}

# An idle virsh: $client is its process; what it is told to do goes into fd 8 (or 9).
idle_virsh() # NUMBER FD
{
    mkfifo "$dir/in-$1"
    command virsh -c "$uri" <"$dir/in-$1" >"$dir/out-$1" 2>&1 &
    client=$!
    at_exit end_client $client
    eval "exec $2>'$dir/in-$1'"
    echo "echo up" >&"$2"
    wait_until 20 grep -qx up "$dir/out-$1"
    wait_until 20 daemon_logged "pid=$client (virsh): connected"
}

# A connection that asks for nothing but to be let in.
cat >"$dir/silent.py" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import wire
client = wire.Client(sys.argv[2])
print("open", flush=True)
sys.stdin.readline()
client.call("CONNECT_GET_HOSTNAME")
print("heard", flush=True)
END
mkfifo "$dir/in-silent"
python3 "$dir/silent.py" "$srcdir/tests" "$dir/run/virtjobd-sock" <"$dir/in-silent" \
    >"$dir/silent" 2>&1 &
exec 7>"$dir/in-silent"
wait_until 20 grep -q open "$dir/silent"

idle_virsh alive 8
alive=$client
idle_virsh dead 9
kill -STOP "$client"
wait_until 20 daemon_logged "pid=$client (virsh): keepalive: 2 pings unanswered; connection closed"

equal "$(grep -c "keepalive:" "$dir/log")" 1 "clients that were dropped"
echo hostname >&8
wait_until 20 grep -qxF "$(hostname)" "$dir/out-alive"
echo >&7
wait_until 20 grep -q heard "$dir/silent"
kill -CONT "$client"

# Turned off and on again by reloads: it holds for those who were there before.
again() # KEEPALIVE-INTERVAL
{
    printf 'keepalive_interval = %d\nkeepalive_count = 2\n' "$1" >"$dir/conf"
    kill -HUP "$pid"
    wait_until 20 reads_are "$((reads += 1))"
}
reads_are()
{
    [ "$(grep -c "keepalive_interval has changed" "$dir/log")" -eq "$1" ]
}
reads=0
again 0
again 1
kill -STOP "$alive"
wait_until 20 daemon_logged "pid=$alive (virsh): keepalive: 2 pings unanswered; connection closed"
kill -CONT "$alive"
exec 7>&- 8>&- 9>&-

# The other way round: virtjob gives up a daemon that is silent.
check virtjob pool-create-as p dir --target "$dir/p" --build
check virtjob vol-create-as p source 64M
head -c 64M /dev/urandom >"$dir/p/source"
"$builddir/run" virtjob -c "$uri" -k 1 -K 2 vol-clone source copy --pool p --speed 1M \
    >"$dir/out-copy" 2>&1 &
client=$!
at_exit end_client $client
"$builddir/run" virtjob -c "$uri" -k 1 -K 2 jobs --follow >"$dir/out-events" 2>&1 &
at_exit end_client $!
wait_until 20 grep -q 'vol-clone  *running' "$dir/out-events"
kill -STOP "$pid"
status=0
wait "$client" || status=$?
wait_until 20 grep -q 'waiting for the daemon to come back: .*keepalive' "$dir/out-events"
kill -CONT "$pid"
equal "$status" 1 "status with a silent daemon"
grep -q 'lost the daemon while waiting for job' "$dir/out-copy" || fail "$(cat "$dir/out-copy")"
check virtjob job-cancel --vol copy --pool p

# A daemon that does not read, as the job keeps to its speed, is none that is silent.
check virtjob vol-create-as p slow 3M
truncate -s 3M "$dir/data"
"$builddir/run" virtjob -c "$uri" -k 1 -K 1 vol-upload slow "$dir/data" p --speed 16K \
    >"$dir/out-upload" 2>&1 &
client=$!
at_exit end_client $client
has_run() # SECONDS
{
    virtjob jobs --json | python3 -c '
import json, sys
sys.exit(not any(job["name"] == "slow" and job["running_seconds"] >= int(sys.argv[1])
                 for job in json.load(sys.stdin)))' "$1"
}
wait_until 20 has_run 5 # twice what it would wait for a silent one
kill -0 "$client" 2>/dev/null || fail "$(cat "$dir/out-upload")"
check virtjob job-cancel --vol slow --pool p
stop_daemon
