#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody who may write to a pool's directory, or to the one above it, puts symlinks
where the daemon works: in place of volumes, of its temporary files, of the directory
itself.  However the race ends, what the symlinks lead to is never touched."""

import ctypes
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
MIB = 1 << 20
NAMES = ["disk", "second", "third"]
libc = ctypes.CDLL(None, use_errno=True)
SECONDS = float(os.environ.get("VIRTJOBD_SOAK_SECONDS", "12")) / 2


def exchange(a, b):
    """Both names at once; False where one of them is not there."""
    return libc.renameat2(-100, a.encode(), -100, b.encode(), 2) == 0


class Victim:
    """A directory outside of every pool, with files of the names that volumes have."""

    def __init__(self, path):
        self.path = path
        os.mkdir(path, 0o755)
        for name in NAMES + ["secret"]:
            with open(os.path.join(path, name), "wb") as f:
                f.write(name.encode() * 4096)
            os.chmod(f.name, 0o640)
        self.before = self.state()

    def state(self):
        result = {}
        for name in sorted(os.listdir(self.path)):
            path = os.path.join(self.path, name)
            st = os.lstat(path)
            with open(path, "rb") as f:
                result[name] = (st.st_ino, st.st_size, st.st_mode, st.st_uid, st.st_mtime_ns,
                                f.read())
        return result, os.stat(self.path).st_mode, os.stat(self.path).st_uid

    def check(self, what):
        now = self.state()
        if not check(now == self.before, what + ": the victim was touched"):
            for name in set(now[0]) | set(self.before[0]):
                if now[0].get(name) != self.before[0].get(name):
                    print("    %s: %s -> %s" % (name, str(self.before[0].get(name))[:100],
                                                str(now[0].get(name))[:100]))
            self.before = now


def swap_directory(pool, victim, stop):
    """The pool's directory and a symlink to the victim's change places."""
    link = pool + ".link"
    os.symlink(victim.path, link)
    swaps = 0
    while not stop.is_set():
        swaps += exchange(pool, link)
        if swaps % 8 == 0:
            time.sleep(0.0002)
    if os.path.islink(pool):
        exchange(pool, link)
    os.unlink(link)
    return swaps


def swap_files(pool, victim, stop):
    """So do volumes and temporary files and symlinks to the victim's files."""
    swaps = 0
    aside = pool + ".aside"
    os.mkdir(aside)
    while not stop.is_set():
        for name in os.listdir(pool):
            path, link = os.path.join(pool, name), os.path.join(aside, name)
            target = os.path.join(victim.path, name if name in NAMES else "secret")
            try:
                os.symlink(target, link)
            except FileExistsError:
                pass
            if exchange(path, link):
                swaps += 1
                exchange(path, link) if swaps % 3 else time.sleep(0.0005)
            for left in os.listdir(aside):
                os.unlink(os.path.join(aside, left))
    return swaps


def try_call(client, name, *args):
    """Any answer will do, success or refusal; the daemon must live to give it."""
    try:
        client.call(name, *args)
        return 1
    except wire.WireError:
        return 0


def work(client, pool, source, stop):
    done = 0
    while not stop.is_set():
        for name in NAMES:
            vol = (pool[0], name, "")
            for format in ("raw", "qcow2"):
                done += try_call(client, "STORAGE_VOL_CREATE_XML", pool,
                                 wire.vol_xml(name, MIB, 0, format), 0)
                done += try_call(client, "STORAGE_VOL_RESIZE", vol, 2 * MIB, 0)
                done += try_call(client, "STORAGE_VOL_WIPE", vol, 0)
                try_call(client, "STORAGE_VOL_GET_INFO", vol)
                done += try_call(client, "STORAGE_VOL_DELETE", vol, 0)
                done += try_call(client, "STORAGE_VOL_CREATE_XML_FROM", pool,
                                 wire.vol_xml(name, MIB, 0, format), source, 0)
                done += try_call(client, "STORAGE_VOL_DELETE", vol, 1)
            try_call(client, "STORAGE_POOL_REFRESH", pool, 0)
            if stop.is_set():
                break
    return done


def race(daemon, swapper, what):
    base = "%s/%s" % (daemon.dir, what)
    os.mkdir(base)
    victim = Victim(base + "/victim")
    client = daemon.client()
    pool = client.start_pool(what, base + "/pool")
    elsewhere = client.start_pool(what + "-source", base + "/source")
    source = client.create_vol(elsewhere, "source", MIB)
    with open(source[2], "r+b") as f:
        f.write(b"x" * MIB)
    stop, counts = threading.Event(), {}
    threads = [threading.Thread(target=lambda: counts.update(swaps=swapper(base + "/pool", victim,
                                                                           stop)))]
    for n in range(2):
        threads.append(threading.Thread(
            target=lambda n=n: counts.update({n: work(daemon.client(), pool, source, stop)})))
    for thread in threads:
        thread.start()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and daemon.alive():
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    check(daemon.alive(), what + ": the daemon is gone")
    victim.check(what)
    # a race that nobody ran proves nothing
    check(counts.get("swaps", 0) > 20, "%s: %s swaps" % (what, counts.get("swaps")))
    check(counts.get(0, 0) + counts.get(1, 0) > 0, what + ": no call succeeded")
    print("%s: %s" % (what, counts))
    client.close()


def unhurried(daemon):
    """The same without a race: each call while the symlink is simply there."""
    base = daemon.dir + "/plain"
    os.mkdir(base)
    victim = Victim(base + "/victim")
    client = daemon.client()
    pool = client.start_pool("plain", base + "/pool")
    vols = [client.create_vol(pool, name, MIB, 0, format)
            for name, format in zip(NAMES, ("raw", "qcow2", "raw"))]
    source = client.create_vol(pool, "source", MIB)
    for vol in vols:
        os.unlink(vol[2])
        os.symlink(os.path.join(victim.path, vol[1]), vol[2])
        check.refused((wire.ERR_SYSTEM, wire.ERR_FAILED, 84), "wipe of a symlink", client.call,
                      "STORAGE_VOL_WIPE", vol, 0)
        check.refused((wire.ERR_SYSTEM, wire.ERR_FAILED, wire.ERR_INVALID_ARG, 84),
                      "resize of a symlink", client.call, "STORAGE_VOL_RESIZE", vol, 8 * MIB, 0)
        check.refused((wire.ERR_SYSTEM, wire.ERR_FAILED, 84), "zeroing delete of a symlink",
                      client.call, "STORAGE_VOL_DELETE", vol, 1)
        victim.check("a symlink as volume " + vol[1])
    os.rename(base + "/pool", base + "/moved")
    os.symlink(victim.path, base + "/pool")
    before = sorted(os.listdir(base + "/moved"))
    for what, name, *args in (
            ("create", "STORAGE_VOL_CREATE_XML", pool, wire.vol_xml("new", MIB), 0),
            ("create qcow2", "STORAGE_VOL_CREATE_XML", pool, wire.vol_xml("new", MIB, 0, "qcow2"),
             0),
            ("clone", "STORAGE_VOL_CREATE_XML_FROM", pool, wire.vol_xml("new", MIB), source, 0),
            ("wipe", "STORAGE_VOL_WIPE", ("plain", "disk", ""), 0),
            ("delete", "STORAGE_VOL_DELETE", ("plain", "disk", ""), 0),
            ("resize", "STORAGE_VOL_RESIZE", ("plain", "disk", ""), 4 * MIB, 0)):
        check.refused((wire.ERR_SYSTEM, wire.ERR_FAILED),
                      what + " in a directory that is a symlink now",
                      client.call, name, *args, match=base + "/pool")
        victim.check(what + " in a directory that is a symlink now")
    check(sorted(os.listdir(base + "/moved")) == before, "the moved directory has changed")
    os.unlink(base + "/pool")
    os.rename(base + "/moved", base + "/pool")
    client.call("STORAGE_VOL_DELETE", source, 0)
    client.close()


def symlinked_path(daemon):
    """An honest symlink on the way to a pool is followed, as it was when the pool was started."""
    os.makedirs(daemon.dir + "/real/pool")
    os.symlink("real", daemon.dir + "/short")
    client = daemon.client()
    pool = client.start_pool("honest", daemon.dir + "/short/pool")
    vol = client.create_vol(pool, "v", MIB, 0, "qcow2")
    check(vol[2] == daemon.dir + "/short/pool/v", "the path is shown as it was given: %s" % vol[2])
    client.call("STORAGE_VOL_RESIZE", vol, 2 * MIB, 0)
    client.call("STORAGE_VOL_DELETE", vol, 0)
    check(os.listdir(daemon.dir + "/real/pool") == [], "its directory")
    client.close()


def main():
    with wire.Daemon("log_level = 4\n") as daemon:
        symlinked_path(daemon)
        unhurried(daemon)
        race(daemon, swap_directory, "directory")
        race(daemon, swap_files, "files")
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
