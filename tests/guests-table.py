#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table "what exists afterwards" of domains in virtjobd-jobs(7), cell by cell.

Each operation is brought to its middle (its QEMU is stopped there) and then fails, is cancelled,
loses its daemon to kill -9, or has it stopped by SIGTERM.  What the manual says in that cell must
then be so.  Arguments: only the rows that contain one of them.
"""

import errno
import os
import signal
import sys

import crash_lib
import guest_lib
from crash_lib import MIB, check, digest, equal, fail, until
from guest_lib import PAUSED, RUNNING, SHUTOFF

MANUAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'man', 'virtjobd-jobs.7')
HEADINGS = ['domain operation', 'failed', 'cancelled', 'killed', 'stopped']
FILL = 160


def manual_table():
    """{row: {column: word}} of the table with these headings."""
    with open(MANUAL) as file:
        blocks = file.read().split('.TS\n')[1:]
    for block in blocks:
        rows = [line.split('\t') for line in block.split('.TE')[0].split('\n') if '\t' in line]
        if rows[0] == HEADINGS:
            return {row[0]: dict(zip(HEADINGS[1:], row[1:])) for row in rows[1:]}
    return fail(f'no table of outcomes in {MANUAL}')


class Table(guest_lib.Guests):
    """The rules of hold.c are about the files that guests are saved to."""

    def __init__(self):
        super().__init__()
        self.image = os.path.join(self.path, 'image')

    def managed(self):
        folder = f'{self.dir}/state/save'
        return [os.path.join(folder, name) for name in os.listdir(folder)]

    def world(self):
        """Every domain, what it is and does, and every file that one is saved to."""
        domains = {name: (self.state(name)[0], self.dom(name).XMLDesc(), self.dom(name).isActive(),
                          self.dom(name).isPersistent(), self.dom(name).hasManagedSaveImage())
                   for name in self.names()}
        files = {path: digest(path) for path in [self.image, *self.managed()]
                 if os.path.exists(path)}
        return domains, files, set(self.qemus()), sorted(os.listdir(self.path))


# --- the operations ---

class Operation:
    """prepare() makes what it needs; middle() begins and holds it there: (job, pid); fails() makes
    it fail from there; done() is called when it must have taken effect."""

    def prepare(self, d):
        pass

    def fails(self, d, pid):
        os.kill(pid, signal.SIGKILL)

    def clean(self, d):
        d.drop(*d.names())
        for path in [d.image]:
            if os.path.exists(path):
                os.unlink(path)


class Start(Operation):
    def prepare(self, d):
        d.define('g', emulator=d.held_emulator())

    def middle(self, d):
        return d.held_start('start', 'g')

    def done(self, d):
        equal(d.state('g')[0], RUNNING, 'state')
        d.booted('g')


class Create(Start):
    def prepare(self, d):
        d.forget_serial('g')
        with open(os.path.join(d.dir, 'g.xml'), 'w') as file:
            file.write(d.xml('g', emulator=d.held_emulator()))

    def middle(self, d):
        return d.held_start('create', os.path.join(d.dir, 'g.xml'))


class WithMemory(Operation):
    """Of a guest that is known by what its memory holds."""

    def prepare(self, d):
        d.boot('g', then='tick', fill=FILL, emulator=d.held_emulator())
        self.memory = d.memory('g', FILL)

    def runs_on(self, d):
        equal(d.state('g')[0], RUNNING, 'state')
        equal(d.memory('g', FILL), self.memory, 'its memory')
        d.ticks('g')


class Restore(WithMemory):
    def prepare(self, d):
        super().prepare(d)
        d.dom('g').save(d.image)

    def middle(self, d):
        return d.held_in(d.image, 'restore', d.image)

    def done(self, d):
        self.runs_on(d)
        check(os.path.exists(d.image), 'the image stays')


class ManagedStart(WithMemory):
    def prepare(self, d):
        super().prepare(d)
        d.dom('g').managedSave()

    def middle(self, d):
        return d.held_in(d.managed()[0], 'start', 'g')

    def done(self, d):
        self.runs_on(d)
        equal((d.dom('g').hasManagedSaveImage(), d.managed()), (0, []), 'the image')


class Save(WithMemory):
    args, sync = ('save', 'g', None), 'fdatasync'

    def middle(self, d):
        return d.held_out('g', *(arg or d.image for arg in self.args))

    def fails(self, d, pid):
        d.rule(self.sync, 'fail', errno.EIO)
        os.kill(pid, signal.SIGCONT)

    def done(self, d):
        equal(d.state('g')[0], SHUTOFF, 'state')
        d.conn.restore(d.image)
        self.runs_on(d)


class ManagedSave(Save):
    """Its file is not where the rules of hold.c are: a directory of its name is in its way."""

    def middle(self, d):
        pid, folder = d.qemu('g'), f'{d.dir}/state/save'
        job = d.begin('managedsave', 'g')
        until(lambda: any(os.stat(path).st_size > MIB for path in d.managed()),
              'bytes are written')
        d.stop_process(pid)
        equal((d.job(job)['phase'], os.listdir(folder)), ('running', [f'.virtjobd-{job}']), 'middle')
        return job, pid

    def fails(self, d, pid):
        os.mkdir(f'{d.dir}/state/save/{d.dom("g").UUIDString()}.save')
        os.kill(pid, signal.SIGCONT)

    def done(self, d):
        equal((d.state('g')[0], d.dom('g').hasManagedSaveImage()), (SHUTOFF, 1), 'saved')
        d.dom('g').create()
        self.runs_on(d)


class Dump(Save):
    args = ('dump', 'g', None, '--memory-only')
    sync = 'fsync'

    def done(self, d):
        with open(d.image, 'rb') as file:
            equal(file.read(4), b'\x7fELF', 'the dump')
        check(os.stat(d.image).st_size > FILL * MIB, 'its size')
        self.runs_on(d)


OPERATIONS = {
    'domain-create': Create(),
    'domain-start': Start(),
    'domain-start, managed save': ManagedStart(),
    'domain-save': Save(),
    'domain-managedsave': ManagedSave(),
    'domain-restore': Restore(),
    'domain-dump': Dump(),
}


# --- the columns ---

def is_failed(d, operation, word):
    job, pid = operation.middle(d)
    operation.fails(d, pid)
    error = d.ends(job, 'failed')['error']
    check(error['code'] > 0 and error['message'], f'error {error}')


def is_cancelled(d, operation, word):
    job, pid = operation.middle(d)
    d('job-cancel', str(job))
    if not guest_lib.is_gone(pid):
        os.kill(pid, signal.SIGCONT)
    d.ends(job, 'cancelled')


def is_killed(d, operation, word):
    job, pid = operation.middle(d)
    for option in ((), ('--disable',)):  # written behind what the job has: that is on disk, too
        d('pool-autostart', 'p', *option)
    d.kill9()
    os.kill(pid, signal.SIGCONT)
    d.start()
    d.ends(job, *(('complete',) if word == 'goes on' else ('failed', 'interrupted')))


def is_stopped(d, operation, word):
    job, pid = operation.middle(d)
    d.disconnect()
    d.process.terminate()
    until(lambda: ' stopping' in d.lines().split(' serves ')[-1], 'it stops')
    if word == 'ends first':
        os.kill(pid, signal.SIGCONT)
    d.exits()
    equal(d.journal(job)['state'] == 'complete', word == 'ends first', 'it has ended before')
    if word != 'ends first':
        os.kill(pid, signal.SIGCONT)
    d.start()
    d.ends(job, 'complete')


RUN = {'failed': is_failed, 'cancelled': is_cancelled, 'killed': is_killed, 'stopped': is_stopped}


def settle(d):
    """No guest is on its way any more."""
    until(lambda: all(d.state(name)[0] != PAUSED for name in d.names()), 'guests run or do not')


def walk_cell(d, operation, column, word):
    operation.prepare(d)
    before = d.world()
    RUN[column](d, operation, word)
    d.no_rules()
    for path in d.managed():
        if os.path.isdir(path):
            os.rmdir(path)
    settle(d)
    if word == 'before':
        equal(d.world(), before, 'what exists')
        if isinstance(operation, Save):
            operation.runs_on(d)
    else:
        check(word in ('goes on', 'ends first'), f'unknown word {word}')
        operation.done(d)
    operation.clean(d)
    d.quiet()


def main():
    table = manual_table()
    equal(sorted(table), sorted(OPERATIONS), 'operations in the manual')
    for row, cells in table.items():
        if sys.argv[1:] and not any(word in row for word in sys.argv[1:]):
            continue
        with Table() as d:
            for column, word in cells.items():
                try:
                    walk_cell(d, OPERATIONS[row], column, word)
                except BaseException:
                    print(f'in the cell {row} x {column} ({word}):', file=sys.stderr)
                    raise
        print(f'ok: {row}', flush=True)


main()
