# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the tests with stock clients share, beside ../functions.sh, which this sources:
#
#   each_server FUNCTION   runs it with our daemon, then with libvirtd where that is installed; it
#                          finds $uri, and a folder of its own in $files.  With ours it must
#                          succeed.  Where what it prints differs, this says so
#   server                 "virtjobd" or "libvirtd", in FUNCTION
#   make_pool              a running pool p in $files/p
#   linux_boot             words for virt-install's --boot, of a Linux in $files/linux
#   linux_is_up NAME, console_of NAME    its console is $files/console-NAME
#   is_state STATE NAME    as virsh domstate says it
#   both WORD ...          virsh, in FUNCTION: what it prints goes into $files/same, and must be the
#                          same with both servers; "tell WORD ..." prints it
#   same_in_both           behind each_server: fails where that is not so

. "$(dirname "${BASH_SOURCE[0]}")/../functions.sh"

server=virtjobd
files=''
libvirtd_pid=''

stop_libvirtd()
{
    local guest
    [ -n "$libvirtd_pid" ] || return 0
    kill -TERM "$libvirtd_pid" 2>/dev/null || true
    wait "$libvirtd_pid" 2>/dev/null || true
    libvirtd_pid=''
    for guest in $(grep -lsaF "guest=" /proc/[1-9]*/cmdline | sed 's,/proc/\([0-9]*\)/.*,\1,'); do
        ! grep -qaF "$dir/l/" "/proc/$guest/cmdline" || kill -KILL "$guest"
    done 2>/dev/null
    return 0
}

libvirtd_serves()
{
    kill -0 "$libvirtd_pid" 2>/dev/null || return 0
    [ -S "$dir/l/run/libvirt/libvirt-sock" ]
}

# As a user without rights, so that it is a session's and touches nothing of the system.
start_libvirtd()
{
    local as=() base=$dir/l
    if ! type -P libvirtd >/dev/null; then
        echo "not compared: libvirtd is not installed"
        return 1
    fi
    chmod 755 "$dir"
    mkdir -p "$base/home" "$base/c" "$base/run" "$base/files"
    if [ "$(id -u)" = 0 ]; then
        chown -R nobody "$base"
        as=(setpriv --reuid nobody --regid nogroup --clear-groups)
    fi
    # short names: sockets of its guests are made far below
    "${as[@]}" env -u XDG_CACHE_HOME -u XDG_STATE_HOME HOME="$base/home" \
        XDG_CONFIG_HOME="$base/c" XDG_RUNTIME_DIR="$base/run" \
        libvirtd </dev/null >"$base/log" 2>&1 &
    libvirtd_pid=$!
    at_exit stop_libvirtd
    wait_until 20 libvirtd_serves
    if ! kill -0 "$libvirtd_pid" 2>/dev/null; then
        echo "not compared: libvirtd does not start: $(tail -n 1 "$base/log")"
        return 1
    fi
}

# What is another thing each time, or in each folder, made alike; tables are as wide as paths.
alike()
{
    sed -e '/^-*$/d' -e 's/  */ /g' -e "s,$dir/\(ours\|l/files\),FILES,g" -e "s,qemu+unix://[^ ']*,URI,g" \
        -e 's/[0-9-]\{10\} [0-9:]\{8\} [+]0000/TIME/' -e 's,<creationTime>[0-9]*,<creationTime>TIME,' \
        -e 's/[[:space:]]*$//' -e '/^$/d'
}

each_server()
{
    local status=0
    files=$dir/ours
    mkdir -p "$files"
    "$@" >"$dir/said-ours" || status=$?
    [ $status -eq 0 ] || exit $status
    start_libvirtd || return 0
    (
        trap - EXIT ERR
        fail() { echo "$*" >&2; exit 1; }
        uri="qemu+unix:///session?socket=$dir/l/run/libvirt/libvirt-sock"
        files=$dir/l/files server=libvirtd pid=''
        export uri
        "$@"
    ) >"$dir/said-libvirtd" 2>"$dir/failed-libvirtd" || status=$?
    [ $status -eq 0 ] || echo "with libvirtd '$*' fails: $(cat "$dir/failed-libvirtd")"
    stop_libvirtd
    if diff <(alike <"$dir/said-ours") <(alike <"$dir/said-libvirtd") >"$dir/differs"; then
        echo "$*: our daemon and libvirtd say the same"
    else
        echo "$*: our daemon (<) and libvirtd (>) differ:"
        cat "$dir/differs"
    fi
}

# libvirtd's user is another one.
make_pool()
{
    mkdir -p "$files/p"
    [ $server = virtjobd ] || [ "$(id -u)" != 0 ] || chown nobody "$files/p"
    check virsh pool-define-as p dir --target "$files/p"
    check virsh pool-start p
}

linux_boot()
{
    if [ ! -e "$files/linux/vmlinuz" ]; then
        mkdir -p "$files/linux"
        cp "$builddir/tests/tiny-guest/vmlinuz" "$builddir/tests/tiny-guest/initrd.gz" \
            "$files/linux"
        chmod 644 "$files"/linux/*
    fi
    echo "kernel=$files/linux/vmlinuz,initrd=$files/linux/initrd.gz,kernel_args=console=ttyS0"
}

console_of()
{
    echo "$files/console-$1"
}

linux_is_up()
{
    grep -q "tiny guest is up" "$(console_of "$1")" 2>/dev/null
}

is_state()
{
    [[ $(virsh domstate "$2") == "$1"* ]]
}

# Of an error the kind, by which virsh's users tell them apart; our texts say more than libvirt's.
kinds()
{
    sed -e "s/^\(error: [A-Za-z' ]*:\) .*/\1/"
}

both() # VIRSH-WORD ...: of which both must print the same, and end alike
{
    local status=0
    out=$(virsh "$@" 2>&1) || status=$?
    printf '$ virsh %s\n%s\n[%d]\n' "$*" "$out" $status | alike | kinds >>"$files/same"
}

tell() # VIRSH-WORD ...
{
    printf '$ virsh %s\n%s\n' "$*" "$(virsh "$@" 2>&1 || true)"
}

# What both said in "both": fails where that differs.
same_in_both()
{
    if [ -s "$dir/l/files/same" ]; then
        diff "$dir/ours/same" "$dir/l/files/same" >"$dir/not-same" ||
            fail "virsh says with our daemon (<) what it does not with libvirtd (>): $(cat "$dir/not-same")"
        echo "$(grep -c '^[$] virsh' "$dir/ours/same") commands print the same"
    fi
}
