/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules for names and paths of clients; see name_check.h. */

#include "xml/name_check.h"

#include <limits.h>
#include <string.h>

#include "xml/utf8.h"

int text_check(const char *text, const char *what, struct verror *err)
{
    while (*text) {
        uint32_t c;
        size_t len = utf8_decode(text, &c);

        if (len == 0)
            return verror_set(err, VIR_ERR_XML_ERROR, "%s is not valid UTF-8", what);
        if (utf8_is_control(c) || !utf8_is_xml_char(c))
            return verror_set(err, VIR_ERR_XML_ERROR, "%s contains a control character", what);
        text += len;
    }
    return 0;
}

int name_check(const char *name, const char *what, int path_code, struct verror *err)
{
    if (!*name)
        return verror_set(err, VIR_ERR_XML_ERROR, "%s is empty", what);
    if (strnlen(name, NAME_MAX + 1) > NAME_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "%s is longer than %d bytes", what, NAME_MAX);
    if (text_check(name, what, err) < 0)
        return -1;
    if (strchr(name, '/'))
        return verror_set(err, path_code, "%s '%s' cannot contain '/'", what, name);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return verror_set(err, path_code, "%s cannot be '%s'", what, name);
    return 0;
}
