/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A polkit that answers what a file says: fake-polkit FILE, on the bus of
 * $DBUS_SYSTEM_BUS_ADDRESS.  The file has one of: yes, no, challenge, error, silence.
 * Prints "ready", and what it is asked.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

static const char *path;

static void read_answer(char *answer, size_t size)
{
    FILE *file = fopen(path, "re");

    if (!file || !fgets(answer, (int)size, file))
        exit(EXIT_FAILURE);
    answer[strcspn(answer, "\n")] = '\0';
    (void)fclose(file); /* it was only read */
}

/* "pid=1 start-time=2 uid=3" of the subject; ends the program where it is not as it must be. */
static void print_subject(sd_bus_message *message)
{
    const char *kind, *key;
    uint32_t pid = 0;
    uint64_t start = 0;
    int32_t uid = -1;

    if (sd_bus_message_enter_container(message, 'r', "sa{sv}") < 0 ||
        sd_bus_message_read(message, "s", &kind) < 0 ||
        sd_bus_message_enter_container(message, 'a', "{sv}") < 0)
        exit(EXIT_FAILURE);
    while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
        if (sd_bus_message_read(message, "s", &key) < 0)
            exit(EXIT_FAILURE);
        if (sd_bus_message_read(message, "v", strcmp(key, "pid") == 0          ? "u" :
                                              strcmp(key, "start-time") == 0 ? "t" : "i",
                                strcmp(key, "pid") == 0          ? (void *)&pid :
                                strcmp(key, "start-time") == 0 ? (void *)&start : (void *)&uid) < 0)
            exit(EXIT_FAILURE);
        (void)sd_bus_message_exit_container(message);
    }
    (void)sd_bus_message_exit_container(message);
    (void)sd_bus_message_exit_container(message);
    printf("%s pid=%" PRIu32 " start-time=%" PRIu64 " uid=%" PRId32, kind, pid, start, uid);
}

static int check(sd_bus_message *message, void *opaque, sd_bus_error *error)
{
    char answer[32];
    const char *action;

    (void)opaque;
    print_subject(message);
    if (sd_bus_message_read(message, "s", &action) < 0)
        exit(EXIT_FAILURE);
    printf(" %s\n", action);
    (void)fflush(stdout);
    read_answer(answer, sizeof(answer));
    if (strcmp(answer, "silence") == 0)
        return 1;
    if (strcmp(answer, "error") == 0)
        return sd_bus_error_set(error, "org.freedesktop.PolicyKit1.Error.Failed", "out of order");
    return sd_bus_reply_method_return(message, "(bba{ss})", strcmp(answer, "yes") == 0,
                                      strcmp(answer, "challenge") == 0, 0);
}

static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", check,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

int main(int argc, char **argv)
{
    sd_bus *bus = NULL;

    if (argc != 2 || sd_bus_open_system(&bus) < 0 ||
        sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                 "org.freedesktop.PolicyKit1.Authority", vtable, NULL) < 0 ||
        sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0) < 0)
        return EXIT_FAILURE;
    path = argv[1];
    puts("ready");
    (void)fflush(stdout);
    while (sd_bus_process(bus, NULL) > 0 || sd_bus_wait(bus, UINT64_MAX) >= 0)
        ;
    return EXIT_SUCCESS; /* the bus has gone */
}
