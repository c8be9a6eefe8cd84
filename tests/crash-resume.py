#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Promise 8: kill -9 and SIGTERM in the middle of a job, and what the next daemon makes of it."""

import os
import random
import subprocess
import sys
import time

import crash_lib
from crash_lib import MIB, Daemon, check, digest, equal, noise, until

CHECKPOINT = 4 * MIB  # crash_lib's configuration
SIZE = 96 * MIB
PERMILLE = random.Random(os.environ.get('SEED', time.time_ns())).randrange


def slowly(d):
    """A few milliseconds for each megabyte: slow enough to be caught, too fast to halve it."""
    for call in ('copy_file_range', 'pwrite'):
        d.rule(call, 'delay', 4000)


def killed_at(d, number, permille):
    """Kills the daemon once the job is so far; returns what its journal says of it."""
    def far():
        job = d.job(number)
        check(job['phase'] != 'ended', f'job {number} ended before it was killed')
        return job['bytes_total'] and job['bytes_done'] * 1000 >= job['bytes_total'] * permille
    until(far, f'job {number} is at {permille / 10} %')
    d.kill9()
    d.no_rules()
    return d.journal(number)


def offset_of(row):
    return int(row['checkpoint'].split('"offset":')[1].split(',')[0])


def nothing_temporary(d):
    equal([name for name in d.files() if name.startswith('.')], [], 'temporary files')


def goes_on(d, begin, calls, finished):
    """Killed at three random moments, it goes on from its last synced offset."""
    for permille in sorted((PERMILLE(100, 350), PERMILLE(350, 600), PERMILLE(600, 850))):
        slowly(d)
        number = begin()
        row = killed_at(d, number, permille)
        offset = offset_of(row)
        check(offset >= CHECKPOINT and offset % MIB == 0, f'offset {offset} at {permille}')
        check(0 < row['running_ms'] < 60000 and offset <= row['done'] <= row['total'],
              f'progress in the journal: {row}')
        d.note_calls()
        d.start()
        making = d.volumes()
        job = d.ends(number, 'complete')
        first = min(at for at, length in d.noted(*calls) if length > 4096)
        # an allocation also passes over what was written behind it
        check(first == offset or 'full' in d.files() and first > offset,
              f'goes on from {first}, not {offset}')
        check(job['percent'] == 100 and job['running_seconds'] * 1000 >= row['running_ms'] - 1000
              and job['running_seconds'] < 60, f'its numbers: {job}')
        equal(job['queued_at_ms'], row['queued_at'], 'when it was asked for')
        equal(job['started_at_ms'], row['started_at'], 'when it first began')
        equal(d.volumes(), making, 'volumes before and after its end')
        nothing_temporary(d)
        finished()
        d.no_rules()


def clones(d, source):
    def finished():
        equal(digest(d.file('copy')), source, 'the copy')
        check('copy' in d.volumes(), 'it is listed')
        d('vol-delete', 'copy', '--pool', 'p')
    goes_on(d, lambda: d.begin('vol-clone', '--pool', 'p', 'src', 'copy'), ['copy_file_range'],
            finished)


def allocations(d, _):
    """On a file system without fallocate, where it means to write zeros."""
    def begin():
        d.rule('fallocate', 'fail', 95)
        return d.begin('vol-create-as', 'p', 'full', str(SIZE))

    def finished():
        check(os.stat(d.file('full')).st_blocks * 512 >= SIZE, 'it is allocated')
        with open(d.file('full'), 'rb') as file:
            equal(file.read().strip(b'\0'), b'', 'its bytes')
        d('vol-delete', 'full', '--pool', 'p')
    real_start = d.start

    def start():
        d.rule('fallocate', 'fail', 95)
        real_start()
    d.start = start
    goes_on(d, begin, ['pwrite'], finished)
    d.start = real_start


def wipes(d, _):
    d.make('dirty', SIZE)

    def finished():
        with open(d.file('dirty'), 'rb') as file:
            equal(file.read().strip(b'\0'), b'', 'its bytes')
        d.make('dirty', SIZE)
    goes_on(d, lambda: d.begin('vol-wipe', 'dirty', '--pool', 'p'), ['pwrite'], finished)
    d('vol-delete', 'dirty', '--pool', 'p')


def source_changed(d, source):
    slowly(d)
    number = d.begin('vol-clone', '--pool', 'p', 'src', 'copy')
    killed_at(d, number, 300)
    with open(d.file('src'), 'r+b') as file:
        first = file.read(1)
        file.seek(0)
        file.write(first)  # the same bytes, but who knows
    d.start()
    d.ends(number, 'failed', 'source changed')
    equal(d.files(), ['src'], 'files')
    equal(d.volumes(), ['src'], 'volumes')


def conversion_interrupted(d, _):
    crash_lib.require('qemu-img')
    xml = os.path.join(d.dir, 'image.xml')
    with open(xml, 'w') as file:
        file.write("<volume><name>image</name><capacity>0</capacity>"
                   "<target><format type='qcow2'/></target></volume>")
    d.rule('pwrite64', 'hold', 0, 6)
    number = d.begin('vol-create-from', 'p', xml, d.file('src'))
    d.held('pwrite64')
    until(lambda: temp_writers(d), 'qemu-img has it open')
    d.kill9()
    until(lambda: not temp_writers(d), 'qemu-img went with its daemon')
    d.no_rules()
    d.start()
    d.ends(number, 'failed', 'interrupted')
    equal(d.files(), ['src'], 'files')
    equal(d.volumes(), ['src'], 'volumes')


def temp_writers(d):
    """Processes, other than the daemon, that have a file of the pool open."""
    found = []
    for pid in os.listdir('/proc'):
        if not pid.isdigit() or d.process and int(pid) == d.process.pid:
            continue
        try:
            for fd in os.listdir(f'/proc/{pid}/fd'):
                if os.readlink(f'/proc/{pid}/fd/{fd}').startswith(d.pool + '/.virtjobd-'):
                    found.append(pid)
        except OSError:
            continue
    return found


def killed_when_accepted(d, source):
    """Before its worker has done anything, and while it is queued behind others."""
    d.rule('copy_file_range', 'hold')
    numbers = [d.begin('vol-clone', '--pool', 'p', 'src', f'copy{n}') for n in range(7)]
    equal([d.job(number)['phase'] for number in numbers[4:]], ['queued'] * 3, 'four at once')
    before = d.volumes()
    equal(len(before), 8, 'volumes being made are listed')
    d.kill9()
    d.no_rules()
    d.start()
    equal(d.volumes(), before, 'they are listed after the restart')
    for n, number in enumerate(numbers):
        d.ends(number, 'complete')
        equal(digest(d.file(f'copy{n}')), source, f'copy {n}')
        d('vol-delete', f'copy{n}', '--pool', 'p')
    nothing_temporary(d)


def around_the_publication(d, source):
    """It is past its point of no return, and the file has its name or has not."""
    for action in ('hold', 'after'):
        d.rule('renameat2', action)
        number = d.begin('vol-clone', '--pool', 'p', 'src', 'copy')
        d.held('renameat2')
        d.kill9()
        equal('copy' in d.files(), action == 'after', 'it has its name')
        d.no_rules()
        d.start()
        d.ends(number, 'complete')
        equal(digest(d.file('copy')), source, 'the copy')
        nothing_temporary(d)
        d.rule('unlinkat', action)
        number = d.begin('vol-delete', 'copy', '--pool', 'p')
        d.held('unlinkat')
        d.kill9()
        d.no_rules()
        d.start()
        d.ends(number, 'complete')
        equal(d.volumes(), ['src'], 'volumes')
        os.mkdir(d.file('../gone'))
        d('pool-define-as', 'gone', 'dir', '--target', os.path.join(d.path, 'gone'))
        d.rule('rmdir', action)
        number = d.begin('pool-delete', 'gone')
        d.held('rmdir')
        d.kill9()
        d.no_rules()
        d.start()
        d.ends(number, 'complete')
        check(not os.path.exists(d.file('../gone')), 'the directory is gone')
        d('pool-undefine', 'gone')


def cancelled_then_killed(d, _):
    """What was asked for and answered stands, also when the undo never came to its end."""
    for call, action, begin in (
            ('copy_file_range', 'hold', ('vol-clone', '--pool', 'p', 'src', 'copy')),
            ('pwrite', 'hold', ('vol-wipe', 'other', '--pool', 'p'))):
        d.make('other', 16 * MIB)
        d.rule(call, action, 0, 2)
        number = d.begin(*begin)
        d.held(call)
        d('job-cancel', str(number))
        d.kill9()
        d.no_rules()
        d.start()
        d.ends(number, 'cancelled')
        equal(d.files(), ['other', 'src'], 'files')
        check('has already been cancelled' in d.refused('job-cancel', str(number)), 'why')
    d('vol-delete', 'other', '--pool', 'p')


def stopped(d, source):
    """SIGTERM: running and queued ones are left to the next daemon, which takes them up."""
    slowly(d)
    numbers = [d.begin('vol-clone', '--pool', 'p', 'src', f'copy{n}') for n in range(6)]
    until(lambda: d.job(numbers[0])['bytes_done'] >= 3 * CHECKPOINT, 'it is on its way')
    took = d.term()
    check(took < 10 * crash_lib.SLOWER, f'the stop took {took} s')
    print(f'SIGTERM with 4 clones running: ended in {took * 1000:.0f} ms')
    row = d.journal(numbers[0])
    equal((row['state'], row['cancel_asked']), ('running', 0), 'in the journal')
    check(row['running_ms'] > 0 and row['done'] >= offset_of(row) > 0, f'its progress: {row}')
    d.no_rules()
    d.start()
    for n, number in enumerate(numbers):
        d.ends(number, 'complete')
        equal(digest(d.file(f'copy{n}')), source, f'copy {n}')
        d('vol-delete', f'copy{n}', '--pool', 'p')
    nothing_temporary(d)


def pools(d):
    infos = {name: d('pool-info', name).split('\n')
             for name in d('pool-list', '--all', '--name').split()}
    return {name: [line.split()[1] for line in info
                   if line.split(':')[0] in ('State', 'Persistent', 'Autostart')]
            for name, info in infos.items()}


def state_survives(d, _):
    """Pools as they were, the history, and the last job of each object, also of one that is gone."""
    for name in ('off', 'auto', 'transient'):
        os.mkdir(os.path.join(d.path, name))
    d('pool-define-as', 'off', 'dir', '--target', os.path.join(d.path, 'off'))
    d('pool-define-as', 'auto', 'dir', '--target', os.path.join(d.path, 'auto'))
    d('pool-autostart', 'auto')
    d('pool-create-as', 'transient', 'dir', '--target', os.path.join(d.path, 'transient'))
    last = {name: d('job-info', '--pool', 'p', '--vol', name, '--json')
            for name in ('src', 'copy') if name in [job['name'] for job in d.jobs()]}
    check(last, 'there is a last job to compare')
    history = d('jobs', '--all', '--json')
    for end in (d.kill9, d.term):
        end()
        d.start()
        equal(pools(d), {'p': ['running', 'yes', 'no'], 'off': ['inactive', 'yes', 'no'],
                         'auto': ['running', 'yes', 'yes'], 'transient': ['running', 'no', 'no']},
              'state, persistent, autostart of the pools')
        equal(d('jobs', '--all', '--json'), history, 'history')
        for name, job in last.items():
            equal(d('job-info', '--pool', 'p', '--vol', name, '--json'), job,
                  f'last job of {name}')


CASES = (clones, allocations, wipes, source_changed, conversion_interrupted, killed_when_accepted,
         around_the_publication, cancelled_then_killed, stopped, state_survives)


def main():
    with Daemon() as d:
        noise(d.file('src'), SIZE)
        d('pool-refresh', 'p')
        for case in CASES:
            if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
                continue
            start = time.monotonic()
            case(d, digest(d.file('src')))
            print(f'{case.__name__}: {time.monotonic() - start:.1f} s')


main()
