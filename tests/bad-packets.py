#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packets that no honest client sends.  Each is refused or its connection closed,
while another client is served in milliseconds; memory and descriptors of the
daemon stay what they were."""

import array
import os
import random
import select
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import wire
from wire import CALL, ERR_INTERNAL, ERR_RPC, JOB, KEEPALIVE, QEMU, REMOTE, Client, Closed, packet

check = wire.Checks()
wire.check_table(lambda text: check(False, text))
FRAME_MAX = 32 * 1024 * 1024 + 4


class Witness:
    """An honest client beside the others."""

    def __init__(self, daemon):
        self.client = daemon.client()
        self.worst = 0

    def ask(self, when):
        start = time.monotonic()
        self.client.call("CONNECT_NUM_OF_STORAGE_POOLS")
        took = time.monotonic() - start
        self.worst = max(took, self.worst)
        check(took < wire.AT_ONCE, "%s: another client waited %.3f s" % (when, took))


def closed_by(what, client, *data):
    """The connection ends, without an answer."""
    try:
        for piece in data:
            client.raw(piece)
        client.receive()
        check(False, what + ": answered")
    except Closed:
        check(True, what)
    except socket.timeout:
        check(False, what + ": the connection stays open")
    client.close()


def still_usable(what, client):
    check(client.call("CONNECT_GET_URI").text() == "qemu:///session", what + ": no use afterwards")
    client.close()


def short_timeout(daemon, **options):
    return daemon.client(timeout=120, **options)


# --- frames ---

def frames(daemon):
    for length in (0, 1, 3, 4, 24, 27, FRAME_MAX + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        closed_by("length %d" % length, short_timeout(daemon),
                  packet(REMOTE, 59, length=length))
        closed_by("length %d and nothing else" % length, short_timeout(daemon),
                  struct.pack(">I", length))
    for type in (1, 2, 5, 7, 8, 0xFFFFFFFF):
        closed_by("type %d" % type, short_timeout(daemon), packet(REMOTE, 59, type=type))
    for status in (1, 2, 3, 0xFFFFFFFF):
        closed_by("call with status %d" % status, short_timeout(daemon),
                  packet(REMOTE, 59, status=status))
    closed_by("a reply", short_timeout(daemon), packet(REMOTE, 59, b"\0" * 64, type=1))
    closed_by("an event", short_timeout(daemon), packet(REMOTE, 318, b"\0" * 64, type=2))
    closed_by("before the open: garbage", short_timeout(daemon, opened=False),
              b"\xfe" + os.urandom(4096))
    closed_by("text", short_timeout(daemon, opened=False), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def programs(daemon):
    unknown = "^Cannot find program"
    for program, procedure, version, match in (
            (REMOTE + 2, 1, 1, unknown), (0, 0, 0, unknown), (0xFFFFFFFF, 1, 1, unknown),
            (REMOTE, 59, 2, unknown), (REMOTE, 59, 0, unknown), (JOB, 1, 2, unknown),
            (KEEPALIVE, 1, 1, unknown), (REMOTE, 0, 1, "^unknown procedure"),
            (REMOTE, -1, 1, "^unknown procedure"), (REMOTE, 444, 1, "^unknown procedure"),
            (REMOTE, 0x7FFFFFFF, 1, "^unknown procedure"),
            (REMOTE, -0x80000000, 1, "^unknown procedure"), (QEMU, 1, 2, unknown),
            (QEMU, 0, 1, "^unknown procedure"), (QEMU, 8, 1, "^unknown procedure"),
            (JOB, 0, 1, "^unknown procedure"), (JOB, 9999, 1, "^unknown procedure"),
            (JOB, -5, 1, "^unknown procedure")):
        client = short_timeout(daemon)
        what = "program %x procedure %d version %d" % (program, procedure, version)
        check.refused(ERR_RPC, what, lambda: client.call_raw(program, procedure, b"\0" * 8,
                                                             version=version), match=match)
        still_usable(what, client)
    # every number that is not in the table, over one connection
    client = short_timeout(daemon)
    known = {p.number for p in wire.PROCS if p.program == REMOTE}
    for procedure in sorted(set(range(0, 460)) - known):
        check.refused(ERR_RPC, "procedure %d" % procedure, client.call_raw, REMOTE, procedure,
                      b"\0" * 16, match="^unknown procedure")
    still_usable("unknown procedures", client)


def not_open(daemon):
    for proc in wire.PROCS:
        if proc.name in wire.PREAUTH or proc.name in ("CONNECT_OPEN", "CONNECT_CLOSE",
                                                      "CONNECT_SUPPORTS_FEATURE"):
            continue
        client = short_timeout(daemon, opened=False)
        check.refused(ERR_INTERNAL, proc.name + " before the open", client.call_raw, proc.program,
                      proc.number, b"\0" * 64, match="not open")
        client.close()


# --- bodies ---

def honest_values(proc, pool, vol):
    """Nothing that would change anything: of objects that do not exist, or only asking."""
    nowhere = dict(wire.NOWHERE, s="<x/>", o="x", t=wire.job_by_id(1 << 60))
    real = dict(nowhere, p=pool, v=vol, t=wire.job_of_vol(vol))
    return [(nowhere if proc.write else real)[f] for f in proc.args]


def outcome(client, proc, body, what):
    """None, or the code of the error; the connection must live on."""
    try:
        client.call_raw(proc.program, proc.number, body)
        return None
    except wire.WireError as e:
        check(e.message, what + ": no message")
        return e.code
    except Closed:
        check(False, what + ": the connection was closed")
        raise


def bodies(daemon, pool, vol):
    for proc in wire.PROCS:
        if not proc.args or proc.name == "CONNECT_OPEN":
            continue
        client = short_timeout(daemon)
        body = wire.pack(proc.args, honest_values(proc, pool, vol))
        whole = outcome(client, proc, body, proc.name)
        check(whole != ERR_RPC, "%s: the honest body is refused" % proc.name)
        for size in range(len(body)):
            what = "%s with %d of %d bytes" % (proc.name, size, len(body))
            check(outcome(client, proc, body[:size], what) == ERR_RPC, what + ": accepted")
        # what follows the arguments is no business of anybody
        for tail in (b"\0", b"\0" * 4, b"junk" * 1000):
            what = "%s with %d bytes behind" % (proc.name, len(tail))
            check(outcome(client, proc, body + tail, what) == whole, what)
        still_usable(proc.name, client)


def hostile_text(proc, position, length, content):
    """The body with the text field at position as given."""
    values = dict(wire.NOWHERE, s=b"<x/>", o=b"x", t=wire.job_by_id(1))
    body = b""
    for n, field in enumerate(proc.args):
        if n != position:
            body += wire.PACKERS[field](values[field])
        else:
            body += {"o": b"\0\0\0\1", "t": b"\0\0\0\2", "m": b"\0\0\0\1",
                     "S": b"\0\0\0\1"}.get(field, b"")
            body += struct.pack(">I", length) + content
            body += {"p": b"\0" * 16, "d": b"\0" * 20, "m": struct.pack(">II", 1, 1),
                     "v": wire.text("v") + wire.text("k"),
                     "t": wire.text("v") + wire.text("k")}.get(field, b"")
    return body


def texts(daemon):
    """Lengths that are not there, and what a text must not be."""
    rss = daemon.rss()
    for proc in wire.PROCS:
        for position, field in enumerate(proc.args):
            if field not in "sodpvtmS":
                continue
            client = short_timeout(daemon)
            for length, content in ((0xFFFFFFFF, b""), (0x80000000, b"x" * 8), (0x7FFFFFFF, b""),
                                    (4194305, b"x" * 64), (4194304, b"x" * 64),
                                    (4194304, b""), (1 << 20, b"x"), (8, b"ab\0cdefg"),
                                    (4, b"\0\0\0\0"), (4, b"abc\0")):
                what = "%s, argument %d, a text of %d with %r" % (proc.name, position, length,
                                                                 content[:8])
                code = outcome(client, proc, hostile_text(proc, position, length, content), what)
                check(code == ERR_RPC, what + ": code %s" % code)
            client.close()
    if not wire.SLOW:
        check(daemon.rss() < rss + 8 * 1024, "memory for lengths that are not there: %d -> %d KiB"
              % (rss, daemon.rss()))


def numbers(daemon, pool, vol):
    """Counts, negative and huge, and kinds that do not exist."""
    client = short_timeout(daemon)
    for name in ("CONNECT_LIST_STORAGE_POOLS", "CONNECT_LIST_DEFINED_STORAGE_POOLS",
                 "CONNECT_LIST_DOMAINS", "CONNECT_LIST_DEFINED_DOMAINS"):
        check.refused(wire.ERR_INVALID_ARG, name + " -1", client.call, name, -1)
    for most in (-1, -0x80000000, 0x7FFFFFFF, 16385):
        check.refused(wire.ERR_INVALID_ARG, "LIST_VOLUMES %d" % most, client.call,
                      "STORAGE_POOL_LIST_VOLUMES", pool, most)
    for most in (0, -1, 1025, 0x7FFFFFFF):
        check.refused(wire.ERR_INVALID_ARG, "LIST with max %d" % most, client.call, "LIST", 0, 0,
                      most)
    for before in (1 << 63, (1 << 64) - 1):
        client.call("LIST", 0, before, 5)
    for kind in (4, 0x7FFFFFFF, 0xFFFFFFFF):
        for name in ("GET_INFO", "CANCEL", "GET_ERROR", "GET_RECORD"):
            check.refused(ERR_RPC, "%s of kind %d" % (name, kind), client.call, name,
                          struct.pack(">IQ", kind, 1), 0)
    for number in (0, 1 << 63, (1 << 64) - 1):
        for name in ("GET_INFO", "CANCEL", "GET_ERROR", "GET_RECORD"):
            check.refused(wire.ERR_INVALID, "%s of job %d" % (name, number), client.call, name,
                          wire.job_by_id(number), 0)
    for timeout in (-2, -0x80000000):
        check.refused(wire.ERR_INVALID_ARG, "WAIT %d ms" % timeout, client.call, "WAIT",
                      wire.job_of_vol(vol), timeout)
    for size in ((1 << 63), (1 << 64) - 1):
        check.refused((wire.ERR_OVERFLOW, wire.ERR_INVALID_ARG), "resize to %d" % size,
                      client.call, "STORAGE_VOL_RESIZE", vol, size, 0)
        check.refused((wire.ERR_OVERFLOW, wire.ERR_INVALID_ARG), "resize by %d" % size,
                      client.call, "STORAGE_VOL_RESIZE", vol, size, 2)
        check.refused((wire.ERR_OVERFLOW, wire.ERR_INVALID_ARG), "shrink by %d" % size,
                      client.call, "STORAGE_VOL_RESIZE", vol, size, 6)
    for start, most in ((-1, 1), (0, -1), (0, 0), (0x7FFFFFFF, 1), (0, 1025), (0, 0x7FFFFFFF)):
        check.refused(wire.ERR_INVALID_ARG, "memory of %d cells from %d" % (most, start),
                      client.call, "NODE_GET_CELLS_FREE_MEMORY", start, most)
    for algorithm in (-1, 10, 0x7FFFFFFF):
        check.refused(wire.ERR_INVALID_ARG, "wipe by %d" % algorithm, client.call,
                      "STORAGE_VOL_WIPE_PATTERN", vol, algorithm, 0)
    for feature in (-1, 0x7FFFFFFF, -0x80000000, 11):
        check(client.call("CONNECT_SUPPORTS_FEATURE", feature).int() == 0, "feature %d" % feature)
    still_usable("numbers", client)


def parameters(daemon):
    """Typed parameters that are too many, of no type, or with a name that is too long."""
    client = short_timeout(daemon)
    nobody = wire.domain_ref(("no domain", b"\xee" * 16, -1))
    number = struct.pack(">II", 1, 1)  # an int, 1
    good = wire.text("file") + number
    for what, body in (
            ("65 of them", struct.pack(">I", 65) + good * 65),
            ("more than there are", struct.pack(">I", 64) + good * 63),
            ("0xffffffff of them", struct.pack(">I", 0xFFFFFFFF) + good),
            ("a name of 80 bytes", struct.pack(">I", 1) + wire.text("n" * 80) + number)) + tuple(
            ("type 0x%x" % kind, struct.pack(">I", 2) + good + wire.text("x") +
             struct.pack(">IQ", kind, 1)) for kind in (0, 8, 0x7FFFFFFF, 0xFFFFFFFF)):
        check.refused(ERR_RPC, "save with " + what, client.call_raw, REMOTE, 440,
                      nobody + body + b"\0\0\0\0")
        check.refused(ERR_RPC, "restore with " + what, client.call_raw, REMOTE, 441,
                      body + b"\0\0\0\0")
    still_usable("typed parameters", client)


def fuzz(daemon, witness):
    """Honest packets with some bytes changed: whatever they now say, the daemon goes on."""
    seed = int(os.environ.get("VIRTJOBD_TEST_SEED", "1"))
    chance = random.Random(seed)
    nowhere = dict(wire.NOWHERE, s="<pool type='dir'><name>x</name></pool>", o="x",
                   t=wire.job_by_id(7))
    for turn in range(600):
        client = short_timeout(daemon)
        proc = chance.choice(wire.PROCS)
        data = bytearray(packet(proc.program, proc.number,
                                wire.pack(proc.args, [nowhere[f] for f in proc.args]), 2))
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(4, len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF,
                                                                 chance.randrange(256)))
        try:
            client.raw(bytes(data))
            client.sock.shutdown(socket.SHUT_WR)
            while True:
                client.receive()
        except (Closed, OSError):
            pass
        client.close()
        if turn % 100 == 0:
            witness.ask("changed packets, seed %d turn %d" % (seed, turn))


# --- manners ---

def halves(daemon, witness):
    """Half a header, half a body, one byte at a time."""
    sleepers = []
    for data in (b"", b"\0", struct.pack(">I", 100), packet(REMOTE, 59)[:20],
                 packet(REMOTE, 84, length=4096) + b"x" * 10,
                 packet(REMOTE, 84, length=FRAME_MAX),
                 packet(REMOTE, 84, length=FRAME_MAX) + b"y" * 5000):
        client = short_timeout(daemon)
        client.raw(data)
        sleepers.append(client)
        witness.ask("half a packet of %d bytes" % len(data))
    client = short_timeout(daemon)
    whole = packet(REMOTE, 110, serial=2) + packet(REMOTE, 60, wire.PACKERS["i"](10), serial=3)
    for at in range(len(whole)):
        client.raw(whole[at:at + 1])
    check(client.receive()[3] == 2 and client.receive()[3] == 3, "one byte at a time")
    client.close()
    witness.ask("one byte at a time")
    for client in sleepers:
        client.close()


def one_large(daemon, witness):
    """32 MiB in one packet: read to its end, then refused; the memory is given back."""
    client = short_timeout(daemon)
    proc = wire.BY_NAME["STORAGE_POOL_LOOKUP_BY_NAME"]
    before = daemon.rss()
    body = struct.pack(">I", 32 * 1024 * 1024 - 64) + b"x" * (32 * 1024 * 1024 - 64)
    check(outcome(client, proc, body, "32 MiB") == ERR_RPC, "32 MiB: accepted")
    witness.ask("32 MiB")
    still_usable("32 MiB", client)
    if not wire.SLOW:
        check(daemon.rss() < before + 8 * 1024, "after 32 MiB the daemon keeps %d KiB more"
              % (daemon.rss() - before))


def serial_reuse(daemon, vol):
    """The serial of a call that has its answer may come again; of one that has not, never."""
    client = short_timeout(daemon)
    for _ in range(3):
        client.serial = 7
        client.call("CONNECT_GET_URI")
    client.serial = 0xFFFFFFFF
    client.call("CONNECT_GET_URI")
    client.close()
    waiting = short_timeout(daemon)
    proc = wire.BY_NAME["CONNECT_GET_VERSION"]  # answered by a worker, so both are in flight
    data = packet(proc.program, proc.number, serial=9)
    try:
        waiting.raw(data + data)
        while True:
            waiting.receive()
    except Closed:
        check(True, "a serial twice")
    except socket.timeout:
        check(False, "a serial twice: the connection stays open")
    waiting.close()


def streams(daemon):
    """Nobody has opened one: such packets are dropped, and the connection lives."""
    client = short_timeout(daemon)
    for type in (wire.STREAM, wire.STREAM_HOLE):
        for status in (wire.OK, wire.ERROR, wire.CONTINUE):
            for procedure in (208, 209, 59, -1):
                client.raw(packet(REMOTE, procedure, b"data" * 100, 5, type=type, status=status))
    still_usable("stream packets", client)


def keepalive(daemon):
    client = short_timeout(daemon)
    for _ in range(100):
        client.raw(packet(KEEPALIVE, 1, type=wire.MESSAGE))
    for _ in range(100):
        program, procedure, type = client.receive()[:3]
        check((program, procedure, type) == (KEEPALIVE, 2, wire.MESSAGE), "pong")
    client.raw(packet(KEEPALIVE, 2, type=wire.MESSAGE))  # a pong nobody asked for
    client.raw(packet(KEEPALIVE, 99, type=wire.MESSAGE))
    client.raw(packet(KEEPALIVE, 1, b"payload!", type=wire.MESSAGE))
    check(client.receive()[1] == 2, "a ping with a payload")
    still_usable("keepalive", client)


def with_fds(daemon):
    """Descriptors that come along are never the daemon's."""
    read_end, write_end = os.pipe()
    ours = os.readlink("/proc/self/fd/%d" % write_end)
    clients = []
    for count in (1, 4, 32):
        client = short_timeout(daemon)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [write_end] * count))]
        head = packet(REMOTE, 110, struct.pack(">I", count), 2, type=wire.CALL_WITH_FDS)
        client.raw(head)
        for _ in range(count):
            client.sock.sendmsg([b"\0"], rights)
        check(client.receive()[4] == wire.ERROR, "%d descriptors: accepted" % count)
        client.serial = 3
        check(client.call("CONNECT_GET_URI").text() == "qemu:///session",
              "%d descriptors: the connection is out of step" % count)
        clients.append(client)
    for rest in (b"", b"\0\0\0", struct.pack(">I", 33), struct.pack(">I", 0xFFFFFFFF)):
        closed_by("fd count %r" % rest, short_timeout(daemon),
                  packet(REMOTE, 110, rest, 2, type=wire.CALL_WITH_FDS))
    # along with bytes of ordinary calls, too
    client = short_timeout(daemon)
    data = packet(REMOTE, 110, serial=2)
    for at in range(0, len(data), 4):
        client.sock.sendmsg([data[at:at + 4]], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                                array.array("i", [write_end, write_end]))])
    check(client.receive()[4] == wire.OK, "descriptors beside a call")
    clients.append(client)
    os.close(write_end)
    check(os.read(read_end, 1) == b"", "somebody still has our descriptor")  # blocks if leaked
    check(ours not in daemon.fds().values(), "the daemon has our descriptor")
    os.close(read_end)
    for client in clients:
        client.close()


def wrong_fds(daemon, witness):
    """Calls that do take descriptors: of nobody, too many, none, too late, and a client that goes."""
    read_end, write_end = os.pipe()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [write_end]))]
    screen = wire.domain_ref(("no domain", b"\xee" * 16, -1)) + struct.pack(">II", 0, 0)
    client = short_timeout(daemon)

    def sent(count, *come):
        serial = client.send_raw(REMOTE, 249, struct.pack(">I", count) + screen,
                                 type=wire.CALL_WITH_FDS)
        for one in come:
            client.sock.sendmsg([b"\0"], rights if one else [])
        return client.answer(serial)

    check.refused(wire.ERR_NO_DOMAIN, "the screen of no domain", sent, 1, True)
    check.refused(ERR_RPC, "two descriptors", sent, 2, True, True)
    check.refused(ERR_RPC, "a descriptor that does not come", sent, 1, False)
    check.refused(wire.ERR_NO_DOMAIN, "no descriptor", sent, 0)
    check.refused(wire.ERR_NO_DOMAIN, "none announced", client.call, "DOMAIN_OPEN_GRAPHICS",
                  ("no domain", b"\xee" * 16, -1), 0, 0)
    check.refused(wire.ERR_NO_DOMAIN, "a screen by descriptor", client.call,
                  "DOMAIN_OPEN_GRAPHICS_FD", ("no domain", b"\xee" * 16, -1), 0, 0)
    check.refused(ERR_RPC, "arguments cut short", client.answer,
                  client.send_raw(REMOTE, 249, struct.pack(">I", 0), type=wire.CALL_WITH_FDS))
    ours = os.readlink("/proc/self/fd/%d" % write_end)
    waiting = [short_timeout(daemon) for _ in range(8)]
    for one in waiting:  # each leaves one byte out
        one.raw(packet(REMOTE, 310, struct.pack(">I", 32) + screen, 2, type=wire.CALL_WITH_FDS))
        for _ in range(31):
            one.sock.sendmsg([b"\0"], rights)
    wire.wait_until(lambda: list(daemon.fds().values()).count(ours) == 8 * 31,
                    "descriptors to arrive")
    witness.ask("clients in the middle of their descriptors")
    for one in waiting[:4]:
        one.close()
    for one in waiting[4:]:
        one.raw(b"\0")
        check(one.receive()[4] == wire.ERROR, "31 descriptors and a byte: accepted")
        one.serial = 3
        still_usable("31 descriptors and a byte", one)
    still_usable("descriptors", client)
    os.close(write_end)
    check(os.read(read_end, 1) == b"", "somebody still has our descriptor")  # blocks if leaked
    os.close(read_end)


def never_reads(daemon, witness):
    """Calls without end, and never a look at the replies: it is no longer read from."""
    before = daemon.rss()
    client = short_timeout(daemon)
    client.sock.setblocking(False)
    one = b"".join(packet(REMOTE, 403, b"\0\0\0\0", serial) for serial in range(10000))
    sent = 0
    blocked = 0
    while sent < len(one) * 20 and blocked < 20:
        try:
            sent += client.sock.send(one[sent % len(one):][:1 << 16])
            blocked = 0
        except BlockingIOError:
            blocked += 1
            witness.ask("a client that never reads, after %d bytes" % sent)
    check(blocked, "%d bytes of calls were read from a client that reads nothing" % sent)
    if not wire.SLOW:
        check(daemon.rss() < before + 16 * 1024, "for it the daemon keeps %d KiB"
              % (daemon.rss() - before))
    client.close()


def many_calls(daemon, witness):
    """10,000 calls before the first reply is read: each gets its own."""
    client = short_timeout(daemon)
    data = b"".join(packet(REMOTE, 110, serial=serial) for serial in range(2, 10002))
    client.sock.setblocking(False)
    sent, got = 0, b""
    end = time.monotonic() + 60
    while sent < len(data) or len(got) < 10000 * (28 + 4 + 16):
        if sent < len(data):
            try:
                sent += client.sock.send(data[sent:])
                continue
            except BlockingIOError:
                pass
        try:
            got += client.sock.recv(1 << 20)
        except BlockingIOError:
            select.select([client.sock], [client.sock] if sent < len(data) else [], [], 0.1)
        if time.monotonic() > end:
            break
    serials, pos = [], 0
    while pos < len(got):
        length, = struct.unpack_from(">I", got, pos)
        serials.append(struct.unpack_from(">I", got, pos + 20)[0])
        pos += length
    check(sorted(serials) == list(range(2, 10002)), "%d replies to 10,000 calls" % len(serials))
    client.close()
    witness.ask("10,000 calls")


def gone_while_waiting(daemon, witness, pool):
    """Clients that leave with waits and sync calls in flight."""
    client = daemon.client()
    vol = client.create_vol(pool, "waited", 128 << 20)
    with open(vol[2], "r+b") as f:  # a hole would need no wiping
        for _ in range(128):
            f.write(b"x" * (1 << 20))
    client.call("STORAGE_VOL_WIPE_PATTERN", vol, 4, wire.ASYNC)
    job = wire.job_of_vol(vol)
    for _ in range(50):
        leaver = daemon.client()
        for _ in range(5):
            leaver.send("WAIT", job, -1)
            leaver.send("CONNECT_GET_VERSION")
            leaver.send("STORAGE_VOL_GET_INFO", vol)
        leaver.close()
    witness.ask("50 clients that left")
    # one that leaves in the middle of its own sync call: the job goes on without it
    caller = daemon.client()
    caller.send("STORAGE_VOL_CREATE_XML", pool, wire.vol_xml("left", 64 << 20, 64 << 20), 0)
    wire.wait_until(lambda: any(j.name == "left" for j in client.jobs()), "the job to be there")
    caller.close()
    left = [j for j in client.jobs() if j.name == "left"][0]
    check(client.wait(wire.job_by_id(left.id)).state == wire.COMPLETE,
          "the job of a client that left")
    check(client.record(job).state == wire.RUNNING, "the job that was waited for goes on")
    client.call("CANCEL", job, 0)
    check(client.wait(job).state == wire.CANCELLED, "the job that was waited for")
    for name in ("waited", "left"):
        client.call("STORAGE_VOL_DELETE", ("pool", name, ""), 0)
    client.close()


def crowd(daemon, witness):
    """A thousand connections that say nothing, closed again at once."""
    clients = []
    for _ in range(1000):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(daemon.path)
        clients.append(sock)
    witness.ask("1000 silent connections")
    for sock in clients:
        sock.close()
    witness.ask("1000 connections closed")


def raise_fd_limit():
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        wire.skip("not enough file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048) if soft > 0 else hard, hard))


def main():
    raise_fd_limit()
    with wire.Daemon() as daemon:
        witness = Witness(daemon)
        client = daemon.client()
        pool = client.start_pool("pool", daemon.dir + "/pool")
        vol = client.create_vol(pool, "vol", 1 << 20)
        for name in ("CONNECT_GET_VERSION", "CONNECT_GET_CAPABILITIES"):
            client.call(name)  # all that is made at first use is made
        fds, rss = len(daemon.fds()), daemon.rss()
        jobs = len(client.jobs())
        for step, args in ((frames, ()), (programs, ()), (not_open, ()), (bodies, (pool, vol)),
                           (texts, ()), (numbers, (pool, vol)), (parameters, ()),
                           (fuzz, (witness,)), (halves, (witness,)),
                           (one_large, (witness,)), (serial_reuse, (vol,)),
                           (streams, ()), (keepalive, ()), (with_fds, ()), (wrong_fds, (witness,)),
                           (never_reads, (witness,)), (many_calls, (witness,))):
            step(daemon, *args)
            witness.ask(step.__name__)
            check(daemon.alive(), step.__name__ + ": the daemon is gone")
        check(client.volumes(pool) == ["vol"] and client.pools() == ["pool"],
              "something was changed by a bad packet")
        check(len(client.jobs()) == jobs, "a bad packet has started a job")
        gone_while_waiting(daemon, witness, pool)
        crowd(daemon, witness)
        wire.wait_until(lambda: len(daemon.fds()) <= fds, "descriptors to be closed: %s"
                        % daemon.fds(), 20)
        if not wire.SLOW:
            check(daemon.rss() < rss + 12 * 1024, "memory grew from %d to %d KiB"
                  % (rss, daemon.rss()))
        print("the other client waited at most %.1f ms; memory %d -> %d KiB"
              % (witness.worst * 1000, rss, daemon.rss()))
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
