#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests saved to files and restored from them, and files that are no such image."""

import os
import re
import shutil
import signal
import subprocess

import guest_lib
from crash_lib import digest
from guest_lib import (INVALID, MIB, NO_DOMAIN, PAUSED, RUNNING, SHUTOFF, check, equal, error_of,
                       libvirt, refused, until)

SAVED, RESTORED = libvirt.VIR_DOMAIN_SHUTOFF_SAVED, libvirt.VIR_DOMAIN_RUNNING_RESTORED
CANCELED = libvirt.VIR_DOMAIN_RUNNING_SAVE_CANCELED
PAUSE, RUN = libvirt.VIR_DOMAIN_SAVE_PAUSED, libvirt.VIR_DOMAIN_SAVE_RUNNING
FAILED, UNSUPPORTED = libvirt.VIR_ERR_OPERATION_FAILED, libvirt.VIR_ERR_CONFIG_UNSUPPORTED
MAGIC, PARTIAL = b'LibvirtQemudSave', b'LibvirtQemudPart'


def image(d):
    return os.path.join(d.path, 'image')


def titled(xml, title):
    return re.sub('<title>.*</title>', '', xml).replace('<memory', f'<title>{title}</title><memory')


def there_and_back(d):
    """The memory of a guest comes back, and it goes on"""
    dom = d.boot('g', then='tick', fill=24)
    before = d.memory('g', 24)
    with open(image(d), 'w') as file:
        file.write('something that was here before')
    dom.save(image(d))
    equal(d.state('g'), (SHUTOFF, SAVED), 'saved')
    with open(image(d), 'rb') as file:
        equal(file.read(16), MAGIC, 'the image, in place of the old file')
    equal(os.stat(image(d)).st_mode & 0o777, 0o600, "the image's mode")
    check(os.stat(image(d)).st_size > 24 * MIB, 'size of the image')
    d.conn.restore(image(d))
    equal(d.state('g'), (RUNNING, RESTORED), 'restored')
    equal(d.memory('g', 24), before, 'its memory')
    d.ticks('g')
    equal(d.serial('g').count(b'F'), 1, 'it did not boot again')
    refused(INVALID, 'g', d.conn.restore, image(d))
    dom.suspend()
    dom.save(image(d))
    dom.undefine()
    d.conn.restore(image(d))
    equal((d.state('g')[0], d.dom('g').isPersistent()), (PAUSED, 0), 'paused as it was; transient')
    d.dom('g').destroy()
    refused(NO_DOMAIN, 'g', d.dom, 'g')
    check(os.path.exists(image(d)), 'the image stays')


def asked_state(d):
    """--running and --paused, at save and at restore"""
    dom = d.boot('g')
    for at_save, at_restore, want in ((PAUSE, 0, PAUSED), (RUN, 0, RUNNING), (PAUSE, RUN, RUNNING),
                                      (RUN, PAUSE, PAUSED)):
        dom.saveFlags(image(d), None, at_save)
        d.conn.restoreFlags(image(d), None, at_restore)
        equal(d.state('g')[0], want, f'saved with {at_save}, restored with {at_restore}')
    refused(libvirt.VIR_ERR_INVALID_ARG, '', dom.saveFlags, image(d), None, PAUSE | RUN)
    refused(libvirt.VIR_ERR_INVALID_ARG, '', d.conn.restoreFlags, image(d), None, PAUSE | RUN)
    d.drop('g')


def other_xml(d):
    """Other XML at save, at restore and in the file: what the guest cannot see may differ"""
    dom = d.boot('g')
    live = dom.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE)
    larger = re.sub(r"<(memory|currentMemory) unit='KiB'>\d+", r"<\1 unit='KiB'>65536", live)
    refused(UNSUPPORTED, 'memory', dom.saveFlags, image(d), larger, 0)
    equal(d.state('g')[0], RUNNING, 'after a refused save')
    dom.saveFlags(image(d), titled(live, 'at save'), 0)
    in_file = d.conn.saveImageGetXMLDesc(image(d), 0)
    check('<title>at save</title>' in in_file, 'XML of the image')
    refused(UNSUPPORTED, 'memory', d.conn.restoreFlags, image(d), larger, 0)
    d.conn.restoreFlags(image(d), titled(in_file, 'at restore'), 0)
    check('<title>at restore</title>' in dom.XMLDesc(), 'XML of the restored guest')
    dom.save(image(d))
    refused(UNSUPPORTED, 'memory', d.conn.saveImageDefineXML, image(d), larger, 0)
    d.conn.saveImageDefineXML(image(d), titled(in_file, 'in the file, and longer ' * 20), PAUSE)
    check('in the file' in d('save-image-dumpxml', image(d)), 'save-image-dumpxml')
    d.conn.restore(image(d))
    equal(d.state('g')[0], PAUSED, 'the state that save-image-define has set')
    check('in the file' in dom.XMLDesc(), 'XML of the guest restored from it')
    d.drop('g')


def managed(d):
    """Managed save: the next start goes on from it, once"""
    dom = d.boot('g', fill=8)
    before = d.memory('g', 8)
    equal(dom.hasManagedSaveImage(0), 0, 'none yet')
    dom.managedSave(0)
    equal((d.state('g'), dom.hasManagedSaveImage(0)), ((SHUTOFF, SAVED), 1), 'saved')
    refused(INVALID, 'managed save', dom.undefine)
    refused(INVALID, 'managed save', dom.rename, 'h')
    d.kill9()
    d.start()
    dom = d.dom('g')
    equal(dom.hasManagedSaveImage(0), 1, 'after a kill -9')
    dom.create()
    equal((d.state('g'), dom.hasManagedSaveImage(0)), ((RUNNING, RESTORED), 0), 'started from it')
    equal(d.memory('g', 8), before, 'its memory')
    equal(os.listdir(f'{d.dir}/state/save'), [], 'its file is gone')
    dom.managedSave(PAUSE)
    own = f'{d.dir}/state/save/{dom.UUIDString()}.save'
    xml = dom.managedSaveGetXMLDesc(0)
    refused(libvirt.VIR_ERR_INVALID_ARG, 'managed', d.conn.saveImageDefineXML, own, xml, 0)
    dom.managedSaveDefineXML(titled(xml, 'in its own image'), 0)
    with open(d.log, errors='replace') as file:
        check(f'what=image-define object="{own}" identity="uid=' in file.read(), 'its record')
    dom.create()
    check('in its own image' in dom.XMLDesc(), 'XML of the guest started from it')
    equal(d.state('g')[0], PAUSED, 'saved to be paused')
    for write in (lambda path: dom.saveFlags(path, None, 0), lambda path: dom.coreDump(path, 0)):
        refused(libvirt.VIR_ERR_INVALID_ARG, 'managed', write, own)
    equal((d.state('g')[0], os.listdir(os.path.dirname(own))), (PAUSED, []), 'and nothing is there')
    dom.managedSave(RUN)
    d.forget_serial('g')
    dom.createWithFlags(libvirt.VIR_DOMAIN_START_FORCE_BOOT)
    equal((d.state('g')[0], dom.hasManagedSaveImage(0)), (RUNNING, 0), 'booted all the same')
    d.booted('g')
    dom.managedSave(0)
    dom.managedSaveRemove(0)
    equal((dom.hasManagedSaveImage(0), os.listdir(f'{d.dir}/state/save')), (0, []), 'removed')
    dom.create()
    equal(d.state('g'), (RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED), 'booted')
    dom.managedSave(0)
    dom.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    equal(os.listdir(f'{d.dir}/state/save'), [], 'undefined with its image')
    dom = d.conn.createXML(d.xml('t'), 0)
    refused(INVALID, 'transient', dom.managedSave, 0)
    dom.destroy()


def broken_images(d):
    """Images that are truncated, unfinished, or none: refused, nothing left, the file untouched"""
    dom = d.boot('g', fill=24)
    dom.save(image(d))
    dom.undefine()
    with open(image(d), 'rb') as file:
        whole = file.read()
    xml_end = whole.index(b'</domain>')
    cases = {
        'empty': b'',
        'half a magic': whole[:10],
        'half a header': whole[:60],
        'half its XML': whole[:xml_end],
        'another magic': b'QEMU-saved-state' + whole[16:],
        'partly written': PARTIAL + whole[16:],
        'another version': whole[:16] + b'\xff\0\0\0' + whole[20:],
        'length of a giant': whole[:20] + b'\xff\xff\xff\xff' + whole[24:],
        'XML that is none': whole.replace(b'<domain', b'<dromedar', 1),
    }
    jobs = len(d.jobs())
    for name, content in cases.items():
        with open(image(d), 'wb') as file:
            file.write(content)
        error = error_of(d.conn.restore, image(d))
        check(image(d) in str(error) or 'XML' in str(error), f'{name}: {error}')
        check(error.get_error_code() not in (0, libvirt.VIR_ERR_INTERNAL_ERROR), f'{name}: {error}')
        error_of(d.conn.saveImageGetXMLDesc, image(d), 0)
        equal(d.names(), [], f'{name}: domains')
        with open(image(d), 'rb') as file:
            check(file.read() == content, f'{name}: the file has changed')
    equal(len(d.jobs()), jobs, 'jobs: all were refused')
    # What comes last is a description of the stream, which no restore needs.
    end = whole.rindex(b'{"configuration"' if b'{"configuration"' in whole else b'{"page_size"')
    for name, size in (('no memory', xml_end + 4096), ('half its memory', len(whole) // 2),
                       ('the end of its devices', end - 100)):
        with open(image(d), 'wb') as file:
            file.write(whole[:size])
        error = error_of(d.conn.restore, image(d))
        print(f'    {name}: {error}')
        d.quiet()
        equal(os.stat(image(d)).st_size, size, f'{name}: size of the file')
    os.unlink(image(d))
    refused(libvirt.VIR_ERR_SYSTEM_ERROR, image(d), d.conn.restore, image(d))


def bad_targets(d):
    """Where nothing can be saved: refused, and the guest runs on"""
    dom = d.boot('g')
    jobs = len(d.jobs())
    for path in (d.path, os.path.join(d.path, 'no', 'such', 'directory'), '/dev/null'):
        error_of(dom.save, path)
        error_of(dom.coreDump, path, 0)
        equal(d.state('g')[0], RUNNING, f'save to {path}')
    equal(len(d.jobs()), jobs, 'jobs')
    d.drop('g')


def full_disk(d):
    """No space while it saves: the guest runs on, no file"""
    small = os.path.join(d.path, 'small')
    os.mkdir(small)
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', small]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        print('    left out: cannot mount a small file system')
        return
    try:
        dom = d.boot('g', then='tick', fill=32)
        before = d.memory('g', 32)
        for call, text in ((dom.save, 'space'), (lambda path: dom.coreDump(path, 0), 'space')):
            error = error_of(call, os.path.join(small, 'file'))
            check(text in str(error), str(error))
            equal((d.state('g')[0], os.listdir(small)), (RUNNING, []), 'afterwards')
            d.ticks('g')
        equal(d.memory('g', 32), before, 'its memory')
        dom.save(image(d))
        d.conn.restore(image(d))
        equal(d.memory('g', 32), before, 'its memory, saved elsewhere')
        d.drop('g')
    finally:
        subprocess.run(['umount', small], check=True)


def block_device(d):
    """A block device is written in place"""
    size = 48 * MIB
    disk = os.path.join(d.path, 'disk')
    with open(disk, 'wb') as file:
        file.truncate(size)
    made = subprocess.run(['losetup', '-f', '--show', disk], capture_output=True, text=True)
    if made.returncode:
        print('    left out: no loop device')
        return
    device = made.stdout.strip()
    try:
        dom = d.boot('g', fill=16)
        before = d.memory('g', 16)
        dom.save(device)
        d.conn.restore(device)
        equal(d.memory('g', 16), before, 'its memory')
        d.drop('g')
    finally:
        subprocess.run(['losetup', '-d', device], check=True)
        os.unlink(disk)


class OnDevice(guest_lib.Guests):
    """With a block device, whose system calls are held by the rules of hold.c."""

    def __init__(self, conf=''):
        super().__init__(conf)
        disk = os.path.join(self.dir, 'disk')
        with open(disk, 'wb') as file:
            file.truncate(48 * MIB)
        made = subprocess.run(['losetup', '-f', '--show', disk], capture_output=True, text=True)
        self.device = self.env['HOLD_PATH'] = made.stdout.strip()

    def clean(self):
        if self.device:
            subprocess.run(['losetup', '-d', self.device], check=True)
        super().clean()

    def magic(self):
        with open(self.device, 'rb') as file:
            return file.read(16)


def device_cancelled(d):
    """A save to a device that is cancelled when all is written: the guest has no image there"""
    if not d.device:
        print('    left out: no loop device')
        return
    d.boot('g', then='tick', fill=8)
    for killed in (True, False):  # rules count anew in a daemon that has started again
        d.rule('pwrite', 'after', skip=1)  # the header, then its true magic
        job = d.begin('save', 'g', d.device)
        d.held('pwrite')
        equal(d.magic(), MAGIC, 'what is there when the cancel comes')
        d('job-cancel', str(job))
        if killed:
            d.kill9()
        d.no_rules()
        if killed:
            d.start()
        d.ends(job, 'cancelled')
        equal((d.state('g')[0], d.magic()), (RUNNING, PARTIAL), f'cancelled, killed: {killed}')
        refused(FAILED, 'only partly written', d.conn.saveImageGetXMLDesc, d.device, 0)
        d.ticks('g')
    d.drop('g')


def host_gone(d):
    """Daemon and guest killed: a save to a device is complete if that is its image, else failed"""
    if not d.device:
        print('    left out: no loop device')
        return
    dom = d.boot('g', then='tick', fill=8)

    def lost(job):
        pid = d.qemu('g')
        d.kill9()
        os.kill(pid, signal.SIGKILL)
        until(lambda: guest_lib.is_gone(pid), 'its QEMU is gone')
        d.no_rules()
        d.start()
        return d.ended_job(job)['state']

    dom.save(d.device)
    d.conn.restore(d.device)
    d.stop_process(d.qemu('g'))
    job = d.begin('save', 'g', d.device)
    until(lambda: d.job(job)['note'] == 'pausing the guest', 'it waits for QEMU')
    equal(d.magic(), MAGIC, 'the older image')
    equal((lost(job), d.magic()), ('failed', MAGIC), 'one that had not come to write, its device')
    d.conn.restore(d.device)
    d.rule('fdatasync', 'hold', skip=3)  # of the header, of the rest, of the magic
    job = d.begin('save', 'g', d.device)
    d.held('fdatasync')
    equal((d.job(job)['phase'], lost(job)), ('finishing', 'complete'), 'one that was published')
    d.conn.restore(d.device)
    d.ticks('g')
    d.drop('g')


def linked(d):
    """A save through a symbolic link replaces what it points to"""
    link, real = os.path.join(d.path, 'link'), os.path.join(d.path, 'real')
    with open(real, 'w') as file:
        file.write('old')
    os.symlink(real, link)
    d.boot('g').save(link)
    check(os.path.islink(link), 'the link stays')
    shutil.copy(real, image(d))
    equal(digest(link), digest(image(d)), 'the link')
    d.conn.restore(link)
    equal(d.state('g'), (RUNNING, RESTORED), 'restored')
    d.drop('g')


guest_lib.run(there_and_back, asked_state, other_xml, managed, broken_images, bad_targets,
              full_disk, block_device, linked)
guest_lib.run(device_cancelled, guests=OnDevice)
guest_lib.run(host_gone, guests=OnDevice)
