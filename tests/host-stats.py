#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the host has done and has left, by python-libvirt, compared with what the kernel says."""

import os

import guest_lib
from guest_lib import check, equal, libvirt, refused

INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG


def read(path):
    with open(path) as file:
        return file.read()


def cpu_times(name):
    [line] = [line for line in read('/proc/stat').splitlines() if line.split()[0] == name]
    return [int(word) * 1000000000 // os.sysconf('SC_CLK_TCK') for word in line.split()[1:]]


def cpus(d):
    """Times of the CPUs, and which there are"""
    for cpu, name in (-1, 'cpu'), (0, 'cpu0'):
        before = cpu_times(name)
        stats = d.conn.getCPUStats(cpu)
        after = cpu_times(name)
        equal(set(stats), {'kernel', 'user', 'idle', 'iowait'}, 'what is told')
        for field, at in ('idle', 3), ('iowait', 4):
            check(before[at] <= stats[field] <= after[at], f'{field} of {name}: {stats}')
        check(before[0] + before[1] <= stats['user'] <= after[0] + after[1], f'user: {stats}')
    refused(INVALID_ARG, '99999', d.conn.getCPUStats, 99999)
    present, cpumap, online = d.conn.getCPUMap()
    equal(len(cpumap), present, 'CPUs in the map')
    equal(sum(cpumap), online, 'those online')
    equal(online, os.sysconf('SC_NPROCESSORS_ONLN'), 'as the kernel counts them')


def memory(d):
    """Memory of the host, of a cell, and free pages"""
    stats = d.conn.getMemoryStats(-1)
    equal(set(stats), {'total', 'free', 'buffers', 'cached'}, 'what is told')
    [total] = [line.split()[1] for line in read('/proc/meminfo').splitlines()
               if line.startswith('MemTotal:')]
    equal(stats['total'], int(total), 'all memory')
    equal(set(d.conn.getMemoryStats(0)), {'total', 'free'}, 'what is told of a cell')
    refused(INVALID_ARG, '999', d.conn.getMemoryStats, 999)
    page = os.sysconf('SC_PAGESIZE') // 1024
    pages = d.conn.getFreePages([page], 0, 1)
    check(0 < pages[0][page] <= stats['total'] / page, f'free pages: {pages}')
    refused(libvirt.VIR_ERR_OPERATION_FAILED, 'page size 3', d.conn.getFreePages, [3], 0, 1)
    refused(INVALID_ARG, 'start cell 999', d.conn.getFreePages, [page], 999, 1)


def firmware(d):
    """What the firmware calls it, where there is one"""
    if os.path.exists('/sys/class/dmi/id/sys_vendor'):
        vendor = read('/sys/class/dmi/id/sys_vendor').strip()
        check(f"<entry name='manufacturer'>{vendor}" in d.conn.getSysinfo(), 'its maker')
    else:
        refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, 'SMBIOS', d.conn.getSysinfo)


guest_lib.run(cpus, memory, firmware)
