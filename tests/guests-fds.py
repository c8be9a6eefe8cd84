#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images that a guest has by a client's descriptors alone: their files have no name any more, and
belong to others.  What a start wants of them, whose they are and how many there may be; disks and
media that a start does without."""

import os
import subprocess
import threading
from xml.etree import ElementTree

import guest_lib
from guest_lib import MIB, check, equal, libvirt, refused, until

INVALID_ARG, BUSY = libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_RESOURCE_BUSY
UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED
NOWHERE = '/no/such/dir'
libvirt.virEventRegisterDefaultImpl()
CONF = 'user = "nobody"\n' if os.geteuid() == 0 else ''
NOT_THERE = "file descriptor group 'g' was not associated with the domain"


def turn():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=turn, daemon=True).start()


def disk(group, name='image', fmt='raw', target='vda', more='', device='disk', below=''):
    return f'''<disk type='file' device='{device}'><driver name='qemu' type='{fmt}'/>
        <source file='{NOWHERE}/{name}' fdgroup='{group}'/>{below}
        <target dev='{target}' bus='{'sata' if device == 'cdrom' else 'virtio'}'/>{more}</disk>'''


class Open(guest_lib.Guests):
    """All may pass through its directory, QEMU's user among them."""

    def __init__(self, conf=''):
        super().__init__(conf)
        os.chmod(self.dir, 0o711)


class Image:
    """A file of one byte, over and over; open, but without a name and closed to all others."""

    def __init__(self, d, byte=b'\x5a', flags=(os.O_RDWR,), create=None):
        path = os.path.join(d.dir, 'hidden')
        if create:
            subprocess.run(['qemu-img', 'create', '-q', *create, path, '1M'], check=True)
        else:
            with open(path, 'wb') as file:
                file.write(byte * MIB)
        self.fds = [os.open(path, way) for way in flags]
        os.chmod(path, 0)
        os.unlink(path)

    def __enter__(self):
        return self.fds

    def __exit__(self, *_):
        for fd in self.fds:
            os.close(fd)


def reads(d, name, node, byte):
    """What QEMU has in a node begins with bytes of that value, as it tells by NBD."""
    node = f'libvirt-{node}-format'
    d.qmp(name, 'nbd-server-start', addr={'type': 'unix', 'data': {'path': 'nbd'}})
    d.qmp(name, 'nbd-server-add', device=node)
    socket = f'{d.dir}/run/qemu/{d.dom(name).ID()}/nbd'
    said = subprocess.run(['qemu-io', '-r', '-f', 'raw', '-c', f'read -P {byte} 0 4096',
                           f'nbd+unix:///{node}?socket={socket}'], capture_output=True, text=True,
                          check=False)
    d.qmp(name, 'nbd-server-stop')
    check('read 4096/4096 bytes' in said.stdout and said.returncode == 0, f'{name} reads {said}')


def by_descriptor(d):
    """A guest with an image that has no name"""
    dom = d.define('g', devices=disk('g'), then='tick')
    refused(INVALID_ARG, NOT_THERE, dom.create)
    with Image(d) as fds:
        before = os.fstat(fds[0])
        dom.FDAssociate('g', fds, 0)
        dom.create()
        d.booted('g')
        reads(d, 'g', 1, 0x5a)
        now = os.fstat(fds[0])
        equal((now.st_uid, now.st_mode), (before.st_uid, before.st_mode), 'its owner')
        for flags in 0, libvirt.VIR_DOMAIN_XML_INACTIVE:
            check(f"<source file='{NOWHERE}/image' fdgroup='g'" in dom.XMLDesc(flags), 'the XML')
        refused(UNSUPPORTED, 'not supported for FD passed images', dom.blockInfo, 'vda')
        refused(UNSUPPORTED, 'not supported for FD passed images', dom.blockPeek, 'vda', 0, 16)
        dom.blockResize('vda', 2 * MIB, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
        equal(os.fstat(fds[0]).st_size, 2 * MIB, 'its new size')
        locked(d, fds)
        d.forget_serial('g')
        dom.reset()
        d.booted('g')
        d.kill9()
        d.start()
        d.ticks('g')
        locked(d, fds)
        reads(d, 'g', 1, 0x5a)
        d.dom('g').destroy()
        refused(INVALID_ARG, NOT_THERE, d.dom('g').create)
    d.drop('g')


def locked(d, fds):
    """No other guest writes to it, by whatever name it has the file."""
    other = d.define('other', devices=disk('x', name='another'))
    other.FDAssociate('x', fds, 0)
    refused(guest_lib.INVALID, "domain 'g' runs with it", other.create)
    other.undefine()


def both_ways(d):
    """A descriptor for reading beside one for writing, more than once; saved and restored"""
    dom = d.define('g', devices=disk('g', fmt='qcow2'), then='tick')
    with Image(d, flags=(os.O_RDWR, os.O_RDONLY), create=['-f', 'qcow2']) as fds:
        dom.FDAssociate('g', fds, libvirt.VIR_DOMAIN_FD_ASSOCIATE_SECLABEL_RESTORE |
                        libvirt.VIR_DOMAIN_FD_ASSOCIATE_SECLABEL_WRITABLE)
        for _ in range(3):
            dom.create()
            dom.destroy()
        d.forget_serial('g')
        dom.create()
        d.booted('g')
        image = os.path.join(d.path, 'saved')
        dom.save(image)
        d.conn.restore(image)
        d.ticks('g')
        os.unlink(image)
    d.drop('g')


def chain(d):
    """A chain of which each image comes by descriptor"""
    base = os.path.join(d.path, 'base')
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', base, '1M'], check=True)
    subprocess.run(['qemu-io', '-f', 'qcow2', '-c', 'write -P 7 0 4096', base], check=True,
                   stdout=subprocess.DEVNULL)
    # found by what the image says, and then given by the definition
    with Image(d, create=['-f', 'qcow2', '-b', base, '-F', 'qcow2']) as top:
        dom = d.define('g', devices=disk('g', fmt='qcow2'))
        dom.FDAssociate('g', top, 0)
        dom.create()
        reads(d, 'g', 1, 7)
        check(f"<source file='{base}'/>" in dom.XMLDesc(), 'what lies below')
        dom.destroy()
        below = os.open(base, os.O_RDONLY)
        os.unlink(base)
        dom = d.define('g', uuid=dom.UUIDString(), devices=disk('g', fmt='qcow2', below=f"""
            <backingStore type='file'><format type='qcow2'/>
            <source file='{NOWHERE}/base' fdgroup='h'/><backingStore/></backingStore>"""))
        dom.FDAssociate('g', top, 0)
        refused(INVALID_ARG, "file descriptor group 'h' was not", dom.create)
        dom.FDAssociate('h', [below], 0)
        dom.create()
        reads(d, 'g', 1, 7)
        # a second guest may read the same one
        with Image(d) as fds:
            other = d.define('other', devices=disk('x', more='<readonly/>'))
            other.FDAssociate('x', [below], 0)
            other.create()
            other.destroy()
            other.FDAssociate('x', [os.dup(fd) for fd in fds], 0)
            refused(INVALID_ARG, 'for reading only', other.create)
            other.undefine()
        refused(UNSUPPORTED, 'FD passed', dom.snapshotCreateXML,
                f"<domainsnapshot><disks><disk name='vda' snapshot='external'>"
                f"<source file='{d.path}/s'/></disk></disks></domainsnapshot>",
                libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
        os.close(below)
    d.drop('g')


def moved(d):
    """Block jobs of such an image"""
    base, copy = (os.path.join(d.path, name) for name in ('base', 'copy'))
    for command in (['qemu-img', 'create', '-q', '-f', 'qcow2', base, '1M'],
                    ['qemu-io', '-f', 'qcow2', '-c', 'write -P 7 0 4096', base]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with Image(d, create=['-f', 'qcow2', '-b', base, '-F', 'qcow2']) as top:
        dom = d.define('g', devices=disk('g', fmt='qcow2'))
        dom.FDAssociate('g', top, 0)
        dom.create()
        dom.blockPull('vda')
        until(lambda: not dom.blockJobInfo('vda'), 'the pull is done')
        check(base not in dom.XMLDesc() and "fdgroup='g'" in dom.XMLDesc(), 'nothing lies below')
        dom.blockCopy('vda', f"<disk type='file'><source file='{copy}'/>"
                      "<driver type='qcow2'/></disk>", None,
                      libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
        until(lambda: dom.blockJobInfo('vda')['cur'] == dom.blockJobInfo('vda')['end'] and
              "ready='yes'" in dom.XMLDesc(), 'the copy is ready')
        dom.blockJobAbort('vda', libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
        for flags in 0, libvirt.VIR_DOMAIN_XML_INACTIVE:
            check(copy in dom.XMLDesc(flags) and 'fdgroup' not in dom.XMLDesc(flags), 'the copy')
        dom.destroy()
        dom.create()  # by its path, as any other
        dom.destroy()
    d.drop('g')
    os.unlink(base)
    os.unlink(copy)


def unfit(d):
    """Descriptors that are no image for that disk"""
    dom = d.define('g', devices=disk('g'))
    path = os.path.join(d.path, 'file')
    with open(path, 'wb') as file:
        file.truncate(MIB)
    ends = list(os.pipe())
    for what, *flags in (('open for writing', os.O_RDONLY), ('appending', os.O_RDWR | os.O_APPEND),
                         ('open for writing', os.O_PATH)):
        with Image(d, flags=flags) as fds:
            dom.FDAssociate('g', fds, 0)
            refused(INVALID_ARG, what, dom.create)
    dom.FDAssociate('g', ends, 0)
    refused(INVALID_ARG, 'neither a file nor a block device', dom.create)
    with Image(d) as fds, Image(d) as others:
        dom.FDAssociate('g', fds + others, 0)
        refused(INVALID_ARG, 'of different files', dom.create)
    for end in ends:
        os.close(end)
    refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, 'only a source with a file',
            d.conn.defineXML, d.xml('x', devices="<disk type='block'><target dev='vda'/>"
                                                 "<source dev='/dev/x' fdgroup='g'/></disk>"))
    d.drop('g')


def whose(d):
    """Who has them, and how many"""
    dom = d.define('g', devices=disk('g'))
    other = libvirt.open(d.uri)
    with Image(d, byte=b'\1') as one, Image(d, byte=b'\2') as two:
        dom.FDAssociate('g', one, 0)
        other.lookupByName('g').FDAssociate('g', two, 0)  # in the place of the first
        dom.create()
        reads(d, 'g', 1, 2)
        other.close()
        reads(d, 'g', 1, 2)
        dom.destroy()

        def is_gone():
            try:
                dom.create()
            except libvirt.libvirtError as error:
                check(NOT_THERE in str(error), str(error))
                return True
            dom.destroy()
            return False
        until(is_gone, 'what the other has passed is gone with it')
        limits(d, dom, one)
    d.drop('g')


def limits(d, dom, fds):
    dom.FDAssociate('g', fds, 0)
    for group in range(3):
        dom.FDAssociate(f'many{group}', fds * 32, 0)
    dom.FDAssociate('more', fds * 31, 0)
    refused(BUSY, 'more than 128 file descriptors of this connection', dom.FDAssociate, 'x', fds, 0)
    dom.FDAssociate('many0', fds * 32, 0)  # in the place of as many
    others = [libvirt.open(d.uri) for _ in range(4)]
    refused(BUSY, 'more than 128 file descriptors of one domain',
            others[0].lookupByName('g').FDAssociate, 'x', fds, 0)
    names = [f'o{number}' for number in range(3)]
    for name, conn in zip(names, others):
        d.define(name)
        for group in range(4):
            conn.lookupByName(name).FDAssociate(f'many{group}', fds * 32, 0)
    d.define('last')
    refused(BUSY, 'more than 512 file descriptors of all',
            others[3].lookupByName('last').FDAssociate, 'x', fds, 0)
    d.drop(*names)  # and what they had
    others[3].lookupByName('last').FDAssociate('x', fds, 0)
    d.drop('last')
    dom.create()  # the others are no worse for it
    dom.destroy()
    for conn in others:
        conn.close()


# --- what need not be there ---

def source(path, policy, target, device='disk'):
    return f"""<disk type='file' device='{device}'><driver name='qemu' type='raw'/>
        <source file='{path}' startupPolicy='{policy}'/>
        <target dev='{target}' bus='{'sata' if device == 'cdrom' else 'virtio'}'/></disk>"""


def checkpoints(d):
    """Bitmaps of an image by descriptor go while its guest runs, never from what has its name"""
    named = os.path.join(d.path, 'named')
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', named, '1M'], check=True)
    subprocess.run(['qemu-img', 'bitmap', '--add', '-f', 'qcow2', named, 'a'], check=True)
    dom = d.define('g', devices=disk('g', fmt='qcow2').replace(f'{NOWHERE}/image', named))
    with Image(d, create=['-f', 'qcow2']) as fds:
        dom.FDAssociate('g', fds, 0)
        dom.create()
        made = [dom.checkpointCreateXML(f'<domaincheckpoint><name>{name}</name></domaincheckpoint>')
                for name in 'ab']
        made[1].delete()
        dom.destroy()
        refused(UNSUPPORTED, 'comes by descriptor', made[0].delete)
        said = subprocess.run(['qemu-img', 'info', '-f', 'qcow2', named], check=True,
                              capture_output=True, text=True).stdout
        check('name: a' in said, f"the other file's bitmap is gone: {said}")
        dom.create()
        made[0].delete()
    d.drop('g')


def disks_of(dom, flags=0):
    """[(target, source)]"""
    devices = ElementTree.fromstring(dom.XMLDesc(flags)).findall('devices/disk')
    found = [(item.find('target').get('dev'), item.find('source')) for item in devices]
    return [(target, None if at is None else at.get('file')) for target, at in found]


def missing(d):
    """Disks and media that a start does without"""
    told = []
    d.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_DISK_CHANGE,
                                  lambda conn, dom, *args: told.append(args[:-1]), None)
    here, gone = (os.path.join(d.path, name) for name in ('here', 'gone'))

    def put(path):
        with open(path, 'wb') as file:
            file.truncate(MIB)
        os.chmod(path, 0o644)
    put(here)
    given = [('sda', gone), ('vda', here), ('vdb', gone + 'b')]
    dom = d.define('g', devices=source(gone, 'optional', 'sda', 'cdrom') +
                   source(here, 'optional', 'vda') + source(gone + 'b', 'optional', 'vdb'))
    dom.create()
    until(lambda: len(told) == 2, 'it is told')
    dropped, emptied = (libvirt.VIR_DOMAIN_EVENT_DISK_DROP_MISSING_ON_START,
                        libvirt.VIR_DOMAIN_EVENT_DISK_CHANGE_MISSING_ON_START)
    equal(told, [(gone + 'b', None, 'virtio-disk1', dropped), (gone, None, 'sata0-0-0', emptied)],
          'what is told')
    equal(sorted(disks_of(dom)), [('sda', None), ('vda', here)], 'what it has')
    equal(sorted(disks_of(dom, libvirt.VIR_DOMAIN_XML_INACTIVE)), given, 'what is defined')
    equal(len(d.qmp('g', 'query-block')), 2, 'disks of QEMU')
    d.drop('g')
    # a medium may be gone once memory is read in
    put(gone)
    dom = d.define('g', devices=source(gone, 'requisite', 'sda', 'cdrom') +
                   source(here, 'optional', 'vda'), then='tick')
    del told[:]
    dom.create()
    image = os.path.join(d.path, 'saved')
    for save, restore in ((lambda: dom.save(image), lambda: d.conn.restore(image)),
                          (dom.managedSave, dom.create)):
        put(gone)
        if not dom.isActive():
            dom.create()
        save()
        os.unlink(gone)
        restore()
        d.ticks('g')
        equal(sorted(disks_of(dom)), [('sda', None), ('vda', here)], 'restored without')
        dom.destroy()
    until(lambda: len(told) == 2, 'it is told each time')
    refused(libvirt.VIR_ERR_SYSTEM_ERROR, gone, dom.create)
    put(gone)
    dom.create()
    dom.managedSave()
    os.rename(here, here + '2')  # a disk may not
    refused(libvirt.VIR_ERR_SYSTEM_ERROR, here, dom.create)
    d.drop('g')
    os.unlink(here + '2')
    os.unlink(gone)
    for says, xml in (
            ('only for cdrom or floppy', source(here, 'requisite', 'vda')),
            ("'never'", source(here, 'never', 'vda'))):
        refused(libvirt.VIR_ERR_XML_ERROR, says, d.conn.defineXML, d.xml('x', devices=xml))


def missing_volume(d):
    """What a start does without is not silently left out of what is done to all disks"""
    path = os.path.join(d.dir, 'volumes')
    os.mkdir(path)
    pool = d.conn.storagePoolDefineXML(
        f"<pool type='dir'><name>v</name><target><path>{path}</path></target></pool>")
    pool.create()
    pool.createXML("<volume><name>one</name><capacity>1048576</capacity>"
                   "<target><format type='qcow2'/></target></volume>")
    dom = d.define('g', devices="<disk type='volume'><driver name='qemu' type='qcow2'/>"
                   "<source pool='v' volume='one' startupPolicy='optional'/>"
                   "<target dev='vda'/></disk>")
    pool.destroy()
    refused(guest_lib.INVALID, 'not active', dom.snapshotCreateXML, '<domainsnapshot/>')
    dom.create()
    d.drop('g')
    pool.undefine()


guest_lib.run(by_descriptor, both_ways, chain, moved, unfit, whose, checkpoints, missing,
              missing_volume, conf=CONF, guests=Open)
