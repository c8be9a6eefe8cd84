#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtjob jobs --follow: a line for each event, filters, JSON, and a daemon that goes and comes.
. "$(dirname "$0")/functions.sh"

start_daemon
check virtjob pool-create-as p dir --target "$dir/p" --build
for name in text json other; do : >"$dir/$name"; done
follow() # NAME ARG ...
{
    local name=$1
    shift
    "$builddir/run" virtjob -c "$uri" jobs --follow "$@" >"$dir/$name" 2>"$dir/$name.err" &
    at_exit end $!
}

end() # PID
{
    kill "$1" 2>/dev/null || true
}
follow text
follow json --json --pool p --vol b
follow other --pool none

# until each listens, jobs are made
made=0
hears()
{
    made=$((made + 1))
    check virtjob vol-create-as p b 1M
    check virtjob vol-delete b --pool p
    [ -s "$dir/text" ] && [ -s "$dir/json" ]
}
wait_until 60 hears

check virtjob vol-create-as p a 8M
wait_until 60 grep -q 'vol-create  *complete .* p/a$' "$dir/text"
grep -q 'vol-create  *queued .* p/a$' "$dir/text" || fail "no start: $(cat "$dir/text")"
check virtjob pool-refresh p
wait_until 60 grep -q 'pool-refresh  *complete .* p$' "$dir/text"

python3 - "$dir/json" <<'EOF' || fail "$(cat "$dir/json")"
import json, sys
seen = [json.loads(line) for line in open(sys.argv[1])]
assert all(e['job']['pool'] == 'p' and e['job']['name'] == 'b' for e in seen), 'the filter'
ended = [e for e in seen if e['event'] == 'ended']
assert ended and all(e['job']['state'] == 'complete' for e in ended), 'ends'
assert {'started', 'ended'} <= {e['event'] for e in seen}, 'kinds'
EOF
[ ! -s "$dir/other" ] || fail "of another pool: $(cat "$dir/other")"

expect 2 "goes without" virtjob jobs --follow --all
expect 2 "goes without" virtjob jobs --follow --failed

# the daemon goes, and comes back
stop_daemon
wait_until 60 grep -q 'waiting for the daemon' "$dir/text.err"
start_daemon
wait_until 60 grep -q 'missed' "$dir/text.err"
check virtjob vol-create-as p later 1M
wait_until 60 grep -q 'vol-create  *complete .* p/later$' "$dir/text"
