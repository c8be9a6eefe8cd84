/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs that have not ended or not failed; lists in pages, of jobs and clients, good and endless. */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fake-server.h"
#include "protocol/macros.h"

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

static void setup(void)
{
    virSetErrorFunc(NULL, quiet);
}

#define TEXT(literal) ((char *)(uintptr_t)(literal))

/* --- jobs that have not failed, or not ended --- */

static void unfinished_script(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_JOB(WAIT), NULL, NULL);
    fake_reply(fd, &call, FAKE_XDR(job_wait_ret),
               &(job_wait_ret){ .ended = 0, .info = { .percent_complete = 40 } });
    call = fake_expect(fd, FAKE_JOB(GET_ERROR), NULL, NULL);
    fake_reply(fd, &call, FAKE_XDR(job_error_ret), &(job_error_ret){ .error = NULL });
    call = fake_expect(fd, FAKE_JOB(GET_ERROR), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "no job has run");
    call = fake_expect(fd, FAKE_JOB(WAIT), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_RPC, VIR_FROM_RPC, "Cannot find program 541477442 version 1");
    fake_goodbye(fd);
}

START_TEST(test_unfinished)
{
    virConnectPtr conn;
    virJobInfo info;
    virError error;

    (void)fake_start(unfinished_script);
    conn = fake_open();
    ck_assert_int_eq(virConnectWaitJob(conn, 1, &info, 10), 1);
    ck_assert_int_eq(info.percentComplete, 40);
    memset(&error, 0xff, sizeof(error));
    ck_assert_int_eq(virConnectGetJobError(conn, 1, &error), 0);
    ck_assert_int_eq(error.code, VIR_ERR_OK);
    ck_assert_ptr_null(error.message);
    memset(&error, 0xff, sizeof(error));
    ck_assert_int_eq(virConnectGetJobError(conn, 1, &error), -1);
    ck_assert_int_eq(error.code, VIR_ERR_OK);
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_OPERATION_INVALID);
    ck_assert_int_eq(virConnectWaitJob(conn, 1, &info, 10), -1); /* libvirtd: no such program */
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_NO_SUPPORT);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}
END_TEST

/* --- the list of jobs, in pages --- */

static job_record record(u_quad_t id)
{
    return (job_record){
        .id = id,
        .kind = JOB_TARGET_POOL,
        .name = TEXT("p"),
        .pool = TEXT(""), /* a pool is in none */
        .operation = TEXT("pool-refresh"),
        .started_by = TEXT("uid 0"),
    };
}

static void answer_page(int fd, unsigned int count, u_quad_t newest, int more, u_quad_t before)
{
    job_record records[3] = { record(newest), record(newest - 1), record(newest - 2) };
    job_list_ret ret = { .jobs = { count, records }, .more = more };
    job_list_args list = { .flags = 0 };
    struct frame_header call;

    call = fake_expect(fd, FAKE_JOB(LIST), FAKE_XDR(job_list_args), &list);
    ck_assert_uint_eq(list.before_id, before);
    ck_assert_uint_eq(list.flags, VIR_CONNECT_LIST_JOBS_ENDED);
    ck_assert_uint_eq(list.max, JOB_LIST_MAX);
    fake_reply(fd, &call, FAKE_XDR(job_list_ret), &ret);
}

static void pages_script(int fd)
{
    fake_handshake(fd);
    answer_page(fd, 3, 100, 1, 0);
    answer_page(fd, 2, 50, 1, 98);
    answer_page(fd, 0, 0, 0, 49);
    answer_page(fd, 1, 100, 0, 0); /* counting */
    answer_page(fd, 0, 0, 0, 0);   /* none */
    answer_page(fd, 2, 100, 1, 0); /* a list without end */
    answer_page(fd, 2, 100, 1, 99);
    answer_page(fd, 0, 0, 1, 0);
    answer_page(fd, 3, 2, 1, 0); /* down to 0, where it would begin anew */
    fake_goodbye(fd);
}

START_TEST(test_list_jobs)
{
    static const unsigned long long ids[] = { 100, 99, 98, 50, 49 };
    const unsigned int flags = VIR_CONNECT_LIST_JOBS_ENDED;
    virJobRecordPtr *jobs;
    virConnectPtr conn;

    (void)fake_start(pages_script);
    conn = fake_open();
    ck_assert_int_eq(virConnectListAllJobs(conn, &jobs, flags), ARRAY_SIZE(ids));
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        ck_assert_uint_eq(jobs[i]->id, ids[i]);
        ck_assert_ptr_null(jobs[i]->pool);
        ck_assert_ptr_null(jobs[i]->note);
        virJobRecordFree(jobs[i]);
    }
    ck_assert_ptr_null(jobs[ARRAY_SIZE(ids)]);
    free(jobs);
    ck_assert_int_eq(virConnectListAllJobs(conn, NULL, flags), 1);
    ck_assert_int_eq(virConnectListAllJobs(conn, &jobs, flags), 0);
    ck_assert_ptr_null(jobs[0]);
    free(jobs);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(virConnectListAllJobs(conn, &jobs, flags), -1);
        ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_RPC);
        ck_assert_ptr_null(jobs);
    }
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}
END_TEST

/* --- the list of clients, likewise --- */

static void answer_clients(int fd, u_quad_t newest, int more, u_quad_t before)
{
    job_client clients[2] = { { .id = newest, .identity = TEXT("uid 0") },
                              { .id = newest - 1, .identity = TEXT("uid 1") } };
    job_client_list_ret ret = { .clients = { ARRAY_SIZE(clients), clients }, .more = more };
    job_client_list_args list = { .flags = 0 };
    struct frame_header call;

    call = fake_expect(fd, FAKE_JOB(CLIENT_LIST), FAKE_XDR(job_client_list_args), &list);
    ck_assert_uint_eq(list.before_id, before);
    fake_reply(fd, &call, FAKE_XDR(job_client_list_ret), &ret);
}

static void clients_script(int fd)
{
    fake_handshake(fd);
    answer_clients(fd, 9, 1, 0);
    answer_clients(fd, 5, 0, 8);
    answer_clients(fd, 9, 1, 0); /* without end */
    answer_clients(fd, 9, 1, 8);
    answer_clients(fd, 1, 1, 0); /* down to 0 */
    fake_goodbye(fd);
}

START_TEST(test_list_clients)
{
    virConnectPtr conn;

    (void)fake_start(clients_script);
    conn = fake_open();
    ck_assert_int_eq(virConnectListAllClients(conn, NULL, 0), 4);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(virConnectListAllClients(conn, NULL, 0), -1);
        ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_RPC);
    }
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-job");
    TCase *tcase = tcase_create("job");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_unfinished);
    tcase_add_test(tcase, test_list_jobs);
    tcase_add_test(tcase, test_list_clients);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
