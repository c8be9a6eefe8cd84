#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU that hangs (SIGSTOP): calls about others and what is read about it are answered at once,
and destroy works."""

import os
import signal
import threading
import time

import guest_lib
from guest_lib import (PAUSED, RUNNING, SHUTOFF, SLOWER, check, equal, fail, libvirt)

FILL = 160
MANY = 24  # more than there are workers


class AtOnce:
    """A bound for calls that wait for nobody."""

    def __init__(self, what, seconds=1.0):
        self.what, self.seconds = what, seconds

    def __enter__(self):
        self.start = time.monotonic()

    def __exit__(self, kind, *_):
        took = time.monotonic() - self.start
        if not kind:
            check(took < self.seconds * SLOWER, f'{self.what} took {took:.2f} s')


class Waiter(threading.Thread):
    """A call that may wait for long, over a connection of its own."""

    def __init__(self, d, name, call):
        super().__init__(daemon=True)
        self.uri, self.name_of, self.call, self.error = d.uri, name, call, None
        self.asks = threading.Event()
        self.start()
        check(self.asks.wait(30 * SLOWER), f'{name} is found')

    def run(self):
        conn = libvirt.open(self.uri)
        try:
            dom = conn.lookupByName(self.name_of)
            self.asks.set()
            self.call(dom)
        except libvirt.libvirtError as error:
            self.error = error
        conn.close()

    def ends(self, seconds=30):
        self.join(seconds * SLOWER)
        check(not self.is_alive(), f'a call on {self.name_of} does not end')
        return self.error


def reads(d, name):
    """All that can be asked about a domain."""
    dom = d.dom(name)
    calls = (dom.info, dom.state, dom.XMLDesc, dom.maxMemory, dom.maxVcpus, dom.OSType,
             dom.autostart, dom.isActive, dom.isPersistent, dom.isUpdated, dom.jobInfo,
             dom.jobStats, dom.hasManagedSaveImage, d.conn.listAllDomains, d.conn.listDomainsID,
             d.conn.numOfDomains, dom.controlInfo,
             lambda: d.conn.lookupByID(dom.ID()), lambda: d.conn.lookupByUUID(dom.UUID()),
             lambda: dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    for call in calls:
        with AtOnce(call):
            call()
    for command in (('dominfo', name), ('domstate', name), ('dumpxml', name), ('list', '--all'),
                    ('domjobinfo', name)):
        with AtOnce(command, 3):
            d(*command)


def others(d, name):
    """All that can be done to one that does not hang."""
    dom = d.dom(name)
    image = os.path.join(d.path, 'other')
    for call in (dom.suspend, dom.resume, dom.reset, lambda: dom.save(image),
                 lambda: d.conn.restore(image), dom.managedSave, dom.create, dom.destroy,
                 dom.create):
        with AtOnce(call, 5):
            call()
    os.unlink(image)


def one(d):
    """One that hangs, alone and with a call that waits for it"""
    d.boot('hangs', fill=FILL)
    d.boot('other')
    pid = d.qemu('hangs')
    d.stop_process(pid)
    reads(d, 'hangs')
    waiter = Waiter(d, 'hangs', lambda dom: dom.suspend())
    reads(d, 'hangs')
    others(d, 'other')
    os.kill(pid, signal.SIGCONT)
    equal(waiter.ends(), None, 'suspend, now that it goes on')
    d.in_state('hangs', PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)
    d.dom('hangs').resume()
    d.stop_process(pid)
    waiter = Waiter(d, 'hangs', lambda dom: dom.suspend())
    with AtOnce('destroy', 4):
        d.dom('hangs').destroy()
    check(waiter.ends(), 'suspend has failed')
    equal((d.state('hangs')[0], guest_lib.is_gone(pid)), (SHUTOFF, True), 'destroyed')
    d.drop('hangs', 'other')


def with_jobs(d):
    """One that hangs in the middle of its save, dump and start"""
    d.boot('hangs', fill=FILL, emulator=d.held_emulator())
    d.boot('other')
    image = os.path.join(d.path, 'image')
    for args in (('save', 'hangs', image), ('dump', 'hangs', image, '--memory-only')):
        job, pid = d.held_out('hangs', *args)
        reads(d, 'hangs')
        others(d, 'other')
        with AtOnce('cancel'):
            d.dom('hangs').abortJob()
        os.kill(pid, signal.SIGCONT)
        d.ends(job, 'cancelled')
        d.in_state('hangs', RUNNING)
    d.dom('hangs').destroy()
    job, pid = d.held_start('start', 'hangs')
    reads(d, 'hangs')
    others(d, 'other')
    with AtOnce('destroy', 3):
        d.dom('hangs').destroy()
    d.ends(job, 'cancelled')
    check(guest_lib.is_gone(pid), 'its process')
    d.drop('hangs', 'other')


def definition(d):
    """What changes only the definition of one that hangs"""
    dom = d.boot('hangs')
    pid = d.qemu('hangs')
    d.stop_process(pid)
    with AtOnce('changes', 3):
        dom.setAutostart(1)
        dom.setAutostart(0)
        dom.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, 'new', None, None,
                        libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        d.define('hangs', mib=24, uuid=dom.UUIDString())
        dom.undefine()
        equal(dom.isPersistent(), 0, 'undefined')
    with AtOnce('graceful destroy waits for its time, destroy does not', 4):
        dom.destroy()
    check(guest_lib.is_gone(pid), 'its process')


def many(d):
    """As many as there are workers and more, each with a call that waits"""
    names = [f'hangs-{number}' for number in range(MANY)]
    for name in names:
        d.conn.createXML(d.xml(name), 0)
    d.boot('other')
    pids = {name: d.qemu(name) for name in names}
    for pid in pids.values():
        d.stop_process(pid)
    waiters = [Waiter(d, name, lambda dom: dom.suspend()) for name in names]
    reads(d, names[-1])
    check(all(waiter.is_alive() for waiter in waiters), 'all of them wait')
    others(d, 'other')
    d.conn.createXML(d.xml('another'), 0).destroy()
    half = MANY // 2
    for name in names[:half]:
        os.kill(pids[name], signal.SIGCONT)
    equal([waiter.ends() for waiter in waiters[:half]], [None] * half, 'those that go on')
    destroyers = [Waiter(d, name, lambda dom: dom.destroy()) for name in names]
    with AtOnce('destroying all of them', 6):
        for destroyer in destroyers:
            error = destroyer.ends()
            if error:
                fail(f'destroy: {error}')
    for waiter in waiters[half:]:
        check(waiter.ends(), 'suspend of one that was destroyed')
    d.drop('other')


guest_lib.run(one, with_jobs, definition, many)
