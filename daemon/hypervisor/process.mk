# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/qemu/disk_chain.c \
	daemon/hypervisor/qemu/owner.c \
	daemon/hypervisor/qemu/owner_file.c \
	daemon/hypervisor/qemu/owner_internal.h \
	daemon/hypervisor/qemu/owner_user.c \
	daemon/hypervisor/qemu/process.c \
	daemon/hypervisor/qemu/process_spawn.c \
	daemon/hypervisor/qemu/save_image.c \
	daemon/hypervisor/qemu/save_image_internal.h \
	daemon/hypervisor/qemu/save_image_rewrite.c \
	daemon/hypervisor/qemu/socket.c \
	$(NULL)
