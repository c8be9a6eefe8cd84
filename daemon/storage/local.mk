# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
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
	daemon/storage/pool.c \
	daemon/storage/pool.h \
	daemon/storage/pool_dir.c \
	daemon/storage/pool_driver.c \
	daemon/storage/pool_driver.h \
	daemon/storage/pool_jobs.c \
	daemon/storage/pool_jobs.h \
	daemon/storage/probe.c \
	daemon/storage/probe.h \
	daemon/storage/probe_image.c \
	daemon/storage/probe_image.h \
	daemon/storage/probe_qcow.c \
	daemon/storage/probe_vhd.c \
	daemon/storage/probe_vmdk.c \
	daemon/storage/publish.c \
	daemon/storage/publish.h \
	daemon/storage/storage.c \
	daemon/storage/storage.h \
	daemon/storage/vol_change.c \
	daemon/storage/vol_create.c \
	daemon/storage/vol_jobs.h \
	daemon/storage/vol_spec.c \
	daemon/storage/vol_spec.h \
	$(NULL)
