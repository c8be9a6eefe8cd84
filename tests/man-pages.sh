#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manual pages: groff and mandoc read them without a warning, they lead to pages that exist,
# and what they show of the programs is true.
. "$(dirname "$0")/functions.sh"

pages=$(cd "$srcdir/man" && echo *.[1-8])
[ "$(echo "$pages" | wc -w)" -ge 4 ] || fail "only these pages: $pages"

# Pages of others that ours lead to.
others='errno(3) fork(2) free(3) ssh(1) systemd(1) systemd.socket(5) virsh(1)'

for page in $pages; do
    for seen in $(sed -n 's/^\.BR \([a-z][a-z.-]*\|[a-z][a-z.-]*\\-[a-z]*\) (\([1-8]\)).*/\1(\2)/p' \
        "$srcdir/man/$page" | tr -d '\\'); do
        file=${seen%(*}.${seen: -2:1}
        [ -e "$srcdir/man/$file" ] || [[ " $others " == *" $seen "* ]] ||
            fail "$page leads to $seen, which is not there"
    done
    grep -q '^\.TH [A-Z.-]* [1-8] 2[0-9-]* virtjobd ' <(tr -d '"\\' <"$srcdir/man/$page") ||
        fail "$page: .TH has no date"
done

if type -P groff >/dev/null; then
    for page in $pages; do
        check groff -ww -z -t -man -Tutf8 -Kutf8 "$srcdir/man/$page"
        equal "$out" "" "what groff says of $page"
    done
else
    echo "groff is not installed: not tried"
fi
if type -P mandoc >/dev/null; then
    for page in $pages; do
        check mandoc -T lint -W warning "$srcdir/man/$page"
    done
else
    echo "mandoc is not installed: not tried"
fi

# virtjobd.conf(5) has the keys of the example file, which a unit test holds to the code, in both
# directions.
sed -n 's/^#\([a-z_]*\) = .*/\1/p' "$srcdir/daemon/virtjobd.conf" | sort >"$dir/keys"
sed -n 's/^\.BR \([a-z_]*\) " (\(number\|text\|list of [a-z]*\),.*/\1/p' "$srcdir/man/virtjobd.conf.5" |
    sort >"$dir/documented"
[ -s "$dir/keys" ] || fail "no keys in the example"
check diff -u "$dir/keys" "$dir/documented"

# virtjobd(8) has each audit record that there is.
grep -rhoE 'AUDIT\([A-Z_]+, "[a-z-]+"|record\(job, "[a-z-]+"' "$srcdir/daemon" |
    sed 's/.*"\(.*\)"/\1/' | sort -u >"$dir/records"
grep -q domain-destroy "$dir/records" || fail "no audit records in the source"
sed -n '/^\.SH AUDIT/,/^\.SH FILES/s/^\.BR* //p' "$srcdir/man/virtjobd.8" | sed 's/\\-/-/g' |
    grep -oE '[a-z]+(-[a-z]+)*' | sort -u >"$dir/documented"
check comm -23 "$dir/records" "$dir/documented"
equal "$out" ""

# The session of virtjobd(8)'s example, with what is built here.
sed -n '/^\.SH EXAMPLES/,/^\.SH "SEE/{/^\.nf/,/^\.fi/{/^\.[nf]/!p}}' "$srcdir/man/virtjobd.8" |
    sed -e 's/\\-/-/g' -e 's/^virt/"$builddir"\/run &/' >"$dir/session"
grep -q 'virtjobd --session -d' "$dir/session" || fail "no example in virtjobd.8"
kill_session()
{
    local file
    for file in "$dir"/tmp.*/run/virtjobd.pid; do
        [ ! -e "$file" ] || kill -KILL "$(cat "$file")"
    done
}
at_exit kill_session
check env builddir="$builddir" TMPDIR="$dir" bash -e "$dir/session"
[[ $out == *Name*State*Autostart* ]] || fail "virtjobd.8's example says: $out"
ended() { ! compgen -G "$dir/tmp.*/run/virtjobd.pid" >/dev/null; }
wait_until 60 ended
