#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unmodified virsh on our daemon, every command of it for pools and volumes but those of
# virsh-streams.sh; and a clone started asynchronously by unmodified python3-libvirt.
. "$(dirname "$0")/../functions.sh"
require_cmd virsh qemu-img

start_daemon
p=$dir/p
mkdir "$dir/q"

# pools
check virsh pool-define-as p dir --target "$p"
check virsh pool-build p
check virsh pool-start p
expect 1 "not valid" virsh pool-start p
check virsh pool-autostart p
check virsh pool-autostart p --disable
check virsh pool-refresh p
for option in "" --all "--all --details" "--all --uuid" "--all --name" --inactive --transient \
    --persistent --autostart "--type dir"; do
    # shellcheck disable=SC2086 # options are words
    check virsh pool-list $option
done
expect 0 "running" virsh pool-info p
check virsh pool-info p --bytes
expect 0 "<path>$p</path>" virsh pool-dumpxml p
expect 0 "<path>$p</path>" virsh pool-dumpxml p --inactive
uuid=$(virsh pool-uuid p)
expect 0 p virsh pool-name "$uuid"
check virsh pool-create-as t dir --target "$dir/t" --build
expect 0 "pool type='dir'" virsh pool-capabilities
refuse virsh find-storage-pool-sources dir
refuse virsh find-storage-pool-sources-as netfs
virsh pool-dumpxml t >"$dir/t.xml"
check virsh pool-destroy t
check virsh pool-create "$dir/t.xml"
check virsh pool-destroy t
check virsh pool-create "$dir/t.xml" --build
expect 1 "not valid" virsh pool-create "$dir/t.xml"
check virsh pool-destroy t
check virsh pool-define "$dir/t.xml"
check virsh pool-start t --build
printf '#!/bin/sh\nsed -i "s,/t</path>,/q</path>," "$1"\n' >"$dir/editor"
chmod +x "$dir/editor"
EDITOR=$dir/editor check virsh pool-edit t
expect 0 "$dir/q" virsh pool-dumpxml t --inactive
check virsh pool-destroy t
check virsh pool-start t
expect 1 "not valid" virsh pool-undefine t
expect 1 "no storage pool" virsh pool-info none

# volumes
check virsh vol-create-as p raw 8M
expect 1 "exists already" virsh vol-create-as p raw 8M
check virsh vol-create-as p sparse 8M --allocation 0
check virsh vol-create-as p sparse 8M --allocation 0 --print-xml
check virsh vol-create-as p q.qcow2 8M --format qcow2 --allocation 0
check virsh vol-create-as p m.qcow2 8M --format qcow2 --allocation 0 --prealloc-metadata
check virsh vol-create-as p b.qcow2 8M --format qcow2 --allocation 0 --backing-vol q.qcow2 \
    --backing-vol-format qcow2
for vol in q m b; do
    qemu-img check -q "$p/$vol.qcow2"
done
expect 0 "$p/raw" virsh vol-list p
expect 0 "8.00 MiB" virsh vol-list p --details
expect 1 "no storage pool" virsh vol-list none
expect 0 "8.00 MiB" virsh vol-info raw p
expect 0 "8388608 bytes" virsh vol-info raw p --bytes
expect 0 "Physical" virsh vol-info sparse p --physical
expect 0 "8.00 MiB" virsh vol-info "$p/raw"
expect 1 "no storage vol" virsh vol-info none p
expect 1 "no storage vol" virsh vol-info none
expect 0 "<name>raw</name>" virsh vol-dumpxml raw p
expect 0 "$p/raw" virsh vol-key raw p
expect 0 "$p/raw" virsh vol-path raw p
expect 0 raw virsh vol-name "$p/raw"
expect 0 p virsh vol-pool "$p/raw"
check virsh vol-clone raw raw2 p
cmp "$p/raw" "$p/raw2"
check virsh vol-clone q.qcow2 q2.qcow2 p
qemu-img compare -q "$p/q.qcow2" "$p/q2.qcow2"
virsh vol-dumpxml raw p | sed 's,<name>raw<,<name>from<,' >"$dir/from.xml"
check virsh vol-create-from t "$dir/from.xml" raw --inputpool p
cmp "$p/raw" "$dir/q/from"
sed 's,<name>from<,<name>new<,' "$dir/from.xml" >"$dir/new.xml"
check virsh vol-create t "$dir/new.xml"
check virsh vol-resize raw 16M p
check virsh vol-resize raw 1M p --delta
check virsh vol-resize raw 4M p --shrink
equal "$(stat -c %s "$p/raw")" 4194304
expect 1 "shrink" virsh vol-resize raw 1M p
for algorithm in zero random nnsa dod bsi gutmann schneier pfitzner7 pfitzner33 trim; do
    check virsh vol-wipe sparse p --algorithm $algorithm
done
check virsh vol-wipe raw p
expect 1 "unsupported flags" virsh vol-delete raw p --delete-snapshots
check virsh vol-delete raw p
check virsh vol-delete raw2 --pool p
expect 1 "no storage vol" virsh vol-delete raw p

# the ASYNC bit by a binding that knows nothing of it
if /usr/bin/python3 -c 'import libvirt' 2>/dev/null; then
    python3 -c 'import os, sys
with open(sys.argv[1], "wb") as f:
    for i in range(64):
        f.write(os.urandom(1 << 20))' "$p/data"
    check virsh pool-refresh p
    /usr/bin/python3 - "$uri" <<'END'
import libvirt, sys
conn = libvirt.open(sys.argv[1])
pool = conn.storagePoolLookupByName("p")
vol = pool.createXMLFrom("<volume><name>async</name><allocation>0</allocation></volume>",
                         pool.storageVolLookupByName("data"), 1 << 30)
assert vol.name() == "async", vol.name()
assert "async" in pool.listVolumes()
assert vol.info()[1] == 64 << 20, vol.info()
try:
    pool.createXMLFrom("<volume><name>async</name></volume>", vol, 1 << 30)
    sys.exit("made twice")
except libvirt.libvirtError as e:
    assert e.get_error_code() == libvirt.VIR_ERR_STORAGE_VOL_EXIST, e
conn.close()
END
    job=$(virtjob jobs --all --vol async --json |
        python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')
    check virtjob job-wait "$job"
    cmp "$p/data" "$p/async"
else
    echo "not tried: python3-libvirt is not installed"
fi

check virsh pool-destroy p
expect 1 "not active" virsh vol-list p
expect 1 "Directory not empty" virsh pool-delete p
rm -r "$p"
mkdir "$p"
check virsh pool-delete p
check virsh pool-undefine p

# what there is none of: lists are empty, events may be waited for, acting on one is not supported
# (libvirt makes NO_SUPPORT of an unknown procedure, and keeps its text)
for list in net-list "net-list --all" iface-list "iface-list --all" nodedev-list nwfilter-list \
    secret-list; do
    # shellcheck disable=SC2086 # options are words
    check virsh -q $list
    equal "$out" "" "$list"
done
for event in net-event nodedev-event secret-event; do
    expect 1 "event loop timed out" virsh "$event" --event lifecycle --timeout 1
done
for command in "net-info default" "nodedev-dumpxml computer" "nwfilter-dumpxml x" \
    "iface-dumpxml lo" "secret-dumpxml 6f8dd2ea-1df5-4ef4-a9b0-5f0d2f3d6a3a"; do
    # shellcheck disable=SC2086 # options are words
    expect 1 "unknown procedure" virsh $command
done
if /usr/bin/python3 -c 'import libvirt' 2>/dev/null; then
    LIBVIRT_URI=$uri /usr/bin/python3 - <<'END'
import os
import libvirt

conn = libvirt.open(os.environ["LIBVIRT_URI"])
for count in ("Networks", "DefinedNetworks", "Interfaces", "DefinedInterfaces", "NWFilters",
              "Secrets"):
    assert getattr(conn, "numOf" + count)() == 0, count
    assert getattr(conn, "list" + count)() == [], count
assert conn.numOfDevices(None) == 0 and conn.listDevices(None) == []
for list_all in ("Networks", "Interfaces", "Devices", "NWFilters", "Secrets"):
    assert getattr(conn, "listAll" + list_all)() == [], list_all
try:
    conn.networkLookupByName("default")
    raise AssertionError("there is a network")
except libvirt.libvirtError as e:
    assert e.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT, e
END
else
    echo "not tried: python3-libvirt is not installed"
fi
stop_daemon
