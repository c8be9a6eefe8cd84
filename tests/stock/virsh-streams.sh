#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Volumes streamed by unmodified virsh and python3-libvirt: the bytes, the holes, the refusals.
. "$(dirname "$0")/../functions.sh"
require_cmd virsh qemu-img

start_daemon
p=$dir/p
check virsh pool-create-as p dir --target "$p" --build
cd "$dir"

# blocks FILE: bytes it takes on disk
blocks()
{
    echo $(($(stat -c %b "$1") * 512))
}

head -c 20000003 /dev/urandom >data
check virsh vol-create-as p up 20000003
check virsh vol-upload up data p
check cmp data "$p/up"
check virsh vol-download up down p
check cmp data down
check virsh vol-download up part p --offset 1000 --length 5000000
check cmp part <(dd if=data iflag=skip_bytes,count_bytes skip=1000 count=5000000 status=none)
check virsh vol-upload up part p --offset 7 --length 5000000
check cmp "$p/up" <(head -c 7 data && cat part && tail -c +5000008 data)
expect 1 "more than fits" virsh vol-upload up data p --offset 100
expect 1 "beyond the end" virsh vol-upload up data p --offset 20000004
expect 1 "beyond the end" virsh vol-download up none p --length 20000004
expect 1 "read only" virsh -r vol-download up none p
expect 0 "vol-upload" virtjob jobs --all
expect 0 "vol-download" virtjob jobs --all

# holes: 64 MiB with 1 MiB of data in the middle
truncate -s 64M sparse
head -c 1M data | dd of=sparse bs=1M seek=31 conv=notrunc status=none
check virsh vol-create-as p holes 64M --allocation 64M
check virsh vol-upload holes sparse p --sparse
check cmp sparse "$p/holes"
[ "$(blocks "$p/holes")" -le 2097152 ] || fail "the volume takes $(blocks "$p/holes") bytes"
check virsh vol-download holes sparse2 p --sparse
check cmp sparse sparse2
[ "$(blocks sparse2)" -le 2097152 ] || fail "the download takes $(blocks sparse2) bytes"

# an image: its file is what is sent, and the volume what that says
check qemu-img create -q -f qcow2 image.qcow2 40M
check qemu-img convert -f raw -O qcow2 data image.qcow2
check virsh vol-create-as p image.qcow2 1M --format qcow2
check virsh vol-upload image.qcow2 image.qcow2 p
check cmp image.qcow2 "$p/image.qcow2"
check virsh vol-download image.qcow2 image2.qcow2 p
check cmp image.qcow2 image2.qcow2
check virsh vol-dumpxml image.qcow2 p
size=$(qemu-img info --output=json image.qcow2 | sed -n 's/.*"virtual-size": \([0-9]*\).*/\1/p')
[[ $out == *"<capacity unit='bytes'>$size<"* ]] || fail "capacity is not $size: $out"

# a local file that cannot be written: virsh aborts, the daemon goes on
if [ -e /dev/full ]; then
    refuse virsh vol-download up /dev/full p
    check virsh vol-download up down p
fi

# killed in the middle: the volume is free again
mkfifo never
virsh vol-upload up never p >/dev/null 2>&1 &
client=$!
exec 9>never
under_way()
{
    virtjob jobs | grep -q vol-upload
}
wait_until 30 under_way
kill -9 $client
wait $client || true
exec 9>&-
not_under_way()
{
    ! under_way
}
wait_until 30 not_under_way
check virsh vol-delete up p

[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import libvirt' 2>/dev/null || skip "no python3-libvirt"
check /usr/bin/python3 - "$uri" "$p" <<'PYTHON'
import os
import sys

import libvirt

libvirt.registerErrorHandler(lambda context, error: None, None)
conn = libvirt.open(sys.argv[1])
pool = conn.storagePoolLookupByName("p")
data = os.urandom(3 << 20) + b"end"
vol = pool.createXML("<volume><name>py</name><capacity>%d</capacity></volume>" % len(data))


def upload(offset, flags, *pieces):
    stream = conn.newStream()
    vol.upload(stream, offset, 0, flags)
    for piece in pieces:
        if isinstance(piece, int):
            stream.sendHole(piece)
            continue
        while piece:
            piece = piece[stream.send(piece):]
    stream.finish()


def file():
    with open(sys.argv[2] + "/py", "rb") as f:
        return f.read()


upload(0, 0, data)
assert file() == data
stream = conn.newStream()
vol.download(stream, 0, 0)
got = []
stream.recvAll(lambda stream, piece, got: got.append(piece) or len(piece), got)
stream.finish()
assert b"".join(got) == data

upload(0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM, b"a", len(data) - 2, b"z")
assert file() == b"a" + b"\0" * (len(data) - 2) + b"z"

for last in ("abort", "send"):
    stream = conn.newStream()
    vol.upload(stream, 0, 0)
    stream.send(b"x")
    if last == "abort":
        stream.abort()
        continue
    try:
        for _ in range(1000):
            stream.send(data)
        stream.finish()
        raise AssertionError("more than fits was taken")
    except libvirt.libvirtError as e:
        assert "more than fits" in str(e), e
vol.delete()
conn.close()
PYTHON
