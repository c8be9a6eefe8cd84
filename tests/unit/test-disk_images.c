/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/disk_images.c: which images there are, and the XML once some are gone or replaced. */

#include "domain-fixture.h"
#include "scratch.h"
#include "xml/disk_images.h"

#define TARGET                                                                    \
    "      <target dev='vda' bus='virtio'/>\n"                                    \
    "    </disk>\n"
#define TOP                                                                       \
    "    <disk type='file' device='disk'>\n"                                      \
    "      <driver name='qemu' type='qcow2'/>\n"                                  \
    "      <source file='/i/top' index='1'/>\n"
#define MIDDLE                                                                    \
    "      <backingStore type='file' index='2'>\n"                                \
    "        <format type='qcow2'/>\n"                                            \
    "        <source file='/i/middle'/>\n"
#define BASE(pad)                                                                 \
    pad "<backingStore type='block' index='7'>\n" pad "  <format type='raw'/>\n"  \
    pad "  <source dev='/dev/base'/>\n" pad "  <backingStore/>\n" pad "</backingStore>\n"
#define CHAIN TOP MIDDLE BASE("        ") "      </backingStore>\n" TARGET

static void setup_chain(struct domain_def **def, struct disk_images *images)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    *def = domain_with(CHAIN);
    ck_assert_msg(disk_images_find(*def, "vda", images, &err) == 0, "%s", verror_text(&err));
}

/* The document with these devices instead, in any order of work. */
static void check_devices(struct domain_def *def, const char *devices)
{
    _cleanup_domain_def_ struct domain_def *expected = domain_with(devices);

    ck_assert_ptr_nonnull(def);
    ck_assert_str_eq(def->xml, expected->xml);
    domain_def_unref(def);
}

START_TEST(test_find)
{
    _cleanup_domain_def_ struct domain_def *def = NULL;
    struct disk_images images;

    setup_chain(&def, &images);
    ck_assert_uint_eq(images.n, 3);
    ck_assert_uint_eq(images.next_index, 8);
    ck_assert_str_eq(images.images[0].path, "/i/top");
    ck_assert_str_eq(images.images[1].index, "2");
    ck_assert_str_eq(images.images[2].path, "/dev/base");
    ck_assert_str_eq(images.images[2].format, "raw");
    ck_assert(images.images[2].is_block && !images.images[0].is_block);
    disk_images_clear(&images);
}
END_TEST

START_TEST(test_find_nothing)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with(
        "    <disk type='file' device='cdrom'>\n      <target dev='sda' bus='sata'/>\n    </disk>\n");
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct disk_images images;

    ck_assert_int_eq(disk_images_find(def, "vda", &images, &err), -1);
    ck_error(&err, VIR_ERR_INVALID_ARG, "disk 'vda' not found");
    verror_clear(&err);
    ck_assert_int_eq(disk_images_find(def, "sda", &images, &err), -1);
    ck_error(&err, VIR_ERR_INVALID_ARG, "does not currently have a source");
}
END_TEST

START_TEST(test_pick)
{
    static const struct {
        const char *name;
        int position;
        const char *why;
    } rows[] = {
        { "vda", 0, NULL },
        { "vda[0]", 0, NULL },
        { "vda[1]", 0, NULL },
        { "vda[2]", 1, NULL },
        { "vda[7]", 2, NULL },
        { "/i/top", 0, NULL },
        { "/i/middle", 1, NULL },
        { "/dev/base", 2, NULL },
        { "vda[3]", -1, "index '3' in chain" },
        { "vda[-1]", -1, "image 'vda[-1]' in chain" },
        { "vda[2", -1, "image 'vda[2' in chain" },
        { "vda[]", -1, "image 'vda[]' in chain" },
        { "vda[2]x", -1, "image 'vda[2]x' in chain" },
        { "vdb[2]", -1, "target 'vdb' does not match target 'vda'" },
        { "/i/other", -1, "image '/i/other' in chain" },
        { "", -1, "in chain" },
    };
    _cleanup_domain_def_ struct domain_def *def = NULL;
    struct disk_images images;

    setup_chain(&def, &images);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;

        ck_assert_msg(disk_images_pick(&images, "vda", "/i/top", rows[i].name, &err) ==
                          rows[i].position,
                      "'%s'", rows[i].name);
        if (rows[i].why)
            ck_error(&err, VIR_ERR_INVALID_ARG, rows[i].why);
    }
    disk_images_clear(&images);
}
END_TEST

START_TEST(test_drop)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with(CHAIN);

    check_devices(domain_def_drop_images(def, "vda", 0, 2, NULL), TOP BASE("      ") TARGET);
    check_devices(domain_def_drop_images(def, "vda", 0, 3, NULL),
                  TOP "      <backingStore/>\n" TARGET);
    check_devices(domain_def_drop_images(def, "vda", 1, 3, NULL),
                  TOP MIDDLE "        <backingStore/>\n      </backingStore>\n" TARGET);
    check_devices(domain_def_drop_images(def, "vda", 0, 1, NULL), CHAIN);
    ck_assert_ptr_null(domain_def_drop_images(def, "vdb", 0, 1, NULL));
}
END_TEST

START_TEST(test_set)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with(CHAIN);
    char file[] = "/i/new", device[] = "/dev/new", raw[] = "raw", qcow2[] = "qcow2", nine[] = "9";
    const struct disk_xml_image to_file = { file, qcow2, nine, false };
    const struct disk_xml_image to_device = { device, raw, nine, true };

    check_devices(domain_def_set_image(def, "vda", &to_file, 2, NULL),
                  "    <disk type='file' device='disk'>\n"
                  "      <driver name='qemu' type='qcow2'/>\n"
                  "      <source file='/i/new' index='9'/>\n" BASE("      ") TARGET);
    check_devices(domain_def_set_image(def, "vda", &to_device, 3, NULL),
                  "    <disk type='block' device='disk'>\n"
                  "      <driver name='qemu' type='raw'/>\n"
                  "      <source dev='/dev/new' index='9'/>\n"
                  "      <backingStore/>\n" TARGET);
}
END_TEST

/* The persistent definition follows only where it names the same image. */
START_TEST(test_follow)
{
    static const char same[] = "    <disk type='file' device='disk'>\n"
                               "      <driver name='qemu' type='qcow2'/>\n"
                               "      <source file='/i/top'/>\n" TARGET;
    static const char other[] = "    <disk type='file' device='disk'>\n"
                                "      <driver name='qemu' type='qcow2'/>\n"
                                "      <source file='/i/other'/>\n" TARGET;
    _cleanup_domain_def_ struct domain_def *live = domain_with(CHAIN);
    _cleanup_domain_def_ struct domain_def *config = domain_with(same);
    _cleanup_domain_def_ struct domain_def *elsewhere = domain_with(other), *changed = NULL;
    char file[] = "/i/new", raw[] = "raw", nine[] = "9";
    const struct disk_xml_image image = { file, raw, nine, false };

    ck_assert_int_eq(domain_def_follow_image(elsewhere, live, "vda", &image, &changed, NULL), 0);
    ck_assert_ptr_null(changed);
    ck_assert_int_eq(domain_def_follow_image(config, live, "vda", NULL, &changed, NULL), 0);
    ck_assert_ptr_null(changed);
    ck_assert_int_eq(domain_def_follow_image(config, live, "vda", &image, &changed, NULL), 0);
    check_devices(STEAL_PTR(changed), "    <disk type='file' device='disk'>\n"
                                      "      <driver name='qemu' type='raw'/>\n"
                                      "      <source file='/i/new'/>\n" TARGET);
    /* what it says of images below is found out anew */
    ck_assert_int_eq(domain_def_follow_image(live, live, "vda", NULL, &changed, NULL), 0);
    check_devices(STEAL_PTR(changed), TOP TARGET);
}
END_TEST

START_TEST(test_mirror)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with(CHAIN);
    char vda[] = "vda", vdb[] = "vdb", file[] = "/i/new", raw[] = "raw", nine[] = "9";
    const struct disk_mirror mirrors[] = {
        { vda, { file, raw, nine, false }, "copy", "yes" },
        { vdb, { file, raw, nine, false }, "copy", NULL }, /* a disk that is gone */
    };

    check_devices(domain_def_add_mirrors(def, mirrors, ARRAY_SIZE(mirrors), NULL),
                  TOP MIDDLE BASE("        ") "      </backingStore>\n"
                  "      <mirror type='file' file='/i/new' format='raw' job='copy' ready='yes'>\n"
                  "        <format type='raw'/>\n"
                  "        <source file='/i/new' index='9'/>\n"
                  "      </mirror>\n" TARGET);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk_images");
    TCase *tcase = tcase_create("disk_images");

    tcase_add_test(tcase, test_find);
    tcase_add_test(tcase, test_find_nothing);
    tcase_add_test(tcase, test_pick);
    tcase_add_test(tcase, test_drop);
    tcase_add_test(tcase, test_set);
    tcase_add_test(tcase, test_follow);
    tcase_add_test(tcase, test_mirror);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
