#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""External snapshots deleted: what their images hold goes into those below, and the guest finds what
it has written; also where that was cancelled, or its daemon killed."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import threading

import crash_lib
import guest_lib
import wire
from crash_lib import equal, until
from guest_lib import INVALID, RUNNING, check, libvirt, refused
from snapshot_lib import (DISK_ONLY, below, current, disk, gone, holds, images, names, put, sources,
                          take)

crash_lib.require('qemu-img', 'qemu-io')

UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE
IMPOSSIBLE = libvirt.VIR_ERR_OPERATION_UNSUPPORTED


def write(path, byte, at):
    subprocess.run(['qemu-io', '-f', 'qcow2', '-c', f'write -q -P {byte} {at}k 64k', path], check=True)


def read(path, byte, at):
    said = subprocess.run(['qemu-io', '-U', '-f', 'qcow2', '-r', '-c', f'read -P {byte} {at}k 64k',
                           path], check=True, capture_output=True, text=True).stdout
    return 'failed' not in said


def stacked(d, dom, first, snapshots):
    """Snapshots of one disk over each other, into each of which is written; the images."""
    paths = [first]
    write(first, 1, 0)
    for i, name in enumerate(snapshots):
        take(dom, name, DISK_ONLY)
        paths.append(sources(dom, libvirt.VIR_DOMAIN_XML_INACTIVE)[0])
        write(paths[-1], 2 + i, 64 * (1 + i))
    return paths


def whole(path, count):
    return all(read(path, 1 + i, 64 * i) for i in range(count))


def delete_quietly(dom, name):
    try:
        dom.snapshotLookupByName(name).delete()
    except libvirt.libvirtError:
        pass  # its daemon was killed


def shut_off(d):
    """Of one that is shut off: the uppermost, one in the middle, the last; the files are gone"""
    (one,), disks = images(d, 'one')
    dom = d.define('off', devices=disks)
    paths = stacked(d, dom, one, 'abc')
    dom.snapshotLookupByName('b').delete()
    equal((names(dom), below(paths[3])), (['a', 'c'], paths[1]), 'the middle')
    equal(dom.snapshotLookupByName('c').getParent().getName(), 'a', 'parent')
    check(whole(paths[3], 4), 'all data is there')
    dom.snapshotLookupByName('c').delete()
    equal((names(dom), current(dom), sources(dom)), (['a'], 'a', [paths[1]]), 'the uppermost')
    check(whole(paths[1], 4), 'all data is there')
    dom.snapshotLookupByName('a').delete()
    equal((names(dom), current(dom), sources(dom)), ([], None, [one]), 'the last')
    check(whole(one, 4), 'all data is there')
    until(lambda: [name for name in os.listdir(d.path) if name.startswith('one.')] == ['one.qcow2'],
          'the files go')
    gone(d, 'off')


def two_disks(d):
    """Both disks at once; a file that is not the image by now stays; memory goes"""
    (one, two), disks = images(d, 'one', 'two')
    dom = d.boot('off', devices=disks)
    memory = os.path.join(d.path, 'memory')
    take(dom, 'a', 0, f"<memory file='{memory}'/>")
    dom.destroy()
    over = sources(dom)
    put(over[0], 5)
    put(over[1], 6)
    dom.snapshotLookupByName('a').delete()
    equal((sources(dom), names(dom)), ([one, two], []), 'disks')
    check(holds(one, 5) and holds(two, 6), 'data')
    until(lambda: not any(os.path.exists(path) for path in over + [memory]), 'the files go')
    gone(d, 'off')


def made_again(d):
    """Another snapshot may have the name of a deleted one, however long its files take to go"""
    (one,), disks = images(d, 'one')
    dom = d.define('on', devices=disks)
    for runs in False, True:
        if runs:
            dom.create()
        take(dom, 'a', DISK_ONLY)
        d.rule('unlink', 'delay', 500000)
        dom.snapshotLookupByName('a').delete()
        take(dom, 'a', DISK_ONLY)
        d.no_rules()
        equal((names(dom), sources(dom)[0]), (['a'], one.replace('qcow2', 'a')), 'made')
        dom.snapshotLookupByName('a').delete()
    gone(d, 'on')


def another_ones(d):
    """A managed save image that a client calls a snapshot's memory stays where it is"""
    (_, two), disks = images(d, 'one', 'two')
    d.boot('saved').managedSave()
    image = os.path.join(d.dir, 'state', 'save', d.dom('saved').UUIDString() + '.save')
    check(os.path.exists(image), image)
    off = d.define('off', devices=disks)
    take(off, 'a', DISK_ONLY)
    snapshot = off.snapshotLookupByName('a')
    xml = snapshot.getXMLDesc().replace("<memory snapshot='no'/>",
                                        f"<memory snapshot='external' file='{image}'/>")
    check(image in xml, xml)
    off.snapshotCreateXML(xml, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    snapshot.delete()
    until(lambda: not os.path.exists(two.replace('qcow2', 'a')), 'the images go')
    check(os.path.exists(image), 'that one does not')
    d.dom('saved').create()
    d.dom('saved').destroy()
    d.drop('saved')
    gone(d, 'off')


def running(d):
    """Of a guest that runs: in the middle, the uppermost with memory, the last; two disks at once"""
    (one, two), disks = images(d, 'one', 'two')
    dom = d.define('on', devices=disks, then='tick')
    paths = stacked(d, dom, one, 'ab')
    over = sources(dom)[1]
    dom.create()
    memory = os.path.join(d.path, 'memory')
    take(dom, 'c', 0, f"<memory file='{memory}'/>")
    dom.snapshotLookupByName('b').delete()
    equal(names(dom), ['a', 'c'], 'the middle')
    until(lambda: not os.path.exists(paths[2]), 'its image goes')
    equal(dom.snapshotLookupByName('c').getParent().getName(), 'a', 'parent')
    dom.snapshotLookupByName('c').delete()
    until(lambda: not os.path.exists(memory), 'memory goes')
    equal((names(dom), current(dom), sources(dom, INACTIVE)),
          (['a'], 'a', [paths[1], two.replace('qcow2', 'a')]), 'the uppermost')
    d.ticks('on')
    dom.snapshotLookupByName('a').delete()
    equal((names(dom), current(dom), sources(dom), sources(dom, INACTIVE)),
          ([], None, [one, two], [one, two]), 'the last')
    d.in_state('on', RUNNING)
    d.ticks('on')
    dom.destroy()
    check(whole(one, 3), 'all data is there')
    until(lambda: not [name for name in os.listdir(d.path) if name.startswith(('one.', 'two.'))
                       and not name.endswith('qcow2')], 'the files go')
    check(not os.path.exists(over), 'of both disks')
    gone(d, 'on')


def committed(d):
    """A commit that is told to removes the images that the disk has no more"""
    (one,), disks = images(d, 'one')
    dom = d.define('on', devices=disks)
    paths = stacked(d, dom, one, 'ab')
    dom.create()
    dom.blockCommit('vda', one, paths[1], 0, libvirt.VIR_DOMAIN_BLOCK_COMMIT_DELETE)
    until(lambda: not dom.blockJobInfo('vda', 0) and not os.path.exists(paths[1]), 'it is done')
    equal((sources(dom), below(paths[2])), ([paths[2], one], one), 'images')
    dom.destroy()
    check(whole(paths[2], 3), 'all data is there')
    equal(names(dom), ['a', 'b'], 'of snapshots it knows nothing')
    dom.snapshotLookupByName('a').delete()
    equal(names(dom), ['b'], 'whose image is gone')
    gone(d, 'on')


def slow_delete(d, name):
    """Of a running guest's two disks, so slow that it is met in the middle: the jobs by disk."""
    client = wire.Client(os.path.join(d.dir, 'run', 'virtjobd-sock'))
    domain = client.call('DOMAIN_LOOKUP_BY_NAME', 'on').domain()
    client.call('SET_SPEED', wire.job_by_id(0), 65536, 0)
    client.call('DOMAIN_SNAPSHOT_DELETE', (name, domain), wire.ASYNC)
    client.close()
    jobs = {job['pool']: job['id'] for job in d.jobs()
            if job['operation'] == 'domain-block-commit' and job['state'] == 'running'}
    equal(sorted(jobs), ['vda', 'vdb'], 'jobs')
    return jobs


def in_the_middle(d):
    """Of one disk cancelled: it stays, and goes later; the daemon killed, the next one goes on"""
    (one, two), disks = images(d, 'one', 'two')
    dom = d.define('on', devices=disks)
    stacked(d, dom, one, 'ab')
    upper = sources(dom)
    for path in upper:
        subprocess.run(['qemu-io', '-f', 'qcow2', '-c', 'write -q -P 9 2M 2M', path], check=True)
    dom.create()
    jobs = slow_delete(d, 'b')
    refused(INVALID, 'is busy', take, dom, 'c', DISK_ONLY)
    d('job-cancel', str(jobs['vda']))
    d.ends(jobs['vda'], 'cancelled')
    d('job-speed', str(jobs['vdb']), '0')
    d.ends(jobs['vdb'], 'complete')
    equal((names(dom), sources(dom, INACTIVE)), (['a', 'b'], [upper[0], two.replace('qcow2', 'a')]),
          'one disk has its image still')
    dom.snapshotLookupByName('b').delete()
    equal((names(dom), sources(dom, INACTIVE)), (['a'], [one.replace('qcow2', 'a'),
                                                         two.replace('qcow2', 'a')]), 'the other')
    jobs = slow_delete(d, 'a')
    d.kill9()
    d.start()
    for job in jobs.values():
        d('job-speed', str(job), '0')
        d.ends(job, 'complete')
    dom = d.dom('on')
    equal((names(dom), sources(dom), sources(dom, INACTIVE)), ([], [one, two], [one, two]),
          'taken up')
    dom.destroy()
    check(whole(one, 3) and read(one, 9, 2048) and read(two, 9, 2048), 'all data is there')
    until(lambda: not [name for name in os.listdir(d.path) if name.startswith(('one.', 'two.'))
                       and not name.endswith('qcow2')], 'the files go')
    gone(d, 'on')


def what_is_refused(d):
    """What would take more with it, or is none of the disk's: refused, and all as before"""
    (one,), disks = images(d, 'one')
    dom = d.define('off', devices=disks)
    paths = stacked(d, dom, one, 'ab')
    refused(UNSUPPORTED, 'not supported', dom.snapshotLookupByName('a').delete,
            libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN)
    held = subprocess.Popen(['qemu-io', '-f', 'qcow2', one], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)
    held.stdin.write(b'length\n')
    held.stdin.flush()
    held.stdout.readline()  # it has the image open, and locked
    error = guest_lib.error_of(dom.snapshotLookupByName('a').delete)
    check('another process' in str(error), f'the image below is in use: {error}')
    held.communicate()
    take(dom, 'inside')
    refused(IMPOSSIBLE, "has snapshot 'inside' inside", dom.snapshotLookupByName('b').delete)
    dom.snapshotLookupByName('a').delete()
    subprocess.run(['qemu-img', 'bitmap', '--add', paths[2], 'point'], check=True)
    dom.snapshotLookupByName('inside').delete()
    refused(IMPOSSIBLE, "bitmap of checkpoint 'point'", dom.snapshotLookupByName('b').delete)
    subprocess.run(['qemu-img', 'bitmap', '--add', one, 'point'], check=True)
    os.rename(paths[2], paths[2] + '.moved')
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', paths[2], '4M'], check=True)
    refused(IMPOSSIBLE, 'does not lie over', dom.snapshotLookupByName('b').delete)
    os.rename(paths[2] + '.moved', paths[2])
    equal((names(dom), sources(dom)), (['b'], [paths[2]]), 'as before')
    dom.snapshotLookupByName('b').delete()
    equal((names(dom), sources(dom)), ([], [one]), 'and then it goes')
    check(whole(one, 3), 'all data is there')
    gone(d, 'off')


def kill_at(d, writes, name):
    """A snapshot's deletion, its daemon killed at that write, and the next one: was it over before?"""
    dom = d.dom(name)
    d.rule('pwrite64', 'hold', skip=writes)
    asked = threading.Thread(target=delete_quietly, args=(dom, 'a'))
    asked.start()
    ended = until(lambda: 'held' if os.path.exists(os.path.join(d.rules, 'pwrite64.held'))
                  else not asked.is_alive(), 'it is held, or over') != 'held'
    d.kill9()
    asked.join()
    d.no_rules()
    d.start()
    until(lambda: not [job for job in d.jobs() if job['state'] == 'running'], 'jobs have ended')
    return ended


def killed(d):
    """The daemon killed at each write to images and journal: not begun, or gone through with"""
    (one,), disks = images(d, 'one')
    stacked(d, d.define('off', devices=disks), one, 'ab')
    outcomes, ended = [], False
    for writes in range(0, 90, 6):
        ended = kill_at(d, writes, 'off')
        dom = d.dom('off')
        outcomes.append(names(dom))
        upper = sources(dom)[0]
        check(whole(upper, 3), 'all data is there')
        if ended:
            break
        if 'a' in outcomes[-1]:
            continue
        equal((below(upper), names(dom)), (one, ['b']), 'gone through with')
        dom.snapshotLookupByName('b').delete()
        os.unlink(one)
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', one, '4M'], check=True)
        stacked(d, dom, one, 'ab')
    equal((ended, outcomes[0], outcomes[-1]), (True, ['a', 'b'], ['b']), 'what came of them')
    gone(d, 'off')


def killed_over_another_format(d):
    """What lies below an image and is no qcow2 is what it was for the next daemon, too"""
    base, one = (os.path.join(d.path, name) for name in ('base.vdi', 'one.qcow2'))
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'vdi', base, '4M'], check=True)
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', base, '-F', 'vdi', one],
                   check=True)
    put(one, 5)
    dom = d.define('off', devices=disk(one, 'vda'))
    take(dom, 'b', DISK_ONLY)
    [upper] = sources(dom)
    xml = dom.snapshotLookupByName('b').getXMLDesc().replace(upper, one)
    dom.snapshotLookupByName('b').delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    dom.snapshotCreateXML(xml.replace('<name>b<', '<name>a<'),
                          libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    kill_at(d, 0, 'off')
    dom = d.dom('off')
    equal((names(dom), below(upper), below(upper, '-format')), ([], base, 'vdi'), 'the image below')
    check(holds(upper, 5), 'all data is there')
    gone(d, 'off')


def killed_live(d):
    """The same while the guest runs and goes back to the image below"""
    outcomes, ended = [], False
    for writes in range(0, 120, 5):
        (one,), disks = images(d, 'one')
        dom = d.define('on', devices=disks)
        paths = stacked(d, dom, one, 'a')
        dom.create()
        ended = kill_at(d, writes, 'on')
        dom = d.dom('on')
        outcomes.append(names(dom))
        now = one if outcomes[-1] == [] else paths[1]
        equal((sources(dom)[0], sources(dom, INACTIVE)), (now, [now]), 'disk')
        [drive] = [node for node in d.qmp('on', 'query-block') if node.get('inserted')]
        equal(drive['inserted']['image']['filename'], now, 'and what QEMU has')
        dom.destroy()
        check(whole(now, 2), 'all data is there')
        gone(d, 'on')
        if ended:
            break
    equal((ended, outcomes[0], outcomes[-1]), (True, ['a'], []), 'what came of them')


def note_done(d):
    """Where the dead daemon's block job was to pivot, its journal says that it has."""
    with contextlib.closing(sqlite3.connect(os.path.join(d.dir, 'state', 'virtjobd.db'))) as store:
        rows = store.execute("SELECT id, checkpoint FROM jobs WHERE ended_at = 0 AND "
                             "operation = 'domain-block-commit'").fetchall()
        for job, checkpoint in rows:
            now = json.loads(checkpoint or '{}')
            if now.get('wish'):
                store.execute('UPDATE jobs SET checkpoint = ? WHERE id = ?',
                              (json.dumps(now | {'done': True}), job))
                store.commit()
                return True
    return False


def pivoted_and_gone(d):
    """Daemon and guest killed once that goes on with the image below: so does the next guest"""
    pivoted = False
    for skip in range(20):
        (one,), disks = images(d, 'one')
        dom = d.define('on', devices=disks)
        over = stacked(d, dom, one, 'a')[1]
        dom.create()
        d.rule('fdatasync', 'hold', skip=skip)
        asked = threading.Thread(target=delete_quietly, args=(dom, 'a'))
        asked.start()
        until(lambda: os.path.exists(os.path.join(d.rules, 'fdatasync.held'))
              or not asked.is_alive(), 'it is held, or over')
        pid = d.qemu('on')
        d.kill9()
        os.kill(pid, signal.SIGKILL)
        asked.join()
        d.no_rules()
        pivoted = note_done(d)
        until(lambda: guest_lib.is_gone(pid), 'it is gone')
        d.start()
        until(lambda: not [job for job in d.jobs() if job['state'] == 'running'], 'jobs have ended')
        now = sources(d.dom('on'), INACTIVE)
        gone(d, 'on')
        if pivoted or now == [one]:
            break
        equal(now, [over], 'it had not pivoted')
    equal((pivoted, now), (True, [one]), 'the image it had last')


if __name__ == '__main__':
    guest_lib.run(shut_off, two_disks, made_again, another_ones, running, committed, in_the_middle,
                  what_is_refused, killed_over_another_format)
    guest_lib.run(killed, killed_live, pivoted_and_gone, guests=guest_lib.HeldJournal)
