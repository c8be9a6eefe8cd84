#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtjob-pki-validate: a good set-up passes, and each way to spoil one is found and named.
. "$(dirname "$0")/functions.sh"
. "$(dirname "$0")/remote-functions.sh"
require_cmd openssl

validate()
{
    "$builddir/run" virtjob-pki-validate "$@"
}
make_pki good
make_pki other
for role in server client; do
    expect 0 "PASS: it is signed by the CA" validate --pkipath "$dir/good" $role
    [[ $out != *FAIL* ]] || fail "$out"
    [[ $out == *"NOTE: no list of revoked certificates ($dir/good/cacrl.pem)"* ]] || fail "$out"
done
[[ $out == *"its name is O=Example,CN=admin"* ]] || fail "no name: $out"
expect 0 "PASS: the server's certificate" validate -p "$dir/good"

spoiled() # ROLE TEXT COMMAND ...: run in a copy of the good ones
{
    local role=$1 text=$2
    shift 2
    rm -rf "$dir/pki"
    cp -r "$dir/good" "$dir/pki"
    (cd "$dir/pki" && "$@") >"$dir/said" 2>&1 || fail "$*: $(cat "$dir/said")"
    expect 1 "FAIL: $text" validate --pkipath "$dir/pki" "$role"
    equal "$(grep -c FAIL <<<"$out")" "${fails:-1}" "of $*: '$out', failed checks"
}
pki=$dir/pki
spoiled server "the CA's certificate: cannot read $pki/cacert.pem: No such file" rm cacert.pem
spoiled server "the server's certificate: cannot read $pki/servercert.pem: No such file" \
    rm servercert.pem
spoiled client "its key: cannot read $pki/clientkey.pem: No such file" rm clientkey.pem
spoiled server "nobody else may read or write the key: $pki/serverkey.pem has mode 0640; try: chmod" \
    chmod 640 serverkey.pem
spoiled server "not everybody may replace the files: $pki; try: chmod o-w" chmod 777 .
spoiled server "its key: the key in $pki/serverkey.pem is not that of the certificate" \
    cp clientkey.pem serverkey.pem
spoiled server "its key: $pki/serverkey.pem has no key in PEM format" cp cacert.pem serverkey.pem
fails=2 spoiled client "the client's certificate: the certificate in $pki/clientcert.pem is not made for $(
    )a TLS client" sh -c 'cp servercert.pem clientcert.pem; cp serverkey.pem clientkey.pem'
fails=2 spoiled server "the CA's certificate: the certificate in $pki/cacert.pem is not one of a CA" \
    cp clientcert.pem cacert.pem
spoiled client "it is signed by the CA: the certificate in $pki/clientcert.pem is not signed by the CA" \
    cp "$dir/other/cacert.pem" .
spoiled server "the list of revoked certificates: $pki/cacrl.pem has no list" cp cacert.pem cacrl.pem
spoiled client "the client's certificate: $pki/clientcert.pem has no certificate in PEM format" \
    sh -c 'echo rubbish >clientcert.pem'  && true

# expired, by a day in the past for its end
expire()
{
    openssl req -new -key clientkey.pem -subj /CN=old -out request
    mkdir new && touch index
    printf '%s\n' '[ca]' 'default_ca=own' '[own]' 'database=index' 'new_certs_dir=new' \
        'rand_serial=yes' 'default_md=sha256' 'policy=any' '[any]' 'commonName=supplied' >conf
    openssl ca -batch -config conf -startdate "$1" -enddate "$2" -notext -cert cacert.pem \
        -keyfile cakey.pem -in request -out clientcert.pem
}
fails=2 spoiled client "the client's certificate: the certificate in $pki/clientcert.pem has expired" \
    expire 20200101000000Z 20210101000000Z
fails=2 spoiled client "the client's certificate: the certificate in $pki/clientcert.pem is not valid yet" \
    expire 20470101000000Z 20480101000000Z

# revoked ones: a good list, one of another CA
rm -rf "$dir/pki" && cp -r "$dir/good" "$dir/pki"
(cd "$dir/pki" && manual_script revoke | bash -e) >"$dir/said" 2>&1 || fail "$(cat "$dir/said")"
expect 0 "PASS: the list of revoked certificates" validate --pkipath "$dir/pki" server
expect 1 "FAIL: the list of revoked certificates: the list in $pki/cacrl.pem is not signed by" \
    validate --pkipath "$dir/good" --crl "$dir/pki/cacrl.pem" --ca "$dir/other/cacert.pem" \
    --cert "$dir/other/servercert.pem" --key "$dir/other/serverkey.pem"

# a client may have no certificate of its own
mkdir "$dir/bare" && cp "$dir/good/cacert.pem" "$dir/bare"
expect 0 "NOTE: no client's certificate" validate --pkipath "$dir/bare" client

# --- the command line, and the manual's copy of its usage ---
expect 2 usage validate --no-such-option
expect 2 usage validate carrot
expect 2 usage validate server client
expect 0 "virtjob-pki-validate " validate --version
validate --help >"$dir/usage"
sed -n '/^usage:/,/^\.fi/{/^\.fi/!p}' "$srcdir/man/virtjob-pki-validate.1" |
    sed -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" >"$dir/manual"
check diff -u "$dir/usage" "$dir/manual"
