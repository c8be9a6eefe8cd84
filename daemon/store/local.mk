# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/store/internal.h \
	daemon/store/read.c \
	daemon/store/rows.c \
	daemon/store/schema.c \
	daemon/store/sql.c \
	daemon/store/store.c \
	daemon/store/store.h \
	daemon/store/txn.c \
	daemon/store/writer.c \
	$(NULL)
