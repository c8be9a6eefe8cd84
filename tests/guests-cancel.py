#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Jobs on guests that are cancelled, or their guest destroyed, in the middle: what was before is
again.  They are held there by stopping QEMU."""

import os
import signal
import subprocess
import threading
import time

import crash_lib
import guest_lib
from guest_lib import (ASYNC, INVALID, MIB, NO_DOMAIN, PAUSED, RUNNING, SHUTOFF, SLOWER, check,
                       equal, libvirt, refused, until)

CANCELED = libvirt.VIR_DOMAIN_RUNNING_SAVE_CANCELED
DESTROYED, SAVED = libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED, libvirt.VIR_DOMAIN_SHUTOFF_SAVED
SHUTOFF_FAILED = libvirt.VIR_DOMAIN_SHUTOFF_FAILED
ABORTED = libvirt.VIR_ERR_OPERATION_ABORTED
FILL = 160


def path(d, name='image'):
    return os.path.join(d.path, name)


def no_file(d):
    left = [name for name in os.listdir(d.path) if not name.startswith('kernel')]
    equal(left, ['p'], 'files')


def cancelled(d, job, pid=None):
    """Cancel is answered at once; repeated, it is no error while the undo goes on."""
    start = time.monotonic()
    d('job-cancel', str(job))
    try:
        d('job-cancel', str(job))
    except crash_lib.CommandFailed as error:  # that was quick
        check('already been cancelled' in error.text, error.text)
    check(time.monotonic() - start < 2 * SLOWER, 'cancel waits for something')
    if pid:
        os.kill(pid, signal.SIGCONT)
    d.ends(job, 'cancelled')
    check('cancelled' in d.refused('job-cancel', str(job)), 'cancel of a cancelled job')


def save(d):
    """A save, in the middle of its bytes: the guest runs on, no file, an older one is kept"""
    d.boot('g', then='tick', fill=FILL)
    before = d.memory('g', FILL)
    job, pid = d.held_out('g', 'save', 'g', path(d))
    equal(d.state('g'), (PAUSED, libvirt.VIR_DOMAIN_PAUSED_SAVE), 'meanwhile')
    cancelled(d, job, pid)
    equal(d.state('g'), (RUNNING, CANCELED), 'cancelled')
    no_file(d)
    d.ticks('g')
    with open(path(d), 'w') as file:
        file.write('older')
    job, pid = d.held_out('g', 'save', 'g', path(d))
    os.kill(pid, signal.SIGCONT)
    d.dom('g').abortJob()  # what virsh domjobabort does
    d.ends(job, 'cancelled')
    with open(path(d)) as file:
        equal(file.read(), 'older', 'the older file')
    d.in_state('g', RUNNING, CANCELED)
    equal(d.memory('g', FILL), before, 'its memory')
    d.dom('g').suspend()
    job, pid = d.held_out('g', 'save', 'g', path(d))
    cancelled(d, job, pid)
    equal(d.state('g')[0], PAUSED, 'one that was paused stays so')
    d.dom('g').resume()
    d.dom('g').save(path(d))
    d.conn.restore(path(d))
    equal(d.memory('g', FILL), before, 'its memory, after a save that was not cancelled')
    os.unlink(path(d))
    d.drop('g')


def save_at_its_end(d):
    """A save whose bytes are all there but not yet on disk: the same"""
    d.boot('g', then='tick', fill=8)
    d.rule('fdatasync', 'hold')
    job = d.begin('save', 'g', path(d))
    d.held('fdatasync')
    d('job-cancel', str(job))
    d.no_rules()
    d.ends(job, 'cancelled')
    equal(d.state('g'), (RUNNING, CANCELED), 'cancelled')
    d.ticks('g')
    no_file(d)
    job = d.begin('managedsave', 'g')
    d.ends(job, 'complete')
    check('complete' in d.refused('job-cancel', str(job)), 'cancel of a complete job')
    refused(INVALID, '', d.dom('g').abortJob)
    d.drop('g')


def sync_call(d):
    """Who waits in a sync save is told that it was aborted"""
    d.boot('g', fill=8)
    d.rule('fdatasync', 'hold')
    virsh = subprocess.Popen(['virsh', '-c', d.uri, 'save', 'g', path(d)], stderr=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, text=True)
    d.held('fdatasync')
    [job] = [job for job in d.jobs() if job['phase'] != 'ended']
    d('job-cancel', str(job['id']))
    d.no_rules()
    said = virsh.communicate(timeout=60 * SLOWER)[1]
    check(virsh.returncode and 'cancel' in said, said)
    equal(d.state('g')[0], RUNNING, 'state')
    d.drop('g')


def dump(d):
    """A dump, in the middle of its bytes, memory only and whole"""
    d.boot('g', then='tick', fill=FILL)
    for args in (('--memory-only',), ('--memory-only', '--format', 'kdump-zlib'), ()):
        job, pid = d.held_out('g', 'dump', 'g', path(d), *args)
        cancelled(d, job, pid)
        d.in_state('g', RUNNING)
        d.ticks('g')
        no_file(d)
    d.dom('g').coreDump(path(d), libvirt.VIR_DUMP_MEMORY_ONLY)  # QEMU can do it again
    os.unlink(path(d))
    d.drop('g')


def start(d):
    """A start whose QEMU hangs: it is killed"""
    dom = d.define('g', emulator=d.held_emulator())
    dom.create()  # it has been asked what it can do by now
    dom.destroy()
    job, pid = d.held_start('start', 'g')
    equal((d.dom('g').isActive(), d.state('g')[0]), (1, PAUSED), 'meanwhile')
    refused(INVALID, 'domain-start', d.dom('g').create)
    cancelled(d, job)
    check(guest_lib.is_gone(pid), 'its QEMU')
    equal(d.state('g'), (SHUTOFF, SHUTOFF_FAILED), 'cancelled')
    job, pid = d.held_start('create', xml_file(d, 't'))
    equal(d.names(), ['g', 't'], 'one that is being made is there')
    cancelled(d, job)
    equal(d.names(), ['g'], 'a transient one is gone')
    dom = d.dom('g')
    dom.create()
    equal(d.state('g')[0], RUNNING, 'started')
    d.drop('g')


def xml_file(d, name):
    file = os.path.join(d.dir, f'{name}.xml')
    with open(file, 'w') as out:
        out.write(d.xml(name, emulator=d.held_emulator()))
    return file


def restore(d):
    """A restore, before and while it reads: the guest is gone, image and definition are kept"""
    dom = d.boot('g', fill=FILL, emulator=d.held_emulator())
    dom.save(path(d))
    before, xml = crash_lib.digest(path(d)), dom.XMLDesc()
    job, pid = d.held_start('restore', path(d))
    cancelled(d, job)
    check(guest_lib.is_gone(pid), 'its QEMU')
    equal((d.state('g')[0], dom.XMLDesc()), (SHUTOFF, xml), 'the definition')
    job, pid = d.held_in(path(d), 'restore', path(d))
    equal(d.dom('g').isActive(), 1, 'meanwhile')
    cancelled(d, job)
    check(guest_lib.is_gone(pid), 'its QEMU')
    equal((d.state('g')[0], dom.XMLDesc()), (SHUTOFF, xml), 'the definition')
    dom.undefine()
    job, pid = d.held_in(path(d), 'restore', path(d))
    cancelled(d, job)
    refused(NO_DOMAIN, 'g', d.dom, 'g')
    equal(crash_lib.digest(path(d)), before, 'the image')
    d.conn.restore(path(d))
    d.dom('g').destroy()
    os.unlink(path(d))


def managed_start(d):
    """A start from a managed save: it is still there for the next one"""
    dom = d.boot('g', fill=FILL, emulator=d.held_emulator())
    before = d.memory('g', FILL)
    dom.managedSave(0)
    [image] = os.listdir(f'{d.dir}/state/save')
    job, _ = d.held_in(f'{d.dir}/state/save/{image}', 'start', 'g')
    cancelled(d, job)
    equal((d.state('g')[0], dom.hasManagedSaveImage(0)), (SHUTOFF, 1), 'cancelled')
    dom.create()
    equal((d.memory('g', FILL), dom.hasManagedSaveImage(0)), (before, 0), 'its memory')
    d.drop('g')


def destroyed(d):
    """Destroy while a job goes on: within two seconds, however QEMU hangs"""
    dom = d.boot('g', fill=FILL)

    def destroy(job, pid):
        begun = time.monotonic()
        d.dom('g').destroy()
        check(time.monotonic() - begun < 3 * SLOWER, f'took {time.monotonic() - begun:.1f} s')
        check(d.ended_job(job)['state'] in ('cancelled', 'failed'), 'state of the job')
        equal(d.state('g')[0], SHUTOFF, 'state')
        check(guest_lib.is_gone(pid), 'its process')
        no_file(d)

    destroy(*d.held_out('g', 'save', 'g', path(d)))
    d.forget_serial('g')
    dom.create()
    d.booted('g')
    destroy(*d.held_out('g', 'dump', 'g', path(d), '--memory-only'))
    d.define('g', emulator=d.held_emulator(), uuid=dom.UUIDString())
    destroy(*d.held_start('start', 'g'))
    d.drop('g')


class Destroyer(threading.Thread):
    """Destroys a guest while something else is done, which its answer may be waiting for."""

    def __init__(self, d, name):
        super().__init__()
        self.dom, self.begun, self.error = d.dom(name), time.monotonic(), None
        self.start()

    def run(self):
        try:
            self.dom.destroy()
        except libvirt.libvirtError as error:
            self.error = error

    def answered(self):
        self.join(30 * SLOWER)
        check(not self.is_alive(), 'destroy is not answered')
        equal(self.error, None, 'answer to destroy')


def managed_guest(d):
    """A guest with a managed save, whose file is where it can be held."""
    save = f'{d.dir}/state/save'
    os.rmdir(save)
    os.mkdir(path(d, 'save'))
    os.symlink(path(d, 'save'), save)
    dom = d.boot('g', then='tick', fill=8, emulator=d.held_emulator())
    dom.managedSave(0)
    d.forget_serial('g')
    return dom


def no_managed_guest(d):
    d.drop('g')
    os.unlink(f'{d.dir}/state/save')
    os.rmdir(path(d, 'save'))
    os.mkdir(f'{d.dir}/state/save')


def destroyed_too_late(d):
    """Destroy of a guest whose start cannot be cancelled any more: it does not come to run"""
    dom = managed_guest(d)
    d.rule('fdatasync', 'hold')
    job = d.begin('start', 'g')
    d.held('fdatasync')  # its image is being marked as spent
    check('no return' in d.refused('job-cancel', str(job)), 'a cancel')
    pid = d.qemu('g')
    begun = time.monotonic()
    dom.destroy()
    check(time.monotonic() - begun < 4 * SLOWER, f'took {time.monotonic() - begun:.1f} s')
    check(guest_lib.is_gone(pid), 'its process, when destroy is answered')
    d.no_rules()
    d.ended_job(job)
    equal(d.state('g'), (SHUTOFF, DESTROYED), 'state')
    equal((dom.hasManagedSaveImage(0), d.serial('g')), (0, b''), 'image, and what it did')
    dom.create()
    d.booted('g')
    no_managed_guest(d)


def destroyed_taken_up(d):
    """The same by the next daemon, that QEMU does not answer yet"""
    dom = managed_guest(d)
    d.rule('fdatasync', 'hold', skip=1)
    job = d.begin('start', 'g')
    d.held('fdatasync')
    pid = d.qemu('g')
    d.stop_process(pid)
    d.kill9()
    d.no_rules()
    d.start()
    destroyer = Destroyer(d, 'g')
    until(lambda: not destroyer.is_alive() or time.monotonic() > destroyer.begun + 1.5,
          'its second is over')
    os.kill(pid, signal.SIGCONT)
    destroyer.answered()
    check(guest_lib.is_gone(pid), 'its process, when destroy is answered')
    d.ended_job(job)
    d.in_state('g', SHUTOFF)
    no_managed_guest(d)


def destroyed_too_early(d):
    """Destroy of a guest whose start is not accepted yet: it does not come to run"""
    d.define('g', then='tick', emulator=d.held_emulator()).create()
    d.dom('g').destroy()
    d.forget_serial('g')
    d.hold_starts()
    d.rule('fdatasync', 'hold')
    starter = subprocess.Popen([f'{crash_lib.BUILD}/run', 'virtjob', '-c', d.uri, 'start', 'g'],
                               env=d.env, stderr=subprocess.PIPE, text=True)
    d.held('fdatasync')  # the journal's
    until(lambda: d.dom('g').isActive(), 'it is there')
    destroyer = Destroyer(d, 'g')
    until(lambda: d.lines().count('domain-destroy') == 2, 'destroy has come')
    d.no_rules()
    destroyer.answered()
    check(d.jobs()[-1]['state'] not in ('queued', 'running'), f'the job: {d.jobs()[-1]}')
    said = starter.communicate(timeout=30 * SLOWER)[1]
    check(starter.returncode and 'cancel' in said, said)
    d.hold_starts(False)
    equal((d.state('g')[0], d.serial('g')), (SHUTOFF, b''), 'state, and what it did')
    d.drop('g')


def twice(d):
    """A second job while one goes on: refused, and told by which"""
    dom = d.boot('g', fill=FILL)
    job, pid = d.held_out('g', 'save', 'g', path(d))
    for call in (lambda: dom.save(path(d, 'other')), lambda: dom.coreDump(path(d, 'other'), 0),
                 lambda: dom.managedSave(ASYNC), dom.suspend, dom.resume, dom.reset, dom.shutdown,
                 lambda: dom.rename('h')):
        refused(INVALID, str(job), call)
    equal(dom.jobInfo()[0] in (libvirt.VIR_DOMAIN_JOB_BOUNDED, libvirt.VIR_DOMAIN_JOB_UNBOUNDED),
          True, 'type of the job')
    stats = dom.jobStats()
    equal((stats['operation'], stats['virtjob.id']), (libvirt.VIR_DOMAIN_JOB_OPERATION_SAVE, job),
          'statistics')
    os.kill(pid, signal.SIGCONT)
    d.ends(job, 'complete')
    equal(dom.jobInfo()[0], libvirt.VIR_DOMAIN_JOB_NONE, 'afterwards')
    stats = dom.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    check(stats['success'] and stats['memory_total'] == stats['memory_processed'] >= FILL * MIB,
          f'statistics {stats}')
    os.unlink(path(d))
    d.drop('g')


guest_lib.run(save, save_at_its_end, sync_call, dump, start, restore, managed_start, destroyed,
              destroyed_too_late, destroyed_taken_up, twice)
guest_lib.run(destroyed_too_early, guests=guest_lib.HeldJournal)
