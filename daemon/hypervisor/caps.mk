# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/qemu/caps.c \
	daemon/hypervisor/qemu/caps_cache.c \
	daemon/hypervisor/qemu/caps_data.h \
	daemon/hypervisor/qemu/caps_probe.c \
	daemon/hypervisor/qemu/caps_store.c \
	daemon/hypervisor/qemu/emulators.c \
	daemon/hypervisor/qemu/emulators.h \
	$(NULL)
