#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that are full, files that shrink while they are read, files of somebody
else: the call or job fails with the system's own error, nothing half made stays,
and what comes after works."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import stuckfs
import wire

check = wire.Checks()
MIB = 1 << 20


class Tmpfs:
    def __init__(self, path, size, mode="0755"):
        self.path = path
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d,mode=%s" % (size, mode), "none",
                        path], check=True)

    def free(self):
        s = os.statvfs(self.path)
        return s.f_bavail * s.f_frsize

    def fill(self, leave=0):
        with open(self.path + "/ballast", "wb", buffering=0) as f:
            try:
                os.posix_fallocate(f.fileno(), 0, max(self.free() - leave, 4096))
                while not leave:
                    f.seek(0, 2)
                    f.write(b"x" * 4096)
            except OSError:
                pass

    def relieve(self):
        os.unlink(self.path + "/ballast")

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=True)


def write_data(path, mib):
    with open(path, "r+b") as f:
        for _ in range(mib):
            f.write(os.urandom(1 << 16) * 16)


def failed(what, client, job, code, match):
    record = client.wait(job)
    check(record.state == wire.FAILED, "%s: state %d" % (what, record.state))
    check(record.error_code == code, "%s: code %d: %s" % (what, record.error_code, record.error))
    said = "%s %s" % (record.error, record.error_output)
    check(wire.re.search(match, said), "%s: '%s'" % (what, said))


def full_pool(daemon, client, well):
    """Disk full before and in the middle of create, clone, convert, resize."""
    tmpfs = Tmpfs(daemon.dir + "/small", 64 * MIB)
    try:
        small = client.start_pool("small", tmpfs.path)
        source = client.create_vol(well, "source", 100 * MIB)
        write_data(source[2], 100)
        free = tmpfs.free()
        target = wire.job_of_vol(("small", "v", ""))

        def nothing_left(what):
            check(os.listdir(tmpfs.path) == [], "%s: %s stays" % (what, os.listdir(tmpfs.path)))
            check(client.volumes(small) == [], what + ": a volume stays")
            wire.wait_until(lambda: tmpfs.free() >= free, what + ": its blocks to be free again",
                            10)

        check.refused(wire.ERR_SYSTEM, "create, full size", client.create_vol, small, "v",
                      100 * MIB,
                      100 * MIB, match="100 *|needs|No space")
        nothing_left("create, full size")
        # what cannot be told before: only the data is too much
        for format in ("raw", "qcow2"):
            what = "clone to " + format
            client.call("STORAGE_VOL_CREATE_XML_FROM", small,
                        wire.vol_xml("v", 100 * MIB, 0, format),
                        source, wire.ASYNC)
            failed(what, client, target, wire.ERR_SYSTEM, "No space left on device")
            r = client.call("GET_ERROR", target, 0)
            check(r.uint() == 1 and r.int() == wire.ERR_SYSTEM, what + ": the job's error")
            r.int(), r.opt(), r.int(), r.uint(), r.opt(), r.opt(), r.opt()
            check(r.int() == errno.ENOSPC, what + ": ENOSPC in the job's error")
            nothing_left(what)
            check.refused(wire.ERR_SYSTEM, what + ", sync", client.call,
                          "STORAGE_VOL_CREATE_XML_FROM", small,
                          wire.vol_xml("v", 100 * MIB, 0, format), source, 0,
                          match="No space left on device")
            nothing_left(what + ", sync")
        vol = client.create_vol(small, "v", MIB, MIB)
        check.refused(wire.ERR_SYSTEM, "resize with allocation", client.call, "STORAGE_VOL_RESIZE",
                      vol, 100 * MIB, 1, match="No space|needs")
        check(os.stat(vol[2]).st_size == MIB, "the size after a resize that failed: %d"
              % os.stat(vol[2]).st_size)
        # and the pool is as good as ever
        client.call("STORAGE_VOL_RESIZE", vol, 2 * MIB, 1)
        client.call("STORAGE_VOL_DELETE", vol, 0)
        client.call("STORAGE_POOL_REFRESH", small, 0)
        nothing_left("afterwards")
        client.call("STORAGE_POOL_DESTROY", small)
        client.call("STORAGE_VOL_DELETE", source, 0)
    finally:
        tmpfs.close()


def paused_wipe(client, well, name):
    """(job, path): it has begun, and goes on when it is told to."""
    vol = client.slow_wipe(well, name)
    job = wire.job_of_vol(vol)
    client.call("PAUSE", job, 0)
    return job, vol[2]


def fill_journal(client, state, job):
    """Not even the smallest entry fits: SQLite may still have had room in what it has."""
    state.fill()
    for speed in range(1, 3000):
        try:
            client.call("SET_SPEED", job, speed * MIB, 0)
        except wire.WireError as e:
            check("virtjobd.db" in e.message and "No space left" in e.message, "speed: %s" % e)
            return
    check(False, "3000 speeds were journalled without room")


def outcome_waits(client, job):
    """Done, but the journal does not take that: the job has not ended."""
    for verb, *args in (("SET_SPEED", 0, 0), ("RESUME", 0)):
        try:
            client.call(verb, job, *args)
        except wire.WireError as e: # it does so all the same
            check("No space left" in e.message, "%s: %s" % (verb, e))
    wire.wait_until(lambda: "waiting for the journal" in (client.record(job).note or ""),
                    "an outcome that cannot be journalled", 60)
    record = client.record(job)
    check(record.state == wire.RUNNING and not record.ended_at and
          "No space left" in record.note, "meanwhile: %d %s" % (record.state, record.note))
    check.refused(wire.ERR_INVALID, "a second one meanwhile", client.call, "STORAGE_VOL_WIPE",
                  (record.pool, record.name, ""), wire.ASYNC, match="waits for the journal")
    check.refused(wire.ERR_INVALID, "a cancel meanwhile", client.call, "CANCEL", job, 0,
                  match="only waits for the journal")


def nothing_accepted(daemon, client, well, vol):
    pool_dir = daemon.dir + "/well"
    made, names = client.volumes(well), client.pools()
    for what, name, *args in (
            ("create", "STORAGE_VOL_CREATE_XML", well, wire.vol_xml("t", 4096), 0),
            ("delete", "STORAGE_VOL_DELETE", vol, 0), ("wipe", "STORAGE_VOL_WIPE", vol, 0),
            ("async wipe", "STORAGE_VOL_WIPE", vol, wire.ASYNC),
            ("clone", "STORAGE_VOL_CREATE_XML_FROM", well, wire.vol_xml("c", MIB), vol, 0),
            ("define", "STORAGE_POOL_DEFINE_XML", "<pool type='dir'><name>p</name><target><path>"
             "%s/p</path></target></pool>" % daemon.dir, 0),
            ("autostart", "STORAGE_POOL_SET_AUTOSTART", well, 1)):
        check.refused((wire.ERR_SYSTEM, wire.ERR_INTERNAL, wire.ERR_FAILED), what + ", state full",
                      client.call, name, *args, match="virtjobd.db.*No space left")
    check(client.volumes(well) == made and client.pools() == names, "lists after the refusals")
    check(sorted(os.listdir(pool_dir)) == made, "files after the refusals")
    check(client.call("STORAGE_POOL_GET_AUTOSTART", well).int() == 0, "autostart changed")
    check(sum(not j.ended_at for j in client.jobs()) == 1, "a job that does not end: %s"
          % [(j.id, j.operation, j.phase) for j in client.jobs() if not j.ended_at])


def full_state(daemon, client, well, state):
    """The journal cannot be written: nothing is accepted, nothing half made, nothing forgotten."""
    vol = client.create_vol(well, "kept", MIB, MIB)
    job, path = paused_wipe(client, well, "wiped")
    fill_journal(client, state, job)
    nothing_accepted(daemon, client, well, vol)
    outcome_waits(client, job)
    nothing_accepted(daemon, client, well, vol)
    state.relieve()
    record = client.wait(job)
    check(record.state == wire.COMPLETE and not record.note, "with room: state %d" % record.state)
    with open(path, "r+b") as f:
        f.write(b"new data")
    with open(daemon.log_path, encoding="utf-8") as f:
        check(f.read().count("could not be journalled") == 1, "it is said once")
    client.call("STORAGE_VOL_DELETE", vol, 0)
    check(client.volumes(well) == os.listdir(daemon.dir + "/well") == ["wiped"],
          "with room again: %s" % client.volumes(well))
    # and it is on disk: nothing is done once more
    before = client.pools()
    daemon.stop()
    daemon.start()
    again = daemon.client()
    check(again.pools() == before, "pools after a restart: %s" % again.pools())
    check(all(j.ended_at for j in again.jobs()), "a job goes on after a restart")
    with open(path, "rb") as f:
        check(f.read(8) == b"new data", "what was written after the wipe has been wiped")
    again.close()


def shrinking_source(daemon, client, well):
    """Its end comes earlier than its size said."""
    mount = daemon.dir + "/server"
    os.mkdir(mount)
    fs = stuckfs.StuckFs(mount, {"disk": 64 * MIB})
    try:
        server = client.define_pool("server", mount)
        client.call("STORAGE_POOL_CREATE", server, 0)
        fs.shrink_at = 8 * MIB
        check.refused((wire.ERR_FAILED, wire.ERR_SYSTEM), "a source that shrinks", client.call,
                      "STORAGE_VOL_CREATE_XML_FROM", well, wire.vol_xml("copy", 64 * MIB),
                      ("server", "disk", ""), 0, match=mount + "/disk")
        check(client.volumes(well) == [] and os.listdir(daemon.dir + "/well") == [],
              "a clone of a source that shrank stays")
        client.call("STORAGE_POOL_DESTROY", server)
    finally:
        fs.close()


def no_permission():
    """The daemon as somebody who may not."""
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    dir = tempfile.mkdtemp(prefix="virtjobd-test-")
    os.chown(dir, 65534, 65534)
    try:
        binary = os.environ.get("VIRTJOBD", os.path.join(os.getcwd(), "virtjobd"))
        if subprocess.run(as_nobody + [binary, "--version"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode:
            print("not tried: the daemon as another user (it may not run %s)" % binary)
            return
        with wire.Daemon(prefix=as_nobody, dir=dir) as daemon:
            not_ours(daemon, daemon.client())
    finally:
        shutil.rmtree(dir)


def not_ours(daemon, client):
    roots = daemon.dir + "/roots"
    os.mkdir(roots)
    for name, mode in (("secret", 0o600), ("readable", 0o644)):
        with open(roots + "/" + name, "wb") as f:
            f.write(b"x" * 4096)
        os.chmod(f.name, mode)
    denied = "Permission denied|Operation not permitted"
    mode = "<pool type='dir'><name>roots</name><target><path>%s</path>" \
        "<permissions><mode>0777</mode></permissions></target></pool>"
    pool = client.call("STORAGE_POOL_DEFINE_XML", mode % roots, 0).pool()
    check.refused(wire.ERR_SYSTEM, "build of root's directory", client.call, "STORAGE_POOL_BUILD",
                  pool, 0, match=roots + ".*(%s)" % denied)
    client.call("STORAGE_POOL_CREATE", pool, 0)
    check("readable" in client.volumes(pool), "volumes: %s" % client.volumes(pool))
    check.refused(wire.ERR_SYSTEM, "create", client.create_vol, pool, "new", 4096, match=denied)
    for vol in ("readable", "secret"):
        if vol not in client.volumes(pool):
            continue
        for name, *args in (("STORAGE_VOL_WIPE", 0), ("STORAGE_VOL_DELETE", 0),
                            ("STORAGE_VOL_RESIZE", 8192, 0)):
            check.refused(wire.ERR_SYSTEM, "%s of %s" % (name, vol), client.call, name,
                          ("roots", vol, ""), *args, match=denied)
    closed = daemon.dir + "/closed"
    os.mkdir(closed, 0o700)
    check.refused(wire.ERR_SYSTEM, "start in a closed directory", client.call,
                  "STORAGE_POOL_CREATE",
                  client.define_pool("closed", closed), 0, match=closed + ".*(%s)" % denied)
    check.refused(wire.ERR_SYSTEM, "build below a closed directory", client.call,
                  "STORAGE_POOL_BUILD", client.define_pool("below", closed + "/x"), 0, match=denied)
    check.refused(wire.ERR_SYSTEM, "a volume of somebody else's", client.call,
                  "STORAGE_VOL_CREATE_XML", client.start_pool("own", daemon.dir + "/own"),
                  "<volume><name>v</name><capacity>1</capacity><target><permissions>"
                  "<mode>0600</mode><owner>0</owner><group>0</group></permissions></target>"
                  "</volume>",
                  0, match=denied)
    check(os.listdir(daemon.dir + "/own") == [], "what is left of it")
    check(sorted(os.listdir(roots)) == ["readable", "secret"], "root's directory")
    for name in os.listdir(roots):
        with open(roots + "/" + name, "rb") as f:
            check(f.read() == b"x" * 4096, "root's file " + name)
    client.close()


def main():
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        wire.skip("needs root (for mounts, and to be another user)")
    dir = tempfile.mkdtemp(prefix="virtjobd-test-")
    try:
        state = Tmpfs(dir + "/state", 8 * MIB, "0700")
    except subprocess.CalledProcessError:
        shutil.rmtree(dir)
        wire.skip("tmpfs cannot be mounted here")
    try:
        with wire.Daemon(dir=dir) as daemon:
            client = daemon.client()
            well = client.start_pool("well", dir + "/well")
            full_pool(daemon, client, well)
            shrinking_source(daemon, client, well)
            # a new daemon's journal is small: what one was once as long as is written over
            client.close()
            daemon.stop()
            daemon.start()
            client = daemon.client()
            full_state(daemon, client, well, state)
            no_permission()
            return check.end(daemon)
    finally:
        state.close()
        shutil.rmtree(dir)


if __name__ == "__main__":
    sys.exit(main())
