# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_PROGRAMS += bench/rpc
bench_rpc_SOURCES = bench/rpc.c
bench_rpc_LDADD = protocol/libframe.la
