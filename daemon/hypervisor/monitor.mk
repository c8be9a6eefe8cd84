# SPDX-License-Identifier: LGPL-2.1-or-later
# The QMP client.
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/qemu/monitor.c \
	daemon/hypervisor/qemu/monitor_event.c \
	daemon/hypervisor/qemu/monitor_internal.h \
	daemon/hypervisor/qemu/monitor_io.c \
	daemon/hypervisor/qemu/monitor_message.c \
	daemon/hypervisor/qemu/monitor_request.c \
	daemon/hypervisor/qemu/monitors.c \
	daemon/hypervisor/qemu/qmp_json.c \
	daemon/hypervisor/qemu/qmp_json.h \
	$(NULL)
