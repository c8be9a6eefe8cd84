/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon tells of a domain by number, in virsh's words.
 */
#ifndef VIRTJOB_DOM_TEXT_H
#define VIRTJOB_DOM_TEXT_H

#include <libvirtjob/libvirtjob.h>

#include <stdbool.h>
#include <stdio.h>

/* "running", "shut off", …; "no state" for one that is not known. */
const char *dom_state_text(int state);
/* Why it has that state: "booted", …; "unknown" for a reason that is not known. */
const char *dom_reason_text(int state, int reason);
/* "ok", …, of virDomainControlState. */
const char *dom_control_text(unsigned int state);

/*
 * What virDomainGetJobStats() told of a job that is or was, as domjobinfo prints it:
 * of one that did not do its work only with any.
 */
void dom_job_print(int type, virTypedParameterPtr params, int count, bool any, FILE *out);
/* The same, every parameter as it came. */
void dom_job_print_raw(int type, virTypedParameterPtr params, int count, FILE *out);

#endif
