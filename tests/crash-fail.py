#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes wrong in the middle of a job, and clients that do not wait for its end.

No file stays, the record says what and where, and the pool is free at once.  The full disk is a
real one, and needs root; what root may do is tried by everyone else.
"""

import errno
import os
import signal
import subprocess
import threading

import crash_lib
from crash_lib import MIB, Daemon, check, digest, equal


def held_clone(d):
    """A clone of 'src' to 'v', held in its middle by a rule on its copying."""
    d.rule('copy_file_range', 'hold', 0, 3)
    number = d.begin('vol-clone', '--pool', 'p', 'src', 'v')
    d.held('copy_file_range')
    return number


def failed(d, number, error, text, files):
    job = d.ends(number, 'failed', text)
    code, told, step, message = d.call('error', str(number)).split('|')
    check(int(code) > 0 and text in message, f'code {code}: {message}')
    equal(int(told), error, 'errno')
    check(step and step == job['error']['step'], f'step {step!r}, {job["error"]}')
    equal(d.files(), files, 'files')
    check('v' not in d.volumes(), 'it is not listed')
    equal(d.call('lookup', 'p', 'v'), '50', 'lookup')
    d('vol-create-as', 'p', 'v', '1M', '--allocation', '0')  # the pool is free at once
    d('vol-delete', 'v', '--pool', 'p')


def source_truncated(d):
    number = held_clone(d)
    os.truncate(d.file('src'), MIB)
    d.no_rules()
    failed(d, number, -1, 'changed size', ['src'])
    d.make('src', 32 * MIB)


def no_space(d):
    """Certain lack of it is told by the call; what comes later lives in the job."""
    number = held_clone(d)
    with open(d.file('filler'), 'wb', buffering=0) as file:
        try:
            while file.write(bytes(MIB)):
                pass
        except OSError as error:
            equal(error.errno, errno.ENOSPC, 'errno')
    d.no_rules()
    failed(d, number, errno.ENOSPC, 'No space left', ['filler', 'src'])
    jobs = len(d.jobs())
    check('No space left' in d.refused('vol-clone', '--pool', 'p', 'src', 'w'), 'why')
    equal(len(d.jobs()), jobs, 'jobs: it was refused, none was made')
    os.unlink(d.file('filler'))


def not_ours(d):
    """The owner it is to have is not for us to give: told when all is copied."""
    xml = os.path.join(d.dir, 'v.xml')
    with open(xml, 'w') as file:
        file.write("<volume><name>v</name><capacity>1048576</capacity><allocation>0</allocation>"
                   "<target><permissions><mode>0600</mode><owner>1</owner><group>1</group>"
                   "</permissions></target></volume>")
    number = d.begin('vol-create', 'p', xml)
    failed(d, number, errno.EPERM, 'cannot set owner', ['src'])


def sync_call_cancelled(d):
    """Who waits in a sync call is told that it was aborted, by whomever."""
    d.rule('copy_file_range', 'hold', 0, 3)
    said = []
    waiting = threading.Thread(target=lambda: said.append(d.call('clone', 'p', 'src', 'v')))
    waiting.start()
    d.held('copy_file_range')
    [job] = [job for job in d.jobs() if job['phase'] != 'ended']
    equal((job['operation'], job['name'], d.call('lookup', 'p', 'v')), ('vol-clone', 'v', '0'),
          'the job of another client, and the volume it makes')
    d('job-cancel', str(job['id']))
    d.no_rules()
    waiting.join()
    equal(said, ['78'], 'the waiting client: VIR_ERR_OPERATION_ABORTED')
    d.ends(job['id'], 'cancelled')
    equal(d.files(), ['src'], 'files')


def client_killed(d):
    """It was a sync call; the job does not need its client."""
    d.rule('copy_file_range', 'hold', 0, 3)
    client = subprocess.Popen([f'{crash_lib.BUILD}/run', f'{crash_lib.BUILD}/tests/crash-call',
                               d.uri, 'clone', 'p', 'src', 'v'], env=d.env)
    d.held('copy_file_range')
    [job] = [job for job in d.jobs() if job['phase'] != 'ended']
    client.send_signal(signal.SIGKILL)
    client.wait()
    equal(d.job(job['id'])['phase'], 'running', 'phase without its client')
    d.no_rules()
    d.ends(job['id'], 'complete')
    equal(digest(d.file('v')), digest(d.file('src')), 'the copy')
    d('vol-delete', 'v', '--pool', 'p')


class Mounted(Daemon):
    """Its pool is a small file system of its own."""

    def __enter__(self):
        mount = ['mount', '-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', self.pool]
        self.mounted = subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0
        return super().__enter__()

    def clean(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None
        if self.mounted:
            subprocess.run(['umount', self.pool], check=True)
        super().clean()


def main():
    with Daemon() as d:
        d.make('src', 32 * MIB)
        source_truncated(d)
        sync_call_cancelled(d)
        client_killed(d)
        if os.getuid():
            not_ours(d)
        else:
            print('not tried: what root may do and others may not')
    with Mounted() as d:
        if not d.mounted:
            print('not tried: a full disk, which only root can mount')
            return
        d.make('src', 32 * MIB)
        no_space(d)


main()
