/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/xml/vol_xml.c: a volume is written as it was asked for, and what was written is taken
 * again.
 */

#include <string.h>

#include "fuzz.h"
#include "util/alloc.h"
#include "xml/vol_xml.h"

/* As it would be found on disk. */
static struct vol_info info_of(const struct vol_def *def)
{
    return (struct vol_info){
        .name = def->name,
        .path = def->name,
        .format = def->format,
        .capacity = def->capacity,
        .allocation = def->allocation,
        .perms = def->perms,
        .compat = def->compat,
        .lazy_refcounts = def->lazy_refcounts,
        .extended_l2 = def->extended_l2,
        .nocow = def->nocow,
        .cluster_size = def->cluster_size,
        .backing_path = def->backing_path,
        .backing_format = def->has_backing_format ? (int)def->backing_format : -1,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = fuzz_text(data, size), *written = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_def *def = NULL, *second = NULL;
    struct vol_info info;

    if (vol_def_parse(text, &def, &err) < 0) {
        fuzz_must(err.code != 0 && !def);
        return 0;
    }
    info = info_of(def);
    written = vol_info_format(&info, NULL);
    if (vol_def_parse(written, &second, &err) < 0) {
        (void)fprintf(stderr, "%s: %s\n", verror_text(&err), written);
        abort();
    }
    fuzz_must(strcmp(second->name, def->name) == 0);
    fuzz_must(second->capacity == def->capacity);
    vol_def_free(def);
    vol_def_free(second);
    return 0;
}
