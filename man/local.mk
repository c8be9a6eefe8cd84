# SPDX-License-Identifier: LGPL-2.1-or-later
include man/lib.mk
dist_man_MANS += \
	man/virtjobd.8 \
	man/virtjobd.conf.5 \
	man/virtjobd-jobs.7 \
	man/virtjobd-tls.7 \
	$(NULL)
dist_man_MANS += man/virtjob.1 man/virtjob-pki-validate.1 man/virtjob-ssh-helper.1
