#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SASL on the unix socket with clients of libvirt and with ours: right and wrong passwords, users that
# are not let in, and the read-only socket beside it, which asks nobody.

. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/../sasl_lib.sh"
require_cmd virsh

sasl_users scram-sha-256 fred mary
cat >"$dir/conf" <<END
auth_unix_rw = "sasl"
sasl_conf_dir = "$dir/sasl"
sasl_allowed_username_list = [ "f*" ]
END
start_daemon --config "$dir/conf"

auth_file "$dir/fred" fred secret-fred
auth_file "$dir/wrong" fred secret-mary
auth_file "$dir/mary" mary secret-mary
auth_file "$dir/nobody" nobody secret-fred

as()
{
    LIBVIRT_AUTH_FILE=$dir/$1 "${@:2}"
}

check as fred virsh list --all
wait_until 5 daemon_logged "authenticated by SASL SCRAM-SHA-256"
daemon_logged "sasl=fred" || fail "the log does not say as whom"

expect 1 "authentication failed" as wrong virsh list
daemon_logged "SASL SCRAM-SHA-256 as 'fred': authentication failed" || fail "not logged: wrong password"
expect 1 "authentication failed" as nobody virsh list
daemon_logged "SASL SCRAM-SHA-256 as 'nobody': authentication failed" || fail "not logged: no such user"
expect 1 "authentication failed" as mary virsh list
daemon_logged "as 'mary': authentication failed: the user is not in sasl_allowed_username_list" || fail "not logged: not in the list"
! grep -q 'secret-' "$dir/log" || fail "the log has a password"

# The read-only socket asks nobody.
check command virsh -r -c "$ro_uri" list

# The list is read again.
sed -i 's/"f\*"/"m?ry"/' "$dir/conf"
kill -HUP "$pid"
wait_until 10 daemon_logged "sasl_allowed_username_list has changed"
check as mary virsh list
expect 1 "authentication failed" as fred virsh list

# python3-libvirt asks the program for what it needs.
cat >"$dir/ask.py" <<'END'
import sys
import libvirt

libvirt.registerErrorHandler(lambda *args: None, None)
asked = []


def answer(credentials, answers):
    for credential in credentials:
        asked.append(credential[0])
        credential[4] = answers[credential[0]]
    return 0


def connect(user, password):
    answers = {libvirt.VIR_CRED_AUTHNAME: user, libvirt.VIR_CRED_PASSPHRASE: password}
    return libvirt.openAuth(sys.argv[1], [list(answers), answer, answers], 0)


conn = connect("mary", "secret-mary")
assert sorted(asked) == [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE], asked
assert conn.listAllDomains() == []
conn.close()
try:
    connect("mary", "wrong")
    sys.exit("a wrong password is taken")
except libvirt.libvirtError as e:
    assert e.get_error_code() == libvirt.VIR_ERR_AUTH_FAILED, e
END
if /usr/bin/python3 -c 'import libvirt' 2>/dev/null; then
    check /usr/bin/python3 "$dir/ask.py" "$uri"
fi
stop_daemon
