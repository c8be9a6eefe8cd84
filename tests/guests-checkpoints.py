#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checkpoints of guests: made, looked at, redefined, deleted from one that runs or is shut off;
what of them outlives guest and daemon; and what is there when the daemon was killed in their middle."""

import fcntl
import json
import os
import re
import subprocess
import threading
import time

import crash_lib
import guest_lib
import snapshot_lib
from guest_lib import INVALID, MIB, check, equal, libvirt, refused, until

crash_lib.require('qemu-img')

UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED
NONE_SUCH = libvirt.VIR_ERR_NO_DOMAIN_CHECKPOINT
FAILED = libvirt.VIR_ERR_OPERATION_FAILED
BAD_ARG = libvirt.VIR_ERR_INVALID_ARG
REDEFINE = libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE
VALIDATE = REDEFINE | libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE_VALIDATE
QUIESCE = libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE
SECURE, NO_DOMAIN, SIZE = (libvirt.VIR_DOMAIN_CHECKPOINT_XML_SECURE,
                           libvirt.VIR_DOMAIN_CHECKPOINT_XML_NO_DOMAIN,
                           libvirt.VIR_DOMAIN_CHECKPOINT_XML_SIZE)
METADATA = libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY
CHILDREN = libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN
CHILDREN_ONLY = libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN_ONLY
FORGET = libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
GRAIN = 65536
RAW = ("<disk type='file'><driver name='qemu' type='raw'/><source file='{}'/><target dev='vdz'/>{}"
       "</disk>")


def take(dom, name, *disks, flags=0, inner=''):
    """Of those disks; all, if none is named."""
    listed = ''.join(f"<disk name='{disk}'/>" for disk in disks)
    return dom.checkpointCreateXML(
        f'<domaincheckpoint><name>{name}</name>{inner}'
        f'{f"<disks>{listed}</disks>" if disks else ""}</domaincheckpoint>', flags)


def names(dom, flags=0):
    return sorted(one.getName() for one in dom.listAllCheckpoints(flags))


def tree(dom):
    """{name: its parent's}"""
    found = {}
    for one in dom.listAllCheckpoints():
        try:
            found[one.getName()] = one.getParent().getName()
        except libvirt.libvirtError as error:
            equal(error.get_error_code(), NONE_SUCH, f'{error}')
            found[one.getName()] = None
    return found


def one(dom, name):
    return dom.checkpointLookupByName(name)


def written(dom, name):
    """{disk: bytes} as its XML says."""
    text = one(dom, name).getXMLDesc(SIZE | NO_DOMAIN)
    return {disk: int(size) for disk, size in re.findall(r"name='(\w+)' .* size='(\d+)'", text)}


def write(d, name, number, start):
    """A cluster of its first, second, … disk."""
    said = d.qmp(name, 'human-monitor-command', **{
        'command-line': f'qemu-io -d /machine/peripheral/virtio-disk{number}/virtio-backend '
                        f'"write -q -P 7 {start} {GRAIN}"'})
    equal(said, '', 'a write')


def in_image(path):
    text = subprocess.run(['qemu-img', 'info', '-U', '-f', 'qcow2', '--output', 'json', path],
                          check=True, capture_output=True, text=True).stdout
    data = json.loads(text)['format-specific']['data']
    return sorted(bitmap['name'] for bitmap in data.get('bitmaps', []))


def in_qemu(d, name, path):
    """The bitmaps of an image that a guest uses."""
    for node in d.qmp(name, 'query-named-block-nodes', flat=True):
        if node['drv'] == 'qcow2' and node['image']['filename'] == path:
            return sorted(bitmap['name'] for bitmap in node.get('dirty-bitmaps', []))
    return crash_lib.fail(f'no node has {path}')


def gone(d, name):
    dom = d.dom(name)
    if dom.isActive():
        dom.destroy()
    dom.undefineFlags(FORGET | snapshot_lib.FORGET)
    for left in os.listdir(d.path):
        if left != 'p' and not left.startswith('kernel'):
            os.unlink(os.path.join(d.path, left))


def raw_image(d):
    path = os.path.join(d.path, 'raw')
    with open(path, 'wb') as file:
        file.truncate(MIB)
    return path


def made(d):
    """Made of a guest that runs or is paused, with a bitmap in each disk that it is about"""
    (first, second), disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.define('on', devices=disks + RAW.format(raw_image(d), '<readonly/>')
                   + "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>")
    refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, 'inactive domain', take, dom, 'x')
    dom.create()
    d.booted('on')
    equal(take(dom, 'a', inner='<description>x &lt; y</description>').getName(), 'a', 'what is made')
    equal((in_qemu(d, 'on', first), in_qemu(d, 'on', second)), (['a'], ['a']), 'bitmaps')
    write(d, 'on', 0, 0)
    dom.suspend()
    take(dom, 'b', 'vdb')
    dom.resume()
    equal(in_qemu(d, 'on', first), ['a'], 'bitmaps of the other disk')
    write(d, 'on', 0, GRAIN)
    write(d, 'on', 1, 0)
    equal(written(dom, 'a'), {'vda': 2 * GRAIN, 'vdb': GRAIN}, 'written since a')
    equal(written(dom, 'b'), {'vdb': GRAIN}, 'written since b')
    equal(tree(dom), {'a': None, 'b': 'a'}, 'parents')
    take(dom, 'c', 'vda')
    equal([child.getName() for child in one(dom, 'a').listAllChildren(
        libvirt.VIR_DOMAIN_CHECKPOINT_LIST_DESCENDANTS
        | libvirt.VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL)], ['b', 'c'], 'below a')
    equal([names(dom, flag) for flag in (libvirt.VIR_DOMAIN_CHECKPOINT_LIST_ROOTS,
                                         libvirt.VIR_DOMAIN_CHECKPOINT_LIST_LEAVES,
                                         libvirt.VIR_DOMAIN_CHECKPOINT_LIST_NO_LEAVES)],
          [['a'], ['c'], ['a', 'b']], 'lists')
    equal([some.name() for some in d.conn.listAllDomains(
        libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT)], ['on'], 'domains with checkpoints')
    text = one(dom, 'a').getXMLDesc(NO_DOMAIN)
    check('<domain ' not in text and "<disk name='sda' checkpoint='no'/>" in text
          and "<disk name='vdz' checkpoint='no'/>" in text, text)
    check('<domain ' in one(dom, 'a').getXMLDesc(SECURE), 'the domain is in it')
    gone(d, 'on')


def what_is_refused(d):
    """A disk that cannot have it, a name that is taken, one beside a block job: nothing is made"""
    (first, second), disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.boot('on', devices=disks + RAW.format(raw_image(d), ''))
    refused(UNSUPPORTED, 'vdz unsupported for storage type raw', take, dom, 'x')
    refused(UNSUPPORTED, "no disk named 'vdx'", take, dom, 'x', 'vdx')
    refused(UNSUPPORTED, 'specified twice', take, dom, 'x', 'vda', first)
    refused(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, 'agent is not configured',
            lambda: take(dom, 'x', 'vda', flags=QUIESCE))
    equal((names(dom), in_qemu(d, 'on', first)), ([], []), 'after what was refused')
    take(dom, 'a', 'vda')
    refused(FAILED, 'checkpoint a already exists', take, dom, 'a', 'vdb')
    d.qmp('on', 'block-dirty-bitmap-add', node='libvirt-2-format', name='mine')
    refused(INVALID, "disk 'vdb' has a bitmap 'mine'", take, dom, 'mine', 'vda', 'vdb')
    equal((names(dom), in_qemu(d, 'on', first)), (['a'], ['a']), 'of the first disk neither')
    copy = os.path.join(d.path, 'copy')
    dom.blockCopy('vda', f"<disk type='file'><source file='{copy}'/><driver type='qcow2'/></disk>",
                  {}, libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
    until(lambda: dom.blockJobInfo('vda')['cur'] == dom.blockJobInfo('vda')['end'], 'it mirrors')
    refused(INVALID, 'is busy', take, dom, 'x', 'vda')
    refused(INVALID, 'is busy', one(dom, 'a').delete)
    take(dom, 'b', 'vdb')
    dom.blockJobAbort('vda')
    one(dom, 'a').delete()
    equal((names(dom), in_qemu(d, 'on', second)), (['b'], ['b', 'mine']), 'after the block job')
    gone(d, 'on')


def kept(d):
    """They and what they record outlive the guest's end, its saved memory, and the daemon"""
    (first, _), disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.boot('on', devices=disks)
    take(dom, 'a')
    take(dom, 'b', 'vda')
    write(d, 'on', 0, 0)
    dom.destroy()
    equal((in_image(first), names(dom)), (['a', 'b'], ['a', 'b']), 'shut off')
    refused(INVALID, 'is not running', one(dom, 'a').getXMLDesc, SIZE)
    refused(INVALID, 'with 2 checkpoints', dom.undefine)
    texts = {some.getName(): some.getXMLDesc() for some in dom.listAllCheckpoints()}
    d.kill9()
    d.start()
    dom = d.dom('on')
    equal({some.getName(): some.getXMLDesc() for some in dom.listAllCheckpoints()}, texts,
          'after a restart')
    d.forget_serial('on')
    dom.create()
    d.booted('on')
    write(d, 'on', 0, GRAIN)
    equal(written(dom, 'b'), {'vda': 2 * GRAIN}, 'over its start')
    dom.managedSave()
    d.kill9()
    d.start()
    dom = d.dom('on')
    dom.create()
    write(d, 'on', 0, 2 * GRAIN)
    equal(written(dom, 'b'), {'vda': 3 * GRAIN}, 'over its saved memory')
    equal(take(dom, 'c', 'vda').getParent().getName(), 'b', 'it goes on from b')
    dom.destroy()
    dom.rename('other')
    dom = d.dom('other')
    equal(names(dom), ['a', 'b', 'c'], 'under its new name')
    dom.undefineFlags(FORGET)
    d.define('on', uuid='b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11', devices=disks)
    gone(d, 'on')


def deleted(d):
    """With those below or without, in all images of a disk, of a guest that runs or is shut off"""
    (first, second), disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.boot('on', devices=disks)
    for name in 'abcde':
        take(dom, name)
    one(dom, 'c').delete()
    equal((tree(dom), in_qemu(d, 'on', second)), ({'a': None, 'b': 'a', 'd': 'b', 'e': 'd'},
                                                 list('abde')), 'one of the middle')
    one(dom, 'd').delete(METADATA)
    equal((tree(dom)['e'], in_qemu(d, 'on', first)), ('b', list('abde')), 'metadata alone')
    one(dom, 'b').delete(CHILDREN_ONLY)
    equal((names(dom), in_qemu(d, 'on', first)), (['a', 'b'], list('abd')), 'those below b')
    snapshot_lib.take(dom, 's', snapshot_lib.DISK_ONLY)
    above = os.path.join(d.path, 'one.s')
    equal((in_qemu(d, 'on', first), in_qemu(d, 'on', above)), (list('abd'), list('abd')),
          'in both images')
    one(dom, 'b').delete()
    equal((in_qemu(d, 'on', first), in_qemu(d, 'on', above)), (list('ad'), list('ad')), 'without b')
    dom.destroy()
    d.forget_serial('on')
    dom.create()  # the lower images are only read from now on
    d.booted('on')
    one(dom, 'a').delete(CHILDREN)
    equal((in_qemu(d, 'on', first), in_qemu(d, 'on', above), names(dom)), (['d'], ['d'], []),
          'without a')
    check(all(node['ro'] for node in d.qmp('on', 'query-named-block-nodes', flat=True)
              if node['drv'] == 'qcow2' and node['image']['filename'] in (first, second)),
          'the lower images are only read')
    take(dom, 'x')
    take(dom, 'y', 'vda')
    take(dom, 'z')
    dom.destroy()
    one(dom, 'y').delete(CHILDREN)
    equal((in_image(above), names(dom)), (['d', 'x'], ['x']), 'shut off')
    one(dom, 'x').delete()
    equal((in_image(above), in_image(first), names(dom)), (['d'], ['d'], []), 'the last')
    refused(NONE_SUCH, "'x'", one, dom, 'x')
    gone(d, 'on')


def redefined(d):
    """What a client says of one is believed, as far as it makes sense"""
    (first, _), disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.boot('on', devices=disks)
    texts = [take(dom, name).getXMLDesc(SECURE) for name in 'ab']
    one(dom, 'a').delete(METADATA | CHILDREN)
    equal((names(dom), in_qemu(d, 'on', first)), ([], ['a', 'b']), 'forgotten')
    for text in texts:
        dom.checkpointCreateXML(text, VALIDATE)
    equal([some.getXMLDesc(SECURE) for some in dom.listAllCheckpoints(
        libvirt.VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL)], texts, 'as they were')
    equal(take(dom, 'c').getParent().getName(), 'b', 'it goes on from what was redefined last')
    one(dom, 'c').delete()
    d.qmp('on', 'block-dirty-bitmap-remove', node='libvirt-1-format', name='b')
    refused(libvirt.VIR_ERR_CHECKPOINT_INCONSISTENT, "bitmap 'b' for disk 'vdb'",
            dom.checkpointCreateXML, texts[1], VALIDATE)
    equal((len(written(dom, 'a')), len(written(dom, 'b'))), (2, 1), 'disks of which a size is known')
    dom.checkpointCreateXML(texts[1].replace('<creation', '<description>new</description><creation'),
                            REDEFINE)
    check('new' in one(dom, 'b').getXMLDesc(), 'another description')
    for old, new, words in (('<name>a</name>\n  </parent>', '<name>b</name>\n  </parent>', 'own parent'),
                            ('<name>a</name>\n  </parent>', '<name>x</name>\n  </parent>', 'not found'),
                            (dom.UUIDString(), '11111111' + dom.UUIDString()[8:], 'must use uuid')):
        refused(BAD_ARG, words, dom.checkpointCreateXML, texts[1].replace(old, new), REDEFINE)
    refused(BAD_ARG, 'cycle', dom.checkpointCreateXML, texts[0].replace(
        '<creation', '<parent><name>b</name></parent><creation'), REDEFINE)
    twin = texts[1].replace('<name>b<', '<name>twin<', 1)
    dom.checkpointCreateXML(twin, REDEFINE)
    one(dom, 'twin').delete()
    equal(in_qemu(d, 'on', first), ['a', 'b'], "a bitmap that is another's, too, stays")
    dom.destroy()
    refused(INVALID, 'not running', dom.checkpointCreateXML, texts[0], VALIDATE)
    gone(d, 'on')


def no_way_back(d):
    """Snapshots inside of images that have bitmaps are not gone back to, and it is said why"""
    (first, _), disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.define('on', then='tick', devices=disks)
    snapshot_lib.put(first, 1)
    snapshot_lib.take(dom, 'off')
    snapshot_lib.put(first, 2)
    dom.create()
    d.booted('on')
    snapshot_lib.take(dom, 'live')
    take(dom, 'c', 'vdb')
    running = dom.snapshotLookupByName('live')
    for snapshot, flags in ((running, 0), (running, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE),
                            (dom.snapshotLookupByName('off'), 0),
                            (dom.snapshotLookupByName('off'),
                             libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING)):
        refused(INVALID, "checkpoint 'c' records", dom.revertToSnapshot, snapshot, flags)
        d.ticks('on')
    one(dom, 'c').delete(METADATA)
    refused(INVALID, "the image of disk 'vdb' has a bitmap", dom.revertToSnapshot, running)
    d.ticks('on')
    dom.destroy()
    for snapshot in running, dom.snapshotLookupByName('off'):
        refused(INVALID, "the image of disk 'vdb' has a bitmap", dom.revertToSnapshot, snapshot)
    check(snapshot_lib.holds(first, 2), 'the first disk is as it was')
    subprocess.run(['qemu-img', 'bitmap', '--remove', '-f', 'qcow2',
                    os.path.join(d.path, 'two.qcow2'), 'c'], check=True)
    dom.revertToSnapshot(dom.snapshotLookupByName('off'))
    check(snapshot_lib.holds(first, 1), 'without the bitmap it is gone back to')
    gone(d, 'on')


def others_lock(d):
    """An image that a stranger has locked holds up a deletion for a while, not for ever"""
    (first, _), disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.boot('on', devices=disks)
    take(dom, 'a', 'vda')
    dom.destroy()
    with open(first, 'rb') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused(libvirt.VIR_ERR_OPERATION_TIMEOUT, 'locked', one(dom, 'a').delete)
        equal((names(dom), in_image(first)), (['a'], ['a']), 'what could not be removed')
    one(dom, 'a').delete()
    equal((names(dom), in_image(first)), ([], []), 'once it is free')
    gone(d, 'on')


def anothers_bitmap(d):
    """A bitmap of that name in a lower image is another's: it neither counts nor goes"""
    (base,), _ = snapshot_lib.images(d, 'base')
    above = os.path.join(d.path, 'above.qcow2')
    subprocess.run(['qemu-img', 'bitmap', '--add', '-f', 'qcow2', base, 'a'], check=True)
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', above],
                   check=True)
    dom = d.boot('on', devices=snapshot_lib.disk(above, 'vda'))
    refused(INVALID, "disk 'vda' has a bitmap 'a' already", take, dom, 'a')
    equal((names(dom), in_qemu(d, 'on', above)), ([], []), 'nothing is made')
    take(dom, 'b')
    one(dom, 'b').delete()
    equal(in_image(base), ['a'], 'in the lower image')
    gone(d, 'on')


def many(d):
    """Checkpoints of many disks, deleted together: others are answered meanwhile"""
    dom = d.define('on')
    disks = ''.join(f"<disk name='disk{i:04}' bitmap='x'/>" for i in range(2000))
    for i in range(40):
        parent = '<parent><name>0</name></parent>' if i else ''
        dom.checkpointCreateXML(f'<domaincheckpoint><name>{i}</name>{parent}<creationTime>1'
                                f'</creationTime><disks>{disks}</disks></domaincheckpoint>', REDEFINE)
    done = threading.Event()
    slowest = [0]

    conn = libvirt.open(d.uri)

    def ask():
        while not done.is_set():
            began = time.monotonic()
            conn.numOfDomains()
            slowest[0] = max(slowest[0], time.monotonic() - began)
    thread = threading.Thread(target=ask)
    thread.start()
    one(dom, '0').delete(CHILDREN)
    done.set()
    thread.join()
    conn.close()
    equal(names(dom), [], 'what is left')
    check(slowest[0] < 5, f'an answer took {slowest[0]:.1f} s')
    gone(d, 'on')


# --- the daemon killed ---

def cut_off(d):
    """The daemon killed while qemu-img removes a bitmap: others in the image are not spoilt"""
    paths, disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.boot('on', devices=disks)
    take(dom, 'a')
    take(dom, 'x')
    dom.destroy()
    d.rule('fdatasync', 'hold', 0, 1)
    one(dom, 'x').delete(guest_lib.ASYNC)
    d.held('fdatasync')
    d.kill9()
    d.start()
    d.no_rules()
    d.ends(snapshot_lib.job_of(d, 'domain-checkpoint-delete')['id'], 'complete')
    equal([in_image(path) for path in paths], [['a'], ['a']], 'bitmaps that are left')
    equal(names(d.dom('on')), ['a'], 'what is left')
    gone(d, 'on')



def asked(d, act):
    """A thread that does it, on a connection of its own."""
    def run():
        conn = libvirt.open(d.uri)
        try:
            act(conn.lookupByName('on'))
        except libvirt.libvirtError:
            pass  # the daemon is gone
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def moments(d, act):
    """Calls at which its journal's transactions begin, and at which they are written: (call, skip)"""
    d.note_calls()
    asked(d, act).join()
    with open(os.path.join(d.rules, 'log')) as file:
        calls = [line.split()[0] for line in file]
    d.no_rules()
    found, count, begins = [], {'pwrite64': 0, 'fdatasync': 0}, True
    for call in calls:
        if call not in count:
            continue
        if begins or call == 'fdatasync':
            found.append((call, count[call]))
        count[call] += 1
        begins = call == 'fdatasync'
    return found


def killed_at(d, call, skip, act):
    """Whether it was killed there: the journal may be busy with something else."""
    held = os.path.join(d.rules, call + '.held')
    d.rule(call, 'hold', 0, skip)
    thread = asked(d, act)
    until(lambda: os.path.exists(held) or not thread.is_alive(), 'it is held, or done')
    was_held = os.path.exists(held)
    if was_held:
        d.kill9()
    thread.join()
    d.no_rules()
    if was_held:
        d.start()
        until(lambda: all(job['phase'] == 'ended' for job in d.jobs()), 'all jobs have ended')
    return was_held


def killed_everywhere(d, paths, act, bitmaps_of, before, calls=('pwrite64',)):
    """At each of its moments: it is done or as before, and what is known is what has bitmaps."""
    seen, after = {'done': 0, 'undone': 0}, sorted({*before} ^ {'x'})
    points = [point for point in moments(d, act) if point[0] in calls]
    put_back(d, before)
    for call, skip in points:
        was_held = killed_at(d, call, skip, act)
        now = names(d.dom('on'))
        equal([bitmaps_of(path) for path in paths], [now, now],
              f'bitmaps, killed at {call} {skip} of {points}')
        check(now == after or (was_held and now == before), f'killed at {call} {skip}: {now}')
        seen['done' if now == after else 'undone'] += was_held
        if now == after:
            put_back(d, before)
    check(seen['done'] > 0 and seen['undone'] > 0, f'killed: {seen}')


def put_back(d, before):
    dom = d.dom('on')
    runs = dom.isActive()
    if 'x' not in before:
        one(dom, 'x').delete()
        return
    if not runs:
        dom.create()
    take(dom, 'x')
    if not runs:
        dom.destroy()


def killed(d):
    """The daemon killed at each write of its journal: made or not, deleted or not, nothing between"""
    paths, disks = snapshot_lib.images(d, 'one', 'two')
    dom = d.boot('on', devices=disks)

    def live(path):
        return in_qemu(d, 'on', path)
    take(dom, 'a')
    killed_everywhere(d, paths, lambda of: take(of, 'x'), live, ['a'],
                      ('pwrite64', 'fdatasync'))
    take(d.dom('on'), 'x')
    killed_everywhere(d, paths, lambda of: one(of, 'x').delete(), live, ['a', 'x'])
    d.dom('on').destroy()
    killed_everywhere(d, paths, lambda of: one(of, 'x').delete(), in_image, ['a', 'x'])
    gone(d, 'on')


if __name__ == '__main__':
    guest_lib.run(made, what_is_refused, kept, deleted, redefined, no_way_back, others_lock,
                  anothers_bitmap, many, cut_off)
    guest_lib.run(killed, guests=guest_lib.HeldJournal)
