# SPDX-License-Identifier: LGPL-2.1-or-later
dist_systemdsystemunit_DATA = \
	systemd/virtjobd.socket \
	systemd/virtjobd-ro.socket \
	systemd/virtjobd-tcp.socket \
	systemd/virtjobd-tls.socket \
	$(NULL)
nodist_systemdsystemunit_DATA = systemd/virtjobd.service

# Made here, not by configure: sbindir is only whole in a Makefile.
EXTRA_DIST += systemd/virtjobd.service.in
CLEANFILES += systemd/virtjobd.service
systemd/virtjobd.service: systemd/virtjobd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	  $(SED) 's|@sbindir[@]|$(sbindir)|g' $(srcdir)/systemd/virtjobd.service.in >$@.tmp && \
	  mv $@.tmp $@
