#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk that stops answering stops only what needs it: pool 'stuck' hangs (a file
server that is gone, a frozen file system), pool 'well' and all that is in memory
answer in milliseconds, a look at the disk is answered from the last known value
after a second, a cancel says what it waits for; and once the disk is back, all ends."""

import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import stuckfs
import wire

check = wire.Checks()


def timed(what, low, high, function, *args):
    start = time.monotonic()
    result = function(*args)
    took = time.monotonic() - start
    check(wire.SLOW or low <= took <= high, "%s took %.3f s, not %.2f to %.2f"
          % (what, took, low, high))
    return result


def at_once(what, function, *args):
    return timed(what, 0, wire.AT_ONCE, function, *args)


def well_answers(client, well, turn):
    """Everything about the other pool, and new connections."""
    name = "n%s" % turn
    vol = at_once("create in the other pool", client.create_vol, well, name, 1 << 20)
    at_once("info in the other pool", client.call, "STORAGE_VOL_GET_INFO", vol)
    at_once("refresh of the other pool", client.call, "STORAGE_POOL_REFRESH", well, 0)
    at_once("delete in the other pool", client.call, "STORAGE_VOL_DELETE", vol, 0)
    at_once("all pools", client.call, "CONNECT_LIST_ALL_STORAGE_POOLS", 1, 0)
    at_once("the jobs", client.jobs)


def memory_answers(client, stuck, vol):
    """What is known of the stuck pool without a look, which would take its second every time."""
    for name, *args in (("STORAGE_POOL_GET_INFO", stuck), ("STORAGE_POOL_GET_XML_DESC", stuck, 0),
                        ("STORAGE_POOL_LIST_ALL_VOLUMES", stuck, 1, 0),
                        ("STORAGE_POOL_IS_ACTIVE", stuck), ("STORAGE_VOL_GET_PATH", vol),
                        ("STORAGE_VOL_LOOKUP_BY_NAME", stuck, vol[1]),
                        ("STORAGE_VOL_LOOKUP_BY_PATH", vol[2])):
        took = []
        while len(took) < 10 and min(took, default=1) > 0.25:
            start = time.monotonic()
            client.call(name, *args)
            took.append(time.monotonic() - start)
        check(wire.SLOW or min(took) <= 0.25, "%s of the stuck pool took %s s" % (name, took))


def last_known(client, vol, size):
    """A second, then the last known value; also when many ask and all its workers hang."""
    def ask():
        r = client.call("STORAGE_VOL_GET_INFO", vol)
        r.int()
        return r.hyper()

    check(timed("info of the stuck volume", 0.5, 10, ask) == size, "its last known capacity")
    start = time.monotonic()
    waiting = [client.send("STORAGE_VOL_GET_INFO", vol) for _ in range(30)]
    answers = sorted(client.receive()[3] for _ in waiting)
    check(answers == waiting, "30 at once: %d answers" % len(answers))
    check(wire.SLOW or time.monotonic() - start < 15, "30 at once took %.1f s"
          % (time.monotonic() - start))


def cancel_says(client, job, path):
    at_once("cancel", client.call, "CANCEL", job, 0)
    record = at_once("its record", client.record, job)
    check(record.state == wire.RUNNING, "state %d while it waits" % record.state)
    check(record.note == "cancelling, waiting for " + path, "note '%s'" % record.note)


def dead_server(daemon):
    mount = daemon.dir + "/server"
    os.mkdir(mount)
    try:
        fs = stuckfs.StuckFs(mount, {"disk": 256 << 20, "other": 4096})
    except OSError as e:
        print("not tried: a FUSE file system (%s)" % e)
        return
    try:
        client, asker = daemon.client(), daemon.client()
        well = client.start_pool("well", daemon.dir + "/well")
        stuck = client.define_pool("stuck", mount)
        client.call("STORAGE_POOL_CREATE", stuck, 0)
        check(client.volumes(stuck) == ["disk", "other"], "its volumes: %s" % client.volumes(stuck))
        disk = ("stuck", "disk", mount + "/disk")

        client.call("STORAGE_VOL_CREATE_XML_FROM", well, wire.vol_xml("copy", 256 << 20), disk,
                    wire.ASYNC)
        copy = wire.job_of_vol(("well", "copy", ""))
        wire.wait_until(lambda: client.record(copy).done > 0, "the copy to run")
        fs.stick()
        check(fs.asked.wait(30), "the copy still reads")
        well_answers(client, well, 1)
        memory_answers(client, stuck, disk)
        cancel_says(client, copy, mount + "/disk")
        client.call("STORAGE_POOL_REFRESH", stuck, wire.ASYNC)
        refresh = wire.job_of_pool(stuck)
        wire.wait_until(lambda: client.record(refresh).note == "waiting for " + mount,
                        "the refresh to hang")
        last_known(asker, ("stuck", "other", ""), 4096)
        cancel_says(client, refresh, mount)
        well_answers(client, well, 2)
        memory_answers(client, stuck, disk)
        fs.go_on()
        check(client.wait(copy).state == wire.CANCELLED, "the copy at the end")
        check(client.wait(refresh).state == wire.CANCELLED, "the refresh at the end")
        check("copy" not in os.listdir(daemon.dir + "/well"), "the copy's file")
        at_once("info afterwards", client.call, "STORAGE_VOL_GET_INFO", disk)
        client.call("STORAGE_POOL_REFRESH", stuck, 0)
        check(client.volumes(well) == [], "volumes that stay: %s" % client.volumes(well))
        client.call("STORAGE_POOL_DESTROY", stuck)
        client.close()
        asker.close()
    finally:
        fs.close()


def frozen(daemon):
    image, mount = daemon.dir + "/image", daemon.dir + "/ext4"
    os.mkdir(mount)
    with open(image, "w") as f:
        f.truncate(256 << 20)
    if subprocess.run(["mkfs.ext4", "-q", "-F", image], stderr=subprocess.DEVNULL).returncode or \
            subprocess.run(["mount", "-o", "loop", image, mount],
                           stderr=subprocess.DEVNULL).returncode:
        print("not tried: a frozen ext4 (no mkfs.ext4, or no loop device)")
        return
    is_frozen = False
    try:
        client = daemon.client()
        well = client.start_pool("well2", daemon.dir + "/well2")
        stuck = client.start_pool("frozen", mount + "/pool")
        source = client.create_vol(well, "source", 64 << 20)
        with open(source[2], "r+b") as f:
            f.write(b"x" * (64 << 20))
        subprocess.run(["fsfreeze", "-f", mount], check=True)
        is_frozen = True
        client.send("STORAGE_VOL_CREATE_XML_FROM", stuck, wire.vol_xml("copy", 64 << 20), source,
                    wire.ASYNC)
        r = client.receive()
        check(r[4] == wire.OK, "the clone is accepted")
        copy = wire.job_of_vol(("frozen", "copy", ""))
        wire.wait_until(lambda: client.record(copy).note == "waiting for " + mount + "/pool",
                        "the clone to hang: %s" % client.record(copy).note)
        well_answers(client, well, 3)
        memory_answers(client, stuck, ("frozen", "copy", mount + "/pool/copy"))
        cancel_says(client, copy, mount + "/pool")
        subprocess.run(["fsfreeze", "-u", mount], check=True)
        is_frozen = False
        check(client.wait(copy).state == wire.CANCELLED, "the clone at the end")
        check(os.listdir(mount + "/pool") == [], "what stays: %s" % os.listdir(mount + "/pool"))
        client.call("STORAGE_POOL_DESTROY", stuck)
        client.close()
    finally:
        if is_frozen:
            subprocess.run(["fsfreeze", "-u", mount], check=True)
        subprocess.run(["umount", "-l", mount], check=True)


def main():
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        wire.skip("needs root and /dev/fuse")
    with wire.Daemon() as daemon:
        fds = len(daemon.fds())
        dead_server(daemon)
        frozen(daemon)
        wire.wait_until(lambda: len(daemon.fds()) <= fds, "its descriptors to be closed: %s"
                        % daemon.fds(), 20)
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
