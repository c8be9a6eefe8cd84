/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/xml/snapshot_xml.c: the first byte says whether it is believed whole, as from the store.
 * What was taken so is kept so that it is taken again, and means the same; either is matched with
 * the disks of a domain.
 */

#include <string.h>

#include "fuzz.h"
#include "util/alloc.h"
#include "xml/domain_def.h"
#include "xml/snapshot_xml.h"
#include "xml/xml_read.h"

static const char domain[] =
    "<domain type='qemu'><name>small</name><uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>"
    "<memory unit='KiB'>65536</memory><vcpu>1</vcpu>"
    "<os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os><devices>"
    "<emulator>/usr/bin/qemu-system-x86_64</emulator>"
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/x/a.qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk>"
    "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"
    "</devices></domain>";

static struct domain_def *read_domain(void)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(domain, "domain", "domain", &err);
    struct domain_def *def = doc ? domain_def_from_doc(doc, &err) : NULL;

    fuzz_must(def);
    return def;
}

static void same_again(struct snapshot_def *def)
{
    _cleanup_free_ char *written = snapshot_def_format(def, true), *again = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct snapshot_def *second = snapshot_def_parse(written, true, &err), *kept;

    if (!second) {
        (void)fprintf(stderr, "%s: %s\n", verror_text(&err), written);
        abort();
    }
    again = snapshot_def_format(second, true);
    fuzz_must(strcmp(written, again) == 0);
    if (snapshot_def_seal(second, &err) == 0) {
        kept = snapshot_def_parse(second->xml, true, &err);
        fuzz_must(kept && strcmp(kept->name, def->name) == 0);
        snapshot_def_unref(kept);
    }
    snapshot_def_unref(second);
}

static void match(const struct snapshot_def *def)
{
    struct domain_def *small = read_domain();
    struct snapshot_def *copy = snapshot_def_copy(def);
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (snapshot_def_align(copy, small, SNAPSHOT_PLACE_INTERNAL, &err) < 0)
        fuzz_must(err.code != 0);
    else
        free(snapshot_def_format(copy, false));
    snapshot_def_unref(copy);
    domain_def_unref(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_verror_ struct verror err = VERROR_INIT, strict = VERROR_INIT;
    struct snapshot_def *def;
    char *text;
    bool whole;

    if (size == 0)
        return 0;
    whole = data[0] % 2;
    text = fuzz_text(data + 1, size - 1);
    (void)snapshot_xml_validate(text, &strict);
    def = snapshot_def_parse(text, whole, &err);
    free(text);
    if (!def) {
        fuzz_must(err.code != 0);
        return 0;
    }
    if (whole)
        same_again(def);
    match(def);
    snapshot_def_unref(def);
    return 0;
}
