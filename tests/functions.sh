# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the scripts here share; bash.  A test begins with
#
#     . "$(dirname "$0")/functions.sh"
#
# and gets: a directory of its own in $dir, removed at the end; any command that fails ends
# the test, with its line; the daemon, if one was started, and its guests are killed at the end.
# It runs in make check, and by hand with the build directory as the current one.
#
#   start_daemon [ARG ...]   starts virtjobd in $dir and returns when it serves: $pid, $uri
#   stop_daemon              SIGTERM, and it must exit 0 (sanitizers and valgrind say no by this)
#   kill9_daemon             kill -9; restart_daemon: stop and start with the same arguments
#   daemon_logged TEXT       true if it has said so, in any of its lives
#   virtjob, virtjob_ro      the command line tool, connected to it
#   virsh                    libvirt's, connected to it
#   guest_xml NAME [THEN [MIB [ELEMENTS]]]    XML of a guest that boots at once, see
#                            guest_kernel.py; with MIB of its memory filled
#   booted NAME, ticks NAME  wait until it has booted, until its CPU does something
#   qemu_of NAME             the process of an active domain
#   wait_until SECS CMD ...  until CMD succeeds; the test fails when it still does not after SECS
#   check CMD ..., refuse CMD ...     CMD must succeed, must fail; what it said is in $out
#   expect STATUS TEXT CMD ...        CMD must end with STATUS and say TEXT
#   equal GOT WANT [WHAT]    two texts
#   fail TEXT, skip REASON   end the test: failed, left out (77)
#   require_cmd CMD ..., require_root, require_space MIB   else the test is left out
#   editor SED-SCRIPT        what $EDITOR does with its file from now on
#   at_exit CMD ARG ...      run at the end, last one first
#
# VIRTJOBD_WRAPPER is put in front of daemon and tool (see ./run); VIRTJOBD_SLOWER multiplies
# the deadlines, for what is slow under it.

set -Eeuo pipefail
export LC_ALL=C
unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID LISTEN_FDNAMES JOURNAL_STREAM
unset VIRTJOB_DEFAULT_URI LIBVIRT_DEFAULT_URI VIRSH_DEFAULT_CONNECT_URI

test_name=$(basename "$0" .sh)
srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
builddir=${builddir:-$PWD}
builddir=$(cd "$builddir" && pwd)
pid='' out=''
daemon_args=()
exit_commands=()

fail()
{
    trap - ERR
    echo "$test_name: FAILED: $*" >&2
    if [ -s "${dir:-/none}/log" ]; then
        echo "the daemon's last lines:" >&2
        tail -n 40 "$dir/log" | sed 's/^/    /' >&2
    fi
    exit 1
}

skip()
{
    echo "SKIP: $test_name: $*"
    exit 77
}

at_exit()
{
    exit_commands+=("$(printf '%q ' "$@")")
}

# Processes that work in a directory or below it; other users' are not shown to all.
working_below()
{
    find /proc/[1-9]* -maxdepth 1 -name cwd \( -lname "$1" -o -lname "$1/*" \) -printf '%h\n' \
        2>/dev/null | sed 's,.*/,,' || true
}

no_guests()
{
    [ -z "$(working_below "$dir/run/qemu")" ]
}

# QEMUs outlive their daemon.
kill_guests()
{
    local qemu i
    for qemu in $(working_below "$dir/run/qemu"); do
        kill -KILL "$qemu"
    done 2>/dev/null
    for ((i = 0; i < 200; i++)); do
        no_guests && return
        sleep 0.05
    done
    echo "$test_name: QEMUs that do not end: $(working_below "$dir/run/qemu")" >&2
}

clean_up()
{
    local i
    trap - ERR
    set +e
    for ((i = ${#exit_commands[@]} - 1; i >= 0; i--)); do
        eval "${exit_commands[i]}"
    done
    if [ -n "$pid" ]; then
        kill -KILL "$pid"
        wait "$pid"
    fi 2>/dev/null
    kill_guests
    rm -rf --one-file-system "$dir"
}

[ -x "$builddir/run" ] || fail "no build in $builddir (run it there, or set builddir)"
dir=$(mktemp -d "${TMPDIR:-/tmp}/$test_name.XXXXXX")
trap clean_up EXIT
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
uri="qemu+unix:///session?socket=$dir/run/virtjobd-sock"
ro_uri="$uri-ro"
export uri ro_uri srcdir

# What a test needs.

require_cmd()
{
    local cmd
    for cmd in "$@"; do
        type -P "$cmd" >/dev/null || skip "$cmd is not installed"
    done
}

require_root()
{
    [ "$(id -u)" = 0 ] || skip "needs root"
}

require_space()
{
    local have
    have=$(df --output=avail -m "$dir" | tail -n 1)
    [ "$have" -ge "$1" ] || skip "needs $1 MiB in $(dirname "$dir"), has $((have))"
}

# Checks.

wait_until()
{
    local deadline=$((SECONDS + $1 * ${VIRTJOBD_SLOWER:-4})) secs=$1
    shift
    until "$@"; do
        [ $SECONDS -le $deadline ] || fail "still not after $secs s: $*"
        sleep 0.05
    done
}

check()
{
    out=$("$@" 2>&1) || fail "'$*' ended with $?: $out"
}

refuse()
{
    ! out=$("$@" 2>&1) || fail "'$*' succeeded: $out"
}

expect()
{
    local want=$1 text=$2 status=0
    shift 2
    out=$("$@" 2>&1) || status=$?
    [ $status -eq "$want" ] || fail "'$*' ended with $status, not $want: $out"
    [[ $out == *"$text"* ]] || fail "'$*' did not say '$text' but: $out"
}

equal()
{
    [ "$1" = "$2" ] || fail "${3:-value} is '$1', not '$2'"
}

# The daemon and those who talk to it.

serving()
{
    kill -0 "$pid" 2>/dev/null || fail "virtjobd ended instead of serving"
    [ "$(grep -c ' serves qemu:///' "$dir/log")" -gt "$1" ]
}

start_daemon()
{
    local served
    [ -z "$pid" ] || fail "start_daemon: it runs already"
    touch "$dir/log"
    served=$(grep -c ' serves qemu:///' "$dir/log" || true)
    daemon_args=("$@")
    "$builddir/run" virtjobd --session --state-dir "$dir/state" --runtime-dir "$dir/run" \
        --log-dir "$dir/logs" -v "$@" </dev/null >>"$dir/log" 2>&1 &
    pid=$!
    wait_until 20 serving "$served"
}

daemon_gone()
{
    ! kill -0 "$pid" 2>/dev/null
}

stop_daemon()
{
    local status=0
    kill -TERM "$pid"
    wait_until 60 daemon_gone
    wait "$pid" || status=$?
    pid=''
    [ $status -eq 0 ] || fail "virtjobd ended with status $status after SIGTERM"
}

kill9_daemon()
{
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    pid=''
}

restart_daemon()
{
    [ -z "$pid" ] || stop_daemon
    start_daemon ${daemon_args[@]+"${daemon_args[@]}"}
}

daemon_logged()
{
    grep -qF -- "$1" "$dir/log"
}

virtjob()
{
    "$builddir/run" virtjob -c "$uri" "$@"
}

virtjob_ro()
{
    "$builddir/run" virtjob -r -c "$ro_uri" "$@"
}

virsh()
{
    command virsh -c "$uri" "$@"
}

editor() # SED-SCRIPT
{
    # shellcheck disable=SC2016 # "$1" is the editor's
    printf '#!/bin/sh\nsed -i "%s" "$1"\n' "$1" >"$dir/editor"
    chmod +x "$dir/editor"
    export EDITOR=$dir/editor
}

# Guests.

guest_kernel() # THEN MIB: its path
{
    local path=$dir/kernel-$1-$2
    [ -e "$path" ] || python3 "$srcdir/tests/guest_kernel.py" "$path" "$1" "$2"
    echo "$path"
}

guest_xml() # NAME [THEN [MIB [ELEMENTS]]]
{
    local fill=${3:-0}
    cat <<END
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>$((16 + fill))</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$(guest_kernel "${2:-halt}" "$fill")</kernel>
  </os>
  <features><acpi/></features>
  ${4:-}
  <devices>
    <serial type='file'><source path='$dir/serial-$1'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
END
}

said_booted()
{
    grep -q F "$dir/serial-$1" 2>/dev/null
}

booted()
{
    wait_until 60 said_booted "$1"
}

serial_is_longer() # NAME THAN
{
    [ "$(stat -c %s "$dir/serial-$1")" -gt "$2" ]
}

ticks()
{
    wait_until 20 serial_is_longer "$1" "$(stat -c %s "$dir/serial-$1")"
}

qemu_of()
{
    working_below "$dir/run/qemu/$(virtjob domid "$1")"
}
