/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain with a disk and an empty drive, which documents of its past are matched with. */
#ifndef VIRTJOBD_FUZZ_SMALL_DOMAIN_H
#define VIRTJOBD_FUZZ_SMALL_DOMAIN_H

#include "fuzz.h"
#include "xml/domain_def.h"
#include "xml/xml_read.h"

static const char small_domain_xml[] =
    "<domain type='qemu'><name>small</name><uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>"
    "<memory unit='KiB'>65536</memory><vcpu>1</vcpu>"
    "<os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os><devices>"
    "<emulator>/usr/bin/qemu-system-x86_64</emulator>"
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/x/a.qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk>"
    "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"
    "</devices></domain>";

static inline struct domain_def *small_domain(void)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(small_domain_xml, "domain", "domain", &err);
    struct domain_def *def = doc ? domain_def_from_doc(doc, &err) : NULL;

    fuzz_must(def);
    return def;
}

#endif
