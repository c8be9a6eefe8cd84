# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/jobs/ctl.c \
	daemon/jobs/ctl.h \
	daemon/jobs/job.c \
	daemon/jobs/job.h \
	daemon/jobs/job_audit.c \
	daemon/jobs/job_end.c \
	daemon/jobs/job_event.c \
	daemon/jobs/job_info.c \
	daemon/jobs/job_internal.h \
	daemon/jobs/job_recover.c \
	daemon/jobs/job_run.c \
	daemon/jobs/job_start.c \
	daemon/jobs/job_state.c \
	daemon/jobs/job_verbs.c \
	daemon/jobs/jobs.c \
	daemon/jobs/jobs.h \
	daemon/jobs/locks.c \
	daemon/jobs/locks.h \
	daemon/jobs/pace.c \
	daemon/jobs/pace.h \
	daemon/jobs/workers.c \
	daemon/jobs/workers.h \
	$(NULL)
