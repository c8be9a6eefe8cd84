# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/host.c \
	daemon/hypervisor/host.h \
	daemon/hypervisor/host_cpu.c \
	daemon/hypervisor/host_arp.c \
	daemon/hypervisor/host_arp.h \
	daemon/hypervisor/host_files.c \
	daemon/hypervisor/host_files.h \
	daemon/hypervisor/host_ksm.c \
	daemon/hypervisor/host_ksm.h \
	daemon/hypervisor/host_stats.c \
	daemon/hypervisor/host_stats.h \
	daemon/hypervisor/host_sysinfo.c \
	daemon/hypervisor/host_topology.c \
	daemon/hypervisor/qemu/caps.c \
	daemon/hypervisor/qemu/caps_baseline.c \
	daemon/hypervisor/qemu/caps_cache.c \
	daemon/hypervisor/qemu/caps_data.h \
	daemon/hypervisor/qemu/caps_models.c \
	daemon/hypervisor/qemu/caps_probe.c \
	daemon/hypervisor/qemu/caps_store.c \
	daemon/hypervisor/qemu/caps_xml.c \
	daemon/hypervisor/qemu/domcaps_xml.c \
	daemon/hypervisor/qemu/emulators.c \
	daemon/hypervisor/qemu/emulators.h \
	daemon/hypervisor/qemu/keycodes.c \
	daemon/hypervisor/qemu/keycodes.h \
	daemon/hypervisor/qemu/provides.c \
	daemon/hypervisor/qemu/provides.h \
	$(NULL)
