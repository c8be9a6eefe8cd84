/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/xml/backup_xml.c: the first byte says whether it is read as from the store.  What is
 * complete, matched with the disks of a domain, is kept so that it is read again, and means the
 * same.
 */

#include <string.h>

#include "fuzz.h"
#include "util/alloc.h"
#include "xml/backup_xml.h"
#include "xml/xml_read.h"

static const char domain[] =
    "<domain type='qemu'><name>small</name><uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>"
    "<memory unit='KiB'>65536</memory><vcpu>1</vcpu>"
    "<os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os><devices>"
    "<emulator>/usr/bin/qemu-system-x86_64</emulator>"
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/x/a.qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk>"
    "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/x'/>"
    "<target dev='vdb' bus='virtio'/></disk>"
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

static void same_again(const struct backup_def *def)
{
    _cleanup_free_ char *written = backup_def_format(def), *again = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct backup_def *second = backup_def_parse(written, true, &err);

    if (!second) {
        (void)fprintf(stderr, "%s: %s\n", verror_text(&err), written);
        abort();
    }
    again = backup_def_format(second);
    fuzz_must(strcmp(written, again) == 0);
    backup_def_free(second);
}

static void match(struct backup_def *def)
{
    struct domain_def *small = read_domain();
    _cleanup_verror_ struct verror err = VERROR_INIT, apart = VERROR_INIT;

    if (backup_def_align(def, small, &err) < 0) {
        fuzz_must(err.code != 0);
    } else {
        fuzz_must(def->ndisks == small->ndisks);
        if (backup_def_check_apart(def, &apart) < 0)
            fuzz_must(apart.code != 0);
        same_again(def);
    }
    domain_def_unref(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct backup_def *def;
    char *text;

    if (size == 0)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    def = backup_def_parse(text, data[0] % 2, &err);
    free(text);
    if (!def) {
        fuzz_must(err.code != 0);
        return 0;
    }
    match(def);
    backup_def_free(def);
    return 0;
}
