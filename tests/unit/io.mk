# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests of daemon/storage's engines and children.
io_tests = \
	tests/unit/test-io_copy \
	tests/unit/test-io_allocate \
	tests/unit/test-io_wipe \
	tests/unit/test-publish \
	tests/unit/test-child \
	tests/unit/test-child_pace \
	tests/unit/test-qemu_img \
	$(NULL)
check_PROGRAMS += $(io_tests)
TESTS += $(io_tests)
noinst_HEADERS += tests/unit/deny.h tests/unit/scratch.h
io_test_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
io_test_libs = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_io_copy_SOURCES = tests/unit/test-io_copy.c
tests_unit_test_io_copy_CPPFLAGS = $(io_test_cppflags)
tests_unit_test_io_copy_LDADD = $(io_test_libs)

tests_unit_test_io_allocate_SOURCES = tests/unit/test-io_allocate.c
tests_unit_test_io_allocate_CPPFLAGS = $(io_test_cppflags)
tests_unit_test_io_allocate_LDADD = $(io_test_libs)

tests_unit_test_io_wipe_SOURCES = tests/unit/test-io_wipe.c
tests_unit_test_io_wipe_CPPFLAGS = $(io_test_cppflags)
tests_unit_test_io_wipe_LDADD = $(io_test_libs)

tests_unit_test_publish_SOURCES = tests/unit/test-publish.c
tests_unit_test_publish_CPPFLAGS = $(io_test_cppflags)
tests_unit_test_publish_LDADD = $(io_test_libs)

tests_unit_test_child_SOURCES = tests/unit/test-child.c
tests_unit_test_child_CPPFLAGS = $(io_test_cppflags)
tests_unit_test_child_LDADD = $(io_test_libs)

tests_unit_test_child_pace_SOURCES = tests/unit/test-child_pace.c
tests_unit_test_child_pace_CPPFLAGS = $(io_test_cppflags)
tests_unit_test_child_pace_LDADD = $(io_test_libs)

tests_unit_test_qemu_img_SOURCES = tests/unit/test-qemu_img.c
tests_unit_test_qemu_img_CPPFLAGS = $(io_test_cppflags)
tests_unit_test_qemu_img_LDADD = $(io_test_libs)
