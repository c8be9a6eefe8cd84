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

# A terminal's interrupt reaches both, and virtjob cancels its job through the program.
cat >"$dir/interrupt.py" <<'END'
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)  # the shell ignores it for what it leaves alone
process = subprocess.Popen(sys.argv[1:], start_new_session=True)
sys.stdin.readline()
os.killpg(process.pid, signal.SIGINT)
sys.exit(process.wait(60))
END
job_of() # NAME FIELD
{
    virtjob jobs --all --json | python3 -c '
import json, sys
print(*(job[sys.argv[2]] for job in json.load(sys.stdin) if job["name"] == sys.argv[1]))' "$1" "$2"
}
job_is() # NAME PHASE
{
    [ "$(job_of "$1" phase)" = "$2" ]
}
mkfifo "$dir/go"
python3 "$dir/interrupt.py" "$builddir/run" virtjob \
    -c "qemu+ext:///session?command=$dir/helper" vol-clone v copy --pool p --speed 64K \
    <"$dir/go" >"$dir/interrupted" 2>&1 &
interrupted=$!
exec 8>"$dir/go"
wait_until 20 job_is copy running
echo >&8
status=0
wait "$interrupted" || status=$?
equal "$(job_of copy state)" cancelled "the job that was interrupted ($(cat "$dir/interrupted"))"
equal "$status" 3 "the status then ($(cat "$dir/interrupted"))"
exec 8>&-

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
