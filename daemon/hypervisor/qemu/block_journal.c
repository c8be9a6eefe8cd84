/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the next daemon must know of a block job: what was asked for, with the
 * specification of its job, and how far it has come, in the job's checkpoint.
 */

#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/block_job.h"
#include "util/alloc.h"

/* --- how far: worker --- */

static char *checkpoint_of(const struct block_job *block)
{
    json_t *json =
        json_pack("{s:b, s:b, s:I, s:I, s:s*, s:i}", "done", block->done, "made",
                  block->file.made, "dev", (json_int_t)block->file.dev, "ino",
                  (json_int_t)block->file.ino, "owners", block->owner_memory, "wish",
                  atomic_load(&block->wish));
    char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    return text;
}

int block_job_keep(const struct block_job *block, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *text = checkpoint_of(block);

    return job_ctl_checkpoint_durable(ctl, text, err);
}

void block_job_remember(struct block_job *block, const char *checkpoint)
{
    json_t *json = checkpoint ? json_loads(checkpoint, 0, NULL) : NULL;
    const char *owners = json_string_value(json_object_get(json, "owners"));

    block->done = json_is_true(json_object_get(json, "done"));
    block->file.made = json_is_true(json_object_get(json, "made"));
    block->file.dev = (uint64_t)json_integer_value(json_object_get(json, "dev"));
    block->file.ino = (uint64_t)json_integer_value(json_object_get(json, "ino"));
    free(block->owner_memory);
    block->owner_memory = xstrdup(owners);
    atomic_store(&block->wish, (int)json_integer_value(json_object_get(json, "wish")));
    block->told = atomic_load(&block->wish) != BLOCK_JOB_GO_ON; /* for all that is known */
    json_decref(json);
}

/* --- what: loop --- */

char *block_spec_save(const void *opaque)
{
    const struct domain_spec *spec = opaque;
    _cleanup_free_ char *text = domain_spec_save(opaque);
    json_t *json = json_loads(text, 0, NULL);
    char *whole;

    json_object_set_new(json, "block", block_job_to_json(spec->block));
    whole = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return whole;
}

void *block_spec_load(struct daemon *daemon, const char *text, struct verror *err)
{
    struct domain_spec *spec = domain_spec_load(daemon, text, err);
    json_t *json = spec ? json_loads(text, 0, NULL) : NULL;

    if (!spec)
        return NULL;
    spec->block = block_job_from_json(json_object_get(json, "block"));
    json_decref(json);
    if (spec->block)
        return spec;
    verror_set(err, VIR_ERR_INTERNAL_ERROR, "the journal's block job is not readable");
    domain_spec_free(spec);
    return NULL;
}
