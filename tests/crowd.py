#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a crowd costs, over unix sockets and over TLS: memory of the daemon and latency of a good
client of either kind beside idle connections, a storm of new ones, and slow-loris clients that
send a byte of a header, or of a TLS handshake, at a time.

    tests/crowd.py [CONNECTIONS [SECONDS]]

SECONDS: how long each byte and the storm last.  The suite has it small and quick; for figures,
10000 and 1."""

import itertools
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import wire

CROWD = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
TLS_CROWD = CROWD if len(sys.argv) > 1 else 200 # their handshakes take time, here as there
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 0.02
STORMERS = 4
HANDSHAKE_SECONDS = 20 if wire.SLOW else 5 # less than auth_timeout_seconds, which is 30
check = wire.Checks()
GREETING = (wire.packet(wire.REMOTE, wire.BY_NAME["AUTH_LIST"].number, b"", 0) +
            wire.packet(wire.REMOTE, wire.BY_NAME["CONNECT_OPEN"].number, struct.pack(">II", 0, 0), 1))


class Unix:
    name, idle_bound, slow_bound = "unix", 16384, 16384 # bytes that a connection may cost

    def __init__(self, daemon):
        self.path, self.crowd = daemon.path, CROWD

    def connect(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(self.path)
        return sock

    enter = connect # as far as the first packet


class Tls:
    """OpenSSL alone has 16 KiB of a connection, and as much again in the middle of a record; it
    would have 5 more for each certificate that the client sends along with its own."""
    name, idle_bound, slow_bound = "TLS", 28672, 65536

    def __init__(self, daemon, pki):
        self.port = int(re.search(r"listening for TLS on 127\.0\.0\.1:(\d+)",
                                  daemon.log()).group(1))
        self.crowd = TLS_CROWD
        self.context = ssl.create_default_context(cafile=pki + "/cacert.pem")
        with open(pki + "/chain.pem", "w") as chain:
            for name in ["/clientcert.pem"] + 4 * ["/cacert.pem"]:
                with open(pki + name) as f:
                    chain.write(f.read())
        self.context.load_cert_chain(chain.name, pki + "/clientkey.pem")

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), 240)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def enter(self):
        sock = self.context.wrap_socket(self.connect(), server_hostname="localhost")
        assert sock.recv(1) == b"\1", "not let in"
        return sock

    def hello(self):
        """What a client says first."""
        out = ssl.MemoryBIO()
        try:
            self.context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
        except ssl.SSLWantReadError:
            pass
        return out.read()


class Good:
    """Two clients, a way each, whose calls are measured."""

    def __init__(self, ways):
        self.clients = {way.name: wire.Client(None, sock=way.enter()) for way in ways}
        self.took = {way.name: [] for way in ways}

    def sample(self, seconds, least=50):
        """Calls of each, one after the other, for so long."""
        for name, client in self.clients.items():
            end = time.monotonic() + seconds / len(self.clients)
            for done in itertools.count(1):
                start = time.monotonic()
                client.call("CONNECT_GET_HOSTNAME")
                self.took[name].append(time.monotonic() - start)
                if done >= least and time.monotonic() >= end:
                    break

    def report(self, what):
        for name, took in self.took.items():
            report("%s: %s" % (what, name), took)
            took.clear()

    def measure(self, seconds, what):
        self.sample(seconds)
        self.report(what)


def report(what, took):
    took.sort()
    print("%-44s %6d: median %6.0f us, 99 %% below %7.0f us, longest %7.0f us" % (
        what, len(took), took[len(took) // 2] * 1e6, took[len(took) * 99 // 100] * 1e6,
        took[-1] * 1e6))
    check(took[-1] < 10 * (1 if not wire.SLOW else 10), "%s: one took %.1f s" % (what, took[-1]))


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        assert more, "closed"
        data += more
    return data


def read_packet(sock):
    length, = struct.unpack(">I", read_exactly(sock, 4))
    read_exactly(sock, length - 4)


def opened(way):
    """A connection as a client's is after virConnectOpen(), whose answers have been read."""
    sock = way.enter()
    sock.sendall(GREETING)
    read_packet(sock)
    read_packet(sock)
    return sock


def idle(daemon, way, good):
    before, fds = daemon.rss(), len(daemon.fds())
    start = time.monotonic()
    crowd = [opened(way) for _ in range(way.crowd)]
    took = time.monotonic() - start
    each = (daemon.rss() - before) * 1024 / way.crowd
    print("%d connections over %s opened in %.2f s, %d bytes of the daemon each" % (
        way.crowd, way.name, took, each))
    check(len(daemon.fds()) - fds == way.crowd, "not all are held open")
    check(wire.SLOW or each < way.idle_bound, "%d bytes for one that is idle" % each)
    good.measure(10 * SECONDS, "beside %d idle of %s" % (way.crowd, way.name))
    for sock in crowd[::2]:
        sock.sendall(wire.packet(wire.REMOTE, wire.BY_NAME["CONNECT_GET_TYPE"].number, b"", 2))
    for sock in crowd[::2]:
        read_packet(sock)
    for sock in crowd:
        sock.close()
    wire.wait_until(lambda: len(daemon.fds()) == fds, "the end of the crowd")


def storm_child(way, counter):
    """Opens and drops connections until it is killed; one byte to the pipe for each."""
    while True:
        opened(way).close()
        os.write(counter, b".")


def start_stormer(way, counter):
    pid = os.fork()
    if pid == 0:
        try:
            storm_child(way, counter)
        finally:
            os._exit(1)
    return pid


def storm(daemon, way, good):
    fds = len(daemon.fds())
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    children = [start_stormer(way, write_end) for _ in range(STORMERS)]
    os.close(write_end)
    count, start = 0, time.monotonic()
    try:
        while count < way.crowd or time.monotonic() < start + 10 * SECONDS:
            good.sample(SECONDS)
            try:
                count += len(os.read(read_end, 65536))
            except BlockingIOError:
                pass
            for pid in children:
                ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                assert not ended, "a client of the storm has failed"
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    print("the storm: %.0f connections over %s a second" % (
        count / (time.monotonic() - start), way.name))
    good.report("in a storm over %s" % way.name)
    os.close(read_end)
    wire.wait_until(lambda: len(daemon.fds()) == fds, "the end of the storm")


def check_grown(way, grown, number):
    print("%d slow clients over %s: %d KiB of the daemon" % (number, way.name, grown))
    check(wire.SLOW or grown * 1024 < number * way.slow_bound, "%d KiB for slow clients" % grown)


def loris(daemon, way, good):
    """Each byte by itself, of a header that announces the largest packet there is."""
    fds, number = len(daemon.fds()), min(way.crowd, 500)
    header = wire.packet(wire.REMOTE, 1, length=32 * 1024 * 1024)
    before = daemon.rss()
    crowd = [way.enter() for _ in range(number)]
    for byte in header:
        for sock in crowd:
            sock.sendall(bytes([byte]))
        good.sample(SECONDS, 1)
    good.report("beside %d slow ones over %s" % (number, way.name))
    check_grown(way, daemon.rss() - before, number)
    for sock in crowd:
        sock.close()
    wire.wait_until(lambda: len(daemon.fds()) == fds, "the end of the slow clients")


def drip(crowd, data):
    """A byte, or b"", to each of them; those that are still connected."""
    left = []
    for sock in crowd:
        try:
            sock.sendall(data)
            if not sock.recv(65536):
                continue
        except BlockingIOError:
            pass
        except OSError:
            continue
        left.append(sock)
    return left


def handshake_loris(daemon, tls, good):
    """They never come to the end of what they say first, and lose their place for it."""
    fds, number, hello = len(daemon.fds()), min(tls.crowd, 500), tls.hello()[:-1]
    before, most, took, sent = daemon.rss(), 0, [], 0
    crowd = [tls.connect() for _ in range(number)]
    for sock in crowd:
        sock.setblocking(False)
    end = time.monotonic() + 20 * HANDSHAKE_SECONDS
    while crowd:
        assert time.monotonic() < end, "%d of them are still there" % len(crowd)
        crowd = drip(crowd, hello[sent:sent + 1])
        sent += 1
        start = time.monotonic()
        opened(tls).close()
        took.append(time.monotonic() - start)
        good.sample(SECONDS, 1)
        most = max(most, daemon.rss())
    check_grown(tls, most - before, number)
    good.report("beside %d slow handshakes" % number)
    report("new connections beside %d slow handshakes" % number, took)
    said = "TLS handshake not finished after %d s" % HANDSHAKE_SECONDS
    check(daemon.log().count(said) == number, "not all were told: " + said)
    wire.wait_until(lambda: len(daemon.fds()) == fds, "the end of the slow handshakes")


def make_pki(dir):
    """By the script of the manual.  None where there is no openssl."""
    if not shutil.which("openssl"):
        print("openssl is not installed: nothing over TLS")
        return None
    here = os.path.dirname(os.path.abspath(__file__))
    script = '. "$srcdir/tests/remote-functions.sh"; manual_script make-pki'
    done = subprocess.run(["bash", "-ec", script], stdout=subprocess.PIPE, check=True,
                          env=dict(os.environ, srcdir=os.path.dirname(here)))
    done = subprocess.run(["sh", "-s", dir, "localhost", "127.0.0.1"], input=done.stdout,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()
    return dir


def settings(pki):
    lines = ["max_clients = %d" % (CROWD + 100), "max_anonymous_clients = 0", "audit_level = 0",
             "log_level = 2"]
    if pki:
        lines += ['listen_addr = "127.0.0.1"', 'tls_port = "0"',
                  "tls_handshake_seconds = %d" % HANDSHAKE_SECONDS,
                  'ca_file = "%s/cacert.pem"' % pki, 'cert_file = "%s/servercert.pem"' % pki,
                  'key_file = "%s/serverkey.pem"' % pki]
    return "\n".join(lines) + "\n"


def run(daemon, pki):
    ways = [Unix(daemon)] + ([Tls(daemon, pki)] if pki else [])
    good = Good(ways)
    good.measure(10 * SECONDS, "alone")
    for way in ways:
        idle(daemon, way, good)
        storm(daemon, way, good)
        loris(daemon, way, good)
    if pki:
        handshake_loris(daemon, ways[1], good)
    good.measure(10 * SECONDS, "afterwards")
    return check.end(daemon)


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CROWD + 2000:
        wire.skip("only %d files may be open" % hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, CROWD + 2000), hard))
    with tempfile.TemporaryDirectory(prefix="virtjobd-test-") as dir:
        pki = make_pki(dir)
        with wire.Daemon(settings(pki), args=["--listen"] if pki else []) as daemon:
            return run(daemon, pki)


if __name__ == "__main__":
    sys.exit(main())
