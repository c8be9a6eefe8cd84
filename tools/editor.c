/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text in the user's editor; see editor.h. */

#include "tools/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/util/alloc.h"
#include "protocol/macros.h"
#include "tools/xml.h"

extern char **environ;

static int write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        left -= (size_t)n;
    }
    return 0;
}

/* A new temporary file holding the text; its path is a new string, NULL and told on error. */
static char *temporary_write(const char *text, const char *suffix)
{
    const char *dir = getenv("TMPDIR");
    _cleanup_free_ char *path =
        xasprintf("%s/virtjob-XXXXXX%s", dir && *dir ? dir : "/tmp", suffix);
    _cleanup_close_ int fd = mkostemps(path, (int)strlen(suffix), O_CLOEXEC);
    int r;

    if (fd < 0) {
        cli_error("cannot make a file like '%s': %s", path, strerror(errno));
        return NULL;
    }
    r = write_all(fd, text);
    if (r < 0) {
        cli_error("cannot write '%s': %s", path, strerror(-r));
        (void)unlink(path); /* nothing of the user's is in it yet */
        return NULL;
    }
    return STEAL_PTR(path);
}

/*
 * A terminal sends Ctrl-C to the editor and to us, and only the editor knows what is meant: it is
 * ignored here meanwhile, lest the text is lost.
 */
struct keys {
    struct sigaction interrupt, quit; /* how they were */
};

static void keys_ignore(struct keys *keys)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };

    (void)sigaction(SIGINT, &ignore, &keys->interrupt); /* these cannot fail */
    (void)sigaction(SIGQUIT, &ignore, &keys->quit);
}

static void keys_restore(const struct keys *keys)
{
    (void)sigaction(SIGINT, &keys->interrupt, NULL);
    (void)sigaction(SIGQUIT, &keys->quit, NULL);
}

/* Starts it with the signals as they were before they were ignored; 0, or an errno. */
static int editor_spawn(char *const *argv, const struct keys *keys, pid_t *ret_pid)
{
    posix_spawnattr_t attr;
    sigset_t defaults;
    int r;

    sigemptyset(&defaults);
    if (keys->interrupt.sa_handler != SIG_IGN)
        sigaddset(&defaults, SIGINT);
    if (keys->quit.sa_handler != SIG_IGN)
        sigaddset(&defaults, SIGQUIT);
    r = posix_spawnattr_init(&attr);
    if (r != 0)
        return r;
    r = posix_spawnattr_setsigdefault(&attr, &defaults);
    if (r == 0)
        r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    if (r == 0)
        r = posix_spawn(ret_pid, "/bin/sh", NULL, &attr, argv, environ);
    (void)posix_spawnattr_destroy(&attr); /* cannot fail */
    return r;
}

/* Runs it to its end: its wait status in *ret_status; 0, or an errno. */
static int editor_wait(char *const *argv, int *ret_status)
{
    struct keys keys;
    pid_t pid;
    int r;

    keys_ignore(&keys);
    r = editor_spawn(argv, &keys, &pid);
    while (r == 0 && waitpid(pid, ret_status, 0) < 0)
        if (errno != EINTR)
            r = errno;
    keys_restore(&keys);
    return r;
}

/* $VISUAL and $EDITOR may hold options, so a shell splits them; the path stays one word. */
static int editor_run(const char *path)
{
    const char *visual = getenv("VISUAL");
    const char *editor = visual && *visual ? visual : getenv("EDITOR");
    _cleanup_free_ char *command =
        xasprintf("exec %s \"$1\"", editor && *editor ? editor : "vi");
    char *argv[] = { (char *)"sh", (char *)"-c", command, (char *)"sh", (char *)path, NULL };
    int status = 0, r = editor_wait(argv, &status);

    if (r != 0) {
        cli_error("cannot run the editor: %s", strerror(r));
        return -1;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        cli_error("the editor '%s' failed, nothing was changed", editor && *editor ? editor : "vi");
        return -1;
    }
    return 0;
}

/* Editors end a file with a newline; that alone is no change. */
static bool text_changed(const char *before, const char *after)
{
    size_t len = strlen(before);

    return strncmp(before, after, len) != 0 || after[len + strspn(after + len, "\n")] != '\0';
}

/* Puts the edited text back, unless it was changed by someone else meanwhile. */
static int edited_put(const struct edit *edit, const char *before, const char *after)
{
    _cleanup_free_ char *now = edit->get(edit->opaque);

    if (!now)
        return CLI_FAILED;
    if (strcmp(before, now) != 0) {
        cli_error("%s was changed by someone else meanwhile", edit->what);
        return CLI_FAILED;
    }
    return edit->put(edit->opaque, after);
}

static int unchanged_say(const struct edit *edit)
{
    cli_say(edit->cli, "%s", edit->unchanged);
    return CLI_DONE;
}

int edit_run(const struct edit *edit)
{
    _cleanup_free_ char *before = edit->get(edit->opaque);
    _cleanup_free_ char *path = before ? temporary_write(before, edit->suffix) : NULL;
    _cleanup_free_ char *after = NULL;
    int code = CLI_FAILED;

    if (!path)
        return CLI_FAILED;
    if (editor_run(path) == 0 && (after = xml_read_file(path)))
        code = text_changed(before, after) ? edited_put(edit, before, after) : unchanged_say(edit);
    if (code == CLI_DONE)
        (void)unlink(path); /* a file left in the temporary folder harms nobody */
    else
        cli_error("what was edited is kept in '%s'", path);
    return code;
}
