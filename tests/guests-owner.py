#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that run as another user: their files are that user's while they run, and then again
whose they were, however the guest or its daemon ends."""

import os
import pwd
import signal
import sqlite3
import subprocess

import guest_lib
from guest_lib import MIB, RUNNING, SHUTOFF, check, equal, error_of, libvirt, until
from guest_lib import crash_lib

if os.geteuid() != 0:
    crash_lib.skip('only root can run guests as another user')
NOBODY = pwd.getpwnam('nobody')
QEMU, ROOT, OTHER = (NOBODY.pw_uid, NOBODY.pw_gid), (0, 0), (1234, 1235)
CONF = 'user = "nobody"\n'


def disk(path, more='', driver='raw', target='vda'):
    return f'''<disk type='file' device='disk'><driver name='qemu' type='{driver}'/>
        <source file='{path}'/><target dev='{target}' bus='virtio'/>{more}</disk>'''


def owner(path):
    status = os.stat(path)
    return status.st_uid, status.st_gid


class Owned(guest_lib.Guests):
    """All may pass through its directory, as is so with /var/lib."""

    def __init__(self, conf=''):
        super().__init__(conf)
        os.chmod(self.dir, 0o711)

    def image(self, name, of=ROOT, mode=0o600):
        path = os.path.join(self.path, name)
        with open(path, 'wb') as file:
            file.truncate(4 * MIB)
        os.chmod(path, mode)
        os.chown(path, *of)
        return path

    def given_back(self, path, of, what):
        """What is given back is so when the call that ends the guest returns, or soon after."""
        until(lambda: owner(path) == of, f'{what}: {path} is given back to {of}')


def ids(pid):
    with open(f'/proc/{pid}/status') as file:
        text = file.read()
    return [[int(number) for number in line.split()[1:]] for line in text.split('\n')
            if line.startswith(('Uid:', 'Gid:', 'Groups:'))]


def process(d):
    """It has the user's ids and groups, and no others; a fresh 0600 volume of root's boots"""
    d('vol-create-as', 'p', 'v', '4M')
    equal((owner(d.file('v')), os.stat(d.file('v')).st_mode & 0o777), (ROOT, 0o600), 'the volume')
    dom = d.boot('g', devices=disk(d.file('v')))
    uids, gids, groups = ids(d.qemu('g'))
    equal((set(uids), set(gids)), ({QEMU[0]}, {QEMU[1]}), 'ids')
    check(0 not in groups, f'groups {groups}')
    equal(owner(d.file('v')), QEMU, 'while it runs')
    equal(owner(d.serial_path('g')), QEMU, 'its serial file')
    dom.destroy()
    equal(owner(d.file('v')), ROOT, 'afterwards')
    d('vol-delete', 'v', '--pool', 'p')
    d.drop('g')


def every_end(d):
    """Ended in every way, a disk goes back to whom it belonged"""
    for of in (ROOT, OTHER):
        path = d.image('disk', of)
        dom = d.define('g', then='tick', devices=disk(path))

        def run():
            dom.create()
            equal(owner(path), QEMU, 'while it runs')
            return d.qemu('g')
        run()
        dom.destroy()
        d.given_back(path, of, 'destroyed')
        os.kill(run(), signal.SIGKILL)
        d.given_back(path, of, 'killed')
        d.forget_serial('g')
        run()
        d.booted('g')
        dom.shutdown()
        d.given_back(path, of, 'shut down')
        run()
        image = os.path.join(d.path, 'save')
        dom.save(image)
        d.given_back(path, of, 'saved')
        d.conn.restore(image)
        equal((d.state('g')[0], owner(path), owner(image)), (RUNNING, QEMU, ROOT), 'restored')
        dom.managedSave()
        d.given_back(path, of, 'saved')
        dom.create()
        equal(owner(path), QEMU, 'started from a managed save')
        d.drop('g')
        os.unlink(image)
        os.unlink(path)


def daemon_gone(d):
    """Its daemon killed while it runs: the next one gives back, also if it ended meanwhile"""
    first, second = d.image('first', OTHER), d.image('second')
    d.conn.createXML(d.xml('a', devices=disk(first)), 0)
    d.conn.createXML(d.xml('b', devices=disk(second)), 0)
    pid = d.qemu('b')
    d.kill9()
    os.kill(pid, signal.SIGKILL)
    equal(owner(second), QEMU, 'nobody is there to give it back')
    d.start()
    d.given_back(second, ROOT, 'ended meanwhile')
    equal(owner(first), QEMU, 'of the one that runs on')
    d.dom('a').destroy()
    d.given_back(first, OTHER, 'destroyed')
    os.unlink(first)
    os.unlink(second)


def shared(d):
    """A disk of two: given by the first, back by the last, over a restart too"""
    path = d.image('disk', OTHER)
    for name in ('a', 'b'):
        d.conn.createXML(d.xml(name, devices=disk(path, '<shareable/>')), 0)
    d.dom('a').destroy()
    equal(owner(path), QEMU, 'one still runs')
    d.kill9()
    d.start()
    d.conn.createXML(d.xml('c', devices=disk(path, '<shareable/>')), 0)
    d.dom('b').destroy()
    equal(owner(path), QEMU, 'another one does')
    d.dom('c').destroy()
    d.given_back(path, OTHER, 'the last has ended')
    os.unlink(path)


def read_only(d):
    """What is only read is changed only where it must be"""
    readable, secret = d.image('readable', OTHER, 0o644), d.image('secret', OTHER)
    base, top = d.image('base', OTHER), os.path.join(d.path, 'top')
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, top],
                   check=True)
    d.conn.createXML(d.xml('g', devices=disk(readable, '<readonly/>')
                           + disk(secret, '<readonly/>', target='vdb')
                           + disk(top, driver='qcow2', target='vdc')), 0)
    equal((owner(readable), owner(secret), owner(top)), (OTHER, QEMU, QEMU), 'while it runs')
    equal(owner(base), QEMU, 'the image below, that nobody else may read')
    d.dom('g').destroy()
    for path, of in ((readable, OTHER), (secret, OTHER), (base, OTHER), (top, ROOT)):
        d.given_back(path, of, 'ended')
        os.unlink(path)


def failed(d):
    """A start that fails or is cancelled: nothing is changed, and the error names the file"""
    path, more = d.image('disk', OTHER), disk(os.path.join(d.path, 'none'), target='vdb')
    error_of(d.conn.createXML, d.xml('g', devices=disk(path) + more))
    equal(owner(path), OTHER, 'a disk is missing')
    dom = d.define('g', devices=disk(path), emulator=d.held_emulator())
    job, _ = d.held_start('start', 'g')
    equal(owner(path), QEMU, 'while it starts')
    d('job-cancel', str(job))
    d.ends(job, 'cancelled')
    equal(owner(path), OTHER, 'cancelled')
    dom.undefine()
    folder = os.path.join(d.path, 'closed')
    os.mkdir(folder, 0o700)
    inside = d.image('closed/disk')
    error = error_of(d.conn.createXML, d.xml('g', devices=disk(inside)))
    check(inside in str(error), f'a directory that is closed to the user: {error}')
    equal(owner(inside), ROOT, 'the disk in it')
    os.unlink(inside)
    os.rmdir(folder)
    os.unlink(path)


def killed_midway(d):
    """The daemon killed between two files that it gives to QEMU: the next one gives back"""
    first, second = d.image('first', OTHER), d.image('second', OTHER)
    d.define('g', devices=disk(first) + disk(second, target='vdb'))
    d.rule('fchownat', 'after')
    job = d.begin('start', 'g')
    d.held('fchownat')
    equal((owner(first), owner(second)), (QEMU, OTHER), 'when it is killed')
    d.kill9()
    d.no_rules()
    d.start()
    d.ends(job, 'failed', 'interrupted')
    equal((owner(first), owner(second)), (OTHER, OTHER), 'afterwards')
    dom = d.dom('g')
    dom.create()
    equal((owner(first), owner(second)), (QEMU, QEMU), 'while it runs')
    dom.destroy()
    d.given_back(first, OTHER, 'destroyed')
    d.given_back(second, OTHER, 'destroyed')
    d.drop('g')
    os.unlink(first)
    os.unlink(second)


def in_store(d, statement):
    """What the daemon's database says to that; it may run."""
    with sqlite3.connect(f'{d.dir}/state/virtjobd.db') as db:
        rows = db.execute(statement).fetchall()
    db.close()
    return rows


def killed_at_the_end(d):
    """The daemon killed when a guest has ended and its files are not yet given back"""
    path, both = d.image('disk', OTHER), d.image('both', OTHER)
    shared = disk(both, '<shareable/>', target='vdb')
    d.define('g', devices=disk(path) + shared).create()
    d.conn.createXML(d.xml('other', devices=shared), 0)
    d.rule('fchownat', 'hold')
    os.kill(d.qemu('g'), signal.SIGKILL)
    d.held('fchownat')
    until(lambda: in_store(d, "SELECT * FROM objects WHERE name = 'g' AND active = 0"),
          'its end is on disk')
    d.kill9()
    d.no_rules()
    equal(owner(path), QEMU, 'when it is killed')
    d.start()
    d.given_back(path, OTHER, 'ended')
    equal(owner(both), QEMU, 'that of the one that runs on')
    until(lambda: not in_store(d, "SELECT * FROM objects WHERE kind = 'guest-left'"),
          'that is noted')
    d.dom('other').destroy()
    d.given_back(both, OTHER, 'both have ended')
    d.drop('g')
    os.unlink(path)
    os.unlink(both)


def host_gone(d):
    """The host went down with a guest: its files are given back all the same"""
    path = d.image('disk', OTHER)
    d.define('g', devices=disk(path)).create()
    pid = d.qemu('g')
    d.kill9()
    os.kill(pid, signal.SIGKILL)
    with open('/proc/sys/kernel/random/boot_id') as file:
        boot = file.read().strip()
    in_store(d, f"UPDATE objects SET runtime = replace(runtime, '{boot}', 'another')")
    d.start()
    equal(d.state('g'), (SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN), 'state')
    d.given_back(path, OTHER, 'after the start of the host')
    d.drop('g')
    os.unlink(path)


def static(d):
    """dynamic_ownership = 0: nothing is changed, what cannot be opened is an error"""
    path = d.image('disk', OTHER)
    error = error_of(d.conn.createXML, d.xml('g', devices=disk(path)))
    check(path in str(error), str(error))
    os.chmod(path, 0o666)
    os.chmod(d.dir, 0o711)
    with open(d.serial_path('g'), 'w'):
        os.chmod(d.serial_path('g'), 0o666)
    d.conn.createXML(d.xml('g', devices=disk(path)), 0)
    equal((owner(path), d.state('g')[0]), (OTHER, RUNNING), 'its disk')
    d.dom('g').destroy()
    equal(owner(path), OTHER, 'its disk')
    os.unlink(path)


def forgotten(d):
    """remember_owner = 0: what was given goes to root"""
    path = d.image('disk', OTHER)
    d.conn.createXML(d.xml('g', devices=disk(path)), 0).destroy()
    d.given_back(path, ROOT, 'ended')
    os.unlink(path)


def group(d):
    """group: another than the user's"""
    d.conn.createXML(d.xml('g', devices=disk(d.image('disk'))), 0)
    equal(ids(d.qemu('g'))[:2], [[QEMU[0]] * 4, [OTHER[1]] * 4], 'ids')
    equal(owner(os.path.join(d.path, 'disk')), (QEMU[0], OTHER[1]), 'its disk')
    d.dom('g').destroy()
    equal(d.conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE), [], 'active')
    os.unlink(os.path.join(d.path, 'disk'))


def new_image(d):
    """A new image over a disk of a guest that runs is QEMU's too, also for the next daemon"""
    path = d.image('base')
    on_top = os.path.join(d.path, 'base.s')
    dom = d.boot('g', then='tick', devices=disk(path))
    dom.snapshotCreateXML('<domainsnapshot><name>s</name></domainsnapshot>',
                          libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
                          | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA)
    equal((owner(path), owner(on_top)), (QEMU, QEMU), 'while it runs')
    d.kill9()
    d.start()
    d.dom('g').destroy()
    d.given_back(path, ROOT, 'the disk')
    d.given_back(on_top, ROOT, 'the new image')
    d.drop('g')
    os.unlink(on_top)


def halted(d):
    """A guest that ends with its snapshot, whose new image was given to QEMU meanwhile"""
    path = os.path.join(d.path, 'disk.qcow2')
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', path, '4M'], check=True)
    dom = d.boot('halted', devices=disk(path, driver='qcow2'))
    equal(owner(path), QEMU, 'the disk while it runs')
    dom.snapshotCreateXML(f"<domainsnapshot><name>a</name><memory file='{d.path}/memory'/>"
                          '</domainsnapshot>', libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_HALT)
    d.in_state('halted', SHUTOFF)
    for image in path, os.path.join(d.path, 'disk.a'):
        d.given_back(image, ROOT, 'ended by its snapshot')
    dom.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)


guest_lib.run(process, every_end, daemon_gone, shared, read_only, failed, killed_midway,
              killed_at_the_end, new_image, host_gone, halted, conf=CONF, guests=Owned)
guest_lib.run(static, conf=CONF + 'dynamic_ownership = 0\n', guests=Owned)
guest_lib.run(forgotten, conf=CONF + 'remember_owner = 0\n', guests=Owned)
guest_lib.run(group, conf=CONF + f'group = "+{OTHER[1]}"\n', guests=Owned)
