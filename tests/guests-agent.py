#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's own guest agent in a small Linux, asked through stock virsh and python-libvirt: all that
it can do, an agent that is not there or stands still, and a daemon that comes back."""

import base64
import json
import os
import re
import subprocess
import time

import agent_guest
import crash_lib
import guest_lib
from guest_lib import (INVALID, RUNNING, SHUTOFF, SLOWER, check, equal, fail, libvirt,
                       libvirt_qemu, refused, until)

crash_lib.require('busybox', 'dumpe2fs', 'ldd', 'mke2fs', 'virsh')
UP = b'tiny guest is up'
ARGUMENT, UNRESPONSIVE = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED, libvirt.VIR_ERR_AGENT_UNRESPONSIVE
COMMAND_TIMEOUT, COMMAND_FAILED, NO_HOSTNAME = 112, 113, 108  # newer than python3-libvirt 9
CHANNEL = ("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
           "<controller type='virtio-serial'/>")


def say(d, *args, status=0):
    """What virsh says."""
    done = subprocess.run(['virsh', '-c', d.uri, *args], capture_output=True, text=True,
                          timeout=120 * SLOWER, check=False)
    equal(done.returncode, status, f'virsh {args}: {done.stdout}{done.stderr}')
    return (done.stdout + done.stderr).strip()


def agent(d, command, timeout=-2, handle=None, **arguments):
    """A command as virsh qemu-agent-command sends it."""
    if handle is not None:
        arguments['handle'] = handle
    text = json.dumps({'execute': command, 'arguments': arguments})
    return json.loads(libvirt_qemu.qemuAgentCommand(d.dom('g'), text, timeout, 0))['return']


def run_inside(d, *command):
    """What a program in the guest prints."""
    pid = agent(d, 'guest-exec', path='/bin/busybox', arg=list(command),
                **{'capture-output': True})['pid']

    def ended():
        status = agent(d, 'guest-exec-status', pid=pid)
        return status if status['exited'] else None
    return base64.b64decode(until(ended, 'it has ended').get('out-data', '')).decode()


def linux_xml(d):
    kernel, initrd = guest_lib.tiny_guest() or crash_lib.skip('no Linux guest')
    initrd = agent_guest.append(initrd, os.path.join(d.dir, 'initrd'), d.dir) or \
        crash_lib.skip('qemu-ga is not installed (Debian: qemu-guest-agent)')
    disk = os.path.join(d.dir, 'disk')
    with open(disk, 'wb') as file:
        file.truncate(16 << 20)
    subprocess.run(['mke2fs', '-q', '-t', 'ext4', disk], check=True)
    devices = (f"{CHANNEL}<disk type='file'><driver type='raw'/><source file='{disk}'/>"
               "<target dev='vda' bus='virtio'/></disk>")
    xml = d.xml('g', mib=192, devices=devices)
    boot = f'<kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>console=ttyS0</cmdline>'
    xml = re.sub('<kernel>.*</kernel>', boot, xml)
    return xml.replace('<vcpu>1<', '<vcpu>2<')


def came_up(d, times=1):
    until(lambda: d.serial('g').count(UP) == times, 'Linux is up', 120)


def answers_again(d):
    def answers():
        try:
            return agent(d, 'guest-ping', timeout=1) == {}
        except libvirt.libvirtError:
            return False
    until(answers, 'it answers again', 60)


def nobody(d):
    """A guest without a channel, and one where nobody is at the other end"""
    dom = d.boot('n')
    refused(ARGUMENT, 'QEMU guest agent is not configured', dom.hostname)
    refused(ARGUMENT, 'not configured', dom.shutdownFlags, libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT)
    refused(ARGUMENT, 'not configured', dom.setVcpusFlags, 1, libvirt.VIR_DOMAIN_VCPU_GUEST)
    equal(dom.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE), {}, 'leases')
    refused(NO_HOSTNAME, 'no hostname', dom.hostname, libvirt.VIR_DOMAIN_GET_HOSTNAME_LEASE)
    dom.agentSetResponseTimeout(5)
    d.drop('n')
    dom = d.define('n', devices=CHANNEL)
    refused(INVALID, 'not running', dom.fsFreeze)
    dom.create()
    d.booted('n')
    refused(UNRESPONSIVE, 'QEMU guest agent is not connected', dom.fsInfo)
    dom.suspend()
    refused(INVALID, 'does not run now', dom.fsInfo)
    d.drop('n')


def boot(d):
    """It boots, and the agent is there without anybody asking"""
    d.conn.defineXML(linux_xml(d)).create()
    came_up(d)
    answers_again(d)


def raw(d):
    """Commands as a client writes them"""
    dom = d.dom('g')
    said = say(d, 'qemu-agent-command', 'g', '{"execute": "guest-info"}')
    check('"guest-fsfreeze-freeze"' in said, said)
    equal(say(d, 'qemu-agent-command', 'g', '--timeout', '7', '{"execute":"guest-ping"}'),
          '{"return":{}}', 'with a time limit')
    equal(libvirt_qemu.qemuAgentCommand(dom, '{"execute":"guest-ping"}', 0, 0), '', 'not waited')
    refused(libvirt.VIR_ERR_OPERATION_UNSUPPORTED, "refuses 'guest-dance'", agent, d,
            'guest-dance')
    refused(COMMAND_FAILED, "refuses 'guest-file-close'", agent, d, 'guest-file-close', -2, 77)
    for bad in ('hello', '[]', '{"execute": 1}', '{"execute":"a"} {"execute":"b"}'):
        refused(libvirt.VIR_ERR_INVALID_ARG, 'command for the guest agent',
                libvirt_qemu.qemuAgentCommand, dom, bad, -1, 0)
    refused(libvirt.VIR_ERR_INVALID_ARG, 'timeout', libvirt_qemu.qemuAgentCommand, dom, '{}', -3, 0)


def quiesced(d, dom):
    """What a snapshot holds was taken while nothing was written, and then the guest goes on."""
    disk = os.path.join(d.dir, 'disk')
    dom.snapshotCreateXML('<domainsnapshot><name>still</name></domainsnapshot>',
                          libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
                          | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE
                          | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA)
    check(f"<source file='{disk}.still'" in dom.XMLDesc(), 'it writes to another image')
    equal(agent(d, 'guest-fsfreeze-status'), 'thawed', 'status behind a snapshot')
    said = subprocess.run(['dumpe2fs', '-h', disk], capture_output=True, text=True, check=True)
    check('needs_recovery' not in said.stdout, 'the file system in the old image is clean')
    checkpoint = dom.checkpointCreateXML('<domaincheckpoint><name>still</name></domaincheckpoint>',
                                         libvirt.VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE)
    equal(agent(d, 'guest-fsfreeze-status'), 'thawed', 'status behind a checkpoint')
    checkpoint.delete()


def filesystems(d):
    """File systems: told, frozen, thawed, trimmed"""
    dom = d.dom('g')
    equal(say(d, 'domfsinfo', 'g').split()[-4:], ['/mnt', 'vda', 'ext4', 'vda'], 'domfsinfo')
    equal(say(d, 'domfsfreeze', 'g'), 'Froze 1 filesystem(s)', 'domfsfreeze')
    equal(agent(d, 'guest-fsfreeze-status'), 'frozen', 'status')
    equal(say(d, 'domfsthaw', 'g'), 'Thawed 1 filesystem(s)', 'domfsthaw')
    equal(agent(d, 'guest-fsfreeze-status'), 'thawed', 'status')
    equal(dom.fsFreeze(['/nowhere']), 0, 'frozen by name')
    equal(dom.fsFreeze(['/mnt']), 1, 'frozen by name')
    equal(dom.fsThaw(), 1, 'thawed')
    refused(ARGUMENT, 'mount points', dom.fsThaw, ['/mnt'])
    quiesced(d, dom)
    say(d, 'domfstrim', 'g')
    refused(ARGUMENT, 'mount point', dom.fSTrim, '/mnt', 0)


def clock(d):
    """The clock"""
    dom = d.dom('g')
    dom.setTime({'seconds': 1000000000, 'nseconds': 5})
    check(0 <= dom.getTime()['seconds'] - 1000000000 < 100 * SLOWER, f'time: {dom.getTime()}')
    say(d, 'domtime', 'g', '--now')
    told = re.fullmatch(r'Time: (\d+)', say(d, 'domtime', 'g'))
    check(told and abs(time.time() - int(told[1])) < 30 * SLOWER, f'domtime: {told}')
    run_inside(d, 'date', '-s', '@1000000000')  # and not the clock on the board
    say(d, 'domtime', 'g', '--sync')
    check(abs(time.time() - dom.getTime()['seconds']) < 60 * SLOWER, 'taken from the board')
    refused(libvirt.VIR_ERR_INVALID_ARG, 'out of range', dom.setTime, {'seconds': 1 << 62})


def names(d):
    """Names, addresses, users, keys"""
    dom = d.dom('g')
    equal(say(d, 'domhostname', 'g'), 'agent-guest', 'domhostname')
    said = say(d, 'domifaddr', 'g', '--source', 'agent')
    check('lo ' in said and '127.0.0.1/8' in said and '::1/128' in said, said)
    said = say(d, 'domifaddr', 'g', '--source', 'arp')
    check(said.startswith('Name') and said.endswith('----'), f'nobody has heard of it: {said}')
    say(d, 'set-user-password', 'g', 'root', 'se cret')
    equal(run_inside(d, 'cat', '/tmp/password'), '\nroot:se cret\n', 'what chpasswd got')
    say(d, 'set-user-password', 'g', 'root', 'x', '--encrypted')
    equal(run_inside(d, 'cat', '/tmp/password'), '-e\nroot:x\n', 'what chpasswd got')
    equal(say(d, 'get-user-sshkeys', 'g', 'root'), 'ssh-rsa AAAA first', 'keys')
    dom.authorizedSSHKeysSet('root', ['ssh-rsa BBBB second'],
                             libvirt.VIR_DOMAIN_AUTHORIZED_SSH_KEYS_SET_APPEND)
    equal(sorted(dom.authorizedSSHKeysGet('root')), ['ssh-rsa AAAA first', 'ssh-rsa BBBB second'],
          'keys')
    dom.authorizedSSHKeysSet('root', ['ssh-rsa AAAA first'],
                             libvirt.VIR_DOMAIN_AUTHORIZED_SSH_KEYS_SET_REMOVE)
    equal(dom.authorizedSSHKeysGet('root'), ['ssh-rsa BBBB second'], 'keys')
    dom.authorizedSSHKeysSet('root', ['ssh-rsa CCCC third'], 0)
    equal(dom.authorizedSSHKeysGet('root'), ['ssh-rsa CCCC third'], 'keys')


def info(d):
    """All that it knows"""
    dom = d.dom('g')
    said = dict(re.split(r'\s*: ', line) for line in say(d, 'guestinfo', 'g').split('\n'))
    for field, value in {'os.id': 'tiny', 'os.name': 'Tiny Guest', 'timezone.offset': '0',
                         'hostname': 'agent-guest', 'fs.count': '1', 'fs.0.mountpoint': '/mnt',
                         'fs.0.disk.0.alias': 'vda', 'disk.0.alias': 'vda',
                         'disk.0.name': '/dev/vda',
                         'if.0.name': 'lo', 'if.0.addr.0.addr': '127.0.0.1', 'user.count': '0',
                         'if.0.addr.0.prefix': '8'}.items():
        equal(said.get(field), value, field)
    equal(dom.guestInfo(libvirt.VIR_DOMAIN_GUEST_INFO_HOSTNAME), {'hostname': 'agent-guest'}, 'one')
    refused(libvirt.VIR_ERR_INVALID_ARG, '0x100', dom.guestInfo, 1 << 8)


def vcpus(d):
    """vCPUs switched on and off inside"""
    dom = d.dom('g')
    equal(dom.guestVcpus(), {'vcpus': '0-1', 'online': '0-1', 'offlinable': '1'}, 'guest vCPUs')
    dom.setGuestVcpus('1', 0)
    equal(dom.guestVcpus()['online'], '0', 'online')
    dom.setGuestVcpus('0-1', 1)
    equal(say(d, 'vcpucount', 'g', '--guest'), '2', 'vcpucount')
    say(d, 'setvcpus', 'g', '1', '--guest')
    equal(dom.vcpusFlags(libvirt.VIR_DOMAIN_VCPU_GUEST), 1, 'count')
    refused(libvirt.VIR_ERR_OPERATION_FAILED, 'can have 2 vCPUs at most', dom.setVcpusFlags, 3,
            libvirt.VIR_DOMAIN_VCPU_GUEST)
    say(d, 'setvcpus', 'g', '2', '--guest')
    equal(dom.guestVcpus()['online'], '0-1', 'online')
    for bad, why in (('5', 'no vCPU 5'), ('0', 'cannot be switched off'), ('x', 'no list'),
                     ('0,', 'no list'), ('9999', 'no list')):
        refused(libvirt.VIR_ERR_INVALID_ARG, why, dom.setGuestVcpus, bad, 0)


def stop_agent(d, seconds):
    """It stands still for so long."""
    agent(d, 'guest-exec', path='/bin/busybox', arg=[
        'sh', '-c', 'p=$(busybox pidof qemu-ga); busybox kill -STOP $p; '
        f'busybox sleep {seconds}; busybox kill -CONT $p'])

    def silent():
        try:
            agent(d, 'guest-ping', timeout=1)
        except libvirt.libvirtError as error:
            return error.get_error_code() in (UNRESPONSIVE, COMMAND_TIMEOUT)
        return False
    until(silent, 'it stands still')


def tool(d):
    """The same by virtjob"""
    equal(d('qemu-agent-command', 'g', '{"execute":"guest-ping"}').strip(), '{"return":{}}', 'raw')
    equal(d('qemu-agent-command', 'g', '{"execute":', '"guest-ping"}', '--pretty', '--block'),
          '{\n  "return": {}\n}\n', 'readable')
    equal(d('qemu-agent-command', 'g', '{"execute":"guest-ping"}', '--no-wait').strip(), '', 'sent')
    equal(d('domhostname', 'g'), 'agent-guest\n', 'domhostname')
    equal(d('domfsfreeze', 'g', '/nowhere'), 'Froze 0 filesystem(s)\n', 'none')
    equal(d('domfsfreeze', 'g'), 'Froze 1 filesystem(s)\n', 'all')
    equal(agent(d, 'guest-fsfreeze-status'), 'frozen', 'status')
    equal(d('domfsthaw', 'g'), 'Thawed 1 filesystem(s)\n', 'thawed')
    d('domtime', 'g', '--time', '1000000000')
    check(d('domtime', 'g').startswith('Time: 10000'), 'set')
    check(d('domtime', 'g', '--pretty').startswith('Time: 2001-09-09 0'), 'readable')
    d('domtime', 'g', '--now')
    d('domtime', 'g', '--sync')
    told = int(d('domtime', 'g').split()[1])
    check(abs(time.time() - told) < 60 * SLOWER, f'domtime: {told}')
    for words in (('domtime', 'g', '--now', '--sync'), ('domtime', 'g', '--now', '--time', '1'),
                  ('qemu-agent-command', 'g', '{}', '--block', '--timeout', '3')):
        try:
            fail(d(*words))
        except crash_lib.CommandFailed as error:
            equal(error.status, 2, f'{words}: {error}')


def standing_still(d):
    """One that stands still holds up those who ask it, and not for long"""
    dom = d.dom('g')
    stop_agent(d, 5 * SLOWER)
    say(d, 'guest-agent-timeout', 'g', '--timeout', '1')
    waiting = subprocess.Popen(['virsh', '-c', d.uri, 'qemu-agent-command', 'g', '--block',
                                '{"execute":"guest-ping"}'], stdout=subprocess.DEVNULL)
    start = time.monotonic()
    equal(dom.info()[0], RUNNING, 'others are answered')
    refused(UNRESPONSIVE, 'does not answer', dom.hostname)
    check(time.monotonic() - start < 10 * SLOWER, 'that took no longer than it may')
    waiting.kill()
    waiting.wait()
    d.term()
    d.start()
    until(lambda: guest_lib.error_of(d.dom('g').hostname).get_error_code() == UNRESPONSIVE,
          'its time limit is still known: the sync has failed')
    answers_again(d)
    dom = d.dom('g')
    refused(libvirt.VIR_ERR_INVALID_ARG, 'minimum', dom.agentSetResponseTimeout, -3)
    dom.agentSetResponseTimeout(-2)
    equal(dom.hostname(), 'agent-guest', 'it is as before')


def coming_back(d):
    """A daemon that comes back, also from a crash, and a guest from its image"""
    d.term()
    d.start()
    equal(d.dom('g').hostname(), 'agent-guest', 'found again')
    d.kill9()
    d.start()
    equal(say(d, 'domhostname', 'g'), 'agent-guest', 'after a crash')
    image = os.path.join(d.path, 'image')
    d.dom('g').save(image)
    d.conn.restore(image)
    os.unlink(image)
    equal(d.dom('g').hostname(), 'agent-guest', 'restored')


def sleeping(d):
    """To sleep, and awake again"""
    dom = d.dom('g')
    refused(ARGUMENT, 'duration', dom.pMSuspendForDuration, 0, 5)
    say(d, 'dompmsuspend', 'g', 'mem')
    d.in_state('g', libvirt.VIR_DOMAIN_PMSUSPENDED)
    refused(INVALID, 'does not run now', dom.hostname)
    dom.pMWakeup()
    d.in_state('g', RUNNING)
    answers_again(d)


def power(d):
    """Rebooted and shut down by it"""
    dom = d.dom('g')
    came_up(d)
    pid = d.qemu('g')
    say(d, 'reboot', 'g', '--mode', 'agent')
    came_up(d, 2)
    equal(d.qemu('g'), pid, 'the same process')
    answers_again(d)
    say(d, 'shutdown', 'g', '--mode', 'agent')
    d.in_state('g', SHUTOFF)
    refused(INVALID, 'not running', dom.hostname)
    d.forget_serial('g')
    dom.create()
    came_up(d)
    answers_again(d)
    stop_agent(d, 600)
    refused(UNRESPONSIVE, 'guest-shutdown', dom.shutdownFlags,
            libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT)
    say(d, 'shutdown', 'g')  # by the agent if it can, else by the button
    d.in_state('g', SHUTOFF)


def linux(d):
    """The agent in a Linux guest"""
    for step in (boot, raw, filesystems, clock, names, info, vcpus, tool, standing_still,
                 coming_back, sleeping, power):
        start = time.monotonic()
        step(d)
        print(f'    {step.__doc__} ({time.monotonic() - start:.1f} s)', flush=True)
    d.drop('g')


guest_lib.run(nobody, linux)
