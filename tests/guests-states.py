#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every call on a domain in every state that it may be in: it works, or is an invalid operation
that changes nothing.  Arguments: only these states."""

import os
import signal
import sys

import guest_lib
from guest_lib import (CRASHED, INVALID, SHUTDOWN, check, equal, error_of, fail, libvirt,
                       libvirt_qemu)

LIVE, CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
TITLE = libvirt.VIR_DOMAIN_METADATA_TITLE
PANIC = "<panic model='isa'/>"
FILL = 160

# The states that a domain 'g' can be in, in the order of the columns below.
STATES = ('off', 'managed', 'running', 'paused', 'transient', 'down', 'crashed', 'starting',
          'saving', 'dumping')

# x: it works, -: an invalid operation, .: another test's matter
TABLE = '''
                        off managed running paused transient down crashed starting saving dumping
create                   x     x       -      -        -       -     -       -       -       -
create-xml               x     x       -      -        -       -     -       -       -       -
suspend                  -     -       x      x        x       -     -       -       -       -
resume                   -     -       -      x        -       -     -       -       -       -
shutdown                 -     -       x      x        x       -     x       -       -       -
reboot                   -     -       x      x        x       -     x       -       -       -
reset                    -     -       x      x        x       -     x       -       -       -
inject-nmi               -     -       x      x        x       -     x       -       -       -
wakeup                   -     -       -      -        -       -     -       -       -       -
destroy                  -     -       x      x        x       x     x       .       .       .
save                     -     -       x      x        x       -     -       -       -       -
managed-save             -     -       x      x        -       -     -       -       -       -
managed-save-xml         -     x       -      -        -       -     -       -       -       -
managed-save-define      -     x       -      -        -       -     -       -       -       -
managed-save-remove      x     x       x      x        x       x     x       -       -       -
dump                     -     -       x      x        x       -     x       -       -       -
undefine                 x     -       x      x        -       x     x       -       -       -
undefine-with-image      x     x       x      x        -       x     x       -       -       -
rename                   x     -       -      -        -       -     -       -       -       -
define                   x     x       x      x        x       x     x       -       -       -
autostart                x     x       x      x        -       x     x       -       -       -
set-live-title           -     -       x      x        x       x     x       -       -       -
set-config-title         x     x       x      x        -       x     x       -       -       -
set-config-memory        x     x       x      x        -       x     x       -       -       -
set-config-vcpus         x     x       x      x        -       x     x       -       -       -
set-max-memory           x     x       -      -        -       -     -       -       -       -
monitor-command          -     -       x      x        x       x     x       -       .       .
abort-job                -     -       -      -        -       -     -       .       .       .
job-cancel               -     -       -      -        -       -     -       .       .       .
live-xml                 x     x       x      x        x       x     x       x       x       x
info                     x     x       x      x        x       x     x       x       x       x
job-info                 x     x       x      x        x       x     x       x       x       x
live-title               -     -       x      x        x       x     x       x       x       x
config-title             x     x       x      x        -       x     x       x       x       x
'''


def image(d):
    return os.path.join(d.path, 'image')


def job_cancel(d, dom):
    """By virtjob, whose protocol has the call."""
    try:
        d('domjobabort', dom.name())
    except guest_lib.crash_lib.CommandFailed as error:
        check('job' in error.text, error.text)
        raise libvirt.libvirtError(error.text) from error


def inactive_xml(dom):
    return dom.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)


CALLS = {
    'create': lambda d, dom: dom.create(),
    'create-xml': lambda d, dom: d.conn.createXML(inactive_xml(dom), 0),
    'suspend': lambda d, dom: dom.suspend(),
    'resume': lambda d, dom: dom.resume(),
    'shutdown': lambda d, dom: dom.shutdown(),
    'reboot': lambda d, dom: dom.reboot(),
    'reset': lambda d, dom: dom.reset(),
    'inject-nmi': lambda d, dom: dom.injectNMI(),
    'wakeup': lambda d, dom: dom.pMWakeup(),
    'destroy': lambda d, dom: dom.destroy(),
    'save': lambda d, dom: dom.save(image(d)),
    'managed-save': lambda d, dom: dom.managedSave(),
    'managed-save-xml': lambda d, dom: dom.managedSaveGetXMLDesc(),
    'managed-save-define': lambda d, dom: dom.managedSaveDefineXML(inactive_xml(dom)),
    'managed-save-remove': lambda d, dom: dom.managedSaveRemove(),
    'dump': lambda d, dom: dom.coreDump(image(d), libvirt.VIR_DUMP_MEMORY_ONLY),
    'undefine': lambda d, dom: dom.undefine(),
    'undefine-with-image': lambda d, dom: dom.undefineFlags(
        libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE),
    'rename': lambda d, dom: dom.rename('h'),
    'define': lambda d, dom: d.conn.defineXML(inactive_xml(dom)),
    'autostart': lambda d, dom: dom.setAutostart(1),
    'set-live-title': lambda d, dom: dom.setMetadata(TITLE, 'new', None, None, LIVE),
    'set-config-title': lambda d, dom: dom.setMetadata(TITLE, 'new', None, None, CONFIG),
    'set-config-memory': lambda d, dom: dom.setMemoryFlags(dom.maxMemory(), CONFIG),
    'set-config-vcpus': lambda d, dom: dom.setVcpusFlags(1, CONFIG),
    'set-max-memory': lambda d, dom: dom.setMaxMemory(dom.maxMemory()),
    'monitor-command': lambda d, dom: libvirt_qemu.qemuMonitorCommand(
        dom, '{"execute": "query-status"}', 0),
    'abort-job': lambda d, dom: dom.abortJob(),
    'job-cancel': job_cancel,
    'live-xml': lambda d, dom: dom.XMLDesc(),
    'info': lambda d, dom: (dom.info(), dom.maxMemory(), dom.OSType(), dom.autostart()),
    'job-info': lambda d, dom: (dom.jobInfo(), dom.jobStats()),
    'live-title': lambda d, dom: dom.metadata(TITLE, None, LIVE),
    'config-title': lambda d, dom: dom.metadata(TITLE, None, CONFIG),
}

READS = ('monitor-command', 'live-xml', 'info', 'job-info', 'live-title', 'config-title')


def table():
    """{state: {call: mark}}"""
    head, *rows = TABLE.strip().split('\n')
    equal(tuple(head.split()), STATES, 'columns of the table')
    rows = {row.split()[0]: row.split()[1:] for row in rows}
    equal(sorted(rows), sorted(CALLS), 'rows of the table')
    return {state: {call: marks[at] for call, marks in rows.items()}
            for at, state in enumerate(STATES)}


class State:
    """A domain 'g' in that state, with a title; gone at the end, as is what calls have made."""

    def __init__(self, d, name):
        self.d, self.name, self.pid = d, name, None

    def __enter__(self):
        d, title = self.d, '<title>old</title>'
        if self.name == 'transient':
            d.conn.createXML(d.xml('g', elements=title), 0)
        elif self.name in ('down', 'crashed'):
            d.define('g', then='off' if self.name == 'down' else 'panic', devices=PANIC,
                     elements=title + '<on_poweroff>preserve</on_poweroff>'
                     '<on_crash>preserve</on_crash>').create()
            d.in_state('g', SHUTDOWN if self.name == 'down' else CRASHED)
        elif self.name in ('saving', 'dumping'):
            d.boot('g', fill=FILL, elements=title)
            command = ('save', 'g', image(d)) if self.name == 'saving' \
                else ('dump', 'g', image(d), '--memory-only')
            _, self.pid = d.held_out('g', *command)
        else:
            dom = d.define('g', elements=title, emulator=d.held_emulator())
            if self.name == 'starting':
                d.held_start('start', 'g')
            elif self.name != 'off':
                dom.create()
            if self.name == 'managed':
                dom.managedSave()
            if self.name == 'paused':
                dom.suspend()
        return d.dom('g')

    def __exit__(self, kind, *_):
        if kind:
            return
        if self.pid:
            os.kill(self.pid, signal.SIGCONT)
        self.d.drop(*self.d.names())
        if os.path.exists(image(self.d)):
            os.unlink(image(self.d))


def seen(d, dom):
    return (d.names(), dom.state(), dom.isPersistent(), dom.autostart(), dom.XMLDesc(),
            inactive_xml(dom), dom.hasManagedSaveImage(), sorted(os.listdir(d.path)))


def works(d, dom, call):
    try:
        CALLS[call](d, dom)
    except libvirt.libvirtError as error:
        fail(f'{call} is refused: {error}')


def walk(state, calls):
    def test(d):
        with State(d, state) as dom:
            before = seen(d, dom)
            for call in [call for call, mark in calls.items() if mark == '-']:
                error = error_of(CALLS[call], d, dom)
                if call != 'job-cancel':
                    equal(error.get_error_code(), INVALID, f'{call}: {error}')
                equal(seen(d, dom), before, f'after a refused {call}')
            for call in [call for call in READS if calls[call] == 'x']:
                works(d, dom, call)
        for call in [call for call, mark in calls.items() if mark == 'x' and call not in READS]:
            with State(d, state) as dom:
                works(d, dom, call)
    test.__doc__ = f'Calls on a domain that is {state}'
    return test


wanted = sys.argv[1:] or STATES
guest_lib.run(*[walk(state, calls) for state, calls in table().items() if state in wanted])
