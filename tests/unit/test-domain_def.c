/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/domain_def.c and domain_disk.c: what the daemon sees of a domain, and refuses. */

#include "domain-fixture.h"
#include "scratch.h"

START_TEST(test_view)
{
    static const unsigned char uuid[16] = { 0x3f, 0x1c, 0x7a, 0x52, 0x6a, 0x0e, 0x4b, 0x1d,
                                            0x9c, 0x58, 0x20, 0xd9, 0xe4, 0xa7, 0xb6, 0x13 };
    _cleanup_free_ char *xml = domain_data("domain-q35.xml");
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml);

    ck_assert_int_eq(def->id, -1);
    ck_assert_str_eq(def->name, "web1");
    ck_assert_mem_eq(def->uuid, uuid, 16);
    ck_assert_str_eq(def->title, "Web server, 'old' & slow");
    ck_assert_str_eq(def->description, "First line\n\tsecond <line>");
    ck_assert_int_eq(def->virt, DOMAIN_VIRT_KVM);
    ck_assert_str_eq(def->os_type, "hvm");
    ck_assert_str_eq(def->arch, "x86_64");
    ck_assert_str_eq(def->machine, "pc-q35-7.2");
    ck_assert_str_eq(def->emulator, "/usr/bin/qemu-system-x86_64");
    ck_assert_ptr_null(def->kernel);
    ck_assert_uint_eq(def->memory_kib, 2097152);
    ck_assert_uint_eq(def->current_kib, 1048576);
    ck_assert_uint_eq(def->max_vcpus, 4);
    ck_assert_uint_eq(def->vcpus, 2);
    ck_assert_int_eq(def->on_poweroff, DOMAIN_ACTION_DESTROY);
    ck_assert_int_eq(def->on_reboot, DOMAIN_ACTION_RESTART);
    ck_assert_int_eq(def->on_crash, DOMAIN_ACTION_DESTROY);
    ck_assert_uint_eq(def->ndisks, 2);
    ck_assert_str_eq(def->disks[0].target, "vda");
    ck_assert_str_eq(def->disks[0].path, "/srv/images/web1.qcow2");
    ck_assert_str_eq(def->disks[0].format, "qcow2");
    ck_assert_ptr_null(def->disks[0].backing);
    ck_assert(!def->disks[0].is_cdrom && !def->disks[0].readonly && !def->disks[0].is_block);
    ck_assert_ptr_null(def->disks[1].path);
    ck_assert(def->disks[1].is_cdrom && def->disks[1].readonly);
}
END_TEST

START_TEST(test_live_view)
{
    _cleanup_free_ char *xml = domain_data("domain-q35-live.xml");
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml);

    ck_assert_int_eq(def->id, 8);
    ck_assert_uint_eq(def->disks[0].nbacking, 2);
    ck_assert_str_eq(def->disks[0].backing[0], "/srv/images/debian-12.qcow2");
    ck_assert_str_eq(def->disks[0].backing_formats[0], "qcow2");
    ck_assert_str_eq(def->disks[0].backing[1], "/srv/images/empty.img");
    ck_assert_str_eq(def->disks[0].backing_formats[1], "raw");
}
END_TEST

/* Ordinary things that the fixture has not. */
START_TEST(test_boot_files_and_defaults)
{
    _cleanup_free_ char *small = xasprintf(DOMAIN_SMALL, "", ""), *xml = NULL;
    _cleanup_domain_def_ struct domain_def *plain = domain_must(small), *def = NULL;

    ck_assert_int_eq(plain->virt, DOMAIN_VIRT_QEMU);
    ck_assert_uint_eq(plain->current_kib, 65536);
    ck_assert_uint_eq(plain->vcpus, 1);
    ck_assert_int_eq(plain->on_poweroff, DOMAIN_ACTION_DESTROY);
    ck_assert_int_eq(plain->on_reboot, DOMAIN_ACTION_RESTART);
    ck_assert_int_eq(plain->on_crash, DOMAIN_ACTION_DESTROY);
    ck_assert_ptr_null(plain->title);
    ck_assert_ptr_null(plain->description);
    ck_assert_uint_eq(plain->ndisks, 0);

    xml = text_replace(small, "</os>",
                       "<loader>/fw</loader><kernel>/k</kernel><initrd>/i</initrd>"
                       "<dtb>/d</dtb></os>");
    def = domain_must(xml);
    ck_assert_str_eq(def->loader, "/fw");
    ck_assert_str_eq(def->kernel, "/k");
    ck_assert_str_eq(def->initrd, "/i");
    ck_assert_str_eq(def->dtb, "/d");
}
END_TEST

START_TEST(test_memory)
{
    static const struct {
        const char *memory;
        uint64_t max, current;
    } cases[] = {
        { "<memory>1024</memory>", 1024, 1024 }, /* a bare number is KiB */
        { "<memory unit='b'>1025</memory>", 2, 2 },
        { "<memory unit='MiB'>3</memory>", 3072, 3072 },
        { "<memory unit='GB'>1</memory>", 976563, 976563 },
        { "<memory>1024</memory><currentMemory>512</currentMemory>", 1024, 512 },
        { "<memory>1024</memory><currentMemory unit='KB'>512</currentMemory>", 1024, 500 },
        { "<memory>1024</memory><currentMemory>4096</currentMemory>", 1024, 1024 },
        { "<memory>1024</memory><currentMemory>0</currentMemory>", 1024, 1024 },
    };
    _cleanup_free_ char *small = xasprintf(DOMAIN_SMALL, "", "");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *xml =
            text_replace(small, "<memory unit='KiB'>65536</memory>", cases[i].memory);
        _cleanup_domain_def_ struct domain_def *def = domain_must(xml);

        ck_assert_uint_eq(def->memory_kib, cases[i].max);
        ck_assert_uint_eq(def->current_kib, cases[i].current);
    }
}
END_TEST

START_TEST(test_events)
{
    static const struct {
        const char *name;
        enum domain_action action;
        bool crash_only;
    } cases[] = {
        { "destroy", DOMAIN_ACTION_DESTROY, false },
        { "restart", DOMAIN_ACTION_RESTART, false },
        { "preserve", DOMAIN_ACTION_PRESERVE, false },
        { "rename-restart", DOMAIN_ACTION_RENAME_RESTART, false },
        { "coredump-destroy", DOMAIN_ACTION_COREDUMP_DESTROY, true },
        { "coredump-restart", DOMAIN_ACTION_COREDUMP_RESTART, true },
    };
    static const char *const events[] = { "on_poweroff", "on_reboot", "on_crash" };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t e = 0; e < ARRAY_SIZE(events); e++) {
            _cleanup_verror_ struct verror err = VERROR_INIT;
            _cleanup_free_ char *element =
                xasprintf("<%s>%s</%s>", events[e], cases[i].name, events[e]);
            _cleanup_free_ char *xml = xasprintf(DOMAIN_SMALL, element, "");
            _cleanup_domain_def_ struct domain_def *def = domain_try(xml, &err);

            if (cases[i].crash_only && e != 2) {
                ck_assert_ptr_null(def);
                ck_error(&err, VIR_ERR_CONFIG_UNSUPPORTED, events[e]);
                continue;
            }
            ck_assert_msg(def != NULL, "%s", verror_text(&err));
            ck_assert_int_eq(e == 0   ? def->on_poweroff
                             : e == 1 ? def->on_reboot
                                      : def->on_crash,
                             cases[i].action);
        }
}
END_TEST

/* Each with one thing of DOMAIN_SMALL changed. */
START_TEST(test_refused)
{
    static const struct {
        const char *from, *to;
        int code;
        const char *reason;
    } cases[] = {
        { " type='qemu'", "", VIR_ERR_XML_ERROR, "missing domain type" },
        { "'qemu'", "'xen'", VIR_ERR_CONFIG_UNSUPPORTED, "domain type 'xen'" },
        { "'qemu'", "'hvf'", VIR_ERR_CONFIG_UNSUPPORTED, "domain type 'hvf'" },
        { "type='qemu'", "type='qemu' id='x'", VIR_ERR_XML_ERROR, "malformed id 'x'" },
        { "type='qemu'", "type='qemu' id='4294967296'", VIR_ERR_XML_ERROR, "malformed id" },
        { "<name>small</name>", "", VIR_ERR_XML_ERROR, "missing domain name" },
        { "small", "", VIR_ERR_XML_ERROR, "missing domain name" },
        { "small", "  \n ", VIR_ERR_XML_ERROR, "domain name is blank" },
        { "small", "a\nb", VIR_ERR_XML_ERROR, "domain name contains a control character" },
        { "small", "a/b", VIR_ERR_XML_ERROR, "domain name 'a/b' cannot contain '/'" },
        { "small", "..", VIR_ERR_XML_ERROR, "domain name cannot be '..'" },
        { "<uuid>", "<uuid>0", VIR_ERR_XML_ERROR, "malformed uuid" },
        { "<uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>", "", VIR_ERR_XML_ERROR,
          "missing domain uuid" },
        { "<vcpu>", "<title>a\nb</title><vcpu>", VIR_ERR_XML_ERROR, "title" },
        { "<memory unit='KiB'>65536</memory>", "", VIR_ERR_XML_ERROR, "missing domain memory" },
        { "65536", "0", VIR_ERR_XML_ERROR, "missing domain memory" },
        { "65536", "-1", VIR_ERR_XML_ERROR, "malformed memory element '-1'" },
        { "65536", "12cats", VIR_ERR_XML_ERROR, "malformed memory element '12cats'" },
        { "65536", "", VIR_ERR_XML_ERROR, "malformed memory element" },
        { "65536", "9007199254740992", VIR_ERR_OVERFLOW, "memory" },
        { "'KiB'", "'kilo'", VIR_ERR_XML_ERROR, "unknown unit 'kilo' of element memory" },
        { "<vcpu>", "<currentMemory unit='x'>1</currentMemory><vcpu>", VIR_ERR_XML_ERROR,
          "currentMemory" },
        { "<vcpu>1", "<vcpu>0", VIR_ERR_XML_ERROR, "malformed vcpu element '0'" },
        { "<vcpu>1", "<vcpu>two", VIR_ERR_XML_ERROR, "malformed vcpu element 'two'" },
        { "<vcpu>1", "<vcpu>65536", VIR_ERR_XML_ERROR, "malformed vcpu element '65536'" },
        { "<vcpu>", "<vcpu current='2'>", VIR_ERR_CONFIG_UNSUPPORTED, "1 < 2" },
        { "<vcpu>", "<vcpu current='0'>", VIR_ERR_XML_ERROR, "attribute current" },
        { "<vcpu>", "<on_crash>explode</on_crash><vcpu>", VIR_ERR_CONFIG_UNSUPPORTED,
          "unknown on_crash action 'explode'" },
        { "<vcpu>", "<on_reboot>explode</on_reboot><vcpu>", VIR_ERR_CONFIG_UNSUPPORTED,
          "unknown on_reboot action 'explode'" },
        { ">hvm<", "><", VIR_ERR_XML_ERROR, "os <type>" },
        { " arch='x86_64'", "", VIR_ERR_XML_ERROR, "missing arch" },
        { " machine='pc-i440fx-7.2'", "", VIR_ERR_XML_ERROR, "missing machine" },
        { "<emulator>/usr", "<emulator>usr", VIR_ERR_XML_ERROR, "not an absolute path" },
        { "<emulator>/usr/bin/qemu-system-x86_64</emulator>", "", VIR_ERR_XML_ERROR,
          "missing emulator" },
    };
    _cleanup_free_ char *small = xasprintf(DOMAIN_SMALL, "", "");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;
        _cleanup_free_ char *xml = text_replace(small, cases[i].from, cases[i].to);

        ck_assert_msg(domain_try(xml, &err) == NULL, "%s", xml);
        ck_error(&err, cases[i].code, cases[i].reason);
    }
}
END_TEST

START_TEST(test_other_root_refused)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document("<pool/>", "pool", NULL, &err);

    ck_assert_ptr_null(domain_def_from_doc(doc, &err));
    ck_error(&err, VIR_ERR_XML_ERROR, "expecting <domain>");
}
END_TEST

#define DISK(attributes, inside) "<disk " attributes ">" inside "<target dev='vda'/></disk>"
#define SOURCE "<source file='/a'/>"

START_TEST(test_disks)
{
    static const struct {
        const char *xml;
        const char *path, *format;
        bool is_block, is_cdrom, readonly, shareable;
    } cases[] = {
        { DISK("type='file'", SOURCE), "/a", "raw", false, false, false, false },
        { DISK("", SOURCE), "/a", "raw", false, false, false, false },
        { DISK("type='file' device='disk'", SOURCE "<readonly/><shareable/>"), "/a", "raw", false,
          false, true, true },
        { DISK("type='block' device='lun'", "<driver type='raw'/><source dev='/dev/sdb'/>"),
          "/dev/sdb", "raw", true, false, false, false },
        { DISK("type='file' device='floppy'", ""), NULL, "raw", false, true, false, false },
        { DISK("type='file' device='cdrom'", "<source file=''/>"), NULL, "raw", false, true, true,
          false },
        { DISK("type='block' device='cdrom'", "<source dev='/dev/sr0'/>"), "/dev/sr0", "raw", true,
          true, true, false },
        { DISK("type='file'", "<driver type='qcow2'/><source file='/a&apos;b'/>"), "/a'b", "qcow2",
          false, false, false, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_domain_def_ struct domain_def *def = domain_with(cases[i].xml);
        const struct domain_disk *disk = &def->disks[0];

        ck_assert_uint_eq(def->ndisks, 1);
        ck_assert_str_eq(disk->target, "vda");
        ck_assert_pstr_eq(disk->path, cases[i].path);
        ck_assert_str_eq(disk->format, cases[i].format);
        ck_assert_int_eq(disk->is_block, cases[i].is_block);
        ck_assert_int_eq(disk->is_cdrom, cases[i].is_cdrom);
        ck_assert_int_eq(disk->readonly, cases[i].readonly);
        ck_assert_int_eq(disk->shareable, cases[i].shareable);
        ck_assert_ptr_null(disk->pool);
        ck_assert_ptr_null(disk->backing);
    }
}
END_TEST

/* A volume has no path before it is looked up, whatever the document claims. */
START_TEST(test_volume_disks)
{
    static const char volume[] =
        DISK("type='volume'", "<source pool='p' volume='v.qcow2' file='/p/v.qcow2'/>");
    _cleanup_domain_def_ struct domain_def *def = domain_with(volume);
    _cleanup_domain_def_ struct domain_def *empty =
        domain_with(DISK("type='volume' device='cdrom'", ""));

    ck_assert_str_eq(def->disks[0].pool, "p");
    ck_assert_str_eq(def->disks[0].volume, "v.qcow2");
    ck_assert_ptr_null(def->disks[0].path);
    ck_assert_ptr_null(def->disks[0].format); /* the volume knows */
    ck_assert_ptr_null(empty->disks[0].pool);
}
END_TEST

#define BACKING(path, inside) \
    "<backingStore type='file'><source file='" path "'/>" inside "</backingStore>"

START_TEST(test_backing)
{
    static const struct {
        const char *xml;
        int n; /* -1: find out */
    } cases[] = {
        { "", -1 },
        { "<backingStore/>", 0 },
        { "<backingStore>\n</backingStore>", 0 },
        { BACKING("/b", ""), -1 }, /* begun only */
        { BACKING("/b", "<backingStore/>"), 1 },
        { BACKING("/b", BACKING("/c", "<format type='qcow2'/><backingStore/>")), 2 },
        { "<backingStore type='block'><source dev='/b'/><backingStore/></backingStore>", 1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *xml =
            xasprintf("<disk>" SOURCE "%s<target dev='vda'/></disk>", cases[i].xml);
        _cleanup_domain_def_ struct domain_def *def = domain_with(xml);
        const struct domain_disk *disk = &def->disks[0];

        ck_assert_int_eq(disk->backing ? (int)disk->nbacking : -1, cases[i].n);
        ck_assert(!disk->backing == !disk->backing_formats);
        if (cases[i].n >= 1) {
            ck_assert_str_eq(disk->backing[0], "/b");
            ck_assert_str_eq(disk->backing_formats[0], "raw");
        }
        if (cases[i].n == 2)
            ck_assert_str_eq(disk->backing_formats[1], "qcow2");
    }
}
END_TEST

START_TEST(test_disks_refused)
{
    static const struct {
        const char *xml;
        int code;
        const char *reason;
    } cases[] = {
        { DISK("type='network'", ""), VIR_ERR_CONFIG_UNSUPPORTED,
          "element disk of type 'network'" },
        { DISK("type='dir'", ""), VIR_ERR_CONFIG_UNSUPPORTED, "'dir'" },
        { DISK("type='nvme'", ""), VIR_ERR_CONFIG_UNSUPPORTED, "'nvme'" },
        { DISK("type='vhostuser'", ""), VIR_ERR_CONFIG_UNSUPPORTED, "'vhostuser'" },
        { DISK("type='vhostvdpa'", ""), VIR_ERR_CONFIG_UNSUPPORTED, "'vhostvdpa'" },
        { DISK("type='cloud'", ""), VIR_ERR_XML_ERROR, "invalid type 'cloud' of element disk" },
        { DISK("device='tape'", SOURCE), VIR_ERR_XML_ERROR, "invalid device 'tape'" },
        { DISK("", ""), VIR_ERR_XML_ERROR, "missing source of disk 'vda'" },
        { DISK("type='block'", SOURCE), VIR_ERR_XML_ERROR, "missing source of disk 'vda'" },
        { DISK("type='volume'", ""), VIR_ERR_XML_ERROR, "missing source of disk 'vda'" },
        { DISK("type='volume'", "<source pool='p'/>"), VIR_ERR_XML_ERROR, "'pool' and 'volume'" },
        { DISK("type='volume'", "<source volume='v'/>"), VIR_ERR_XML_ERROR, "'pool' and 'volume'" },
        { DISK("", "<source file='a'/>"), VIR_ERR_XML_ERROR,
          "disk source path 'a' is not absolute" },
        { DISK("", "<source file='/a&#10;'/>"), VIR_ERR_XML_ERROR, "control character" },
        { "<disk>" SOURCE "</disk>", VIR_ERR_XML_ERROR, "missing target dev of element disk" },
        { "<disk>" SOURCE "<target/></disk>", VIR_ERR_XML_ERROR, "missing target dev" },
        { DISK("", SOURCE) DISK("", "<source file='/b'/>"), VIR_ERR_XML_ERROR,
          "target 'vda' duplicated for disk sources '/a' and '/b'" },
        { DISK("", SOURCE "<backingStore type='network'><format/></backingStore>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "element backingStore of type 'network'" },
        { DISK("", SOURCE "<backingStore type='volume'><format/></backingStore>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "element backingStore of type 'volume'" },
        { DISK("", SOURCE "<backingStore><format type='raw'/></backingStore>"), VIR_ERR_XML_ERROR,
          "missing source of element backingStore of disk 'vda'" },
        { DISK("", SOURCE "<backingStore><source file='b'/></backingStore>"), VIR_ERR_XML_ERROR,
          "backingStore path 'b' is not absolute" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;
        _cleanup_free_ char *xml = xasprintf(DOMAIN_SMALL, "", cases[i].xml);

        ck_assert_msg(domain_try(xml, &err) == NULL, "%s", xml);
        ck_error(&err, cases[i].code, cases[i].reason);
    }
}
END_TEST

START_TEST(test_many_disks_refused)
{
    enum { DISKS = 2049 };
    _cleanup_free_ char *disks = xcalloc(DISKS, 64), *xml = NULL;
    char *at = disks;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    for (int i = 0; i < DISKS; i++)
        at += sprintf(at, "<disk device='cdrom'><target dev='d%d'/></disk>", i);
    xml = xasprintf(DOMAIN_SMALL, "", disks);
    ck_assert_ptr_null(domain_try(xml, &err));
    ck_error(&err, VIR_ERR_XML_ERROR, "more than 2048 disks");
}
END_TEST

/* An element <x> of so many letters. */
static char *large(size_t len)
{
    _cleanup_free_ char *fill = xcalloc(1, len + 1);

    memset(fill, 'x', len);
    return xasprintf("    <x>%s</x>\n", fill);
}

/* Whatever is taken can be read again, and what could not be is refused before. */
START_TEST(test_large)
{
    _cleanup_free_ char *empty = large(0), *small = xasprintf(DOMAIN_SMALL, "", empty);
    size_t room = XML_DOCUMENT_MAX - strlen(small);
    _cleanup_free_ char *most = large(room), *more = large(room + 1);
    _cleanup_domain_def_ struct domain_def *def = domain_with(most);
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    _cleanup_free_ char *xml = xasprintf(DOMAIN_SMALL, "", more);
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_uint_eq(strlen(def->xml), XML_DOCUMENT_MAX);
    ck_assert_ptr_nonnull(doc);
    ck_assert_ptr_null(domain_try(xml, &err));
    ck_error(&err, VIR_ERR_XML_ERROR, "longer than 1048576 bytes");
}
END_TEST

/* Short as it was sent, too long in libvirt's form: every " becomes &quot;. */
START_TEST(test_large_once_complete)
{
    enum { LEN = 300000 };
    _cleanup_free_ char *fill = xcalloc(1, LEN + 1), *element = NULL, *xml = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    memset(fill, '"', LEN);
    element = xasprintf("<x>%s</x>", fill);
    xml = xasprintf(DOMAIN_SMALL, "", element);
    ck_assert_ptr_null(domain_try(xml, &err));
    ck_error(&err, VIR_ERR_XML_ERROR, "longer than 1048576 bytes once it is complete");
}
END_TEST

/* So many elements, each in the one before, as text. */
static char *nested(int levels)
{
    char *text = xcalloc((size_t)levels * 7 + 1, 1), *at = text;

    for (int i = 0; i < levels; i++)
        at = stpcpy(at, "<x>");
    for (int i = 0; i < levels; i++)
        at = stpcpy(at, "</x>");
    return text;
}

START_TEST(test_nested)
{
    _cleanup_free_ char *deep = nested(1000), *fine = nested(200);
    _cleanup_free_ char *too_deep = xasprintf(DOMAIN_SMALL, deep, "");
    _cleanup_free_ char *xml = xasprintf(DOMAIN_SMALL, fine, "");
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml), *again = NULL;

    again = domain_must(def->xml);
    ck_assert_str_eq(again->xml, def->xml);
    ck_assert_ptr_null(domain_try(too_deep, &err));
    ck_error(&err, VIR_ERR_XML_ERROR, "depth");
}
END_TEST

START_TEST(test_reference_counts)
{
    struct domain_def *def = domain_with("");

    ck_assert_ptr_eq(domain_def_ref(def), def);
    domain_def_unref(def);
    ck_assert_str_eq(def->name, "small");
    domain_def_unref(def);
    domain_def_unref(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domain_def");
    TCase *tcase = tcase_create("domain_def");

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_view);
    tcase_add_test(tcase, test_live_view);
    tcase_add_test(tcase, test_boot_files_and_defaults);
    tcase_add_test(tcase, test_memory);
    tcase_add_test(tcase, test_events);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_other_root_refused);
    tcase_add_test(tcase, test_disks);
    tcase_add_test(tcase, test_volume_disks);
    tcase_add_test(tcase, test_backing);
    tcase_add_test(tcase, test_disks_refused);
    tcase_add_test(tcase, test_many_disks_refused);
    tcase_add_test(tcase, test_large);
    tcase_add_test(tcase, test_large_once_complete);
    tcase_add_test(tcase, test_nested);
    tcase_add_test(tcase, test_reference_counts);
    return scratch_run(suite);
}
