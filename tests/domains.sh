#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every command of virtjob for domains and the host, with real guests; what it prints is
# compared with virsh's, where there is one, if it is meant to be the same.
. "$(dirname "$0")/functions.sh"
require_cmd qemu-system-x86_64 python3

u=$(tr -d '\n' </proc/sys/kernel/random/uuid)
image=$dir/image
start_daemon

same() # WORD ...: virtjob and virsh print the same, and end alike
{
    local mine=0 theirs=0 said
    out=$(virtjob "$@" 2>&1) || mine=$?
    type -P virsh >/dev/null || return 0
    said=$(virsh "$@" 2>&1) || theirs=$?
    [ $mine -eq $theirs ] || fail "'$*' ends with $mine, virsh's with $theirs: $out"
    [ "$out" = "$said" ] || fail "'$*' prints what virsh does not: $(diff <(echo "$said") <(echo "$out"))"
}

is() # STATE DOMAIN: with its reason
{
    equal "$(virtjob domstate "$2" --reason)" "$1" "state of $2"
}

is_off()
{
    [ "$(virtjob domstate "$1")" = "shut off" ]
}

job_id() # of what --async printed
{
    sed -n 's/^Job \([0-9]*\) .*/\1/p'
}

wait_for() # what a command with --async printed
{
    expect 0 "complete" virtjob job-wait "$(job_id <<<"$1")"
}

# definitions
guest_xml g tick 0 "<uuid>$u</uuid>" >"$dir/g.xml"
guest_xml idle >"$dir/idle.xml"
guest_xml t halt >"$dir/t.xml"
expect 0 "Domain 'g' defined from $dir/g.xml" virtjob define "$dir/g.xml"
check virtjob define "$dir/g.xml" --validate
check virtjob define --file "$dir/idle.xml"
expect 0 "Domain 'idle' marked as autostarted" virtjob autostart idle
same list --all --autostart
expect 0 "unmarked" virtjob autostart idle --disable
expect 0 "successfully renamed" virtjob domrename idle other
expect 1 "already exists" virtjob domrename other g
check virtjob domrename other --new-name idle
check virtjob desc idle a description of words
same desc idle
check virtjob desc idle --title "a title"
same desc idle --title
same desc g
check virtjob desc idle --title ""
same desc idle --title
check virtjob metadata g urn:u --key k --set "<a b='1'/>"
same metadata g urn:u
check virtjob metadata g urn:u k "<a b='2'/>"
expect 0 'b="2"' virtjob metadata g urn:u
editor "s/b=[^ /]*/b='3'/"
check virtjob metadata g urn:u --key k --edit
expect 0 'b="3"' virtjob metadata g urn:u --config
check virtjob metadata g urn:u --remove
expect 1 "not present" virtjob metadata g urn:u
expect 2 "key" virtjob metadata g urn:u --set "<a/>"
editor "s,<title>.*</title>,,; s,<memory,<title>by edit</title><memory,"
expect 0 "edited" virtjob edit idle
equal "$(virtjob desc idle --title)" "by edit"
editor ""
expect 0 "not changed" virtjob edit idle
editor "s,</domain>,,"
TMPDIR=$dir refuse virtjob edit idle </dev/null # it keeps what was written
editor "s,<memory,<nonsense/><memory,"
TMPDIR=$dir refuse virtjob edit idle </dev/null
check virtjob edit idle --skip-validate
editor "s,a ,many ,"
check virtjob desc idle --edit
same desc idle
for xml in "" "no XML" "<domain/>" "<domain type='qemu'><name>x</name></domain>"; do
    echo "$xml" >"$dir/bad.xml"
    expect 1 "error: cannot define" virtjob define "$dir/bad.xml"
    expect 1 "error: cannot create" virtjob create "$dir/bad.xml"
done
expect 1 "No such file" virtjob define /nonexistent
sed 's,<memory,<nonsense/><memory,' "$dir/t.xml" >"$dir/bad.xml"
expect 1 "nonsense" virtjob define "$dir/bad.xml" --validate

# start, and what there is to know
expect 0 "Domain 'g' started" virtjob start g
expect 1 "already running" virtjob start g
expect 0 "created" virtjob create "$dir/t.xml" --paused --validate
expect 1 "already" virtjob create "$dir/t.xml"
booted g
for filter in "" --all --inactive --transient --persistent --autostart --no-autostart \
    --state-running --state-paused --state-shutoff --state-other --with-managed-save \
    --without-managed-save "--state-running --state-paused --persistent"; do
    # shellcheck disable=SC2086 # options are words
    same list $filter
done
for form in --table --uuid --name --id "--uuid --name" "--id --name" --title --managed-save; do
    # shellcheck disable=SC2086 # options are words
    same list --all $form
done
expect 2 "--table" virtjob list --table --name
for domain in g idle t "$u" "$(virtjob domid t)"; do
    for command in domstate "domstate --reason" dumpxml "dumpxml --inactive" domjobinfo \
        "dumpxml --security-info" "dumpxml --migratable" "dumpxml --update-cpu" desc "desc --title"; do
        # shellcheck disable=SC2086 # options are words
        same $command "$domain"
    done
done
same dominfo idle
same dominfo t # it is paused, and uses no time
expect 0 "CPU time:" virtjob dominfo g
same domcontrol g
same domid g
same domid idle
same domname "$u"
same domname "$(virtjob domid g)"
same domuuid g
equal "$(virtjob domuuid "$(virtjob domid g)")" "$u"
expect 0 "<name>g</name>" virtjob dumpxml g --xpath /domain/name
expect 0 "/kernel-tick-0" virtjob dumpxml g --xpath "//kernel/text()"
expect 0 "</nodes>" virtjob dumpxml g --xpath "//kernel" --wrap
for words in "dominfo none" "domstate none" "domcontrol none" "domjobinfo none" "dumpxml none" \
    "domid none" "domname none" "domuuid none" "desc none" "metadata none urn:u" "start none" \
    "shutdown none" "reboot none" "reset none" "destroy none" "suspend none" "resume none" \
    "undefine none" "edit none" "autostart none" "domrename none x" "domjobabort none" \
    "managedsave none" "managedsave-remove none" "managedsave-dumpxml none" \
    "managedsave-edit none" "managedsave-define none $dir/t.xml" "save none $image" \
    "dump none $image" "qemu-monitor-command none query-status"; do
    # shellcheck disable=SC2086 # a command and its words
    expect 1 "no domain with matching name 'none'" virtjob $words
    # shellcheck disable=SC2086
    expect 2 "see 'virtjob help" virtjob ${words%% *}
done

# a running domain is described apart from its definition
check virtjob desc g --live --new-desc "while it runs"
check virtjob desc g --config --new-desc "from its next start"
same desc g --live
same desc g --config
equal "$(virtjob desc g --current)" "while it runs"
check virtjob metadata g --uri urn:u --live --key k --set "<a b='4'/>"
same metadata g urn:u --current
expect 1 "not present" virtjob metadata g urn:u --config
expect 1 "not running" virtjob desc idle --live

# QEMU's monitor
same qemu-monitor-command g query-status
same qemu-monitor-command g --pretty query-status
same qemu-monitor-command g --return-value query-name
same qemu-monitor-command g '{"execute":"query-name"}'
same qemu-monitor-command g qom-get '"path":"/machine","property":"type"'
same qemu-monitor-command g nonsense
same qemu-monitor-command g --hmp info status
expect 2 "exclude" virtjob qemu-monitor-command g --hmp --pretty info status
expect 1 "not running" virtjob qemu-monitor-command idle query-status

# life
check virtjob suspend g
is "paused (user)" g
same suspend g
check virtjob resume g
is "running (unpaused)" g
expect 1 "already running" virtjob resume g
ticks g
: >"$dir/serial-g"
check virtjob reset g
booted g
: >"$dir/serial-g"
check virtjob reboot g --mode acpi
booted g
check virtjob shutdown g
wait_until 20 is_off g
is "shut off (shutdown)" g
check virtjob start g --paused
is "paused (user)" g
check virtjob destroy g --graceful
is "shut off (destroyed)" g
wait_for "$(virtjob start g --async)"
expect 1 "guest agent is not configured" virtjob shutdown g --mode agent
expect 1 "only 'acpi' and 'agent'" virtjob shutdown g --mode initctl
expect 2 "no mode" virtjob reboot g --mode nonsense
expect 1 "active" virtjob domrename g x
for command in shutdown reboot reset destroy suspend resume managedsave "save idle" "dump idle" \
    domcontrol; do
    # shellcheck disable=SC2086 # a command and its words
    case $command in
    *\ *) expect 1 "not running" virtjob $command "$image" ;;
    *) expect 1 "not running" virtjob $command idle ;;
    esac
done
check virtjob destroy t --remove-logs
expect 1 "no domain" virtjob dominfo t
wait_for "$(virtjob create "$dir/t.xml" --async)"
is "running (booted)" t
check virtjob destroy t
sed "s,<kernel>.*</kernel>,<kernel>$dir/t.xml</kernel>," "$dir/t.xml" >"$dir/bad.xml" # no kernel
expect 1 "invalid kernel header" virtjob create "$dir/bad.xml"
job=$(virtjob create "$dir/bad.xml" --async | job_id)
expect 1 "failed" virtjob job-wait "$job"
expect 0 "invalid kernel header" virtjob job-error "$job"
sed -i 's,<name>t,<name>idle,; s,<uuid>.*</uuid>,,' "$dir/bad.xml"
expect 1 "already" virtjob create "$dir/bad.xml" --async

# save and restore
booted g
expect 0 "Domain 'g' saved to $image" virtjob save g "$image"
is "shut off (saved)" g
expect 0 "<name>g</name>" virtjob save-image-dumpxml "$image"
same save-image-dumpxml "$image" --security-info
same save-image-dumpxml "$image" --xpath //name
same save-image-dumpxml "$image" --xpath //name --wrap
expect 0 "Domain restored from $image" virtjob restore "$image"
is "running (restored)" g
expect 1 "already" virtjob restore "$image"
virtjob dumpxml g --migratable | sed 's,<memory,<title>other</title><memory,' >"$dir/other.xml"
check virtjob save g "$image" --xml "$dir/other.xml" --bypass-cache --paused --verbose
expect 0 "<title>other</title>" virtjob save-image-dumpxml "$image"
check virtjob restore "$image" --running
is "running (restored)" g
equal "$(virtjob desc g --title)" other
wait_for "$(virtjob save g "$image" --async)"
virtjob save-image-dumpxml "$image" | sed 's,>other<,>defined<,' >"$dir/other.xml"
expect 0 "updated" virtjob save-image-define "$image" "$dir/other.xml" --paused
editor "s,>defined<,>edited<,"
check virtjob save-image-define "$image" "$dir/other.xml" --running
expect 0 "edited" virtjob save-image-edit "$image" --paused
editor ""
expect 0 "not changed" virtjob save-image-edit "$image"
wait_for "$(virtjob restore "$image" --async)"
is "paused (user)" g
equal "$(virtjob desc g --title)" edited
check virtjob save g "$image"
check virtjob restore "$image" --paused
is "paused (user)" g
check virtjob save g "$image" --running
check virtjob restore "$image" --xml "$dir/other.xml" --bypass-cache
is "running (restored)" g
equal "$(virtjob desc g --title)" defined
expect 2 "exclude" virtjob save g "$image" --running --paused
expect 1 "No such file" virtjob save g /nonexistent/image
expect 1 "No such file" virtjob restore /nonexistent
for words in restore save-image-dumpxml save-image-edit "save-image-define --xml $dir/other.xml"; do
    # shellcheck disable=SC2086 # options are words
    expect 1 "'$dir/g.xml'" virtjob $words "$dir/g.xml"
done

# managed save
expect 0 "state saved" virtjob managedsave g
same list --all --managed-save
same list --all --with-managed-save --name
same dominfo g
same managedsave-dumpxml g
same managedsave-dumpxml g --security-info --xpath //name --wrap
expect 1 "managed save" virtjob undefine g
virtjob managedsave-dumpxml g | sed 's,>defined<,>managed<,' >"$dir/other.xml"
check virtjob managedsave-define g "$dir/other.xml" --paused
editor "s,>managed<,>by hand<,"
check virtjob managedsave-edit g --paused
check virtjob managedsave-define g --xml "$dir/other.xml" --running
check virtjob managedsave-edit g --running
expect 0 "by hand" virtjob managedsave-dumpxml g --xpath //title
check virtjob start g
is "running (restored)" g
wait_for "$(virtjob managedsave g --paused --bypass-cache --async)"
check virtjob start g --bypass-cache
is "paused (user)" g
check virtjob managedsave g --running --verbose
check virtjob start g --force-boot
is "running (booted)" g
expect 0 "skipped" virtjob managedsave-remove g
check virtjob managedsave g
expect 0 "Removed" virtjob managedsave-remove g
expect 1 "does not have managed save image" virtjob managedsave-dumpxml g
check virtjob managedsave-remove idle

# dump
check virtjob start g
check virtjob dump g "$dir/core" --memory-only --live
equal "$(head -c 4 "$dir/core" | tail -c 3)" ELF
check virtjob dump g "$dir/core"
check virtjob dump g "$dir/core" --memory-only --format kdump-zlib --reset --verbose
wait_for "$(virtjob dump g "$dir/core" --bypass-cache --async)"
expect 2 "no format" virtjob dump g "$dir/core" --memory-only --format bogus
expect 2 "needs --memory-only" virtjob dump g "$dir/core" --format elf
expect 2 "exclude" virtjob dump g "$dir/core" --live --crash
check virtjob dump g "$dir/core" --memory-only --crash
is "shut off (crashed)" g

# jobs: a guest whose QEMU stands still keeps one for as long as it takes
check virtjob start g
booted g
rm -f "$image"
kill -STOP "$(qemu_of g)"
job=$(virtjob save g "$image" --async | job_id)
expect 0 "domain-save" virtjob jobs --domain g
expect 0 "running" virtjob job-info --domain g
expect 0 "Save" virtjob domjobinfo g
expect 0 "background job" virtjob domcontrol g
expect 1 "job $job" virtjob suspend g
expect 1 "job $job" virtjob managedsave g
expect 1 "job $job" virtjob undefine g
expect 1 "" virtjob job-wait "$job" --timeout 0
check virtjob domjobabort g
kill -CONT "$(qemu_of g)"
expect 3 "cancelled" virtjob job-wait "$job"
expect 1 "no job is active" virtjob domjobabort g
expect 0 "Cancelled" virtjob domjobinfo g --completed --keep-completed --anystats
check virtjob domjobinfo g --completed --rawstats
[ ! -e "$image" ] || fail "a cancelled save left its file"
ticks g

# a command that waits: a signal cancels its job, and on a terminal it shows how far it is
kill -STOP "$(qemu_of g)"
"$builddir/run" virtjob -c "$uri" save g "$image" >"$dir/said" 2>&1 &
waiting=$!
job_is() # STATE
{
    virtjob jobs --domain g | grep -q " $1 "
}
wait_until 20 job_is running
kill -TERM $waiting
wait_until 20 job_is cancelling
kill -CONT "$(qemu_of g)"
status=0
wait $waiting || status=$?
equal $status 3 "status of a cancelled save: $(cat "$dir/said")"
if type -P script >/dev/null; then
    kill -STOP "$(qemu_of g)"
    script -fqec "'$builddir/run' virtjob -c '$uri' save g '$image'" "$dir/typed" >/dev/null &
    waiting=$!
    wait_until 20 grep -qs 'domain-save g  *pausing the guest' "$dir/typed"
    kill -CONT "$(qemu_of g)"
    wait $waiting || fail "script(1) ended with $?: $(cat "$dir/typed")"
    grep -q "Domain 'g' saved" "$dir/typed" || fail "on a terminal: $(cat "$dir/typed")"
else
    echo "not tried on a terminal: script(1) is not installed"
    check virtjob save g "$image"
fi

# the host
same capabilities
same domcapabilities
same domcapabilities --virttype qemu --machine q35
same domcapabilities qemu "$(type -P qemu-system-x86_64)" x86_64 pc
expect 1 "unknown architecture" virtjob domcapabilities --arch vax
same nodeinfo
expect 0 "Total:" virtjob freecell
expect 0 "0: " virtjob freecell 0
check virtjob freecell --cellno 0
expect 0 "Total:" virtjob freecell --all
expect 1 "cell" virtjob freecell 100000
same maxvcpus
same maxvcpus qemu
expect 1 "unknown type" virtjob maxvcpus --type xen
same cpu-models x86_64
expect 1 "unknown architecture" virtjob cpu-models vax
same uri
same hostname
expect 0 "virtjob" virtjob version

# read-only, and the end
same_ro()
{
    equal "$(virtjob_ro "$@")" "$(virtjob "$@")" "read-only $*"
}
same_ro list --all
same_ro dumpxml idle
same_ro capabilities
for words in "dumpxml idle --security-info" "start idle" "undefine idle" "restore $image" \
    "save-image-dumpxml $image" "domcapabilities" "define $dir/t.xml" "create $dir/t.xml"; do
    # shellcheck disable=SC2086 # a command and its words
    expect 1 "operation forbidden" virtjob_ro $words
done
check virtjob undefine idle --keep-nvram --keep-tpm
check virtjob restore "$image"
check virtjob managedsave g
check virtjob undefine g --managed-save --snapshots-metadata --checkpoints-metadata --nvram --tpm
equal "$(virtjob list --all --name)" ""
equal "$(find "$dir/state/save" -type f)" "" "what is left of managed saves"
wait_until 10 no_guests
stop_daemon
