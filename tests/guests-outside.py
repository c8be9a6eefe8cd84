#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's QEMU that somebody kills: while it runs, and in the middle of each job on it.

The job has failed and says why, nothing of it is left, the domain is shut off.
"""

import os
import signal

import crash_lib
import guest_lib
from guest_lib import NO_DOMAIN, RUNNING, SHUTOFF, check, equal, libvirt, refused, until

CRASHED, SHUTOFF_FAILED = libvirt.VIR_DOMAIN_SHUTOFF_CRASHED, libvirt.VIR_DOMAIN_SHUTOFF_FAILED
FILL = 160


def image(d):
    return os.path.join(d.path, 'image')


def failed(d, job, reason):
    """It tells of an end; then the domain is off, and can start again."""
    error = d.ends(job, 'failed')['error']
    check(error['code'] and any(word in error['message'] for word in ('end', 'clos', 'gone')),
          f'error of the job: {error}')
    d.in_state('g', SHUTOFF, reason)
    equal(d.dom('g').ID(), -1, 'id')
    until(lambda: not d.qemus(), 'no process is left')
    d.forget_serial('g')
    d.dom('g').create()
    d.booted('g')
    equal(d.state('g')[0], RUNNING, 'it starts again')


def no_file(d):
    left = [name for name in os.listdir(d.path) if not name.startswith('kernel')]
    equal(left, ['p'], 'files')


def while_it_runs(d):
    """While it runs, and while it is paused"""
    dom = d.boot('g')
    os.kill(d.qemu('g'), signal.SIGKILL)
    d.in_state('g', SHUTOFF, CRASHED)
    dom.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    os.kill(d.qemu('g'), signal.SIGTERM)
    d.in_state('g', SHUTOFF)
    d.drop('g')
    d.conn.createXML(d.xml('t'), 0)
    os.kill(d.qemu('t'), signal.SIGKILL)
    until(lambda: d.names() == [], 'a transient one is gone')


def while_it_starts(d):
    """During start"""
    dom = d.define('g', emulator=d.held_emulator())
    dom.create()
    dom.destroy()
    job, pid = d.held_start('start', 'g')
    os.kill(pid, signal.SIGKILL)
    failed(d, job, SHUTOFF_FAILED)
    d.drop('g')


def while_it_is_saved(d):
    """During save and managed save"""
    d.boot('g', fill=FILL)
    job, pid = d.held_out('g', 'save', 'g', image(d))
    os.kill(pid, signal.SIGKILL)
    failed(d, job, CRASHED)
    no_file(d)
    d.rule('fdatasync', 'hold')
    job = d.begin('save', 'g', image(d))  # all of it written, not yet on disk
    d.held('fdatasync')
    os.kill(d.qemu('g'), signal.SIGKILL)
    until(lambda: not d.qemus(), 'it is gone')
    d.no_rules()
    ended = d.ended_job(job)
    if ended['state'] == 'complete':  # whole, so nothing is lost: as if it had ended by itself
        d.in_state('g', SHUTOFF)
        d.conn.restore(image(d))
        os.unlink(image(d))
    else:
        failed(d, job, CRASHED)
    no_file(d)
    d.drop('g')


def while_it_is_dumped(d):
    """During dump, of its memory and of all"""
    d.boot('g', fill=FILL)
    for args in (('--memory-only',), ()):
        job, pid = d.held_out('g', 'dump', 'g', image(d), *args)
        os.kill(pid, signal.SIGKILL)
        failed(d, job, CRASHED)
        no_file(d)
    d.drop('g')


def while_it_is_restored(d):
    """During restore, and start from a managed save: the image is kept"""
    dom = d.boot('g', fill=FILL, emulator=d.held_emulator())
    dom.save(image(d))
    before = crash_lib.digest(image(d))
    job, pid = d.held_in(image(d), 'restore', image(d))
    os.kill(pid, signal.SIGKILL)
    failed(d, job, SHUTOFF_FAILED)
    dom.managedSave(0)
    [name] = os.listdir(f'{d.dir}/state/save')
    job, pid = d.held_in(f'{d.dir}/state/save/{name}', 'start', 'g')
    os.kill(pid, signal.SIGKILL)
    d.ends(job, 'failed')
    equal((d.state('g')[0], dom.hasManagedSaveImage(0)), (SHUTOFF, 1), 'afterwards')
    d.drop('g')
    job, pid = d.held_in(image(d), 'restore', image(d))
    os.kill(pid, signal.SIGKILL)
    d.ends(job, 'failed')
    refused(NO_DOMAIN, 'g', d.dom, 'g')
    equal(crash_lib.digest(image(d)), before, 'the image')
    os.unlink(image(d))


guest_lib.run(while_it_runs, while_it_starts, while_it_is_saved, while_it_is_dumped,
              while_it_is_restored)
