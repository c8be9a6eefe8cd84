/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target on what is saved: the files and folders that are named, else what
 * tests/fuzz/seeds says of the program.  Some of it is hostile, so root's rights are given away
 * before the first of it is run.
 */

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "util/alloc.h"

enum { NOBODY = 65534, NAME_MAX_ = 256 };

struct input {
    char *path;
    uint8_t *data; /* exactly size bytes: the sanitizer sees what reads beyond */
    size_t size;
};

static struct input *inputs;
static size_t ninputs;

static void read_file(const char *path, size_t size)
{
    struct input *input;
    FILE *file = fopen(path, "re");

    fuzz_must(file);
    inputs = xrealloc(inputs, ninputs + 1, sizeof(*inputs));
    input = &inputs[ninputs++];
    *input = (struct input){ xstrdup(path), xmalloc(size), size };
    fuzz_must(fread(input->data, 1, size, file) == size);
    (void)fclose(file);
}

static void read_path(const char *path)
{
    struct dirent **names;
    struct stat st;
    int n;

    if (stat(path, &st) < 0) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    if (!S_ISDIR(st.st_mode)) {
        read_file(path, (size_t)st.st_size);
        return;
    }
    n = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        _cleanup_free_ char *entry = xasprintf("%s/%s", path, names[i]->d_name);

        if (names[i]->d_name[0] != '.')
            read_path(entry);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

/* Lines "TARGET PLACE", a place below tests/. */
static void read_seeds(const char *target)
{
    FILE *file = fopen(FUZZ_TESTS "/fuzz/seeds", "re");
    char line[NAME_MAX_], name[NAME_MAX_], place[NAME_MAX_];

    fuzz_must(file);
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%255s %255s", name, place) == 2 && strcmp(name, target) == 0) {
            _cleanup_free_ char *path = xasprintf(FUZZ_TESTS "/%s", place);

            read_path(path);
        }
    }
    (void)fclose(file);
}

static void give_rights_away(void)
{
    if (geteuid() != 0)
        return;
    fuzz_must(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
              setresuid(NOBODY, NOBODY, NOBODY) == 0);
    /* the leak sanitizer looks at it as a debugger does */
    fuzz_must(prctl(PR_SET_DUMPABLE, 1) == 0);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        read_path(argv[i]);
    if (argc < 2)
        read_seeds(program_invocation_short_name);
    fuzz_must(ninputs > 0);
    give_rights_away();
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (size_t i = 0; i < ninputs; i++) {
        (void)printf("%s\n", inputs[i].path);
        (void)fflush(stdout);
        (void)LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].size);
        free(inputs[i].path);
        free(inputs[i].data);
    }
    (void)printf("%zu inputs\n", ninputs);
    free(inputs);
    return 0;
}
