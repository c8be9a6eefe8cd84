# SPDX-License-Identifier: LGPL-2.1-or-later
# The .x files become headers and XDR functions; generated code is built apart, without our warnings.

protocol_x = \
	protocol/wire.x \
	protocol/remote.x \
	protocol/job.x \
	protocol/qemu.x \
	$(NULL)
protocol_generated_headers = $(protocol_x:.x=.h)
protocol_generated_sources = $(protocol_x:.x=_xdr.c)

EXTRA_DIST += $(protocol_x)
BUILT_SOURCES += $(protocol_generated_headers)
CLEANFILES += $(protocol_generated_headers) $(protocol_generated_sources)

.x.h:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && rm -f $@ && abs=`cd $(@D) && pwd` && \
	  cd $(<D) && $(RPCGEN) -h -o $$abs/$(@F) $(<F)
protocol/%_xdr.c: protocol/%.x
	$(AM_V_GEN)$(MKDIR_P) $(@D) && rm -f $@ && abs=`cd $(@D) && pwd` && \
	  cd $(<D) && $(RPCGEN) -c -o $$abs/$(@F) $(<F)

noinst_LTLIBRARIES += protocol/libxdr.la protocol/libframe.la
nodist_protocol_libxdr_la_SOURCES = $(protocol_generated_sources)
protocol_libxdr_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/protocol
protocol_libxdr_la_CFLAGS = $(SANITIZE) -w
protocol_libxdr_la_LIBADD = $(TIRPC_LIBS)

protocol_libframe_la_SOURCES = \
	protocol/fdpass.c \
	protocol/fdpass.h \
	protocol/frame.c \
	protocol/frame.h \
	protocol/macros.h \
	protocol/text.c \
	protocol/text.h \
	$(NULL)
protocol_libframe_la_LIBADD = $(TIRPC_LIBS)

noinst_LTLIBRARIES += protocol/libpki.la
protocol_libpki_la_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
protocol_libpki_la_SOURCES = \
	protocol/dname.c \
	protocol/dname.h \
	protocol/pki-check.c \
	protocol/pki.c \
	protocol/pki.h \
	$(NULL)
protocol_libpki_la_LIBADD = $(OPENSSL_LIBS)

noinst_LTLIBRARIES += protocol/libsaslterms.la
protocol_libsaslterms_la_CPPFLAGS = $(AM_CPPFLAGS) $(SASL_CFLAGS)
protocol_libsaslterms_la_SOURCES = \
	protocol/sasl-terms.c \
	protocol/sasl-terms.h \
	$(NULL)
protocol_libsaslterms_la_LIBADD = $(SASL_LIBS) -lpthread

libvirtjobincludedir = $(includedir)/libvirtjob
dist_libvirtjobinclude_HEADERS = protocol/include/libvirtjob/types.h
