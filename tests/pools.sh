#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Pools of type dir from the command line: their life, what they may not be, and what they
# show of the directory under them.
. "$(dirname "$0")/functions.sh"

start_daemon
p=$dir/pools
mkdir "$p"

# field NAME TEXT: what stands after "NAME:" in the output of an info command
field()
{
    sed -n "s/^$1: *//p"
}

pool_field()
{
    virtjob pool-info "$2" --bytes | field "$1" | sed 's/ bytes$//'
}

names()
{
    virtjob vol-list "$1" --name | tr '\n' ' '
}

pools()
{
    virtjob pool-list --name "$@" | tr '\n' ' '
}

has_line()
{
    grep -qxF -- "$1" <<<"$2" || fail "no line '$1' in: $2"
}

xml_pool() # NAME UUID PATH [MODE [OWNER]]
{
    cat <<END >"$dir/pool.xml"
<pool type='dir'><name>$1</name>${2:+<uuid>$2</uuid>}
  <target><path>$3</path>
    ${4:+<permissions><mode>$4</mode>${5:+<owner>$5</owner><group>$5</group>}</permissions>}
  </target></pool>
END
}

# its life, state by state
expect 0 "Pool a defined" virtjob pool-define-as a dir --target "$p/deep/er/a"
equal "$(pool_field State a)" inactive
expect 1 "No such file or directory" virtjob pool-start a
expect 1 "No such file or directory" virtjob pool-delete a
expect 0 "Pool a built" virtjob pool-build a
equal "$(stat -c %a "$p/deep/er/a")" 711
check virtjob pool-build a
check virtjob pool-start a
equal "$(pool_field State a)" running
expect 1 "pool 'a' is active" virtjob pool-start a
expect 1 "pool 'a' is active" virtjob pool-build a
expect 1 "pool 'a' is active" virtjob pool-delete a
expect 1 "pool 'a' is active" virtjob pool-undefine a
uuid=$(virtjob pool-uuid a)
equal "$(virtjob pool-name "$uuid")" a
check virtjob pool-destroy a
expect 1 "pool 'a' is not active" virtjob pool-destroy a
expect 1 "pool 'a' is not active" virtjob pool-refresh a
expect 1 "pool 'a' is not active" virtjob vol-list a
check virtjob pool-delete a
[ ! -e "$p/deep/er/a" ] || fail "pool-delete left the directory"
check virtjob pool-undefine a
expect 1 "no storage pool with matching" virtjob pool-info a
equal "$(pools --all)" ""

# its definition in an editor
check virtjob pool-define-as e dir --target "$p/e"
printf '#!/bin/sh\nsed -i "s,/e</path>,/f</path>," "$1"\n' >"$dir/editor"
chmod +x "$dir/editor"
EDITOR=$dir/editor expect 0 "Pool e XML configuration edited." virtjob pool-edit e
EDITOR=$dir/editor expect 0 "Pool e XML configuration not changed." virtjob pool-edit e
# a terminal's Ctrl-C goes to both, and is the editor's alone; one that it ends changes nothing
in_a_group()
{
    env --default-signal=INT,QUIT setsid --wait "$builddir/run" virtjob -c "$uri" "$@"
}
printf '#!/bin/sh\ntrap : INT QUIT\nkill -INT 0\nkill -QUIT 0\nsed -i "s,/f<,/g<," "$1"\n' \
    >"$dir/editor"
EDITOR=$dir/editor expect 0 "Pool e XML configuration edited." in_a_group pool-edit e
printf '#!/bin/sh\nkill -INT $$\nsed -i "s,/g<,/f<," "$1"\n' >"$dir/editor"
EDITOR=$dir/editor expect 1 "nothing was changed" in_a_group pool-edit e
has_line "    <path>$p/g</path>" "$(virtjob pool-dumpxml e)"
check virtjob pool-undefine e

# transient, with a build of its own; a second one of the name leaves it alone
check virtjob pool-create-as t dir --target "$p/t" --build
equal "$(pool_field Persistent t)" no
expect 1 "transient and cannot be autostarted" virtjob pool-autostart t
refuse virtjob pool-create-as t dir --target "$p/t" --build
refuse virtjob pool-create-as t dir --target "$p/t2" --build
[ ! -e "$p/t2" ] || fail "a refused create built its directory"
xml_pool t "$(virtjob pool-uuid t)" "$p/t"
expect 1 "pool 't' is active" virtjob pool-create "$dir/pool.xml"
equal "$(pools)" "t "
expect 1 "pool 't' is active" virtjob pool-undefine t
expect 1 "no storage pool with matching" virtjob pool-undefine nothing
check virtjob pool-destroy t
equal "$(pools --all)" ""
[ -d "$p/t" ] || fail "pool-destroy took the directory away"

# a transient pool that cannot start leaves neither pool nor directory
expect 1 "No such file or directory" virtjob pool-create-as u dir --target "$p/u"
touch "$p/file"
expect 1 "Not a directory" virtjob pool-create-as u dir --target "$p/file"
expect 1 "Not a directory" virtjob pool-create-as u dir --target "$p/file" --build
expect 1 "" virtjob pool-create-as u dir --target "$p/file/below" --build
equal "$(pools --all)" ""
[ -f "$p/file" ] || fail "a refused pool took its file"

# build: mode and owner, what overwriting means, undo of what was made
xml_pool b "" "$p/b" 0750
check virtjob pool-define "$dir/pool.xml"
check virtjob pool-build b --no-overwrite
equal "$(stat -c %a "$p/b")" 750
chmod 700 "$p/b"
check virtjob pool-build b
equal "$(stat -c %a "$p/b")" 750 "mode after a second build"
touch "$p/b/x"
expect 1 "is not empty" virtjob pool-build b --no-overwrite
check virtjob pool-build b --overwrite
[ -f "$p/b/x" ] || fail "pool-build --overwrite took a file"
expect 1 "is not empty" virtjob pool-start b --no-overwrite
refuse virtjob pool-build b --overwrite --no-overwrite
expect 1 "Directory not empty" virtjob pool-delete b
[ -f "$p/b/x" ] || fail "pool-delete took a file"
check virtjob pool-start b
has_line "      <mode>0750</mode>" "$(virtjob pool-dumpxml b)"
has_line "      <owner>$(id -u)</owner>" "$(virtjob pool-dumpxml b)"
check virtjob pool-destroy b
if [ "$(id -u)" = 0 ]; then
    xml_pool o "" "$p/o" 0700 12345
    check virtjob pool-define "$dir/pool.xml"
    check virtjob pool-build o
    equal "$(stat -c %u:%g:%a "$p/o")" 12345:12345:700 "owner after a build"
else
    xml_pool o "" "$p/made/o" 0700 0
    check virtjob pool-define "$dir/pool.xml"
    expect 1 "Operation not permitted" virtjob pool-build o
    [ ! -e "$p/made" ] || fail "a failed build left its directories"
    mkdir -m 0 "$p/shut"
    check virtjob pool-define-as shut dir --target "$p/shut"
    expect 1 "Permission denied" virtjob pool-start shut
    check virtjob pool-undefine shut
    rmdir "$p/shut"
fi
check virtjob pool-undefine o
check virtjob pool-undefine b

# names, UUIDs and directories belong to one pool each
one=11111111-1111-1111-1111-111111111111
mkdir "$p/one" "$p/two"
ln -s one "$p/link"
xml_pool one $one "$p/one"
check virtjob pool-define "$dir/pool.xml"
xml_pool one "" "$p/other"
expect 1 "pool 'one' already exists with uuid $one" virtjob pool-define "$dir/pool.xml"
xml_pool two $one "$p/two"
expect 1 "pool 'one' is already defined with uuid $one" virtjob pool-define "$dir/pool.xml"
expect 1 "pool 'one' is already defined" virtjob pool-create "$dir/pool.xml"
for path in "$p/one" "$p/one/" "$p//one" "$p/./one/."; do
    expect 1 "conflict with pool: 'one'" virtjob pool-define-as two dir --target "$path"
done
check virtjob pool-define-as two dir --target "$p/link" # nobody has looked yet
check virtjob pool-start one
expect 1 "conflict with pool: 'one'" virtjob pool-start two
check virtjob pool-destroy one
check virtjob pool-start two
expect 1 "conflict with pool: 'two'" virtjob pool-start one
check virtjob pool-destroy two
check virtjob pool-undefine two

# a pool that runs keeps its definition until it stops
check virtjob pool-start one
xml_pool one $one "$p/two" 0700
check virtjob pool-define "$dir/pool.xml"
has_line "    <path>$p/one</path>" "$(virtjob pool-dumpxml one)"
has_line "    <path>$p/two</path>" "$(virtjob pool-dumpxml one --inactive)"
check virtjob pool-destroy one
has_line "    <path>$p/two</path>" "$(virtjob pool-dumpxml one)"
check virtjob pool-undefine one

# what is not a pool
for name in a/b . .. "$(printf 'n%.0s' {1..256})" $'a\tb' ''; do
    refuse virtjob pool-define-as "$name" dir --target "$p/bad"
done
expect 1 "is not absolute" virtjob pool-define-as bad dir --target relative
expect 1 "missing storage pool target path" virtjob pool-define-as bad dir
expect 1 "storage pools of type 'logical'" virtjob pool-define-as bad logical --target "$p"
expect 1 "unknown storage pool type 'bad'" virtjob pool-define-as bad bad --target "$p"
xml_pool bad not-a-uuid "$p/bad"
expect 1 "malformed uuid" virtjob pool-define "$dir/pool.xml"
xml_pool bad "" "$p/bad" 999
expect 1 "malformed octal mode" virtjob pool-define "$dir/pool.xml"
echo "<volume/>" >"$dir/pool.xml"
expect 1 "unexpected root element" virtjob pool-define "$dir/pool.xml"
equal "$(pools --all)" ""

# odd names that are names, also on disk
for name in "with space" "grüße" -dash 'a,b=c:d%41' "q'&<\"" "$(printf 'n%.0s' {1..255})"; do
    check virtjob pool-define-as --target "$p/odd $name" -- "$name" dir
    [ ${#name} -gt 200 ] || check virtjob pool-build -- "$name"
    [ ${#name} -gt 200 ] || check virtjob pool-start -- "$name"
    [ ${#name} -gt 200 ] || check virtjob pool-destroy -- "$name"
    check virtjob pool-undefine -- "$name"
done

# what list shows of whom
check virtjob pool-define-as p1 dir --target "$p/p1"
check virtjob pool-define-as p2 dir --target "$p/p2"
check virtjob pool-start p1 --build
check virtjob pool-autostart p1
check virtjob pool-create-as p3 dir --target "$p/p3" --build
equal "$(pools)" "p1 p3 "
equal "$(pools --all)" "p1 p2 p3 "
equal "$(pools --inactive)" "p2 "
equal "$(pools --all --persistent)" "p1 p2 "
equal "$(pools --all --transient)" "p3 "
equal "$(pools --all --autostart)" "p1 "
equal "$(pools --all --no-autostart)" "p2 p3 "
equal "$(pools --all --type dir)" "p1 p2 p3 "
equal "$(pools --all --type fs,netfs)" ""

# numbers against df and the state across a restart
df_bytes()
{
    df -B1 --output="$1" "$p/p1" | tail -n 1 | tr -d ' '
}
near()
{
    local off=$(($1 - $2))
    [ ${off#-} -le $((256 << 20)) ] # others write to this file system too
}
equal "$(pool_field Capacity p1)" "$(df_bytes size)" capacity
check virtjob pool-refresh p1
[ "$(id -u)" = 0 ] || near "$(pool_field Available p1)" "$(df_bytes avail)" ||
    fail "available is $(pool_field Available p1), df says $(df_bytes avail)"
near "$(($(pool_field Allocation p1) + $(pool_field Available p1)))" "$(pool_field Capacity p1)" ||
    fail "allocation and available do not add up"

restart_daemon
equal "$(pools)" "p1 p3 "
equal "$(pool_field Autostart p1)" yes
equal "$(pool_field Persistent p3)" no
check virtjob pool-autostart p1 --disable
equal "$(pool_field Autostart p1)" no
check virtjob pool-autostart p1
check virtjob pool-destroy p1
check virtjob pool-autostart p2
restart_daemon # what is autostarted starts; p2 cannot, and says so
equal "$(pools)" "p1 p3 "
daemon_logged "pool-start of pool 'p2': failed" || fail "no word about p2"
rm -r "$p/p3"
restart_daemon # a transient pool that cannot start again is gone
equal "$(pools --all)" "p1 p2 "

# what lies in the directory: files by content, and what is none
cd "$p/p1"
truncate -s 1M raw
printf 'x' >tiny
mkdir sub lost+found
mkfifo fifo
ln -s raw link
ln -s nowhere dangling
ln -s sub linkdir
ln -s /dev/null device
touch -- "-dash" .hidden "sp ace" "grüße" "a,b:c%d" "$(printf 'n%.0s' {1..255})" $'new\nline' \
    $'bad\xff' .virtjobd-99
truncate -s 40960 image.iso
printf '\001CD001\001' | dd of=image.iso bs=1 seek=32768 conv=notrunc status=none
formats=(iso)
if type -P qemu-img >/dev/null; then
    for format in qcow2 qcow qed vmdk vdi vpc vhdx; do
        qemu-img create -q -f $format "image.$format" 4M
        formats+=("$format")
    done
fi
cd "$OLDPWD"
expect 0 "Pool p1 refreshed" virtjob pool-refresh p1
listed=$(virtjob vol-list p1 --name)
for name in raw tiny sub link -dash .hidden "sp ace" "grüße" "a,b:c%d" "$(printf 'n%.0s' {1..255})"; do
    has_line "$name" "$listed"
done
equal "$(wc -l <<<"$listed")" $((10 + ${#formats[@]})) "number of volumes"
for format in "${formats[@]}"; do
    has_line "    <format type='$format'/>" "$(virtjob vol-dumpxml "image.$format" p1)"
done
for format in "${formats[@]:1}"; do
    [ "$format" = vpc ] || # rounds up to its geometry
        equal "$(virtjob vol-info "image.$format" p1 --bytes | field Capacity)" "4194304 bytes"
done
equal "$(virtjob vol-info sub p1 | field Type)" dir
rm "$p/p1/raw" "$p/p1/tiny"
check virtjob pool-refresh p1
[[ " $(names p1)" != *" tiny "* ]] || fail "refresh keeps a file that is gone"
[[ " $(names p1)" != *" link "* ]] || fail "refresh keeps a symlink to nowhere"

# many files
mkdir "$p/p1/more"
check virtjob pool-create-as many dir --target "$p/p1/more"
(cd "$p/p1/more" && seq -f 'volume-%05g' 10000 | xargs touch)
began=$(date +%s%N)
check virtjob pool-refresh many
refreshed=$(date +%s%N)
equal "$(virtjob vol-list many --name | wc -l)" 10000
listed=$(date +%s%N)
echo "10000 files: refresh $(((refreshed - began) / 1000000)) ms," \
    "list $(((listed - refreshed) / 1000000)) ms"
[ $(((listed - began) / 1000000000)) -lt $((20 * ${VIRTJOBD_SLOWER:-4})) ] ||
    fail "refresh and list take longer than 20 s"
check virtjob pool-destroy many

# a directory that goes away under its pool
rm -r "$p/p1"
expect 1 "No such file or directory" virtjob pool-refresh p1
equal "$(pool_field State p1)" running
check virtjob pool-destroy p1
expect 1 "No such file or directory" virtjob pool-start p1

# the read-only socket shows and changes nothing
equal "$(virtjob_ro pool-list --all --name | tr '\n' ' ')" "p1 p2 "
refuse virtjob_ro pool-undefine p1
refuse virtjob_ro pool-start p1
refuse virtjob_ro pool-define-as p9 dir --target "$p/p9"
equal "$(pools --all)" "p1 p2 "

stop_daemon
