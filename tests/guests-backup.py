#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Backups of the disks of a running guest, by python-libvirt and virtjob: pushed and pulled, in
full and since a checkpoint, while the guest writes; cancelled, failed, over a restart of the daemon, at
the guest's end.  What is copied is compared byte by byte."""

import json
import os
import pwd
import signal
import socket
import subprocess
import threading
import uuid
import xml.etree.ElementTree as tree

import guest_lib
import wire
from guest_lib import INVALID, MIB, check, equal, error_of, libvirt, refused, until

INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG
UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED
CONFIG = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
SCHEMA = libvirt.VIR_ERR_XML_INVALID_SCHEMA
NO_BACKUP, NO_CHECKPOINT, INCONSISTENT = 104, 103, 109
BACKUP = 5
COMPLETED, FAILED, CANCELED = range(3)
REUSE = 1
SIZE, GRAIN = 16 * MIB, 65536
SLOW = 1000

libvirt.virEventRegisterDefaultImpl()


def loop():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=loop, daemon=True).start()


def img(*args):
    return subprocess.run(['qemu-img', *args], capture_output=True, text=True, check=True).stdout


def same(one, other, format='qcow2', other_format='qcow2'):
    equal(img('compare', '-U', '-f', format, '-F', other_format, one, other).strip(),
          'Images are identical.', f'{one} and {other}')


def grains(*starts):
    return set(start // GRAIN for start in starts)


def mapped(path, *options):
    """The grains that an image has itself."""
    found = set()
    for part in json.loads(img('map', '-U', '--output=json', *options, path)):
        if part['depth'] == 0 and part['data']:
            found |= set(range(part['start'] // GRAIN,
                               (part['start'] + part['length'] + GRAIN - 1) // GRAIN))
    return found


class Guest:
    """With two disks: vda in qcow2, vdb raw; both have data."""

    def __init__(self, d, name):
        self.d, self.prefix = d, os.path.join(d.dir, name)
        self.paths = {}
        for target, format in ('vda', 'qcow2'), ('vdb', 'raw'):
            path = self.paths[target] = f'{self.prefix}-{target}'
            img('create', '-q', '-f', format, path, str(SIZE))
            subprocess.run(['qemu-io', '-t', 'unsafe', '-f', format, '-c', 'write -q -P 1 1M 12M',
                            path], check=True)
        self.before = set(os.listdir(d.dir)) | {'serial-g'}
        self.dom = d.boot('g', devices=''.join(
            f"<disk type='file' device='disk'><driver name='qemu' type='{format}'/><source "
            f"file='{self.paths[target]}'/><target dev='{target}' bus='virtio'/></disk>"
            for target, format in (('vda', 'qcow2'), ('vdb', 'raw'))))
        self.heard = []
        self.conn = libvirt.open(d.uri)
        self.events = [
            self.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
                                             lambda c, dom, *what: self.heard.append(what[:3]),
                                             None),
            self.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
                                             lambda c, dom, what, _: self.heard.append(what),
                                             None)]

    def path(self, name):
        return f'{self.prefix}-{name}'

    def write(self, start, pattern=7, target='vda', length=GRAIN):
        number = {'vda': 0, 'vdb': 1}[target]
        said = self.d.qmp('g', 'human-monitor-command', **{
            'command-line': f'qemu-io -d /machine/peripheral/virtio-disk{number}/virtio-backend '
                            f'"write -q -P {pattern} {start} {length}"'})
        equal(said, '', 'a write')

    def again(self):
        """Its daemon has been started again."""
        self.dom = self.d.dom('g')

    def copy_of(self, target):
        """What is on a disk now; it stands still meanwhile."""
        path = self.path(f'now-{target}')
        self.dom.suspend()
        try:
            img('convert', '-U', '-f', 'qcow2' if target == 'vda' else 'raw', '-O', 'raw',
                self.top(target), path)
        finally:
            self.dom.resume()
        return path

    def top(self, target):
        return tree.fromstring(self.dom.XMLDesc()).find(
            f".//disk/target[@dev='{target}']/../source").get('file')

    def begin(self, xml, checkpoint=None, flags=0):
        self.dom.backupBegin(xml, checkpoint, flags)
        return self.job()

    def begin_slow(self, xml):
        """By a client whose jobs are slow."""
        client = wire.Client(os.path.join(self.d.dir, 'run', 'virtjobd-sock'))
        client.call('SET_SPEED', wire.job_by_id(0), SLOW, 0)
        client.call('DOMAIN_BACKUP_BEGIN', ('g', uuid.UUID(self.dom.UUIDString()).bytes, -1), xml,
                    None, 0)
        client.close()
        return self.job()

    def shown(self):
        try:
            return self.dom.backupGetXMLDesc()
        except libvirt.libvirtError:
            return None

    def job(self):
        jobs = self.d.jobs()
        return [job for job in jobs if job['operation'].startswith('domain-backup')][-1]['id']

    def expect(self, status, *targets, **figures):
        """The events of one that has ended."""
        def of_backups():
            return [what for what in self.heard if not isinstance(what, dict)
                    or what['operation'] == libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP]
        until(lambda: len(of_backups()) > len(targets), 'events are heard')
        done = [what for what in of_backups() if isinstance(what, dict)]
        equal(sorted(what for what in of_backups() if what not in done),
              [(target, BACKUP, status) for target in targets], 'events of block jobs')
        equal(len(done), 1, f'events of the job in {self.heard}')
        equal({name: done[0].get(name) for name in figures}, figures, f'in {done[0]}')
        self.heard = []

    def clean(self, *more):
        """QEMU has nothing of a backup any more, nor has the directory but for these."""
        nodes = self.d.qmp('g', 'query-named-block-nodes', flat=True)
        own = [node['node-name'] for node in nodes]
        own = [name for name in own if name.startswith('libvirt')]
        equal(len(own), 2 * len(self.images()), f'nodes {own}')
        bitmaps = {bitmap.get('name') for node in nodes for bitmap in node.get('dirty-bitmaps', [])}
        check(not any(name and name.startswith(('virtjobd', 'backup-')) for name in bitmaps),
              f'bitmaps {bitmaps}')
        equal((self.d.qmp('g', 'query-jobs'), self.d.qmp('g', 'query-block-exports')), ([], []),
              'jobs and exports')
        self.files(*more)

    def images(self):
        return tree.fromstring(self.dom.XMLDesc()).findall(".//disk//source")

    def files(self, *more):
        left = set(os.listdir(self.d.dir)) - self.before
        left = {name for name in left if not name.startswith(os.path.basename(self.path('now')))}
        equal(left, {os.path.basename(path) for path in more}, 'files')

    def drop(self):
        for number in self.events:
            try:
                self.conn.domainEventDeregisterAny(number)
            except libvirt.libvirtError:
                pass  # its daemon was killed
        self.conn.close()
        dom = self.d.dom('g')
        if dom.isActive():
            dom.destroy()
        for checkpoint in dom.listAllCheckpoints():
            checkpoint.delete(libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY)
        for snapshot in dom.listAllSnapshots():
            snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
        self.d.drop('g')
        for name in set(os.listdir(self.d.dir)) - self.before:
            os.unlink(os.path.join(self.d.dir, name))


def push(*disks, since=''):
    """(target, path, what else of the element, format)"""
    text = ''.join(f"<disk name='{name}' type='file' {more}><driver type='{format}'/>"
                   f"<target file='{path}'/></disk>" for name, path, more, format in disks)
    return (f"<domainbackup>{f'<incremental>{since}</incremental>' if since else ''}"
            f"<disks>{text}</disks></domainbackup>")


def pull(server, *disks, since=''):
    """(target, path, what else of the element)"""
    text = ''.join(f"<disk name='{name}' type='file' {more}><scratch file='{path}'/></disk>"
                   for name, path, more in disks)
    return (f"<domainbackup mode='pull'>{f'<incremental>{since}</incremental>' if since else ''}"
            f"<server {server}/><disks>{text}</disks></domainbackup>")


def checkpoint(name):
    return (f"<domaincheckpoint><name>{name}</name><disks><disk name='vda'/></disks>"
            "</domaincheckpoint>")


def pushed(d):
    """A full push: default names, given ones, what is told of it"""
    g = Guest(d, 'full')
    refused(NO_BACKUP, 'no domain backup job present', g.dom.backupGetXMLDesc)
    d.ends(g.begin('<domainbackup/>'), 'complete')
    g.expect(COMPLETED, 'vda', 'vdb', success=True, disk_total=2 * SIZE, disk_processed=2 * SIZE,
             disk_remaining=0)
    made = [os.path.join(d.dir, name) for name in sorted(set(os.listdir(d.dir)) - g.before)]
    equal([path.rsplit('.', 1)[0] for path in made], list(g.paths.values()), 'the default names')
    same(g.paths['vda'], made[0])
    same(g.paths['vdb'], made[1], 'raw')
    equal(g.dom.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)['disk_total'], 2 * SIZE, 'it was')
    one = g.path('one')
    d.ends(g.begin(push(('vdb', one, '', 'raw'))), 'complete')
    same(g.paths['vdb'], one, 'raw', 'raw')
    refused(INVALID_ARG, 'exists', g.begin, push(('vda', one, '', 'raw')))
    img('create', '-q', '-f', 'qcow2', g.path('reused'), str(SIZE))
    d.ends(g.begin(push(('vda', g.path('reused'), '', 'qcow2')), None, REUSE), 'complete')
    same(g.paths['vda'], g.path('reused'))
    refused(libvirt.VIR_ERR_SYSTEM_ERROR, 'nowhere', g.begin,
            push(('vda', '/nowhere', '', 'qcow2')), None, REUSE)
    g.clean(*made, one, g.path('reused'))
    g.drop()


def wrong(d):
    """What cannot be done is said, and leaves nothing"""
    g = Guest(d, 'wrong')
    target = g.path('x')
    for code, text, xml in (
            (CONFIG, "no disk named 'vdx'", push(('vdx', target, '', 'raw'))),
            (CONFIG, 'specified twice', push(*[('vda', target, '', 'raw')] * 2)),
            (CONFIG, 'no disks selected', "<domainbackup><disks><disk name='vda' backup='no'/>"
                                          '</disks></domainbackup>'),
            (CONFIG, "requires setting 'incremental'",
             push(('vda', target, "backupmode='incremental'", 'qcow2'))),
            (CONFIG, 'vmdk', push(('vda', target, '', 'vmdk'))),
            (INVALID_ARG, 'one store', push(('vda', target, '', 'raw'),
                                            ('vdb', target, '', 'raw'))),
            (NO_CHECKPOINT, "'none'", push(('vda', target, '', 'qcow2'), since='none')),
            (SCHEMA, 'mode', "<domainbackup mode='x'/>"),
            (SCHEMA, 'element foo', '<domainbackup><foo/></domainbackup>'),
            (SCHEMA, 'no server', "<domainbackup mode='pull'/>"),
            (CONFIG, 'TLS', pull("name='localhost' port='10809' tls='yes'", ('vda', target, ''))),
            (UNSUPPORTED, 'TCP port', pull("name='localhost'", ('vda', target, ''))),
            (INVALID_ARG, 'exists', pull(f"transport='unix' socket='{g.paths['vdb']}'",
                                         ('vda', target, ''))),
            (CONFIG, 'one export', pull(f"transport='unix' socket='{g.path('s')}'",
                                        ('vda', target, "exportname='e'"),
                                        ('vdb', target + '2', "exportname='e'"))),
            (libvirt.VIR_ERR_SYSTEM_ERROR, '/nowhere/x', push(('vda', '/nowhere/x', '', 'raw')))):
        refused(code, text, g.begin, xml)
    g.clean()
    # two at once, where the second cannot be
    with socket.create_server(('127.0.0.1', 0)) as taken:
        error = error_of(g.begin, pull(f"name='127.0.0.1' port='{taken.getsockname()[1]}'",
                                       ('vda', target, ''), ('vdb', target + '2', '')))
        check('in use' in str(error), f'it says {error}')
    error_of(g.begin, push(('vda', target, '', 'qcow2'), ('vdb', '/nowhere/x', '', 'raw')),
             checkpoint('c'))
    equal(g.dom.listAllCheckpoints(), [], 'checkpoints')
    g.clean()
    g.dom.destroy()
    refused(UNSUPPORTED, 'inactive domain', g.begin, '<domainbackup/>')
    g.drop()


def changes(d):
    """Since a checkpoint, that a backup has made: what was written, over a snapshot, and no more"""
    g = Guest(d, 'inc')
    full, inc, last = g.path('full'), g.path('inc'), g.path('last')
    d.ends(g.begin(push(('vda', full, '', 'qcow2')), checkpoint('c1')), 'complete')
    equal([c.getName() for c in g.dom.listAllCheckpoints()], ['c1'], 'checkpoints')
    refused(libvirt.VIR_ERR_OPERATION_FAILED, 'already exists', g.begin, '<domainbackup/>',
            checkpoint('c1'))
    g.write(2 * MIB)
    g.dom.snapshotCreateXML("<domainsnapshot><disks><disk name='vdb' snapshot='no'/>"
                            f"<disk name='vda'><source file='{g.path('over')}'/></disk></disks>"
                            '</domainsnapshot>', libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
    g.write(5 * MIB, 8)
    g.write(14 * MIB, 9)
    refused(INCONSISTENT, "'c1' for disk 'vdb'", g.begin, push(
        ('vda', inc, '', 'qcow2'), ('vdb', inc + '2', '', 'qcow2'), since='c1'), checkpoint('c2'))
    d.ends(g.begin(push(('vda', inc, '', 'qcow2'), ('vdb', inc + '2', "backupmode='full'", 'raw'),
                        since='c1'), checkpoint('c2')), 'complete')
    equal(sorted(c.getName() for c in g.dom.listAllCheckpoints()), ['c1', 'c2'], 'checkpoints')
    equal(g.dom.checkpointLookupByName('c2').getParent().getName(), 'c1', 'its parent')
    equal(mapped(inc, '-f', 'qcow2'), grains(2 * MIB, 5 * MIB, 14 * MIB), 'what is in it')
    same(g.paths['vdb'], inc + '2', 'raw', 'raw')
    g.write(5 * MIB, 10)
    d.ends(g.begin(push(('vda', last, "incremental='c2'", 'qcow2'))), 'complete')
    equal(mapped(last, '-f', 'qcow2'), grains(5 * MIB), 'what is in the next')
    now = g.copy_of('vda')
    for above, below in (inc, full), (last, inc):
        img('rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', below, above)
    same(now, last, 'raw')
    g.clean(full, inc, inc + '2', last, g.path('over'))
    g.drop()


def nbd(where, name):
    return f'nbd+unix:///{name}?socket={where}'


def pulled(d):
    """A pull: what was there when it began, while the guest writes; its bitmap; what is refused"""
    g = Guest(d, 'pull')
    where, scratch = g.path('sock'), g.path('scratch')
    server = f"transport='unix' socket='{where}'"
    g.dom.checkpointCreateXML(checkpoint('c1'))
    g.write(3 * MIB)
    g.write(9 * MIB)
    then = {target: g.copy_of(target) for target in g.paths}
    job = g.begin(pull(server, ('vda', scratch, "exportname='of a' exportbitmap='since'"),
                       ('vdb', scratch + '2', "backupmode='full'"), since='c1'), checkpoint('c2'))
    shown = tree.fromstring(g.dom.backupGetXMLDesc())
    equal([(disk.get('name'), disk.get('exportname'), disk.get('exportbitmap'),
            disk.get('backupmode')) for disk in shown.iter('disk')],
          [('vda', 'of a', 'since', 'incremental'), ('vdb', 'vdb', None, 'full')], 'what is shown')
    check(all(disk.get('index') for disk in shown.iter('disk')), 'no index')
    for target in g.paths:
        g.write(3 * MIB, 20, target)
        g.write(7 * MIB, 21, target)
    same(then['vda'], nbd(where, 'of%20a'), 'raw', 'raw')
    same(then['vdb'], nbd(where, 'vdb'), 'raw', 'raw')
    dirty = json.loads(img(
        'map', '--output=json', '--image-opts',
        f'driver=nbd,export=of a,server.type=unix,server.path={where},'
        'x-dirty-bitmap=qemu:dirty-bitmap:since'))
    equal({part['start'] // GRAIN for part in dirty if not part['data']}, grains(3 * MIB, 9 * MIB),
          'what was written before')
    until(lambda: g.dom.jobStats()['disk_temp_used'] > 0, 'something is put aside')
    equal(g.dom.jobStats()['disk_temp_total'], 2 * SIZE, 'of the whole')
    equal((g.dom.jobInfo()[0], g.dom.blockJobInfo('vda', 0)['type']),
          (libvirt.VIR_DOMAIN_JOB_UNBOUNDED, BACKUP), 'its types')
    for call, *args in ((g.begin, '<domainbackup/>'), (g.dom.save, g.path('image')),
                        (g.dom.checkpointCreateXML, checkpoint('c3'))):
        refused(INVALID, 'is busy', call, *args)
    refused(UNSUPPORTED, 'active block job', g.dom.blockPull, 'vda')
    g.dom.suspend()
    g.dom.resume()
    # a shorter job runs beside it, and ends before it
    g.dom.coreDumpWithFormat(g.path('dump'), 0, libvirt.VIR_DUMP_MEMORY_ONLY)
    os.unlink(g.path('dump'))
    equal(g.dom.jobStats()['operation'], libvirt.VIR_DOMAIN_JOB_OPERATION_BACKUP,
          'the job of the domain')
    until(lambda: any(isinstance(what, dict) for what in g.heard), "the end of the dump is heard")
    g.heard = []
    g.dom.abortJob()
    d.ends(job, 'cancelled')
    g.expect(CANCELED, 'vda', 'vdb', success=True, disk_temp_total=2 * SIZE)
    refused(NO_BACKUP, 'no domain backup', g.dom.backupGetXMLDesc)
    equal(sorted(c.getName() for c in g.dom.listAllCheckpoints()), ['c1', 'c2'], 'checkpoints')
    g.clean()
    # by TCP
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    then = g.copy_of('vdb')
    g.begin(pull(f"name='127.0.0.1' port='{port}'", ('vdb', scratch, '')))
    g.write(4 * MIB, 30, 'vdb')
    same(then, f'nbd://127.0.0.1:{port}/vdb', 'raw', 'raw')
    g.dom.abortJob()
    g.dom.checkpointLookupByName('c2').delete()  # waits for its end
    equal(g.dom.jobStats(), {'type': libvirt.VIR_DOMAIN_JOB_NONE}, 'it has ended')
    g.clean()
    g.drop()


def slow(d):
    """A push that is slow: its speed, over restarts of the daemon, and what it comes to"""
    g = Guest(d, 'slow')
    target, other = g.path('t'), g.path('u')
    job = g.begin_slow(push(('vda', target, '', 'qcow2'), ('vdb', other, '', 'raw')))
    equal(d.job(job)['speed_limit'], SLOW, 'its limit')
    equal({job['speed'] for job in d.qmp('g', 'query-block-jobs')}, {SLOW // 2}, "QEMU's")
    then = {name: g.copy_of(name) for name in g.paths}
    g.write(12 * MIB, 40)
    g.write(12 * MIB, 41, 'vdb')
    held = d.define('h', devices=f"<disk type='file'><source file='{other}'/>"
                                 "<target dev='vda'/></disk>")
    refused(INVALID, 'is busy', held.create)
    held.undefine()
    for end in d.kill9, d.term:
        end()
        d.start()
        g.again()
        equal(d.job(job)['state'], 'running', 'its state')
        until(lambda: g.dom.jobStats().get('disk_total') == 2 * SIZE, 'its figures')
        check(target in g.dom.backupGetXMLDesc(), 'it is shown')
        refused(INVALID, 'is busy', g.begin, '<domainbackup/>')
    d('job-speed', str(job), '2000')
    until(lambda: {job['speed'] for job in d.qmp('g', 'query-block-jobs')} == {1000}, 'the speed')
    d('job-speed', str(job), '0')
    d.ends(job, 'complete')
    same(then['vda'], target, 'raw')
    same(then['vdb'], other, 'raw', 'raw')
    g.clean(target, other)
    g.drop()


def cancelled(d):
    """Cancelled: nothing is left but what was there"""
    g = Guest(d, 'cancel')
    target = g.path('t')
    job = g.begin_slow(push(('vda', target, '', 'qcow2'), ('vdb', target + '2', '', 'raw')))
    check(os.path.exists(target), 'it has no file')
    g.dom.abortJob()
    d.ends(job, 'cancelled')
    g.expect(CANCELED, 'vda', 'vdb', success=False)
    g.clean()
    g.drop()


def ended(d):
    """The guest ends in the middle, also while the daemon is away"""
    for number, end in enumerate(('destroyed', 'killed', 'away', 'shut down')):
        g = Guest(d, f'end{number}')
        where = g.path('sock')
        if number % 2:
            job = g.begin(pull(f"transport='unix' socket='{where}'", ('vda', g.path('t'), '')))
        else:
            job = g.begin_slow(push(('vda', g.path('t'), '', 'qcow2')))
        pid = d.qemu('g')
        if end == 'destroyed':
            g.dom.destroy()
        elif end == 'shut down':
            d.qmp('g', 'quit')
        elif end == 'killed':
            os.kill(pid, signal.SIGKILL)
        else:
            d.kill9()
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: guest_lib.is_gone(pid), 'QEMU is gone')
            d.start()
            g.again()
        d.ends(job, 'cancelled' if end == 'destroyed' else 'failed')
        until(lambda g=g: not g.dom.isActive(), 'the guest has ended')
        g.files()
        g.drop()


def full_disk(d):
    """What it writes to is full: it fails, and says so"""
    g = Guest(d, 'space')
    where = g.path('small')
    os.mkdir(where)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', where],
                      stderr=subprocess.DEVNULL).returncode:
        print('left out: a full disk, which only root can mount')
        os.rmdir(where)
        g.drop()
        return
    try:
        d.ends(g.begin(push(('vda', os.path.join(where, 't'), '', 'qcow2'))), 'failed',
               'No space left')
        g.expect(FAILED, 'vda', success=False)
        equal(os.listdir(where), [], 'files')
    finally:
        subprocess.run(['umount', where], check=True)
        os.rmdir(where)
    g.clean()
    g.drop()


def begin_and_kill(g, xml, name, writes):
    """The daemon is killed at that write of its journal; (whether it came to that, the answers)"""
    d, answers = g.d, []

    def begin():
        try:
            libvirt.open(d.uri).lookupByName('g').backupBegin(xml, checkpoint(name), 0)
            answers.append('begun')
        except libvirt.libvirtError as error:
            answers.append(error)
    d.rule('pwrite64', 'hold', skip=writes)
    client = threading.Thread(target=begin)
    client.start()
    until(lambda: os.path.exists(os.path.join(d.rules, 'pwrite64.held'))
          or answers and (g.dom.jobStats().get('operation') is None or 'pull' in xml),
          'it is held, or over')
    held = os.path.exists(os.path.join(d.rules, 'pwrite64.held'))
    d.kill9()
    client.join()
    d.no_rules()
    d.start()
    g.again()
    return held, answers


def running(d):
    return [job for job in d.jobs() if job['state'] == 'running']


def killed_in(d, mode):
    g, states, held = Guest(d, f'killed-{mode}'), [], True
    for writes in range(0, 240, 8):
        target, where, name = g.path(f't{writes}'), g.path('sock'), f'c{writes}'
        names = {c.getName() for c in g.dom.listAllCheckpoints()}
        then = g.copy_of('vda')
        held, answers = begin_and_kill(
            g, push(('vda', target, '', 'qcow2')) if mode == 'push'
            else pull(f"transport='unix' socket='{where}'", ('vda', target, '')), name, writes)
        until(lambda: not running(d) or mode == 'pull' and g.shown(), 'it has ended, or goes on')
        made = {c.getName() for c in g.dom.listAllCheckpoints()} - names
        bitmaps = {b['name'] for n in d.qmp('g', 'query-named-block-nodes', flat=True)
                   for b in n.get('dirty-bitmaps', []) if b.get('name')}
        equal(bitmaps, names | made, 'the bitmaps')
        states.append('done' if os.path.exists(target) else 'not')
        equal(made, {name} if states[-1] == 'done' else set(), 'the checkpoint')
        check(states[-1] == 'done' or answers != ['begun'], 'whoever was told has it')
        if states[-1] == 'done' and mode == 'push':
            same(then, target, 'raw')
            os.unlink(target)
        elif states[-1] == 'done':
            g.write(MIB, 60 + len(states))
            same(then, nbd(where, 'vda'), 'raw', 'raw')
            g.dom.abortJob()
            until(lambda: not running(d), 'it has ended')
        g.clean()
        if not held:
            break
    equal((held, states[0], states[-1]), (False, 'not', 'done'), f'what came of them: {states}')
    g.drop()


def killed(d):
    """Killed at writes of the journal: nobody knows of it and nothing is left, or it goes on"""
    killed_in(d, 'push')
    killed_in(d, 'pull')


class Owned(guest_lib.Guests):
    """Its guests run as nobody; all may pass through its directory."""

    def __init__(self, conf=''):
        super().__init__('user = "nobody"\n' + conf)
        os.chmod(self.dir, 0o711)


def owned(d):
    """What is written to is QEMU's user's as long as it is"""
    def owner(path):
        return pwd.getpwuid(os.stat(path).st_uid).pw_name
    g = Guest(d, 'owned')
    target = g.path('t')
    job = g.begin_slow(push(('vda', target, '', 'qcow2')))
    equal((owner(target), os.stat(target).st_mode & 0o777), ('nobody', 0o600), 'meanwhile')
    d('job-speed', str(job), '0')
    d.ends(job, 'complete')
    equal(owner(target), 'root', 'then')
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    job = g.begin(pull(f"name='127.0.0.1' port='{port}'", ('vda', g.path('u'), '')))
    equal(owner(g.path('u')), 'nobody', 'what is put aside')
    d.kill9()
    d.start()
    g.again()
    g.dom.abortJob()
    d.ends(job, 'cancelled')
    g.clean(target)
    g.drop()


def manual(d):
    """What the manual says exists afterwards is what the tests above have found"""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../man/virtjobd-jobs.7')
    with open(path) as file:
        table = file.read().split('\nbackup operation\t')[1].split('.TE')[0].splitlines()
    equal([row.split('\t') for row in table[1:]],
          [['domain-backup', 'before', 'before', 'goes on', 'goes on'],
           ['domain-backup-pull', 'before', 'before', 'goes on', 'goes on']], 'the table')


if __name__ == '__main__':
    guest_lib.run(pushed, wrong, changes, pulled, slow, cancelled, ended, manual)
    if os.geteuid() == 0:
        guest_lib.run(full_disk)
        guest_lib.run(owned, guests=Owned)
    guest_lib.run(killed, guests=guest_lib.HeldJournal)
