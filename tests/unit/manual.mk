# SPDX-License-Identifier: LGPL-2.1-or-later
# The wire as it was promised, the manual pages as they are true, and systemd's units.

check_PROGRAMS += tests/unit/test-wire
TESTS += tests/unit/test-wire
tests_unit_test_wire_SOURCES = tests/unit/test-wire.c
tests_unit_test_wire_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_wire_LDADD = protocol/libxdr.la protocol/libframe.la $(CHECK_LIBS)

manual_tests = \
	tests/man-functions.sh \
	tests/man-pages.sh \
	tests/systemd.sh \
	tests/wire-structs.sh \
	$(NULL)
TESTS += $(manual_tests)
dist_check_SCRIPTS += $(manual_tests)
EXTRA_DIST += \
	tests/data/access.txt \
	tests/data/wire-numbers.txt \
	tests/data/wire-samples.txt \
	tests/data/wire-structs.txt \
	tests/wire-samples.py \
	$(NULL)
