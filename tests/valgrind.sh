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

# needs NAME PYTHON: python fails where the system call is not there.
needs()
{
    valgrind --quiet --trace-children=yes --tool=none python3 -c "$2" 2>/dev/null && return
    echo "SKIP: this valgrind does not know $1"
    exit 77
}

case $1 in
    *test-child | *test-child_pace | *test-qemu_img)
        needs pidfd_open 'import os; os.pidfd_open(os.getpid())'
        ;;
    *test-publish) # 437: openat2; -100: AT_FDCWD; 24 zero bytes: struct open_how
        needs openat2 'import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(437, -100, b"/", bytes(24), ctypes.c_size_t(24)) < 0)'
        ;;
esac
exec "${command[@]}" "$@"
