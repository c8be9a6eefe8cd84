/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/domain_abi.c: what may differ between a guest's definitions, and what may not. */

#include "domain-fixture.h"
#include "scratch.h"

/* The fixture with one thing changed. */
struct abi_case {
    const char *from, *to;
    const char *reason; /* NULL: may differ */
};

static void check(const char *xml, const struct abi_case *cases, size_t n)
{
    _cleanup_domain_def_ struct domain_def *old = domain_must(xml);

    for (size_t i = 0; i < n; i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;
        _cleanup_free_ char *changed = text_replace(xml, cases[i].from, cases[i].to);
        _cleanup_domain_def_ struct domain_def *new = domain_must(changed);
        int result = domain_def_check_abi(old, new, &err);

        ck_assert_msg(result == (cases[i].reason ? -1 : 0), "%s -> %s: %s", cases[i].from,
                      cases[i].to, verror_text(&err));
        if (cases[i].reason)
            ck_error(&err, VIR_ERR_CONFIG_UNSUPPORTED, cases[i].reason);
    }
}

START_TEST(test_domain)
{
    static const struct abi_case cases[] = {
        { "<name>web1</name>", "<name>other</name>", NULL },
        { "Web server", "Mail server", NULL },
        { "<description>First", "<description>Last", NULL },
        { "urn:example:app", "urn:example:other", NULL },
        { "1048576</currentMemory>", "524288</currentMemory>", NULL },
        { "<on_crash>destroy", "<on_crash>restart", NULL },
        { "level='3'", "level='4'", NULL },
        { "qemu-system-x86_64", "kvm", NULL },
        { "check='none'", "check='full'", NULL },
        { "fallback='forbid'", "fallback='allow'", NULL },
        { "type='kvm'", "type='qemu'",
          "Target domain virt type 'qemu' does not match source 'kvm'" },
        { "3f1c7a52", "3f1c7a53",
          "Target domain uuid 3f1c7a53-6a0e-4b1d-9c58-20d9e4a7b613 does not match source "
          "3f1c7a52-6a0e-4b1d-9c58-20d9e4a7b613" },
        { "2097152</memory>", "2097153</memory>",
          "Target domain max memory 2097153 does not match source 2097152" },
        { ">4</vcpu>", ">5</vcpu>", "Target domain vCPU max 5 does not match source 4" },
        { "current='2'", "current='3'", "Target domain vCPU count 3 does not match source 2" },
        { ">hvm<", ">xen<", "Target domain OS type 'xen' does not match source 'hvm'" },
        { "arch='x86_64'", "arch='i686'", "Target domain architecture 'i686'" },
        { "pc-q35-7.2", "pc-q35-7.1",
          "Target domain machine type 'pc-q35-7.1' does not match source 'pc-q35-7.2'" },
        { "<boot dev='hd'/>", "<boot dev='hd'/><smbios mode='host'/>",
          "Target domain smbios mode 'host' does not match source 'emulate'" },
        { "<boot dev='hd'/>", "<loader>/fw</loader>", "Target domain element loader 'loader'" },
        { "<apic/>", "", "Target domain features element '' does not match source 'apic'" },
        { "<apic/>", "<apic/><pae/>", "Target domain features element 'pae'" },
        { "<apic/>", "<apic eoi='on'/>", "Target domain apic eoi 'on' does not match source ''" },
        { ">qemu64<", ">kvm64<", "Target domain model 'kvm64' does not match source 'qemu64'" },
        { "cores='4'", "cores='2'", "Target domain topology cores '2' does not match source '4'" },
        { "name='x2apic'", "name='vme'", "Target domain feature name 'vme'" },
        { "offset='utc'", "offset='localtime'",
          "Target domain clock offset 'localtime' does not match source 'utc'" },
        { "name='hpet' present='no'", "name='hpet' present='yes'", "Target domain timer present" },
        { "</currentMemory>", "</currentMemory><maxMemory slots='2'>4194304</maxMemory>",
          "Target domain element maxMemory" },
        { "</currentMemory>", "</currentMemory><sysinfo type='smbios'/>",
          "Target domain element sysinfo" },
    };
    _cleanup_free_ char *xml = domain_data("domain-q35.xml");

    check(xml, cases, ARRAY_SIZE(cases));
}
END_TEST

START_TEST(test_devices)
{
    static const struct abi_case cases[] = {
        { "/srv/images/web1.qcow2", "/srv/other/web1.qcow2", NULL },
        { "type='qcow2' discard='unmap'", "type='qcow2' cache='none'", NULL },
        { "autoport='yes' listen='127.0.0.1'", "autoport='yes' listen='0.0.0.0'", NULL },
        { "/dev/urandom", "/dev/random", NULL },
        { "<serial type='pty'>", "<serial type='file'><source path='/log'/>", NULL },
        { "<interface type='user'>", "<interface type='bridge'><source bridge='br0'/>", NULL },
        { "52:54:00:1f:0c:77", "52:54:00:1F:0C:77", NULL },
        { "bus='0x04' slot='0x00'", "bus='4' slot='0'", NULL },
        { "function='0x1'/>", "function='0x1' multifunction='off'/>", NULL },
        { "ua-entropy", "ua-luck", NULL },
        { "bus='0x04' slot='0x00'", "bus='0x05' slot='0x00'",
          "Target disk device 1 address bus '0x05' does not match source '0x04'" },
        { "multifunction='on'", "multifunction='off'",
          "Target controller device 3 address multifunction 'off' does not match source 'on'" },
        { "dev='vda' bus='virtio'", "dev='vdb' bus='virtio'",
          "Target disk device 1 target dev 'vdb' does not match source 'vda'" },
        { "dev='vda' bus='virtio'", "dev='vda' bus='scsi'", "disk device 1 target bus 'scsi'" },
        { "dev='sda' bus='sata'/>\n      <readonly/>", "dev='sda' bus='sata'/>",
          "Target disk device 2 element readonly" },
        { "<disk type='file' device='cdrom'>", "<disk type='file' device='floppy'>",
          "Target disk device 2 device 'floppy' does not match source 'cdrom'" },
        { "<target dev='vda'", "<serial>S1</serial><target dev='vda'",
          "Target disk device 1 serial 'S1' does not match source ''" },
        { "<target dev='vda'", "<blockio logical_block_size='4096'/><target dev='vda'",
          "Target disk device 1 element blockio" },
        { "discard='unmap'", "discard='unmap' queues='4'",
          "Target disk device 1 driver queues '4' does not match source ''" },
        { "discard='unmap'", "discard='unmap' packed='on'", "driver packed 'on'" },
        { "model='qemu-xhci'", "model='nec-xhci'", "controller device 1 model 'nec-xhci'" },
        { "ports='15'", "ports='8'", "controller device 1 ports '8' does not match source '15'" },
        { "chassis='3'", "chassis='9'", "controller device 5 target chassis '9'" },
        { "<controller type='sata' index='0'", "<controller type='sata' index='1'",
          "index '1' does not match source '0'" },
        { "52:54:00:1f:0c:77", "52:54:00:1f:0c:78",
          "Target interface device 1 mac address '52:54:00:1f:0c:78' does not match source "
          "'52:54:00:1f:0c:77'" },
        { "<model type='virtio'/>", "<model type='e1000'/>",
          "interface device 1 model type 'e1000'" },
        { "<model type='virtio'/>", "<model type='virtio'/><rom bar='off'/>",
          "interface device 1 rom bar 'off' does not match source 'on'" },
        { "<input type='tablet'", "<input type='mouse'", "input device 1 type 'mouse'" },
        { "<input type='tablet' bus='usb'", "<input type='tablet' bus='virtio'",
          "input device 1 bus 'virtio'" },
        { "heads='1'", "heads='2'", "video device 1 model heads '2' does not match source '1'" },
        { "org.qemu.guest_agent.0", "org.qemu.guest_agent.1",
          "channel device 1 target name 'org.qemu.guest_agent.1'" },
        { "<target type='isa-serial' port='0'>", "<target type='isa-serial' port='1'>",
          "serial device 1 target port '1' does not match source '0'" },
        { "<memballoon model='virtio'>", "<memballoon model='virtio-transitional'>",
          "memballoon device 1 model" },
        { "<memballoon model='virtio'>", "<memballoon model='virtio' autodeflate='on'>",
          "memballoon device 1 autodeflate 'on' does not match source 'off'" },
        { "<rng model='virtio'>", "<rng model='virtio-non-transitional'>", "rng device 1 model" },
        { "<audio ", "<sound model='ich6'/><audio ",
          "Target domain sound device count 1 does not match source 0" },
        { "    <input type='mouse' bus='ps2'/>\n", "",
          "Target domain input device count 2 does not match source 3" },
        { "<audio ", "<panic model='isa'/><audio ", "Target domain panic device count 1" },
        { "<audio ", "<watchdog model='ib700'/><audio ", "Target domain watchdog device count 1" },
        { "<audio ", "<tpm model='tpm-crb'/><audio ", "Target domain tpm device count 1" },
        { "<audio ", "<vsock model='virtio'/><audio ", "Target domain vsock device count 1" },
        { "<audio ", "<hostdev mode='subsystem'/><audio ", "Target domain hostdev device count 1" },
        { "<audio ", "<memory model='dimm'/><audio ", "Target domain memory device count 1" },
        { "<audio ", "<shmem name='s'/><audio ", "Target domain shmem device count 1" },
        { "<audio ", "<iommu model='intel'/><audio ", "Target domain iommu device count 1" },
        { "<audio ", "<hub type='usb'/><audio ", "Target domain hub device count 1" },
        { "<audio ", "<redirdev bus='usb'/><audio ", "Target domain redirdev device count 1" },
        { "<audio ", "<smartcard mode='host'/><audio ", "Target domain smartcard device count 1" },
        { "<audio ", "<parallel type='null'/><audio ", "Target domain parallel device count 1" },
        { "<audio ", "<filesystem type='mount'/><audio ",
          "Target domain filesystem device count 1" },
    };
    _cleanup_free_ char *xml = domain_data("domain-q35.xml");

    check(xml, cases, ARRAY_SIZE(cases));
}
END_TEST

/* Rows for what the fixture has not. */
START_TEST(test_other_devices)
{
    static const struct abi_case cases[] = {
        { "model='isa'", "model='pvpanic'", "panic device 1 model 'pvpanic'" },
        { "model='i6300esb'", "model='ib700'", "watchdog device 1 model 'ib700'" },
        { "action='reset'", "action='poweroff'", NULL },
        { "model='ich6'", "model='ich9'", "sound device 1 model 'ich9'" },
        { "type='duplex'", "type='micro'", "sound device 1 codec type 'micro'" },
        { "<serial>abc</serial>", "<serial>ABC</serial>",
          "disk device 1 serial 'ABC' does not match source 'abc'" },
        { "<serial>abc</serial>", "", "disk device 1 serial '' does not match source 'abc'" },
        { "<wwn>5000c50015ea71ac</wwn>", "<wwn>5000c50015ea71ad</wwn>", "disk device 1 wwn" },
        { "cyls='16'", "cyls='17'", "disk device 1 geometry cyls '17'" },
        { "startport='2'", "startport='4'", "controller device 1 master startport '4'" },
        { "dir='share'", "dir='other'", "filesystem device 1 target dir 'other'" },
        { "source dir='/a'", "source dir='/b'", NULL },
        { "mtu size='9000'", "mtu size='1500'", "interface device 1 mtu size '1500'" },
        { "version='2.0'", "version='1.2'", "tpm device 1 backend version '1.2'" },
        { "name='shared'", "name='else'", "shmem device 1 name 'else'" },
        { ">4</size>", ">8</size>", "shmem device 1 size '8' does not match source '4'" },
        { "<node>0</node>", "<node>1</node>",
          "memory device 1 node '1' does not match source '0'" },
        { "aw_bits='48'", "aw_bits='39'", "iommu device 1 driver aw_bits '39'" },
        { "<source file='/f' index='1'/>", "<source file='/g' index='1'/>", NULL },
    };
    static const char devices[] =
        "<disk><source file='/f' index='1'/><target dev='sda'/><serial>abc</serial>"
        "<wwn>5000c50015ea71ac</wwn><geometry cyls='16' heads='2' secs='3'/></disk>"
        "<controller type='usb' index='0'><master startport='2'/></controller>"
        "<filesystem><source dir='/a'/><target dir='share'/></filesystem>"
        "<interface><mtu size='9000'/></interface>"
        "<sound model='ich6'><codec type='duplex'/></sound>"
        "<watchdog model='i6300esb' action='reset'/><panic model='isa'/>"
        "<tpm model='tpm-tis'><backend type='emulator' version='2.0'/></tpm>"
        "<shmem name='shared'><size unit='M'>4</size></shmem>"
        "<memory model='dimm'><target><size>1</size><node>0</node></target></memory>"
        "<iommu model='intel'><driver aw_bits='48'/></iommu>";
    _cleanup_free_ char *xml = xasprintf(DOMAIN_SMALL, "", devices);

    check(xml, cases, ARRAY_SIZE(cases));
}
END_TEST

/* One that runs and one that does not are the same machine. */
START_TEST(test_live_and_inactive)
{
    _cleanup_free_ char *live_xml = domain_data("domain-q35-live.xml");
    _cleanup_free_ char *inactive_xml = domain_data("domain-q35.xml");
    _cleanup_domain_def_ struct domain_def *live = domain_must(live_xml);
    _cleanup_domain_def_ struct domain_def *inactive = domain_must(inactive_xml);
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_msg(domain_def_check_abi(live, inactive, &err) == 0, "%s", verror_text(&err));
    ck_assert_msg(domain_def_check_abi(inactive, live, &err) == 0, "%s", verror_text(&err));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domain_abi");
    TCase *tcase = tcase_create("domain_abi");

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_domain);
    tcase_add_test(tcase, test_devices);
    tcase_add_test(tcase, test_other_devices);
    tcase_add_test(tcase, test_live_and_inactive);
    return scratch_run(suite);
}
