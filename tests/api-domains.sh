#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The client library's functions for domains, their jobs and the host, with real guests:
# tests/api-domains.c, tests/api-guests.c and tests/api-jobs.c.
. "$(dirname "$0")/functions.sh"
require_cmd qemu-system-x86_64 python3

for kernel in "halt 0" "tick 0" "halt 64"; do
    # shellcheck disable=SC2086 # two words
    guest_kernel $kernel >/dev/null
done
echo "no kernel" >"$dir/kernel-broken-0" # QEMU is the first to see
start_daemon
for program in api-domains api-guests api-jobs; do
    check "$builddir/run" tests/$program "$uri" "$ro_uri" "$dir"
    equal "$(virtjob list --all --name)" "" "what $program leaves"
    wait_until 10 no_guests
done
stop_daemon
