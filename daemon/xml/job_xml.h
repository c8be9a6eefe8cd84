/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our own element in pool and volume XML while a job is on the object:
 * operation, id, state and percent.  Output only: parsers drop it.
 */
#ifndef VIRTJOBD_JOB_XML_H
#define VIRTJOBD_JOB_XML_H

#include <stdint.h>

#define JOB_XML_NAMESPACE "https://virtjobd.org/xml/job/1.0"

/* <virtjob:job xmlns:virtjob='…' id='..' operation='..' state='..' percent='..'/>, a new string. */
char *job_xml_format(uint64_t id, const char *operation, const char *state, int percent);

#endif
