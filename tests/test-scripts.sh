#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every script of the tree, its tests included, is clean to shellcheck, and every test is run.

. "$(dirname "$0")/functions.sh"
require_cmd shellcheck

cd "$srcdir"
mapfile -t scripts < <(grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell=' \
    .ci/* bench/* quickstart run.in runtests tests/*.sh tests/fuzz/*.sh tests/stock/*.sh tools/*.sh tools/tiny-guest 2>/dev/null)
[ "${#scripts[@]}" -ge 10 ] || fail "only found: ${scripts[*]}"
check shellcheck --severity=warning "${scripts[@]}"
check shellcheck --severity=warning --shell=bash tools/bash-completion/virtjob

# A test that is not in a list is never run.
for file in tests/*.sh tests/*.py tests/stock/*.sh; do
    [ ! -x "$file" ] || grep -qE "(^|[[:space:]])$file([[:space:]]|\$)" tests/*.mk tests/unit/*.mk ||
        fail "in no list: $file"
done
