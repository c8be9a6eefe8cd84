#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of certificates are written as GnuTLS writes them for libvirt, whose lists of allowed
names are thus good here, too: the daemon's log against GnuTLS itself, for names of every sort."""

import ctypes
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import wire

check = wire.Checks()
try:
    gnutls = ctypes.CDLL("libgnutls.so.30")
except OSError:
    wire.skip("no GnuTLS is installed")
if not shutil.which("openssl"):
    wire.skip("openssl is not installed")

SUBJECTS = ["/C=GB/ST=London/L=London/O=Example/OU=Staff/CN=admin",
            "/CN=admin/O=Example/C=GB", "/DC=org/DC=example/UID=joe/CN=Joe",
            "/O=a,b+c/CN=x", "/O=#hash/CN= blanks ", "/CN=quote\"back\\\\slash<>;",
            "/O=Example/CN=joe/emailAddress=joe@example.org", "/CN=M\u00fcller/O=\u00c5",
            "/O=x/CN=y+OU=z", "/street=Road 1/postalCode=123/title=Dr/GN=A/SN=B/initials=AB/CN=n",
            "/serialNumber=42/description=text/CN=s",
            "/pseudonym=p/dnQualifier=q/generationQualifier=III/telephoneNumber=1/CN=t",
            "/businessCategory=b/name=n/CN=u"]


class Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_uint)]


def by_gnutls(path):
    text = open(path, "rb").read()
    cert = ctypes.c_void_p()
    name = ctypes.create_string_buffer(4096)
    size = ctypes.c_size_t(len(name))
    assert gnutls.gnutls_x509_crt_init(ctypes.byref(cert)) == 0
    datum = Datum(text, len(text))
    assert gnutls.gnutls_x509_crt_import(cert, ctypes.byref(datum), 1) == 0 # PEM
    assert gnutls.gnutls_x509_crt_get_dn(cert, name, ctypes.byref(size)) == 0
    gnutls.gnutls_x509_crt_deinit(cert)
    return name.value.decode()


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit("openssl %s: %s" % (" ".join(words), done.stderr))


def make(dir):
    """A CA, and a certificate for each of the names; the daemon has one from the CA, too."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=CA", "-keyout", dir + "/cakey.pem", "-out", dir + "/cacert.pem")
    for i, subject in enumerate(["/CN=localhost"] + SUBJECTS):
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-utf8", "-multivalue-rdn", "-subj", subject, "-keyout", "%s/key%d" % (dir, i),
                "-out", dir + "/request")
        openssl("x509", "-req", "-in", dir + "/request", "-CA", dir + "/cacert.pem",
                "-CAkey", dir + "/cakey.pem", "-CAcreateserial", "-out", "%s/cert%d" % (dir, i))


def try_all(daemon, dir):
    port = int(re.search(r"listening for TLS on 127\.0\.0\.1:(\d+)", daemon.log()).group(1))
    for i, subject in enumerate(SUBJECTS, 1):
        context = ssl.create_default_context(cafile=dir + "/cacert.pem")
        context.check_hostname = False
        context.load_cert_chain("%s/cert%d" % (dir, i), "%s/key%d" % (dir, i))
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 60)) as s:
            check(s.recv(1) == b"\1", subject + ": not let in")
            client = "client address=127.0.0.1:%d dn=" % s.getsockname()[1]
        found = [line.split(client)[1] for line in daemon.log().splitlines() if client in line]
        expected = '"%s": ' % by_gnutls("%s/cert%d" % (dir, i))
        check(found and found[0].startswith(expected),
              "%s: %s in the log, GnuTLS has %s" % (subject, found[:1], expected))


with tempfile.TemporaryDirectory(prefix="virtjobd-test-") as dir:
    make(dir)
    config = ('log_level = 1\ntls_port = "0"\nlisten_addr = "127.0.0.1"\n'
              'ca_file = "%s/cacert.pem"\ncert_file = "%s/cert0"\nkey_file = "%s/key0"\n' %
              (dir, dir, dir))
    with wire.Daemon(config, args=["--listen"]) as daemon:
        try_all(daemon, dir)
        sys.exit(check.end(daemon))
