# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What ./quickstart and ./runtests share: what must be installed, and the build.  Sourced by
# bash with -e; $srcdir is the source tree.
#
# shellcheck disable=SC2034,SC2154 # used, and set, by those who source it

build_packages="
    autoconf automake gcc libc6-dev libtool make pkg-config
    check libconfig-dev libevent-dev libjansson-dev libsasl2-dev libsqlite3-dev libssl-dev libsystemd-dev
    libtirpc-dev libxml2-dev rpcsvc-proto uthash-dev
    qemu-utils"
guest_packages="
    busybox-static qemu-system-x86"
test_packages="
    g++ git
    bash-completion bsdutils btrfs-progs dbus-daemon e2fsprogs groff-base
    krb5-admin-server krb5-kdc krb5-user libsasl2-modules libsasl2-modules-gssapi-mit
    iproute2 libsys-virt-perl libvirt-clients libvirt-dev mandoc openssl procps python3
    python3-libvirt qemu-guest-agent sasl2-bin shellcheck systemd util-linux valgrind virtinst xfsprogs xz-utils"
fuzz_packages="
    clang llvm libclang-rt-dev"

die()
{
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# missing_packages PACKAGE ...: prints those that are not installed.
missing_packages()
{
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            echo "$package"
    done
}

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif type -P sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root or sudo for: $*"
    fi
}

# install_packages PACKAGE ...: what is missing of them.
install_packages()
{
    local missing
    if ! type -P apt-get >/dev/null; then
        echo "no apt-get here: taking it that these or their likes are installed:" "$@"
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "Installing: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null ||
        die "apt-get update failed (above)"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 install "${missing[@]}" </dev/null >/dev/null ||
        die "apt-get could not install: ${missing[*]}"
}

# Can clang make fuzz targets here?
clang_can_fuzz()
{
    local out
    out=$(mktemp -d)
    echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n)
        { (void)d; (void)n; return 0; }' >"$out/t.c"
    clang -fsanitize=fuzzer,address,undefined -o "$out/t" "$out/t.c" 2>/dev/null || {
        rm -rf "$out"
        return 1
    }
    rm -rf "$out"
}

jobs_at_once()
{
    getconf _NPROCESSORS_ONLN
}

build_steps()
{
    if [ ! -x "$srcdir/configure" ] || [ "$srcdir/configure.ac" -nt "$srcdir/configure" ]; then
        (cd "$srcdir" && autoreconf -fi) || return
    fi
    cd "$1" || return
    shift
    if [ ! -e config.status ] || [ "$srcdir/configure" -nt config.status ]; then
        "$srcdir/configure" -q "$@" || return
    fi
    make -j"$(jobs_at_once)"
}

# build_tree DIR ARG ...: configures with the arguments in DIR and builds; the source tree
# itself gets only what autoreconf makes, and git ignores that.
build_tree()
{
    local log=$1/build.log
    mkdir -p "$1"
    echo "Building in $1"
    (build_steps "$@") >"$log" 2>&1 </dev/null || {
        tail -n 30 "$log" >&2
        die "the build failed; all it said is in $log"
    }
}
