/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/domain_size.c: memory and vCPUs of a definition, and nothing else of it. */

#include "domain-fixture.h"
#include "scratch.h"
#include "xml/domain_vcpus.h"

#define MEMORY "  <memory unit='KiB'>65536</memory>\n"

/* The small document with one thing replaced in it. */
static void check_xml(const struct domain_def *def, const char *from, const char *to)
{
    _cleanup_free_ char *small = xasprintf(DOMAIN_SMALL, "", "");
    _cleanup_free_ char *expected = text_replace(small, from, to);

    ck_assert_str_eq(def->xml, expected);
}

START_TEST(test_memory)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with(""), *less = NULL, *more = NULL;

    less = domain_def_set_memory(def, 65536, 4096, NULL);
    check_xml(less, MEMORY, MEMORY "  <currentMemory unit='KiB'>4096</currentMemory>\n");
    ck_assert_uint_eq(less->memory_kib, 65536);
    ck_assert_uint_eq(less->current_kib, 4096);
    more = domain_def_set_memory(less, 1ULL << 40, 8192, NULL);
    check_xml(more, MEMORY,
              "  <memory unit='KiB'>1099511627776</memory>\n"
              "  <currentMemory unit='KiB'>8192</currentMemory>\n");
    ck_assert_uint_eq(more->memory_kib, 1ULL << 40);
    ck_assert_uint_eq(def->current_kib, 65536); /* the old one is as it was */
}
END_TEST

/* The cells' sizes would not follow; what the guest has of it may change. */
START_TEST(test_memory_of_numa_cells)
{
    _cleanup_free_ char *xml = xasprintf(
        DOMAIN_SMALL, "  <cpu><numa><cell id='0' cpus='0' memory='65536'/></numa></cpu>\n", "");
    _cleanup_domain_def_ struct domain_def *def = domain_must(xml), *less = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_ptr_null(domain_def_set_memory(def, 131072, 65536, &err));
    ck_error(&err, VIR_ERR_OPERATION_INVALID, "NUMA");
    less = domain_def_set_memory(def, 65536, 4096, NULL);
    ck_assert_uint_eq(less->current_kib, 4096);
}
END_TEST

START_TEST(test_vcpus)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with(""), *some = NULL, *all = NULL;

    some = domain_def_set_vcpus(def, 4, 2, false, NULL);
    check_xml(some, "<vcpu>1<", "<vcpu current='2'>4<");
    ck_assert_uint_eq(some->max_vcpus, 4);
    ck_assert_uint_eq(some->vcpus, 2);
    all = domain_def_set_vcpus(some, 3, 3, false, NULL);
    check_xml(all, "<vcpu>1<", "<vcpu>3<");
    ck_assert_uint_eq(all->vcpus, 3);
}
END_TEST

#define LISTED(rest)                                                                       \
    "<vcpu current='2'>3</vcpu>\n  <vcpus>\n"                                              \
    "    <vcpu id='0' enabled='yes' hotpluggable='no'" rest

START_TEST(test_vcpus_listed)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with(""), *some = NULL, *which = NULL,
                                           *plugged = NULL, *all = NULL, *fewer = NULL;
    struct cpuset last = { 0 };

    some = domain_def_set_vcpus(def, 3, 1, false, NULL);
    cpuset_put(&last, 2, true);
    which = domain_def_set_vcpu(some, &last, true, NULL);
    check_xml(which, "<vcpu>1</vcpu>\n",
              LISTED("/>\n    <vcpu id='1' enabled='no' hotpluggable='yes'/>\n"
                     "    <vcpu id='2' enabled='yes' hotpluggable='yes'/>\n  </vcpus>\n"));
    ck_assert_uint_eq(which->vcpus, 2);
    plugged = domain_def_plug_vcpu(some, 2, NULL);
    check_xml(plugged, "<vcpu>1</vcpu>\n",
              LISTED(" order='1'/>\n    <vcpu id='1' enabled='no' hotpluggable='yes'/>\n"
                     "    <vcpu id='2' enabled='yes' hotpluggable='yes' order='2'/>\n"
                     "  </vcpus>\n"));
    all = domain_def_set_vcpus(which, 3, 3, true, NULL);
    ck_assert_ptr_nonnull(strstr(all->xml, "id='1' enabled='yes' hotpluggable='yes'/>"));
    fewer = domain_def_set_vcpus(which, 2, 1, false, NULL);
    ck_assert_ptr_nonnull(strstr(fewer->xml, "<vcpu current='1'>2<"));
    ck_assert_ptr_null(strstr(fewer->xml, "id='2'"));
}
END_TEST

static void refuse_vcpu(const struct domain_def *def, unsigned int id, bool on, const char *why)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct cpuset which = { 0 };

    cpuset_put(&which, id, true);
    ck_assert_ptr_null(domain_def_set_vcpu(def, &which, on, &err));
    ck_error(&err, VIR_ERR_INVALID_ARG, why);
}

START_TEST(test_vcpus_refused)
{
    _cleanup_domain_def_ struct domain_def *def = domain_with(""), *some = NULL;
    _cleanup_verror_ struct verror err = VERROR_INIT, too_many = VERROR_INIT;

    ck_assert_ptr_null(domain_def_set_vcpus(def, UINT16_MAX + 1, 1, false, &too_many));
    ck_error(&too_many, VIR_ERR_XML_ERROR, "malformed vcpu element");
    some = domain_def_set_vcpus(def, 3, 1, false, NULL);
    refuse_vcpu(some, 0, false, "vCPU '0' can't be modified");
    refuse_vcpu(some, 1, false, "vcpu '1' is already in requested state");
    refuse_vcpu(some, 3, true, "vcpu 3 is not present in persistent config");
    ck_assert_ptr_null(domain_def_plug_vcpu(some, 3, &err));
    ck_error(&err, VIR_ERR_INVALID_ARG, "vcpu 3 is not present in live config");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domain_size");
    TCase *tcase = tcase_create("domain_size");

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_memory);
    tcase_add_test(tcase, test_memory_of_numa_cells);
    tcase_add_test(tcase, test_vcpus);
    tcase_add_test(tcase, test_vcpus_listed);
    tcase_add_test(tcase, test_vcpus_refused);
    return scratch_run(suite);
}
