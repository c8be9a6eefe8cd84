/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/config.c: defaults, bounds, refusals that name file and line; example and manual agree. */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "calls/access.h"
#include "config.h"
#include "util/alloc.h"

static char dir[] = "/tmp/test-config.XXXXXX";
static char path[64];

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/virtjobd.conf", dir);
}

static void teardown(void)
{
    ck_assert(unlink(path) == 0 || errno == ENOENT);
    ck_assert_int_eq(rmdir(dir), 0);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static struct config *load(const char *text)
{
    struct verror err = VERROR_INIT;
    struct config *config = config_new(false);

    write_file(text);
    ck_assert_msg(config_load(config, path, &err) == 0, "%s", verror_text(&err));
    return config;
}

/* reason: what follows the path in the message. */
static void assert_refused(const char *text, const char *reason)
{
    struct config *config = config_new(false);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *expected = xasprintf("%s:%s", path, reason);

    write_file(text);
    ck_assert_int_eq(config_load(config, path, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONF_SYNTAX);
    ck_assert_str_eq(verror_text(&err), expected);
    config_free(config);
}

static unsigned int number(const struct config *config, const struct config_key *key)
{
    return *(const unsigned int *)((const char *)config + key->offset);
}

START_TEST(test_defaults)
{
    struct config *config = config_new(false);

    for (size_t i = 0; i < config_nkeys; i++)
        if (config_keys[i].type == CONFIG_NUMBER)
            ck_assert_uint_eq(number(config, &config_keys[i]), config_keys[i].fallback);
    ck_assert_uint_eq(config->max_bulk_jobs, 4);
    ck_assert_uint_eq(config->checkpoint_megabytes, 256);
    ck_assert_ptr_null(config->unix_sock_group);
    ck_assert_uint_eq(config_socket_mode(config, true), 0777);
    ck_assert_uint_eq(config_socket_mode(config, false), 0700);
    config_free(config);
    config = config_new(true);
    ck_assert_uint_eq(config_socket_mode(config, true), 0700);
    ck_assert_uint_eq(config_socket_mode(config, false), 0700);
    config_free(config);
}
END_TEST

START_TEST(test_socket_mode)
{
    struct config *config = load("unix_sock_group = \"disk\"");

    ck_assert_uint_eq(config_socket_mode(config, false), 0770);
    config_free(config);
    config = load("unix_sock_group = \"disk\"; unix_sock_rw_perms = \"0660\"\n"
                  "unix_sock_ro_perms = \"770\"");
    ck_assert_uint_eq(config_socket_mode(config, false), 0660);
    ck_assert_uint_eq(config_socket_mode(config, true), 0770);
    config_free(config);
}
END_TEST

START_TEST(test_every_bound)
{
    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];
        unsigned int good[] = { key->min, key->max };
        long long bad[] = { (long long)key->min - 1, (long long)key->max + 1, 1ll << 40,
                            -(1ll << 40) };

        if (key->type != CONFIG_NUMBER)
            continue;
        for (size_t j = 0; j < ARRAY_SIZE(good); j++) {
            _cleanup_free_ char *text = xasprintf("%s = %u;\n", key->name, good[j]);
            struct config *config = load(text);

            ck_assert_uint_eq(number(config, key), good[j]);
            config_free(config);
        }
        for (size_t j = 0; j < ARRAY_SIZE(bad); j++) {
            _cleanup_free_ char *text = xasprintf("\n%s = %lldL;\n", key->name, bad[j]);
            _cleanup_free_ char *reason = xasprintf("2: %s is %lld, must be from %u to %u",
                                                    key->name, bad[j], key->min, key->max);

            assert_refused(text, reason);
        }
    }
}
END_TEST

static bool is_list(const struct config_key *key)
{
    return key->type == CONFIG_LIST || key->type == CONFIG_RULES ||
           key->type == CONFIG_IDENTITIES;
}

START_TEST(test_every_type)
{
    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];
        static const char *const kinds[] = {
            [CONFIG_NUMBER] = "must be a number",
            [CONFIG_TEXT] = "must be a text in quotes",
            [CONFIG_PERMS] = "must be a text in quotes",
            [CONFIG_LIST] = "must be a list of texts such as [ \"a\", \"b\" ]",
            [CONFIG_RULES] = "must be a list",
            [CONFIG_IDENTITIES] = "must be a list",
        };
        const char *const wrong[] = { key->type == CONFIG_NUMBER ? "\"5\"" : "5", "true", "1.5",
                                      "{ a = 1; }", is_list(key) ? "2" : "[ 1 ]" };

        for (size_t j = 0; j < ARRAY_SIZE(wrong); j++) {
            _cleanup_free_ char *text = xasprintf("# a comment\n\n%s = %s\n", key->name, wrong[j]);
            _cleanup_free_ char *reason =
                xasprintf("3: %s%s %s", key->name,
                          key->type == CONFIG_RULES || key->type == CONFIG_IDENTITIES ? ":" : "",
                          kinds[key->type]);

            assert_refused(text, reason);
        }
    }
}
END_TEST

START_TEST(test_refusals)
{
    assert_refused("max_clients = 10\nmax_cleints = 10\n", "2: unknown key 'max_cleints'");
    assert_refused("tls_priority = \"x\"\n", "1: unknown key 'tls_priority'");
    assert_refused("auth_unix_rw = \"pam\"\n",
                   "1: auth_unix_rw is \"pam\", must be one of: none sasl polkit");
    assert_refused("max_clients = 10\nlog_level = = 3\n", "2: syntax error");
    assert_refused("max_clients = 10\nmax_clients = 11\n", "2: duplicate setting name");
    assert_refused("unix_sock_group = \"\"\n", "1: unix_sock_group is empty");
    assert_refused("unix_sock_rw_perms = \"rwx\"\n",
                   "1: unix_sock_rw_perms is \"rwx\", must be octal permissions such as \"0770\"");
    assert_refused("unix_sock_ro_perms = \"1777\"\n",
                   "1: unix_sock_ro_perms is \"1777\", must be octal permissions such as \"0770\"");
    assert_refused("unix_sock_ro_perms = \"-1\"\n",
                   "1: unix_sock_ro_perms is \"-1\", must be octal permissions such as \"0770\"");
}
END_TEST

static void note_change(void *opaque, const char *key, bool live)
{
    char **list = opaque;
    char *longer = xasprintf("%s%s:%d ", *list, key, live);

    free(*list);
    *list = longer;
}

START_TEST(test_refused_lists)
{
    assert_refused("access_rules = (\n5 )", "2: access_rules: a rule is a group in braces");
    assert_refused("access_rules = (\n\n{ who = \"*\"; alow = \"read\" } )",
                   "3: access_rules: unknown key 'alow' in a rule");
    assert_refused("access_rules = ( { who = \"*\"; allow = 1 } )",
                   "1: access_rules: 'allow' must be a text in quotes");
    assert_refused("access_rules = ( { allow = \"read\" } )",
                   "1: access_rules: a rule says for 'who' it is");
    assert_refused("access_rules = ( { who = \"*\"; allow = \"read\"; deny = \"data\" } )",
                   "1: access_rules: a rule has either 'allow' or 'deny', with the operations");
    assert_refused("access_rules = ( { who = \"*\"; allow = \"reed\" } )",
                   "1: access_rules: 'reed' is no operation");
    assert_refused("access_rules = ( { who = \"*\"; allow = \"read\"; on = \"network\" } )",
                   "1: access_rules: 'network' is no kind of object");
    assert_refused("read_only_identities = ( \"uid=0\", 7 )",
                   "1: read_only_identities: an identity must be a text in quotes");
    assert_refused("read_only_identities = [ \"udi=0\" ]",
                   "1: read_only_identities: 'udi=0' is none of uid= user= gid= group= unit= dn= "
                   "sasl= address=, nor *");
}
END_TEST

START_TEST(test_apply_lists)
{
    struct config *running = load("read_only_identities = [ \"uid=7\" ]");
    struct config *same = load("read_only_identities = [ \"uid=7\" ]");
    struct config *other = load("access_rules = ( { who = \"*\"; allow = \"read\" } )");
    _cleanup_free_ char *changes = xstrdup("");

    config_apply(running, same, note_change, &changes);
    ck_assert_str_eq(changes, "");
    config_apply(running, other, note_change, &changes);
    ck_assert_str_eq(changes, "access_rules:1 read_only_identities:1 ");
    ck_assert(!access_rules_are_empty(running->access_rules));
    ck_assert(access_rules_are_empty(running->read_only_identities));
    config_free(other);
    config_free(same);
    config_free(running);
}
END_TEST

START_TEST(test_list)
{
    struct config *config = load("tls_allowed_dn_list = [\"C=GB,CN=*\", \"CN=x\"]\n");
    struct config *same = load("tls_allowed_dn_list = (\"C=GB,CN=*\", \"CN=x\");\n");
    struct config *none = load("tls_allowed_dn_list = []\n"), *unset = load("");
    _cleanup_free_ char *changes = xstrdup("");

    ck_assert_str_eq(config->tls_allowed_dn_list[1], "CN=x");
    ck_assert_ptr_null(config->tls_allowed_dn_list[2]);
    ck_assert_ptr_null(unset->tls_allowed_dn_list);
    config_apply(config, same, note_change, &changes);
    ck_assert_str_eq(changes, "");
    config_apply(config, none, note_change, &changes);
    ck_assert_ptr_null(config->tls_allowed_dn_list[0]);
    config_apply(config, unset, note_change, &changes); /* everybody, instead of nobody */
    ck_assert_ptr_null(config->tls_allowed_dn_list);
    ck_assert_str_eq(changes, "tls_allowed_dn_list:1 tls_allowed_dn_list:1 ");
    config_free(config);
    config_free(same);
    config_free(none);
    config_free(unset);
}
END_TEST

START_TEST(test_missing_and_not_a_file)
{
    struct config *config = config_new(false);
    _cleanup_verror_ struct verror missing = VERROR_INIT, directory = VERROR_INIT;

    ck_assert_int_eq(config_load(config, path, &missing), -1);
    ck_assert_int_eq(missing.sys_errno, ENOENT);
    ck_assert_ptr_nonnull(strstr(verror_text(&missing), path));
    ck_assert_int_eq(config_load(config, dir, &directory), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&directory), "is not a regular file"));
    config_free(config);
}
END_TEST

START_TEST(test_apply)
{
    struct config *running = load("max_clients = 7\nunix_sock_ro_perms = \"0770\"\n");
    struct config *fresh = load("max_clients = 8\nlog_level = 1\ncheckpoint_megabytes = 1\n"
                                "unix_sock_group = \"disk\"\n");
    _cleanup_free_ char *changes = xstrdup("");

    config_apply(running, fresh, note_change, &changes);
    ck_assert_str_eq(changes, "unix_sock_group:0 unix_sock_ro_perms:0 max_clients:1 "
                              "checkpoint_megabytes:0 log_level:1 ");
    ck_assert_uint_eq(running->max_clients, 8);
    ck_assert_uint_eq(running->log_level, 1);
    ck_assert_uint_eq(running->checkpoint_megabytes, 256);
    ck_assert_ptr_null(running->unix_sock_group);
    ck_assert_str_eq(running->unix_sock_ro_perms, "0770");
    config_free(fresh);
    config_free(running);
}
END_TEST

/* --- what is said about the keys --- */

static char *read_source(const char *name)
{
    const char *srcdir = getenv("srcdir");
    _cleanup_free_ char *file = xasprintf("%s/%s", srcdir ? srcdir : ".", name);
    FILE *stream = fopen(file, "re");
    char *text = xcalloc(1, 65536);

    ck_assert_msg(stream != NULL, "cannot open '%s'", file);
    ck_assert_uint_lt(fread(text, 1, 65535, stream), 65535);
    ck_assert_int_eq(fclose(stream), 0);
    return text;
}

/* A list may have several lines, each a comment. */
static void print_example(FILE *out, const struct config_key *key)
{
    for (const char *c = key->example; *c; c++)
        fputs(*c == '\n' ? "\n#" : (char[]){ *c, '\0' }, out);
    fputc('\n', out);
}

static void print_key(FILE *out, const struct config_key *key)
{
    const char *text = key->fallback_text;

    fputs("\n# ", out);
    for (const char *c = key->doc; *c; c++)
        fputs(*c == '\n' ? "\n# " : (char[]){ *c, '\0' }, out);
    if (key->type == CONFIG_NUMBER)
        fprintf(out, "\n# %u to %u; %s\n#%s = %u\n", key->min, key->max,
                key->live ? "SIGHUP takes it over." : "needs a restart.", key->name,
                key->fallback);
    else
        fprintf(out, "\n# %s\n#%s = ", key->live ? "SIGHUP takes it over." : "Needs a restart.",
                key->name);
    if (is_list(key))
        print_example(out, key);
    else if (key->type != CONFIG_NUMBER)
        fprintf(out, "\"%s\"\n", text ? text : key->example);
}

START_TEST(test_example_is_the_table)
{
    _cleanup_free_ char *example = read_source("daemon/virtjobd.conf");
    char *expected = NULL;
    size_t size;
    FILE *out = open_memstream(&expected, &size);

    ck_assert_ptr_nonnull(out);
    fputs("# SPDX-License-Identifier: LGPL-2.1-or-later\n"
          "# Settings of virtjobd; see virtjobd.conf(5).  What stands here are the defaults.\n",
          out);
    for (size_t i = 0; i < config_nkeys; i++)
        print_key(out, &config_keys[i]);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(example, expected);
    free(expected);
}
END_TEST

START_TEST(test_example_loads)
{
    _cleanup_free_ char *example = read_source("daemon/virtjobd.conf");
    struct config *defaults = config_new(false), *config;
    _cleanup_free_ char *changes = xstrdup("");

    for (char *c = example; (c = strstr(c, "\n#")); c++) /* settings have no blank after # */
        if (c[2] != ' ')
            c[1] = ' ';
    config = load(example);
    config_apply(defaults, config, note_change, &changes);
    ck_assert_str_eq(changes, "unix_sock_group:0 unix_sock_rw_perms:0 key_file:1 cert_file:1 "
                              "ca_file:1 crl_file:1 tls_allowed_dn_list:1 "
                              "sasl_allowed_username_list:1 user:0 group:0 "
                              "access_rules:1 read_only_identities:1 ");
    config_free(config);
    config_free(defaults);
}
END_TEST

START_TEST(test_manual_names_every_key)
{
    _cleanup_free_ char *page = read_source("man/virtjobd.conf.5");

    for (size_t i = 0; i < config_nkeys; i++) {
        const struct config_key *key = &config_keys[i];
        _cleanup_free_ char *number_entry =
            xasprintf("\n.TP\n.BR %s \" (number, %u to %u, default %u%s)\"\n", key->name, key->min,
                      key->max, key->fallback, key->live ? ", live" : "");
        _cleanup_free_ char *text_entry = xasprintf("\n.TP\n.BR %s \" (text", key->name);
        _cleanup_free_ char *list_entry = xasprintf("\n.TP\n.BR %s \" (list of ", key->name);
        const char *entry = key->type == CONFIG_NUMBER ? number_entry :
                            is_list(key)               ? list_entry :
                                                         text_entry;

        ck_assert_msg(strstr(page, entry) != NULL, "virtjobd.conf.5 has no%s", entry);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_defaults);
    tcase_add_test(tcase, test_socket_mode);
    tcase_add_test(tcase, test_every_bound);
    tcase_add_test(tcase, test_every_type);
    tcase_add_test(tcase, test_refusals);
    tcase_add_test(tcase, test_refused_lists);
    tcase_add_test(tcase, test_apply_lists);
    tcase_add_test(tcase, test_list);
    tcase_add_test(tcase, test_missing_and_not_a_file);
    tcase_add_test(tcase, test_apply);
    tcase_add_test(tcase, test_example_is_the_table);
    tcase_add_test(tcase, test_example_loads);
    tcase_add_test(tcase, test_manual_names_every_key);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
