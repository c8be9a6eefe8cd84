#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest's screen over a socket that python3-libvirt brings, or gets: descriptors both ways.
. "$(dirname "$0")/functions.sh"
require_cmd virsh qemu-system-x86_64
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import libvirt_qemu' 2>/dev/null ||
    skip "no python3-libvirt"
stock=$srcdir/tests/stock

wanted="openGraphics 0: b'RFB 003.008\\n' [2]
openGraphics 1: b'RFB 003.008\\n' [1]
openGraphics of screen 1: 1/10 internal error: No graphics backend with index 1
openGraphics of screen -1: 1/10 internal error: No graphics backend with index 4294967295
openGraphics with a flag: 8/10 unsupported flags (0x2) in function virDomainOpenGraphics
openGraphics of one that does not run: 55/10 Requested operation is not valid: domain 'idle' is not running
openGraphicsFD 0: b'RFB 003.008\\n' [2]
openGraphicsFD 1: b'RFB 003.008\\n' [1]
openGraphicsFD of screen 1: 1/10 internal error: No graphics backend with index 1
openGraphicsFD of screen -1: 1/10 internal error: No graphics backend with index 4294967295
openGraphicsFD with a flag: 8/10 unsupported flags (0x2) in function virDomainOpenGraphicsFD
openGraphicsFD of one that does not run: 55/10 Requested operation is not valid: domain 'idle' is not running
many: {b'RFB 003.008\\n'}
openGraphics with a pipe: 8/20 fd N must be a socket
createWithFiles: 3/20 this function is not supported by the connection driver: virDomainCreateWithFiles
createXMLWithFiles: 3/20 this function is not supported by the connection driver: virDomainCreateXMLWithFiles
still not running: 0
in QEMU: True
two in QEMU: 8/10 invalid argument: at most 1 fd can be passed to qemu along with a command"

screens()
{
    local name
    for name in g idle; do
        guest_xml $name | sed -e "s,$dir/serial,$files/serial," \
            -e "s,<memballoon,<graphics type='vnc' port='-1' autoport='yes' passwd='secret'/><video><model type='vga'/></video>&," >"$dir/$name.xml"
        check virsh define "$dir/$name.xml"
    done
    check virsh start g
    check timeout 120 /usr/bin/python3 "$stock/open-graphics.py" "$uri"
    echo "$out"
    [ $server != virtjobd ] || equal "$out" "$wanted" "what open-graphics.py says"
    expect 0 fdset-id virsh qemu-monitor-command g --pass-fds 7 '{"execute": "add-fd"}' 7</dev/null
    check virsh destroy g
}

start_daemon
each_server screens
stop_daemon
