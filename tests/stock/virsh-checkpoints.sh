#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Checkpoints by unmodified virsh: what it prints is the same as with libvirtd.
. "$(dirname "$0")/functions.sh"
require_cmd virsh qemu-img qemu-system-x86_64 python3

# checkpoint_xml NAME OPTION ...: what virsh shows of it, without the domain.
checkpoint_xml()
{
    virsh checkpoint-dumpxml g "$@" 2>&1 | sed '/^  <domain /,/^  <.domain>/d' |
        alike >>"$files/same"
}

# redefine SED-SCRIPT OPTION ...: two's text, as it was first, with something changed.
redefine()
{
    local script=$1
    shift
    sed "$script" "$files/two.xml" >"$files/changed.xml"
    chmod 644 "$files/changed.xml"
    both checkpoint-create g "$files/changed.xml" --redefine "$@"
}

made()
{
    both checkpoint-create g
    both checkpoint-list g
    both start g --paused
    both checkpoint-create-as g one "the first & only" --diskspec vda
    both checkpoint-create-as g one --diskspec vda
    both checkpoint-create-as g two --diskspec vda --diskspec vdb
    both checkpoint-create-as g three --diskspec vda,checkpoint=no
    both checkpoint-create-as g three --diskspec vda,checkpoint=no --print-xml
    both checkpoint-create-as g four --diskspec vda,bitmap=another
    both checkpoint-create-as g four --diskspec vdz
    both checkpoint-create-as g four --diskspec vda --diskspec vda
    both checkpoint-create-as g four --diskspec vdc
    both checkpoint-create-as g four --diskspec sda
    both checkpoint-create-as g four
    tell checkpoint-create-as g .x --diskspec vda
    tell checkpoint-create-as g four --diskspec vda --quiesce
}

listed()
{
    local how
    for how in '' --tree --roots --leaves --no-leaves --parent --name --topological '--from one' \
        '--from one --descendants' '--from two --tree' '--from two --leaves'; do
        # shellcheck disable=SC2086  # words
        both checkpoint-list g $how
    done
    both checkpoint-info g one
    both checkpoint-info g three
    both checkpoint-info g none
    both checkpoint-parent g one
    both checkpoint-parent g two
    both list --all --with-checkpoint --name
    both list --all --without-checkpoint --name
    checkpoint_xml one
    checkpoint_xml two
    checkpoint_xml three --no-domain
    checkpoint_xml two --size
    checkpoint_xml two --no-domain --size --security-info
    check virsh checkpoint-dumpxml g two --security-info >/dev/null
    virsh checkpoint-dumpxml g two --security-info >"$files/two.xml"
}

edited()
{
    editor "s,<description>.*<,<description>edited<,"
    check virsh checkpoint-edit g one
    expect 0 "<description>edited</description>" virsh checkpoint-dumpxml g one
}

changed()
{
    [ $server = libvirtd ] || edited # with which virsh 9.0 crashes here
    both checkpoint-delete g two --metadata
    both checkpoint-list g --tree
    redefine ''
    redefine '' --redefine-validate
    redefine 's,<name>two<,<name>other<,'
    redefine "s,<name>two<,<name>other<,;s,bitmap='two',bitmap='none'," --redefine-validate
    redefine 's,<name>one<,<name>gone<,'
    redefine 's,<name>one<,<name>two<,'
    redefine 's,<uuid>........,<uuid>11111111,'
    sed '/<creationTime>/d' "$files/two.xml" >"$files/changed.xml"
    tell checkpoint-create g "$files/changed.xml" --redefine
    both checkpoint-list g --tree
    both checkpoint-delete g other --metadata
    both checkpoint-create-as g five --diskspec vda
    both checkpoint-create-as g six --diskspec vda
    both checkpoint-list g --tree
    both checkpoint-delete g five
    both checkpoint-list g --tree
    both checkpoint-delete g five
    both checkpoint-delete g one --children --children-only
    both checkpoint-delete g two --children
    both checkpoint-delete g one --children-only
    both checkpoint-list g --tree
    virsh checkpoint-dumpxml g one --security-info >"$files/two.xml"
    both checkpoint-delete g one --metadata
    redefine ''
    both checkpoint-create-as g two --diskspec vda
    both checkpoint-list g --tree
    virsh checkpoint-dumpxml g two --security-info >"$files/two.xml"
    both checkpoint-delete g two --metadata
    redefine ''
    both checkpoint-create-as g three --diskspec vda
    both checkpoint-list g --tree
    both checkpoint-delete g one --children
}

shut_off()
{
    both checkpoint-create-as g seven --diskspec vda
    both checkpoint-create-as g eight --diskspec vdb
    both destroy g
    both checkpoint-list g --tree
    both undefine g
    both checkpoint-dumpxml g seven --size
    redefine '' --redefine-validate
    both checkpoint-create-as g nine --diskspec vda
    both domrename g h
    both checkpoint-list h --name
    both domrename h g
    both checkpoint-delete g seven --metadata --children-only
    both checkpoint-list g --tree
    tell checkpoint-delete g seven
    virsh checkpoint-delete g seven --metadata >/dev/null 2>&1
    both checkpoint-list g
    both start g
    both checkpoint-create-as g ten --diskspec vda
    both destroy g
    tell undefine g --checkpoints-metadata
}

# image NAME FORMAT: with libvirtd it is another user's.
image()
{
    check qemu-img create -q -f "$2" "$files/$1" 5M
    [ $server = virtjobd ] || [ "$(id -u)" != 0 ] || chown nobody "$files/$1"
}

# disk TARGET NAME FORMAT
disk()
{
    echo "<disk type='file' device='disk'><driver name='qemu' type='$3'/><source file='$files/$2'/>$(
    )<target dev='$1' bus='virtio'/></disk>"
}

checkpoints()
{
    : >"$files/same"
    image a qcow2
    image b qcow2
    image c raw
    guest_xml g tick 0 "<uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>" |
        sed "s,$dir/serial,$files/serial,;s,</devices>,$(disk vda a qcow2)$(
        )$(disk vdb b qcow2)$(disk vdc c raw)$(
        )<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>&," >"$files/g.xml"
    check virsh define "$files/g.xml"
    made
    listed
    changed
    shut_off
}

start_daemon
each_server checkpoints
same_in_both
stop_daemon
