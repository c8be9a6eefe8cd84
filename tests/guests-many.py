#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twenty guests at once: started, saved, restored and ended, all jobs asked for in one go; and the
daemon killed under that."""

import os
import signal
import time

import guest_lib
from guest_lib import ASYNC, RUNNING, SHUTOFF, check, equal, libvirt, patient, until

COUNT, FILL = 20, 24
NAMES = [f'many{number:02}' for number in range(COUNT)]


def image(d, name):
    return os.path.join(d.path, f'{name}.save')


def all_ended(d, wanted):
    """Reads are answered from memory all the while."""
    slowest, seen = 0, 0
    deadline = patient(120)
    while True:
        start = time.monotonic()
        states = [dom.state()[0] for dom in d.conn.listAllDomains(0)]
        slowest = max(slowest, time.monotonic() - start)
        kinds = [dom.jobStats().get('operation') for dom in d.conn.listAllDomains(0)]
        active = sum(kind is not None for kind in kinds)
        seen = max(seen, active)
        if not active:
            break
        check(time.monotonic() < deadline, f'they are in states {states}')
    equal([dom.name() for dom in d.conn.listAllDomains(0) if dom.state()[0] != wanted], [],
          f'those that did not come to be {wanted}; {[j for j in d.jobs() if j["state"] == "failed"]}')
    print(f'    {seen} jobs seen at once; the slowest look at all states: {slowest:.3f} s')
    check(slowest < 2 * guest_lib.SLOWER, f'a look at all states took {slowest} s')


def many(d):
    """Twenty at once"""
    domains = [d.define(name, mib=16, fill=FILL) for name in NAMES]
    for dom in domains:
        dom.createWithFlags(ASYNC)
    all_ended(d, RUNNING)
    for name in NAMES:
        d.booted(name)
    digests = [d.memory(name, FILL) for name in NAMES]
    processes = [d.qemu(name) for name in NAMES]
    for pid in processes:
        d.stop_process(pid)
    for dom, name in zip(domains, NAMES):
        dom.saveFlags(image(d, name), None, ASYNC)
    until(lambda: sum(dom.jobStats().get('operation') is not None for dom in domains) == COUNT,
          'all are being saved')
    for pid in processes:
        os.kill(pid, signal.SIGCONT)
    all_ended(d, SHUTOFF)
    for dom, name in zip(domains, NAMES):
        equal(dom.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)['success'], True, name)
        check(os.stat(image(d, name)).st_size > FILL << 20, f'the image of {name} is whole')
        d.conn.restoreFlags(image(d, name), None, ASYNC)
    all_ended(d, RUNNING)
    equal([d.memory(name, FILL) for name in NAMES], digests, 'their memory')
    for name in NAMES:
        d.drop(name)
        os.unlink(image(d, name))


def killed(d):
    """The daemon is killed while all are saved: each one is saved, or runs as before"""
    for name in NAMES:
        d.define(name).create()
        d.dom(name).managedSave()
        d.dom(name).createWithFlags(ASYNC)  # one that was restored
    all_ended(d, RUNNING)
    for name in NAMES:
        d.dom(name).managedSave(ASYNC)
    d.kill9()
    d.start()
    last = {job['name']: job['id'] for job in sorted(d.jobs(), key=lambda job: job['id'])}
    jobs = {name: d.ended_job(last[name]) for name in NAMES}
    for name, job in jobs.items():
        saved = job['state'] == 'complete'
        equal((d.state(name)[0], d.dom(name).hasManagedSaveImage()),
              (SHUTOFF if saved else RUNNING, saved), f'{name}, {job["state"]}')
    print(f'    complete: {sum(job["state"] == "complete" for job in jobs.values())}')
    for name in NAMES:
        if not d.dom(name).isActive():
            d.dom(name).createWithFlags(ASYNC)
    all_ended(d, RUNNING)
    d.drop(*NAMES)


guest_lib.run(many, killed)
