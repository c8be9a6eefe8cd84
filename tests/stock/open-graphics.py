#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""open-graphics.py URI: the screen of domain g, which runs, by python3-libvirt: over a socket that it
brings and over one that it gets; and all that is refused.  Domain idle does not run."""

import os
import re
import socket
import sys

import libvirt
import libvirt_qemu

TIME_LIMIT = 30
SKIPAUTH = libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH
libvirt.registerErrorHandler(lambda *_: None, None)


def greeting(sock):
    sock.settimeout(TIME_LIMIT)
    text = b''
    while len(text) < 12:
        got = sock.recv(12 - len(text))
        if not got:
            return f'{text} and the end'
        text += got
    return text


def security(sock):
    """The kinds of security that are offered once the version is agreed upon."""
    sock.sendall(b'RFB 003.008\n')
    [count] = sock.recv(1)
    return list(sock.recv(count))


def brought(dom, index, flags=0):
    """openGraphics(): our end of the pair."""
    ours, theirs = socket.socketpair()
    with theirs:
        dom.openGraphics(index, theirs.fileno(), flags)
    return ours


def got(dom, index, flags=0):
    """openGraphicsFD(): the socket."""
    return socket.socket(fileno=dom.openGraphicsFD(index, flags))


def refused(what, call, *args):
    try:
        print(f'{what}: accepted, {call(*args)}')
    except libvirt.libvirtError as error:
        text = re.sub(r'\bfd \d+', 'fd N', str(error))
        print(f'{what}: {error.get_error_code()}/{error.get_error_domain()} {text}')


conn = libvirt.open(sys.argv[1])
g, idle = conn.lookupByName('g'), conn.lookupByName('idle')
for name, way in (('openGraphics', brought), ('openGraphicsFD', got)):
    for flags in (0, SKIPAUTH):
        with way(g, 0, flags) as sock:
            print(f'{name} {flags}:', greeting(sock), security(sock))
    refused(f'{name} of screen 1', way, g, 1)
    refused(f'{name} of screen -1', way, g, 2**32 - 1)
    refused(f'{name} with a flag', way, g, 0, 2)
    refused(f'{name} of one that does not run', way, idle, 0)
many = [got(g, 0) for _ in range(20)]
print('many:', {greeting(sock) for sock in many})
for sock in many:
    sock.close()

read_end, write_end = os.pipe()
refused('openGraphics with a pipe', g.openGraphics, 0, write_end, 0)
refused('createWithFiles', idle.createWithFiles, [read_end], 0)
refused('createXMLWithFiles', conn.createXMLWithFiles, idle.XMLDesc(), [read_end, write_end], 0)
print('still not running:', idle.isActive())
os.close(read_end)
os.close(write_end)

with open(sys.argv[0]) as file:
    command = '{"execute": "add-fd", "arguments": {"fdset-id": 7}}'
    add_fd = libvirt_qemu.qemuMonitorCommandWithFiles
    print('in QEMU:', '"fdset-id":7' in str(add_fd(g, command, [file.fileno()], 0)))
    refused('two in QEMU', add_fd, g, command, [file.fileno(), file.fileno()], 0)
conn.close()
