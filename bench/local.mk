# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_PROGRAMS += bench/rpc
bench_rpc_SOURCES = bench/rpc.c
bench_rpc_LDADD = protocol/libframe.la
noinst_PROGRAMS += bench/clone-engine
bench_clone_engine_SOURCES = bench/clone-engine.c
bench_clone_engine_LDADD = daemon/libdaemon.la
EXTRA_DIST += bench/clone

# Needs some 8 GiB in BENCH_DIR; see "bench/clone --help".
BENCH_DIR = /var/tmp
bench-clone: bench/clone-engine
	$(srcdir)/bench/clone --engine bench/clone-engine --dir $(BENCH_DIR) $(BENCH_CLONE_FLAGS)
.PHONY: bench-clone
