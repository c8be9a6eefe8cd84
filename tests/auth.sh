#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Authentication by SASL with our own clients: virtjob with a file of credentials and at a terminal,
# and the library's functions (tests/api-auth.c).
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/sasl_lib.sh"
require_cmd python3

sasl_users scram-sha-256 fred mary
cat >"$dir/conf" <<END
auth_unix_rw = "sasl"
sasl_conf_dir = "$dir/sasl"
sasl_allowed_username_list = [ "joe", "fred" ]
END
auth_file "$dir/fred" fred secret-fred
auth_file "$dir/wrong" fred secret-mary
auth_file "$dir/mary" mary secret-mary
export HOME=$dir XDG_CONFIG_HOME=$dir/config

# Without the settings of SASL nobody could come in: the daemon says so and ends.
mv "$dir/sasl/virtjobd.conf" "$dir/sasl/away"
expect 1 "SASL needs its settings in '$dir/sasl/virtjobd.conf' (sasl_conf_dir): No such file" \
    "$builddir/run" virtjobd --session --state-dir "$dir/state" --runtime-dir "$dir/run" \
    --log-dir "$dir/logs" --config "$dir/conf"
mv "$dir/sasl/away" "$dir/sasl/virtjobd.conf"
start_daemon --config "$dir/conf"

as() { LIBVIRT_AUTH_FILE=$dir/$1 "${@:2}"; }

check as fred virtjob list --all
expect 1 "authentication failed" as wrong virtjob list
expect 1 "authentication failed" as mary virtjob list
daemon_logged "as 'mary': authentication failed: the user is not in sasl_allowed_username_list" ||
    fail "who was refused is not in the log"
# The usual place of the file.
mkdir -p "$dir/config/libvirt"
cp "$dir/fred" "$dir/config/libvirt/auth.conf"
check virtjob list
rm "$dir/config/libvirt/auth.conf"
# What it names and has not is told, before anybody is asked for a password.
printf '[auth-libvirt-localhost]\ncredentials=work\n[credentials-wrok]\nauthname=fred\n' >"$dir/odd"
expect 1 "group 'credentials-work', of which 'auth-libvirt-localhost' speaks, is missing in '$dir/odd'" \
    as odd virtjob list
sed -i 's/localhost/default/' "$dir/odd"
expect 1 "'auth-libvirt-default' speaks, is missing in '$dir/odd'" as odd virtjob list
cat "$dir/fred" >"$dir/odd"
printf '[auth-libvirt-localhost]\ncredential=test\n' >>"$dir/odd"
expect 1 "group 'auth-libvirt-localhost' in '$dir/odd' has no 'credentials'" as odd virtjob list
# The other socket asks nobody.
check virtjob_ro list

check "$builddir/run" tests/api-auth "$uri" "$dir/fred"

# At a terminal: two questions, and what is typed as the password is not shown.
cat >"$dir/terminal.py" <<'END'
import os
import pty
import sys
import termios


def read_until(fd, text):
    said = b""
    while text not in said:
        try:
            data = os.read(fd, 4096)
        except OSError:
            data = b""
        if not data:
            sys.exit("no '%s' but: %s" % (text.decode(), said.decode()))
        said += data
    return said


pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
said = read_until(fd, b"name: ")
os.write(fd, b"fred\n")
said += read_until(fd, b"password: ")
interrupt = sys.argv[1] == "^C"
os.write(fd, b"secr\x03" if interrupt else sys.argv[1].encode() + b"\n")
try:
    while data := os.read(fd, 4096):
        said += data
except OSError:
    pass # the other end has closed
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(said.decode())
if not termios.tcgetattr(fd)[3] & termios.ECHO:
    sys.exit("the terminal is left without echo")
if b"fred" not in said:
    sys.exit("the name is not shown")
if (b"secr" if interrupt else sys.argv[1].encode()) in said:
    sys.exit("the password is shown")
sys.exit(status)
END
expect 0 "State" python3 "$dir/terminal.py" secret-fred "$builddir/run" virtjob -c "$uri" list
expect 1 "authentication failed" python3 "$dir/terminal.py" wrong-fred "$builddir/run" virtjob -c "$uri" list
# Who interrupts the question is not let in, and has a terminal that shows what is typed.
expect 1 "no credentials were given" python3 "$dir/terminal.py" ^C "$builddir/run" virtjob -c "$uri" list
# No terminal: nobody to ask, and no waiting for one.
expect 1 "no credentials were given" setsid -w "$builddir/run" virtjob -c "$uri" list </dev/null

! grep -q -e 'secret-' -e 'wrong-fred' "$dir/log" || fail "the log has a password"
stop_daemon
