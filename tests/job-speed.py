#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The speed of a job, at its start and while it runs; pause and resume; both over a restart."""

import os
import subprocess
import sys
import time

import crash_lib
from crash_lib import MIB, Daemon, check, digest, equal, noise, until

SIZE = 64 * MIB
SLOW = '1M'  # a minute for a job
ABSURD = str((1 << 63) + 5)


def stands(d, number):
    """It does not move; returns how far it is."""
    done = d.job(number)['bytes_done']
    for _ in range(5):
        time.sleep(0.05)
        job = d.job(number)
        equal((job['state'], job['phase'], job['bytes_done']), ('running', 'paused', done),
              'a paused job')
    return done


def moves(d, number, beyond=0):
    until(lambda: d.job(number)['bytes_done'] > beyond, f'job {number} moves')


def settle(d, number):
    """The piece that it had in hand when it was paused is done with."""
    done = None
    while done != (now := d.job(number)['bytes_done']):
        done = now
        time.sleep(0.05)


def clone_at_a_speed(d):
    """Slow from its start, then let go"""
    source = d.make('src', SIZE)
    number = d.begin('vol-clone', 'src', 'copy', '--pool', 'p', '--speed', SLOW)
    moves(d, number)
    job = d.job(number)
    equal((job['state'], job['speed_limit']), ('running', MIB), 'its state and limit')
    check(job['bytes_done'] < SIZE // 2, f'it is too fast: {job}')
    check('Speed limit:    1.00 MiB/s' in d('job-info', str(number)), 'job-info')
    d('job-speed', str(number), '2M')
    equal(d.job(number)['speed_limit'], 2 * MIB, 'the new limit')
    d('job-speed', '--pool', 'p', '--vol', 'copy', '--speed', '0')
    job = d.ends(number, 'complete')
    equal((job['speed_limit'], digest(d.file('copy'))), (0, source), 'limit and copy')
    check('already completed' in d.refused('job-speed', str(number), '1M'), 'an ended job')
    for verb in 'job-pause', 'job-resume':
        check('already completed' in d.refused(verb, str(number)), verb)
    d('vol-delete', 'copy', '--pool', 'p')


def pause_and_restart(d, stop):
    """Held, also by the next daemon, with its speed; then it goes on from there"""
    number = d.begin('vol-clone', 'src', 'copy', '--pool', 'p', '--speed', SLOW)
    moves(d, number)
    d('job-pause', str(number))
    d('job-pause', str(number))  # it is no error to ask again
    d.job(number)
    until(lambda: d.journal(number)['checkpoint'] is not None, 'what was done is on disk')
    done = stands(d, number)
    check(0 < done < SIZE, f'it is at {done}')
    stop()
    d.start()
    job = d.job(number)
    equal((job['phase'], job['speed_limit'], job['note']), ('paused', MIB, None), 'after the restart')
    equal(stands(d, number), done, 'how far it is')
    d('job-resume', str(number))
    moves(d, number, done)
    d('job-speed', str(number), '0')
    d.ends(number, 'complete')
    equal(digest(d.file('copy')), digest(d.file('src')), 'the copy')
    d('vol-delete', 'copy', '--pool', 'p')


def cancelled(d):
    """A cancel does not wait for either"""
    for pause in False, True:
        number = d.begin('vol-clone', 'src', 'copy', '--pool', 'p', '--speed', '1')
        moves(d, number)
        if pause:
            d('job-pause', str(number))
        d('job-cancel', str(number), '--wait')
        equal(d.job(number)['state'], 'cancelled', 'its state')
        equal(d.files(), ['src'], 'files')


def other_engines(d):
    """Wipe, allocation and resize keep to it too, where they write"""
    number = d.begin('vol-create-as', 'p', 'full', '64M', '--speed', '1')
    d.ends(number, 'complete')  # the file system only notes it
    d('vol-delete', 'full', '--pool', 'p')
    d.rule('fallocate', 'fail', 95)
    number = d.begin('vol-create-as', 'p', 'full', '64M', '--speed', SLOW)
    moves(d, number)
    d('job-pause', str(number))
    until(lambda: d.journal(number)['checkpoint'] is not None, 'what was done is on disk')
    stands(d, number)
    d('job-speed', str(number), '0')
    d('job-resume', str(number))
    d.ends(number, 'complete')
    noise(d.file('full'), SIZE)  # what was only allocated is not wiped
    number = d.begin('vol-wipe', 'full', '--pool', 'p', '--speed', SLOW)
    moves(d, number)
    check(d.job(number)['bytes_done'] < SIZE // 2, 'a wipe is too fast')
    d('job-speed', str(number), '0')
    d.ends(number, 'complete')
    number = d.begin('vol-resize', 'full', '128M', '--pool', 'p', '--allocate', '--speed', SLOW)
    until(lambda: d.job(number)['phase'] == 'running', 'it runs')
    d('job-speed', str(number), '0')
    d.ends(number, 'complete')
    d.no_rules()
    d('vol-delete', 'full', '--pool', 'p')


def child_state(name):
    """Of the one qemu-img that writes below this directory."""
    found = subprocess.run(['pgrep', '-f', f'qemu-img convert .*{name}'], capture_output=True,
                           text=True, check=False).stdout.split()
    if len(found) != 1:
        return None
    try:
        with open(f'/proc/{found[0]}/stat') as file:
            return file.read().rpartition(')')[2].split()[0]
    except OSError:
        return None


def conversion(d):
    """qemu-img is stopped and continued"""
    xml = os.path.join(d.path, 'vol.xml')
    with open(xml, 'w') as file:
        file.write(f'<volume><name>c</name><capacity>{SIZE}</capacity><allocation>0</allocation>'
                   '<target><format type="qcow2"/></target></volume>')
    number = d.begin('vol-create-from', 'p', xml, 'src', 'p', '--speed', '1K')
    until(lambda: child_state(d.pool) == 'T', 'it is stopped by its speed')
    d('job-pause', str(number))
    d('job-speed', str(number), '0')
    equal(d.job(number)['phase'], 'paused', 'its phase')
    for _ in range(5):
        equal(child_state(d.pool), 'T', 'state of qemu-img')
        time.sleep(0.02)
    d('job-resume', str(number))
    d.ends(number, 'complete')
    equal(subprocess.run(['qemu-img', 'compare', '-q', '-f', 'raw', '-F', 'qcow2', d.file('src'),
                          d.file('c')], check=False).returncode, 0, 'qemu-img compare')
    d('vol-delete', 'c', '--pool', 'p')
    number = d.begin('vol-create-from', 'p', xml, 'src', 'p', '--speed', '1K')
    until(lambda: child_state(d.pool) == 'T', 'it is stopped by its speed')
    d('job-pause', str(number))
    check(d.term() < 10 * crash_lib.SLOWER, 'a stop waits for what is paused')
    d.start()
    d.ends(number, 'failed', 'interrupted')
    equal(d.files(), ['src'], 'files')


class Transfer:
    """A virtjob that uploads or downloads at a speed, and its job."""

    def __init__(self, d, command, local, *options):
        seen = {job['id'] for job in d.jobs()}
        self.client = subprocess.Popen(
            [f'{crash_lib.BUILD}/run', 'virtjob', '-q', '-c', d.uri, command, 'src', local, 'p',
             *options], env=d.env, stdin=subprocess.DEVNULL)
        [self.number] = until(lambda: [job['id'] for job in d.jobs() if job['id'] not in seen],
                              'its job is there')

    def ends(self, d):
        d.ends(self.number, 'complete')
        equal(self.client.wait(60 * crash_lib.SLOWER), 0, "the client's status")


def transfers(d, command):
    """Slow from the start or while they run, held, and let go; the bytes are right"""
    local = os.path.join(d.dir, 'local')
    if command == 'vol-upload':
        noise(local, SIZE)
    for options in (('--speed', SLOW), ()):
        if not options:
            d.rule('pread' if command == 'vol-download' else 'pwrite', 'hold', 0, 4)
        transfer = Transfer(d, command, local, *options)
        number = str(transfer.number)
        if not options:
            d.held('pread' if command == 'vol-download' else 'pwrite')
            d('job-speed', number, SLOW)
            d.no_rules()
        moves(d, number)
        begin, done = time.monotonic(), d.job(number)['bytes_done']
        moves(d, number, done)
        equal(d.job(number)['speed_limit'], MIB, 'its limit')
        more = d.job(number)['bytes_done'] - done
        check(more < 4 * MIB + MIB * (time.monotonic() - begin), f'it is too fast: {more}')
        d('job-pause', number)
        until(lambda: d.job(number)['phase'] == 'paused', 'it is paused')
        settle(d, number)
        done = stands(d, number)
        check(done < SIZE, 'it is paused too late')
        d('job-resume', number)
        moves(d, number, done)
        d('job-speed', number, '8M')
        equal(d.job(number)['speed_limit'], 8 * MIB, 'the new limit')
        d('job-speed', number, '0')
        transfer.ends(d)
        equal(digest(local), digest(d.file('src')), 'the bytes')
    check('speed' in d.refused(command, 'src', local, 'p', '--speed', '-1'), 'a bad speed')
    os.unlink(local)


def refusals(d):
    number = d.begin('pool-refresh', 'p')
    d.ends(number, 'complete')
    check('completed' in d.refused('job-speed', str(number), '1M'), 'an ended refresh')
    for size in '-1', '1X', '99999999999999999999':
        check('speed' in d.refused('vol-clone', 'src', 'x', '--pool', 'p', '--speed', size), size)
    check('needs --speed' in d.refused('job-speed', '1'), 'no speed')
    check('above' in d.refused('vol-clone', 'src', 'x', '--pool', 'p', '--speed', ABSURD), ABSURD)
    check('no job 999' in d.refused('job-pause', '999'), 'no such job')
    check('no job 999' in d.refused('job-speed', '999', '1M'), 'no such job')
    equal(d.files(), ['src'], 'files')


def main():
    crash_lib.require('qemu-img', 'pgrep')
    with Daemon(conf='checkpoint_megabytes = 1024\n') as d:
        clone_at_a_speed(d)
        pause_and_restart(d, d.term)
        pause_and_restart(d, d.kill9)
        cancelled(d)
        other_engines(d)
        conversion(d)
        transfers(d, 'vol-download')
        transfers(d, 'vol-upload')
        refusals(d)
    return 0


if __name__ == '__main__':
    sys.exit(main())
