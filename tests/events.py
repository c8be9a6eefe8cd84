#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events as they go over the wire: of jobs, numbered without a gap; in libvirt's older way;
and what becomes of a client that registers and then does not read."""

import os
import sys

import wire
from wire import JOB, REMOTE

check = wire.Checks()
STARTED, PROGRESS, ENDED = range(3)


def pool_xml(name):
    return "<pool type='dir'><name>%s</name><target><path>/p/%s</path></target></pool>" % (
        name, name)


class JobEvent:
    def __init__(self, client):
        program, procedure, r = client.event()
        check((program, procedure) == (JOB, 12), "a job's event is %x %d" % (program, procedure))
        self.sequence, self.what, self.record = r.hyper(), r.int(), wire.Record(r)


def job_events(daemon, pool):
    """Each job is told from its start to its end, over every connection that asked."""
    doing, silent, first, second = (daemon.client() for _ in range(4))
    after = first.call("EVENT_REGISTER").hyper()
    check(second.call("EVENT_REGISTER").hyper() == after, "one count for all")
    check(first.call("EVENT_REGISTER").hyper() == after, "registering twice is registering")
    vol = doing.create_vol(pool, "a", 1 << 20, 1 << 20, flags=wire.ASYNC)
    doing.wait(wire.job_of_vol(vol))
    doing.call("STORAGE_VOL_DELETE", vol, 0)
    for name, client in (("first", first), ("second", second)):
        seen, sequence = {}, after
        while list(seen.values()).count(ENDED) < 2:
            event = JobEvent(client)
            sequence += 1
            check(event.sequence == sequence, "%s: number %d, not %d" % (
                name, event.sequence, sequence))
            before = seen.get(event.record.id)
            check((before is None) == (event.what == STARTED) and before != ENDED,
                  "%s: job %d: %s after %s" % (name, event.record.id, event.what, before))
            seen[event.record.id] = event.what
            if event.what == ENDED:
                check(event.record.state == wire.COMPLETE, "it has ended well")
                check(event.record.operation in ("vol-create", "vol-delete"), "its operation")
    check(silent.call("EVENT_REGISTER").hyper() == sequence, "nothing happened since")
    first.call("EVENT_DEREGISTER")
    check.refused(wire.ERR_INVALID, "deregistered twice", first.call, "EVENT_DEREGISTER")
    doing.call("STORAGE_POOL_REFRESH", pool, 0)
    check(JobEvent(second).what == STARTED, "the other hears on")
    first.call("CONNECT_GET_VERSION")
    check(not first.events, "one that has deregistered does not")


def verbs_are_told(daemon, pool):
    """That a job is paused, goes on and is cancelled, though none of its bytes move."""
    doing, client = daemon.client(), daemon.client()
    client.call("EVENT_REGISTER")
    vol = doing.slow_wipe(pool, "slow")
    job = wire.job_of_vol(vol)
    for verb in ("PAUSE", "RESUME", "CANCEL"):
        doing.call(verb, job, 0)
    doing.wait(job)
    phases = []
    while not phases or phases[-1] != 4:
        record = JobEvent(client).record
        if record.operation == "vol-wipe":
            phases.append(record.phase)
    check(5 in phases and 2 in phases[phases.index(5):], "paused, later cancelling: %s" % phases)
    doing.call("STORAGE_VOL_DELETE", vol, 0)


def numbers_after_restart(daemon):
    """They go up, so that who comes back can tell that it has missed some."""
    client = daemon.client()
    before = client.call("EVENT_REGISTER").hyper()
    daemon.stop()
    daemon.start()
    check(daemon.client().call("EVENT_REGISTER").hyper() > before, "numbers go up over a restart")


def libvirts_older_way(daemon):
    """Without callback ids: once for each kind of event."""
    client, other = daemon.client(), daemon.client()
    xml = ("<domain type='qemu'><name>g</name><memory>1024</memory><os><type>hvm</type></os>"
           "</domain>")
    client.call("CONNECT_DOMAIN_EVENT_REGISTER")
    client.call("CONNECT_DOMAIN_EVENT_REGISTER_ANY", 1)
    for event in (-1, 16, 0x7FFFFFFF):
        check.refused(wire.ERR_INVALID_ARG, "event %d" % event, client.call,
                      "CONNECT_DOMAIN_EVENT_REGISTER_ANY", event)
    try:
        other.call("DOMAIN_DEFINE_XML", xml)
    except wire.WireError as e:
        print("left out: no emulator: %s" % e)
        return
    program, procedure, r = client.event()
    check((program, procedure) == (REMOTE, 107), "the older lifecycle event")
    name, _, number = r.domain()
    check((name, number, r.int(), r.int()) == ("g", -1, 0, 0), "defined, added")
    client.call("CONNECT_DOMAIN_EVENT_DEREGISTER")
    check.refused(wire.ERR_INVALID_ARG, "deregistered twice", client.call,
                  "CONNECT_DOMAIN_EVENT_DEREGISTER")
    other.call("DOMAIN_UNDEFINE", other.call("DOMAIN_LOOKUP_BY_NAME", "g").domain())
    client.call("CONNECT_GET_VERSION")
    check(not client.events, "one that has deregistered hears nothing")


def registrations(daemon, pool):
    """Ids of one's own, filters, and bad ones of each."""
    client, other = daemon.client(), daemon.client()
    one = client.call("CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY", 1, None).int()
    two = client.call("CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY", 1, None).int()
    check(one != two, "two registrations, one id")
    client.call("STORAGE_POOL_REFRESH", pool, 0)
    seen = []
    for _ in range(2):
        program, procedure, r = client.event()
        check((program, procedure) == (REMOTE, 373), "a refresh event")
        seen.append(r.int())
        check(r.pool()[0] == "pool", "of that pool")
    check(seen == [one, two], "callbacks %s" % seen)
    for name in ("CONNECT_STORAGE_POOL_EVENT", "CONNECT_DOMAIN_EVENT_CALLBACK"):
        for event in (-1, 27, 0x7FFFFFFF):
            check.refused(wire.ERR_INVALID_ARG, "%s: event %d" % (name, event), client.call,
                          name + "_REGISTER_ANY", event, None)
        for callback in (-1, 0, two + 100, 0x7FFFFFFF):
            check.refused(wire.ERR_INVALID_ARG, "%s: callback %d" % (name, callback), client.call,
                          name + "_DEREGISTER_ANY", callback)
    check.refused(wire.ERR_INVALID_ARG, "another connection's callback", other.call,
                  "CONNECT_STORAGE_POOL_EVENT_DEREGISTER_ANY", one)
    for callback in (one, two):
        client.call("CONNECT_STORAGE_POOL_EVENT_DEREGISTER_ANY", callback)
    client.call("STORAGE_POOL_REFRESH", pool, 0)
    check(not client.events, "events after deregistering")


def never_reads(daemon):
    """As many registrations as there may be, and not a look at what comes."""
    client, doing, witness = daemon.client(), daemon.client(), daemon.client()
    before = daemon.rss()
    witness.call("CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY", 0, None)
    for _ in range(1024):
        client.call("CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY", 0, None)
    check.refused(wire.ERR_INVALID, "one registration too many", client.call,
                  "CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY", 0, None)
    told = 0
    while "too many events that it does not read" not in daemon.log():
        check(told < 1000, "%d events told to it" % told) or sys.exit(1)
        pool = doing.call("STORAGE_POOL_DEFINE_XML", pool_xml("n%d" % told), 0).pool()
        doing.call("STORAGE_POOL_UNDEFINE", pool)
        told += 1
    for number in range(told):
        for event in (0, 1):
            program, procedure, r = witness.event()
            check((program, procedure, r.int() >= 0, r.pool()[0], r.int()) ==
                  (REMOTE, 370, True, "n%d" % number, event), "who reads is told of all")
    if not wire.SLOW:
        check(daemon.rss() < before + 16 * 1024, "%d KiB for it" % (daemon.rss() - before))
    try:
        while True:
            client.receive()
    except wire.Closed:
        pass


def gone(daemon, pool):
    """Registered, and away without a word."""
    for _ in range(20):
        client = daemon.client()
        for name in ("CONNECT_STORAGE_POOL_EVENT", "CONNECT_DOMAIN_EVENT_CALLBACK"):
            client.call(name + "_REGISTER_ANY", 0, None)
        client.call("EVENT_REGISTER")
        client.close()
    client = daemon.client()
    client.call("STORAGE_POOL_REFRESH", pool, 0)


def main():
    with wire.Daemon() as daemon:
        os.mkdir(daemon.dir + "/pool")
        pool = daemon.client().start_pool("pool", daemon.dir + "/pool")
        job_events(daemon, pool)
        verbs_are_told(daemon, pool)
        libvirts_older_way(daemon)
        registrations(daemon, pool)
        gone(daemon, pool)
        never_reads(daemon)
        numbers_after_restart(daemon)
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
