# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests of the QMP client, and of that of the guest agent.
monitor_tests = \
	tests/unit/test-agent \
	tests/unit/test-bitmaps \
	tests/unit/test-bitmaps_follow \
	tests/unit/test-monitor \
	tests/unit/test-monitor_event \
	tests/unit/test-monitor_request \
	tests/unit/test-monitor-qemu \
	tests/unit/test-monitors \
	tests/unit/test-qmp_json \
	$(NULL)
check_PROGRAMS += $(monitor_tests)
TESTS += $(monitor_tests)

# A QEMU that tests write line by line, and a loop beside the test.
fake_qemu_sources = tests/unit/fake-qemu.c tests/unit/fake-qemu.h
monitor_test_harness = tests/unit/monitor-harness.c tests/unit/monitor-harness.h \
	$(fake_qemu_sources)
monitor_test_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS)
monitor_test_libs = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_agent_SOURCES = tests/unit/test-agent.c
tests_unit_test_agent_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_agent_LDADD = $(monitor_test_libs)

tests_unit_test_bitmaps_SOURCES = tests/unit/test-bitmaps.c $(monitor_test_harness)
tests_unit_test_bitmaps_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_bitmaps_LDADD = $(monitor_test_libs)

tests_unit_test_bitmaps_follow_SOURCES = tests/unit/test-bitmaps_follow.c
tests_unit_test_bitmaps_follow_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_bitmaps_follow_LDADD = $(monitor_test_libs)

tests_unit_test_monitor_SOURCES = tests/unit/test-monitor.c $(monitor_test_harness)
tests_unit_test_monitor_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_monitor_LDADD = $(monitor_test_libs)

tests_unit_test_monitor_event_SOURCES = tests/unit/test-monitor_event.c $(monitor_test_harness)
tests_unit_test_monitor_event_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_monitor_event_LDADD = $(monitor_test_libs)

tests_unit_test_monitor_request_SOURCES = tests/unit/test-monitor_request.c \
	$(monitor_test_harness)
tests_unit_test_monitor_request_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_monitor_request_LDADD = $(monitor_test_libs)

tests_unit_test_monitor_qemu_SOURCES = tests/unit/test-monitor-qemu.c $(monitor_test_harness)
tests_unit_test_monitor_qemu_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_monitor_qemu_LDADD = $(monitor_test_libs)

tests_unit_test_monitors_SOURCES = tests/unit/test-monitors.c $(monitor_test_harness)
tests_unit_test_monitors_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_monitors_LDADD = $(monitor_test_libs)

tests_unit_test_qmp_json_SOURCES = tests/unit/test-qmp_json.c
tests_unit_test_qmp_json_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_qmp_json_LDADD = $(monitor_test_libs)
