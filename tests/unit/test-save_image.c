/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Save images: ours, libvirt's, and as somebody makes them up. */

#include "hypervisor/qemu/save_image.h"

#include <byteswap.h>
#include <errno.h>
#include <sys/syscall.h>

#include "deny.h"
#include "scratch.h"
#include "util/alloc.h"

enum { HEADER = 92, COOKIE_WORD = 32, STREAM_SIZE = 3 * 1024 * 1024 + 17 };

static struct verror err;
static struct save_image image;
static char path[128];

static void setup(void)
{
    scratch_make();
    (void)snprintf(path, sizeof(path), "%s/image", scratch_path);
}

static void teardown(void)
{
    save_image_clear(&image);
    verror_clear(&err);
    scratch_remove();
}

/* Writes one with a stream behind it, sealed or not. */
static void write_image(const char *xml, const char *cookie, bool was_running, bool seal)
{
    struct save_image new = { .xml = (char *)xml, .cookie = (char *)cookie,
                              .was_running = was_running };
    _cleanup_close_ int fd = scratch_open("image");
    off_t stream;

    ck_assert_msg(save_image_begin(fd, path, &new, &err) == 0, "%s", verror_text(&err));
    stream = lseek(fd, 0, SEEK_CUR);
    ck_assert_int_ge(stream, HEADER + (off_t)strlen(xml) + 64 * 1024);
    scratch_fill(fd, (uint64_t)stream, STREAM_SIZE, 7);
    if (seal)
        ck_assert_int_eq(save_image_seal(fd, path, &err), 0);
}

static int open_image(void)
{
    save_image_clear(&image);
    verror_clear(&err);
    return save_image_open(path, false, &image, &err);
}

/* Its stream is what write_image wrote, wherever it is now. */
static void assert_stream(uint64_t written_at)
{
    _cleanup_free_ unsigned char *buf = malloc(STREAM_SIZE);
    _cleanup_close_ int fd = open_image();

    ck_assert_msg(fd >= 0, "%s", verror_text(&err));
    ck_assert_uint_eq(image.size, image.stream + STREAM_SIZE);
    ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), (off_t)image.stream);
    ck_assert_int_eq(read(fd, buf, STREAM_SIZE), STREAM_SIZE);
    for (uint64_t i = 0; i < STREAM_SIZE; i++) {
        uint64_t at = written_at + i;

        if (buf[i] != ((unsigned char)(at * 31 + at / 251 + 7) | 1))
            ck_abort_msg("byte %llu of the stream differs", (unsigned long long)i);
    }
}

static void assert_refused(const char *text)
{
    ck_assert_int_eq(open_image(), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    ck_assert_msg(strstr(verror_text(&err), text) && strstr(verror_text(&err), path), "%s",
                  verror_text(&err));
    ck_assert_ptr_null(image.xml);
    ck_assert_ptr_null(image.cookie);
}

static void poke(off_t offset, const void *bytes, size_t len)
{
    _cleanup_close_ int fd = scratch_open("image");

    ck_assert_int_eq(pwrite(fd, bytes, len, offset), (ssize_t)len);
}

static void poke_word(off_t offset, uint32_t value)
{
    poke(offset, &value, sizeof(value));
}

START_TEST(test_both_ways)
{
    write_image("<domain/>", _i & 1 ? "<cookie/>" : NULL, _i & 2, true);
    (void)close(open_image());
    ck_assert_msg(!err.code, "%s", verror_text(&err));
    ck_assert_str_eq(image.xml, "<domain/>");
    ck_assert_pstr_eq(image.cookie, _i & 1 ? "<cookie/>" : NULL);
    ck_assert(image.was_running == !!(_i & 2));
    ck_assert_int_eq(image.compression, 0);
    assert_stream(image.stream);
}
END_TEST

/* The bytes libvirt looks for, at their places. */
START_TEST(test_bytes)
{
    static const char cookie[] = "<cookie/>";
    _cleanup_close_ int fd = -1;
    unsigned char head[HEADER + 32];
    uint32_t words[19];

    write_image("<domain/>", cookie, true, true);
    fd = scratch_open("image");
    ck_assert_int_eq(pread(fd, head, sizeof(head), 0), sizeof(head));
    ck_assert_int_eq(memcmp(head, "LibvirtQemudSave", 16), 0);
    memcpy(words, head + 16, sizeof(words));
    ck_assert_uint_eq(words[0], 2);
    ck_assert_uint_eq(words[1] + HEADER, scratch_size(fd) - STREAM_SIZE);
    ck_assert_uint_eq(words[2], 1);
    ck_assert_uint_eq(words[3], 0);
    ck_assert_uint_eq(words[4], 10);
    for (size_t i = 5; i < ARRAY_SIZE(words); i++)
        ck_assert_uint_eq(words[i], 0);
    ck_assert_int_eq(memcmp(head + HEADER, "<domain/>\0<cookie/>\0", 20), 0);
}
END_TEST

/* What libvirt 9.0 wrote, up to the end of its cookie; zeros and a stream follow. */
START_TEST(test_libvirt_wrote)
{
    const char *srcdir = getenv("srcdir");
    _cleanup_free_ char *sample = xasprintf("%s/tests/data/libvirt-9-save-image",
                                            srcdir ? srcdir : ".");
    _cleanup_close_ int fd = open(sample, O_RDONLY | O_CLOEXEC);
    char bytes[2048];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    ck_assert_int_eq(n, 1188);
    poke(0, bytes, (size_t)n);
    poke(66724, "QEVM", 4);
    (void)close(open_image());
    ck_assert_msg(!err.code, "%s", verror_text(&err));
    ck_assert_uint_eq(image.stream, 66724);
    ck_assert_uint_eq(image.size, 66728);
    ck_assert(image.was_running);
    ck_assert_uint_eq(strlen(image.xml), 859);
    ck_assert_ptr_nonnull(strstr(image.xml, "<domain type='qemu'>"));
    ck_assert_str_eq(image.xml + 859 - 10, "</domain>\n");
    ck_assert_int_eq(strncmp(image.cookie, "<cookie>\n", 9), 0);
    ck_assert_str_eq(image.cookie + strlen(image.cookie) - 10, "</cookie>\n");
}
END_TEST

/* From a machine of the other byte order. */
START_TEST(test_swapped)
{
    _cleanup_close_ int fd = -1;
    uint32_t words[19];
    uint64_t stream;

    write_image("<domain/>", "<cookie/>", true, true);
    (void)close(open_image());
    stream = image.stream;
    fd = scratch_open("image");
    ck_assert_int_eq(pread(fd, words, sizeof(words), 16), sizeof(words));
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        words[i] = bswap_32(words[i]);
    poke(16, words, sizeof(words));
    assert_stream(stream);
    ck_assert_uint_eq(image.stream, stream);
    ck_assert_str_eq(image.cookie, "<cookie/>");
    ck_assert(image.was_running);
    save_image_clear(&image);
    image = (struct save_image){ .xml = xstrdup("<other/>") }; /* and rewritten in ours */
    ck_assert_int_eq(save_image_rewrite(path, &image, &err), 0);
    assert_stream(stream);
    ck_assert_str_eq(image.xml, "<other/>");
    ck_assert(!image.was_running);
}
END_TEST

START_TEST(test_magics)
{
    write_image("<domain/>", NULL, true, false);
    assert_refused("is only partly written");
    poke(0, "LibvirtQemudSave", 16);
    (void)close(open_image());
    ck_assert_msg(!err.code, "%s", verror_text(&err));
    ck_assert_int_eq(save_image_spend(path, &err), 0);
    assert_refused("is spent");
    ck_assert_int_eq(save_image_spend(path, NULL), -1); /* a second time */
    poke(0, "\x7f" "ELF", 4);
    assert_refused("is not a save image");
}
END_TEST

/* What is no image, or a spent one, it leaves alone. */
START_TEST(test_unseal)
{
    _cleanup_close_ int fd = -1;

    write_image("<domain/>", NULL, true, true);
    fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(save_image_unseal(fd, path, &err), 0);
    assert_refused("is only partly written");
    verror_clear(&err);
    ck_assert_int_eq(save_image_unseal(fd, path, &err), 0);
    assert_refused("is only partly written");
    ck_assert_int_eq(save_image_seal(fd, path, NULL), 0);
    ck_assert_int_eq(save_image_spend(path, NULL), 0);
    ck_assert_int_eq(save_image_unseal(fd, path, NULL), 0);
    assert_refused("is spent");
    ck_assert_int_eq(ftruncate(fd, 10), 0);
    ck_assert_int_eq(save_image_unseal(fd, path, NULL), 0);
    ck_assert_uint_eq(scratch_size(fd), 10);
}
END_TEST

static const struct {
    off_t offset;
    uint32_t value;
    const char *refused; /* NULL: taken */
} words[] = {
    { 16, 1, "of version 1" },
    { 16, 3, "of version 3" },
    { 16, 0, "of version 0" },
    { 16, 0x03000000, "unknown byte order" },
    { 20, 0, "length of its XML, 0," },
    { 20, UINT32_MAX, "length of its XML" },
    { 20, 64 * 1024 * 1024 + 1, "length of its XML" },
    { 20, 64 * 1024 * 1024, "is truncated" },
    { 20, 5, "its cookie lies at 10" },
    { 20, 10, "its cookie lies at 10" },
    { 20, 19, "no cookie with an end" },
    { 20, 20, NULL },
    { 24, 7, NULL }, /* true is true */
    { 28, 5, NULL },
    { 28, 6, "compressed in an unknown way, 6" },
    { COOKIE_WORD, 0, NULL },
    { COOKIE_WORD, 9, "no XML with an end" },
    { COOKIE_WORD, 11, NULL },
    { COOKIE_WORD, 25, "no cookie with an end" }, /* an empty one */
    { COOKIE_WORD, UINT32_MAX, "its cookie lies at" },
};

START_TEST(test_numbers)
{
    write_image("<domain/>", "<cookie/>", true, true);
    poke_word(words[_i].offset, words[_i].value);
    if (words[_i].refused) {
        assert_refused(words[_i].refused);
        return;
    }
    (void)close(open_image());
    ck_assert_msg(!err.code, "%s", verror_text(&err));
    ck_assert_str_eq(image.xml, "<domain/>");
}
END_TEST

/* Cut anywhere before its stream. */
START_TEST(test_cut)
{
    off_t stream;

    write_image("<domain/>", "<cookie/>", true, true);
    (void)close(open_image());
    stream = (off_t)image.stream;
    ck_assert_int_eq(truncate(path, stream + 1), 0);
    (void)close(open_image());
    ck_assert(!err.code);
    for (off_t size = stream; size >= 16; size = size > 200 ? size / 2 : size - 1) {
        ck_assert_int_eq(truncate(path, size), 0);
        assert_refused("is truncated");
    }
    for (off_t size = 15; size >= 0; size--) {
        ck_assert_int_eq(truncate(path, size), 0);
        assert_refused("is not a save image");
    }
}
END_TEST

START_TEST(test_no_file)
{
    ck_assert_int_eq(open_image(), -1);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    ck_assert_int_eq(mkfifoat(scratch_fd, "image", 0600), 0);
    assert_refused("is not a save image");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    assert_refused("is not a save image");
}
END_TEST

START_TEST(test_too_large)
{
    struct save_image new = { .xml = xmalloc(64 * 1024 * 1024) };
    _cleanup_close_ int fd = scratch_open("image");

    memset(new.xml, 'x', 64 * 1024 * 1024 - 1);
    new.xml[64 * 1024 * 1024 - 1] = '\0';
    ck_assert_int_eq(save_image_begin(fd, path, &new, &err), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "too large"));
    ck_assert_uint_eq(scratch_size(fd), 0);
    save_image_clear(&new);
}
END_TEST

START_TEST(test_disk_is_full)
{
    struct save_image new = { .xml = (char *)"<domain/>" };
    _cleanup_close_ int fd = open("/dev/full", O_RDWR | O_CLOEXEC);

    ck_assert_int_eq(save_image_begin(fd, "/dev/full", &new, &err), -1);
    ck_assert_int_eq(err.sys_errno, ENOSPC);
    verror_clear(&err);
    ck_assert_int_eq(save_image_seal(fd, "/dev/full", &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
}
END_TEST

/* --- rewriting --- */

static char *make_xml(size_t len)
{
    char *xml = xmalloc(len + 1);

    memset(xml, 'x', len);
    xml[len] = '\0';
    return xml;
}

static ino_t inode(void)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_ino;
}

static void assert_alone(void)
{
    _cleanup_free_ char *command = xasprintf("test $(ls -A '%s' | wc -l) = 1", scratch_path);

    ck_assert_int_eq(system(command), 0);
}

/* Shorter, as long as there is room, and longer; by each way of copying. */
START_TEST(test_rewrite)
{
    static const size_t sizes[] = { 1, 70000, 300000 };
    _cleanup_free_ char *xml = make_xml(sizes[_i % 3]), *cookie = make_xml(500);
    struct save_image new = { .xml = xml, .cookie = _i & 1 ? cookie : NULL };
    uint64_t stream;
    struct stat st;

    write_image("<domain><name>old</name></domain>", "<cookie/>", true, true);
    poke_word(28, 2);
    poke_word(80, 4711); /* nobody knows what for */
    ck_assert_int_eq(chmod(path, 0640), 0);
    (void)close(open_image());
    stream = image.stream;
    if (_i >= 6)
        deny_syscall(SYS_copy_file_range, DENY_ANY, ENOSYS);
    ck_assert_msg(save_image_rewrite(path, &new, &err) == 0, "%s", verror_text(&err));
    assert_stream(stream);
    ck_assert_str_eq(image.xml, xml);
    ck_assert_pstr_eq(image.cookie, new.cookie);
    ck_assert(!image.was_running);
    ck_assert_int_eq(image.compression, 2);
    ck_assert((image.stream == stream) == (sizes[_i % 3] < 70000));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    assert_alone();
}
END_TEST

/* The state alone: in place, and nothing else moves, wherever the cookie lies. */
START_TEST(test_rewrite_state)
{
    struct save_image new = { .xml = (char *)"<domain/>", .cookie = (char *)"ookie/>",
                              .was_running = true };
    uint64_t stream;
    ino_t ino;

    write_image("<domain/>", "<cookie/>", false, true);
    poke_word(COOKIE_WORD, 12);
    (void)close(open_image());
    stream = image.stream;
    ino = inode();
    ck_assert_int_eq(save_image_rewrite(path, &new, &err), 0);
    assert_stream(stream);
    ck_assert(image.was_running);
    ck_assert_str_eq(image.cookie, "ookie/>");
    ck_assert_uint_eq(inode(), ino);
}
END_TEST

/* A reader of the old one goes on reading the old one. */
START_TEST(test_rewrite_is_a_new_file)
{
    struct save_image new = { .xml = (char *)"<other/>" };
    _cleanup_free_ char *link = xasprintf("%s/link", scratch_path);
    char xml[10] = "";
    int old;

    write_image("<domain/>", NULL, true, true);
    ck_assert_int_eq(symlink("image", link), 0);
    old = scratch_open("image");
    ck_assert_int_eq(save_image_rewrite(link, &new, &err), 0);
    ck_assert_int_eq(pread(old, xml, sizeof(xml), HEADER), sizeof(xml));
    ck_assert_str_eq(xml, "<domain/>");
    (void)close(old);
    (void)close(open_image());
    ck_assert_str_eq(image.xml, "<other/>");
    ck_assert_int_eq((int)readlink(link, xml, sizeof(xml)), 5); /* still one */
    ck_assert_int_eq(unlink(link), 0);
    assert_alone();
}
END_TEST

START_TEST(test_rewrite_refused)
{
    struct save_image new = { .xml = (char *)"<other/>" };

    write_image("<domain/>", NULL, true, false);
    ck_assert_int_eq(save_image_rewrite(path, &new, &err), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "partly written"));
    verror_clear(&err);
    poke(0, "LibvirtQemudSave", 16);
    deny_syscall(SYS_renameat, DENY_ANY, EIO);
    ck_assert_int_eq(save_image_rewrite(path, &new, &err), -1);
    ck_assert_int_eq(err.sys_errno, EIO);
    (void)close(open_image());
    ck_assert_str_eq(image.xml, "<domain/>");
    assert_alone();
}
END_TEST

static char loop_device[64];

static bool loop_attach(void)
{
    _cleanup_free_ char *command = xasprintf("losetup -f --show '%s' 2>/dev/null", path);
    FILE *out = popen(command, "r");
    bool found = out && fgets(loop_device, sizeof(loop_device), out);

    if (out)
        (void)pclose(out);
    loop_device[strcspn(loop_device, "\n")] = '\0';
    return found;
}

/* A device is written in place, if it has the room. */
START_TEST(test_rewrite_device)
{
    _cleanup_free_ char *large = make_xml(300000), *detach = NULL;
    struct save_image small = { .xml = (char *)"<other/>" }, big = { .xml = large };
    int fits, too_large;

    write_image("<domain/>", NULL, true, true);
    if (!loop_attach()) {
        printf("not tested: images on block devices, as no loop device can be had here\n");
        return;
    }
    detach = xasprintf("losetup -d '%s'", loop_device);
    fits = save_image_rewrite(loop_device, &small, &err);
    too_large = save_image_rewrite(loop_device, &big, &err);
    ck_assert_int_eq(system(detach), 0);
    ck_assert_int_eq(fits, 0);
    ck_assert_int_eq(too_large, -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "does not fit"));
    (void)close(open_image());
    ck_assert_str_eq(image.xml, "<other/>");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("save_image");
    TCase *tcase = tcase_create("save_image");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_both_ways, 0, 4);
    tcase_add_test(tcase, test_bytes);
    tcase_add_test(tcase, test_libvirt_wrote);
    tcase_add_test(tcase, test_swapped);
    tcase_add_test(tcase, test_magics);
    tcase_add_test(tcase, test_unseal);
    tcase_add_loop_test(tcase, test_numbers, 0, (int)ARRAY_SIZE(words));
    tcase_add_test(tcase, test_cut);
    tcase_add_test(tcase, test_no_file);
    tcase_add_test(tcase, test_too_large);
    tcase_add_test(tcase, test_disk_is_full);
    tcase_add_loop_test(tcase, test_rewrite, 0, 12);
    tcase_add_test(tcase, test_rewrite_state);
    tcase_add_test(tcase, test_rewrite_is_a_new_file);
    tcase_add_test(tcase, test_rewrite_refused);
    tcase_add_test(tcase, test_rewrite_device);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
