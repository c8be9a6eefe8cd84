#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# While unmodified virt-clone copies a disk, virtjob shows how far it is, and cancels it: virt-clone
# is told so, and nothing is left.
. "$(dirname "$0")/functions.sh"
require_cmd virsh virt-clone qemu-system-x86_64 python3
hold=$builddir/tests/.libs/hold.so
[ -e "$hold" ] || fail "no $hold: make check builds it"

rules=$dir/rules
mkdir "$rules" "$dir/files"
export HOLD_PATH=$dir/files HOLD_RULES=$rules
LD_PRELOAD=$hold ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 start_daemon
files=$dir/files
make_pool
python3 -c 'import os, sys; open(sys.argv[1], "wb").write(os.urandom(24 << 20))' "$files/p/disk"
! cp --reflink=always "$files/p/disk" "$files/try" 2>/dev/null ||
    skip "a clone takes no time where files can share their blocks"
rm -f "$files/try"
check virsh pool-refresh p
guest_xml g | sed "s,</devices>,<disk type='file' device='disk'><driver name='qemu' type='raw'/>$(
    )<source file='$files/p/disk'/><target dev='vda' bus='virtio'/></disk>&," >"$dir/g.xml"
check virsh define "$dir/g.xml"

percent()
{
    virtjob jobs | sed -n 's/.*vol-clone.* \([0-9]*\)%.*/\1/p'
}
under_way()
{
    [[ $(percent) -gt 0 ]]
}

for call in copy_file_range pwrite; do
    echo "delay 20000 0" >"$rules/$call"
done
status=$dir/status
(
    trap - ERR
    set +e
    virt-clone --connect "$uri" --original g --name h --file "$files/p/copy" >"$dir/said" 2>&1
    echo $? >"$status"
) &
wait_until 60 under_way
expect 0 "copy" virtjob jobs
first=$(percent)
farther()
{
    [[ $(percent) -gt $first ]]
}
wait_until 60 farther
expect 0 "<capacity" virsh vol-dumpxml copy p # it is there while it is made
job=$(virtjob jobs | sed -n 's/^ *\([0-9]*\) .*vol-clone.*/\1/p')
check virtjob job-cancel "$job"
wait_until 20 test -s "$status"
rm -f "$rules"/*
equal "$(cat "$status")" 1 "status of virt-clone"
grep -q "was cancelled" "$dir/said" || fail "virt-clone says: $(cat "$dir/said")"
expect 3 "cancelled" virtjob job-wait "$job"
equal "$(ls "$files/p")" disk "what is in the pool"
refuse virsh vol-info copy p
check virt-clone --connect "$uri" --original g --name i --file "$files/p/copy"
cmp "$files/p/disk" "$files/p/copy" || fail "the clone of a disk is another one"
stop_daemon
