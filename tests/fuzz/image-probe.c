/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/storage/probe*.c: an image that a guest or anybody else wrote is what its bytes say, and
 * nothing in it makes XML that cannot be read.
 */

#include <fcntl.h>

#include "fuzz.h"
#include "storage/probe.h"
#include "storage/probe_image.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

static void check_xml(const struct vol_info *info)
{
    _cleanup_free_ char *xml = vol_info_format(info, NULL);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    xmlDocPtr doc = xml_read_document(xml, "volume", "volume", &err);

    fuzz_must(doc);
    xmlFreeDoc(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *path = fuzz_file("image", data, size);
    _cleanup_close_ int dirfd = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_info *info = NULL;

    fuzz_must(dirfd >= 0);
    fuzz_must(probe_entry(dirfd, fuzz_dir(), "image", &info, &err) == 0);
    fuzz_must(info->physical == size);
    check_xml(info);
    vol_info_free(info);
    return 0;
}
