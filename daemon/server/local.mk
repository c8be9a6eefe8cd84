# SPDX-License-Identifier: LGPL-2.1-or-later
daemon_libdaemon_la_SOURCES += \
	daemon/server/anonymous.c \
	daemon/server/client.c \
	daemon/server/descriptors.c \
	daemon/server/identity.c \
	daemon/server/input.c \
	daemon/server/internal.h \
	daemon/server/keepalive.c \
	daemon/server/listen.c \
	daemon/server/listen_inet.c \
	daemon/server/output.c \
	daemon/server/sasl_exchange.c \
	daemon/server/sasl_exchange.h \
	daemon/server/server.c \
	daemon/server/server.h \
	daemon/server/stream.c \
	daemon/server/stream.h \
	daemon/server/tls_context.c \
	daemon/server/tls_context.h \
	daemon/server/transport.c \
	daemon/server/transport_sasl.c \
	daemon/server/transport_tcp.c \
	daemon/server/transport_tls.c \
	$(NULL)
