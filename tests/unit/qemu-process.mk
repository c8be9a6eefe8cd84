# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of what a guest's QEMU stands on: its process, its files, its save image.

qemu_process_tests = \
	tests/unit/test-disk_chain \
	tests/unit/test-owner \
	tests/unit/test-process \
	tests/unit/test-save_image \
	tests/unit/test-image_file \
	$(NULL)
check_PROGRAMS += $(qemu_process_tests)
TESTS += $(qemu_process_tests)
qemu_process_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS)
qemu_process_ldadd = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_disk_chain_SOURCES = tests/unit/test-disk_chain.c
tests_unit_test_disk_chain_CPPFLAGS = $(qemu_process_cppflags)
tests_unit_test_disk_chain_LDADD = $(qemu_process_ldadd)

tests_unit_test_owner_SOURCES = tests/unit/test-owner.c
tests_unit_test_owner_CPPFLAGS = $(qemu_process_cppflags)
tests_unit_test_owner_LDADD = $(qemu_process_ldadd)

tests_unit_test_process_SOURCES = tests/unit/test-process.c
tests_unit_test_process_CPPFLAGS = $(qemu_process_cppflags)
tests_unit_test_process_LDADD = $(qemu_process_ldadd)

tests_unit_test_save_image_SOURCES = tests/unit/test-save_image.c
tests_unit_test_save_image_CPPFLAGS = $(qemu_process_cppflags)
tests_unit_test_save_image_LDADD = $(qemu_process_ldadd)

tests_unit_test_image_file_SOURCES = tests/unit/test-image_file.c
tests_unit_test_image_file_CPPFLAGS = $(qemu_process_cppflags)
tests_unit_test_image_file_LDADD = $(qemu_process_ldadd)

EXTRA_DIST += tests/data/libvirt-9-save-image
