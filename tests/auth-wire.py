#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Authentication on the wire, by a client that keeps to no rules: every call before it, SASL's
steps out of order and with bad data, too many tries, too many connections, and who comes late."""

import base64
import hashlib
import hmac
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import wire

ERR_AUTH_FAILED = 45
NOWHERE = dict(wire.NOWHERE, t=wire.job_by_id(1 << 60), c=None)


def is_closed(client):
    try:
        client.sock.settimeout(60)
        return client.sock.recv(1) == b""
    except ConnectionResetError:
        return True


class Checks(wire.Checks):
    def closed(self, client, what):
        self(is_closed(client), what + ": the connection is left open")
        client.close()


check = Checks()
wire.check_table(lambda text: check(False, text))


class Login:
    """SCRAM-SHA-256 (RFC 5802, 7677) without a channel binding."""

    def __init__(self, client, user, password):
        self.client, self.user, self.password = client, user, password
        self.bare = "n=%s,r=%s" % (user, base64.b64encode(os.urandom(18)).decode())

    def result(self, reader):
        complete, nil, count = reader.int(), reader.int(), reader.uint()
        data = bytes(reader.uint() & 0xFF for _ in range(count))
        return complete, None if nil else data

    def start(self):
        return self.result(self.client.call("AUTH_SASL_START", "SCRAM-SHA-256",
                                            b"n,," + self.bare.encode()))

    def final(self, first):
        values = dict(part.split("=", 1) for part in first.decode().split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(),
                                     base64.b64decode(values["s"]), int(values["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        bare = "c=biws,r=" + values["r"]
        message = ",".join((self.bare, first.decode(), bare)).encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature))
        return ("%s,p=%s" % (bare, base64.b64encode(proof).decode())).encode()

    def step(self, data):
        return self.result(self.client.call("AUTH_SASL_STEP", data))

    def run(self):
        """All of it; the client is known afterwards."""
        check(self.client.call("AUTH_SASL_INIT").text() == "SCRAM-SHA-256", "the mechanisms")
        complete, first = self.start()
        check(complete == 0, "complete after the first step")
        complete, last = self.step(self.final(first))
        check(complete == 1 and last.startswith(b"v="), "the last step: %r" % last)


def connect(daemon):
    return wire.Client(daemon.path, opened=False)


def failed(what, call, *args, match=None):
    check.refused(ERR_AUTH_FAILED, what, call, *args, match=match)


def known(daemon, user="fred"):
    client = connect(daemon)
    Login(client, user, "secret-" + user).run()
    client.call("CONNECT_OPEN", None, 0)
    return client


def try_nothing_before(daemon):
    client = connect(daemon)
    for proc in wire.PROCS:
        if proc.name not in wire.PREAUTH:
            check.refused(wire.ERR_RPC, "before: " + proc.name, client.call, proc.name,
                          *(NOWHERE[field] for field in proc.args),
                          match="^authentication required$")
    types = client.call("AUTH_LIST")
    check((types.uint(), types.uint()) == (1, 1), "AUTH_LIST does not say SASL")
    failed("polkit where SASL is asked for", client.call, "AUTH_POLKIT",
           match="polkit is not asked for")
    Login(client, "fred", "secret-fred").run()
    client.call("CONNECT_OPEN", None, 0)
    client.call("CONNECT_GET_TYPE")
    for name, values in (("AUTH_SASL_INIT", ()), ("AUTH_SASL_START", ("SCRAM-SHA-256", None)),
                         ("AUTH_SASL_STEP", (b"x",))):
        failed("after: " + name, client.call, name, *values, match="is authenticated already")
    client.close()


def try_order(daemon):
    client = connect(daemon)
    failed("a step first", client.call, "AUTH_SASL_STEP", b"x", match="SASL has not begun")
    failed("a start first", client.call, "AUTH_SASL_START", "SCRAM-SHA-256", None,
           match="SASL has not begun")
    client.call("AUTH_SASL_INIT")
    failed("a second beginning", client.call, "AUTH_SASL_INIT", match="has begun")
    failed("a step without a mechanism", client.call, "AUTH_SASL_STEP", b"x",
           match="no mechanism yet")
    login = Login(client, "fred", "secret-fred")
    _, first = login.start()
    failed("a second start", client.call, "AUTH_SASL_START", "SCRAM-SHA-256", None,
           match="has a mechanism already")
    complete, _ = login.step(login.final(first))
    check(complete == 1, "refusals have spoiled the exchange")
    client.close()
    # two steps at once: the second is refused, whatever comes of the first
    client = connect(daemon)
    client.call("AUTH_SASL_INIT")
    first, second = client.send_together(
        ("AUTH_SASL_START", "SCRAM-SHA-256", b"n,," + Login(client, "fred", "").bare.encode()),
        ("AUTH_SASL_STEP", b"x"))
    failed("a step too early", client.answer, second, match="no answer yet")
    client.answer(first)
    client.close()


def try_bad_data(daemon):
    """Each spoils a try; after the third the connection is closed."""
    bad = [("nothing", "SCRAM-SHA-256", b""), ("no data", "SCRAM-SHA-256", None),
           ("rubbish", "SCRAM-SHA-256", b"\xff" * 60000), ("NULs", "SCRAM-SHA-256", b"\0" * 30),
           ("another mechanism", "PLAIN", b"\0fred\0secret-fred"), ("no mechanism", "", None),
           ("a long name", "X" * 70000, None), ("anonymous", "ANONYMOUS", b"me")]
    for what, mechanism, data in bad:
        client = connect(daemon)
        for turn in range(3):
            client.call("AUTH_SASL_INIT")
            try:
                # where the first step takes nothing at all, the second must not
                reply = client.call("AUTH_SASL_START", mechanism, data)
                check(what in ("nothing", "no data"), what + " is taken")
                failed(what, client.call, "AUTH_SASL_STEP", b"rubbish")
            except wire.WireError as e:
                check(e.code == ERR_AUTH_FAILED, "%s: %s" % (what, e))
        check.closed(client, what)
    client = connect(daemon)
    client.call("AUTH_SASL_INIT")
    # more than the wire allows is no call at all, and spoils nothing
    check.refused(wire.ERR_RPC, "too much", client.call, "AUTH_SASL_START", "SCRAM-SHA-256",
                  b"x" * 65537)
    login = Login(client, "fred", "secret-fred")
    complete, _ = login.step(login.final(login.start()[1]))
    check(complete == 1, "not after a call that was none")
    client.close()


def try_passwords(daemon):
    client = connect(daemon)
    for user, password in (("fred", "secret-mary"), ("nobody", "secret-fred"),
                           ("mary", "secret-mary")):
        check(client.call("AUTH_SASL_INIT").text() == "SCRAM-SHA-256", "begins anew")
        login = Login(client, user, password)
        try:
            _, first = login.start()
            login.step(login.final(first))
            check(False, "%s is let in" % user)
        except wire.WireError as e:
            check(e.code == ERR_AUTH_FAILED, str(e))
            # not a word about which of the two was wrong
            check(e.message == "authentication failed: the daemon's log says why", e.message)
    check.closed(client, "three failures")


def log(daemon):
    with open(daemon.log_path, errors="replace") as f:
        return f.read()


def set_limit(daemon, seconds):
    """auth_timeout_seconds from now on."""
    path, said = daemon.dir + "/conf", "auth_timeout_seconds has changed"
    with open(path) as f:
        settings = re.sub(r"(auth_timeout_seconds =) \d+", r"\1 %d" % seconds, f.read())
    with open(path, "w") as f:
        f.write(settings)
    before = log(daemon).count(said)
    os.kill(daemon.pid, signal.SIGHUP)
    wire.wait_until(lambda: log(daemon).count(said) > before, "the new settings", 60)


def try_crowd(daemon):
    """Those who never say who they are: as many as there may be, and those who are known go on."""
    friend = known(daemon)
    set_limit(daemon, 2)
    crowd = [connect(daemon) for _ in range(10)]
    began = time.monotonic()
    for client in crowd:
        client.raw(wire.packet(wire.REMOTE, 66))
    reader = wire.Client(daemon.ro_path, 1)
    for _ in range(20):
        friend.call("CONNECT_GET_TYPE")
        reader.call("CONNECT_GET_TYPE")
    check("clients that have not authenticated (max_anonymous_clients): further ones wait" in
          log(daemon), "the crowd is not in the log")
    for client in crowd:
        client.receive() # what they asked is answered, once it is their turn
        check(is_closed(client), "one of the crowd is left alone")
        client.close()
    took = time.monotonic() - began
    check(took >= 2, "the crowd was closed after %.1f s" % took)
    check("not authenticated in time (auth_timeout_seconds); connection closed" in log(daemon),
          "those who came late are not in the log")
    set_limit(daemon, 600)
    friend.call("CONNECT_GET_TYPE")
    known(daemon).close()
    friend.close()
    reader.close()


def prepare(directory):
    """A database of users; the settings of a daemon."""
    sasl = directory + "/sasl"
    os.mkdir(sasl)
    with open(sasl + "/virtjobd.conf", "w") as f:
        f.write("mech_list: scram-sha-256\nsasldb_path: %s/passwd.db\n" % sasl)
    for user in ("fred", "mary"):
        made = subprocess.run(["saslpasswd2", "-p", "-c", "-f", sasl + "/passwd.db", user],
                              input="secret-%s\n" % user, text=True, check=False)
        if made.returncode != 0:
            print("SKIP: saslpasswd2 cannot make a database of users")
            sys.exit(77)
    return """auth_unix_rw = "sasl"
sasl_conf_dir = "%s"
sasl_allowed_username_list = [ "fred" ]
max_anonymous_clients = 5
auth_timeout_seconds = 300
""" % sasl


if not shutil.which("saslpasswd2", path=os.environ["PATH"] + ":/usr/sbin"):
    print("SKIP: saslpasswd2 is not installed")
    sys.exit(77)
with tempfile.TemporaryDirectory(prefix="virtjobd-auth-") as directory:
    with wire.Daemon(prepare(directory), dir=directory) as daemon:
        try_nothing_before(daemon)
        try_order(daemon)
        try_bad_data(daemon)
        try_passwords(daemon)
        try_crowd(daemon)
        check("secret-" not in log(daemon), "the log has a password")
        sys.exit(check.end(daemon))
