# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/jobs/ctl.c \
	daemon/jobs/ctl.h \
	daemon/jobs/workers.h \
	$(NULL)
