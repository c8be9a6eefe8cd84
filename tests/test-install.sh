#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What make install puts down works from there: pkg-config and the README's example, daemon, tool,
# units, manual, completion; and make uninstall takes all of it away.

. "$(dirname "$0")/functions.sh"
require_cmd make pkg-config
CC=${CC:-cc}
unset MAKEFLAGS MFLAGS MAKELEVEL

# A copy of the build's own makefile variables, as make itself knows them.
variable()
{
    printf 'print-it:\n\t@echo "$(%s)"\n' "$1" | make -s -C "$builddir" -f Makefile -f - print-it
}

root=$dir/root
check make -C "$builddir" install DESTDIR="$root"
installed=(
    "$(variable sbindir)/virtjobd"
    "$(variable bindir)/virtjob"
    "$(variable bindir)/virtjob-pki-validate"
    "$(variable bindir)/virtjob-ssh-helper"
    "$(variable libdir)/libvirtjob.so.0"
    "$(variable libdir)/pkgconfig/libvirtjob.pc"
    "$(variable includedir)/libvirtjob/domain.h"
    "$(variable includedir)/libvirtjob/host.h"
    "$(variable includedir)/libvirtjob/libvirtjob.h"
    "$(variable includedir)/libvirtjob/storage.h"
    "$(variable includedir)/libvirtjob/typed-params.h"
    "$(variable includedir)/libvirtjob/types.h"
    "$(variable mandir)/man8/virtjobd.8"
    "$(variable mandir)/man5/virtjobd.conf.5"
    "$(variable mandir)/man1/virtjob.1"
    "$(variable mandir)/man1/virtjob-pki-validate.1"
    "$(variable mandir)/man1/virtjob-ssh-helper.1"
    "$(variable mandir)/man7/virtjobd-tls.7"
    "$(variable systemdsystemunitdir)/virtjobd.service"
    "$(variable systemdsystemunitdir)/virtjobd.socket"
    "$(variable systemdsystemunitdir)/virtjobd-ro.socket"
    "$(variable systemdsystemunitdir)/virtjobd-tcp.socket"
    "$(variable systemdsystemunitdir)/virtjobd-tls.socket"
    "$(variable bashcompletiondir)/virtjob"
)
for file in "${installed[@]}"; do
    [ -e "$root$file" ] || fail "not installed: $file"
done
check grep "^ExecStart=$(variable sbindir)/virtjobd " \
    "$root$(variable systemdsystemunitdir)/virtjobd.service"
refuse grep -rIl -e '@[a-z]*dir@' -e "$builddir" --include='*.pc' --include='*.service' "$root"

# The README's example, built as a user of the library would.
libdir=$root$(variable libdir)
flags=$(PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$libdir/pkgconfig \
    pkg-config --cflags --libs libvirtjob)
# shellcheck disable=SC2046,SC2086 # lists of flags
check $CC $(variable SANITIZE) -Wall -Werror "$srcdir/examples/clone-follow.c" $flags -o "$dir/follow"

# The installed programs; those of the build are not in their reach.
LD_LIBRARY_PATH=$libdir
export LD_LIBRARY_PATH
"$root$(variable sbindir)/virtjobd" --session --state-dir "$dir/state" --runtime-dir "$dir/run" \
    --log-dir "$dir/logs" </dev/null >"$dir/log" 2>&1 &
pid=$!
wait_until 20 daemon_logged ' serves qemu:///'
installed_virtjob=("$root$(variable bindir)/virtjob" -c "$uri")
check "${installed_virtjob[@]}" pool-create-as demo dir --target "$dir/pool" --build
head -c 3000000 /dev/urandom >"$dir/pool/disk.raw"
check "${installed_virtjob[@]}" pool-refresh demo
VIRTJOB_DEFAULT_URI=$uri check "$dir/follow" demo disk.raw clone.raw
equal "$(tail -n 1 <<<"$out")" 'clone.raw is there' 'the last line of the example'
check cmp "$dir/pool/disk.raw" "$dir/pool/clone.raw"
VIRTJOB_DEFAULT_URI=$uri expect 1 'none.raw' "$dir/follow" demo none.raw clone2.raw
stop_daemon
unset LD_LIBRARY_PATH

check make -C "$builddir" uninstall DESTDIR="$root"
equal "$(find "$root" ! -type d)" '' 'what make uninstall leaves'
