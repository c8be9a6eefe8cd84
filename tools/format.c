/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as a user reads them; see format.h. */

#include "tools/format.h"

#include <time.h>

#include "daemon/util/alloc.h"

char *format_size(unsigned long long bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double value = (double)bytes;
    size_t unit = 0;

    /* what would be rounded to 1024.00 is already one of the next unit */
    while (value >= 1023.995 && unit + 1 < ARRAY_SIZE(units)) {
        value /= 1024;
        unit++;
    }
    return xasprintf("%.2f %s", value, units[unit]);
}

char *format_rate(unsigned long long bytes_a_second)
{
    _cleanup_free_ char *size = NULL;

    if (bytes_a_second == 0)
        return xstrdup("-");
    size = format_size(bytes_a_second);
    return xasprintf("%s/s", size);
}

char *format_duration(unsigned long long seconds)
{
    unsigned long long minutes = seconds / 60, hours = minutes / 60;

    if (seconds < 60)
        return xasprintf("%llus", seconds);
    if (hours == 0)
        return xasprintf("%llum %02llus", minutes, seconds % 60);
    if (hours < 24)
        return xasprintf("%lluh %02llum", hours, minutes % 60);
    return xasprintf("%llud %02lluh", hours / 24, hours % 24);
}

char *format_time(long long milliseconds)
{
    time_t seconds = (time_t)(milliseconds / 1000);
    char text[64];
    struct tm local;

    if (milliseconds == 0 || !localtime_r(&seconds, &local))
        return xstrdup("-");
    (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local); /* it fits: years have 4 to 11 digits */
    return xstrdup(text);
}
