/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/backup_xml.c: <domainbackup> read, matched with a domain's disks, and written. */

#include "domain-fixture.h"
#include "scratch.h"
#include "xml/backup_xml.h"

DEFINE_CLEANUP(struct backup_def *, backup_def_free);
#define _cleanup_backup_ _cleanup_(backup_def_freep)

#define DISKS                                                                                      \
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/i/vda'/>"    \
    "<target dev='vda' bus='virtio'/></disk>"                                                      \
    "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"            \
    "<disk type='file' device='cdrom'><source file='/i/iso'/><target dev='sdb' bus='sata'/>"       \
    "<readonly/></disk>"                                                                           \
    "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/x'/>"      \
    "<target dev='vdb' bus='virtio'/></disk>"
#define PUSH(inside) "<domainbackup>" inside "</domainbackup>"
#define PULL(inside)                                                                               \
    "<domainbackup mode='pull'><server transport='unix' socket='/s'/>" inside "</domainbackup>"
#define TCP(more) "<domainbackup mode='pull'><server name='h' " more "/></domainbackup>"
#define VDA(more) "<disks><disk name='vda' " more "/></disks>"

static struct backup_def *try_both(const char *xml, struct verror *err)
{
    _cleanup_domain_def_ struct domain_def *domain = domain_with(DISKS);
    struct backup_def *def = backup_def_parse(xml, false, err);

    if (def && backup_def_align(def, domain, err) == 0)
        return def;
    backup_def_free(def);
    return NULL;
}

static struct backup_def *must(const char *xml)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct backup_def *def = try_both(xml, &err);

    ck_assert_msg(def != NULL, "%s in %s", verror_text(&err), xml);
    return def;
}

static void becomes(const char *xml, const char *want)
{
    _cleanup_backup_ struct backup_def *def = must(xml), *again = NULL;
    _cleanup_free_ char *text = backup_def_format(def), *second = NULL;

    ck_assert_str_eq(text, want);
    again = backup_def_parse(text, true, NULL);
    ck_assert(again);
    second = backup_def_format(again);
    ck_assert_str_eq(second, want);
}

START_TEST(test_push)
{
    becomes(PUSH(""), "<domainbackup mode='push'>\n  <disks>\n"
                      "    <disk name='vda' backup='yes' type='file' backupmode='full'>\n"
                      "      <driver type='qcow2'/>\n    </disk>\n"
                      "    <disk name='sda' backup='no'/>\n    <disk name='sdb' backup='no'/>\n"
                      "    <disk name='vdb' backup='yes' type='file' backupmode='full'>\n"
                      "      <driver type='qcow2'/>\n    </disk>\n  </disks>\n</domainbackup>\n");
    becomes(PUSH("<incremental>c</incremental><disks><disk name='/i/vda' type='block'><driver "
                 "type='raw'/><target dev='/dev/y'/></disk><disk name='vdb' backupmode='full'/>"
                 "</disks>"),
            "<domainbackup mode='push'>\n  <incremental>c</incremental>\n  <disks>\n"
            "    <disk name='vda' backup='yes' type='block' backupmode='incremental' "
            "incremental='c'>\n      <driver type='raw'/>\n      <target dev='/dev/y'/>\n"
            "    </disk>\n    <disk name='sda' backup='no'/>\n    <disk name='sdb' backup='no'/>\n"
            "    <disk name='vdb' backup='yes' type='file' backupmode='full'>\n"
            "      <driver type='qcow2'/>\n    </disk>\n  </disks>\n</domainbackup>\n");
}
END_TEST

START_TEST(test_pull)
{
    becomes(PULL("<disks><disk name='vda' incremental='c'><scratch file='/t'/></disk></disks>"),
            "<domainbackup mode='pull'>\n  <server transport='unix' socket='/s'/>\n  <disks>\n"
            "    <disk name='vda' backup='yes' type='file' backupmode='incremental' "
            "incremental='c' exportname='vda' exportbitmap='backup-vda'>\n"
            "      <driver type='qcow2'/>\n      <scratch file='/t'/>\n    </disk>\n"
            "    <disk name='sda' backup='no'/>\n    <disk name='sdb' backup='no'/>\n"
            "    <disk name='vdb' backup='no'/>\n  </disks>\n</domainbackup>\n");
    becomes("<domainbackup mode='pull'><server name='h' port=' 010 ' tls='no'/>" VDA(
                "exportname='a b'") "</domainbackup>",
            "<domainbackup mode='pull'>\n  <server transport='tcp' name='h' port='10'/>\n"
            "  <disks>\n    <disk name='vda' backup='yes' type='file' backupmode='full' "
            "exportname='a b'>\n      <driver type='qcow2'/>\n    </disk>\n"
            "    <disk name='sda' backup='no'/>\n    <disk name='sdb' backup='no'/>\n"
            "    <disk name='vdb' backup='no'/>\n  </disks>\n</domainbackup>\n");
}
END_TEST

/* Of what is kept the index is read, of what a client says not. */
START_TEST(test_index)
{
    static const char xml[] = PUSH(VDA("index='7'"));
    _cleanup_backup_ struct backup_def *client = backup_def_parse(xml, false, NULL);
    _cleanup_backup_ struct backup_def *kept = backup_def_parse(xml, true, NULL);

    ck_assert(client && kept);
    ck_assert_ptr_null(client->disks[0].file.index);
    ck_assert_str_eq(kept->disks[0].file.index, "7");
}
END_TEST

START_TEST(test_refused)
{
    static const struct {
        const char *xml;
        int code;
        const char *text;
    } cases[] = {
        { "<domainbackup", VIR_ERR_XML_ERROR, "" },
        { "<domain/>", VIR_ERR_XML_ERROR, "domainbackup" },
        { "<domainbackup mode='x'/>", VIR_ERR_XML_INVALID_SCHEMA, "mode" },
        { PUSH("<foo/>"), VIR_ERR_XML_INVALID_SCHEMA, "element foo" },
        { PUSH("<server name='h' port='1'/>"), VIR_ERR_XML_INVALID_SCHEMA, "has a server" },
        { "<domainbackup mode='pull'/>", VIR_ERR_XML_INVALID_SCHEMA, "no server" },
        { TCP("transport='rdma'"), VIR_ERR_XML_INVALID_SCHEMA, "rdma" },
        { TCP("port='1' tls='yes'"), VIR_ERR_CONFIG_UNSUPPORTED, "TLS" },
        { TCP("port='1' tls='maybe'"), VIR_ERR_XML_INVALID_SCHEMA, "maybe" },
        { TCP(""), VIR_ERR_OPERATION_UNSUPPORTED, "TCP port" },
        { TCP("port='0'"), VIR_ERR_XML_INVALID_SCHEMA, "port" },
        { TCP("port='65536'"), VIR_ERR_XML_INVALID_SCHEMA, "port" },
        { TCP("port='x'"), VIR_ERR_XML_INVALID_SCHEMA, "port" },
        { "<domainbackup mode='pull'><server port='1'/></domainbackup>",
          VIR_ERR_XML_INVALID_SCHEMA, "no name" },
        { "<domainbackup mode='pull'><server transport='unix' socket='s'/></domainbackup>",
          VIR_ERR_XML_INVALID_SCHEMA, "absolute" },
        { PUSH("<disks><disk/></disks>"), VIR_ERR_XML_INVALID_SCHEMA, "missing name" },
        { PUSH(VDA("backup='perhaps'")), VIR_ERR_XML_INVALID_SCHEMA, "perhaps" },
        { PUSH(VDA("type='network'")), VIR_ERR_XML_INVALID_SCHEMA, "network" },
        { PUSH(VDA("backupmode='x'")), VIR_ERR_XML_INVALID_SCHEMA, "backupmode" },
        { PUSH(VDA("backupmode='full' incremental='c'")), VIR_ERR_XML_INVALID_SCHEMA, "full" },
        { PUSH(VDA("backupmode='incremental'")), VIR_ERR_CONFIG_UNSUPPORTED, "requires setting" },
        { PUSH(VDA("exportname='e'")), VIR_ERR_XML_INVALID_SCHEMA, "not exported" },
        { PUSH("<disks><disk name='vda'><scratch file='/x'/></disk></disks>"),
          VIR_ERR_XML_INVALID_SCHEMA, "scratch" },
        { PULL("<disks><disk name='vda'><target file='/x'/></disk></disks>"),
          VIR_ERR_XML_INVALID_SCHEMA, "target" },
        { PULL("<disks><disk name='vda'><driver type='raw'/></disk></disks>"),
          VIR_ERR_XML_INVALID_SCHEMA, "qcow2" },
        { PUSH("<disks><disk name='vda'><target file='x'/></disk></disks>"),
          VIR_ERR_XML_INVALID_SCHEMA, "absolute" },
        { PUSH("<disks><disk name='vdx'/></disks>"), VIR_ERR_CONFIG_UNSUPPORTED, "'vdx'" },
        { PUSH("<disks><disk name='vda'/><disk name='/i/vda'/></disks>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "twice" },
        { PUSH("<disks><disk name='sda'/></disks>"), VIR_ERR_CONFIG_UNSUPPORTED, "no media" },
        { PUSH("<disks><disk name='sdb'/></disks>"), VIR_ERR_CONFIG_UNSUPPORTED, "readonly" },
        { PUSH(VDA("backup='no'")), VIR_ERR_CONFIG_UNSUPPORTED, "no disks selected" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;
        _cleanup_backup_ struct backup_def *def = try_both(cases[i].xml, &err);

        ck_assert_msg(!def, "taken: %s", cases[i].xml);
        ck_assert_msg(err.code == cases[i].code, "%d, %s in %s", err.code, verror_text(&err),
                      cases[i].xml);
        ck_assert_msg(strstr(err.message, cases[i].text), "'%s' does not say '%s'", err.message,
                      cases[i].text);
    }
}
END_TEST

/* Names that no socket and no bitmap can have. */
START_TEST(test_long)
{
    char name[2000];
    _cleanup_free_ char *socket = NULL, *exported = NULL;
    _cleanup_verror_ struct verror one = VERROR_INIT, two = VERROR_INIT;

    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    socket = xasprintf("<domainbackup mode='pull'><server transport='unix' socket='/%.107s'/>"
                       "</domainbackup>",
                       name);
    exported = xasprintf(PULL(VDA("exportname='%.1024s'")), name);
    ck_assert_ptr_null(backup_def_parse(socket, false, &one));
    ck_assert_int_eq(one.code, VIR_ERR_CONFIG_UNSUPPORTED);
    ck_assert_ptr_null(backup_def_parse(exported, false, &two));
    ck_assert_int_eq(two.code, VIR_ERR_CONFIG_UNSUPPORTED);
}
END_TEST

START_TEST(test_paths)
{
    _cleanup_backup_ struct backup_def *def = must(PULL(""));
    _cleanup_verror_ struct verror err = VERROR_INIT, block = VERROR_INIT, same = VERROR_INIT;
    struct backup_disk *vda = &def->disks[0], *vdb = &def->disks[3];

    ck_assert_int_eq(backup_disk_default_path(vdb, "/dev/x", true, "now", &block), -1);
    ck_assert_int_eq(block.code, VIR_ERR_CONFIG_UNSUPPORTED);
    ck_assert_int_eq(backup_disk_default_path(vda, "/i/vda", false, "now", &err), 0);
    ck_assert_str_eq(vda->file.path, "/i/vda.now");
    ck_assert_int_eq(backup_disk_default_path(vda, "/i/other", false, "now", &err), 0);
    ck_assert_str_eq(vda->file.path, "/i/vda.now"); /* one that was said stays */
    vdb->file.path = xstrdup("/i/other");
    ck_assert_int_eq(backup_def_check_apart(def, &err), 0);
    strcpy(vdb->export_name, "vda");
    ck_assert_int_eq(backup_def_check_apart(def, &same), -1);
    ck_assert_int_eq(same.code, VIR_ERR_CONFIG_UNSUPPORTED);
    free(vdb->file.path);
    vdb->file.path = xstrdup("/i/vda.now");
    ck_assert_int_eq(backup_def_check_apart(def, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backup_xml");
    TCase *tcase = tcase_create("all");

    tcase_add_test(tcase, test_push);
    tcase_add_test(tcase, test_pull);
    tcase_add_test(tcase, test_index);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_long);
    tcase_add_test(tcase, test_paths);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
