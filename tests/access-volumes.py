#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may change volumes and read their data, but not change domains, gets at volumes only: not
at other files by way of backing stores, whether XML names them or the header of an image."""

import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import wire

ERR_ACCESS_DENIED = 88
SIZE = 64 << 10
RULES = """access_rules = (
  { who = "uid=%(uid)d"; deny = "change"; on = "domain" },
  { who = "uid=%(uid)d"; allow = "*" }
)
"""
check = wire.Checks()
if not shutil.which("qemu-img"):
    print("qemu-img is not installed")
    sys.exit(77)


def backed(name, path, format="raw"):
    """XML of a volume on top of another image."""
    return ("<volume><name>%s</name><capacity>%d</capacity><target><format type='qcow2'/></target>"
            "<backingStore><path>%s</path><format type='%s'/></backingStore></volume>"
            % (name, SIZE, path, format))


class Site:
    """A daemon, a pool, and a file outside that is nobody's business."""

    def __init__(self, daemon):
        self.daemon, self.client = daemon, daemon.client()
        self.pool = self.client.start_pool("pool", daemon.dir + "/pool")
        self.secret = daemon.dir + "/secret"
        with open(self.secret, "wb") as f:
            f.write(b"SECRET".ljust(SIZE, b"x"))
        self.made = 0

    def path(self, name):
        return "%s/pool/%s" % (self.daemon.dir, name)

    def create(self, xml):
        return self.client.call("STORAGE_VOL_CREATE_XML", self.pool, xml, 0).vol()

    def clone(self, source, format="raw"):
        """A new volume with the bytes that a guest would see of source."""
        self.made += 1
        return self.client.call("STORAGE_VOL_CREATE_XML_FROM", self.pool,
                                wire.vol_xml("clone-%d" % self.made, SIZE, 0, format), source,
                                0).vol()

    def read(self, vol):
        return self.client.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 6, 0).read()

    def upload(self, vol, data):
        stream = self.client.stream("STORAGE_VOL_UPLOAD", vol, 0, len(data), 0)
        stream.packet(data)
        stream.finish()

    def image(self, *options):
        """The bytes of an image that qemu-img makes beside the pool; what it names need not be."""
        path = self.daemon.dir + "/made"
        subprocess.run(["qemu-img", "create", "-q", "-u", *options, path, str(SIZE)], check=True)
        with open(path, "rb") as f:
            data = f.read()
        os.unlink(path)
        return data

    def uploaded(self, name, data):
        vol = self.client.create_vol(self.pool, name, len(data))
        self.upload(vol, data)
        return vol

    def denied(self, what, function, *args):
        records = self.daemon.log().count("audit: what=denied")
        e = check.refused(ERR_ACCESS_DENIED, what, function, *args,
                          match="only for who may change domains")
        check(e and e.domain == 55, what + ": domain of the error")
        check(self.daemon.log().count('object="domain" operation="change"') == records + 1 ==
              self.daemon.log().count("audit: what=denied"), what + ": its record")


def try_xml(site):
    for path in (site.secret, site.path("../secret"), "/none", site.path("")):
        site.denied("backing store %s" % path, site.create, backed("x", path))
    base = site.client.create_vol(site.pool, "base", SIZE)
    site.denied("a clone on top of it", site.client.call, "STORAGE_VOL_CREATE_XML_FROM", site.pool,
                backed("x", site.secret), base, 0)
    site.upload(base, b"inside")
    top = site.create(backed("top", base[2]))
    check(site.read(site.clone(top)) == b"inside", "a backing store that is a volume")
    own = site.uploaded("own", site.image("-f", "qcow2", "-b", "base", "-F", "raw"))
    check(site.read(site.clone(own)) == b"inside", "one that is named from its directory")
    check(site.client.volumes(site.pool) == ["base", "clone-1", "clone-2", "own", "top"],
          "nothing else is there")


def try_headers(site):
    plain = site.image("-f", "qcow2", "-b", site.path("base"), "-F", "raw")
    images = {
        # QEMU would look for the format, and find what a guest writes there meanwhile
        "no-format": plain.replace(b"\xe2\x79\x2a\xca", b"\x12\x34\x56\x78"),
        "other-format": site.image("-f", "qcow2", "-b", site.path("base"), "-F", "qcow2"),
        "backing": site.image("-f", "qcow2", "-b", site.secret, "-F", "raw"),
        "url": site.image("-f", "qcow2", "-b", "file:" + site.secret, "-F", "raw"),
        "itself": site.image("-f", "qcow2", "-b", site.path("itself"), "-F", "qcow2"),
        "vmdk": b'# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\n'
                b'RW %d FLAT "%s" 0\n' % (SIZE >> 9, site.secret.encode()),
    }
    path = site.daemon.dir + "/data-file"
    images["data-file"] = site.image("-f", "qcow2", "-o", "data_file=%s,data_file_raw=on" % path)
    os.unlink(path)
    os.symlink(site.secret, path)
    for name, data in images.items():
        vol = site.uploaded(name, data)
        site.denied("a clone of '%s'" % name, site.clone, vol)
        site.denied("one as it is of '%s'" % name, site.clone, vol, "qcow2")
        if name != "backing":
            continue
        site.denied("one on top of it", site.create, backed("over", vol[2], "qcow2"))
    site.denied("another size of what has a data file", site.client.call, "STORAGE_VOL_RESIZE",
                ("pool", "data-file", site.path("data-file")), SIZE * 2, 0)
    with open(site.secret, "rb") as f:
        check(len(f.read()) == SIZE, "the file outside is as it was")


def try_below(site):
    """What lies below a clone's source is not exchanged while it is read, nor before."""
    below = site.client.create_vol(site.pool, "below", SIZE, 0, "qcow2")
    above = site.create(backed("above", below[2], "qcow2"))
    data = site.image("-f", "qcow2", "-b", site.secret, "-F", "raw")
    other = site.daemon.client()
    stream = other.stream("STORAGE_VOL_UPLOAD", below, 0, len(data), 0)
    stream.packet(data)
    check.refused(wire.ERR_INVALID, "a clone meanwhile", site.clone, above, match="vol-upload")
    stream.finish()
    site.denied("a clone afterwards", site.clone, above)


with wire.Daemon(RULES % {"uid": os.getuid()}) as daemon:
    site = Site(daemon)
    try_xml(site)
    try_headers(site)
    try_below(site)
    daemon.failures = check.failed
# Who may change domains could let a guest read them, and may do all that.
with wire.Daemon() as daemon:
    site = Site(daemon)
    check(site.read(site.clone(site.create(backed("x", site.secret)))) == b"SECRET", "by XML")
    vol = site.uploaded("y", site.image("-f", "qcow2", "-b", site.secret, "-F", "raw"))
    check(site.read(site.clone(vol)) == b"SECRET", "by a header")
    daemon.failures = check.failed
sys.exit(check.end())
