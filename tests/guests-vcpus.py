#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vCPUs of a guest one by one: plugged in live, on or off at its next start, by python-libvirt and
what QEMU says of it."""

import os
import re

import guest_lib
from guest_lib import INVALID, equal, libvirt, refused

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
HOTPLUGGABLE = libvirt.VIR_DOMAIN_VCPU_HOTPLUGGABLE
INVALID_ARG, UNSUPPORTED = libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_OPERATION_UNSUPPORTED


def define(d, count, current=None, elements=''):
    vcpu = f"<vcpu{f''' current='{current}' ''' if current else ''}>{count}</vcpu>"
    return d.conn.defineXML(d.xml('g', elements=elements).replace('<vcpu>1</vcpu>', vcpu))


def on(d):
    """Those that QEMU has."""
    return sorted(cpu['cpu-index'] for cpu in d.qmp('g', 'query-cpus-fast'))


def listed(dom, flags=0):
    return [(on == 'yes', hotpluggable == 'yes', order and int(order))
            for on, hotpluggable, order in re.findall(
                r"<vcpu id='\d+' enabled='(\w+)' hotpluggable='(\w+)'(?: order='(\d+)')?/>",
                dom.XMLDesc(flags))]


def live(d):
    """Plugged in, and there again once the guest is restored"""
    cpus = sorted(os.sched_getaffinity(0))
    dom = define(d, 4, 1, f"<cputune><vcpupin vcpu='2' cpuset='{cpus[-1]}'/></cputune>")
    dom.create()
    d.booted('g')
    equal((on(d), listed(dom)), ([0], []), 'at its start')
    dom.setVcpu('2', 1, LIVE)
    off = (False, True, '')
    equal((on(d), listed(dom)), ([0, 2], [(True, False, 1), off, (True, True, 2), off]), 'one more')
    [thread] = [cpu['thread-id'] for cpu in d.qmp('g', 'query-cpus-fast') if cpu['cpu-index'] == 2]
    equal(os.sched_getaffinity(thread), {cpus[-1]}, 'where its thread may run')
    infos, maps = dom.vcpus()
    equal(([info[0] for info in infos], len(maps)), ([0, 2], 2), 'what is told')
    dom.setVcpusFlags(3, LIVE)
    equal((on(d), dom.info()[3], dom.vcpusFlags(CONFIG)), ([0, 1, 2], 3, 1), 'and the next')
    for code, says, *args in (
            (INVALID_ARG, "vcpu '2' is already", '2', 1, LIVE),
            (INVALID_ARG, 'vcpu 9 is not present in live', '9', 1, LIVE),
            (INVALID_ARG, 'unsupported state', '3', 5, LIVE),
            (INVALID_ARG, "parse bitmap '0-'", '0-', 1, LIVE),
            (UNSUPPORTED, "vcpu '2' can't be unplugged", '2', 0, LIVE),
            (INVALID, 'only one hotpluggable entity', '3-9', 1, LIVE)):
        refused(code, says, dom.setVcpu, *args)
    refused(UNSUPPORTED, 'none is taken out', dom.setVcpusFlags, 2, LIVE)
    before = listed(dom)
    image = os.path.join(d.path, 'image')
    dom.save(image)
    d.conn.restore(image)
    os.unlink(image)
    equal((on(d), listed(dom)), ([0, 1, 2], before), 'once it is restored')
    d.kill9()
    d.start()
    dom = d.dom('g')
    dom.setVcpu('3', 1, LIVE)
    equal(on(d), [0, 1, 2, 3], 'by the next daemon')
    d.drop('g')


def config(d):
    """On or off at its next start"""
    dom = define(d, 4, 1)
    dom.setVcpu('1,3', 1, CONFIG)
    off, more = (False, True, ''), (True, True, '')
    equal(listed(dom), [(True, False, ''), more, off, more], 'the definition')
    dom.setVcpu('1', 0, CONFIG)
    refused(INVALID_ARG, "vCPU '0' can't be modified", dom.setVcpu, '0', 0, CONFIG)
    refused(INVALID, 'not running', dom.setVcpu, '1', 1, LIVE)
    dom.create()
    d.booted('g')
    equal((on(d), dom.info()[3]), ([0, 3], 2), 'once it runs')
    dom.destroy()
    dom.setVcpusFlags(3, CONFIG | HOTPLUGGABLE)
    equal(listed(dom), [(True, False, ''), more, off, more], 'by their number')
    dom.setVcpusFlags(1, CONFIG)
    equal(listed(dom), [(True, False, ''), off, off, off], 'and fewer')
    d.drop('g')


guest_lib.run(live, config)
