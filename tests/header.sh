#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The public header compiles alone, as C99 and as C++, without a warning; and together with
# libvirt's it is an error that says why, whichever of the two comes first.
set -eu
srcdir=${srcdir:-.}
CC=${CC:-cc}
CXX=${CXX:-c++}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
includes="-I$srcdir/client-lib/include -I$srcdir/protocol/include"
strict="-Wall -Wextra -Wstrict-prototypes -pedantic -Werror"

fail()
{
    echo "FAIL: $*" >&2
    exit 1
}

printf '#include <libvirtjob/libvirtjob.h>\n' >"$dir/alone.c"
# shellcheck disable=SC2086 # lists of options
$CC -std=c99 $strict $includes -fsyntax-only "$dir/alone.c" || fail "not C99"
printf '#include <libvirtjob/types.h>\n' >"$dir/types.c"
# shellcheck disable=SC2086
$CC -std=c99 $strict $includes -fsyntax-only "$dir/types.c" || fail "types.h is not C99"

if $CXX --version >/dev/null 2>&1; then
    cp "$dir/alone.c" "$dir/alone.cc"
    # shellcheck disable=SC2086
    $CXX -std=c++11 -Wall -Wextra -pedantic -Werror $includes -fsyntax-only "$dir/alone.cc" ||
        fail "not C++"
else
    echo "no C++ compiler: C++ left out"
fi

# A stand-in for libvirt's header: its guard, and the name that gives it away.
mkdir "$dir/libvirt"
cat >"$dir/libvirt/libvirt.h" <<'END'
#ifndef LIBVIRT_H
#define LIBVIRT_H
typedef enum { STAND_IN } virNodeSuspendTarget;
#endif
END

# must_clash WHERE: both orders fail, and say why.
must_clash()
{
    for first in libvirtjob/libvirtjob.h libvirt/libvirt.h; do
        second=libvirt/libvirt.h
        [ $first = $second ] && second=libvirtjob/libvirtjob.h
        printf '#include <%s>\n#include <%s>\n' $first $second >"$dir/both.c"
        # shellcheck disable=SC2086
        if $CC $includes $1 -fsyntax-only "$dir/both.c" 2>"$dir/said"; then
            fail "$first before $second compiles"
        fi
        grep -q 'libvirtjob.h and libvirt.h exclude each other' "$dir/said" ||
            fail "$first before $second does not say why it fails"
    done
}

must_clash "-I$dir"
if printf '#include <libvirt/libvirt.h>\n' | $CC -fsyntax-only -xc - 2>/dev/null; then
    must_clash ""
else
    echo "no libvirt headers here: tried with a stand-in only"
fi
