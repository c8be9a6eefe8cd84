#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Some clients take all they can get of what everybody shares, and another is served."""

import glob
import os
import signal
import socket
import sqlite3
import struct
import sys
import time

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
MIB = 1 << 20
ACTIVE, POOLS = 1, 8 # of virConnectListAllJobs
ROWS, LISTERS, LISTS = 3000, 5, 40
WIDTH, STREAMS = 256, 64 # of the lane of transfers; max_client_streams


def lengthen_history(path):
    """Copies of its last row."""
    with sqlite3.connect(path) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(jobs)")]
        row = dict(zip(columns, db.execute("SELECT * FROM jobs ORDER BY id DESC").fetchone()))
        db.executemany("INSERT INTO jobs VALUES (%s)" % ",".join(":" + name for name in columns),
                       [{**row, "id": row["id"] + i} for i in range(1, ROWS)])
    db.close()


def answers(clients):
    """How many have come, all in all; to be asked while the daemon stands still."""
    count = 0
    for client in clients:
        client.sock.setblocking(False)
        try:
            while chunk := client.sock.recv(MIB):
                client.buffer += chunk
        except BlockingIOError:
            pass
        client.sock.settimeout(240)
        at = 0
        while at + 4 <= len(client.buffer):
            at += struct.unpack_from(">I", client.buffer, at)[0]
            count += 1
    return count


def stop(daemon):
    os.kill(daemon.pid, signal.SIGSTOP)
    wire.wait_until(lambda: open("/proc/%d/stat" % daemon.pid).read().rsplit(")", 1)[1].split()[0]
                    == "T", "the daemon to stop")


def history():
    """Lists that find nothing read all of it; short work does not stand behind them."""
    with wire.Daemon() as daemon:
        client = daemon.client()
        pool = client.start_pool("pool", daemon.dir + "/pool")
        vol = client.create_vol(pool, "v", 4096)
        client.call("STORAGE_VOL_WIPE", vol, wire.ASYNC)
        client.wait(wire.job_of_vol(vol))
        daemon.stop()
        lengthen_history(*glob.glob(daemon.dir + "/state/**/virtjobd.db", recursive=True))
        daemon.config = "max_workers = 4\n"
        daemon.start()
        client = daemon.client()
        pool = client.call("STORAGE_POOL_LOOKUP_BY_NAME", "pool").pool()
        row = client.jobs(0, 1)[0].id - 1 # the last job of a volume is in memory
        listers = [wire.Client(daemon.ro_path) for _ in range(LISTERS)]
        for lister in listers:
            for _ in range(LISTS):
                lister.send("LIST", POOLS, 0, 10)
        client.create_vol(pool, "w", 4096)
        check(client.record(wire.job_by_id(row)).id == row, "a row of the history")
        stop(daemon)
        done = answers(listers)
        os.kill(daemon.pid, signal.SIGCONT)
        check(done < LISTERS * LISTS / 2, "a volume was made after %d lists" % done)
        for lister in listers: # the daemon does not end with work that it has not begun
            for _ in range(LISTS):
                lister.receive()
        daemon.failures = check.failed


def running(client):
    return sum(job.started_at > 0 for job in client.jobs(ACTIVE))


def download(client, vol):
    return len(client.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 4096, 0).read())


def transfers():
    """As many as there are workers for, which nobody reads; each other client still has one."""
    with wire.Daemon("max_client_streams = %d\n" % STREAMS) as daemon:
        other = daemon.client()
        pools = [other.start_pool(name, daemon.dir + "/" + name) for name in ("p", "q")]
        vols = [other.create_vol(pool, "v", 64 * MIB) for pool in pools]
        stalled = [daemon.client() for _ in range(WIDTH // STREAMS)]
        for client in stalled:
            for _ in range(STREAMS):
                client.send("STORAGE_VOL_DOWNLOAD", vols[0], 0, 0, 0)
        wire.wait_until(lambda: running(other) == WIDTH, "all these transfers", 240)
        for vol in vols:
            check(download(other, vol) == 4096, "the bytes of another client")
        # one that has all hang in one pool still has the others
        last = daemon.client()
        for vol in vols:
            last.send("STORAGE_VOL_DOWNLOAD", vol, 0, 0, 0)
        wire.wait_until(lambda: running(other) == WIDTH + 2, "one transfer in each pool")
        for client in stalled + [last]:
            client.close()
        daemon.failures = check.failed


def places():
    """The read-only socket leaves places for the other one, and the log is told of it once."""
    with wire.Daemon("max_clients = 20\n") as daemon:
        started = time.monotonic()
        readers = [wire.Client(daemon.ro_path) for _ in range(18)]
        late = wire.Client(daemon.ro_path, opened=False)
        serial = late.send("AUTH_LIST")
        others = [daemon.client() for _ in range(2)]
        for _ in range(20):
            others[0].call("CONNECT_GET_HOSTNAME")
        late.sock.setblocking(False)
        try:
            check(not late.sock.recv(1, socket.MSG_PEEK), "a reader has a place of the others")
        except BlockingIOError:
            pass
        late.sock.settimeout(240)
        for client in others + readers[:1]:
            client.close()
        late.answer(serial)
        for _ in range(30):
            readers.pop().close()
            readers.append(wire.Client(daemon.ro_path))
        told = daemon.log().count("18 clients (max_clients, less a tenth): further ones of the "
                                  "read-only sockets wait")
        check(1 <= told <= 1 + (time.monotonic() - started) / 10, "told %d times" % told)
        for client in readers + [late]:
            client.close()
        daemon.failures = check.failed


def main():
    history()
    transfers()
    places()
    return check.end()


if __name__ == "__main__":
    sys.exit(main())
