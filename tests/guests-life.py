#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's life: started, paused, reset, rebooted, shut down, destroyed; its state each time.

The last test does the same to a Linux, whose own ACPI answers to the power button.
"""

import os

import guest_lib
from guest_lib import (ASYNC, CRASHED, INVALID, NO_DOMAIN, PAUSED, RUNNING, SHUTDOWN, SHUTOFF,
                       check, equal, libvirt, refused, until)

BOOTED, UNPAUSED = libvirt.VIR_DOMAIN_RUNNING_BOOTED, libvirt.VIR_DOMAIN_RUNNING_UNPAUSED
OFF, DESTROYED = libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN, libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED
OFF_CRASHED = libvirt.VIR_DOMAIN_SHUTOFF_CRASHED
BY_USER = libvirt.VIR_DOMAIN_PAUSED_USER
PANIC = "<panic model='isa'/>"


def boots(d, name, times):
    until(lambda: d.serial(name).count(b'F') == times, f'{name} has booted {times} times', 60)


def defined(d):
    """Defined, started, paused, reset, destroyed"""
    dom = d.define('g', then='tick')
    equal((d.state('g')[0], dom.ID(), dom.isPersistent()), (SHUTOFF, -1, 1), 'defined')
    dom.create()
    equal(d.state('g'), (RUNNING, BOOTED), 'started')
    first, pid = d.dom('g').ID(), d.qemu('g')
    check(first > 0, f'id {first}')
    equal(d.conn.lookupByID(first).UUIDString(), dom.UUIDString(), 'lookup by id')
    d.ticks('g')
    state, maximum, memory, vcpus, cpu_time = dom.info()
    equal((state, maximum, memory, vcpus), (RUNNING, 16384, 16384, 1), 'info')
    check(cpu_time > 0, 'CPU time')
    dom.suspend()
    equal(d.state('g'), (PAUSED, BY_USER), 'suspended')
    equal(d.qmp('g', 'query-status')['status'], 'paused', "QEMU's word")
    dom.suspend()  # libvirt allows that too
    dom.resume()
    equal(d.state('g'), (RUNNING, UNPAUSED), 'resumed')
    d.ticks('g')
    dom.reset()
    boots(d, 'g', 2)
    equal((d.state('g')[0], d.qemu('g')), (RUNNING, pid), 'reset: the same process')
    dom.destroy()
    equal((d.state('g'), d.dom('g').ID()), ((SHUTOFF, DESTROYED), -1), 'destroyed')
    check(guest_lib.is_gone(pid), 'its process is gone when the call returns')
    dom.create()
    check(d.dom('g').ID() > first, 'another id')
    dom.destroyFlags(libvirt.VIR_DOMAIN_DESTROY_GRACEFUL)
    equal(d.state('g'), (SHUTOFF, DESTROYED), 'destroyed gracefully')
    dom.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    equal(d.state('g'), (PAUSED, BY_USER), 'started paused')
    equal(d.qmp('g', 'query-status')['running'], False, "QEMU's word")
    dom.undefine()
    equal((dom.isPersistent(), dom.isActive()), (0, 1), 'undefined while it runs: transient')
    dom.destroy()
    refused(NO_DOMAIN, 'g', d.dom, 'g')


def power_button(d):
    """Shutdown and reboot by the power button"""
    dom = d.boot('g', then='tick')
    pid = d.qemu('g')
    dom.reboot()
    boots(d, 'g', 2)
    d.in_state('g', RUNNING)
    equal(d.qemu('g'), pid, 'rebooted: the same process')
    dom.shutdown()
    d.in_state('g', SHUTOFF, OFF)
    until(lambda: guest_lib.is_gone(pid), 'its process is gone')
    d.forget_serial('g')
    dom.create()
    d.booted('g')
    dom.reboot()
    try:
        dom.shutdown()  # asked for after it: it is one, or the reboot was quicker
    except libvirt.libvirtError as error:  # or it is one, and had ended before it was told again
        check('closed its monitor' in str(error) or 'not running' in str(error), str(error))
    until(lambda: d.state('g')[0] == SHUTOFF or d.serial('g').count(b'F') == 2, 'either')
    d.drop('g')


def asleep(d):
    """One that suspends itself is woken up, and nothing else until then"""
    dom = d.define('sleeps', then='sleep')
    dom.create()
    d.in_state('sleeps', libvirt.VIR_DOMAIN_PMSUSPENDED)
    for call in (dom.suspend, dom.resume):
        refused(INVALID, 'pmsuspended', call)
    check('pmsuspended' in d('domstate', 'sleeps'), 'as virtjob says it')
    d('dompmwakeup', 'sleeps')
    d.in_state('sleeps', RUNNING)
    refused(INVALID, 'not pmsuspended', dom.pMWakeup)
    d('inject-nmi', 'sleeps')
    d.drop('sleeps')


def transient(d):
    """A transient one exists only while it runs"""
    dom = d.conn.createXML(d.xml('t'), 0)
    equal((d.state('t'), dom.isPersistent()), ((RUNNING, BOOTED), 0), 'created')
    refused(INVALID, 't', dom.undefine)
    refused(INVALID, 't', dom.create)
    dom.destroy()
    refused(NO_DOMAIN, 't', d.dom, 't')
    dom = d.conn.createXML(d.xml('t', then='off'), libvirt.VIR_DOMAIN_START_PAUSED)
    equal(d.state('t'), (PAUSED, BY_USER), 'created paused')
    dom.resume()
    until(lambda: d.names() == [], 'it has powered off and is gone')
    dom = d.conn.createXML(d.xml('t'), ASYNC)
    equal(d.dom('t').UUIDString(), dom.UUIDString(), 'found while a job makes it')
    d.in_state('t', RUNNING, BOOTED)
    d.define('t', uuid=dom.UUIDString())
    equal(dom.isPersistent(), 1, 'defined while it runs: persistent')
    dom.destroy()
    equal(d.state('t'), (SHUTOFF, DESTROYED), 'it stays')
    d.drop('t')


def poweroff_actions(d):
    """on_poweroff: destroy, preserve, restart"""
    dom = d.define('g', then='off')
    dom.create()
    d.in_state('g', SHUTOFF, OFF)
    dom = d.define('g', then='off', uuid=dom.UUIDString(),
                   elements='<on_poweroff>preserve</on_poweroff>')
    dom.create()
    d.in_state('g', SHUTDOWN, libvirt.VIR_DOMAIN_SHUTDOWN_USER)
    check(dom.isActive() and d.qemu('g'), 'its process stays')
    dom.destroy()
    equal(d.state('g'), (SHUTOFF, DESTROYED), 'destroyed')
    dom = d.define('g', then='tick', uuid=dom.UUIDString(),
                   elements='<on_poweroff>restart</on_poweroff>')
    d.forget_serial('g')
    dom.create()
    d.booted('g')
    pid = d.qemu('g')
    dom.shutdown()
    boots(d, 'g', 2)
    d.in_state('g', RUNNING)
    equal(d.qemu('g'), pid, 'the same process')
    d.drop('g')


def crash_actions(d):
    """on_crash: destroy, preserve, restart, coredump-destroy"""
    dom = d.define('g', then='panic', devices=PANIC)
    dom.create()
    d.in_state('g', SHUTOFF, OFF_CRASHED)
    d.drop('g')
    dom = d.define('g', then='panic', devices=PANIC, elements='<on_crash>preserve</on_crash>')
    dom.create()
    d.in_state('g', CRASHED, libvirt.VIR_DOMAIN_CRASHED_PANICKED)
    dom.reset()
    equal(d.state('g')[0], PAUSED, 'reset: it waits for its resume')
    d.drop('g')
    d.forget_serial('g')
    dom = d.define('g', then='panic', devices=PANIC, elements='<on_crash>restart</on_crash>')
    dom.create()
    until(lambda: d.serial('g').count(b'F') > 2, 'it has crashed and restarted twice', 60)
    d.drop('g')
    dom = d.define('g', then='panic', devices=PANIC,
                   elements='<on_crash>coredump-destroy</on_crash>')
    dom.create()
    d.in_state('g', SHUTOFF, OFF_CRASHED)
    [dump] = os.listdir(f'{d.dir}/state/dump')
    with open(f'{d.dir}/state/dump/{dump}', 'rb') as file:
        equal(file.read(4), b'\x7fELF', 'the dump')
    os.unlink(f'{d.dir}/state/dump/{dump}')
    d.drop('g')


def autostart(d):
    """Marked so, a domain starts with the daemon; others stay as they are"""
    runs, auto, off = d.boot('runs'), d.define('auto'), d.define('off')
    auto.setAutostart(1)
    runs.setAutostart(1)
    equal((auto.autostart(), off.autostart()), (1, 0), 'marks')
    pid = d.qemu('runs')
    d.term()
    check(not guest_lib.is_gone(pid), 'a guest outlives its daemon')
    d.start()
    d.in_state('auto', RUNNING, BOOTED)
    equal((d.state('runs')[0], d.qemu('runs')), (RUNNING, pid), 'what ran runs on')
    equal((d.state('off')[0], d.dom('auto').autostart()), (SHUTOFF, 1), 'the others')
    d.dom('auto').setAutostart(0)
    d.dom('auto').destroy()
    d.term()
    d.start()
    equal(d.state('auto')[0], SHUTOFF, 'no longer marked')
    d.drop('runs', 'auto', 'off')


def balloon(d, dom):
    """Its driver gives memory back; a restarted daemon knows, and a restored guest does again."""
    whole, less = dom.maxMemory(), dom.maxMemory() - (16 << 10)
    image = os.path.join(d.path, 'image')
    dom.setMemory(less)
    until(lambda: dom.info()[2] == less, 'memory given back', 60)
    check(f"<currentMemory unit='KiB'>{less}<" in dom.XMLDesc(), 'its XML')
    check(f"<currentMemory unit='KiB'>{whole}<" in
          dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), 'its definition')
    d.term()
    d.start()
    dom = d.dom('linux')
    until(lambda: dom.info()[2] == less, 'memory of one that was found again')
    dom.save(image)
    d.conn.restore(image)
    os.unlink(image)
    until(lambda: dom.info()[2] == less, 'memory of a restored one', 60)
    dom.setMemory(whole)
    until(lambda: dom.info()[2] == whole, 'memory taken again', 60)
    return dom


def linux(d):
    """A Linux guest: shut down and rebooted over ACPI, and its memory changed"""
    guest = guest_lib.tiny_guest()
    if not guest:
        return
    kernel, initrd = guest
    xml = d.xml('linux', mib=112)
    boot = f"<kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>console=ttyS0</cmdline>"
    xml = xml.replace(f"<kernel>{d.kernel()}</kernel>", boot).replace("model='none'", "model='virtio'")
    dom = d.conn.defineXML(xml)
    d.forget_serial('linux')
    dom.create()
    until(lambda: b'tiny guest is up' in d.serial('linux'), 'Linux is up', 120)
    dom.reboot()
    until(lambda: d.serial('linux').count(b'tiny guest is up') == 2, 'it is up again', 120)
    equal(d.state('linux')[0], RUNNING, 'rebooted')
    dom = balloon(d, dom)
    dom.shutdown()
    d.in_state('linux', SHUTOFF, OFF)
    d.drop('linux')


guest_lib.run(defined, power_button, asleep, transient, poweroff_actions, crash_actions, autostart,
              linux)
