/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/hypervisor/qemu/bitmaps.c: what QEMU tells of dirty bitmaps, and what it is told. */

#include "hypervisor/qemu/bitmaps.h"

#include <check.h>
#include <string.h>

#include "hypervisor/qemu/guest.h"
#include "monitor-harness.h"
#include "scratch.h"
#include "util/alloc.h"

/*
 * As QEMU 7.2 has it, without what is not looked at; the third bitmap is a job's own, Z and U are in
 * the image alone.
 */
static const char nodes[] =
    "[{\"node-name\":\"libvirt-1-format\",\"drv\":\"qcow2\",\"image\":{\"virtual-size\":4096,"
    "\"format-specific\":{\"type\":\"qcow2\",\"data\":{\"compat\":\"1.1\",\"bitmaps\":["
    "{\"name\":\"X\",\"flags\":[\"in-use\",\"auto\"],\"granularity\":65536},"
    "{\"name\":\"Z\",\"flags\":[\"auto\"],\"granularity\":4096},"
    "{\"name\":\"U\",\"flags\":[\"in-use\",\"auto\"],\"granularity\":4096}]}}},\"dirty-bitmaps\":["
    "{\"name\":\"X\",\"recording\":true,\"persistent\":true,\"busy\":false,"
    "\"granularity\":65536,\"count\":131072},"
    "{\"name\":\"Y\",\"recording\":false,\"persistent\":true,\"busy\":true,"
    "\"inconsistent\":true,\"granularity\":512,\"count\":0},"
    "{\"recording\":true,\"persistent\":false,\"busy\":false,\"granularity\":1,\"count\":1}]},"
    "{\"node-name\":\"libvirt-2-format\",\"drv\":\"qcow2\",\"image\":{\"virtual-size\":8192,"
    "\"format-specific\":{\"type\":\"qcow2\",\"data\":{\"compat\":\"0.10\"}}}},"
    "{\"node-name\":\"libvirt-3-format\",\"drv\":\"raw\",\"image\":{\"virtual-size\":512}},"
    "{\"drv\":\"raw\"}]";

static struct peer peer;
static struct guest guest;
static json_t *told; /* the last command but the questions */

static void answer(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;

    (void)opaque;
    fake_qemu_greet(qemu);
    while ((command = fake_qemu_read(qemu))) {
        const char *name = json_string_value(json_object_get(command, "execute"));

        if (strcmp(name, "query-named-block-nodes") == 0) {
            fake_qemu_return(qemu, command, nodes);
            continue;
        }
        told = json_incref(command);
        fake_qemu_return(qemu, command, "{}");
    }
}

static void setup(void)
{
    loop_start();
    peer_open(&peer, answer, NULL);
    guest.monitor = peer.monitor;
    told = NULL;
}

static void teardown(void)
{
    peer_close(&peer); /* whose thread may have it yet */
    json_decref(told);
    loop_stop();
}

START_TEST(found)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct bitmaps bitmaps;
    const struct bitmap *x, *y;

    ck_assert_int_eq(bitmaps_find(&guest, NULL, &bitmaps, &err), 0);
    ck_assert_uint_eq(bitmaps.n, 4);
    x = bitmaps_get(&bitmaps, "libvirt-1-format", "X");
    y = bitmaps_get(&bitmaps, "libvirt-1-format", "Y");
    ck_assert_ptr_null(bitmaps_get(&bitmaps, "libvirt-2-format", "X"));
    ck_assert(bitmap_is_good(x) && !x->busy && !bitmap_is_good(y) && y->busy && y->inconsistent);
    ck_assert(bitmap_is_good(bitmaps_get(&bitmaps, "libvirt-1-format", "Z")));
    ck_assert(bitmaps_get(&bitmaps, "libvirt-1-format", "U")->inconsistent);
    ck_assert_uint_eq(x->granularity, 65536);
    ck_assert_uint_eq(x->count, 131072);
    ck_assert_uint_eq(bitmaps.nimages, 3);
    ck_assert(bitmaps_image(&bitmaps, "libvirt-1-format")->holds);
    ck_assert(!bitmaps_image(&bitmaps, "libvirt-2-format")->holds);
    ck_assert(!bitmaps_image(&bitmaps, "libvirt-3-format")->holds);
    ck_assert_uint_eq(bitmaps_image(&bitmaps, "libvirt-2-format")->size, 8192);
    ck_assert_ptr_null(bitmaps_image(&bitmaps, "libvirt-4-format"));
    bitmaps_clear(&bitmaps);
}
END_TEST

START_TEST(changed)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *text = NULL;
    json_t *steps = json_array();

    ck_assert_int_eq(bitmaps_transact(&guest, json_array(), NULL, &err), 0);
    ck_assert_ptr_null(told); /* there was nothing to tell */
    json_array_append_new(steps, bitmap_step_add("a", "X", true, 65536));
    json_array_append_new(steps, bitmap_step_add("a", "Y", false, 0));
    json_array_append_new(steps, bitmap_step_enable("a", "X"));
    json_array_append_new(steps, bitmap_step_merge("a", "X", "b", "Z"));
    json_array_append_new(steps, bitmap_step_remove("a", "Y"));
    ck_assert_int_eq(bitmaps_transact(&guest, steps, NULL, &err), 0);
    ck_assert_str_eq(json_string_value(json_object_get(told, "execute")), "transaction");
    text = json_dumps(json_object_get(told, "arguments"), JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(
        text,
        "{\"actions\":["
        "{\"data\":{\"granularity\":65536,\"name\":\"X\",\"node\":\"a\",\"persistent\":true},"
        "\"type\":\"block-dirty-bitmap-add\"},"
        "{\"data\":{\"name\":\"Y\",\"node\":\"a\",\"persistent\":false},"
        "\"type\":\"block-dirty-bitmap-add\"},"
        "{\"data\":{\"name\":\"X\",\"node\":\"a\"},\"type\":\"block-dirty-bitmap-enable\"},"
        "{\"data\":{\"bitmaps\":[{\"name\":\"Z\",\"node\":\"b\"}],\"node\":\"a\",\"target\":\"X\"},"
        "\"type\":\"block-dirty-bitmap-merge\"},"
        "{\"data\":{\"name\":\"Y\",\"node\":\"a\"},\"type\":\"block-dirty-bitmap-remove\"}]}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bitmaps");
    TCase *tcase = tcase_create("bitmaps");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, found);
    tcase_add_test(tcase, changed);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
