#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Volumes from the command line: making, cloning, converting, wiping, resizing and deleting
# real files, and what may not be.
. "$(dirname "$0")/functions.sh"
require_cmd qemu-img
require_space 300

MIB=$((1 << 20))
start_daemon
p=$dir/p q=$dir/q
check virtjob pool-create-as p dir --target "$p" --build
check virtjob pool-create-as q dir --target "$q" --build

info() # FIELD VOL POOL
{
    virtjob vol-info "$2" "$3" --bytes | sed -n "s/^$1: *\([0-9]*\).*/\1/p"
}

du_bytes()
{
    echo $(($(stat -c %b "$1") * 512))
}

xml_has() # LINE VOL POOL
{
    out=$(virtjob vol-dumpxml "$2" "$3")
    grep -qxF -- "$1" <<<"$out" || fail "no line '$1' in: $out"
}

image() # KEY VOL-PATH: of qemu-img info
{
    qemu-img info --output=json "$2" | python3 -c 'import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value.get(key) if isinstance(value, dict) else None
print(value)' "$1"
}

same() # FORMAT PATH FORMAT PATH: what a guest reads from both
{
    qemu-img compare -q -f "$1" -F "$3" "$2" "$4" || fail "'$2' and '$4' differ"
}

sound()
{
    qemu-img check -q -f qcow2 "$1" || fail "qemu-img check of '$1': $?"
}

near() # GOT WANT WITHIN WHAT
{
    local off=$(($1 - $2))
    [ ${off#-} -le "$3" ] || fail "$4 is $1, not about $2"
}

nothing_left() # POOL-PATH
{
    [ -z "$(find "$1" -name '.virtjobd-*')" ] || fail "temporary files stay in $1"
}

vol_xml() # NAME ELEMENTS
{
    echo "<volume><name>$1</name>$2</volume>" >"$dir/vol.xml"
}

# raw: sparse, full, part of it
check virtjob vol-create-as p sparse 64M --allocation 0
check virtjob vol-create-as p full 8M
check virtjob vol-create-as p part 8M --allocation 4M
equal "$(stat -c %s "$p/sparse")" $((64 * MIB))
equal "$(du_bytes "$p/sparse")" 0
near "$(du_bytes "$p/full")" $((8 * MIB)) 65536 "blocks of full"
near "$(du_bytes "$p/part")" $((4 * MIB)) 65536 "blocks of part"
for vol in sparse full part; do
    equal "$(info Capacity $vol p)" "$(stat -c %s "$p/$vol")" "capacity of $vol"
    equal "$(info Allocation $vol p)" "$(du_bytes "$p/$vol")" "allocation of $vol"
    equal "$(stat -c %a "$p/$vol")" 600 "mode of $vol"
done
check virtjob vol-create-as p beyond 1M --allocation 9M # no more than the capacity
equal "$(stat -c %s "$p/beyond")" $MIB
vol_xml perm "<capacity unit='KiB'>3</capacity><target><permissions><mode>0640</mode>
    <owner>$(id -u)</owner><group>$(id -g)</group></permissions></target>"
check virtjob vol-create p "$dir/vol.xml"
equal "$(stat -c %a:%s "$p/perm")" 640:3072
xml_has "      <mode>0640</mode>" perm p
xml_has "      <mtime>$(stat -c %.9Y "$p/perm")</mtime>" perm p
vol_xml owned "<capacity>1</capacity><target><permissions><owner>1</owner><group>1</group></permissions></target>"
if [ "$(id -u)" = 0 ]; then
    check virtjob vol-create p "$dir/vol.xml"
    equal "$(stat -c %u:%g "$p/owned")" 1:1
else
    expect 1 "Operation not permitted" virtjob vol-create p "$dir/vol.xml"
    [ ! -e "$p/owned" ] || fail "a failed create left its file"
fi

# qcow2: options, preallocation, backing store
check virtjob vol-create-as p plain.qcow2 32M --format qcow2 --allocation 0
sound "$p/plain.qcow2"
equal "$(image virtual-size "$p/plain.qcow2")" $((32 * MIB))
check virtjob vol-create-as p meta.qcow2 32M --format qcow2 --allocation 0 --prealloc-metadata
sound "$p/meta.qcow2"
equal "$(qemu-img map --output=json "$p/meta.qcow2" | grep -c '"present": false' || true)" 0
check virtjob vol-create-as p full.qcow2 8M --format qcow2 --allocation 8M
near "$(du_bytes "$p/full.qcow2")" $((8 * MIB)) $MIB "blocks of full.qcow2"
vol_xml old.qcow2 "<capacity unit='MiB'>4</capacity><allocation>0</allocation>
    <target><format type='qcow2'/><compat>0.10</compat></target>"
check virtjob vol-create p "$dir/vol.xml"
equal "$(image format-specific.data.compat "$p/old.qcow2")" 0.10
vol_xml new.qcow2 "<capacity unit='MiB'>4</capacity><allocation>0</allocation>
    <target><format type='qcow2'/><compat>1.1</compat><clusterSize unit='KiB'>128</clusterSize>
    <features><lazy_refcounts/><extended_l2/></features></target>"
check virtjob vol-create p "$dir/vol.xml"
sound "$p/new.qcow2"
equal "$(image cluster-size "$p/new.qcow2")" 131072
equal "$(image format-specific.data.lazy-refcounts "$p/new.qcow2")" True
equal "$(image format-specific.data.extended-l2 "$p/new.qcow2")" True
for line in "    <compat>1.1</compat>" "    <clusterSize unit='B'>131072</clusterSize>" \
    "      <lazy_refcounts/>" "      <extended_l2/>"; do
    xml_has "$line" new.qcow2 p
done
qemu-img create -q -f qcow2 "$p/base.qcow2" 5M
check virtjob pool-refresh p
vol_xml over.qcow2 "<target><format type='qcow2'/></target>
    <backingStore><path>$p/base.qcow2</path><format type='qcow2'/></backingStore>"
check virtjob vol-create p "$dir/vol.xml" # as large as what it is based on
equal "$(image virtual-size "$p/over.qcow2")" $((5 * MIB))
equal "$(image full-backing-filename "$p/over.qcow2")" "$p/base.qcow2"
equal "$(image backing-filename-format "$p/over.qcow2")" qcow2
xml_has "    <path>$p/base.qcow2</path>" over.qcow2 p
vol_xml overraw.qcow2 "<target><format type='qcow2'/></target>
    <backingStore><path>$p/full</path></backingStore>"
check virtjob vol-create p "$dir/vol.xml" # without a format: raw
equal "$(image virtual-size "$p/overraw.qcow2")" $((8 * MIB))
equal "$(image backing-filename-format "$p/overraw.qcow2")" raw
check virtjob vol-create-as p larger.qcow2 9M --format qcow2 --backing-vol base.qcow2 \
    --backing-vol-format qcow2
equal "$(image virtual-size "$p/larger.qcow2")" $((9 * MIB))

# what cannot be made, and leaves nothing
volumes=$(virtjob vol-list p --name)
expect 1 "only raw and qcow2" virtjob vol-create-as p x 1M --format vmdk
expect 1 "unknown volume format" virtjob vol-create-as p x 1M --format bogus
expect 1 "preallocation is not supported for raw" virtjob vol-create-as p x 1M --prealloc-metadata
refuse virtjob vol-create-as p x 1M --format raw --backing-vol full --backing-vol-format raw
refuse virtjob vol-create-as p x 9E
refuse virtjob vol-create-as p x 99999999999999999999
expect 1 "No space left" virtjob vol-create-as p x 7000T
for name in a/b . .. .virtjobd-7 "$(printf 'n%.0s' {1..256})" $'a\nb'; do
    refuse virtjob vol-create-as p "$name" 1M
done
for elements in "" "<capacity>-1</capacity>" "<capacity unit='x'>1</capacity>" \
    "<capacity unit='E'>99</capacity>" "<capacity>1</capacity><target><format type='qcow2'/><compat>9</compat></target>" \
    "<capacity>1</capacity><target><format type='qcow2'/><clusterSize>1000</clusterSize></target>" \
    "<capacity>1</capacity><target><format type='qcow2'/></target><backingStore><path>/none</path></backingStore>" \
    "<target><format type='qcow2'/></target><backingStore><path>$p</path></backingStore>" \
    "<target><format type='qcow2'/></target><backingStore><path>$p/full</path><format type='qcow2'/></backingStore>"; do
    vol_xml x "$elements"
    refuse virtjob vol-create p "$dir/vol.xml"
done
expect 1 "exists already" virtjob vol-create-as p full 1M
touch "$p/stranger"
expect 1 "exists already" virtjob vol-create-as p stranger 1M
rm "$p/stranger"
equal "$(virtjob vol-list p --name)" "$volumes" "the volumes"
nothing_left "$p"

# clones: the same bytes, sparse where it was, in every format
python3 - "$p/data" <<'END'
import os, sys
with open(sys.argv[1], "wb") as f:
    for at in (0, 5 << 20, 30 << 20):
        f.seek(at)
        f.write(os.urandom(1 << 20) + b"\0" * 4096 + os.urandom(100))
    f.truncate((40 << 20) + 512)
END
qemu-img convert -O qcow2 "$p/data" "$p/data.qcow2"
qemu-img create -q -f qcow2 -b "$p/data" -F raw "$p/thin.qcow2"
check virtjob pool-refresh p
check virtjob vol-clone data data2 p
cmp "$p/data" "$p/data2"
near "$(du_bytes "$p/data2")" "$(du_bytes "$p/data")" 131072 "blocks of a sparse clone"
check virtjob vol-clone sparse sparse2 p
equal "$(du_bytes "$p/sparse2")" 0
clone() # NAME FORMAT SOURCE SOURCE-FORMAT [CAPACITY]
{
    vol_xml "$1" "${5:+<capacity>$5</capacity>}<allocation>0</allocation><target><format type='$2'/></target>"
    check virtjob vol-create-from q "$dir/vol.xml" "$3" p
    [ "$2" != qcow2 ] || sound "$q/$1"
    equal "$(image virtual-size "$q/$1")" "${5:-$(image virtual-size "$p/$3")}"
    [ -n "${5:-}" ] || same "$2" "$q/$1" "$4" "$p/$3"
}
clone raw-raw raw data raw
clone raw-qcow2 qcow2 data raw
clone qcow2-raw raw data.qcow2 qcow2
clone qcow2-qcow2 qcow2 data.qcow2 qcow2
clone thin-raw raw thin.qcow2 qcow2
clone thin-qcow2 qcow2 thin.qcow2 qcow2
equal "$(image backing-filename "$q/thin-qcow2")" None "backing store of a flat clone"
for format in raw qcow2; do
    clone more-$format $format data raw $((50 * MIB))
    clone more2-$format $format data.qcow2 qcow2 $((50 * MIB))
    qemu-img resize -q --shrink -f $format "$q/more2-$format" $((40 * MIB + 512))
    same $format "$q/more2-$format" raw "$p/data"
done
near "$(du_bytes "$q/qcow2-raw")" "$(du_bytes "$p/data")" $MIB "blocks of a converted clone"
vol_xml less "<capacity>512</capacity><allocation>0</allocation>"
check virtjob vol-create-from q "$dir/vol.xml" data p # never smaller than its source
cmp "$p/data" "$q/less"
vol_xml fullclone ""
check virtjob vol-create-from q "$dir/vol.xml" data p # no allocation: all of it
cmp "$p/data" "$q/fullclone"
[ "$(du_bytes "$q/fullclone")" -ge $((40 * MIB)) ] || fail "a full clone has holes"
vol_xml grownclone "<allocation>0</allocation>" # all of it, though the list says less
check virtjob vol-create-as p grown $MIB
printf end | dd of="$p/grown" bs=$MIB seek=3 status=none
check virtjob vol-create-from q "$dir/vol.xml" grown p
cmp "$p/grown" "$q/grownclone"
check virtjob vol-clone thin.qcow2 thin2.qcow2 p # with the same backing store
equal "$(image full-backing-filename "$p/thin2.qcow2")" "$p/data"
expect 1 "exists already" virtjob vol-clone data data2 p
expect 1 "exists already" virtjob vol-clone data data p
mkdir "$p/directory"
ln -s "$p/data" "$p/symlink"
check virtjob pool-refresh p
expect 1 "'dir' cannot be made" virtjob vol-clone directory x p
check virtjob vol-clone symlink from-link p
cmp "$p/data" "$p/from-link"
nothing_left "$p"
nothing_left "$q"

# a reflink: made where it can be, a clear error elsewhere
reflinks() # TYPE
{
    type -P mkfs."$1" >/dev/null || return 0
    truncate -s 400M "$dir/$1.img"
    mkfs."$1" -q "$dir/$1.img" 2>/dev/null >&2 || return 0
    mkdir "$dir/$1"
    mount -o loop "$dir/$1.img" "$dir/$1" 2>/dev/null || return 0
    at_exit umount -q -l "$dir/$1"
    check virtjob pool-create-as "$1" dir --target "$dir/$1/pool" --build
    cp "$p/data" "$dir/$1/pool/data"
    check virtjob pool-refresh "$1"
    check virtjob vol-clone data linked "$1" --reflink
    cmp "$p/data" "$dir/$1/pool/linked"
    filefrag -v "$dir/$1/pool/linked" 2>/dev/null | grep -q shared || fail "no shared blocks on $1"
    check virtjob vol-clone data by-itself "$1"
    filefrag -v "$dir/$1/pool/by-itself" 2>/dev/null | grep -q shared ||
        fail "a clone on $1 does not share blocks"
    echo "reflink on $1: tried"
    check virtjob pool-destroy "$1"
    umount "$dir/$1"
}
if [ "$(id -u)" = 0 ]; then
    reflinks xfs
    reflinks btrfs
else
    echo "reflinks: not tried, needs root"
fi
if ! cp --reflink=always "$p/full" "$dir/probe" 2>/dev/null; then
    expect 1 "cannot share blocks" virtjob vol-clone data x p --reflink
    [ ! -e "$p/x" ] || fail "a refused reflink left its file"
    refuse virtjob vol-path x p
fi

# wipe: every algorithm; nothing of what was there can be read again
for algorithm in zero nnsa dod bsi gutmann schneier pfitzner7 pfitzner33 random trim; do
    python3 -c 'import sys; open(sys.argv[1], "w").write(("secret " * 150000)[:(1 << 20) + 100])' "$p/wiped"
    truncate -s $((MIB + 100)) "$p/wiped"
    check virtjob pool-refresh p
    check virtjob vol-wipe wiped p --algorithm $algorithm
    equal "$(stat -c %s "$p/wiped")" $((MIB + 100)) "size after $algorithm"
    ! grep -q secret "$p/wiped" || fail "$algorithm leaves what was there"
    case $algorithm in
    zero | trim) cmp -n $((MIB + 100)) "$p/wiped" /dev/zero ;;
    esac
done
equal "$(du_bytes "$p/wiped")" 0 "blocks after trim"
expect 2 "" virtjob vol-wipe wiped p --algorithm bogus
expect 1 "is a directory" virtjob vol-wipe directory p
expect 1 "is a symbolic link" virtjob vol-wipe symlink p
check virtjob vol-clone data.qcow2 wiped.qcow2 p
check virtjob vol-wipe wiped.qcow2 p
xml_has "    <format type='raw'/>" wiped.qcow2 p # its header is gone with the rest

# resize
size()
{
    equal "$(stat -c %s "$p/$1")" "$2" "size of $1"
    equal "$(info Capacity "$1" p)" "$2" "capacity of $1"
}
check virtjob vol-resize full 16M p
size full $((16 * MIB))
near "$(du_bytes "$p/full")" $((8 * MIB)) 65536 "blocks of what grew sparse"
check virtjob vol-resize full 1M p --delta
size full $((17 * MIB))
expect 1 "shrink" virtjob vol-resize full 4M p
size full $((17 * MIB))
check virtjob vol-resize full 1M p --delta --shrink
size full $((16 * MIB))
check virtjob vol-resize full 4M p --shrink
size full $((4 * MIB))
check virtjob vol-resize part 10M p --allocate
near "$(du_bytes "$p/part")" $((10 * MIB)) 65536 "blocks after --allocate"
expect 1 "" virtjob vol-resize part 1M p --allocate --shrink
expect 1 "" virtjob vol-resize part 90M p --delta --shrink
expect 1 "No space left" virtjob vol-resize part 7000T p --allocate
expect 1 "too large" virtjob vol-resize part 9E p --delta || true
size part $((10 * MIB))
check virtjob vol-resize plain.qcow2 40M p
equal "$(info Capacity plain.qcow2 p)" $((40 * MIB))
check virtjob vol-resize plain.qcow2 1M p --delta
expect 1 "shrink" virtjob vol-resize plain.qcow2 1M p
check virtjob vol-resize plain.qcow2 20M p --shrink
check virtjob vol-resize plain.qcow2 24M p --allocate
equal "$(image virtual-size "$p/plain.qcow2")" $((24 * MIB))
sound "$p/plain.qcow2"
[ "$(du_bytes "$p/plain.qcow2")" -ge $((4 * MIB)) ] || fail "qcow2 --allocate allocates nothing"
expect 1 "is a directory" virtjob vol-resize directory 1M p
expect 1 "is a symbolic link" virtjob vol-resize symlink 90M p

# looking up by name, key, path and other spellings of it
equal "$(virtjob vol-path data p)" "$p/data"
equal "$(virtjob vol-key data p)" "$p/data"
for spelling in "$p/data" "$p//data" "${p%/p}//p/data" "$p/./data"; do
    equal "$(virtjob vol-name "$spelling")" data "by '$spelling'"
    equal "$(virtjob vol-pool "$spelling")" p "by '$spelling'"
done
refuse virtjob vol-name "$p/no"
refuse virtjob vol-name "p/data"
refuse virtjob vol-info data q
ln -s p "$dir/alias"
check virtjob pool-destroy p
check virtjob pool-create-as alias dir --target "$dir/alias"
equal "$(virtjob vol-path data alias)" "$dir/alias/data"
equal "$(virtjob vol-pool "$p/data")" alias # found by where it really is, too
check virtjob vol-create-as alias through 1M
[ -f "$p/through" ] || fail "no file through the alias"
check virtjob vol-delete through alias
check virtjob pool-destroy alias
check virtjob pool-create-as p dir --target "$p"

# odd names, through our engines and qemu-img
for name in "sp ace" "grüße" -dash 'a,b=c:d%41' "q'&<\"" .hidden 'json:{}' "$(printf 'n%.0s' {1..255})"; do
    check virtjob vol-create-as p --format qcow2 --allocation 0 -- "$name" 1M
    check virtjob vol-info --pool p -- "$name"
    check virtjob vol-resize --pool p -- "$name" 2M
    equal "$(image virtual-size "$p/$name")" $((2 * MIB)) "size of '$name'"
    check virtjob vol-clone --pool p -- "$name" copy
    vol_xml flat "<target><format type='raw'/></target>"
    check virtjob vol-create-from --inputpool p -- q "$dir/vol.xml" "$name"
    check virtjob vol-delete flat q
    check virtjob vol-delete copy p
    check virtjob vol-wipe --pool p -- "$name"
    check virtjob vol-delete --pool p -- "$name"
    [ ! -e "$p/$name" ] || fail "'$name' is there after its delete"
done

# delete: a file, a symlink and not what it leads to, a directory, what is gone already
check virtjob vol-delete symlink p
[ -f "$p/data" ] || fail "deleting a symlink took its target"
check virtjob vol-delete directory p
[ ! -e "$p/directory" ] || fail "directory is there after its delete"
rm "$p/data2"
expect 1 "no" virtjob vol-info data2 p
check virtjob vol-delete data2 p
refuse virtjob vol-path data2 p
refuse virtjob vol-delete data2 p
mkdir -p "$p/busy/sub"
check virtjob pool-refresh p
expect 1 "Directory not empty" virtjob vol-delete busy p
check virtjob vol-path busy p

# a job on a volume keeps others from it, and a volume being made is there
python3 -c 'import os, sys
with open(sys.argv[1], "wb") as f:
    for i in range(160):
        f.write(os.urandom(1 << 20))' "$p/big"
cp "$p/big" "$p/busy-file"
touch "$p/moved"
check virtjob pool-refresh p
job_id() # of what --async printed
{
    sed -n 's/^Job \([0-9]*\) .*/\1/p'
}
job=$(virtjob vol-wipe busy-file p --algorithm gutmann --async | job_id)
expect 1 "job $job" virtjob vol-delete busy-file p
expect 1 "job $job" virtjob vol-resize busy-file 1G p
ln -f "$p/busy-file" "$p/moved" # by what it is now, and not by what the pool's list says
expect 1 "job $job" virtjob vol-wipe moved p
expect 1 "job $job" virtjob vol-resize moved 1G p
expect 1 "job $job" virtjob vol-delete moved p
expect 1 "job $job" virtjob vol-clone moved copy p
check virtjob job-cancel "$job"
expect 3 "cancelled" virtjob job-wait "$job"
check virtjob vol-delete busy-file p
check virtjob vol-wipe moved p --algorithm trim
check virtjob vol-delete moved p
vol_xml made "<allocation>0</allocation><target><format type='qcow2'/><clusterSize>4096</clusterSize></target>"
job=$(virtjob vol-create-from q "$dir/vol.xml" big p --async | job_id)
xml=$(virtjob vol-dumpxml made q)
if [ "$(virtjob job-info "$job" | sed -n 's/^State: *//p')" = running ]; then
    [[ $xml == *"<virtjob:job "* ]] || fail "no job in the XML of a volume being made: $xml"
    [[ $'\n'$(virtjob vol-list q --name)$'\n' == *$'\nmade\n'* ]] || fail "it is not listed"
fi
check virtjob job-wait "$job"
same qcow2 "$q/made" raw "$p/big"
[[ $(virtjob vol-dumpxml made q) != *virtjob:job* ]] || fail "a job that ended in the XML"

# a block device, by its nodes in the pool: has its size, and one lock for all of them
truncate -s 16M "$dir/disk"
if loop=$(losetup -f --show "$dir/disk" 2>/dev/null); then
    at_exit losetup -d "$loop"
    cp -a "$loop" "$p/device"
    cp -a "$loop" "$p/device2"
    check virtjob pool-refresh p
    equal "$(info Capacity device p)" $((16 * MIB))
    check virtjob vol-upload device "$p/big" --length 16M --pool p
    cmp -n $((16 * MIB)) "$p/big" "$loop"
    vol_xml plain "<allocation>0</allocation>"
    check virtjob vol-create-from q "$dir/vol.xml" device p
    cmp "$q/plain" "$loop"
    expect 1 "block device and keeps its size" virtjob vol-resize device 8M p --shrink
    job=$(virtjob vol-wipe device p --async --speed 64K | job_id)
    expect 1 "job $job" virtjob vol-wipe device2 p
    check virtjob job-cancel "$job"
    expect 3 "cancelled" virtjob job-wait "$job"
    check virtjob vol-wipe device2 p
    cmp -n $((16 * MIB)) "$loop" /dev/zero
    qemu-img create -q -f qcow2 "$loop" 8M
    qemu-io -f qcow2 -c 'write -q -P 0x5a 1M 1M' "$loop"
    check virtjob pool-refresh p
    vol_xml image "<target><format type='qcow2'/></target>"
    check virtjob vol-create-from q "$dir/vol.xml" device p
    same qcow2 "$q/image" qcow2 "$loop"
    check virtjob vol-resize device 9M p
    equal "$(info Capacity device2 p)" $((9 * MIB))
    check virtjob vol-delete device p
    [ ! -e "$p/device" ] && [ -b "$p/device2" ] || fail "a delete of one node of a device"
    check virtjob vol-delete device2 p
else
    echo "not tried: there are no loop devices for a volume that is one"
fi

nothing_left "$p"
nothing_left "$q"
stop_daemon
