# SPDX-License-Identifier: LGPL-2.1-or-later
# The client library: all of it is one convenience library, so that unit tests reach what is not
# exported; libvirtjob.so is that and the codec behind a version script.

libvirtjob_headers = \
	client-lib/include/libvirtjob/domain.h \
	client-lib/include/libvirtjob/host.h \
	client-lib/include/libvirtjob/libvirtjob.h \
	client-lib/include/libvirtjob/storage.h \
	client-lib/include/libvirtjob/stream.h \
	client-lib/include/libvirtjob/typed-params.h \
	$(NULL)
dist_libvirtjobinclude_HEADERS += $(libvirtjob_headers)

noinst_LTLIBRARIES += client-lib/libclient.la
client_lib_libclient_la_CPPFLAGS = $(AM_CPPFLAGS) -DRUNSTATEDIR='"$(runstatedir)"' \
	$(OPENSSL_CFLAGS) $(SASL_CFLAGS)
client_lib_libclient_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -pthread
client_lib_libclient_la_LIBADD = protocol/libxdr.la protocol/libframe.la protocol/libpki.la \
	protocol/libsaslterms.la $(SASL_LIBS) -lpthread
client_lib_libclient_la_SOURCES = \
	client-lib/auth.c \
	client-lib/auth.h \
	client-lib/auth-ask.c \
	client-lib/auth-file.c \
	client-lib/auth-sasl.c \
	client-lib/auth-terminal.c \
	client-lib/buffer.c \
	client-lib/buffer.h \
	client-lib/call.c \
	client-lib/client.c \
	client-lib/connect.c \
	client-lib/daemon.c \
	client-lib/domain.c \
	client-lib/domain-agent.c \
	client-lib/domain-call.c \
	client-lib/domain-define.c \
	client-lib/domain-graphics.c \
	client-lib/domain-info.c \
	client-lib/domain-life.c \
	client-lib/domain-save.c \
	client-lib/domain-size.c \
	client-lib/error.c \
	client-lib/host.c \
	client-lib/internal.h \
	client-lib/job.c \
	client-lib/job-event.c \
	client-lib/object.c \
	client-lib/path.c \
	client-lib/pool.c \
	client-lib/channel.c \
	client-lib/channel-fds.c \
	client-lib/channel.h \
	client-lib/channel-internal.h \
	client-lib/channel-message.c \
	client-lib/channel-stream.c \
	client-lib/stream.c \
	client-lib/stream-all.c \
	client-lib/transport-process.c \
	client-lib/transport-tcp.c \
	client-lib/transport-tls.c \
	client-lib/transport-unix.c \
	client-lib/transport.c \
	client-lib/transport.h \
	client-lib/typed-params.c \
	client-lib/uri.c \
	client-lib/uri.h \
	client-lib/uuid.c \
	client-lib/vol.c \
	$(NULL)

# -z nodelete: a thread that ends after dlclose() still runs the cleanup of its last error.
lib_LTLIBRARIES += libvirtjob.la
libvirtjob_la_SOURCES =
libvirtjob_la_LIBADD = client-lib/libclient.la
libvirtjob_la_LDFLAGS = $(AM_LDFLAGS) \
	-version-info 0:0:0 \
	-no-undefined \
	-Wl,--version-script=$(srcdir)/client-lib/libvirtjob.syms \
	-Wl,-Bsymbolic-functions \
	-Wl,-z,nodelete \
	$(NULL)
EXTRA_libvirtjob_la_DEPENDENCIES = client-lib/libvirtjob.syms
EXTRA_DIST += client-lib/libvirtjob.syms

pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = client-lib/libvirtjob.pc
