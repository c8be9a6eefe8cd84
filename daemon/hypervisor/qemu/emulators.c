/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding emulators, and /dev/kvm; see emulators.h and caps.h.  Any thread, owns no state. */

#include "hypervisor/qemu/emulators.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "hypervisor/qemu/caps.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

const struct qemu_arch qemu_arches[] = {
    /* Of two with one emulator the first is what the emulator is without more. */
    { "aarch64", "aarch64", 64 },
    { "alpha", "alpha", 64 },
    { "armv7l", "arm", 32 },
    { "armv6l", "arm", 32 },
    { "hppa", "hppa", 32 },
    { "i686", "i386", 32 },
    { "loongarch64", "loongarch64", 64 },
    { "m68k", "m68k", 32 },
    { "microblaze", "microblaze", 32 },
    { "microblazeel", "microblazeel", 32 },
    { "mips", "mips", 32 },
    { "mipsel", "mipsel", 32 },
    { "mips64", "mips64", 64 },
    { "mips64el", "mips64el", 64 },
    { "or1k", "or1k", 32 },
    { "ppc", "ppc", 32 },
    { "ppc64", "ppc64", 64 },
    { "ppc64le", "ppc64", 64 },
    { "riscv32", "riscv32", 32 },
    { "riscv64", "riscv64", 64 },
    { "s390x", "s390x", 64 },
    { "sh4", "sh4", 32 },
    { "sh4eb", "sh4eb", 32 },
    { "sparc", "sparc", 32 },
    { "sparc64", "sparc64", 64 },
    { "tricore", "tricore", 32 },
    { "x86_64", "x86_64", 64 },
    { "xtensa", "xtensa", 32 },
    { "xtensaeb", "xtensaeb", 32 },
};
const size_t qemu_narches = ARRAY_SIZE(qemu_arches);

const struct qemu_arch *qemu_arch_find(const char *name)
{
    for (size_t i = 0; i < qemu_narches; i++) {
        if (strcmp(qemu_arches[i].name, name) == 0)
            return &qemu_arches[i];
    }
    return NULL;
}

const struct qemu_arch *qemu_arch_find_qemu(const char *qemu)
{
    for (size_t i = 0; i < qemu_narches; i++) {
        if (strcmp(qemu_arches[i].qemu, qemu) == 0)
            return &qemu_arches[i];
    }
    return NULL;
}

const char *qemu_host_arch(void)
{
    static const struct {
        const char *kernel, *name;
    } others[] = { { "i386", "i686" }, { "i486", "i686" }, { "i586", "i686" },
                   { "armv8l", "armv7l" }, { "parisc", "hppa" } };
    const struct qemu_arch *arch;
    struct utsname host;
    const char *machine;

    if (uname(&host) < 0)
        return "x86_64"; /* only for a bad address */
    machine = host.machine;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (strcmp(machine, others[i].kernel) == 0)
            machine = others[i].name;
    }
    arch = qemu_arch_find(machine);
    return arch ? arch->name : "x86_64";
}

/* Their programs. */

static char *find_in(const char *dir, int length, const char *program)
{
    _cleanup_free_ char *path = xasprintf("%.*s/%s", length, dir, program);
    struct stat st;

    /* relative entries are no place for programs: what is run never depends on where we stand */
    if (*dir != '/' || access(path, X_OK) < 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return NULL;
    return STEAL_PTR(path);
}

static char *find_in_path(const char *path, const char *program)
{
    for (;;) {
        const char *end = strchrnul(path, ':');
        char *found = find_in(path, (int)(end - path), program);

        if (found || !*end)
            return found;
        path = end + 1;
    }
}

/* Where distributions put an emulator of the host's own architecture under another name. */
static const char *const host_emulators[] = {
    "/usr/libexec/qemu-kvm",
    "/usr/bin/qemu-kvm",
    "/usr/bin/kvm",
};

static char *find_host_emulator(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(host_emulators); i++) {
        struct stat st;

        if (access(host_emulators[i], X_OK) == 0 && stat(host_emulators[i], &st) == 0 &&
            S_ISREG(st.st_mode))
            return xstrdup(host_emulators[i]);
    }
    return NULL;
}

char *qemu_find_emulator(const char *arch, struct verror *err)
{
    const struct qemu_arch *known = qemu_arch_find(arch);
    _cleanup_free_ char *program = NULL;
    const char *path = getenv("PATH");
    char *found;

    if (!known) {
        (void)verror_set(err, VIR_ERR_INVALID_ARG, "unknown architecture '%s'", arch);
        return NULL;
    }
    program = xasprintf("qemu-system-%s", known->qemu);
    found = find_in_path(path ? path : "", program);
    if (!found)
        found = find_in_path("/usr/local/bin:/usr/bin", program);
    if (!found && strcmp(known->name, qemu_host_arch()) == 0)
        found = find_host_emulator();
    if (!found)
        (void)verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                         "no emulator for architecture '%s' found (%s)", arch, program);
    return found;
}

/* By its name alone: what a link leads to may be another file by the time it is run. */
int qemu_check_is_found(const char *emulator, struct verror *err)
{
    for (size_t i = 0; i < qemu_narches; i++) {
        _cleanup_free_ char *found = qemu_find_emulator(qemu_arches[i].name, NULL);

        if (found && strcmp(found, emulator) == 0)
            return 0;
    }
    if (err)
        err->domain = VIR_FROM_ACCESS;
    return verror_set(err, VIR_ERR_ACCESS_DENIED,
                      "emulator '%s' is not the host's own for any architecture: it is run only "
                      "for who may change domains", xml_quotable(emulator));
}

int qemu_check_kvm(struct verror *err)
{
    _cleanup_close_ int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "KVM cannot be used: cannot open '/dev/kvm': %s", strerror(errno));
    return 0;
}
