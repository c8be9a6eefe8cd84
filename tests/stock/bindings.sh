#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs on unmodified bindings: python3-libvirt, Sys::Virt, libvirt's Go binding, and the client
# of DigitalOcean's that is Go alone.  Each lists and starts, and asks for a clone (Perl: the
# start) to be asynchronous by a flag that its binding knows nothing of, and sees it end.
. "$(dirname "$0")/functions.sh"
require_cmd virsh qemu-system-x86_64 python3
stock=$srcdir/tests/stock
go_sources=/usr/share/gocode

absent() # NAME REASON
{
    echo "not tried: $1: $2"
}

build_go() # NAME SOURCES: the program is $dir/NAME
{
    if ! type -P go >/dev/null; then
        absent "$1" "go is not installed"
    elif [ ! -d "$go_sources/src/$2" ]; then
        absent "$1" "no $go_sources/src/$2"
    else
        check env HOME="$dir" GOCACHE="$dir/go-cache" GOPATH="$go_sources" GO111MODULE=off \
            GOFLAGS=-p=2 go build -o "$dir/$1" "$stock/$1.go"
    fi
}

cloned="domains: g idle
started: 1
clone: accepted copy
clone: ended 12582912
destroyed: 5"
started="domains: g idle
start: accepted
started: 1
volumes: disk
destroyed: 5"

run_session() # WANT PROGRAM ARG ...; libvirt's daemon refuses the flag
{
    local want=$1
    shift
    check timeout 120 "$@" # it has no time limit of its own
    echo "$out"
    [ $server != virtjobd ] || equal "$out" "$want" "what ${*: -2:1} says"
}

sessions()
{
    local name
    make_pool
    head -c 12M /dev/urandom >"$files/p/disk"
    check virsh pool-refresh p
    for name in g idle; do
        guest_xml $name | sed "s,$dir/serial,$files/serial," >"$dir/$name.xml"
        check virsh define "$dir/$name.xml"
    done
    ! /usr/bin/python3 -c 'import libvirt' 2>/dev/null ||
        run_session "$cloned" /usr/bin/python3 "$stock/session.py" "$uri"
    ! perl -MSys::Virt -e 1 2>/dev/null || run_session "$started" perl "$stock/session.pl" "$uri"
    [ ! -x "$dir/session" ] || run_session "$cloned" "$dir/session" "$uri"
    [ ! -x "$dir/session-pure" ] || run_session "$cloned" "$dir/session-pure" "${uri#*socket=}"
}

/usr/bin/python3 -c 'import libvirt' 2>/dev/null ||
    absent session.py "python3-libvirt is not installed"
perl -MSys::Virt -e 1 2>/dev/null || absent session.pl "libsys-virt-perl is not installed"
build_go session github.com/libvirt/libvirt-go
build_go session-pure github.com/digitalocean/go-libvirt
start_daemon
each_server sessions
stop_daemon
