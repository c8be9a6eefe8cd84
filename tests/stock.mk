# SPDX-License-Identifier: LGPL-2.1-or-later
# Unmodified clients of libvirt on a real daemon, and on libvirtd where that is installed.

stock_tests = \
	tests/stock/bindings.sh \
	tests/stock/compare.sh \
	tests/stock/graphics.sh \
	tests/stock/ssh.sh \
	tests/stock/virsh-backup.sh \
	tests/stock/virsh-checkpoints.sh \
	tests/stock/virsh-console.sh \
	tests/stock/virsh-domains.sh \
	tests/stock/virsh-fds.sh \
	tests/stock/virsh-gssapi.sh \
	tests/stock/virsh-sasl.sh \
	tests/stock/virsh-screenshot.sh \
	tests/stock/virsh-snapshots.sh \
	tests/stock/virsh-storage.sh \
	tests/stock/virsh-streams.sh \
	tests/stock/virt-clone-cancel.sh \
	tests/stock/virt-install.sh \
	$(NULL)
TESTS += $(stock_tests)
dist_check_SCRIPTS += $(stock_tests)

EXTRA_DIST += \
	tests/stock/functions.sh \
	tests/stock/open-graphics.py \
	tests/stock/session-pure.go \
	tests/stock/session.go \
	tests/stock/session.pl \
	tests/stock/session.py \
	$(NULL)
