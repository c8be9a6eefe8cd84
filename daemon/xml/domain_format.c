/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's document as text for clients; see domain_def.h.  Any thread. */

#include <string.h>

#include "util/alloc.h"
#include "xml/domain_def.h"
#include "xml/domain_strip.h"
#include "xml/xml_tree.h"

char *domain_doc_format(xmlDocPtr doc)
{
    struct xml_writer writer = XML_WRITER_INIT;

    xml_write_tree(&writer, xmlDocGetRootElement(doc));
    return xml_writer_take(&writer);
}

/* Behind the last element there is, before the end of <domain>. */
static void put_last(struct xml_writer *writer, const char *xml)
{
    static const char end[] = "</domain>\n";

    if (!xml)
        return;
    writer->len -= strlen(end);
    writer->depth = 1;
    xml_raw(writer, xml);
    xml_close(writer, "domain");
}

char *domain_def_format(const struct domain_def *def, unsigned int flags, const char *job_xml)
{
    struct xml_writer writer = XML_WRITER_INIT;
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr domain = xmlDocGetRootElement(doc);

    if (flags & VIR_DOMAIN_XML_MIGRATABLE) /* what save images hold: to start from, and all of it */
        flags |= VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
    /* in one that does not run nothing was made up: what looks like it was asked for */
    if ((flags & VIR_DOMAIN_XML_INACTIVE) && def->id >= 0)
        domain_strip_live(domain);
    if (flags & VIR_DOMAIN_XML_MIGRATABLE)
        domain_strip_implicit(domain);
    if (!(flags & VIR_DOMAIN_XML_SECURE))
        domain_strip_secrets(domain);
    xml_write_tree(&writer, domain);
    put_last(&writer, job_xml);
    return xml_writer_take(&writer);
}
