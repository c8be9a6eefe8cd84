# SPDX-License-Identifier: LGPL-2.1-or-later
# From a client's XML to a complete definition, and to a live one.
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/qemu/complete.c \
	daemon/hypervisor/qemu/complete_addresses.c \
	daemon/hypervisor/qemu/complete_basics.c \
	daemon/hypervisor/qemu/complete_chardevs.c \
	daemon/hypervisor/qemu/complete_controllers.c \
	daemon/hypervisor/qemu/complete_cpu.c \
	daemon/hypervisor/qemu/complete_devices.c \
	daemon/hypervisor/qemu/complete_disks.c \
	daemon/hypervisor/qemu/complete_internal.h \
	daemon/hypervisor/qemu/complete_order.c \
	daemon/hypervisor/qemu/complete_pci.c \
	daemon/hypervisor/qemu/complete_rules.c \
	daemon/hypervisor/qemu/complete_tree.c \
	daemon/hypervisor/qemu/complete_usb.c \
	daemon/hypervisor/qemu/live.c \
	daemon/hypervisor/qemu/live_aliases.c \
	daemon/hypervisor/qemu/live_aliases.h \
	daemon/hypervisor/qemu/networks.c \
	daemon/hypervisor/qemu/pci_buses.c \
	daemon/hypervisor/qemu/pci_buses.h \
	$(NULL)
