/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls on the host and on what guests it can run; as test-lib-domain.c. */

#include <check.h>
#include <string.h>

#include "fake-rows.h"
#include "protocol/macros.h"

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

static void setup(void)
{
    virSetErrorFunc(NULL, quiet);
}

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define SENT(type) (*(const type *)fake_args)

static char *two_names[] = { TEXT("first"), TEXT("second") };
static u_quad_t two_cells[] = { 1ULL << 40, 6 };
static char model[] = "selinux", doi[REMOTE_SECURITY_MODEL_MAX]; /* full, without an end */

static remote_int_ret ret_int = { 2 };
static remote_uhyper_ret ret_uhyper = { 1ULL << 40 };
static remote_text_ret ret_text = { TEXT("text") };
static remote_cpu_models_ret ret_models = { { 2, two_names }, 2 };
static remote_node_info_ret ret_node = { "x86_64", 1ULL << 31, 1, 2, 3, 4, 5, 6 };
static remote_cells_ret ret_cells = { { 2, two_cells } };
static remote_security_model_ret ret_security = { { sizeof(model), model }, { sizeof(doi), doi } };

static struct fake_row rows[] = {
    { FAKE_REMOTE(CONNECT_GET_MAX_VCPUS), ARGS(remote_text_opt_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(NODE_GET_INFO), NO_ARGS, RET(remote_node_info_ret, ret_node), false },
    { FAKE_REMOTE(CONNECT_GET_CAPABILITIES), NO_ARGS, RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(CONNECT_GET_DOMAIN_CAPABILITIES), ARGS(remote_domain_capabilities_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(CONNECT_GET_CPU_MODEL_NAMES), ARGS(remote_cpu_models_args),
      RET(remote_cpu_models_ret, ret_models), false },
    { FAKE_REMOTE(NODE_GET_FREE_MEMORY), NO_ARGS, RET(remote_uhyper_ret, ret_uhyper), false },
    { FAKE_REMOTE(NODE_GET_CELLS_FREE_MEMORY), ARGS(remote_cells_args),
      RET(remote_cells_ret, ret_cells), false },
    { FAKE_REMOTE(NODE_GET_SECURITY_MODEL), NO_ARGS, RET(remote_security_model_ret, ret_security),
      false },
};

static void every_call_script(int fd)
{
    fake_serve(fd, rows, ARRAY_SIZE(rows));
}

static void assert_text(char *text)
{
    ck_assert_pstr_eq(text, "text");
    free(text);
}

static void call_capabilities(virConnectPtr conn)
{
    const remote_domain_capabilities_args *sent = fake_args;
    char **models;

    assert_text(virConnectGetCapabilities(conn));
    assert_text(virConnectGetDomainCapabilities(conn, NULL, NULL, NULL, NULL, 0));
    ck_assert(!sent->emulator && !sent->arch && !sent->machine && !sent->virt_type);
    assert_text(virConnectGetDomainCapabilities(conn, "/e", "a", "m", "t", 3));
    ck_assert_str_eq(*sent->emulator, "/e");
    ck_assert_str_eq(*sent->arch, "a");
    ck_assert_str_eq(*sent->machine, "m");
    ck_assert_str_eq(*sent->virt_type, "t");
    ck_assert_uint_eq(sent->flags, 3);
    ck_assert_int_eq(virConnectGetCPUModelNames(conn, "x86_64", NULL, 0), 2);
    ck_assert_int_eq(SENT(remote_cpu_models_args).need_results, 0);
    ck_assert_int_eq(virConnectGetCPUModelNames(conn, "x86_64", &models, 5), 2);
    ck_assert_str_eq(SENT(remote_cpu_models_args).arch, "x86_64");
    ck_assert_int_eq(SENT(remote_cpu_models_args).need_results, 1);
    ck_assert_uint_eq(SENT(remote_cpu_models_args).flags, 5);
    ck_assert_str_eq(models[0], "first");
    ck_assert_str_eq(models[1], "second");
    ck_assert_ptr_null(models[2]);
    free(models[0]);
    free(models[1]);
    free(models);
    ck_assert_int_eq(virConnectGetMaxVcpus(conn, NULL), 2);
    ck_assert_ptr_null(SENT(remote_text_opt_args).value);
    ck_assert_int_eq(virConnectGetMaxVcpus(conn, "kvm"), 2);
    ck_assert_str_eq(*SENT(remote_text_opt_args).value, "kvm");
}

static void call_node(virConnectPtr conn)
{
    unsigned long long cells[3] = { 0, 0, 77 };
    virNodeInfo info;

    ck_assert_int_eq(virNodeGetInfo(conn, &info), 0);
    ck_assert_str_eq(info.model, "x86_64");
    ck_assert_uint_eq(info.memory, 1UL << 31);
    ck_assert_uint_eq(info.cpus, 1);
    ck_assert_uint_eq(info.mhz, 2);
    ck_assert_uint_eq(info.nodes, 3);
    ck_assert_uint_eq(info.sockets, 4);
    ck_assert_uint_eq(info.cores, 5);
    ck_assert_uint_eq(info.threads, 6);
    memset(ret_node.model, 'm', sizeof(ret_node.model)); /* a text without an end gets one */
    ck_assert_int_eq(virNodeGetInfo(conn, &info), 0);
    ck_assert_uint_eq(strlen(info.model), sizeof(info.model) - 1);
    ck_assert_uint_eq(virNodeGetFreeMemory(conn), 1ULL << 40);
    ck_assert_int_eq(virNodeGetCellsFreeMemory(conn, cells, 4, 3), 2);
    ck_assert_int_eq(SENT(remote_cells_args).start, 4);
    ck_assert_int_eq(SENT(remote_cells_args).max, 3);
    ck_assert_uint_eq(cells[0], 1ULL << 40);
    ck_assert_uint_eq(cells[1], 6);
    ck_assert_uint_eq(cells[2], 77);
    ck_assert_int_eq(virNodeGetCellsFreeMemory(conn, cells, 0, 1), -1); /* the answer has two */
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_RPC);
    ck_assert_int_eq(virNodeGetCellsFreeMemory(conn, cells, 0, 1 << 20), 2);
    ck_assert_int_eq(SENT(remote_cells_args).max, REMOTE_CELLS_MAX); /* more never come */
}

static void call_security(virConnectPtr conn)
{
    virSecurityModel security;

    memset(doi, 'd', sizeof(doi));
    ck_assert_int_eq(virNodeGetSecurityModel(conn, &security), 0);
    ck_assert_str_eq(security.model, "selinux");
    ck_assert_uint_eq(strlen(security.doi), sizeof(security.doi) - 1);
    ret_security = (remote_security_model_ret){ .model = { .model_len = 0 } };
    ck_assert_int_eq(virNodeGetSecurityModel(conn, &security), 0);
    ck_assert_str_eq(security.model, "");
    ck_assert_str_eq(security.doi, "");
}

START_TEST(test_every_call)
{
    virConnectPtr conn;

    (void)fake_start(every_call_script);
    conn = fake_open();
    call_capabilities(conn);
    call_node(conn);
    call_security(conn);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
    fake_assert_seen(rows, ARRAY_SIZE(rows));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-host");
    TCase *tcase = tcase_create("host");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_every_call);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
