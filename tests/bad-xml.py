#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Malformed and hostile XML for pools and volumes: a clear error at once, nothing
changed, no file read or address asked that the XML names."""

import os
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
import wire
from wire import ERR_INVALID, ERR_OVERFLOW, ERR_RPC, ERR_UNSUPPORTED, ERR_XML

check = wire.Checks()
LAUGHS = "<!DOCTYPE v [<!ENTITY a0 'ha'>%s]>" % "".join(
    "<!ENTITY a%d '%s'>" % (n + 1, ("&a%d;" % n) * 10) for n in range(10))


def vol(name="<name>v</name>", capacity="<capacity>4096</capacity>", rest=""):
    return "<volume>%s%s%s</volume>" % (name, capacity, rest)


def pool(base, name="<name>new</name>", target=None, rest="", type="dir"):
    target = "<target><path>%s/new</path></target>" % base if target is None else target
    return "<pool type='%s'>%s%s%s</pool>" % (type, name, target, rest)


def of_both(root):
    """What is wrong for every kind of document."""
    deep = "<a>" * 100000 + "</a>" * 100000
    named = "<%s><name>%%s</name></%s>" % (root, root)
    attributes = " ".join("a%d=''" % n for n in range(360000))
    yield "nothing", "", ERR_XML
    yield "blanks", " \n\t ", ERR_XML
    yield "text", "hello", ERR_XML
    yield "no end", "<%s><name>x" % root, ERR_XML
    yield "wrong nesting", "<%s><name>x</%s></name>" % (root, root), ERR_XML
    yield "two roots", "<%s/><%s/>" % (root, root), ERR_XML
    yield "wrong root", "<domain><name>x</name></domain>", ERR_XML
    yield "root in another namespace", \
        "<%s xmlns='urn:x'><name>x</name></%s>" % (root, root), ERR_XML
    yield "the same attribute twice", "<%s a='1' a='2'/>" % root, ERR_XML
    yield "no such entity", "<%s><name>&x;</name></%s>" % (root, root), ERR_XML
    yield "billion laughs", LAUGHS + "<%s><name>&a10;</name></%s>" % (root, root), ERR_XML
    yield "quadratic blow-up", "<!DOCTYPE v [<!ENTITY a '%s'>]><%s><name>%s</name></%s>" % (
        "x" * 50000, root, "&a;" * 50000, root), ERR_XML
    yield "an entity in itself", "<!DOCTYPE v [<!ENTITY a '&a;'>]><%s><name>&a;</name></%s>" % (
        root, root), ERR_XML
    yield "an external entity", ("<!DOCTYPE v [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
                                 "<%s><name>&a;</name></%s>" % (root, root)), ERR_XML
    yield "an external subset", "<!DOCTYPE v SYSTEM 'file:///etc/passwd'><%s/>" % root, ERR_XML
    yield "deep nesting", "<%s><name>x</name>%s</%s>" % (root, deep, root), ERR_XML
    yield "invalid UTF-8", named.encode() % b"a\xff\xfeb", ERR_XML
    yield "overlong UTF-8", named.encode() % b"a\xc0\xafb", ERR_XML
    yield "a surrogate", named.encode() % b"a\xed\xa0\x80", ERR_XML
    yield "UTF-16 without a mark", (named % "x").encode("utf-16-le"), ERR_RPC
    yield "a NUL", "<%s><name>a\0b</name></%s>" % (root, root), ERR_RPC
    yield "NUL behind it", "<%s><name>a</name></%s>\0" % (root, root), ERR_RPC
    yield "a NUL by reference", "<%s><name>a&#0;b</name></%s>" % (root, root), ERR_XML
    yield "4 MiB of one element", "<%s><name>%s</name></%s>" % (root, "x" * 4000000, root), ERR_XML
    yield "4 MiB of comment", "<%s><!--%s--></%s>" % (root, "x" * 4000000, root), ERR_XML
    yield "4 MiB of attributes", "<%s %s/>" % (root, attributes), ERR_XML
    yield "4 MiB of elements", "<%s>%s</%s>" % (root, "<a/>" * 1000000, root), ERR_XML
    yield "an unknown encoding", "<?xml version='1.0' encoding='x-none'?><%s/>" % root, ERR_XML


NAMES = [("no name", ""), ("an empty name", "<name/>"),
         ("a blank-free empty name", "<name></name>"),
         (".", "<name>.</name>"), ("..", "<name>..</name>"), ("a slash", "<name>a/b</name>"),
         ("a path up", "<name>../v</name>"), ("an absolute path", "<name>/etc/passwd</name>"),
         ("a newline", "<name>a\nb</name>"), ("a newline by reference", "<name>a&#10;b</name>"),
         ("a tab", "<name>a&#9;b</name>"), ("an escape", "<name>a&#27;[2J</name>"),
         ("DEL", "<name>a&#127;b</name>"), ("C1", "<name>a&#x9b;b</name>"),
         ("256 bytes", "<name>%s</name>" % ("n" * 256)),
         ("256 bytes of UTF-8", "<name>%s</name>" % ("\u00fc" * 128))]

PATHS = (".", "..", "a slash", "a path up", "an absolute path")  # libvirt has another code for them

SIZES = [("a negative %s", "-1", "", ERR_XML), ("minus 0 as %s", "-0", "", ERR_XML),
         ("+1 as %s", "+1", "", ERR_XML), ("a fraction as %s", "1.5", "", ERR_XML),
         ("hex as %s", "0x10", "", ERR_XML), ("text as %s", "much", "", ERR_XML),
         ("an empty %s", "", "", ERR_XML), ("two numbers as %s", "1 2", "", ERR_XML),
         ("an exponent as %s", "1e9", "", ERR_XML), ("other digits as %s", "\u0661", "", ERR_XML),
         ("%s over 64 bits", str(1 << 64), "", (ERR_XML, ERR_OVERFLOW)),
         ("%s over 1000 bits", "9" * 300, "", (ERR_XML, ERR_OVERFLOW)),
         ("%s over 63 bits", str(1 << 63), "", ERR_OVERFLOW),
         ("%s over 63 bits by its unit", "8", "EiB", ERR_OVERFLOW),
         ("%s over 64 bits by its unit", "16777216", "TiB", ERR_OVERFLOW),
         ("%s that wraps round", "36028797018963969", "PiB", ERR_OVERFLOW),
         ("%s in an unknown unit", "1", "parsec", ERR_XML),
         ("%s in half a unit", "1", "iB", ERR_XML),
         ("%s in ZiB", "1", "ZiB", ERR_XML), ("%s in bits", "1", "kbit", ERR_XML),
         ("%s in a blank unit", "1", " ", ERR_XML),
         ("%s in an endless unit", "1", "K" * 1000, ERR_XML)]


def volumes(base):
    yield from of_both("volume")
    for what, name in NAMES:
        yield what, vol(name), ERR_INVALID if what in PATHS else ERR_XML
    yield "the name of a file of the daemon's", vol("<name>.virtjobd-1</name>"), ERR_XML
    for element in ("capacity", "allocation"):
        for what, value, unit, code in SIZES:
            unit = " unit='%s'" % unit if unit else ""
            given = "<%s%s>%s</%s>" % (element, unit, value, element)
            yield what % element, (vol(capacity=given) if element == "capacity"
                                   else vol(rest=given)), code
    yield "no capacity", vol(capacity=""), ERR_XML
    yield "an unknown format", vol(rest="<target><format type='nope'/></target>"), \
        (ERR_XML, ERR_UNSUPPORTED)
    yield "a format that cannot be made", vol(rest="<target><format type='vmdk'/></target>"), \
        ERR_UNSUPPORTED
    for mode in ("-1", "999", "01234567", "u+x", "77777777777777"):
        yield "mode " + mode, vol(rest="<target><permissions><mode>%s</mode></permissions></target>"
                                  % mode), ERR_XML
    for owner in ("-2", "root", "4294967296", "99999999999999999999"):
        yield "owner " + owner, vol(rest="<target><permissions><mode>0600</mode><owner>%s</owner>"
                                    "</permissions></target>" % owner), ERR_XML
    qcow2 = "<target><format type='qcow2'/>%s</target>%s"
    for compat in ("0.9", "2", "1.1.1", "x", "1.1,preallocation=full"):
        yield "compat " + compat, vol(rest=qcow2 % ("<compat>%s</compat>" % compat, "")), \
            (ERR_XML, ERR_UNSUPPORTED)
    for size in ("1", "1000", "4294967296", "-512"):
        yield "cluster size " + size, \
            vol(rest=qcow2 % ("<clusterSize>%s</clusterSize>" % size, "")), \
            (ERR_XML, ERR_UNSUPPORTED, wire.ERR_INVALID_ARG)
    yield "an unknown feature", vol(rest=qcow2 % ("<features><magic/></features>", "")), \
        (ERR_XML, ERR_UNSUPPORTED)
    for path in ("relative", "../up", "-o", "nbd://host/x", "json:{}", base, "%s/none" % base,
                 "/dev/null"):
        yield "backing store " + path, vol(rest=qcow2 % ("", (
            "<backingStore><path>%s</path><format type='raw'/></backingStore>" % path))), \
            (ERR_XML, ERR_UNSUPPORTED, wire.ERR_SYSTEM)
    yield "encryption", \
        vol(rest="<target><format type='raw'/><encryption format='luks'/></target>"), \
        (ERR_XML, ERR_UNSUPPORTED)


def pools(base):
    yield from of_both("pool")
    for what, name in NAMES:
        yield what, pool(base, name), ERR_XML
    yield "no type", "<pool><name>x</name><target><path>/x</path></target></pool>", ERR_XML
    yield "an unknown type", pool(base, type="nope"), (ERR_XML, ERR_UNSUPPORTED)
    yield "a type that is not there", pool(base, type="rbd"), (ERR_XML, ERR_UNSUPPORTED)
    for uuid in ("x", "0" * 31, "0" * 33, "zz" * 16, "-" * 36):
        yield "uuid " + uuid, pool(base, rest="<uuid>%s</uuid>" % uuid), ERR_XML
    for what, target in (("no target", ""), ("no path", "<target/>"),
                         ("an empty path", "<target><path/></target>"),
                         ("a relative path", "<target><path>a/b</path></target>"),
                         ("a path with a newline", "<target><path>/a&#10;b</path></target>"),
                         ("a long path", "<target><path>/%s</path></target>" % ("p/" * 4096))):
        yield what, pool(base, target=target), ERR_XML
    for mode in ("-1", "999", "u+x"):
        yield "mode " + mode, pool(base, target=(
            "<target><path>%s/new</path><permissions><mode>%s</mode></permissions></target>"
            % (base, mode))), ERR_XML


class Trap:
    """A server that no XML must make anybody connect to."""

    def __init__(self):
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen()
        self.sock.setblocking(False)
        self.url = "http://127.0.0.1:%d/x" % self.sock.getsockname()[1]

    def sprung(self):
        try:
            self.sock.accept()
            return True
        except BlockingIOError:
            return False


def try_each(client, other, cases, what, call, state):
    before = state()
    for title, document, code in cases:
        start = time.monotonic()
        title = "%s: %s" % (what, title)
        serial = client.send(*call(document))
        # parsing is a worker's: others do not wait for it
        asked = time.monotonic()
        other.call("CONNECT_NUM_OF_STORAGE_POOLS")
        waited = time.monotonic() - asked
        error = check.refused(code, title, client.answer, serial)
        took = time.monotonic() - start
        check(waited < wire.AT_ONCE, "%s: another client waited %.3f s" % (title, waited))
        check(took < wire.AT_ONCE, "%s: took %.3f s" % (title, took))
        if error:
            check(len(error.message) < 2000,
                  "%s: a message of %d bytes" % (title, len(error.message)))
            check(all(c.isprintable() for c in error.message), "%s: control characters in %r"
                  % (title, error.message))
            check("root:" not in error.message, "%s: a file was read" % title)
    check(state() == before, what + ": something has changed")


def oversized(daemon, client):
    """100 MB do not fit a packet; 5 MB fit a packet but no text."""
    big = b"<volume><name>" + b"x" * 5000000 + b"</name></volume>"
    check.refused(ERR_RPC, "5 MB", client.call, "STORAGE_POOL_DEFINE_XML", big, 0)
    sender = daemon.client()
    size = 100 * 1000 * 1000
    try:
        sender.raw(wire.packet(wire.REMOTE, 77, struct.pack(">I", size), 2, length=size + 40))
        for _ in range(size >> 20):
            sender.raw(b"x" * (1 << 20))
        sender.receive()
        check(False, "100 MB: answered")
    except wire.Closed:
        check(True, "100 MB")
    sender.close()


def main():
    with wire.Daemon() as daemon:
        base = daemon.dir + "/data"
        os.mkdir(base)
        trap = Trap()
        client, other = daemon.client(), daemon.client()
        home = client.start_pool("home", base + "/home")
        source = client.create_vol(home, "source", 8192)
        rss = daemon.rss()

        def state():
            return client.pools(), client.volumes(home), sorted(os.listdir(base + "/home")), \
                sorted(os.listdir(base))

        remote = [("an address", "<!DOCTYPE v [<!ENTITY a SYSTEM '%s'>]><%s><name>&a;</name></%s>"
                   % (trap.url, root, root), ERR_XML) for root in ("volume", "pool")]
        try_each(client, other, list(volumes(base)) + remote, "create",
                 lambda x: ("STORAGE_VOL_CREATE_XML", home, x, 0), state)
        # a clone takes its capacity from its source
        cases = [c for c in volumes(base) if c[0] != "no capacity"]
        try_each(client, other, cases, "clone",
                 lambda x: ("STORAGE_VOL_CREATE_XML_FROM", home, x, source, 0), state)
        try_each(client, other, list(pools(base)) + remote, "define",
                 lambda x: ("STORAGE_POOL_DEFINE_XML", x, 0), state)
        try_each(client, other, list(pools(base)), "create pool",
                 lambda x: ("STORAGE_POOL_CREATE_XML", x, 1), state)
        oversized(daemon, client)
        check(not trap.sprung(), "the XML made the daemon connect to an address")
        check(state()[1] == ["source"], "the volumes at the end")
        if not wire.SLOW:
            check(daemon.rss() < rss + 64 * 1024,
                  "memory grew from %d to %d KiB" % (rss, daemon.rss()))
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
