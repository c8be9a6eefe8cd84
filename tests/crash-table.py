#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table "what exists afterwards" of pools and volumes in virtjobd-jobs(7), cell by cell.

Each operation is brought to its middle (tests/hold.c holds it in a system call) and there fails,
is cancelled, loses its daemon to kill -9, or has it stopped by SIGTERM.  What the manual says in
that cell must then be so.  Arguments: only the rows that contain one of them.
"""

import concurrent.futures
import errno
import os
import stat
import subprocess
import sys

import crash_lib
from crash_lib import MIB, Daemon, check, digest, equal, fail, noise, until

MANUAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'man', 'virtjobd-jobs.7')
COLUMNS = ('failed', 'cancelled', 'killed', 'stopped')
FIRST = 'operation'  # that of domains begins with another word


def manual_table():
    """{row: {column: word}} of the table that has these columns."""
    table = {}
    with open(MANUAL) as file:
        blocks = file.read().split('.TS\n')[1:]
    for block in blocks:
        lines = [line.split('\t') for line in block.split('.TE')[0].split('\n') if '\t' in line]
        if tuple(lines[0]) == (FIRST, *COLUMNS):
            table = {line[0]: dict(zip(COLUMNS, line[1:])) for line in lines[1:]}
    check(table, f'no table of outcomes in {MANUAL}')
    return table


# --- what exists ---

def world(d, contents=True):
    """Every file, what the daemon shows of it, and every pool."""
    files = {}
    for where, dirs, names in os.walk(d.path):
        for name in dirs + names:
            path = os.path.join(where, name)
            st = os.lstat(path)
            files[os.path.relpath(path, d.path)] = (
                stat.filemode(st.st_mode), st.st_uid,
                None if stat.S_ISDIR(st.st_mode) or not contents else (st.st_size, digest(path)))
    pools = {name: d('pool-info', name) for name in d('pool-list', '--all', '--name').split()}
    for name, info in pools.items():  # free space is not ours alone
        pools[name] = [line for line in info.split('\n')
                       if line.split(':')[0] in ('Name', 'State', 'Persistent', 'Autostart')]
    volumes = {name: d('vol-info', name, '--pool', 'p', '--bytes').split('Allocation')[0]
               for name in d.volumes()} if 'running' in str(pools.get('p')) else {}
    return files, pools, volumes


# --- the operations ---

class Operation:
    """args: the command that starts it; `middle`: (call, action, skip) where it is held, and
    `failure`: (call, errno, skip) where it fails."""
    args = ()
    middle = failure = None

    def prepare(self, d):
        """Makes what it needs; runs before each cell."""

    def begin(self, d):
        return d.begin(*self.args)

    def done(self, d):
        """It took effect."""

    def partly(self, d, before):
        fail('no cell of this operation may say "partly"')

    def clean(self, d):
        for name in d.volumes():
            if name not in ('src', 'image'):
                d('vol-delete', name, '--pool', 'p')


class PoolOperation(Operation):
    def __init__(self, command, *options, middle, failure, defined=True, exists=True):
        self.args = (command, 'x', *options)
        self.middle, self.failure = middle, failure
        self.defined, self.exists = defined, exists

    def prepare(self, d):
        self.target = os.path.join(d.path, 'x')
        if self.exists:
            os.mkdir(self.target, 0o750)
        if self.defined:
            d('pool-define-as', 'x', 'dir', '--target', self.target)

    def begin(self, d):
        if self.defined:
            return d.begin(*self.args)
        return d.begin(self.args[0], 'x', 'dir', '--target', self.target, *self.args[2:])

    def done(self, d):
        command = self.args[0]
        equal(os.path.isdir(self.target), command != 'pool-delete', 'the directory')
        if command in ('pool-start', 'pool-create-as'):
            check('running' in d('pool-info', 'x'), 'the pool runs')

    def clean(self, d):
        if 'x' in d('pool-list', '--name').split():
            d('pool-destroy', 'x')
        if 'x' in d('pool-list', '--all', '--name').split():
            d('pool-undefine', 'x')
        if os.path.isdir(self.target):
            os.rmdir(self.target)


class Refresh(Operation):
    args = ('pool-refresh', 'p')
    middle = ('readdir', 'hold', 1)
    failure = ('readdir', errno.EIO, 1)

    def prepare(self, d):
        with open(d.file('new'), 'w') as file:
            file.write('not seen yet')

    def done(self, d):
        check('new' in d.volumes(), 'the new file is a volume')

    def clean(self, d):
        os.unlink(d.file('new'))
        d('pool-refresh', 'p')


class Make(Operation):
    """Of volume 'v', to have this capacity and these bytes on disk at least."""

    def __init__(self, *args, middle, failure, capacity, allocation=0, like=None, image=False):
        self.args = args
        self.middle, self.failure = middle, failure
        self.capacity, self.allocation, self.like = capacity, allocation, like
        self.image = image

    def done(self, d):
        info = d('vol-info', 'v', '--pool', 'p', '--bytes').split()
        equal(int(info[info.index('Capacity:') + 1]), self.capacity, 'capacity')
        check(os.stat(d.file('v')).st_blocks * 512 >= self.allocation, 'it is allocated')
        if self.like:
            equal(digest(d.file('v')), digest(d.file(self.like)), 'its bytes')
        if self.image:
            subprocess.run(['qemu-img', 'check', '-q', d.file('v')], check=True)


class Convert(Make):
    """Of volume 'src' to an image."""

    def begin(self, d):
        xml = os.path.join(d.dir, 'v.xml')
        with open(xml, 'w') as file:
            file.write("<volume><name>v</name><capacity>0</capacity>"
                       "<target><format type='qcow2'/></target></volume>")
        return d.begin('vol-create-from', 'p', xml, d.file('src'))

    def done(self, d):
        super().done(d)
        subprocess.run(['qemu-img', 'compare', '-q', d.file('src'), d.file('v')], check=True)


class Change(Operation):
    """Of volume 'v', a raw one of noise or an image."""

    def __init__(self, *args, middle, failure, size=None, image=False):
        self.args = args
        self.middle, self.failure = middle, failure
        self.size, self.image = size, image

    def prepare(self, d):
        if self.image:
            subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', d.file('v'), '64M'],
                           check=True)
            d('pool-refresh', 'p')
        else:
            d.make('v', 16 * MIB)

    def begin(self, d):
        if self.args == ('zeroed',):
            return int(d.call('delete-zeroed', 'p', 'v'))
        return super().begin(d)

    def done(self, d):
        command = self.args[0]
        if command in ('vol-delete', 'zeroed'):
            equal((d.volumes(), 'v' in d.files()), (['image', 'src'], False), 'the volume')
        elif command == 'vol-wipe':
            with open(d.file('v'), 'rb') as file:
                equal(file.read().strip(b'\0'), b'', 'what is left of it')
        else:
            info = d('vol-info', 'v', '--pool', 'p', '--bytes').split()
            equal(int(info[info.index('Capacity:') + 1]), self.size, 'capacity')

    def partly(self, d, before):
        """Bytes are gone, the volume is not; an image has its old or its new size."""
        after = world(d, contents=False)
        if self.image:
            size = d('vol-info', 'v', '--pool', 'p', '--bytes').split()
            check(int(size[size.index('Capacity:') + 1]) in (64 * MIB, self.size), 'size')
        else:
            equal(after[2], before[2], 'volumes')
        equal(sorted(after[0]), sorted(before[0]), 'files')


class Transfer(Operation):
    """Of volume 'v', by a virtjob that is a part of it, from or to a file of its own."""

    def __init__(self, command, middle, failure):
        self.args = (command,)
        self.middle, self.failure = middle, failure

    def prepare(self, d):
        self.local = os.path.join(d.dir, 'local')
        self.done_well = False
        self.digest = d.make('v', 16 * MIB)
        if self.args[0] == 'vol-upload':
            noise(self.local, 16 * MIB)
            self.digest = digest(self.local)

    def begin(self, d):
        seen = {job['id'] for job in d.jobs()}
        self.client = subprocess.Popen(
            [f'{crash_lib.BUILD}/run', 'virtjob', '-q', '-c', d.uri, self.args[0], 'v', self.local,
             'p'], env=d.env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return until(lambda: [job['id'] for job in d.jobs() if job['id'] not in seen],
                     'its job is there')[0]

    def done(self, d):
        self.done_well = True
        equal(self.client.wait(60 * crash_lib.SLOWER), 0, "the client's status")
        equal((digest(d.file('v')), digest(self.local)), (self.digest, self.digest), 'the bytes')

    def partly(self, d, before):
        """What came is there, and behind it what was there before."""
        after = world(d, contents=False)
        equal((sorted(after[0]), after[2]), (sorted(before[0]), before[2]), 'files and volumes')
        with open(d.file('v'), 'rb') as now, open(self.local, 'rb') as sent:
            same = os.path.commonprefix([now.read(), sent.read()])
        check(0 < len(same) < 16 * MIB, f'{len(same)} bytes are there')

    def clean(self, d):
        status = self.client.wait(60 * crash_lib.SLOWER)
        equal(status == 0, self.done_well, f"the client's status {status}")
        if self.args[0] == 'vol-download':
            equal(os.path.exists(self.local), self.done_well, "the client's file")
        if os.path.exists(self.local):
            os.unlink(self.local)
        super().clean(d)


CHUNK = ('copy_file_range', 'hold', 8)
NO_SPACE = ('pwrite', errno.ENOSPC, 4)
CREATE = ('vol-create-as', 'p', 'v')
CLONE = ('vol-clone', '--pool', 'p')

OPERATIONS = {
    'pool-start': PoolOperation('pool-start', middle=('readdir', 'hold', 0),
                                failure=('readdir', errno.EIO, 0)),
    'pool-start, building': PoolOperation('pool-start', '--build', exists=False,
                                          middle=('readdir', 'hold', 0),
                                          failure=('readdir', errno.EIO, 0)),
    'pool-create, building': PoolOperation('pool-create-as', '--build', defined=False,
                                           exists=False, middle=('readdir', 'hold', 0),
                                           failure=('readdir', errno.EIO, 0)),
    'pool-build': PoolOperation('pool-build', exists=False, middle=('mkdir', 'after', 0),
                                failure=('fsync', errno.EIO, 0)),
    'pool-delete': PoolOperation('pool-delete', middle=('rmdir', 'hold', 0),
                                 failure=('rmdir', errno.EBUSY, 0)),
    'pool-refresh': Refresh(),
    'vol-create raw, sparse': Make(*CREATE, '64M', '--allocation', '0', capacity=64 * MIB,
                                   middle=('ftruncate', 'after', 0),
                                   failure=('ftruncate', errno.EFBIG, 0)),
    'vol-create raw, full': Make(*CREATE, '192M', capacity=192 * MIB, allocation=192 * MIB,
                                 middle=('fallocate', 'after', 0),
                                 failure=('fallocate', errno.ENOSPC, 1)),
    'vol-create qcow2': Make(*CREATE, '64M', '--format', 'qcow2', capacity=64 * MIB,
                             image=True, middle=('pwrite64', 'hold', 1),
                             failure=('pwrite64', errno.ENOSPC, 1)),
    'vol-clone raw to raw': Make(*CLONE, 'src', 'v', capacity=64 * MIB, like='src', middle=CHUNK,
                                 failure=NO_SPACE),
    'vol-clone qcow2 to qcow2': Make(*CLONE, 'image', 'v', capacity=64 * MIB, like='image',
                                     middle=CHUNK, failure=NO_SPACE),
    'vol-clone, converting': Convert(capacity=64 * MIB, image=True,
                                     middle=('pwrite64', 'hold', 4),
                                     failure=('pwrite64', errno.ENOSPC, 4)),
    'vol-wipe': Change('vol-wipe', 'v', '--pool', 'p', middle=('pwrite', 'hold', 4),
                       failure=('pwrite', errno.EIO, 4)),
    'vol-resize raw, growing': Change('vol-resize', 'v', '32M', '--pool', 'p', size=32 * MIB,
                                      middle=('ftruncate', 'after', 0),
                                      failure=('fsync', errno.EIO, 0)),
    'vol-resize raw, allocating': Change(
        'vol-resize', 'v', '192M', '--allocate', '--pool', 'p', size=192 * MIB,
        middle=('fallocate', 'after', 0), failure=('fallocate', errno.ENOSPC, 1)),
    'vol-resize raw, shrinking': Change('vol-resize', 'v', '8M', '--shrink', '--pool', 'p',
                                        size=8 * MIB, middle=('ftruncate', 'hold', 0),
                                        failure=('ftruncate', errno.EIO, 0)),
    'vol-resize qcow2, growing': Change('vol-resize', 'v', '128M', '--pool', 'p', size=128 * MIB,
                                        image=True, middle=('pwrite64', 'hold', 0),
                                        failure=('pwrite64', errno.EIO, 0)),
    'vol-resize qcow2, shrinking': Change('vol-resize', 'v', '32M', '--shrink', '--pool', 'p',
                                          size=32 * MIB, image=True,
                                          middle=('pwrite64', 'hold', 0),
                                          failure=('pwrite64', errno.EIO, 0)),
    'vol-delete': Change('vol-delete', 'v', '--pool', 'p', middle=('unlinkat', 'hold', 0),
                         failure=('unlinkat', errno.EPERM, 0)),
    'vol-delete, zeroing': Change('zeroed', middle=('pwrite', 'hold', 4),
                                  failure=('pwrite', errno.EIO, 4)),
    'vol-upload': Transfer('vol-upload', middle=('pwrite', 'hold', 4),
                           failure=('pwrite', errno.ENOSPC, 4)),
    'vol-download': Transfer('vol-download', middle=('pread', 'hold', 4),
                             failure=('pread', errno.EIO, 4)),
}


# --- the columns: each ends with the job's end, or where its refusal is seen ---

def to_the_middle(d, operation):
    call, action, skip = operation.middle
    d.rule(call, action, 0, skip)
    number = operation.begin(d)
    d.held(call)
    return number


def is_failed(d, operation, word):
    call, error, skip = operation.failure
    d.rule(call, 'fail', error, skip)
    if call == 'pwrite':  # else the kernel copies
        d.rule('copy_file_range', 'fail', errno.EXDEV, 4)
    number = operation.begin(d)
    job = d.ends(number, 'failed')
    code, told, step, message = d.call('error', str(number)).split('|')
    check(int(code) > 0 and step and message, f'code {code}, step {step!r}, {message!r}')
    check(int(told) == error or os.strerror(error) in message + str(job['error']),
          f'{os.strerror(error)} is not told: {job["error"]}')


def is_cancelled(d, operation, word):
    number = to_the_middle(d, operation)
    if word == 'refused':
        check('past its point of no return' in d.refused('job-cancel', str(number)), 'why')
        d.no_rules()
        d.ends(number, 'complete')
        return
    d('job-cancel', str(number))
    if not operation.middle[0].endswith('64'):  # qemu-img is killed, we wait for the call
        d('job-cancel', str(number))
        job = d.job(number)
        equal((job['state'], job['phase']), ('running', 'cancelling'), 'state while it is held')
    d.no_rules()
    d.ends(number, 'cancelled')


def is_killed(d, operation, word):
    number = to_the_middle(d, operation)
    until(lambda: d.job(number)['phase'] != 'queued', 'it has begun')
    for option in ((), ('--disable',)):  # written behind that it has: then that is on disk, too
        d('pool-autostart', 'p', *option)
    d.kill9()
    d.no_rules()
    d.start()
    d.ends(number, *(('complete',) if word == 'goes on' else ('failed', 'interrupted')))


def is_stopped(d, operation, word):
    number = to_the_middle(d, operation)
    d.process.terminate()
    until(lambda: ' stopping' in d.lines().split(' serves ')[-1], 'it stops')
    d.no_rules()
    d.exits()
    equal(d.journal(number)['state'] == 'complete', word == 'ends first', 'it has ended before')
    d.start()
    d.ends(number, 'complete')


RUN = {'failed': is_failed, 'cancelled': is_cancelled, 'killed': is_killed, 'stopped': is_stopped}


def walk_cell(d, operation, column, word):
    operation.prepare(d)
    before = world(d)
    RUN[column](d, operation, word)
    d.no_rules()
    if word == 'before':
        equal(world(d), before, 'what exists')
    elif word == 'partly':
        operation.partly(d, before)
    else:
        check(word in ('refused', 'goes on', 'ends first', 'read anew'), f'unknown word {word}')
        operation.done(d)
    equal([name for name in os.listdir(d.pool) if name.startswith('.')], [], 'temporary files')
    operation.clean(d)


def walk_row(name, cells):
    with Daemon() as d:
        noise(d.file('src'), 64 * MIB)
        subprocess.run(['qemu-img', 'convert', '-O', 'qcow2', d.file('src'), d.file('image')],
                       check=True)
        d('pool-refresh', 'p')
        for column in COLUMNS:
            try:
                walk_cell(d, OPERATIONS[name], column, cells[column])
            except BaseException:
                print(f'in the cell {name} x {column} ({cells[column]}):', file=sys.stderr)
                raise


def main():
    crash_lib.require('qemu-img')
    table = manual_table()
    equal(sorted(table), sorted(OPERATIONS), 'operations in the manual')
    rows = [name for name in table
            if not sys.argv[1:] or any(word in name for word in sys.argv[1:])]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: walk_row(name, table[name]), rows))


main()
