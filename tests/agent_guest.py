# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small Linux with QEMU's real guest agent in it, as Debian packs it: an archive behind the
initrd of tools/tiny-guest that has the agent, its libraries, and what it runs."""

import os
import shutil
import stat
import subprocess

# Mounts the disk, names itself, has a user, and starts the agent on its port.
THEN = '''#!/bin/busybox sh
export PATH=/sbin:/bin
/bin/busybox mkdir -p /mnt /tmp /var/run
/bin/busybox ln -s busybox /bin/cat
/bin/busybox hostname agent-guest
/bin/busybox ifconfig lo 127.0.0.1
/bin/busybox mount -t ext4 /dev/vda /mnt
for port in /sys/class/virtio-ports/*; do
    if [ "$(/bin/busybox cat $port/name)" = org.qemu.guest_agent.0 ]; then
        /sbin/qemu-ga -d -m virtio-serial -p "/dev/${port##*/}" -t /var/run -l /var/log/agent
    fi
done
'''
FILES = {
    'then': THEN,
    # what the agent calls to shut down; it runs in a place of its own
    'sbin/shutdown': '''#!/bin/busybox sh
case " $* " in
*" -r "*) /bin/busybox reboot -f ;;
*) /bin/busybox poweroff -f ;;
esac
''',
    'sbin/hwclock': '#!/bin/busybox sh\nexec /bin/busybox hwclock "$@"\n',
    'sbin/chpasswd': '#!/bin/busybox sh\nprintf "%s\\n" "$*" >/tmp/password\ncat >>/tmp/password\n',
    'root/.ssh/authorized_keys': 'ssh-rsa AAAA first\n',
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    'etc/group': 'root:x:0:\n',
    'etc/shadow': 'root:*:19000:0:99999:7:::\n',
    'etc/os-release': 'ID=tiny\nNAME="Tiny Guest"\nVERSION_ID=7\n',
}


def libraries(program):
    """All that the loader would map."""
    listed = subprocess.run(['ldd', program], capture_output=True, text=True, check=True).stdout
    return [word for line in listed.splitlines() for word in line.split() if word[0] == '/']


def fill(root, agent):
    for path in libraries(agent):
        where = root + path
        os.makedirs(os.path.dirname(where), exist_ok=True)
        shutil.copy(os.path.realpath(path), where)
    for path, text in FILES.items():
        where = os.path.join(root, path)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, 'w') as file:
            file.write(text)
        os.chmod(where, stat.S_IRWXU if text.startswith('#!') else stat.S_IRUSR)
    shutil.copy(agent, os.path.join(root, 'sbin/qemu-ga'))


def append(initrd, path, work):
    """initrd and the agent's archive, as one file; None: there is no agent to be had."""
    agent = shutil.which('qemu-ga', path=os.environ['PATH'] + ':/usr/sbin')
    if not agent:
        return None
    root = os.path.join(work, 'agent-root')
    fill(root, agent)
    names = subprocess.run(['find', '.'], cwd=root, capture_output=True, check=True).stdout
    archive = subprocess.run(['busybox', 'cpio', '-o', '-H', 'newc'], cwd=root, input=names,
                             capture_output=True, check=True).stdout
    with open(initrd, 'rb') as file:
        first = file.read()
    with open(path, 'wb') as file:
        file.write(first + bytes(-len(first) % 512) + archive)  # an archive begins at a boundary
    shutil.rmtree(root)
    return path
