# SPDX-License-Identifier: LGPL-2.1-or-later
# Real guests, whose QEMU runs a kernel of our own; by way of python-libvirt, skipped without it.

guest_tests = \
	tests/cpu-models.py \
	tests/guests-fds.py \
	tests/guests-keys.py \
	tests/guests-life.py \
	tests/guests-limits.py \
	tests/host-stats.py \
	tests/guests-many.py \
	tests/guests-peek.py \
	tests/guests-pin.py \
	tests/guests-save.py \
	tests/guests-cancel.py \
	tests/guests-channel.py \
	tests/guests-events.py \
	tests/guests-speed.py \
	tests/guests-monitor-events.py \
	tests/guests-odds.py \
	tests/guests-outside.py \
	tests/guests-restart.py \
	tests/guests-snapshot-memory.py \
	tests/guests-snapshot-merge.py \
	tests/guests-snapshots.py \
	tests/guests-bad-xml.py \
	tests/guests-states.py \
	tests/guests-backup.py \
	tests/guests-backup-ends.py \
	tests/guests-bitmaps.py \
	tests/guests-blockjobs.py \
	tests/guests-checkpoints.py \
	tests/guests-broken-qemu.py \
	tests/guests-hung.py \
	tests/guests-owner.py \
	tests/guests-tune.py \
	tests/guests-vcpus.py \
	tests/guests-agent.py \
	tests/guests-agent-lies.py \
	$(NULL)
dist_check_SCRIPTS += $(guest_tests)
TESTS += $(guest_tests)
EXTRA_DIST += \
	tests/agent_guest.py \
	tests/fake_qemu.py \
	tests/guest_kernel.py \
	tests/guest_lib.py \
	$(NULL)
