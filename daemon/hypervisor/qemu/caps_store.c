/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The answers of emulators as JSON files, so that a daemon that starts again
 * has not to ask.  Nothing here is precious: a file that is damaged, of another
 * version or of an emulator that has changed since counts as missing and is
 * replaced.  Workers, owns no state.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/qemu/caps_data.h"
#include "hypervisor/qemu/emulators.h"
#include "util/alloc.h"
#include "util/log.h"

enum {
    FORMAT_VERSION = 1,  /* to be raised with every change of what is asked or written */
    FILE_MAX = 4 << 20,
};

/* The name is readable, and different for each path. */
static char *file_path(const char *dir, const char *emulator)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

    for (const char *c = emulator; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
    return xasprintf("%s/%.100s-%016" PRIx64 ".json", dir, strrchr(emulator, '/') + 1, hash);
}

/* Reading. */

static char *read_file(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    _cleanup_free_ char *text = NULL;
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        return NULL;
    text = xmalloc((size_t)st.st_size + 1);
    n = read(fd, text, (size_t)st.st_size);
    if (n != st.st_size)
        return NULL;
    text[n] = '\0';
    return STEAL_PTR(text);
}

static int load_text(const json_t *value, char **ret_text, bool required)
{
    *ret_text = xstrdup(json_string_value(value));
    return *ret_text || (!required && json_is_null(value)) ? 0 : -1;
}

/* [name, alias, default CPU, RAM id, vCPUs, default, deprecated] */
static int load_machine(struct caps_machine *machine, const json_t *row)
{
    json_int_t max = json_integer_value(json_array_get(row, 4));

    if (load_text(json_array_get(row, 0), &machine->name, true) < 0 ||
        load_text(json_array_get(row, 1), &machine->alias, false) < 0 ||
        load_text(json_array_get(row, 2), &machine->default_cpu, false) < 0 ||
        load_text(json_array_get(row, 3), &machine->ram_id, false) < 0 || max <= 0 ||
        max > UINT16_MAX)
        return -1;
    machine->max_vcpus = (unsigned int)max;
    machine->is_default = json_is_true(json_array_get(row, 5));
    machine->deprecated = json_is_true(json_array_get(row, 6));
    return 0;
}

static int load_machines(struct qemu_caps *caps, const json_t *rows)
{
    size_t count = json_array_size(rows);

    caps->machines = xcalloc(count + 1, sizeof(*caps->machines));
    while (caps->nmachines < count) {
        size_t i = caps->nmachines++;

        if (load_machine(&caps->machines[i], json_array_get(rows, i)) < 0)
            return -1;
    }
    return count ? 0 : -1;
}

static int load_types(struct qemu_caps *caps, const json_t *rows)
{
    size_t count = json_array_size(rows);

    caps->types = xcalloc(count + 1, sizeof(*caps->types));
    while (caps->ntypes < count) {
        size_t i = caps->ntypes++;

        if (load_text(json_array_get(rows, i), &caps->types[i], true) < 0)
            return -1;
    }
    return count ? 0 : -1;
}

/* [name, usable, deprecated] */
static int load_cpus(struct caps_cpus *cpus, const json_t *rows)
{
    size_t count = json_array_size(rows);

    cpus->items = xcalloc(count + 1, sizeof(*cpus->items));
    while (cpus->count < count) {
        struct caps_cpu *cpu = &cpus->items[cpus->count++];
        const json_t *row = json_array_get(rows, cpus->count - 1);

        if (load_text(json_array_get(row, 0), &cpu->name, true) < 0)
            return -1;
        cpu->usable = json_is_true(json_array_get(row, 1));
        cpu->deprecated = json_is_true(json_array_get(row, 2));
    }
    return json_is_array(rows) ? 0 : -1;
}

static int load_root(struct qemu_caps *caps, const json_t *root)
{
    const char *arch = json_string_value(json_object_get(root, "arch"));
    const struct qemu_arch *known = arch ? qemu_arch_find(arch) : NULL;
    json_int_t version = json_integer_value(json_object_get(root, "version"));

    if (!known || version <= 0)
        return -1;
    caps->arch = known->name;
    caps->version = (uint64_t)version;
    caps->has_tcg = json_is_true(json_object_get(root, "tcg"));
    caps->has_kvm = json_is_true(json_object_get(root, "kvm"));
    caps->has_vnc = json_is_true(json_object_get(root, "vnc"));
    caps->has_sandbox = json_is_true(json_object_get(root, "sandbox"));
    if (load_machines(caps, json_object_get(root, "machines")) < 0 ||
        load_types(caps, json_object_get(root, "types")) < 0 ||
        load_cpus(&caps->tcg_cpus, json_object_get(root, "tcg-cpus")) < 0 ||
        load_cpus(&caps->kvm_cpus, json_object_get(root, "kvm-cpus")) < 0)
        return -1;
    caps_sort(caps);
    return 0;
}

static bool is_text(const json_t *root, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(root, key));

    return value && strcmp(value, text) == 0;
}

struct qemu_caps *caps_load(const char *dir, const char *emulator, const char *identity)
{
    _cleanup_free_ char *path = file_path(dir, emulator), *text = read_file(path);
    json_t *root = text ? json_loads(text, 0, NULL) : NULL;
    struct qemu_caps *caps = NULL;

    if (json_integer_value(json_object_get(root, "format")) == FORMAT_VERSION &&
        is_text(root, "emulator", emulator) && is_text(root, "identity", identity)) {
        caps = caps_new(emulator, identity);
        if (load_root(caps, root) < 0) {
            qemu_caps_unref(caps);
            caps = NULL;
        }
    }
    json_decref(root);
    return caps;
}

/* Writing. */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *save_machines(const struct qemu_caps *caps)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < caps->nmachines; i++) {
        const struct caps_machine *machine = &caps->machines[i];

        (void)json_array_append_new(
            rows, json_pack("[s, o, o, o, i, b, b]", machine->name, text_or_null(machine->alias),
                            text_or_null(machine->default_cpu), text_or_null(machine->ram_id),
                            (int)machine->max_vcpus, machine->is_default, machine->deprecated));
    }
    return rows;
}

static json_t *save_types(const struct qemu_caps *caps)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < caps->ntypes; i++)
        (void)json_array_append_new(rows, json_string(caps->types[i]));
    return rows;
}

static json_t *save_cpus(const struct caps_cpus *cpus)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < cpus->count; i++) {
        const struct caps_cpu *cpu = &cpus->items[i];

        (void)json_array_append_new(
            rows, json_pack("[s, b, b]", cpu->name, cpu->usable, cpu->deprecated));
    }
    return rows;
}

/* NULL: a name that is no UTF-8, which no path we were given over the wire is. */
static char *save_root(const struct qemu_caps *caps)
{
    json_t *root = json_pack(
        "{s:i, s:s, s:s, s:s, s:I, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o}",
        "format", FORMAT_VERSION, "emulator", caps->emulator, "identity", caps->identity,
        "arch", caps->arch, "version", (json_int_t)caps->version, "tcg", caps->has_tcg,
        "kvm", caps->has_kvm, "vnc", caps->has_vnc, "sandbox", caps->has_sandbox,
        "machines", save_machines(caps), "types", save_types(caps),
        "tcg-cpus", save_cpus(&caps->tcg_cpus), "kvm-cpus", save_cpus(&caps->kvm_cpus));
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

    json_decref(root);
    return text;
}

/* Without fsync: what a power loss leaves is whole, or found to be not. */
static int write_file(const char *path, const char *text)
{
    _cleanup_free_ char *temp = xasprintf("%s.XXXXXX", path);
    _cleanup_close_ int fd = mkostemp(temp, O_CLOEXEC);
    size_t length = strlen(text);
    ssize_t n;
    int errnum;

    if (fd < 0)
        return -errno;
    n = write(fd, text, length);
    if (n == (ssize_t)length && rename(temp, path) == 0)
        return 0;
    errnum = n >= 0 && n < (ssize_t)length ? ENOSPC : errno;
    (void)unlink(temp); /* nobody knows its name */
    return -errnum;
}

void caps_save(const char *dir, const struct qemu_caps *caps)
{
    _cleanup_free_ char *path = file_path(dir, caps->emulator), *text = NULL;
    int r;

    text = save_root(caps);
    if (!text || strlen(text) > FILE_MAX)
        return;
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        r = -errno;
    else
        r = write_file(path, text);
    if (r < 0)
        log_warn("cannot write '%s': %s", path, strerror(-r));
}
