#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtjob vol-upload and vol-download: bytes, ranges, holes, failures, signals.
. "$(dirname "$0")/functions.sh"

start_daemon
p=$dir/p
check virtjob pool-create-as p dir --target "$p" --build
cd "$dir"

# blocks FILE: bytes it takes on disk
blocks()
{
    echo $(($(stat -c %b "$1") * 512))
}

# part FILE OFFSET LENGTH
part()
{
    dd if="$1" iflag=skip_bytes,count_bytes skip="$2" count="$3" status=none
}

head -c 9000001 /dev/urandom >data
check virtjob vol-create-as p v 9000001 --allocation 0
expect 0 "Vol v uploaded" virtjob vol-upload v data p
check cmp data "$p/v"
expect 0 "Vol v downloaded" virtjob vol-download v down --pool p
check cmp data down
check virtjob vol-download v down p --offset 5 --length 3000000
check cmp down <(part data 5 3000000)
check virtjob vol-upload v data p --offset 1000000 --length 4000000
check cmp "$p/v" <(part data 0 1000000 && part data 0 4000000 && part data 5000000 4000001)
part data 0 100 >small
# from a pipe
check virtjob vol-upload v <(cat small) p
check cmp <(head -c 100 "$p/v") small

# holes, also with an end in one and a length in the midst
truncate -s 40M sparse
dd if=data of=sparse bs=1M count=1 seek=20 conv=notrunc status=none
check virtjob vol-create-as p holes 40M
check virtjob vol-upload holes sparse p --sparse
check cmp sparse "$p/holes"
[ "$(blocks "$p/holes")" -le 2097152 ] || fail "the volume takes $(blocks "$p/holes") bytes"
check virtjob vol-download holes down p --sparse
check cmp sparse down
[ "$(blocks down)" -le 2097152 ] || fail "the file takes $(blocks down) bytes"
check virtjob vol-download holes down p --sparse --offset 20M --length 1M
check cmp down <(part data 0 1048576)
check virtjob vol-upload holes sparse p --sparse --length 10M --offset 19M
check cmp <(part "$p/holes" 0 39845888) <(head -c 30408704 /dev/null && head -c 39845888 /dev/zero)

# a file that grows while it is uploaded: the line on the terminal knows no more than all
check virtjob vol-create-as p grows 8M
cat >grow.py <<'END'
import os
import pty
import re
import sys

pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
drawn = os.read(fd, 65536)
with open(sys.argv[1], "ab") as grows:
    grows.write(bytes(3 << 20))
try:
    while True:
        drawn += os.read(fd, 65536)
except OSError:
    pass # nobody has the terminal any more
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
percents = [int(percent) for percent in re.findall(rb"(\d+)%", drawn)]
assert status == 0 and min(percents) < 100 and max(percents) == 100, (status, drawn)
END
head -c 5M data >grows
check timeout 60 python3 grow.py grows "$builddir/run" virtjob -c "$uri" \
    vol-upload grows grows p --speed 4M
equal "$(stat -c %s grows)" 8388608 "the file's size"
check cmp grows "$p/grows"

# refusals and failures
expect 1 "more than fits" virtjob vol-upload v data p --offset 1
expect 1 "beyond the end" virtjob vol-download v none p --offset 9000002
expect 1 "No such file" virtjob vol-upload v none p
expect 1 "no storage vol" virtjob vol-upload w data p
expect 1 "read only" virtjob_ro vol-download v none p
expect 2 "" virtjob vol-upload v data p --offset x
[ ! -e none ] || fail "a download that was refused has left its file"
expect 0 "vol-upload" virtjob jobs --all
if [ -e /dev/full ]; then
    expect 1 "No space left" virtjob vol-download v /dev/full p
fi

# a signal: the job is cancelled, and the volume free, whatever it waits for
under_way() # OPERATION
{
    virtjob jobs | grep -q "$1"
}
begin() # OPERATION ARG ...: in the background, its process in $client
{
    "$builddir/run" virtjob -c "$uri" "$@" >said 2>&1 &
    client=$!
    wait_until 30 under_way "$1"
}
end_client()
{
    [ -z "$client" ] || kill -KILL "$client"
}
client=''
at_exit end_client
pause() # OPERATION
{
    check virtjob job-pause "$(virtjob jobs | awk -v operation="$1" '$3 == operation { print $1 }')"
}
ends_with() # STATUS TEXT
{
    local status=0
    wait "$client" || status=$?
    client=''
    equal "$status" "$1" "exit status after a signal"
    grep -q "$2" said || fail "it says $(cat said)"
}
cancels() # VOLUME
{
    kill -TERM "$client"
    ends_with 3 "was cancelled"
    expect 0 "cancelled" virtjob job-info --vol "$1" --pool p
}
mkfifo never
exec 9<>never
begin vol-upload v never p # for what to send
cancels v
cat small >&9 # it has sent some before
begin vol-upload v never p
cancels v
begin vol-upload v data p --speed 1M # for the daemon to take it
pause vol-upload
cancels v
begin vol-download v taken p --speed 1M # for the daemon to send some
pause vol-download
cancels v
[ ! -e taken ] || fail "a download that was cancelled has left its file"
dd if=/dev/zero of=never bs=4K oflag=nonblock 2>/dev/null || true # full
begin vol-download v never p # for the pipe to take it
cancels v
exec 9>&-
check virtjob vol-delete v p

# the third signal ends it though nobody answers
check virtjob vol-create-as p v 9000001
begin vol-download v taken p --speed 1M
kill -STOP "$pid"
ended()
{
    ! kill -TERM "$client" 2>/dev/null
}
wait_until 30 ended
ends_with 1 "the upload or download does not go on"
kill -CONT "$pid"
stop_daemon
