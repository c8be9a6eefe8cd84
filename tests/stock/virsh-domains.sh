#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unmodified virsh on our daemon, every command of it for domains and the host that the daemon
# has calls for; a guest of unmodified virt-install; and unmodified python3-libvirt.
. "$(dirname "$0")/../functions.sh"
require_cmd virsh qemu-system-x86_64 python3

u=$(tr -d '\n' </proc/sys/kernel/random/uuid)
image=$dir/image
start_daemon

is() # STATE DOMAIN: with its reason
{
    equal "$(virsh domstate "$2" --reason | tr -d '\n')" "$1" "state of $2"
}

is_off()
{
    [[ $(virsh domstate "$1") == "shut off"* ]]
}

# definitions
guest_xml g tick 0 "<uuid>$u</uuid><title>one</title>" >"$dir/g.xml"
guest_xml idle >"$dir/idle.xml"
guest_xml t >"$dir/t.xml"
check virsh define "$dir/g.xml"
check virsh define "$dir/g.xml" --validate
check virsh define "$dir/idle.xml"
expect 0 "marked as autostarted" virsh autostart idle
expect 0 idle virsh list --all --autostart --name
check virsh autostart idle --disable
check virsh domrename idle other
expect 1 "already exists" virsh domrename other g
check virsh domrename other idle
check virsh desc idle --new-desc "what it is for"
expect 0 "what it is for" virsh desc idle
check virsh desc idle --title --new-desc "a title" --config
expect 0 "a title" virsh list --all --title
check virsh metadata g urn:u --key k --set "<a b='1'/>"
expect 0 '<a b="1"/>' virsh metadata g urn:u
check virsh metadata g urn:u --remove
expect 1 "not present" virsh metadata g urn:u
editor "s,>a title<,>edited<,"
expect 0 "edited" virsh edit idle
expect 0 edited virsh desc idle --title
editor ""
expect 0 "not changed" virsh edit idle
echo "<domain/>" >"$dir/bad.xml"
expect 1 "Failed to define" virsh define "$dir/bad.xml"
expect 1 "Failed to create" virsh create "$dir/bad.xml"

# start, and what there is to know
expect 0 "started" virsh start g
expect 1 "already active" virsh start g
check virsh create "$dir/t.xml" --paused
expect 1 "already" virsh create "$dir/t.xml"
booted g
for option in "" --all --inactive --transient --persistent --autostart --no-autostart \
    --with-snapshot --without-snapshot --with-checkpoint --without-checkpoint --state-running \
    --state-paused --state-shutoff --state-other --with-managed-save --without-managed-save \
    "--all --uuid" "--all --name" "--all --id" "--all --table" "--all --managed-save" \
    "--all --title"; do
    # shellcheck disable=SC2086 # options are words
    check virsh list $option
done
equal "$(virsh list --name --state-running | tr -d '\n')" g
equal "$(virsh list --name --transient | tr -d '\n')" t
expect 0 "UUID:           $u" virsh dominfo g
expect 0 "Managed save:   no" virsh dominfo idle
expect 0 ok virsh domcontrol g
expect 1 "not running" virsh domcontrol idle
expect 0 "None" virsh domjobinfo g
for option in "" --inactive --security-info --update-cpu --migratable; do
    # shellcheck disable=SC2086 # options are words
    expect 0 "<name>g</name>" virsh dumpxml g $option
done
id=$(virsh domid g | tr -d '\n')
expect 0 g virsh domname "$id"
expect 0 g virsh domname "$u"
expect 0 "$u" virsh domuuid "$id"
expect 0 - virsh domid idle
equal "$(virsh vcpucount g --current --live | tr -d '\n')" 1
check virsh vcpucount g
check virsh vcpucount idle
expect 0 Target virsh domblklist g
expect 0 Interface virsh domiflist g
expect 1 "failed to get domain 'none'" virsh dominfo none
for words in "dommemstat g" "domstats g" "domblkstat g vda"; do
    # shellcheck disable=SC2086 # a command and its words
    expect 1 "unknown procedure" virsh $words
done
for word in domfsinfo domfsfreeze domhostname domtime guestinfo "domifaddr --source agent" \
    "shutdown --mode agent" "dompmsuspend --target mem"; do
    # shellcheck disable=SC2086 # a command and its words
    expect 1 "QEMU guest agent is not configured" virsh $word --domain g
done
check virsh guest-agent-timeout g --timeout 5

# QEMU's monitor
expect 0 '"status":"running"' virsh qemu-monitor-command g '{"execute":"query-status"}'
expect 0 "running" virsh qemu-monitor-command g --hmp info status
expect 0 '"name": "g"' virsh qemu-monitor-command g --pretty query-name
expect 1 "not running" virsh qemu-monitor-command idle query-status
virsh qemu-monitor-event g --event 'res.me$' --regex --no-case --timeout 60 --pretty \
    >"$dir/monitor-event" &
listener=$!
hears()
{
    # not to be missed: the guest stops and goes on until it is heard
    virsh suspend g && virsh resume g && ! kill -0 $listener 2>/dev/null
}
wait_until 30 hears
wait $listener
expect 0 "event RESUME" cat "$dir/monitor-event"
expect 1 "regular expression" virsh qemu-monitor-event --regex --event '(' --timeout 1

# keys
check virsh send-key g KEY_LEFTCTRL KEY_LEFTALT KEY_DELETE
check virsh send-key g --codeset qnum --holdtime 10 0x1e
check virsh send-key g --codeset xt 0xe01d
expect 1 "'usb'" virsh send-key g --codeset usb 4
expect 1 "no key 250" virsh send-key g 250
expect 1 "not running" virsh send-key idle KEY_A

# CPUs
expect 0 "State:          running" virsh vcpuinfo g
expect 0 "State:          N/A" virsh vcpuinfo idle
cpu=$(taskset -cp $$ | sed 's,.*[ :-],,; s/,.*//')
check virsh vcpupin g 0 "$cpu"
equal "$(virsh -q vcpupin g 0 | tr -d ' \n')" "0$cpu"
check virsh emulatorpin g "$cpu" --live
equal "$(virsh -q emulatorpin g | tr -d ' *:\n')" "$cpu"
check virsh vcpupin idle 0 "$cpu" --config
expect 0 "<vcpupin vcpu='0' cpuset='$cpu'/>" virsh dumpxml idle
expect 1 "out of range" virsh vcpupin g 7 "$cpu"
expect 1 "not running" virsh vcpupin idle 0 "$cpu" --live
expect 0 "cpu_time" virsh cpu-stats g --total
expect 1 "CPUACCT" virsh cpu-stats g
expect 0 "No IOThreads" virsh iothreadinfo g
check virsh iothreadadd g 2
check virsh iothreadpin g 2 "$cpu"
equal "$(virsh -q iothreadinfo g | tr -d ' \n')" "2$cpu"
check virsh iothreadset g 2 --poll-max-ns 0
check virsh iothreaddel g 2
expect 0 "No IOThreads" virsh iothreadinfo g
expect 1 "not present in live config" virsh setvcpu g 1 --enable
check virsh setvcpus idle 2 --maximum --config
check virsh setvcpu idle 1 --enable --config
expect 0 "<vcpu id='1' enabled='yes' hotpluggable='yes'/>" virsh dumpxml idle

# what is measured and kept low
expect 0 "cpu_cycles     : disabled" virsh perf g
expect 0 "successfully" virsh domdirtyrate-calc g
check virsh domlaunchsecinfo g
expect 1 "not a known interface" virsh domiftune g zz
expect 1 "'vdz' not found in domain" virsh blkdeviotune g vdz
[ ! -d /sys/kernel/mm/ksm ] || expect 0 shm_pages_to_scan virsh node-memory-tune

# its disks, its ends, its command line
expect 0 "No errors found" virsh domblkerror g
expect 1 "invalid path vdz" virsh blockresize g vdz 1M
check virsh set-lifecycle-action idle reboot destroy --config
expect 0 "<on_reboot>destroy" virsh dumpxml idle
check virsh set-lifecycle-action idle reboot restart --config
expect 1 "on_poweroff does not support" virsh set-lifecycle-action g poweroff coredump-destroy
expect 0 "guest=g,debug-threads=on" virsh domxml-to-native qemu-argv --domain g
expect 0 "guest=idle" virsh domxml-to-native qemu-argv --xml "$dir/idle.xml"
expect 1 "'vmx'" virsh domxml-to-native vmx --domain idle
expect 1 "not supported" virsh domxml-from-native qemu-argv "$dir/g.xml"

# limits
for words in "schedinfo g" "memtune g" "blkiotune g" "numatune g --nodeset 0"; do
    # shellcheck disable=SC2086 # a command and its words
    expect 1 "tuning is not available in session mode" virsh $words
done
expect 0 "numa_mode      : strict" virsh numatune g

# life
check virsh suspend g
is "paused (user)" g
check virsh resume g
ticks g
: >"$dir/serial-g"
check virsh reset g
booted g
: >"$dir/serial-g"
check virsh reboot g --mode acpi
booted g
expect 1 "agent" virsh shutdown g --mode agent
check virsh shutdown g
wait_until 20 is_off g
is "shut off (shutdown)" g
check virsh start g --paused
check virsh destroy g --graceful
is "shut off (destroyed)" g
for command in shutdown reboot reset destroy suspend resume managedsave; do
    expect 1 "not running" virsh $command idle
done
check virsh destroy t --remove-logs

# save, restore, dump
check virsh start g
booted g
check virsh save g "$image"
expect 0 "<name>g</name>" virsh save-image-dumpxml "$image" --security-info
check virsh restore "$image"
is "running (restored)" g
expect 1 "already" virsh restore "$image"
virsh dumpxml g --migratable | sed 's,>one<,>two<,' >"$dir/other.xml"
expect 0 "100 %" virsh save g "$image" --xml "$dir/other.xml" --paused --bypass-cache --verbose
expect 0 ">two<" virsh save-image-dumpxml "$image"
editor "s,>two<,>three<,"
check virsh save-image-edit "$image"
check virsh restore "$image" --running --bypass-cache
equal "$(virsh desc g --title | tr -d '\n')" three
check virsh save g "$image"
check virsh save-image-define "$image" "$dir/other.xml" --paused
check virsh restore "$image" --xml "$dir/other.xml"
is "paused (user)" g
expect 1 "No such file" virsh save g /nonexistent/image
expect 1 "No such file" virsh restore /nonexistent
expect 1 "Failed to restore" virsh restore "$dir/g.xml"
check virsh managedsave g --running
expect 0 saved virsh list --all --managed-save
expect 1 "managed save" virsh undefine g
virsh managedsave-dumpxml g >"$dir/other.xml"
check virsh managedsave-define g "$dir/other.xml"
editor "s,>two<,>four<,"
check virsh managedsave-edit g --running
expect 0 ">four<" virsh managedsave-dumpxml g --security-info
check virsh start g
is "running (restored)" g
check virsh managedsave g --bypass-cache --verbose
check virsh start g --force-boot
is "running (booted)" g
check virsh managedsave g
check virsh managedsave-remove g
check virsh start g
check virsh dump g "$dir/core" --memory-only --live --verbose
check virsh dump g "$dir/core"
check virsh dump g "$dir/core" --memory-only --format kdump-zlib --reset
check virsh dump g "$dir/core" --memory-only --crash
is "shut off (crashed)" g

# jobs
check virsh start g
booted g
kill -STOP "$(qemu_of g)"
rm -f "$image"
check virtjob save g "$image" --async
expect 0 "Save" virsh domjobinfo g
expect 0 "background job" virsh domcontrol g
expect 1 "job" virsh suspend g
check virsh domjobabort g
kill -CONT "$(qemu_of g)"
expect 3 cancelled virtjob job-wait --domain g
expect 1 "no job is active" virsh domjobabort g
expect 0 "Cancelled" virsh domjobinfo g --completed --keep-completed --anystats
expect 0 "operation" virsh domjobinfo g --completed --rawstats
[ ! -e "$image" ] || fail "a cancelled save left its file"

# the host
expect 0 "<os_type>hvm</os_type>" virsh capabilities
expect 0 "<domain>qemu</domain>" virsh domcapabilities qemu
expect 0 "Memory size" virsh nodeinfo
check virsh freecell
check virsh freecell 0
check virsh freecell --all
expect 0 "iowait:" virsh nodecpustats
expect 0 "user:" virsh nodecpustats --cpu 0 --percent
expect 1 "no CPU 99999" virsh nodecpustats --cpu 99999
expect 0 "buffers:" virsh nodememstats
expect 0 "free   :" virsh nodememstats --cell 0
expect 1 "cell 999" virsh nodememstats --cell 999
expect 0 "CPUs present:" virsh nodecpumap
expect 0 "4KiB:" virsh freepages --all
expect 0 "4KiB:" virsh freepages --cellno 0 --pagesize 4
expect 1 "page size 3" virsh freepages --cellno 0 --pagesize 3
if [ -e /sys/class/dmi/id/sys_vendor ]; then
    expect 0 "<sysinfo type='smbios'>" virsh sysinfo
else
    expect 1 "SMBIOS information is not available" virsh sysinfo
fi
check virsh maxvcpus
check virsh maxvcpus qemu
expect 0 qemu64 virsh cpu-models x86_64
expect 1 "unknown architecture" virsh cpu-models vax
echo "<cpu><model>Nehalem</model></cpu><cpu><model>Haswell</model></cpu>" >"$dir/cpus.xml"
for words in "hypervisor-cpu-baseline --virttype qemu" "hypervisor-cpu-baseline" "cpu-baseline"; do
    # shellcheck disable=SC2086 # a command and its words
    expect 0 "<model fallback='forbid'>Nehalem</model>" virsh $words "$dir/cpus.xml"
done
expect 0 "name='popcnt'/>" virsh hypervisor-cpu-baseline --virttype qemu --features "$dir/cpus.xml"
echo "<cpu><model>qemu64</model><feature policy='disable' name='svm'/></cpu>" >"$dir/cpu.xml"
expect 0 "is a superset" virsh hypervisor-cpu-compare --virttype qemu "$dir/cpu.xml"
virsh capabilities >"$dir/capabilities.xml"
expect 0 "<cpu mode='custom'" virsh hypervisor-cpu-baseline "$dir/capabilities.xml"
expect 0 "$uri" virsh uri
check virsh hostname
expect 0 "QEMU" virsh version

# what virt-install makes with its defaults
console()
{
    virsh dumpxml installed | grep -c '<graphics\|<console\|<interface\|<disk'
}
if type -P virt-install qemu-img >/dev/null; then
    qemu-img create -q -f qcow2 "$dir/disk.qcow2" 16M
    check virt-install --connect "$uri" --import --virt-type qemu --osinfo debian11 --memory 256 \
        --name installed --network user --graphics vnc --noautoconsole \
        --disk "path=$dir/disk.qcow2,format=qcow2" --check all=off
    is "running (booted)" installed
    equal "$(console)" 4 "devices of what virt-install made"
    expect 0 "127.0.0.1" virsh vncdisplay installed
    expect 0 "vnc://" virsh domdisplay installed
    expect 0 "/dev/pts/" virsh ttyconsole installed
    expect 0 "$dir/disk.qcow2" virsh domblklist installed
    expect 0 "user" virsh domiflist installed
    check virsh save installed "$image"
    check virsh restore "$image"
    is "running (restored)" installed
    check virsh destroy installed
    check virsh undefine installed
else
    echo "not tried: virt-install or qemu-img is not installed"
fi

# python3-libvirt: all filters, and the ASYNC bit by a binding that knows nothing of it
if /usr/bin/python3 -c 'import libvirt' 2>/dev/null; then
    check virsh create "$dir/t.xml" --paused
    rm -f "$image"
    check /usr/bin/python3 - "$uri" "$image" <<'END'
import libvirt, os, sys, time
conn = libvirt.open(sys.argv[1])
image = sys.argv[2]
prefix = "VIR_CONNECT_LIST_DOMAINS_"
for words, names in (("ACTIVE", "gt"), ("INACTIVE", "i"), ("PERSISTENT", "gi"), ("TRANSIENT", "t"),
                     ("RUNNING", "g"), ("PAUSED", "t"), ("SHUTOFF", "i"), ("OTHER", ""),
                     ("MANAGEDSAVE", ""), ("NO_MANAGEDSAVE", "git"), ("AUTOSTART", ""),
                     ("NO_AUTOSTART", "git"), ("HAS_SNAPSHOT", ""), ("NO_SNAPSHOT", "git"),
                     ("HAS_CHECKPOINT", ""), ("NO_CHECKPOINT", "git"), ("ACTIVE INACTIVE", "git"),
                     ("PAUSED SHUTOFF", "it"), ("PAUSED PERSISTENT", "")):
    flags = sum(getattr(libvirt, prefix + word) for word in words.split())
    got = "".join(sorted(dom.name()[0] for dom in conn.listAllDomains(flags)))
    assert got == names, (words, got)
assert len(conn.listDomainsID()) == conn.numOfDomains() == 2
assert conn.listDefinedDomains() == ["idle"] and conn.numOfDefinedDomains() == 1

ASYNC = 1 << 30
def ended(dom):
    """Its job's end, as jobStats() of a binding that polls tells it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if dom.jobStats()["type"] == libvirt.VIR_DOMAIN_JOB_NONE:
            return dom.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
        time.sleep(0.02)
    sys.exit("the job does not end")

dom = conn.lookupByName("g")
dom.saveFlags(image, None, ASYNC)
stats = ended(dom)
assert stats["type"] == libvirt.VIR_DOMAIN_JOB_COMPLETED and stats["success"], stats
assert stats["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_SAVE, stats
assert stats["data_total"] == stats["data_processed"] > 0, stats
assert os.path.exists(image) and not dom.isActive()
conn.restoreFlags(image, None, ASYNC)
assert ended(dom)["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_RESTORE
assert dom.state() == [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_RESTORED], dom.state()
dom.managedSave(ASYNC)
assert ended(dom)["success"] and dom.hasManagedSaveImage()
dom.createWithFlags(ASYNC)
assert ended(dom)["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_START
dom.coreDump(image, ASYNC | libvirt.VIR_DUMP_MEMORY_ONLY)
assert ended(dom)["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_DUMP
conn.close()
END
    check virsh destroy t
else
    echo "not tried: python3-libvirt is not installed"
fi

equal "$(virsh -q snapshot-list g)" ""
equal "$(virsh -q checkpoint-list g)" ""
expect 1 "no current snapshot" virsh snapshot-current g
refuse virsh snapshot-list none
check virsh destroy g
check virsh undefine g --managed-save --snapshots-metadata --checkpoints-metadata
check virsh undefine idle --nvram
equal "$(virsh list --all --name | tr -d '\n')" ""
wait_until 10 no_guests
# the other names it can be opened by
for name in test+unix:///default qemu+unix:///session; do
    check command virsh -c "$name?socket=$dir/run/virtjobd-sock" list --all
done
expect 1 "this daemon serves" command virsh \
    -c "qemu+unix:///system?socket=$dir/run/virtjobd-sock" list
stop_daemon
