# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of what every part stands on: errors, log, store, settings, start-up.

core_unit_tests = \
	tests/unit/test-access \
	tests/unit/test-audit \
	tests/unit/test-closer \
	tests/unit/test-config \
	tests/unit/test-cpuset \
	tests/unit/test-directories \
	tests/unit/test-log \
	tests/unit/test-options \
	tests/unit/test-pidfile \
	tests/unit/test-pipe \
	tests/unit/test-store \
	tests/unit/test-store_trouble \
	tests/unit/test-verror \
	$(NULL)
check_PROGRAMS += $(core_unit_tests)
TESTS += $(core_unit_tests)

core_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS)
core_ldadd = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_access_SOURCES = tests/unit/test-access.c
tests_unit_test_access_CPPFLAGS = $(core_cppflags)
tests_unit_test_access_LDADD = $(core_ldadd)

tests_unit_test_audit_SOURCES = tests/unit/test-audit.c tests/unit/capture.h
tests_unit_test_audit_CPPFLAGS = $(core_cppflags)
tests_unit_test_audit_LDADD = $(core_ldadd)
tests_unit_test_closer_SOURCES = tests/unit/test-closer.c
tests_unit_test_closer_CPPFLAGS = $(core_cppflags)
tests_unit_test_closer_LDADD = $(core_ldadd)

tests_unit_test_config_SOURCES = tests/unit/test-config.c
tests_unit_test_config_CPPFLAGS = $(core_cppflags)
tests_unit_test_config_LDADD = $(core_ldadd)

tests_unit_test_cpuset_SOURCES = tests/unit/test-cpuset.c
tests_unit_test_cpuset_CPPFLAGS = $(core_cppflags)
tests_unit_test_cpuset_LDADD = $(core_ldadd)

tests_unit_test_directories_SOURCES = tests/unit/test-directories.c
tests_unit_test_directories_CPPFLAGS = $(core_cppflags)
tests_unit_test_directories_LDADD = $(core_ldadd)

tests_unit_test_log_SOURCES = tests/unit/test-log.c tests/unit/capture.h
tests_unit_test_log_CPPFLAGS = $(core_cppflags)
tests_unit_test_log_LDADD = $(core_ldadd)

tests_unit_test_options_SOURCES = tests/unit/test-options.c
tests_unit_test_options_CPPFLAGS = $(core_cppflags)
tests_unit_test_options_LDADD = $(core_ldadd)

tests_unit_test_pidfile_SOURCES = tests/unit/test-pidfile.c
tests_unit_test_pidfile_CPPFLAGS = $(core_cppflags)
tests_unit_test_pidfile_LDADD = $(core_ldadd)

tests_unit_test_pipe_SOURCES = tests/unit/test-pipe.c
tests_unit_test_pipe_CPPFLAGS = $(core_cppflags)
tests_unit_test_pipe_LDADD = $(core_ldadd)

tests_unit_test_store_SOURCES = tests/unit/test-store.c tests/unit/store-fixture.h
tests_unit_test_store_CPPFLAGS = $(core_cppflags)
tests_unit_test_store_LDADD = $(core_ldadd)

tests_unit_test_store_trouble_SOURCES = tests/unit/test-store_trouble.c tests/unit/store-fixture.h
tests_unit_test_store_trouble_CPPFLAGS = $(core_cppflags)
tests_unit_test_store_trouble_LDADD = $(core_ldadd)

tests_unit_test_verror_SOURCES = tests/unit/test-verror.c
tests_unit_test_verror_CPPFLAGS = $(core_cppflags)
tests_unit_test_verror_LDADD = $(core_ldadd)

# The whole daemon as a process.
dist_check_SCRIPTS += tests/test-daemon.sh
TESTS += tests/test-daemon.sh
