# SPDX-License-Identifier: LGPL-2.1-or-later
# Pools and volumes: the command line, the C API and stock clients on a real daemon.

TESTS += tests/pools.sh
dist_check_SCRIPTS += tests/pools.sh
