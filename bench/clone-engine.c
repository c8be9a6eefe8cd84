/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clone-engine SOURCE TARGET [reflink]: clones a file exactly as the daemon's
 * job does, without the daemon: engine, sync, publication.  For bench/clone.
 */

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "storage/io.h"
#include "storage/publish.h"
#include "util/alloc.h"

static int clone_file(const char *source, char *target, bool reflink, struct verror *err)
{
    static const struct perms keep = { PERMS_UNSET, PERMS_UNSET, PERMS_UNSET, NULL };
    _cleanup_free_ char *dir = xstrdup(target), *base = xstrdup(target);
    _cleanup_close_ int src = open(source, O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int dirfd = publish_open_dir(dirname(dir), err);
    _cleanup_close_ int dst = -1;
    char temp[PUBLISH_TEMP_MAX];
    struct job_ctl ctl;
    struct stat st;
    int r;

    if (src < 0 || fstat(src, &st) < 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "cannot open '%s'", source);
    if (dirfd < 0)
        return -1;
    publish_temp_name(temp, (uint64_t)getpid());
    dst = publish_create(dirfd, temp, err);
    if (dst < 0)
        return -1;
    job_ctl_init(&ctl);
    r = io_copy(&(struct io_copy){ .src_fd = src,
                                   .dst_fd = dst,
                                   .size = (uint64_t)st.st_size,
                                   .try_reflink = true,
                                   .need_reflink = reflink,
                                   .src_path = source,
                                   .dst_path = target },
                &ctl, NULL, err);
    if (r == 0)
        r = publish_commit(dirfd, temp, dst, basename(base), &keep, err);
    if (r < 0)
        publish_discard(dirfd, temp);
    job_ctl_done(&ctl);
    io_close_later_drain();
    return r;
}

int main(int argc, char **argv)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    bool reflink = argc == 4 && strcmp(argv[3], "reflink") == 0;

    if (argc != 3 && !reflink) {
        fputs("usage: clone-engine SOURCE TARGET [reflink]\n", stderr);
        return 2;
    }
    if (clone_file(argv[1], argv[2], reflink, &err) < 0) {
        fprintf(stderr, "clone-engine: %s\n", verror_text(&err));
        return 1;
    }
    return 0;
}
