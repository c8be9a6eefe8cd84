# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of snapshots share: images, what is in them, and snapshots by their names."""

import json
import os
import re
import subprocess

from crash_lib import until
from guest_lib import libvirt

DISK_ONLY = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
HALT = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_HALT
FORGET = libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA


def disk(path, target, kind='qcow2'):
    return (f"<disk type='file'><driver name='qemu' type='{kind}'/><source file='{path}'/>"
            f"<target dev='{target}' bus='virtio'/></disk>")


def images(d, *names):
    """New ones, and the disks that they are."""
    paths = [os.path.join(d.path, name + '.qcow2') for name in names]
    for path in paths:
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', path, '4M'], check=True)
    return paths, ''.join(disk(path, f'vd{"abc"[i]}') for i, path in enumerate(paths))


def put(path, byte):
    """A QEMU that was killed may have it open, and locked, for a moment after its main thread is gone."""
    until(lambda: subprocess.run(['qemu-io', '-f', 'qcow2', '-c', f'write -q -P {byte} 0 64k', path],
                                 stderr=subprocess.DEVNULL).returncode == 0,
          f'{path} is written to')


def holds(path, byte):
    said = subprocess.run(['qemu-io', '-U', '-f', 'qcow2', '-r', '-c', f'read -P {byte} 0 64k', path],
                          check=True, capture_output=True, text=True).stdout
    return 'failed' not in said


def inside(path):
    """Names of the snapshots that an image has inside."""
    text = subprocess.run(['qemu-img', 'info', '-U', '-f', 'qcow2', '--output', 'json', path],
                          check=True, capture_output=True, text=True).stdout
    return [snapshot['name'] for snapshot in json.loads(text).get('snapshots', [])]


def below(path, what=''):
    text = subprocess.run(['qemu-img', 'info', '-U', '-f', 'qcow2', '--output', 'json', path],
                          check=True, capture_output=True, text=True).stdout
    return json.loads(text).get('backing-filename' + what)


def take(dom, name, flags=0, inner=''):
    return dom.snapshotCreateXML(
        f'<domainsnapshot><name>{name}</name>{inner}</domainsnapshot>', flags)


def names(dom, flags=0):
    return sorted(snapshot.getName() for snapshot in dom.listAllSnapshots(flags))


def current(dom):
    return dom.snapshotCurrent().getName() if dom.hasCurrentSnapshot() else None


def sources(dom, flags=0):
    return re.findall("<source file='([^']*/files/[^']*)'", dom.XMLDesc(flags))


def gone(d, name):
    """The domain, whatever it does, and all that was in the directory."""
    dom = d.dom(name)
    if dom.isActive():
        dom.destroy()
    dom.undefineFlags(FORGET)
    for left in os.listdir(d.path):
        if left != 'p' and not left.startswith('kernel'):
            os.unlink(os.path.join(d.path, left))


def job_of(d, operation):
    """The last such job."""
    found = [job for job in d.jobs() if job['operation'] == operation]
    return max(found, key=lambda job: job['id']) if found else None
