/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys pressed on a guest's keyboard, all at once and let go after a while.  Loop thread. */

#include "calls/domain_call.h"
#include "hypervisor/qemu/keycodes.h"
#include "protocol/remote.h"
#include "util/alloc.h"

/* NULL with call->err. */
static json_t *make_keys(struct call *call, const struct remote_domain_send_key_args *args)
{
    json_t *keys = json_array();

    for (u_int i = 0; i < args->keys.keys_len; i++) {
        int number = keycode_to_qemu(args->codeset, args->keys.keys_val[i], &call->err);

        if (number < 0) {
            json_decref(keys);
            return NULL;
        }
        json_array_append_new(keys, json_pack("{s:s, s:i}", "type", "number", "data", number));
    }
    return keys;
}

static int send_key(struct call *call)
{
    const struct remote_domain_send_key_args *args = call->args;
    struct domain *domain;
    struct domain_spec *spec;
    json_t *keys;

    if (call_check_flags(call, args->flags, 0) < 0 || !(domain = call_domain(call, &args->domain)))
        return -1;
    if (args->keys.keys_len == 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "no keys in function %s",
                          call->proc->api);
    keys = make_keys(call, args);
    if (!keys)
        return -1;
    spec = domain_spec_new(domain);
    spec->arguments = json_pack("{s:o}", "keys", keys);
    if (args->hold_ms)
        json_object_set_new(spec->arguments, "hold-time", json_integer(args->hold_ms));
    return call_start_domain_job(call, &domain_job_send_key, spec, false, NULL);
}

static const struct proc procs[] = {
    { .number = REMOTE_PROC_DOMAIN_SEND_KEY,
      .api = "virDomainSendKey",
      PROC_ON(DOMAIN, DATA),
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_domain_send_key_args),
      .handler = send_key },
};

const struct proc_table calls_domain_keys = { procs, ARRAY_SIZE(procs) };
