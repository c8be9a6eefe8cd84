#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams on the wire: what is sent arrives, byte by byte; a client that reads or writes
slowly, gives up, dies, sends nonsense or nothing at all costs a bounded amount of memory and
leaves its volume and everybody else alone."""

import os
import sys

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
MIB = 1 << 20
EXPECTED_BUFFER = 16 * 1024  # KiB: pipe, output, input and sockets of one stream, and slack


def content(size, seed=0):
    block = bytes((i * 7 + i // 251 + seed) & 0xFF for i in range(65521))
    return (block * (size // len(block) + 1))[:size]


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def get(path):
    with open(path, "rb") as f:
        return f.read()


class Fixture:
    """One pool with volumes of known contents."""

    def __init__(self, daemon):
        self.daemon, self.client = daemon, daemon.client()
        self.path = daemon.dir + "/pool"
        self.pool = self.client.start_pool("pool", self.path)

    def volume(self, name, size, data=None, format="raw"):
        vol = self.client.create_vol(self.pool, name, size, format=format)
        if data is not None:
            put(self.file(name), data)
        return vol

    def file(self, name):
        return os.path.join(self.path, name)

    def last(self, vol):
        return self.client.wait(wire.job_of_vol(vol))


def test_upload(f):
    data = content(5 * MIB + 123)
    vol = f.volume("up", len(data))
    stream = f.client.stream("STORAGE_VOL_UPLOAD", vol, 0, 0, 0)
    for at in range(0, len(data), 262120):
        stream.packet(data[at:at + 262120])
    stream.finish()
    check(get(f.file("up")) == data, "upload: the file is not what was sent")
    record = f.last(vol)
    check((record.operation, record.state) == ("vol-upload", wire.COMPLETE), "upload: its job")
    check(record.done == len(data), "upload: bytes counted: %d" % record.done)

    stream = f.client.stream("STORAGE_VOL_UPLOAD", vol, 1000, 10, 0)
    stream.packet(b"0123456789")
    stream.finish()
    data = data[:1000] + b"0123456789" + data[1010:]
    check(get(f.file("up")) == data, "upload with offset and length: the file")

    # all in one packet, and sent before the call is answered
    serial = f.client.send("STORAGE_VOL_UPLOAD", vol, 0, 0, 0)
    stream = wire.Stream(f.client, wire.BY_NAME["STORAGE_VOL_UPLOAD"], serial)
    data = content(len(data), 99)
    stream.packet(data)
    f.client.answer(serial)
    stream.finish()
    check(get(f.file("up")) == data, "upload in one packet: the file")

    # nothing at all is fine too
    f.client.stream("STORAGE_VOL_UPLOAD", vol, 0, 0, 0).finish()
    check(get(f.file("up")) == data, "empty upload: the file")


def test_upload_bounds(f):
    vol = f.volume("bounds", MIB)
    for offset, length in ((MIB + 1, 0), (0, MIB + 1), (MIB, 1)):
        for name in ("STORAGE_VOL_UPLOAD", "STORAGE_VOL_DOWNLOAD"):
            check.refused(wire.ERR_INVALID_ARG, "%s %d+%d" % (name, offset, length), f.client.call,
                          name, vol, offset, length, 0, match="beyond the end")
    check.refused(wire.ERR_OVERFLOW, "overflow", f.client.call, "STORAGE_VOL_UPLOAD", vol,
                  (1 << 64) - 1, 2, 0)
    for offset, length, sent in ((0, 0, MIB + 1), (10, 5, 6), (MIB, 0, 1)):
        stream = f.client.stream("STORAGE_VOL_UPLOAD", vol, offset, length, 0)
        stream.packet(b"x" * sent)
        check.refused(wire.ERR_SYSTEM, "more than fits at %d" % offset, stream.next)
        check(f.last(vol).state == wire.FAILED, "more than fits: its job")
    check(os.path.getsize(f.file("bounds")) == MIB, "more than fits: the volume has grown")
    # an image's file is made of what comes
    image = f.volume("image.qcow2", MIB, format="qcow2")
    data = get(f.file("image.qcow2")) + content(3 * MIB)
    stream = f.client.stream("STORAGE_VOL_UPLOAD", image, 0, 0, 0)
    stream.packet(data)
    stream.finish()
    check(get(f.file("image.qcow2")) == data, "upload of an image: the file")


def test_download(f):
    data = content(3 * MIB + 77)
    vol = f.volume("down", len(data), data)
    for offset, length in ((0, 0), (5, 0), (0, 1), (MIB, MIB + 3), (len(data), 0)):
        stream = f.client.stream("STORAGE_VOL_DOWNLOAD", vol, offset, length, 0)
        got = stream.read()
        stream.finish()
        end = offset + length if length else len(data)
        check(got == data[offset:end], "download %d+%d: the bytes" % (offset, length))
    record = f.last(vol)
    check((record.operation, record.state) == ("vol-download", wire.COMPLETE), "download: its job")
    # both ways at once on one connection
    one = f.client.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 0, 0)
    check(one.read() == data, "download with the stream left open: the bytes")
    check(f.client.call("CONNECT_GET_HOSTNAME").text() != "", "a call beside an open stream")
    one.finish()


def test_sparse(f):
    data = content(MIB)
    vol = f.volume("sparse", 64 * MIB)
    with open(f.file("sparse"), "r+b") as file:
        file.seek(16 * MIB)
        file.write(data)
    stream = f.client.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 0, 1)
    pieces = list(stream.pieces())
    stream.finish()
    holes = [piece for piece in pieces if isinstance(piece, int)]
    check(holes == [16 * MIB, 47 * MIB], "sparse download: holes %s" % holes)
    check(b"".join(p for p in pieces if not isinstance(p, int)) == data,
          "sparse download: the data")
    check(f.last(vol).done == MIB, "sparse download: holes are counted")

    target = f.volume("sparse2", 64 * MIB, b"\xff" * (64 * MIB))
    stream = f.client.stream("STORAGE_VOL_UPLOAD", target, 0, 64 * MIB, 1)
    for piece in pieces:
        if isinstance(piece, int):
            stream.hole(piece)
        else:
            stream.packet(piece)
    stream.finish()
    check(get(f.file("sparse2")) == get(f.file("sparse")), "sparse upload: the file")
    blocks = os.stat(f.file("sparse2")).st_blocks * 512
    check(blocks <= 2 * MIB, "sparse upload: %d bytes of blocks" % blocks)

    for name, flags, length in (("STORAGE_VOL_UPLOAD", 0, MIB), ("STORAGE_VOL_UPLOAD", 1, -1),
                                ("STORAGE_VOL_UPLOAD", 1, 0)):
        stream = f.client.stream(name, target, 0, 0, flags)
        stream.hole(length)
        check.refused((wire.ERR_INVALID, wire.ERR_RPC), "hole of %d" % length, stream.next)
        f.last(target)
    stream = f.client.stream("STORAGE_VOL_UPLOAD", target, 0, 0, 1)
    stream.hole(1 << 62)
    check.refused(wire.ERR_SYSTEM, "a hole past the end", stream.next)


def test_abort(f):
    data = content(40 * MIB)
    vol = f.volume("abort", len(data), data)
    for name in ("STORAGE_VOL_UPLOAD", "STORAGE_VOL_DOWNLOAD"):
        stream = f.client.stream(name, vol, 0, 0, 0)
        if name == "STORAGE_VOL_UPLOAD":
            stream.packet(data[:1000])
        stream.abort()
        check(f.last(vol).state == wire.CANCELLED, "%s aborted: its job" % name)
        stream.packet(b"late")   # dropped, all of them
        stream.packet(status=wire.OK)
        stream.hole(5)
        check(f.client.call("CONNECT_GET_HOSTNAME").text() != "", "%s aborted: a call" % name)
    # a download that is finished before its end
    stream = f.client.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 0, 0)
    stream.next()
    stream.finish()
    check(f.last(vol).state == wire.CANCELLED, "download finished early: its job")
    # data into a download
    stream = f.client.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 0, 0)
    stream.packet(b"x")
    check.refused(wire.ERR_INVALID, "data into a download", stream.read)
    check(f.last(vol).state == wire.FAILED, "data into a download: its job")


def test_cancel(f):
    data = content(40 * MIB)
    vol = f.volume("cancel", len(data), data)
    other = f.daemon.client()
    for name in ("STORAGE_VOL_UPLOAD", "STORAGE_VOL_DOWNLOAD"):
        stream = other.stream(name, vol, 0, 0, 0)
        f.client.call("CANCEL", wire.job_of_vol(vol), 0)
        check(f.last(vol).state == wire.CANCELLED, "%s cancelled: its job" % name)
        check.refused(wire.ERR_ABORTED, "%s cancelled" % name,
                      lambda stream=stream: [stream.next() for _ in range(1000)])
    other.close()


def test_busy(f):
    data = content(8 * MIB)
    vol = f.volume("busy", len(data), data)
    up = f.daemon.client()
    stream = up.stream("STORAGE_VOL_UPLOAD", vol, 0, 0, 0)
    for name in ("STORAGE_VOL_UPLOAD", "STORAGE_VOL_DOWNLOAD"):
        check.refused(wire.ERR_INVALID, "%s beside an upload" % name, f.client.call, name, vol,
                      0, 0, 0, match="is busy")
    check.refused(wire.ERR_INVALID, "delete beside an upload", f.client.call,
                  "STORAGE_VOL_DELETE", vol, 0, match="vol-upload")
    stream.abort()
    downs = [f.daemon.client() for _ in range(3)]
    streams = [c.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 0, 0) for c in downs]
    check.refused(wire.ERR_INVALID, "upload beside downloads", f.client.call,
                  "STORAGE_VOL_UPLOAD", vol, 0, 0, 0, match="is busy")
    for stream in streams:
        check(stream.read() == data, "three downloads at once: the bytes")
        stream.finish()
    for client in downs + [up]:
        client.close()


def test_slow_reader(f):
    """One that reads nothing: the daemon reads ahead a little and no more."""
    vol = f.volume("slow", 256 * MIB, b"s" * (256 * MIB))
    before = f.daemon.rss()
    slow = f.daemon.client()
    stream = slow.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 0, 0)
    target = wire.job_of_vol(vol)
    seen = [-1]

    def stands():
        done = f.client.record(target).done
        stood, seen[0] = done == seen[0] and done > 0, done
        return stood

    wire.wait_until(stands, "the download to stand still")
    grown = f.daemon.rss() - before
    check(seen[0] < 16 * MIB, "slow reader: %d bytes were read ahead" % seen[0])
    check(wire.SLOW or grown < EXPECTED_BUFFER, "slow reader: %d KiB more" % grown)
    size = sum(len(p) for p in stream.pieces())
    check(size == 256 * MIB, "slow reader: it got %d bytes in the end" % size)
    stream.finish()
    slow.close()


def test_stalled_upload(f, daemon):
    """Uploads that do not go on hold up neither their pool nor anybody else."""
    clients = [daemon.client() for _ in range(20)]
    vols = [f.volume("stall%d" % i, MIB) for i in range(20)]
    streams = [c.stream("STORAGE_VOL_UPLOAD", v, 0, 0, 0)
               for c, v in zip(clients, vols, strict=True)]
    source = f.volume("source", MIB, content(MIB))
    f.client.call("STORAGE_VOL_CREATE_XML_FROM", f.pool, wire.vol_xml("copy", MIB), source, 0)
    check(get(f.file("copy")) == content(MIB), "a clone beside stalled uploads")
    # killed clients: their jobs fail, their volumes are free
    for client in clients[:10]:
        client.close()
    for vol in vols[:10]:
        record = f.last(vol)
        check(record.state == wire.FAILED and "left its stream" in record.error,
              "killed client: state %d, %s" % (record.state, record.error))
        f.client.call("STORAGE_VOL_DELETE", vol, 0)
    for stream in streams[10:]:
        stream.packet(b"late but there")
        stream.finish()
    check(get(f.file("stall15"))[:14] == b"late but there", "stalled upload that goes on: the file")
    for client in clients[10:]:
        client.close()
    # too many of one client
    client = daemon.client()
    down = f.volume("many", 4 * MIB, content(4 * MIB))
    for _ in range(64):
        client.stream("STORAGE_VOL_DOWNLOAD", down, 0, 1, 0).read()  # and is left open
    check.refused(wire.ERR_FAILED, "the 65th stream", client.call, "STORAGE_VOL_DOWNLOAD", down,
                  0, 0, 0, match="too many open streams")
    client.close()
    # and one that dies while its calls are being answered
    client = daemon.client()
    for _ in range(64):
        client.send("STORAGE_VOL_DOWNLOAD", down, 0, 0, 0)
    client.close()
    f.client.wait(wire.job_of_vol(down))


def test_paused_and_gone(f):
    """A client that is lost while its job is paused, also one that is not read any more."""
    client = f.daemon.client()
    vol = f.volume("paused-up", 4 * MIB)
    stream = client.stream("STORAGE_VOL_UPLOAD", vol, 0, 0, 0)
    f.client.call("PAUSE", wire.job_of_vol(vol), 0)
    check(stream.fill(b"u" * 262120, 15), "a paused upload takes no more than is kept")
    gone_while_paused(f, client, vol)

    client = f.daemon.client()
    vol = f.volume("paused-down", 4 * MIB, content(4 * MIB))
    client.call("SET_SPEED", wire.job_by_id(0), 65536, 0)
    client.stream("STORAGE_VOL_DOWNLOAD", vol, 0, 0, 0)
    f.client.call("PAUSE", wire.job_of_vol(vol), 0)
    gone_while_paused(f, client, vol)


def gone_while_paused(f, client, vol):
    check(f.client.record(wire.job_of_vol(vol)).phase == 5, "it is paused")
    client.close()
    record = f.client.wait(wire.job_of_vol(vol), 20000)
    check(record.state == wire.FAILED and "left its stream" in record.error,
          "gone while paused: state %d, %s" % (record.state, record.error))
    f.client.call("STORAGE_VOL_DELETE", vol, 0)


def test_unknown(f):
    """Packets of streams that there are not are dropped without a word."""
    client = f.daemon.client()
    for type in (wire.STREAM, wire.STREAM_HOLE):
        for status in (wire.OK, wire.ERROR, wire.CONTINUE):
            for procedure in (1, 208, 209, 99999):
                client.raw(wire.packet(wire.REMOTE, procedure, b"x" * 100, 4711, type, status))
    check(client.call("CONNECT_GET_HOSTNAME").text() != "", "packets of unknown streams: a call")
    vol = f.volume("serials", 40 * MIB, content(40 * MIB))
    stream = client.stream("STORAGE_VOL_UPLOAD", vol, 0, 0, 0)
    client.raw(wire.packet(wire.REMOTE, 209, b"other", stream.serial, wire.STREAM, wire.CONTINUE))
    stream.packet(b"mine")
    stream.finish()
    check(get(f.file("serials"))[:5] == b"mine" + content(5)[4:], "another procedure's packet")
    stream = client.stream("STORAGE_VOL_UPLOAD", vol, 0, 0, 0)
    client.serial = stream.serial
    try:
        client.call("CONNECT_GET_HOSTNAME")
        check(False, "a call with the serial of an open stream was answered")
    except wire.Closed:
        pass
    f.last(vol)


def test_restart(f, daemon):
    vol = f.volume("restart", MIB)
    client = daemon.client()
    stream = client.stream("STORAGE_VOL_UPLOAD", vol, 0, 0, 0)
    stream.packet(b"x" * 1000)
    wire.wait_until(lambda: f.client.record(wire.job_of_vol(vol)).done == 1000, "the bytes")
    daemon.process.kill()
    daemon.process.wait()
    daemon.start()
    f.client = daemon.client()
    record = f.last(vol)
    check(record.state == wire.FAILED and "interrupted" in record.error, "restart: %s" %
          record.error)
    f.client.call("STORAGE_VOL_DELETE", vol, 0)


def main():
    with wire.Daemon() as daemon:
        f = Fixture(daemon)
        for test in (test_upload, test_upload_bounds, test_download, test_sparse, test_abort,
                     test_cancel, test_busy, test_slow_reader, test_paused_and_gone,
                     test_unknown):
            test(f)
        test_stalled_upload(f, daemon)
        test_restart(f, daemon)
        return check.end(daemon)


if __name__ == "__main__":
    sys.exit(main())
