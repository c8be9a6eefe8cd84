/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the calls on domains share; see domain_call.h.  Loop thread, but for completing XML. */

#include "calls/domain_call.h"

#include <string.h>

#include "hypervisor/qemu/backup.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"

struct domain *call_domain(struct call *call, const struct wire_domain *wire)
{
    char uuid[UUID_TEXT_SIZE];
    struct domain *domain;

    uuid_format((const unsigned char *)wire->uuid, uuid);
    domain = domain_find_uuid(call->daemon->domains, uuid);
    if (!domain)
        verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s' (%s)", uuid,
                   wire->name);
    return domain;
}

struct guest *call_ready_guest(struct call *call, const struct domain *domain)
{
    struct guest *guest = domain->guest;

    if (domain_check_active(domain, &call->err) < 0)
        return NULL;
    if (!guest->starting && guest->monitor && monitor_is_open(guest->monitor))
        return guest;
    verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
               "domain '%s' is still being started, or its monitor is not connected",
               domain_name(domain));
    return NULL;
}

void domain_to_wire(const struct domain *domain, struct wire_domain *ret)
{
    ret->name = xstrdup(domain_name(domain));
    ret->id = domain_id(domain);
    (void)uuid_parse(domain->uuid, (unsigned char *)ret->uuid); /* it was checked when it came */
}

void call_keep_domain(struct call *call, const unsigned char uuid[16])
{
    char *text = xmalloc(UUID_TEXT_SIZE);

    uuid_format(uuid, text);
    call->opaque = text;
}

void call_fill_domain(struct call *call)
{
    struct remote_domain_ret *ret = call->ret;
    struct domain *domain = domain_find_uuid(call->daemon->domains, call->opaque);

    if (domain)
        domain_to_wire(domain, &ret->domain);
    else /* it was, and has ended by now */
        ret->domain = (struct wire_domain){ .name = xstrdup(""), .id = -1 };
}

int call_check_exclusive(struct call *call, unsigned int flags, const struct flag_pair *pairs,
                         size_t npairs)
{
    for (size_t i = 0; i < npairs; i++) {
        if ((flags & pairs[i].one) && (flags & pairs[i].other))
            return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                              "the %s and %s flags exclude each other in function %s",
                              pairs[i].one_word, pairs[i].other_word, call->proc->api);
    }
    return 0;
}

int call_check_needs(struct call *call, unsigned int flags, const struct flag_pair *pairs,
                     size_t npairs)
{
    for (size_t i = 0; i < npairs; i++) {
        if ((flags & pairs[i].one) && !(flags & pairs[i].other))
            return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                              "the %s flag needs the %s flag in function %s", pairs[i].one_word,
                              pairs[i].other_word, call->proc->api);
    }
    return 0;
}

int call_check_one_affected(struct call *call, unsigned int flags)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DOMAIN_AFFECT_LIVE, VIR_DOMAIN_AFFECT_CONFIG, "live", "config" },
    };

    return call_check_exclusive(call, flags, exclusive, ARRAY_SIZE(exclusive));
}

struct domain_def *call_domain_def(struct call *call, const struct domain *domain,
                                   unsigned int flags)
{
    if (flags & VIR_DOMAIN_AFFECT_LIVE && domain_check_active(domain, &call->err) < 0)
        return NULL;
    if (!(flags & VIR_DOMAIN_AFFECT_CONFIG))
        return domain_def_now(domain);
    if (!domain->config)
        verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                   "domain '%s' is transient and has no persistent definition",
                   domain_name(domain));
    return domain->config;
}

struct job *call_running_backup(struct call *call, const struct domain *domain)
{
    const struct backup *backup = domain && domain->guest ? domain->guest->backup : NULL;

    return backup ? jobs_find_id(call->daemon->jobs, backup->id) : NULL;
}

struct job *call_domain_job(struct call *call, const struct domain *domain)
{
    struct job *job = call_running_backup(call, domain);

    return job ? job
               : jobs_find_object(call->daemon->jobs, JOB_OBJECT_DOMAIN, "", "", domain->uuid);
}

int call_start_domain_job(struct call *call, const struct job_kind *kind,
                          struct domain_spec *spec, bool async, void (*fill)(struct call *call))
{
    struct job_request request = domain_job_request(kind, spec, NULL);

    call_start_job(call, &request, async, fill);
    return CALL_PENDING;
}

/* --- XML of a client --- */

static void free_domain_xml(void *opaque)
{
    struct domain_xml *input = opaque;

    domain_def_unref(input->def);
    free(input->xml);
    free(input);
}

/* Worker. */
static int complete_xml(void *opaque, struct verror *err)
{
    struct domain_xml *input = opaque;

    input->def = domain_complete(&input->host, input->xml, input->validate, err);
    return input->def ? 0 : -1;
}

int call_complete_domain(struct call *call, const char *xml, bool validate,
                         void (*then)(struct call *call, void *domain_xml))
{
    struct domain_xml *input = XNEW(struct domain_xml);
    const struct offload offload = {
        .input = input,
        .free_input = free_domain_xml,
        .work = complete_xml,
        .then = then,
    };

    input->host = domains_complete_host(call->daemon->domains);
    input->xml = xstrdup(xml);
    input->validate = validate;
    call_offload(call, &offload);
    return CALL_PENDING;
}
