#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Lets a target of a build with --enable-fuzz look for bad inputs: fuzz.sh PROGRAM [OPTION ...],
# options being libFuzzer's.  It begins with what is saved, works in a directory of its own, and
# without root's rights.  What it finds is kept beside the program, as NAME.found/.
#
#   FUZZ_SECONDS=60        how long
#   FUZZ_CORPUS=DIR        where inputs that reach something new are kept, for the next time

set -Eeuo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$1
name=$(basename "$program")
shift

work=$(mktemp -d "${TMPDIR:-/tmp}/virtjobd-fuzz-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/new" "$work/found" "$work/tmp"
cp "$program" "$work/$name"

# One file each, whatever it was called.
n=0
while read -r target place; do
    [ "$target" = "$name" ] || continue
    while read -r file; do
        n=$((n + 1))
        cp "$file" "$work/new/seed-$n"
    done < <(find "$here/../$place" -type f | sort)
done <"$here/seeds"
[ -z "${FUZZ_CORPUS:-}" ] || [ ! -d "$FUZZ_CORPUS" ] || cp -r "$FUZZ_CORPUS/." "$work/new"

options=(-max_total_time="${FUZZ_SECONDS:-60}" -timeout=20 -rss_limit_mb=3000 -print_final_stats=1
    -artifact_prefix="$work/found/")
if [ -e "$here/dict/$name" ]; then
    cp "$here/dict/$name" "$work/dict"
    options+=(-dict="$work/dict")
fi
user=()
if [ "$(id -u)" = 0 ]; then
    chown -R nobody "$work"
    user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi

status=0
cd "$work"
TMPDIR="$work/tmp" "${user[@]}" "./$name" "${options[@]}" "$@" new </dev/null || status=$?
cd "$OLDPWD"
if [ -n "${FUZZ_CORPUS:-}" ]; then
    mkdir -p "$FUZZ_CORPUS"
    cp -r "$work/new/." "$FUZZ_CORPUS"
fi
if [ -n "$(ls "$work/found")" ]; then
    mkdir -p "$program.found"
    cp "$work/found"/* "$program.found"
    echo "found: $(cd "$work/found" && echo *), in $program.found"
    [ "$status" != 0 ] || status=1
fi
exit "$status"
