#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Snapshots of guests: inside their images and by new ones, shut off and running, gone back to,
deleted, and what of them is there when the daemon was killed in their middle."""

import os
import re
import subprocess
import threading

import crash_lib
import guest_lib
from crash_lib import MIB, equal, until
from guest_lib import ASYNC, INVALID, PAUSED, RUNNING, SHUTOFF, check, error_of, libvirt, refused
from snapshot_lib import (DISK_ONLY, FORGET, HALT, below, current, disk, gone, holds, images, inside, job_of,
                          names, put, sources, take)

crash_lib.require('qemu-img', 'qemu-io')

UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
NONE_SUCH = libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT
FROM_SNAPSHOT = {RUNNING: libvirt.VIR_DOMAIN_RUNNING_FROM_SNAPSHOT,
                 PAUSED: libvirt.VIR_DOMAIN_PAUSED_FROM_SNAPSHOT,
                 SHUTOFF: libvirt.VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT}
NO_METADATA = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
REDEFINE = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
CURRENT = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT


# --- a guest that is shut off ---

def shut_off(d):
    """Of one that is shut off: made, listed, gone back to, deleted, and kept by the next daemon"""
    (one, two), disks = images(d, 'one', 'two')
    dom = d.define('off', devices=disks)
    put(one, 1)
    take(dom, 'first', inner='<description>a &lt; b</description>')
    put(one, 2)
    put(two, 3)
    take(dom, 'second')
    equal([inside(one), inside(two)], [['first', 'second']] * 2, 'what the images have inside')
    equal((names(dom), current(dom)), (['first', 'second'], 'second'), 'snapshots')
    snapshot = dom.snapshotLookupByName('second')
    equal(snapshot.getParent().getName(), 'first', 'parent')
    check('<state>shutoff</state>' in snapshot.getXMLDesc(), 'it says that it was shut off')
    refused(libvirt.VIR_ERR_OPERATION_FAILED, 'already exists', take, dom, 'first')
    refused(INVALID, 'cannot delete inactive domain with 2 snapshots', dom.undefine)
    equal([one.name() for one in d.conn.listAllDomains(
        libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT)], ['off'], 'domains with snapshots')
    before = [one.getXMLDesc() for one in dom.listAllSnapshots()]
    d.kill9()
    d.start()
    dom = d.dom('off')
    equal(sorted(one.getXMLDesc() for one in dom.listAllSnapshots()), sorted(before), 'after a restart')
    equal(current(dom), 'second', 'current after a restart')
    dom.revertToSnapshot(dom.snapshotLookupByName('first'))
    check(holds(one, 1) and holds(two, 0), 'the disks are as they were')
    equal((current(dom), inside(one)), ('first', ['first', 'second']), 'after going back')
    dom.rename('other')
    dom.revertToSnapshot(dom.snapshotLookupByName('first'))
    equal((d.names(), dom.name()), (['other'], 'other'), 'it goes back under its new name')
    dom.rename('off')
    take(dom, 'third')
    dom.snapshotLookupByName('first').delete()
    equal([inside(one), names(dom, libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ROOTS)],
          [['second', 'third'], ['second', 'third']], 'children without their parent')
    refused(NONE_SUCH, "'first'", dom.snapshotLookupByName, 'first')
    dom.snapshotLookupByName('second').delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    equal((inside(one), names(dom)), (['second', 'third'], ['third']), 'metadata only')
    gone(d, 'off')


def what_is_refused(d):
    """A disk that cannot have it, one too busy, a name taken inside: nothing is made"""
    (one, two), disks = images(d, 'one', 'two')
    raw = os.path.join(d.path, 'raw')
    with open(raw, 'wb') as file:
        file.truncate(MIB)
    dom = d.define('off', devices=disks + disk(raw, 'vdz', 'raw'))
    refused(UNSUPPORTED, 'disk vdz unsupported for storage type raw', take, dom, 'x')
    refused(UNSUPPORTED, "no disk named 'vdx'", take, dom, 'x', 0, "<disks><disk name='vdx'/></disks>")
    dom = d.define('off', uuid=dom.UUIDString(), devices=disks)
    refused(UNSUPPORTED, "the name '12'", take, dom, '12')
    refused(UNSUPPORTED, "the daemon's own", take, dom, 'virtjobd-12')
    refused(UNSUPPORTED, "disk 'vda' is not", take, dom, 'x', 0,
            "<disks><disk name='vda' snapshot='no'/></disks>")
    subprocess.run(['qemu-img', 'snapshot', '-c', 'x', two], check=True)
    refused(INVALID, f"disk 'vdb' ('{two}') has a snapshot 'x' inside", take, dom, 'x')
    with subprocess.Popen(['qemu-io', '-f', 'qcow2', two], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:
        holder.stdin.write(b'length\n')
        holder.stdin.flush()
        holder.stdout.readline()  # it has the image open, and locked
        error = error_of(take, dom, 'y')
        check('another process' in str(error), f'the second disk is in use: {error}')
        holder.stdin.close()
    equal((inside(one), names(dom)), ([], []), 'of the first disk it was undone')
    gone(d, 'off')


def killed(d):
    """The daemon killed while disks are made to have one, or taken back: as if nobody had asked"""
    (one, two), disks = images(d, 'one', 'two')
    dom = d.define('off', devices=disks)
    put(one, 1)
    take(dom, 'kept')
    put(one, 2)
    before = (inside(one), inside(two))
    for operation, start in (('create', lambda of: take(of, 'never', ASYNC)),
                             ('revert', lambda of: of.revertToSnapshot(
                                 of.snapshotLookupByName('kept'), ASYNC))):
        dom = d.dom('off')
        d.rule('fdatasync', 'hold', 0, 4)
        start(dom)
        d.held('fdatasync')
        d.kill9()
        d.no_rules()
        d.start()
        job = job_of(d, f'domain-snapshot-{operation}')
        d.ends(job['id'], 'failed', 'interrupted')
        equal((inside(one), inside(two)), before, f'inside after a {operation} that was killed')
        check(holds(one, 2), f'the disk is as it was after a {operation} that was killed')
        equal(names(d.dom('off')), ['kept'], 'what is known')
    gone(d, 'off')


# --- a guest that runs ---

def watch(d):
    """Lifecycle events from now on."""
    seen = []

    def told(_conn, _dom, event, detail, _opaque):
        seen.append((event, detail))
    number = d.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, told, None)
    return seen, number


SUSPENDED = (libvirt.VIR_DOMAIN_EVENT_SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_PAUSED)
RESUMED = (libvirt.VIR_DOMAIN_EVENT_RESUMED, libvirt.VIR_DOMAIN_EVENT_RESUMED_UNPAUSED)
BACK = (libvirt.VIR_DOMAIN_EVENT_SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT)
GOES_ON = (libvirt.VIR_DOMAIN_EVENT_RESUMED, libvirt.VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT)
ENDED = (libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT)
DEFINED = (libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT)
STARTED = (libvirt.VIR_DOMAIN_EVENT_STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT)


def told_all(seen, *events):
    until(lambda: len(seen) >= len(events), f'{events} are told, not {seen}')
    equal(seen, list(events), 'events')
    seen.clear()


def reverted(d, name, snapshot, state, flags=0):
    dom = d.dom(name)
    dom.revertToSnapshot(dom.snapshotLookupByName(snapshot), flags)
    d.in_state(name, state, FROM_SNAPSHOT[state])
    equal(current(dom), snapshot, 'current')


def running(d):
    """With memory: made and gone back to while it runs or is paused, started from, ended by"""
    (one,), disks = images(d, 'one')
    dom = d.define('on', then='tick', devices=disks)
    take(dom, 'off')
    dom.create()
    d.booted('on')
    seen, number = watch(d)
    take(dom, 'runs')
    told_all(seen, SUSPENDED, RESUMED)
    equal(dom.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)['operation'],
          libvirt.VIR_DOMAIN_JOB_OPERATION_SNAPSHOT, 'operation of the job')
    dom.suspend()
    take(dom, 'stands')
    check("<memory snapshot='internal'/>" in dom.snapshotLookupByName('runs').getXMLDesc(),
          'memory is in it')
    equal([names(dom, flag) for flag in (libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE,
                                         libvirt.VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE)],
          [['runs', 'stands'], ['off']], 'by state')
    seen.clear()
    reverted(d, 'on', 'runs', RUNNING)
    d.ticks('on')
    told_all(seen, GOES_ON, DEFINED)
    reverted(d, 'on', 'stands', PAUSED)
    told_all(seen, BACK, DEFINED)
    reverted(d, 'on', 'stands', RUNNING, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING)
    reverted(d, 'on', 'runs', PAUSED, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED)
    dom.snapshotLookupByName('stands').delete()
    equal(inside(one), ['off', 'runs'], 'inside the image while it is used')
    seen.clear()
    dom.revertToSnapshot(dom.snapshotLookupByName('off'),
                         libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING)
    d.in_state('on', RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED)
    told_all(seen, ENDED, RESUMED, STARTED, DEFINED)
    reverted(d, 'on', 'runs', RUNNING, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE)
    told_all(seen, ENDED, STARTED, GOES_ON, DEFINED)
    d.ticks('on')
    reverted(d, 'on', 'off', SHUTOFF)
    told_all(seen, ENDED, DEFINED)
    reverted(d, 'on', 'runs', RUNNING)
    d.ticks('on')
    told_all(seen, STARTED, GOES_ON, DEFINED)
    equal(inside(one), ['off', 'runs'], 'the way back is given up')
    take(dom, 'halts', HALT)
    d.in_state('on', SHUTOFF, FROM_SNAPSHOT[SHUTOFF])
    d.conn.domainEventDeregisterAny(number)
    dom.snapshotLookupByName('off').delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN)
    equal((inside(one), names(dom)), ([], []), 'all are gone')
    gone(d, 'on')


def started_killed(d):
    """The daemon killed while a guest is started from one: as if nobody had asked"""
    (one,), disks = images(d, 'one')
    dom = d.define('off', devices=disks, emulator=d.held_emulator())
    put(one, 1)
    take(dom, 'kept')
    put(one, 2)
    d.hold_starts()
    dom.revertToSnapshot(dom.snapshotLookupByName('kept'),
                         ASYNC | libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING)
    until(lambda: [pid for pid in d.qemus() if guest_lib.process_state(pid) == 'T'],
          'its QEMU has stopped itself')
    equal(len(inside(one)), 2, 'there is a way back')
    check(holds(one, 1), 'the disk has been taken back')
    d.kill9()
    d.hold_starts(False)
    d.start()
    d.ends(job_of(d, 'domain-snapshot-start')['id'], 'failed', 'interrupted')
    check(not d.qemus(), 'no QEMU is left')
    equal(inside(one), ['kept'], 'inside')
    check(holds(one, 2), 'the disk is as it was')
    d.in_state('off', SHUTOFF)
    gone(d, 'off')


HELD_DISKS = """#!/bin/sh
HOLD_PATH={path} HOLD_RULES={rules} LD_PRELOAD={preload} exec {emulator} "$@"
"""


def held_disks(d):
    """An emulator, and the rules for what it does with its disks."""
    path, rules = os.path.join(d.dir, 'qemu-disks'), os.path.join(d.dir, 'disk-rules')
    os.mkdir(rules)
    with open(path, 'w') as file:
        file.write(HELD_DISKS.format(path=d.path, rules=rules, preload=crash_lib.HOLD,
                                     emulator=guest_lib.EMULATOR))
    os.chmod(path, 0o755)
    return path, rules


def way_back_killed(d):
    """The daemon killed while the way back is given up: then the guest has been started"""
    emulator, rules = held_disks(d)
    for flags, state in ((libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING, RUNNING),
                         (libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED, PAUSED)):
        (one,), disks = images(d, 'one')
        dom = d.define('off', then='tick', devices=disks, emulator=emulator)
        put(one, 1)
        take(dom, 'kept')
        put(one, 2)
        with open(os.path.join(rules, 'fdatasync'), 'w') as file:
            file.write('hold 0 0')
        dom.revertToSnapshot(dom.snapshotLookupByName('kept'), ASYNC | flags)
        until(lambda: os.path.exists(os.path.join(rules, 'fdatasync.held')), 'QEMU writes')
        d.kill9()
        for name in os.listdir(rules):
            os.unlink(os.path.join(rules, name))
        d.start()
        d.ends(job_of(d, 'domain-snapshot-start')['id'], 'complete')
        d.in_state('off', state)
        equal((inside(one), holds(one, 1)), (['kept'], True), f'the disk in state {state}')
        gone(d, 'off')


def back_to_off(d):
    """A guest that has ended to go back: its disks are nobody else's until they have"""
    (one,), disks = images(d, 'one')
    dom = d.define('on', devices=disks)
    take(dom, 'off')
    dom.create()
    d.booted('on')
    d.define('other', devices=disks)
    d.rule('fdatasync', 'hold')
    dom.revertToSnapshot(dom.snapshotLookupByName('off'), ASYNC)
    d.held('fdatasync')
    d.in_state('on', SHUTOFF)
    refused(INVALID, "is busy: domain 'on'", d.dom('other').create)
    d.no_rules()
    d.ends(job_of(d, 'domain-snapshot-revert')['id'], 'complete')
    d.dom('other').create()
    gone(d, 'other')
    dom.undefineFlags(FORGET)


def written(pid):
    """Bytes that a process has written by now, to whatever."""
    with open(f'/proc/{pid}/io') as file:
        return int(re.search(r'wchar: (\d+)', file.read()).group(1))


def since_start(d, name):
    """What the log says after each start of such a job."""
    return d.lines().split(f"domain-snapshot-create of domain '{name}': running")


def held_save(d, name, snapshot):
    """A job that writes memory into an image, its QEMU stopped in the middle: (id, pid)."""
    for _ in range(20):
        pid = d.qemu(name)
        before, starts = written(pid), len(since_start(d, name))

        def writes(pid=pid, before=before, starts=starts):
            said = since_start(d, name)
            return (written(pid) > before + MIB and len(said) > starts
                    and 'JOB_STATUS_CHANGE' in said[-1])  # QEMU has been told to
        asked = threading.Thread(target=take, args=(d.dom(name), snapshot, ASYNC))
        asked.start()
        until(writes, 'memory is written')
        d.stop_process(pid)
        asked.join()
        job = job_of(d, 'domain-snapshot-create')['id']
        if d.job(job)['phase'] == 'running':
            return job, pid
        os.kill(pid, guest_lib.signal.SIGCONT)  # it was too quick for us
        d.ends(job, 'complete')
        d.dom(name).snapshotLookupByName(snapshot).delete()
    return crash_lib.fail('it is always over too soon')


def in_the_middle(d):
    """QEMU stopped in the middle: cancelled, nothing stays; the daemon killed, the next goes on"""
    (one,), disks = images(d, 'one')
    d.boot('big', then='tick', fill=192, devices=disks)
    job, pid = held_save(d, 'big', 'never')
    d('job-cancel', str(job))
    os.kill(pid, guest_lib.signal.SIGCONT)
    d.ends(job, 'cancelled')
    equal((inside(one), names(d.dom('big'))), ([], []), 'cancelled')
    d.in_state('big', RUNNING)
    job, pid = held_save(d, 'big', 'made')
    d.kill9()
    os.kill(pid, guest_lib.signal.SIGCONT)
    d.start()
    d.ends(job, 'complete')
    equal((inside(one), names(d.dom('big'))), (['made'], ['made']), 'taken up')
    d.in_state('big', RUNNING)
    gone(d, 'big')


# --- new images ---

def new_images(d):
    """Disks only: new images on top, in the running guest and in its definition; shut off, too"""
    (one, two), disks = images(d, 'one', 'two')
    dom = d.boot('on', then='tick', devices=disks)
    take(dom, 'a', DISK_ONLY)
    on_top = [os.path.join(d.path, name) for name in ('one.a', 'two.a')]
    equal(sources(dom, libvirt.VIR_DOMAIN_XML_INACTIVE), on_top, 'definition')
    equal(sources(dom), [on_top[0], one, on_top[1], two], 'what runs')
    equal([below(path) for path in on_top], [one, two], 'what is below')
    mine = os.path.join(d.path, 'mine')
    take(dom, 'b', DISK_ONLY, f"<disks><disk name='vda' snapshot='no'/><disk name='vdb'>"
                              f"<source file='{mine}'/></disk></disks>")
    equal(sources(dom, libvirt.VIR_DOMAIN_XML_INACTIVE), [on_top[0], mine], 'one disk alone')
    nodes = {node['node-name']: node['file'] for node in d.qmp('on', 'query-named-block-nodes')}
    check(mine in nodes.values(), f'QEMU writes to it: {nodes}')
    take(dom, 'c', DISK_ONLY | NO_METADATA)
    equal((names(dom), current(dom)), (['a', 'b'], 'b'), 'what is kept')
    equal([names(dom, flag) for flag in (libvirt.VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL,
                                         libvirt.VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY,
                                         libvirt.VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL)],
          [['a', 'b'], ['a', 'b'], []], 'by kind')
    refused(UNSUPPORTED, 'already exists', take, dom, 'd', DISK_ONLY,
            f"<disks><disk name='vda'><source file='{mine}'/></disk></disks>")
    refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, 'agent is not configured', take, dom, 'q',
            DISK_ONLY | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE)
    equal([name for name in os.listdir(d.path) if name.endswith('.q')], [], 'files of a failed one')
    refused(UNSUPPORTED, 'revert to external', dom.revertToSnapshot, dom.snapshotLookupByName('a'))
    refused(UNSUPPORTED, 'deletion of 2 external', dom.snapshotLookupByName('a').delete,
            libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN)
    d.ticks('on')
    before = sources(dom)
    d.kill9()
    d.start()
    dom = d.dom('on')
    equal(sources(dom), before, 'after a restart')
    take(dom, 'e', DISK_ONLY)
    dom.destroy()
    equal(sources(dom), [os.path.join(d.path, name) for name in ('one.e', 'mine.e')], 'shut off')
    take(dom, 'f', DISK_ONLY)
    equal(sources(dom), [os.path.join(d.path, name) for name in ('one.f', 'mine.f')], 'once more')
    dom.create()
    reuse = os.path.join(d.path, 'reuse')
    subprocess.run(['qemu-img', 'create', '-q', '-u', '-f', 'qcow2', '-b', sources(dom)[0], '-F',
                    'qcow2', reuse, '4M'], check=True)
    take(dom, 'g', DISK_ONLY | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
         f"<disks><disk name='vda'><source file='{reuse}'/></disk>"
         "<disk name='vdb' snapshot='no'/></disks>")
    equal(sources(dom)[0], reuse, 'one that was there')
    gone(d, 'on')


def saved(d):
    """Saved memory names the images below: no new ones are put over them until it is gone"""
    (one,), disks = images(d, 'one')
    dom = d.boot('on', devices=disks)
    dom.managedSave()
    refused(INVALID, 'has a managed save image', take, dom, 'a', DISK_ONLY)
    equal((sources(dom), os.path.exists(os.path.join(d.path, 'one.a'))), ([one], False), 'disks')
    dom.managedSaveRemove()
    take(dom, 'a', DISK_ONLY)
    equal(sources(dom), [os.path.join(d.path, 'one.a')], 'disks without it')
    gone(d, 'on')


def new_images_killed(d):
    """The daemon killed before and behind the switch to them: without a trace, or whole"""
    (one,), disks = images(d, 'one')
    d.boot('on', devices=disks)
    mine = os.path.join(d.path, 'one.a')
    for action in ('hold', 'after'):
        d.rule('renameat2', action)
        take(d.dom('on'), 'a', DISK_ONLY | ASYNC)
        d.held('renameat2')
        d.kill9()
        d.no_rules()
        d.start()
        d.ends(job_of(d, 'domain-snapshot-create')['id'], 'failed', 'interrupted')
        check(not os.path.exists(mine), 'no file stays')
        equal([name for name in os.listdir(d.path) if name.startswith('.')], [], 'temporary files')
        equal((sources(d.dom('on')), names(d.dom('on'))), ([one], []), 'as before')
    take(d.dom('on'), 'a', DISK_ONLY)
    equal(sources(d.dom('on')), [mine, one], 'and then it is made')
    gone(d, 'on')


def files_of(pid, under):
    """What a process has open below a directory."""
    links = [os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd')]
    return sorted({path for path in links if path.startswith(under + '/') and 'one' in path},
                  reverse=True)


def new_images_left(d):
    """The daemon killed behind the switch, then the guest: what it wrote last is not lost"""
    (one,), disks = images(d, 'one')
    d.boot('on', devices=disks)
    mine = os.path.join(d.path, 'one.a')
    d.rule('renameat2', 'after')
    take(d.dom('on'), 'a', DISK_ONLY | ASYNC)
    d.held('renameat2')
    d.rule('fdatasync', 'hold')  # whose the image was is journalled
    os.unlink(os.path.join(d.rules, 'renameat2'))
    d.held('fdatasync')
    d.rule('pwrite64', 'hold')  # the outcome is not
    os.unlink(os.path.join(d.rules, 'fdatasync'))
    d.held('pwrite64')
    pid = d.qemu('on')
    equal(files_of(pid, d.path), [one, mine], 'what QEMU has open')
    d.kill9()
    d.no_rules()
    os.kill(pid, guest_lib.signal.SIGKILL)
    until(lambda: guest_lib.is_gone(pid), 'QEMU ends')
    put(mine, 7)
    d.start()
    job = job_of(d, 'domain-snapshot-create')['id']
    d.ends(job, 'complete')
    check(os.path.exists(mine) and holds(mine, 7), 'the new image stays')
    equal((sources(d.dom('on')), names(d.dom('on'))), ([mine], ['a']), 'and is the disk')
    gone(d, 'on')


def redefined(d):
    """What a client says of one is believed, as far as it makes sense"""
    (one,), disks = images(d, 'one')
    dom = d.define('off', devices=disks)
    texts = [take(dom, name).getXMLDesc(libvirt.VIR_DOMAIN_XML_SECURE) for name in 'ab']
    dom.snapshotLookupByName('a').delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY
                                         | libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN)
    equal(names(dom), [], 'forgotten')
    for text in texts:
        dom.snapshotCreateXML(text, REDEFINE | CURRENT)
    equal((names(dom), current(dom)), (['a', 'b'], 'b'), 'and known again')
    equal([one.getXMLDesc(libvirt.VIR_DOMAIN_XML_SECURE) for one in dom.listAllSnapshots(
        libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL)], texts, 'as they were')
    dom.snapshotCreateXML(texts[1].replace('<name>b</name>', '<name>b</name>'
                                           '<description>new</description>', 1), REDEFINE)
    check('new' in dom.snapshotLookupByName('b').getXMLDesc(), 'another description')
    for old, new, words in (('<name>a</name>\n  </parent>', '<name>b</name>\n  </parent>', 'own parent'),
                            ('<name>a</name>\n  </parent>', '<name>x</name>\n  </parent>', 'not found'),
                            ('shutoff', 'running', 'online and offline'),
                            (dom.UUIDString(), '1' * 36, 'must use uuid')):
        refused(libvirt.VIR_ERR_INVALID_ARG, words, dom.snapshotCreateXML,
                texts[1].replace(old, new), REDEFINE)
    subprocess.run(['qemu-img', 'snapshot', '-c', '1', one], check=True)  # its number is 3
    dom.snapshotCreateXML(texts[0].replace('<name>a<', '<name>1<', 1), REDEFINE)
    refused(UNSUPPORTED, "the name '1'", dom.revertToSnapshot, dom.snapshotLookupByName('1'))
    refused(libvirt.VIR_ERR_INVALID_ARG, 'cycle', dom.snapshotCreateXML, texts[0].replace(
        '<state>', '<parent><name>b</name></parent><state>'), REDEFINE)
    gone(d, 'off')


if __name__ == '__main__':
    libvirt.virEventRegisterDefaultImpl()

    def dispatch():
        while True:
            libvirt.virEventRunDefaultImpl()
    threading.Thread(target=dispatch, daemon=True).start()
    guest_lib.run(shut_off, what_is_refused, killed, running, started_killed, way_back_killed, back_to_off,
                  in_the_middle, new_images,
                  saved, new_images_killed, redefined)
    guest_lib.run(new_images_left, guests=guest_lib.HeldJournal)
