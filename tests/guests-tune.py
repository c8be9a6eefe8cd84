#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Limits that need control groups: nothing pretends to set one, by python-libvirt."""

import guest_lib
from guest_lib import equal, libvirt, refused

UNSUPPORTED = libvirt.VIR_ERR_OPERATION_UNSUPPORTED
LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
SESSION = 'not available in session mode'


def tuning(d):
    """None is set, and none is promised"""
    dom = d.define('g')
    before = dom.XMLDesc()
    for flags in 0, CONFIG:
        refused(UNSUPPORTED, f'CPU tuning is {SESSION}', dom.setSchedulerParametersFlags,
                {'cpu_shares': 9}, flags)
        refused(UNSUPPORTED, f'Memory tuning is {SESSION}', dom.memoryParameters, flags)
        refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, f'Block I/O tuning is {SESSION}',
                dom.blkioParameters, flags)
        refused(UNSUPPORTED, f'NUMA tuning is {SESSION}', dom.setNumaParameters,
                {'numa_nodeset': '0'}, flags)
    refused(UNSUPPORTED, SESSION, dom.schedulerType)
    refused(UNSUPPORTED, SESSION, dom.setMemoryParameters, {'hard_limit': 1 << 20}, 0)
    equal(dom.XMLDesc(), before, 'the definition')
    d.drop('g')


def numa(d):
    """Where memory is to come from, as a definition says"""
    dom = d.define('g')
    equal(dom.numaParameters(0), {'numa_mode': 0, 'numa_nodeset': ''}, 'that says nothing')
    refused(guest_lib.INVALID, 'not running', dom.numaParameters, LIVE)
    dom = d.define('h', elements="<numatune><memory mode='preferred' nodeset='0'/></numatune>")
    equal(dom.numaParameters(CONFIG), {'numa_mode': 1, 'numa_nodeset': '0'}, 'that says something')
    refused(libvirt.VIR_ERR_CONFIG_UNSUPPORTED, '<numatune>', dom.create)
    d.drop('g', 'h')


guest_lib.run(tuning, numa)
