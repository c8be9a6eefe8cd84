#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events of QEMU's monitor, by python-libvirt: by domain, by name, by expression."""

import json
import threading
import time

import guest_lib
from guest_lib import check, equal, libvirt, libvirt_qemu, refused, until

REGEX = libvirt_qemu.VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX
NOCASE = libvirt_qemu.VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_NOCASE
INVALID_ARG = libvirt.VIR_ERR_INVALID_ARG

# Once for the process, before any connection is opened.
libvirt.virEventRegisterDefaultImpl()


def loop():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=loop, daemon=True).start()


class Listener:
    """What one registration hears: [(domain, event, details)].  On a connection of its own: of two
    on one, libvirt's library asks for the first alone where neither has a name."""

    def __init__(self, d, dom=None, event=None, flags=0):
        self.conn, self.heard, self.times = libvirt.open(d.uri), [], []
        dom = dom and self.conn.lookupByName(dom)
        self.id = libvirt_qemu.qemuMonitorEventRegister(self.conn, dom, event, self.hear, None,
                                                        flags)

    def hear(self, conn, dom, event, seconds, micros, details, opaque):
        self.times.append(seconds + micros / 1e6)
        self.heard.append((dom.name(), event, json.loads(details) if details else None))

    def names(self):
        return [event for _, event, _ in self.heard]

    def stop(self):
        libvirt_qemu.qemuMonitorEventDeregister(self.conn, self.id)

    def close(self):
        self.stop()
        self.conn.close()


def events(d):
    """Each registration hears what it has asked for"""
    dom, other = d.boot('g', then='tick'), d.boot('h')
    begun = time.time()
    every = Listener(d)
    of_g = Listener(d, 'g')
    stops = Listener(d, None, 'STOP')
    wrong_case = Listener(d, None, 'stop')
    any_case = Listener(d, None, 'stop', NOCASE)
    regex = Listener(d, None, '^(RES|nothing)', REGEX)
    regex_any = Listener(d, 'g', 'res.me$', REGEX | NOCASE)
    gone = Listener(d)
    gone.stop()
    other.suspend()
    other.resume()
    dom.suspend()
    dom.resume()
    dom.shutdown()
    until(lambda: 'SHUTDOWN' in of_g.names(), 'the last is heard')
    equal(of_g.names()[:2], ['STOP', 'RESUME'], 'of one domain, in order')
    check({name for name, _, _ in of_g.heard} == {'g'}, of_g.heard)
    equal([one for one in every.heard if one[0] == 'h'],
          [('h', 'STOP', None), ('h', 'RESUME', None)], 'of all')
    equal(stops.heard[:2], [('h', 'STOP', None), ('g', 'STOP', None)], 'of one name')
    equal(any_case.heard, stops.heard, 'of it in any case')
    equal(wrong_case.heard, [], 'of a name that there is not')
    equal(regex.names()[:2], ['RESUME', 'RESUME'], 'of an expression')
    equal(regex_any.heard, [('g', 'RESUME', None)], 'of one in any case and of one domain')
    equal(gone.heard, [], 'of one that has been taken back')
    gone.conn.close()
    [details] = [details for _, event, details in of_g.heard if event == 'SHUTDOWN'][:1]
    check(details['guest'] is True, f'what QEMU says of it: {details}')
    check(all(begun - 1 < at < time.time() + 1 for at in every.times), f'when: {every.times}')
    for listener in every, of_g, stops, wrong_case, any_case, regex, regex_any:
        listener.close()
    d.in_state('g', guest_lib.SHUTOFF)
    d.drop('g', 'h')


def wrong(d):
    """Registrations that make no sense"""
    for pattern, says in (('(', 'no regular expression'), ('a{3}', 'counts'),
                          (r'(.*)\1', 'backward'), ('x' * 257, '256')):
        refused(INVALID_ARG, says, libvirt_qemu.qemuMonitorEventRegister, d.conn, None, pattern,
                print, None, REGEX)
    refused(INVALID_ARG, 'about a name', libvirt_qemu.qemuMonitorEventRegister, d.conn, None, None,
            print, None, REGEX)


guest_lib.run(events, wrong)
