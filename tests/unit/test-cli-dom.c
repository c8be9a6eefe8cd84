/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands on domains and the host that start no job: asked, printed, refused. */

#include "cli-daemon.h"
#include "tools/host.h"

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
    cli_answer_state.state = VIR_DOMAIN_PAUSED;
    CHECK_SAID(" Id   Name    State\n"
               "----------------------\n"
               " 3    on-1    paused\n"
               " 12   on-2    paused\n"
               " -    off-a   paused\n"
               " -    off-b   paused\n",
               "list", "--all");
    ck_assert_uint_eq(cli_got.list.flags, 0);
}
END_TEST

START_TEST(a_list_marks_saved_domains_and_has_titles)
{
    cli_answer_state.state = VIR_DOMAIN_SHUTOFF;
    cli_answer_has_image.value = 1;
    cli_answer_domain_list.domains.domains_len = 1;
    cli_answer_text.value = TEXT("A title");
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
    cli_answer_domain_list.domains.domains_len = 2;
    CHECK_SAID("on-2\noff-b\n", "list", "--name");
    CHECK_SAID("12\n", "list", "--id");
    CHECK_SAID(UUID_TEXT " 12 on-2\n" UUID_TEXT " - off-b\n", "list", "--name", "--uuid", "--id");
    CHECK_RUN(CLI_USAGE, "", "error: option --table excludes --uuid, --id and --name\n", "list",
              "--table", "--id");
}
END_TEST

START_TEST(filters_become_flags)
{
    (void)RUN("list");
    ck_assert_uint_eq(cli_got.list.flags, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    (void)RUN("list", "--inactive", "--persistent", "--with-managed-save");
    ck_assert_uint_eq(cli_got.list.flags, VIR_CONNECT_LIST_DOMAINS_INACTIVE |
                                              VIR_CONNECT_LIST_DOMAINS_PERSISTENT |
                                              VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE);
    (void)RUN("list", "--state-shutoff", "--transient");
    ck_assert_uint_eq(cli_got.list.flags,
                      VIR_CONNECT_LIST_DOMAINS_SHUTOFF | VIR_CONNECT_LIST_DOMAINS_TRANSIENT);
    (void)RUN("list", "--state-paused", "--no-autostart");
    ck_assert_uint_eq(cli_got.list.flags, VIR_CONNECT_LIST_DOMAINS_ACTIVE |
                                              VIR_CONNECT_LIST_DOMAINS_PAUSED |
                                              VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART);
    (void)RUN("list", "--all", "--inactive", "--state-running");
    ck_assert_uint_eq(cli_got.list.flags, VIR_CONNECT_LIST_DOMAINS_RUNNING);
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
    cli_answer_control.state = VIR_DOMAIN_CONTROL_OK;
    CHECK_SAID("ok\n", "domcontrol", "d");
    cli_answer_domain.domain.id = -1;
    CHECK_SAID("-\n", "domid", "d");
}
END_TEST

/* --- short ones --- */

START_TEST(short_calls_say_what_they_did)
{
    CHECK_SAID("Domain 'd' is being shutdown\n", "shutdown", "d", "--mode", "acpi,agent");
    ck_assert_uint_eq(cli_got.flags.flags,
                      VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN | VIR_DOMAIN_SHUTDOWN_GUEST_AGENT);
    CHECK_SAID("Domain 'd' destroyed\n", "destroy", "d", "--graceful");
    ck_assert_uint_eq(cli_got.flags.flags, VIR_DOMAIN_DESTROY_GRACEFUL);
    CHECK_SAID("Domain 'd' has been undefined\n", "undefine", "d", "--managed-save", "--nvram");
    ck_assert_uint_eq(cli_got.flags.flags,
                      VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_NVRAM);
    CHECK_SAID("Domain 'd' suspended\n", "suspend", "d");
    CHECK_SAID("Domain 'd' has no managed save image; removal skipped\n", "managedsave-remove",
               "d");
    cli_answer_has_image.value = 1;
    CHECK_SAID("Removed managedsave image for domain 'd'\n", "managedsave-remove", "d");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_MANAGED_SAVE_REMOVE), 1);
}
END_TEST

START_TEST(a_description_is_all_its_words)
{
    CHECK_SAID("Domain description updated successfully\n", "desc", "d", "two", "words");
    ck_assert_int_eq(cli_got.metadata.type, VIR_DOMAIN_METADATA_DESCRIPTION);
    ck_assert_str_eq(*cli_got.metadata.metadata, "two words");
    CHECK_SAID("Domain title updated successfully\n", "desc", "d", "--title", "--config", "");
    ck_assert_int_eq(cli_got.metadata.type, VIR_DOMAIN_METADATA_TITLE);
    ck_assert_ptr_null(cli_got.metadata.metadata);
    ck_assert_uint_eq(cli_got.metadata.flags, VIR_DOMAIN_AFFECT_CONFIG);
    FAIL_REMOTE(DOMAIN_GET_METADATA, VIR_ERR_NO_DOMAIN_METADATA);
    CHECK_SAID("No description for domain: d\n", "desc", "d");
}
END_TEST

START_TEST(metadata_is_set_and_removed)
{
    CHECK_SAID("Metadata modified\n", "metadata", "d", "http://x", "--key", "k", "--set", "<a/>");
    ck_assert_str_eq(*cli_got.metadata.uri, "http://x");
    ck_assert_str_eq(*cli_got.metadata.key, "k");
    ck_assert_str_eq(*cli_got.metadata.metadata, "<a/>");
    CHECK_SAID("Metadata removed\n", "metadata", "d", "http://x", "--remove");
    ck_assert_ptr_null(cli_got.metadata.metadata);
    FAIL_REMOTE(DOMAIN_GET_METADATA, VIR_ERR_NO_DOMAIN_METADATA);
    CHECK_RUN(CLI_FAILED, "", "error: cannot get the metadata of domain 'd': no such thing\n",
              "metadata", "d", "http://x");
}
END_TEST

START_TEST(an_editor_changes_the_xml_in_an_image)
{
    cli_answer_text.value = TEXT("<domain>old</domain>\n");
    ck_assert_int_eq(setenv("VISUAL", "sed -i s/old/new/", 1), 0);
    CHECK_SAID("State file /x edited.\n", "save-image-edit", "/x", "--running");
    ck_assert_str_eq(cli_got.image.xml, "<domain>new</domain>\n");
    ck_assert_uint_eq(cli_got.image.flags, VIR_DOMAIN_SAVE_RUNNING);
    ck_assert_int_eq(setenv("VISUAL", "true", 1), 0);
    CHECK_SAID("Saved image /x XML configuration not changed.\n", "save-image-edit", "/x");
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_SAVE_IMAGE_DEFINE_XML), 1);
}
END_TEST

/* Is that folder's one file what the last error line names? Removes both. */
static void check_kept(const char *dir, const char *expected)
{
    char *kept = strstr(cli_err, "is kept in '");
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
    cli_answer_text.value = TEXT("<domain/>\n");
    ck_assert_int_eq(RUN("save-image-edit", "/x"), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(cli_err, "error: cannot change the XML in '/x': no such thing\n"));
    check_kept(dir, "<dom/>\n");
}
END_TEST

START_TEST(an_editor_that_fails_changes_nothing)
{
    char dir[] = "/tmp/test-cli-dom-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(setenv("TMPDIR", dir, 1), 0);
    ck_assert_int_eq(setenv("VISUAL", "false", 1), 0);
    cli_answer_text.value = TEXT("old");
    ck_assert_int_eq(RUN("desc", "d", "--edit"), CLI_FAILED);
    ck_assert_ptr_nonnull(
        strstr(cli_err, "error: the editor 'false' failed, nothing was changed\n"));
    ck_assert_int_eq(SEEN_REMOTE(DOMAIN_SET_METADATA), 0);
    check_kept(dir, "old");
}
END_TEST

START_TEST(a_description_loses_the_editors_newline)
{
    cli_answer_text.value = TEXT("old");
    ck_assert_int_eq(setenv("VISUAL", "printf 'new\\n' >", 1), 0);
    CHECK_SAID("Domain title updated successfully\n", "desc", "d", "--edit", "--title");
    ck_assert_str_eq(*cli_got.metadata.metadata, "new");
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
        ck_assert_str_eq(cli_got.monitor.command, cells_of[i].command);
        ck_assert_uint_eq(cli_got.monitor.flags, w[0][0] == '-');
    }
}
END_TEST

START_TEST(an_answer_can_be_made_readable)
{
    CHECK_SAID("{\n  \"return\": {\n    \"b\": 1,\n    \"a\": []\n  }\n}\n", "qemu-monitor-command",
               "d", "x", "--pretty");
    CHECK_SAID("{\"b\":1,\"a\":[]}\n", "qemu-monitor-command", "d", "x", "--return-value");
    cli_answer_monitor.result = TEXT("{\"return\":18446744073709551615}");
    CHECK_SAID("{\"return\":18446744073709551615}\n", "qemu-monitor-command", "d", "x", "--pretty");
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
    cli_answer_cell_list.cells.cells_len = 1;
    CHECK_SAID("0: 2048 KiB\n", "freecell", "0");
    CHECK_SAID("kvm64\nqemu64\n", "cpu-models", "x86_64");
}
END_TEST

/* --- completion --- */

START_TEST(domains_are_offered)
{
    FILE *file = tmpfile();
    int old = dup(STDOUT_FILENO);
    struct cli cli = { .uri = fake_start(cli_daemon_answers) };
    char *words[] = { TEXT("2"), TEXT("dominfo"), TEXT("--domain"), TEXT("on") };

    fflush(stdout);
    ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
    ck_assert_int_eq(complete(&cli, ARRAY_SIZE(words), words), 0);
    fflush(stdout);
    ck_assert_int_ge(dup2(old, STDOUT_FILENO), 0);
    close(old);
    cli_disconnect(&cli);
    fake_stop();
    cli_stream_read(file, cli_out, sizeof(cli_out));
    ck_assert_str_eq(cli_out, "on-2\non-1\n");
    ck_assert_uint_eq(cli_got.list.flags, 0);
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
        { { "domjobinfo", "d", "--keep-completed" }, "option --keep-completed needs --completed" },
        { { "dumpxml", "d", "--wrap" }, "option --wrap needs --xpath" },
        { { "freecell", "0", "--all" }, "options --cellno and --all exclude each other" },
        { { "freecell", "4294967296" }, "number '4294967296' for --cellno is too large" },
        { { "job-info", "7", "--domain", "d" }, "a job's id excludes --domain, --pool and --vol" },
        { { "job-info", "--pool", "p", "--domain", "d" }, "--domain excludes --pool and --vol" },
        { { "jobs", "--vol", "v", "--domain", "d" }, "--domain excludes --pool and --vol" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(refused); i++) {
        char *expected = NULL;

        ck_assert_int_gt(asprintf(&expected, "error: %s\n", refused[i].message), 0);
        ck_assert_int_eq(cli_run((const char **)(uintptr_t)refused[i].words), CLI_USAGE);
        ck_assert_str_eq(cli_err, expected);
        ck_assert_str_eq(cli_out, "");
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
    tcase_add_test(tcase, the_host_is_told);
    tcase_add_test(tcase, domains_are_offered);
    tcase_add_test(tcase, what_cannot_be_together_is_refused);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
