/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of states and locks in virtjobd-jobs(7) are those of the code, cell by cell. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/job.h"
#include "protocol/macros.h"

enum { CELLS_MAX = 16, ROWS_MAX = 32, LINE_SIZE = 256 };

struct table {
    char text[ROWS_MAX][LINE_SIZE];
    char *cells[ROWS_MAX][CELLS_MAX];
    int nrows, ncells[ROWS_MAX];
};

static void split_row(struct table *table)
{
    char *rest = table->text[table->nrows], *cell;

    rest[strcspn(rest, "\n")] = '\0';
    while ((cell = strsep(&rest, "\t")) && table->ncells[table->nrows] < CELLS_MAX)
        table->cells[table->nrows][table->ncells[table->nrows]++] = cell;
    table->nrows++;
}

/* The table whose first heading is this one, up to its .TE. */
static void read_table(struct table *table, const char *first)
{
    const char *srcdir = getenv("srcdir");
    char path[4096], line[LINE_SIZE];
    FILE *file;

    memset(table, 0, sizeof(*table));
    (void)snprintf(path, sizeof(path), "%s/man/virtjobd-jobs.7", srcdir ? srcdir : MANUAL_DIR);
    file = fopen(path, "re");
    ck_assert_msg(file, "cannot open %s", path);
    while (fgets(line, sizeof(line), file) && !(table->nrows && strncmp(line, ".TE", 3) == 0)) {
        size_t length = strlen(first);

        if (!table->nrows && (strncmp(line, first, length) != 0 || line[length] != '\t'))
            continue;
        ck_assert_int_lt(table->nrows, ROWS_MAX);
        strcpy(table->text[table->nrows], line);
        split_row(table);
    }
    (void)fclose(file); /* it was only read */
    ck_assert_msg(table->nrows, "no table '%s' in %s", first, path);
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; (at = strstr(at, word)); at += length) {
        if ((at == text || at[-1] == ' ') && (!at[length] || at[length] == ' '))
            return true;
    }
    return false;
}

START_TEST(test_states)
{
    struct table table;

    read_table(&table, "state");
    ck_assert_int_eq(table.nrows, JOB_STATE_MAX + 1);
    for (int from = 0; from < JOB_STATE_MAX; from++) {
        ck_assert_int_eq(table.ncells[from + 1], 3);
        ck_assert_str_eq(table.cells[from + 1][0], job_state_name((enum job_state)from));
        for (int to = 0; to < JOB_STATE_MAX; to++) {
            const char *name = job_state_name((enum job_state)to);

            ck_assert_msg(has_word(table.cells[from + 1][2], name) ==
                              job_state_may_become((enum job_state)from, (enum job_state)to),
                          "%s to %s", table.cells[from + 1][0], name);
        }
    }
}
END_TEST

START_TEST(test_locks)
{
    struct table table;

    read_table(&table, "lock");
    ck_assert_int_eq(table.nrows, LOCK_MODE_MAX + 1);
    for (int row = 0; row < LOCK_MODE_MAX; row++) {
        ck_assert_int_eq(table.ncells[row + 1], LOCK_MODE_MAX + 1);
        ck_assert_str_eq(table.cells[row + 1][0], lock_mode_name((enum lock_mode)row));
        ck_assert_str_eq(table.cells[0][row + 1], lock_mode_name((enum lock_mode)row));
        for (int column = 0; column < LOCK_MODE_MAX; column++) {
            bool both = lock_modes_compatible((enum lock_mode)row, (enum lock_mode)column);

            ck_assert_str_eq(table.cells[row + 1][column + 1], both ? "yes" : "no");
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manual_jobs");
    TCase *tcase = tcase_create("tables");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, test_states);
    tcase_add_test(tcase, test_locks);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
