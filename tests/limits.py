#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each limit of virtjobd.conf(5)'s LIMITS reached by one client, while another is served."""

import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
MIB = 1 << 20
ERR_BUSY = 87
CONFIG = """max_clients = 8
max_client_requests = 16
max_client_streams = 3
max_client_jobs = 4
max_bulk_jobs = 16
max_client_packet_megabytes = 2
max_client_event_megabytes = 1
"""


def served(daemon, other, what):
    """Somebody else is answered, as soon as a busy machine can."""
    start = time.monotonic()
    other.call("CONNECT_GET_HOSTNAME")
    took = time.monotonic() - start
    check(wire.SLOW or took < wire.AT_ONCE, "%s: another client waited %.3f s" % (what, took))


def is_closed(client):
    """Whatever had been sent to it before."""
    try:
        while True:
            client.receive()
    except wire.Closed:
        return True


def has_answer(client):
    """Something to read, or the end."""
    client.sock.setblocking(False)
    try:
        return client.sock.recv(1, socket.MSG_PEEK) is not None
    except BlockingIOError:
        return False
    finally:
        client.sock.settimeout(240)


def clients(daemon, other):
    """The ninth waits in the kernel's queue, and is served when one of the eight has gone."""
    others = [daemon.client() for _ in range(7)]
    late = wire.Client(daemon.path, opened=False)
    serial = late.send("AUTH_LIST")
    for _ in range(20):
        served(daemon, other, "max_clients")
    check(not has_answer(late), "a client above max_clients was served")
    wire.wait_until(lambda: "8 clients (max_clients): further ones wait" in daemon.log(), "its line")
    others.pop().close()
    late.answer(serial)
    late.close()
    for client in others:
        client.close()


def slow_job(client, pool, name):
    """A job that lasts until it is cancelled."""
    job = wire.job_of_vol(client.slow_wipe(pool, name))
    client.call("PAUSE", job, 0)
    return job


def requests(daemon, other, pool):
    """The seventeenth call is not read before one of the sixteen has its answer."""
    client = daemon.client()
    job = slow_job(other, pool, "awaited")
    waits = [client.send("WAIT", job, -1) for _ in range(16)]
    more = client.send("CONNECT_GET_HOSTNAME")
    for _ in range(20):
        served(daemon, other, "max_client_requests")
    check(not has_answer(client), "a call above max_client_requests was answered")
    other.call("CANCEL", job, 0)
    answers = [client.receive()[3] for _ in range(17)]
    check(sorted(answers) == sorted(waits + [more]) and answers[-1] == more,
          "answers to %s" % answers)
    client.close()


def streams(daemon, other, pool):
    client = daemon.client()
    for number in range(3):
        vol = client.create_vol(pool, "s%d" % number, MIB)
        client.stream("STORAGE_VOL_UPLOAD", vol, 0, MIB, 0)
    vol = client.create_vol(pool, "s3", MIB)
    check.refused(wire.ERR_FAILED, "one stream more", client.call, "STORAGE_VOL_UPLOAD", vol, 0,
                  MIB, 0, match="too many open streams")
    served(daemon, other, "max_client_streams")
    stream = other.stream("STORAGE_VOL_UPLOAD", vol, 0, MIB, 0)
    stream.packet(b"x" * 1000)
    stream.finish()
    client.close()


def jobs(daemon, other, pool):
    client = daemon.client()
    started = [slow_job(client, pool, "j%d" % number) for number in range(4)]
    check.refused(ERR_BUSY, "one job more", client.create_vol, pool, "j4", MIB, 0, "raw",
                  wire.ASYNC, match=r"4 jobs of this connection have not ended \(max_client_jobs\)")
    check("j4" not in client.volumes(pool), "a refused volume exists")
    served(daemon, other, "max_client_jobs")
    other.create_vol(pool, "others", MIB)
    client.call("CANCEL", started[0], 0)
    client.wait(started[0])
    client.create_vol(pool, "j5", MIB)
    for job in started[1:]:
        client.call("CANCEL", job, 0)
        client.wait(job)
    client.close()


def packets(daemon, other):
    """The largest that is allowed is read, one that announces more is not waited for."""
    client = daemon.client()
    proc = wire.BY_NAME["STORAGE_POOL_DEFINE_XML"]
    check.refused(wire.ERR_RPC, "junk of 2 MiB", client.call_raw, proc.program, proc.number,
                  b"\xff" * (2 * MIB + 4 - 28))
    client.raw(struct.pack(">I", 2 * MIB + 5))
    check(is_closed(client), "a packet above max_client_packet_megabytes")
    check("packet above max_client_packet_megabytes" in daemon.log(), "the reason")
    served(daemon, other, "max_client_packet_megabytes")


def events(daemon, other):
    client = daemon.client()
    for _ in range(512):
        client.call("CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY", 0, None)
    xml = "<pool type='dir'><name>e</name><target><path>/none</path></target></pool>"
    told = 0
    while "too many events that it does not read" not in daemon.log():
        check(told < 1000, "%d events told to it" % told) or sys.exit(1)
        pool = other.call("STORAGE_POOL_DEFINE_XML", xml, 0).pool()
        other.call("STORAGE_POOL_UNDEFINE", pool)
        told += 1
    served(daemon, other, "max_client_event_megabytes")
    check(is_closed(client), "it lives on")


def replies():
    """Many answers of 1 MiB each, asked for at once, none of which it reads."""
    with wire.Daemon("max_client_reply_megabytes = 34\n") as daemon:
        client, other = daemon.client(), daemon.client()
        xml = ("<domain type='qemu'><name>big</name><description>%s</description>"
               "<memory>65536</memory><os><type>hvm</type></os></domain>" % ("x" * (MIB - 10000)))
        try:
            domain = client.call("DOMAIN_DEFINE_XML", xml).domain()
        except wire.WireError as e:
            check(e.code != wire.ERR_XML, str(e))
            print("left out: no emulator: %s" % e)
            return
        # within the limit it gets them all, late as it reads
        asked = [client.send("DOMAIN_GET_XML_DESC", domain, 0) for _ in range(8)]
        for _ in range(20):
            served(daemon, other, "replies")
        check(sorted(client.receive()[3] for _ in asked) == asked, "eight answers")
        proc = wire.BY_NAME["DOMAIN_GET_XML_DESC"]
        body = wire.pack(proc.args, (domain, 0))
        client.raw(b"".join(wire.packet(proc.program, proc.number, body, 1000 + i)
                            for i in range(60)))
        while "too many replies that it does not read" not in daemon.log():
            served(daemon, other, "max_client_reply_megabytes")
        check(is_closed(client), "it lives on")
        check(wire.SLOW or daemon.rss() < 400 * 1024, "%d KiB" % daemon.rss())
        daemon.failures = check.failed


def main():
    with wire.Daemon(CONFIG) as daemon:
        other = daemon.client()
        pool = other.start_pool("pool", daemon.dir + "/pool")
        clients(daemon, other)
        requests(daemon, other, pool)
        streams(daemon, other, pool)
        jobs(daemon, other, pool)
        packets(daemon, other)
        events(daemon, other)
        daemon.failures = check.failed
    replies()
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
