#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the library exports, what its version script lists and what its header declares are the
# same names; and nothing undefined is left to find at run time.
set -eu
srcdir=${srcdir:-.}
CC=${CC:-cc}
library=.libs/libvirtjob.so
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export LC_ALL=C

if [ ! -e $library ]; then
    echo "SKIP: no shared library was built"
    exit 77
fi

nm -D --defined-only $library >"$dir/nm"
if grep ' [TDBR] ' "$dir/nm" | grep -v '@@LIBVIRTJOB_1\.0$'; then
    echo "FAIL: exported without the version LIBVIRTJOB_1.0 (above)" >&2
    exit 1
fi
sed -n 's/.* [TDBR] \(.*\)@@.*/\1/p' "$dir/nm" | sort >"$dir/exported"
sed -n 's/^    \(vir[A-Za-z]*\);$/\1/p' "$srcdir/client-lib/libvirtjob.syms" >"$dir/listed"

# Declarations, one a line: functions end in "name(…);", of variables there is one.
printf '#include <libvirtjob/libvirtjob.h>\n' |
    $CC -E -P -I"$srcdir/client-lib/include" -I"$srcdir/protocol/include" -xc - |
    tr '\n' ' ' | tr ';' '\n' | grep -v typedef |
    sed -n -e 's/^[^(]*[ *]\(vir[A-Za-z]*\)(.*/\1/p' -e 's/^ *extern [^(]* \(vir[A-Za-z]*\)$/\1/p' |
    sort >"$dir/declared"

[ "$(wc -l <"$dir/exported")" -gt 100 ]
sort -c "$dir/listed"
diff -u "$dir/listed" "$dir/exported"
diff -u "$dir/declared" "$dir/exported"

# The library needs no more than it should: the C library, libtirpc, OpenSSL and libsasl2.
needed=$(objdump -p $library | sed -n 's/^ *NEEDED *//p' |
    grep -vE '^(libc|libpthread|libtirpc|libssl|libcrypto|libsasl2|ld-|lib[atu][a-z]*san)' || :)
if [ -n "$needed" ]; then
    echo "FAIL: the library needs $needed" >&2
    exit 1
fi
objdump -p $library | grep -q 'SONAME *libvirtjob\.so\.0$'
