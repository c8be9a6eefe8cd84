#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016 # what is in single quotes is expanded in the inner test
# The helpers of functions.sh fail when they must: a test that cannot fail would tell nothing.

. "$(dirname "$0")/functions.sh"

# in_a_test STATUS TEXT COMMANDS: a test made of them ends so and says that.
in_a_test()
{
    printf '. %q\n%s\n' "$srcdir/tests/functions.sh" "$3" >"$dir/inner.sh"
    builddir=$builddir TMPDIR=$dir expect "$1" "$2" bash "$dir/inner.sh"
    rm "$dir/inner.sh"
    rmdir "$dir/inner."* 2>/dev/null && fail "left a directory: $3"
    return 0
}

in_a_test 0 '' 'check true; refuse false; expect 3 word bash -c "echo a word; exit 3"; equal a a'
in_a_test 1 'line 2: false' 'false'
in_a_test 1 "'false' ended with 1" 'check false'
in_a_test 1 "'true' succeeded" 'refuse true'
in_a_test 1 'ended with 0, not 3' 'expect 3 "" true'
in_a_test 1 "did not say 'b'" 'expect 0 b echo a'
in_a_test 1 "size is '1', not '2'" 'equal 1 2 size'
in_a_test 1 'still not after 0 s: false' 'wait_until 0 false'
in_a_test 77 'no-such-program is not installed' 'require_cmd sh no-such-program'
in_a_test 77 'MiB in' 'require_space 999999999'
in_a_test 0 $'b\na' 'at_exit echo a; at_exit echo b'

# The daemon's life.
start_daemon
check virtjob hostname
equal "$out" "$(virtjob_ro hostname)" hostname
refuse virtjob_ro pool-define-as p dir --target "$dir/p"
check virtjob pool-define-as p dir --target "$dir/p"
restart_daemon
check virtjob pool-info p
kill9_daemon
restart_daemon
check virtjob pool-info p
stop_daemon
refuse virtjob uri
in_a_test 1 'virtjobd ended instead of serving' 'start_daemon -f "$dir/none"'
in_a_test 1 'ended with status 143 after SIGTERM' 'sleep 60 & pid=$!; stop_daemon'
