# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the tests of TCP and TLS share, after functions.sh.  The daemon listens on free ports of
# this host's own addresses, which its log names.

# shellcheck disable=SC2154 # dir and srcdir are functions.sh's
port_of() # TLS | TCP
{
    sed -n "s/.*listening for $1 on 127.0.0.1:\([0-9]*\)$/\1/p" "$dir/log" | tail -n 1
}

# The part of virtjobd-tls(7) behind the comment of that name, as a program.
manual_script() # NAME
{
    sed -n "/^\.\\\\\" $1\$/,/^\.\\\\\" end/{/^\.[nf\\]/!p}" "$srcdir/man/virtjobd-tls.7" |
        sed -e 's/^\\&//' -e "s/\\\\(aq/'/g" -e 's/\\-/-/g' -e 's/\\e/\\/g'
}

# A CA with certificates for a daemon on this host and for a client in $dir/NAME.
make_pki() # NAME
{
    manual_script make-pki >"$dir/make-pki"
    check sh "$dir/make-pki" "$dir/$1" localhost 127.0.0.1
}

# The settings of a daemon that serves TLS with the certificates of $dir/NAME.
tls_settings() # NAME [LINE ...]
{
    local pki=$dir/$1
    shift
    printf '%s\n' 'listen_addr = "127.0.0.1 ::1"' 'tls_port = "0"' 'tcp_port = "0"' \
        "ca_file = \"$pki/cacert.pem\"" "cert_file = \"$pki/servercert.pem\"" \
        "key_file = \"$pki/serverkey.pem\"" "$@"
}
