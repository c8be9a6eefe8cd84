#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest's console by unmodified virsh (on a terminal of its own) and python3-libvirt: what the
# guest says comes, one client at a time has it, and it ends with the guest.
. "$(dirname "$0")/../functions.sh"
require_cmd virsh qemu-system-x86_64
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import libvirt' 2>/dev/null || skip "no python3-libvirt"

start_daemon
guest_xml g tick | sed "s,<serial type='file'>.*,<serial type='pty'/>," >"$dir/g.xml"
check virtjob create "$dir/g.xml"
expect 0 "/dev/pts/" virsh dumpxml g

cat >"$dir/console.py" <<'PYTHON'
import os
import pty
import select
import sys
import time

import libvirt

libvirt.registerErrorHandler(lambda context, error: None, None)
conn = libvirt.open(sys.argv[1])
dom = conn.lookupByName("g")


def open_console(flags=0, device=None):
    stream = conn.newStream()
    dom.openConsole(device, stream, flags)
    return stream


def refused(text, function, *args):
    try:
        function(*args)
    except libvirt.libvirtError as e:
        assert text in str(e), e
        return
    raise AssertionError("not refused: " + text)


def says(stream, count=3):
    got = b""
    while got.count(b".") < count:
        got += stream.recv(1024)
    return got


one = open_console()
says(one)
refused("Active console session", open_console)
two = open_console(libvirt.VIR_DOMAIN_CONSOLE_FORCE)
says(two)
refused("another client has taken", lambda: [one.recv(4096) for _ in range(1000)])
two.send(b"typed\n" * 1000)
two.finish()
refused("cannot find character device", open_console, 0, "serial7")
three = open_console(libvirt.VIR_DOMAIN_CONSOLE_SAFE, "serial0")
says(three)
three.abort()
other = libvirt.open(sys.argv[1])  # its connection ends without a word
stream = other.newStream()
other.lookupByName("g").openConsole(None, stream, 0)
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
del stream
other.close()

# virsh on a terminal: ^] leaves
pid, fd = pty.fork()
if pid == 0:
    os.execvp("virsh", ["virsh", "-c", sys.argv[1], "console", "g", "--force"])
seen = b""
end = time.monotonic() + 60
while b"Escape character" not in seen or seen.count(b".") < 20:
    assert time.monotonic() < end, seen
    if select.select([fd], [], [], 1)[0]:
        seen += os.read(fd, 4096)
os.write(fd, b"\x1d")
while True:
    try:
        if not os.read(fd, 4096):
            break
    except OSError:
        break
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

# it ends with the guest
last = open_console()
says(last)
dom.destroy()
while last.recv(4096):
    pass
last.finish()
conn.close()
PYTHON
check timeout 120 /usr/bin/python3 "$dir/console.py" "$uri"
expect 1 "failed to get domain" virsh console g
stop_daemon
