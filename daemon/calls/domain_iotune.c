/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much a disk may move: told, of a running guest as QEMU says it, and
 * changed by a short job.  A worker asks or reads the definition; the loop answers.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "calls/typed_params.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/guest_iotune.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum {
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
    TYPED_STRINGS = 1 << 2, /* the client takes texts among parameters */
    ALL_PARAMS = IOTUNE_FIELDS + 1,
};

struct iotune_question {
    struct domain_def *def;
    struct guest *guest; /* NULL: the definition is asked */
    char *target, *alias;
    struct iotune tune; /* found */
};

static void free_question(void *opaque)
{
    struct iotune_question *question = opaque;

    if (question->guest)
        guest_unref(question->guest);
    domain_def_unref(question->def);
    free(question->target);
    free(question->alias);
    iotune_clear(&question->tune);
    free(question);
}

static int find_out(void *opaque, struct verror *err)
{
    struct iotune_question *question = opaque;
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;

    if (question->guest)
        return guest_get_iotune(question->guest, question->alias, &question->tune, err);
    doc = domain_def_to_doc(question->def);
    return iotune_read(domain_find_disk(xmlDocGetRootElement(doc), question->target),
                       &question->tune, err);
}

/* In libvirt's order, of which an older client may take the beginning. */
static void answer(struct call *call, void *opaque)
{
    const struct remote_domain_text_opt_int_flags_args *args = call->args;
    const struct iotune_question *question = opaque;
    struct remote_params_ret *ret = call->ret;
    struct param_list list = { 0 };

    for (int i = 0; i < ALL_PARAMS && (int)list.count < args->number; i++) {
        int field = i <= IOTUNE_SIZE_IOPS ? i : i - 1;

        if (i == IOTUNE_SIZE_IOPS + 1) {
            if (args->flags & TYPED_STRINGS)
                param_add_text(&list, "group_name", question->tune.group);
            continue;
        }
        param_add_number(&list, iotune_fields[field].name, WIRE_PARAM_ULLONG,
                         question->tune.values[field]);
    }
    ret->params.params_val = list.params;
    ret->params.params_len = list.count;
    ret->nparams = (int)list.count;
    call_reply(call);
}

static int ask(struct call *call, struct domain *domain, struct domain_def *def,
               const struct domain_disk *disk)
{
    struct offload offload = { .free_input = free_question, .work = find_out, .then = answer };
    struct iotune_question *question = XNEW(struct iotune_question);

    question->def = domain_def_ref(def);
    question->target = xstrdup(disk->target);
    question->alias = xstrdup(disk->alias ? disk->alias : "");
    if (domain->guest && def == domain->guest->def) {
        question->guest = guest_ref(domain->guest);
        offload.key = domain->uuid;
    }
    offload.input = question;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static int get_io_tune(struct call *call)
{
    const struct remote_domain_text_opt_int_flags_args *args = call->args;
    struct remote_params_ret *ret = call->ret;
    const struct domain_disk *disk;
    struct domain *domain;
    struct domain_def *def;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS | TYPED_STRINGS) < 0 ||
        call_check_one_affected(call, args->flags) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !(def = call_domain_def(call, domain, args->flags)))
        return -1;
    if (args->number <= 0) {
        ret->nparams = ALL_PARAMS;
        return 0;
    }
    disk = call_find_disk(call, def, args->text ? *args->text : "");
    if (!disk) {
        verror_clear(&call->err); /* libvirt has other words for it here */
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "disk '%s' not found in domain",
                          args->text ? *args->text : "");
    }
    if (domain->guest && def == domain->guest->def && !call_ready_guest(call, domain))
        return -1;
    return ask(call, domain, def, disk);
}

/* --- changing --- */

static json_t *take_params(struct call *call, const struct remote_domain_text_params_args *args)
{
    struct param_rule rules[ALL_PARAMS] = { { "group_name", WIRE_PARAM_STRING } };

    for (size_t i = 0; i < IOTUNE_FIELDS; i++)
        rules[i + 1] = (struct param_rule){ iotune_fields[i].name, WIRE_PARAM_ULLONG };
    return call_take_params(call, args->params.params_val, args->params.params_len, rules,
                            ARRAY_SIZE(rules));
}

/* Of what was given alone, as libvirt, so that this is said whatever there is already. */
static int check_given(struct call *call, json_t *given)
{
    struct iotune tune = { 0 };

    for (size_t i = 0; i < IOTUNE_FIELDS; i++) {
        tune.values[i] = (uint64_t)json_integer_value(
            json_object_get(given, iotune_fields[i].name));
        if (tune.values[i] > IOTUNE_MAX)
            return verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                              "block I/O throttle limit value must be no more than %llu",
                              IOTUNE_MAX);
    }
    return iotune_check_totals(&tune, VIR_ERR_INVALID_ARG, &call->err);
}

static int set_io_tune(struct call *call)
{
    const struct remote_domain_text_params_args *args = call->args;
    struct domain_spec *spec;
    struct domain *domain;
    json_t *given;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS) < 0 ||
        !(domain = call_domain(call, &args->domain)) || !(given = take_params(call, args)))
        return -1;
    if (check_given(call, given) < 0) {
        json_decref(given);
        return -1;
    }
    spec = domain_spec_new(domain);
    spec->flags = args->flags;
    spec->device = xstrdup(args->text);
    spec->arguments = given;
    return call_start_domain_job(call, &domain_job_set_iotune, spec, false, NULL);
}

static const struct proc procs[] = {
    DOMAIN_ROW(CHANGE, SET_BLOCK_IO_TUNE, "virDomainSetBlockIoTune", WRITE, CHANGE, set_io_tune,
        PROC_ARGS(remote_domain_text_params_args)),
    DOMAIN_ROW(READ, GET_BLOCK_IO_TUNE, "virDomainGetBlockIoTune", READ, DISK, get_io_tune,
        PROC_ARGS(remote_domain_text_opt_int_flags_args), PROC_RET(remote_params_ret)),
};

const struct proc_table calls_domain_iotune = { procs, ARRAY_SIZE(procs) };
