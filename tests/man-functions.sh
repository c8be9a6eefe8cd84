#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirtjob(3) lists what the library exports, each function once; names nothing else of ours that
# does not exist; its example compiles and works; and each function on a job has a page that leads
# there.
. "$(dirname "$0")/functions.sh"

page=$srcdir/man/libvirtjob.3
headers="-I$srcdir/client-lib/include -I$srcdir/protocol/include"
CC=${CC:-cc}

sed -n 's/^    \(vir[A-Za-z]*\);$/\1/p' "$srcdir/client-lib/libvirtjob.syms" | sort >"$dir/exported"
[ "$(wc -l <"$dir/exported")" -gt 100 ] || fail "the list of exported symbols cannot be read"

# The list: entries of the section FUNCTIONS.
sed -n '/^\.SH FUNCTIONS/,/^\.SH ENV/s/^\.BR\{0,1\} \(vir[A-Za-z]*\)\( ()\)\{0,1\}$/\1/p' "$page" |
    sort >"$dir/listed"
diff -u "$dir/exported" "$dir/listed" >&2 ||
    fail "man/libvirtjob.3 and client-lib/libvirtjob.syms differ (above; + is in the manual only)"

# Whatever else it names is in the headers, or is libvirt's (two names) and said to be so.
sed 's/\\f[A-Z]//g' "$page" | grep -oE '\b(vir[A-Z][A-Za-z]*|(VIR|VIRTJOB|LIBVIRTJOB)_[A-Z_]+)\b\*?' |
    grep -v '\*$' | sort -u >"$dir/named"
printf '%s\n' virDomainJobInfo virStreamEventAddCallback VIRTJOB_DEFAULT_URI >"$dir/known"
# shellcheck disable=SC2086 # two options
printf '#include <libvirtjob/libvirtjob.h>\n' | $CC -E -dD $headers -xc - |
    grep -oE '\b(vir|VIR|LIBVIRTJOB)[A-Za-z_]+\b' >>"$dir/known"
strange=$(grep -vxFf "$dir/known" "$dir/named" || true)
equal "$strange" "" "what the manual names and the headers do not have"

# The example: the first block of code; a troff that prints it would do the same to it.
sed -n '/^\.EX$/,/^\.EE$/{/^\.E[XE]$/!p}; /^\.EE$/q' "$page" |
    sed -e 's/\\-/-/g' -e 's/\\e/\\/g' >"$dir/example.c"
grep -q 'int main' "$dir/example.c" || fail "no example"
# shellcheck disable=SC2086
check $CC -std=c99 -Wall -Wextra -Werror $headers -fsyntax-only "$dir/example.c"

# It does what it says it does.
sanitize=$(sed -n 's/^SANITIZE = //p' "$builddir/Makefile")
# shellcheck disable=SC2086
check $CC -std=c99 $sanitize $headers "$dir/example.c" -o "$dir/example" \
    "$builddir/.libs/libvirtjob.so"
start_daemon
check virtjob pool-create-as default dir --build --target "$dir/pool"
export VIRTJOB_DEFAULT_URI=$uri
refuse "$builddir/run" "$dir/example"
[[ $out == *"no storage vol with matching name 'base.img'"* ]] || fail "without base.img: $out"
check virtjob vol-create-as default base.img 8M --allocation 0
printf 'some data' | dd of="$dir/pool/base.img" conv=notrunc status=none
check "$builddir/run" "$dir/example"
cmp "$dir/pool/base.img" "$dir/pool/copy.img" || fail "the example's copy is none"
stop_daemon

# The pages of single functions.
grep -E 'Job(s|Info|Error|Record|RecordFree|Speed|Stats|Flags)?$' "$dir/exported" >"$dir/on_jobs"
while read -r name; do
    equal "$(cat "$builddir/man/$name.3")" ".so man3/libvirtjob.3" "man/$name.3"
done <"$dir/on_jobs"
equal "$(cd "$builddir/man" && printf '%s\n' vir*.3 | sed 's/\.3$//')" "$(cat "$dir/on_jobs")" \
    "the pages of single functions"
