#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtjob client-list and client-disconnect: who is connected, and the end of one.
. "$(dirname "$0")/functions.sh"

start_daemon
require_cmd python3

# Two that stay, one on each socket; then they say how they fared.
cat >"$dir/holder.py" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import wire
rw, ro = wire.Client(sys.argv[2]), wire.Client(sys.argv[2] + "-ro")
print("open", flush=True)
sys.stdin.readline()
rw.call("CONNECT_GET_HOSTNAME")
print("rw served", flush=True)
try:
    ro.call("CONNECT_GET_HOSTNAME")
except wire.Closed:
    print("ro ended", flush=True)
END
mkfifo "$dir/in"
python3 "$dir/holder.py" "$srcdir/tests" "$dir/run/virtjobd-sock" <"$dir/in" >"$dir/held" 2>&1 &
exec 8>"$dir/in"
wait_until 20 grep -q open "$dir/held"

# clients EXPRESSION: of c, the connections
clients()
{
    virtjob client-list --json |
        python3 -c 'import json, sys, time; c = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}
who="uid=$(id -u) pid="
equal "$(clients 'len(c)')" 3 "connections"
equal "$(clients '{x["transport"] for x in c}')" "{'unix'}" "transports"
equal "$(clients 'sorted(x["readonly"] for x in c)')" "[False, False, True]" "access"
equal "$(clients 'sum(x["calls"] for x in c)')" 1 "unanswered calls: the one that asks"
equal "$(clients '[x["id"] for x in c] == sorted(x["id"] for x in c)')" True "the oldest first"
equal "$(clients "all(x['identity'].startswith('$who') for x in c)")" True "identities"
equal "$(clients 'all(-1 < time.time() - x["connected_at_ms"] / 1000 < 600 for x in c)')" True "times"

check virtjob client-list
[[ $out == *Identity* && $out == *read-only* && $out == *"(virtjob)"* ]] || fail "the table: $out"

expect 1 "read only access prevents virConnectListAllClients" virtjob_ro client-list
expect 1 "no connection has the id 4711" virtjob client-disconnect 4711
id=$(clients '[x["id"] for x in c if x["readonly"]][0]')
check virtjob client-disconnect "$id"
equal "$(clients 'len(c)')" 2 "connections after the end of one"
wait_until 20 daemon_logged "disconnected by an administrator"
wait_until 20 daemon_logged "audit: what=client-disconnect object=\"$who"

echo >&8
wait_until 20 grep -qx "ro ended" "$dir/held"
check grep -qx "rw served" "$dir/held"
stop_daemon
