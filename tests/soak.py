#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many clients at once doing anything in any order: create, clone, convert, wipe,
resize, delete, refresh, stop and start pools, cancel, wait, leave in the middle.
No call may fail but for a reason the work itself gives; and when all is quiet, the
lists equal the directories, nothing temporary stays, every job has ended, and the
daemon has the descriptors it had.  VIRTJOBD_SOAK_SECONDS (20), VIRTJOBD_TEST_SEED."""

import os
import random
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
MIB = 1 << 20
CLIENTS, POOLS, NAMES = 12, 3, 12
# Somebody else was there first, or is there now; and what was cancelled.
EXPECTED = {wire.ERR_INVALID, wire.ERR_EXIST, wire.ERR_NO_VOL, wire.ERR_NO_POOL, wire.ERR_ABORTED,
            wire.ERR_TIMEOUT}
# A volume deleted or changed by hand of another between the check and the work.
MAY_CHANGE = ("source changed", "No such file", "is another file", "is not active",
              "already exists with uuid")


class Actor(threading.Thread):
    def __init__(self, daemon, pools, seed, end):
        super().__init__()
        self.daemon_, self.pools, self.end = daemon, pools, end
        self.chance = random.Random(seed)
        self.done = {}
        self.error = None

    def run(self):
        try:
            client = self.daemon_.client(timeout=60)
            while time.monotonic() < self.end:
                client = self.act(client)
            client.close()
        except BaseException as e:  # told by the main thread
            self.error = repr(e)

    def vol(self):
        pool = self.chance.choice(self.pools)[0]
        return pool, "v%d" % self.chance.randrange(NAMES), ""

    def act(self, client):
        name = self.chance.choices(list(ACTIONS), [weight for _, weight in ACTIONS.values()])[0]
        # one of ten leaves before it has its answer
        if self.chance.random() < 0.1:
            self.leave_in(client, name)
            return self.daemon_.client(timeout=60)
        try:
            ACTIONS[name][0](self, client)
            result = "done"
        except wire.WireError as e:
            if e.code not in EXPECTED and not any(text in e.message for text in MAY_CHANGE):
                raise AssertionError("%s: %s" % (name, e)) from e
            result = "refused"
        self.done[name, result] = self.done.get((name, result), 0) + 1
        return client

    def leave_in(self, client, name):
        client.answer = lambda serial: (_ for _ in ()).throw(wire.Closed())
        try:
            ACTIONS[name][0](self, client)
        except wire.Closed:
            pass
        if self.chance.random() < 0.5:
            client.sock.shutdown(socket.SHUT_WR)
        client.close()
        self.done[name, "left"] = self.done.get((name, "left"), 0) + 1

    def flags(self):
        return self.chance.choice((0, wire.ASYNC))

    def create(self, client):
        pool = self.chance.choice(self.pools)
        size = self.chance.choice((0, 4096, MIB, 8 * MIB))
        format = self.chance.choice(("raw", "raw", "raw", "qcow2"))
        client.create_vol(pool, self.vol()[1], size or 4096, self.chance.choice((0, size)), format,
                          self.flags())

    def clone(self, client):
        pool = self.chance.choice(self.pools)
        xml = wire.vol_xml(self.vol()[1], 4096, self.chance.choice((0, 4096)),
                           self.chance.choice(("raw", "raw", "qcow2")))
        client.call("STORAGE_VOL_CREATE_XML_FROM", pool, xml, self.vol(), self.flags())

    def wipe(self, client):
        client.call("STORAGE_VOL_WIPE_PATTERN", self.vol(), self.chance.choice((0, 1, 8)),
                    self.flags())

    def resize(self, client):
        client.call("STORAGE_VOL_RESIZE", self.vol(), self.chance.choice((4096, 4 * MIB)),
                    4 | self.flags())

    def delete(self, client):
        client.call("STORAGE_VOL_DELETE", self.vol(), self.flags())

    def refresh(self, client):
        client.call("STORAGE_POOL_REFRESH", self.chance.choice(self.pools), self.flags())

    def restart_pool(self, client):
        pool = self.chance.choice(self.pools)
        client.call("STORAGE_POOL_DESTROY", pool)
        client.call("STORAGE_POOL_CREATE", pool, self.flags())

    def look(self, client):
        client.call(self.chance.choice(("STORAGE_VOL_GET_INFO", "STORAGE_VOL_GET_PATH")),
                    self.vol())

    def lists(self, client):
        client.volumes(self.chance.choice(self.pools))
        client.jobs(most=20)
        client.call("STORAGE_POOL_GET_XML_DESC", self.chance.choice(self.pools), 0)

    def cancel(self, client):
        running = [j for j in client.jobs(1) if not j.ended_at]
        if running:
            client.call("CANCEL", wire.job_by_id(self.chance.choice(running).id), 0)

    def wait(self, client):
        client.call("WAIT", wire.job_of_vol(self.vol()), self.chance.choice((0, 5, 50)))

    def define(self, client):
        name = "extra%d" % self.chance.randrange(4)
        pool = client.start_pool(name, "%s/%s" % (self.daemon_.dir, name))
        client.call("STORAGE_POOL_DESTROY", pool)
        client.call("STORAGE_POOL_DELETE", pool, 0)
        client.call("STORAGE_POOL_UNDEFINE", pool)


ACTIONS = {"create": (Actor.create, 8), "clone": (Actor.clone, 8), "wipe": (Actor.wipe, 4),
           "resize": (Actor.resize, 3), "delete": (Actor.delete, 8), "refresh": (Actor.refresh, 3),
           "restart": (Actor.restart_pool, 1), "look": (Actor.look, 8), "lists": (Actor.lists, 5),
           "cancel": (Actor.cancel, 4), "wait": (Actor.wait, 4), "define": (Actor.define, 1)}


def used(daemon):
    """Its descriptors, but for the database's: SQLite keeps those of readers for the next."""
    return sorted(link for link in daemon.fds().values() if not link.endswith("virtjobd.db"))


def be_quiet(client):
    """All jobs have ended."""
    for _ in range(1000):
        running = [j for j in client.jobs(1) if not j.ended_at]
        if not running:
            return
        client.call("WAIT", wire.job_by_id(running[0].id), 60000)
    check(False, "jobs that do not end: %s" % [(j.id, j.operation, j.phase) for j in running])


def same(daemon, client, pools):
    """What is listed is what is there, with and without a fresh look."""
    for pool in pools:
        files = sorted(os.listdir("%s/%s" % (daemon.dir, pool[0])))
        check(not [f for f in files if f.startswith(".")], "temporary files: %s" % files)
        listed = client.volumes(pool)
        check(listed == files, "%s lists %s, has %s" % (pool[0], listed, files))
        client.call("STORAGE_POOL_REFRESH", pool, 0)
        check(client.volumes(pool) == files, "%s after a refresh" % pool[0])
        for name in files:
            info = client.call("STORAGE_VOL_GET_INFO", (pool[0], name, ""))
            check(info.int() == 0 and info.hyper() > 0, "info of " + name)


def end_states(client):
    """Each job has one of the three ends; only a failed one has an error."""
    ends = {}
    for job in client.jobs():
        ends[job.state] = ends.get(job.state, 0) + 1
        check(job.state in (wire.COMPLETE, wire.FAILED, wire.CANCELLED) and job.ended_at
              and job.ended_at >= job.queued_at, "job %d: state %d" % (job.id, job.state))
        check((job.error_code != 0) == (job.state == wire.FAILED), "job %d: error %s in state %d"
              % (job.id, job.error, job.state))
        if job.state == wire.FAILED:
            check(any(text in job.error for text in MAY_CHANGE), "job %d (%s of %s): %s"
                  % (job.id, job.operation, job.name, job.error))
    return ends


def main():
    seconds = float(os.environ.get("VIRTJOBD_SOAK_SECONDS", "20"))
    seed = int(os.environ.get("VIRTJOBD_TEST_SEED", str(int(time.time()))))
    print("seed %d" % seed)
    with wire.Daemon("log_level = 3\nmax_bulk_jobs = 3\n") as daemon:
        client = daemon.client()
        pools = [client.start_pool("pool%d" % n,
                                   "%s/pool%d" % (daemon.dir, n)) for n in range(POOLS)]
        client.call("CONNECT_GET_VERSION")
        client.jobs()  # opens the history for reading, once
        fds = len(used(daemon))
        end = time.monotonic() + seconds
        actors = [Actor(daemon, pools, seed + n, end) for n in range(CLIENTS)]
        for actor in actors:
            actor.start()
        slowest = 0
        while any(actor.is_alive() for actor in actors):
            start = time.monotonic()
            client.call("CONNECT_NUM_OF_STORAGE_POOLS")
            slowest = max(slowest, time.monotonic() - start)
            time.sleep(0.02)
            check(daemon.alive(), "the daemon is gone")
            if not daemon.alive():
                break
        for actor in actors:
            actor.join()
            check(actor.error is None, "a client: %s" % actor.error)
        be_quiet(client)
        for pool in pools:
            try:
                client.call("STORAGE_POOL_CREATE", pool, 0)
            except wire.WireError:
                pass  # it runs
        same(daemon, client, pools)
        ends = end_states(client)
        check(wire.SLOW or slowest < 1, "a call from memory took %.3f s" % slowest)
        wire.wait_until(lambda: len(used(daemon)) <= fds, "descriptors to be closed: %s"
                        % used(daemon), 20)
        check(len(daemon.fds()) <= fds + 20, "descriptors: %s" % daemon.fds())
        counts = {}
        for actor in actors:
            for key, n in actor.done.items():
                counts[key] = counts.get(key, 0) + n
        for name in ACTIONS:
            print("%-8s" % name, *("%s %d" % (r, counts.get((name, r), 0))
                                   for r in ("done", "refused", "left")))
        print("jobs by state %s, slowest call from memory %.1f ms, memory %d KiB"
              % (ends, slowest * 1000, daemon.rss()))
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
