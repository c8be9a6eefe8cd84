/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/vol_xml.c, vol_info.c, vol_format.c: volumes as clients write and read them. */

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/job_xml.h"
#include "xml/vol_xml.h"

DEFINE_CLEANUP(struct vol_def *, vol_def_free);
#define _cleanup_vol_def_ _cleanup_(vol_def_freep)
DEFINE_CLEANUP(struct vol_info *, vol_info_free);
#define _cleanup_vol_info_ _cleanup_(vol_info_freep)

/* A literal for a member that owns its text elsewhere; nothing here frees or changes it. */
#define TEXT(literal) ((char *)(literal))

static struct vol_def *parse(const char *xml)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_def *def = NULL;

    ck_assert_msg(vol_def_parse(xml, &def, &err) == 0, "%s\n%s", verror_text(&err), xml);
    return def;
}

static char *read_data(const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/xml/%s", TEST_DATA, name);
    FILE *file = fopen(path, "re");
    char *text = xcalloc(1, 65536);

    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_uint_lt(fread(text, 1, 65535, file), 65535);
    (void)fclose(file);
    return text;
}

START_TEST(test_small)
{
    _cleanup_free_ char *xml = read_data("vol-small.xml");
    _cleanup_vol_def_ struct vol_def *def = parse(xml);

    ck_assert_str_eq(def->name, "a.img");
    ck_assert(def->has_capacity && !def->has_allocation && !def->has_format);
    ck_assert_uint_eq(def->capacity, UINT64_C(8) << 30);
    ck_assert_int_eq(def->format, VOL_FORMAT_RAW);
    ck_assert_uint_eq(def->perms.mode, PERMS_UNSET);
    ck_assert_ptr_null(def->backing_path);
}
END_TEST

START_TEST(test_full)
{
    _cleanup_free_ char *xml = read_data("vol-qcow2.xml");
    _cleanup_vol_def_ struct vol_def *def = parse(xml);

    ck_assert_uint_eq(def->capacity, UINT64_C(1) << 40);
    ck_assert(def->has_allocation && def->allocation == 0);
    ck_assert(def->has_format && def->format == VOL_FORMAT_QCOW2);
    ck_assert_uint_eq(def->perms.mode, 0640);
    ck_assert_uint_eq(def->perms.owner, 107);
    ck_assert_uint_eq(def->perms.group, PERMS_UNSET);
    ck_assert_str_eq(def->compat, "1.1");
    ck_assert_uint_eq(def->cluster_size, 128 << 10);
    ck_assert(def->lazy_refcounts && def->extended_l2 && def->nocow);
    ck_assert_str_eq(def->backing_path, "/var/lib/libvirt/images/base.img");
    ck_assert(def->has_backing_format && def->backing_format == VOL_FORMAT_RAW);
}
END_TEST

/* What virsh vol-clone sends: the source's own dump under another name, with a job on it. */
START_TEST(test_clone)
{
    _cleanup_free_ char *xml = read_data("vol-clone.xml");
    _cleanup_vol_def_ struct vol_def *def = parse(xml);

    ck_assert_str_eq(def->name, "copy.img");
    ck_assert_uint_eq(def->capacity, UINT64_C(5368709120));
    ck_assert_uint_eq(def->allocation, 1 << 20);
    ck_assert_uint_eq(def->perms.mode, 0600);
}
END_TEST

START_TEST(test_format_layout)
{
    struct vol_info info = {
        .name = TEXT("a & b.qcow2"),
        .path = TEXT("/p/a & b.qcow2"),
        .format = VOL_FORMAT_QCOW2,
        .capacity = 1073741824,
        .allocation = 200704,
        .physical = 196624,
        .perms = { .mode = 0600, .owner = 0, .group = 6, .label = TEXT("l") },
        .atime = { 1, 5 },
        .mtime = { 2, 0 },
        .ctime = { 3, 999999999 },
        .btime = { 0, -1 },
        .compat = TEXT("1.1"),
        .lazy_refcounts = true,
        .cluster_size = 65536,
        .backing_path = TEXT("/p/base"),
        .backing_format = -1,
    };
    _cleanup_free_ char *job = job_xml_format(1, "vol-wipe", "queued", 0);
    _cleanup_free_ char *text = vol_info_format(&info, job);

    ck_assert_str_eq(text, "<volume type='file'>\n"
                           "  <name>a &amp; b.qcow2</name>\n"
                           "  <key>/p/a &amp; b.qcow2</key>\n"
                           "  <capacity unit='bytes'>1073741824</capacity>\n"
                           "  <allocation unit='bytes'>200704</allocation>\n"
                           "  <physical unit='bytes'>196624</physical>\n"
                           "  <target>\n"
                           "    <path>/p/a &amp; b.qcow2</path>\n"
                           "    <format type='qcow2'/>\n"
                           "    <permissions>\n"
                           "      <mode>0600</mode>\n"
                           "      <owner>0</owner>\n"
                           "      <group>6</group>\n"
                           "      <label>l</label>\n"
                           "    </permissions>\n"
                           "    <timestamps>\n"
                           "      <atime>1.000000005</atime>\n"
                           "      <mtime>2.000000000</mtime>\n"
                           "      <ctime>3.999999999</ctime>\n"
                           "    </timestamps>\n"
                           "    <compat>1.1</compat>\n"
                           "    <clusterSize unit='B'>65536</clusterSize>\n"
                           "    <features>\n"
                           "      <lazy_refcounts/>\n"
                           "    </features>\n"
                           "  </target>\n"
                           "  <backingStore>\n"
                           "    <path>/p/base</path>\n"
                           "  </backingStore>\n"
                           "  <virtjob:job xmlns:virtjob='https://virtjobd.org/xml/job/1.0' id='1' "
                           "operation='vol-wipe' state='queued' percent='0'/>\n"
                           "</volume>\n");
}
END_TEST

/* Every format and feature that can be printed is taken again as it was. */
START_TEST(test_round_trip)
{
    for (int format = 0; format < VOL_FORMAT_MAX; format++) {
        bool qcow2 = format == VOL_FORMAT_QCOW2;
        struct vol_info info = {
            .name = TEXT("\xc3\xbc <x>'\""),
            .path = TEXT("/p/x"),
            .format = (enum vol_format)format,
            .capacity = INT64_MAX,
            .allocation = 4096,
            .perms = { .mode = 0644, .owner = 4294967294u, .group = 0 },
            .compat = qcow2 ? TEXT("1.1") : NULL,
            .lazy_refcounts = qcow2,
            .extended_l2 = qcow2,
            .cluster_size = qcow2 ? 16384 : 0,
            .nocow = format == VOL_FORMAT_RAW,
            .encrypted = format == VOL_FORMAT_LUKS,
            .backing_path = vol_format_has_backing((enum vol_format)format)
                                ? TEXT("json:{\"driver\":\"nbd\",\"host\":\"a<b\"}")
                                : NULL,
            .backing_format = VOL_FORMAT_QCOW2,
        };
        _cleanup_free_ char *text = vol_info_format(&info, NULL);
        _cleanup_vol_def_ struct vol_def *def = parse(text);

        ck_assert_str_eq(def->name, info.name);
        ck_assert_int_eq(def->format, info.format);
        ck_assert_uint_eq(def->capacity, info.capacity);
        ck_assert_uint_eq(def->allocation, info.allocation);
        ck_assert_uint_eq(def->perms.mode, info.perms.mode);
        ck_assert_uint_eq(def->perms.owner, info.perms.owner);
        ck_assert_uint_eq(def->perms.group, info.perms.group);
        ck_assert_pstr_eq(def->compat, info.compat);
        ck_assert(def->lazy_refcounts == info.lazy_refcounts);
        ck_assert(def->extended_l2 == info.extended_l2);
        ck_assert(def->nocow == info.nocow);
        ck_assert_uint_eq(def->cluster_size, info.cluster_size);
        ck_assert_pstr_eq(def->backing_path, info.backing_path);
        ck_assert(def->has_backing_format == (info.backing_path != NULL));
        ck_assert(!info.backing_path || def->backing_format == VOL_FORMAT_QCOW2);
    }
}
END_TEST

START_TEST(test_types)
{
    struct vol_info info = { .name = TEXT("a"), .path = TEXT("/a"), .format = VOL_FORMAT_DIR };
    _cleanup_free_ char *dir = vol_info_format(&info, NULL), *block = NULL;
    _cleanup_vol_def_ struct vol_def *def = NULL;

    ck_assert_ptr_nonnull(strstr(dir, "<volume type='dir'>"));
    info.format = VOL_FORMAT_RAW;
    info.block = true;
    block = vol_info_format(&info, NULL);
    ck_assert_ptr_nonnull(strstr(block, "<volume type='block'>"));
    def = parse(block); /* as the source of a clone */
}
END_TEST

/* An encrypted qcow2 cannot be made like this one: its dump must not pass for a plain volume. */
START_TEST(test_encrypted_does_not_pass)
{
    struct vol_info info = {
        .name = TEXT("a"), .path = TEXT("/a"), .format = VOL_FORMAT_QCOW2, .encrypted = true
    };
    _cleanup_free_ char *text = vol_info_format(&info, NULL);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_def *def = NULL;

    ck_assert_int_eq(vol_def_parse(text, &def, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "encrypted"));
}
END_TEST

START_TEST(test_refused)
{
    static const struct {
        const char *inner;
        int code;
        const char *reason;
    } cases[] = {
        { "", VIR_ERR_XML_ERROR, "missing volume name" },
        { "<name></name>", VIR_ERR_XML_ERROR, "missing volume name" },
        { "<name>a/b</name>", VIR_ERR_OPERATION_INVALID, "cannot contain '/'" },
        { "<name>.</name>", VIR_ERR_OPERATION_INVALID, "cannot be '.'" },
        { "<name>a&#9;b</name>", VIR_ERR_XML_ERROR, "control character" },
        { "<name>a&#x85;b</name>", VIR_ERR_XML_ERROR, "control character" },
        { "<name>.virtjobd-12</name>", VIR_ERR_XML_ERROR, "temporary" },
        { "<name>a</name><capacity>x</capacity>", VIR_ERR_XML_ERROR, "malformed capacity" },
        { "<name>a</name><capacity>-5</capacity>", VIR_ERR_XML_ERROR, "malformed capacity" },
        { "<name>a</name><capacity unit='EiB'>9</capacity>", VIR_ERR_OVERFLOW, "capacity '9 EiB'" },
        { "<name>a</name><capacity unit='furlong'>9</capacity>", VIR_ERR_XML_ERROR,
          "unknown unit 'furlong' of element capacity" },
        { "<name>a</name><allocation>1e9</allocation>", VIR_ERR_XML_ERROR, "malformed allocation" },
        { "<name>a</name><target><format type='bochs'/></target>", VIR_ERR_CONFIG_UNSUPPORTED,
          "unknown volume format type 'bochs'" },
        { "<name>a</name><target><encryption format='luks'/></target>", VIR_ERR_CONFIG_UNSUPPORTED,
          "encrypted" },
        { "<name>a</name><target><permissions><mode>rw</mode></permissions></target>",
          VIR_ERR_XML_ERROR, "malformed octal mode" },
        { "<name>a</name><target><compat>1.1</compat></target>", VIR_ERR_CONFIG_UNSUPPORTED,
          "compat in a volume of format 'raw'" },
        { "<name>a</name><target><format type='qcow2'/><compat>3.0</compat></target>",
          VIR_ERR_CONFIG_UNSUPPORTED, "compat level '3.0'" },
        { "<name>a</name><target><format type='qcow2'/><features><magic/></features></target>",
          VIR_ERR_CONFIG_UNSUPPORTED, "feature 'magic'" },
        { "<name>a</name><target><format type='vdi'/><features><lazy_refcounts/></features>"
          "</target>", VIR_ERR_CONFIG_UNSUPPORTED, "lazy_refcounts in a volume of format 'vdi'" },
        { "<name>a</name><target><features><extended_l2/></features></target>",
          VIR_ERR_CONFIG_UNSUPPORTED, "extended_l2 in a volume" },
        { "<name>a</name><target><clusterSize>65536</clusterSize></target>",
          VIR_ERR_CONFIG_UNSUPPORTED, "clusterSize in a volume" },
        { "<name>a</name><target><format type='qcow2'/><compat>0.10</compat><features>"
          "<extended_l2/></features></target>", VIR_ERR_CONFIG_UNSUPPORTED,
          "extended_l2 with compat level 0.10" },
        { "<name>a</name><target><format type='qcow2'/><clusterSize>1000</clusterSize></target>",
          VIR_ERR_XML_ERROR, "clusterSize 1000 is not a power of two" },
        { "<name>a</name><target><format type='qcow2'/><clusterSize>256</clusterSize></target>",
          VIR_ERR_XML_ERROR, "clusterSize 256" },
        { "<name>a</name><target><format type='qcow2'/><clusterSize unit='M'>4</clusterSize>"
          "</target>", VIR_ERR_XML_ERROR, "clusterSize 4194304" },
        { "<name>a</name><target><format type='qcow2'/><clusterSize unit='KiB'>8</clusterSize>"
          "<features><extended_l2/></features></target>", VIR_ERR_CONFIG_UNSUPPORTED,
          "extended_l2 with clusterSize 8192" },
        { "<name>a</name><backingStore><path>/b</path></backingStore>", VIR_ERR_CONFIG_UNSUPPORTED,
          "a backing store for a volume of format 'raw'" },
        { "<name>a</name><target><format type='qcow2'/></target><backingStore><path>/b</path>"
          "<format type='tar'/></backingStore>", VIR_ERR_CONFIG_UNSUPPORTED, "'tar'" },
        { "<name>a</name><target><format type='qcow2'/></target><backingStore><path>/b&#10;</path>"
          "</backingStore>", VIR_ERR_XML_ERROR, "backing store path contains a control" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *xml = xasprintf("<volume>%s</volume>", cases[i].inner);
        _cleanup_verror_ struct verror err = VERROR_INIT;
        struct vol_def *def = NULL;

        ck_assert_msg(vol_def_parse(xml, &def, &err) == -1, "%s", xml);
        ck_assert_ptr_null(def);
        ck_assert_msg(err.code == cases[i].code, "%s: %s", xml, err.message);
        ck_assert_msg(strstr(err.message, cases[i].reason) != NULL, "%s: %s", xml, err.message);
    }
}
END_TEST

START_TEST(test_unknown_type_refused)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_def *def = NULL;

    ck_assert_int_eq(vol_def_parse("<volume type='tape'><name>a</name></volume>", &def, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "unknown volume type 'tape'"));
}
END_TEST

START_TEST(test_backing_without_path_is_none)
{
    _cleanup_vol_def_ struct vol_def *def =
        parse("<volume><name>a</name><backingStore/></volume>");

    ck_assert_ptr_null(def->backing_path);
}
END_TEST

START_TEST(test_name_lengths)
{
    char name[258];
    _cleanup_verror_ struct verror err = VERROR_INIT, err2 = VERROR_INIT, err3 = VERROR_INIT;

    memset(name, 'n', sizeof(name));
    name[255] = '\0';
    ck_assert_int_eq(vol_name_check(name, &err), 0);
    name[255] = 'n';
    name[256] = '\0';
    ck_assert_int_eq(vol_name_check(name, &err), -1);
    ck_assert_int_eq(vol_name_check("", &err2), -1);
    ck_assert_int_eq(vol_name_check("a\xff", &err3), -1);
    ck_assert_ptr_nonnull(strstr(err3.message, "UTF-8"));
}
END_TEST

START_TEST(test_format_names)
{
    for (int format = 0; format < VOL_FORMAT_MAX; format++)
        ck_assert_int_eq(vol_format_from_name(vol_format_name((enum vol_format)format)), format);
    ck_assert_int_eq(vol_format_from_name("RAW"), -1);
    ck_assert_int_eq(vol_format_from_name(""), -1);
}
END_TEST

START_TEST(test_copy_is_deep)
{
    struct vol_info info = {
        .name = TEXT("a"),
        .path = TEXT("/a"),
        .perms = { .label = TEXT("l") },
        .compat = TEXT("1.1"),
        .backing_path = TEXT("/b"),
        .capacity = 7,
    };
    _cleanup_vol_info_ struct vol_info *copy = vol_info_copy(&info);
    _cleanup_free_ char *text = vol_info_format(&info, NULL), *again = vol_info_format(copy, NULL);

    ck_assert_ptr_ne(copy->name, info.name);
    ck_assert_str_eq(text, again);
}
END_TEST

/* The seeds: vol-* parse, bad-* do not, and neither does any start of a good one. */
START_TEST(test_seeds)
{
    DIR *dir = opendir(TEST_DATA "/xml");
    const struct dirent *entry;
    int seen = 0;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir))) {
        bool good = strncmp(entry->d_name, "vol-", 4) == 0;
        _cleanup_verror_ struct verror err = VERROR_INIT;
        _cleanup_vol_def_ struct vol_def *def = NULL;
        _cleanup_free_ char *xml = NULL;

        if (!good && strncmp(entry->d_name, "bad-", 4) != 0)
            continue;
        seen++;
        xml = read_data(entry->d_name);
        ck_assert_msg((vol_def_parse(xml, &def, &err) == 0) == good, "%s", entry->d_name);
        for (size_t len = strlen(xml) > 2 ? strlen(xml) - 2 : 0; good && len > 0; len--) {
            _cleanup_verror_ struct verror cut = VERROR_INIT;
            struct vol_def *none = NULL;

            xml[len] = '\0';
            ck_assert_int_eq(vol_def_parse(xml, &none, &cut), -1);
        }
    }
    (void)closedir(dir);
    ck_assert_int_ge(seen, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vol_xml");
    TCase *tcase = tcase_create("vol_xml");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_small);
    tcase_add_test(tcase, test_full);
    tcase_add_test(tcase, test_clone);
    tcase_add_test(tcase, test_format_layout);
    tcase_add_test(tcase, test_round_trip);
    tcase_add_test(tcase, test_types);
    tcase_add_test(tcase, test_encrypted_does_not_pass);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_unknown_type_refused);
    tcase_add_test(tcase, test_backing_without_path_is_none);
    tcase_add_test(tcase, test_name_lengths);
    tcase_add_test(tcase, test_format_names);
    tcase_add_test(tcase, test_copy_is_deep);
    tcase_add_test(tcase, test_seeds);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
