# SPDX-License-Identifier: LGPL-2.1-or-later
"""A read-only file system of a few files that stops answering when told to, as a
dead file server does: the kernel's FUSE protocol, straight over /dev/fuse.  Root."""

import ctypes
import errno
import os
import select
import stat
import struct
import threading

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, INIT = 1, 2, 3, 14, 15, 17, 18, 26
OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 27, 28, 29, 36, 42
ROOT = 1
libc = ctypes.CDLL(None, use_errno=True)


class StuckFs:
    """files: {name: size}; every byte is 'x'.  stick() and go_on()."""

    def __init__(self, path, files):
        self.path, self.files = path, list(files.items())
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % self.fd
        if libc.mount(b"stuckfs", path.encode(), b"fuse.stuckfs", 0, options.encode()) < 0:
            error = ctypes.get_errno()
            os.close(self.fd)
            raise OSError(error, os.strerror(error), path)
        self.open, self.stopped = threading.Event(), False
        self.open.set()
        self.asked = threading.Event()  # something has asked since it is stuck
        self.shrink_at = None  # files end here for who reads them, whatever their size says
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stick(self):
        self.asked.clear()
        self.open.clear()

    def go_on(self):
        self.open.set()

    def close(self):
        self.stopped = True
        self.go_on()
        libc.umount2(self.path.encode(), 2)  # MNT_DETACH
        self.thread.join()
        os.close(self.fd)

    def _serve(self):
        while not self.stopped:
            if not select.select([self.fd], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(self.fd, 1 << 18)
            except OSError as e:
                if e.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue  # the one who asked has given up
                return  # unmounted
            if not self.open.is_set():
                self.asked.set()
                self.open.wait()
            self._answer(data)

    def _answer(self, data):
        _, opcode, unique, node = struct.unpack_from("<IIQQ", data)
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            return
        result = self._do(opcode, node, data[40:])
        error, body = (-result, b"") if isinstance(result, int) else (0, result)
        try:
            os.write(self.fd, struct.pack("<IiQ", 16 + len(body), error, unique) + body)
        except OSError:
            pass  # interrupted meanwhile

    def _do(self, opcode, node, body):
        if opcode == INIT:
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, 1 << 16, 0, 16, 12, 1 << 17, 1, 32, 0, 0)
        if opcode == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self._attributes(node)
        if opcode == LOOKUP:
            return self._lookup(body.rstrip(b"\0").decode())
        if opcode in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, 1, 0)  # past the page cache
        if opcode == READ:
            return self._read(node, body)
        if opcode == READDIR:
            return self._entries(*struct.unpack_from("<8xQI", body))
        if opcode == STATFS:
            return struct.pack("<QQQQQIIII24x", 1 << 20, 1 << 19, 1 << 19, 100, 50, 4096, 255, 4096,
                               0)
        return b"" if opcode in (RELEASE, RELEASEDIR) else errno.ENOSYS

    def _attributes(self, node):
        directory = node == ROOT
        size = 0 if directory else self.files[node - 2][1]
        mode = stat.S_IFDIR | 0o755 if directory else stat.S_IFREG | 0o644
        return struct.pack("<QQQQQQIIIIIIIIII", node, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0,
                           mode, 2 if directory else 1, 0, 0, 0, 4096, 0)

    def _lookup(self, name):
        for n, (file, _) in enumerate(self.files):
            if file == name:
                # never kept, so that each look asks again
                return struct.pack("<QQQQII", n + 2, 0, 0, 0, 0, 0) + self._attributes(n + 2)
        return errno.ENOENT

    def _read(self, node, body):
        offset, size = struct.unpack_from("<8xQI", body)
        end = min(self.files[node - 2][1], self.shrink_at or 1 << 62)
        return b"x" * max(0, min(size, end - offset))

    def _entries(self, offset, size):
        names = [(ROOT, ".", 4), (ROOT, "..", 4)] + [(n + 2, file, 8)
                                                     for n, (file, _) in enumerate(self.files)]
        out = b""
        for n, (node, name, kind) in enumerate(names[offset:], offset + 1):
            raw = name.encode()
            entry = struct.pack("<QQII", node, n, len(raw), kind) + raw + b"\0" * (-len(raw) % 8)
            if len(out) + len(entry) > size:
                break
            out += entry
        return out
