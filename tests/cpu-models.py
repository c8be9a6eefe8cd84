#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""CPUs compared, and what several have in common, by python-libvirt: what comes out is what QEMU
itself says of its models."""

import xml.etree.ElementTree as ET

import guest_lib
from guest_lib import check, equal, error_of, libvirt, refused

EXPAND = libvirt.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES
UNSUPPORTED = libvirt.VIR_ERR_CONFIG_UNSUPPORTED


def cpu(model=None, vendor=None, mode=None, **features):
    """features: by name, '_' for '-'."""
    return (f'<cpu{f" mode={mode!r}" if mode else ""}>' + (f'<model>{model}</model>' if model else '')
            + (f'<vendor>{vendor}</vendor>' if vendor else '')
            + ''.join(f'<feature policy="{policy}" name="{name.replace("_", "-")}"/>'
                      for name, policy in features.items()) + '</cpu>')


def baseline(d, *cpus, flags=0, virt='qemu'):
    """(model, {feature: policy}, vendor)"""
    root = ET.fromstring(d.conn.baselineHypervisorCPU(None, None, None, virt, list(cpus), flags))
    equal((root.tag, root.get('mode'), root.get('match')), ('cpu', 'custom', 'exact'), 'the root')
    return (root.findtext('model'), {f.get('name'): f.get('policy') for f in root.iter('feature')},
            root.findtext('vendor'))


def compare(d, xml, flags=0):
    return d.conn.compareHypervisorCPU(None, None, None, 'qemu', xml, flags)


def common(d):
    """One that several have in common: their features, and no more"""
    equal(baseline(d, cpu('Nehalem')), ('Nehalem', {}, None), 'of one model')
    equal(baseline(d, cpu('Nehalem', 'Intel'), cpu('Haswell', 'Intel')), ('Nehalem', {}, 'Intel'),
          'of two, one in the other')
    equal(baseline(d, cpu('Nehalem', 'Intel'), cpu('Haswell')), ('Nehalem', {}, None),
          'where one names no vendor')
    equal(baseline(d, cpu('Nehalem', aes='require', pclmuldq='require', arat='require'),
                   cpu('Haswell', hle='optional')),
          ('Westmere', {}, None), 'one with more than its model')
    equal(baseline(d, cpu('Nehalem', popcnt='disable'))[:2], ('Nehalem', {'popcnt': 'disable'}),
          'with less')
    equal(baseline(d, cpu('Nehalem', invtsc='require'))[1], {'invtsc': 'require'}, 'not migratable')
    equal(baseline(d, cpu('Nehalem', invtsc='require'),
                   flags=libvirt.VIR_CONNECT_BASELINE_CPU_MIGRATABLE)[1], {}, 'and migratable')


def expanded(d):
    """All features of a model: those that QEMU would give it"""
    model, features, _ = baseline(d, cpu('Skylake-Client', rtm='disable'), flags=EXPAND)
    equal({name for name, policy in features.items() if policy != 'require'}, {'rtm'}, 'without')
    check({'avx2', 'pclmuldq', 'lahf_lm', 'sse4.1', 'pni', 'lm', 'nx'} <= set(features), features)
    check(not [name for name in features if name.startswith(('kvm', 'vmx-'))], features)
    # a guest can be defined with it
    dom = d.define('g', elements=f'<cpu mode="custom" match="exact"><model>{model}</model>'
                   + ''.join(f'<feature policy="{policy}" name="{name}"/>'
                             for name, policy in features.items()) + '</cpu>')
    dom.create()
    d.booted('g')
    d.drop('g')


def compared(d):
    """Compared with what an emulator can do"""
    most = cpu(mode='maximum')
    equal(compare(d, most), libvirt.VIR_CPU_COMPARE_IDENTICAL, 'all that it can')
    equal(compare(d, cpu('qemu64', svm='require')), libvirt.VIR_CPU_COMPARE_SUPERSET, 'less')
    equal(compare(d, cpu('qemu64', amx_tile='require')), libvirt.VIR_CPU_COMPARE_INCOMPATIBLE,
          'more')
    equal(compare(d, cpu('qemu64', amx_tile='optional')), libvirt.VIR_CPU_COMPARE_SUPERSET,
          'more, if it may be')
    equal(compare(d, cpu('qemu64', sse2='forbid')), libvirt.VIR_CPU_COMPARE_INCOMPATIBLE,
          'without what it has')
    refused(libvirt.VIR_ERR_CPU_INCOMPATIBLE, 'amx-tile', compare, d,
            cpu('qemu64', amx_tile='require'),
            libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE)


def host(d):
    """The host's own CPU: only where KVM tells what it is"""
    kvm = '<domain type=\'kvm\'' in d.conn.getCapabilities()
    equal(ET.fromstring(d.conn.baselineCPU([cpu('Nehalem')], 0)).findtext('model'), 'Nehalem',
          'what CPUs have in common')
    if kvm:
        equal(d.conn.compareCPU(cpu(mode='host-passthrough'), 0), libvirt.VIR_CPU_COMPARE_IDENTICAL,
              'the host with itself')
    else:
        refused(libvirt.VIR_ERR_NO_SUPPORT, 'KVM', d.conn.compareCPU, cpu('Nehalem'), 0)


def wrong(d):
    """What is wrong is named"""
    refused(libvirt.VIR_ERR_OPERATION_FAILED, 'AMD', baseline, d, cpu('EPYC', 'AMD'),
            cpu('Nehalem', 'Intel'))
    refused(UNSUPPORTED, "'none'", baseline, d, cpu('none'))
    refused(UNSUPPORTED, "'no-such'", baseline, d, cpu('Nehalem', no_such='require'))
    refused(libvirt.VIR_ERR_XML_ERROR, "'must'", baseline, d, cpu('Nehalem', aes='must'))
    refused(libvirt.VIR_ERR_XML_ERROR, 'no model', baseline, d, '<cpu/>')
    refused(libvirt.VIR_ERR_XML_ERROR, '<cpus>', baseline, d, '<cpus/>')
    refused(libvirt.VIR_ERR_INVALID_ARG, "'xen'", d.conn.baselineHypervisorCPU, None, None, None,
            'xen', [cpu('Nehalem')], 0)
    error_of(d.conn.baselineHypervisorCPU, None, 'vax', None, None, [cpu('Nehalem')], 0)


guest_lib.run(common, expanded, compared, host, wrong)
