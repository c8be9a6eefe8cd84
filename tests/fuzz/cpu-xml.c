/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPUs that a client sends to be compared, or for what they have in common: documents with a byte 1
 * between them.  The common one is a CPU that can be compared, and has one in common with itself.
 */

#include <libxml/parser.h>
#include <stdatomic.h>

#include "emulator.h"
#include "fuzz.h"

enum { CPUS_MAX = 4 };

static struct qemu_caps_cache *cache;
static struct qemu_cpu_host host;
static struct caps_subject subject; /* its reference keeps what the models hang on */

/* --- the host: two models and the most that there can be --- */

static const char *const feature_names[] = { "fxsr-opt", "invtsc", "lm", "nx", "pni", "sse4.1" };

static struct caps_model model_of(const char *name, uint64_t bits)
{
    return (struct caps_model){ .name = xstrdup(name), .usable = true,
                                .features = { .bits = { bits } } };
}

static struct caps_models *make_models(void)
{
    struct caps_models *models = XNEW(struct caps_models);

    models->nfeatures = ARRAY_SIZE(feature_names);
    models->features = xcalloc(models->nfeatures, sizeof(*models->features));
    for (size_t i = 0; i < models->nfeatures; i++)
        models->features[i] = xstrdup(feature_names[i]);
    models->nmodels = 4;
    models->models = xcalloc(models->nmodels, sizeof(*models->models));
    models->models[0] = model_of("EPYC", 0x3d);
    models->models[1] = model_of("Nehalem", 0x3c);
    models->models[2] = model_of("max", 0x3f);
    models->models[3] = model_of("qemu64", 0x1c);
    return models;
}

static void start(void)
{
    _cleanup_free_ char *dir = xasprintf("%s/caps", fuzz_dir());

    if (cache)
        return;
    fuzz_hush();
    qemu_caps_unref(emulator_put("caps"));
    cache = qemu_caps_cache_new(dir);
    host = (struct qemu_cpu_host){ .cache = cache, .virt_type = "qemu" };
    fuzz_must(caps_choose(cache, NULL, NULL, NULL, "qemu", &subject, NULL) == 0);
    atomic_store(&subject.caps->models[0], make_models());
}

/* --- what is asked --- */

static char *common_of(char *const *xmls, size_t n, unsigned int flags)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    char *xml = qemu_cpu_baseline(&host, xmls, n, flags, &err);

    fuzz_must(!xml == (err.code != 0));
    return xml;
}

static void compare(const char *xml)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    int r = qemu_cpu_compare(&host, xml, 0, &err);

    fuzz_must(r >= 0 ? r <= CPU_SUPERSET : err.code != 0);
}

static void check_common(char *const *xmls, size_t n, unsigned int flags)
{
    char *once = common_of(xmls, n, flags), *twice;

    if (!once)
        return;
    twice = common_of(&once, 1, flags);
    fuzz_must(twice); /* maybe of another model: without a vendor there are more to choose from */
    compare(once);
    free(once);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned int flags[] = { 0, CPU_BASELINE_EXPAND_FEATURES,
                                          CPU_BASELINE_MIGRATABLE };
    _cleanup_free_ char *text = fuzz_text(data, size);
    char *xmls[CPUS_MAX], *rest = text;
    size_t n = 0;

    start();
    while (rest && n < CPUS_MAX)
        xmls[n++] = strsep(&rest, "\1");
    for (size_t i = 0; i < n; i++)
        compare(xmls[i]);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        check_common(xmls, n, flags[i]);
    return 0;
}
