# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/calls/absent.c \
	daemon/calls/call.c \
	daemon/calls/call.h \
	daemon/calls/connect.c \
	daemon/calls/dispatch.c \
	daemon/calls/domain.c \
	daemon/calls/domain_call.c \
	daemon/calls/domain_call.h \
	daemon/calls/domain_define.c \
	daemon/calls/domain_image.c \
	daemon/calls/domain_image.h \
	daemon/calls/domain_info.c \
	daemon/calls/domain_job.c \
	daemon/calls/domain_life.c \
	daemon/calls/domain_save.c \
	daemon/calls/host.c \
	daemon/calls/internal.h \
	daemon/calls/job.c \
	daemon/calls/job_call.c \
	daemon/calls/job_call.h \
	daemon/calls/job_calls.h \
	daemon/calls/job_find.c \
	daemon/calls/job_find.h \
	daemon/calls/job_list.c \
	daemon/calls/job_record.c \
	daemon/calls/job_record.h \
	daemon/calls/job_wait.c \
	daemon/calls/lookup.c \
	daemon/calls/lookup.h \
	daemon/calls/pool.c \
	daemon/calls/pool_change.c \
	daemon/calls/programs.c \
	daemon/calls/qemu.c \
	daemon/calls/vol.c \
	daemon/calls/vol_change.c \
	$(NULL)
