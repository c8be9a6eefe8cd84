/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands on domains that are jobs: how they start, are found, and end. */

#include "cli-daemon.h"

static char *failure = TEXT("no space left");

/* --- long ones --- */

START_TEST(a_start_is_followed)
{
    CHECK_SAID("Domain 'd' started\n", "start", "d", "--paused", "--force-boot");
    ck_assert_uint_eq(cli_got.flags.flags,
                      ASYNC | VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_FORCE_BOOT);
    cli_answer_record.record.operation = TEXT("domain-start");
    cli_answer_waited.info.state = VIR_JOB_CANCELLED;
    CHECK_RUN(CLI_CANCELLED, "", "error: domain-start of domain 'd' was cancelled (job 7)\n",
              "start", "d");
    cli_answer_waited.info.state = VIR_JOB_FAILED;
    cli_answer_record.record.error_message = &failure;
    CHECK_RUN(CLI_FAILED, "", "error: domain-start of domain 'd' failed (job 7): no space left\n",
              "start", "d");
    FAIL_REMOTE(DOMAIN_CREATE_WITH_FLAGS, VIR_ERR_OPERATION_INVALID);
    CHECK_RUN(CLI_FAILED, "", "error: cannot start domain 'd': no such thing\n", "start", "d");
}
END_TEST

/* A file with that text; the caller removes it and frees its name. */
static char *file_make(const char *content)
{
    char *path = strdup("/tmp/test-cli-dom-XXXXXX");
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    return path;
}

START_TEST(a_create_is_followed)
{
    char *path = file_make("<domain/>");
    char *expected = NULL;

    ck_assert_int_gt(asprintf(&expected, "Domain 'd' created from %s\n", path), 0);
    CHECK_SAID(expected, "create", path, "--validate");
    ck_assert_str_eq(cli_got.xml.xml, "<domain/>");
    ck_assert_uint_eq(cli_got.xml.flags, ASYNC | VIR_DOMAIN_START_VALIDATE);
    CHECK_RUN(CLI_FAILED, "", "error: cannot read '/nonexistent': No such file or directory\n",
              "create", "/nonexistent");
    unlink(path);
    free(path);
    free(expected);
}
END_TEST

START_TEST(a_save_is_followed)
{
    CHECK_SAID("Domain 'd' saved to /x\n", "save", "d", "/x", "--bypass-cache", "--paused");
    ck_assert_str_eq(cli_got.save.to, "/x");
    ck_assert_uint_eq(cli_got.save.flags,
                      ASYNC | VIR_DOMAIN_SAVE_BYPASS_CACHE | VIR_DOMAIN_SAVE_PAUSED);
    CHECK_SAID("Job 7 started: domain-save of domain 'd'\n", "save", "d", "/x", "--async");
    CHECK_SAID("Domain 'd' state saved\n", "managedsave", "d", "--running");
    ck_assert_uint_eq(cli_got.flags.flags, ASYNC | VIR_DOMAIN_SAVE_RUNNING);
}
END_TEST

START_TEST(a_save_with_xml_takes_parameters)
{
    char *path = file_make("<domain/>");

    CHECK_SAID("Domain 'd' saved to /x\n", "save", "d", "/x", "--xml", path);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_SAVE_FLAGS), 0);
    ck_assert_uint_eq(cli_got.save_params.flags, ASYNC);
    ck_assert_uint_eq(cli_got.save_params.params.params_len, 2);
    ck_assert_str_eq(cli_got.save_params.params.params_val[0].field, "file");
    ck_assert_str_eq(cli_got.save_params.params.params_val[0].value.wire_param_value_u.s, "/x");
    ck_assert_str_eq(cli_got.save_params.params.params_val[1].field, "dxml");
    ck_assert_str_eq(cli_got.save_params.params.params_val[1].value.wire_param_value_u.s,
                     "<domain/>");
    CHECK_SAID("Domain restored from /x\n", "restore", "/x", "--running", "--xml", path);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_RESTORE_FLAGS), 0);
    ck_assert_uint_eq(cli_got.restore_params.flags, ASYNC | VIR_DOMAIN_SAVE_RUNNING);
    ck_assert_str_eq(cli_got.restore_params.params.params_val[1].value.wire_param_value_u.s,
                     "<domain/>");
    unlink(path);
    free(path);
}
END_TEST

START_TEST(a_restore_finds_its_job_by_the_images_uuid)
{
    CHECK_SAID("Domain restored from /x\n", "restore", "/x");
    ck_assert_str_eq(cli_got.restore.from, "/x");
    ck_assert_uint_eq(cli_got.restore.flags, ASYNC);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_UUID), 1);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_NAME), 0);
}
END_TEST

START_TEST(a_restore_that_left_no_domain_is_found_in_the_history)
{
    FAIL_REMOTE(DOMAIN_LOOKUP_BY_UUID, VIR_ERR_NO_DOMAIN);
    FAIL_REMOTE(DOMAIN_LOOKUP_BY_NAME, VIR_ERR_NO_DOMAIN);
    cli_answer_record.record.operation = TEXT("domain-restore");
    cli_answer_record.record.error_message = &failure;
    cli_answer_waited.info.state = VIR_JOB_FAILED;
    CHECK_RUN(CLI_FAILED, "", "error: domain-restore of domain 'd' failed (job 7): no space left\n",
              "restore", "/x");
    ck_assert_int_eq(cli_daemon_row(FAKE_JOB(LIST))->seen, 1);
}
END_TEST

START_TEST(a_restore_from_no_image_starts_nothing)
{
    cli_answer_text.value = TEXT("<domain/>");
    CHECK_RUN(CLI_FAILED, "", "error: cannot restore a domain from '/x': its XML has no UUID\n",
              "restore", "/x");
    FAIL_REMOTE(DOMAIN_SAVE_IMAGE_GET_XML_DESC, VIR_ERR_OPERATION_FAILED);
    CHECK_RUN(CLI_FAILED, "", "error: cannot restore a domain from '/x': no such thing\n",
              "restore", "/x");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_RESTORE_FLAGS), 0);
}
END_TEST

START_TEST(a_dump_has_a_format)
{
    CHECK_SAID("Domain 'd' dumped to /x\n", "dump", "d", "/x", "--live");
    ck_assert_uint_eq(cli_got.dump.format, VIR_DOMAIN_CORE_DUMP_FORMAT_RAW);
    ck_assert_uint_eq(cli_got.dump.flags, ASYNC | VIR_DUMP_LIVE);
    CHECK_SAID("Domain 'd' dumped to /x\n", "dump", "d", "/x", "--memory-only", "--format",
               "kdump-zlib", "--verbose");
    ck_assert_uint_eq(cli_got.dump.format, VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB);
    ck_assert_uint_eq(cli_got.dump.flags, ASYNC | VIR_DUMP_MEMORY_ONLY);
}
END_TEST

/* --- jobs --- */

START_TEST(domjobinfo_is_virshs_and_ours)
{
    cli_answer_record.record.info.state = VIR_JOB_RUNNING;
    cli_answer_record.record.info.percent_complete = 45;
    cli_answer_record.record.phase = VIR_JOB_PHASE_RUNNING;
    CHECK_SAID("Job type:         Bounded     \n"
               "Operation:        Save        \n"
               "Time elapsed:     1306         ms\n"
               "Time remaining:   250          ms\n"
               "Data processed:   1.000 MiB\n"
               "Data remaining:   0.000 B\n"
               "Data total:       1.500 GiB\n"
               "Job id:           7\n"
               "Job state:        running\n"
               "Job progress:     45%\n",
               "domjobinfo", "d");
    CHECK_SAID("Job type: 1\n\noperation: 2\ntime_elapsed: 1306\ntime_remaining: 250\n"
               "data_total: 1610612736\ndata_processed: 1048576\n",
               "domjobinfo", "d", "--rawstats", "--completed", "--keep-completed");
    ck_assert_uint_eq(cli_got.flags.flags,
                      VIR_DOMAIN_JOB_STATS_COMPLETED | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED);
    cli_answer_job_stats.type = VIR_DOMAIN_JOB_NONE;
    CHECK_SAID("Job type:         None        \n", "domjobinfo", "d");
    CHECK_SAID("The job of domain 'd' is being cancelled\n", "domjobabort", "d");
}
END_TEST

START_TEST(jobs_are_found_by_their_domain)
{
    CHECK_SAID("Job 7 complete: domain-save of domain 'd'\n", "job-wait", "--domain", "d");
    FAIL_REMOTE(DOMAIN_LOOKUP_BY_NAME, VIR_ERR_NO_DOMAIN);
    CHECK_SAID("Job 7 complete: domain-save of domain 'd'\n", "job-wait", "--domain", "d");
    CHECK_RUN(CLI_FAILED, "", "error: no job has run on domain 'e'\n", "job-wait", "--domain", "e");
    (void)RUN("jobs", "--all", "--domain", UUID_TEXT);
    ck_assert_ptr_nonnull(strstr(cli_out, " 7    d        domain-save"));
    (void)RUN("jobs", "--all", "--domain", "e");
    ck_assert_ptr_null(strstr(cli_out, "domain-save"));
    (void)RUN("jobs", "--all", "--pool", "d");
    ck_assert_ptr_null(strstr(cli_out, "domain-save"));
    cli_answer_record.record.kind = JOB_TARGET_POOL; /* of the same name */
    (void)RUN("jobs", "--all", "--domain", "d");
    ck_assert_ptr_null(strstr(cli_out, "domain-save"));
    (void)RUN("jobs", "--all", "--pool", "d");
    ck_assert_ptr_nonnull(strstr(cli_out, "domain-save"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-dom-jobs");
    TCase *tcase = tcase_create("cli-dom-jobs");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, a_start_is_followed);
    tcase_add_test(tcase, a_create_is_followed);
    tcase_add_test(tcase, a_save_is_followed);
    tcase_add_test(tcase, a_save_with_xml_takes_parameters);
    tcase_add_test(tcase, a_restore_finds_its_job_by_the_images_uuid);
    tcase_add_test(tcase, a_restore_that_left_no_domain_is_found_in_the_history);
    tcase_add_test(tcase, a_restore_from_no_image_starts_nothing);
    tcase_add_test(tcase, a_dump_has_a_format);
    tcase_add_test(tcase, domjobinfo_is_virshs_and_ours);
    tcase_add_test(tcase, jobs_are_found_by_their_domain);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
