#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtjob --reconnect follows a job on when its daemon is killed, restarted, or stays away.
. "$(dirname "$0")/functions.sh"

start_daemon
check virtjob pool-create-as p dir --target "$dir/p" --build
check virtjob vol-create-as p source 64M
head -c 64M /dev/urandom >"$dir/data"
check virtjob vol-upload source "$dir/data" --pool p

# follow NAME [OPTION]: clones source to NAME, slowly, in the background; its process in $follower
follow()
{
    local name=$1
    shift
    "$builddir/run" virtjob -c "$uri" "$@" vol-clone source "$name" --pool p --speed 4M \
        >"$dir/$name.out" 2>"$dir/$name.err" &
    follower=$!
    at_exit end $follower
    wait_until 60 copying "$name"
}

end() # PID
{
    kill "$1" 2>/dev/null || true
}

copying() # NAME: bytes have been moved
{
    [ "$(virtjob jobs --json 2>/dev/null | python3 -c '
import json, sys
print(sum(job["name"] == sys.argv[1] and job["bytes_done"] > 0 for job in json.load(sys.stdin)))' "$1")" = 1 ]
}

faster() # NAME: its job, without a limit from now on
{
    check virtjob job-speed --vol "$1" --pool p --speed 0
}

ends() # STATUS TEXT FILE: the follower
{
    local status=0
    wait "$follower" || status=$?
    equal "$status" "$1" "status of the follower, who said: $(cat "$3")"
    grep -q "$2" "$3" || fail "no '$2' in: $(cat "$3")"
}

follow killed --reconnect
kill9_daemon
wait_until 60 grep -q 'waiting for it to come back' "$dir/killed.err"
start_daemon
wait_until 60 copying killed
faster killed
ends 0 'killed' "$dir/killed.out"
cmp "$dir/p/source" "$dir/p/killed"

# without it the job goes on, unseen
follow unseen
kill9_daemon
ends 1 'the job does not need this connection' "$dir/unseen.err"
start_daemon
faster unseen

# nobody comes back: a signal ends the wait
follow alone --reconnect
kill9_daemon
wait_until 60 grep -q 'waiting for it to come back' "$dir/alone.err"
kill -TERM "$follower"
ends 1 'the job does not need this connection' "$dir/alone.err"
start_daemon
