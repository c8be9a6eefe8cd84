# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of the client library and of the packet codec.

lib_unit_tests = \
	tests/unit/test-dname \
	tests/unit/test-frame \
	tests/unit/test-lib-agent \
	tests/unit/test-lib-api \
	tests/unit/test-lib-args \
	tests/unit/test-lib-call \
	tests/unit/test-lib-domain \
	tests/unit/test-lib-domain-bad \
	tests/unit/test-lib-error \
	tests/unit/test-lib-event \
	tests/unit/test-lib-fds \
	tests/unit/test-lib-host \
	tests/unit/test-lib-job \
	tests/unit/test-lib-params \
	tests/unit/test-lib-stream \
	tests/unit/test-lib-stream-all \
	tests/unit/test-lib-stream-nonblock \
	tests/unit/test-lib-threads \
	tests/unit/test-lib-uri \
	tests/unit/test-pki \
	$(NULL)
check_PROGRAMS += $(lib_unit_tests)
TESTS += $(lib_unit_tests)

noinst_HEADERS += tests/unit/pki-fixture.h

lib_unit_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/client-lib \
	-DRUNSTATEDIR='"$(runstatedir)"'
lib_unit_ldadd = client-lib/libclient.la $(CHECK_LIBS) -lpthread
lib_unit_fake = tests/unit/fake-server.c tests/unit/fake-server.h
lib_unit_rows = tests/unit/fake-rows.c tests/unit/fake-rows.h $(lib_unit_fake)

tests_unit_test_dname_SOURCES = tests/unit/test-dname.c
tests_unit_test_dname_CPPFLAGS = $(lib_unit_cppflags) $(OPENSSL_CFLAGS)
tests_unit_test_dname_LDADD = protocol/libpki.la $(CHECK_LIBS)

tests_unit_test_pki_SOURCES = tests/unit/test-pki.c
tests_unit_test_pki_CPPFLAGS = $(lib_unit_cppflags) $(OPENSSL_CFLAGS)
tests_unit_test_pki_LDADD = protocol/libpki.la $(CHECK_LIBS)

tests_unit_test_frame_SOURCES = tests/unit/test-frame.c
tests_unit_test_frame_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_frame_LDADD = protocol/libxdr.la protocol/libframe.la $(CHECK_LIBS)

tests_unit_test_lib_api_SOURCES = tests/unit/test-lib-api.c $(lib_unit_rows)
tests_unit_test_lib_api_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_api_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_call_SOURCES = tests/unit/test-lib-call.c $(lib_unit_fake)
tests_unit_test_lib_call_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_call_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_agent_SOURCES = tests/unit/test-lib-agent.c $(lib_unit_rows)
tests_unit_test_lib_agent_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_agent_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_domain_SOURCES = tests/unit/test-lib-domain.c $(lib_unit_rows)
tests_unit_test_lib_domain_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_domain_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_domain_bad_SOURCES = tests/unit/test-lib-domain-bad.c $(lib_unit_fake)
tests_unit_test_lib_domain_bad_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_domain_bad_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_fds_SOURCES = tests/unit/test-lib-fds.c $(lib_unit_fake)
tests_unit_test_lib_fds_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_fds_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_host_SOURCES = tests/unit/test-lib-host.c $(lib_unit_rows)
tests_unit_test_lib_host_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_host_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_params_SOURCES = tests/unit/test-lib-params.c $(lib_unit_rows)
tests_unit_test_lib_params_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_params_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_error_SOURCES = tests/unit/test-lib-error.c
tests_unit_test_lib_error_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_error_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_uri_SOURCES = tests/unit/test-lib-uri.c
tests_unit_test_lib_uri_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_uri_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_args_SOURCES = tests/unit/test-lib-args.c $(lib_unit_fake)
tests_unit_test_lib_args_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_args_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_job_SOURCES = tests/unit/test-lib-job.c $(lib_unit_fake)
tests_unit_test_lib_job_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_job_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_event_SOURCES = tests/unit/test-lib-event.c $(lib_unit_fake)
tests_unit_test_lib_event_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_event_LDADD = $(lib_unit_ldadd)

lib_unit_stream = tests/unit/stream-fixture.h $(lib_unit_fake)

tests_unit_test_lib_stream_SOURCES = tests/unit/test-lib-stream.c $(lib_unit_stream)
tests_unit_test_lib_stream_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_stream_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_stream_all_SOURCES = tests/unit/test-lib-stream-all.c $(lib_unit_stream)
tests_unit_test_lib_stream_all_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_stream_all_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_stream_nonblock_SOURCES = \
	tests/unit/test-lib-stream-nonblock.c \
	$(lib_unit_stream) \
	$(NULL)
tests_unit_test_lib_stream_nonblock_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_stream_nonblock_LDADD = $(lib_unit_ldadd)

tests_unit_test_lib_threads_SOURCES = tests/unit/test-lib-threads.c $(lib_unit_fake)
tests_unit_test_lib_threads_CPPFLAGS = $(lib_unit_cppflags)
tests_unit_test_lib_threads_LDADD = $(lib_unit_ldadd)

# What the outside sees of the library.
lib_outside_tests = \
	tests/header.sh \
	tests/symbols.sh \
	$(NULL)
TESTS += $(lib_outside_tests)
dist_check_SCRIPTS += $(lib_outside_tests)

# CK_DEFAULT_TIMEOUT is for tests that hang: a busy machine is slow, not wrong.
AM_TESTS_ENVIRONMENT = \
	CK_DEFAULT_TIMEOUT=$${CK_DEFAULT_TIMEOUT-30}; export CK_DEFAULT_TIMEOUT; \
	TSAN_OPTIONS="suppressions=$(abs_top_srcdir)/tests/tsan.supp $$TSAN_OPTIONS"; \
	export TSAN_OPTIONS; \
	LSAN_OPTIONS="suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0:$$LSAN_OPTIONS"; \
	export LSAN_OPTIONS; \
	$(NULL)
EXTRA_DIST += tests/lsan.supp tests/tsan.supp
