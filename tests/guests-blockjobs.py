#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs on the disks of a running guest, by python-libvirt, virsh and virtjob: pull, commit, copy,
what they make of the XML and of the files, over a restart of the daemon, and at the guest's end."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import threading
import xml.etree.ElementTree as tree

import guest_lib
import wire
from guest_lib import INVALID, MIB, check, equal, error_of, libvirt, refused, until

INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG
COPY_ACTIVE = libvirt.VIR_ERR_BLOCK_COPY_ACTIVE
UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED
PULL, COPY, COMMIT, ACTIVE = (
    libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_PULL, libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_COPY,
    libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT, libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT)
COMPLETED, FAILED, CANCELED, READY = range(4)
TRANSIENT, REUSE = libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB, libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT
PIVOT, ABORT_ASYNC = libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC
RELATIVE, SIZE = libvirt.VIR_DOMAIN_BLOCK_REBASE_RELATIVE, 8 * MIB

libvirt.virEventRegisterDefaultImpl()


def loop():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=loop, daemon=True).start()


def img(*args):
    return subprocess.run(['qemu-img', *args], capture_output=True, text=True, check=True).stdout


def chain(d, name, length=3):
    """Paths of images on each other, the lowest first; each has data of its own."""
    paths = [os.path.join(d.dir, f'{name}-{i}') for i in range(length)]
    for i, path in enumerate(paths):
        below = ['-b', paths[i - 1], '-F', 'qcow2'] if i else [str(SIZE)]
        img('create', '-q', '-f', 'qcow2', *(below if i else []), path, *([] if i else below))
        subprocess.run(['qemu-io', '-t', 'unsafe', '-f', 'qcow2', '-c', f'write -q -P {i + 1} {i}M 1M', path],
                       check=True, stdout=subprocess.DEVNULL)
    return paths


def named(path):
    """What an image calls the one below it."""
    return re.search(r'^backing file: (\S+)', img('info', '-U', path), re.M).group(1)


def content(path):
    return img('map', '-U', '-f', 'qcow2', '--output=json', path)


def disk(path, target='vda', format='qcow2'):
    return (f"<disk type='file' device='disk'><driver name='qemu' type='{format}'/>"
            f"<source file='{path}'/><target dev='{target}' bus='virtio'/></disk>")


def start(d, name, *paths):
    return d.boot(name, devices=''.join(disk(path, f'vd{"abc"[i]}')
                                        for i, path in enumerate(paths)))


def images(dom, target='vda', flags=0):
    """Paths of a disk's images, from the top."""
    node = tree.fromstring(dom.XMLDesc(flags)).find(f".//disk/target[@dev='{target}']/..")
    found = []
    while node is not None and node.find('source') is not None:
        found.append(node.find('source').get('file'))
        node = node.find('backingStore')
    return found


def mirror(dom, target='vda'):
    return tree.fromstring(dom.XMLDesc()).find(f".//disk/target[@dev='{target}']/../mirror")


def opens(dom, d, *paths):
    """Of the images, QEMU has these open."""
    def opened():
        where = f'/proc/{d.qemu(dom.name())}/fd'
        names = set()
        for number in os.listdir(where):
            try:
                names.add(os.readlink(f'{where}/{number}'))
            except FileNotFoundError:
                pass  # closed meanwhile
        return {name for name in names if re.fullmatch(d.dir + r'/[a-z]+-[0-9]+', name)}
    until(lambda: opened() == set(paths), f'{paths} are open')


def over(dom, target='vda'):
    until(lambda: not dom.blockJobInfo(target, 0), 'the block job is over')


def ready(dom, target='vda'):
    def is_ready():
        info = dom.blockJobInfo(target, 0)
        return info and info['cur'] == info['end']
    until(is_ready, 'the copy is whole')


def dest(path, format='qcow2'):
    return f"<disk type='file'><source file='{path}'/><driver type='{format}'/></disk>"


class Events:
    """Both events of block jobs: [(which, what it is on, type, status)]."""

    def __init__(self, d):
        self.conn, self.heard = libvirt.open(d.uri), []
        self.ids = [self.conn.domainEventRegisterAny(None, number, self.hear, number)
                    for number in (libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB,
                                   libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2)]

    def hear(self, conn, dom, where, kind, status, number):
        self.heard.append((number, where, kind, status))

    def expect(self, path, kind, *statuses, target='vda'):
        want = [(8, path, kind, s) for s in statuses] + [(16, target, kind, s) for s in statuses]
        until(lambda: sorted(self.heard) == sorted(want), f'{want} are heard, not {self.heard}')
        self.heard = []

    def close(self):
        for number in self.ids:
            self.conn.domainEventDeregisterAny(number)
        self.conn.close()


def pull(d):
    """A pull of all, and of what lies above a base"""
    base, middle, top = chain(d, 'pull')
    dom, events = start(d, 'g', top), Events(d)
    equal(images(dom), [top, middle, base], 'the chain')
    equal(dom.blockJobInfo('vda', 0), {}, 'no job')
    refused(INVALID_ARG, 'does not have an active block job', dom.blockJobAbort, 'vda', 0)
    refused(INVALID_ARG, '/no', dom.blockRebase, 'vda', '/no', 0, 0)
    dom.blockRebase('vda', base, 0, 0)
    over(dom)
    equal(images(dom), [top, base], 'the chain after a pull to a base')
    opens(dom, d, top, base)
    events.expect(top, PULL, COMPLETED)
    dom.blockPull(top, 0, 0)
    over(dom)
    equal(images(dom), [top], 'the chain after a pull')
    opens(dom, d, top)
    events.expect(top, PULL, COMPLETED)
    check('backing file' not in img('info', '-U', top), 'the image has a backing file')
    [job] = [job for job in d.jobs() if job['operation'] == 'domain-block-pull'][-1:]
    equal((job['state'], job['percent']), ('complete', 100), 'the job in the history')
    events.close()
    d.drop('g')


def slow(d):
    """A pull that is slow: its speed, what it is in the way of, a cancel"""
    _, middle, top = chain(d, 'slow')
    other = chain(d, 'other', 1)[0]
    dom, events = start(d, 'g', top, other), Events(d)
    dom.blockPull('vda', 65536, libvirt.VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES)
    info = dom.blockJobInfo('vda', libvirt.VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES)
    equal((info['type'], info['bandwidth']), (PULL, 65536), 'the job')
    check(info['cur'] < info['end'], f'{info}: not ready')
    equal(dom.blockJobInfo('vda', 0)['bandwidth'], 1, 'MiB a second')
    refused(UNSUPPORTED, 'already in active block job', dom.blockPull, 'vda', 0, 0)
    refused(INVALID, 'does not support pivot', dom.blockJobAbort, 'vda', PIVOT)
    refused(INVALID, 'is busy', dom.save, os.path.join(d.dir, 'image'))
    refused(INVALID, 'is busy', dom.managedSave, 0)
    refused(INVALID, 'is busy', dom.blockResize, 'vda', SIZE * 2, 1)
    dom.blockResize('vdb', SIZE * 2, 1)
    dom.suspend()
    dom.resume()
    dom.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, 'meanwhile', None, None,
                    libvirt.VIR_DOMAIN_AFFECT_LIVE)
    dom.blockJobSetSpeed('vda', 32768, libvirt.VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES)
    [job] = [job for job in d.jobs() if job['state'] == 'running']
    equal((job['speed_limit'], job['name'], job['pool']), (32768, 'g', 'vda'), 'the job')
    until(lambda: [job['speed'] for job in d.qmp('g', 'query-block-jobs')] == [32768],
          'QEMU keeps to the speed')
    d('job-cancel', str(job['id']))
    over(dom)
    d.ends(job['id'], 'cancelled')
    events.expect(top, PULL, CANCELED)
    equal(images(dom)[1], middle, 'the chain is as it was')
    events.close()
    d.drop('g')


def relative(d):
    """Images that call each other relatively go on so; where one does not, that is refused"""
    paths = chain(d, 'relative', 5)
    for above, below in ((4, 3), (3, 2), (2, 1)):
        img('rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', os.path.basename(paths[below]),
            paths[above])
    dom = start(d, 'g', paths[4])
    refused(INVALID_ARG, 'needs a base', dom.blockRebase, 'vda', None, 0, RELATIVE)
    dom.blockCommit('vda', paths[2], paths[3], 0, libvirt.VIR_DOMAIN_BLOCK_COMMIT_RELATIVE)
    over(dom)
    equal((images(dom), named(paths[4])), ([paths[i] for i in (4, 2, 1, 0)], 'relative-2'), 'commit')
    dom.blockRebase('vda', paths[1], 0, RELATIVE)
    over(dom)
    equal((images(dom), named(paths[4])), ([paths[i] for i in (4, 1, 0)], 'relative-1'), 'pull')
    refused(INVALID, 'relative backing relationship', dom.blockRebase, 'vda', paths[0], 0, RELATIVE)
    dom.blockRebase('vda', paths[0], 0, 0)
    over(dom)
    equal((images(dom), named(paths[4])), ([paths[4], paths[0]], paths[0]), 'by its path')
    d.drop('g')


def commit(d):
    """A commit of the middle, and of the topmost image with a pivot"""
    base, middle, top = chain(d, 'commit')
    dom, events = start(d, 'g', top), Events(d)
    refused(INVALID_ARG, 'active flag', dom.blockCommit, 'vda', None, None, 0, 0)
    refused(INVALID_ARG, 'no backing file', dom.blockCommit, 'vda', None, base, 0, 0)
    refused(INVALID_ARG, 'not match', dom.blockCommit, 'vda', None, 'vdb[1]', 0, 0)
    number = re.search(r"<backingStore type='file' index='(\d+)'", dom.XMLDesc()).group(1)
    dom.blockCommit('vda', None, f'vda[{number}]', 0, 0)
    over(dom)
    equal(images(dom), [top, base], 'the chain after a commit')
    events.expect(top, COMMIT, COMPLETED)
    dom.blockCommit('vda', None, None, 0, libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE)
    ready(dom)
    equal(mirror(dom).get('job'), 'active-commit', 'the mirror')
    equal(mirror(dom).find('source').get('file'), base, 'its source')
    refused(COPY_ACTIVE, 'already in active', dom.blockPull, 'vda', 0, 0)
    dom.blockJobAbort('vda', PIVOT)
    equal((images(dom), mirror(dom)), ([base], None), 'the chain after the pivot')
    equal(images(dom, flags=libvirt.VIR_DOMAIN_XML_INACTIVE), [base], 'the definition')
    opens(dom, d, base)
    events.expect(top, ACTIVE, READY, COMPLETED)
    events.close()
    d.drop('g')


def copy(d):
    """A copy: pivot, finish, abort; its file; whom it is refused"""
    base, top = chain(d, 'copy', 2)
    dom, events = start(d, 'g', top), Events(d)
    paths = [os.path.join(d.dir, f'dest-{i}') for i in range(4)]
    before = set(os.listdir(d.dir))
    refused(INVALID, 'not transient', dom.blockCopy, 'vda', dest(paths[0]), {}, 0)
    refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, 'already exists', dom.blockCopy, 'vda',
            dest(base), {}, TRANSIENT)
    refused(libvirt.VIR_ERR_SYSTEM_ERROR, 'nowhere', dom.blockCopy, 'vda',
            dest('/nowhere/file'), {}, TRANSIENT | REUSE)
    error_of(dom.blockCopy, 'vda', dest('/nowhere/file'), {}, TRANSIENT)
    equal(set(os.listdir(d.dir)), before, 'files')
    # slow, so that it is not ready
    dom.blockCopy('vda', dest(paths[0]), {'bandwidth': 65536}, TRANSIENT)
    refused(COPY_ACTIVE, 'not ready', dom.blockJobAbort, 'vda', PIVOT)
    check(os.path.exists(paths[0]), 'it has no file')
    dom.blockJobAbort('vda', 0)
    over(dom)
    check(not os.path.exists(paths[0]), 'an aborted copy has left its file')
    events.expect(top, COPY, CANCELED)
    # finished: the copy stays, the guest does not go over to it
    dom.blockCopy('vda', dest(paths[1]), {}, TRANSIENT)
    ready(dom)
    equal((mirror(dom).get('file'), mirror(dom).get('ready')), (paths[1], 'yes'), 'the mirror')
    refused(INVALID, 'is busy', start, d, 'h', paths[1])
    d.conn.lookupByName('h').undefine()
    dom.blockJobAbort('vda', 0)
    equal((images(dom), mirror(dom)), ([top, base], None), 'the chain after it')
    equal(img('compare', '-U', '-f', 'qcow2', '-F', 'qcow2', top, paths[1]).strip(),
          'Images are identical.', 'the copy')
    events.expect(top, COPY, READY, CANCELED)
    # shallow, and pivoted
    dom.blockCopy('vda', dest(paths[2]), {'granularity': 65536, 'buf-size': MIB},
                  TRANSIENT | libvirt.VIR_DOMAIN_BLOCK_COPY_SHALLOW)
    ready(dom)
    dom.blockJobAbort('vda', PIVOT | ABORT_ASYNC)
    over(dom)
    equal(images(dom), [paths[2], base], 'the chain after a shallow copy')
    equal(images(dom, flags=libvirt.VIR_DOMAIN_XML_INACTIVE), [paths[2]], 'the definition')
    events.expect(top, COPY, READY, COMPLETED)
    # into a raw file that is there
    with open(paths[3], 'wb') as file:
        file.truncate(SIZE)
    dom.blockCopy('vda', dest(paths[3], 'raw'), {}, TRANSIENT | REUSE)
    ready(dom)
    dom.blockJobAbort('vda', PIVOT)
    equal(images(dom), [paths[3]], 'a raw copy')
    opens(dom, d, paths[3])
    dom.suspend()
    dom.resume()
    # a name that no XML could hold comes by a rebase
    definition = dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    dom.undefine()
    refused(libvirt.VIR_ERR_XML_ERROR, 'control character', dom.blockRebase, 'vda',
            paths[0] + '\x01', 0, libvirt.VIR_DOMAIN_BLOCK_REBASE_COPY)
    equal((mirror(dom), dom.blockJobInfo('vda', 0)), (None, {}), 'the mirror')
    d.conn.defineXML(definition)
    events.close()
    d.drop('g')


def the_job(d, operation):
    return [job for job in d.jobs() if job['operation'] == operation][-1]['id']


def restarted(d):
    """They go on over a restart of the daemon, however it ended"""
    _, top = chain(d, 'restarted', 2)
    other = chain(d, 'beside', 2)
    dom, path = start(d, 'g', top, other[1]), os.path.join(d.dir, 'over-1')
    dom.blockPull('vdb', 32768, libvirt.VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES)
    dom.blockCopy('vda', dest(path), {}, TRANSIENT)
    ready(dom)
    pull_job, copy_job = the_job(d, 'domain-block-pull'), the_job(d, 'domain-block-copy')
    for end in d.kill9, d.term:
        end()
        d.start()
        dom, events = d.dom('g'), Events(d)
        equal((d.job(pull_job)['state'], d.job(copy_job)['state']), ('running', 'running'), 'jobs')
        equal(dom.blockJobInfo('vdb', 1)['bandwidth'], 32768, 'the speed')
        ready(dom)
        equal((mirror(dom).get('file'), mirror(dom).get('ready')), (path, 'yes'), 'the mirror')
        refused(COPY_ACTIVE, 'already in active', dom.blockPull, 'vda', 0, 0)
        refused(INVALID, 'is busy', dom.managedSave, 0)
        if end == d.kill9:
            events.close()
    dom.blockJobAbort('vda', PIVOT)
    d.ends(copy_job, 'complete')
    events.expect(top, COPY, COMPLETED)
    dom.blockJobSetSpeed('vdb', 0, 0)
    over(dom, 'vdb')
    d.ends(pull_job, 'complete')
    events.expect(other[1], PULL, COMPLETED, target='vdb')
    equal((images(dom), images(dom, 'vdb')), ([path], [other[1]]), 'the chains')
    opens(dom, d, path, other[1])
    events.close()
    d.drop('g')


def died(d):
    """The guest ends in the middle, also while the daemon is away"""
    for number, end in enumerate(('destroyed', 'killed', 'away')):
        _, top = chain(d, end, 2)
        dom, path = start(d, 'g', top), os.path.join(d.dir, f'died-{number}')
        dom.blockCopy('vda', dest(path), {}, TRANSIENT)
        ready(dom)
        job = the_job(d, 'domain-block-copy')
        if end == 'destroyed':
            dom.destroy()
        elif end == 'killed':
            os.kill(d.qemu('g'), signal.SIGKILL)
        else:
            pid = d.qemu('g')
            d.kill9()
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: guest_lib.is_gone(pid), 'QEMU is gone')
            d.start()
            dom = d.dom('g')
        d.ends(job, 'failed')
        until(lambda dom=dom: not dom.isActive(), 'the guest has ended')
        check(not os.path.exists(path), 'a copy that came to nothing has left its file')
        equal(images(dom), [top], 'the definition')
        d.drop('g')


def died_in_pivot(d):
    """QEMU dies once it may have gone over to a copy: the copy stays"""
    _, top = chain(d, 'pivoting', 2)
    dom, path = start(d, 'g', top), os.path.join(d.dir, 'pivoting')
    dom.blockCopy('vda', dest(path), {}, TRANSIENT)
    ready(dom)
    job, pid = the_job(d, 'domain-block-copy'), d.qemu('g')
    d.rule('pwrite64', 'hold')
    dom.blockJobAbort('vda', PIVOT | ABORT_ASYNC)
    d.held('pwrite64')  # with the note that it is to pivot
    os.kill(pid, signal.SIGSTOP)  # it does not say whether it has
    d.no_rules()
    until(lambda: d.job(job)['phase'] == 'finishing', 'it is past its point of no return')
    os.kill(pid, signal.SIGKILL)
    d.ends(job, 'failed')
    check(os.path.exists(path), 'the guest may have written to the copy, and it is gone')
    until(lambda: not dom.isActive(), 'the guest has ended')
    d.drop('g')


def killed_in_pivot(d):
    """Killed at each write of the journal in a pivot: it has not begun, or is gone through with"""
    _, now = chain(d, 'killed', 2)
    dom, states, ended = start(d, 'g', now), [], False
    for writes in range(0, 90, 3):
        path = os.path.join(d.dir, f'late-{writes}')
        dom.blockCopy('vda', dest(path), {}, TRANSIENT)
        ready(dom)
        job = the_job(d, 'domain-block-copy')
        d.rule('pwrite64', 'hold', skip=writes)
        dom.blockJobAbort('vda', PIVOT | ABORT_ASYNC)
        ended = until(lambda: 'held' if os.path.exists(os.path.join(d.rules, 'pwrite64.held'))
                      else not dom.blockJobInfo('vda', 0), 'it is held, or over') != 'held'
        d.kill9()
        d.no_rules()
        d.start()
        dom = d.dom('g')

        def settled():
            found = mirror(dom)
            if found is not None and found.get('ready') == 'yes':
                return 'ready'
            return d.job(job)['state'] == 'complete' and 'complete'
        states.append(until(settled, 'it is ready again, or done'))
        if states[-1] == 'complete':
            now = path
        else:
            equal(images(dom)[0], now, 'the image')
            dom.blockJobAbort('vda', 0)
        equal((images(dom)[0], mirror(dom)), (now, None), 'the image')
        equal(images(dom, flags=libvirt.VIR_DOMAIN_XML_INACTIVE), [now], 'the definition')
        opens(dom, d, *images(dom))
        if ended:
            break
    equal((ended, states[0], states[-1]), (True, 'ready', 'complete'), 'what came of the pivots')
    d.drop('g')


def watched(d):
    """A threshold that is passed; what the guest writes during a copy; the older kind of event"""
    base = chain(d, 'watched', 1)[0]
    dom, heard = start(d, 'g', base), []
    number = d.conn.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD,
        lambda conn, dom, *what: heard.append(what), None)
    older = wire.Client(os.path.join(d.dir, 'run', 'virtjobd-sock'))
    older.call('CONNECT_DOMAIN_EVENT_REGISTER_ANY', 8)

    def write(what):
        said = d.qmp('g', 'human-monitor-command', **{
            'command-line': f'qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "{what}"'})
        equal(said, '', what)
    refused(INVALID_ARG, "'vdb'", dom.setBlockThreshold, 'vdb', MIB)
    refused(INVALID_ARG, "'vda[9]'", dom.setBlockThreshold, 'vda[9]', MIB)
    dom.setBlockThreshold('vda', 2 * MIB)
    write('write -P 7 5M 1M')
    until(lambda: heard, 'the threshold is passed')
    equal(heard[0][:3], ('vda', base, 2 * MIB), 'the event')
    path = os.path.join(d.dir, 'watched-1')
    dom.blockCopy('vda', dest(path), {}, TRANSIENT | 8)  # synchronous writes
    ready(dom)
    write('write -P 9 6M 1M')
    dom.blockJobAbort('vda', PIVOT)
    program, procedure, what = older.event()
    what.domain()
    equal((procedure, what.text(), what.int(), what.int()), (241, base, COPY, READY), 'the event')
    older.close()
    d.conn.domainEventDeregisterAny(number)
    d.drop('g')
    equal(img('compare', '-f', 'qcow2', '-F', 'qcow2', base, path).strip(),
          'Images are identical.', 'the copy')


def by_virsh(d):
    """virsh waits for them, shows them and ends them"""
    def virsh(*args):
        done = subprocess.run(['virsh', '-c', d.uri, *args], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def says(text, *args):
        status, said = virsh(*args)
        check(status == 0 and text in said, f'{args}: {status}, {said}')
    if not shutil.which('virsh'):
        return
    base, _, top = chain(d, 'virsh')
    dom, path = start(d, 'g', top), os.path.join(d.dir, 'virsh-9')
    says('Successfully pivoted', 'blockcommit', 'g', 'vda', '--active', '--wait', '--verbose',
         '--pivot')
    equal(images(dom), [base], 'the image')
    says('Pull complete', 'blockpull', 'g', 'vda', '--wait', '--verbose')
    says('Successfully copied', 'blockcopy', 'g', 'vda', path, '--transient-job', '--wait',
         '--finish', '--format', 'raw')
    os.unlink(path)
    says('started', 'blockcopy', 'g', 'vda', path, '--transient-job', '--bytes', '--bandwidth',
         '65536')
    says('65536 bytes/s', 'blockjob', 'g', 'vda', '--info')
    says('None', 'domjobinfo', 'g')
    equal(virsh('blockjob', 'g', 'vda', '--pivot')[0], 1, 'a pivot too early')
    says('', 'blockjob', 'g', 'vda', '--bandwidth', '0')
    ready(dom)
    says('', 'blockjob', 'g', 'vda', '--pivot')
    equal(images(dom), [path], 'the image')
    says('No current block job', 'blockjob', 'g', 'vda')
    d.drop('g')


def replaced(d):
    """What comes to be where a copy goes to, after that was looked at, is not written over"""
    _, top = chain(d, 'replaced', 2)
    dom, path = start(d, 'g', top), os.path.join(d.dir, 'replaced')
    d.rule('pwrite64', 'hold')
    errors = []
    copying = threading.Thread(target=lambda: errors.append(error_of(
        dom.blockCopy, 'vda', dest(path), {}, TRANSIENT)))
    copying.start()
    d.held('pwrite64')  # accepted, and not in the journal yet
    with open(path, 'w') as file:
        file.write('of somebody else')
    d.no_rules()
    copying.join()
    check('replaced' in errors[0].get_error_message(), f'it says {errors[0]}')
    with open(path) as file:
        equal(file.read(), 'of somebody else', 'the file')
    d.drop('g')


def linked(d):
    """A block device is what a link leads to, as those of LVM are"""
    _, top = chain(d, 'linked', 2)
    dom, back, link = start(d, 'g', top), os.path.join(d.dir, 'back'), os.path.join(d.dir, 'link')
    with open(back, 'wb') as file:
        file.truncate(SIZE)
    device = subprocess.run(['losetup', '--find', '--show', back], capture_output=True, text=True)
    if device.returncode:
        print(f'left out: no loop device: {device.stderr.strip()}')
    else:
        os.symlink(device.stdout.strip(), link)
        try:
            dom.blockCopy('vda', f"<disk type='block'><source dev='{link}'/>"
                                 "<driver type='raw'/></disk>",
                          {}, TRANSIENT)
            ready(dom)
            dom.blockJobAbort('vda', 0)
        finally:
            d.drop('g')
            subprocess.run(['losetup', '--detach', device.stdout.strip()], check=True)
        return
    d.drop('g')


class Owned(guest_lib.Guests):
    """Its guests run as nobody; all may pass through its directory."""

    def __init__(self, conf=''):
        super().__init__('user = "nobody"\n' + conf)
        os.chmod(self.dir, 0o711)


def owners(*paths):
    return [pwd.getpwuid(os.stat(path).st_uid).pw_name for path in paths]


def owned(d):
    """What is written to is QEMU's user's, and is given back to whom it was"""
    base, middle, top = paths = chain(d, 'owned')
    for path in paths:
        os.chmod(path, 0o644)
    dom, path = start(d, 'g', top), os.path.join(d.dir, 'mine-1')
    equal(owners(*paths), ['root', 'root', 'nobody'], 'before')
    dom.blockCommit('vda', None, middle, 0, 0)
    over(dom)
    equal(owners(base, top), ['nobody', 'nobody'], 'after a commit into the base')
    dom.blockCopy('vda', dest(path), {}, TRANSIENT | libvirt.VIR_DOMAIN_BLOCK_COPY_SHALLOW)
    ready(dom)
    equal((owners(path), os.stat(path).st_mode & 0o777), (['nobody'], 0o600), 'the copy')
    d.kill9()
    d.start()
    dom = d.dom('g')
    ready(dom)
    dom.blockJobAbort('vda', PIVOT)
    equal(owners(top, path), ['root', 'nobody'], 'after the pivot')
    other = os.path.join(d.dir, 'mine-2')
    dom.blockCopy('vda', dest(other), {}, TRANSIENT)
    ready(dom)
    dom.blockJobAbort('vda', 0)
    equal(owners(other), ['root'], 'a copy that is finished')
    dom.destroy()
    until(lambda: owners(base, middle, top, path) == ['root'] * 4, 'all is given back')
    d.drop('g')


def manual(d):
    """What the manual says exists afterwards is what the tests above have found"""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../man/virtjobd-jobs.7')
    with open(path) as file:
        table = file.read().split('\ndisk operation\t')[1].split('.TE')[0].splitlines()
    equal([row.split('\t') for row in table[1:]],
          [[f'domain-block-{what}', 'before', 'before', 'goes on', 'goes on']
           for what in ('pull', 'commit', 'copy')], 'the table')


guest_lib.run(pull, slow, relative, commit, copy, watched, by_virsh, restarted, died, manual)
if os.geteuid() == 0:
    guest_lib.run(owned, guests=Owned)
    guest_lib.run(linked)
guest_lib.run(killed_in_pivot, died_in_pivot, replaced, guests=guest_lib.HeldJournal)
