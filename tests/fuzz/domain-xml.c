/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client's domain XML on its whole road: completed, completed again to the same, written in each
 * form, made live, and turned into a command line.  @DIR@ in it is a directory with an emulator
 * and images, as in complete-fixture.h.
 */

#include <libvirtjob/types.h>
#include <libxml/parser.h>

#include "emulator.h"
#include "fuzz.h"
#include "hypervisor/qemu/command.h"
#include "hypervisor/qemu/complete.h"
#include "xml/domain_def.h"
#include "xml/xml_read.h"

DEFINE_CLEANUP(struct domain_def *, domain_def_unref);
#define _cleanup_domain_def_ _cleanup_(domain_def_unrefp)

enum { PORT_MIN = 5900, PORT_MAX = 5915 };

static struct complete_host host = { .networks = "default=user lan=bridge:br0" };
static struct qemu_caps *caps;
static struct volume_path volume = { .format = "qcow2" };

/* --- the host --- */

/* top.qcow2 on base.qcow2, and raw ones. */
static void put_images(void)
{
    static const char *const names[] = { "a.img", "b.img", "c.img", "d.img", "cd.iso", "kernel",
                                         "initrd", "base.qcow2", "middle.qcow2" };
    /* magic, version 3, backing file at 112, 10 bytes of it, 64 KiB clusters, 1 MiB */
    static char head[4096] = "QFI\xfb\0\0\0\3\0\0\0\0\0\0\0\x70\0\0\0\x0a\0\0\0\x10\0\0\0\0\0\x10";

    head[103] = 104; /* length of the header */
    memcpy(head + 112, "base.qcow2", strlen("base.qcow2"));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        free(fuzz_file(names[i], "\0\0\0\0", 4));
    volume.pool = xstrdup("images");
    volume.volume = xstrdup("top.qcow2");
    volume.path = fuzz_file("top.qcow2", head, sizeof(head));
}

static void start(void)
{
    _cleanup_free_ char *dir = NULL;

    if (caps)
        return;
    fuzz_hush();
    caps = emulator_put("caps");
    dir = xasprintf("%s/caps", fuzz_dir());
    host.caps = qemu_caps_cache_new(dir);
    put_images();
}

/* --- the command line --- */

/* Sockets and files are made where the document says: only in our directory. */
static bool stays_in_dir(const char *path)
{
    return strncmp(path, fuzz_dir(), strlen(fuzz_dir())) == 0 && !strstr(path, "..");
}

static bool stays_inside(const xmlNode *node)
{
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        _cleanup_free_ char *value = (char *)xmlNodeListGetString(node->doc, attr->children, 1);

        if (value && *value == '/' && !stays_in_dir(value))
            return false;
    }
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && !stays_inside(child))
            return false;
    return true;
}

static void build_command(xmlDocPtr doc)
{
    const struct command_host on = {
        .caps = caps,
        .guest_dir = fuzz_dir(),
        .volumes = &volume,
        .nvolumes = 1,
        .networks = "default=user",
        .vnc_listen = "127.0.0.1",
        .vnc_port_min = PORT_MIN,
        .vnc_port_max = PORT_MAX,
        .monitor_fd = -1,
        .uid = (uid_t)-1,
        .gid = (gid_t)-1,
    };
    struct qemu_command command = { 0 };
    _cleanup_verror_ struct verror why = VERROR_INIT;

    if (!stays_inside(xmlDocGetRootElement(doc)))
        return;
    if (qemu_command_build(&on, doc, &command, &why) == 0)
        fuzz_must(command.argc > 0 && !command.argv[command.argc]);
    else
        fuzz_must(why.code != 0);
    qemu_command_clear(&command);
    for (int port = PORT_MIN; port <= PORT_MAX; port++)
        vnc_port_release(port);
}

/* --- definitions --- */

static void write_forms(const struct domain_def *def)
{
    static const unsigned int forms[] = {
        0, VIR_DOMAIN_XML_SECURE, VIR_DOMAIN_XML_INACTIVE, VIR_DOMAIN_XML_MIGRATABLE,
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        _cleanup_free_ char *text = domain_def_format(def, forms[i], NULL);
        _cleanup_verror_ struct verror why = VERROR_INIT;
        _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(text, "domain", "domain", &why);
        _cleanup_domain_def_ struct domain_def *again = doc ? domain_def_from_doc(doc, &why) : NULL;

        fuzz_must(again && strcmp(again->name, def->name) == 0);
    }
}

static void run_live(const struct domain_def *def)
{
    _cleanup_verror_ struct verror why = VERROR_INIT;
    const struct live_sources sources = { .volumes = &volume, .nvolumes = 1 };
    _cleanup_xml_doc_ xmlDocPtr doc =
        domain_make_live(&host, def, 7, fuzz_dir(), &sources, &why);
    _cleanup_domain_def_ struct domain_def *live = NULL;

    if (!doc) {
        fuzz_must(why.code != 0);
        return;
    }
    live = domain_def_from_doc(doc, &why);
    fuzz_must(live);
    write_forms(live);
    build_command(doc);
}

static void complete_again(const struct domain_def *def)
{
    _cleanup_verror_ struct verror why = VERROR_INIT;
    _cleanup_domain_def_ struct domain_def *again = domain_complete(&host, def->xml, false, &why);

    if (!again || strcmp(again->xml, def->xml) != 0) {
        (void)fprintf(stderr, "%s\n%s\n--- became\n%s\n", verror_text(&why), def->xml,
                      again ? again->xml : "");
        abort();
    }
    fuzz_must(domain_def_check_abi(def, again, &why) == 0);
}

/* As it comes from the journal, where all are complete. */
static void read_plainly(const char *text)
{
    _cleanup_verror_ struct verror why = VERROR_INIT;
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(text, "domain", "domain", &why);
    _cleanup_domain_def_ struct domain_def *def = doc ? domain_def_from_doc(doc, &why) : NULL;

    fuzz_must(!def == (why.code != 0));
    if (def)
        write_forms(def);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *raw = fuzz_text(data, size), *text = NULL;
    _cleanup_domain_def_ struct domain_def *def = NULL;
    _cleanup_verror_ struct verror why = VERROR_INIT;

    start();
    text = fixture_replace(raw, "@DIR@", fuzz_dir());
    read_plainly(text);
    def = domain_complete(&host, text, false, &why);
    if (!def) {
        fuzz_must(why.code != 0);
        return 0;
    }
    domain_def_unref(domain_complete(&host, text, true, NULL));
    complete_again(def);
    write_forms(def);
    run_live(def);
    return 0;
}
