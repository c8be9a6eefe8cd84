#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unmodified virt-install makes guests that boot: of a volume that is there, and with a new one in
# a pool.  Unmodified virt-clone clones one with its disk.
. "$(dirname "$0")/functions.sh"
require_cmd virsh virt-install virt-clone qemu-system-x86_64 qemu-img
"$srcdir/tools/tiny-guest" "$builddir/tests/tiny-guest" >"$dir/linux" 2>&1 ||
    skip "no Linux guest: $(tail -n 1 "$dir/linux")"

install() # NAME DISK
{
    check virt-install --connect "$uri" --name "$1" --import --disk "$2" --virt-type qemu \
        --osinfo debian11 --memory 128 --network none --graphics none --noautoconsole \
        --boot "$(linux_boot)" --serial "file,path=$(console_of "$1")" --check all=off
    wait_until 120 linux_is_up "$1"
    is_state running "$1" || fail "$1 is $(virsh domstate "$1")"
}

power_off()
{
    check virsh shutdown "$1"
    wait_until 60 is_state "shut off" "$1"
}

guests()
{
    make_pool
    check virsh vol-create-as p old 32M --format raw
    install imported vol=p/old,format=raw
    virsh domblklist imported
    power_off imported

    install fresh pool=p,size=0.02,format=qcow2
    virsh domblklist fresh
    virsh vol-list p
    virsh vol-dumpxml fresh.qcow2 p | grep -E "<capacity|<format|<compat"
    power_off fresh

    # its disk is not empty, its clone's is the same
    check virsh vol-list p
    python3 -c 'import os, sys; open(sys.argv[1], "r+b").write(os.urandom(9 << 20))' "$files/p/old"
    check virt-clone --connect "$uri" --original imported --name cloned --file "$files/p/new"
    cmp "$files/p/old" "$files/p/new" >&2 || fail "the clone of a disk is another one"
    virsh domblklist cloned
    equal "$(virsh domuuid cloned | grep -c "$(virsh domuuid imported | head -n 1)")" 0 "the same UUID"
    check virt-clone --connect "$uri" --original fresh --auto-clone
    virsh list --all --name
    virsh vol-list p
    check virsh start cloned
    check virsh destroy cloned
    for name in imported fresh cloned fresh-clone; do
        check virsh undefine $name
    done
}

start_daemon
each_server guests
stop_daemon
