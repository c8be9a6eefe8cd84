/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed parameters: the helpers, and the calls that take or give them. */

#include <check.h>
#include <float.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fake-rows.h"
#include "protocol/macros.h"

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}


#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define UUID { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }
#define SENT(type) (*(const type *)fake_args)

static void assert_refused(int result, int code)
{
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(virGetLastErrorCode(), code);
    virResetLastError();
}

#define REFUSED(call) assert_refused(call, VIR_ERR_INVALID_ARG)

struct array {
    virTypedParameterPtr params;
    int count, max;
};

#define OF(array) &(array)->params, &(array)->count, &(array)->max
#define IN(array) (array)->params, (array)->count

/* One of each type, with the numbers at the ends of their ranges. */
static void add_one_of_each(struct array *all)
{
    ck_assert_int_eq(virTypedParamsAddInt(OF(all), "int", INT_MIN), 0);
    ck_assert_int_eq(virTypedParamsAddUInt(OF(all), "uint", UINT_MAX), 0);
    ck_assert_int_eq(virTypedParamsAddLLong(OF(all), "llong", LLONG_MIN), 0);
    ck_assert_int_eq(virTypedParamsAddULLong(OF(all), "ullong", ULLONG_MAX), 0);
    ck_assert_int_eq(virTypedParamsAddDouble(OF(all), "double", -DBL_MIN), 0);
    ck_assert_int_eq(virTypedParamsAddBoolean(OF(all), "boolean", 256), 0);
    ck_assert_int_eq(virTypedParamsAddString(OF(all), "string", "text"), 0);
}

static void assert_one_of_each(virTypedParameterPtr params, int count)
{
    unsigned int ui = 0;
    long long l = 0;
    unsigned long long ul = 0;
    double d = 0;
    const char *s = NULL;
    int i = 0, b = 0;

    ck_assert_int_eq(virTypedParamsGetInt(params, count, "int", &i), 1);
    ck_assert_int_eq(i, INT_MIN);
    ck_assert_int_eq(virTypedParamsGetUInt(params, count, "uint", &ui), 1);
    ck_assert_uint_eq(ui, UINT_MAX);
    ck_assert_int_eq(virTypedParamsGetLLong(params, count, "llong", &l), 1);
    ck_assert_int_eq(l, LLONG_MIN);
    ck_assert_int_eq(virTypedParamsGetULLong(params, count, "ullong", &ul), 1);
    ck_assert_uint_eq(ul, ULLONG_MAX);
    ck_assert_int_eq(virTypedParamsGetDouble(params, count, "double", &d), 1);
    ck_assert_double_eq(d, -DBL_MIN);
    ck_assert_int_eq(virTypedParamsGetBoolean(params, count, "boolean", &b), 1);
    ck_assert_int_eq(b, 1);
    ck_assert_int_eq(virTypedParamsGetString(params, count, "string", &s), 1);
    ck_assert_str_eq(s, "text");
}

START_TEST(test_add_and_get)
{
    struct array all = { .count = 0 };
    virTypedParameterPtr found;

    add_one_of_each(&all);
    ck_assert_int_eq(all.count, 7);
    assert_one_of_each(IN(&all));
    found = virTypedParamsGet(IN(&all), "llong");
    ck_assert_ptr_eq(found, &all.params[2]);
    ck_assert_int_eq(found->type, VIR_TYPED_PARAM_LLONG);
    /* of two of a name the first is found */
    ck_assert_int_eq(virTypedParamsAddString(OF(&all), "string", "other"), 0);
    assert_one_of_each(IN(&all));
    virTypedParamsFree(IN(&all));
}
END_TEST

typedef int getter(virTypedParameterPtr params, int count, const char *name);

#define DEFINE_ASKER(function) \
    static int ask_##function(virTypedParameterPtr params, int count, const char *name) \
    {                                                                                   \
        return function(params, count, name, NULL);                                     \
    }

DEFINE_ASKER(virTypedParamsGetInt)
DEFINE_ASKER(virTypedParamsGetUInt)
DEFINE_ASKER(virTypedParamsGetLLong)
DEFINE_ASKER(virTypedParamsGetULLong)
DEFINE_ASKER(virTypedParamsGetDouble)
DEFINE_ASKER(virTypedParamsGetBoolean)
DEFINE_ASKER(virTypedParamsGetString)

/* Every getter with every type: its own is found, without a place for it too; others are errors. */
START_TEST(test_types)
{
    static const char *const names[] = { "int",    "uint",    "llong", "ullong",
                                         "double", "boolean", "string" };
    static getter *const getters[] = {
        ask_virTypedParamsGetInt,    ask_virTypedParamsGetUInt,   ask_virTypedParamsGetLLong,
        ask_virTypedParamsGetULLong, ask_virTypedParamsGetDouble, ask_virTypedParamsGetBoolean,
        ask_virTypedParamsGetString,
    };
    struct array all = { .count = 0 };

    add_one_of_each(&all);
    for (size_t g = 0; g < ARRAY_SIZE(getters); g++) {
        for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
            int found = getters[g](IN(&all), names[n]);

            ck_assert_msg(found == (g == n ? 1 : -1), "getter %zu of %s: %d", g, names[n], found);
            ck_assert_int_eq(virGetLastErrorCode(), g == n ? VIR_ERR_OK : VIR_ERR_INVALID_ARG);
        }
        ck_assert_int_eq(getters[g](IN(&all), "none"), 0);
        ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_OK);
        ck_assert_int_eq(getters[g](NULL, 0, "int"), 0);
        ck_assert_int_eq(getters[g](NULL, 3, "int"), 0);
        ck_assert_int_eq(getters[g](all.params, -1, "int"), 0);
        REFUSED(getters[g](IN(&all), NULL));
    }
    virTypedParamsFree(IN(&all));
}
END_TEST

START_TEST(test_missing)
{
    struct array all = { .count = 0 };
    int value = 17;

    ck_assert_ptr_null(virTypedParamsGet(NULL, 0, "x"));
    ck_assert_ptr_null(virGetLastError());
    add_one_of_each(&all);
    ck_assert_ptr_null(virTypedParamsGet(IN(&all), "in"));
    ck_assert_ptr_null(virTypedParamsGet(IN(&all), "intx"));
    ck_assert_ptr_null(virGetLastError());
    ck_assert_int_eq(virTypedParamsGetInt(IN(&all), "none", &value), 0);
    ck_assert_int_eq(value, 17);
    REFUSED(virTypedParamsGetInt(IN(&all), "uint", &value));
    ck_assert_int_eq(value, 17);
    ck_assert_ptr_null(virTypedParamsGet(IN(&all), NULL));
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);
    virTypedParamsFree(IN(&all));
}
END_TEST

START_TEST(test_bad_arguments)
{
    struct array all = { .count = 0 };
    char longest[VIR_TYPED_PARAM_FIELD_LENGTH], too_long[VIR_TYPED_PARAM_FIELD_LENGTH + 1];
    int minus = -1, one = 1;

    memset(longest, 'n', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    memset(too_long, 'n', sizeof(too_long));
    too_long[sizeof(too_long) - 1] = '\0';
    REFUSED(virTypedParamsAddInt(OF(&all), too_long, 1));
    REFUSED(virTypedParamsAddString(OF(&all), too_long, "text"));
    REFUSED(virTypedParamsAddInt(OF(&all), NULL, 1));
    REFUSED(virTypedParamsAddString(OF(&all), "x", NULL));
    REFUSED(virTypedParamsAddInt(NULL, &all.count, &all.max, "x", 1));
    REFUSED(virTypedParamsAddInt(&all.params, NULL, &all.max, "x", 1));
    REFUSED(virTypedParamsAddInt(&all.params, &all.count, NULL, "x", 1));
    REFUSED(virTypedParamsAddInt(&all.params, &minus, &all.max, "x", 1));
    REFUSED(virTypedParamsAddInt(&all.params, &one, &all.max, "x", 1));
    ck_assert_ptr_null(all.params);
    ck_assert_int_eq(all.count, 0);
    ck_assert_int_eq(virTypedParamsAddInt(OF(&all), longest, 5), 0);
    ck_assert_int_eq(virTypedParamsGetInt(IN(&all), longest, NULL), 1);
    ck_assert_int_eq(virTypedParamsGetInt(IN(&all), too_long, NULL), 0);
    virTypedParamsFree(IN(&all));
}
END_TEST

START_TEST(test_many_and_clear)
{
    struct array all = { .count = 0 };
    const char *value = NULL;
    char text[32];

    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof(text), "name-%d", i);
        ck_assert_int_eq(virTypedParamsAddString(OF(&all), text, text), 0);
    }
    ck_assert_int_eq(all.count, 1000);
    ck_assert_int_ge(all.max, 1000);
    ck_assert_int_eq(virTypedParamsGetString(IN(&all), "name-999", &value), 1);
    ck_assert_str_eq(value, "name-999");
    virTypedParamsClear(IN(&all));
    ck_assert_ptr_null(all.params[999].value.s);
    virTypedParamsFree(IN(&all)); /* and nothing is freed twice */
    virTypedParamsClear(NULL, 5);
    virTypedParamsFree(NULL, 5);
}
END_TEST

/* --- the calls --- */

static char longest_name[VIR_TYPED_PARAM_FIELD_LENGTH]; /* filled in by setup() */
static wire_param one_of_each[] = {
    { TEXT("int"), { WIRE_PARAM_INT, { .i = INT_MIN } } },
    { TEXT("uint"), { WIRE_PARAM_UINT, { .ui = UINT_MAX } } },
    { TEXT("llong"), { WIRE_PARAM_LLONG, { .l = LLONG_MIN } } },
    { TEXT("ullong"), { WIRE_PARAM_ULLONG, { .ul = ULLONG_MAX } } },
    { TEXT("double"), { WIRE_PARAM_DOUBLE, { .d = -DBL_MIN } } },
    { TEXT("boolean"), { WIRE_PARAM_BOOLEAN, { .b = 256 } } },
    { TEXT("string"), { WIRE_PARAM_STRING, { .s = TEXT("text") } } },
    { longest_name, { WIRE_PARAM_INT, { .i = 5 } } },
};

static void setup(void)
{
    virSetErrorFunc(NULL, quiet);
    memset(longest_name, 'n', sizeof(longest_name) - 1);
}

static remote_domain_ret ret_domain = { { TEXT("d"), UUID, 7 } };
static remote_domain_job_stats_ret ret_stats = { VIR_DOMAIN_JOB_FAILED,
                                                 { ARRAY_SIZE(one_of_each), one_of_each } };

static struct fake_row rows[] = {
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_NAME), ARGS(remote_text_args),
      RET(remote_domain_ret, ret_domain), false },
    { FAKE_REMOTE(DOMAIN_CREATE_WITH_FLAGS), ARGS(remote_domain_flags_args),
      RET(remote_domain_ret, ret_domain), false },
    { FAKE_REMOTE(DOMAIN_SAVE_PARAMS), ARGS(remote_domain_save_params_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_RESTORE_PARAMS), ARGS(remote_domain_restore_params_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_GET_JOB_STATS), ARGS(remote_domain_flags_args),
      RET(remote_domain_job_stats_ret, ret_stats), false },
};

static void rows_script(int fd)
{
    fake_serve(fd, rows, ARRAY_SIZE(rows));
}

/* The path, absolute, then the XML. */
static void assert_sent(const wire_param *params, unsigned int count)
{
    _cleanup_free_ char *here = getcwd(NULL, 0);
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/image", here);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(params[0].field, VIR_DOMAIN_SAVE_PARAM_FILE);
    ck_assert_str_eq(params[0].value.wire_param_value_u.s, path);
    ck_assert_str_eq(params[1].field, VIR_DOMAIN_SAVE_PARAM_DXML);
    ck_assert_str_eq(params[1].value.wire_param_value_u.s, "<x/>");
}

static void save_and_restore(virConnectPtr conn, virDomainPtr dom)
{
    struct array all = { .count = 0 };

    ck_assert_int_eq(virTypedParamsAddString(OF(&all), VIR_DOMAIN_SAVE_PARAM_FILE, "image"), 0);
    ck_assert_int_eq(virTypedParamsAddString(OF(&all), VIR_DOMAIN_SAVE_PARAM_DXML, "<x/>"), 0);
    ck_assert_int_eq(virDomainSaveParams(dom, IN(&all), VIR_DOMAIN_SAVE_ASYNC), 0);
    ck_assert_uint_eq(SENT(remote_domain_save_params_args).flags, VIRTJOB_ASYNC_BIT);
    ck_assert_uint_eq(virDomainGetID(dom), 7);
    ck_assert_int_eq(virDomainSaveParams(dom, IN(&all), VIR_DOMAIN_SAVE_RUNNING), 0);
    ck_assert_uint_eq(virDomainGetID(dom), (unsigned int)-1);
    ck_assert_str_eq(SENT(remote_domain_save_params_args).domain.name, "d");
    ck_assert_uint_eq(SENT(remote_domain_save_params_args).flags, VIR_DOMAIN_SAVE_RUNNING);
    assert_sent(SENT(remote_domain_save_params_args).params.params_val,
                SENT(remote_domain_save_params_args).params.params_len);
    ck_assert_int_eq(virDomainCreate(dom), 0);
    ck_assert_int_eq(virDomainRestoreParams(conn, IN(&all), VIR_DOMAIN_RESTORE_ASYNC), 0);
    ck_assert_uint_eq(SENT(remote_domain_restore_params_args).flags, VIRTJOB_ASYNC_BIT);
    assert_sent(SENT(remote_domain_restore_params_args).params.params_val,
                SENT(remote_domain_restore_params_args).params.params_len);
    ck_assert_str_eq(all.params[0].value.s, "image"); /* the application's stay as they were */
    ck_assert_int_eq(virDomainSaveParams(dom, NULL, 0, 0), 0);
    ck_assert_uint_eq(SENT(remote_domain_save_params_args).params.params_len, 0);
    virTypedParamsFree(IN(&all));
}

/* What the application gives of any type arrives as what it was. */
static void send_one_of_each(virDomainPtr dom)
{
    struct array all = { .count = 0 };
    const wire_param *sent;

    add_one_of_each(&all);
    ck_assert_int_eq(virDomainSaveParams(dom, IN(&all), 0), 0);
    ck_assert_uint_eq(SENT(remote_domain_save_params_args).params.params_len, 7);
    sent = SENT(remote_domain_save_params_args).params.params_val;
    for (int i = 0; i < 7; i++) {
        ck_assert_str_eq(sent[i].field, one_of_each[i].field);
        ck_assert_int_eq(sent[i].value.type, one_of_each[i].value.type);
    }
    ck_assert_int_eq(sent[0].value.wire_param_value_u.i, INT_MIN);
    ck_assert_uint_eq(sent[1].value.wire_param_value_u.ui, UINT_MAX);
    ck_assert_int_eq(sent[2].value.wire_param_value_u.l, LLONG_MIN);
    ck_assert_uint_eq(sent[3].value.wire_param_value_u.ul, ULLONG_MAX);
    ck_assert_double_eq(sent[4].value.wire_param_value_u.d, -DBL_MIN);
    ck_assert_int_eq(sent[5].value.wire_param_value_u.b, 1);
    ck_assert_str_eq(sent[6].value.wire_param_value_u.s, "text");
    virTypedParamsFree(IN(&all));
}

static void get_stats(virDomainPtr dom)
{
    virTypedParameterPtr params = NULL;
    int type = 0, count = 0, value = 0;

    ck_assert_int_eq(virDomainGetJobStats(dom, &type, &params, &count,
                                          VIR_DOMAIN_JOB_STATS_COMPLETED),
                     0);
    ck_assert_uint_eq(SENT(remote_domain_flags_args).flags, VIR_DOMAIN_JOB_STATS_COMPLETED);
    ck_assert_int_eq(type, VIR_DOMAIN_JOB_FAILED);
    ck_assert_int_eq(count, 8);
    assert_one_of_each(params, count);
    ck_assert_int_eq(virTypedParamsGetInt(params, count, longest_name, &value), 1);
    ck_assert_int_eq(value, 5);
    virTypedParamsFree(params, count);
    /* no job: no parameters */
    ret_stats = (remote_domain_job_stats_ret){ .type = VIR_DOMAIN_JOB_NONE };
    ck_assert_int_eq(virDomainGetJobStats(dom, &type, &params, &count, 0), 0);
    ck_assert_int_eq(type, VIR_DOMAIN_JOB_NONE);
    ck_assert_ptr_null(params);
    ck_assert_int_eq(count, 0);
}

/* What is refused arrives nowhere: the last arguments are still those of the call before. */
static void bad_params(virConnectPtr conn, virDomainPtr dom)
{
    virTypedParameter bad = { .field = "x", .type = VIR_TYPED_PARAM_STRING };
    virTypedParameter many[REMOTE_SAVE_PARAMS_MAX + 1];
    virTypedParameter empty = { .field = "file", .type = VIR_TYPED_PARAM_STRING };

    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (virTypedParameter){ .field = "x", .type = VIR_TYPED_PARAM_INT };
    ck_assert_int_eq(virDomainSaveParams(dom, many, REMOTE_SAVE_PARAMS_MAX, 4), 0);
    REFUSED(virDomainSaveParams(dom, many, REMOTE_SAVE_PARAMS_MAX + 1, 0));
    REFUSED(virDomainSaveParams(dom, many, -1, 0));
    REFUSED(virDomainSaveParams(dom, NULL, 1, 0));
    REFUSED(virDomainSaveParams(dom, &bad, 1, 0)); /* a text that is NULL */
    for (int type = -1; type < 10; type++) {
        if (type >= VIR_TYPED_PARAM_INT && type <= VIR_TYPED_PARAM_STRING)
            continue;
        bad.type = type;
        REFUSED(virDomainSaveParams(dom, &bad, 1, 0));
        REFUSED(virDomainRestoreParams(conn, &bad, 1, 0));
    }
    bad.type = VIR_TYPED_PARAM_INT;
    memset(bad.field, 'x', sizeof(bad.field));
    REFUSED(virDomainSaveParams(dom, &bad, 1, 0));
    empty.value.s = TEXT("");
    REFUSED(virDomainSaveParams(dom, &empty, 1, 0));
    REFUSED(virDomainRestoreParams(conn, &empty, 1, 0));
    ck_assert_uint_eq(SENT(remote_domain_save_params_args).flags, 4);
}

START_TEST(test_calls)
{
    virConnectPtr conn;
    virDomainPtr dom;

    (void)fake_start(rows_script);
    conn = fake_open();
    dom = virDomainLookupByName(conn, "d");
    ck_assert_ptr_nonnull(dom);
    save_and_restore(conn, dom);
    send_one_of_each(dom);
    get_stats(dom);
    bad_params(conn, dom);
    ck_assert_int_eq(virDomainFree(dom), 0);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
    fake_assert_seen(rows, ARRAY_SIZE(rows));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-params");
    TCase *tcase = tcase_create("params");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_add_and_get);
    tcase_add_test(tcase, test_types);
    tcase_add_test(tcase, test_missing);
    tcase_add_test(tcase, test_bad_arguments);
    tcase_add_test(tcase, test_many_and_clear);
    tcase_add_test(tcase, test_calls);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
