/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kind of CPU the host has, from /proc/cpuinfo; see host.h.  Any thread, no state. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/host.h"
#include "hypervisor/host_files.h"
#include "util/alloc.h"

/* The value behind "name\t: "; a new string, NULL: no such line */
static char *find_value(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0) {
            const char *at = line + length + strspn(line + length, " \t");

            if (*at == ':') {
                at += 1 + strspn(at + 1, " \t");
                return xstrndup(at, strcspn(at, "\n"));
            }
        }
    }
    return NULL;
}

/* Decimal, or hexadecimal with 0x. */
static unsigned int find_number(const char *text, const char *name)
{
    _cleanup_free_ char *value = find_value(text, name);

    return value ? (unsigned int)strtoul(value, NULL, 0) : 0;
}

static char *find_vendor(const char *text)
{
    static const struct {
        const char *id, *name;
    } vendors[] = { { "GenuineIntel", "Intel" },
                    { "AuthenticAMD", "AMD" },
                    { "HygonGenuine", "Hygon" } };
    _cleanup_free_ char *id = find_value(text, "vendor_id");

    for (size_t i = 0; id && i < ARRAY_SIZE(vendors); i++) {
        if (strcmp(id, vendors[i].id) == 0)
            return xstrdup(vendors[i].name);
    }
    return NULL;
}

/*
 * Linux's names of what a CPU has; libvirt's where they differ.  What Linux adds of its own is
 * not here, nor are sse4.1 and sse4.2: libvirt's schema takes no dot in a feature of the host.
 */
static const struct {
    const char *linux_name, *name;
} feature_names[] = {
    { "3dnow", NULL },
    { "3dnowext", NULL },
    { "3dnowprefetch", NULL },
    { "abm", NULL },
    { "adx", NULL },
    { "aes", NULL },
    { "amx_bf16", "amx-bf16" },
    { "amx_fp16", "amx-fp16" },
    { "amx_int8", "amx-int8" },
    { "amx_tile", "amx-tile" },
    { "apic", NULL },
    { "arat", NULL },
    { "arch_capabilities", "arch-capabilities" },
    { "avx", NULL },
    { "avx2", NULL },
    { "avx512_bf16", "avx512-bf16" },
    { "avx512_bitalg", "avx512bitalg" },
    { "avx512_fp16", "avx512-fp16" },
    { "avx512_vbmi2", "avx512vbmi2" },
    { "avx512_vnni", "avx512vnni" },
    { "avx512_vpopcntdq", "avx512-vpopcntdq" },
    { "avx512bw", NULL },
    { "avx512cd", NULL },
    { "avx512dq", NULL },
    { "avx512f", NULL },
    { "avx512ifma", NULL },
    { "avx512vbmi", NULL },
    { "avx512vl", NULL },
    { "avx_vnni", "avx-vnni" },
    { "bmi1", NULL },
    { "bmi2", NULL },
    { "cldemote", NULL },
    { "clflush", NULL },
    { "clflushopt", NULL },
    { "clwb", NULL },
    { "clzero", NULL },
    { "cmov", NULL },
    { "cmp_legacy", NULL },
    { "cx16", NULL },
    { "cx8", NULL },
    { "de", NULL },
    { "erms", NULL },
    { "f16c", NULL },
    { "fma", NULL },
    { "fma4", NULL },
    { "fpu", NULL },
    { "fsgsbase", NULL },
    { "fsrm", NULL },
    { "fxsr", NULL },
    { "fxsr_opt", NULL },
    { "gfni", NULL },
    { "hle", NULL },
    { "ht", NULL },
    { "hypervisor", NULL },
    { "ibpb", NULL },
    { "invpcid", NULL },
    { "la57", NULL },
    { "lahf_lm", NULL },
    { "lm", NULL },
    { "mca", NULL },
    { "mce", NULL },
    { "md_clear", "md-clear" },
    { "misalignsse", NULL },
    { "mmx", NULL },
    { "mmxext", NULL },
    { "movbe", NULL },
    { "movdir64b", NULL },
    { "movdiri", NULL },
    { "msr", NULL },
    { "mtrr", NULL },
    { "nx", NULL },
    { "osvw", NULL },
    { "pae", NULL },
    { "pat", NULL },
    { "pcid", NULL },
    { "pclmulqdq", NULL },
    { "pdpe1gb", NULL },
    { "pge", NULL },
    { "pku", NULL },
    { "pni", NULL },
    { "popcnt", NULL },
    { "pse", NULL },
    { "pse36", NULL },
    { "rdpid", NULL },
    { "rdrand", NULL },
    { "rdseed", NULL },
    { "rdtscp", NULL },
    { "rtm", NULL },
    { "sep", NULL },
    { "serialize", NULL },
    { "sha_ni", "sha-ni" },
    { "smap", NULL },
    { "smep", NULL },
    { "ss", NULL },
    { "ssbd", NULL },
    { "sse", NULL },
    { "sse2", NULL },
    { "sse4a", NULL },
    { "ssse3", NULL },
    { "stibp", NULL },
    { "svm", NULL },
    { "syscall", NULL },
    { "tbm", NULL },
    { "topoext", NULL },
    { "tsc", NULL },
    { "tsc_adjust", NULL },
    { "tsc_deadline_timer", "tsc-deadline" },
    { "tsxldtrk", "tsx-ldtrk" },
    { "umip", NULL },
    { "vaes", NULL },
    { "vme", NULL },
    { "vmx", NULL },
    { "vpclmulqdq", NULL },
    { "waitpkg", NULL },
    { "wbnoinvd", NULL },
    { "x2apic", NULL },
    { "xgetbv1", NULL },
    { "xop", NULL },
    { "xsave", NULL },
    { "xsavec", NULL },
    { "xsaveerptr", NULL },
    { "xsaveopt", NULL },
    { "xsaves", NULL },
};

/* NULL: one that only Linux speaks of */
static const char *feature_name(const char *linux_name)
{
    for (size_t i = 0; i < ARRAY_SIZE(feature_names); i++) {
        if (strcmp(feature_names[i].linux_name, linux_name) == 0)
            return feature_names[i].name ? feature_names[i].name : linux_name;
    }
    return NULL;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **find_features(const char *text)
{
    _cleanup_free_ char *flags = find_value(text, "flags");
    char **features = xcalloc(ARRAY_SIZE(feature_names) + 1, sizeof(*features));
    char *rest = flags, *flag;
    size_t count = 0;

    while (rest && (flag = strsep(&rest, " ")) && count < ARRAY_SIZE(feature_names)) {
        const char *name = feature_name(flag);

        if (name)
            features[count++] = xstrdup(name);
    }
    if (count > 1)
        qsort(features, count, sizeof(*features), compare_texts);
    return features;
}

static unsigned int find_mhz(const char *root, const char *text)
{
    _cleanup_free_ char *value = find_value(text, "cpu MHz");

    if (value && isdigit((unsigned char)*value))
        return (unsigned int)strtoul(value, NULL, 10);
    return host_file_number(0, "%s/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", root) /
           1000;
}

void host_cpu_info_read(const char *root, struct host_cpu_info *ret_cpu)
{
    /* its start is enough: the first CPU of many */
    _cleanup_free_ char *text = host_file_read("%s/proc/cpuinfo", root);
    const char *known = text ? text : "";

    *ret_cpu = (struct host_cpu_info){
        .vendor = find_vendor(known),
        .family = find_number(known, "cpu family"),
        .model = find_number(known, "model"),
        .stepping = find_number(known, "stepping"),
        .microcode = find_number(known, "microcode"),
        .mhz = find_mhz(root, known),
        .features = find_features(known),
    };
}

void host_cpu_info_clear(struct host_cpu_info *cpu)
{
    for (size_t i = 0; cpu->features && cpu->features[i]; i++)
        free(cpu->features[i]);
    free(cpu->features);
    free(cpu->vendor);
    *cpu = (struct host_cpu_info){ 0 };
}

char *host_get_uuid(const char *root)
{
    _cleanup_free_ char *text = host_file_read("%s/sys/class/dmi/id/product_uuid", root);
    size_t others = 0; /* digits that are not the first one again */

    if (!text || strlen(text) != 36)
        return NULL;
    for (char *c = text; *c; c++) {
        bool dash = c - text == 8 || c - text == 13 || c - text == 18 || c - text == 23;

        if (dash ? *c != '-' : !isxdigit((unsigned char)*c))
            return NULL;
        *c = (char)tolower((unsigned char)*c);
        others += *c != '-' && *c != text[0];
    }
    /* all the same digit: firmware that was never given one */
    return others ? STEAL_PTR(text) : NULL;
}
