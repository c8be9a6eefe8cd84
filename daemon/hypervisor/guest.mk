# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/domain.c \
	daemon/hypervisor/domain_change.c \
	daemon/hypervisor/domain_define.c \
	daemon/hypervisor/domain_destroy.c \
	daemon/hypervisor/domain_event.c \
	daemon/hypervisor/domain_event.h \
	daemon/hypervisor/domain_iotune.c \
	daemon/hypervisor/domain_pin.c \
	daemon/hypervisor/domain_power.c \
	daemon/hypervisor/domain_spec.c \
	daemon/hypervisor/domains.c \
	daemon/hypervisor/internal.h \
	daemon/hypervisor/qemu/agent.c \
	daemon/hypervisor/qemu/agent.h \
	daemon/hypervisor/qemu/agent_internal.h \
	daemon/hypervisor/qemu/agent_io.c \
	daemon/hypervisor/qemu/guest.c \
	daemon/hypervisor/qemu/guest_agent.c \
	daemon/hypervisor/qemu/guest_dump.c \
	daemon/hypervisor/qemu/guest_events.c \
	daemon/hypervisor/qemu/guest_tell.c \
	daemon/hypervisor/qemu/guest_files.c \
	daemon/hypervisor/qemu/guest_iotune.c \
	daemon/hypervisor/qemu/guest_iotune.h \
	daemon/hypervisor/qemu/guest_launch.c \
	daemon/hypervisor/qemu/guest_run.c \
	daemon/hypervisor/qemu/guest_save.c \
	daemon/hypervisor/qemu/guest_start.c \
	daemon/hypervisor/qemu/guest_threads.c \
	daemon/hypervisor/qemu/guest_threads.h \
	daemon/hypervisor/qemu/image_file.c \
	daemon/hypervisor/qemu/image_file.h \
	daemon/hypervisor/qemu/migrate.c \
	daemon/hypervisor/qemu/migrate.h \
	$(NULL)
