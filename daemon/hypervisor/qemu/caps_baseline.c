/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPUs compared, and the one that several have in common.  A CPU is a set of
 * features: those of its model, as QEMU expands it (caps_models.c), with what
 * the XML adds and takes away.  The common set is written as the model that
 * differs from it in the fewest features, and those.  Workers, owns no state.
 */

#include <string.h>

#include "hypervisor/host.h"
#include "hypervisor/qemu/caps_data.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

/* A <cpu> as it was read. */
struct cpu {
    const struct caps_model *model; /* or NULL: nothing but features */
    char *vendor;                   /* or NULL */
    struct caps_features has;       /* it has them */
    struct caps_features optional, forbidden;
};

/* --- reading --- */

static const struct caps_model *host_model(const struct caps_models *models, bool kvm)
{
    return caps_model_find(models, kvm ? "host" : "max");
}

/* NULL with err, or where there is none to be found: a host's CPU may be features alone. */
static int read_model(const struct caps_models *models, bool kvm, xmlNodePtr node, struct cpu *cpu,
                      struct verror *err)
{
    _cleanup_free_ char *mode = xml_attribute(node, "mode"), *name = NULL;

    if (mode && strcmp(mode, "custom") != 0) {
        cpu->model = strcmp(mode, "maximum") == 0 ? caps_model_find(models, "max")
                                                  : host_model(models, kvm);
    } else {
        name = xml_text(xml_child(node, "model"));
        if (!name)
            return 0;
        cpu->model = caps_model_find(models, name);
    }
    if (!cpu->model)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "unknown CPU model '%s'",
                          xml_quotable(name ? name : mode));
    cpu->has = cpu->model->features;
    return 0;
}

static int read_feature(const struct caps_models *models, xmlNodePtr node, struct cpu *cpu,
                        struct verror *err)
{
    static const struct {
        const char *policy;
        bool has, optional, forbidden;
    } policies[] = {
        { "require", true, false, false },  { "force", true, true, false },
        { "optional", true, true, false },  { "disable", false, false, false },
        { "forbid", false, false, true },
    };
    _cleanup_free_ char *name = xml_attribute(node, "name");
    _cleanup_free_ char *policy = xml_attribute(node, "policy");
    int feature = name ? caps_feature_find(models, name) : -1;

    if (name && caps_feature_is_own(name))
        return 0;
    if (feature < 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "unknown CPU feature '%s'",
                          name ? xml_quotable(name) : "");
    for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
        if (strcmp(policy ? policy : "require", policies[i].policy) != 0)
            continue;
        caps_feature_put(&cpu->has, (size_t)feature, policies[i].has);
        caps_feature_put(&cpu->optional, (size_t)feature, policies[i].optional);
        caps_feature_put(&cpu->forbidden, (size_t)feature, policies[i].forbidden);
        return 0;
    }
    return verror_set(err, VIR_ERR_XML_ERROR, "invalid policy '%s' of CPU feature '%s'",
                      xml_quotable(policy), xml_quotable(name));
}

static int read_cpu(const struct caps_models *models, bool kvm, const char *xml, struct cpu *cpu,
                    struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(xml, "CPU definition", "cpu", err);
    xmlNodePtr root;

    if (!doc)
        return -1;
    root = xmlDocGetRootElement(doc);
    if (read_model(models, kvm, root, cpu, err) < 0)
        return -1;
    for (xmlNodePtr node = xml_first(root, "feature"); node; node = xml_next(node, "feature"))
        if (read_feature(models, node, cpu, err) < 0)
            return -1;
    if (!cpu->model && !xml_first(root, "feature"))
        return verror_set(err, VIR_ERR_XML_ERROR, "a CPU definition with no model and no feature");
    cpu->vendor = xml_text(xml_child(root, "vendor"));
    return 0;
}

/* --- the common one --- */

struct common {
    struct cpu cpu;
    bool vendor_unsaid; /* by one of them at least */
};

/* Vendors that are said must be one; it is told only where all say it, as libvirt does. */
static int add_vendor(struct common *common, const char *vendor, struct verror *err)
{
    if (!vendor) {
        common->vendor_unsaid = true;
        return 0;
    }
    if (common->cpu.vendor && strcmp(vendor, common->cpu.vendor) != 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "CPU vendors do not match: %s, %s",
                          xml_quotable(common->cpu.vendor), xml_quotable(vendor));
    if (!common->cpu.vendor)
        common->cpu.vendor = xstrdup(vendor);
    return 0;
}

static int add_cpu(struct common *common, const struct cpu *cpu, bool first, struct verror *err)
{
    if (add_vendor(common, cpu->vendor, err) < 0)
        return -1;
    if (first) {
        common->cpu.has = cpu->has;
        common->cpu.model = cpu->model;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(cpu->has.bits); i++)
        common->cpu.has.bits[i] &= cpu->has.bits[i];
    return 0;
}

static unsigned int count_differences(const struct caps_features *a, const struct caps_features *b)
{
    unsigned int count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(a->bits); i++)
        count += (unsigned int)__builtin_popcountll(a->bits[i] ^ b->bits[i]);
    return count;
}

static bool is_candidate(const struct caps_model *model, const char *vendor)
{
    const char *own = caps_model_vendor(model->name);

    return caps_is_named_model(model->name) &&
           (!vendor || strcmp(own, "unknown") == 0 || strcmp(own, vendor) == 0);
}

/* Of two that are as near the one that was given, then one that runs here as it is. */
static const struct caps_model *nearest_model(const struct caps_models *models,
                                              const struct cpu *common)
{
    const struct caps_model *best = NULL;
    unsigned int least = 0;

    for (size_t i = 0; i < models->nmodels; i++) {
        const struct caps_model *model = &models->models[i];
        unsigned int differences = count_differences(&model->features, &common->has);

        if (!is_candidate(model, common->vendor))
            continue;
        if (best && (differences > least ||
                     (differences == least && model != common->model &&
                      (best == common->model || best->usable || !model->usable))))
            continue;
        best = model;
        least = differences;
    }
    return best;
}

static void write_features(struct xml_writer *writer, const struct caps_models *models,
                           const struct caps_model *model, const struct caps_features *has,
                           bool expand)
{
    for (size_t i = 0; i < models->nfeatures; i++) {
        bool in_model = caps_feature_has(&model->features, i), wanted = caps_feature_has(has, i);

        if (in_model == wanted && !(expand && wanted))
            continue;
        xml_empty(writer, "feature", "policy", wanted ? "require" : "disable", "name",
                  caps_feature_name(models, i), NULL);
    }
}

static char *write_common(const struct caps_models *models, struct common *common,
                          unsigned int flags, struct verror *err)
{
    struct cpu *cpu = &common->cpu;
    struct xml_writer writer = XML_WRITER_INIT;
    const struct caps_model *model;
    int tsc = caps_feature_find(models, "invtsc");

    if (flags & CPU_BASELINE_MIGRATABLE && tsc >= 0)
        caps_feature_put(&cpu->has, (size_t)tsc, false);
    model = nearest_model(models, cpu);
    if (!model) {
        verror_set(err, VIR_ERR_OPERATION_FAILED, "no CPU model of vendor '%s' is known",
                   cpu->vendor ? xml_quotable(cpu->vendor) : "");
        return NULL;
    }
    xml_open(&writer, "cpu", "mode", "custom", "match", "exact", NULL);
    xml_element_attrs(&writer, "model", model->name, "fallback", "forbid", NULL);
    xml_element(&writer, "vendor", common->vendor_unsaid ? NULL : cpu->vendor);
    write_features(&writer, models, model, &cpu->has, flags & CPU_BASELINE_EXPAND_FEATURES);
    xml_close(&writer, "cpu");
    return xml_writer_take(&writer);
}

static char *baseline(const struct caps_models *models, bool kvm, char *const *xmls, size_t nxmls,
                      unsigned int flags, struct verror *err)
{
    struct common common = { 0 };
    char *xml = NULL;
    int r = 0;

    for (size_t i = 0; i < nxmls && r == 0; i++) {
        struct cpu cpu = { 0 };

        r = read_cpu(models, kvm, xmls[i], &cpu, err);
        if (r == 0)
            r = add_cpu(&common, &cpu, i == 0, err);
        free(cpu.vendor);
    }
    if (r == 0)
        xml = write_common(models, &common, flags, err);
    free(common.cpu.vendor);
    return xml;
}

/* --- both --- */

/* NULL with err; *ret_subject->caps is the caller's in any other case. */
static const struct caps_models *find_models(const struct qemu_cpu_host *host,
                                             struct caps_subject *ret_subject, struct verror *err)
{
    const struct caps_models *models;

    if (caps_choose(host->cache, host->emulator, host->arch, host->machine, host->virt_type,
                    ret_subject, err) < 0)
        return NULL;
    models = caps_models_get(ret_subject->caps, ret_subject->kvm, err);
    if (!models)
        qemu_caps_unref(ret_subject->caps);
    return models;
}

char *qemu_cpu_baseline(const struct qemu_cpu_host *host, char *const *xmls, size_t nxmls,
                        unsigned int flags, struct verror *err)
{
    struct caps_subject subject;
    const struct caps_models *models;
    char *xml;

    if (nxmls == 0) {
        verror_set(err, VIR_ERR_INVALID_ARG, "no CPU was given");
        return NULL;
    }
    models = find_models(host, &subject, err);
    if (!models)
        return NULL;
    xml = baseline(models, subject.kvm, xmls, nxmls, flags, err);
    qemu_caps_unref(subject.caps);
    return xml;
}

/* Under TCG a guest can be of any vendor. */
static bool is_other_vendor(const struct cpu *cpu, bool kvm)
{
    struct host_cpu_info host;
    bool other;

    if (!cpu->vendor || !kvm)
        return false;
    host_cpu_info_read("", &host);
    other = host.vendor && strcmp(host.vendor, cpu->vendor) != 0;
    host_cpu_info_clear(&host);
    return other;
}

/* The names of what keeps it from running here, for the message; "" where nothing does. */
static char *find_misfits(const struct caps_models *models, const struct cpu *cpu,
                          const struct caps_features *here)
{
    char *misfits = xstrdup("");

    for (size_t i = 0; i < models->nfeatures; i++) {
        bool has = caps_feature_has(here, i);
        bool fits = has ? !caps_feature_has(&cpu->forbidden, i)
                        : !caps_feature_has(&cpu->has, i) || caps_feature_has(&cpu->optional, i);
        _cleanup_free_ char *before = NULL;

        if (fits)
            continue;
        before = misfits;
        misfits = xasprintf("%s%s%s", before, *before ? ", " : "", caps_feature_name(models, i));
    }
    return misfits;
}

static int compare(const struct caps_models *models, bool kvm, const struct cpu *cpu,
                   unsigned int flags, struct verror *err)
{
    const struct caps_model *here = host_model(models, kvm);
    _cleanup_free_ char *misfits = NULL;

    if (!here)
        return verror_set(err, VIR_ERR_NO_SUPPORT, "the emulator does not tell what a guest can "
                          "have at most");
    misfits = is_other_vendor(cpu, kvm) ? xasprintf("vendor %s", xml_quotable(cpu->vendor))
                                        : find_misfits(models, cpu, &here->features);
    if (!*misfits)
        return count_differences(&cpu->has, &here->features) ? CPU_SUPERSET : CPU_IDENTICAL;
    if (flags & CPU_COMPARE_FAIL_INCOMPATIBLE)
        return verror_set(err, VIR_ERR_CPU_INCOMPATIBLE, "%s", misfits);
    return CPU_INCOMPATIBLE;
}

int qemu_cpu_compare(const struct qemu_cpu_host *host, const char *xml, unsigned int flags,
                     struct verror *err)
{
    struct caps_subject subject;
    const struct caps_models *models = find_models(host, &subject, err);
    struct cpu cpu = { 0 };
    int r;

    if (!models)
        return -1;
    r = read_cpu(models, subject.kvm, xml, &cpu, err);
    if (r == 0)
        r = compare(models, subject.kvm, &cpu, flags, err);
    free(cpu.vendor);
    qemu_caps_unref(subject.caps);
    return r;
}
