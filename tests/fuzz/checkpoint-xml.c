/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/xml/checkpoint_xml.c: the first byte says whether it is believed whole, as from the store.
 * What was taken so is kept so that it is taken again, and means the same; either is matched with
 * the disks of a domain.
 */

#include <string.h>

#include "fuzz.h"
#include "small-domain.h"
#include "util/alloc.h"
#include "xml/checkpoint_xml.h"

static void same_again(struct checkpoint_def *def)
{
    _cleanup_free_ char *written = checkpoint_def_format(def, true, true), *again = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct checkpoint_def *second = checkpoint_def_parse(written, true, &err), *kept;

    if (!second) {
        (void)fprintf(stderr, "%s: %s\n", verror_text(&err), written);
        abort();
    }
    again = checkpoint_def_format(second, true, true);
    fuzz_must(strcmp(written, again) == 0);
    if (checkpoint_def_seal(second, &err) == 0) {
        kept = checkpoint_def_parse(second->xml, true, &err);
        fuzz_must(kept && strcmp(kept->name, def->name) == 0);
        checkpoint_def_unref(kept);
    }
    checkpoint_def_unref(second);
}

static void match(const struct checkpoint_def *def)
{
    struct domain_def *small = small_domain();
    struct checkpoint_def *copy = checkpoint_def_copy(def);
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (checkpoint_def_align(copy, small, &err) < 0)
        fuzz_must(err.code != 0);
    else
        free(checkpoint_def_format(copy, false, true));
    checkpoint_def_unref(copy);
    domain_def_unref(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct checkpoint_def *def;
    char *text;
    bool whole;

    if (size == 0)
        return 0;
    whole = data[0] % 2;
    text = fuzz_text(data + 1, size - 1);
    def = checkpoint_def_parse(text, whole, &err);
    free(text);
    if (!def) {
        fuzz_must(err.code != 0);
        return 0;
    }
    if (whole)
        same_again(def);
    match(def);
    checkpoint_def_unref(def);
    return 0;
}
