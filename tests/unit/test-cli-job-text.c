/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job record as text and as JSON. */

#include "tools/job-text.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

#include "protocol/macros.h"

static virJobRecord failed_job(void)
{
    return (virJobRecord){
        .id = 12,
        .objectKind = VIR_JOB_OBJECT_STORAGE_VOL,
        .name = (char *)"b\xff",
        .pool = (char *)"p",
        .uuid = { 0x12, 0x34, [15] = 0xef },
        .operation = (char *)"vol-clone",
        .phase = VIR_JOB_PHASE_ENDED,
        .info = { .state = VIR_JOB_FAILED, .runningTime = 65, .percentComplete = 45 },
        .bytesDone = 1024,
        .bytesTotal = UINT64_MAX,
        .rate = 7,
        .queuedAt = 1700000000001,
        .startedAt = 1700000000002,
        .endedAt = 1700000065002,
        .startedBy = (char *)"root",
        .errorCode = VIR_ERR_SYSTEM_ERROR,
        .errorMessage = (char *)"cannot write\n'/p/b'",
        .errorStep = (char *)"copy",
        .errorOutput = (char *)"line 1\nline\t2\n",
    };
}

static void check_text(char *text, const char *expected)
{
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(objects_are_named)
{
    virJobRecord job = { .name = (char *)"x", .pool = (char *)"p" };

    job.objectKind = VIR_JOB_OBJECT_STORAGE_VOL;
    check_text(job_object_text(&job), "volume 'x' in pool 'p'");
    check_text(job_object_short(&job), "p/x");
    job.objectKind = VIR_JOB_OBJECT_STORAGE_POOL;
    check_text(job_object_text(&job), "pool 'x'");
    check_text(job_object_short(&job), "x");
    job.objectKind = VIR_JOB_OBJECT_DOMAIN;
    check_text(job_object_text(&job), "disk 'p' of domain 'x'");
    check_text(job_object_short(&job), "x/p");
    job.pool = NULL;
    check_text(job_object_text(&job), "domain 'x'");
    check_text(job_object_short(&job), "x");
}
END_TEST

START_TEST(states_are_named)
{
    static const struct {
        int state;
        int phase;
        const char *text;
    } rows[] = {
        { VIR_JOB_RUNNING, VIR_JOB_PHASE_QUEUED, "queued" },
        { VIR_JOB_RUNNING, VIR_JOB_PHASE_RUNNING, "running" },
        { VIR_JOB_RUNNING, VIR_JOB_PHASE_CANCELLING, "cancelling" },
        { VIR_JOB_RUNNING, VIR_JOB_PHASE_FINISHING, "finishing" },
        { VIR_JOB_RUNNING, VIR_JOB_PHASE_PAUSED, "paused" },
        { VIR_JOB_COMPLETE, VIR_JOB_PHASE_ENDED, "complete" },
        { VIR_JOB_FAILED, VIR_JOB_PHASE_ENDED, "failed" },
        { VIR_JOB_CANCELLED, VIR_JOB_PHASE_ENDED, "cancelled" },
        { VIR_JOB_RUNNING, 99, "unknown" },
        { -1, VIR_JOB_PHASE_ENDED, "unknown" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        virJobRecord job = { .info.state = rows[i].state, .phase = rows[i].phase };

        ck_assert_str_eq(job_state_text(&job), rows[i].text);
    }
}
END_TEST

START_TEST(a_page_tells_all)
{
    virJobRecord job = failed_job();
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    ck_assert_int_eq(setenv("TZ", "UTC0", 1), 0);
    job_print(&job, out);
    fclose(out);
    check_text(text, "Id:             12\n"
                     "Object:         volume 'b\xff' in pool 'p'\n"
                     "Operation:      vol-clone\n"
                     "State:          failed\n"
                     "Progress:       45%\n"
                     "Done:           1.00 KiB\n"
                     "Total:          16.00 EiB\n"
                     "Running time:   1m 05s\n"
                     "Queued:         2023-11-14 22:13:20\n"
                     "Started:        2023-11-14 22:13:20\n"
                     "Ended:          2023-11-14 22:14:25\n"
                     "Started by:     root\n"
                     "Error:          cannot write '/p/b'\n"
                     "Error code:     38\n"
                     "Failing step:   copy\n"
                     "Output:\n"
                     "    line 1\n"
                     "    line?2\n");
}
END_TEST

START_TEST(json_has_every_key)
{
    static const char *const expected =
        "{\"id\":12,\"kind\":\"volume\",\"name\":\"b\xef\xbf\xbd\",\"pool\":\"p\","
        "\"uuid\":\"12340000-0000-0000-0000-0000000000ef\",\"operation\":\"vol-clone\","
        "\"state\":\"failed\",\"phase\":\"ended\",\"bounded\":true,\"percent\":45,"
        "\"bytes_done\":1024,\"bytes_total\":9223372036854775807,\"bytes_per_second\":7,"
        "\"speed_limit\":0,"
        "\"running_seconds\":65,\"remaining_seconds\":0,\"queued_at_ms\":1700000000001,"
        "\"started_at_ms\":1700000000002,\"ended_at_ms\":1700000065002,\"started_by\":\"root\","
        "\"note\":null,\"error\":{\"code\":38,\"message\":\"cannot write\\n'/p/b'\","
        "\"step\":\"copy\",\"output\":\"line 1\\nline\\t2\\n\"}}";
    virJobRecord job = failed_job();
    json_t *json = job_to_json(&job);

    check_text(json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER), expected);
    json_decref(json);
}
END_TEST

START_TEST(json_has_null_for_what_is_not)
{
    virJobRecord job = { .name = (char *)"p", .operation = (char *)"pool-refresh" };
    json_t *json = job_to_json(&job);

    ck_assert(json_is_null(json_object_get(json, "pool")));
    ck_assert(json_is_null(json_object_get(json, "error")));
    ck_assert(json_is_null(json_object_get(json, "started_at_ms")));
    ck_assert_uint_eq(json_object_size(json), 22);
    json_decref(json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-job-text");
    TCase *tcase = tcase_create("cli-job-text");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, objects_are_named);
    tcase_add_test(tcase, states_are_named);
    tcase_add_test(tcase, a_page_tells_all);
    tcase_add_test(tcase, json_has_every_key);
    tcase_add_test(tcase, json_has_null_for_what_is_not);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
