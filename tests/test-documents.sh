#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The documents say what is so: the example in the README is the one that is built, files and
# folders that are named are there, and so are make's targets.

. "$(dirname "$0")/functions.sh"
documents=("$srcdir/README.md" "$srcdir/HACKING.md")

sed -n '/^```c$/,/^```$/p' "$srcdir/README.md" | sed '1d;$d' >"$dir/example.c"
check diff -u "$srcdir/examples/clone-follow.c" "$dir/example.c"

# Whatever stands in backquotes and looks like a path of the tree.
while read -r path; do
    compgen -G "$srcdir/$path" >/dev/null || compgen -G "$builddir/$path" >/dev/null ||
        fail "no such file or folder: $path"
done < <(sed -nE 's/`([^`]*)`/\n`\1`\n/gp' "${documents[@]}" |
    sed -nE 's,^`(\./)?((client-lib|daemon|examples|bench|man|protocol|systemd|tests|tools)/[^ ]*|quickstart|runtests|run)`$,\2,p' |
    grep -v '[A-Z][A-Z]' | sort -u)

while read -r target; do
    grep -q "^$target:" "$builddir/Makefile" || fail "make has no target $target"
done < <(grep -ohE '\<make (check[a-z-]*|distcheck[a-z-]*|bench[a-z-]*|update-[a-z]*|install)\>' \
    "${documents[@]}" | sort -u | cut -d' ' -f2)
