/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtjob-pki-validate: looks at the certificates of a client or of a daemon and says what is
 * wrong with them, one line a check, with what to do about it.  Checks are protocol/pki.h's, which
 * library and daemon use, too; here are only the places and the permissions.
 */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/dname.h"
#include "protocol/macros.h"
#include "protocol/pki.h"

enum { EXIT_USAGE = 2 };

/* Where each file is, in the order in which a client or daemon looks. */
struct place {
    const char *ca, *crl, *cert, *key;
};

static const struct place server_places[] = {
    { SYSCONFDIR "/virtjobd/pki/cacert.pem", SYSCONFDIR "/virtjobd/pki/cacrl.pem",
      SYSCONFDIR "/virtjobd/pki/servercert.pem", SYSCONFDIR "/virtjobd/pki/serverkey.pem" },
    { "/etc/pki/CA/cacert.pem", "/etc/pki/CA/cacrl.pem", "/etc/pki/libvirt/servercert.pem",
      "/etc/pki/libvirt/private/serverkey.pem" },
};
static const struct place client_places[] = {
    { SYSCONFDIR "/virtjobd/pki/cacert.pem", SYSCONFDIR "/virtjobd/pki/cacrl.pem",
      SYSCONFDIR "/virtjobd/pki/clientcert.pem", SYSCONFDIR "/virtjobd/pki/clientkey.pem" },
    { "/etc/pki/CA/cacert.pem", "/etc/pki/CA/cacrl.pem", "/etc/pki/libvirt/clientcert.pem",
      "/etc/pki/libvirt/private/clientkey.pem" },
};

struct paths {
    char *ca, *crl, *cert, *key;
};

static unsigned int nfailed;

static void report(const char *what, bool good, const char *why)
{
    printf("%s: %s%s%s\n", good ? "PASS" : "FAIL", what, why && *why ? ": " : "", why ? why : "");
    if (!good)
        nfailed++;
}

static void report_pki(const char *what, int result, const struct pki_error *err)
{
    report(what, result == 0, result == 0 ? NULL : err->text);
}

static char *format(const char *dir, const char *role, const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s%s", dir, role, name) < 0)
        abort();
    return path;
}

static void paths_in(struct paths *paths, const char *dir, const char *role)
{
    paths->ca = format(dir, "", "cacert.pem");
    paths->crl = format(dir, "", "cacrl.pem");
    paths->cert = format(dir, role, "cert.pem");
    paths->key = format(dir, role, "key.pem");
}

static void paths_at(struct paths *paths, const struct place *place)
{
    paths->ca = strdup(place->ca);
    paths->crl = strdup(place->crl);
    paths->cert = strdup(place->cert);
    paths->key = strdup(place->key);
    if (!paths->ca || !paths->crl || !paths->cert || !paths->key)
        abort();
}

static void paths_done(struct paths *paths)
{
    free(paths->ca);
    free(paths->crl);
    free(paths->cert);
    free(paths->key);
}

/* As library and daemon choose: by the CA a client, by the certificate a daemon. */
static void find_paths(struct paths *paths, enum pki_role role)
{
    const struct place *places = role == PKI_SERVER ? server_places : client_places;
    const char *home = getenv("HOME");
    bool server = role == PKI_SERVER;

    if (!server && geteuid() != 0 && home) {
        _cleanup_free_ char *dir = format(home, "/.pki/", "libvirt");

        paths_in(paths, dir, "client");
        if (access(paths->ca, F_OK) == 0)
            return;
        paths_done(paths);
    }
    if (access(server ? places[0].cert : places[0].ca, F_OK) < 0 &&
        access(server ? places[1].cert : places[1].ca, F_OK) == 0)
        places++;
    paths_at(paths, places);
}

/* May who runs this, and nobody else, read the key? */
static void check_permissions(const char *key)
{
    struct stat st;
    char why[1024];

    if (stat(key, &st) < 0)
        return; /* told as a key that cannot be read */
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
        report("nobody else may read or write the key", true, NULL);
        return;
    }
    (void)snprintf(why, sizeof(why), "%s has mode %04o; try: chmod go= %s", key,
                   (unsigned int)st.st_mode & 07777, key);
    report("nobody else may read or write the key", false, why);
}

/* What is in it is no secret, and a daemon that is not root must be able to read it, too. */
static void check_directory(const char *path)
{
    _cleanup_free_ char *dir = strdup(path);
    char *slash = dir ? strrchr(dir, '/') : NULL;
    char why[1024];
    struct stat st;

    if (!slash)
        return;
    *slash = '\0';
    if (stat(*dir ? dir : "/", &st) < 0 || (st.st_mode & S_IWOTH) == 0)
        return;
    (void)snprintf(why, sizeof(why), "%s; try: chmod o-w %s", dir, dir);
    report("not everybody may replace the files", false, why);
}

/* False: there is none that could be looked at further. */
static bool print_name(const char *path)
{
    struct pki_error err;
    STACK_OF(X509) *list = pki_read_certificates(path, &err);
    _cleanup_free_ char *dname =
        list ? dname_text(X509_get_subject_name(sk_X509_value(list, 0))) : NULL;

    if (dname)
        printf("      its name is %s\n", dname);
    if (!list)
        return false;
    pki_free_certificates(list);
    return true;
}

static void check_own(const struct paths *paths, enum pki_role role)
{
    const char *who = role == PKI_SERVER ? "server" : "client";
    struct pki_error err;
    char what[128];

    (void)snprintf(what, sizeof(what), "the %s's certificate", who);
    report_pki(what, pki_check_certificate(paths->cert, role, &err), &err);
    if (!print_name(paths->cert))
        return;
    report_pki("its key", pki_check_key(paths->key, paths->cert, &err), &err);
    check_permissions(paths->key);
    if (access(paths->ca, R_OK) == 0)
        report_pki("it is signed by the CA", pki_check_signed(paths->cert, paths->ca, role, &err),
                   &err);
}

static void check(const struct paths *paths, enum pki_role role)
{
    struct pki_error err;

    report_pki("the CA's certificate", pki_check_ca(paths->ca, &err), &err);
    check_directory(paths->ca);
    if (role == PKI_CLIENT && access(paths->cert, F_OK) < 0 && access(paths->key, F_OK) < 0)
        printf("NOTE: no client's certificate (%s): a daemon that checks them will not let in "
               "who has none\n", paths->cert);
    else
        check_own(paths, role);
    if (access(paths->crl, F_OK) == 0)
        report_pki("the list of revoked certificates",
                   pki_check_crl(paths->crl, paths->ca, &err), &err);
    else
        printf("NOTE: no list of revoked certificates (%s): none is revoked\n", paths->crl);
}

/* --- the command line --- */

/* In virtjob-pki-validate(1) word by word, which a test checks. */
static const char usage_text[] =
    "usage: virtjob-pki-validate [OPTION ...] [server|client]\n"
    "\n"
    "  -p, --pkipath DIR  all files are in DIR, as pkipath= has it\n"
    "      --ca FILE      the CA's certificate\n"
    "      --cert FILE    the server's or client's\n"
    "      --key FILE     its key\n"
    "      --crl FILE     the CA's list of revoked certificates\n"
    "  -V, --version      print the version and exit\n"
    "  -h, --help         print this and exit\n";

enum { OPTION_CA = 256, OPTION_CERT, OPTION_KEY, OPTION_CRL };

struct options {
    const char *pkipath;
    const char *ca, *crl, *cert, *key;
    enum pki_role role;
    bool help, version;
};

static int take_option(struct options *options, int c)
{
    switch (c) {
    case 'p':
        options->pkipath = optarg;
        return 0;
    case OPTION_CA:
        options->ca = optarg;
        return 0;
    case OPTION_CERT:
        options->cert = optarg;
        return 0;
    case OPTION_KEY:
        options->key = optarg;
        return 0;
    case OPTION_CRL:
        options->crl = optarg;
        return 0;
    case 'V':
        options->version = true;
        return 0;
    case 'h':
        options->help = true;
        return 0;
    default:
        return -1; /* getopt has said why */
    }
}

static int parse(struct options *options, int argc, char **argv)
{
    static const struct option long_options[] = {
        { "pkipath", required_argument, NULL, 'p' },
        { "ca", required_argument, NULL, OPTION_CA },
        { "cert", required_argument, NULL, OPTION_CERT },
        { "key", required_argument, NULL, OPTION_KEY },
        { "crl", required_argument, NULL, OPTION_CRL },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "p:Vh", long_options, NULL)) != -1)
        if (take_option(options, c) < 0)
            return -1;
    options->role = PKI_SERVER;
    if (optind == argc)
        return 0;
    if (strcmp(argv[optind], "client") == 0)
        options->role = PKI_CLIENT;
    else if (strcmp(argv[optind], "server") != 0 || optind + 1 < argc)
        return -1;
    return optind + 1 == argc ? 0 : -1;
}

static void use(char **path, const char *given)
{
    if (!given)
        return;
    free(*path);
    *path = strdup(given);
    if (!*path)
        abort();
}

static int validate(const struct options *options)
{
    _cleanup_(paths_done) struct paths paths = { .ca = NULL };

    if (options->pkipath)
        paths_in(&paths, options->pkipath, options->role == PKI_SERVER ? "server" : "client");
    else
        find_paths(&paths, options->role);
    use(&paths.ca, options->ca);
    use(&paths.cert, options->cert);
    use(&paths.key, options->key);
    use(&paths.crl, options->crl);
    check(&paths, options->role);
    return nfailed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = { .pkipath = NULL };
    int status = EXIT_SUCCESS;

    if (parse(&options, argc, argv) < 0) {
        fputs(usage_text, stderr);
        return EXIT_USAGE;
    }
    if (options.help)
        fputs(usage_text, stdout);
    else if (options.version)
        puts("virtjob-pki-validate " VERSION);
    else
        status = validate(&options);
    return fflush(stdout) == 0 ? status : EXIT_FAILURE;
}
