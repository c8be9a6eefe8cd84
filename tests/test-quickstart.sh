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

check quickstart "$builddir"
says 'the clone has the same bytes'
[[ $out =~ \$\ virtjob\ job-wait\ [0-9]+$'\n  '[0-9]+\ % ]] || fail "no progress: $out"
says "cancelled: vol-clone of volume 'half.raw' in pool 'demo'"
says 'changed size while it was read'
[[ $out =~ demo/half.raw\ +vol-clone\ +cancelled ]] || fail "no cancelled job in the table: $out"
[[ $out =~ demo/broken.raw\ +vol-clone\ +failed ]] || fail "no failed job in the table: $out"
equal "$(ls -A "$dir/tmp")" '' 'what is left'

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
