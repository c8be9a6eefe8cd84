#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unmodified virsh by qemu+ssh, through virtjob-ssh-helper under either name that it is called by,
# and through netcat.  In ssh's place is a program that runs the command here, as sshd would.
. "$(dirname "$0")/functions.sh"
require_cmd virsh
helper=$builddir/virtjob-ssh-helper

mkdir "$dir/bin" "$dir/native" "$dir/runtime"
cat >"$dir/ssh" <<'END'
#!/bin/sh
while [ "$1" != -- ]; do
    shift
done
shift 2 # and the host
exec sh -c "$*"
END
chmod +x "$dir/ssh"
ln -s "$helper" "$dir/native/virt-ssh-helper"
ln -s "$helper" "$dir/bin/virtjob-ssh-helper"
ln -s "$dir/run" "$dir/runtime/virtjobd" # where the user's daemon would be
start_daemon
guest_xml g >"$dir/g.xml"
sock=$dir/run/virtjobd-sock
ro_clients=0

ro_seen()
{
    grep -c "connected, read-only" "$dir/log" || true # 0 is no failure
}

by_ssh() # PATH-FOLDER URI-OPTIONS VIRSH-WORD ...
{
    local folder=$1 options=$2
    shift 2
    env PATH="$folder:$PATH" XDG_RUNTIME_DIR="$dir/runtime" \
        virsh -c "qemu+ssh://host/session?command=$dir/ssh$options" "$@"
}

works() # FOLDER OPTIONS OPTIONS-FOR-READ-ONLY
{
    expect 0 "defined from" by_ssh "$1" "$2" define "$dir/g.xml"
    expect 0 "<name>g</name>" by_ssh "$1" "$2" dumpxml g
    expect 0 "g" by_ssh "$1" "$2" "list --all; hostname; capabilities; list --all --name"
    expect 1 "failed to get domain" by_ssh "$1" "$2" dominfo none
    equal "$(ro_seen)" $ro_clients "clients of the other socket"
    expect 0 " g " by_ssh "$1" "$3" -r list --all
    equal "$(ro_seen)" $((ro_clients += 1)) "and with -r"
    check by_ssh "$1" "$2" undefine g
}

# as virt-ssh-helper, which is what clients try first
works "$dir/native" "" ""
works "$dir/native" "&proxy=native" "&proxy=native"
# as netcat
works "$dir/bin" "&proxy=netcat&netcat=virtjob-ssh-helper&socket=$sock" \
    "&proxy=netcat&netcat=virtjob-ssh-helper&socket=$sock-ro"
if nc -h 2>&1 | grep -q -e '-[0-9a-zA-Z]*U'; then
    works "$dir/bin" "&proxy=netcat&socket=$sock" "&proxy=netcat&socket=$sock-ro"
else
    echo "not tried: no nc that knows unix sockets is installed"
fi

# Many calls whose answers are not read at first: both directions are full, nothing is lost.
cat >"$dir/many.py" <<'END'
import subprocess, sys, threading
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import wire
CALLS = 3000
calls = b"".join(wire.packet(wire.REMOTE, number, args, serial=serial) for serial, (number, args) in
                 enumerate([(66, b""), (1, b"\0" * 8)] + [(7, b"")] * CALLS))
helper = subprocess.Popen([sys.argv[2], "-q0", "-U", sys.argv[3]], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE)
writer = threading.Thread(target=lambda: (helper.stdin.write(calls), helper.stdin.flush()))
writer.start()
for reply in range(CALLS + 2):
    length = int.from_bytes(helper.stdout.read(4), "big")
    header = helper.stdout.read(length - 4)[:24]
    assert len(header) == 24 and header[-4:] == bytes(4), (reply, header)
writer.join()
helper.stdin.close()
assert helper.stdout.read() == b""
assert helper.wait() == 0
END
check timeout 100 python3 "$dir/many.py" "$srcdir/tests" "$helper" "$sock"

expect 2 usage "$helper"
expect 2 usage "$helper" -U "$sock" qemu:///session
expect 2 usage "$helper" -x qemu:///session
expect 1 "no daemon at socket '$dir/none'" "$helper" -U "$dir/none"
expect 1 "no daemon at socket" by_ssh "$dir/bin" \
    "&proxy=netcat&netcat=virtjob-ssh-helper&socket=$dir/none" list
stop_daemon
