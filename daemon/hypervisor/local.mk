# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/hypervisor/domain.h \
	daemon/hypervisor/domain_jobs.h \
	daemon/hypervisor/domains.h \
	daemon/hypervisor/qemu/caps.h \
	daemon/hypervisor/qemu/command.h \
	daemon/hypervisor/qemu/complete.h \
	daemon/hypervisor/qemu/disk_chain.h \
	daemon/hypervisor/qemu/guest.h \
	daemon/hypervisor/qemu/monitor.h \
	daemon/hypervisor/qemu/networks.h \
	daemon/hypervisor/qemu/owner.h \
	daemon/hypervisor/qemu/process.h \
	daemon/hypervisor/qemu/save_image.h \
	$(NULL)

include daemon/hypervisor/xml.mk
include daemon/hypervisor/complete.mk
include daemon/hypervisor/command.mk
include daemon/hypervisor/caps.mk
include daemon/hypervisor/monitor.mk
include daemon/hypervisor/process.mk
include daemon/hypervisor/guest.mk
