#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user gets wrong: names and UUIDs that are taken, paths that are no pool's,
objects that are busy, jobs that have ended, settings that do not exist.  The message
names the object and the reason, and nothing has changed."""

import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
MIB = 1 << 20


def pool_xml(name, path, uuid=None):
    return "<pool type='dir'><name>%s</name>%s<target><path>%s</path></target></pool>" % (
        name, "<uuid>%s</uuid>" % uuid if uuid else "", path)


def clashes(daemon, client):
    """One name, one UUID, one directory: one pool."""
    one, two = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    dir = daemon.dir + "/one"
    first = client.call("STORAGE_POOL_DEFINE_XML", pool_xml("one", dir, one), 0).pool()

    def define(*args):
        return client.call("STORAGE_POOL_DEFINE_XML", pool_xml(*args), 0)

    check.refused(wire.ERR_FAILED, "its name, another UUID", define, "one", dir, two, match="'one'")
    check.refused(wire.ERR_FAILED, "its UUID, another name", define, "other", dir + "2", one,
                  match="'one'")
    check.refused(wire.ERR_FAILED, "its directory", define, "other", dir, two,
                  match="'one'.*" + dir)
    os.mkdir(dir)
    os.symlink(dir, daemon.dir + "/link")
    client.call("STORAGE_POOL_CREATE", first, 0)
    second = client.define_pool("other", daemon.dir + "/link")
    check.refused(wire.ERR_FAILED, "its directory through a symlink", client.call,
                  "STORAGE_POOL_CREATE", second, 0, match="'one'")
    check.refused((wire.ERR_INVALID, wire.ERR_FAILED), "start of what runs", client.call,
                  "STORAGE_POOL_CREATE", first, 0, match="'one'")
    check.refused(wire.ERR_INVALID, "undefine of what runs", client.call, "STORAGE_POOL_UNDEFINE",
                  first, match="'one'")
    check.refused(wire.ERR_INVALID, "delete of what runs", client.call, "STORAGE_POOL_DELETE",
                  first, 0,
                  match="'one'")
    check.refused(wire.ERR_INVALID, "volume in a pool that is stopped", client.create_vol, second,
                  "v",
                  4096, match="'other'")
    vol = client.create_vol(first, "v", 4096)
    check.refused(wire.ERR_EXIST, "a volume's name", client.create_vol, first, "v", 4096,
                  match="'v'")
    with open(dir + "/foreign", "w") as f:
        f.write("of somebody else")
    check.refused(wire.ERR_EXIST, "a file's name", client.create_vol, first, "foreign", 4096,
                  match="'foreign'")
    check(open(dir + "/foreign").read() == "of somebody else", "the foreign file")
    client.call("STORAGE_VOL_DELETE", vol, 0)
    client.call("STORAGE_POOL_DESTROY", first)
    check.refused(wire.ERR_SYSTEM, "delete of a directory in use", client.call,
                  "STORAGE_POOL_DELETE",
                  first, 0, match=dir)
    check(os.path.exists(dir + "/foreign"), "a pool's delete takes files along")
    os.unlink(dir + "/foreign")
    for pool in (first, second):
        client.call("STORAGE_POOL_UNDEFINE", pool)
    check(client.pools() == [], "pools at the end: %s" % client.pools())


def no_directory(daemon, client):
    """Files, sockets, nothing, where a directory should be."""
    file, dangling = daemon.dir + "/file", daemon.dir + "/dangling"
    with open(file, "w") as f:
        f.write("x")
    os.symlink(daemon.dir + "/nowhere", dangling)
    os.mkfifo(daemon.dir + "/fifo")
    for name, path in (("file", file), ("below", file + "/x"), ("fifo", daemon.dir + "/fifo"),
                       ("socket", daemon.path), ("nothing", daemon.dir + "/nothing"),
                       ("dangling", dangling), ("device", "/dev/null")):
        pool = client.define_pool(name, path)
        check.refused((wire.ERR_SYSTEM, wire.ERR_FAILED), "start of a pool in a " + name,
                      client.call,
                      "STORAGE_POOL_CREATE", pool, 0, match=re.escape(path))
        if name not in ("nothing", "dangling"):
            check.refused((wire.ERR_SYSTEM, wire.ERR_FAILED), "build of a pool in a " + name,
                          client.call, "STORAGE_POOL_BUILD", pool, 0, match=re.escape(path))
            check.refused((wire.ERR_SYSTEM, wire.ERR_FAILED), "delete of a pool in a " + name,
                          client.call, "STORAGE_POOL_DELETE", pool, 0, match=re.escape(path))
        check(client.call("STORAGE_POOL_IS_ACTIVE", pool).int() == 0, name + ": active")
        client.call("STORAGE_POOL_UNDEFINE", pool)
        # and a transient one leaves nothing behind
        check.refused((wire.ERR_SYSTEM, wire.ERR_FAILED), "create of a pool in a " + name,
                      client.call,
                      "STORAGE_POOL_CREATE_XML", pool_xml(name, path), 0, match=re.escape(path))
        check(client.pools() == [], name + ": a pool stays")
    check(open(file).read() == "x" and not os.path.exists(daemon.dir + "/nowhere"),
          "what was there")


def foreign_names(daemon, client):
    """Names in the directory that no client could have given: left out or shown, never fatal."""
    dir = daemon.dir + "/foreign"
    pool = client.start_pool("foreign", dir)
    for name in (b"plain", b"with space", b"new\nline", b"\x1b[2J", b"\xff\xfe", b"<xml>&'\"",
                 b"-rf",
                 "\u00fc\u65e5\u672c".encode(), b"n" * 255, b".hidden", b".virtjobd-7",
                 b"tab\there"):
        with open(os.path.join(dir.encode(), name), "w") as f:
            f.write("x")
    os.mkdir(dir + "/directory")
    os.symlink("/etc/passwd", dir + "/passwd")
    os.symlink("loop", dir + "/loop")
    os.mkfifo(dir + "/fifo")
    client.call("STORAGE_POOL_REFRESH", pool, 0)
    shown = client.volumes(pool)
    for name in ("plain", "with space", "<xml>&'\"", "-rf", "\u00fc\u65e5\u672c", "n" * 255):
        check(name in shown, "not shown: %r" % name)
        xml = client.call("STORAGE_VOL_GET_XML_DESC", ("foreign", name, ""), 0).text()
        check("\n  <capacity unit='bytes'>1</capacity>" in xml, "XML of %r: %s" % (name, xml))
    for name in ("new\nline", "\x1b[2J", ".virtjobd-7", "tab\there", "loop", "fifo"):
        check(name not in shown, "shown: %r" % name)
    check(os.path.exists(dir + "/fifo"), "the fifo")
    check("\x1b" not in daemon.log(), "a name steers the terminal of the log's reader")
    client.call("STORAGE_POOL_DESTROY", pool)
    client.call("STORAGE_POOL_UNDEFINE", pool)


def busy(daemon, client):
    """The message says which job is in the way: what, its number, whose, how far."""
    pool = client.start_pool("pool", daemon.dir + "/pool")
    vol = client.create_vol(pool, "v", 128 * MIB)
    with open(vol[2], "r+b") as f:
        for _ in range(128):
            f.write(b"x" * MIB)
    client.call("STORAGE_VOL_WIPE_PATTERN", vol, 4, wire.ASYNC)
    job = client.record(wire.job_of_vol(vol))
    said = (r"volume 'v' in pool 'pool' is busy: job %d \(vol-wipe of volume 'v' in pool 'pool'\), "
            r"started by uid=%d pid=%d \(.*\), is at \d+ %%" % (job.id, os.getuid(), os.getpid()))
    other = daemon.client()
    for name, *args in (("STORAGE_VOL_WIPE", vol, 0), ("STORAGE_VOL_DELETE", vol, 0),
                        ("STORAGE_VOL_DELETE", vol, wire.ASYNC),
                        ("STORAGE_VOL_RESIZE", vol, 256 * MIB, 0)):
        check.refused(wire.ERR_INVALID, name + " while it is wiped", other.call, name, *args,
                      match=said)
    said = r"job %d \(vol-wipe of volume 'v' in pool 'pool'\), started by uid" % job.id
    check.refused(wire.ERR_INVALID, "a clone of it", other.call, "STORAGE_VOL_CREATE_XML_FROM",
                  pool,
                  wire.vol_xml("c", MIB), vol, 0, match=said)
    for name, *args in (("STORAGE_POOL_DESTROY", pool), ("STORAGE_POOL_DELETE", pool, 0)):
        check.refused(wire.ERR_INVALID, name + " while a volume is wiped", other.call, name, *args,
                      match=said if name == "STORAGE_POOL_DESTROY" else None)
    # everything else goes on
    check(other.volumes(pool) == ["v"], "the list while it is wiped")
    other.call("STORAGE_VOL_GET_INFO", vol)
    other.call("STORAGE_VOL_DELETE", other.create_vol(pool, "w", MIB), 0)

    target = wire.job_by_id(job.id)
    client.call("CANCEL", target, 0)
    check(client.wait(target).state == wire.CANCELLED, "the wipe")
    for what, which in (("by its number", target), ("by its volume", wire.job_of_vol(vol))):
        check.refused(wire.ERR_INVALID, "cancel of an ended job, " + what, client.call, "CANCEL",
                      which,
                      0, match=r"%d .*(already|ended)" % job.id)
        check(client.record(which).state == wire.CANCELLED, "its state afterwards")
    check.refused(wire.ERR_INVALID, "cancel of no job", client.call, "CANCEL",
                  wire.job_by_id(job.id + 1000), 0, match=str(job.id + 1000))
    idle = client.define_pool("idle", daemon.dir + "/idle")
    check.refused(wire.ERR_INVALID, "cancel where none has run", client.call, "CANCEL",
                  wire.job_of_pool(idle), 0, match="'idle'")
    check.refused(wire.ERR_NO_VOL, "cancel on no volume", client.call, "CANCEL",
                  wire.job_of_vol(("pool", "none", "")), 0, match="'none'")
    client.call("STORAGE_VOL_DELETE", vol, 0)


CONFIGS = [("max_clients = 0", 1, "max_clients"), ("\n\nmax_clients = 1000000", 3, "max_clients"),
           ("max_clients = \"many\"", 1, "max_clients"), ("max_clients = 1.5", 1, "max_clients"),
           ("max_clients = -1", 1, "max_clients"), ("max_clients = true", 1, "max_clients"),
           ("max_clients = [1]", 1, "max_clients"), ("max_clients = 99999999999999999999", 1, ""),
           ("# fine\nlog_level = 2\nmax_clinets = 5", 3, "max_clinets"),
           ("tls_priority = \"NORMAL\"", 1, "tls_priority"),
           ("unix_sock_rw_perms = 700", 1, "unix_sock_rw_perms"),
           ("unix_sock_rw_perms = \"0999\"", 1, "unix_sock_rw_perms"),
           ("unix_sock_rw_perms = \"rwx\"", 1, "unix_sock_rw_perms"),
           ("max_workers = 2\nmax_workers = 3", 2, ""), ("max_workers 2", 1, ""),
           ("max_workers =", 2, ""),
           ("\n{", 2, ""), ("log_level = \"", 2, ""), ("a = { max_clients = 5; }", 1, "a"),
           ("@include \"/nonexistent\"", 1, "")]


def config():
    """It does not start, and says which line; nothing is left behind."""
    binary = os.environ.get("VIRTJOBD", os.path.join(os.getcwd(), "virtjobd"))
    with tempfile.TemporaryDirectory(prefix="virtjobd-test-") as dir:
        for text, line, key in CONFIGS:
            with open(dir + "/conf", "w") as f:
                f.write(text + "\n")
            ended = subprocess.run([binary, "--session", "--runtime-dir", dir + "/run",
                                    "--state-dir",
                                    dir + "/state", "--log-dir", dir + "/logs", "-f",
                                    dir + "/conf"],
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                   timeout=60)
            what = "config %r" % text
            check(ended.returncode == 1, "%s: exit status %d" % (what, ended.returncode))
            check(re.search(r"conf:%d\b.*%s" % (line, key), ended.stderr),
                  "%s: no line %d, '%s' in '%s'" % (what, line, key, ended.stderr.strip()))
            check(not os.path.exists(dir + "/run/virtjobd-sock"), what + ": a socket")


def main():
    with wire.Daemon() as daemon:
        client = daemon.client()
        clashes(daemon, client)
        no_directory(daemon, client)
        foreign_names(daemon, client)
        busy(daemon, client)
        config()
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
