/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed parameters of libvirt's, those of a client read by a table and those for it made.  Loop. */
#ifndef VIRTJOBD_TYPED_PARAMS_H
#define VIRTJOBD_TYPED_PARAMS_H

#include <jansson.h>

#include "calls/call.h"
#include "protocol/wire.h"

struct param_rule {
    const char *name;
    enum wire_param_type type;
};

/*
 * An object of what the client has given, each at most once, of these names and types only: texts
 * and numbers (as they are: a number above INT64_MAX becomes INT64_MAX, which no rule allows), true
 * and false.  NULL with call->err.
 */
json_t *call_take_params(struct call *call, const struct wire_param *params, u_int nparams,
                         const struct param_rule *rules, size_t nrules);

/* For a reply: what is added goes to the end of an array that xdr_free() frees. */
struct param_list {
    struct wire_param *params;
    u_int count;
};
void param_add_text(struct param_list *list, const char *name, const char *value); /* NULL: "" */
void param_add_number(struct param_list *list, const char *name, enum wire_param_type type,
                      uint64_t value);
/* All members of an object: texts, whole numbers as ULLONG, true and false. */
void param_add_json(struct param_list *list, const json_t *object);
void param_list_clear(struct param_list *list);

#endif
