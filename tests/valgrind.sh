#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs one unit test under valgrind: valgrind.sh LIBTOOL-AND-VALGRIND... -- TEST.  A test is left
# out where valgrind does not know the system call that it is about (3.19 knows neither).

command=()
while [ "$1" != -- ]; do
    command+=("$1")
    shift
done
shift

# needs NAME PERL: perl, which starts fast, fails where the system call is not there.
needs()
{
    valgrind --quiet --tool=none perl -e "$2" 2>/dev/null && return
    echo "SKIP: this valgrind does not know $1"
    exit 77
}

# shellcheck disable=SC2016 # the variables are perl's
case $1 in
    *test-child | *test-child_pace | *test-qemu_img | *test-vol_change)
        needs pidfd_open 'exit(syscall(434, $$ + 0, 0) < 0)'
        ;;
    *test-publish) # 437: openat2; -100: AT_FDCWD; 24 zero bytes: struct open_how
        needs openat2 'my ($dir, $how) = ("/", "\0" x 24);
            exit(syscall(437, -100, $dir, $how, 24) < 0)'
        ;;
    *test-command | *test-complete | *test-wire)
        # hundreds of checks that leave nothing behind: a process for each takes longer than they do
        export CK_FORK=no
        ;;
esac
exec "${command[@]}" "$@"
