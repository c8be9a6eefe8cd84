#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much a guest's disks may move, and threads that do nothing else: by python-libvirt, and what
QEMU says of it."""

import os
import threading

import guest_lib
from guest_lib import MIB, check, equal, libvirt, refused, until

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG
UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED

libvirt.virEventRegisterDefaultImpl()


def turn():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=turn, daemon=True).start()


def disk(d, target, more='', driver=''):
    path = os.path.join(d.path, f'{target}.img')
    with open(path, 'wb') as file:
        file.truncate(MIB)
    return f'''<disk type='file'><driver name='qemu' type='raw' {driver}/><source file='{path}'/>
        <target dev='{target}' bus='{'sata' if target[0] == 's' else 'virtio'}'/>{more}</disk>'''


def set_only(tune):
    return {name: value for name, value in tune.items() if value}


def throttled(d, alias):
    """What QEMU has of a drive, but for what is 0."""
    for block in d.qmp('g', 'query-block'):
        if alias in block.get('qdev', '').split('/'):
            return {name: value for name, value in block['inserted'].items()
                    if name.startswith(('bps', 'iops', 'group')) and value}
    return None


class Heard:
    """What python-libvirt is told of domains' tuning."""

    def __init__(self, d):
        self.conn, self.list = libvirt.open(d.uri), []
        self.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_TUNABLE,
                                         lambda _conn, _dom, params, _: self.list.append(params),
                                         None)

    def next(self):
        until(lambda: self.list, 'it is told')
        return self.list.pop(0)

    def close(self):
        equal(self.list, [], 'more events')
        self.conn.close()


def io_tune(d):
    """Limits of disks: in a definition, live, of a group"""
    tune = '''<iotune><total_bytes_sec>1000000</total_bytes_sec>
        <total_bytes_sec_max>2000000</total_bytes_sec_max>
        <total_bytes_sec_max_length>3</total_bytes_sec_max_length></iotune>'''
    group = '<iotune><read_iops_sec>100</read_iops_sec><group_name>both</group_name></iotune>'
    dom = d.boot('g', devices=disk(d, 'vda', tune) + disk(d, 'sda', group) + disk(d, 'sdb', group))
    equal(throttled(d, 'virtio-disk0'),
          {'bps': 1000000, 'bps_max': 2000000, 'bps_max_length': 3,
           'group': '/machine/peripheral/virtio-disk0/virtio-backend'}, 'from its start')
    equal(throttled(d, 'sata0-0-0'), {'iops_rd': 100, 'group': 'both'}, 'of a group')
    heard = Heard(d)
    dom.setBlockIoTune('vda', {'write_iops_sec': 70, 'size_iops_sec': 4096}, LIVE)
    equal(heard.next(), {'blkdeviotune.disk': 'vda', 'blkdeviotune.write_iops_sec': 70,
                         'blkdeviotune.size_iops_sec': 4096}, 'the event')
    now = throttled(d, 'virtio-disk0')
    equal((now['bps'], now['iops_wr'], now['iops_size']), (1000000, 70, 4096), 'live')
    equal(dom.blockIoTune('vda')['write_iops_sec'], 70, 'what is told of it')
    equal(set_only(dom.blockIoTune('vda', CONFIG)),
          {'total_bytes_sec': 1000000, 'total_bytes_sec_max': 2000000,
           'total_bytes_sec_max_length': 3}, 'the definition')
    for flags in LIVE, CONFIG:
        dom.setBlockIoTune('sda', {'read_iops_sec': 200}, flags)
    for alias, target in ('sata0-0-0', 'sda'), ('sata0-0-1', 'sdb'):
        equal(throttled(d, alias), {'iops_rd': 200, 'group': 'both'}, f'all of the group, {alias}')
        equal(set_only(dom.blockIoTune(target, CONFIG)),
              {'read_iops_sec': 200, 'group_name': 'both'}, f'and for its next start, {target}')
    dom.setBlockIoTune('vda', {'group_name': 'both'}, CONFIG)
    equal(set_only(dom.blockIoTune('vda', CONFIG)), {'read_iops_sec': 200, 'group_name': 'both'},
          'who joins a group')
    dom.setBlockIoTune('sdb', {'read_iops_sec': 0}, LIVE)
    equal(throttled(d, 'sata0-0-1'), {}, 'it has left the group')
    equal(throttled(d, 'sata0-0-0'), {'iops_rd': 200, 'group': 'both'}, 'which has its limits')
    equal([heard.next()['blkdeviotune.disk'] for _ in range(2)], ['sda', 'sdb'], 'events')
    heard.close()
    d.kill9()
    d.start()
    dom = d.dom('g')
    check('<iops_size>' not in dom.XMLDesc() and '<write_iops_sec>70<' in dom.XMLDesc(), 'live XML')
    image = os.path.join(d.path, 'image')
    dom.save(image)
    d.conn.restore(image)
    equal(throttled(d, 'virtio-disk0')['iops_wr'], 70, 'once it is restored')
    os.unlink(image)
    wrong_tune(d)
    d.drop('g')


def wrong_tune(d):
    dom = d.dom('g')
    for code, says, disk_name, values, flags in (
            (INVALID_ARG, 'total and read/write of bytes_sec', 'vda',
             {'total_bytes_sec': 1, 'read_bytes_sec': 1}, LIVE),
            (INVALID_ARG, "disk 'vdz' not found in domain", 'vdz', {'total_bytes_sec': 1}, LIVE),
            (UNSUPPORTED, "'write_iops_sec_max' cannot be set if 'write_iops_sec' is not", 'vda',
             {'write_iops_sec_max': 1}, CONFIG),
            (UNSUPPORTED, 'cannot be smaller than', 'vda', {'total_bytes_sec_max': 9}, LIVE),
            (UNSUPPORTED, "cannot reset 'total_bytes_sec' when 'total_bytes_sec_max' is set", 'vda',
             {'total_bytes_sec': 0}, LIVE),
            (libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, 'no more than 1000000000000000', 'vda',
             {'total_bytes_sec': 10 ** 16}, LIVE)):
        refused(code, says, dom.setBlockIoTune, disk_name, values, flags)
    equal(throttled(d, 'virtio-disk0')['bps'], 1000000, 'what was there before')
    for says, *tunes in (('must be an integer', '<total_iops_sec>x</total_iops_sec>'),
                         ('of iops_sec', '<total_iops_sec>1</total_iops_sec>'
                          '<read_iops_sec>1</read_iops_sec>'),
                         ('element speed', '<speed>1</speed>'),
                         ('different iotunes', *(f'<total_iops_sec>{rate}</total_iops_sec>'
                                                 '<group_name>x</group_name>' for rate in (1, 2)))):
        xml = d.xml('bad', devices=''.join(disk(d, f'vd{"bc"[i]}', f'<iotune>{tune}</iotune>')
                                           for i, tune in enumerate(tunes)))
        error = guest_lib.error_of(d.conn.defineXML, xml)
        check(says in str(error), f'{tunes}: {error}')


def threads(d):
    """{id: CPUs} of its I/O threads, as the kernel has them."""
    return {item['id']: os.sched_getaffinity(item['thread-id'])
            for item in d.qmp('g', 'query-iothreads')}


def known(dom, flags=0):
    return {number: {cpu for cpu, on in enumerate(cpus) if on}
            for number, cpus in dom.ioThreadInfo(flags)}


def iothreads(d):
    """I/O threads: of its start, added, pinned, set and removed"""
    mine = sorted(os.sched_getaffinity(0))
    one, other, count = {mine[0]}, {mine[-1]}, d.conn.getCPUMap()[0]

    def cpumap(cpus):
        return tuple(cpu in cpus for cpu in range(count))
    dom = d.boot('g', devices=disk(d, 'vda', driver="iothread='4'") + '''
        <controller type='scsi' model='virtio-scsi'><driver iothread='1'/></controller>''', elements=f'''
        <iothreads>2</iothreads><iothreadids><iothread id='4' thread_pool_max='7'/></iothreadids>
        <cputune><emulatorpin cpuset='{mine[-1]}'/>
        <iothreadpin iothread='4' cpuset='{mine[0]}'/></cputune>''')
    everywhere = set(range(count))
    equal((threads(d)['iothread4'], sorted(threads(d))), (one, ['iothread1', 'iothread4']),
          'from its start')
    equal(known(dom), {4: one, 1: everywhere}, 'what is told')
    equal(known(dom, CONFIG), {4: one, 1: everywhere}, 'and for its next start')
    equal(d.qmp('g', 'qom-get', path='/objects/iothread4', property='thread-pool-max'), 7, 'threads')
    for device, thread in ('virtio-disk0', 4), ('scsi0', 1):
        equal(d.qmp('g', 'qom-get', path=f'/machine/peripheral/{device}', property='iothread'),
              f'/objects/iothread{thread}', f'that of {device}')
    dom.pinEmulator(cpumap(other), LIVE)
    equal(threads(d)['iothread4'], one, 'which the other threads are none of')
    heard = Heard(d)
    dom.pinIOThread(1, cpumap(other), LIVE)
    equal(heard.next(), {'cputune.iothreadpin1': str(mine[-1])}, 'the event')
    heard.close()
    equal((threads(d)['iothread1'], known(dom)[1]), (other, other), 'pinned')
    dom.addIOThread(9, LIVE | CONFIG)
    equal(threads(d)['iothread9'], everywhere & set(mine), 'a new one')
    dom.setIOThreadParams(9, {'poll_max_ns': 0, 'thread_pool_min': 70, 'thread_pool_max': 80}, LIVE)
    for name, value in ('poll-max-ns', 0), ('thread-pool-min', 70), ('thread-pool-max', 80):
        equal(d.qmp('g', 'qom-get', path='/objects/iothread9', property=name), value, name)
    dom.setIOThreadParams(9, {'thread_pool_min': 3}, CONFIG)
    check("<iothread id='9' thread_pool_min='3'/>" in dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE),
          'the definition')
    wrong_threads(dom)
    dom.delIOThread(9, LIVE)
    equal((sorted(threads(d)), sorted(known(dom, CONFIG))), (['iothread1', 'iothread4'], [1, 4, 9]),
          'after one was removed')
    image = os.path.join(d.path, 'image')
    dom.save(image)
    d.conn.restore(image)
    equal(known(dom), {4: one, 1: other}, 'once it is restored')
    os.unlink(image)
    d.drop('g')


def wrong_threads(dom):
    for code, says, call, *args in (
            (INVALID_ARG, "already using iothread_id '4'", dom.addIOThread, 4, LIVE),
            (INVALID_ARG, "being used by disk 'vda'", dom.delIOThread, 4, LIVE),
            (INVALID_ARG, 'being used by controller', dom.delIOThread, 1, CONFIG),
            (INVALID_ARG, "cannot find IOThread '5'", dom.delIOThread, 5, CONFIG),
            (INVALID_ARG, 'iothread 5 not found', dom.pinIOThread, 5, (True,), LIVE),
            (INVALID_ARG, 'iothreadid 5 not found', dom.pinIOThread, 5, (True,), CONFIG),
            (guest_lib.INVALID, "(3) can't be greater than thread_pool_max (1)", dom.setIOThreadParams, 9, {'thread_pool_max': 1},
             CONFIG),
            (libvirt.VIR_ERR_OPERATION_UNSUPPORTED, 'persistent polling values',
             dom.setIOThreadParams, 4, {'poll_grow': 1}, CONFIG)):
        refused(code, says, call, *args)


guest_lib.run(io_tune, iothreads)
