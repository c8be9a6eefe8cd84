# SPDX-License-Identifier: LGPL-2.1-or-later
# Who may connect: authentication, with our own clients and with none at all.

auth_tests = \
	tests/auth-tls.sh \
	tests/auth-wire.py \
	tests/auth.sh \
	tests/polkit.sh \
	$(NULL)
TESTS += $(auth_tests)
dist_check_SCRIPTS += $(auth_tests)
EXTRA_DIST += tests/sasl_lib.sh

check_PROGRAMS += tests/api-auth tests/fake-polkit
tests_fake_polkit_SOURCES = tests/fake-polkit.c
tests_fake_polkit_CPPFLAGS = $(AM_CPPFLAGS) $(SYSTEMD_CFLAGS)
tests_fake_polkit_LDADD = $(SYSTEMD_LIBS)
tests_api_auth_SOURCES = tests/api-auth.c tests/api.c tests/api.h
tests_api_auth_CPPFLAGS = $(AM_CPPFLAGS)
tests_api_auth_LDADD = libvirtjob.la -lpthread
