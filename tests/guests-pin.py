#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where vCPUs and the other threads of a guest may run: what python-libvirt is told, and what the
kernel says of those threads."""

import os

import guest_lib
from guest_lib import INVALID, check, equal, error_of, libvirt, refused

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
INVALID_ARG, XML_ERROR = libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_XML_ERROR
MINE = sorted(os.sched_getaffinity(0))
ONE, OTHER = {MINE[0]}, {MINE[-1]}


def define(d, name, elements='', vcpu='<vcpu>2</vcpu>'):
    return d.conn.defineXML(d.xml(name, elements=elements).replace('<vcpu>1</vcpu>', vcpu))


def cpuset(cpus):
    return ','.join(map(str, sorted(cpus)))


def cpumap(d, cpus):
    """As python-libvirt takes it."""
    return tuple(cpu in cpus for cpu in range(d.conn.getCPUMap()[0]))


def pinned(dom, flags=0):
    """[CPUs of each vCPU], CPUs of the emulator: as the definition has them"""
    def cpus(one):
        return {cpu for cpu, on in enumerate(one) if on}
    return [cpus(one) for one in dom.vcpuPinInfo(flags)], cpus(dom.emulatorPinInfo(flags))


def threads(d, name):
    """({vCPU: its CPUs}, [CPUs of each other thread]): as the kernel has them"""
    vcpus, others = {}, []
    pid = d.qemu(name)
    for thread in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{thread}/comm') as file:
            comm = file.read()
        cpus = os.sched_getaffinity(int(thread))
        if comm.startswith('CPU '):
            vcpus[int(comm.split()[1].split('/')[0])] = cpus
        else:
            others.append(cpus)
    return vcpus, others


def live(d):
    """Threads of a guest that runs"""
    dom = define(d, 'g')
    everywhere = set(range(d.conn.getCPUMap()[0]))
    dom.create()
    d.booted('g')
    equal(pinned(dom), ([everywhere, everywhere], everywhere), 'where nothing is pinned')
    dom.pinVcpu(1, cpumap(d, ONE))
    dom.pinVcpuFlags(0, cpumap(d, OTHER), 0)
    equal(threads(d, 'g')[0], {0: OTHER, 1: ONE}, 'where the vCPUs may run')
    dom.pinEmulator(cpumap(d, OTHER), LIVE)
    vcpus, others = threads(d, 'g')
    equal(vcpus, {0: OTHER, 1: ONE}, 'the vCPUs, as before')
    check(all(cpus == OTHER for cpus in others), f'other threads: {others}')
    equal(pinned(dom), ([OTHER, ONE], OTHER), 'what is told')
    equal(pinned(dom, CONFIG), ([everywhere, everywhere], everywhere), 'for its next start')
    infos, maps = dom.vcpus()
    equal([info[:2] for info in infos], [(0, 1), (1, 1)], 'vCPUs and their states')
    check({info[3] for info in infos} <= set(MINE), f'where they ran last: {infos}')
    check(infos[0][2] > 0, f'what the first has used: {infos}')
    equal(maps, [cpumap(d, OTHER), cpumap(d, ONE)], 'and may run')
    d.kill9()
    d.start()
    dom = d.dom('g')
    equal(pinned(dom), ([OTHER, ONE], OTHER), 'what the next daemon tells')
    d.drop('g')


def config(d):
    """Threads of its next start"""
    dom = define(d, 'g', vcpu=f"<vcpu cpuset='{cpuset(OTHER)}'>3</vcpu>", elements=f'''<cputune>
        <vcpupin vcpu='1' cpuset='{cpuset(ONE)}'/><vcpupin vcpu='9' cpuset='{cpuset(ONE)}'/>
        </cputune>''')
    equal(pinned(dom), ([OTHER, ONE, OTHER], OTHER), 'as it was defined')
    dom.pinVcpuFlags(2, cpumap(d, ONE), CONFIG)
    dom.pinEmulator(cpumap(d, ONE), 0)
    equal(pinned(dom), ([OTHER, ONE, ONE], ONE), 'as it was changed')
    dom.create()
    d.booted('g')
    vcpus, others = threads(d, 'g')
    equal(vcpus, {0: OTHER, 1: ONE, 2: ONE}, 'where the vCPUs may run')
    check(all(cpus == ONE for cpus in others), f'other threads: {others}')
    dom.pinVcpuFlags(0, cpumap(d, ONE), LIVE | CONFIG)
    equal(threads(d, 'g')[0][0], ONE, 'of both, the live one')
    path = os.path.join(d.path, 'image')
    dom.save(path)
    equal(pinned(dom), ([ONE, ONE, ONE], ONE), 'of both, the next start')
    d.conn.restore(path)
    equal(threads(d, 'g')[0], {0: ONE, 1: ONE, 2: ONE}, 'where it runs once it is restored')
    os.unlink(path)
    d.drop('g')


def used(d):
    """What a guest has used"""
    dom = define(d, 'g')
    dom.create()
    d.booted('g')
    [total] = dom.getCPUStats(True)
    equal(set(total), {'cpu_time', 'user_time', 'system_time'}, 'what is told')
    equal(total['cpu_time'], total['user_time'] + total['system_time'], 'the sum')
    check(0 < total['cpu_time'] <= dom.info()[4], f'{total}, then {dom.info()}')
    refused(INVALID, 'cgroup', dom.getCPUStats, False)
    equal(dom.ioThreadInfo(), [], 'I/O threads')
    d.drop('g')


def wrong(d):
    """What cannot be pinned"""
    dom = define(d, 'g')
    before = dom.XMLDesc()
    refused(INVALID, 'not running', dom.pinVcpu, 0, cpumap(d, ONE))
    refused(INVALID, 'not running', dom.pinEmulator, cpumap(d, ONE), LIVE)
    refused(INVALID, 'not running', dom.vcpus)
    refused(INVALID_ARG, 'persistent cpu count 2', dom.pinVcpuFlags, 2, cpumap(d, ONE), CONFIG)
    refused(INVALID_ARG, 'empty', dom.pinVcpuFlags, 0, cpumap(d, set()), CONFIG)
    equal(dom.XMLDesc(), before, 'the definition')
    dom.create()
    refused(INVALID_ARG, 'live cpu count 2', dom.pinVcpu, 2, cpumap(d, ONE))
    refused(INVALID_ARG, 'persistent cpu count 2', dom.pinVcpuFlags, (1 << 31) - 1,
            cpumap(d, ONE), CONFIG)
    d.drop('g')
    pin = "<vcpupin vcpu='0' cpuset='%s'/>" % cpuset(ONE)
    for element, says in (("<vcpupin vcpu='0' cpuset='x'/>", "'x'"),
                          ("<vcpupin vcpu='0' cpuset='3-1'/>", "'3-1'"),
                          ("<vcpupin vcpu='0'/>", 'cpuset'), (pin + pin, 'duplicate'),
                          ("<vcpupin vcpu='-1' cpuset='0'/>", "'-1'"),
                          ("<emulatorpin cpuset='99999'/>", "'99999'")):
        refused(XML_ERROR, says, define, d, 'bad', f'<cputune>{element}</cputune>')
    # what cannot be kept is not started
    define(d, 'g', "<cputune><shares>1000</shares></cputune>")
    refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, '<shares>', d.dom('g').create)
    define(d, 'h', "<cputune><vcpupin vcpu='1' cpuset='16000'/></cputune>")
    check('16000' in str(error_of(d.dom('h').create)), 'a CPU that is not there')
    d.drop('g', 'h')


guest_lib.run(live, config, used, wrong)
