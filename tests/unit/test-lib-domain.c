/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every function of the library on domains, against a daemon that knows every
 * procedure: which one is called, with which arguments, and where each field
 * of the answer goes.  Those with typed parameters are in test-lib-params.c.
 */

#include <check.h>
#include <pthread.h>
#include <stdio.h>
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
#define UUID { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }

/* --- the answers --- */

static char *two_names[] = { TEXT("first"), TEXT("second") };
static int two_ids[] = { 4, 9 };
static char label[] = "label";
static wire_domain two_domains[] = { { TEXT("first"), UUID, 4 }, { TEXT("second"), UUID, -1 } };
static remote_int_ret ret_int = { 2 };
static remote_int_ret ret_zero = { 0 };
static remote_uhyper_ret ret_uhyper = { 1ULL << 31 };
static remote_text_ret ret_text = { TEXT("text") };
static remote_names_ret ret_names = { { 2, two_names } };
static remote_ids_ret ret_ids = { { 2, two_ids } };
static remote_messages_ret ret_messages = { { 2, two_names } };
static remote_domain_ret ret_domain = { { TEXT("d"), UUID, 7 } };
static remote_domain_list_ret ret_domains = { { 2, two_domains }, 2 };
static remote_domain_info_ret ret_info = { VIR_DOMAIN_CRASHED, 1ULL << 31, 5, 513, 1ULL << 50 };
static remote_domain_state_ret ret_state = { VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE };
static remote_domain_block_info_ret ret_block_info = { 1ULL << 34, 1ULL << 35, 1ULL << 36 };
static remote_domain_control_ret ret_control = { VIR_DOMAIN_CONTROL_JOB, 6, 1ULL << 33 };
static remote_security_label_ret ret_label = { { sizeof(label), label }, 1 };
static qemu_monitor_command_ret ret_monitor = { TEXT("{}") };

/* --- the procedures --- */

static struct fake_row rows[] = {
    { FAKE_REMOTE(CONNECT_NUM_OF_DOMAINS), NO_ARGS, RET(remote_int_ret, ret_int), false },
    { FAKE_REMOTE(CONNECT_LIST_DOMAINS), ARGS(remote_int_args), RET(remote_ids_ret, ret_ids),
      false },
    { FAKE_REMOTE(CONNECT_NUM_OF_DEFINED_DOMAINS), NO_ARGS, RET(remote_int_ret, ret_int), false },
    { FAKE_REMOTE(CONNECT_LIST_DEFINED_DOMAINS), ARGS(remote_int_args),
      RET(remote_names_ret, ret_names), false },
    { FAKE_REMOTE(CONNECT_LIST_ALL_DOMAINS), ARGS(remote_list_all_args),
      RET(remote_domain_list_ret, ret_domains), false },
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_NAME), ARGS(remote_text_args),
      RET(remote_domain_ret, ret_domain), false },
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_ID), ARGS(remote_int_args), RET(remote_domain_ret, ret_domain),
      false },
    { FAKE_REMOTE(DOMAIN_DEFINE_XML), ARGS(remote_text_args), RET(remote_domain_ret, ret_domain),
      false },
    { FAKE_REMOTE(DOMAIN_DEFINE_XML_FLAGS), ARGS(remote_xml_args),
      RET(remote_domain_ret, ret_domain), false },
    { FAKE_REMOTE(DOMAIN_UNDEFINE), ARGS(remote_domain_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_UNDEFINE_FLAGS), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_GET_AUTOSTART), ARGS(remote_domain_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(DOMAIN_SET_AUTOSTART), ARGS(remote_domain_int_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_RENAME), ARGS(remote_domain_text_opt_flags_args),
      RET(remote_int_ret, ret_zero), false },
    { FAKE_REMOTE(DOMAIN_SET_MAX_MEMORY), ARGS(remote_domain_memory_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_SET_MEMORY), ARGS(remote_domain_memory_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_SET_MEMORY_FLAGS), ARGS(remote_domain_memory_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_SET_VCPUS), ARGS(remote_domain_vcpus_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_SET_VCPUS_FLAGS), ARGS(remote_domain_vcpus_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_GET_BLOCK_INFO), ARGS(remote_domain_text_flags_args),
      RET(remote_domain_block_info_ret, ret_block_info), false },
    { FAKE_REMOTE(DOMAIN_SET_METADATA), ARGS(remote_domain_set_metadata_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_GET_METADATA), ARGS(remote_domain_get_metadata_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(DOMAIN_CREATE_XML), ARGS(remote_xml_args), RET(remote_domain_ret, ret_domain),
      false },
    { FAKE_REMOTE(DOMAIN_CREATE_WITH_FLAGS), ARGS(remote_domain_flags_args),
      RET(remote_domain_ret, ret_domain), false },
    { FAKE_REMOTE(DOMAIN_SUSPEND), ARGS(remote_domain_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_RESUME), ARGS(remote_domain_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_SHUTDOWN), ARGS(remote_domain_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_SHUTDOWN_FLAGS), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_REBOOT), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_RESET), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_INJECT_NMI), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_PM_WAKEUP), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_DESTROY), ARGS(remote_domain_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_DESTROY_FLAGS), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_SAVE), ARGS(remote_domain_text_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_SAVE_FLAGS), ARGS(remote_domain_save_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_RESTORE), ARGS(remote_text_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_RESTORE_FLAGS), ARGS(remote_domain_restore_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_MANAGED_SAVE), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_HAS_MANAGED_SAVE_IMAGE), ARGS(remote_domain_flags_args),
      RET(remote_int_ret, ret_int), false },
    { FAKE_REMOTE(DOMAIN_MANAGED_SAVE_REMOVE), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_MANAGED_SAVE_GET_XML_DESC), ARGS(remote_domain_flags_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(DOMAIN_MANAGED_SAVE_DEFINE_XML), ARGS(remote_domain_text_opt_flags_args), NO_RET,
      false },
    { FAKE_REMOTE(DOMAIN_SAVE_IMAGE_GET_XML_DESC), ARGS(remote_text_flags_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(DOMAIN_SAVE_IMAGE_DEFINE_XML), ARGS(remote_save_image_define_args), NO_RET,
      false },
    { FAKE_REMOTE(DOMAIN_CORE_DUMP), ARGS(remote_domain_text_flags_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_CORE_DUMP_WITH_FORMAT), ARGS(remote_domain_dump_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_GET_INFO), ARGS(remote_domain_args),
      RET(remote_domain_info_ret, ret_info), false },
    { FAKE_REMOTE(DOMAIN_GET_STATE), ARGS(remote_domain_flags_args),
      RET(remote_domain_state_ret, ret_state), false },
    { FAKE_REMOTE(DOMAIN_GET_XML_DESC), ARGS(remote_domain_flags_args),
      RET(remote_text_ret, ret_text), false },
    { FAKE_REMOTE(DOMAIN_GET_OS_TYPE), ARGS(remote_domain_args), RET(remote_text_ret, ret_text),
      false },
    { FAKE_REMOTE(DOMAIN_GET_MAX_MEMORY), ARGS(remote_domain_args),
      RET(remote_uhyper_ret, ret_uhyper), false },
    { FAKE_REMOTE(DOMAIN_GET_MAX_VCPUS), ARGS(remote_domain_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(DOMAIN_GET_VCPUS_FLAGS), ARGS(remote_domain_flags_args),
      RET(remote_int_ret, ret_int), false },
    { FAKE_REMOTE(DOMAIN_IS_ACTIVE), ARGS(remote_domain_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(DOMAIN_IS_PERSISTENT), ARGS(remote_domain_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(DOMAIN_IS_UPDATED), ARGS(remote_domain_args), RET(remote_int_ret, ret_int),
      false },
    { FAKE_REMOTE(DOMAIN_GET_CONTROL_INFO), ARGS(remote_domain_flags_args),
      RET(remote_domain_control_ret, ret_control), false },
    { FAKE_REMOTE(DOMAIN_GET_MESSAGES), ARGS(remote_domain_flags_args),
      RET(remote_messages_ret, ret_messages), false },
    { FAKE_REMOTE(DOMAIN_GET_SECURITY_LABEL), ARGS(remote_domain_args),
      RET(remote_security_label_ret, ret_label), false },
    { FAKE_REMOTE(DOMAIN_ABORT_JOB), ARGS(remote_domain_args), NO_RET, false },
    { FAKE_REMOTE(DOMAIN_ABORT_JOB_FLAGS), ARGS(remote_domain_flags_args), NO_RET, false },
    { FAKE_QEMU(DOMAIN_MONITOR_COMMAND), ARGS(qemu_monitor_command_args),
      RET(qemu_monitor_command_ret, ret_monitor), false },
};

static void every_call_script(int fd)
{
    fake_serve(fd, rows, ARRAY_SIZE(rows));
}

/* --- what arrives and what comes back --- */

#define SENT(type) (*(const type *)fake_args)

/* The last call was of a domain: every struct of arguments begins with it. */
static void assert_sent_domain(int id)
{
    ck_assert_pstr_eq(SENT(remote_domain_args).domain.name, "d");
    ck_assert_int_eq(SENT(remote_domain_args).domain.uuid[15], 15);
    ck_assert_int_eq(SENT(remote_domain_args).domain.id, id);
}

/* A call of a domain and flags. */
static void assert_sent_flags(unsigned int flags)
{
    ck_assert_pstr_eq(SENT(remote_domain_flags_args).domain.name, "d");
    ck_assert_uint_eq(SENT(remote_domain_flags_args).flags, flags);
}

static void assert_text(char *text)
{
    ck_assert_pstr_eq(text, "text");
    free(text);
}

static void assert_domain(virDomainPtr dom)
{
    ck_assert_msg(dom != NULL, "%s", virGetLastErrorMessage());
    ck_assert_str_eq(virDomainGetName(dom), "d");
    ck_assert_uint_eq(virDomainGetID(dom), 7);
    ck_assert_int_eq(virDomainFree(dom), 0);
}

/* --- the calls, by kind --- */

static void find_domains(virConnectPtr conn)
{
    virDomainPtr *domains;
    char *names[2];
    int ids[3] = { 0, 0, 77 };

    ck_assert_int_eq(virConnectNumOfDomains(conn), 2);
    ck_assert_int_eq(virConnectListDomains(conn, ids, 3), 2);
    ck_assert_int_eq(SENT(remote_int_args).value, 3);
    ck_assert_int_eq(ids[0], 4);
    ck_assert_int_eq(ids[1], 9);
    ck_assert_int_eq(ids[2], 77);
    ck_assert_int_eq(virConnectNumOfDefinedDomains(conn), 2);
    ck_assert_int_eq(virConnectListDefinedDomains(conn, names, 2), 2);
    ck_assert_str_eq(names[0], "first");
    ck_assert_str_eq(names[1], "second");
    free(names[0]);
    free(names[1]);
    ck_assert_int_eq(virConnectListAllDomains(conn, NULL, 0), 2);
    ck_assert_int_eq(SENT(remote_list_all_args).need_results, 0);
    ck_assert_int_eq(virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE), 2);
    ck_assert_int_eq(SENT(remote_list_all_args).need_results, 1);
    ck_assert_uint_eq(SENT(remote_list_all_args).flags, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    ck_assert_uint_eq(virDomainGetID(domains[0]), 4);
    ck_assert_str_eq(virDomainGetName(domains[1]), "second");
    ck_assert_uint_eq(virDomainGetID(domains[1]), (unsigned int)-1);
    ck_assert_ptr_null(virGetLastError());
    ck_assert_ptr_null(domains[2]);
    ck_assert_int_eq(virDomainFree(domains[0]), 0);
    ck_assert_int_eq(virDomainFree(domains[1]), 0);
    free(domains);
    assert_domain(virDomainLookupByID(conn, 7));
    ck_assert_int_eq(SENT(remote_int_args).value, 7);
}

static void call_define(virConnectPtr conn, virDomainPtr dom)
{
    int autostart = 0;

    assert_domain(virDomainDefineXML(conn, "<domain/>"));
    ck_assert_str_eq(SENT(remote_text_args).value, "<domain/>");
    assert_domain(virDomainDefineXMLFlags(conn, "<domain/>", VIR_DOMAIN_DEFINE_VALIDATE));
    ck_assert_str_eq(SENT(remote_xml_args).xml, "<domain/>");
    ck_assert_uint_eq(SENT(remote_xml_args).flags, VIR_DOMAIN_DEFINE_VALIDATE);
    ck_assert_int_eq(virDomainUndefine(dom), 0);
    assert_sent_domain(7);
    ck_assert_int_eq(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE), 0);
    assert_sent_flags(VIR_DOMAIN_UNDEFINE_MANAGED_SAVE);
    ck_assert_int_eq(virDomainGetAutostart(dom, &autostart), 0);
    ck_assert_int_eq(autostart, 2);
    ck_assert_int_eq(virDomainSetAutostart(dom, 1), 0);
    ck_assert_int_eq(SENT(remote_domain_int_args).value, 1);
    ck_assert_int_eq(virDomainRename(dom, "new", 0), 0);
    ck_assert_str_eq(*SENT(remote_domain_text_opt_flags_args).value, "new");
    ck_assert_str_eq(virDomainGetName(dom), "d"); /* an object keeps its name */
}

static void call_metadata(virDomainPtr dom)
{
    ck_assert_int_eq(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, "<x/>", "k", "u",
                                          VIR_DOMAIN_AFFECT_CONFIG),
                     0);
    ck_assert_int_eq(SENT(remote_domain_set_metadata_args).type, VIR_DOMAIN_METADATA_ELEMENT);
    ck_assert_str_eq(*SENT(remote_domain_set_metadata_args).metadata, "<x/>");
    ck_assert_str_eq(*SENT(remote_domain_set_metadata_args).key, "k");
    ck_assert_str_eq(*SENT(remote_domain_set_metadata_args).uri, "u");
    ck_assert_uint_eq(SENT(remote_domain_set_metadata_args).flags, VIR_DOMAIN_AFFECT_CONFIG);
    ck_assert_int_eq(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_TITLE, NULL, NULL, NULL, 0), 0);
    ck_assert_ptr_null(SENT(remote_domain_set_metadata_args).metadata);
    ck_assert_ptr_null(SENT(remote_domain_set_metadata_args).key);
    ck_assert_ptr_null(SENT(remote_domain_set_metadata_args).uri);
    assert_text(virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, "u", 1));
    ck_assert_int_eq(SENT(remote_domain_get_metadata_args).type, VIR_DOMAIN_METADATA_ELEMENT);
    ck_assert_str_eq(*SENT(remote_domain_get_metadata_args).uri, "u");
    ck_assert_uint_eq(SENT(remote_domain_get_metadata_args).flags, 1);
    assert_text(virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_TITLE, NULL, 0));
    ck_assert_ptr_null(SENT(remote_domain_get_metadata_args).uri);
}

static void call_sizes(virDomainPtr dom)
{
    virDomainBlockInfo info;

    ck_assert_int_eq(virDomainSetMaxMemory(dom, 1UL << 33), 0);
    ck_assert_uint_eq(SENT(remote_domain_memory_args).memory, 1UL << 33);
    ck_assert_int_eq(virDomainSetMemory(dom, 7), 0);
    ck_assert_uint_eq(SENT(remote_domain_memory_args).memory, 7);
    ck_assert_int_eq(virDomainSetMemoryFlags(dom, 8, VIR_DOMAIN_MEM_CONFIG), 0);
    ck_assert_uint_eq(SENT(remote_domain_memory_flags_args).memory, 8);
    ck_assert_uint_eq(SENT(remote_domain_memory_flags_args).flags, VIR_DOMAIN_MEM_CONFIG);
    ck_assert_int_eq(virDomainSetVcpus(dom, 3), 0);
    ck_assert_uint_eq(SENT(remote_domain_vcpus_args).count, 3);
    ck_assert_int_eq(virDomainSetVcpusFlags(dom, 4, VIR_DOMAIN_VCPU_MAXIMUM), 0);
    ck_assert_uint_eq(SENT(remote_domain_vcpus_flags_args).count, 4);
    ck_assert_uint_eq(SENT(remote_domain_vcpus_flags_args).flags, VIR_DOMAIN_VCPU_MAXIMUM);
    ck_assert_int_eq(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
    ck_assert_str_eq(SENT(remote_domain_text_flags_args).value, "vda");
    ck_assert_uint_eq(info.allocation, 1ULL << 34);
    ck_assert_uint_eq(info.capacity, 1ULL << 35);
    ck_assert_uint_eq(info.physical, 1ULL << 36);
}

static void call_life(virConnectPtr conn, virDomainPtr dom)
{
    assert_domain(virDomainCreateXML(conn, "<domain/>", VIR_DOMAIN_CREATE_XML_ASYNC));
    ck_assert_str_eq(SENT(remote_xml_args).xml, "<domain/>");
    ck_assert_uint_eq(SENT(remote_xml_args).flags, VIRTJOB_ASYNC_BIT);
    ck_assert_int_eq(virDomainSuspend(dom), 0);
    ck_assert_int_eq(virDomainResume(dom), 0);
    ck_assert_int_eq(virDomainShutdown(dom), 0);
    assert_sent_domain(7);
    ck_assert_int_eq(virDomainShutdownFlags(dom, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN), 0);
    assert_sent_flags(VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
    ck_assert_int_eq(virDomainReboot(dom, VIR_DOMAIN_REBOOT_GUEST_AGENT), 0);
    assert_sent_flags(VIR_DOMAIN_REBOOT_GUEST_AGENT);
    ck_assert_int_eq(virDomainReset(dom, 0), 0);
    assert_sent_flags(0);
    ck_assert_int_eq(virDomainInjectNMI(dom, 1), 0);
    assert_sent_flags(1);
    ck_assert_int_eq(virDomainPMWakeup(dom, 2), 0);
    assert_sent_flags(2);
}

/* The id follows what was done to the domain by this object. */
static void call_start_and_destroy(virDomainPtr dom)
{
    ck_assert_int_eq(virDomainDestroy(dom), 0);
    assert_sent_domain(7);
    ck_assert_uint_eq(virDomainGetID(dom), (unsigned int)-1);
    ck_assert_int_eq(virDomainCreate(dom), 0);
    assert_sent_flags(0);
    assert_sent_domain(-1);
    ck_assert_uint_eq(virDomainGetID(dom), 7);
    ck_assert_int_eq(virDomainDestroyFlags(dom, VIR_DOMAIN_DESTROY_GRACEFUL), 0);
    assert_sent_flags(VIR_DOMAIN_DESTROY_GRACEFUL);
    ck_assert_uint_eq(virDomainGetID(dom), (unsigned int)-1);
    ck_assert_int_eq(virDomainCreateFlags(dom, VIR_DOMAIN_CREATE_ASYNC), 0);
    assert_sent_flags(VIRTJOB_ASYNC_BIT);
    ck_assert_uint_eq(virDomainGetID(dom), 7);
    ck_assert_int_eq(virDomainCreateWithFlags(dom, VIR_DOMAIN_START_PAUSED), 0);
    assert_sent_flags(VIR_DOMAIN_START_PAUSED);
}

static void restart(virDomainPtr dom)
{
    ck_assert_uint_eq(virDomainGetID(dom), (unsigned int)-1);
    ck_assert_int_eq(virDomainCreate(dom), 0);
    ck_assert_uint_eq(virDomainGetID(dom), 7);
}

static void call_save(virDomainPtr dom)
{
    ck_assert_int_eq(virDomainSave(dom, "/image"), 0);
    ck_assert_str_eq(SENT(remote_domain_text_args).value, "/image");
    restart(dom);
    ck_assert_int_eq(virDomainSaveFlags(dom, "/image", VIR_DOMAIN_SAVE_PAUSED), 0);
    ck_assert_str_eq(SENT(remote_domain_save_args).to, "/image");
    ck_assert_ptr_null(SENT(remote_domain_save_args).xml);
    ck_assert_uint_eq(SENT(remote_domain_save_args).flags, VIR_DOMAIN_SAVE_PAUSED);
    restart(dom);
    ck_assert_int_eq(virDomainSaveFlags(dom, "/image", VIR_DOMAIN_SAVE_ASYNC), 0);
    ck_assert_uint_eq(SENT(remote_domain_save_args).flags, VIRTJOB_ASYNC_BIT);
    ck_assert_uint_eq(virDomainGetID(dom), 7); /* it is still there when the call returns */
    ck_assert_int_eq(virDomainManagedSave(dom, VIR_DOMAIN_SAVE_ASYNC), 0);
    assert_sent_flags(VIRTJOB_ASYNC_BIT);
    ck_assert_uint_eq(virDomainGetID(dom), 7);
    ck_assert_int_eq(virDomainManagedSave(dom, 0), 0);
    restart(dom);
    ck_assert_int_eq(virDomainHasManagedSaveImage(dom, 0), 2);
    ck_assert_int_eq(virDomainManagedSaveRemove(dom, 0), 0);
    assert_text(virDomainManagedSaveGetXMLDesc(dom, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE));
    assert_sent_flags(VIR_DOMAIN_SAVE_IMAGE_XML_SECURE);
    ck_assert_int_eq(virDomainManagedSaveDefineXML(dom, "<x/>", VIR_DOMAIN_SAVE_RUNNING), 0);
    ck_assert_str_eq(*SENT(remote_domain_text_opt_flags_args).value, "<x/>");
    ck_assert_uint_eq(SENT(remote_domain_text_opt_flags_args).flags, VIR_DOMAIN_SAVE_RUNNING);
}

static void call_restore(virConnectPtr conn, virDomainPtr dom)
{
    ck_assert_int_eq(virDomainRestore(conn, "/image"), 0);
    ck_assert_str_eq(SENT(remote_text_args).value, "/image");
    ck_assert_int_eq(virDomainRestoreFlags(conn, "/image", VIR_DOMAIN_RESTORE_ASYNC), 0);
    ck_assert_str_eq(SENT(remote_domain_restore_args).from, "/image");
    ck_assert_ptr_null(SENT(remote_domain_restore_args).xml);
    ck_assert_uint_eq(SENT(remote_domain_restore_args).flags, VIRTJOB_ASYNC_BIT);
    assert_text(virDomainSaveImageGetXMLDesc(conn, "/image", 1));
    ck_assert_str_eq(SENT(remote_text_flags_args).value, "/image");
    ck_assert_uint_eq(SENT(remote_text_flags_args).flags, 1);
    ck_assert_int_eq(virDomainSaveImageDefineXML(conn, "/image", "<x/>", VIR_DOMAIN_SAVE_PAUSED),
                     0);
    ck_assert_str_eq(SENT(remote_save_image_define_args).file, "/image");
    ck_assert_str_eq(SENT(remote_save_image_define_args).xml, "<x/>");
    ck_assert_uint_eq(SENT(remote_save_image_define_args).flags, VIR_DOMAIN_SAVE_PAUSED);
    ck_assert_int_eq(virDomainCoreDump(dom, "/core", VIR_DUMP_LIVE), 0);
    ck_assert_str_eq(SENT(remote_domain_text_flags_args).value, "/core");
    ck_assert_uint_eq(SENT(remote_domain_text_flags_args).flags, VIR_DUMP_LIVE);
    ck_assert_int_eq(virDomainCoreDumpWithFormat(dom, "/core",
                                                 VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB,
                                                 VIR_DOMAIN_CORE_DUMP_ASYNC),
                     0);
    ck_assert_str_eq(SENT(remote_domain_dump_args).to, "/core");
    ck_assert_uint_eq(SENT(remote_domain_dump_args).format,
                      VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB);
    ck_assert_uint_eq(SENT(remote_domain_dump_args).flags, VIRTJOB_ASYNC_BIT);
}

/* The daemon has another working directory. */
static void assert_here(const char *sent)
{
    _cleanup_free_ char *here = getcwd(NULL, 0);
    char wanted[4096];

    (void)snprintf(wanted, sizeof(wanted), "%s/image", here);
    ck_assert_pstr_eq(sent, wanted);
}

static void call_relative(virConnectPtr conn, virDomainPtr dom)
{
    ck_assert_int_eq(virDomainSave(dom, "image"), 0);
    assert_here(SENT(remote_domain_text_args).value);
    ck_assert_int_eq(virDomainSaveFlags(dom, "image", 0), 0);
    assert_here(SENT(remote_domain_save_args).to);
    ck_assert_int_eq(virDomainRestore(conn, "image"), 0);
    assert_here(SENT(remote_text_args).value);
    ck_assert_int_eq(virDomainRestoreFlags(conn, "image", 0), 0);
    assert_here(SENT(remote_domain_restore_args).from);
    assert_text(virDomainSaveImageGetXMLDesc(conn, "image", 0));
    assert_here(SENT(remote_text_flags_args).value);
    ck_assert_int_eq(virDomainSaveImageDefineXML(conn, "image", "<x/>", 0), 0);
    assert_here(SENT(remote_save_image_define_args).file);
    ck_assert_int_eq(virDomainCoreDump(dom, "image", 0), 0);
    assert_here(SENT(remote_domain_text_flags_args).value);
    ck_assert_int_eq(virDomainCoreDumpWithFormat(dom, "image", 0, 0), 0);
    assert_here(SENT(remote_domain_dump_args).to);
}

static void call_info(virDomainPtr dom)
{
    virDomainInfo info;
    int state = 0, reason = 0;

    ck_assert_int_eq(virDomainGetInfo(dom, &info), 0);
    ck_assert_int_eq(info.state, VIR_DOMAIN_CRASHED);
    ck_assert_uint_eq(info.maxMem, 1UL << 31);
    ck_assert_uint_eq(info.memory, 5);
    ck_assert_uint_eq(info.nrVirtCpu, 513);
    ck_assert_uint_eq(info.cpuTime, 1ULL << 50);
    ck_assert_int_eq(virDomainGetState(dom, &state, &reason, 0), 0);
    ck_assert_int_eq(state, VIR_DOMAIN_PAUSED);
    ck_assert_int_eq(reason, VIR_DOMAIN_PAUSED_SAVE);
    state = 0;
    ck_assert_int_eq(virDomainGetState(dom, &state, NULL, 0), 0);
    ck_assert_int_eq(state, VIR_DOMAIN_PAUSED);
    assert_text(virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE));
    assert_sent_flags(VIR_DOMAIN_XML_INACTIVE);
    assert_text(virDomainGetOSType(dom));
    ck_assert_uint_eq(virDomainGetMaxMemory(dom), 1UL << 31);
    ck_assert_int_eq(virDomainGetMaxVcpus(dom), 2);
    ck_assert_int_eq(virDomainGetVcpusFlags(dom, VIR_DOMAIN_VCPU_MAXIMUM), 2);
    assert_sent_flags(VIR_DOMAIN_VCPU_MAXIMUM);
    ck_assert_int_eq(virDomainIsActive(dom), 2);
    ck_assert_int_eq(virDomainIsPersistent(dom), 2);
    ck_assert_int_eq(virDomainIsUpdated(dom), 2);
}

static void call_more_info(virDomainPtr dom)
{
    virDomainControlInfo control;
    virSecurityLabel seclabel;
    char **messages, *result;

    ck_assert_int_eq(virDomainGetControlInfo(dom, &control, 0), 0);
    ck_assert_uint_eq(control.state, VIR_DOMAIN_CONTROL_JOB);
    ck_assert_uint_eq(control.details, 6);
    ck_assert_uint_eq(control.stateTime, 1ULL << 33);
    ck_assert_int_eq(virDomainGetMessages(dom, &messages, 0), 2);
    ck_assert_str_eq(messages[0], "first");
    ck_assert_str_eq(messages[1], "second");
    ck_assert_ptr_null(messages[2]);
    free(messages[0]);
    free(messages[1]);
    free(messages);
    ck_assert_int_eq(virDomainGetSecurityLabel(dom, &seclabel), 0);
    ck_assert_str_eq(seclabel.label, "label");
    ck_assert_int_eq(seclabel.enforcing, 1);
    ck_assert_int_eq(virDomainQemuMonitorCommand(dom, "info", &result,
                                                 VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP),
                     0);
    ck_assert_str_eq(SENT(qemu_monitor_command_args).domain.name, "d");
    ck_assert_str_eq(SENT(qemu_monitor_command_args).command, "info");
    ck_assert_uint_eq(SENT(qemu_monitor_command_args).flags, VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP);
    ck_assert_str_eq(result, "{}");
    free(result);
}

static void call_abort(virDomainPtr dom)
{
    ck_assert_int_eq(virDomainAbortJob(dom), 0);
    assert_sent_domain(-1);
    ck_assert_int_eq(virDomainAbortJobFlags(dom, 0), 0);
    assert_sent_flags(0);
}

START_TEST(test_every_call)
{
    virConnectPtr conn;
    virDomainPtr dom;

    (void)fake_start(every_call_script);
    conn = fake_open();
    dom = virDomainLookupByName(conn, "d");
    ck_assert_ptr_nonnull(dom);
    find_domains(conn);
    call_define(conn, dom);
    call_metadata(dom);
    call_sizes(dom);
    call_life(conn, dom);
    call_start_and_destroy(dom);
    call_save(dom);
    call_restore(conn, dom);
    call_relative(conn, dom);
    call_info(dom);
    call_more_info(dom);
    call_abort(dom);
    ck_assert_int_eq(virDomainFree(dom), 0);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
    fake_assert_seen(rows, ARRAY_SIZE(rows));
}
END_TEST

enum { ROUNDS = 300 };

static void *start_and_destroy(void *dom)
{
    for (int i = 0; i < ROUNDS; i++)
        if (virDomainCreate(dom) < 0 || virDomainDestroy(dom) < 0)
            return NULL;
    return dom;
}

/* Threads share an object: its id is one of those it may have, whoever changes it meanwhile. */
START_TEST(test_shared_object)
{
    virConnectPtr conn;
    virDomainPtr dom;
    pthread_t thread;
    void *result;

    (void)fake_start(every_call_script);
    conn = fake_open();
    dom = virDomainLookupByName(conn, "d");
    ck_assert_int_eq(pthread_create(&thread, NULL, start_and_destroy, dom), 0);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned int id = virDomainGetID(dom);

        ck_assert(id == 7 || id == (unsigned int)-1);
        ck_assert_int_eq(virDomainIsActive(dom), 2);
    }
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, dom);
    ck_assert_int_eq(virDomainFree(dom), 0);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-domain");
    TCase *tcase = tcase_create("domain");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_every_call);
    tcase_add_test(tcase, test_shared_object);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
