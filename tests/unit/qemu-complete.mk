# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of what becomes of a client's domain definition.

complete_tests = \
	tests/unit/test-complete \
	tests/unit/test-networks \
	tests/unit/test-pci_buses \
	$(NULL)
check_PROGRAMS += $(complete_tests)
TESTS += $(complete_tests)
noinst_HEADERS += tests/unit/complete-fixture.h
complete_test_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS) \
	-DTEST_DATA='"$(abs_top_srcdir)/tests/data"'
complete_test_ldadd = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_complete_SOURCES = tests/unit/test-complete.c
tests_unit_test_complete_CPPFLAGS = $(complete_test_cppflags)
tests_unit_test_complete_LDADD = $(complete_test_ldadd)

tests_unit_test_networks_SOURCES = tests/unit/test-networks.c
tests_unit_test_networks_CPPFLAGS = $(complete_test_cppflags)
tests_unit_test_networks_LDADD = $(complete_test_ldadd)

tests_unit_test_pci_buses_SOURCES = tests/unit/test-pci_buses.c
tests_unit_test_pci_buses_CPPFLAGS = $(complete_test_cppflags)
tests_unit_test_pci_buses_LDADD = $(complete_test_ldadd)

# A client's definition, the definition that becomes of it (.def), what runs (.live); saved-: as
# libvirt 9.0 writes it into a save image.
EXTRA_DIST += \
	tests/data/domain/bare.def.xml \
	tests/data/domain/bare.live.xml \
	tests/data/domain/bare.xml \
	tests/data/domain/bridges.def.xml \
	tests/data/domain/bridges.live.xml \
	tests/data/domain/bridges.xml \
	tests/data/domain/chain.def.xml \
	tests/data/domain/chain.live.xml \
	tests/data/domain/chain.xml \
	tests/data/domain/given-pc.def.xml \
	tests/data/domain/given-pc.live.xml \
	tests/data/domain/given-pc.xml \
	tests/data/domain/given-q35.def.xml \
	tests/data/domain/given-q35.live.xml \
	tests/data/domain/given-q35.xml \
	tests/data/domain/install-pc.def.xml \
	tests/data/domain/install-pc.live.xml \
	tests/data/domain/install-pc.xml \
	tests/data/domain/install-q35.def.xml \
	tests/data/domain/install-q35.live.xml \
	tests/data/domain/install-q35.xml \
	tests/data/domain/kernel.def.xml \
	tests/data/domain/kernel.live.xml \
	tests/data/domain/kernel.xml \
	tests/data/domain/pc-buses.def.xml \
	tests/data/domain/pc-buses.live.xml \
	tests/data/domain/pc-buses.xml \
	tests/data/domain/ports.def.xml \
	tests/data/domain/ports.live.xml \
	tests/data/domain/ports.xml \
	tests/data/domain/q35-buses.def.xml \
	tests/data/domain/q35-buses.live.xml \
	tests/data/domain/q35-buses.xml \
	tests/data/domain/saved-install-q35.live.xml \
	tests/data/domain/saved-install-q35.xml \
	tests/data/domain/saved-pc-buses.live.xml \
	tests/data/domain/saved-pc-buses.xml \
	$(NULL)
