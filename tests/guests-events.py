#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events as unmodified python-libvirt gets them: of guests and pools, each kind in its order."""

import os
import threading

import guest_lib
from guest_lib import ASYNC, MIB, check, equal, libvirt, until

libvirt.virEventRegisterDefaultImpl()
DEFINED, UNDEFINED, STARTED, SUSPENDED, RESUMED, STOPPED, SHUTDOWN, _, CRASHED = range(9)
POOL_EVENTS = {0: 'defined', 1: 'undefined', 2: 'started', 3: 'stopped', 4: 'created',
               5: 'deleted'}


def turn():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=turn, daemon=True).start()


class Heard:
    """Registers for some events; what came, in order, as texts and tuples."""

    def __init__(self, d, *ids, dom=None, pool=False):
        self.conn = libvirt.open(d.uri)
        self.conn.setKeepAlive(5, 5)
        self.list = []
        dom = self.conn.lookupByName(dom) if dom else None
        self.callbacks = [self.conn.domainEventRegisterAny(dom, number, self.domain, number)
                          for number in ids]
        if pool:
            self.conn.storagePoolEventRegisterAny(None, 0, self.pool, None)
            self.conn.storagePoolEventRegisterAny(None, 1, self.refreshed, None)

    def domain(self, _conn, dom, *what):
        number = what[-1]
        self.list.append((number, dom.name(), dom.ID(), *what[:-1]))

    def pool(self, _conn, pool, event, detail, _opaque):
        self.list.append((pool.name(), POOL_EVENTS[event], detail))

    def refreshed(self, _conn, pool, _opaque):
        self.list.append((pool.name(), 'refreshed'))

    def take(self, count):
        until(lambda: len(self.list) >= count, f'{count} events have come: {self.list}')
        taken, self.list = self.list[:count], self.list[count:]
        return taken

    def lifecycle(self, *wanted):
        """(event, detail) each; no other may come between."""
        equal([event[3:5] for event in self.take(len(wanted))], list(wanted), 'lifecycle')

    def close(self):
        equal(self.list, [], 'more events')
        self.conn.close()


def lifecycle(d):
    """Lifecycle: each step of a guest's life, with its detail"""
    heard = Heard(d, 0)
    dom = d.define('g', then='tick')
    heard.lifecycle((DEFINED, 0))
    d.define('g', then='tick', uuid=dom.UUIDString())
    heard.lifecycle((DEFINED, 1))
    dom.create()
    [resumed, started] = heard.take(2)
    equal((resumed[3:], started[3:]), ((RESUMED, 0), (STARTED, 0)), 'started')
    check(started[2] == d.dom('g').ID() > 0, f'id {started[2]}')
    dom.suspend()
    heard.lifecycle((SUSPENDED, 0))
    dom.resume()
    heard.lifecycle((RESUMED, 0))
    image, passes = os.path.join(d.path, 'image'), Heard(d, 20)
    number = dom.ID()
    dom.save(image)
    heard.lifecycle((SUSPENDED, 0), (STOPPED, 4))
    equal(passes.take(1), [(20, 'g', number, 1)], 'passes over its memory')
    passes.conn.close()  # there may be more of them
    d.conn.restore(image)
    heard.lifecycle((STARTED, 2), (RESUMED, 0))
    os.unlink(image)
    dom.destroy()
    heard.lifecycle((SHUTDOWN, 2), (STOPPED, 1))
    dom.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    heard.lifecycle((STARTED, 0), (SUSPENDED, 0))
    dom.destroy()
    heard.lifecycle((SHUTDOWN, 2), (STOPPED, 1))
    dom.rename('h')
    heard.lifecycle((UNDEFINED, 1), (DEFINED, 2))
    d.dom('h').undefine()
    heard.lifecycle((UNDEFINED, 0))
    heard.close()


def by_itself(d):
    """What a guest does by itself: reboots, powers off, panics"""
    dom = d.boot('g', then='tick', devices="<panic model='isa'/>")
    heard, resets = Heard(d, 0), Heard(d, 1)
    dom.reset()
    until(lambda: d.serial('g').count(b'F') == 2, 'it has booted again')
    equal(resets.take(1), [(1, 'g', dom.ID())], 'reset')
    dom.shutdown()
    [down, stopped] = heard.take(2)
    equal((down[3], stopped[3:5]), (SHUTDOWN, (STOPPED, 0)), 'shutdown')
    resets.list = []  # QEMU resets more than once
    resets.close()
    d.drop('g')
    heard.lifecycle((UNDEFINED, 0))
    heard.close()


def bad_start(d):
    """A start that fails stops it"""
    path = os.path.join(d.dir, 'emulator')
    with open(path, 'w') as file:
        file.write(f'#!/bin/sh\ncase $* in *guest=*) exit 3 ;; esac\n'
                   f'exec {guest_lib.EMULATOR} "$@"\n')
    os.chmod(path, 0o755)
    d.define('g', emulator=path)
    heard = Heard(d, 0)
    guest_lib.error_of(d.dom('g').create)
    heard.lifecycle((STOPPED, 5))
    d.drop('g')
    heard.lifecycle((UNDEFINED, 0))
    guest_lib.error_of(d.conn.createXML, d.xml('t', emulator=path))
    heard.lifecycle((STOPPED, 5))
    heard.close()


def filtered(d):
    """Of one domain only; after deregistering none"""
    d.define('g')
    d.define('h')
    heard, every = Heard(d, 0, dom='g'), Heard(d, 0)
    d.dom('h').create()
    every.lifecycle((RESUMED, 0), (STARTED, 0))
    d.dom('g').create()
    every.lifecycle((RESUMED, 0), (STARTED, 0))
    heard.lifecycle((RESUMED, 0), (STARTED, 0))
    heard.conn.domainEventDeregisterAny(heard.callbacks[0])
    d.drop('h', 'g')
    until(lambda: len(every.list) >= 6, 'the other hears on')
    every.list = []
    heard.close()
    every.close()


def jobs(d):
    """Jobs that end: with their operation, their bytes and how they ended"""
    heard = Heard(d, 21)
    d.boot('g', then='tick', fill=8)
    [start] = heard.take(1)
    equal((start[1], start[3]['operation'], start[3]['success']), ('g', 1, True), 'a start')
    image = os.path.join(d.path, 'image')
    job = d.begin('save', 'g', image)
    d.ends(job, 'complete')
    [save] = heard.take(1)
    equal((save[2], save[3]['operation'], save[3]['success']), (-1, 2, True), 'a save')
    check(save[3]['memory_processed'] > MIB, f'bytes: {save[3]}')
    equal(save[3]['virtjob.id'], job, 'our own parameter')
    os.unlink(image)
    d.drop('g')
    heard.close()


def pools(d):
    """Pools: defined, built, started, refreshed, stopped, undefined"""
    heard = Heard(d, pool=True)
    path = os.path.join(d.dir, 'other')
    pool = d.conn.storagePoolDefineXML(
        f"<pool type='dir'><name>q</name><target><path>{path}</path></target></pool>")
    pool.build()
    pool.create()
    pool.refresh()
    pool.destroy()
    pool.delete()
    pool.undefine()
    equal([event[:2] for event in heard.take(7)],
          [('q', word) for word in ('defined', 'created', 'started', 'refreshed', 'stopped',
                                    'deleted', 'undefined')], 'events')
    heard.close()


def small(d):
    """Smaller things: a disk's tray, a title"""
    dom = d.boot('g', then='tick', devices="<disk type='file' device='cdrom'>"
                 "<target dev='sda' bus='sata'/></disk>")
    heard, changed = Heard(d, 10), Heard(d, 23)
    d.qmp('g', 'blockdev-open-tray', id='sata0-0-0')
    equal(heard.take(1), [(10, 'g', dom.ID(), 'sata0-0-0', 0)], 'open')
    d.qmp('g', 'blockdev-close-tray', id='sata0-0-0')
    equal(heard.take(1), [(10, 'g', dom.ID(), 'sata0-0-0', 1)], 'closed')
    dom.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, 'called', None, None, 0)
    dom.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, '<x/>', 'k', 'urn:x', 0)
    equal(changed.take(2), [(23, 'g', dom.ID(), 1, None), (23, 'g', dom.ID(), 2, 'urn:x')],
          'metadata')
    changed.close()
    d.drop('g')
    heard.close()


def async_clone(d):
    """A program starts a clone by its flag and hears of other things meanwhile"""
    heard = Heard(d, 0, pool=True)
    d.make('a', 4 * MIB)
    equal(heard.take(1), [('p', 'refreshed')], 'a refresh')
    pool = heard.conn.storagePoolLookupByName('p')
    vol = pool.createXMLFrom("<volume><name>b</name><capacity>0</capacity></volume>",
                             pool.storageVolLookupByName('a'), ASYNC)
    d.define('g')
    heard.lifecycle((DEFINED, 0))
    until(lambda: not [job for job in d.jobs() if job['phase'] != 'ended'], 'it has ended')
    equal(vol.info()[1], 4 * MIB, 'its size')
    d.drop('g')
    heard.lifecycle((UNDEFINED, 0))
    for name in 'ab':
        pool.storageVolLookupByName(name).delete()
    heard.close()


guest_lib.run(lifecycle, by_itself, bad_start, filtered, jobs, pools, small, async_clone)
