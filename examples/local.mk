# SPDX-License-Identifier: LGPL-2.1-or-later
# Built with the tree so that they always compile; never installed.

example_cppflags = \
	-I$(top_srcdir)/protocol/include \
	-I$(top_srcdir)/client-lib/include \
	$(NULL)

noinst_PROGRAMS += examples/clone-follow examples/guest-save
examples_clone_follow_SOURCES = examples/clone-follow.c
examples_clone_follow_CPPFLAGS = $(example_cppflags)
examples_clone_follow_LDADD = libvirtjob.la
examples_guest_save_SOURCES = examples/guest-save.c
examples_guest_save_CPPFLAGS = $(example_cppflags)
examples_guest_save_LDADD = libvirtjob.la
