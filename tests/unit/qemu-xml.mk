# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of domain XML.

domain_xml_unit_tests = \
	tests/unit/test-backup_xml \
	tests/unit/test-checkpoint_xml \
	tests/unit/test-disk_images \
	tests/unit/test-domain_abi \
	tests/unit/test-domain_def \
	tests/unit/test-domain_edit \
	tests/unit/test-domain_format \
	tests/unit/test-domain_size \
	tests/unit/test-domain_strip \
	tests/unit/test-moments \
	tests/unit/test-snapshot_xml \
	tests/unit/test-uuid \
	tests/unit/test-xml_tree \
	$(NULL)
check_PROGRAMS += $(domain_xml_unit_tests)
TESTS += $(domain_xml_unit_tests)

tests_unit_test_backup_xml_SOURCES = tests/unit/test-backup_xml.c tests/unit/domain-fixture.h
tests_unit_test_backup_xml_CPPFLAGS = $(xml_cppflags)
tests_unit_test_backup_xml_LDADD = $(xml_ldadd)

tests_unit_test_checkpoint_xml_SOURCES = tests/unit/test-checkpoint_xml.c tests/unit/domain-fixture.h
tests_unit_test_checkpoint_xml_CPPFLAGS = $(xml_cppflags)
tests_unit_test_checkpoint_xml_LDADD = $(xml_ldadd)

tests_unit_test_disk_images_SOURCES = tests/unit/test-disk_images.c tests/unit/domain-fixture.h
tests_unit_test_disk_images_CPPFLAGS = $(xml_cppflags)
tests_unit_test_disk_images_LDADD = $(xml_ldadd)

tests_unit_test_domain_abi_SOURCES = tests/unit/test-domain_abi.c tests/unit/domain-fixture.h
tests_unit_test_domain_abi_CPPFLAGS = $(xml_cppflags)
tests_unit_test_domain_abi_LDADD = $(xml_ldadd)

tests_unit_test_domain_def_SOURCES = tests/unit/test-domain_def.c tests/unit/domain-fixture.h
tests_unit_test_domain_def_CPPFLAGS = $(xml_cppflags)
tests_unit_test_domain_def_LDADD = $(xml_ldadd)

tests_unit_test_domain_edit_SOURCES = tests/unit/test-domain_edit.c tests/unit/domain-fixture.h
tests_unit_test_domain_edit_CPPFLAGS = $(xml_cppflags)
tests_unit_test_domain_edit_LDADD = $(xml_ldadd)

tests_unit_test_domain_format_SOURCES = tests/unit/test-domain_format.c tests/unit/domain-fixture.h
tests_unit_test_domain_format_CPPFLAGS = $(xml_cppflags)
tests_unit_test_domain_format_LDADD = $(xml_ldadd)

tests_unit_test_domain_size_SOURCES = tests/unit/test-domain_size.c tests/unit/domain-fixture.h
tests_unit_test_domain_size_CPPFLAGS = $(xml_cppflags)
tests_unit_test_domain_size_LDADD = $(xml_ldadd)

tests_unit_test_domain_strip_SOURCES = tests/unit/test-domain_strip.c tests/unit/domain-fixture.h
tests_unit_test_domain_strip_CPPFLAGS = $(xml_cppflags)
tests_unit_test_domain_strip_LDADD = $(xml_ldadd)

tests_unit_test_snapshot_xml_SOURCES = tests/unit/test-snapshot_xml.c tests/unit/domain-fixture.h
tests_unit_test_snapshot_xml_CPPFLAGS = $(xml_cppflags)
tests_unit_test_snapshot_xml_LDADD = $(xml_ldadd)

tests_unit_test_moments_SOURCES = tests/unit/test-moments.c tests/unit/domain-fixture.h
tests_unit_test_moments_CPPFLAGS = $(xml_cppflags)
tests_unit_test_moments_LDADD = $(xml_ldadd)

tests_unit_test_uuid_SOURCES = tests/unit/test-uuid.c
tests_unit_test_uuid_CPPFLAGS = $(xml_cppflags)
tests_unit_test_uuid_LDADD = $(xml_ldadd)

tests_unit_test_xml_tree_SOURCES = tests/unit/test-xml_tree.c
tests_unit_test_xml_tree_CPPFLAGS = $(xml_cppflags)
tests_unit_test_xml_tree_LDADD = $(xml_ldadd)

# A guest as virt-install defines it, and the same while it runs.
EXTRA_DIST += \
	tests/data/xml/domain-q35-live.xml \
	tests/data/xml/domain-q35.xml \
	$(NULL)
