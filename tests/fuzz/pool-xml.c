/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/xml/pool_xml.c: what was taken once is written so that it is taken again, and means the
 * same.
 */

#include <string.h>

#include "fuzz.h"
#include "util/alloc.h"
#include "xml/pool_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pool_xml_state state = {
        .capacity = 1 << 20,
        .allocation = 1 << 19,
        .available = 1 << 19,
        .perms = { .mode = 0755 },
    };
    _cleanup_free_ char *text = fuzz_text(data, size), *written = NULL, *again = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct pool_def *def = NULL, *second = NULL;

    if (pool_def_parse(text, &def, &err) < 0) {
        fuzz_must(err.code != 0 && !def);
        return 0;
    }
    written = pool_def_format(def, NULL);
    if (pool_def_parse(written, &second, &err) < 0) {
        (void)fprintf(stderr, "%s: %s\n", verror_text(&err), written);
        abort();
    }
    again = pool_def_format(second, NULL);
    fuzz_must(strcmp(written, again) == 0);
    free(pool_def_format(def, &state));
    pool_def_unref(def);
    pool_def_unref(second);
    return 0;
}
