# SPDX-License-Identifier: LGPL-2.1-or-later
# From a live definition to QEMU's arguments.
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/qemu/command.c \
	daemon/hypervisor/qemu/command_blockdev.c \
	daemon/hypervisor/qemu/command_builder.c \
	daemon/hypervisor/qemu/command_chardev.c \
	daemon/hypervisor/qemu/command_clock.c \
	daemon/hypervisor/qemu/command_controller.c \
	daemon/hypervisor/qemu/command_cpu.c \
	daemon/hypervisor/qemu/command_device.c \
	daemon/hypervisor/qemu/command_disk.c \
	daemon/hypervisor/qemu/command_display.c \
	daemon/hypervisor/qemu/command_internal.h \
	daemon/hypervisor/qemu/command_machine.c \
	daemon/hypervisor/qemu/command_misc.c \
	daemon/hypervisor/qemu/command_net.c \
	daemon/hypervisor/qemu/command_tap.c \
	daemon/hypervisor/qemu/native.c \
	daemon/hypervisor/qemu/native.h \
	daemon/hypervisor/qemu/vnc_port.c \
	$(NULL)
