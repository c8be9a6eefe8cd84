# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/qemu/disk_chain.c \
	$(NULL)
