#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The wire never changes under those who speak it.  The .x files, in a normal form (no comments, no
# blank space, one declaration a line), are compared with tests/data/wire-structs.txt; their numbers
# with tests/data/wire-numbers.txt, which only ever grows and which nothing here writes.
#
#   tests/wire-structs.sh            compare
#   tests/wire-structs.sh --print    the normal form, for wire-structs.txt
set -u
export LC_ALL=C
srcdir=$(cd "$(dirname "$0")/.." && pwd)
data=$srcdir/tests/data
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT

fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

# normal_form PROTOCOL-DIR: rpcgen's own lines (% and #) are no part of the wire.
normal_form()
{
    local x
    [ "$(cd "$1" && echo *.x)" = "job.x qemu.x remote.x wire.x" ] || fail "another .x file: name it here"
    for x in wire remote job qemu; do
        grep -v '^[%#]' "$1/$x.x" | tr '\n' ' ' |
            sed -e 's:/\*[^*]*\*\**\([^/*][^*]*\*\**\)*/: :g' -e 's/[[:space:]]\{1,\}/ /g' \
                -e 's/ *\([{};,:<>]\) */\1/g' -e 's/ \* */ */g' -e 's/\[ */[/g; s/ *\]/]/g' \
                -e 's/{/ {\n/g' -e 's/\([;,]\)/\1\n/g' -e 's/:/:\n/g' -e 's/\([A-Z0-9]\)}/\1,\n}/g' |
            sed -e 's/^ *//' -e '/^$/d' -e '/^[]}]/!{/[{]$/!s/^/    /}' \
                -e 's/^    \(const\|typedef\) /\1 /' || exit 99
    done
}

# numbers FORM: "SCOPE NAME NUMBER" a line; the scope is the enum's name, or const.
numbers()
{
    awk '$1 == "enum" { scope = $2 }
         $1 == "const" { sub(/;$/, "", $4); print "const", $2, $4 }
         $1 == "}" || $1 == "};" { scope = "" }
         scope != "" && $2 == "=" { sub(/,$/, "", $3); print scope, $1, $3 }' "$1"
}

# check_numbers FORM STORED: what was given once is there as it was; nothing is there but what is
# written down; no name and, within an enum, no number is there twice.
check_numbers()
{
    local bad=0 twice

    numbers "$1" >"$dir/now"
    grep -v '^#' "$2" | tr -s ' ' >"$dir/stored"
    [ -s "$dir/now" ] && [ -s "$dir/stored" ] || { echo "no numbers at all"; return 1; }
    for list in now stored; do
        twice=$(cut -d' ' -f2 "$dir/$list" | sort | uniq -d)
        [ -z "$twice" ] || { echo "a name is there twice ($list): $twice"; bad=1; }
        twice=$(grep -v '^const ' "$dir/$list" | cut -d' ' -f1,3 | sort | uniq -d)
        [ -z "$twice" ] || { echo "a number is there twice ($list): $twice"; bad=1; }
    done
    if grep -vxFf "$dir/now" "$dir/stored" >"$dir/lost"; then
        echo "these are fixed for ever, and are gone or changed in protocol/*.x:"
        sed 's/^/    /' "$dir/lost"
        bad=1
    fi
    if grep -vxFf "$dir/stored" "$dir/now" >"$dir/new"; then
        echo "new numbers: if they are right, append these lines to tests/data/wire-numbers.txt"
        sed 's/^/    /' "$dir/new"
        bad=1
    fi
    return $bad
}

check_structs()
{
    diff -u "$2" "$1" >"$dir/diff" && return 0
    cat "$dir/diff"
    echo "a struct that is in use must not change: give a new procedure a new struct."
    echo "Where something was only added: tests/wire-structs.sh --print >tests/data/wire-structs.txt"
    return 1
}

# Every struct and union on the wire has its bytes in the samples.
check_samples()
{
    sed -n 's/^\(struct\|union\) \([a-z_]*\) .*/\2/p' "$1" | sort -u >"$dir/shapes"
    sed -n 's/^\([a-z_]*\) .*/\1/p' "$2" | sort -u >"$dir/sampled"
    diff "$dir/shapes" "$dir/sampled" >"$dir/diff" && return 0
    sed -n -e 's/^</no sample of struct/p' -e 's/^>/sample of what is no struct:/p' "$dir/diff"
    echo "add it to tests/wire-samples.py and to tests/unit/test-wire.c"
    return 1
}

check_all()
{
    normal_form "$1" >"$dir/form"
    check_numbers "$dir/form" "$data/wire-numbers.txt" &&
        check_structs "$dir/form" "$data/wire-structs.txt" &&
        check_samples "$dir/form" "$data/wire-samples.txt"
}

if [ "${1-}" = --print ]; then
    normal_form "$srcdir/protocol"
    exit
fi
check_all "$srcdir/protocol" >&2 || fail "the wire is not what it was"

# The stored bytes are those the packer packs; unit/test-wire compares them with what we encode.
if command -v python3 >/dev/null; then
    PYTHONDONTWRITEBYTECODE=1 python3 "$srcdir/tests/wire-samples.py" --check "$data/wire-samples.txt" ||
        fail "one of tests/wire-samples.py and its output was changed without the other"
else
    echo "python3 is not installed: the packer of the samples was not run"
fi

# This test finds what it is for: each of these edits is refused, and for its own reason.
refuse()
{
    local file=$1 edit=$2 reason=$3
    rm -rf "$dir/protocol" && mkdir "$dir/protocol" && cp "$srcdir"/protocol/*.x "$dir/protocol/"
    chmod u+w "$dir/protocol"/*.x
    sed -i "$edit" "$dir/protocol/$file"
    cmp -s "$dir/protocol/$file" "$srcdir/protocol/$file" && fail "'$edit' edits nothing"
    check_all "$dir/protocol" >"$dir/said" && fail "not noticed: $edit"
    grep -q -- "$reason" "$dir/said" || { cat "$dir/said" >&2; fail "no '$reason': $edit"; }
}
refuse job.x 's/JOB_PROC_WAIT = 5/JOB_PROC_WAIT = 7/' 'job_procedure JOB_PROC_WAIT 5'
refuse job.x '/JOB_PROC_CANCEL = 2/d' 'job_procedure JOB_PROC_CANCEL 2'
refuse job.x 's/JOB_PROC_LIST = 6/JOB_PROC_LIST = 5/' 'a number is there twice (now): job_procedure 5'
refuse job.x 's/JOB_PROC_LIST = 6/&, JOB_PROC_NEW = 7/' 'append these lines'
refuse qemu.x 's/MONITOR_COMMAND = 1/MONITOR_COMMAND = 2/' 'QEMU_PROC_DOMAIN_MONITOR_COMMAND 1'
refuse wire.x 's/STRING_MAX = 4194304/STRING_MAX = 1024/' 'const WIRE_STRING_MAX 4194304'
refuse remote.x 's/struct remote_int_ret { int value; };/struct remote_int_ret { hyper value; };/' \
    '^-    int value;$'
refuse wire.x 's/wire_domain \*dom;/wire_domain dom;/' '^-    wire_domain \*dom;$'
refuse job.x 's/wire_text operation;/wire_text_opt operation;/' '^+    wire_text_opt operation;$'

# And comments and blank space are nothing to it.
mkdir -p "$dir/same"
cp "$srcdir"/protocol/*.x "$dir/same/"
chmod u+w "$dir/same"/*.x
sed -i -e 's/{/{ \/* one * two ** *\/\n\n/' -e 's/  */\t /g' "$dir/same"/*.x
check_all "$dir/same" >&2 || fail "a comment is taken for the wire"
