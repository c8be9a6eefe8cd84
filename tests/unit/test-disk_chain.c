/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chains of backing files: as qemu-img makes them, and as somebody makes them up. */

#include "hypervisor/qemu/disk_chain.h"

#include <errno.h>
#include <sys/sysmacros.h>

#include "scratch.h"
#include "util/alloc.h"

static struct disk_chain chain;
static struct verror err;

static void setup(void)
{
    scratch_make();
}

static void teardown(void)
{
    disk_chain_clear(&chain);
    verror_clear(&err);
    scratch_remove();
}

static void set_be(unsigned char *p, int len, uint64_t value)
{
    for (int i = len - 1; i >= 0; i--, value >>= 8)
        p[i] = (unsigned char)value;
}

/* A qcow2 header that names backing, of format unless NULL. */
static void put_qcow2(const char *name, const char *backing, const char *format)
{
    _cleanup_close_ int fd = scratch_open(name);
    static unsigned char head[65536];

    memset(head, 0, sizeof(head));
    set_be(head, 4, 0x514649fb);
    set_be(head + 4, 4, 3);
    set_be(head + 20, 4, 16);
    set_be(head + 24, 8, 1 << 20);
    set_be(head + 96, 4, 4);
    set_be(head + 100, 4, 104);
    if (format) {
        set_be(head + 104, 4, 0xe2792aca);
        set_be(head + 108, 4, strlen(format));
        memcpy(head + 112, format, strlen(format));
    }
    if (backing) {
        set_be(head + 8, 8, 1024);
        set_be(head + 16, 4, strlen(backing));
        memcpy(head + 1024, backing, strlen(backing));
    }
    ck_assert_int_eq(pwrite(fd, head, sizeof(head), 0), sizeof(head));
}

static void put_raw(const char *name)
{
    _cleanup_close_ int fd = scratch_open(name);

    ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
}

static int find(const char *name, const char *format)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", scratch_path, name);

    return disk_chain_find(path, format, &chain, &err);
}

/* The i-th image is that file, and the same one by device and inode. */
static void assert_image(size_t i, const char *name, const char *format)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", scratch_path, name);
    struct stat st;

    ck_assert_msg(!err.code, "%s", verror_text(&err));
    ck_assert_uint_gt(chain.n, i);
    ck_assert_str_eq(chain.images[i].path, path);
    ck_assert_str_eq(chain.images[i].format, format);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(chain.images[i].dev, st.st_dev);
    ck_assert_uint_eq(chain.images[i].ino, st.st_ino);
    ck_assert(!chain.images[i].is_block);
}

static void assert_error(int code, const char *first, const char *second)
{
    ck_assert_int_eq(err.code, code);
    ck_assert_msg(strstr(verror_text(&err), first) && strstr(verror_text(&err), second), "%s",
                  verror_text(&err));
    ck_assert_uint_eq(chain.n, 0);
    ck_assert_ptr_null(chain.images);
}

/* Whatever bytes it has: a guest may have written them. */
START_TEST(test_raw_is_not_probed)
{
    put_qcow2("disk", "/etc/shadow", "raw");
    ck_assert_int_eq(find("disk", _i ? NULL : "raw"), 0);
    assert_image(0, "disk", "raw");
    ck_assert_uint_eq(chain.n, 1);
}
END_TEST

START_TEST(test_raw_backing_is_not_probed)
{
    put_qcow2("base", "/etc/shadow", "raw");
    put_qcow2("disk", "base", "raw");
    ck_assert_int_eq(find("disk", "qcow2"), 0);
    assert_image(1, "base", "raw");
    ck_assert_uint_eq(chain.n, 2);
}
END_TEST

/* Whatever is at its path; and where a client stands in its file is the client's. */
START_TEST(test_open)
{
    _cleanup_free_ char *path = xasprintf("%s/top", scratch_path);
    _cleanup_close_ int fd = -1;

    put_raw("base");
    put_qcow2("top", "base", "raw");
    fd = openat(scratch_fd, "top", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(unlinkat(scratch_fd, "top", 0), 0);
    ck_assert_int_eq(lseek(fd, 77, SEEK_SET), 77);
    ck_assert_int_eq(disk_chain_find_open(fd, path, "qcow2", &chain, &err), 0);
    ck_assert_uint_eq(chain.n, 2);
    ck_assert_str_eq(chain.images[0].path, path);
    assert_image(1, "base", "raw");
    ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 77);
}
END_TEST

/* A relative name starts at the image that has it. */
START_TEST(test_relative_names)
{
    _cleanup_free_ char *absolute = xasprintf("file:%s/b/base.raw", scratch_path);

    ck_assert_int_eq(mkdirat(scratch_fd, "a", 0700), 0);
    ck_assert_int_eq(mkdirat(scratch_fd, "b", 0700), 0);
    put_raw("b/base.raw");
    put_qcow2("b/low", absolute, "raw");
    put_qcow2("b/mid", "file:low", "qcow2");
    put_qcow2("a/top", "../b/mid", "qcow2");
    ck_assert_int_eq(find("a/top", "qcow2"), 0);
    assert_image(0, "a/top", "qcow2");
    assert_image(1, "a/../b/mid", "qcow2");
    assert_image(2, "a/../b/low", "qcow2");
    assert_image(3, "b/base.raw", "raw");
    ck_assert_uint_eq(chain.n, 4);
}
END_TEST

static const char *const no_files[] = {
    "nbd:localhost:10809", "json:{\"driver\":\"raw\"}", "http://x/y",  "fat:rw:/etc",
    "file:",               "file:nbd:localhost:1",      "rbd:pool/x",
};

START_TEST(test_no_file)
{
    put_qcow2("disk", no_files[_i], "raw");
    ck_assert_int_eq(find("disk", "qcow2"), -1);
    assert_error(VIR_ERR_CONFIG_UNSUPPORTED, no_files[_i], "/disk'");
}
END_TEST

/* A colon behind a slash is one of a file's name. */
START_TEST(test_colon_in_name)
{
    put_raw("x:y");
    put_qcow2("disk", "./x:y", "raw");
    ck_assert_int_eq(find("disk", "qcow2"), 0);
    assert_image(1, "./x:y", "raw");
}
END_TEST

START_TEST(test_format_not_said)
{
    put_raw("base");
    put_qcow2("disk", "base", _i ? "no-such" : NULL);
    ck_assert_int_eq(find("disk", "qcow2"), -1);
    assert_error(VIR_ERR_OPERATION_FAILED, "format of backing image 'base'", "/disk'");
}
END_TEST

START_TEST(test_missing)
{
    ck_assert_int_eq(find("nowhere", _i ? "qcow2" : "raw"), -1);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    assert_error(VIR_ERR_SYSTEM_ERROR, "cannot open '/var/tmp/", "/nowhere'");
}
END_TEST

START_TEST(test_missing_backing)
{
    put_qcow2("disk", "nowhere", _i ? "qcow2" : "raw");
    ck_assert_int_eq(find("disk", "qcow2"), -1);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    assert_error(VIR_ERR_SYSTEM_ERROR, "/nowhere', the backing file of '", "/disk'");
}
END_TEST

START_TEST(test_loops)
{
    put_qcow2("self", "self", "qcow2");
    ck_assert_int_eq(find("self", "qcow2"), -1);
    assert_error(VIR_ERR_OPERATION_FAILED, "loop", "/self'");
    verror_clear(&err);
    put_qcow2("a", "b", "qcow2");
    put_qcow2("b", "link", "raw"); /* the last may be raw and is the first all the same */
    ck_assert_int_eq(symlinkat("a", scratch_fd, "link"), 0);
    ck_assert_int_eq(find("a", "qcow2"), -1);
    assert_error(VIR_ERR_OPERATION_FAILED, "/b' names", "/link', which");
}
END_TEST

START_TEST(test_depth)
{
    char name[16], below[16];

    put_raw("0");
    for (int i = 1; i <= DISK_CHAIN_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        (void)snprintf(below, sizeof(below), "%d", i - 1);
        put_qcow2(name, below, i == 1 ? "raw" : "qcow2");
    }
    (void)snprintf(name, sizeof(name), "%d", DISK_CHAIN_MAX - 1);
    ck_assert_int_eq(find(name, "qcow2"), 0);
    ck_assert_uint_eq(chain.n, DISK_CHAIN_MAX);
    disk_chain_clear(&chain);
    (void)snprintf(name, sizeof(name), "%d", DISK_CHAIN_MAX);
    ck_assert_int_eq(find(name, "qcow2"), -1);
    assert_error(VIR_ERR_OPERATION_FAILED, "more than", "/0'");
}
END_TEST

START_TEST(test_not_that_format)
{
    put_raw("base");
    ck_assert_int_eq(find("base", "qcow2"), -1);
    assert_error(VIR_ERR_OPERATION_FAILED, "/base' is not an image of format 'qcow2'", "XML");
    verror_clear(&err);
    put_qcow2("disk", "base", "qcow2");
    ck_assert_int_eq(find("disk", "qcow2"), -1);
    assert_error(VIR_ERR_OPERATION_FAILED, "/base' is not an image of format 'qcow2'", "/disk");
}
END_TEST

START_TEST(test_formats_refused)
{
    static const char *const formats[] = { "dir", "luks", "parallels" };

    put_raw("disk");
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        ck_assert_int_eq(find("disk", formats[i]), -1);
        assert_error(VIR_ERR_CONFIG_UNSUPPORTED, formats[i], "/disk'");
        verror_clear(&err);
    }
}
END_TEST

START_TEST(test_no_such_kinds)
{
    ck_assert_int_eq(mkdirat(scratch_fd, "dir", 0700), 0);
    ck_assert_int_eq(mkfifoat(scratch_fd, "fifo", 0600), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(find(i & 1 ? "dir" : "fifo", i & 2 ? "qcow2" : "raw"), -1);
        assert_error(VIR_ERR_CONFIG_UNSUPPORTED, "neither a file nor a block", scratch_path);
        verror_clear(&err);
    }
    ck_assert_int_eq(disk_chain_find("disk", NULL, &chain, &err), -1);
    assert_error(VIR_ERR_CONFIG_UNSUPPORTED, "'disk'", "absolute");
}
END_TEST

START_TEST(test_block_device)
{
    dev_t dev = makedev(7, 200); /* looked at, not opened: nothing need be behind it */

    if (mknodat(scratch_fd, "dev", S_IFBLK | 0600, dev) < 0) {
        printf("not tested: block devices, which may not be made here\n");
        return;
    }
    ck_assert_int_eq(find("dev", "raw"), 0);
    ck_assert(chain.images[0].is_block);
    ck_assert_uint_eq(chain.images[0].dev, dev);
    ck_assert_uint_eq(chain.images[0].ino, 0);
}
END_TEST

/* What qemu-img makes: every format it can, encrypted, relative and absolute. */
START_TEST(test_qemu_img)
{
    _cleanup_free_ char *script = xasprintf(
        "cd '%s' && qemu-img create -q -f raw base 1M && "
        "qemu-img create -q -f qcow2 -F raw -b base one && "
        "qemu-img create -q -f qcow2 -F qcow2 -b '%s/one' two && "
        "qemu-img create -q --object secret,id=s,data=x -f qcow2 "
        "-o encrypt.format=aes,encrypt.key-secret=s crypt 1M && "
        "for f in qed vmdk vdi vpc vhdx qcow; do qemu-img create -q -f $f $f 10M || exit; done",
        scratch_path, scratch_path);
    static const char *const formats[] = { "qed", "vmdk", "vdi", "vpc", "vhdx", "qcow" };

    ck_assert_int_eq(system(script), 0);
    ck_assert_int_eq(find("two", "qcow2"), 0);
    assert_image(0, "two", "qcow2");
    assert_image(1, "one", "qcow2");
    assert_image(2, "base", "raw");
    ck_assert_uint_eq(chain.n, 3);
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        disk_chain_clear(&chain);
        ck_assert_int_eq(find(formats[i], formats[i]), 0);
        assert_image(0, formats[i], formats[i]);
    }
    disk_chain_clear(&chain);
    ck_assert_int_eq(find("crypt", "qcow2"), -1);
    assert_error(VIR_ERR_CONFIG_UNSUPPORTED, "/crypt'", "encrypted");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk_chain");
    TCase *tcase = tcase_create("disk_chain");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_raw_is_not_probed, 0, 2);
    tcase_add_test(tcase, test_raw_backing_is_not_probed);
    tcase_add_test(tcase, test_open);
    tcase_add_test(tcase, test_relative_names);
    tcase_add_loop_test(tcase, test_no_file, 0, (int)ARRAY_SIZE(no_files));
    tcase_add_test(tcase, test_colon_in_name);
    tcase_add_loop_test(tcase, test_format_not_said, 0, 2);
    tcase_add_loop_test(tcase, test_missing, 0, 2);
    tcase_add_loop_test(tcase, test_missing_backing, 0, 2);
    tcase_add_test(tcase, test_loops);
    tcase_add_test(tcase, test_depth);
    tcase_add_test(tcase, test_not_that_format);
    tcase_add_test(tcase, test_formats_refused);
    tcase_add_test(tcase, test_no_such_kinds);
    tcase_add_test(tcase, test_block_device);
    if (system("qemu-img --version >/dev/null 2>&1") == 0)
        tcase_add_test(tcase, test_qemu_img);
    else
        printf("not tested: images made by qemu-img, which is not installed\n");
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
