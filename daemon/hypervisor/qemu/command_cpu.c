/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * -cpu and -smp.  libvirt expands host-model at start and writes the result as a custom model;
 * where the live XML still says host-model nobody could expand it, and the guest gets all the host
 * has (under TCG all that TCG has), which is what host-model means at most.  Worker.
 */

#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "xml/domain_vcpus.h"
#include "xml/xml_read.h"

static const char cpu_known[] =
    "@mode @match @check @migratable model@fallback model@vendor_id vendor topology@sockets "
    "topology@dies topology@cores topology@threads cache@mode cache@level maxphysaddr@mode "
    "maxphysaddr@bits feature@policy feature@name";
static const char hyperv_known[] =
    "@mode relaxed@state vapic@state spinlocks@state spinlocks@retries vpindex@state "
    "runtime@state synic@state stimer@state stimer/direct@state reset@state vendor_id@state "
    "vendor_id@value frequencies@state reenlightenment@state tlbflush@state ipi@state evmcs@state "
    "avic@state";
static const char kvm_known[] = "hidden@state hint-dedicated@state poll-control@state pv-ipi@state";

/* The option's text as it grows; kept by the builder. */
struct cpu_text {
    struct builder *b;
    const char *text;
};

static void cpu_add(struct cpu_text *cpu, const char *name, const char *value)
{
    cpu->text = cmd_keepf(cpu->b, "%s,%s=%s", cpu->text, name, cmd_escape(cpu->b, value));
}

/* libvirt's name of a CPU feature in QEMU's spelling. */
static const char *feature_name(struct builder *b, const char *name)
{
    static const struct name_map others[] = {
        { "pclmuldq", "pclmulqdq" },
    };
    const struct name_map *other = map_find(others, ARRAY_SIZE(others), name);
    char *text;

    if (other)
        return other->value;
    text = (char *)cmd_keepf(b, "%s", name);
    for (char *p = text; *p; p++)
        if (*p == '_')
            *p = '-';
    return text;
}

static int cpu_features(struct builder *b, xmlNodePtr node, struct cpu_text *cpu, bool *is_exact)
{
    static const struct name_map policies[] = {
        { NULL, "on" },       { "require", "on" },  { "force", "on" },
        { "optional", "on" }, { "disable", "off" }, { "forbid", "off" },
    };

    for (xmlNodePtr child = xml_child(node, "feature"); child;
         child = xmlNextElementSibling(child)) {
        const char *name = node_attr(b, child, NULL, "name");
        const char *policy_name = node_attr(b, child, NULL, "policy");
        const struct name_map *policy = map_find(policies, ARRAY_SIZE(policies), policy_name);

        if (!xml_is_element(child, "feature"))
            continue;
        if (!name || !policy || name[strcspn(name, ",= ")])
            return refuse(b, node, "CPU feature '%s' with policy '%s'",
                          name ? xml_quotable(name) : "",
                          policy_name ? xml_quotable(policy_name) : "");
        if (policy_name &&
            (strcmp(policy_name, "force") == 0 || strcmp(policy_name, "optional") == 0))
            *is_exact = false;
        cpu_add(cpu, feature_name(b, name), policy->value);
    }
    return 0;
}

static int cpu_custom(struct builder *b, xmlNodePtr node, struct cpu_text *cpu)
{
    const char *model = node_text(b, node, "model");
    const char *vendor = node_attr(b, node, "model", "vendor_id");

    if (!model)
        model = qemu_caps_machine_default_cpu(b->host->caps, b->machine);
    if (!model)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "the domain's <cpu> names no model");
    if (node_attr_is(b, node, NULL, "match", "strict"))
        return refuse(b, node, "match='strict'");
    if (!qemu_caps_has_cpu(b->host->caps, model, b->is_kvm))
        return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "%s has no CPU model '%s'%s",
                          qemu_caps_emulator(b->host->caps), xml_quotable(model),
                          b->is_kvm ? " for KVM" : "");
    cpu->text = cmd_escape(b, model);
    if (vendor)
        cpu_add(cpu, "vendor", vendor);
    return 0;
}

static int cpu_model(struct builder *b, xmlNodePtr node, struct cpu_text *cpu)
{
    const char *mode = node_attr(b, node, NULL, "mode");
    bool migratable = true, is_exact = node_attr_is(b, node, NULL, "check", "full");

    if (!mode || strcmp(mode, "custom") == 0) {
        if (cpu_custom(b, node, cpu) < 0)
            return -1;
    } else if (strcmp(mode, "host-passthrough") == 0 && !b->is_kvm) {
        return refuse(b, node, "CPU mode 'host-passthrough' without KVM");
    } else if (strcmp(mode, "host-passthrough") == 0 || strcmp(mode, "maximum") == 0 ||
               strcmp(mode, "host-model") == 0) {
        is_exact = false;
        if (node_switch(b, node, NULL, "migratable", &migratable) < 0)
            return -1;
        cpu->text = b->is_kvm && strcmp(mode, "maximum") != 0 ? "host" : "max";
        if (b->is_kvm)
            cpu_add(cpu, "migratable", migratable ? "on" : "off");
    } else {
        return refuse(b, node, "CPU mode '%s'", xml_quotable(mode));
    }
    if (cpu_features(b, node, cpu, &is_exact) < 0)
        return -1;
    if (is_exact) /* check='full': exactly these features, or no start */
        cpu->text = cmd_keepf(b, "%s,enforce", cpu->text);
    return 0;
}

static int cpu_timers(struct builder *b, struct cpu_text *cpu)
{
    static const struct name_map switches[] = {
        { "kvmclock", "kvmclock" },
        { "hypervclock", "hv-time" },
    };
    xmlNodePtr clock = xml_child(b->domain, "clock");

    for (xmlNodePtr node = xml_child(clock, "timer"); node; node = xmlNextElementSibling(node)) {
        const char *name = node_attr(b, node, NULL, "name");
        const struct name_map *timer = name ? map_find(switches, ARRAY_SIZE(switches), name) : NULL;
        const char *frequency = node_attr(b, node, NULL, "frequency");
        bool present = true;

        if (node_switch(b, node, NULL, "present", &present) < 0)
            return -1;
        if (timer && node_attr(b, node, NULL, "present") &&
            (present || strcmp(name, "kvmclock") == 0))
            cpu_add(cpu, timer->value, present ? "on" : "off");
        if (name && strcmp(name, "tsc") == 0 && frequency) {
            uint64_t hertz = 0;

            if (node_number(b, node, NULL, "frequency", &hertz) < 0)
                return -1;
            cpu_add(cpu, "tsc-frequency", frequency);
        }
    }
    return 0;
}

/* A switch in <features> that is a property of the CPU. */
struct cpu_switch {
    const char *path, *attribute, *property;
    const char *on, *off; /* what is written; NULL = nothing */
};

static int cpu_switches(struct builder *b, xmlNodePtr node, const struct cpu_switch *table,
                        size_t n, struct cpu_text *cpu)
{
    for (size_t i = 0; i < n; i++) {
        bool is_on = true;
        const char *value;

        if (!node_attr(b, node, table[i].path, table[i].attribute) &&
            !(strcmp(table[i].attribute, "state") == 0 && node_find(node, table[i].path)))
            continue; /* an element without state is on */
        if (node_switch(b, node, table[i].path, table[i].attribute, &is_on) < 0)
            return -1;
        value = is_on ? table[i].on : table[i].off;
        if (value)
            cpu_add(cpu, table[i].property, value);
    }
    return 0;
}

static int cpu_hyperv(struct builder *b, xmlNodePtr features, struct cpu_text *cpu)
{
    static const struct cpu_switch switches[] = {
        { "relaxed", "state", "hv-relaxed", "on", NULL },
        { "vapic", "state", "hv-vapic", "on", NULL },
        { "vpindex", "state", "hv-vpindex", "on", NULL },
        { "runtime", "state", "hv-runtime", "on", NULL },
        { "synic", "state", "hv-synic", "on", NULL },
        { "stimer", "state", "hv-stimer", "on", NULL },
        { "stimer/direct", "state", "hv-stimer-direct", "on", NULL },
        { "reset", "state", "hv-reset", "on", NULL },
        { "frequencies", "state", "hv-frequencies", "on", NULL },
        { "reenlightenment", "state", "hv-reenlightenment", "on", NULL },
        { "tlbflush", "state", "hv-tlbflush", "on", NULL },
        { "ipi", "state", "hv-ipi", "on", NULL },
        { "evmcs", "state", "hv-evmcs", "on", NULL },
        { "avic", "state", "hv-avic", "on", NULL },
    };
    xmlNodePtr hyperv = xml_child(features, "hyperv");
    uint64_t retries = 4095; /* libvirt's default */

    if (!hyperv)
        return 0;
    if (node_attr(b, hyperv, NULL, "mode") && !node_attr_is(b, hyperv, NULL, "mode", "custom"))
        return refuse(b, hyperv, "a mode other than 'custom'");
    if (node_check_known(b, hyperv, hyperv_known) < 0 ||
        cpu_switches(b, hyperv, switches, ARRAY_SIZE(switches), cpu) < 0 ||
        node_number(b, hyperv, "spinlocks", "retries", &retries) < 0)
        return -1;
    if (node_attr_is(b, hyperv, "spinlocks", "state", "on"))
        cpu_add(cpu, "hv-spinlocks", cmd_keepf(b, "0x%llx", (unsigned long long)retries));
    if (node_attr_is(b, hyperv, "vendor_id", "state", "on"))
        cpu_add(cpu, "hv-vendor-id", node_attr(b, hyperv, "vendor_id", "value") ?: "");
    return 0;
}

static int cpu_kvm(struct builder *b, xmlNodePtr features, struct cpu_text *cpu)
{
    static const struct cpu_switch switches[] = {
        { "hidden", "state", "kvm", "off", NULL },
        { "hint-dedicated", "state", "kvm-hint-dedicated", "on", NULL },
        { "poll-control", "state", "kvm-poll-control", "on", NULL },
        { "pv-ipi", "state", "kvm-pv-ipi", NULL, "off" },
    };
    xmlNodePtr kvm = xml_child(features, "kvm");

    if (!kvm)
        return 0;
    if (node_check_known(b, kvm, kvm_known) < 0)
        return -1;
    return cpu_switches(b, kvm, switches, ARRAY_SIZE(switches), cpu);
}

static int cpu_cache(struct builder *b, xmlNodePtr node, struct cpu_text *cpu)
{
    static const struct name_map modes[] = {
        { NULL, NULL },
        { "emulate", ",l3-cache=on" },
        { "passthrough", ",host-cache-info=on,l3-cache=off" },
        { "disable", ",l3-cache=off,host-cache-info=off" },
    };
    const char *name = node_attr(b, node, "cache", "mode");
    const struct name_map *mode = map_find(modes, ARRAY_SIZE(modes), name);
    uint64_t level = 3;

    if (node_number(b, node, "cache", "level", &level) < 0)
        return -1;
    if (!mode || level != 3)
        return refuse(b, node, "cache of mode '%s' and level %llu", name ? xml_quotable(name) : "",
                      (unsigned long long)level);
    if (mode->value)
        cpu->text = cmd_keepf(b, "%s%s", cpu->text, mode->value);
    return 0;
}

static int cpu_physical_bits(struct builder *b, xmlNodePtr node, struct cpu_text *cpu)
{
    const char *mode = node_attr(b, node, "maxphysaddr", "mode");
    uint64_t bits = 0;

    if (!mode)
        return 0;
    if (node_number(b, node, "maxphysaddr", "bits", &bits) < 0)
        return -1;
    if (strcmp(mode, "passthrough") == 0)
        cpu_add(cpu, "host-phys-bits", "on");
    else if (strcmp(mode, "emulate") == 0 && bits > 0)
        cpu_add(cpu, "phys-bits", cmd_keepf(b, "%llu", (unsigned long long)bits));
    else
        return refuse(b, node, "maxphysaddr of mode '%s'", xml_quotable(mode));
    return 0;
}

static bool has_panic_hyperv(struct builder *b)
{
    for (xmlNodePtr node = xml_child(b->devices, "panic"); node; node = xmlNextElementSibling(node))
        if (xml_is_element(node, "panic") && node_attr_is(b, node, NULL, "model", "hyperv"))
            return true;
    return false;
}

/* Those that are plugged in come when QEMU runs: see guest_vcpus.h. */
static int count_at_start(struct builder *b, uint64_t *ret_count)
{
    struct vcpus vcpus;

    if (vcpus_read(b->domain, &vcpus, b->err) < 0)
        return -1;
    *ret_count = vcpus_at_start(&vcpus);
    vcpus_clear(&vcpus);
    return 0;
}

static int command_smp(struct builder *b)
{
    static const char *const levels[] = { "sockets", "dies", "cores", "threads" };
    xmlNodePtr vcpu = xml_child(b->domain, "vcpu"), cpu = xml_child(b->domain, "cpu");
    xmlNodePtr topology = xml_child(cpu, "topology");
    const char *text = node_text(b, b->domain, "vcpu");
    uint64_t max = 0, current, counts[4] = { 1, 1, 1, 1 }, product = 1;
    unsigned int limit = qemu_caps_machine_max_vcpus(b->host->caps, b->machine);

    if (!vcpu || !xml_parse_number(text ? text : "", 10, &max) || max == 0)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "the domain has no valid <vcpu>");
    if (count_at_start(b, &current) < 0)
        return -1;
    if (limit > 0 && max > limit)
        return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "machine type '%s' has at most %u vCPUs, not %llu", b->machine, limit,
                          (unsigned long long)max);
    counts[0] = topology ? 1 : max;
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        if (topology && node_number(b, topology, NULL, levels[i], &counts[i]) < 0)
            return -1;
        if (counts[i] == 0 || __builtin_mul_overflow(product, counts[i], &product))
            return refuse(b, topology, "%s is %llu", levels[i], (unsigned long long)counts[i]);
    }
    if (product != max || current == 0 || current > max)
        return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "%llu of %llu vCPUs in a topology of %llu", (unsigned long long)current,
                          (unsigned long long)max, (unsigned long long)product);
    cmd_arg(b, "-smp");
    cmd_argf(b, "%llu%s,sockets=%llu%s,cores=%llu,threads=%llu", (unsigned long long)current,
             current < max ? cmd_keepf(b, ",maxcpus=%llu", (unsigned long long)max) : "",
             (unsigned long long)counts[0],
             topology ? cmd_keepf(b, ",dies=%llu", (unsigned long long)counts[1]) : "",
             (unsigned long long)counts[2], (unsigned long long)counts[3]);
    return 0;
}

int command_cpu(struct builder *b)
{
    static const struct cpu_switch early[] = {
        { "apic", "eoi", "kvm-pv-eoi", "on", "off" },
        { "pvspinlock", "state", "kvm-pv-unhalt", "on", "off" },
    };
    static const struct cpu_switch late[] = { { "pmu", "state", "pmu", "on", "off" } };
    xmlNodePtr node = xml_child(b->domain, "cpu"), features = xml_child(b->domain, "features");
    struct cpu_text cpu = { .b = b };

    if ((node && node_check_known(b, node, cpu_known) < 0) || cpu_model(b, node, &cpu) < 0 ||
        cpu_timers(b, &cpu) < 0 ||
        cpu_switches(b, features, early, ARRAY_SIZE(early), &cpu) < 0 ||
        cpu_hyperv(b, features, &cpu) < 0)
        return -1;
    if (has_panic_hyperv(b))
        cpu.text = cmd_keepf(b, "%s,hv-crash", cpu.text);
    if (cpu_kvm(b, features, &cpu) < 0 ||
        cpu_switches(b, features, late, ARRAY_SIZE(late), &cpu) < 0 ||
        cpu_cache(b, node, &cpu) < 0 || cpu_physical_bits(b, node, &cpu) < 0)
        return -1;
    cmd_arg(b, "-cpu");
    cmd_arg(b, cpu.text);
    return command_smp(b);
}
