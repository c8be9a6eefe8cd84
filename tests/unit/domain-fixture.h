/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain documents for the tests of daemon/xml/domain_*.c: those of tests/data/xml, whole or
 * with one thing changed, and the shortest that is complete.
 */
#ifndef VIRTJOBD_TEST_DOMAIN_FIXTURE_H
#define VIRTJOBD_TEST_DOMAIN_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/domain_def.h"
#include "xml/xml_read.h"

DEFINE_CLEANUP(struct domain_def *, domain_def_unref);
#define _cleanup_domain_def_ _cleanup_(domain_def_unrefp)

/* In libvirt's form; %s: whatever goes behind <os>, and into <devices>. */
#define DOMAIN_SMALL                                                              \
    "<domain type='qemu'>\n"                                                      \
    "  <name>small</name>\n"                                                      \
    "  <uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>\n"                       \
    "  <memory unit='KiB'>65536</memory>\n"                                       \
    "  <vcpu>1</vcpu>\n"                                                          \
    "  <os>\n"                                                                    \
    "    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>\n"                \
    "  </os>\n"                                                                   \
    "%s"                                                                          \
    "  <devices>\n"                                                               \
    "    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"                      \
    "%s"                                                                          \
    "  </devices>\n"                                                              \
    "</domain>\n"

static inline struct domain_def *domain_try(const char *xml, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(xml, "domain definition", "domain", err);

    return doc ? domain_def_from_doc(doc, err) : NULL;
}

static inline struct domain_def *domain_must(const char *xml)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct domain_def *def = domain_try(xml, &err);

    ck_assert_msg(def != NULL, "%s in %s", verror_text(&err), xml);
    return def;
}

static inline _unused_ struct domain_def *domain_with(const char *devices)
{
    _cleanup_free_ char *xml = xasprintf(DOMAIN_SMALL, "", devices);

    return domain_must(xml);
}

static inline char *domain_data(const char *name)
{
    enum { LONGEST = 65536 };
    _cleanup_free_ char *path = xasprintf("%s/xml/%s", TEST_DATA, name);
    FILE *file = fopen(path, "re");
    char *text = xcalloc(1, LONGEST);

    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_uint_lt(fread(text, 1, LONGEST - 1, file), LONGEST - 1);
    (void)fclose(file);
    return text;
}

/* The first `from`, which must be there, replaced by `to`. */
static inline _unused_ char *text_replace(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    ck_assert_msg(at != NULL, "no %s in %s", from, text);
    return xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static inline _unused_ void ck_error(struct verror *err, int code, const char *part)
{
    ck_assert_msg(err->code == code, "%d: %s", err->code, verror_text(err));
    ck_assert_msg(strstr(verror_text(err), part) != NULL, "%s in %s", part, verror_text(err));
    verror_clear(err);
}

#endif
