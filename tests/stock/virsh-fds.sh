#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unmodified virsh passes an image by its descriptor, and starts guests that lack what they need not
# have: what it prints is the same as with libvirtd.
. "$(dirname "$0")/functions.sh"
require_cmd virsh qemu-img qemu-system-x86_64 python3

disk() # SOURCE TARGET DEVICE
{
    echo "<disk type='file' device='$3'><driver name='qemu' type='raw'/><source $1/>$(
    )<target dev='$2' bus='$([ "$3" = disk ] && echo virtio || echo sata)'/></disk>"
}

define() # DISKS
{
    guest_xml g tick 0 "<uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e12</uuid>" |
        sed "s,$dir/serial,$files/serial,;s|</devices>|$1&|" >"$files/g.xml"
    check virsh define "$files/g.xml"
}

disks()
{
    virsh dumpxml g "$@" --xpath //disk/source | alike >>"$files/same"
    both domblklist g --details
}

passed()
{
    exec 9<>"$files/image" 8<"$files/image"
    rm "$files/image"
    define "$(disk "file='$files/image' fdgroup='grp'" vda disk)"
    both start g
    both "dom-fd-associate g grp 9; start g"
    disks
    disks --inactive
    both domblkinfo g vda
    both blockresize g vda 2M
    both "dom-fd-associate g grp 9 --seclabel-restore --seclabel-writable; destroy g; start g"
    both destroy g
    both dom-fd-associate g grp 77
    tell "dom-fd-associate g grp 8; start g"
    both "dom-fd-associate none grp 8"
    both undefine g
    exec 9>&- 8<&-
}

without()
{
    define "$(disk "file='$files/gone' startupPolicy='optional'" sda cdrom)$(
        disk "file='$files/gone' startupPolicy='optional'" vda disk)$(
        disk "file='$files/here' startupPolicy='optional'" vdb disk)"
    both start g
    disks
    disks --inactive
    both destroy g
    define "$(disk "file='$files/gone' startupPolicy='requisite'" sda cdrom)"
    tell start g
    : >"$files/gone"
    both start g
    both save g "$files/saved"
    rm "$files/gone"
    both restore "$files/saved"
    both domblklist g
    both destroy g
    both undefine g
}

images()
{
    : >"$files/same"
    for name in image here; do
        truncate -s 1M "$files/$name"
        [ $server = virtjobd ] || chmod 666 "$files/$name"
    done
    passed
    without
}

start_daemon
each_server images
same_in_both
stop_daemon
