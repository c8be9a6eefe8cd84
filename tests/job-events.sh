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

# it goes away again just as it is asked for events, twice
cat >"$dir/relay.py" <<'END'
import socket
import sys
import threading
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import wire

REGISTER = wire.BY_NAME["EVENT_REGISTER"]


def answers(daemon, client):
    try:
        while data := daemon.recv(1 << 16):
            client.sendall(data)
    except BrokenPipeError:
        pass # it has lost it


def relay(client, daemon, losing):
    threading.Thread(target=answers, args=(daemon, client), daemon=True).start()
    packets = wire.Client(None, opened=False, sock=client)
    while True:
        program, procedure, type, serial, status, payload = packets.receive()
        if losing and (program, procedure) == (REGISTER.program, REGISTER.number):
            client.shutdown(socket.SHUT_RDWR)
            return
        daemon.sendall(wire.packet(program, procedure, payload, serial, type, status))


with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[2])
    listener.listen()
    for losing in True, True, False:
        daemon = socket.socket(socket.AF_UNIX)
        client = listener.accept()[0]
        daemon.connect(sys.argv[3])
        relay(client, daemon, losing)
END
python3 "$dir/relay.py" "$srcdir/tests" "$dir/relay" "$dir/run/virtjobd-sock" &
at_exit end $!
wait_until 20 test -S "$dir/relay"
uri="qemu+unix:///session?socket=$dir/relay" follow unlucky
wait_until 20 test -e "$dir/unlucky"
made=0
hears_again()
{
    made=$((made + 1))
    check virtjob vol-create-as p "again-$made" 1M
    grep -q 'vol-create  *complete .* p/again' "$dir/unlucky"
}
wait_until 60 hears_again
equal "$(grep -c 'waiting for the daemon to come back' "$dir/unlucky.err")" 2 "times it was lost"
