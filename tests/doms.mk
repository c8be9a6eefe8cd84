# SPDX-License-Identifier: LGPL-2.1-or-later
# Domains and the host: the command line, the C API and stock clients on a real daemon.

doms_tests = \
	tests/api-domains.sh \
	tests/console.sh \
	tests/domains.sh \
	tests/stock-console.sh \
	tests/stock-domains.sh \
	tests/stock-screenshot.sh \
	$(NULL)
TESTS += $(doms_tests)
dist_check_SCRIPTS += $(doms_tests)

check_PROGRAMS += tests/api-domains tests/api-guests tests/api-jobs
tests_api_domains_SOURCES = tests/api-domains.c tests/api.c tests/api.h
tests_api_domains_CPPFLAGS = $(AM_CPPFLAGS)
tests_api_domains_LDADD = libvirtjob.la
tests_api_guests_SOURCES = tests/api-guests.c tests/api.c tests/api.h
tests_api_guests_CPPFLAGS = $(AM_CPPFLAGS)
tests_api_guests_LDADD = libvirtjob.la
tests_api_jobs_SOURCES = tests/api-jobs.c tests/api.c tests/api.h
tests_api_jobs_CPPFLAGS = $(AM_CPPFLAGS)
tests_api_jobs_LDADD = libvirtjob.la -lpthread
