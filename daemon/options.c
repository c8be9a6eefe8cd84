/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line; see options.h. */

#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"

/* In virtjobd(8) word by word, which a test checks. */
const char options_usage[] =
    "usage: virtjobd [OPTION ...]\n"
    "\n"
    "  -f, --config FILE      read settings from FILE\n"
    "      --session          serve this user (the default unless root)\n"
    "      --system           serve the whole machine (the default for root)\n"
    "      --state-dir DIR    definitions, jobs and their history\n"
    "      --runtime-dir DIR  sockets and pid file\n"
    "      --log-dir DIR      log files\n"
    "  -l, --listen           listen for TLS and, if the config says so, TCP connections\n"
    "  -d, --daemon           go into the background once ready\n"
    "  -p, --pid-file FILE    instead of virtjobd.pid in the runtime directory\n"
    "  -t, --timeout SECS     exit after SECS seconds without a client, job or guest\n"
    "  -v, --verbose          log at debug level\n"
    "  -V, --version          print the version and exit\n"
    "  -h, --help             print this and exit\n";

enum { OPTION_SESSION = 256, OPTION_SYSTEM, OPTION_STATE_DIR, OPTION_RUNTIME_DIR, OPTION_LOG_DIR };

static const char short_options[] = "+:f:ldp:t:vVh";
static const struct option long_options[] = {
    { "config", required_argument, NULL, 'f' },
    { "session", no_argument, NULL, OPTION_SESSION },
    { "system", no_argument, NULL, OPTION_SYSTEM },
    { "state-dir", required_argument, NULL, OPTION_STATE_DIR },
    { "runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR },
    { "log-dir", required_argument, NULL, OPTION_LOG_DIR },
    { "listen", no_argument, NULL, 'l' },
    { "daemon", no_argument, NULL, 'd' },
    { "pid-file", required_argument, NULL, 'p' },
    { "timeout", required_argument, NULL, 't' },
    { "verbose", no_argument, NULL, 'v' },
    { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* The daemon may change its directory later, so relative paths end here. */
static int set_path(char **path, const char *value, struct verror *err)
{
    _cleanup_free_ char *cwd = NULL;

    if (!*value)
        return verror_set(err, VIR_ERR_INVALID_ARG, "an empty path");
    free(*path);
    *path = NULL;
    if (*value == '/') {
        *path = xstrdup(value);
        return 0;
    }
    cwd = getcwd(NULL, 0);
    if (!cwd)
        return verror_errno(err, errno, "cannot tell the current directory");
    *path = xasprintf("%s/%s", cwd, value);
    return 0;
}

static int set_timeout(struct options *options, const char *value, struct verror *err)
{
    static const unsigned long max = 365ul * 24 * 3600;
    unsigned long seconds;
    char *end;

    errno = 0;
    seconds = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || errno || seconds > max)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "'%s' is no time-out: a number of seconds up to %lu (0 = never)", value,
                          max);
    options->timeout = (unsigned int)seconds;
    return 0;
}

/* Which of --session and --system has been given. */
struct instance {
    bool session, system;
};

static int set_option(struct options *options, struct instance *instance, int option,
                      struct verror *err)
{
    switch (option) {
    case 'f':
        options->config_given = true;
        return set_path(&options->config_path, optarg, err);
    case OPTION_SESSION:
        instance->session = true;
        return 0;
    case OPTION_SYSTEM:
        instance->system = true;
        return 0;
    case OPTION_STATE_DIR:
        return set_path(&options->state_dir, optarg, err);
    case OPTION_RUNTIME_DIR:
        return set_path(&options->runtime_dir, optarg, err);
    case OPTION_LOG_DIR:
        return set_path(&options->log_dir, optarg, err);
    case 'l':
        options->listen = true;
        return 0;
    case 'd':
        options->background = true;
        return 0;
    case 'p':
        return set_path(&options->pid_file, optarg, err);
    case 't':
        return set_timeout(options, optarg, err);
    case 'v':
        options->verbose = true;
        return 0;
    case 'V':
        options->version = true;
        return 0;
    case 'h':
        options->help = true;
        return 0;
    default:
        abort(); /* not in the tables above */
    }
}

/* What getopt could not read; optopt is the short form of what it recognised, if any. */
static int refuse_option(int option, char **argv, struct verror *err)
{
    if (option == ':')
        return verror_set(err, VIR_ERR_INVALID_ARG, "option '%s' needs a value", argv[optind - 1]);
    if (!optopt)
        return verror_set(err, VIR_ERR_INVALID_ARG, "unknown option '%s'", argv[optind - 1]);
    if (optopt < OPTION_SESSION && !strchr(short_options, optopt))
        return verror_set(err, VIR_ERR_INVALID_ARG, "unknown option '-%c'", optopt);
    return verror_set(err, VIR_ERR_INVALID_ARG, "option '%s' takes no value", argv[optind - 1]);
}

/* --- default paths --- */

static char *home_dir(uid_t uid)
{
    const char *home = getenv("HOME");
    const struct passwd *entry;

    if (home && *home == '/')
        return xstrdup(home);
    entry = getpwuid(uid); /* no other thread yet */
    return entry && entry->pw_dir && *entry->pw_dir == '/' ? xstrdup(entry->pw_dir) : NULL;
}

/* The XDG rules: an absolute path in the variable, else below the home; NULL without one. */
static char *xdg_dir(uid_t uid, const char *variable, const char *below_home)
{
    const char *value = getenv(variable);
    _cleanup_free_ char *home = NULL;

    if (value && *value == '/')
        return xasprintf("%s/virtjobd", value);
    home = home_dir(uid);
    return home ? xasprintf("%s/%s/virtjobd", home, below_home) : NULL;
}

static char *xdg_runtime_dir(uid_t uid)
{
    const char *value = getenv("XDG_RUNTIME_DIR");
    _cleanup_free_ char *dir = NULL;
    struct stat st;

    if (value && *value == '/')
        return xasprintf("%s/virtjobd", value);
    dir = xasprintf("/run/user/%u", (unsigned int)uid);
    if (lstat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != uid)
        return NULL;
    return xasprintf("%s/virtjobd", dir);
}

static void default_system_paths(struct options *options)
{
    if (!options->config_path)
        options->config_path = xstrdup(SYSCONFDIR "/virtjobd/virtjobd.conf");
    if (!options->state_dir)
        options->state_dir = xstrdup(LOCALSTATEDIR "/lib/virtjobd");
    if (!options->runtime_dir)
        options->runtime_dir = xstrdup("/run/virtjobd"); /* where clients look */
    if (!options->log_dir)
        options->log_dir = xstrdup(LOCALSTATEDIR "/log/virtjobd");
}

static int default_session_paths(struct options *options, uid_t uid, struct verror *err)
{
    if (!options->config_path) {
        _cleanup_free_ char *dir = xdg_dir(uid, "XDG_CONFIG_HOME", ".config");

        options->config_path = dir ? xasprintf("%s/virtjobd.conf", dir) : NULL;
    }
    if (!options->state_dir)
        options->state_dir = xdg_dir(uid, "XDG_STATE_HOME", ".local/state");
    if (!options->state_dir)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "no place for the state: neither XDG_STATE_HOME nor HOME is set; give "
                          "--state-dir");
    if (!options->runtime_dir)
        options->runtime_dir = xdg_runtime_dir(uid);
    if (!options->runtime_dir)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "no place for the sockets: XDG_RUNTIME_DIR is not set and /run/user/%u "
                          "is not ours; give --runtime-dir",
                          (unsigned int)uid);
    if (!options->log_dir)
        options->log_dir = xasprintf("%s/log", options->state_dir);
    return 0;
}

static int fill_paths(struct options *options, uid_t uid, struct verror *err)
{
    if (!options->session)
        default_system_paths(options);
    else if (default_session_paths(options, uid, err) < 0)
        return -1;
    if (!options->pid_file)
        options->pid_file = xasprintf("%s/virtjobd.pid", options->runtime_dir);
    return 0;
}

int options_parse(struct options *options, int argc, char **argv, uid_t uid, struct verror *err)
{
    struct instance instance = { false, false };
    int option;

    *options = (struct options){ 0 };
    optind = 0; /* GNU: starts over */
    while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        if (option == '?' || option == ':')
            return refuse_option(option, argv, err);
        if (set_option(options, &instance, option, err) < 0)
            return -1;
    }
    if (optind < argc)
        return verror_set(err, VIR_ERR_INVALID_ARG, "unexpected argument '%s'", argv[optind]);
    if (instance.session && instance.system)
        return verror_set(err, VIR_ERR_INVALID_ARG, "--session and --system exclude each other");
    options->session = instance.session || (!instance.system && uid != 0);
    if (options->help || options->version)
        return 0;
    return fill_paths(options, uid, err);
}

void options_clear(struct options *options)
{
    free(options->config_path);
    free(options->state_dir);
    free(options->runtime_dir);
    free(options->log_dir);
    free(options->pid_file);
    *options = (struct options){ 0 };
}
