/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host for tests of the completion: a directory with an emulator that need not be started, as
 * what it can do is stored already, and images.  For tests that include scratch.h; one thread.
 */
#ifndef VIRTJOBD_TEST_COMPLETE_FIXTURE_H
#define VIRTJOBD_TEST_COMPLETE_FIXTURE_H

#include "hypervisor/qemu/complete.h"
#include "qemu-fixture.h"
#include "xml/domain_def.h"
#include "xml/xml_read.h"

DEFINE_CLEANUP(struct domain_def *, domain_def_unref);
#define _cleanup_domain_def_ _cleanup_(domain_def_unrefp)

static struct complete_host host;
static char emulator[128];
static struct volume_path volume;
static struct verror err;

/* --- files --- */

static inline void put_file(const char *name, const void *data, size_t len)
{
    _cleanup_close_ int fd = scratch_open(name);

    ck_assert_int_eq(pwrite(fd, data, len, 0), (ssize_t)len);
}

static inline void put_be(unsigned char *p, int len, uint64_t value)
{
    for (int i = len - 1; i >= 0; i--, value >>= 8)
        p[i] = (unsigned char)value;
}

/* A qcow2 header that names its backing file and says that this is a qcow2 one, too. */
static inline void put_qcow2(const char *name, const char *backing)
{
    static unsigned char head[4096];

    memset(head, 0, sizeof(head));
    put_be(head, 4, 0x514649fb);
    put_be(head + 4, 4, 3);
    put_be(head + 20, 4, 16);
    put_be(head + 24, 8, 1 << 20);
    put_be(head + 96, 4, 4);
    put_be(head + 100, 4, 104);
    if (backing) {
        put_be(head + 104, 4, 0xe2792aca);
        put_be(head + 108, 4, strlen("qcow2"));
        memcpy(head + 112, "qcow2", strlen("qcow2"));
        put_be(head + 8, 8, 1024);
        put_be(head + 16, 4, strlen(backing));
        memcpy(head + 1024, backing, strlen(backing));
    }
    put_file(name, head, sizeof(head));
}

static inline void put_images(void)
{
    static const char *const raw[] = { "a.img", "b.img", "c.img", "d.img", "cd.iso",
                                       "kernel", "initrd" };

    for (size_t i = 0; i < ARRAY_SIZE(raw); i++)
        put_file(raw[i], "\0\0\0\0", 4);
    put_qcow2("base.qcow2", NULL);
    put_qcow2("middle.qcow2", "base.qcow2");
    put_qcow2("other.qcow2", "base.qcow2");
    put_qcow2("top.qcow2", "middle.qcow2");
}

/* --- the emulator --- */

/* An executable, and what it can do in the cache's directory. */
static inline void put_emulator(void)
{
    _cleanup_free_ char *identity = NULL, *dir = xasprintf("%s/caps", scratch_path);
    struct qemu_caps *caps;

    put_file("qemu-system-x86_64", "#!/bin/false\n", 13);
    ck_assert_int_eq(fchmodat(scratch_fd, "qemu-system-x86_64", 0755, 0), 0);
    (void)snprintf(emulator, sizeof(emulator), "%s/qemu-system-x86_64", scratch_path);
    identity = caps_identity(emulator, &err);
    ck_assert_ptr_nonnull(identity);
    caps = fixture_caps(emulator, identity);
    caps_save(dir, caps);
    qemu_caps_unref(caps);
    host.caps = qemu_caps_cache_new(dir);
}

static inline void complete_setup(void)
{
    scratch_make();
    ck_assert_int_eq(mkdirat(scratch_fd, "caps", 0700), 0);
    put_emulator();
    put_images();
    host.networks = "default=user lan=bridge:br0";
    ck_assert_int_eq(setenv("PATH", scratch_path, 1), 0); /* each test is a process of its own */
    volume = (struct volume_path){
        .pool = xstrdup("images"),
        .volume = xstrdup("top.qcow2"),
        .path = xasprintf("%s/top.qcow2", scratch_path),
        .format = "qcow2",
    };
}

static inline void complete_teardown(void)
{
    free(volume.pool);
    free(volume.volume);
    free(volume.path);
    qemu_caps_cache_free(host.caps);
    verror_clear(&err);
    scratch_remove();
}

/* --- documents --- */

/* tests/data/domain/NAME, its places made this test's. */
static inline char *domain_text(const char *name)
{
    _cleanup_free_ char *path = xasprintf("%s/domain/%s", TEST_DATA, name);
    _cleanup_free_ char *raw = fixture_read(path);

    return fixture_replace(raw, "@DIR@", scratch_path);
}

static inline struct domain_def *complete(const char *xml)
{
    struct domain_def *def = domain_complete(&host, xml, false, &err);

    ck_assert_msg(def != NULL, "%s", verror_text(&err));
    return def;
}

static inline xmlDocPtr make_live(const struct domain_def *def)
{
    _cleanup_free_ char *dir = xasprintf("%s/channel", scratch_path);
    const struct live_sources sources = { .volumes = &volume, .nvolumes = 1 };
    xmlDocPtr doc = domain_make_live(&host, def, 7, dir, &sources, &err);

    ck_assert_msg(doc != NULL, "%s", verror_text(&err));
    return doc;
}

static inline void compare_stored(const char *name, const char *kind, const char *text)
{
    _cleanup_free_ char *file = xasprintf("domain/%s.%s.xml", name, kind);
    _cleanup_free_ char *general = fixture_replace(text, scratch_path, "@DIR@");

    fixture_compare(file, general);
}

#endif
