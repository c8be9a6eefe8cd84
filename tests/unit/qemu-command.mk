# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of QEMU's command line.

command_tests = \
	tests/unit/test-command \
	tests/unit/test-command-qemu \
	$(NULL)
check_PROGRAMS += $(command_tests)
TESTS += $(command_tests)
noinst_HEADERS += tests/unit/command-fixture.h tests/unit/qemu-fixture.h
command_test_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS) \
	-DTEST_DATA='"$(abs_top_srcdir)/tests/data"'
command_test_ldadd = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_command_SOURCES = tests/unit/test-command.c
tests_unit_test_command_CPPFLAGS = $(command_test_cppflags)
tests_unit_test_command_LDADD = $(command_test_ldadd)

tests_unit_test_command_qemu_SOURCES = tests/unit/test-command-qemu.c
tests_unit_test_command_qemu_CPPFLAGS = $(command_test_cppflags)
tests_unit_test_command_qemu_LDADD = $(command_test_ldadd)

# Definitions of guests that run, and the arguments they become.
EXTRA_DIST += \
	tests/data/command/kvm-kernel.args \
	tests/data/command/kvm-kernel.xml \
	tests/data/command/pc-ide.args \
	tests/data/command/pc-ide.xml \
	tests/data/command/q35-chain.args \
	tests/data/command/q35-chain.xml \
	tests/data/command/q35-passed.args \
	tests/data/command/q35-passed.xml \
	tests/data/command/q35-install.args \
	tests/data/command/q35-install.xml \
	tests/data/command/q35-wide.args \
	tests/data/command/q35-wide.xml \
	$(NULL)
