#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Clients that begin a TLS handshake and do not end it, in every way that is slow: others are
# served all the time, and the slow ones lose their place when their time is over.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/remote-functions.sh"
require_cmd openssl python3

make_pki pki
limit=$((${VIRTJOBD_SLOWER:-1} > 1 ? 20 : 3)) # seconds, in which good ones must be able to do it
tls_settings pki "tls_handshake_seconds = $limit" 'max_clients = 400' \
    'max_anonymous_clients = 0' >"$dir/conf"
start_daemon --listen --config "$dir/conf"
port=$(port_of TLS)

cat >"$dir/hold.py" <<'END'
import select, socket, ssl, sys, time
port, pki, slower = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
context = ssl.create_default_context(cafile=pki + "/cacert.pem")
context.load_cert_chain(pki + "/clientcert.pem", pki + "/clientkey.pem")

def connect():
    return socket.create_connection(("127.0.0.1", port), 60)

def good():
    began = time.monotonic()
    with context.wrap_socket(connect(), server_hostname="localhost") as s:
        assert s.recv(1) == b"\1", "no byte 1"
        # AUTH_LIST, and the head of its answer
        s.sendall(bytes.fromhex("0000001c 20008086 00000001 00000042 00000000 00000000 00000000"))
        assert s.recv(28)[4:8] == bytes.fromhex("20008086"), "no answer"
    return time.monotonic() - began

# The first flight of a handshake, for those who send it slowly, or only half of it.
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
hello = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
try:
    hello.do_handshake()
except ssl.SSLWantReadError:
    pass
hello = outgoing.read()

held = [connect() for _ in range(100)]                  # say nothing
for part in (1, 5, len(hello) // 2, len(hello) - 1):    # stop in the middle
    for _ in range(25):
        s = connect()
        s.sendall(hello[:part])
        held.append(s)
for _ in range(50):                                     # leave the server's part unanswered
    s = connect()
    s.sendall(hello)
    held.append(s)
dripping = [connect() for _ in range(50)]               # a byte now and then
print("%d held" % (len(held) + len(dripping)), flush=True)

began, sent, worst, served = time.monotonic(), 0, 0, 0
open_ones = set(held + dripping)
while open_ones:
    assert time.monotonic() - began < 20 + 20 * slower, "%d are still there" % len(open_ones)
    worst, served = max(worst, good()), served + 1
    for s in [s for s in dripping if s in open_ones]:
        try:
            s.sendall(hello[sent:sent + 1])
        except OSError:
            open_ones.discard(s)
    sent += 1
    ready, _, _ = select.select(open_ones, [], [], 0.1)
    for s in ready:
        try:
            if not s.recv(65536):
                open_ones.discard(s)
        except OSError:
            open_ones.discard(s)
took = time.monotonic() - began
assert took > 1.5, "they were dropped after %.1f s" % took
assert worst < 2.5 * slower, "a good client waited %.2f s" % worst
print("gone after %.1f s; %d good ones meanwhile, the slowest took %.3f s" % (took, served, worst))
END
timeout 300 python3 "$dir/hold.py" "$port" "$dir/pki" "${VIRTJOBD_SLOWER:-1}" >"$dir/said" 2>&1 ||
    fail "$(cat "$dir/said")"
cat "$dir/said"
equal "$(grep -c "TLS handshake not finished after $limit s (tls_handshake_seconds); connection closed" \
    "$dir/log")" 300 "clients whose time was over"

# None of them counts any more: max_clients others have room.
expect 0 "$(hostname)" virtjob -c "qemu+tls://localhost:$port/session?pkipath=$dir/pki" hostname
stop_daemon
