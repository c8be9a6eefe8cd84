#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests here have none of, and what libvirt says then; what else can be asked of one: by
python-libvirt."""

import os

import guest_lib
from guest_lib import INVALID, check, equal, libvirt, refused, until

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
INVALID_ARG, NO_SUPPORT = libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT
UNSUPPORTED, CONFIG_UNSUPPORTED = (libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
                                   libvirt.VIR_ERR_CONFIG_UNSUPPORTED)
ARGUMENT_UNSUPPORTED = libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED
MAC = '52:54:00:0a:0b:0c'
NIC = f"<interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>"


def security(d):
    """Labels, launch security, processes inside"""
    dom = d.define('g', devices=NIC)
    equal((dom.securityLabelList(), dom.securityLabel()), ([], ['', False]), 'of none that runs')
    dom.create()
    equal(dom.securityLabelList(), [['', False]], 'of one that runs')
    equal(dom.launchSecurityInfo(), {}, 'launch security')
    refused(UNSUPPORTED, 'only supported in SEV-enabled domains', dom.setLaunchSecurityState,
            {'sev-secret': 'x', 'sev-secret-header': 'y'}, 0)
    refused(UNSUPPORTED, 'QEMU does not support SEV guest', d.conn.getSEVInfo)
    refused(NO_SUPPORT, 'virDomainSendProcessSignal', dom.sendProcessSignal, 1, 9)
    d.drop('g')


def interface(d):
    """Limits of an interface"""
    dom = d.boot('g', devices=NIC)
    none = dict.fromkeys(['inbound.average', 'inbound.peak', 'inbound.burst', 'inbound.floor',
                          'outbound.average', 'outbound.peak', 'outbound.burst'], 0)
    equal(dom.interfaceParameters(MAC, 0), none, 'what it has')
    for flags in LIVE, CONFIG:
        refused(CONFIG_UNSUPPORTED, "interfaces of type 'user'", dom.setInterfaceParameters, MAC,
                {'inbound.average': 100}, flags)
    refused(INVALID_ARG, "'net9' is not a known interface", dom.interfaceParameters, 'net9', 0)
    d.drop('g')


def measuring(d):
    """Counters"""
    dom = d.define('g')
    refused(INVALID, 'not running', dom.startDirtyRateCalc, 1, 0)
    refused(INVALID, 'not running', dom.perfEvents, LIVE)
    events = dom.perfEvents(CONFIG)
    equal((len(events), any(events.values())), (22, False), 'counters')
    dom.setPerfEvents({'cpu_cycles': False}, CONFIG)
    refused(ARGUMENT_UNSUPPORTED, 'perf event for cpu_cycles', dom.setPerfEvents,
            {'cpu_cycles': True}, CONFIG)
    refused(CONFIG_UNSUPPORTED, 'element perf', d.conn.defineXML,
            d.xml('h', elements="<perf><event name='cpu_cycles' enabled='yes'/></perf>"))
    d.drop('g')


def dirty_rate(d):
    """How fast memory is written"""
    dom = d.boot('g')
    equal(d.qmp('g', 'query-dirty-rate')['status'], 'unstarted', 'before')
    dom.startDirtyRateCalc(1, 0)
    until(lambda: d.qmp('g', 'query-dirty-rate')['status'] == 'measured', 'it is measured')
    for seconds in 0, 61:
        refused(CONFIG_UNSUPPORTED, 'within [1, 60]', dom.startDirtyRateCalc, seconds, 0)
    refused(UNSUPPORTED, 'requires KVM', dom.startDirtyRateCalc, 1,
            libvirt.VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_BITMAP)
    refused(UNSUPPORTED, 'dirty-ring', dom.startDirtyRateCalc, 1,
            libvirt.VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_RING)
    d.drop('g')


def host(d):
    """The kernel's sharing of pages; who a client says that it is"""
    ksm = '/sys/kernel/mm/ksm/'
    if os.path.exists(ksm):
        told = d.conn.getMemoryParameters(0)
        for name in 'pages_to_scan', 'sleep_millisecs':
            with open(ksm + name) as file:
                equal(told[f'shm_{name}'], int(file.read()), name)
        if os.access(ksm + 'pages_to_scan', os.W_OK):  # nothing changes
            d.conn.setMemoryParameters({'shm_pages_to_scan': told['shm_pages_to_scan']}, 0)
        check('shm_full_scans' in told, f'{told}')
    refused(ARGUMENT_UNSUPPORTED, "'shm_full_scans' not supported", d.conn.setMemoryParameters,
            {'shm_full_scans': 1}, 0)
    d.conn.setIdentity({libvirt.VIR_CONNECT_IDENTITY_USER_NAME: 'joe'}, 0)


guest_lib.run(security, interface, measuring, dirty_rate, host)
