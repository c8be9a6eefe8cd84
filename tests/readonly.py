#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which calls a read-only connection may make: each procedure over each of the
four kinds of connection (both sockets, with and without VIR_CONNECT_RO)."""

import os
import sys

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
wire.check_table(lambda text: check(False, text))

# What libvirt refuses, as measured, and what of our own program changes something.
# Also held against tests/data/access.txt.
DENIED = {p.name for p in wire.PROCS if p.write}
NOWHERE = dict(wire.NOWHERE, t=wire.job_by_id(1 << 60))
DENIAL = "^operation forbidden: read only access prevents vir[A-Z]"
SECURE = {"DOMAIN_GET_XML_DESC", "DOMAIN_GET_VCPUS_FLAGS", "DOMAIN_MANAGED_SAVE_GET_XML_DESC",
          "DOMAIN_SNAPSHOT_GET_XML_DESC", "DOMAIN_CHECKPOINT_GET_XML_DESC"}
check({p.name for p in wire.PROCS if p.secure} == SECURE, "the tables of the tests differ")


def try_all(path, flags, readonly):
    for proc in wire.PROCS:
        if proc.name in ("CONNECT_OPEN", "CONNECT_CLOSE"):
            continue
        client = wire.Client(path, flags)
        what = "%s, %s" % (proc.name, "read-only" if readonly else "read-write")
        code = 0
        try:
            client.call(proc.name, *(NOWHERE[field] for field in proc.args))
        except wire.WireError as e:
            code = e.code
            if code == wire.ERR_DENIED:
                check(wire.re.match(DENIAL, e.message), "%s: message '%s'" % (what, e.message))
        # addresses are no secret, but asking the agent for them is (1 is that source)
        denied = readonly and (proc.name in DENIED or proc.name == "DOMAIN_INTERFACE_ADDRESSES")
        check((code == wire.ERR_DENIED) == denied, "%s: code %d" % (what, code))
        client.close()


def try_secure(path, flags, readonly):
    """What only some bits make a secret of: refused with them, before the domain is looked for."""
    client = wire.Client(path, flags)
    for proc in wire.PROCS:
        for bit in range(32):
            if not proc.secure & (1 << bit):
                continue
            values = [1 << bit if field == "f" else NOWHERE[field] for field in proc.args]
            check.refused(wire.ERR_DENIED if readonly else wire.ERR_NO_DOMAIN,
                          "%s with bit %d" % (proc.name, bit), client.call, proc.name, *values,
                          match="^operation forbidden: vir[A-Z]" if readonly else None)
    client.close()


def try_real(daemon, pool, vol):
    """With arguments that would do something."""
    before = os.stat(vol[2])
    client = wire.Client(daemon.ro_path)
    for name, *values in (("STORAGE_VOL_DELETE", vol, 0), ("STORAGE_VOL_WIPE", vol, wire.ASYNC),
                          ("STORAGE_VOL_RESIZE", vol, 1 << 30, 0),
                          ("STORAGE_POOL_DESTROY", pool),
                          ("STORAGE_POOL_SET_AUTOSTART", pool, 1),
                          ("STORAGE_VOL_CREATE_XML", pool, wire.vol_xml("n", 1), 0)):
        check.refused(wire.ERR_DENIED, "really " + name, client.call, name, *values)
    check(client.volumes(pool) == ["vol"], "volumes changed")
    check(os.stat(vol[2]).st_mtime_ns == before.st_mtime_ns, "the file changed")
    # what is denied is denied before its arguments are looked at
    proc = wire.BY_NAME["STORAGE_VOL_DELETE"]
    check.refused(wire.ERR_DENIED, "a truncated body", client.call_raw, proc.program, proc.number,
                  b"\0\0")
    # and a read-only connection cannot be opened again as another
    check.refused(wire.ERR_INTERNAL, "a second open", client.call, "CONNECT_OPEN", None, 0)
    check.refused(wire.ERR_DENIED, "delete after it", client.call, "STORAGE_VOL_DELETE", vol, 0)
    client.close()


with wire.Daemon() as daemon:
    client = daemon.client()
    pool = client.start_pool("pool", daemon.dir + "/pool")
    vol = client.create_vol(pool, "vol", 1 << 20)
    try_all(daemon.path, 0, False)
    try_all(daemon.path, 1, True)
    try_all(daemon.ro_path, 0, True)
    try_all(daemon.ro_path, 1, True)
    try_secure(daemon.path, 0, False)
    try_secure(daemon.ro_path, 0, True)
    try_real(daemon, pool, vol)
    sys.exit(check.end(daemon))
