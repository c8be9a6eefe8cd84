#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The screen of a guest, taken by unmodified virsh and by virtjob.
. "$(dirname "$0")/../functions.sh"
require_cmd virsh qemu-system-x86_64

# whole_picture FILE: a PNG from its head to its end, or as large as the head of a PPM says
whole_picture()
{
    local width height size
    if [ "$(head -c 4 "$1" | od -An -tx1)" = " 89 50 4e 47" ]; then
        equal "$(tail -c 8 "$1" | head -c 4)" IEND "what the picture ends with"
        return
    fi
    equal "$(head -c 2 "$1")" P6 "what the picture begins with"
    read -r width height < <(sed -n '2p;3q' "$1")
    size=$(stat -c %s "$1")
    [ "$size" -gt $((width * height * 3)) ] && [ "$size" -lt $((width * height * 3 + 64)) ] ||
        fail "$size bytes for $width x $height"
}

start_daemon
guest_xml g tick | sed "s,<memballoon,<graphics type='vnc' port='-1' autoport='yes'/><video><model type='vga'/></video>&," >"$dir/g.xml"
expect 1 "failed to get domain" virsh screenshot g "$dir/none"
check virsh define "$dir/g.xml"
expect 1 "not running" virsh screenshot g "$dir/none"
check virsh start g
# PNG is QEMU's since 7.1, where it is built with it
type=image/x-portable-pixmap ending=ppm
if qemu-system-x86_64 -version | grep -qE 'version (7\.[1-9]|[89]|[1-9][0-9])'; then
    type=image/png ending=png
fi
expect 0 "type of $type" virsh screenshot g "$dir/screen"
whole_picture "$dir/screen"
expect 1 "no screen 1" virsh screenshot g "$dir/none" --screen 1
expect 1 "read only" virsh -r screenshot g "$dir/none"
check virtjob screenshot g "$dir/screen2"
whole_picture "$dir/screen2"
expect 1 "no screen 7" virtjob screenshot g "$dir/none" --screen 7
cd "$dir"
check virtjob screenshot g
ls g-*.$ending >/dev/null || fail "no picture under a name of its own"
left=$(find "$dir/run/qemu" -name 'screen*')
equal "$left" "" "what is left of pictures"
check virsh destroy g
stop_daemon
