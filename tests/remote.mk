# SPDX-License-Identifier: LGPL-2.1-or-later
# Connections from elsewhere.
remote_tests = \
	tests/pki-validate.sh \
	tests/tcp.sh \
	tests/tls-hold.sh \
	tests/tls-host.sh \
	tests/tls-names.py \
	tests/tls-table.sh \
	tests/tls-work.sh \
	tests/transports.sh \
	$(NULL)

TESTS += $(remote_tests)
dist_check_SCRIPTS += $(remote_tests)
EXTRA_DIST += tests/remote-functions.sh
