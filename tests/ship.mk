# SPDX-License-Identifier: LGPL-2.1-or-later
# What is delivered: set-up scripts, documents, the tests' own helper.

EXTRA_DIST += tests/functions.sh
TESTS += tests/test-functions.sh
dist_check_SCRIPTS += tests/test-functions.sh
