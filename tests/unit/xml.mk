# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of XML and of probing.

xml_unit_tests = \
	tests/unit/test-pool_xml \
	tests/unit/test-probe \
	tests/unit/test-probe_image \
	tests/unit/test-utf8 \
	tests/unit/test-vol_xml \
	tests/unit/test-xml_read \
	tests/unit/test-xml_write \
	$(NULL)
check_PROGRAMS += $(xml_unit_tests)
TESTS += $(xml_unit_tests)

xml_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS) \
	-DTEST_DATA='"$(abs_top_srcdir)/tests/data"'
xml_ldadd = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_pool_xml_SOURCES = tests/unit/test-pool_xml.c
tests_unit_test_pool_xml_CPPFLAGS = $(xml_cppflags)
tests_unit_test_pool_xml_LDADD = $(xml_ldadd)

tests_unit_test_probe_SOURCES = tests/unit/test-probe.c tests/unit/probe-fixture.h
tests_unit_test_probe_CPPFLAGS = $(xml_cppflags)
tests_unit_test_probe_LDADD = $(xml_ldadd)

tests_unit_test_probe_image_SOURCES = tests/unit/test-probe_image.c tests/unit/probe-fixture.h
tests_unit_test_probe_image_CPPFLAGS = $(xml_cppflags)
tests_unit_test_probe_image_LDADD = $(xml_ldadd)

tests_unit_test_utf8_SOURCES = tests/unit/test-utf8.c
tests_unit_test_utf8_CPPFLAGS = $(xml_cppflags)
tests_unit_test_utf8_LDADD = $(xml_ldadd)

tests_unit_test_vol_xml_SOURCES = tests/unit/test-vol_xml.c
tests_unit_test_vol_xml_CPPFLAGS = $(xml_cppflags)
tests_unit_test_vol_xml_LDADD = $(xml_ldadd)

tests_unit_test_xml_read_SOURCES = tests/unit/test-xml_read.c
tests_unit_test_xml_read_CPPFLAGS = $(xml_cppflags)
tests_unit_test_xml_read_LDADD = $(xml_ldadd)

tests_unit_test_xml_write_SOURCES = tests/unit/test-xml_write.c
tests_unit_test_xml_write_CPPFLAGS = $(xml_cppflags)
tests_unit_test_xml_write_LDADD = $(xml_ldadd)

# Documents as clients send them, and as attackers do: pool-*, vol-* parse, bad-* do not.
EXTRA_DIST += \
	tests/data/xml/bad-entities.xml \
	tests/data/xml/bad-external.xml \
	tests/data/xml/bad-nothing.xml \
	tests/data/xml/bad-truncated.xml \
	tests/data/xml/bad-vol-negative.xml \
	tests/data/xml/bad-vol-overflow.xml \
	tests/data/xml/bad-vol-traversal.xml \
	tests/data/xml/pool-dir-full.xml \
	tests/data/xml/pool-dir-small.xml \
	tests/data/xml/pool-extra.xml \
	tests/data/xml/vol-clone.xml \
	tests/data/xml/vol-qcow2.xml \
	tests/data/xml/vol-small.xml \
	$(NULL)
