/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the backing store of a new volume must be.  Its format is what the client
 * says, raw if it says nothing (libvirt): one that is found out by looking would
 * let a guest that writes to a raw disk choose a format, and with it a file of
 * the host to read.  Worker threads; owns nothing between calls.
 */

#include "storage/vol_backing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/probe_image.h"

static int open_backing(const char *path, struct stat *ret_st, struct verror *err)
{
    _cleanup_close_ int fd = -1;

    if (path[0] != '/')
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "the path of the backing store '%s' is not absolute", path);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); /* a fifo does not hold us */
    if (fd < 0 || fstat(fd, ret_st) < 0)
        return verror_errno(err, errno, "cannot open backing store '%s'", path);
    if (!S_ISREG(ret_st->st_mode) && !S_ISBLK(ret_st->st_mode))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "backing store '%s' is neither a file nor a block device", path);
    return steal_fd(&fd);
}

static int raw_size(int fd, const char *path, uint64_t *ret_size, struct verror *err)
{
    off_t size = lseek(fd, 0, SEEK_END); /* of devices too */

    if (size < 0)
        return verror_errno(err, errno, "cannot tell the size of backing store '%s'", path);
    *ret_size = (uint64_t)size;
    return 0;
}

static int read_capacity(int fd, struct vol_def *def, struct verror *err)
{
    struct image_facts facts;
    uint64_t size = 0;

    if (raw_size(fd, def->backing_path, &size, err) < 0)
        return -1;
    if (def->backing_format == VOL_FORMAT_RAW || def->backing_format == VOL_FORMAT_ISO) {
        def->capacity = size;
        return 0;
    }
    image_probe(fd, size, &facts);
    free(facts.backing);
    if (facts.format != def->backing_format)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "backing store '%s' is not of format '%s', and no capacity is given",
                          def->backing_path, vol_format_name(def->backing_format));
    def->capacity = facts.capacity;
    return 0;
}

int vol_backing_check(struct vol_def *def, bool capacity, struct verror *err)
{
    _cleanup_close_ int fd = -1;
    struct stat st;

    if (!def->backing_path)
        return 0;
    fd = open_backing(def->backing_path, &st, err);
    if (fd < 0)
        return -1;
    return capacity && !def->has_capacity ? read_capacity(fd, def, err) : 0;
}

/* The XML of a source whose header does not say has no format either. */
int vol_backing_check_format(const struct vol_def *def, const char *source, struct verror *err)
{
    if (!def->backing_path || def->has_backing_format)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "converting volume '%s' needs the format of its backing store", source);
}
