# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of the client library and of the packet codec.

lib_unit_tests = \
	tests/unit/test-lib-call \
	$(NULL)
check_PROGRAMS += $(lib_unit_tests)
TESTS += $(lib_unit_tests)

lib_unit_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/client-lib
lib_unit_ldadd = client-lib/libclient.la $(CHECK_LIBS) -lpthread
lib_unit_fake = tests/unit/fake-server.c tests/unit/fake-server.h

tests_unit_test_frame_SOURCES = tests/unit/test-frame.c
tests_unit_test_frame_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_frame_LDADD = protocol/libframe.la protocol/libxdr.la $(CHECK_LIBS)

tests_unit_test_lib_api_SOURCES = tests/unit/test-lib-api.c $(lib_unit_fake)
tests_unit_test_lib_api_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_api_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_call_SOURCES = tests/unit/test-lib-call.c $(lib_unit_fake)
tests_unit_test_lib_call_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_call_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_error_SOURCES = tests/unit/test-lib-error.c
tests_unit_test_lib_error_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_error_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_uri_SOURCES = tests/unit/test-lib-uri.c
tests_unit_test_lib_uri_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_uri_LDADD = $(lib_unit_ldadd)
