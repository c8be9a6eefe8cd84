#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Audit records in systemd's journal: their fields, as they arrive at a socket that stands for
journald's, in a mount namespace of our own."""

import os
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
ENTER = ["unshare", "--mount", "--propagation", "private"]
# What systemd tells a service whose stderr it has connected to the journal.
AS_SERVICE = ["sh", "-c", "JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr) exec \"$@\"", "sh"]


def enter():
    """Goes on in a namespace where /run is empty."""
    if os.getuid() != 0:
        wire.skip("only root can have a mount namespace")
    if subprocess.run(ENTER + ["mount", "-t", "tmpfs", "none", "/run"], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        wire.skip("no mount namespaces here")
    os.execvp(ENTER[0], ENTER + [sys.executable, os.path.abspath(__file__), "--inside"])


def parse(data):
    """An entry in journald's own form: KEY=value lines; binary values have their length."""
    fields = {}
    while data:
        line, data = data.split(b"\n", 1)
        key, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(data[:8], "little")
            value, data = data[8:8 + size], data[8 + size + 1:]
        fields[key.decode()] = value.decode()
    return fields


class Journal(threading.Thread):
    """Reads at once, as the real one does: who writes to it waits where it does not."""

    def __init__(self):
        super().__init__(daemon=True)
        os.makedirs("/run/systemd/journal")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("/run/systemd/journal/socket")
        self.entries = []
        self.start()

    def run(self):
        while True:
            self.entries.append(parse(self.sock.recv(1 << 20)))

    def audit(self, what):
        return [e for e in list(self.entries) if e.get("VIRTJOBD_AUDIT") == what]


def inside():
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    journal = Journal()
    with wire.Daemon("audit_logging = 0\n", prefix=AS_SERVICE) as daemon:
        client = daemon.client()
        pool = client.start_pool("pool", daemon.dir + "/pool")
        vol = client.create_vol(pool, "a \"b\"", 1 << 20)
        record = client.record(wire.job_of_vol(vol))
        check.refused(wire.ERR_DENIED, "delete", wire.Client(daemon.ro_path).call,
                      "STORAGE_VOL_DELETE", vol, 0)
        wire.wait_until(lambda: journal.audit("denied"), "the record of a refusal")
        for what, more in (("job-start", {}), ("job-end", {"VIRTJOBD_RESULT": "complete"})):
            found = [e for e in journal.audit(what) if e.get("VIRTJOBD_JOB") == str(record.id)]
            check(len(found) == 1, "%d entries of %s" % (len(found), what))
            expected = {"PRIORITY": "5", "SYSLOG_IDENTIFIER": "virtjobd",
                        "VIRTJOBD_OPERATION": "vol-create",
                        "VIRTJOBD_OBJECT": "volume 'a \"b\"' in pool 'pool'",
                        "VIRTJOBD_IDENTITY": record.started_by, **more}
            for key, value in expected.items():
                check(found[0].get(key) == value, "%s: %s=%s" % (what, key, found[0].get(key)))
            check(found[0]["MESSAGE"].startswith("audit: what=%s job=\"%d\" " % (what, record.id)),
                  "message '%s'" % found[0]["MESSAGE"])
        denied = journal.audit("denied")[0]
        check(denied["VIRTJOBD_API"] == "virStorageVolDelete" and
              denied["VIRTJOBD_REASON"].endswith("read only access prevents virStorageVolDelete"),
              "the refusal: %r" % denied)
        check("audit:" not in daemon.log(), "records are lines of stderr, too")
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(inside() if sys.argv[1:] == ["--inside"] else enter())
