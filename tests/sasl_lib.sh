# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For tests with SASL, beside functions.sh:
#
#   sasl_users MECHANISMS NAME ...   $dir/sasl, for sasl_conf_dir, and a database of users in it, each with
#                                    the password secret-NAME
#   auth_file FILE USER PASSWORD     what virConnectOpenAuth() reads for any daemon

# shellcheck disable=SC2154 # dir is functions.sh's
sasl_users()
{
    local user
    require_cmd saslpasswd2
    mkdir -p "$dir/sasl"
    printf 'mech_list: %s\nsasldb_path: %s/sasl/passwd.db\n' "$1" "$dir" >"$dir/sasl/virtjobd.conf"
    shift
    for user; do
        echo "secret-$user" | saslpasswd2 -p -c -f "$dir/sasl/passwd.db" "$user" ||
            skip "saslpasswd2 cannot make a database of users"
    done
}

auth_file()
{
    cat >"$1" <<END
# of a test
[credentials-other]
authname=nobody

[credentials-test]
authname = $2
password=$3

[auth-libvirt-elsewhere.example]
credentials=other
[auth-libvirt-default]
credentials=test
END
}
