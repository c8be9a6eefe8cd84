/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command lines for qemu-img, and its progress.  Worker threads, no state.
 *
 * Volumes are written through inherited descriptors, so that nobody who may
 * write to the pool's directory can put a symlink in their place.  Names are absolute paths: one
 * that starts with '/' is never taken for an option, a protocol ("nbd:…") or json, and as an
 * argument of its own it may hold commas.  Sources are opened with -U, as one that a guest is using
 * may be cloned.  The target is written past the page cache where the file system allows: as fast,
 * and what was reported as done is on disk, so neither the last sync nor the end of a killed
 * qemu-img takes long.
 */

#include "storage/qemu_img.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/child.h"
#include "util/alloc.h"

enum {
    ARGS_MAX = 32,
    INFO_MAX = 1024 * 1024, /* of "qemu-img info"; more is refused */
};

/* An argv that owns its texts. */
struct args {
    char *argv[ARGS_MAX + 1];
    size_t count;
};

static void args_add_new(struct args *args, char *text)
{
    if (args->count == ARGS_MAX)
        abort(); /* the command lines below are of fixed length */
    args->argv[args->count++] = text;
}

static void args_add(struct args *args, const char *text)
{
    args_add_new(args, xstrdup(text));
}

static void args_add2(struct args *args, const char *option, const char *value)
{
    args_add(args, option);
    args_add(args, value);
}

static void args_clear(struct args *args)
{
    while (args->count)
        free(args->argv[--args->count]);
}

#define _cleanup_args_ _cleanup_(args_clear)

static int check_path(const char *path, struct verror *err)
{
    if (*path != '/')
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "'%s' is not an absolute path", path);
    return 0;
}

/* qemu-img's own names of formats; NULL where it has none. */
static const char *const format_names[VOL_FORMAT_MAX] = {
    [VOL_FORMAT_RAW] = "raw",   [VOL_FORMAT_QCOW2] = "qcow2", [VOL_FORMAT_QCOW] = "qcow",
    [VOL_FORMAT_QED] = "qed",   [VOL_FORMAT_VMDK] = "vmdk",   [VOL_FORMAT_VDI] = "vdi",
    [VOL_FORMAT_VPC] = "vpc",   [VOL_FORMAT_VHDX] = "vhdx",   [VOL_FORMAT_LUKS] = "luks",
    [VOL_FORMAT_ISO] = "raw",
};

static const char *format_name(int format, struct verror *err)
{
    const char *name = format >= 0 && format < VOL_FORMAT_MAX ? format_names[format] : NULL;

    if (!name)
        (void)verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED, "qemu-img has no such format");
    return name;
}

/* Options of the new image, for create and convert. */

static void add_option(struct args *args, char *text)
{
    args_add(args, "-o");
    args_add_new(args, text);
}

static const char *preallocation(const struct qemu_img_target *target)
{
    if (target->preallocate_full)
        return "falloc"; /* real blocks, without the time to write zeros to them */
    return target->preallocate_metadata ? "metadata" : NULL;
}

static void add_qcow2_options(struct args *args, const struct qemu_img_target *target)
{
    if (target->compat)
        add_option(args, xasprintf("compat=%s", target->compat));
    if (target->lazy_refcounts)
        add_option(args, xstrdup("lazy_refcounts=on"));
    if (target->extended_l2)
        add_option(args, xstrdup("extended_l2=on"));
    if (target->cluster_size)
        add_option(args, xasprintf("cluster_size=%" PRIu64, target->cluster_size));
}

/* compat comes from a client and goes into an option text: only what is known does. */
static int add_target_options(struct args *args, const struct qemu_img_target *target,
                              struct verror *err)
{
    bool qcow2 = target->format == VOL_FORMAT_QCOW2, raw = target->format == VOL_FORMAT_RAW;
    const char *mode = preallocation(target);

    if (target->compat && strcmp(target->compat, "0.10") != 0 && strcmp(target->compat, "1.1") != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "unknown qcow2 compat level '%s'",
                          target->compat);
    if (qcow2)
        add_qcow2_options(args, target);
    if (mode && (qcow2 || (raw && target->preallocate_full)))
        add_option(args, xasprintf("preallocation=%s", mode));
    if (target->nocow && (qcow2 || raw))
        add_option(args, xstrdup("nocow=on"));
    return 0;
}

static int add_backing(struct args *args, const char *option, const struct qemu_img_target *target,
                       struct verror *err)
{
    const char *name;

    if (!target->backing_path)
        return 0;
    name = format_name(target->backing_format, err); /* never probed: a guest may have written it */
    if (!name || check_path(target->backing_path, err) < 0)
        return -1;
    args_add2(args, option, target->backing_path);
    args_add2(args, "-F", name);
    return 0;
}

static int run(const struct args *args, void (*line)(void *, char *), void *opaque,
               struct job_ctl *ctl, struct verror *err)
{
    struct child_spec spec = {
        .argv = (const char *const *)args->argv, .line = line, .opaque = opaque
    };

    return child_run(&spec, ctl, err);
}

/* The name that is opened: path, or that of the inherited descriptor. */
struct open_name {
    char text[32];
};

static const char *name_to_open(const char *path, int fd, struct open_name *name)
{
    if (fd <= 0)
        return path;
    (void)snprintf(name->text, sizeof(name->text), "/proc/self/fd/%d", fd);
    return name->text;
}

/* Every from becomes to. */
static void replace_text(char **text, const char *from, const char *to)
{
    char *at;

    while (*text && (at = strstr(*text, from))) {
        char *replaced = xasprintf("%.*s%s%s", (int)(at - *text), *text, to, at + strlen(from));

        free(*text);
        *text = replaced;
    }
}

/* It has only words for its reasons; that the disk is full, callers may want to tell apart. */
static void find_errno(struct verror *err)
{
    if (err->code == VIR_ERR_OPERATION_FAILED && strstr(err->message, strerror(ENOSPC))) {
        err->code = VIR_ERR_SYSTEM_ERROR;
        err->sys_errno = ENOSPC;
    }
}

/* With fd inherited; errors say path. */
static int run_on(const struct args *args, const char *path, int fd,
                  void (*line)(void *, char *), void *opaque, struct job_ctl *ctl,
                  struct verror *err)
{
    struct child_spec spec = { .argv = (const char *const *)args->argv,
                               .keep_fds = &fd,
                               .nkeep_fds = fd > 0,
                               .line = line,
                               .opaque = opaque,
                               .paced = true };
    struct open_name name;
    int r = child_run(&spec, ctl, err);

    if (r < 0 && err && err->message)
        find_errno(err);
    if (r < 0 && fd > 0 && err) {
        replace_text(&err->message, name_to_open(path, fd, &name), path);
        replace_text(&err->output, name_to_open(path, fd, &name), path);
    }
    return r;
}

int qemu_img_create(const struct qemu_img_target *target, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };
    const char *format = format_name(target->format, err);
    struct open_name name;

    if (!format || check_path(target->path, err) < 0)
        return -1;
    args_add2(&args, "qemu-img", "create");
    args_add(&args, "-q");
    args_add2(&args, "-f", format);
    if (target->backing_in_use)
        args_add(&args, "-u");
    if (add_backing(&args, "-b", target, err) < 0 || add_target_options(&args, target, err) < 0)
        return -1;
    args_add(&args, name_to_open(target->path, target->fd, &name));
    args_add_new(&args, xasprintf("%" PRIu64, target->capacity));
    return run_on(&args, target->path, target->fd, NULL, NULL, ctl, err);
}

/* What an image is, by "qemu-img info". */

struct info_text {
    char *text;
    size_t length;
};

static void info_line(void *opaque, char *line)
{
    struct info_text *info = opaque;
    size_t length = strlen(line);

    if (info->length + length > INFO_MAX)
        return; /* the JSON will be found incomplete */
    info->text = xrealloc(info->text, info->length + length + 1, 1);
    memcpy(info->text + info->length, line, length + 1);
    info->length += length;
}

json_t *qemu_img_info(const char *path, const char *format, struct job_ctl *ctl,
                      struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };
    struct info_text info = { 0 };
    json_t *root = NULL;
    int r;

    if (check_path(path, err) < 0)
        return NULL;
    args_add2(&args, "qemu-img", "info");
    args_add(&args, "-U");
    args_add2(&args, "-f", format);
    args_add2(&args, "--output", "json");
    args_add(&args, path);
    r = run(&args, info_line, &info, ctl, err);
    if (r == 0 && !(root = info.text ? json_loads(info.text, 0, NULL) : NULL))
        verror_set(err, VIR_ERR_OPERATION_FAILED, "qemu-img does not tell what '%s' is", path);
    free(info.text);
    return root;
}

static int take_size(const json_t *root, const char *path, uint64_t *ret_size, struct verror *err)
{
    json_t *size = json_object_get(root, "virtual-size");

    if (!json_is_integer(size) || json_integer_value(size) < 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "qemu-img tells no size of '%s'", path);
    *ret_size = (uint64_t)json_integer_value(size);
    return 0;
}

int qemu_img_virtual_size(const char *path, const char *format, struct job_ctl *ctl,
                          uint64_t *ret_size, struct verror *err)
{
    json_t *root = qemu_img_info(path, format, ctl, err);
    int r = root ? take_size(root, path, ret_size, err) : -1;

    json_decref(root);
    return r;
}

/* Dirty bitmaps inside an image. */

int qemu_img_bitmap_add(const char *path, int fd, const char *name, uint64_t granularity,
                        struct job_ctl *ctl, struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };
    struct open_name opened;

    if (check_path(path, err) < 0)
        return -1;
    args_add2(&args, "qemu-img", "bitmap");
    args_add2(&args, "-f", "qcow2");
    args_add(&args, "--add");
    args_add(&args, "-g");
    args_add_new(&args, xasprintf("%" PRIu64, granularity));
    args_add(&args, "--");
    args_add2(&args, name_to_open(path, fd, &opened), name);
    return run_on(&args, path, fd, NULL, NULL, ctl, err);
}

static bool has_flag(const json_t *bitmap, const char *name)
{
    json_t *flag;
    size_t i;

    json_array_foreach(json_object_get(bitmap, "flags"), i, flag)
    {
        if (json_string_value(flag) && strcmp(json_string_value(flag), name) == 0)
            return true;
    }
    return false;
}

/* One that is "in use" was not written back: it says nothing any more. */
static json_t *take_bitmaps(const json_t *root)
{
    json_t *format = json_object_get(root, "format-specific"), *found = json_array(), *bitmap;
    json_t *list = json_object_get(json_object_get(format, "data"), "bitmaps");
    size_t i;

    json_array_foreach(list, i, bitmap)
    {
        if (has_flag(bitmap, "auto") && !has_flag(bitmap, "in-use"))
            json_array_append(found, bitmap);
    }
    return found;
}

int qemu_img_bitmaps(const char *path, const char *format, struct job_ctl *ctl,
                     uint64_t *ret_size, json_t **ret_bitmaps, struct verror *err)
{
    json_t *root = qemu_img_info(path, format, ctl, err);
    int r = root ? take_size(root, path, ret_size, err) : -1;

    if (r == 0)
        *ret_bitmaps = take_bitmaps(root);
    json_decref(root);
    return r;
}

/* Snapshots and bitmaps inside an image. */

/* Where "qemu-img info" has the two. */
static json_t *snapshots_of(const json_t *root)
{
    return json_object_get(root, "snapshots");
}

static json_t *bitmaps_of(const json_t *root)
{
    json_t *data = json_object_get(json_object_get(root, "format-specific"), "data");

    return json_object_get(data, "bitmaps");
}

static int has_named(const char *path, json_t *(*list_of)(const json_t *root), const char *name,
                     struct job_ctl *ctl, struct verror *err)
{
    json_t *root = qemu_img_info(path, "qcow2", ctl, err), *item;
    int found = 0;
    size_t i;

    if (!root)
        return -1;
    json_array_foreach(list_of(root), i, item)
    {
        const char *other = json_string_value(json_object_get(item, "name"));

        found |= other && (!name || strcmp(other, name) == 0);
    }
    json_decref(root);
    return found;
}

int qemu_img_has_snapshot(const char *path, const char *name, struct job_ctl *ctl,
                          struct verror *err)
{
    return has_named(path, snapshots_of, name, ctl, err);
}

int qemu_img_has_bitmap(const char *path, const char *name, struct job_ctl *ctl,
                        struct verror *err)
{
    return has_named(path, bitmaps_of, name, ctl, err);
}

/* The image as options, which say what it is: nothing is probed. */
static char *qcow2_options(const char *path, bool is_block)
{
    char *escaped = xmalloc(2 * strlen(path) + 1), *out = escaped, *options;

    do {
        if (*path == ',')
            *out++ = ',';
        *out++ = *path;
    } while (*path++);
    options = xasprintf("driver=qcow2,file.driver=%s,file.filename=%s",
                        is_block ? "host_device" : "file", escaped);
    free(escaped);
    return options;
}

int qemu_img_snapshot(const char *path, bool is_block, enum qemu_img_verb verb, const char *name,
                      struct job_ctl *ctl, struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };

    if (check_path(path, err) < 0)
        return -1;
    args_add2(&args, "qemu-img", "snapshot");
    args_add2(&args, "-q", "--image-opts");
    args_add_new(&args, xasprintf("-%c", verb));
    args_add(&args, name);
    args_add_new(&args, qcow2_options(path, is_block));
    return run_on(&args, path, -1, NULL, NULL, ctl, err);
}

int qemu_img_bitmap_remove(const char *path, bool is_block, const char *name, int lock,
                           struct job_ctl *ctl, struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };
    struct child_spec spec = { .keep_fds = &lock, .nkeep_fds = 1, .outlives = true };

    if (check_path(path, err) < 0)
        return -1;
    args_add2(&args, "qemu-img", "bitmap");
    args_add2(&args, "--remove", "--image-opts");
    args_add(&args, "--");
    args_add_new(&args, qcow2_options(path, is_block));
    args_add(&args, name);
    spec.argv = (const char *const *)args.argv;
    return child_run(&spec, ctl, err);
}

/* Convert. */

struct progress {
    struct job_ctl *ctl;
    uint64_t total, done; /* done only grows */
};

/* "    (12.34/100%)" */
static void progress_line(void *opaque, char *line)
{
    struct progress *progress = opaque;
    double percent;
    uint64_t done;

    if (sscanf(line, " (%lf/100%%)", &percent) != 1 || !(percent >= 0) || percent > 100)
        return;
    done = (uint64_t)((double)progress->total * percent / 100);
    if (done > progress->total)
        done = progress->total;
    if (done > progress->done) {
        progress->done = done;
        job_ctl_set_done(progress->ctl, done);
    }
}

/* Without a backing file's share, which only a walk of its tables would tell. */
static uint64_t allocated_bytes(const char *path)
{
    struct stat st;

    return stat(path, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}

/* tmpfs and some network file systems cannot write past the cache. */
static const char *target_cache(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);

    return fd >= 0 ? "none" : "writeback";
}

static int convert(const char *source, const char *source_format,
                   const struct qemu_img_target *target, const char *format, struct job_ctl *ctl,
                   struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };
    struct progress progress = { .ctl = ctl, .total = allocated_bytes(source) };
    struct open_name name;
    const char *opened = name_to_open(target->path, target->fd, &name);

    args_add2(&args, "qemu-img", "convert");
    args_add2(&args, "-p", "-U");
    args_add2(&args, "-t", target_cache(opened));
    args_add2(&args, "-f", source_format);
    args_add2(&args, "-O", format);
    if (add_backing(&args, "-B", target, err) < 0 || add_target_options(&args, target, err) < 0)
        return -1;
    args_add2(&args, source, opened);
    job_ctl_set_total(ctl, progress.total);
    job_ctl_set_done(ctl, 0);
    if (run_on(&args, target->path, target->fd, progress_line, &progress, ctl, err) < 0)
        return -1;
    job_ctl_set_done(ctl, progress.total);
    return 0;
}

int qemu_img_convert(const char *source, enum vol_format source_format,
                     const struct qemu_img_target *target, struct job_ctl *ctl,
                     struct verror *err)
{
    const char *from = format_name(source_format, err), *to = format_name(target->format, err);
    uint64_t size;

    if (!from || !to || check_path(source, err) < 0 || check_path(target->path, err) < 0)
        return -1;
    if (qemu_img_virtual_size(source, from, ctl, &size, err) < 0 ||
        convert(source, from, target, to, ctl, err) < 0)
        return -1;
    if (target->capacity <= size)
        return 0;
    return qemu_img_resize(target->path, target->fd, target->format, target->capacity, false,
                           target->preallocate_full, ctl, err);
}

/* Commit and relink. */

int qemu_img_commit(const char *path, const char *format, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };
    struct progress progress = { .ctl = ctl, .total = allocated_bytes(path) };

    if (check_path(path, err) < 0)
        return -1;
    args_add2(&args, "qemu-img", "commit");
    args_add2(&args, "-p", "-d");
    args_add2(&args, "-f", format);
    args_add(&args, path);
    job_ctl_set_total(ctl, progress.total);
    job_ctl_set_done(ctl, 0);
    if (run_on(&args, path, -1, progress_line, &progress, ctl, err) < 0)
        return -1;
    job_ctl_set_done(ctl, progress.total);
    return 0;
}

int qemu_img_relink(const char *path, const char *base, const char *base_format,
                    struct job_ctl *ctl, struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };

    if (check_path(path, err) < 0 || check_path(base, err) < 0)
        return -1;
    args_add2(&args, "qemu-img", "rebase");
    args_add2(&args, "-q", "-u");
    args_add2(&args, "-f", "qcow2");
    args_add2(&args, "-b", base);
    args_add2(&args, "-F", base_format);
    args_add(&args, path);
    return run_on(&args, path, -1, NULL, NULL, ctl, err);
}

int qemu_img_resize(const char *path, int fd, enum vol_format format, uint64_t capacity,
                    bool shrink, bool allocate, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_args_ struct args args = { 0 };
    const char *name = format_name(format, err);
    struct open_name opened;

    if (!name || check_path(path, err) < 0)
        return -1;
    args_add2(&args, "qemu-img", "resize");
    args_add(&args, "-q");
    args_add2(&args, "-f", name);
    if (shrink)
        args_add(&args, "--shrink");
    if (allocate)
        args_add2(&args, "--preallocation", "falloc");
    args_add(&args, name_to_open(path, fd, &opened));
    args_add_new(&args, xasprintf("%" PRIu64, capacity));
    return run_on(&args, path, fd, NULL, NULL, ctl, err);
}
