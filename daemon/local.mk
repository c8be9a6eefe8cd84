# SPDX-License-Identifier: LGPL-2.1-or-later
# All of the daemon but main.c is one convenience library, so that unit tests link what they test.

daemon_dep_cflags = $(XML_CFLAGS) $(EVENT_CFLAGS) $(SYSTEMD_CFLAGS) $(SQLITE_CFLAGS) \
	$(JANSSON_CFLAGS) $(CONFIG_CFLAGS) $(SASL_CFLAGS) $(OPENSSL_CFLAGS)
daemon_dep_libs = $(XML_LIBS) $(EVENT_LIBS) $(SYSTEMD_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(CONFIG_LIBS) $(SASL_LIBS) -lm -lpthread

noinst_LTLIBRARIES += daemon/libdaemon.la
daemon_libdaemon_la_CPPFLAGS = $(AM_CPPFLAGS) $(daemon_dep_cflags)
daemon_libdaemon_la_LIBADD = protocol/libxdr.la protocol/libframe.la protocol/libpki.la \
	protocol/libsaslterms.la $(daemon_dep_libs)
daemon_libdaemon_la_SOURCES = \
	daemon/background.c \
	daemon/config.c \
	daemon/config.h \
	daemon/config_access.c \
	daemon/config_access.h \
	daemon/daemon.h \
	daemon/directories.c \
	daemon/idle.c \
	daemon/lifecycle.c \
	daemon/lifecycle.h \
	daemon/listen.c \
	daemon/listen-remote.c \
	daemon/notify.c \
	daemon/options.c \
	daemon/options.h \
	daemon/pidfile.c \
	daemon/reload.c \
	daemon/settings.c \
	daemon/signals.c \
	daemon/tls.c \
	$(NULL)

include daemon/util/local.mk
include daemon/server/local.mk
include daemon/calls/local.mk
include daemon/jobs/local.mk
include daemon/store/local.mk
include daemon/storage/local.mk
include daemon/xml/local.mk
include daemon/hypervisor/local.mk

sbin_PROGRAMS += virtjobd
virtjobd_SOURCES = daemon/main.c
virtjobd_LDADD = daemon/libdaemon.la

dist_doc_DATA = daemon/virtjobd.conf

# polkit looks for it there, whatever its own prefix; see auth_unix_rw.
polkitdir = $(datadir)/polkit-1/actions
dist_polkit_DATA = daemon/org.virtjobd.unix.policy
