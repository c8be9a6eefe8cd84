/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/qemu/complete*.c and live*.c: a client's definition, what is made of it, and
 * what runs, compared with stored ones (VIRTJOBD_TEST_REGENERATE=1 writes them anew).  Those are
 * what libvirt 9.0 makes of the same definitions.
 */

#include "complete-fixture.h"
#include "xml/job_xml.h"

static const char *const golden_names[] = {
    "install-q35", "install-pc", "pc-buses", "q35-buses", "chain", "kernel",
    "given-q35",   "given-pc",   "bridges",  "ports",     "bare",
};

static char *client_text(const char *name)
{
    _cleanup_free_ char *file = xasprintf("%s.xml", name);

    return domain_text(file);
}

START_TEST(test_golden)
{
    const char *name = golden_names[_i];
    _cleanup_free_ char *xml = client_text(name), *text = NULL;
    _cleanup_domain_def_ struct domain_def *def = complete(xml), *again = NULL;
    _cleanup_xml_doc_ xmlDocPtr live = make_live(def);

    compare_stored(name, "def", def->xml);
    text = domain_doc_format(live);
    compare_stored(name, "live", text);
    again = complete(def->xml); /* what is complete stays as it is */
    fixture_same(again->xml, def->xml);
}
END_TEST

/* A document of a guest that runs, sent back: the same guest, without what only a run has. */
START_TEST(test_live_sent_back)
{
    static const char *const names[] = { "install-q35", "install-pc", "pc-buses", "q35-buses",
                                         "given-q35", "given-pc", "ports" };
    _cleanup_free_ char *xml = client_text(names[_i]), *text = NULL, *text_again = NULL;
    _cleanup_domain_def_ struct domain_def *def = complete(xml), *again = NULL;
    _cleanup_xml_doc_ xmlDocPtr live = make_live(def), live_again = NULL;

    text = domain_doc_format(live);
    again = complete(text);
    ck_assert_int_eq(again->id, -1);
    live_again = make_live(again);
    text_again = domain_doc_format(live_again);
    fixture_same(text_again, text);
}
END_TEST

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Of a document those lines that say what devices are called and where they are, sorted. */
static char *device_lines(const char *text)
{
    static const char *const words[] = { "<address", "<alias", "<input" };
    _cleanup_free_ char *copy = xstrdup(text), **lines = xcalloc(strlen(text) + 1, sizeof(*lines));
    char *all = xstrdup(""), *state;
    size_t n = 0;

    for (char *line = strtok_r(copy, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
            if (strstr(line, words[i]))
                lines[n++] = line;
    qsort(lines, n, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < n; i++) {
        char *longer = xasprintf("%s%s\n", all, lines[i]);

        free(all);
        all = longer;
    }
    return all;
}

/*
 * What libvirt writes into a save image leaves out what it takes for granted.  The same devices
 * as in the guest that it was, in whatever order.
 */
START_TEST(test_saved_by_libvirt)
{
    static const char *const names[] = { "install-q35", "pc-buses" };
    _cleanup_free_ char *saved_name = xasprintf("saved-%s", names[_i]);
    _cleanup_free_ char *saved = client_text(saved_name), *xml = client_text(names[_i]);
    _cleanup_domain_def_ struct domain_def *def = complete(saved), *own = complete(xml);
    _cleanup_xml_doc_ xmlDocPtr live = make_live(def), own_live = make_live(own);
    _cleanup_free_ char *text = domain_doc_format(live), *own_text = domain_doc_format(own_live);
    _cleanup_free_ char *devices = device_lines(text), *own_devices = device_lines(own_text);

    fixture_same(devices, own_devices);
    compare_stored(saved_name, "live", text);
}
END_TEST

/* --- one definition, changed --- */

static const char small[] =
    "<domain type='qemu'><name>small</name><memory unit='MiB'>64</memory>@HEAD@"
    "<os><type machine='@MACHINE@'>hvm</type>@OS@</os><devices>@DEVICES@</devices></domain>";

struct parts {
    const char *machine, *head, *os, *devices;
};

static char *small_text(const struct parts *parts)
{
    _cleanup_free_ char *a = fixture_replace(small, "@MACHINE@", parts->machine ?: "q35");
    _cleanup_free_ char *b = fixture_replace(a, "@HEAD@", parts->head ?: "");
    _cleanup_free_ char *c = fixture_replace(b, "@OS@", parts->os ?: "");
    _cleanup_free_ char *d = fixture_replace(c, "@DEVICES@", parts->devices ?: "");

    return fixture_replace(d, "@DIR@", scratch_path);
}

#define VDA "<disk><source file='@DIR@/a.img'/><target dev='vda'/>"
#define NIC "<interface type='user'><model type='virtio'/>"
#define TABLET "<input type='tablet' bus='usb'/>"
#define USB(port) "<address type='usb' bus='0' port='" port "'/>"
#define PCI(bus, slot, function) \
    "<address type='pci' bus='" bus "' slot='" slot "' function='" function "'/>"

/* What is given, and a line that is found in what becomes of it. */
static const struct {
    struct parts parts;
    const char *found;
} made[] = {
    { { .machine = "pc" }, "machine='pc-i440fx-7.2'" },
    { { .machine = "pc-q35-7.2" }, "machine='pc-q35-7.2'" },
    { { 0 }, "<currentMemory unit='KiB'>65536</currentMemory>" },
    { { .head = "<currentMemory unit='MiB'>65</currentMemory>" },
      "<currentMemory unit='KiB'>65536</currentMemory>" },
    { { .head = "<currentMemory unit='B'>1025</currentMemory>" },
      "<currentMemory unit='KiB'>2</currentMemory>" },
    { { .head = "<vcpu>8</vcpu>" }, "<vcpu placement='static'>8</vcpu>" },
    { { .head = "<clock offset='variable'/>" },
      "<clock offset='variable' adjustment='0' basis='utc'/>" },
    { { .head = "<on_crash>restart</on_crash>" }, "<on_crash>restart</on_crash>" },
    { { .head = "<features><hyperv><relaxed state='on'/></hyperv></features>" },
      "<hyperv mode='custom'>" },
    { { .head = "<cpu mode='host-model'/>" }, "<cpu mode='host-model' check='partial'/>" },
    { { .head = "<cpu mode='maximum'/>" }, "<cpu mode='maximum' check='none'/>" },
    { { .os = "<boot dev='cdrom'/><boot dev='hd'/>" }, "<boot dev='cdrom'/>" },
    { { .devices = VDA "</disk>" }, "<driver name='qemu' type='raw'/>" },
    { { .devices = VDA "</disk>" }, "<target dev='vda' bus='virtio'/>" },
    { { .devices = NIC "</interface>" }, "<mac address='52:54:00:" },
    { { .devices = "<interface type='user'/>" }, "<model type='rtl8139'/>" },
    { { .devices = "<interface type='network'><source network='lan'/></interface>" },
      "<source network='lan'/>" },
    { { .devices = "<graphics type='vnc'/>" }, "<model type='cirrus' vram='16384'" },
    { { .devices = "<graphics type='vnc' port='5901'/>" }, "port='5901' autoport='no'" },
    { { .devices = "<graphics type='vnc' autoport='yes' listen='::1'/>" },
      "<listen type='address' address='::1'/>" },
    { { .devices = "<video><model type='qxl'/></video>" },
      "<model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1' primary='yes'/>" },
    { { .devices = "<rng><backend>/dev/random</backend></rng>" }, "<rng model='virtio'>" },
    { { .devices = "<watchdog/>" }, "<watchdog model='i6300esb' action='reset'>" },
    { { .devices = "<panic/>" }, "<panic model='isa'/>" },
    { { .devices = TABLET TABLET TABLET TABLET TABLET }, "<hub type='usb'>" },
    { { .devices = "<serial type='pty'/>" }, "<console type='pty'>" },
    { { .devices = "<console type='pty'/>" }, "<serial type='pty'>" },
    { { .devices = "<controller type='scsi'/>" }, "model='lsilogic'" },
    { { .machine = "pc", .devices = "<controller type='usb'/>" }, "model='piix3-uhci'" },
    { { .devices = "<memballoon model='none'/>" }, "<memballoon model='none'/>" },
    { { .head = "<title>T &amp; t</title>" }, "<title>T &amp; t</title>" },
    { { .head = "<x:y xmlns:x='urn:x'/>" }, "xmlns:x=" }, /* what nobody knows stays */
};

START_TEST(test_made)
{
    _cleanup_free_ char *xml = small_text(&made[_i].parts);
    _cleanup_domain_def_ struct domain_def *def = complete(xml);

    ck_assert_msg(strstr(def->xml, made[_i].found), "no %s", made[_i].found);
}
END_TEST

/* What a client sends back is not the daemon's word for good. */
START_TEST(test_dropped)
{
    static const struct {
        struct parts parts;
        const char *lost;
    } cases[] = {
        { { .head = "<iothreads>0</iothreads>" }, "iothreads" },
        { { .head = "<j:job xmlns:j='" JOB_XML_NAMESPACE "' id='1'/>" }, "j:job" },
        { { .devices = NIC "<target dev='vnet7'/></interface>" }, "vnet7" },
        { { .devices = NIC "<alias name='net7'/></interface>" }, "alias" },
        { { .devices = "<serial type='pty' tty='/dev/pts/7'><source path='/dev/pts/7'/></serial>" },
          "/dev/pts" },
        { { .devices = "<disk device='cdrom'><source/><target dev='sda' bus='sata'/></disk>" },
          "<source" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *xml = small_text(&cases[i].parts);
        _cleanup_domain_def_ struct domain_def *def = complete(xml);

        ck_assert_msg(!strstr(def->xml, cases[i].lost), "%s", cases[i].lost);
    }
}
END_TEST

/* A UUID and MAC addresses that nobody has, each time. */
START_TEST(test_made_up)
{
    struct parts parts = { .devices = NIC "</interface>" NIC "</interface>" };
    _cleanup_free_ char *xml = small_text(&parts);
    _cleanup_domain_def_ struct domain_def *one = complete(xml), *other = complete(xml);
    const char *mac, *second, *theirs;

    ck_assert_mem_ne(one->uuid, other->uuid, sizeof(one->uuid));
    mac = strstr(one->xml, "52:54:00:");
    second = strstr(mac + 1, "52:54:00:");
    theirs = strstr(other->xml, "52:54:00:");
    ck_assert_int_ne(strncmp(mac, second, 17), 0);
    ck_assert_int_ne(strncmp(mac, theirs, 17), 0);
}
END_TEST

/* --- refused --- */

#define XML VIR_ERR_XML_ERROR
#define NOT VIR_ERR_CONFIG_UNSUPPORTED

static const struct {
    struct parts parts;
    int code;
    const char *reason;
} refusals[] = {
    /* the domain */
    { { .machine = "microvm" }, NOT, "does not support machine type 'microvm'" },
    { { .head = "<vcpu>256</vcpu>" }, NOT, "is 255, not 256" },
    { { .head = "<vcpu>0</vcpu>" }, XML, "malformed vcpu element '0'" },
    { { .head = "<vcpu placement='auto'>1</vcpu>" }, NOT, "placement='auto'" },
    { { .head = "<uuid>1234</uuid>" }, XML, "malformed uuid element '1234'" },
    { { .head = "<cpu><model>nope</model></cpu>" }, NOT, "CPU model 'nope'" },
    { { .head = "<cpu mode='host-passthrough'/>" }, NOT, "domain type 'kvm'" },
    { { .head = "<cpu><numa/></cpu>" }, NOT, "cpu/numa" },
    { { .head = "<vcpu>2</vcpu><cpu><topology sockets='1' cores='3' threads='1'/></cpu>" }, NOT,
      "topology doesn't match" },
    { { .head = "<cpu><topology sockets='1' cores='0' threads='1'/></cpu>" }, XML, "'cores'" },
    { { .head = "<cpu><feature name='aes' policy='x'/></cpu>" }, XML, "policy of CPU feature" },
    { { .head = "<on_reboot>what</on_reboot>" }, NOT, "on_reboot action 'what'" },
    { { .head = "<clock offset='moon'/>" }, NOT, "offset='moon'" },
    { { .head = "<maxMemory/>" }, NOT, "element maxMemory" },
    { { .head = "<iothreads>x</iothreads>" }, XML, "iothreads count 'x'" },
    { { .head = "<iothreadids><iothread id='0'/></iothreadids>" }, XML, "'0' of id" },
    { { .head = "<iothreadids><iothread id='1'/><iothread id='1'/></iothreadids>" }, XML,
      "duplicate iothread id '1'" },
    { { .head = "<iothreadids><iothread id='1' thread_pool_min='2' thread_pool_max='1'/>"
                "</iothreadids>" }, XML, "greater than its thread_pool_max" },
    { { .head = "<iothreads>1</iothreads><cputune><iothreadpin iothread='2' cpuset='0'/></cputune>" },
      XML, "Cannot find 'iothread' : 2" },
    { { .devices = VDA "<driver iothread='1'/></disk>" }, NOT, "Disk iothread '1' not defined" },
    { { .devices = VDA "<iotune><total_bytes_sec>1000000000000001</total_bytes_sec></iotune></disk>" },
      VIR_ERR_ARGUMENT_UNSUPPORTED, "no more than 1000000000000000" },
    { { .devices = VDA "<iotune><read_iops_sec_max>1</read_iops_sec_max></iotune></disk>" }, NOT,
      "'read_iops_sec' is not set" },
    { { .head = "<launchSecurity type='sev'/>" }, NOT, "launchSecurity" },
    { { .os = "<loader type='pflash'>/x</loader>" }, NOT, "type='pflash'" },
    { { .os = "<boot dev='fd'/>" }, NOT, "boot device 'fd'" },
    { { .os = "<boot/>" }, XML, "missing dev" },
    { { .os = "<boot dev='hd'/>", .devices = VDA "<boot order='1'/></disk>" }, NOT, "per-device" },
    { { .devices = VDA "<boot order='1'/></disk>" NIC "<boot order='1'/></interface>" }, NOT,
      "boot order '1'" },
    { { .devices = VDA "<boot order='0'/></disk>" }, XML, "boot order" },

    /* the emulator */
    { { .devices = "<emulator>/nonexistent</emulator>" }, VIR_ERR_SYSTEM_ERROR, "/nonexistent" },
    { { .devices = "<emulator>qemu</emulator>" }, XML, "'qemu' is not an absolute path" },

    /* devices nobody provides */
    { { .devices = "<sound model='ich9'/>" }, NOT, "device sound is not provided" },
    { { .devices = "<tpm model='tpm-tis'/>" }, NOT, "device tpm" },
    { { .devices = "<hostdev type='pci'/>" }, NOT, "device hostdev of type 'pci'" },
    { { .devices = "<graphics type='spice'/>" }, NOT, "type='spice'" },
    { { .devices = "<graphics type='vnc'/><graphics type='vnc'/>" }, NOT, "only one" },
    { { .devices = "<memballoon/><memballoon/>" }, NOT, "memballoon" },

    /* addresses nobody provides */
    { { .devices = VDA "<address type='p\\i' slot='0x07'/></disk>" }, NOT,
      "address of type 'p\\i' of element disk" },
    { { .devices = VDA "<address slot='0x07'/></disk>" }, XML, "No type specified" },
    { { .devices = VDA "<address type='drive'/></disk>" }, NOT, "address of type 'drive'" },

    /* disks */
    { { .devices = VDA "</disk>" VDA "</disk>" }, XML, "target 'vda' duplicated" },
    { { .devices = "<disk><source file='/x'/></disk>" }, XML, "missing target" },
    { { .devices = "<disk><source file='/x'/><target dev='vd1'/></disk>" }, XML, "'vd1'" },
    { { .devices = "<disk><target dev='vda'/></disk>" }, XML, "missing source" },
    { { .devices = "<disk><source file='/x'/><target dev='hda'/></disk>" }, NOT, "IDE" },
    { { .machine = "pc", .devices = "<disk><source file='/x'/><target dev='hde'/></disk>" }, NOT,
      "four drives" },
    { { .machine = "pc",
        .devices = "<disk><source file='/x'/><target dev='hda'/>"
                   "<address type='drive' controller='1'/></disk>" },
      NOT, "there is only one" },
    { { .devices = "<disk><source file='/x'/><target dev='xvda'/></disk>" }, NOT, "bus 'xen'" },
    { { .devices = "<disk type='network'><target dev='vda'/></disk>" }, NOT, "type='network'" },
    { { .devices = "<disk device='floppy'><target dev='fda'/></disk>" }, NOT, "device='floppy'" },
    { { .devices = VDA "<transient/></disk>" }, NOT, "disk/transient" },
    { { .devices = "<disk><source file='/x'/><target dev='sda' bus='sata'/>"
                   "<address type='drive' unit='1'/></disk>"
                   "<disk><source file='/y'/><target dev='sdb' bus='sata'/></disk>" }, NOT,
      "duplicate drive address" },
    { { .devices = "<disk><source file='/x'/><target dev='sda' bus='scsi'/>"
                   "<address type='drive' target='3' unit='0'/></disk>" }, NOT, "lsilogic" },

    /* interfaces */
    { { .devices = "<interface type='network'><source network='nope'/></interface>" }, NOT,
      "network 'nope' is not in the config's key \"networks\"" },
    { { .devices = "<interface type='network'/>" }, XML, "missing source network" },
    { { .devices = "<interface type='bridge'/>" }, XML, "missing source bridge" },
    { { .devices = "<interface type='direct'/>" }, NOT, "type='direct'" },
    { { .devices = "<interface/>" }, XML, "missing type" },
    { { .devices = "<interface type='user'><mac address='53:54:00:00:00:01'/></interface>" }, XML,
      "MAC address" },
    { { .devices = "<interface type='user'><mac address='52:54'/></interface>" }, XML, "MAC" },
    { { .devices = NIC "<bandwidth/></interface>" }, NOT, "interface/bandwidth" },

    /* PCI */
    { { .devices = NIC PCI("0", "7", "0") "</interface>" NIC PCI("0", "7", "0") "</interface>" },
      XML, "double use of PCI Address 0000:00:07.0" },
    { { .devices = NIC PCI("0", "0x1f", "0") "</interface>" }, XML, "double use" },
    { { .devices = NIC PCI("0", "32", "0") "</interface>" }, XML, "at most 31" },
    { { .devices = NIC PCI("0", "7", "8") "</interface>" }, XML, "at most 7" },
    { { .devices = NIC PCI("1", "1", "0") "</interface>" }, XML, "has slots 0 to 0" },
    { { .devices = NIC "<address type='pci' domain='1' bus='0' slot='7'/></interface>" }, XML,
      "domain" },
    { { .devices = "<controller type='sata' index='0'>" PCI("0", "7", "0") "</controller>" }, XML,
      "must have PCI address 0000:00:1f.2" },
    { { .devices = "<controller type='pci' index='0' model='pci-root'/>" }, XML, "pcie-root" },
    { { .devices = "<controller type='pci' index='1' model='pcie-root'/>" }, XML, "index='0'" },
    { { .devices = "<controller type='pci' index='1'/>" }, XML, "missing model" },
    { { .machine = "pc", .devices = "<controller type='pci' index='1' model='pcie-root-port'/>" },
      NOT, "needs machine type 'q35'" },

    /* other controllers */
    { { .devices = "<controller/>" }, XML, "missing type" },
    { { .devices = "<controller type='xenbus'/>" }, NOT, "type='xenbus'" },
    { { .devices = "<controller type='usb' index='256'/>" }, XML, "at most 255" },
    { { .devices = "<controller type='sata' index='1'/><controller type='sata' index='1'/>" }, XML,
      "Multiple 'sata' controllers with index '1'" },
    { { .machine = "pc", .devices = "<controller type='ide' index='1'/>" }, NOT, "single IDE" },
    { { .devices = "<controller type='ide'/>" }, NOT, "IDE" },

    /* USB */
    { { .devices = "<controller type='usb' model='none'/>" TABLET }, NOT, "USB is disabled" },
    { { .devices = "<input type='tablet' bus='usb'>" USB("1.1") "</input>" }, XML, "'1.1'" },
    { { .devices = "<input type='tablet' bus='usb'>" USB("5") "</input>" }, XML, "'5'" },
    { { .devices = "<input type='tablet' bus='usb'>" USB("1.x") "</input>" }, XML, "'1.x'" },
    { { .devices = "<input type='tablet' bus='usb'>" USB("1.1.1.1.1") "</input>" }, XML,
      "'1.1.1.1.1'" },
    { { .devices = "<hub type='usb'>" USB("1") "</hub><input type='mouse' bus='usb'>" USB("1")
                   "</input>" }, XML, "Duplicate USB address bus 0 port 1" },
    { { .devices = "<input type='mouse' bus='usb'><address type='usb' bus='3'/></input>" }, XML,
      "No free USB ports" },

    /* character devices */
    { { .devices = "<serial type='file'/>" }, XML, "missing source path" },
    { { .devices = "<serial type='udp'/>" }, NOT, "type='udp'" },
    { { .devices = "<console type='pty'/><console type='pty'/>" }, NOT, "first console" },
    { { .devices = "<channel type='unix'/>" }, XML, "missing target" },
    { { .devices = "<channel type='unix'><target type='virtio'/></channel>" }, XML, "target name" },
    { { .devices = "<channel type='unix'><target type='virtio' name='a/b'/></channel>" }, XML,
      "invalid channel name" },
    { { .devices = "<channel type='pty'><target type='virtio' name='a'/>"
                   "<address type='virtio-serial' port='1'/></channel>"
                   "<channel type='pty'><target type='virtio' name='b'/>"
                   "<address type='virtio-serial' port='1'/></channel>" }, XML,
      "port 1 on controller 0 is already occupied" },

    /* video */
    { { .devices = "<video><model type='qxl'/></video><video><model type='vga'/></video>" }, NOT,
      "only valid as primary" },
    { { .devices = "<video><model type='none'/></video><video/>" }, NOT, "'none' video type" },
    { { .devices = "<video><model type='virtio'><acceleration accel3d='yes'/></model></video>" },
      NOT, "accel3d='yes'" },
};

static void assert_refused(const char *xml, bool validate, int code, const char *reason)
{
    ck_assert_ptr_null(domain_complete(&host, xml, validate, &err));
    ck_assert_msg(err.code == code && strstr(verror_text(&err), reason), "%d %s, not %d %s in %s",
                  err.code, verror_text(&err), code, reason, xml);
    verror_clear(&err);
}

START_TEST(test_refused)
{
    _cleanup_free_ char *xml = small_text(&refusals[_i].parts);

    assert_refused(xml, false, refusals[_i].code, refusals[_i].reason);
}
END_TEST

/* The outermost parts, each missing or wrong. */
START_TEST(test_refused_outside)
{
    static const struct {
        const char *from, *to;
        int code;
        const char *reason;
    } cases[] = {
        { "type='qemu'", "", XML, "missing domain type" },
        { "type='qemu'", "type='xen'", NOT, "domain type 'xen'" },
        { "<name>small</name>", "", XML, "name" },
        { "<memory unit='MiB'>64</memory>", "", XML, "<memory>" },
        { "unit='MiB'", "unit='furlong'", XML, "furlong" },
        { "hvm", "xen", NOT, "os type 'xen'" },
        { "hvm", "", XML, "os <type>" },
        { "<type ", "<type arch='aarch64' ", NOT, "architecture 'aarch64'" },
        { "</domain>", "", XML, "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct parts parts = { 0 };
        _cleanup_free_ char *xml = small_text(&parts);
        _cleanup_free_ char *changed = fixture_replace(xml, cases[i].from, cases[i].to);

        assert_refused(changed, false, cases[i].code, cases[i].reason);
    }
}
END_TEST

static char *repeated(const char *device, unsigned int n)
{
    char *text = xstrdup("");

    while (n-- > 0) {
        char *longer = xasprintf("%s%s", text, device);

        free(text);
        text = longer;
    }
    return text;
}

/* More than there are buses for, ports for, and more than anybody needs. */
START_TEST(test_refused_many)
{
    static const struct {
        const char *device;
        unsigned int n;
        const char *reason;
    } cases[] = {
        { "<rng><backend model='random'>/dev/random</backend></rng>", 270, "PCI" },
        { "<controller type='usb' model='qemu-xhci'/>", 257, "controllers of type 'usb'" },
        { TABLET, 1000, "No free USB ports" },
        { TABLET, 1025, "more than 1024 devices" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *devices = repeated(cases[i].device, cases[i].n);
        struct parts parts = { .devices = devices };
        _cleanup_free_ char *xml = small_text(&parts);

        assert_refused(xml, false, XML, cases[i].reason);
    }
}
END_TEST

/* VIR_DOMAIN_DEFINE_VALIDATE: what means nothing is an error only then. */
START_TEST(test_validate)
{
    static const struct parts cases[] = {
        { .head = "<strange/>" },
        { .os = "<strange/>" },
        { .devices = "<panic><strange/></panic>" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *xml = small_text(&cases[i]);
        _cleanup_domain_def_ struct domain_def *def = complete(xml);

        assert_refused(xml, true, XML, "Did not expect element strange");
    }
}
END_TEST

/* --- what is missing when it is to run --- */

START_TEST(test_live_missing)
{
    static const struct {
        struct parts parts;
        int code;
        const char *reason;
    } cases[] = {
        { { .devices = "<disk><source file='@DIR@/none.img'/><target dev='vda'/></disk>" },
          VIR_ERR_SYSTEM_ERROR, "none.img" },
        { { .os = "<kernel>@DIR@/no-kernel</kernel>" }, VIR_ERR_SYSTEM_ERROR, "no-kernel" },
        { { .os = "<kernel>@DIR@/kernel</kernel><initrd>@DIR@/no-initrd</initrd>" },
          VIR_ERR_SYSTEM_ERROR, "no-initrd" },
        { { .devices = "<disk type='volume'><source pool='images' volume='none'/>"
                       "<target dev='vda'/></disk>" }, VIR_ERR_NO_STORAGE_VOL, "'none'" },
    };

    const struct live_sources none = { .nvolumes = 0 };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *xml = small_text(&cases[i].parts);
        _cleanup_domain_def_ struct domain_def *def = complete(xml);

        ck_assert_ptr_null(domain_make_live(&host, def, 1, "/x", &none, &err));
        ck_assert_msg(err.code == cases[i].code && strstr(verror_text(&err), cases[i].reason),
                      "%d %s", err.code, verror_text(&err));
        verror_clear(&err);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("complete");
    TCase *tcase = tcase_create("complete");

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, complete_setup, complete_teardown);
    tcase_add_loop_test(tcase, test_golden, 0, ARRAY_SIZE(golden_names));
    tcase_add_loop_test(tcase, test_live_sent_back, 0, 7);
    tcase_add_loop_test(tcase, test_saved_by_libvirt, 0, 2);
    tcase_add_loop_test(tcase, test_made, 0, ARRAY_SIZE(made));
    tcase_add_test(tcase, test_dropped);
    tcase_add_test(tcase, test_made_up);
    tcase_add_loop_test(tcase, test_refused, 0, ARRAY_SIZE(refusals));
    tcase_add_test(tcase, test_refused_outside);
    tcase_add_test(tcase, test_refused_many);
    tcase_add_test(tcase, test_validate);
    tcase_add_test(tcase, test_live_missing);
    return scratch_run(suite);
}
