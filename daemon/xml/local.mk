# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/xml/domain_def.h \
	daemon/xml/job_xml.c \
	daemon/xml/job_xml.h \
	daemon/xml/name_check.c \
	daemon/xml/name_check.h \
	daemon/xml/perms_xml.c \
	daemon/xml/perms_xml.h \
	daemon/xml/pool_xml.c \
	daemon/xml/pool_xml.h \
	daemon/xml/utf8.c \
	daemon/xml/utf8.h \
	daemon/xml/vol_format.c \
	daemon/xml/vol_info.c \
	daemon/xml/vol_xml.c \
	daemon/xml/vol_xml.h \
	daemon/xml/xml_read.c \
	daemon/xml/xml_read.h \
	daemon/xml/xml_write.c \
	daemon/xml/xml_write.h \
	$(NULL)
