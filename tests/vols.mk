# SPDX-License-Identifier: LGPL-2.1-or-later
# Pools and volumes: the command line and the C API on a real daemon.

vols_tests = \
	tests/api-storage.sh \
	tests/pools.sh \
	tests/job-events.sh \
	tests/job-reconnect.sh \
	tests/transfers.sh \
	tests/volumes.sh \
	$(NULL)
TESTS += $(vols_tests)
dist_check_SCRIPTS += $(vols_tests)

check_PROGRAMS += tests/api-events tests/api-storage
tests_api_events_SOURCES = tests/api-events.c tests/api.c tests/api.h
tests_api_events_CPPFLAGS = $(AM_CPPFLAGS)
tests_api_events_LDADD = libvirtjob.la -lpthread
tests_api_storage_SOURCES = tests/api-storage.c tests/api.c tests/api.h
tests_api_storage_CPPFLAGS = $(AM_CPPFLAGS)
tests_api_storage_LDADD = libvirtjob.la -lpthread
