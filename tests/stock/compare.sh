#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What unmodified virsh prints, by our daemon and by libvirtd in the same state: where the two are
# meant to be the same the test fails if they are not; other differences it only tells.
. "$(dirname "$0")/functions.sh"
require_cmd virsh qemu-img qemu-system-x86_64 python3

pools_and_volumes()
{
    make_pool
    both pool-list --all
    tell pool-dumpxml p --inactive
    both vol-create-as p raw 3M
    both vol-create-as p cow 5M --format qcow2
    both vol-create-as p over 5M --format qcow2 --backing-vol cow --backing-vol-format qcow2
    both vol-list p --details
    both vol-info cow p --bytes
    both vol-path over p
    both vol-clone raw raw2 p
    both vol-resize raw2 4M p
    both vol-resize raw2 1M p
    both vol-wipe raw2 p
    tell vol-info raw2 p --bytes
    both vol-delete raw2 p
    both vol-delete raw2 p
    both vol-create-as p raw 1M
    tell vol-create-as p a/b 1M
    both vol-info none p
    both vol-key raw p
    both vol-pool "$files/p/raw"
    both pool-autostart p --disable
    both pool-start p
    both pool-info none
    both pool-delete p
    both pool-undefine p
    both net-list --all
    tell iface-list --all
    both nwfilter-list
    both secret-list
    tell vol-dumpxml over p
    tell pool-build p
}

definitions()
{
    guest_xml g tick 0 "<uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>" |
        sed "s,$dir/serial,$files/serial,; s,model='none',model='virtio',
            s,</devices>,<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>$(
    )<source file='$files/p/cow'/><target dev='vda' bus='virtio'/></disk>&," >"$files/g.xml"
    both define "$files/g.xml"
    both list --all
    both dumpxml g
    tell dominfo g
    both domstate g --reason
    both vcpucount g
    both domblklist g --details
    both domblkinfo g vda
    both domblkinfo g vdz
    both domiflist g
    both setvcpus g 3 --maximum --config
    both setvcpus g 2 --config
    both setvcpus g 4 --config
    both setvcpus g 1
    both setmaxmem g 32M
    both setmem g 24M --config
    both setmem g 1G --config
    both setmem g 1M --live
    both dumpxml g
    both desc g --title a title --config
    both desc g --title
    both metadata g urn:u --key k --set "<a b='1'/>"
    tell metadata g urn:u
    both metadata g urn:none
    both domrename g h
    both domrename h g
    both autostart g
    both autostart g --disable
    for word in shutdown reset destroy suspend resume managedsave domid domcontrol vncdisplay; do
        both $word g
    done
    both undefine none
    tell define /dev/null
    both managedsave-remove g
    both snapshot-list g
}

booted_there()
{
    grep -q F "$files/serial-g" 2>/dev/null
}

running()
{
    both start g
    both start g
    wait_until 60 booted_there
    both list
    both domstate g --reason
    both domjobinfo g
    both domjobabort g
    both domcontrol g
    both suspend g
    both domstate g --reason
    both resume g
    both domblkinfo g vda
    both vcpucount g
    both setvcpus g 2 --maximum --live
    both setmaxmem g 64M
    both setmem g 1G
    both undefine none
    tell qemu-monitor-command g '{"execute":"query-status"}'
    both save g "$files/image"
    both domstate g --reason
    both restore "$files/image"
    both domstate g --reason
    both managedsave g
    both list --all --managed-save
    both undefine g
    both start g
    both domstate g --reason
    both destroy g
    both domstate g --reason
    both undefine g --managed-save
    both pool-destroy p
    both pool-undefine p
}

session()
{
    : >"$files/same"
    pools_and_volumes
    definitions
    running
}

start_daemon
each_server session
same_in_both
stop_daemon
