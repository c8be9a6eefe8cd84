#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU that ends at once, hangs, or talks nonsense: the start fails and says why, or can be
cancelled; a guest that goes mad while it runs can be destroyed, and the daemon serves on."""

import os
import threading
import time

import fake_qemu
import guest_lib
from guest_lib import (EMULATOR, RUNNING, SHUTOFF, SLOWER, check, equal, error_of, libvirt,
                       libvirt_qemu, until)

FAKE = os.path.abspath(fake_qemu.__file__)
HANGING = ('never-accepts', 'never-greets', 'never-answers')
ENDING = ('exits', 'exits-after-accept', 'exits-after-greeting')


class Broken(guest_lib.Guests):
    def emulator(self):
        """One that tells what it can do, and then is not what it said."""
        path = os.path.join(self.dir, 'qemu-broken')
        with open(path, 'w') as file:
            file.write(f'''#!/bin/sh
case $* in
*guest=*) exec /usr/bin/python3 -B {FAKE} "$0.mode" "$@" ;;
esac
exec {EMULATOR} "$@"
''')
        os.chmod(path, 0o755)
        return path

    def mode(self, name):
        with open(os.path.join(self.dir, 'qemu-broken.mode'), 'w') as file:
            file.write(name)

    def off(self, what):
        equal(self.state('g'), (SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_FAILED), f'{what}: state')
        until(lambda: not self.qemus(), f'{what}: no process is left')


def starts(d):
    """A start from it: the error says what QEMU said or did"""
    dom = d.define('g', emulator=d.emulator())
    for mode in fake_qemu.MODES:
        if mode == 'plays' or mode in HANGING:
            continue
        d.mode(mode)
        begun = time.monotonic()
        error = error_of(dom.create)
        check(time.monotonic() - begun < 10 * SLOWER, f'{mode}: {time.monotonic() - begun:.1f} s')
        check(error.get_error_code() > 0 and len(str(error)) > 20, f'{mode}: {error}')
        print(f'    {mode}: {str(error)[:110]}')
        if mode in ENDING:
            check('cannot do that, Dave' in str(error), f'{mode}: {error}')
        if mode == 'refuses':
            check('no such luck' in str(error), f'{mode}: {error}')
        d.off(mode)
    d.drop('g')


def hangs(d):
    """One that hangs: others are served, the start can be cancelled"""
    d.define('g', emulator=d.emulator())
    for mode in HANGING:
        d.mode(mode)
        job = d.begin('start', 'g')
        until(d.qemus, 'it has been started')
        other = d.conn.createXML(d.xml('other'), 0)
        equal((other.state()[0], d.dom('g').isActive()), (RUNNING, 1), 'meanwhile')
        other.destroy()
        begun = time.monotonic()
        d('job-cancel', str(job))
        d.ends(job, 'cancelled')
        check(time.monotonic() - begun < 3 * SLOWER, f'{mode}: {time.monotonic() - begun:.1f} s')
        d.off(mode)
        job = d.begin('start', 'g')
        until(d.qemus, 'it has been started')
        d.dom('g').destroy()
        d.ends(job, 'cancelled')
        d.off(mode)
    d.drop('g')


def restarts(d):
    """The daemon is killed while one hangs: it is killed too, by the next daemon"""
    d.define('g', emulator=d.emulator())
    d.mode('never-answers')
    job = d.begin('start', 'g')
    until(d.qemus, 'it has been started')
    d.kill9()
    d.start()
    d.ends(job, 'failed', 'interrupted')
    d.off('killed daemon')
    d.drop('g')


def goes_mad(d):
    """A guest that talks nonsense while it runs: it stays, and can be destroyed"""
    d.define('g', emulator=d.emulator())
    for mode in fake_qemu.NOW:
        dom = d.dom('g')
        d.mode('plays')
        dom.create()
        equal(d.state('g')[0], RUNNING, 'state')
        large = libvirt_qemu.qemuMonitorCommand(dom, '{"execute": "large"}', 0)
        check('1.844674407370955' in large, f'an integer that is too large: {large}')
        d.mode(mode)
        try:
            libvirt_qemu.qemuMonitorCommand(dom, '{"execute": "now"}', 0)
        except libvirt.libvirtError as error:
            check('monitor' in str(error), f'{mode}: {error}')
        if mode in ('garbage', 'long', 'close', 'array'):
            error = error_of(dom.suspend)
            check('monitor' in str(error), f'{mode}: {error}')
            equal(d.state('g')[0], RUNNING, f'{mode}: it runs on')
        begun = time.monotonic()
        if dom.isActive():  # a mad one may also say that it has powered off
            try:
                dom.destroy()
            except libvirt.libvirtError as error:
                check('not running' in str(error), f'{mode}: {error}')
        check(time.monotonic() - begun < 4 * SLOWER, f'{mode}: {time.monotonic() - begun:.1f} s')
        d.in_state('g', SHUTOFF)
        until(lambda: not d.qemus(), f'{mode}: no process is left')
    d.drop('g')


def tells(d):
    """What a guest cannot be made to do here: told as QEMU tells it"""
    libvirt.virEventRegisterDefaultImpl()
    conn, heard = libvirt.open(d.uri), []
    for event in (libvirt.VIR_DOMAIN_EVENT_ID_CONTROL_ERROR,
                  libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
                  libvirt.VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE):
        conn.domainEventRegisterAny(None, event, lambda _conn, dom, *what: heard.append(what[:-1]),
                                    None)
    libvirt.virEventAddTimeout(100, lambda *_: None, None)
    dom = d.define('g', emulator=d.emulator())
    d.mode('plays')
    dom.create()
    for mode, wanted in ('told', [(1, 1, 1), ('x',)]), ('garbage', [()]):
        d.mode(mode)
        try:
            libvirt_qemu.qemuMonitorCommand(dom, '{"execute": "now"}', 0)
        except libvirt.libvirtError as error:
            check('monitor' in str(error), f'{mode}: {error}')
        until(lambda: libvirt.virEventRunDefaultImpl() == 0 and len(heard) >= len(wanted),
              f'{mode}: it is told')
        equal(heard, wanted, f'{mode}: events')
        heard.clear()
    conn.close()
    d.drop('g')


def old(d):
    """One that knows no format for pictures but its first"""
    video = "<video><model type='vga'/></video>"
    dom = d.define('g', emulator=d.emulator(), devices=video)
    d.mode('plays')
    dom.create()
    stream, got = d.conn.newStream(), b''
    equal(dom.screenshot(stream, 0), 'image/x-portable-pixmap', 'its type')
    while piece := stream.recv(1000):
        got += piece
    stream.finish()
    equal(got, fake_qemu.PICTURE, 'the picture')
    dom.destroy()
    until(lambda: not d.qemus(), 'no process is left')
    d.drop('g')


def disk_errors(d):
    """Disks that have errors, as QEMU tells them"""
    xml = ''
    for target, bus in ('vda', 'virtio'), ('vdb', 'virtio'), ('sda', 'sata'):
        path = os.path.join(d.dir, target)
        with open(path, 'wb') as file:
            file.truncate(4096)
        xml += (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
                f"<source file='{path}'/><target dev='{target}' bus='{bus}'/></disk>")
    dom = d.define('g', emulator=d.emulator(), devices=xml)
    d.mode('plays')
    dom.create()
    equal(dom.diskErrors(), {'vda': libvirt.VIR_DOMAIN_DISK_ERROR_NO_SPACE,
                             'sda': libvirt.VIR_DOMAIN_DISK_ERROR_UNSPEC}, 'errors')
    d.drop('g')


def destroyed_writing(d, dom, mode):
    """It is left longer than another one that has none, and is told to end after it."""
    other = d.define('other', emulator=d.emulator())
    other.create()
    before = d.lines().count('to write its bitmaps')
    ending = threading.Thread(target=dom.destroy)
    ending.start()
    until(lambda: d.lines().count('to write its bitmaps') > before, 'it is left the time')
    other.destroy()
    check("'other': QEMU does not end by itself and is killed" in d.lines(), 'the other one')
    other.undefine()
    with open(mode + '.slow', 'w'):
        pass
    ending.join()
    check(os.path.exists(mode + '.written'), 'it was killed in the middle')
    os.unlink(mode + '.written')


def writes_back(d):
    """One that has bitmaps to write at its end is destroyed once it has, though that takes long"""
    path = os.path.join(d.dir, 'image')
    mode = os.path.join(d.dir, 'qemu-broken.mode')
    with open(path, 'wb') as file:
        file.truncate(4096)
    dom = d.define('g', emulator=d.emulator(), devices=(
        "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
        f"<source file='{path}'/><target dev='vda' bus='virtio'/></disk>"))
    d.mode('plays')
    dom.create()
    error_of(dom.blockPull, 'vda', 0, 0)  # it has looked for bitmaps by then
    os.mkfifo(mode + '.slow')
    destroyed_writing(d, dom, mode)
    dom.create()
    dom.checkpointCreateXML('<domaincheckpoint><name>X</name><creationTime>1</creationTime>'
                            "<disks><disk name='vda' bitmap='X'/></disks></domaincheckpoint>",
                            libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE)
    destroyed_writing(d, dom, mode)  # nobody has looked at this one's, but a checkpoint is known
    os.unlink(mode + '.slow')
    dom.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA)


def wrong_emulator(d):
    """An emulator that cannot even say what it can do"""
    path = os.path.join(d.dir, 'emulator')
    for script, word in (('#!/bin/sh\necho nothing here >&2\nexit 3\n', 'nothing here'),
                         ('#!/bin/sh\nexit 0\n', path), ('no program', path),
                         ('#!/bin/sh\nyes\n', path)):
        with open(path, 'w') as file:
            file.write(script)
        os.chmod(path, 0o755)
        error = error_of(d.conn.createXML, d.xml('g', emulator=path))
        check(word in str(error), str(error))
        equal(d.names(), [], 'domains')


guest_lib.run(starts, hangs, restarts, goes_mad, tells, disk_errors, writes_back, old,
              wrong_emulator, guests=Broken)
