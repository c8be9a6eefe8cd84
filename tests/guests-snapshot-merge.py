#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""External snapshots deleted: what their images hold goes into those below, and the guest finds what
it has written; also where that was cancelled, or its daemon killed."""

import os
import subprocess
import threading

import crash_lib
import guest_lib
from crash_lib import equal, until
from guest_lib import check, libvirt, refused
from snapshot_lib import DISK_ONLY, below, current, gone, holds, images, names, put, sources, take

crash_lib.require('qemu-img', 'qemu-io')

UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
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
    equal((names(dom), below(paths[3]), os.path.exists(paths[2])), (['a', 'c'], paths[1], False),
          'the middle')
    equal(dom.snapshotLookupByName('c').getParent().getName(), 'a', 'parent')
    check(whole(paths[3], 4), 'all data is there')
    dom.snapshotLookupByName('c').delete()
    equal((names(dom), current(dom), sources(dom)), (['a'], 'a', [paths[1]]), 'the uppermost')
    check(whole(paths[1], 4), 'all data is there')
    dom.snapshotLookupByName('a').delete()
    equal((names(dom), current(dom), sources(dom)), ([], None, [one]), 'the last')
    check(whole(one, 4), 'all data is there')
    equal([name for name in os.listdir(d.path) if name.startswith('one.')], ['one.qcow2'], 'files')
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


def killed(d):
    """The daemon killed at each write to images and journal: not begun, or gone through with"""
    (one,), disks = images(d, 'one')
    stacked(d, d.define('off', devices=disks), one, 'ab')
    outcomes, ended = [], False
    for writes in range(0, 90, 4):
        dom = d.dom('off')
        d.rule('pwrite64', 'hold', skip=writes)
        asked = threading.Thread(target=delete_quietly, args=(dom, 'a'))
        asked.start()
        ended = until(lambda: 'held' if os.path.exists(os.path.join(d.rules, 'pwrite64.held'))
                      else not asked.is_alive(), 'it is held, or over') != 'held'
        d.kill9()
        asked.join()
        d.no_rules()
        d.start()
        dom = d.dom('off')
        until(lambda: not d('jobs').count('domain-snapshot-merge'), 'jobs have ended')
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


if __name__ == '__main__':
    guest_lib.run(shut_off, two_disks, what_is_refused)
    guest_lib.run(killed, guests=guest_lib.HeldJournal)
