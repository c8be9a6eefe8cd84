/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each CPU model of an emulator is made of: QEMU expands its models, so
 * there is no list of ours to go stale.  Asked when somebody first wants to
 * know, in one more start of the emulator, and kept with its capabilities.
 * Workers; the only state is in struct qemu_caps.
 */

#include <string.h>

#include "hypervisor/qemu/caps_data.h"
#include "util/alloc.h"
#include "util/child.h"

/* What QEMU answers, as it comes in. */
struct expansion {
    const struct caps_cpus *cpus;
    struct caps_models *models;
    size_t answered;
};

void caps_models_free(struct caps_models *models)
{
    if (!models)
        return;
    for (size_t i = 0; i < models->nfeatures; i++)
        free(models->features[i]);
    for (size_t i = 0; i < models->nmodels; i++)
        free(models->models[i].name);
    free(models->features);
    free(models->models);
    free(models);
}

/* --- names --- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Where libvirt and QEMU differ: libvirt's name, and other names that some of them have. */
static const struct {
    const char *qemu, *libvirt;
    bool other;
} feature_names[] = {
    { "pclmulqdq", "pclmuldq", false },       { "ds-cpl", "ds_cpl", false },
    { "tsc-adjust", "tsc_adjust", false },    { "fxsr-opt", "fxsr_opt", false },
    { "lahf-lm", "lahf_lm", false },          { "cmp-legacy", "cmp_legacy", false },
    { "nodeid-msr", "nodeid_msr", false },    { "perfctr-core", "perfctr_core", false },
    { "perfctr-nb", "perfctr_nb", false },    { "fxsr-opt", "ffxsr", true },
    { "lm", "i64", true },                    { "nx", "xd", true },
    { "pni", "sse3", true },                  { "sse4.1", "sse4_1", true },
    { "sse4.2", "sse4_2", true },             { "sse4.1", "sse4-1", true },
    { "sse4.2", "sse4-2", true },
};

static int find_qemu_name(const struct caps_models *models, const char *name)
{
    char *const *found;

    if (!models->nfeatures)
        return -1;
    found = bsearch(&name, models->features, models->nfeatures, sizeof(name), compare_texts);
    return found ? (int)(found - models->features) : -1;
}

int caps_feature_find(const struct caps_models *models, const char *name)
{
    int found = find_qemu_name(models, name);

    for (size_t i = 0; found < 0 && i < ARRAY_SIZE(feature_names); i++) {
        if (strcmp(name, feature_names[i].libvirt) == 0)
            found = find_qemu_name(models, feature_names[i].qemu);
    }
    return found;
}

const char *caps_feature_name(const struct caps_models *models, size_t feature)
{
    const char *name = models->features[feature];

    for (size_t i = 0; i < ARRAY_SIZE(feature_names); i++) {
        if (!feature_names[i].other && strcmp(name, feature_names[i].qemu) == 0)
            return feature_names[i].libvirt;
    }
    return name;
}

static int compare_models(const void *a, const void *b)
{
    return strcmp(((const struct caps_model *)a)->name, ((const struct caps_model *)b)->name);
}

const struct caps_model *caps_model_find(const struct caps_models *models, const char *name)
{
    struct caps_model key = { .name = (char *)name }; /* only read */

    if (!models->nmodels)
        return NULL;
    return bsearch(&key, models->models, models->nmodels, sizeof(key), compare_models);
}

/* --- what QEMU says --- */

bool caps_feature_is_own(const char *name)
{
    static const char *const starts[] = { "kvm", "vmx-", "hv-", "hypervisor" };

    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return false;
}

/* Of the first answer; each one names all. */
static void take_names(struct caps_models *models, json_t *props)
{
    const char *name;
    json_t *value;

    models->features = xcalloc(json_object_size(props) + 1, sizeof(*models->features));
    json_object_foreach (props, name, value) {
        if (json_is_boolean(value) && !caps_feature_is_own(name) &&
            models->nfeatures < CAPS_FEATURES_MAX)
            models->features[models->nfeatures++] = xstrdup(name);
    }
    if (models->nfeatures > 1)
        qsort(models->features, models->nfeatures, sizeof(*models->features), compare_texts);
}

static void take_model(struct caps_models *models, const struct caps_cpu *cpu, json_t *props)
{
    struct caps_model *model = &models->models[models->nmodels++];
    const char *name;
    json_t *value;

    if (!models->features)
        take_names(models, props);
    model->name = xstrdup(cpu->name);
    model->usable = cpu->usable;
    json_object_foreach (props, name, value) {
        int feature = json_is_true(value) ? find_qemu_name(models, name) : -1;

        if (feature >= 0)
            caps_feature_put(&model->features, (size_t)feature, true);
    }
}

static void take_line(void *opaque, char *line)
{
    struct expansion *expansion = opaque;
    json_t *root = json_loads(line, 0, NULL), *id = json_object_get(root, "id");
    json_t *value = json_object_get(root, "return"), *props;

    /* an error is the answer of one that this host cannot make at all: "host" without KVM */
    if (json_is_integer(id) && (size_t)json_integer_value(id) < expansion->cpus->count &&
        expansion->answered < expansion->cpus->count) {
        expansion->answered++;
        props = json_object_get(json_object_get(value, "model"), "props");
        if (props)
            take_model(expansion->models, &expansion->cpus->items[json_integer_value(id)], props);
    }
    json_decref(root);
}

static bool has_all(void *opaque)
{
    const struct expansion *expansion = opaque;

    return expansion->answered == expansion->cpus->count;
}

static char *make_input(const struct caps_cpus *cpus)
{
    char *input = xstrdup("{\"execute\": \"qmp_capabilities\"}\n");

    for (size_t i = 0; i < cpus->count; i++) {
        _cleanup_free_ char *before = input;
        json_t *command = json_pack("{s:s, s:{s:s, s:{s:s}}, s:I}", "execute",
                                    "query-cpu-model-expansion", "arguments", "type", "static",
                                    "model", "name", cpus->items[i].name, "id", (json_int_t)i);
        char *text = json_dumps(command, JSON_COMPACT);

        json_decref(command);
        input = xasprintf("%s%s\n", before, text ? text : "");
        free(text);
    }
    return input;
}

static struct caps_models *ask_models(const struct qemu_caps *caps, bool kvm, struct verror *err)
{
    struct expansion expansion = { .cpus = kvm ? &caps->kvm_cpus : &caps->tcg_cpus,
                                   .models = XNEW(struct caps_models) };
    _cleanup_free_ char *input = make_input(expansion.cpus);
    struct child_spec spec = { .line = take_line,
                               .opaque = &expansion,
                               .timeout_ms = CAPS_PROBE_MS,
                               .input = input,
                               .enough = has_all };
    struct caps_models *models = expansion.models;
    struct job_ctl ctl; /* nobody cancels it */
    int r;

    job_ctl_init(&ctl);
    models->models = xcalloc(expansion.cpus->count + 1, sizeof(*models->models));
    r = caps_run(caps->emulator, kvm ? "none,accel=kvm" : "none,accel=tcg", &spec, &ctl, err);
    job_ctl_done(&ctl);
    if (r == 0 && models->nmodels == 0)
        r = verror_set(err, VIR_ERR_NO_SUPPORT, "emulator '%s' does not tell what its CPU models "
                       "are made of", caps->emulator);
    if (r < 0) {
        caps_models_free(models);
        return NULL;
    }
    qsort(models->models, models->nmodels, sizeof(*models->models), compare_models);
    return models;
}

const struct caps_models *caps_models_get(struct qemu_caps *caps, bool kvm, struct verror *err)
{
    struct caps_models *known = atomic_load(&caps->models[kvm]), *models;

    if (known)
        return known;
    models = ask_models(caps, kvm, err);
    /* two that ask at once both ask QEMU; the first answer stays */
    if (models && !atomic_compare_exchange_strong(&caps->models[kvm], &known, models)) {
        caps_models_free(models);
        return known;
    }
    return models;
}
