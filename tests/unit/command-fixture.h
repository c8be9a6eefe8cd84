/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Live definitions from tests/data/command/, and what a start would know.  For tests that include
 * scratch.h; one thread.
 */
#ifndef VIRTJOBD_TEST_COMMAND_FIXTURE_H
#define VIRTJOBD_TEST_COMMAND_FIXTURE_H

#include <libxml/parser.h>
#include <sys/socket.h>

#include "hypervisor/qemu/command.h"
#include "qemu-fixture.h"
#include "xml/xml_read.h"

#define FIXTURE_EMULATOR "/usr/bin/qemu-system-x86_64"

/* --- what a start knows --- */

static struct command_host fixture_host;
static struct qemu_caps *fixture_own_caps;
static struct volume_path fixture_volume;
static struct verror err;

static inline void fixture_setup(void)
{
    scratch_make();
    fixture_own_caps = fixture_caps(FIXTURE_EMULATOR, "fixture");
    fixture_volume = (struct volume_path){
        .pool = xstrdup("images"),
        .volume = xstrdup("kernel.qcow2"),
        .path = xasprintf("%s/kernel.qcow2", scratch_path),
        .format = "qcow2",
    };
    fixture_host = (struct command_host){
        .caps = fixture_own_caps,
        .guest_dir = scratch_path,
        .volumes = &fixture_volume,
        .nvolumes = 1,
        .networks = "default=user",
        .vnc_listen = "127.0.0.1",
        .vnc_port_min = 5900,
        .vnc_port_max = 6900,
        .monitor_fd = -1,
        .uid = (uid_t)-1,
        .gid = (gid_t)-1,
    };
}

static inline void fixture_teardown(void)
{
    free(fixture_volume.pool);
    free(fixture_volume.volume);
    free(fixture_volume.path);
    qemu_caps_unref(fixture_own_caps);
    verror_clear(&err);
    scratch_remove();
}

/* --- documents --- */

static inline xmlDocPtr fixture_parse(const char *text)
{
    xmlDocPtr doc = xml_read_document(text, "a test's domain", "domain", &err);

    ck_assert_msg(doc != NULL, "%s", verror_text(&err));
    return doc;
}

/* name without .xml; from, if any, is replaced by to. */
static inline xmlDocPtr fixture_document(const char *name, const char *from, const char *to)
{
    _cleanup_free_ char *path = xasprintf("%s/command/%s.xml", TEST_DATA, name);
    _cleanup_free_ char *raw = fixture_read(path);
    _cleanup_free_ char *text = fixture_replace(raw, "@DIR@", scratch_path), *changed = NULL;

    if (!from)
        return fixture_parse(text);
    ck_assert_msg(strstr(text, from) != NULL, "%s has no %s", name, from);
    changed = fixture_replace(text, from, to);
    return fixture_parse(changed);
}

#endif
