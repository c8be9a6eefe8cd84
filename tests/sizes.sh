#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Memory and vCPUs of a domain set, its disks measured and its devices listed: by virtjob and by
# unmodified virsh, which must be told the same.
. "$(dirname "$0")/functions.sh"
require_cmd virsh qemu-img qemu-system-x86_64 python3

start_daemon
truncate -s 3M "$dir/raw"
echo data >"$dir/raw.head" && dd if="$dir/raw.head" of="$dir/raw" conv=notrunc status=none
qemu-img create -q -f qcow2 "$dir/cow" 7M
# what is raw is raw, though a guest wrote another format's header into it
cp "$dir/cow" "$dir/lie"

disk() # TARGET FORMAT FILE
{
    echo "<disk type='file' device='disk'><driver name='qemu' type='$2'/>" \
        "<source file='$3'/><target dev='$1' bus='virtio'/></disk>"
}

devices="$(disk vda raw "$dir/raw") $(disk vdb qcow2 "$dir/cow") $(disk vdc raw "$dir/lie")
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
    <interface type='user'><mac address='52:54:00:00:00:01'/></interface>
    <graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/>"
guest_xml g tick | sed "s,model='none',model='virtio',
    s,</devices>,$(tr -d '\n' <<<"$devices")&," >"$dir/g.xml"
check virtjob define "$dir/g.xml"

xml() # DUMPXML-OPTIONS: memory, current memory and vCPUs
{
    virtjob dumpxml g "$@" | sed -n 's,.*<\(memory\|currentMemory\|vcpu\)[ >].*,&,p' | tr -d ' \n'
}

both() # WANT COMMAND ...: virtjob and virsh say it
{
    local want=$1 tool
    shift
    for tool in virtjob virsh; do
        equal "$("$tool" "$@" | sed '/^$/d')" "$want" "what $tool says to $*"
    done
}

# --- shut off: the definition ---
check virtjob setmaxmem g 64M
check virtjob setmem g 49152
equal "$(xml)" "<memoryunit='KiB'>65536</memory><currentMemoryunit='KiB'>49152</currentMemory>$(
    )<vcpuplacement='static'>1</vcpu>"
expect 0 "Used memory:    49152 KiB" virsh dominfo g
check virsh setmaxmem g 40960 # what it has goes down with it
expect 0 "Used memory:    40960 KiB" virtjob dominfo g
expect 1 "higher than max memory" virtjob setmem g 1G
expect 1 "higher than max memory" virsh setmem g 1G --config
expect 1 "not running" virtjob setmem g 40960 --live
expect 2 "no size" virtjob setmem g much
expect 2 "--current" virtjob setmem g 1M --current --live
expect 1 "greater than zero" virtjob setmem g 0
check virtjob setmaxmem g 64M --config

check virsh setvcpus g 4 --maximum --config
check virsh setvcpus g 2 --config
[[ $(xml) == *"<vcpuplacement='static'current='2'>4</vcpu>" ]] || fail "vcpus: $(xml)"
check virtjob setvcpus g 4
[[ $(xml) == *"<vcpuplacement='static'>4</vcpu>" ]] || fail "vcpus: $(xml)"
check virtjob setvcpus g 2 --maximum # what it has goes down with it
both "maximum      config         2
current      config         2" vcpucount g
both 2 vcpucount g --maximum --config
expect 1 "greater than max allowable" virtjob setvcpus g 3
expect 1 "greater than max allowable" virsh setvcpus g 3 --config
expect 1 "maximum vCPUs of machine type" virtjob setvcpus g 60000 --maximum
expect 1 "not running" virsh setvcpus g 1
expect 1 "not running" virtjob setvcpus g 1 --guest
check virsh setvcpus g 1 --config
check virsh setvcpus g 2 --hotpluggable --config
expect 0 "<vcpu id='1' enabled='yes' hotpluggable='yes'/>" virsh dumpxml g
expect 2 "no number" virtjob setvcpus g 0
check virtjob setvcpus g 1

# a topology and a list of vCPUs say how many there are
sed "s,<name>g<,<name>t<,; s,</os>,&<cpu><topology sockets='1' cores='2' threads='1'/></cpu>,
    s,<devices>,<vcpu>2</vcpu>&," "$dir/g.xml" >"$dir/t.xml"
check virtjob define "$dir/t.xml"
expect 1 "topology" virtjob setvcpus t 3 --maximum
check virtjob setvcpus t 1

# --- disks and the rest ---
sizes() # VIRTUAL FILE
{
    printf 'Capacity:       %s\nAllocation:     %s\nPhysical:       %s' "$1" \
        "$(($(stat -c %b "$2") * 512))" "$(stat -c %s "$2")"
}
measured()
{
    both "$(sizes $((3 << 20)) "$dir/raw")" domblkinfo g vda
    both "$(sizes $((7 << 20)) "$dir/cow")" domblkinfo g "$dir/cow"
    both "$(sizes "$(stat -c %s "$dir/lie")" "$dir/lie")" domblkinfo g vdc
    expect 0 "3.00 MiB" virtjob domblkinfo g vda --human
    expect 0 " sda      -          -            -" virtjob domblkinfo g --all
    expect 1 "not assigned to domain" virtjob domblkinfo g vdz
    expect 1 "not assigned to domain" virsh domblkinfo g vdz
    expect 1 "does not currently have a source" virsh domblkinfo g sda
    expect 2 "name a disk" virtjob domblkinfo g
    equal "$(virtjob domblklist g)" "$(virsh domblklist g | sed '$d')"
    equal "$(virtjob domblklist g --details)" "$(virsh domblklist g --details | sed '$d')"
    equal "$(virtjob domiflist g --inactive)" "$(virsh domiflist g --inactive | sed '$d')"
}
measured
rm "$dir/lie"
expect 1 "No such file" virtjob domblkinfo g vdc
mkfifo "$dir/lie"
expect 1 "is no file" virtjob domblkinfo g vdc
rm "$dir/lie" && cp "$dir/cow" "$dir/lie"
# an image in a block device takes what nobody knows of it; a raw one takes all
truncate -s 8M "$dir/device"
if loop=$(losetup -f --show "$dir/device" 2>/dev/null); then
    at_exit losetup -d "$loop"
    qemu-img create -q -f qcow2 "$loop" 7M
    for format in qcow2 raw; do
        disk="<disk type='block' device='disk'><driver name='qemu' type='$format'/>"
        disk="$disk<source dev='$loop'/><target dev='vda'/></disk>"
        guest_xml b tick | sed "s,</devices>,$disk&," >"$dir/b.xml"
        check virtjob define "$dir/b.xml"
        size=$((8 << 20)) taken=$((8 << 20))
        [ $format = raw ] || size=$((7 << 20)) taken=0
        both "Capacity:       $size
Allocation:     $taken
Physical:       $((8 << 20))" domblkinfo b vda
        check virtjob undefine b
    done
else
    echo "not tried: there are no loop devices for an image in a block device"
fi
expect 1 "not running" virtjob vncdisplay g
expect 1 "not running" virtjob ttyconsole g
mkdir "$dir/pool"
check virtjob pool-create-as p dir --target "$dir/pool"
check virtjob vol-create-as p v 2M --format qcow2
guest_xml v | sed "s,</devices>,<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>$(
    )<source pool='p' volume='v'/><target dev='vdb' bus='virtio'/></disk>&," >"$dir/v.xml"
check virtjob define "$dir/v.xml"
both "$(sizes $((2 << 20)) "$dir/pool/v")" domblkinfo v vdb
check virtjob pool-destroy p
expect 1 "no storage pool" virtjob domblkinfo v vdb

# --- running ---
check virtjob start g
booted g
measured
[[ $(virtjob vncdisplay g) =~ ^127\.0\.0\.1:[0-9]+$ ]] || fail "a display: $(virtjob vncdisplay g)"
equal "$(virtjob vncdisplay g)" "$(virsh vncdisplay g | sed '/^$/d')"
expect 1 "no console on a terminal" virtjob ttyconsole g
both "maximum      config         2
maximum      live           2
current      config         1
current      live           1" vcpucount g
check virsh setvcpus g 1
check virtjob setvcpus g 2
expect 0 "current      live           2" virtjob vcpucount g
expect 1 "none is taken out" virtjob setvcpus g 1
expect 1 "none is taken out" virsh setvcpus g 1 --live --config
expect 1 "live domain can't be modified" virtjob setvcpus g 2 --maximum --live
check virtjob setvcpus g 2 --config
expect 1 "active domain" virtjob setmaxmem g 65536
expect 1 "higher than max memory" virtjob setmem g 65537

# The guest has no driver for its balloon: asked, it keeps what it has; what it was asked for is
# what a restored one will be asked again.
check virtjob setmem g 48M --live --config
expect 0 "Used memory:    65536 KiB" virsh dominfo g
[[ $(xml) == *">65536</currentMemory>"* ]] || fail "of the running one: $(xml)"
[[ $(xml --inactive) == *">49152</currentMemory>"* ]] || fail "of the definition: $(xml --inactive)"
restart_daemon
used() { [[ $(virtjob dominfo g) == *"Used memory:    $1 KiB"* ]]; }
wait_until 20 used 65536 # QEMU is asked, as soon as it is found again
expect 0 "actual=64" virtjob qemu-monitor-command g --hmp info balloon
check virtjob save g "$dir/image"
expect 0 ">49152</currentMemory>" virtjob save-image-dumpxml "$dir/image"
rm "$dir/image"

# no balloon at all
guest_xml n >"$dir/n.xml"
check virtjob create "$dir/n.xml"
expect 1 "no balloon" virtjob setmem n 8192
expect 1 "transient" virsh setmem n 8192 --config
expect 0 "maximum      live           1" virtjob vcpucount n
expect 1 "transient" virtjob setvcpus n 1 --config
stop_daemon
