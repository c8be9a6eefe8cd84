# SPDX-License-Identifier: LGPL-2.1-or-later
# Who may connect: authentication, with our own clients and with none at all.

auth_tests = \
	tests/auth.sh \
	$(NULL)
TESTS += $(auth_tests)
dist_check_SCRIPTS += $(auth_tests)
EXTRA_DIST += tests/sasl_lib.sh

check_PROGRAMS += tests/api-auth
tests_api_auth_SOURCES = tests/api-auth.c tests/api.c tests/api.h
tests_api_auth_CPPFLAGS = $(AM_CPPFLAGS)
tests_api_auth_LDADD = libvirtjob.la -lpthread
