# SPDX-License-Identifier: LGPL-2.1-or-later
# What hostile and unlucky clients and disks do to the daemon.
badinput_tests = \
	tests/access.py \
	tests/access-volumes.py \
	tests/bad-packets.py \
	tests/bad-xml.py \
	tests/client-list.sh \
	tests/crowd.py \
	tests/disk-trouble.py \
	tests/events.py \
	tests/journal.py \
	tests/keepalive.sh \
	tests/limits.py \
	tests/readonly.py \
	tests/refusals.py \
	tests/shares.py \
	tests/soak.py \
	tests/streams.py \
	tests/stuck-disk.py \
	tests/swap-race.py \
	tests/unknown-flags.py \
	$(NULL)

TESTS += $(badinput_tests)
dist_check_SCRIPTS += $(badinput_tests)
EXTRA_DIST += tests/stuckfs.py tests/wire.py
