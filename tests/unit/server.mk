# SPDX-License-Identifier: LGPL-2.1-or-later
server_tests = \
	tests/unit/test-client \
	tests/unit/test-descriptors \
	tests/unit/test-dispatch \
	tests/unit/test-listen \
	tests/unit/test-server \
	tests/unit/test-stream \
	tests/unit/test-anonymous \
	tests/unit/test-transport_sasl \
	tests/unit/test-transport_tls \
	$(NULL)
check_PROGRAMS += $(server_tests)
TESTS += $(server_tests)

server_test_harness = tests/unit/server-harness.c tests/unit/server-harness.h
server_test_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS)
server_test_libs = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_descriptors_SOURCES = tests/unit/test-descriptors.c $(server_test_harness)
tests_unit_test_descriptors_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_descriptors_LDADD = $(server_test_libs)

tests_unit_test_client_SOURCES = tests/unit/test-client.c $(server_test_harness)
tests_unit_test_client_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_client_LDADD = $(server_test_libs)

tests_unit_test_anonymous_SOURCES = tests/unit/test-anonymous.c $(server_test_harness)
tests_unit_test_anonymous_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_anonymous_LDADD = $(server_test_libs)

tests_unit_test_dispatch_SOURCES = tests/unit/test-dispatch.c $(server_test_harness)
tests_unit_test_dispatch_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_dispatch_LDADD = $(server_test_libs)

tests_unit_test_listen_SOURCES = tests/unit/test-listen.c $(server_test_harness)
tests_unit_test_listen_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_listen_LDADD = $(server_test_libs)

tests_unit_test_server_SOURCES = tests/unit/test-server.c $(server_test_harness)
tests_unit_test_server_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_server_LDADD = $(server_test_libs)

tests_unit_test_stream_SOURCES = tests/unit/test-stream.c $(server_test_harness)
tests_unit_test_stream_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_stream_LDADD = $(server_test_libs)

tests_unit_test_transport_sasl_SOURCES = tests/unit/test-transport_sasl.c tests/unit/capture.h \
	$(server_test_harness)
tests_unit_test_transport_sasl_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_transport_sasl_LDADD = $(server_test_libs)

tests_unit_test_transport_tls_SOURCES = tests/unit/test-transport_tls.c $(server_test_harness)
tests_unit_test_transport_tls_CPPFLAGS = $(server_test_cppflags)
tests_unit_test_transport_tls_LDADD = $(server_test_libs) $(OPENSSL_LIBS)
