# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzz targets, one for each thing that reads what others wrote.  Everywhere they are run on what is
# saved; with --enable-fuzz they are libFuzzer's, and check-fuzz lets each look for more.

fuzz_targets = \
	tests/fuzz/backup-xml \
	tests/fuzz/calls \
	tests/fuzz/checkpoint-xml \
	tests/fuzz/config \
	tests/fuzz/cpu-xml \
	tests/fuzz/domain-xml \
	tests/fuzz/image-probe \
	tests/fuzz/journal \
	tests/fuzz/metadata-xml \
	tests/fuzz/packets \
	tests/fuzz/pool-xml \
	tests/fuzz/qmp \
	tests/fuzz/replies \
	tests/fuzz/save-image \
	tests/fuzz/snapshot-xml \
	tests/fuzz/vol-xml \
	$(NULL)
check_PROGRAMS += $(fuzz_targets)
EXTRA_DIST += \
	tests/fuzz/corpus \
	tests/fuzz/dict \
	tests/fuzz/fuzz.sh \
	tests/fuzz/seeds \
	$(NULL)

noinst_HEADERS += tests/fuzz/emulator.h tests/fuzz/small-domain.h
fuzz_records = tests/fuzz/record.c tests/fuzz/record.h
fuzz_sources = tests/fuzz/fuzz.c tests/fuzz/fuzz.h
if FUZZ
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_ldflags = $(AM_LDFLAGS)
fuzz_sources += tests/fuzz/replay.c
TESTS += $(fuzz_targets)
endif
fuzz_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS) \
	-DFUZZ_TESTS='"$(abs_top_srcdir)/tests"' -DTEST_DATA='"$(abs_top_srcdir)/tests/data"'
fuzz_ldadd = daemon/libdaemon.la $(CHECK_LIBS)

tests_fuzz_backup_xml_SOURCES = tests/fuzz/backup-xml.c $(fuzz_sources)
tests_fuzz_backup_xml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_backup_xml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_backup_xml_LDADD = $(fuzz_ldadd)

tests_fuzz_calls_SOURCES = tests/fuzz/calls.c $(fuzz_records) $(fuzz_sources)
tests_fuzz_calls_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_calls_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_calls_LDADD = $(fuzz_ldadd)

tests_fuzz_checkpoint_xml_SOURCES = tests/fuzz/checkpoint-xml.c $(fuzz_sources)
tests_fuzz_checkpoint_xml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_checkpoint_xml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_checkpoint_xml_LDADD = $(fuzz_ldadd)

tests_fuzz_config_SOURCES = tests/fuzz/config.c $(fuzz_sources)
tests_fuzz_config_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_config_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_config_LDADD = $(fuzz_ldadd)

tests_fuzz_cpu_xml_SOURCES = tests/fuzz/cpu-xml.c $(fuzz_sources)
tests_fuzz_cpu_xml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_cpu_xml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_cpu_xml_LDADD = $(fuzz_ldadd)

tests_fuzz_domain_xml_SOURCES = tests/fuzz/domain-xml.c $(fuzz_sources)
tests_fuzz_domain_xml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_domain_xml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_domain_xml_LDADD = $(fuzz_ldadd)

tests_fuzz_image_probe_SOURCES = tests/fuzz/image-probe.c $(fuzz_sources)
tests_fuzz_image_probe_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_image_probe_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_image_probe_LDADD = $(fuzz_ldadd)

tests_fuzz_journal_SOURCES = tests/fuzz/journal.c $(fuzz_sources)
tests_fuzz_journal_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_journal_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_journal_LDADD = $(fuzz_ldadd)

tests_fuzz_metadata_xml_SOURCES = tests/fuzz/metadata-xml.c $(fuzz_sources)
tests_fuzz_metadata_xml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_metadata_xml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_metadata_xml_LDADD = $(fuzz_ldadd)

tests_fuzz_packets_SOURCES = tests/fuzz/packets.c $(fuzz_records) $(fuzz_sources)
tests_fuzz_packets_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_packets_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_packets_LDADD = $(fuzz_ldadd)

tests_fuzz_pool_xml_SOURCES = tests/fuzz/pool-xml.c $(fuzz_sources)
tests_fuzz_pool_xml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_pool_xml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_pool_xml_LDADD = $(fuzz_ldadd)

tests_fuzz_qmp_SOURCES = tests/fuzz/qmp.c $(fuzz_sources)
tests_fuzz_qmp_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_qmp_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_qmp_LDADD = $(fuzz_ldadd)

tests_fuzz_replies_SOURCES = tests/fuzz/replies.c $(fuzz_sources)
tests_fuzz_replies_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_replies_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_replies_LDADD = client-lib/libclient.la $(fuzz_ldadd)

tests_fuzz_save_image_SOURCES = tests/fuzz/save-image.c $(fuzz_sources)
tests_fuzz_save_image_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_save_image_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_save_image_LDADD = $(fuzz_ldadd)

tests_fuzz_snapshot_xml_SOURCES = tests/fuzz/snapshot-xml.c $(fuzz_sources)
tests_fuzz_snapshot_xml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_snapshot_xml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_snapshot_xml_LDADD = $(fuzz_ldadd)

tests_fuzz_vol_xml_SOURCES = tests/fuzz/vol-xml.c $(fuzz_sources)
tests_fuzz_vol_xml_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_vol_xml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_vol_xml_LDADD = $(fuzz_ldadd)

# FUZZ_SECONDS each, 60 otherwise; by libFuzzer.
check-fuzz: $(fuzz_targets)
	$(MAKE) check-TESTS LOG_COMPILER="$(abs_top_srcdir)/tests/fuzz/fuzz.sh" TESTS="$(fuzz_targets)"

.PHONY: check-fuzz
