/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What virDomainSetMetadata puts into a domain: the first byte is the type, then come key, URI and
 * value, each in a line of its own but the last.  What was put in is given back.
 */

#include <libvirtjob/types.h>
#include <libxml/parser.h>
#include <string.h>

#include "fuzz.h"
#include "util/alloc.h"
#include "xml/domain_def.h"
#include "xml/xml_read.h"

static const char domain[] =
    "<domain type='qemu'><name>small</name><uuid>b0c9a7c4-5d0e-4f8e-9f0a-6f2f0d7a4e11</uuid>"
    "<metadata><a:b xmlns:a='urn:a'/></metadata><memory unit='KiB'>65536</memory><vcpu>1</vcpu>"
    "<os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os><devices>"
    "<emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>";

static struct domain_def *read_domain(const char *text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(text, "domain", "domain", &err);
    struct domain_def *def = doc ? domain_def_from_doc(doc, &err) : NULL;

    fuzz_must(def);
    return def;
}

/* The next line of *at, which moves behind it. */
static char *take_line(char **at)
{
    return strsep(at, "\n");
}

static void set_and_get(const struct domain_def *def, int type, char *rest)
{
    char *key = take_line(&rest), *uri = take_line(&rest), *got;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct domain_def *changed = domain_def_set_metadata(def, type, rest, key, uri, &err), *again;

    if (!changed) {
        fuzz_must(err.code != 0);
        return;
    }
    again = read_domain(changed->xml);
    fuzz_must(strcmp(again->xml, changed->xml) == 0);
    got = domain_def_get_metadata(changed, type, uri, &err);
    if (rest && *rest)
        fuzz_must(got);
    free(got);
    domain_def_unref(again);
    domain_def_unref(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct domain_def *def;
    char *text;

    if (size == 0)
        return 0;
    def = read_domain(domain);
    text = fuzz_text(data + 1, size - 1);
    set_and_get(def, data[0] % 4, text);
    free(text);
    domain_def_unref(def);
    return 0;
}
