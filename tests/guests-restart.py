#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests outlive their daemon, killed or stopped; the next one knows all that they did meanwhile."""

import json
import os
import signal
import socket

import crash_lib
import guest_lib
from guest_lib import (CRASHED, INVALID, MIB, NO_DOMAIN, PAUSED, RUNNING, SHUTDOWN, SHUTOFF, check,
                       equal, libvirt, refused, until)

BY_USER = libvirt.VIR_DOMAIN_PAUSED_USER
PANIC = "<panic model='isa'/>"
FILL = 256


def image(d):
    return os.path.join(d.path, 'image')


class Qmp:
    """The monitor of a guest whose daemon is dead."""

    def __init__(self, pid):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f'/proc/{pid}/cwd/monitor.sock')
        self.file = self.socket.makefile('rw')
        self.asked = 0
        self('qmp_capabilities')

    def __call__(self, command):
        """What has no id of ours is an event, or the last word to the daemon."""
        self.asked += 1
        ask = {'execute': command, 'id': f'test-{self.asked}'}
        print(json.dumps(ask), file=self.file, flush=True)
        for line in self.file:
            reply = json.loads(line)
            if reply.get('id') == ask['id']:
                return reply['return']
        raise EOFError

    def reaches(self, status):
        until(lambda: self('query-status')['status'] == status, f'QEMU is {status}')

    def close(self):
        self.file.close()
        self.socket.close()


def told(d):
    return {name: (d.state(name), d.dom(name).ID(), d.dom(name).XMLDesc(),
                   d.dom(name).isPersistent(), d.dom(name).OSType(), d.qemu(name))
            for name in d.names()}


def nothing_happens(d):
    """Nothing happens meanwhile: all is as before, in every state"""
    d.boot('runs', then='tick')
    d.boot('paused').suspend()
    d.conn.createXML(d.xml('transient'), 0)
    for name, then, action in (('off', 'off', 'on_poweroff'), ('crashed', 'panic', 'on_crash')):
        d.define(name, then=then, devices=PANIC, elements=f'<{action}>preserve</{action}>').create()
    d.in_state('off', SHUTDOWN)
    d.in_state('crashed', CRASHED)
    d.dom('transient').setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, 'a title of its own', None,
                                   None, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    before = told(d)
    for end in (d.kill9, d.term, d.kill9):
        end()
        check(not any(guest_lib.is_gone(of[-1]) for of in before.values()), 'guests run on')
        d.start()
        for name, want in before.items():
            equal(told(d)[name], want, name)
    d.ticks('runs')
    d.dom('runs').suspend()
    equal(d.state('runs'), (PAUSED, BY_USER), 'suspended')
    d.dom('paused').resume()
    equal(d.state('paused')[0], RUNNING, 'resumed')
    os.kill(d.qemu('runs'), signal.SIGKILL)
    d.in_state('runs', SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED)
    first = d.dom('transient').ID()
    d.dom('runs').create()
    check(d.dom('runs').ID() > first, 'an id is not given twice')
    d.drop(*d.names())


def meanwhile(d):
    """Ended, paused, powered off, panicked, woken meanwhile: noticed"""
    names = ('killed', 'paused', 'button', 'woken')
    for name in names:
        d.boot(name, then='tick')
    d.dom('woken').suspend()
    transient = d.conn.createXML(d.xml('transient'), 0).UUIDString()
    d.define('panics', then='panic', devices=PANIC).createWithFlags(
        libvirt.VIR_DOMAIN_START_PAUSED)
    pids = {name: d.qemu(name) for name in d.names()}
    d.kill9()
    for name in ('killed', 'transient'):
        os.kill(pids[name], signal.SIGKILL)
    for name, command, status in (('paused', 'stop', 'paused'), ('woken', 'cont', 'running'),
                                  ('button', 'system_powerdown', 'shutdown'),
                                  ('panics', 'cont', 'guest-panicked')):
        qmp = Qmp(pids[name])
        qmp(command)
        qmp.reaches(status)
        qmp.close()
    d.start()
    d.in_state('killed', SHUTOFF)
    refused(NO_DOMAIN, transient, d.conn.lookupByUUIDString, transient)
    d.in_state('paused', PAUSED)
    d.in_state('woken', RUNNING)
    d.in_state('button', SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN)
    d.in_state('panics', SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED)
    d.dom('paused').resume()
    d.ticks('paused')
    d.drop(*d.names())


def hung(d):
    """A guest that hangs while its daemon starts: the daemon serves, the guest is there"""
    d.boot('hangs')
    d.boot('other')
    pid = d.qemu('hangs')
    d.stop_process(pid)
    d.kill9()
    d.start()
    equal((d.state('hangs')[0], d.state('other')[0]), (RUNNING, RUNNING), 'states')
    d.dom('other').suspend()
    os.kill(pid, signal.SIGCONT)
    d.dom('hangs').suspend()
    equal(d.state('hangs'), (PAUSED, BY_USER), 'it answers again')
    d.stop_process(pid)
    d.kill9()
    d.start()
    d.dom('hangs').destroy()
    check(guest_lib.is_gone(pid), 'destroyed while it hangs')
    d.drop(*d.names())


def save(d):
    """A save of much memory, its daemon killed again and again: one job, whole at its end"""
    dom = d.boot('g', then='tick', fill=FILL)
    before, xml = d.memory('g', FILL), dom.XMLDesc()
    job, pid = d.held_out('g', 'save', 'g', image(d))
    temp, size = os.path.join(d.path, f'.virtjobd-{job}'), 0
    for _ in range(2):
        d.kill9()
        d.start()
        equal(d.state('g'), (PAUSED, libvirt.VIR_DOMAIN_PAUSED_SAVE), 'state')
        until(lambda: d.job(job)['phase'] == 'running', 'the job goes on, though QEMU hangs')
        refused(INVALID, str(job), d.dom('g').resume)
        os.kill(pid, signal.SIGCONT)
        until(lambda: os.stat(temp).st_size > size + 4 * MIB, 'QEMU writes on')
        d.stop_process(pid)
        size = os.stat(temp).st_size
    os.kill(pid, signal.SIGCONT)
    ended = d.ends(job, 'complete')
    equal(ended['bytes_done'], ended['bytes_total'], 'bytes of the job')
    check(ended['bytes_total'] > FILL * MIB, f'bytes of the job: {ended["bytes_total"]}')
    equal((d.state('g')[0], os.stat(image(d)).st_size > FILL * MIB), (SHUTOFF, True), 'saved')
    d.conn.restore(image(d))
    equal((d.state('g')[0], d.memory('g', FILL)), (RUNNING, before), 'restored')
    equal(d.dom('g').XMLDesc().count('<alias'), xml.count('<alias'), 'its devices')
    d.ticks('g')
    os.unlink(image(d))
    d.drop('g')


def saved_meanwhile(d):
    """A save whose last byte is written while no daemon is there; one whose guest is gone"""
    d.boot('g', fill=64)
    before = d.memory('g', 64)
    job, pid = d.held_out('g', 'save', 'g', image(d))
    d.kill9()
    os.kill(pid, signal.SIGCONT)
    qmp = Qmp(pid)
    until(lambda: qmp('query-migrate')['status'] == 'completed', 'all is written')
    qmp.close()
    d.start()
    d.ends(job, 'complete')
    d.conn.restore(image(d))
    equal((d.state('g')[0], d.memory('g', 64)), (RUNNING, before), 'restored')
    older = crash_lib.digest(image(d))
    job, pid = d.held_out('g', 'save', 'g', image(d))
    d.kill9()
    os.kill(pid, signal.SIGKILL)
    d.start()
    d.ends(job, 'failed', 'interrupted')
    equal((d.state('g')[0], crash_lib.digest(image(d))), (SHUTOFF, older), 'the older image')
    os.unlink(image(d))
    d.drop('g')


def not_begun(d):
    """A save whose QEMU was not told to write yet, its guest restored or dumped before: undone"""
    dom = d.boot('g', then='tick', fill=8)
    before = d.memory('g', 8)
    dom.save(image(d))
    d.conn.restore(image(d))
    for after in (lambda: None, lambda: dom.coreDump(image(d), 0)):  # both leave it 'completed'
        after()
        older = crash_lib.digest(image(d))
        d.rule('pwrite', 'hold')
        job = d.begin('save', 'g', image(d))
        d.held('pwrite')
        for option in ((), ('--disable',)):  # written behind what the job has: that is on disk, too
            d('pool-autostart', 'p', *option)
        d.kill9()
        d.no_rules()
        d.start()
        dom = d.dom('g')
        d.ends(job, 'failed', 'interrupted')
        d.in_state('g', RUNNING)
        d.ticks('g')
        equal((d.memory('g', 8), crash_lib.digest(image(d))), (before, older), 'memory, older file')
    os.unlink(image(d))
    d.drop('g')


def started_meanwhile(d):
    """A start that was not known to have ended: undone before the guest has run, and not after"""
    d.define('g', emulator=d.held_emulator())
    was = None
    for writes in range(1, 60, 2):
        job, pid = d.held_start('start', 'g')
        d.rule('pwrite64', 'hold', skip=writes)
        os.kill(pid, signal.SIGCONT)
        d.held('pwrite64')
        d.kill9()
        d.no_rules()
        qmp = Qmp(pid)
        was = qmp('query-status')['status']
        if was == 'running':  # and may have done anything since
            qmp('stop')
            qmp.reaches('paused')
        qmp.close()
        d.start()
        if was == 'running':
            break
        d.ends(job, 'failed')
        equal((d.state('g')[0], guest_lib.is_gone(pid)), (SHUTOFF, True), 'one that has not run')
    equal((was, writes > 1), ('running', True), 'what QEMU was at last, and not at first')
    d.ends(job, 'complete')
    d.in_state('g', PAUSED)
    check(not guest_lib.is_gone(pid), 'its process')
    d.dom('g').resume()
    d.drop('g')


guest_lib.run(nothing_happens, meanwhile, hung, save, saved_meanwhile, not_begun)
guest_lib.run(started_meanwhile, guests=guest_lib.HeldJournal)
