# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/util/accounts.c \
	daemon/util/accounts.h \
	daemon/util/alloc.c \
	daemon/util/alloc.h \
	daemon/util/audit.c \
	daemon/util/audit.h \
	daemon/util/child.c \
	daemon/util/child.h \
	daemon/util/child_pace.c \
	daemon/util/child_pace.h \
	daemon/util/child_spawn.c \
	daemon/util/child_spawn.h \
	daemon/util/child_stray.c \
	daemon/util/clock.h \
	daemon/util/closer.c \
	daemon/util/closer.h \
	daemon/util/cpuset.c \
	daemon/util/cpuset.h \
	daemon/util/lockfile.c \
	daemon/util/lockfile.h \
	daemon/util/log.c \
	daemon/util/log.h \
	daemon/util/pipe.c \
	daemon/util/pipe.h \
	daemon/util/uuid.c \
	daemon/util/uuid.h \
	daemon/util/verror.c \
	daemon/util/verror.h \
	$(NULL)
