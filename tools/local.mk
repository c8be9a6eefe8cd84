# SPDX-License-Identifier: LGPL-2.1-or-later
# virtjob: what knows the library is apart from what only handles text, so that the latter's unit
# tests link nothing else.

cli_cppflags = $(AM_CPPFLAGS) $(XML_CFLAGS) $(JANSSON_CFLAGS)

noinst_LTLIBRARIES += tools/libtext.la tools/libcli.la
tools_libtext_la_CPPFLAGS = $(cli_cppflags)
tools_libtext_la_LIBADD = $(JANSSON_LIBS)
tools_libtext_la_SOURCES = \
	daemon/util/alloc.c \
	daemon/util/alloc.h \
	tools/args.c \
	tools/args.h \
	tools/format.c \
	tools/format.h \
	tools/job-text.c \
	tools/job-text.h \
	tools/progress.c \
	tools/progress.h \
	tools/signals.c \
	tools/signals.h \
	tools/size.c \
	tools/size.h \
	tools/table.c \
	tools/table.h \
	tools/text.c \
	tools/text.h \
	$(NULL)

tools_libcli_la_CPPFLAGS = $(cli_cppflags)
tools_libcli_la_LIBADD = tools/libtext.la libvirtjob.la $(XML_LIBS) $(JANSSON_LIBS)
tools_libcli_la_SOURCES = \
	tools/cli.c \
	tools/cli.h \
	tools/client.c \
	tools/command.c \
	tools/command.h \
	tools/complete.c \
	tools/dom-commands.c \
	tools/dom-console.c \
	tools/dom-define.c \
	tools/dom-devices.c \
	tools/dom-edit.c \
	tools/dom-find.c \
	tools/dom-image.c \
	tools/dom-impact.c \
	tools/dom-job.c \
	tools/dom-life.c \
	tools/dom-list.c \
	tools/dom-metadata.c \
	tools/dom-agent.c \
	tools/dom-monitor.c \
	tools/dom-save.c \
	tools/dom-screenshot.c \
	tools/dom-show-commands.c \
	tools/dom-show.c \
	tools/dom-size.c \
	tools/dom-text.c \
	tools/dom-text.h \
	tools/dom-xml.c \
	tools/dom.h \
	tools/editor.c \
	tools/editor.h \
	tools/flags.c \
	tools/flags.h \
	tools/follow.c \
	tools/follow.h \
	tools/groups.h \
	tools/help.c \
	tools/help.h \
	tools/host-commands.c \
	tools/host-show.c \
	tools/host.c \
	tools/host.h \
	tools/interrupt.c \
	tools/interrupt.h \
	tools/job-commands.c \
	tools/job-find.c \
	tools/job-events.c \
	tools/job-list.c \
	tools/job-one.c \
	tools/jobs.h \
	tools/pool-commands.c \
	tools/pool-edit.c \
	tools/pool-find.c \
	tools/pool-flags.h \
	tools/pool-make.c \
	tools/pool-run.c \
	tools/pool-show.c \
	tools/pool.h \
	tools/vol-change.c \
	tools/vol-commands.c \
	tools/vol-find.c \
	tools/vol-make.c \
	tools/vol-transfer.c \
	tools/vol-show.c \
	tools/vol.h \
	tools/xml.c \
	tools/xml.h \
	$(NULL)

bin_PROGRAMS += virtjob
virtjob_SOURCES = tools/virtjob.c
virtjob_LDADD = tools/libcli.la

bin_PROGRAMS += virtjob-ssh-helper
virtjob_ssh_helper_SOURCES = tools/ssh-helper.c
virtjob_ssh_helper_LDADD = client-lib/libclient.la

bin_PROGRAMS += virtjob-pki-validate
virtjob_pki_validate_SOURCES = tools/pki-validate.c
virtjob_pki_validate_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
virtjob_pki_validate_LDADD = protocol/libpki.la

# The part of virtjob.1 that the table of commands makes.
noinst_PROGRAMS += tools/mkman
tools_mkman_SOURCES = tools/manpage.c tools/manpage.h tools/mkman.c
tools_mkman_CPPFLAGS = $(cli_cppflags)
tools_mkman_LDADD = tools/libcli.la

# After a change to the table; a test fails until it is done.
.PHONY: update-man
update-man: tools/mkman
	$(AM_V_GEN)tools/mkman $(srcdir)/man/virtjob.1 >virtjob.1.tmp && \
	  mv virtjob.1.tmp $(srcdir)/man/virtjob.1

dist_bashcompletion_DATA = tools/bash-completion/virtjob
