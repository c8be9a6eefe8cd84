# SPDX-License-Identifier: LGPL-2.1-or-later
dist_libvirtjobinclude_HEADERS += client-lib/include/libvirtjob/libvirtjob.h
