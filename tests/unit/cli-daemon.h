/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon for virtjob's commands: a fake server that answers every call of a
 * domain, its jobs and the host from a table, and the way to run a command as
 * typed against it.  A test changes answers before it runs a command, and looks
 * at what came afterwards, when the server's thread has ended.
 */
#ifndef TESTS_CLI_DAEMON_H
#define TESTS_CLI_DAEMON_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fake-server.h"
#include "protocol/macros.h"
#include "protocol/qemu.h"
#include "tools/cli.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define UUID { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }
#define UUID_TEXT "00010203-0405-0607-0809-0a0b0c0d0e0f"
#define JOB_ID 7
#define ASYNC 0x40000000u

/* The answers, to be changed. */
extern remote_domain_ret cli_answer_domain;
extern remote_domain_state_ret cli_answer_state;
extern remote_int_ret cli_answer_has_image;
extern job_wait_ret cli_answer_waited;
extern job_record_ret cli_answer_record;
extern remote_text_ret cli_answer_text;
extern qemu_monitor_command_ret cli_answer_monitor;
extern remote_domain_list_ret cli_answer_domain_list;
extern remote_domain_control_ret cli_answer_control;
extern remote_domain_job_stats_ret cli_answer_job_stats;
extern remote_cells_ret cli_answer_cell_list;

/* What came; read only when the server has ended. */
struct cli_daemon_got {
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
};
extern struct cli_daemon_got cli_got;

struct cli_daemon_row {
    uint32_t program;
    int procedure;
    xdrproc_t args;
    void *into;
    size_t size;
    xdrproc_t encode;
    void *ret;
    int fail; /* an error's code instead */
    int seen;
};

/* That of a procedure, FAKE_REMOTE(NAME) or FAKE_JOB(NAME). */
struct cli_daemon_row *cli_daemon_row(uint32_t program, int procedure);
#define SEEN_REMOTE(name) cli_daemon_row(FAKE_REMOTE(name))->seen
#define FAIL_REMOTE(name, code) cli_daemon_row(FAKE_REMOTE(name))->fail = (code)

/* The script: answers what the table has until the client leaves. */
void cli_daemon_answers(int fd);

/* What the last command printed. */
extern char cli_out[4096], cli_err[1024];
/* All of a temporary file, which it closes. */
void cli_stream_read(FILE *file, char *into, size_t size);
/* Runs a command and what follows its name as main() would; the exit code. */
int cli_run(const char **words);
#define RUN(...) cli_run((const char *[]){ __VA_ARGS__, NULL })

#define CHECK_RUN(code, text_out, text_err, ...)                                       \
    do {                                                                               \
        int code_ = RUN(__VA_ARGS__);                                                  \
                                                                                       \
        ck_assert_msg(code_ == (code), "exit code %d: %s%s", code_, cli_out, cli_err); \
        ck_assert_str_eq(cli_out, text_out);                                           \
        ck_assert_str_eq(cli_err, text_err);                                           \
    } while (0)
#define CHECK_SAID(text_out, ...) CHECK_RUN(CLI_DONE, text_out, "", __VA_ARGS__)

#endif
