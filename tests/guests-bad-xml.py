#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definitions that cannot be: refused with a reason that helps, and nothing is left behind; and
disks that somebody else has."""

import os
import subprocess

import guest_lib
from guest_lib import (ASYNC, INVALID, MIB, NO_DOMAIN, RUNNING, SHUTOFF, check, equal, error_of,
                       libvirt, refused)

UNSUPPORTED, XML_ERROR = libvirt.VIR_ERR_CONFIG_UNSUPPORTED, libvirt.VIR_ERR_XML_ERROR
FAILED = libvirt.VIR_ERR_OPERATION_FAILED


def disk(source, kind='file', more='', driver='raw', target='vda'):
    return f'''<disk type='{kind}' device='disk'><driver name='qemu' type='{driver}'/>
        <source {source}/><target dev='{target}' bus='virtio'/>{more}</disk>'''


def file_disk(path, **args):
    return disk(f"file='{path}'", **args)


def make(path, mib=4):
    with open(path, 'wb') as file:
        file.truncate(mib * MIB)
    return path


def as_before(d, names=()):
    equal(d.names(), sorted(names), 'domains')
    equal(d.qemus(), {}, 'processes')


def missing_files(d):
    """A disk, kernel or emulator that is not there: named in the error"""
    nowhere = os.path.join(d.path, 'no-such-file')
    kernel = f'<kernel>{d.kernel()}</kernel>'
    plain = d.xml('g')
    cases = {
        'disk': d.xml('g', devices=file_disk(nowhere)),
        'kernel': plain.replace(kernel, f'<kernel>{nowhere}</kernel>'),
        'initrd': plain.replace(kernel, f'{kernel}<initrd>{nowhere}</initrd>'),
        'emulator': d.xml('g', emulator=nowhere),
        'emulator that is none': d.xml('g', emulator='/bin/true'),
        'directory of the serial file': plain.replace(d.serial_path('g'), nowhere + '/serial'),
    }
    for what, xml in cases.items():
        for call in (lambda xml: d.conn.createXML(xml, 0), define_and_start(d)):
            error = error_of(call, xml)
            check(error.get_error_code() > 1, f'{what}: {error.get_error_code()}')
            check(nowhere in str(error) or '/bin/true' in str(error), f'{what}: {error}')
            if 'g' in d.names():
                equal(d.state('g')[0], SHUTOFF, what)
                d.dom('g').undefine()
            as_before(d)
    check(not os.path.exists(nowhere), 'it is not made')
    dom = d.conn.defineXML(cases['disk'])
    check(nowhere in str(error_of(dom.create)), 'start')
    make(nowhere)
    dom.create()  # it is there now
    d.drop('g')
    os.unlink(nowhere)


def define_and_start(d):
    return lambda xml: d.conn.defineXML(xml).create()


def broken_backing(d):
    """A missing image below a disk; below itself"""
    base, top = os.path.join(d.path, 'base'), os.path.join(d.path, 'top')
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', base, '4M'], check=True)
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, top],
                   check=True)
    os.unlink(base)
    xml = d.xml('g', devices=file_disk(top, driver='qcow2'))
    check(base in str(error_of(d.conn.createXML, xml)), 'the image below is named')
    os.symlink(top, base)
    check(base in str(error_of(d.conn.createXML, xml)), 'a loop')
    as_before(d)
    os.unlink(base)
    os.unlink(top)


def wrong_xml(d):
    """XML that is none, or says nothing sensible"""
    good = d.xml('g')
    cases = {
        'nothing': '',
        'no XML': 'domain',
        'not closed': good[:-5],
        'another root': "<pool type='dir'/>",
        'no name': good.replace('<name>g</name>', ''),
        'empty name': good.replace('<name>g</name>', '<name></name>'),
        'a slash in the name': good.replace('<name>g</name>', '<name>a/b</name>'),
        'no memory': good.replace("<memory unit='MiB'>16</memory>", ''),
        'memory of no number': good.replace("'MiB'>16<", "'MiB'>much<"),
        'memory of no unit': good.replace("unit='MiB'", "unit='bushel'"),
        'no virtual CPU': good.replace('<vcpu>1<', '<vcpu>0<'),
        'UUID': good.replace('<memory', '<uuid>none</uuid><memory', 1),
        'type': good.replace("type='qemu'", "type='lxc'"),
        'entity': '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
                  + good.replace('<name>g<', '<name>&e;<'),
        'two disks at one target': d.xml('g', devices=file_disk('/a') + file_disk('/b')),
    }
    for what, xml in cases.items():
        for call in (d.conn.defineXML, lambda xml: d.conn.createXML(xml, ASYNC)):
            error = error_of(call, xml)
            check(error.get_error_code() > 1, f'{what}: {error.get_error_code()}: {error}')
            as_before(d)


def unsupported(d):
    """Devices and machines that are not provided: said so, not dropped"""
    devices = (
        "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x2'/>"
        "</source></hostdev>",
        "<filesystem type='mount'><source dir='/tmp'/><target dir='x'/></filesystem>",
        "<tpm model='tpm-tis'><backend type='emulator'/></tpm>",
        "<shmem name='s'><model type='ivshmem-plain'/></shmem>",
        "<graphics type='spice'/>",
        "<disk type='network' device='disk'><source protocol='nbd' name='x'><host name='h'/>"
        "</source><target dev='vda' bus='virtio'/></disk>",
        "<interface type='network'><source network='nowhere'/></interface>",
        "<gadget/>",
    )
    for device in devices:
        for call in (d.conn.defineXML, lambda xml: d.conn.createXML(xml, 0)):
            refused(UNSUPPORTED, '', call, d.xml('g', devices=device))
            as_before(d)
    for what, word in (("machine='q35'", "machine='pc-q35-99.9'"), ("arch='x86_64'", "arch='vax'")):
        error = error_of(d.conn.createXML, d.xml('g').replace(what, word))
        check(word.split("'")[1] in str(error), str(error))
        as_before(d)


def clashes(d):
    """Name and UUID of another: on define, create, restore, rename"""
    first, other = d.define('first'), d.define('other')
    uuids = first.UUIDString(), other.UUIDString()
    mixed = d.xml('first', uuid=uuids[1]), d.xml('third', uuid=uuids[0]), d.xml('first')
    without = mixed[2].replace('<name>', f'<uuid>{"1" * 8}-1111-1111-1111-{"1" * 12}</uuid><name>')
    for xml in (mixed[0], mixed[1], without):
        for call in (d.conn.defineXML, lambda xml: d.conn.createXML(xml, 0)):
            refused(FAILED, 'already', call, xml)
    check('other' in str(error_of(first.rename, 'other')), 'rename')
    first.create()
    refused(INVALID, 'running', first.create)
    refused(INVALID, 'running', d.conn.createXML, d.xml('first', uuid=uuids[0]), 0)
    image = os.path.join(d.path, 'image')
    first.save(image)
    first.undefine()
    taken = d.define('first')
    refused(FAILED, 'already', d.conn.restore, image)
    taken.undefine()
    d.define('third', uuid=uuids[0])
    refused(FAILED, 'already', d.conn.restore, image)
    equal(d.names(), ['other', 'third'], 'domains')
    d.drop('third', 'other')
    d.conn.restore(image)
    equal(d.state('first')[0], RUNNING, 'nobody is in its way')
    d.drop('first')
    os.unlink(image)


def shared_disks(d):
    """A disk in use by another guest: refused unless both say that it is shareable or read"""
    path = make(os.path.join(d.path, 'disk'))
    link = os.path.join(d.path, 'link')
    os.link(path, link)
    rw, ro, shared = (file_disk(link, more=more) for more in ('', '<readonly/>', '<shareable/>'))
    for mine, theirs, together in ((rw, rw, False), (rw, ro, False), (ro, rw, False),
                                   (rw, shared, False), (ro, ro, True), (shared, shared, True)):
        d.conn.createXML(d.xml('a', devices=mine.replace(link, path)), 0)
        xml = d.xml('b', devices=theirs)
        if together:
            d.conn.createXML(xml, 0).destroy()
        else:
            check("'a'" in str(error_of(d.conn.createXML, xml)), 'it says who has the disk')
        equal(d.names(), ['a'], 'domains')
        d.dom('a').destroy()
    twice = file_disk(path) + file_disk(link, target='vdb')
    error_of(d.conn.createXML, d.xml('a', devices=twice))
    os.unlink(path)
    os.unlink(link)


def volumes(d):
    """A volume of a pool: held while its guest runs, whichever way the guest names it"""
    d('vol-create-as', 'p', 'v', '4M')
    by_volume = disk("pool='p' volume='v'", kind='volume')
    for device in (by_volume, file_disk(d.file('v'))):
        dom = d.conn.createXML(d.xml('g', devices=device), 0)
        for call in ('vol-delete', 'vol-wipe', 'vol-resize'):
            said = d.refused(call, 'v', *(['8M'] if call == 'vol-resize' else []), '--pool', 'p')
            check("'g'" in said, f'{call}: {said}')
        dom.suspend()
        check("'g'" in d.refused('vol-delete', 'v', '--pool', 'p'), 'while it is paused')
        dom.destroy()
        d('vol-resize', 'v', '4M', '--pool', 'p')
    for source, word in (("pool='p' volume='none'", 'none'), ("pool='none' volume='v'", 'none')):
        error = error_of(d.conn.createXML, d.xml('g', devices=disk(source, kind='volume')))
        check(word in str(error), str(error))
    d('pool-destroy', 'p')
    check("'p'" in str(error_of(d.conn.createXML, d.xml('g', devices=by_volume))), 'pool inactive')
    d('pool-start', 'p')
    d('vol-delete', 'v', '--pool', 'p')
    as_before(d)


def volume_in_the_making(d):
    """A volume that a job still makes"""
    d.make('source', 8 * MIB)
    d.rule('copy_file_range', 'hold')
    job = d.begin('vol-clone', 'source', 'v', '--pool', 'p')
    d.held('copy_file_range')
    xml = d.xml('g', devices=disk("pool='p' volume='v'", kind='volume'))
    check(str(job) in str(error_of(d.conn.createXML, xml)), 'it says which job')
    d.no_rules()
    d.ends(job, 'complete')
    d.conn.createXML(xml, 0).destroy()
    for name in ('v', 'source'):
        d('vol-delete', name, '--pool', 'p')
    refused(NO_DOMAIN, 'g', d.dom, 'g')


guest_lib.run(missing_files, broken_backing, wrong_xml, unsupported, clashes, shared_disks, volumes,
              volume_in_the_making)
