# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/storage/child.c \
	daemon/storage/child.h \
	daemon/storage/child_spawn.c \
	daemon/storage/child_spawn.h \
	daemon/storage/child_stray.c \
	daemon/storage/io.h \
	daemon/storage/io_allocate.c \
	daemon/storage/io_close.c \
	daemon/storage/io_copy.c \
	daemon/storage/io_pace.c \
	daemon/storage/io_pace.h \
	daemon/storage/io_random.c \
	daemon/storage/io_random.h \
	daemon/storage/io_wipe.c \
	daemon/storage/io_wipe_patterns.c \
	daemon/storage/io_wipe_patterns.h \
	daemon/storage/publish.c \
	daemon/storage/publish.h \
	daemon/storage/qemu_img.c \
	daemon/storage/qemu_img.h \
	$(NULL)
