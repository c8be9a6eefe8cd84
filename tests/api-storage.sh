#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The client library's functions for pools, volumes and their jobs, on a real daemon:
# tests/api-storage.c; and those for the events of jobs: tests/api-events.c.
. "$(dirname "$0")/functions.sh"

start_daemon
mkdir "$dir/pools"
check "$builddir/run" tests/api-storage "$uri" "$ro_uri" "$dir/pools"
check "$builddir/run" tests/api-events "$uri" "$ro_uri" "$dir/pools"
equal "$(virtjob pool-list --all --name)" ""
stop_daemon
