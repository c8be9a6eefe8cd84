/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See fuzz.h.  One thread. */

#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/audit.h"
#include "util/log.h"

static char dir[128];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_dir(void)
{
    (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_dir(void)
{
    const char *parent = getenv("TMPDIR");

    if (*dir)
        return dir;
    (void)snprintf(dir, sizeof(dir), "%s/virtjobd-fuzz-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(dir)) { /* as nobody, there may be no way into root's TMPDIR */
        (void)snprintf(dir, sizeof(dir), "%s", "/tmp/virtjobd-fuzz-XXXXXX");
        fuzz_must(mkdtemp(dir));
    }
    fuzz_must(atexit(remove_dir) == 0);
    return dir;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    return xstrndup((const char *)data, size);
}

char *fuzz_file(const char *name, const void *data, size_t size)
{
    char *path = xasprintf("%s/%s", fuzz_dir(), name);
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fuzz_must(fd >= 0);
    fuzz_must(write(fd, data, size) == (ssize_t)size);
    return path;
}

void fuzz_hush(void)
{
    log_set_level((enum log_level)(LOG_ERROR_ + 1));
    audit_set(AUDIT_NONE, 0);
}
