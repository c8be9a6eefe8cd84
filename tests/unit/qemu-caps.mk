# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of what emulators and the host can do.

caps_tests = \
	tests/unit/test-caps_cache \
	tests/unit/test-caps_probe \
	tests/unit/test-caps_xml \
	tests/unit/test-emulators \
	tests/unit/test-host \
	tests/unit/test-host_stats \
	$(NULL)
check_PROGRAMS += $(caps_tests)
TESTS += $(caps_tests)
noinst_HEADERS += tests/unit/caps-fixture.h
EXTRA_DIST += tests/data/qemu/fake-qemu
caps_test_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS)
caps_test_libs = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_caps_cache_SOURCES = tests/unit/test-caps_cache.c
tests_unit_test_caps_cache_CPPFLAGS = $(caps_test_cppflags)
tests_unit_test_caps_cache_LDADD = $(caps_test_libs)

tests_unit_test_caps_probe_SOURCES = tests/unit/test-caps_probe.c
tests_unit_test_caps_probe_CPPFLAGS = $(caps_test_cppflags)
tests_unit_test_caps_probe_LDADD = $(caps_test_libs)

tests_unit_test_caps_xml_SOURCES = tests/unit/test-caps_xml.c
tests_unit_test_caps_xml_CPPFLAGS = $(caps_test_cppflags)
tests_unit_test_caps_xml_LDADD = $(caps_test_libs)

tests_unit_test_emulators_SOURCES = tests/unit/test-emulators.c
tests_unit_test_emulators_CPPFLAGS = $(caps_test_cppflags)
tests_unit_test_emulators_LDADD = $(caps_test_libs)

tests_unit_test_host_SOURCES = tests/unit/test-host.c
tests_unit_test_host_CPPFLAGS = $(caps_test_cppflags)
tests_unit_test_host_LDADD = $(caps_test_libs)

tests_unit_test_host_stats_SOURCES = tests/unit/test-host_stats.c
tests_unit_test_host_stats_CPPFLAGS = $(caps_test_cppflags)
tests_unit_test_host_stats_LDADD = $(caps_test_libs)
