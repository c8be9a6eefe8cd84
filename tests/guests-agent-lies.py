#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest agent that says whatever it likes: what makes sense is passed on, the rest is an error
that says so, and never more than that."""

import json
import os
import re
import time

import fake_qemu
import guest_lib
from guest_lib import EMULATOR, SLOWER, check, equal, error_of, libvirt, libvirt_qemu, until

INTERNAL, UNSUPPORTED = libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_OPERATION_UNSUPPORTED
FAKE = os.path.abspath(fake_qemu.__file__)
FROM_AGENT = libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT
MANY = '[' + ','.join(['{}'] * 5000) + ']'
NUMBERS = ('{}', '"7"', 'null', '[]', '-1', '1.5', '18446744073709551615')
LISTS = ('{}', '7', 'null', '"x"', '[7]', '[{}]', '[[]]', MANY)
DEVICES = '''<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<disk type='file'><driver name='qemu' type='raw'/><source file='{0}'/>
 <target dev='vdb' bus='virtio'/></disk>
<disk type='file'><driver name='qemu' type='raw'/><source file='{1}'/>
 <target dev='sdc' bus='sata'/></disk>'''


def guest_vcpus(dom):
    """The binding overlooks its error."""
    got = dom.guestVcpus()
    if got is None:
        raise libvirt.libvirtError('virDomainGetGuestVcpus() failed')
    return got


# what is called, what that asks, and what is no answer to it
LIES = (
    (lambda dom: dom.hostname(), 'guest-get-host-name',
     ('{}', '7', '[]', 'null', '{"host-name": 7}', '{"host-name": null}')),
    (lambda dom: dom.getTime(), 'guest-get-time', NUMBERS),
    (lambda dom: dom.fsFreeze(), 'guest-fsfreeze-freeze', NUMBERS + ('4294967296',)),
    (lambda dom: dom.fsThaw(), 'guest-fsfreeze-thaw', NUMBERS),
    (lambda dom: dom.fsInfo(), 'guest-get-fsinfo', LISTS + (
        '[{"mountpoint": "/", "name": "a"}]', '[{"mountpoint": 1, "name": "a", "type": "b"}]',
        '[{"mountpoint": "/", "name": "a", "type": "b", "disk": 7}]')),
    (lambda dom: dom.interfaceAddresses(FROM_AGENT), 'guest-network-get-interfaces', LISTS + (
        '[{"name": "a", "ip-addresses": 7}]', '[{"name": "a", "ip-addresses": [{}]}]',
        '[{"name": "a", "ip-addresses": [{"ip-address-type": "ipv5", "ip-address": "1", '
        '"prefix": 1}]}]',
        '[{"name": "a", "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "1", '
        '"prefix": 129}]}]')),
    (guest_vcpus, 'guest-get-vcpus', LISTS + (
        '[{"logical-id": -1, "online": true}]', '[{"logical-id": 4096, "online": true}]',
        '[{"logical-id": 0, "online": 1}]')),
    (lambda dom: dom.authorizedSSHKeysGet('x'), 'guest-ssh-get-authorized-keys',
     ('{}', '[]', '{"keys": 7}', '{"keys": [7]}')),
)
# the same for a kind of information
INFO_LIES = (
    (1, 'guest-get-users', LISTS + ('[{"user": "x", "login-time": -1}]',
                                    '[{"user": "x", "login-time": 1e300}]')),
    (4, 'guest-get-timezone', ('{}', '{"offset": "x"}', '{"offset": 4294967296}')),
    (8, 'guest-get-host-name', ('{}', '7')),
    (16, 'guest-get-fsinfo', LISTS + ('[{"mountpoint": "/", "name": "a", "type": "b", '
                                      '"total-bytes": -1}]',)),
    (32, 'guest-get-disks', LISTS + ('[{"name": "a", "dependencies": [7]}]',)),
    (64, 'guest-network-get-interfaces', LISTS),
)


class Lying(guest_lib.Guests):
    def emulator(self):
        path = os.path.join(self.dir, 'qemu-lying')
        with open(path, 'w') as file:
            file.write(f'''#!/bin/sh
case $* in
*guest=*) exec /usr/bin/python3 -B {FAKE} "$0.mode" "$@" ;;
esac
exec {EMULATOR} "$@"
''')
        os.chmod(path, 0o755)
        with open(path + '.mode', 'w') as file:
            file.write('plays')
        return path

    def agent_says(self, **answers):
        with open(os.path.join(self.dir, 'qemu-lying.mode.agent'), 'w') as file:
            json.dump({name.replace('_', '-'): text for name, text in answers.items()}, file)

    def begin_guest(self):
        disks = [os.path.join(self.dir, name) for name in ('one', 'two')]
        for path in disks:
            with open(path, 'wb') as file:
                file.truncate(1 << 20)
        dom = self.define('g', emulator=self.emulator(), devices=DEVICES.format(*disks))
        self.agent_says(guest_ping='{}')
        dom.create()

        def there():
            try:
                return libvirt_qemu.qemuAgentCommand(dom, '{"execute":"guest-ping"}', -1, 0)
            except libvirt.libvirtError:
                return None
        until(there, 'the agent answers')
        return dom


def place(dom, target):
    """What the guest would call the place of that disk."""
    def address_in(part):
        return dict(re.findall(r"(\w+)='([^']*)'", re.search(r'<address ([^/]*)/>', part)[1]))
    xml = dom.XMLDesc()
    [disk] = [part for part in xml.split('<disk ') if f"dev='{target}'" in part]
    address = address_in(disk)
    drive = {'bus': 0, 'target': 0, 'unit': 0}
    if address['type'] == 'drive':
        drive = {key: int(address[key]) for key in drive}
        [node] = [part for part in xml.split('<controller ')[1:]
                  if part.startswith("type='sata' index='0'")]
        address = address_in(node)
    pci = {key: int(address[key], 0) for key in ('domain', 'bus', 'slot', 'function')}
    return dict(drive, **{'pci-controller': pci, 'bus-type': 'x', 'serial': 'S1', 'dev': '/dev/x'})


def lies(d):
    """No lie is passed on, and none does harm"""
    dom = d.begin_guest()
    for call, command, answers in LIES:
        for answer in answers:
            d.agent_says(**{command: answer})
            error = error_of(call, dom)
            equal(error.get_error_code(), INTERNAL, f'{command} says {answer[:60]}: {error}')
        d.agent_says()
        equal(error_of(call, dom).get_error_code(), UNSUPPORTED, f'{command} is not there')
    for bit, command, answers in INFO_LIES:
        for answer in answers:
            d.agent_says(**{command: answer})
            error = error_of(dom.guestInfo, bit)
            check(error.get_error_code() in (INTERNAL, libvirt.VIR_ERR_RPC),
                  f'{command} says {answer[:60]}: {error}')
        d.agent_says()
        equal(error_of(dom.guestInfo, bit).get_error_code(), UNSUPPORTED, f'{command}')
    d.drop('g')


def vcpu_lies(d):
    """vCPUs that it has changed, and not"""
    dom = d.begin_guest()
    three = json.dumps([{'logical-id': i, 'online': True, 'can-offline': i > 0} for i in range(3)])
    for answer in ('0', '-1', '3', '"x"', '{}'):
        d.agent_says(guest_get_vcpus=three, guest_set_vcpus=answer)
        equal(error_of(dom.setGuestVcpus, '1-2', 0).get_error_code(), INTERNAL, answer)
    d.agent_says(guest_get_vcpus=three, guest_set_vcpus='1')  # one at a time
    dom.setGuestVcpus('1-2', 0)
    dom.setVcpusFlags(1, libvirt.VIR_DOMAIN_VCPU_GUEST)
    dom.setGuestVcpus('1-2', 1)  # they are
    equal(dom.guestVcpus(), {'vcpus': '0-2', 'online': '0-2', 'offlinable': '1-2'}, 'vCPUs')
    d.drop('g')


def truths(d):
    """What makes sense is passed on"""
    dom = d.begin_guest()
    d.agent_says(guest_get_fsinfo=json.dumps([
        {'mountpoint': '/', 'name': 'a', 'type': 'ext4', 'disk': [
            place(dom, 'vdb'), place(dom, 'sdc'), dict(place(dom, 'sdc'), unit=7), {}]}]))
    [found] = dom.fsInfo()
    equal((found[0], found[1], found[2], found[3]), ('/', 'a', 'ext4', ['vdb', 'sdc']), 'fsInfo')
    info = dom.guestInfo(16)
    equal((info['fs.0.disk.count'], info['fs.0.disk.1.alias'], info['fs.0.disk.0.serial'],
           info['fs.0.disk.0.device']), (4, 'sdc', 'S1', '/dev/x'), 'guestInfo')
    d.agent_says(guest_network_get_interfaces=json.dumps([
        {'name': 'eth0', 'hardware-address': '52:54:00:00:00:01', 'ip-addresses': [
            {'ip-address-type': 'ipv4', 'ip-address': '192.0.2.1', 'prefix': 24}]},
        {'name': 'eth0:1', 'ip-addresses': [
            {'ip-address-type': 'ipv6', 'ip-address': '2001:db8::1', 'prefix': 64}]},
        {'name': 'bare'}]))
    equal(dom.interfaceAddresses(FROM_AGENT), {
        'eth0': {'hwaddr': '52:54:00:00:00:01', 'addrs': [
            {'addr': '192.0.2.1', 'prefix': 24, 'type': 0},
            {'addr': '2001:db8::1', 'prefix': 64, 'type': 1}]},
        'bare': {'hwaddr': None, 'addrs': None}}, 'addresses')
    d.agent_says(guest_get_users=json.dumps([{'user': 'x', 'login-time': 1.5, 'domain': 'y'}]))
    equal(dom.guestInfo(), {'user.count': 1, 'user.0.name': 'x', 'user.0.domain': 'y',
                            'user.0.login-time': 1500}, 'what it knows')
    d.agent_says(guest_get_disks=json.dumps([
        {'name': '/dev/x', 'partition': True, 'dependencies': ['/dev/y'], 'alias': 'luks',
         'address': place(dom, 'vdb')}]))
    equal(dom.guestInfo(32), {
        'disk.count': 1, 'disk.0.name': '/dev/x', 'disk.0.partition': True,
        'disk.0.dependency.count': 1, 'disk.0.dependency.0.name': '/dev/y', 'disk.0.serial': 'S1',
        'disk.0.guest_bus': 'x', 'disk.0.guest_alias': 'luks', 'disk.0.alias': 'vdb'}, 'disks')
    d.agent_says(guest_get_fsinfo='[' + ','.join(
        ['{"mountpoint": "/", "name": "a", "type": "b"}'] * 700) + ']')
    equal(error_of(dom.guestInfo, 16).get_error_code(), libvirt.VIR_ERR_RPC, 'too much of it')
    begun = time.monotonic()
    d.agent_says(guest_get_host_name=json.dumps({'host-name': 'x' * (3 << 20)}))
    equal(len(dom.hostname()), 3 << 20, 'a long name')
    d.agent_says(guest_get_host_name=json.dumps({'host-name': 'x' * (5 << 20)}))
    equal(error_of(dom.hostname).get_error_code(), libvirt.VIR_ERR_AGENT_UNRESPONSIVE, 'too long')
    d.agent_says(guest_get_host_name=json.dumps({'host-name': 'x'}))
    equal(dom.hostname(), 'x', 'and on')
    check(time.monotonic() - begun < 30 * SLOWER, 'that took no time')
    d.drop('g')


guest_lib.run(lies, vcpu_lies, truths, guests=Lying)
