/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clocks, timers and sleep states.  Worker.
 */

#include <string.h>
#include <time.h>

#include "hypervisor/qemu/command_internal.h"
#include "xml/xml_read.h"

static const char clock_known[] =
    "@offset @basis @adjustment @timezone @start timer@name timer@present timer@tickpolicy "
    "timer@track timer@frequency";

/* base= of a clock that was set to another time than now's. */
static const char *base_date(struct builder *b, time_t when)
{
    char date[sizeof("2026-01-02T03:04:05") + 16];
    struct tm tm;

    if (!gmtime_r(&when, &tm) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return NULL;
    return cmd_keepf(b, "%s", date);
}

static int base_variable(struct builder *b, xmlNodePtr clock, const char **base)
{
    const char *text = node_attr(b, clock, NULL, "adjustment");
    bool is_local = node_attr_is(b, clock, NULL, "basis", "localtime");
    time_t now = time(NULL);
    long long shift;
    char *end;

    if (!text || strcmp(text, "reset") == 0)
        text = "0";
    shift = strtoll(text, &end, 10);
    if (*end)
        return refuse(b, clock, "adjustment '%s'", xml_quotable(text));
    if (is_local) {
        struct tm tm;

        now = localtime_r(&now, &tm) ? timegm(&tm) : now;
    }
    *base = __builtin_add_overflow(now, shift, &now) ? NULL : base_date(b, now);
    return *base ? 0 : refuse(b, clock, "adjustment '%s'", xml_quotable(text));
}

static int clock_base(struct builder *b, xmlNodePtr clock, const char **base)
{
    const char *offset = node_attr(b, clock, NULL, "offset") ?: "utc";
    const char *zone = node_attr(b, clock, NULL, "timezone");
    uint64_t start = 0;

    if (strcmp(offset, "utc") == 0 || strcmp(offset, "localtime") == 0) {
        *base = offset;
        return 0;
    }
    if (strcmp(offset, "variable") == 0)
        return base_variable(b, clock, base);
    if (strcmp(offset, "timezone") == 0 && zone) {
        *base = "localtime"; /* of the zone in QEMU's environment */
        cmd_env(b, "TZ", zone);
        return 0;
    }
    if (strcmp(offset, "absolute") == 0) {
        if (node_number(b, clock, NULL, "start", &start) < 0)
            return -1;
        *base = base_date(b, (time_t)start);
        if (*base)
            return 0;
    }
    return refuse(b, clock, "offset '%s'", xml_quotable(offset));
}

/* What a timer's attribute means: text for -rtc, or an argument of its own. */
struct timer_row {
    const char *timer, *attribute, *value; /* value NULL: refused whatever it is */
    const char *rtc, *global;
};

static const struct timer_row timer_rows[] = {
    { "rtc", "tickpolicy", "catchup", ",driftfix=slew", NULL },
    { "rtc", "tickpolicy", "delay", NULL, NULL }, /* QEMU's default */
    { "rtc", "track", "guest", ",clock=vm", NULL },
    { "rtc", "track", "wall", ",clock=host", NULL },
    { "rtc", "track", "realtime", ",clock=rt", NULL },
    { "pit", "tickpolicy", "delay", NULL, "kvm-pit.lost_tick_policy=delay" },
    { "pit", "tickpolicy", "discard", NULL, "kvm-pit.lost_tick_policy=discard" },
    { "pit", "tickpolicy", "catchup", NULL, NULL }, /* the default of KVM's */
    { "rtc", "present", "yes", NULL, NULL },
    { "pit", "present", "yes", NULL, NULL },
    /* these three are made in command_machine.c and command_cpu.c */
    { "hpet", "present", "yes", NULL, NULL },
    { "hpet", "present", "no", NULL, NULL },
    { "kvmclock", "present", "yes", NULL, NULL },
    { "kvmclock", "present", "no", NULL, NULL },
    { "hypervclock", "present", "yes", NULL, NULL },
    { "hypervclock", "present", "no", NULL, NULL },
    { "tsc", "present", "yes", NULL, NULL },
};

static const struct timer_row *timer_find(const char *name, const char *attribute,
                                          const char *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(timer_rows); i++)
        if (strcmp(timer_rows[i].timer, name) == 0 &&
            strcmp(timer_rows[i].attribute, attribute) == 0 &&
            strcmp(timer_rows[i].value, value) == 0)
            return &timer_rows[i];
    return NULL;
}

static int clock_timer(struct builder *b, xmlNodePtr timer, const char **rtc)
{
    static const char *const attributes[] = { "tickpolicy", "track", "present" };
    const char *name = node_attr(b, timer, NULL, "name") ?: "";

    for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
        const char *value = node_attr(b, timer, NULL, attributes[i]);
        const struct timer_row *row = value ? timer_find(name, attributes[i], value) : NULL;

        if (!value)
            continue;
        if (!row)
            return refuse(b, timer->parent, "timer '%s' with %s '%s'", xml_quotable(name),
                          attributes[i], xml_quotable(value));
        if (row->rtc)
            *rtc = cmd_keepf(b, "%s%s", *rtc, row->rtc);
    }
    return 0;
}

static void clock_globals(struct builder *b, xmlNodePtr clock)
{
    for (xmlNodePtr timer = xml_child(clock, "timer"); timer;
         timer = xmlNextElementSibling(timer)) {
        const struct timer_row *row =
            timer_find(node_attr(b, timer, NULL, "name") ?: "", "tickpolicy",
                       node_attr(b, timer, NULL, "tickpolicy") ?: "");

        if (!row || !row->global)
            continue;
        cmd_arg(b, "-global");
        cmd_arg(b, row->global);
    }
}

/* ACPI's S3 and S4 are properties of the chipset. */
static int command_sleep(struct builder *b)
{
    static const struct {
        const char *element, *property;
    } states[] = {
        { "suspend-to-mem", "disable_s3" },
        { "suspend-to-disk", "disable_s4" },
    };
    xmlNodePtr pm = xml_child(b->domain, "pm");

    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        bool enabled = true;

        if (!node_attr(b, pm, states[i].element, "enabled"))
            continue;
        if (node_switch(b, pm, states[i].element, "enabled", &enabled) < 0)
            return -1;
        cmd_arg(b, "-global");
        cmd_argf(b, "%s.%s=%d", b->is_q35 ? "ICH9-LPC" : "PIIX4_PM", states[i].property, !enabled);
    }
    return 0;
}

int command_clock(struct builder *b)
{
    xmlNodePtr clock = xml_child(b->domain, "clock");
    const char *base = NULL, *rtc = "";

    if ((clock && node_check_known(b, clock, clock_known) < 0) || clock_base(b, clock, &base) < 0)
        return -1;
    for (xmlNodePtr timer = xml_child(clock, "timer"); timer; timer = xmlNextElementSibling(timer))
        if (xml_is_element(timer, "timer") && clock_timer(b, timer, &rtc) < 0)
            return -1;
    cmd_arg(b, "-rtc");
    cmd_argf(b, "base=%s%s", base, rtc);
    clock_globals(b, clock);
    return command_sleep(b);
}
