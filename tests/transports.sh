#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtjob by way of a program: one of the user's own, and ssh with the helper or netcat over there.
# In ssh's place is a program that runs the command here, as sshd would.
. "$(dirname "$0")/functions.sh"

mkdir "$dir/bin" "$dir/runtime"
ln -s "$dir/run" "$dir/runtime/virtjobd" # where the user's daemon would be
cat >"$dir/bin/virtjob-ssh-helper" <<END
#!/bin/sh
exec "$builddir/run" virtjob-ssh-helper "\$@"
END
cat >"$dir/ssh" <<'END'
#!/bin/sh
echo "$0 $*" >>"$SSH_LOG"
while [ "$1" != -- ]; do
    shift
done
shift 2 # and the host
exec sh -c "$*"
END
cat >"$dir/helper" <<END
#!/bin/sh
exec "$builddir/run" virtjob-ssh-helper -U "$dir/run/virtjobd-sock"
END
chmod +x "$dir/ssh" "$dir/helper" "$dir/bin/virtjob-ssh-helper"
export SSH_LOG=$dir/ssh.log XDG_RUNTIME_DIR=$dir/runtime
start_daemon
check virtjob pool-define-as p dir --target "$dir/p"

by() # URI WORD ...
{
    local to=$1
    shift
    timeout 60 "$builddir/run" virtjob -c "$to" "$@"
}
by_ssh() # OPTIONS WORD ...
{
    local options=$1
    shift
    PATH="$dir/bin:$PATH" by "qemu+ssh://joe@host:22/session?command=$dir/ssh$options" "$@"
}

# --- a program of one's own ---
expect 0 p by "qemu+ext:///session?command=$dir/helper" pool-list --all --name
expect 1 "cannot run '/no/such/program'" by "qemu+ext:///session?command=/no/such/program" hostname
expect 1 "the program that leads to it has ended" by "qemu+ext:///session?command=false" hostname

# with data both ways
check virtjob pool-build p
check virtjob pool-start p
check virtjob vol-create-as p v 8M
dd if=/dev/urandom of="$dir/data" bs=1M count=8 status=none
check by "qemu+ext:///session?command=$dir/helper" vol-upload v "$dir/data" --pool p
check by "qemu+ext:///session?command=$dir/helper" vol-download v "$dir/back" --pool p
check cmp "$dir/data" "$dir/back"

# --- ssh ---
expect 0 p by_ssh "" pool-list --all --name
expect 0 p by_ssh "&keyfile=/a/key&no_tty=1&no_verify=1" pool-list --all --name
line=$(tail -n 1 "$dir/ssh.log")
told="-T -e none -p 22 -l joe -i /a/key -oBatchMode=yes -oStrictHostKeyChecking=no -- host sh -c "
[[ $line == "$dir/ssh $told"* ]] || fail "ssh was told: $line"
expect 0 p by_ssh "&proxy=native" pool-list --all --name
expect 1 'read only access' by_ssh "" -r pool-undefine p
[[ $(tail -n 1 "$dir/ssh.log") == *"virtjob-ssh-helper -r "* ]] || fail "$(tail -n 1 "$dir/ssh.log")"
expect 0 p by_ssh "&socket=$dir/run/virtjobd-sock" pool-list --all --name
expect 0 p by_ssh "&netcat=virtjob-ssh-helper&socket=$dir/run/virtjobd-sock" pool-list --all --name
expect 1 "give its socket" by_ssh "&proxy=netcat" hostname
if nc -h 2>&1 | grep -q -e '-[0-9a-zA-Z]*U'; then
    expect 0 p by_ssh "&proxy=netcat&socket=$dir/run/virtjobd-sock" pool-list --all --name
else
    echo "not tried: no nc that knows unix sockets is installed"
fi
expect 1 "cannot run '/no/such/ssh'" by "qemu+ssh://host/session?command=/no/such/ssh" hostname
expect 1 "no daemon at socket" by_ssh "&socket=$dir/none" hostname

# Nothing that was started stays behind.
expect 0 "" sh -c "! pgrep -f '$dir/(ssh|helper|bin)'"
stop_daemon
