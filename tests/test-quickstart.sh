#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ./quickstart does what it says, and leaves nothing; a step that fails stops it with a message.

. "$(dirname "$0")/functions.sh"
[ -z "${VIRTJOBD_WRAPPER:-}" ] || skip "its jobs end before a slow tool can catch them"
mib=1024
require_space $((3 * mib + 512))
if cp --reflink=always "$srcdir/quickstart" "$dir/probe" 2>/dev/null; then
    skip "clones in $dir share their blocks, so none can be caught"
fi
rm -f "$dir/probe"

# quickstart BUILD: what it says goes to $out; whatever it leaves would be in $dir/tmp.
mkdir "$dir/tmp"
quickstart()
{
    TMPDIR=$dir/tmp QUICKSTART_BUILD=$1 QUICKSTART_MIB=$mib "$srcdir/quickstart" </dev/null
}

says()
{
    [[ $out == *"$1"* ]] || fail "it does not say '$1' but: $out"
}

# in_step TITLE REGEX ...: what it said in that step.
in_step()
{
    local title=$1 said regex
    said=$(sed -n "/^== $title/,/^\$/p" <<<"$out")
    shift
    for regex; do
        [[ $said =~ $regex ]] || fail "step '$title' does not say '$regex' but: $said"
    done
}

no_guests()
{
    local cwd
    for cwd in /proc/[0-9]*/cwd; do
        [[ $(readlink "$cwd" || true) != "$dir"/* ]] || fail "left running: ${cwd%/cwd}"
    done 2>/dev/null
}

check quickstart "$builddir"
says 'the clone has the same bytes'
[[ $out =~ \$\ virtjob\ job-wait\ [0-9]+$'\n  '[0-9]+\ % ]] || fail "no progress: $out"
says "cancelled: vol-clone of volume 'half.raw' in pool 'demo'"
says 'changed size while it was read'
[[ $out =~ demo/half.raw\ +vol-clone\ +cancelled ]] || fail "no cancelled job in the table: $out"
[[ $out =~ demo/broken.raw\ +vol-clone\ +failed ]] || fail "no failed job in the table: $out"
[[ $out =~ guest\ +domain-restore\ +complete ]] || fail "no restore in the table: $out"
[[ $out =~ guest\ +domain-dump\ +complete ]] || fail "no dump in the table: $out"
if [[ $out == *'it has no system'* ]]; then
    grep 'it has no system' <<<"$out" # the rest needs one
else
    in_step 'A guest boots' 'its console: tiny guest is up'
    in_step 'It is saved' '  [0-9]+ %' $'\nshut off\n'
    in_step 'It is restored' $'\nrunning\n' 'its console: tick [0-9]+$'
    in_step 'A second save' 'cancelled: domain-save' $'\nrunning\n' 'its console: tick [0-9]+$'
    [[ $out =~ guest\ +domain-save\ +cancelled ]] || fail "no cancelled save in the table: $out"
fi
equal "$(ls -A "$dir/tmp")" '' 'what is left'
no_guests

# a daemon that does not start; a tool that fails
mkdir "$dir/build"
printf '#!/bin/sh\necho "no luck: $1" >&2; exit 1\n' >"$dir/build/run"
touch "$dir/build/virtjobd"
chmod +x "$dir/build/run" "$dir/build/virtjobd"
expect 1 'virtjobd did not start: no luck: virtjobd' quickstart "$dir/build"
equal "$(ls -A "$dir/tmp")" '' 'what is left after a failure'
cat >"$dir/build/run" <<END
#!/bin/sh
case \$1 in
    virtjobd) exec '$builddir/run' "\$@" ;;
esac
echo "no luck: \$1" >&2
exit 1
END
expect 1 'quickstart: stopped at line' quickstart "$dir/build"
says 'no luck: virtjob'
equal "$(ls -A "$dir/tmp")" '' 'what is left after a failure'
