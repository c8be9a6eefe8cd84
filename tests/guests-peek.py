#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A domain looked into and changed in small ways: bytes of its disks and its memory, the size of
a disk, what is done at its end, its command line; by python-libvirt."""

import os
import shlex
import subprocess

import guest_kernel
import guest_lib
from guest_lib import (EMULATOR, INVALID, MIB, RUNNING, SHUTOFF, check, equal, libvirt, refused,
                       until)

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG
UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED
VIRTUAL, PHYSICAL = libvirt.VIR_MEMORY_VIRTUAL, libvirt.VIR_MEMORY_PHYSICAL


def disk(target, path, format='raw'):
    source = f"<source file='{path}'/>" if path else ''
    device, bus = ('disk', 'virtio') if path else ('cdrom', 'sata')
    return (f"<disk type='file' device='{device}'><driver name='qemu' type='{format}'/>{source}"
            f"<target dev='{target}' bus='{bus}'/></disk>")


def disks(d):
    """(a raw file, a qcow2 file, the XML of both and an empty drive)"""
    raw, cow = os.path.join(d.dir, 'raw'), os.path.join(d.dir, 'cow')
    with open(raw, 'wb') as file:
        file.write(bytes(range(256)) * (MIB // 256))
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', cow, '1M'], check=True)
    return raw, cow, disk('vda', raw) + disk('vdb', cow, 'qcow2') + disk('sda', None)


def size_of(path):
    said = subprocess.run(['qemu-img', 'info', '-U', path], capture_output=True, text=True,
                          check=True).stdout
    return int(said.split('virtual size:')[1].split('(')[1].split()[0])


def block(d):
    """Bytes of a disk, whether its guest runs or not"""
    raw, _, xml = disks(d)
    dom = d.define('g', devices=xml)
    for _ in range(2):
        equal(dom.blockPeek('vda', 250, 10), bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3]),
              'bytes of a disk')
        equal(dom.blockPeek(raw, MIB - 2, 2), b'\xfe\xff', 'its last ones')
        refused(INVALID_ARG, 'ends before', dom.blockPeek, 'vda', MIB - 1, 2)
        refused(UNSUPPORTED, "'vdb'", dom.blockPeek, 'vdb', 0, 1)
        refused(INVALID_ARG, "'sda'", dom.blockPeek, 'sda', 0, 1)
        refused(INVALID_ARG, '/etc/passwd', dom.blockPeek, '/etc/passwd', 0, 1)
        if not dom.isActive():
            dom.create()
            d.booted('g')
    d.drop('g')


def memory(d):
    """Bytes of memory"""
    dom = d.boot('g', fill=1)
    filled = dom.memoryPeek(guest_kernel.FILL_FROM, 8, PHYSICAL)
    equal(filled[:4], (0x9e3779b9).to_bytes(4, 'little'), 'what its kernel has written')
    equal(dom.memoryPeek(guest_kernel.FILL_FROM, 8, VIRTUAL), filled, 'without paging the same')
    refused(INVALID_ARG, 'exclusive', dom.memoryPeek, 0, 8, VIRTUAL | PHYSICAL)
    refused(libvirt.VIR_ERR_OPERATION_FAILED, 'memsave', dom.memoryPeek, 1 << 50, 8, VIRTUAL)
    equal([name for name in os.listdir(f'{d.dir}/run/qemu/{dom.ID()}') if 'memory' in name], [],
          'files that are left')
    dom.destroy()
    refused(INVALID, 'not running', dom.memoryPeek, 0, 8, PHYSICAL)
    d.drop('g')


def resize(d):
    """The size of a disk, while its guest runs"""
    raw, cow, xml = disks(d)
    dom = d.define('g', devices=xml)
    refused(INVALID, 'not running', dom.blockResize, 'vda', 2048, 0)
    dom.create()
    d.booted('g')
    dom.blockResize('vda', 2048, 0)
    equal(os.stat(raw).st_size, 2 * MIB, 'a raw one')
    dom.blockResize(cow, 3 * MIB, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
    equal(size_of(cow), 3 * MIB, 'a qcow2 one')
    refused(INVALID, "'sda'", dom.blockResize, 'sda', 1024, 0)
    refused(INVALID_ARG, 'vdz', dom.blockResize, 'vdz', 1024, 0)
    refused(libvirt.VIR_ERR_OVERFLOW, 'large', dom.blockResize, 'vda', (1 << 63) - 1, 0)
    equal(dom.diskErrors(), {}, 'disks with errors')
    dom.destroy()
    refused(INVALID, 'not running', dom.diskErrors)
    d.drop('g')


def actions(d):
    """What is done when a guest ends, changed while it runs"""
    d.forget_serial('g')
    dom = d.define('g', then='tick')
    poweroff, reboot, crash = range(3)
    destroy, restart, preserve, coredump = 0, 1, 3, 4
    dom.create()
    d.booted('g')
    dom.setLifecycleAction(poweroff, restart, LIVE)
    check('<on_poweroff>destroy' in dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), 'its next start')
    check('<on_poweroff>restart' in dom.XMLDesc(), 'what runs')
    d.forget_serial('g')
    dom.shutdown()
    d.booted('g')
    d.in_state('g', RUNNING)
    dom.setLifecycleAction(poweroff, destroy, LIVE)
    dom.setLifecycleAction(reboot, destroy, LIVE | CONFIG)
    check('<on_reboot>destroy' in dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), 'of both')
    equal(after_reset(d), 'shutdown', 'QEMU ends at a reset of the guest')
    dom.setLifecycleAction(reboot, restart, LIVE)
    equal(after_reset(d), 'reset', 'QEMU resets')
    dom.shutdown()
    d.in_state('g', SHUTOFF)
    dom.setLifecycleAction(crash, coredump, 0)
    check('<on_crash>coredump-destroy' in dom.XMLDesc(), 'its definition')
    refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, 'on_poweroff', dom.setLifecycleAction, poweroff,
            coredump, 0)
    refused(INVALID, 'not running', dom.setLifecycleAction, poweroff, preserve, LIVE)
    d.drop('g')


def after_reset(d):
    """What QEMU is told to do at a reset: it says so only by what it does with one."""
    mark = len(d.serial('g'))
    d.qmp('g', 'system_reset')
    until(lambda: b'F' in d.serial('g')[mark:] or d.state('g')[0] != RUNNING, 'it is reset', 60)
    if d.state('g')[0] == RUNNING:
        return 'reset'
    until(lambda: d.state('g')[0] == SHUTOFF, 'it ends')
    d.forget_serial('g')
    d.dom('g').create()
    d.booted('g')
    return 'shutdown'


def native(d):
    """Its command line, for which nothing is made"""
    raw, _, xml = disks(d)
    before = sorted(os.listdir(d.dir))
    xml += "<interface type='user'/><graphics type='vnc' autoport='yes'/>"
    text = d.xml('g', devices=xml + "<channel type='unix'>"
                 "<target type='virtio' name='a.b'/></channel>")
    line = d.conn.domainXMLToNative('qemu-argv', text, 0)
    argv = shlex.split(line)
    equal(argv[:3], [EMULATOR, '-name', 'guest=g,debug-threads=on'], 'its start')
    check(any(raw in arg for arg in argv) and 'fd=' not in line, line)
    equal((sorted(os.listdir(d.dir)), d.names()), (before, []), 'what is there')
    # QEMU takes it as it is, but for a port that somebody else may have
    check('-vnc' in argv, line)
    left = ['none' if before == '-vnc' else arg for before, arg in zip([''] + argv, argv)
            if arg != '-S']
    os.makedirs(f'{d.dir}/run/qemu/0', exist_ok=True)
    told = subprocess.run(left + ['-monitor', 'stdio'], input='quit\n', capture_output=True,
                          text=True, timeout=60 * guest_lib.SLOWER)
    equal((told.returncode, told.stderr), (0, ''), 'QEMU with that command line')
    subprocess.run(['rm', '-r', f'{d.dir}/run/qemu/0'], check=True)
    refused(INVALID_ARG, "'vmx'", d.conn.domainXMLToNative, 'vmx', text, 0)
    refused(libvirt.VIR_ERR_NO_SUPPORT, 'FromNative', d.conn.domainXMLFromNative, 'qemu-argv',
            line, 0)


guest_lib.run(block, memory, resize, actions, native)
