/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's numbers in words; see dom-text.h. */

#include "tools/dom-text.h"

#include <string.h>

#include "daemon/util/alloc.h"
#include "protocol/macros.h"
#include "tools/text.h"

static const char *const state_names[] = {
    [VIR_DOMAIN_NOSTATE] = "no state",     [VIR_DOMAIN_RUNNING] = "running",
    [VIR_DOMAIN_BLOCKED] = "idle",         [VIR_DOMAIN_PAUSED] = "paused",
    [VIR_DOMAIN_SHUTDOWN] = "in shutdown", [VIR_DOMAIN_SHUTOFF] = "shut off",
    [VIR_DOMAIN_CRASHED] = "crashed",      [VIR_DOMAIN_PMSUSPENDED] = "pmsuspended",
};

static const char *const running_names[] = {
    [VIR_DOMAIN_RUNNING_UNKNOWN] = "unknown",
    [VIR_DOMAIN_RUNNING_BOOTED] = "booted",
    [VIR_DOMAIN_RUNNING_MIGRATED] = "migrated",
    [VIR_DOMAIN_RUNNING_RESTORED] = "restored",
    [VIR_DOMAIN_RUNNING_FROM_SNAPSHOT] = "from snapshot",
    [VIR_DOMAIN_RUNNING_UNPAUSED] = "unpaused",
    [VIR_DOMAIN_RUNNING_MIGRATION_CANCELED] = "migration canceled",
    [VIR_DOMAIN_RUNNING_SAVE_CANCELED] = "save canceled",
    [VIR_DOMAIN_RUNNING_WAKEUP] = "event wakeup",
    [VIR_DOMAIN_RUNNING_CRASHED] = "crashed",
};

static const char *const paused_names[] = {
    [VIR_DOMAIN_PAUSED_UNKNOWN] = "unknown",
    [VIR_DOMAIN_PAUSED_USER] = "user",
    [VIR_DOMAIN_PAUSED_MIGRATION] = "migrating",
    [VIR_DOMAIN_PAUSED_SAVE] = "saving",
    [VIR_DOMAIN_PAUSED_DUMP] = "dumping",
    [VIR_DOMAIN_PAUSED_IOERROR] = "I/O error",
    [VIR_DOMAIN_PAUSED_WATCHDOG] = "watchdog",
    [VIR_DOMAIN_PAUSED_FROM_SNAPSHOT] = "from snapshot",
    [VIR_DOMAIN_PAUSED_SHUTTING_DOWN] = "shutting down",
    [VIR_DOMAIN_PAUSED_SNAPSHOT] = "creating snapshot",
    [VIR_DOMAIN_PAUSED_CRASHED] = "crashed",
    [VIR_DOMAIN_PAUSED_STARTING_UP] = "starting up",
};

static const char *const shutdown_names[] = {
    [VIR_DOMAIN_SHUTDOWN_UNKNOWN] = "unknown",
    [VIR_DOMAIN_SHUTDOWN_USER] = "user",
};

static const char *const shutoff_names[] = {
    [VIR_DOMAIN_SHUTOFF_UNKNOWN] = "unknown",
    [VIR_DOMAIN_SHUTOFF_SHUTDOWN] = "shutdown",
    [VIR_DOMAIN_SHUTOFF_DESTROYED] = "destroyed",
    [VIR_DOMAIN_SHUTOFF_CRASHED] = "crashed",
    [VIR_DOMAIN_SHUTOFF_MIGRATED] = "migrated",
    [VIR_DOMAIN_SHUTOFF_SAVED] = "saved",
    [VIR_DOMAIN_SHUTOFF_FAILED] = "failed",
    [VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT] = "from snapshot",
    [VIR_DOMAIN_SHUTOFF_DAEMON] = "daemon",
};

static const char *const crashed_names[] = {
    [VIR_DOMAIN_CRASHED_UNKNOWN] = "unknown",
    [VIR_DOMAIN_CRASHED_PANICKED] = "panicked",
};

static const struct {
    const char *const *names;
    size_t count;
} reason_tables[] = {
    [VIR_DOMAIN_RUNNING] = { running_names, ARRAY_SIZE(running_names) },
    [VIR_DOMAIN_PAUSED] = { paused_names, ARRAY_SIZE(paused_names) },
    [VIR_DOMAIN_SHUTDOWN] = { shutdown_names, ARRAY_SIZE(shutdown_names) },
    [VIR_DOMAIN_SHUTOFF] = { shutoff_names, ARRAY_SIZE(shutoff_names) },
    [VIR_DOMAIN_CRASHED] = { crashed_names, ARRAY_SIZE(crashed_names) },
};

/* A daemon newer than this program may know more states and reasons. */
const char *dom_state_text(int state)
{
    return state >= 0 && (size_t)state < ARRAY_SIZE(state_names) ? state_names[state] : "no state";
}

const char *dom_reason_text(int state, int reason)
{
    if (state < 0 || (size_t)state >= ARRAY_SIZE(reason_tables) || reason < 0 ||
        (size_t)reason >= reason_tables[state].count)
        return "unknown";
    return reason_tables[state].names[reason];
}

const char *dom_control_text(unsigned int state)
{
    static const char *const names[] = {
        [VIR_DOMAIN_CONTROL_OK] = "ok",
        [VIR_DOMAIN_CONTROL_JOB] = "background job",
        [VIR_DOMAIN_CONTROL_OCCUPIED] = "occupied",
        [VIR_DOMAIN_CONTROL_ERROR] = "error",
    };

    return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

static const char *job_type_text(int type)
{
    static const char *const names[] = {
        [VIR_DOMAIN_JOB_NONE] = "None",           [VIR_DOMAIN_JOB_BOUNDED] = "Bounded",
        [VIR_DOMAIN_JOB_UNBOUNDED] = "Unbounded", [VIR_DOMAIN_JOB_COMPLETED] = "Completed",
        [VIR_DOMAIN_JOB_FAILED] = "Failed",       [VIR_DOMAIN_JOB_CANCELLED] = "Cancelled",
    };

    return type >= 0 && (size_t)type < ARRAY_SIZE(names) ? names[type] : "Unknown";
}

static const char *job_operation_text(int operation)
{
    static const char *const names[] = {
        [VIR_DOMAIN_JOB_OPERATION_UNKNOWN] = "Unknown",
        [VIR_DOMAIN_JOB_OPERATION_START] = "Start",
        [VIR_DOMAIN_JOB_OPERATION_SAVE] = "Save",
        [VIR_DOMAIN_JOB_OPERATION_RESTORE] = "Restore",
        [VIR_DOMAIN_JOB_OPERATION_SNAPSHOT] = "Snapshot",
        [VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT] = "Snapshot revert",
        [VIR_DOMAIN_JOB_OPERATION_DUMP] = "Dump",
        [VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_DELETE] = "Snapshot delete",
    };

    return operation >= 0 && (size_t)operation < ARRAY_SIZE(names) && names[operation]
               ? names[operation]
               : "Unknown";
}

/* virsh's way to write a size: three digits behind the point, its unit. */
static void job_size_print(const char *what, const char *key, unsigned long long bytes, FILE *out)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
        value /= 1024;
        unit++;
    }
    fprintf(out, "%s %-*s %-.3f %s\n", what, 16 - (int)strlen(what), key, value, units[unit]);
}

/* A number that was not told is 0. */
static unsigned long long param_number(virTypedParameterPtr params, int count, const char *field)
{
    unsigned long long value = 0;

    (void)virTypedParamsGetULLong(params, count, field, &value);
    return value;
}

static void job_sizes_print(virTypedParameterPtr params, int count, FILE *out)
{
    static const struct {
        const char *what;
        const char *processed;
        const char *remaining;
        const char *total;
    } rows[] = {
        { "Data", VIR_DOMAIN_JOB_DATA_PROCESSED, VIR_DOMAIN_JOB_DATA_REMAINING,
          VIR_DOMAIN_JOB_DATA_TOTAL },
        { "Memory", VIR_DOMAIN_JOB_MEMORY_PROCESSED, VIR_DOMAIN_JOB_MEMORY_REMAINING,
          VIR_DOMAIN_JOB_MEMORY_TOTAL },
        { "File", VIR_DOMAIN_JOB_DISK_PROCESSED, VIR_DOMAIN_JOB_DISK_REMAINING,
          VIR_DOMAIN_JOB_DISK_TOTAL },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned long long processed = param_number(params, count, rows[i].processed);
        unsigned long long remaining = param_number(params, count, rows[i].remaining);
        unsigned long long total = param_number(params, count, rows[i].total);

        if (processed == 0 && remaining == 0 && total == 0)
            continue;
        job_size_print(rows[i].what, "processed:", processed, out);
        job_size_print(rows[i].what, "remaining:", remaining, out);
        job_size_print(rows[i].what, "total:", total, out);
    }
}

void dom_job_print(int type, virTypedParameterPtr params, int count, bool any, FILE *out)
{
    const char *message = NULL;
    int operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

    fprintf(out, "%-17s %-12s\n", "Job type:", job_type_text(type));
    if (type == VIR_DOMAIN_JOB_NONE ||
        (!any && (type == VIR_DOMAIN_JOB_FAILED || type == VIR_DOMAIN_JOB_CANCELLED)))
        return;
    (void)virTypedParamsGetInt(params, count, VIR_DOMAIN_JOB_OPERATION, &operation);
    fprintf(out, "%-17s %-12s\n", "Operation:", job_operation_text(operation));
    fprintf(out, "%-17s %-12llu ms\n",
            "Time elapsed:", param_number(params, count, VIR_DOMAIN_JOB_TIME_ELAPSED));
    if (type == VIR_DOMAIN_JOB_BOUNDED)
        fprintf(out, "%-17s %-12llu ms\n",
                "Time remaining:", param_number(params, count, VIR_DOMAIN_JOB_TIME_REMAINING));
    job_sizes_print(params, count, out);
    if (virTypedParamsGetString(params, count, VIR_DOMAIN_JOB_ERRMSG, &message) == 1) {
        _cleanup_free_ char *line = xstrdup(message);

        text_make_line(line);
        fprintf(out, "%-17s %s\n", "Error message:", line);
    }
}

/* The value as text, a new string. */
static char *param_text(const virTypedParameter *param)
{
    switch (param->type) {
    case VIR_TYPED_PARAM_INT:
        return xasprintf("%d", param->value.i);
    case VIR_TYPED_PARAM_UINT:
        return xasprintf("%u", param->value.ui);
    case VIR_TYPED_PARAM_LLONG:
        return xasprintf("%lld", param->value.l);
    case VIR_TYPED_PARAM_ULLONG:
        return xasprintf("%llu", param->value.ul);
    case VIR_TYPED_PARAM_DOUBLE:
        return xasprintf("%f", param->value.d);
    case VIR_TYPED_PARAM_BOOLEAN:
        return xstrdup(param->value.b ? "yes" : "no");
    case VIR_TYPED_PARAM_STRING:
        return xstrdup(param->value.s ? param->value.s : "");
    default:
        return xasprintf("of unknown type %d", param->type);
    }
}

void dom_job_print_raw(int type, virTypedParameterPtr params, int count, FILE *out)
{
    int i;

    fprintf(out, "Job type: %d\n\n", type);
    for (i = 0; i < count; i++) {
        _cleanup_free_ char *text = param_text(&params[i]);

        text_make_line(text);
        fprintf(out, "%s: %s\n", params[i].field, text);
    }
}
