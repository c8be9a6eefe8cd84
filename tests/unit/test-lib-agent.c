/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's functions on a guest's agent, against a daemon that answers from a table. */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fake-rows.h"
#include "protocol/macros.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define UUID { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }
#define SENT(type) (*(const type *)fake_args)

static char *answer_text = TEXT("{\"return\":{}}");
static remote_domain_ret ret_domain = { { TEXT("d"), UUID, 7 } };
static remote_int_ret ret_int = { 2 };
static remote_text_ret ret_text = { TEXT("host") };
static remote_agent_time_ret ret_time = { 1LL << 40, 999999999 };
static qemu_agent_command_ret ret_agent;

static struct fake_row rows[] = {
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_NAME), ARGS(remote_text_args),
      RET(remote_domain_ret, ret_domain), false },
    { FAKE_REMOTE(DOMAIN_FSFREEZE), ARGS(remote_agent_mountpoints_args),
      RET(remote_int_ret, ret_int), false },
    { FAKE_REMOTE(DOMAIN_FSTHAW), ARGS(remote_agent_mountpoints_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(DOMAIN_GET_TIME), ARGS(remote_domain_flags_args),
      RET(remote_agent_time_ret, ret_time), false },
    { FAKE_REMOTE(DOMAIN_SET_TIME), ARGS(remote_agent_set_time_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_GET_HOSTNAME), ARGS(remote_domain_flags_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_QEMU(DOMAIN_AGENT_COMMAND), ARGS(qemu_agent_command_args),
      RET(qemu_agent_command_ret, ret_agent), false },
};

static void script(int fd)
{
    fake_serve(fd, rows, ARRAY_SIZE(rows));
}

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

static void call_filesystems(virDomainPtr dom)
{
    const char *mountpoints[] = { "/", "/mnt", NULL };

    ck_assert_int_eq(virDomainFSFreeze(dom, mountpoints, 2, 5), 2);
    ck_assert_str_eq(SENT(remote_agent_mountpoints_args).domain.name, "d");
    ck_assert_uint_eq(SENT(remote_agent_mountpoints_args).flags, 5);
    ck_assert_uint_eq(SENT(remote_agent_mountpoints_args).mountpoints.mountpoints_len, 2);
    ck_assert_str_eq(SENT(remote_agent_mountpoints_args).mountpoints.mountpoints_val[1], "/mnt");
    ck_assert_int_eq(virDomainFSThaw(dom, NULL, 0, 0), 2);
    ck_assert_uint_eq(SENT(remote_agent_mountpoints_args).mountpoints.mountpoints_len, 0);
    ck_assert_int_eq(virDomainFSFreeze(dom, NULL, 1, 0), -1);
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);
    ck_assert_int_eq(virDomainFSFreeze(dom, mountpoints, 3, 0), -1);
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);
    ck_assert_int_eq(virDomainFSThaw(dom, mountpoints, 257, 0), -1);
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);
}

static void call_times(virDomainPtr dom)
{
    long long seconds = 0;
    unsigned int nseconds = 0;

    ck_assert_int_eq(virDomainGetTime(dom, &seconds, &nseconds, 3), 0);
    ck_assert_uint_eq(SENT(remote_domain_flags_args).flags, 3);
    ck_assert_int_eq(seconds, 1LL << 40);
    ck_assert_uint_eq(nseconds, 999999999);
    ck_assert_int_eq(virDomainGetTime(dom, NULL, NULL, 0), 0);
    ck_assert_int_eq(virDomainSetTime(dom, 1LL << 41, 7, VIR_DOMAIN_TIME_SYNC), 0);
    ck_assert_int_eq(SENT(remote_agent_set_time_args).seconds, 1LL << 41);
    ck_assert_uint_eq(SENT(remote_agent_set_time_args).nseconds, 7);
    ck_assert_uint_eq(SENT(remote_agent_set_time_args).flags, VIR_DOMAIN_TIME_SYNC);
}

static void call_texts(virDomainPtr dom)
{
    char *text = virDomainGetHostname(dom, VIR_DOMAIN_GET_HOSTNAME_AGENT);

    ck_assert_str_eq(text, "host");
    ck_assert_uint_eq(SENT(remote_domain_flags_args).flags, VIR_DOMAIN_GET_HOSTNAME_AGENT);
    free(text);
    ret_agent.result = &answer_text;
    text = virDomainQemuAgentCommand(dom, "{}", VIR_DOMAIN_QEMU_AGENT_COMMAND_BLOCK, 9);
    ck_assert_str_eq(text, "{\"return\":{}}");
    free(text);
    ck_assert_str_eq(SENT(qemu_agent_command_args).command, "{}");
    ck_assert_int_eq(SENT(qemu_agent_command_args).timeout, -2);
    ck_assert_uint_eq(SENT(qemu_agent_command_args).flags, 9);
    ret_agent.result = NULL;
    ck_assert_ptr_null(virDomainQemuAgentCommand(dom, "{}", 0, 0));
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INTERNAL_ERROR);
    ck_assert_ptr_null(virDomainQemuAgentCommand(dom, NULL, 0, 0));
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);
}

START_TEST(test_every_call)
{
    virConnectPtr conn;
    virDomainPtr dom;

    virSetErrorFunc(NULL, quiet);
    (void)fake_start(script);
    conn = fake_open();
    dom = virDomainLookupByName(conn, "d");
    call_filesystems(dom);
    call_times(dom);
    call_texts(dom);
    ck_assert_int_eq(virDomainFree(dom), 0);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
    fake_assert_seen(rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(test_no_domain)
{
    virSetErrorFunc(NULL, quiet);
    ck_assert_int_eq(virDomainFSFreeze(NULL, NULL, 0, 0), -1);
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_DOMAIN);
    ck_assert_int_eq(virDomainFSThaw(NULL, NULL, 0, 0), -1);
    ck_assert_int_eq(virDomainGetTime(NULL, NULL, NULL, 0), -1);
    ck_assert_int_eq(virDomainSetTime(NULL, 0, 0, 0), -1);
    ck_assert_ptr_null(virDomainGetHostname(NULL, 0));
    ck_assert_ptr_null(virDomainQemuAgentCommand(NULL, "{}", 0, 0));
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_DOMAIN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-agent");
    TCase *tcase = tcase_create("agent");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, test_every_call);
    tcase_add_test(tcase, test_no_domain);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
