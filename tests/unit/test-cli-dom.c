/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands on domains and the host, as typed, against a daemon that answers
 * from a table: what they ask, what they print, how they end.
 */

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake-server.h"
#include "protocol/macros.h"
#include "protocol/qemu.h"
#include "tools/args.h"
#include "tools/cli.h"
#include "tools/host.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define UUID { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }
#define UUID_TEXT "00010203-0405-0607-0809-0a0b0c0d0e0f"
#define JOB_ID 7
#define ASYNC 0x40000000u

/* --- the daemon's side: a table of answers --- */

static wire_domain domains[] = {
    { TEXT("off-b"), UUID, -1 },
    { TEXT("on-2"), UUID, 12 },
    { TEXT("off-a"), UUID, -1 },
    { TEXT("on-1"), UUID, 3 },
};
static char *said = TEXT("taint: custom"), *models[] = { TEXT("kvm64"), TEXT("qemu64") };
static char *failure = TEXT("no space left");
static u_quad_t cells[] = { 2048 * 1024, 4096 * 1024 };
static wire_param stats[] = {
    { TEXT("operation"), { WIRE_PARAM_INT, { .i = VIR_DOMAIN_JOB_OPERATION_SAVE } } },
    { TEXT("time_elapsed"), { WIRE_PARAM_ULLONG, { .ul = 1306 } } },
    { TEXT("time_remaining"), { WIRE_PARAM_ULLONG, { .ul = 250 } } },
    { TEXT("data_total"), { WIRE_PARAM_ULLONG, { .ul = 3ULL << 29 } } },
    { TEXT("data_processed"), { WIRE_PARAM_ULLONG, { .ul = 1 << 20 } } },
};

/* What tests change. */
static remote_domain_ret domain = { { TEXT("d"), UUID, 5 } };
static remote_domain_state_ret state = { VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED };
static remote_int_ret has_image = { 0 };
static job_wait_ret waited = { 1, { .state = VIR_JOB_COMPLETE } };
static job_record_ret record = { { .id = JOB_ID,
                                   .kind = JOB_TARGET_DOMAIN,
                                   .name = TEXT("d"),
                                   .pool = TEXT(""),
                                   .uuid = UUID,
                                   .operation = TEXT("domain-save"),
                                   .phase = VIR_JOB_PHASE_ENDED,
                                   .started_by = TEXT("me") } };
static remote_text_ret text = { TEXT("<domain><uuid>" UUID_TEXT "</uuid></domain>") };
static qemu_monitor_command_ret monitor_answer = { TEXT("{\"return\":{\"b\":1,\"a\":[]}}") };

static remote_int_ret one = { 1 };
static remote_domain_list_ret domain_list = { { ARRAY_SIZE(domains), domains }, 4 };
static remote_text_ret os_type = { TEXT("hvm") };
static remote_domain_info_ret info = { VIR_DOMAIN_RUNNING, 2097152, 1048576, 2, 1234567890 };
static remote_messages_ret messages = { { 1, &said } };
static remote_security_model_ret no_model = { { 0, NULL }, { 0, NULL } };
static remote_domain_control_ret control = { VIR_DOMAIN_CONTROL_OCCUPIED, 0, 1500 };
static remote_domain_job_stats_ret job_stats = { VIR_DOMAIN_JOB_BOUNDED,
                                                 { ARRAY_SIZE(stats), stats } };
static job_list_ret job_list = { { 1, &record.record }, 0 };
static remote_node_info_ret node = { "x86_64", 3145728, 16, 1400, 2, 2, 2, 2 };
static remote_cells_ret cell_list = { { ARRAY_SIZE(cells), cells } };
static remote_uhyper_ret free_memory = { 3 << 20 };
static remote_cpu_models_ret model_list = { { ARRAY_SIZE(models), models }, 2 };

/* What came; read only when the server has ended. */
static struct {
    remote_domain_flags_args flags;
    remote_domain_save_args save;
    remote_domain_save_params_args save_params;
    remote_domain_restore_args restore;
    remote_domain_restore_params_args restore_params;
    remote_domain_dump_args dump;
    remote_domain_set_metadata_args metadata;
    remote_list_all_args list;
    remote_xml_args xml;
    remote_save_image_define_args image;
    qemu_monitor_command_args monitor;
} got;

#define GOT(type, member) FAKE_XDR(type), &got.member, sizeof(got.member)
#define NO_GOT NULL, NULL, 0
#define RET(type, value) FAKE_XDR(type), &(value)
#define NO_RET NULL, NULL

static struct row {
    uint32_t program;
    int procedure;
    xdrproc_t args;
    void *into;
    size_t size;
    xdrproc_t encode;
    void *ret;
    int fail; /* an error's code instead */
    int seen;
} rows[] = {
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_ID), NO_GOT, RET(remote_domain_ret, domain), 0, 0 },
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_UUID), NO_GOT, RET(remote_domain_ret, domain), 0, 0 },
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_NAME), NO_GOT, RET(remote_domain_ret, domain), 0, 0 },
    { FAKE_REMOTE(CONNECT_LIST_ALL_DOMAINS), GOT(remote_list_all_args, list),
      RET(remote_domain_list_ret, domain_list), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_STATE), NO_GOT, RET(remote_domain_state_ret, state), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_METADATA), NO_GOT, RET(remote_text_ret, text), 0, 0 },
    { FAKE_REMOTE(DOMAIN_SET_METADATA), GOT(remote_domain_set_metadata_args, metadata), NO_RET,
      0, 0 },
    { FAKE_REMOTE(DOMAIN_HAS_MANAGED_SAVE_IMAGE), NO_GOT, RET(remote_int_ret, has_image), 0, 0 },
    { FAKE_REMOTE(DOMAIN_MANAGED_SAVE_REMOVE), NO_GOT, NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_OS_TYPE), NO_GOT, RET(remote_text_ret, os_type), 0, 0 },
    { FAKE_REMOTE(DOMAIN_IS_PERSISTENT), NO_GOT, RET(remote_int_ret, one), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_MESSAGES), NO_GOT, RET(remote_messages_ret, messages), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_INFO), NO_GOT, RET(remote_domain_info_ret, info), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_AUTOSTART), NO_GOT, RET(remote_int_ret, one), 0, 0 },
    { FAKE_REMOTE(NODE_GET_SECURITY_MODEL), NO_GOT, RET(remote_security_model_ret, no_model), 0,
      0 },
    { FAKE_REMOTE(DOMAIN_GET_CONTROL_INFO), NO_GOT, RET(remote_domain_control_ret, control), 0,
      0 },
    { FAKE_REMOTE(DOMAIN_CREATE_WITH_FLAGS), GOT(remote_domain_flags_args, flags),
      RET(remote_domain_ret, domain), 0, 0 },
    { FAKE_REMOTE(DOMAIN_CREATE_XML), GOT(remote_xml_args, xml), RET(remote_domain_ret, domain),
      0, 0 },
    { FAKE_REMOTE(DOMAIN_SHUTDOWN_FLAGS), GOT(remote_domain_flags_args, flags), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_DESTROY_FLAGS), GOT(remote_domain_flags_args, flags), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_UNDEFINE_FLAGS), GOT(remote_domain_flags_args, flags), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_SUSPEND), NO_GOT, NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_SAVE_FLAGS), GOT(remote_domain_save_args, save), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_SAVE_PARAMS), GOT(remote_domain_save_params_args, save_params), NO_RET,
      0, 0 },
    { FAKE_REMOTE(DOMAIN_MANAGED_SAVE), GOT(remote_domain_flags_args, flags), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_SAVE_IMAGE_GET_XML_DESC), NO_GOT, RET(remote_text_ret, text), 0, 0 },
    { FAKE_REMOTE(DOMAIN_SAVE_IMAGE_DEFINE_XML), GOT(remote_save_image_define_args, image),
      NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_RESTORE_FLAGS), GOT(remote_domain_restore_args, restore), NO_RET, 0,
      0 },
    { FAKE_REMOTE(DOMAIN_RESTORE_PARAMS), GOT(remote_domain_restore_params_args, restore_params),
      NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_CORE_DUMP_WITH_FORMAT), GOT(remote_domain_dump_args, dump), NO_RET, 0,
      0 },
    { FAKE_REMOTE(DOMAIN_GET_JOB_STATS), GOT(remote_domain_flags_args, flags),
      RET(remote_domain_job_stats_ret, job_stats), 0, 0 },
    { FAKE_REMOTE(DOMAIN_ABORT_JOB), NO_GOT, NO_RET, 0, 0 },
    { FAKE_REMOTE(NODE_GET_INFO), NO_GOT, RET(remote_node_info_ret, node), 0, 0 },
    { FAKE_REMOTE(NODE_GET_CELLS_FREE_MEMORY), NO_GOT, RET(remote_cells_ret, cell_list), 0, 0 },
    { FAKE_REMOTE(NODE_GET_FREE_MEMORY), NO_GOT, RET(remote_uhyper_ret, free_memory), 0, 0 },
    { FAKE_REMOTE(CONNECT_GET_CPU_MODEL_NAMES), NO_GOT, RET(remote_cpu_models_ret, model_list),
      0, 0 },
    { FAKE_JOB(GET_RECORD), NO_GOT, RET(job_record_ret, record), 0, 0 },
    { FAKE_JOB(WAIT), NO_GOT, RET(job_wait_ret, waited), 0, 0 },
    { FAKE_JOB(LIST), NO_GOT, RET(job_list_ret, job_list), 0, 0 },
    { QEMU_PROGRAM_NUMBER, QEMU_PROC_DOMAIN_MONITOR_COMMAND,
      GOT(qemu_monitor_command_args, monitor), RET(qemu_monitor_command_ret, monitor_answer), 0,
      0 },
};

static struct row *row_of(uint32_t program, int procedure)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].program == program && rows[i].procedure == procedure)
            return &rows[i];
    fprintf(stderr, "no row for procedure %d of %#x\n", procedure, program);
    abort();
}

static void row_answer(int fd, struct row *row, struct fake_call *call)
{
    row->seen++;
    if (row->args) {
        xdr_free(row->args, row->into);
        memset(row->into, 0, row->size);
        if (frame_decode_payload(call->payload, call->len, row->args, row->into) < 0)
            abort();
    }
    if (row->fail)
        fake_fail(fd, &call->header, row->fail, VIR_FROM_QEMU, "no such thing");
    else
        fake_reply(fd, &call->header, row->encode, row->ret);
}

/* Answers what the table has until the client leaves. */
static void answers(int fd)
{
    struct fake_call call;

    fake_handshake(fd);
    while (fake_read(fd, &call)) {
        if (call.header.program == REMOTE_PROGRAM_NUMBER &&
            call.header.procedure == REMOTE_PROC_CONNECT_CLOSE)
            fake_reply(fd, &call.header, NULL, NULL);
        else
            row_answer(fd, row_of(call.header.program, call.header.procedure), &call);
        fake_call_done(&call);
    }
}

#define SEEN_REMOTE(name) row_of(FAKE_REMOTE(name))->seen
#define FAIL_REMOTE(name, code) row_of(FAKE_REMOTE(name))->fail = (code)

/* --- our side --- */

static char out[4096], err[1024];

static void stream_read(FILE *file, char *into, size_t size)
{
    size_t n;

    rewind(file);
    n = fread(into, 1, size - 1, file);
    into[n] = '\0';
    fclose(file);
}

/* The command of that name with what follows, as main() would run it. */
static int command_run(struct cli *cli, char **words)
{
    const struct command *command = command_find(words[0]);
    _cleanup_free_ char *error = NULL;
    struct args args;
    int count = 0, code;

    ck_assert_msg(command != NULL, "%s", words[0]);
    while (words[count])
        count++;
    if (args_parse(&args, command, count - 1, words + 1, &error) != 0)
        code = cli_usage("%s", error);
    else if (command->check && command->check(&args) != CLI_DONE)
        code = CLI_USAGE;
    else
        code = command->run(cli, &args);
    args_done(&args);
    return code;
}

/* Fills out and err. */
static int run(const char **words)
{
    FILE *files[] = { tmpfile(), tmpfile() };
    int olds[] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
    struct cli cli = { .no_progress = true };
    int code;

    (void)fake_start(answers);
    cli.conn = fake_open();
    cli_errors_keep();
    fflush(stdout);
    ck_assert_int_ge(dup2(fileno(files[0]), STDOUT_FILENO), 0);
    ck_assert_int_ge(dup2(fileno(files[1]), STDERR_FILENO), 0);
    code = command_run(&cli, (char **)(void *)words);
    fflush(stdout);
    ck_assert_int_ge(dup2(olds[0], STDOUT_FILENO), 0);
    ck_assert_int_ge(dup2(olds[1], STDERR_FILENO), 0);
    close(olds[0]);
    close(olds[1]);
    cli_disconnect(&cli);
    fake_stop();
    stream_read(files[0], out, sizeof(out));
    stream_read(files[1], err, sizeof(err));
    return code;
}

#define RUN(...) run((const char *[]){ __VA_ARGS__, NULL })

#define CHECK_RUN(code, text_out, text_err, ...)                                     \
    do {                                                                             \
        int code_ = RUN(__VA_ARGS__);                                                \
                                                                                     \
        ck_assert_msg(code_ == (code), "exit code %d: %s%s", code_, out, err);       \
        ck_assert_str_eq(out, text_out);                                             \
        ck_assert_str_eq(err, text_err);                                             \
    } while (0)
#define CHECK_SAID(text_out, ...) CHECK_RUN(CLI_DONE, text_out, "", __VA_ARGS__)

/* --- finding and listing --- */

START_TEST(an_id_comes_before_a_name)
{
    CHECK_SAID(UUID_TEXT "\n", "domuuid", "5");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_ID), 1);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_NAME), 0);
    FAIL_REMOTE(DOMAIN_LOOKUP_BY_ID, VIR_ERR_NO_DOMAIN);
    CHECK_SAID("d\n", "domname", "5");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_ID), 2);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_NAME), 1);
}
END_TEST

START_TEST(a_number_too_large_for_an_id_is_a_name)
{
    CHECK_SAID("5\n", "domid", "99999999999");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_ID), 0);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_NAME), 1);
}
END_TEST

START_TEST(a_uuid_comes_before_a_name)
{
    CHECK_SAID("d\n", "domname", UUID_TEXT);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_UUID), 1);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_NAME), 0);
    FAIL_REMOTE(DOMAIN_LOOKUP_BY_UUID, VIR_ERR_NO_DOMAIN);
    FAIL_REMOTE(DOMAIN_LOOKUP_BY_NAME, VIR_ERR_NO_DOMAIN);
    CHECK_RUN(CLI_FAILED, "", "error: cannot find domain '" UUID_TEXT "': no such thing\n",
              "domname", UUID_TEXT);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_NAME), 1);
}
END_TEST

START_TEST(active_domains_are_listed_first)
{
    state.state = VIR_DOMAIN_PAUSED;
    CHECK_SAID(" Id   Name    State\n"
               "----------------------\n"
               " 3    on-1    paused\n"
               " 12   on-2    paused\n"
               " -    off-a   paused\n"
               " -    off-b   paused\n",
               "list", "--all");
    ck_assert_uint_eq(got.list.flags, 0);
}
END_TEST

START_TEST(a_list_marks_saved_domains_and_has_titles)
{
    state.state = VIR_DOMAIN_SHUTOFF;
    has_image.value = 1;
    domain_list.domains.domains_len = 1;
    text.value = TEXT("A title");
    CHECK_SAID(" Id   Name    State   Title\n"
               "-------------------------------\n"
               " -    off-b   saved   A title\n",
               "list", "--managed-save", "--title");
    FAIL_REMOTE(DOMAIN_GET_METADATA, VIR_ERR_NO_DOMAIN_METADATA);
    CHECK_SAID(" Id   Name    State      Title\n"
               "--------------------------------\n"
               " -    off-b   shut off   \n",
               "list", "--title");
}
END_TEST

START_TEST(a_list_is_words_for_scripts)
{
    domain_list.domains.domains_len = 2;
    CHECK_SAID("on-2\noff-b\n", "list", "--name");
    CHECK_SAID("12\n-\n", "list", "--id");
    CHECK_SAID(UUID_TEXT " 12 on-2\n" UUID_TEXT " - off-b\n", "list", "--name", "--uuid", "--id");
    CHECK_RUN(CLI_USAGE, "", "error: option --table excludes --uuid, --id and --name\n", "list",
              "--table", "--id");
}
END_TEST

START_TEST(filters_become_flags)
{
    (void)RUN("list");
    ck_assert_uint_eq(got.list.flags, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    (void)RUN("list", "--inactive", "--persistent", "--with-managed-save");
    ck_assert_uint_eq(got.list.flags, VIR_CONNECT_LIST_DOMAINS_INACTIVE |
                                          VIR_CONNECT_LIST_DOMAINS_PERSISTENT |
                                          VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE);
    (void)RUN("list", "--state-shutoff", "--transient");
    ck_assert_uint_eq(got.list.flags,
                      VIR_CONNECT_LIST_DOMAINS_SHUTOFF | VIR_CONNECT_LIST_DOMAINS_TRANSIENT);
    (void)RUN("list", "--state-paused", "--no-autostart");
    ck_assert_uint_eq(got.list.flags, VIR_CONNECT_LIST_DOMAINS_ACTIVE |
                                          VIR_CONNECT_LIST_DOMAINS_PAUSED |
                                          VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART);
    (void)RUN("list", "--all", "--inactive", "--state-running");
    ck_assert_uint_eq(got.list.flags, VIR_CONNECT_LIST_DOMAINS_RUNNING);
}
END_TEST

START_TEST(dominfo_tells_all)
{
    CHECK_SAID("Id:             5\n"
               "Name:           d\n"
               "UUID:           " UUID_TEXT "\n"
               "OS Type:        hvm\n"
               "State:          running\n"
               "CPU(s):         2\n"
               "CPU time:       1.2s\n"
               "Max memory:     2097152 KiB\n"
               "Used memory:    1048576 KiB\n"
               "Persistent:     yes\n"
               "Autostart:      enable\n"
               "Managed save:   no\n"
               "Messages:       taint: custom\n",
               "dominfo", "d");
    FAIL_REMOTE(DOMAIN_GET_INFO, VIR_ERR_OPERATION_TIMEOUT);
    CHECK_RUN(CLI_FAILED, "", "error: cannot ask for domain 'd': no such thing\n", "dominfo", "d");
}
END_TEST

START_TEST(states_are_told)
{
    CHECK_SAID("running\n", "domstate", "d");
    CHECK_SAID("running (booted)\n", "domstate", "d", "--reason");
    CHECK_SAID("occupied (1.500s)\n", "domcontrol", "d");
    control.state = VIR_DOMAIN_CONTROL_OK;
    CHECK_SAID("ok\n", "domcontrol", "d");
    domain.domain.id = -1;
    CHECK_SAID("-\n", "domid", "d");
}
END_TEST

/* --- long ones --- */

START_TEST(a_start_is_followed)
{
    CHECK_SAID("Domain 'd' started\n", "start", "d", "--paused", "--force-boot");
    ck_assert_uint_eq(got.flags.flags,
                      ASYNC | VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_FORCE_BOOT);
    record.record.operation = TEXT("domain-start");
    waited.info.state = VIR_JOB_CANCELLED;
    CHECK_RUN(CLI_CANCELLED, "", "error: domain-start of domain 'd' was cancelled (job 7)\n",
              "start", "d");
    waited.info.state = VIR_JOB_FAILED;
    record.record.error_message = &failure;
    CHECK_RUN(CLI_FAILED, "",
              "error: domain-start of domain 'd' failed (job 7): no space left\n", "start", "d");
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
    ck_assert_str_eq(got.xml.xml, "<domain/>");
    ck_assert_uint_eq(got.xml.flags, ASYNC | VIR_DOMAIN_START_VALIDATE);
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
    ck_assert_str_eq(got.save.to, "/x");
    ck_assert_uint_eq(got.save.flags,
                      ASYNC | VIR_DOMAIN_SAVE_BYPASS_CACHE | VIR_DOMAIN_SAVE_PAUSED);
    CHECK_SAID("Job 7 started: domain-save of domain 'd'\n", "save", "d", "/x", "--async");
    CHECK_SAID("Domain 'd' state saved\n", "managedsave", "d", "--running");
    ck_assert_uint_eq(got.flags.flags, ASYNC | VIR_DOMAIN_SAVE_RUNNING);
}
END_TEST

START_TEST(a_save_with_xml_takes_parameters)
{
    char *path = file_make("<domain/>");

    CHECK_SAID("Domain 'd' saved to /x\n", "save", "d", "/x", "--xml", path);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_SAVE_FLAGS), 0);
    ck_assert_uint_eq(got.save_params.flags, ASYNC);
    ck_assert_uint_eq(got.save_params.params.params_len, 2);
    ck_assert_str_eq(got.save_params.params.params_val[0].field, "file");
    ck_assert_str_eq(got.save_params.params.params_val[0].value.wire_param_value_u.s, "/x");
    ck_assert_str_eq(got.save_params.params.params_val[1].field, "dxml");
    ck_assert_str_eq(got.save_params.params.params_val[1].value.wire_param_value_u.s, "<domain/>");
    CHECK_SAID("Domain restored from /x\n", "restore", "/x", "--running", "--xml", path);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_RESTORE_FLAGS), 0);
    ck_assert_uint_eq(got.restore_params.flags, ASYNC | VIR_DOMAIN_SAVE_RUNNING);
    ck_assert_str_eq(got.restore_params.params.params_val[1].value.wire_param_value_u.s,
                     "<domain/>");
    unlink(path);
    free(path);
}
END_TEST

START_TEST(a_restore_finds_its_job_by_the_images_uuid)
{
    CHECK_SAID("Domain restored from /x\n", "restore", "/x");
    ck_assert_str_eq(got.restore.from, "/x");
    ck_assert_uint_eq(got.restore.flags, ASYNC);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_UUID), 1);
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_LOOKUP_BY_NAME), 0);
}
END_TEST

START_TEST(a_restore_that_left_no_domain_is_found_in_the_history)
{
    FAIL_REMOTE(DOMAIN_LOOKUP_BY_UUID, VIR_ERR_NO_DOMAIN);
    FAIL_REMOTE(DOMAIN_LOOKUP_BY_NAME, VIR_ERR_NO_DOMAIN);
    record.record.operation = TEXT("domain-restore");
    record.record.error_message = &failure;
    waited.info.state = VIR_JOB_FAILED;
    CHECK_RUN(CLI_FAILED, "",
              "error: domain-restore of domain 'd' failed (job 7): no space left\n", "restore",
              "/x");
    ck_assert_int_eq(row_of(FAKE_JOB(LIST))->seen, 1);
}
END_TEST

START_TEST(a_restore_from_no_image_starts_nothing)
{
    text.value = TEXT("<domain/>");
    CHECK_RUN(CLI_FAILED, "",
              "error: cannot restore a domain from '/x': its XML has no UUID\n", "restore", "/x");
    FAIL_REMOTE(DOMAIN_SAVE_IMAGE_GET_XML_DESC, VIR_ERR_OPERATION_FAILED);
    CHECK_RUN(CLI_FAILED, "", "error: cannot restore a domain from '/x': no such thing\n",
              "restore", "/x");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_RESTORE_FLAGS), 0);
}
END_TEST

START_TEST(a_dump_has_a_format)
{
    CHECK_SAID("Domain 'd' dumped to /x\n", "dump", "d", "/x", "--live");
    ck_assert_uint_eq(got.dump.format, VIR_DOMAIN_CORE_DUMP_FORMAT_RAW);
    ck_assert_uint_eq(got.dump.flags, ASYNC | VIR_DUMP_LIVE);
    CHECK_SAID("Domain 'd' dumped to /x\n", "dump", "d", "/x", "--memory-only", "--format",
               "kdump-zlib", "--verbose");
    ck_assert_uint_eq(got.dump.format, VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB);
    ck_assert_uint_eq(got.dump.flags, ASYNC | VIR_DUMP_MEMORY_ONLY);
}
END_TEST

/* --- short ones --- */

START_TEST(short_calls_say_what_they_did)
{
    CHECK_SAID("Domain 'd' is being shutdown\n", "shutdown", "d", "--mode", "acpi,agent");
    ck_assert_uint_eq(got.flags.flags,
                      VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN | VIR_DOMAIN_SHUTDOWN_GUEST_AGENT);
    CHECK_SAID("Domain 'd' destroyed\n", "destroy", "d", "--graceful");
    ck_assert_uint_eq(got.flags.flags, VIR_DOMAIN_DESTROY_GRACEFUL);
    CHECK_SAID("Domain 'd' has been undefined\n", "undefine", "d", "--managed-save", "--nvram");
    ck_assert_uint_eq(got.flags.flags,
                      VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_NVRAM);
    CHECK_SAID("Domain 'd' suspended\n", "suspend", "d");
    CHECK_SAID("Domain 'd' has no managed save image; removal skipped\n", "managedsave-remove",
               "d");
    has_image.value = 1;
    CHECK_SAID("Removed managedsave image for domain 'd'\n", "managedsave-remove", "d");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_MANAGED_SAVE_REMOVE), 1);
}
END_TEST

START_TEST(a_description_is_all_its_words)
{
    CHECK_SAID("Domain description updated successfully\n", "desc", "d", "two", "words");
    ck_assert_int_eq(got.metadata.type, VIR_DOMAIN_METADATA_DESCRIPTION);
    ck_assert_str_eq(*got.metadata.metadata, "two words");
    CHECK_SAID("Domain title updated successfully\n", "desc", "d", "--title", "--config", "");
    ck_assert_int_eq(got.metadata.type, VIR_DOMAIN_METADATA_TITLE);
    ck_assert_ptr_null(got.metadata.metadata);
    ck_assert_uint_eq(got.metadata.flags, VIR_DOMAIN_AFFECT_CONFIG);
    FAIL_REMOTE(DOMAIN_GET_METADATA, VIR_ERR_NO_DOMAIN_METADATA);
    CHECK_SAID("No description for domain: d\n", "desc", "d");
}
END_TEST

START_TEST(metadata_is_set_and_removed)
{
    CHECK_SAID("Metadata modified\n", "metadata", "d", "http://x", "--key", "k", "--set", "<a/>");
    ck_assert_str_eq(*got.metadata.uri, "http://x");
    ck_assert_str_eq(*got.metadata.key, "k");
    ck_assert_str_eq(*got.metadata.metadata, "<a/>");
    CHECK_SAID("Metadata removed\n", "metadata", "d", "http://x", "--remove");
    ck_assert_ptr_null(got.metadata.metadata);
    FAIL_REMOTE(DOMAIN_GET_METADATA, VIR_ERR_NO_DOMAIN_METADATA);
    CHECK_RUN(CLI_FAILED, "", "error: cannot get the metadata of domain 'd': no such thing\n",
              "metadata", "d", "http://x");
}
END_TEST

START_TEST(an_editor_changes_the_xml_in_an_image)
{
    text.value = TEXT("<domain>old</domain>\n");
    ck_assert_int_eq(setenv("VISUAL", "sed -i s/old/new/", 1), 0);
    CHECK_SAID("State file /x edited.\n", "save-image-edit", "/x", "--running");
    ck_assert_str_eq(got.image.xml, "<domain>new</domain>\n");
    ck_assert_uint_eq(got.image.flags, VIR_DOMAIN_SAVE_RUNNING);
    ck_assert_int_eq(setenv("VISUAL", "true", 1), 0);
    CHECK_SAID("Saved image /x XML configuration not changed.\n", "save-image-edit", "/x");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_SAVE_IMAGE_DEFINE_XML), 1);
}
END_TEST

/* Is that folder's one file what the last error line names? Removes both. */
static void check_kept(const char *dir, const char *expected)
{
    char *kept = strstr(err, "is kept in '");
    char content[64];
    FILE *file;
    size_t n;

    ck_assert_ptr_nonnull(kept);
    kept += strlen("is kept in '");
    kept[strcspn(kept, "'")] = '\0';
    ck_assert_int_eq(strncmp(kept, dir, strlen(dir)), 0);
    file = fopen(kept, "re");
    ck_assert_ptr_nonnull(file);
    n = fread(content, 1, sizeof(content) - 1, file);
    content[n] = '\0';
    fclose(file);
    ck_assert_str_eq(content, expected);
    ck_assert_int_eq(unlink(kept), 0);
    ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(what_was_edited_is_not_lost)
{
    char dir[] = "/tmp/test-cli-dom-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(setenv("TMPDIR", dir, 1), 0);
    ck_assert_int_eq(setenv("VISUAL", "sed -i s/domain/dom/g", 1), 0);
    FAIL_REMOTE(DOMAIN_SAVE_IMAGE_DEFINE_XML, VIR_ERR_XML_ERROR);
    text.value = TEXT("<domain/>\n");
    ck_assert_int_eq(RUN("save-image-edit", "/x"), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(err, "error: cannot change the XML in '/x': no such thing\n"));
    check_kept(dir, "<dom/>\n");
}
END_TEST

START_TEST(an_editor_that_fails_changes_nothing)
{
    char dir[] = "/tmp/test-cli-dom-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(setenv("TMPDIR", dir, 1), 0);
    ck_assert_int_eq(setenv("VISUAL", "false", 1), 0);
    text.value = TEXT("old");
    ck_assert_int_eq(RUN("desc", "d", "--edit"), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(err, "error: the editor 'false' failed, nothing was changed\n"));
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_SET_METADATA), 0);
    check_kept(dir, "old");
}
END_TEST

START_TEST(a_description_loses_the_editors_newline)
{
    text.value = TEXT("old");
    ck_assert_int_eq(setenv("VISUAL", "printf 'new\\n' >", 1), 0);
    CHECK_SAID("Domain title updated successfully\n", "desc", "d", "--edit", "--title");
    ck_assert_str_eq(*got.metadata.metadata, "new");
}
END_TEST

START_TEST(a_part_of_the_xml_is_printed)
{
    CHECK_SAID(UUID_TEXT "\n", "save-image-dumpxml", "/x", "--xpath", "//uuid/text()");
    CHECK_SAID("<domain><uuid>" UUID_TEXT "</uuid></domain>\n", "save-image-dumpxml", "/x");
    CHECK_RUN(CLI_FAILED, "", "error: '//[' is no XPath expression that selects nodes\n",
              "save-image-dumpxml", "/x", "--xpath", "//[");
}
END_TEST

/* --- the monitor --- */

START_TEST(what_is_no_json_becomes_a_qmp_command)
{
    static const struct {
        const char *words[4];
        const char *command;
    } cells_of[] = {
        { { "query-status" }, "{\"execute\":\"query-status\"}" },
        { { "a", "\"b\":1", "\"c\":\"d\"" },
          "{\"execute\":\"a\",\"arguments\":{\"b\":1,\"c\":\"d\"}}" },
        { { "a", "{\"b\":1}" }, "{\"execute\":\"a\",\"arguments\":{\"b\":1}}" },
        { { "{\"execute\":\"a\"}" }, "{\"execute\":\"a\"}" },
        { { "--hmp", "info", "status" }, "info status" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cells_of); i++) {
        const char *const *w = cells_of[i].words;

        CHECK_SAID("{\"return\":{\"b\":1,\"a\":[]}}\n", "qemu-monitor-command", "d", w[0], w[1],
                   w[2], w[3]);
        ck_assert_str_eq(got.monitor.command, cells_of[i].command);
        ck_assert_uint_eq(got.monitor.flags, w[0][0] == '-');
    }
}
END_TEST

START_TEST(an_answer_can_be_made_readable)
{
    CHECK_SAID("{\n  \"return\": {\n    \"b\": 1,\n    \"a\": []\n  }\n}\n",
               "qemu-monitor-command", "d", "x", "--pretty");
    CHECK_SAID("{\"b\":1,\"a\":[]}\n", "qemu-monitor-command", "d", "x", "--return-value");
    monitor_answer.result = TEXT("{\"return\":18446744073709551615}");
    CHECK_SAID("{\"return\":18446744073709551615}\n", "qemu-monitor-command", "d", "x",
               "--pretty");
}
END_TEST

/* --- jobs --- */

START_TEST(domjobinfo_is_virshs_and_ours)
{
    record.record.info.state = VIR_JOB_RUNNING;
    record.record.info.percent_complete = 45;
    record.record.phase = VIR_JOB_PHASE_RUNNING;
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
    ck_assert_uint_eq(got.flags.flags,
                      VIR_DOMAIN_JOB_STATS_COMPLETED | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED);
    job_stats.type = VIR_DOMAIN_JOB_NONE;
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
    ck_assert_ptr_nonnull(strstr(out, " 7    d        domain-save"));
    (void)RUN("jobs", "--all", "--domain", "e");
    ck_assert_ptr_null(strstr(out, "domain-save"));
    (void)RUN("jobs", "--all", "--pool", "d");
    ck_assert_ptr_null(strstr(out, "domain-save"));
}
END_TEST

/* --- the host --- */

START_TEST(the_host_is_told)
{
    CHECK_SAID("CPU model:           x86_64\n"
               "CPU(s):              16\n"
               "CPU frequency:       1400 MHz\n"
               "CPU socket(s):       2\n"
               "Core(s) per socket:  2\n"
               "Thread(s) per core:  2\n"
               "NUMA cell(s):        2\n"
               "Memory size:         3145728 KiB\n",
               "nodeinfo");
    CHECK_SAID("Total: 3072 KiB\n", "freecell");
    CHECK_SAID("    0:       2048 KiB\n"
               "    1:       4096 KiB\n"
               "--------------------\n"
               "Total:       6144 KiB\n",
               "freecell", "--all");
    cell_list.cells.cells_len = 1;
    CHECK_SAID("0: 2048 KiB\n", "freecell", "0");
    CHECK_SAID("kvm64\nqemu64\n", "cpu-models", "x86_64");
}
END_TEST

/* --- completion --- */

START_TEST(domains_are_offered)
{
    FILE *file = tmpfile();
    int old = dup(STDOUT_FILENO);
    struct cli cli = { .uri = fake_start(answers) };
    char *words[] = { TEXT("2"), TEXT("dominfo"), TEXT("--domain"), TEXT("on") };

    fflush(stdout);
    ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
    ck_assert_int_eq(complete(&cli, ARRAY_SIZE(words), words), 0);
    fflush(stdout);
    ck_assert_int_ge(dup2(old, STDOUT_FILENO), 0);
    close(old);
    cli_disconnect(&cli);
    fake_stop();
    stream_read(file, out, sizeof(out));
    ck_assert_str_eq(out, "on-2\non-1\n");
    ck_assert_uint_eq(got.list.flags, 0);
}
END_TEST

/* --- misuse --- */

START_TEST(what_cannot_be_together_is_refused)
{
    static const struct {
        const char *words[8];
        const char *message;
    } refused[] = {
        { { "save", "d", "/x", "--running", "--paused" },
          "options --running and --paused exclude each other" },
        { { "managedsave", "d", "--running", "--paused" },
          "options --running and --paused exclude each other" },
        { { "restore", "/x", "--running", "--paused" },
          "options --running and --paused exclude each other" },
        { { "dump", "d", "/x", "--live", "--reset" },
          "options --live and --reset exclude each other" },
        { { "dump", "d", "/x", "--crash", "--live" },
          "options --live and --crash exclude each other" },
        { { "dump", "d", "/x", "--format", "elf" }, "option --format needs --memory-only" },
        { { "dump", "d", "/x", "--memory-only", "--format", "zip" },
          "'zip' is no format of a dump" },
        { { "shutdown", "d", "--mode", "acpi,knock" }, "'knock' is no mode of 'shutdown'" },
        { { "reboot", "d", "--mode", "" }, "'' is no mode of 'reboot'" },
        { { "undefine", "d", "--nvram", "--keep-nvram" },
          "options --nvram and --keep-nvram exclude each other" },
        { { "desc", "d", "--current", "--live" },
          "options --current and --live exclude each other" },
        { { "desc", "d", "--edit", "x" }, "options --edit and --new-desc exclude each other" },
        { { "metadata", "d", "u", "--set", "<a/>" },
          "a namespace key is needed to change metadata: add --key" },
        { { "metadata", "d", "u", "--set", "<a/>", "--remove" },
          "options --set and --remove exclude each other" },
        { { "qemu-monitor-command", "d", "x", "--hmp", "--pretty" },
          "options --hmp and --pretty exclude each other" },
        { { "domjobinfo", "d", "--keep-completed" },
          "option --keep-completed needs --completed" },
        { { "dumpxml", "d", "--wrap" }, "option --wrap needs --xpath" },
        { { "freecell", "0", "--all" }, "options --cellno and --all exclude each other" },
        { { "freecell", "4294967296" }, "number '4294967296' for --cellno is too large" },
        { { "job-info", "7", "--domain", "d" },
          "a job's id excludes --domain, --pool and --vol" },
        { { "job-info", "--pool", "p", "--domain", "d" }, "--domain excludes --pool and --vol" },
        { { "jobs", "--vol", "v", "--domain", "d" }, "--domain excludes --pool and --vol" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(refused); i++) {
        char *expected = NULL;

        ck_assert_int_gt(asprintf(&expected, "error: %s\n", refused[i].message), 0);
        ck_assert_int_eq(run((const char **)(uintptr_t)refused[i].words), CLI_USAGE);
        ck_assert_str_eq(err, expected);
        ck_assert_str_eq(out, "");
        free(expected);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-dom");
    TCase *tcase = tcase_create("cli-dom");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, an_id_comes_before_a_name);
    tcase_add_test(tcase, a_number_too_large_for_an_id_is_a_name);
    tcase_add_test(tcase, a_uuid_comes_before_a_name);
    tcase_add_test(tcase, active_domains_are_listed_first);
    tcase_add_test(tcase, a_list_marks_saved_domains_and_has_titles);
    tcase_add_test(tcase, a_list_is_words_for_scripts);
    tcase_add_test(tcase, filters_become_flags);
    tcase_add_test(tcase, dominfo_tells_all);
    tcase_add_test(tcase, states_are_told);
    tcase_add_test(tcase, a_start_is_followed);
    tcase_add_test(tcase, a_create_is_followed);
    tcase_add_test(tcase, a_save_is_followed);
    tcase_add_test(tcase, a_save_with_xml_takes_parameters);
    tcase_add_test(tcase, a_restore_finds_its_job_by_the_images_uuid);
    tcase_add_test(tcase, a_restore_that_left_no_domain_is_found_in_the_history);
    tcase_add_test(tcase, a_restore_from_no_image_starts_nothing);
    tcase_add_test(tcase, a_dump_has_a_format);
    tcase_add_test(tcase, short_calls_say_what_they_did);
    tcase_add_test(tcase, a_description_is_all_its_words);
    tcase_add_test(tcase, metadata_is_set_and_removed);
    tcase_add_test(tcase, an_editor_changes_the_xml_in_an_image);
    tcase_add_test(tcase, what_was_edited_is_not_lost);
    tcase_add_test(tcase, an_editor_that_fails_changes_nothing);
    tcase_add_test(tcase, a_description_loses_the_editors_newline);
    tcase_add_test(tcase, a_part_of_the_xml_is_printed);
    tcase_add_test(tcase, what_is_no_json_becomes_a_qmp_command);
    tcase_add_test(tcase, an_answer_can_be_made_readable);
    tcase_add_test(tcase, domjobinfo_is_virshs_and_ours);
    tcase_add_test(tcase, jobs_are_found_by_their_domain);
    tcase_add_test(tcase, the_host_is_told);
    tcase_add_test(tcase, domains_are_offered);
    tcase_add_test(tcase, what_cannot_be_together_is_refused);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
