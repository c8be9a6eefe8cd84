# SPDX-License-Identifier: LGPL-2.1-or-later
# Nothing here is timed by make check: figures are ratios of one run, see HACKING.md.
noinst_PROGRAMS += bench/rpc bench/start
bench_rpc_SOURCES = bench/rpc.c bench/echo.c bench/link.c bench/link.h
bench_rpc_LDADD = protocol/libframe.la $(OPENSSL_LIBS)
bench_start_SOURCES = bench/start.c
bench_start_LDADD = libvirtjob.la
EXTRA_DIST += bench/clone bench/guest bench/tls

# Need some 8 GiB in BENCH_DIR; see "bench/clone --help".
BENCH_DIR = /var/tmp
bench-clone: all
	$(srcdir)/bench/clone --build . --dir $(BENCH_DIR) $(BENCH_CLONE_FLAGS)
# As root, with libvirtd installed, it is in the contest; see "bench/guest --help".
bench-guest: all
	$(srcdir)/bench/guest --build . --dir $(BENCH_DIR) $(BENCH_GUEST_FLAGS)
.PHONY: bench-clone bench-guest
