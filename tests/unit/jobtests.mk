# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests of the heart: daemon/jobs/, and the objects and specifications of daemon/storage/.
job_tests = \
	tests/unit/test-locks \
	tests/unit/test-ctl \
	tests/unit/test-pace \
	tests/unit/test-workers \
	tests/unit/test-job_state \
	tests/unit/test-job \
	tests/unit/test-job_cancel \
	tests/unit/test-job_finish \
	tests/unit/test-job_end \
	tests/unit/test-job_verbs \
	tests/unit/test-job_info \
	tests/unit/test-job_recover \
	tests/unit/test-jobs_stop \
	tests/unit/test-pool \
	tests/unit/test-vol_spec \
	tests/unit/test-vol_change \
	$(NULL)
check_PROGRAMS += $(job_tests)
TESTS += $(job_tests)
noinst_HEADERS += tests/unit/job-harness.h
job_test_cppflags = $(AM_CPPFLAGS) $(daemon_dep_cflags) $(CHECK_CFLAGS)
job_test_libs = daemon/libdaemon.la $(CHECK_LIBS)

tests_unit_test_locks_SOURCES = tests/unit/test-locks.c
tests_unit_test_locks_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_locks_LDADD = $(job_test_libs)

tests_unit_test_ctl_SOURCES = tests/unit/test-ctl.c
tests_unit_test_ctl_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_ctl_LDADD = $(job_test_libs)

tests_unit_test_pace_SOURCES = tests/unit/test-pace.c
tests_unit_test_pace_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_pace_LDADD = $(job_test_libs)

tests_unit_test_workers_SOURCES = tests/unit/test-workers.c
tests_unit_test_workers_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_workers_LDADD = $(job_test_libs)

tests_unit_test_job_state_SOURCES = tests/unit/test-job_state.c
tests_unit_test_job_state_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_job_state_LDADD = $(job_test_libs)

tests_unit_test_job_SOURCES = tests/unit/test-job.c tests/unit/job-harness.c
tests_unit_test_job_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_job_LDADD = $(job_test_libs)

tests_unit_test_job_finish_SOURCES = tests/unit/test-job_finish.c tests/unit/job-harness.c
tests_unit_test_job_finish_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_job_finish_LDADD = $(job_test_libs)

tests_unit_test_job_cancel_SOURCES = tests/unit/test-job_cancel.c tests/unit/job-harness.c
tests_unit_test_job_cancel_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_job_cancel_LDADD = $(job_test_libs)

tests_unit_test_job_end_SOURCES = tests/unit/test-job_end.c tests/unit/job-harness.c
tests_unit_test_job_end_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_job_end_LDADD = $(job_test_libs)

tests_unit_test_job_verbs_SOURCES = tests/unit/test-job_verbs.c tests/unit/job-harness.c
tests_unit_test_job_verbs_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_job_verbs_LDADD = $(job_test_libs)

tests_unit_test_job_info_SOURCES = tests/unit/test-job_info.c tests/unit/job-harness.c
tests_unit_test_job_info_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_job_info_LDADD = $(job_test_libs)

tests_unit_test_job_recover_SOURCES = tests/unit/test-job_recover.c tests/unit/job-harness.c
tests_unit_test_job_recover_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_job_recover_LDADD = $(job_test_libs)

tests_unit_test_jobs_stop_SOURCES = tests/unit/test-jobs_stop.c tests/unit/job-harness.c
tests_unit_test_jobs_stop_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_jobs_stop_LDADD = $(job_test_libs)

tests_unit_test_pool_SOURCES = tests/unit/test-pool.c tests/unit/job-harness.c
tests_unit_test_pool_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_pool_LDADD = $(job_test_libs)

tests_unit_test_vol_spec_SOURCES = tests/unit/test-vol_spec.c
tests_unit_test_vol_spec_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_vol_spec_LDADD = $(job_test_libs)

tests_unit_test_vol_change_SOURCES = tests/unit/test-vol_change.c
tests_unit_test_vol_change_CPPFLAGS = $(job_test_cppflags)
tests_unit_test_vol_change_LDADD = $(job_test_libs)
