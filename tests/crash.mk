# SPDX-License-Identifier: LGPL-2.1-or-later
# What a job promises, over the real daemon: failed, cancelled, killed and stopped in the middle.

crash_tests = \
	tests/crash-table.py \
	tests/crash-resume.py \
	tests/crash-many.py \
	tests/crash-cancel.py \
	tests/crash-fail.py \
	tests/job-speed.py \
	tests/guests-table.py \
	$(NULL)
dist_check_SCRIPTS += $(crash_tests)
TESTS += $(crash_tests)
EXTRA_DIST += tests/crash_lib.py tests/guest_kernel.py tests/guest_lib.py tests/snapshot_lib.py

check_PROGRAMS += tests/crash-call
tests_crash_call_SOURCES = tests/crash-call.c
tests_crash_call_CPPFLAGS = \
	-I$(top_srcdir)/protocol/include \
	-I$(top_srcdir)/client-lib/include \
	$(NULL)
tests_crash_call_LDADD = libvirtjob.la

# Preloaded into the daemon; a sanitizer of its own would come too late for that.
check_LTLIBRARIES = tests/hold.la
tests_hold_la_SOURCES = tests/hold.c
tests_hold_la_CPPFLAGS = -D_GNU_SOURCE
tests_hold_la_CFLAGS = $(OUR_CFLAGS)
tests_hold_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_hold_la_LIBADD = -ldl

check_PROGRAMS += tests/unit/test-manual_jobs
TESTS += tests/unit/test-manual_jobs
tests_unit_test_manual_jobs_SOURCES = tests/unit/test-manual_jobs.c
tests_unit_test_manual_jobs_CPPFLAGS = \
	$(AM_CPPFLAGS) \
	$(daemon_dep_cflags) \
	$(CHECK_CFLAGS) \
	-DMANUAL_DIR='"$(top_srcdir)"' \
	$(NULL)
tests_unit_test_manual_jobs_LDADD = daemon/libdaemon.la $(CHECK_LIBS)
