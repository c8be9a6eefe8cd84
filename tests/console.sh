#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtjob console: off a terminal until the guest ends, on one until ^].
. "$(dirname "$0")/functions.sh"
require_cmd qemu-system-x86_64 python3

start_daemon
guest_xml g tick | sed "s,<serial type='file'>.*,<serial type='pty'/>," >"$dir/g.xml"
check virtjob create "$dir/g.xml"

: >"$dir/said"
"$builddir/run" virtjob -c "$uri" console g </dev/null >"$dir/said" 2>&1 &
console=$!
ticks_in()
{
    [ "$(tr -cd . <"$1" | wc -c)" -ge 5 ]
}
wait_until 60 ticks_in "$dir/said"
expect 1 "Active console session" virtjob console g
expect 1 "cannot find character device 'none'" virtjob console g --devname none
expect 1 "read only" virtjob_ro console g

# taken by force, on a terminal, and left by ^]: the first one is told
check timeout 60 python3 - "$builddir/run" virtjob -c "$uri" console g --force <<'PYTHON'
import os
import pty
import select
import sys

pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b"Escape character is ^]" not in seen or seen.count(b".") < 20:
    select.select([fd], [], [])
    seen += os.read(fd, 4096)
os.write(fd, b"typed\x1dnot sent")
try:
    while os.read(fd, 4096):
        pass
except OSError:
    pass
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
PYTHON
status=0
wait $console || status=$?
equal "$status" 1 "exit status of the console that was taken"
grep -q "another client has taken" "$dir/said" || fail "it says $(cat "$dir/said")"

# it ends with the guest, and is free again at once
: >"$dir/said"
"$builddir/run" virtjob -c "$uri" console g </dev/null >"$dir/said" 2>&1 &
console=$!
wait_until 60 ticks_in "$dir/said"
check virtjob destroy g
wait $console || fail "the console did not end well with its guest: $(cat "$dir/said")"
expect 1 "" virtjob console g
stop_daemon
