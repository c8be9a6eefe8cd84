# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/storage/probe.c \
	daemon/storage/probe.h \
	daemon/storage/probe_image.c \
	daemon/storage/probe_image.h \
	daemon/storage/probe_qcow.c \
	daemon/storage/probe_vhd.c \
	daemon/storage/probe_vmdk.c \
	$(NULL)
