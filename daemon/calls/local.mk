# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/calls/call.h \
	daemon/calls/programs.c \
	$(NULL)
