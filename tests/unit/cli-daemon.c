/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A daemon for virtjob's commands; see cli-daemon.h. */

#include "cli-daemon.h"

#include "tools/args.h"

/* --- the daemon's side: a table of answers --- */

static wire_domain domains[] = {
    { TEXT("off-b"), UUID, -1 },
    { TEXT("on-2"), UUID, 12 },
    { TEXT("off-a"), UUID, -1 },
    { TEXT("on-1"), UUID, 3 },
};
static char *said = TEXT("taint: custom"), *models[] = { TEXT("kvm64"), TEXT("qemu64") };
static u_quad_t cells[] = { 2048 * 1024, 4096 * 1024 };
static wire_param stats[] = {
    { TEXT("operation"), { WIRE_PARAM_INT, { .i = VIR_DOMAIN_JOB_OPERATION_SAVE } } },
    { TEXT("time_elapsed"), { WIRE_PARAM_ULLONG, { .ul = 1306 } } },
    { TEXT("time_remaining"), { WIRE_PARAM_ULLONG, { .ul = 250 } } },
    { TEXT("data_total"), { WIRE_PARAM_ULLONG, { .ul = 3ULL << 29 } } },
    { TEXT("data_processed"), { WIRE_PARAM_ULLONG, { .ul = 1 << 20 } } },
};

/* Those without static are for tests to change. */
remote_domain_ret cli_answer_domain = { { TEXT("d"), UUID, 5 } };
remote_domain_state_ret cli_answer_state = { VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED };
remote_int_ret cli_answer_has_image = { 0 };
job_wait_ret cli_answer_waited = { 1, { .state = VIR_JOB_COMPLETE } };
job_record_ret cli_answer_record = { { .id = JOB_ID,
                                       .kind = JOB_TARGET_DOMAIN,
                                       .name = TEXT("d"),
                                       .pool = TEXT(""),
                                       .uuid = UUID,
                                       .operation = TEXT("domain-save"),
                                       .phase = VIR_JOB_PHASE_ENDED,
                                       .started_by = TEXT("me") } };
remote_text_ret cli_answer_text = { TEXT("<domain><uuid>" UUID_TEXT "</uuid></domain>") };
qemu_monitor_command_ret cli_answer_monitor = { TEXT("{\"return\":{\"b\":1,\"a\":[]}}") };

static remote_int_ret one = { 1 };
remote_domain_list_ret cli_answer_domain_list = { { ARRAY_SIZE(domains), domains }, 4 };
static remote_text_ret os_type = { TEXT("hvm") };
static remote_domain_info_ret info = { VIR_DOMAIN_RUNNING, 2097152, 1048576, 2, 1234567890 };
static remote_messages_ret messages = { { 1, &said } };
static remote_security_model_ret no_model = { { 0, NULL }, { 0, NULL } };
remote_domain_control_ret cli_answer_control = { VIR_DOMAIN_CONTROL_OCCUPIED, 0, 1500 };
remote_domain_job_stats_ret cli_answer_job_stats = { VIR_DOMAIN_JOB_BOUNDED,
                                                     { ARRAY_SIZE(stats), stats } };
static job_list_ret job_list = { { 1, &cli_answer_record.record }, 0 };
static remote_node_info_ret node = { "x86_64", 3145728, 16, 1400, 2, 2, 2, 2 };
remote_cells_ret cli_answer_cell_list = { { ARRAY_SIZE(cells), cells } };
static remote_uhyper_ret free_memory = { 3 << 20 };
static remote_cpu_models_ret model_list = { { ARRAY_SIZE(models), models }, 2 };

struct cli_daemon_got cli_got;

#define GOT(type, member) FAKE_XDR(type), &cli_got.member, sizeof(cli_got.member)
#define NO_GOT NULL, NULL, 0
#define RET(type, value) FAKE_XDR(type), &(value)
#define NO_RET NULL, NULL

static struct cli_daemon_row rows[] = {
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_ID), NO_GOT, RET(remote_domain_ret, cli_answer_domain), 0, 0 },
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_UUID), NO_GOT, RET(remote_domain_ret, cli_answer_domain), 0, 0 },
    { FAKE_REMOTE(DOMAIN_LOOKUP_BY_NAME), NO_GOT, RET(remote_domain_ret, cli_answer_domain), 0, 0 },
    { FAKE_REMOTE(CONNECT_LIST_ALL_DOMAINS), GOT(remote_list_all_args, list),
      RET(remote_domain_list_ret, cli_answer_domain_list), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_STATE), NO_GOT, RET(remote_domain_state_ret, cli_answer_state), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_METADATA), NO_GOT, RET(remote_text_ret, cli_answer_text), 0, 0 },
    { FAKE_REMOTE(DOMAIN_SET_METADATA), GOT(remote_domain_set_metadata_args, metadata), NO_RET, 0,
      0 },
    { FAKE_REMOTE(DOMAIN_HAS_MANAGED_SAVE_IMAGE), NO_GOT, RET(remote_int_ret, cli_answer_has_image),
      0, 0 },
    { FAKE_REMOTE(DOMAIN_MANAGED_SAVE_REMOVE), NO_GOT, NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_OS_TYPE), NO_GOT, RET(remote_text_ret, os_type), 0, 0 },
    { FAKE_REMOTE(DOMAIN_IS_PERSISTENT), NO_GOT, RET(remote_int_ret, one), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_MESSAGES), NO_GOT, RET(remote_messages_ret, messages), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_INFO), NO_GOT, RET(remote_domain_info_ret, info), 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_AUTOSTART), NO_GOT, RET(remote_int_ret, one), 0, 0 },
    { FAKE_REMOTE(NODE_GET_SECURITY_MODEL), NO_GOT, RET(remote_security_model_ret, no_model), 0,
      0 },
    { FAKE_REMOTE(DOMAIN_GET_CONTROL_INFO), NO_GOT,
      RET(remote_domain_control_ret, cli_answer_control), 0, 0 },
    { FAKE_REMOTE(DOMAIN_CREATE_WITH_FLAGS), GOT(remote_domain_flags_args, flags),
      RET(remote_domain_ret, cli_answer_domain), 0, 0 },
    { FAKE_REMOTE(DOMAIN_CREATE_XML), GOT(remote_xml_args, xml),
      RET(remote_domain_ret, cli_answer_domain), 0, 0 },
    { FAKE_REMOTE(DOMAIN_SHUTDOWN_FLAGS), GOT(remote_domain_flags_args, flags), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_DESTROY_FLAGS), GOT(remote_domain_flags_args, flags), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_UNDEFINE_FLAGS), GOT(remote_domain_flags_args, flags), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_SUSPEND), NO_GOT, NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_SAVE_FLAGS), GOT(remote_domain_save_args, save), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_SAVE_PARAMS), GOT(remote_domain_save_params_args, save_params), NO_RET, 0,
      0 },
    { FAKE_REMOTE(DOMAIN_MANAGED_SAVE), GOT(remote_domain_flags_args, flags), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_SAVE_IMAGE_GET_XML_DESC), NO_GOT, RET(remote_text_ret, cli_answer_text), 0,
      0 },
    { FAKE_REMOTE(DOMAIN_SAVE_IMAGE_DEFINE_XML), GOT(remote_save_image_define_args, image), NO_RET,
      0, 0 },
    { FAKE_REMOTE(DOMAIN_RESTORE_FLAGS), GOT(remote_domain_restore_args, restore), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_RESTORE_PARAMS), GOT(remote_domain_restore_params_args, restore_params),
      NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_CORE_DUMP_WITH_FORMAT), GOT(remote_domain_dump_args, dump), NO_RET, 0, 0 },
    { FAKE_REMOTE(DOMAIN_GET_JOB_STATS), GOT(remote_domain_flags_args, flags),
      RET(remote_domain_job_stats_ret, cli_answer_job_stats), 0, 0 },
    { FAKE_REMOTE(DOMAIN_ABORT_JOB), NO_GOT, NO_RET, 0, 0 },
    { FAKE_REMOTE(NODE_GET_INFO), NO_GOT, RET(remote_node_info_ret, node), 0, 0 },
    { FAKE_REMOTE(NODE_GET_CELLS_FREE_MEMORY), NO_GOT, RET(remote_cells_ret, cli_answer_cell_list),
      0, 0 },
    { FAKE_REMOTE(NODE_GET_FREE_MEMORY), NO_GOT, RET(remote_uhyper_ret, free_memory), 0, 0 },
    { FAKE_REMOTE(CONNECT_GET_CPU_MODEL_NAMES), NO_GOT, RET(remote_cpu_models_ret, model_list), 0,
      0 },
    { FAKE_JOB(GET_RECORD), NO_GOT, RET(job_record_ret, cli_answer_record), 0, 0 },
    { FAKE_JOB(WAIT), NO_GOT, RET(job_wait_ret, cli_answer_waited), 0, 0 },
    { FAKE_JOB(LIST), NO_GOT, RET(job_list_ret, job_list), 0, 0 },
    { QEMU_PROGRAM_NUMBER, QEMU_PROC_DOMAIN_MONITOR_COMMAND,
      GOT(qemu_monitor_command_args, monitor), RET(qemu_monitor_command_ret, cli_answer_monitor), 0,
      0 },
};

struct cli_daemon_row *cli_daemon_row(uint32_t program, int procedure)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].program == program && rows[i].procedure == procedure)
            return &rows[i];
    fprintf(stderr, "no row for procedure %d of %#x\n", procedure, program);
    abort();
}

static void row_answer(int fd, struct cli_daemon_row *row, struct fake_call *call)
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
void cli_daemon_answers(int fd)
{
    struct fake_call call;

    fake_handshake(fd);
    while (fake_read(fd, &call)) {
        if (call.header.program == REMOTE_PROGRAM_NUMBER &&
            call.header.procedure == REMOTE_PROC_CONNECT_CLOSE)
            fake_reply(fd, &call.header, NULL, NULL);
        else
            row_answer(fd, cli_daemon_row(call.header.program, call.header.procedure), &call);
        fake_call_done(&call);
    }
}

/* --- our side --- */

char cli_out[4096], cli_err[1024];

void cli_stream_read(FILE *file, char *into, size_t size)
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

int cli_run(const char **words)
{
    FILE *files[] = { tmpfile(), tmpfile() };
    int olds[] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
    struct cli cli = { .no_progress = true };
    int code;

    (void)fake_start(cli_daemon_answers);
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
    cli_stream_read(files[0], cli_out, sizeof(cli_out));
    cli_stream_read(files[1], cli_err, sizeof(cli_err));
    return code;
}
