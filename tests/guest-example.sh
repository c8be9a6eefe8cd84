#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# examples/guest-save: saves a guest and says how far it is; an interrupt cancels, and the guest
# goes on.
. "$(dirname "$0")/functions.sh"

require_cmd qemu-system-x86_64 python3
mib=512
require_space $((2 * mib))

PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys
sys.path.insert(0, sys.argv[1])
import guest_kernel
guest_kernel.write(sys.argv[2], "tick", int(sys.argv[3]) << 20)
' "$srcdir/tests" "$dir/kernel" $((mib - 8))
cat >"$dir/guest.xml" <<XML
<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>$mib</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type><kernel>$dir/kernel</kernel></os>
  <devices><serial type='file'><source path='$dir/serial'/></serial></devices>
</domain>
XML

start_daemon
end_guest() { virtjob destroy guest >/dev/null 2>&1 || true; }
at_exit end_guest
check virtjob create "$dir/guest.xml"
wait_until 120 grep -q F "$dir/serial"

guest_save()
{
    VIRTJOB_DEFAULT_URI=$uri "$builddir/run" examples/guest-save "$@"
}

expect 2 'usage: guest-save' guest_save guest
expect 1 "no domain with matching name 'other'" guest_save other "$dir/image"

# Cancelled.  Its QEMU is stopped meanwhile, so that it is not done too soon.
qemu=''
for cwd in /proc/[0-9]*/cwd; do
    [[ $(readlink "$cwd" 2>/dev/null || true) != "$dir/run/qemu/"* ]] || qemu=${cwd//[^0-9]/}
done
[ -n "$qemu" ] || fail "there is no QEMU in $dir/run/qemu"
kill -STOP "$qemu"
VIRTJOB_DEFAULT_URI=$uri "$builddir/run" examples/guest-save guest "$dir/image" >"$dir/said" 2>&1 &
example=$!
wait_until 20 grep -q '^0 %' "$dir/said"
kill -INT "$example"
wait_until 20 daemon_logged "of domain 'guest': cancelling"
kill -CONT "$qemu"
status=0
wait "$example" || status=$?
equal "$status" 3 "how it ended"
grep -qx 'cancelled: guest goes on' "$dir/said" || fail "it says: $(cat "$dir/said")"
equal "$(virtjob domstate guest)" running
[ ! -e "$dir/image" ] || fail "there is a file after the cancel"

# Not cancelled.
check guest_save guest "$dir/image"
equal "$(tail -n 1 <<<"$out")" 'guest is saved'
check virtjob restore "$dir/image"
equal "$(virtjob domstate guest)" running
check virtjob destroy guest
stop_daemon
