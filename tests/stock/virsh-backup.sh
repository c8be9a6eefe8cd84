#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Backups by unmodified virsh, pushed and pulled, in full and since a checkpoint: what it prints, and
# which files there are then, is the same as with libvirtd.
. "$(dirname "$0")/functions.sh"
require_cmd virsh qemu-img qemu-nbd qemu-system-x86_64 python3

# give NAME: standard input becomes a document of that name; FILES in it the folder.
give()
{
    sed "s,FILES,$files,g" >"$files/$1.xml"
}

ended()
{
    virsh domjobinfo g 2>&1 | grep -q "None"
}

# What took how long is another thing each time.
job_info()
{
    printf '$ virsh domjobinfo %s\n%s\n' "$*" "$(virsh domjobinfo "$@" 2>&1)" |
        sed '/^Time /d;/bandwidth/d' | alike >>"$files/same"
}

# Indexes are QEMU's.
backup_xml()
{
    virsh backup-dumpxml g 2>&1 | sed "s/ index='[0-9]*'//" | alike >>"$files/same"
}

files_now()
{
    find "$files" -maxdepth 1 ! -name '*.xml' ! -name same -type f -printf '%f\n' | sort |
        sed 's/\.[0-9]*$/.TIME/' >>"$files/same"
    rm -f "$files"/disk.* "$files"/raw.*
}

push()
{
    both backup-dumpxml g
    both domjobabort g
    both backup-begin g
    wait_until 20 ended
    job_info g --completed
    files_now
    give one <<<"<domainbackup><disks><disk name='vdb' type='file'><target file='FILES/one'/><driver type='raw'/></disk></disks></domainbackup>"
    both backup-begin g "$files/one.xml"
    wait_until 20 ended
    both backup-begin g "$files/one.xml"
    both backup-begin g "$files/one.xml" --reuse-external
    wait_until 20 ended
    both backup-begin g "$files/none.xml"
    give wrong <<<"<domainbackup><disks><disk name='vdx' type='file'><target file='FILES/x'/></disk></disks></domainbackup>"
    both backup-begin g "$files/wrong.xml"
    give wrong <<<"<domainbackup><disks><disk name='vda' backup='no'/></disks></domainbackup>"
    both backup-begin g "$files/wrong.xml"
    give wrong <<<"<domainbackup><foo/></domainbackup>"
    both backup-begin g "$files/wrong.xml"
    files_now
}

incremental()
{
    give since <<<"<domainbackup><incremental>c1</incremental><disks><disk name='vda' type='file'><target file='FILES/since'/><driver type='qcow2'/></disk></disks></domainbackup>"
    both backup-begin g "$files/since.xml"
    give c1 <<<"<domaincheckpoint><name>c1</name><disks><disk name='vda'/></disks></domaincheckpoint>"
    both backup-begin g --checkpointxml "$files/c1.xml"
    wait_until 20 ended
    both checkpoint-list g --name
    files_now
    both backup-begin g "$files/since.xml"
    wait_until 20 ended
    qemu-img info "$files/since" | sed -n '/^backing/p;/^virtual/p' | alike >>"$files/same"
    give since <<<"<domainbackup><incremental>c1</incremental><disks><disk name='vdb' type='file'><target file='FILES/x'/><driver type='raw'/></disk></disks></domainbackup>"
    both backup-begin g "$files/since.xml"
    files_now
}

pull()
{
    give pull <<<"<domainbackup mode='pull'><incremental>c1</incremental><server transport='unix' socket='FILES/sock'/><disks><disk name='vda' type='file' exportname='a' exportbitmap='b'><scratch file='FILES/scratch'/></disk><disk name='vdb' type='file' backupmode='full'><scratch file='FILES/scratch2'/></disk></disks></domainbackup>"
    both backup-begin g "$files/pull.xml"
    backup_xml
    job_info g
    both blockjob g vda --info
    qemu-nbd --list -k "$files/sock" | alike >>"$files/same"
    both suspend g
    both resume g
    files_now
    both domjobabort g
    wait_until 20 ended
    job_info g --completed
    both backup-dumpxml g
    files_now
    give pull <<<"<domainbackup mode='pull'><server name='localhost'/></domainbackup>"
    both backup-begin g "$files/pull.xml"
    give pull <<<"<domainbackup mode='pull'/>"
    both backup-begin g "$files/pull.xml"
}

backups()
{
    : >"$files/same"
    qemu-img create -q -f qcow2 "$files/disk" 5M
    qemu-img create -q -f raw "$files/raw" 3M
    [ $server = virtjobd ] || [ "$(id -u)" != 0 ] || chown -R nobody "$files"
    guest_xml g tick 0 "<uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>" |
        sed "s,$dir/serial,$files/serial,;s,</devices>,$(
    )<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$files/disk'/>$(
    )<target dev='vda' bus='virtio'/></disk>$(
    )<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$files/raw'/>$(
    )<target dev='vdb' bus='virtio'/></disk>&," >"$files/g.xml"
    check virsh define "$files/g.xml"
    both backup-begin g
    check virsh start g
    push
    incremental
    pull
    check virsh destroy g
    check virsh undefine g --checkpoints-metadata
}

# Where a document is wrong libvirt says in lines of their own.
without_places()
{
    sed -i '/^Element [a-z]* \(has\|failed\)/d;/^Invalid attribute/d;/^Extra element/d' "$1"
}

start_daemon
each_server backups
[ ! -e "$dir/l/files/same" ] || without_places "$dir/l/files/same"
same_in_both
stop_daemon
