#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every call with flags, with each bit that means nothing: refused, and nothing has changed."""

import os
import sys

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
wire.check_table(lambda text: check(False, text))


def sample(client, base):
    """Two pools (one stopped), a volume, its job; values for each kind of argument.  A domain
    that does not exist will do: flags are looked at first."""
    pool = client.start_pool("pool", base + "/pool")
    client.define_pool("idle", base + "/idle")
    vol = client.create_vol(pool, "vol", 1 << 20)
    return {"p": pool, "v": vol, "t": wire.job_of_vol(vol), "i": 1, "h": 4096, "o": None, "n": None,
            "s": "dir", "d": ("no such domain", b"\xee" * 16, -1),
            "l": ["x"], "m": [("file", base + "/image")]}


def xml_for(proc, base):
    if "POOL" in proc.name:
        return ("<pool type='dir'><name>new</name><target><path>%s/new</path></target></pool>"
                % base)
    if "DOMAIN" in proc.name:
        return ("<domain type='qemu'><name>new</name><memory>65536</memory>"
                "<os><type>hvm</type></os></domain>")
    return wire.vol_xml("new", 4096)


def state(client, base, pool):
    """All that a call could have changed."""
    files = sorted(os.path.join(d, f) + ":%d" % os.stat(os.path.join(d, f)).st_mtime_ns
                   for d, _, fs in os.walk(base) for f in fs)
    info = client.call("STORAGE_POOL_GET_INFO", pool).data
    return (files, client.pools(), client.volumes(pool), info, client.domains(),
            [j.id for j in client.jobs()])


def values(proc, args, base, flags):
    out = []
    for field in proc.args:
        if field == "f":
            out.append(flags)
        elif field == "s" and proc.name.endswith(("CREATE_XML", "DEFINE_XML", "CREATE_XML_FROM",
                                                     "DEFINE_XML_FLAGS")):
            out.append(xml_for(proc, base))
        else:
            out.append(args[field])
    return out


with wire.Daemon() as daemon:
    base = daemon.dir + "/data"
    os.mkdir(base)
    client = daemon.client()
    args = sample(client, base)
    before = state(client, base, args["p"])
    for proc in wire.PROCS:
        if proc.flags is None:
            continue
        for bit in range(32):
            if proc.flags & (1 << bit):
                continue
            # an open connection would refuse another open whatever its flags
            caller = daemon.client(opened=False) if proc.name == "CONNECT_OPEN" else client
            what = "%s with bit %d" % (proc.name, bit)
            # beside bits that are known, to be sure that not only the whole is compared
            for extra in {0, proc.flags & wire.ASYNC}:
                flags = (1 << bit) | extra
                error = check.refused(wire.ERR_INVALID_ARG, what, caller.call, proc.name,
                                      *values(proc, args, base, flags), match="unsupported flags")
                if error:
                    check("0x%x" % (1 << bit) in error.message, what + ": " + error.message)
            if caller is not client:
                caller.close()
    check(state(client, base, args["p"]) == before, "a refused call has changed something")
    sys.exit(check.end(daemon))
