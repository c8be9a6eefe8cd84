#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels of a guest as streams, by python-libvirt: what is sent arrives on both sides, and one
client has it at a time."""

import os
import socket

import guest_lib
from guest_lib import INVALID, equal, libvirt, refused, until

FORCE = libvirt.VIR_DOMAIN_CHANNEL_FORCE
FAILED, INTERNAL = libvirt.VIR_ERR_OPERATION_FAILED, libvirt.VIR_ERR_INTERNAL_ERROR


def channel(name, source="<source mode='bind'/>", kind='unix'):
    return f"<channel type='{kind}'>{source}<target type='virtio' name='{name}'/></channel>"


def is_connected(d, alias):
    [one] = [one for one in d.qmp('g', 'query-chardev') if one['label'] == f'char{alias}']
    return not one['filename'].startswith('disconnected:')


def held_by_one(d):
    """QEMU's socket is connected while a client has it, and one has it at a time"""
    dom = d.boot('g', devices=channel('org.one') + channel('org.qemu.guest_agent.0')
                 + channel('org.pty', '', 'pty'))
    equal(is_connected(d, 'channel0'), False, 'connected before')
    first, second = d.conn.newStream(), d.conn.newStream()
    dom.openChannel('org.one', first)
    until(lambda: is_connected(d, 'channel0'), 'QEMU has a client')
    refused(FAILED, 'Active channel stream exists', dom.openChannel, None, second)
    refused(FAILED, 'Active channel stream exists', dom.openChannel, 'channel0', d.conn.newStream())
    forced = d.conn.newStream()
    dom.openChannel('channel0', forced, FORCE)
    refused(libvirt.VIR_ERR_OPERATION_ABORTED, 'another client has taken the channel', first.recv,
            10)
    forced.finish()
    until(lambda: not is_connected(d, 'channel0'), 'QEMU has no client')
    refused(INTERNAL, 'cannot find channel nope', dom.openChannel, 'nope', d.conn.newStream())
    refused(INTERNAL, 'channel org.pty is not using a UNIX socket', dom.openChannel, 'org.pty',
            d.conn.newStream())
    refused(INVALID, 'speaks to the guest agent', dom.openChannel, 'org.qemu.guest_agent.0',
            d.conn.newStream())
    dom.destroy()
    refused(INVALID, 'not running', dom.openChannel, None, d.conn.newStream())
    d.drop('g')


def bytes_pass(d):
    """What is sent arrives; an end on the other side is the end of the stream"""
    path = os.path.join(d.dir, 'listener')
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        dom = d.boot('g', devices=channel('org.one', f"<source mode='connect' path='{path}'/>"))
        qemus = listener.accept()[0]
        stream = d.conn.newStream()
        dom.openChannel('org.one', stream)
        with listener.accept()[0] as peer:
            stream.send(b'to the guest' * 10000)
            got = b''
            while len(got) < 120000:
                got += peer.recv(1 << 16)
            equal(got, b'to the guest' * 10000, 'what was sent')
            peer.sendall(b'from the guest')
            got = b''
            while len(got) < 14:
                got += stream.recv(100)
            equal(got, b'from the guest', 'what came')
        equal(stream.recv(100), b'', 'the end')
        stream.finish()
        qemus.close()
    d.drop('g')


guest_lib.run(held_by_one, bytes_pass)
