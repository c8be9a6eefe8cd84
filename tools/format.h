/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers as a user reads them.  Each returns a new string.
 */
#ifndef VIRTJOB_FORMAT_H
#define VIRTJOB_FORMAT_H

/* "1.50 GiB", as virsh writes it. */
char *format_size(unsigned long long bytes);
/* "1.50 GiB/s"; "-" for 0, a rate that is not known. */
char *format_rate(unsigned long long bytes_a_second);
/* "9s", "1m 05s", "2h 03m", "4d 07h". */
char *format_duration(unsigned long long seconds);
/* "2026-11-23 07:02:49" local time of milliseconds since 1970; "-" for 0. */
char *format_time(long long milliseconds);

#endif
