/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's numbers in virsh's words. */

#include "tools/dom-text.h"

#include <check.h>
#include <string.h>

#include "protocol/macros.h"

START_TEST(states_have_virshs_names)
{
    static const char *const names[] = { "no state",    "running",  "idle",    "paused",
                                         "in shutdown", "shut off", "crashed", "pmsuspended" };
    int state;

    for (state = 0; (size_t)state < ARRAY_SIZE(names); state++)
        ck_assert_str_eq(dom_state_text(state), names[state]);
    ck_assert_str_eq(dom_state_text(8), "no state");
    ck_assert_str_eq(dom_state_text(-1), "no state");
}
END_TEST

START_TEST(reasons_go_by_the_state)
{
    static const struct {
        int state;
        int count;
        const char *first, *last;
    } rows[] = {
        { VIR_DOMAIN_RUNNING, 10, "booted", "crashed" },
        { VIR_DOMAIN_PAUSED, 12, "user", "starting up" },
        { VIR_DOMAIN_SHUTDOWN, 2, "user", "user" },
        { VIR_DOMAIN_SHUTOFF, 9, "shutdown", "daemon" },
        { VIR_DOMAIN_CRASHED, 2, "panicked", "panicked" },
    };
    size_t i;
    int reason;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        ck_assert_str_eq(dom_reason_text(rows[i].state, 0), "unknown");
        ck_assert_str_eq(dom_reason_text(rows[i].state, 1), rows[i].first);
        ck_assert_str_eq(dom_reason_text(rows[i].state, rows[i].count - 1), rows[i].last);
        for (reason = 0; reason < rows[i].count; reason++)
            ck_assert_ptr_nonnull(dom_reason_text(rows[i].state, reason));
        ck_assert_str_eq(dom_reason_text(rows[i].state, rows[i].count), "unknown");
        ck_assert_str_eq(dom_reason_text(rows[i].state, -1), "unknown");
    }
    ck_assert_str_eq(dom_reason_text(VIR_DOMAIN_NOSTATE, 1), "unknown");
    ck_assert_str_eq(dom_reason_text(VIR_DOMAIN_BLOCKED, 1), "unknown");
    ck_assert_str_eq(dom_reason_text(VIR_DOMAIN_PMSUSPENDED, 1), "unknown");
    ck_assert_str_eq(dom_reason_text(99, 1), "unknown");
    ck_assert_str_eq(dom_reason_text(-1, 1), "unknown");
}
END_TEST

START_TEST(control_states_have_virshs_names)
{
    ck_assert_str_eq(dom_control_text(VIR_DOMAIN_CONTROL_OK), "ok");
    ck_assert_str_eq(dom_control_text(VIR_DOMAIN_CONTROL_JOB), "background job");
    ck_assert_str_eq(dom_control_text(VIR_DOMAIN_CONTROL_OCCUPIED), "occupied");
    ck_assert_str_eq(dom_control_text(VIR_DOMAIN_CONTROL_ERROR), "error");
    ck_assert_str_eq(dom_control_text(9), "unknown");
}
END_TEST

/* One parameter of each type, and the numbers of a save that failed. */
static virTypedParameterPtr params_make(int *count)
{
    virTypedParameterPtr params = NULL;
    int room = 0;

    *count = 0;
    ck_assert_int_eq(virTypedParamsAddInt(&params, count, &room, VIR_DOMAIN_JOB_OPERATION,
                                          VIR_DOMAIN_JOB_OPERATION_DUMP),
                     0);
    ck_assert_int_eq(virTypedParamsAddUInt(&params, count, &room, "uint", 2), 0);
    ck_assert_int_eq(virTypedParamsAddLLong(&params, count, &room, "llong", -3), 0);
    ck_assert_int_eq(virTypedParamsAddULLong(&params, count, &room, VIR_DOMAIN_JOB_TIME_ELAPSED,
                                             99),
                     0);
    ck_assert_int_eq(virTypedParamsAddULLong(&params, count, &room,
                                             VIR_DOMAIN_JOB_MEMORY_REMAINING, 1536),
                     0);
    ck_assert_int_eq(virTypedParamsAddDouble(&params, count, &room, "double", 0.5), 0);
    ck_assert_int_eq(virTypedParamsAddBoolean(&params, count, &room, VIR_DOMAIN_JOB_SUCCESS, 0),
                     0);
    ck_assert_int_eq(virTypedParamsAddString(&params, count, &room, VIR_DOMAIN_JOB_ERRMSG,
                                             "no\n  space"),
                     0);
    return params;
}

/* What print() writes; the caller frees it. */
static char *printed(int type, bool raw, bool any)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int count;
    virTypedParameterPtr params = params_make(&count);

    if (raw)
        dom_job_print_raw(type, params, count, out);
    else
        dom_job_print(type, params, count, any, out);
    fclose(out);
    virTypedParamsFree(params, count);
    return text;
}

static void check_printed(char *text, const char *expected)
{
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(a_job_is_told_as_by_virsh)
{
    static const char numbers[] = "Operation:        Dump        \n"
                                  "Time elapsed:     99           ms\n"
                                  "%s"
                                  "Memory processed: 0.000 B\n"
                                  "Memory remaining: 1.500 KiB\n"
                                  "Memory total:     0.000 B\n"
                                  "Error message:    no space\n";
    static const struct {
        int type;
        bool any;
        const char *head;
        const char *left; /* NULL = the head alone */
    } rows[] = {
        { VIR_DOMAIN_JOB_NONE, true, "Job type:         None        \n", NULL },
        { VIR_DOMAIN_JOB_BOUNDED, false, "Job type:         Bounded     \n",
          "Time remaining:   0            ms\n" },
        { VIR_DOMAIN_JOB_UNBOUNDED, false, "Job type:         Unbounded   \n", "" },
        { VIR_DOMAIN_JOB_COMPLETED, false, "Job type:         Completed   \n", "" },
        { VIR_DOMAIN_JOB_FAILED, true, "Job type:         Failed      \n", "" },
        { VIR_DOMAIN_JOB_FAILED, false, "Job type:         Failed      \n", NULL },
        { VIR_DOMAIN_JOB_CANCELLED, false, "Job type:         Cancelled   \n", NULL },
        { 99, false, "Job type:         Unknown     \n", "" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        char expected[512];
        int n = snprintf(expected, sizeof(expected), "%s", rows[i].head);

        if (rows[i].left)
            (void)snprintf(expected + n, sizeof(expected) - (size_t)n, numbers, rows[i].left);
        check_printed(printed(rows[i].type, false, rows[i].any), expected);
    }
}
END_TEST

START_TEST(raw_numbers_are_all_there)
{
    check_printed(printed(VIR_DOMAIN_JOB_FAILED, true, false), "Job type: 4\n"
                                                               "\n"
                                                               "operation: 8\n"
                                                               "uint: 2\n"
                                                               "llong: -3\n"
                                                               "time_elapsed: 99\n"
                                                               "memory_remaining: 1536\n"
                                                               "double: 0.500000\n"
                                                               "success: no\n"
                                                               "errmsg: no space\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-dom-text");
    TCase *tcase = tcase_create("cli-dom-text");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, states_have_virshs_names);
    tcase_add_test(tcase, reasons_go_by_the_state);
    tcase_add_test(tcase, control_states_have_virshs_names);
    tcase_add_test(tcase, a_job_is_told_as_by_virsh);
    tcase_add_test(tcase, raw_numbers_are_all_there);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
