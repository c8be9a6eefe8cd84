/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks an emulator what it can do: starts it without a machine, sends all
 * questions at once and reads the answers.  Once with TCG, which anybody can
 * run, and where /dev/kvm opens once more with KVM, whose CPU models depend on
 * the host.  Workers, owns no state.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/qemu/caps_data.h"
#include "hypervisor/qemu/emulators.h"
#include "util/alloc.h"
#include "util/child.h"
#include "util/log.h"

enum { ANSWER_MAX = 16 << 20 }; /* of all answers; QEMU 7.2 gives 0.2 MiB */

/* The identity of an emulator. */

/* Packages put modules (displays, sound, block drivers) here without touching the emulator. */
static const char *const module_dirs[] = {
#ifdef __x86_64__
    "/usr/lib/x86_64-linux-gnu/qemu",
#elif defined(__aarch64__)
    "/usr/lib/aarch64-linux-gnu/qemu",
#endif
    "/usr/lib64/qemu-kvm",
    "/usr/lib64/qemu",
    "/usr/lib/qemu",
    "/usr/local/lib/qemu",
};

static unsigned long long time_ns(const struct timespec *time)
{
    return (unsigned long long)time->tv_sec * 1000000000 + (unsigned long long)time->tv_nsec;
}

static unsigned long long modules_time(void)
{
    unsigned long long newest = 0;
    struct stat st;

    for (size_t i = 0; i < ARRAY_SIZE(module_dirs); i++) {
        if (stat(module_dirs[i], &st) == 0 && time_ns(&st.st_mtim) > newest)
            newest = time_ns(&st.st_mtim);
    }
    return newest;
}

/* Its CPU models change with the host, its kernel and the options the module was loaded with. */
static char *kvm_identity(void)
{
    struct stat st;

    if (qemu_check_kvm(NULL) < 0 || stat("/dev/kvm", &st) < 0)
        return xstrdup("none");
    return xasprintf("%s:%llu", child_boot_id(), time_ns(&st.st_ctim));
}

char *caps_identity(const char *emulator, struct verror *err)
{
    _cleanup_free_ char *kvm = NULL;
    struct stat st;
    int errnum = 0;

    if (*emulator != '/') {
        (void)verror_set(err, VIR_ERR_INVALID_ARG, "emulator '%s' is not an absolute path",
                         emulator);
        return NULL;
    }
    if (stat(emulator, &st) < 0)
        errnum = errno;
    else if (!S_ISREG(st.st_mode) || access(emulator, X_OK) < 0)
        errnum = EACCES;
    if (errnum) {
        (void)verror_errno(err, errnum, "cannot run emulator '%s'", emulator);
        return NULL;
    }
    kvm = kvm_identity();
    return xasprintf("file %llu:%llu:%llu:%llu:%llu modules %llu kvm %s",
                     (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
                     (unsigned long long)st.st_size, time_ns(&st.st_mtim), time_ns(&st.st_ctim),
                     modules_time(), kvm);
}

/* The answers. */

struct probe {
    struct qemu_caps *caps;
    const struct question *questions;
    size_t nquestions;
    bool greeted;
    unsigned int answered; /* bits by index of the question */
    struct verror err;     /* the first answer that was wrong */
};

struct question {
    const char *command;
    const char *arguments; /* JSON, or NULL */
    int (*take)(struct qemu_caps *caps, const json_t *value); /* -1: makes no sense */
    bool optional; /* not every emulator has it */
};

static char *new_text(const json_t *object, const char *key)
{
    return xstrdup(json_string_value(json_object_get(object, key)));
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static int take_target(struct qemu_caps *caps, const json_t *value)
{
    const char *name = json_string_value(json_object_get(value, "arch"));
    const struct qemu_arch *arch = name ? qemu_arch_find_qemu(name) : NULL;

    caps->arch = arch ? arch->name : NULL;
    return arch ? 0 : -1;
}

/* TCG was asked for first: that KVM is in use means that there is none. */
static int take_kvm(struct qemu_caps *caps, const json_t *value)
{
    caps->has_kvm = is_true(value, "present");
    caps->has_tcg = !is_true(value, "enabled");
    return 0;
}

/* "qemu64-x86_64-cpu" -> "qemu64"; a new string */
static char *cpu_of_type(const char *type)
{
    const char *end = type ? strstr(type, "-cpu") : NULL;

    if (!end || end[strlen("-cpu")] != '\0')
        return xstrdup(type);
    while (end > type && end[-1] != '-')
        end--;
    /* a type without the architecture in its name is the model's own */
    return end > type ? xstrndup(type, (size_t)(end - 1 - type)) : xstrdup(type);
}

static int take_machine(struct caps_machine *machine, const json_t *value)
{
    json_int_t max = json_integer_value(json_object_get(value, "cpu-max"));

    machine->name = new_text(value, "name");
    machine->alias = new_text(value, "alias");
    machine->ram_id = new_text(value, "default-ram-id");
    machine->default_cpu =
        cpu_of_type(json_string_value(json_object_get(value, "default-cpu-type")));
    machine->max_vcpus = max > 0 && max <= UINT16_MAX ? (unsigned int)max : 1;
    machine->is_default = is_true(value, "is-default");
    machine->deprecated = is_true(value, "deprecated");
    return machine->name ? 0 : -1;
}

static int take_machines(struct qemu_caps *caps, const json_t *value)
{
    size_t count = json_array_size(value);

    if (count == 0 || caps->machines)
        return -1;
    caps->machines = xcalloc(count, sizeof(*caps->machines));
    while (caps->nmachines < count) {
        size_t i = caps->nmachines++;

        if (take_machine(&caps->machines[i], json_array_get(value, i)) < 0)
            return -1;
    }
    return 0;
}

static int take_types(struct qemu_caps *caps, const json_t *value)
{
    size_t count = json_array_size(value);

    if (count == 0 || caps->types)
        return -1;
    caps->types = xcalloc(count, sizeof(*caps->types));
    while (caps->ntypes < count) {
        size_t i = caps->ntypes++;

        caps->types[i] = new_text(json_array_get(value, i), "name");
        if (!caps->types[i])
            return -1;
    }
    return 0;
}

static int take_cpus(struct caps_cpus *cpus, const json_t *value)
{
    size_t count = json_array_size(value);

    if (cpus->items)
        return -1;
    cpus->items = xcalloc(count + 1, sizeof(*cpus->items));
    while (cpus->count < count) {
        const json_t *item = json_array_get(value, cpus->count);
        struct caps_cpu *cpu = &cpus->items[cpus->count++];

        cpu->name = new_text(item, "name");
        /* an architecture that does not tell has no features that could be missing */
        cpu->usable = json_array_size(json_object_get(item, "unavailable-features")) == 0;
        cpu->deprecated = is_true(item, "deprecated");
        if (!cpu->name)
            return -1;
    }
    return 0;
}

static int take_tcg_cpus(struct qemu_caps *caps, const json_t *value)
{
    return take_cpus(caps->has_tcg ? &caps->tcg_cpus : &caps->kvm_cpus, value);
}

static int take_kvm_cpus(struct qemu_caps *caps, const json_t *value)
{
    return take_cpus(&caps->kvm_cpus, value);
}

static int take_commands(struct qemu_caps *caps, const json_t *value)
{
    size_t i;
    json_t *command;

    json_array_foreach (value, i, command) {
        const char *name = json_string_value(json_object_get(command, "name"));

        if (name && strcmp(name, "query-vnc") == 0)
            caps->has_vnc = true;
    }
    return 0;
}

/* An error instead of an answer: built without. */
static int take_sandbox(struct qemu_caps *caps, const json_t *value)
{
    caps->has_sandbox = json_array_size(value) > 0;
    return 0;
}

static const struct question questions[] = {
    { "qmp_capabilities", NULL, NULL, false },
    { "query-target", NULL, take_target, false },
    { "query-kvm", NULL, take_kvm, false },
    { "query-machines", NULL, take_machines, false },
    { "qom-list-types", "{\"abstract\": false}", take_types, false },
    { "query-cpu-definitions", NULL, take_tcg_cpus, true },
    { "query-commands", NULL, take_commands, false },
    { "query-command-line-options", "{\"option\": \"sandbox\"}", take_sandbox, true },
};

static const struct question kvm_questions[] = {
    { "qmp_capabilities", NULL, NULL, false },
    { "query-cpu-definitions", NULL, take_kvm_cpus, true },
};

/* Its talk. */

static void take_greeting(struct probe *probe, const json_t *root)
{
    const json_t *version;
    int major, minor, micro;

    if (json_unpack((json_t *)root, "{s:{s:{s:o}}}", "QMP", "version", "qemu", &version) < 0 ||
        json_unpack((json_t *)version, "{s:i, s:i, s:i}", "major", &major, "minor", &minor, "micro",
                    &micro) < 0 ||
        major < 0 || minor < 0 || micro < 0) {
        (void)verror_set(&probe->err, VIR_ERR_OPERATION_FAILED,
                         "'%s' is no QEMU: it does not begin with a QMP greeting",
                         probe->caps->emulator);
        return;
    }
    probe->greeted = true;
    probe->caps->version =
        (uint64_t)major * 1000000 + (uint64_t)minor * 1000 + (uint64_t)micro;
}

static void take_answer(struct probe *probe, const json_t *root)
{
    const json_t *id = json_object_get(root, "id"), *value = json_object_get(root, "return");
    const struct question *question;

    if (!json_is_integer(id) || (size_t)json_integer_value(id) >= probe->nquestions)
        return; /* an event, or the farewell's */
    question = &probe->questions[json_integer_value(id)];
    if (!value && !question->optional) {
        const char *reason =
            json_string_value(json_object_get(json_object_get(root, "error"), "desc"));

        (void)verror_set(&probe->err, VIR_ERR_OPERATION_FAILED, "'%s' refuses %s: %s",
                         probe->caps->emulator, question->command, reason ? reason : "no reason");
        return;
    }
    if (value && question->take && question->take(probe->caps, value) < 0)
        (void)verror_set(&probe->err, VIR_ERR_OPERATION_FAILED,
                         "'%s' gives an answer to %s that makes no sense", probe->caps->emulator,
                         question->command);
    probe->answered |= 1U << (question - probe->questions);
}

static void take_line(void *opaque, char *line)
{
    struct probe *probe = opaque;
    json_t *root;

    if (probe->err.code)
        return;
    root = json_loads(line, 0, NULL);
    if (json_is_object(root))
        (probe->greeted ? take_answer : take_greeting)(probe, root);
    else if (probe->greeted) /* before, it may be a wrapper's chatter */
        (void)verror_set(&probe->err, VIR_ERR_OPERATION_FAILED, "'%s' writes what is no QMP",
                         probe->caps->emulator);
    json_decref(root);
}

static char *make_input(const struct probe *probe)
{
    char *input = xstrdup("");

    for (size_t i = 0; i < probe->nquestions; i++) {
        const struct question *question = &probe->questions[i];
        _cleanup_free_ char *before = input;

        input = xasprintf("%s{\"execute\": \"%s\", \"arguments\": %s, \"id\": %zu}\n", before,
                          question->command, question->arguments ? question->arguments : "{}", i);
    }
    return input;
}

/* Of all questions, or of those that must have one. */
static bool has_answers(const struct probe *probe, bool optional_too)
{
    for (size_t i = 0; i < probe->nquestions; i++) {
        if ((optional_too || !probe->questions[i].optional) && !(probe->answered & 1U << i))
            return false;
    }
    return true;
}

static bool has_all(void *opaque)
{
    const struct probe *probe = opaque;

    return probe->err.code || has_answers(probe, true);
}

int caps_run(const char *emulator, const char *machine, struct child_spec *spec,
             struct job_ctl *ctl, struct verror *err)
{
    const char *const argv[] = { emulator,   "-S",       "-no-user-config", "-nodefaults",
                                 "-display", "none",     "-machine",        machine,
                                 "-qmp",     "stdio",    NULL };

    spec->argv = argv;
    spec->line_max = ANSWER_MAX;
    spec->output_max = ANSWER_MAX;
    spec->farewell = "{\"execute\": \"quit\", \"id\": \"farewell\"}\n";
    return child_run(spec, ctl, err);
}

/* One start of the emulator. */
static int ask(struct probe *probe, const char *machine, int timeout_ms, struct job_ctl *ctl,
               struct verror *err)
{
    _cleanup_free_ char *input = make_input(probe);
    struct child_spec spec = { .line = take_line,
                               .opaque = probe,
                               .timeout_ms = timeout_ms,
                               .input = input,
                               .enough = has_all };
    _cleanup_verror_ struct verror wrong = VERROR_INIT;
    int r;

    r = caps_run(probe->caps->emulator, machine, &spec, ctl, &wrong);
    /* one that talks nonsense and then hangs: the nonsense says more */
    if (r < 0 && (wrong.code != VIR_ERR_OPERATION_TIMEOUT || !probe->err.code))
        verror_move(err, &wrong);
    else if (probe->err.code)
        verror_move(err, &probe->err);
    else if (!has_answers(probe, false))
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "'%s' is no QEMU: it answers no QMP",
                          probe->caps->emulator);
    else
        return 0;
    verror_clear(&probe->err);
    return -1;
}

/* Best effort: what TCG can do stands, and a guest that wants KVM will get QEMU's own error. */
static int ask_kvm(struct qemu_caps *caps, int timeout_ms, struct job_ctl *ctl, struct verror *err)
{
    struct probe probe = { .caps = caps,
                           .questions = kvm_questions,
                           .nquestions = ARRAY_SIZE(kvm_questions) };
    _cleanup_verror_ struct verror own = VERROR_INIT;

    if (ask(&probe, "none,accel=kvm", timeout_ms, ctl, &own) == 0)
        return 0;
    if (own.code == VIR_ERR_OPERATION_ABORTED) {
        verror_move(err, &own);
        return -1;
    }
    log_warn("cannot ask '%s' for its CPU models with KVM: %s", caps->emulator, verror_text(&own));
    return 0;
}

struct qemu_caps *caps_probe(const char *emulator, const char *identity, int timeout_ms,
                             struct job_ctl *ctl, struct verror *err)
{
    struct qemu_caps *caps = caps_new(emulator, identity);
    struct probe probe = { .caps = caps,
                           .questions = questions,
                           .nquestions = ARRAY_SIZE(questions) };
    bool kvm = qemu_check_kvm(NULL) == 0;

    /* one built without TCG takes the other */
    if (ask(&probe, "none,accel=tcg:kvm", timeout_ms, ctl, err) < 0 ||
        (kvm && caps->has_kvm && caps->has_tcg && ask_kvm(caps, timeout_ms, ctl, err) < 0)) {
        qemu_caps_unref(caps);
        return NULL;
    }
    caps_sort(caps);
    return caps;
}
