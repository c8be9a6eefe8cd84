#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a crowd costs: memory of the daemon and latency of a good client beside idle
connections, a storm of new ones, and slow-loris clients that send a byte of a header at a time.

    tests/crowd.py [CONNECTIONS [SECONDS]]

SECONDS: how long each byte and the storm last.  The suite has it small and quick; for figures,
10000 and 1."""

import os
import resource
import signal
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import wire

CROWD = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 0.02
LORIS, STORMERS, HEADER = min(CROWD, 500), 4, 28
check = wire.Checks()
GREETING = (wire.packet(wire.REMOTE, wire.BY_NAME["AUTH_LIST"].number, b"", 0) +
            wire.packet(wire.REMOTE, wire.BY_NAME["CONNECT_OPEN"].number, struct.pack(">II", 0, 0), 1))


def measure(client, seconds, what, least=50):
    """Calls of the good client, one after the other, for so long."""
    took = []
    end = time.monotonic() + seconds
    while len(took) < least or time.monotonic() < end:
        start = time.monotonic()
        client.call("CONNECT_GET_HOSTNAME")
        took.append(time.monotonic() - start)
    took.sort()
    print("%-34s %6d calls: median %6.0f us, 99 %% below %7.0f us, longest %7.0f us" % (
        what, len(took), took[len(took) // 2] * 1e6, took[len(took) * 99 // 100] * 1e6,
        took[-1] * 1e6))
    check(took[-1] < 10 * (1 if not wire.SLOW else 10), "%s: a call took %.1f s" % (what, took[-1]))


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return sock


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        assert more, "closed"
        data += more
    return data


def opened(path):
    """A connection as a client's is after virConnectOpen(), whose answers have been read."""
    sock = connect(path)
    sock.sendall(GREETING)
    for _ in range(2):
        length, = struct.unpack(">I", read_exactly(sock, 4))
        read_exactly(sock, length - 4)
    return sock


def idle(daemon, client):
    before, fds = daemon.rss(), len(daemon.fds())
    start = time.monotonic()
    crowd = [opened(daemon.path) for _ in range(CROWD)]
    took = time.monotonic() - start
    each = (daemon.rss() - before) * 1024 / CROWD
    print("%d connections opened in %.2f s, %d bytes of the daemon each" % (CROWD, took, each))
    check(len(daemon.fds()) - fds == CROWD, "not all are held open")
    if not wire.SLOW:
        check(each < 16384, "%d bytes for an idle connection" % each)
    measure(client, 10 * SECONDS, "beside %d idle connections" % CROWD)
    for sock in crowd[::2]:
        sock.sendall(wire.packet(wire.REMOTE, wire.BY_NAME["CONNECT_GET_TYPE"].number, b"", 2))
    for sock in crowd[::2]:
        length, = struct.unpack(">I", read_exactly(sock, 4))
        read_exactly(sock, length - 4)
    for sock in crowd:
        sock.close()
    wire.wait_until(lambda: len(daemon.fds()) == fds, "the end of the crowd")


def storm_child(path, counter):
    """Opens and drops connections until it is killed; one byte to the pipe for each."""
    while True:
        opened(path).close()
        os.write(counter, b".")


def storm(daemon, client):
    fds = len(daemon.fds())
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    children = []
    for _ in range(STORMERS):
        pid = os.fork()
        if pid == 0:
            try:
                storm_child(daemon.path, write_end)
            finally:
                os._exit(1)
        children.append(pid)
    os.close(write_end)
    count, start = 0, time.monotonic()
    try:
        while count < CROWD or time.monotonic() < start + 10 * SECONDS:
            measure(client, SECONDS, "in a storm of connections")
            try:
                count += len(os.read(read_end, 65536))
            except BlockingIOError:
                pass
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    print("the storm: %.0f connections a second" % (count / (time.monotonic() - start)))
    os.close(read_end)
    wire.wait_until(lambda: len(daemon.fds()) == fds, "the end of the storm")


def loris(daemon, client):
    """Each byte by itself, of a header that announces the largest packet there is."""
    fds = len(daemon.fds())
    header = wire.packet(wire.REMOTE, 1, length=32 * 1024 * 1024)
    before = daemon.rss()
    crowd = [connect(daemon.path) for _ in range(LORIS)]
    for i in range(HEADER):
        for sock in crowd:
            sock.sendall(header[i:i + 1])
        if i % 9 == 0:
            measure(client, SECONDS, "%d slow clients, byte %d" % (LORIS, i + 1))
        else:
            client.call("CONNECT_GET_HOSTNAME")
            wire.wait_until(lambda end=time.monotonic() + SECONDS: time.monotonic() >= end, "pace")
    grown = daemon.rss() - before
    print("%d slow clients: %d KiB of the daemon" % (LORIS, grown))
    check(wire.SLOW or grown * 1024 < LORIS * 16384, "%d KiB for slow clients" % grown)
    for sock in crowd:
        sock.close()
    wire.wait_until(lambda: len(daemon.fds()) == fds, "the end of the slow clients")


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CROWD + 2000:
        wire.skip("only %d files may be open" % hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, CROWD + 2000), hard))
    with wire.Daemon("max_clients = %d\naudit_level = 0\nlog_level = 3\n" % (CROWD + 100)) as daemon:
        client = daemon.client()
        measure(client, 10 * SECONDS, "alone")
        idle(daemon, client)
        storm(daemon, client)
        loris(daemon, client)
        measure(client, 10 * SECONDS, "afterwards")
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
