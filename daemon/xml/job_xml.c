/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own element about the job on an object; see job_xml.h.  Any thread. */

#include "xml/job_xml.h"

#include <stdio.h>
#include <string.h>

#include "xml/xml_write.h"

char *job_xml_format(uint64_t id, const char *operation, const char *state, int percent)
{
    struct xml_writer writer = XML_WRITER_INIT;
    char id_text[24], percent_text[16];
    char *text;

    (void)snprintf(id_text, sizeof(id_text), "%llu", (unsigned long long)id);
    (void)snprintf(percent_text, sizeof(percent_text), "%d", percent);
    xml_empty(&writer, "virtjob:job", "xmlns:virtjob", JOB_XML_NAMESPACE, "id", id_text,
              "operation", operation, "state", state, "percent", percent_text, NULL);
    text = xml_writer_take(&writer);
    text[strlen(text) - 1] = '\0'; /* its newline: whoever inserts it adds one */
    return text;
}
