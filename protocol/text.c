/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decoder of texts; see text.h.  Any thread: no state. */

#include "protocol/text.h"

#include <stdbool.h>
#include <string.h>

/* Reads the length and goes back in front of it; false where it cannot be true. */
static bool peek_length(XDR *xdr, u_int max, u_int *ret_len)
{
    u_int start = xdr_getpos(xdr);

    return xdr_u_int(xdr, ret_len) && *ret_len <= max &&
           xdr_setpos(xdr, xdr_getpos(xdr) + *ret_len) && xdr_setpos(xdr, start);
}

bool_t xdr_text(XDR *xdr, char **text, u_int max)
{
    u_int len;

    if (xdr->x_op != XDR_DECODE)
        return xdr_string(xdr, text, max);
    /* where it fails behind the memory, the caller's xdr_free() gives that back */
    return peek_length(xdr, max, &len) && xdr_string(xdr, text, max) && strlen(*text) == len;
}
