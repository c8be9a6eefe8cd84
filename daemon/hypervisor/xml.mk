# SPDX-License-Identifier: LGPL-2.1-or-later
# Domain XML.
daemon_libdaemon_la_SOURCES += \
	daemon/xml/checkpoint_xml.c \
	daemon/xml/checkpoint_xml.h \
	daemon/xml/disk_images.c \
	daemon/xml/disk_images.h \
	daemon/xml/disk_place.c \
	daemon/xml/disk_place.h \
	daemon/xml/domain_abi.c \
	daemon/xml/domain_def.c \
	daemon/xml/domain_disk.c \
	daemon/xml/domain_edit.c \
	daemon/xml/domain_format.c \
	daemon/xml/domain_iothreads.c \
	daemon/xml/domain_iothreads.h \
	daemon/xml/domain_iotune.c \
	daemon/xml/domain_iotune.h \
	daemon/xml/domain_pin.c \
	daemon/xml/domain_pin.h \
	daemon/xml/domain_size.c \
	daemon/xml/domain_strip.c \
	daemon/xml/domain_strip.h \
	daemon/xml/domain_vcpus.c \
	daemon/xml/domain_vcpus.h \
	daemon/xml/domain_view.h \
	daemon/xml/backup_xml.c \
	daemon/xml/backup_xml.h \
	daemon/xml/moment_xml.c \
	daemon/xml/moment_xml.h \
	daemon/xml/snapshot_xml.c \
	daemon/xml/snapshot_xml.h \
	daemon/xml/xml_tree.c \
	daemon/xml/xml_tree.h \
	$(NULL)
