#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How backups end: what QEMU has of them is gone whatever happened meanwhile, so that the next one
can be.  The guest and the documents are those of guests-backup.py."""

import importlib
import os
import signal
import socket
import threading

import guest_lib
from guest_lib import INVALID, check, equal, libvirt, refused, until

backup = importlib.import_module('guests-backup')
Guest, push, pull, checkpoint = backup.Guest, backup.push, backup.pull, backup.checkpoint


def killed_late(d):
    """Killed at any write of the journal: the bitmap of what it copies does not stay in QEMU"""
    g, held, ends = Guest(d, 'late'), True, []
    g.dom.checkpointCreateXML(checkpoint('base'))
    for writes in range(60, 240, 4):
        target, name = g.path('t'), f'c{writes}'
        held, _ = backup.begin_and_kill(g, push(('vda', target, '', 'qcow2'), since='base'), name,
                                        writes)
        until(lambda: not backup.running(d), 'it has ended')
        ends.append(d.jobs()[-1]['state'])
        g.clean(*[target] if os.path.exists(target) else [])
        if os.path.exists(target):
            os.unlink(target)
        if not held:
            break
    equal((held, ends[-1]), (False, 'complete'), f'they ended {ends}')
    g.drop()


def begin_cancelled(g, xml, name, writes):
    """Cancelled in what follows that write of the journal, in which QEMU stands still; the step."""
    d, pid, told, steps = g.d, g.d.qemu('g'), [], []

    def begin():
        try:
            libvirt.open(d.uri).lookupByName('g').backupBegin(xml, checkpoint(name), 0)
            told.append('begun')
        except libvirt.libvirtError as error:
            told.append(error)
    d.term()
    d.start()
    g.again()
    d.rule('pwrite64', 'hold', skip=writes)
    client = threading.Thread(target=begin)
    client.start()
    until(lambda: told or os.path.exists(os.path.join(d.rules, 'pwrite64.held')), 'it is held')
    os.kill(pid, signal.SIGSTOP)
    try:
        d.no_rules()
        until(lambda: steps.append(d.jobs()[-1]['note']) or steps[-1] and
              steps[-3:] == [steps[-1]] * 3, 'it waits for QEMU')
        g.dom.abortJob()
    finally:
        os.kill(pid, signal.SIGCONT)
    client.join()
    d.ends(g.job(), 'cancelled')
    return 'begun' if told == ['begun'] else steps[-1]


def not_answered(d):
    """Cancelled while QEMU does not answer: what it does of it later does not stay"""
    g, writes, met = Guest(d, 'slow'), 56, set()
    xml = pull(f"transport='unix' socket='{g.path('sock')}'", ('vda', g.path('s'), ''))
    wanted = {"starting QEMU's NBD server", "starting QEMU's jobs"}
    for number in range(150):  # how much a daemon has written by then differs a little
        step = begin_cancelled(g, xml, f'c{number}', writes)
        g.clean()
        names = {bitmap.get('name') for node in d.qmp('g', 'query-named-block-nodes', flat=True)
                 for bitmap in node.get('dirty-bitmaps', [])}
        equal(names, {c.getName() for c in g.dom.listAllCheckpoints()}, 'bitmaps')
        met.add(step)
        if wanted <= met:
            break
        writes += -1 if step in ('begun', "starting QEMU's jobs") else 2
    check(wanted <= met, f'it was in {met}')
    g.drop()


def planned(d):
    """No checkpoint is made, by a backup of another disk, of one that a job changes"""
    g = Guest(d, 'planned')
    g.dom.blockCopy('vda', f"<disk type='file'><source file='{g.path('copy')}'/>"
                    "<driver type='raw'/></disk>", {}, libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
    until(lambda: (info := g.dom.blockJobInfo('vda')) and info['cur'] == info['end'] > 0, 'copied')
    refused(INVALID, "disk 'vda'", g.begin, push(('vdb', g.path('t'), '', 'raw')), checkpoint('c'))
    equal(g.dom.listAllCheckpoints(), [], 'checkpoints')
    g.dom.blockJobAbort('vda', libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
    until(lambda: not g.dom.blockJobInfo('vda'), 'it is the disk')
    g.clean(g.path('copy'))
    g.drop()


def connected(d):
    """A client that has connected to a pull, and says nothing, does not hold up the guest"""
    g, where = Guest(d, 'connected'), None
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    for kind in 'unix', 'tcp':
        where = g.path('sock') if kind == 'unix' else ('127.0.0.1', port)
        server = (f"transport='unix' socket='{where}'" if kind == 'unix'
                  else f"name='127.0.0.1' port='{port}'")
        job = g.begin(pull(server, ('vda', g.path('s'), '')))
        with socket.socket(socket.AF_UNIX if kind == 'unix' else socket.AF_INET) as client:
            client.connect(where)
            equal(client.recv(8), b'NBDMAGIC', 'it is greeted')
            g.dom.abortJob()
            until(lambda: not d.qmp('g', 'query-block-exports'), 'it is not served any more')
            for _ in range(3):
                equal(d.qmp('g', 'query-status')['status'], 'running', 'the guest')
            if kind == 'unix':
                until(lambda: not os.path.exists(where), 'nobody else connects')
            equal(d.job(job)['state'], 'running', 'its end waits for the client')
        d.ends(job, 'cancelled')
        g.clean()
    g.drop()


def sockets(d):
    """Where a backup is served is no other's file nor its own; two do not have one"""
    g = Guest(d, 'sockets')
    where, scratch = g.path('sock'), g.path('s')
    server = f"transport='unix' socket='{where}'"
    refused(libvirt.VIR_ERR_INVALID_ARG, 'both the socket', g.begin,
            pull(server, ('vda', where, '')))
    g.clean()
    backup.img('create', '-q', '-f', 'raw', g.path('h'), '1M')
    other = d.boot('h', devices=f"<disk type='file'><source file='{g.path('h')}'/>"
                   "<target dev='vda' bus='virtio'/></disk>")
    job = g.begin(pull(server, ('vda', scratch, '')))
    os.rename(where, g.path('moved'))
    refused(INVALID, 'is busy', other.backupBegin, pull(server, ('vda', g.path('s2'), '')), None, 0)
    os.rename(g.path('moved'), where)
    g.dom.abortJob()
    d.ends(job, 'cancelled')
    other.destroy()
    d.drop('h')
    os.unlink(g.path('h'))
    g.before.add('serial-h')
    g.clean()
    g.drop()


def one_file(d):
    """Two disks are not written into one file, whatever it is called"""
    g = Guest(d, 'one')
    one, other = g.path('a'), g.path('b')
    backup.img('create', '-q', '-f', 'raw', one, str(backup.SIZE))
    for link in os.link, os.symlink:
        link(one, other)
        refused(libvirt.VIR_ERR_INVALID_ARG, 'one store', g.begin, push(
            ('vda', one, '', 'raw'), ('vdb', other, '', 'raw')), None, backup.REUSE)
        os.unlink(other)
    g.clean(one)
    g.drop()


guest_lib.run(planned, connected, sockets, one_file)
guest_lib.run(killed_late, not_answered, guests=guest_lib.HeldJournal)
