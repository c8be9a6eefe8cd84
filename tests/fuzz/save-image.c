/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/qemu/save_image.c: a file of any kind is refused, or what it says of itself
 * lies within it, and its XML can be replaced.
 */

#include <string.h>

#include "fuzz.h"
#include "hypervisor/qemu/save_image.h"
#include "util/alloc.h"

static void check_found(const struct save_image *image, size_t size)
{
    fuzz_must(image->xml && *image->xml);
    fuzz_must(!image->cookie || *image->cookie);
    fuzz_must(image->size == size && image->stream < size);
    fuzz_must(strlen(image->xml) < image->stream);
}

/* With more XML than there was room for. */
static void rewrite(const char *path, const struct save_image *old, struct verror *err)
{
    _cleanup_free_ char *xml = xasprintf("%s%*s", old->xml, (int)old->stream, "x");
    struct save_image new = *old, found = { 0 };
    int fd;

    new.xml = xml;
    new.was_running = !old->was_running;
    fuzz_must(save_image_rewrite(path, &new, err) == 0);
    fd = save_image_open(path, false, &found, err);
    fuzz_must(fd >= 0);
    fuzz_must(strcmp(found.xml, xml) == 0 && found.was_running == new.was_running);
    fuzz_must(!found.cookie == !old->cookie &&
              (!old->cookie || strcmp(found.cookie, old->cookie) == 0));
    fuzz_must(found.size - found.stream == old->size - old->stream);
    save_image_clear(&found);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *path = fuzz_file("image", data, size);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct save_image image = { 0 };
    int fd = save_image_open(path, false, &image, &err);

    if (fd < 0) {
        fuzz_must(err.code != 0 && !image.xml && !image.cookie);
        return 0;
    }
    (void)close(fd);
    check_found(&image, size);
    rewrite(path, &image, &err);
    save_image_clear(&image);
    return 0;
}
