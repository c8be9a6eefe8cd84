/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See host_ksm.h.  Any thread. */

#include "hypervisor/host_ksm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "hypervisor/host_files.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

const struct host_ksm_field host_ksm_fields[HOST_KSM_FIELDS] = {
    { "shm_pages_to_scan", "pages_to_scan", true },
    { "shm_sleep_millisecs", "sleep_millisecs", true },
    { "shm_pages_shared", "pages_shared", false },
    { "shm_pages_sharing", "pages_sharing", false },
    { "shm_pages_unshared", "pages_unshared", false },
    { "shm_pages_volatile", "pages_volatile", false },
    { "shm_full_scans", "full_scans", false },
    { "shm_merge_across_nodes", "merge_across_nodes", true },
};

#define KSM "/sys/kernel/mm/ksm/"

bool host_ksm_get(const char *root, int field, uint64_t *ret_value)
{
    _cleanup_free_ char *text = host_file_read("%s" KSM "%s", root, host_ksm_fields[field].file);

    return text && xml_parse_number(text, 10, ret_value);
}

int host_ksm_set(const char *root, int field, unsigned int value, struct verror *err)
{
    const struct host_ksm_field *what = &host_ksm_fields[field];
    _cleanup_free_ char *path = xasprintf("%s" KSM "%s", root, what->file);
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0 && dprintf(fd, "%u\n", value) > 0)
        return 0;
    return verror_errno(err, errno, "failed to set %s", what->name);
}
