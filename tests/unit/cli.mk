# SPDX-License-Identifier: LGPL-2.1-or-later
# Unit tests of virtjob.

cli_unit_tests = \
	tests/unit/test-cli-args \
	tests/unit/test-cli-command \
	tests/unit/test-cli-complete \
	tests/unit/test-cli-dom \
	tests/unit/test-cli-dom-jobs \
	tests/unit/test-cli-dom-text \
	tests/unit/test-cli-errors \
	tests/unit/test-cli-follow \
	tests/unit/test-cli-format \
	tests/unit/test-cli-job-text \
	tests/unit/test-cli-progress \
	tests/unit/test-cli-size \
	tests/unit/test-cli-text \
	tests/unit/test-cli-xml \
	$(NULL)
check_PROGRAMS += $(cli_unit_tests)
TESTS += $(cli_unit_tests)

cli_unit_cppflags = $(cli_cppflags) $(CHECK_CFLAGS)
cli_text_ldadd = tools/libtext.la $(CHECK_LIBS)
cli_unit_ldadd = tools/libcli.la $(CHECK_LIBS)

tests_unit_test_cli_args_SOURCES = tests/unit/test-cli-args.c
tests_unit_test_cli_args_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_args_LDADD = $(cli_text_ldadd)

tests_unit_test_cli_command_SOURCES = tests/unit/test-cli-command.c tools/manpage.c
tests_unit_test_cli_command_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_command_LDADD = $(cli_unit_ldadd)

tests_unit_test_cli_complete_SOURCES = tests/unit/test-cli-complete.c
tests_unit_test_cli_complete_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_complete_LDADD = $(cli_unit_ldadd)

cli_daemon_sources = tests/unit/cli-daemon.c tests/unit/cli-daemon.h \
	tests/unit/fake-server.c tests/unit/fake-server.h
cli_daemon_ldadd = $(cli_unit_ldadd) protocol/libxdr.la protocol/libframe.la -lpthread

tests_unit_test_cli_dom_SOURCES = tests/unit/test-cli-dom.c $(cli_daemon_sources)
tests_unit_test_cli_dom_CPPFLAGS = $(cli_unit_cppflags) -I$(top_srcdir)/client-lib
tests_unit_test_cli_dom_LDADD = $(cli_daemon_ldadd)

tests_unit_test_cli_dom_jobs_SOURCES = tests/unit/test-cli-dom-jobs.c $(cli_daemon_sources)
tests_unit_test_cli_dom_jobs_CPPFLAGS = $(cli_unit_cppflags) -I$(top_srcdir)/client-lib
tests_unit_test_cli_dom_jobs_LDADD = $(cli_daemon_ldadd)

tests_unit_test_cli_dom_text_SOURCES = tests/unit/test-cli-dom-text.c
tests_unit_test_cli_dom_text_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_dom_text_LDADD = $(cli_unit_ldadd)

tests_unit_test_cli_errors_SOURCES = tests/unit/test-cli-errors.c
tests_unit_test_cli_errors_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_errors_LDADD = $(cli_unit_ldadd) -lpthread

tests_unit_test_cli_follow_SOURCES = tests/unit/test-cli-follow.c \
	tests/unit/fake-server.c tests/unit/fake-server.h
tests_unit_test_cli_follow_CPPFLAGS = $(cli_unit_cppflags) -I$(top_srcdir)/client-lib
tests_unit_test_cli_follow_LDADD = $(cli_unit_ldadd) protocol/libxdr.la protocol/libframe.la \
	-lpthread

tests_unit_test_cli_format_SOURCES = tests/unit/test-cli-format.c
tests_unit_test_cli_format_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_format_LDADD = $(cli_text_ldadd)

tests_unit_test_cli_job_text_SOURCES = tests/unit/test-cli-job-text.c
tests_unit_test_cli_job_text_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_job_text_LDADD = $(cli_text_ldadd) $(JANSSON_LIBS)

tests_unit_test_cli_progress_SOURCES = tests/unit/test-cli-progress.c
tests_unit_test_cli_progress_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_progress_LDADD = $(cli_text_ldadd)

tests_unit_test_cli_size_SOURCES = tests/unit/test-cli-size.c
tests_unit_test_cli_size_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_size_LDADD = $(cli_text_ldadd)

tests_unit_test_cli_text_SOURCES = tests/unit/test-cli-text.c
tests_unit_test_cli_text_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_text_LDADD = $(cli_text_ldadd)

tests_unit_test_cli_xml_SOURCES = tests/unit/test-cli-xml.c
tests_unit_test_cli_xml_CPPFLAGS = $(cli_unit_cppflags)
tests_unit_test_cli_xml_LDADD = $(cli_unit_ldadd)
