# SPDX-License-Identifier: LGPL-2.1-or-later
# Built with the tree so that they always compile; never installed.

noinst_PROGRAMS += examples/clone-follow
examples_clone_follow_SOURCES = examples/clone-follow.c
examples_clone_follow_CPPFLAGS = \
	-I$(top_srcdir)/protocol/include \
	-I$(top_srcdir)/client-lib/include \
	$(NULL)
examples_clone_follow_LDADD = libvirtjob.la
