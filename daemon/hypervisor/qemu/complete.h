/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the XML a client sent to a complete definition: what it leaves out is
 * filled in as libvirt's QEMU driver does (machine, emulator, controllers,
 * implicit devices, addresses), and what we cannot provide is refused.  For a
 * domain that starts: aliases too.  Workers.
 */
#ifndef VIRTJOBD_QEMU_COMPLETE_H
#define VIRTJOBD_QEMU_COMPLETE_H

#include "hypervisor/qemu/caps.h"
#include "xml/domain_def.h"

/* What completion needs to know of this host and daemon. */
struct complete_host {
    struct qemu_caps_cache *caps;
    const char *networks; /* config: network name -> "user" or "bridge:NAME", see networks.h */
};

/*
 * A persistent (inactive) definition.  Our own job element and libvirt's live-only parts (id,
 * aliases that are not "ua-…", ptys, seclabels of type dynamic) are dropped.
 * validate: also refuse elements that mean nothing (VIR_DOMAIN_DEFINE_VALIDATE).
 * NULL with err: VIR_ERR_XML_ERROR, _CONFIG_UNSUPPORTED, _INVALID_ARG.
 */
struct domain_def *domain_complete(const struct complete_host *host, const char *xml,
                                   bool validate, struct verror *err);

/*
 * The document of a domain that is about to run: def with id, aliases, and every made-up
 * value a guest must find again after a restore.  from_image: the XML is a live one already
 * (a save image's), whose addresses and aliases are kept as they are.
 */
xmlDocPtr domain_make_live(const struct complete_host *host, const struct domain_def *def, int id,
                           struct verror *err);

#endif
