#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Snapshots by unmodified virsh, of a guest that is shut off and of one that runs: what it prints is
# the same as with libvirtd.
. "$(dirname "$0")/functions.sh"
require_cmd virsh qemu-img qemu-system-x86_64 python3

# snapshot_xml NAME: what virsh shows of it, without the domain.
snapshot_xml()
{
    virsh snapshot-dumpxml g "$1" | sed '/^  <domain /,/^  <.domain>/d;/^  <inactiveDomain /,/^  <.inactiveDomain>/d;/<cookie>/,/<.cookie>/d' |
        alike >>"$files/same"
}

shut_off()
{
    both snapshot-current g
    both snapshot-create-as g one "the first & only"
    both snapshot-create-as g two
    both snapshot-create-as g two
    both snapshot-create-as g ../x
    both snapshot-create-as g .x
    both snapshot-list g
    both snapshot-list g --tree
    both snapshot-list g --roots
    both snapshot-list g --leaves --name
    both snapshot-list g --parent
    both snapshot-list g --no-metadata
    both snapshot-info g two
    both snapshot-info g --current
    both snapshot-parent g two
    both snapshot-parent g one
    both snapshot-current g --name
    both snapshot-info g none
    snapshot_xml one
    snapshot_xml two
    both snapshot-revert g one
    both snapshot-current g --name
    both snapshot-create-as g three
    both snapshot-list g --tree
    both list --all --with-snapshot --name
    both undefine g
    both domrename g h
    both snapshot-revert h one
    both snapshot-list h --tree
    both domrename h g
    both snapshot-delete g two
    both snapshot-delete g one
    both snapshot-list g --tree
    both snapshot-create-as g outside --disk-only
    snapshot_xml outside
    both domblklist g
    both snapshot-revert g outside
    both snapshot-delete g outside
    both domblklist g
    both snapshot-create-as g outside --disk-only
    both snapshot-delete g outside --metadata
    editor "s,<name>three</name>,&<description>edited</description>,"
    both snapshot-edit g three
    snapshot_xml three
    both snapshot-edit g three --rename
}

running()
{
    both start g
    both blkdeviotune g vda --total-iops-sec 100 --live --config
    both snapshot-create-as g live1
    both domstate g --reason
    both snapshot-create-as g live2 --halt
    both domstate g --reason
    both snapshot-revert g live1
    both domstate g --reason
    both snapshot-revert g live1 --paused
    both domstate g --reason
    both snapshot-revert g live1 --running
    both domstate g --reason
    both snapshot-list g --tree
    both snapshot-list g --active
    snapshot_xml live1
    both snapshot-create-as g ext --disk-only --no-metadata --atomic
    both domblklist g
    both snapshot-create-as g ext2 --disk-only --diskspec "vda,file=$files/new"
    both snapshot-create-as g ext3 --disk-only --diskspec "vdz,file=$files/new2"
    both snapshot-create-as g ext3 --disk-only --diskspec "vda,file=$files/new"
    both snapshot-create-as g ext3 --quiesce --disk-only
    both snapshot-create-as g ext3 --live
    both domblklist g
    snapshot_xml ext2
    both snapshot-create-as g mem --memspec "file=$files/mem" --diskspec "vda,file=$files/new3"
    both domstate g --reason
    snapshot_xml mem
    both snapshot-create-as g mem2 --memspec "$files/mem2" --live --diskspec "vda,file=$files/new4"
    both domstate g --reason
    both domblklist g
    both snapshot-create-as g mem3 --memspec "$files/mem3" --disk-only
    both snapshot-create-as g mem3 --memspec mem3
    both snapshot-create-as g mem3 --memspec "$files/mem3,snapshot=internal"
    both snapshot-create-as g mem3 --memspec "$files/mem3" --diskspec vda,snapshot=internal
    both snapshot-revert g mem
    both snapshot-list g --active --external
    both snapshot-list g --external
    both snapshot-list g --disk-only --name
    both snapshot-delete g ext2 --children
    both snapshot-delete g mem
    both snapshot-list g --tree
    both domblklist g
    both snapshot-delete g mem2
    both domblklist g
    both snapshot-current g --name
    both snapshot-delete g live2 --metadata
    both snapshot-delete g live1 --children --metadata
    both snapshot-list g
    both snapshot-current g
    both destroy g
    both undefine g --snapshots-metadata
}

snapshots()
{
    : >"$files/same"
    make_pool
    check virsh vol-create-as p cow 5M --format qcow2
    guest_xml g tick 0 "<uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>" |
        sed "s,$dir/serial,$files/serial,;s,</devices>,<disk type='file' device='disk'>$(
    )<driver name='qemu' type='qcow2'/><source file='$files/p/cow'/>$(
    )<target dev='vda' bus='virtio'/></disk>&," >"$files/g.xml"
    check virsh define "$files/g.xml"
    shut_off
    running
    check virsh pool-destroy p
    check virsh pool-undefine p
}

start_daemon
each_server snapshots
same_in_both
stop_daemon
