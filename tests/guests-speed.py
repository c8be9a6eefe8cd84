#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The speed of jobs on guests, and the pause of those that can be paused."""

import os
import signal

import crash_lib
import guest_lib
from crash_lib import until
from guest_lib import MIB, RUNNING, check, equal

FILL = 64
SLOW = '1M'  # a minute for a job
MAX = (1 << 63) - (1 << 20)


def path(d):
    return os.path.join(d.path, 'image')


def bandwidth(d):
    """What QEMU has been told."""
    return d.qmp('g', 'query-migrate-parameters')['max-bandwidth']


def told(d, wanted):
    until(lambda: bandwidth(d) == wanted, f'QEMU knows the speed {wanted}')


def slow_save(d, *args):
    job = d.begin(*args, '--speed', SLOW)
    until(lambda: d.job(job)['bytes_done'] > 0 and d.job(job)['bytes_total'] > FILL * MIB,
          'bytes are written')
    equal(d.job(job)['speed_limit'], MIB, 'its limit')
    told(d, MIB)
    return job


def save(d):
    """A save: at a speed from its start, at another, and by the next daemon"""
    dom = d.boot('g', fill=FILL)
    before = d.memory('g', FILL)
    job = slow_save(d, 'save', 'g', path(d))
    said = d.refused('job-pause', str(job))
    check('cannot be paused: QEMU' in said, said)
    equal(d.job(job)['phase'], 'running', 'its phase')
    d('job-speed', str(job), '1')
    told(d, 10)  # as slow as it can go
    d('job-cancel', str(job), '--wait')
    equal(d.state('g')[0], RUNNING, 'its state after the cancel')
    job = slow_save(d, 'save', 'g', path(d))
    d.kill9()
    d.start()
    guest_lib.until(lambda: d.job(job)['phase'] == 'running', 'it goes on after the restart')
    equal(d.job(job)['speed_limit'], MIB, 'its speed after the restart')
    d('job-speed', '--domain', 'g', '--speed', '3M')
    told(d, 3 * MIB)
    d('job-speed', str(job), '0')
    d.ends(job, 'complete')
    d.conn.restore(path(d))
    equal(d.memory('g', FILL), before, 'its memory')
    os.unlink(path(d))
    dom = d.dom('g')
    job = d.begin('managedsave', 'g', '--speed', '1G')
    d.ends(job, 'complete')
    dom.create()
    equal(d.memory('g', FILL), before, 'its memory, after a managed save')
    d.drop('g')


def whole_dump(d):
    """A dump of all its state takes a speed"""
    d.boot('g', fill=FILL)
    job = slow_save(d, 'dump', 'g', path(d))
    check('cannot be paused: QEMU' in d.refused('job-pause', str(job)), 'its pause')
    d('job-speed', str(job), '0')
    d.ends(job, 'complete')
    os.unlink(path(d))
    d('save', 'g', path(d))  # as fast as ever
    d.conn.restore(path(d))
    equal(bandwidth(d) < MAX, True, 'a fresh QEMU has its own limit')
    os.unlink(path(d))
    d.drop('g')


def memory_dump(d):
    """A dump of its memory takes a speed and a pause"""
    d.boot('g', fill=FILL)
    job = d.begin('dump', 'g', path(d), '--memory-only', '--speed', SLOW)
    temp = os.path.join(d.path, f'.virtjobd-{job}')
    until(lambda: os.path.exists(temp) and os.stat(temp).st_size > 0, 'bytes are written')
    d('job-pause', str(job))
    equal(d.job(job)['phase'], 'paused', 'its phase')
    size = os.stat(temp).st_size
    check(size < FILL * MIB // 2, f'it is too fast: {size}')
    for _ in range(20):  # whole rounds of clients, in any of which it would move more
        equal(d.job(job)['phase'], 'paused', 'its phase')
        moved = os.stat(temp).st_size - size
        check(moved <= 64 << 10, f'paused, it moves {moved} bytes')  # one piece was on its way
    d('job-resume', str(job))
    until(lambda: os.stat(temp).st_size > size + (64 << 10), 'it goes on')
    d('job-pause', str(job))
    d('job-cancel', str(job), '--wait')
    check(not os.path.exists(temp), 'its file is left')
    d.in_state('g', RUNNING)
    job = d.begin('dump', 'g', path(d), '--memory-only', '--speed', SLOW)
    d('job-speed', str(job), '0')
    d.ends(job, 'complete')
    check(os.stat(path(d)).st_size > FILL * MIB, 'the dump is whole')
    os.unlink(path(d))
    d.drop('g')


def restore(d):
    """A restore takes neither, and says why"""
    dom = d.boot('g', fill=FILL, emulator=d.held_emulator())
    dom.save(path(d))
    job, pid = d.held_in(path(d), 'restore', path(d))
    for verb in ('job-speed', str(job), '1M'), ('job-pause', str(job)):
        check('reads a saved state by itself' in d.refused(*verb), f'{verb[0]} of a restore')
    equal(d.job(job)['speed_limit'], 0, 'its limit')
    os.kill(pid, signal.SIGCONT)
    d.ends(job, 'complete')
    os.unlink(path(d))
    d.drop('g')


crash_lib.require('qemu-system-x86_64')
guest_lib.run(save, whole_dump, memory_dump, restore)
