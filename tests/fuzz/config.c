/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/config.c: a file of any kind is taken or refused, and what was taken is in bounds. */

#include "config.h"

#include "fuzz.h"

/* libconfig loses pieces of a text that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

static void check_bounds(struct config *config)
{
    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];
        const void *at = (const char *)config + key->offset;

        if (key->type == CONFIG_NUMBER)
            fuzz_must(*(const unsigned int *)at >= key->min &&
                      *(const unsigned int *)at <= key->max);
    }
    fuzz_must(config_socket_mode(config, true) <= 0777);
    fuzz_must(config_socket_mode(config, false) <= 0777);
}

static void nothing(void *opaque, const char *key, bool live)
{
    (void)opaque;
    (void)key;
    (void)live;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *running = config_new(false), *fresh = config_new(true);
    _cleanup_free_ char *path = fuzz_file("virtjobd.conf", data, size);
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (config_load(fresh, path, &err) < 0)
        fuzz_must(err.code != 0 && *verror_text(&err));
    else
        fuzz_must(err.code == 0);
    check_bounds(fresh);
    config_apply(running, fresh, nothing, NULL);
    check_bounds(running);
    config_free(fresh);
    config_free(running);
    return 0;
}
