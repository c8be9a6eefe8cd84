#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""External snapshots with memory: a guest's state in a file and new images over its disks, of one
moment; and what is there when that was cancelled, refused, or its daemon killed."""

import json
import os
import signal
import socket

import crash_lib
import guest_lib
from crash_lib import MIB, equal, until
from guest_lib import ASYNC, PAUSED, RUNNING, SHUTOFF, check, libvirt, refused
from snapshot_lib import (DISK_ONLY, HALT, below, current, gone, images, job_of, names, sources,
                          take)

crash_lib.require('qemu-img', 'qemu-io')

UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
LIVE = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE


def with_memory(d, dom, name, flags=0, inner=''):
    """(the snapshot, its file)."""
    path = os.path.join(d.path, name + '.mem')
    return take(dom, name, flags, f"<memory snapshot='external' file='{path}'/>{inner}"), path


def left(d):
    """What lies beside the images and was not there before."""
    return [name for name in os.listdir(d.path) if name != 'p' and not name.startswith('kernel')
            and name not in ('one.qcow2', 'two.qcow2')]


def restored(d, name, path, fill, digest):
    """The file is a saved guest: it goes on with the memory that it had."""
    d.forget_serial(name)
    d('restore', path)
    d.in_state(name, RUNNING)
    equal(d.memory(name, fill), digest, 'memory from the file')


def whole(d):
    """Paused meanwhile, going on meanwhile, paused anyway, ended with it; the file can be restored"""
    (one, two), disks = images(d, 'one', 'two')
    dom = d.boot('on', then='tick', fill=8, devices=disks)
    digest = d.memory('on', 8)
    snapshot, path = with_memory(d, dom, 'a')
    d.in_state('on', RUNNING, libvirt.VIR_DOMAIN_RUNNING_UNPAUSED)
    d.ticks('on')
    on_top = [os.path.join(d.path, name) for name in ('one.a', 'two.a')]
    equal(sources(dom), [on_top[0], one, on_top[1], two], 'disks')
    xml = snapshot.getXMLDesc()
    check(f"<memory snapshot='external' file='{path}'/>" in xml, 'it says where the memory is')
    check('<state>running</state>' in xml, 'and that the guest ran')
    equal(os.stat(path).st_mode & 0o777, 0o600, 'for nobody else')
    equal(names(dom, libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE
                | libvirt.VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL), ['a'], 'of its kind')
    with_memory(d, dom, 'b', LIVE, "<disks><disk name='vda' snapshot='no'/></disks>")
    d.in_state('on', RUNNING)
    d.ticks('on')
    equal(below(os.path.join(d.path, 'two.b')), on_top[1], 'one disk alone')
    dom.suspend()
    with_memory(d, dom, 'c')
    d.in_state('on', PAUSED)
    check('<state>paused</state>' in dom.snapshotLookupByName('c').getXMLDesc(), 'paused')
    dom.resume()
    with_memory(d, dom, 'd', HALT)
    d.in_state('on', SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT)
    equal((names(dom), current(dom)), (list('abcd'), 'd'), 'known')
    refused(UNSUPPORTED, 'revert to external', dom.revertToSnapshot, dom.snapshotLookupByName('a'))
    restored(d, 'on', path, 8, digest)
    gone(d, 'on')


def without_disks(d):
    """Memory alone, where no disk is wanted; its file goes with it, unless that stays for the client"""
    images(d, 'one')
    dom = d.boot('on', then='tick', fill=8)
    digest = d.memory('on', 8)
    for name, flags in ('gone', 0), ('kept', libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY):
        snapshot, path = with_memory(d, dom, name)
        snapshot.delete(flags)
    until(lambda: left(d) == ['kept.mem'], 'one file goes')
    _, path = with_memory(d, dom, 'a')
    dom.destroy()
    restored(d, 'on', path, 8, digest)
    gone(d, 'on')


def what_is_refused(d):
    """Nothing is done, and nothing is written over"""
    (one,), disks = images(d, 'one')
    off = d.define('off', devices=disks)
    refused(libvirt.VIR_ERR_XML_ERROR, 'offline', with_memory, d, off, 'x')
    d.drop('off')
    dom = d.boot('on', devices=disks)
    for inner, flags, code, words in (
            ("<memory snapshot='external'/>", 0, libvirt.VIR_ERR_XML_ERROR, 'require a filename'),
            ("<memory snapshot='external' file='x'/>", 0, libvirt.VIR_ERR_XML_ERROR, 'be absolute'),
            ("<memory snapshot='external' file='/none/x'/>", 0, None, '/none'),
            (f"<memory file='{d.path}/x'/><disks><disk name='vda' snapshot='internal'/></disks>", 0,
             UNSUPPORTED, 'mixing'),
            (f"<memory file='{one}'/>", 0, UNSUPPORTED, 'already exists'),
            (f"<memory file='{d.path}/x'/>", DISK_ONLY,
             libvirt.VIR_ERR_XML_ERROR, 'disk-only'),
            ('', LIVE, libvirt.VIR_ERR_OPERATION_UNSUPPORTED, 'only with external memory')):
        error = guest_lib.error_of(take, dom, 'x', flags, inner)
        check(words in str(error), f'{inner}: {error}')
        equal(error.get_error_code(), code or error.get_error_code(), f'code of {error}')
    equal((left(d), names(dom), sources(dom)), ([], [], [one]), 'all is as before')
    d.in_state('on', RUNNING)
    gone(d, 'on')


def held(d, name, flags=0):
    """A snapshot whose file is only begun, QEMU stopped in the middle: (id, pid)."""
    pid = d.qemu('big')
    with_memory(d, d.dom('big'), name, ASYNC | flags)
    job = job_of(d, 'domain-snapshot-create')['id']
    d('job-speed', str(job), '1MiB')
    temp = os.path.join(d.path, f'.virtjobd-{job}')
    until(lambda: os.path.exists(temp) and os.stat(temp).st_size > MIB, 'memory is written')
    d.stop_process(pid)
    return job, pid


def in_the_middle(d):
    """Cancelled, and the daemon killed: the file and the images go, the guest goes on"""
    (one,), disks = images(d, 'one')
    d.boot('big', then='tick', fill=192, devices=disks)
    for end in ('cancel', 'kill'):
        job, pid = held(d, 'never', LIVE if end == 'cancel' else 0)
        if end == 'cancel':
            d('job-cancel', str(job))
            os.kill(pid, signal.SIGCONT)
            d.ends(job, 'cancelled')
        else:
            d.kill9()
            os.kill(pid, signal.SIGCONT)
            d.start()
            d.ends(job, 'failed', 'interrupted')
        equal((left(d), names(d.dom('big'))), ([], []), f'after a {end}')
        d.in_state('big', RUNNING)
        d.ticks('big')
    equal(sources(d.dom('big')), [one], 'disks')
    gone(d, 'big')


def ends_killed(d):
    """The daemon killed at each name that is given: nothing of it, or all"""
    (one,), disks = images(d, 'one')
    d.boot('on', then='tick', devices=disks)
    mine = [os.path.join(d.path, 'a.mem'), os.path.join(d.path, 'one.a')]
    for action, skip in (('hold', 0), ('after', 0), ('hold', 1), ('after', 1)):
        d.rule('renameat2', action, 0, skip)
        with_memory(d, d.dom('on'), 'a', ASYNC)
        d.held('renameat2')
        d.kill9()
        d.no_rules()
        d.start()
        d.ends(job_of(d, 'domain-snapshot-create')['id'], 'failed', 'interrupted')
        equal((left(d), names(d.dom('on')), sources(d.dom('on'))), ([], [], [one]),
              f'killed at name {skip} ({action})')
        d.in_state('on', RUNNING)
        d.ticks('on')
    with_memory(d, d.dom('on'), 'a')
    equal(sorted(left(d)), sorted(os.path.basename(path) for path in mine), 'and then it is made')
    gone(d, 'on')


def paused_by_hand(pid):
    """As it is before its daemon has told it to go on."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(f'/proc/{pid}/cwd/monitor.sock')
        with monitor.makefile('rw') as file:
            file.readline()
            for command in ('qmp_capabilities', 'stop'):
                file.write(json.dumps({'execute': command}) + '\n')
                file.flush()
                while 'return' not in json.loads(file.readline()):
                    pass


def behind_the_switch(d):
    """The daemon killed once QEMU has the new images: the next lets the guest go on"""
    (one,), disks = images(d, 'one')
    d.boot('on', then='tick', devices=disks)
    d.rule('renameat2', 'after', 0, 1)
    with_memory(d, d.dom('on'), 'a', ASYNC)
    d.held('renameat2')
    d.rule('fdatasync', 'hold')  # whose the image was is journalled
    os.unlink(os.path.join(d.rules, 'renameat2'))
    d.held('fdatasync')
    d.rule('pwrite64', 'hold')  # the outcome is not
    os.unlink(os.path.join(d.rules, 'fdatasync'))
    d.held('pwrite64')
    pid = d.qemu('on')
    d.kill9()
    d.no_rules()
    paused_by_hand(pid)
    d.start()
    d.ends(job_of(d, 'domain-snapshot-create')['id'], 'complete')
    d.in_state('on', RUNNING)
    d.ticks('on')
    equal((names(d.dom('on')), sources(d.dom('on'))), (['a'], [os.path.join(d.path, 'one.a'), one]),
          'it is made')
    gone(d, 'on')


if __name__ == '__main__':
    guest_lib.run(whole, without_disks, what_is_refused, in_the_middle, ends_killed)
    guest_lib.run(behind_the_switch, guests=guest_lib.HeldJournal)
