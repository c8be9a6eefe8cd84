#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dirty bitmaps follow their disk through snapshots, block jobs and ends of its guest: what those
of a name say together is what was written since they were made, no less, and here no more."""

import json
import os
import signal
import subprocess
import threading
import xml.etree.ElementTree as tree

import crash_lib
import guest_lib
from guest_lib import MIB, check, equal, error_of, libvirt, refused, until

crash_lib.require('qemu-img')
UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED
DISKS, REUSE = (libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
                | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA,
                libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT)
ACTIVE = libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE
PIVOT = libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT
ASYNC = libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC
TRANSIENT = libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB
COPY_REUSE = libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT
SHALLOW = libvirt.VIR_DOMAIN_BLOCK_COPY_SHALLOW
GRAIN = 65536
SIZE = 16 * MIB


def img(*args):
    return subprocess.run(['qemu-img', *args], capture_output=True, text=True, check=True).stdout


def grains(start, length):
    return set(range(start // GRAIN, (start + length + GRAIN - 1) // GRAIN))


class Disk:
    """The one disk of a guest, what is written to it, and what should be marked of that."""

    def __init__(self, d, name, size=SIZE):
        self.d, self.name, self.made, self.since = d, name, 0, {}
        path = self.new_path()
        img('create', '-q', '-f', 'qcow2', path, str(size))
        self.dom = d.boot('g', devices=(
            "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
            f"<source file='{path}'/><target dev='vda' bus='virtio'/></disk>"))

    def path(self, number):
        return os.path.join(self.d.dir, f'{self.name}-{number}')

    def new_path(self):
        self.made += 1
        return self.path(self.made - 1)

    # --- its guest ---

    def again(self):
        """Its daemon or it itself has been started again."""
        self.dom = self.d.dom('g')

    def start(self):
        self.d.forget_serial('g')
        self.dom.create()
        self.d.booted('g')

    def write(self, start, length=GRAIN):
        said = self.d.qmp('g', 'human-monitor-command', **{
            'command-line': 'qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend '
                            f'"write -q -P 7 {start} {length}"'})
        equal(said, '', 'a write')
        for marked in self.since.values():
            marked |= grains(start, length)

    # --- its images ---

    def images(self):
        """[(path, QEMU's node)], from the topmost."""
        node = tree.fromstring(self.dom.XMLDesc()).find(".//disk/target[@dev='vda']/..")
        index, found = node.find('source').get('index'), []
        while node is not None and node.find('source') is not None:
            index = node.get('index') or index
            found.append((node.find('source').get('file'), f'libvirt-{index}-format'))
            node = node.find('backingStore')
        return found

    def paths(self):
        return [path for path, node in self.images()]

    def snapshot(self, flags=DISKS, path=None, memory=''):
        path = path or self.new_path()
        self.dom.snapshotCreateXML(
            f"<domainsnapshot>{memory}<disks><disk name='vda' snapshot='external'>"
            f"<source file='{path}'/></disk></disks></domainsnapshot>", flags)
        return path

    # --- its bitmaps ---

    def make(self, name):
        self.d.qmp('g', 'block-dirty-bitmap-add', node=self.images()[0][1], name=name,
                   persistent=True)
        self.since[name] = set()

    def bitmaps(self):
        """{name: how each image has it, from the topmost}"""
        nodes, found = self.d.qmp('g', 'query-named-block-nodes', flat=True), {}
        for at, (_, name) in enumerate(self.images()):
            for node in nodes:
                for bitmap in node.get('dirty-bitmaps', []) if node['node-name'] == name else []:
                    if 'name' in bitmap:
                        rows = found.setdefault(bitmap['name'], [None] * len(self.images()))
                        rows[at] = ('lost' if bitmap.get('inconsistent') else
                                    'on' if bitmap['recording'] and bitmap['persistent'] else 'off')
        return found

    def marked(self, name):
        """As an incremental backup finds it: of all images together."""
        nodes = [node for path, node in self.images()]
        rows = self.bitmaps()[name]
        check(rows[0] == 'on' and set(rows) <= {'on', None}, f'{name} is {rows}')
        sources = [{'node': node, 'name': name} for node, row in zip(nodes, rows) if row]
        path = os.path.join(self.d.dir, 'nbd')
        self.d.qmp('g', 'transaction', actions=[
            {'type': 'block-dirty-bitmap-add',
             'data': {'node': nodes[0], 'name': 'union', 'disabled': True}},
            {'type': 'block-dirty-bitmap-merge',
             'data': {'node': nodes[0], 'target': 'union', 'bitmaps': sources}}])
        self.d.qmp('g', 'nbd-server-start', addr={'type': 'unix', 'data': {'path': path}})
        try:
            self.d.qmp('g', 'block-export-add', **{
                'type': 'nbd', 'id': 'all', 'node-name': nodes[0], 'name': 'all',
                'bitmaps': ['union']})
            areas = json.loads(img('map', '--output=json', '--image-opts', 'driver=nbd,export=all,'
                                   f'server.type=unix,server.path={path},'
                                   'x-dirty-bitmap=qemu:dirty-bitmap:union'))
        finally:
            self.d.qmp('g', 'nbd-server-stop')
        until(lambda: not self.d.qmp('g', 'query-block-exports'), 'the export is gone')
        self.d.qmp('g', 'block-dirty-bitmap-remove', node=nodes[0], name='union')
        found = set()
        for area in areas:
            if not area['data']:
                found |= grains(area['start'], area['length'])
        return found

    def exact(self, when):
        for name, marked in self.since.items():
            found = self.marked(name)
            equal((marked - found, found - marked), (set(), set()),
                  f'what {name} does not say {when}, and what it should not say')

    # --- jobs on it ---

    def over(self):
        until(lambda: not self.dom.blockJobInfo('vda', 0), 'the block job is over')

    def ready(self):
        def is_ready():
            info = self.dom.blockJobInfo('vda', 0)
            return info and info['cur'] == info['end'] and info['end'] > 0
        until(is_ready, 'the copy is whole')

    def copy(self, flags=0, path=None, format='qcow2'):
        path = path or self.new_path()
        self.dom.blockCopy('vda', f"<disk type='file'><source file='{path}'/>"
                                  f"<driver type='{format}'/></disk>", {}, TRANSIENT | flags)
        return path

    def commit_all(self):
        self.dom.blockCommit('vda', None, None, 0, ACTIVE)

    def drop(self):
        self.d.drop('g')
        for number in range(self.made):
            if os.path.exists(self.path(number)):
                os.unlink(self.path(number))


def two_of_each(disk):
    """An image below that has X, one above it that has X and Y; before both, there is data."""
    disk.write(0, MIB)
    disk.make('X')
    disk.write(MIB, 3 * GRAIN)
    disk.snapshot()
    disk.write(2 * MIB, 2 * GRAIN)
    disk.make('Y')
    disk.write(3 * MIB)
    disk.write(MIB)


def snapshots(d):
    """New images, of a guest that runs and of one that does not, go on with what those below had"""
    disk = Disk(d, 'over')
    two_of_each(disk)
    equal(disk.bitmaps(), {'X': ['on', 'on'], 'Y': ['on', None]}, 'the bitmaps')
    disk.exact('after a snapshot')
    old = disk.new_path()
    img('create', '-q', '-f', 'qcow2', '-o', 'compat=0.10', '-b', disk.paths()[0], '-F', 'qcow2',
        '-u', old, str(SIZE))
    before = disk.bitmaps()
    error_of(disk.snapshot, DISKS | REUSE, old)
    equal((disk.bitmaps(), len(disk.images())), (before, 2), 'after a snapshot that has failed')
    disk.write(4 * MIB)
    disk.exact('after it')
    disk.dom.destroy()
    disk.snapshot()
    reused = disk.new_path()
    img('create', '-q', '-f', 'qcow2', '-b', disk.path(disk.made - 2), '-F', 'qcow2', reused)
    img('bitmap', '--add', reused, 'Y')
    disk.snapshot(DISKS | REUSE, reused)
    disk.start()
    equal(disk.bitmaps(), {'X': ['on', 'on', 'on', 'on'], 'Y': ['on', 'on', 'on', None]},
          'the bitmaps')
    disk.write(5 * MIB)
    disk.exact('after two snapshots while it was shut off')
    memory = disk.new_path()
    disk.snapshot(DISKS & ~libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY, None,
                  f"<memory snapshot='external' file='{memory}'/>")
    equal(set(disk.bitmaps()['Y'][:4]), {'on'}, 'the bitmaps')
    disk.write(6 * MIB)
    disk.exact('after one with memory')
    disk.drop()


def commits(d):
    """Commits from between and from the top"""
    disk = Disk(d, 'down')
    disk.write(0, MIB)
    disk.snapshot()
    two_of_each(disk)
    middle, base = disk.paths()[1:]
    equal(disk.bitmaps(), {'X': ['on', 'on', None], 'Y': ['on', None, None]}, 'before')
    disk.dom.blockCommit('vda', base, middle, 0, 0)
    disk.over()
    equal((disk.paths()[1:], disk.bitmaps()), ([base], {'X': ['on', 'on'], 'Y': ['on', None]}),
          'after a commit of the middle')
    disk.exact('after a commit of the middle')
    disk.write(5 * MIB)
    disk.commit_all()
    disk.ready()
    disk.write(6 * MIB)
    disk.dom.blockJobAbort('vda', PIVOT)
    equal((disk.paths(), disk.bitmaps()), ([base], {'X': ['on'], 'Y': ['on']}), 'after a pivot')
    disk.write(7 * MIB)
    # the commit itself has written all of the upper image, of which Y need not know
    disk.exact('after a pivot')
    disk.dom.destroy()
    disk.start()
    disk.exact('after all')
    disk.drop()


def copies(d):
    """Copies, of all images and of the topmost; they are refused where a bitmap would be lost"""
    disk = Disk(d, 'away')
    two_of_each(disk)
    top, base = disk.paths()
    raw = disk.path('raw')
    refused(UNSUPPORTED, f"'{raw}' is no qcow2 image", disk.copy, 0, raw, 'raw')
    check(not os.path.exists(raw), 'a copy that was refused has left its file')
    before = disk.bitmaps()
    disk.copy()
    disk.ready()
    disk.dom.blockJobAbort('vda', 0)
    equal(disk.bitmaps(), before, 'after a copy that is left')
    copy = disk.copy(SHALLOW)
    disk.ready()
    disk.write(8 * MIB)
    disk.dom.blockJobAbort('vda', PIVOT)
    equal((disk.paths(), disk.bitmaps()), ([copy, base], before), 'after a shallow copy')
    disk.write(9 * MIB)
    disk.exact('after a shallow copy')
    there = disk.new_path()  # it has one that is switched off
    img('create', '-q', '-f', 'qcow2', there, str(SIZE))
    img('bitmap', '--add', '--disable', there, 'X')
    disk.copy(COPY_REUSE, there)
    disk.ready()
    disk.write(10 * MIB)
    disk.dom.blockJobAbort('vda', PIVOT)
    equal((disk.paths(), disk.bitmaps()), ([there], {'X': ['on'], 'Y': ['on']}), 'after a copy')
    disk.write(11 * MIB)
    disk.exact('after a copy')
    disk.drop()


def pulls(d):
    """Pulls, whose own writes no bitmap sees"""
    disk = Disk(d, 'up')
    disk.write(0, MIB)
    disk.snapshot()
    two_of_each(disk)
    top, middle, base = disk.paths()
    disk.dom.blockRebase('vda', base, 0, 0)
    disk.over()
    equal((disk.paths(), disk.bitmaps()), ([top, base], {'X': ['on', None], 'Y': ['on', None]}),
          'after a pull of the middle')
    disk.exact('after a pull of the middle')
    disk.snapshot()
    disk.write(5 * MIB)
    disk.dom.blockPull('vda', 0, 0)
    disk.over()
    disk.write(6 * MIB)
    equal(disk.bitmaps(), {'X': ['on'], 'Y': ['on']}, 'after a pull')
    disk.exact('after a pull')
    disk.drop()


def sizes(d):
    """A disk that grows, also over an image that did not"""
    disk = Disk(d, 'wide')
    disk.make('X')
    disk.write(0)
    disk.dom.blockResize('vda', 2 * SIZE, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
    disk.write(2 * SIZE - GRAIN)
    disk.exact('of a disk that has grown')
    disk.snapshot()
    disk.dom.blockResize('vda', 3 * SIZE, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
    disk.write(3 * SIZE - GRAIN)
    refused(UNSUPPORTED, "'X' is of an image of another size", disk.dom.blockPull, 'vda', 0, 0)
    disk.commit_all()
    disk.ready()
    disk.dom.blockJobAbort('vda', PIVOT)
    disk.exact('after a commit into an image that was smaller')
    disk.drop()


def lost(d):
    """A bitmap that was lost is not followed, nor taken for whole for being lost"""
    disk = Disk(d, 'lost')
    disk.make('X')
    disk.make('Y')
    disk.dom.destroy()
    disk.start()
    pid = d.qemu('g')
    os.kill(pid, signal.SIGKILL)
    until(lambda: not disk.dom.isActive(), 'the guest has ended')
    disk.start()
    equal(disk.bitmaps(), {'X': ['lost'], 'Y': ['lost']}, 'after QEMU was killed')
    error = error_of(disk.dom.blockResize, 'vda', 2 * SIZE, 1)
    check('inconsistent' in str(error), f'it says {error}')
    disk.snapshot()
    disk.make('X')
    disk.write(0)
    equal(disk.bitmaps(), {'X': ['on', 'lost'], 'Y': [None, 'lost']}, 'after a snapshot')
    refused(UNSUPPORTED, "'X' does not say all", disk.dom.blockPull, 'vda', 0, 0)
    disk.commit_all()
    disk.ready()
    disk.dom.blockJobAbort('vda', PIVOT)
    equal(disk.bitmaps(), {'X': ['lost'], 'Y': ['lost']}, 'after a commit')
    disk.drop()


def ends(d):
    """They are there, and record, after a destroy, a managed save, a restart of the daemon"""
    disk = Disk(d, 'end')
    two_of_each(disk)
    before = disk.bitmaps()

    def destroyed():
        disk.dom.destroy()
        disk.start()

    def saved():
        disk.dom.managedSave(0)
        disk.dom.create()

    def left():
        d.kill9()
        d.start()
        disk.again()
    for number, end in enumerate((destroyed, saved, left, destroyed)):
        end()
        equal(disk.bitmaps(), before, f'after it was {end.__name__}')
        disk.write((5 + number) * MIB)
        disk.exact(f'after it was {end.__name__}')
    disk.drop()


def busy(d):
    """A guest that writes all the time, also in the middle of the pivot"""
    disk = Disk(d, 'busy', 64 * SIZE)
    disk.make('X')
    over, errors, writers = threading.Event(), [], 8

    def write(first):
        try:
            for number in range(first, 64 * SIZE // GRAIN, writers):  # none twice
                if over.is_set():
                    break
                disk.write(number * GRAIN, 512)
        except BaseException as error:
            errors.append(error)

    def commit():
        disk.snapshot()
        disk.commit_all()
    for job in disk.copy, commit:
        disk.since['X'].clear()
        d.qmp('g', 'block-dirty-bitmap-clear', node=disk.images()[0][1], name='X')
        over.clear()
        job()
        disk.ready()
        threads = [threading.Thread(target=write, args=(i,)) for i in range(writers)]
        for thread in threads:
            thread.start()
        until(lambda: len(disk.since['X']) > writers, 'it writes')
        disk.dom.blockJobAbort('vda', PIVOT)
        before = len(disk.since['X'])
        until(lambda: len(disk.since['X']) > before + writers, 'it goes on writing')
        over.set()
        for thread in threads:
            thread.join()
        equal(errors, [], 'what the writers have met')
        disk.exact('of a guest that was busy')
    disk.drop()


def killed(d, disk, job, operation):
    """Killed in the middle of a pivot, and once more, until there was none to kill."""
    ended, states = False, []
    for writes in range(0, 90, 5):
        at = len(states) * GRAIN
        disk.write(at)
        job()
        disk.ready()
        disk.write(8 * MIB + at)
        number = [job for job in d.jobs() if job['operation'] == operation][-1]['id']
        d.rule('pwrite64', 'hold', skip=writes)
        disk.dom.blockJobAbort('vda', PIVOT | ASYNC)
        ended = until(lambda: 'held' if os.path.exists(os.path.join(d.rules, 'pwrite64.held'))
                      else not disk.dom.blockJobInfo('vda', 0), 'it is held, or over') != 'held'
        d.kill9()
        d.no_rules()
        d.start()
        disk.again()

        def settled():
            found = tree.fromstring(disk.dom.XMLDesc()).find('.//mirror')
            if found is not None and found.get('ready') == 'yes':
                return 'ready'
            return d.job(number)['state'] == 'complete' and 'complete'
        states.append(until(settled, 'it is ready again, or done'))
        disk.write(12 * MIB + at)
        if states[-1] == 'ready':
            disk.dom.blockJobAbort('vda', PIVOT)
        disk.exact(f'killed after {writes} writes')
        if ended:
            break
    equal((ended, states[0], states[-1]), (True, 'ready', 'complete'), 'what came of the pivots')
    disk.drop()


def killed_in_copy(d):
    """The daemon killed in the middle of a copy's pivot: nothing that was written is missing"""
    disk = Disk(d, 'kcopy')
    disk.make('X')
    disk.snapshot()
    killed(d, disk, lambda: disk.copy(SHALLOW), 'domain-block-copy')


def killed_in_commit(d):
    """And in that of a commit's"""
    disk = Disk(d, 'kcommit')
    disk.make('X')

    def commit():
        disk.snapshot()
        disk.commit_all()
    killed(d, disk, commit, 'domain-block-commit')


guest_lib.run(snapshots, commits, copies, pulls, sizes, lost, ends, busy)
guest_lib.run(killed_in_copy, killed_in_commit, guests=guest_lib.HeldJournal)
