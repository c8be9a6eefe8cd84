#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs one unit test under valgrind: valgrind.sh LIBTOOL-AND-VALGRIND... -- TEST.  Those that
# start children are left out where valgrind does not know pidfd_open (3.19 does not).

command=()
while [ "$1" != -- ]; do
    command+=("$1")
    shift
done
shift
case $1 in
    *test-child | *test-qemu_img)
        if ! valgrind --quiet --trace-children=yes --tool=none \
            python3 -c 'import os; os.pidfd_open(os.getpid())' 2>/dev/null; then
            echo "SKIP: this valgrind does not know pidfd_open, which following a child needs"
            exit 77
        fi
        ;;
esac
exec "${command[@]}" "$@"
