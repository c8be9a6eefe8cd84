#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys that are sent to a guest, seen where its keyboard has them; by python-libvirt."""

import libvirt_qemu

import guest_lib
from guest_lib import INVALID, check, equal, libvirt, refused, until

LINUX, XT, ATSET1, USB, QNUM = (libvirt.VIR_KEYCODE_SET_LINUX, libvirt.VIR_KEYCODE_SET_XT,
                                libvirt.VIR_KEYCODE_SET_ATSET1, libvirt.VIR_KEYCODE_SET_USB,
                                libvirt.VIR_KEYCODE_SET_QNUM)
DATA, STATUS = 0x60, 0x64


def port(dom, number):
    said = libvirt_qemu.qemuMonitorCommand(
        dom, f'i /b {number:#x}', libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP)
    return int(said.split('=')[1], 16)


def typed(dom, count):
    """What the keyboard controller has to say, which nobody in the guest reads."""
    codes = []

    def read():
        while port(dom, STATUS) & 1:
            codes.append(port(dom, DATA))
        return len(codes) >= count
    until(read, f'{count} codes have come')
    return codes


def keys(d):
    """Keys of every codeset that is provided, pressed and let go"""
    dom = d.boot('g')
    typed(dom, 0)
    for codeset, key in (LINUX, 30), (XT, 0x1e), (ATSET1, 0x1e), (QNUM, 0x1e):
        dom.sendKey(codeset, 0, [key], 1, 0)
        equal(typed(dom, 2), [0x1e, 0x9e], f'KEY_A of codeset {codeset}')
    for codeset, key in (LINUX, 102), (XT, 0xe047), (QNUM, 0xc7):
        dom.sendKey(codeset, 1, [key], 1, 0)
        equal(typed(dom, 4), [0xe0, 0x47, 0xe0, 0xc7], f'KEY_HOME of codeset {codeset}')
    dom.sendKey(LINUX, 1, [29, 56, 111], 3, 0)
    codes = typed(dom, 8)
    equal(codes[:4], [0x1d, 0x38, 0xe0, 0x53], 'Ctrl-Alt-Del goes down in order')
    equal(sorted(codes[4:]), sorted([0x9d, 0xb8, 0xe0, 0xd3]), 'and all of it up')
    d.drop('g')


def wrong(d):
    """Keys that are none are refused before anything is pressed"""
    dom = d.boot('g')
    typed(dom, 0)
    refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, "'usb'", dom.sendKey, USB, 0, [4], 1, 0)
    refused(libvirt.VIR_ERR_INVALID_ARG, "codeset '77'", dom.sendKey, 77, 0, [4], 1, 0)
    for codeset, key in (LINUX, 0), (LINUX, 250), (LINUX, 1 << 31), (XT, 0x9d), (QNUM, 0x100):
        refused(libvirt.VIR_ERR_INVALID_ARG, f'key {key}', dom.sendKey, codeset, 0, [30, key], 2, 0)
    check(not port(dom, STATUS) & 1, 'a key has been pressed')
    dom.destroy()
    refused(INVALID, 'not running', dom.sendKey, LINUX, 0, [30], 1, 0)
    d.drop('g')


guest_lib.run(keys, wrong)
