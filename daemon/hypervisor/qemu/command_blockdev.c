/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The block nodes of a disk: for its image, and for each one below as the live XML's <backingStore>
 * says, a node for the file and one for the format, named after their index as libvirt names
 * them.  QEMU never opens a backing file of its own accord.  Nodes lock their images (QEMU's
 * default).  Worker.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "hypervisor/qemu/command_internal.h"
#include "hypervisor/qemu/disk_chain.h"
#include "xml/xml_read.h"
#include "xml/xml_tree.h"

struct cache_mode {
    const char *name;
    bool direct, no_flush;
    const char *write_cache;
};

static const struct cache_mode cache_modes[] = {
    { "none", true, false, "on" },
    { "writethrough", false, false, "off" },
    { "writeback", false, false, "on" },
    { "directsync", true, false, "off" },
    { "unsafe", false, true, "on" },
};

static const struct name_map formats[] = {
    { NULL, "raw" },
    { "raw", "raw" },
    { "qcow2", "qcow2" },
};

/* What the whole chain of a disk has in common. */
struct chain {
    xmlNodePtr disk;
    const struct cache_mode *cache; /* NULL: QEMU's default */
    const char *aio;
    bool readonly; /* the topmost one */
};

/* One image of it. */
struct image {
    const char *type, *path, *format, *index;
    const struct fd_group *group; /* it is given to QEMU by these, under path; or NULL */
    bool readonly;
};

/* *ret_mode NULL: the default one. */
static int find_cache(struct builder *b, xmlNodePtr disk, const struct cache_mode **ret_mode)
{
    const char *name = node_attr(b, disk, "driver", "cache");

    *ret_mode = NULL;
    if (!name || strcmp(name, "default") == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(cache_modes); i++)
        if (strcmp(cache_modes[i].name, name) == 0)
            *ret_mode = &cache_modes[i];
    return *ret_mode ? 0 : refuse(b, disk, "cache mode '%s'", xml_quotable(name));
}

int disk_write_cache(struct builder *b, xmlNodePtr disk, const char **ret_write_cache)
{
    const struct cache_mode *mode;

    if (find_cache(b, disk, &mode) < 0)
        return -1;
    *ret_write_cache = mode ? mode->write_cache : NULL;
    return 0;
}

/* A <disk type='volume'>: where the loop has found it to be. */
static int find_volume(struct builder *b, xmlNodePtr disk, struct image *image)
{
    const char *pool = node_attr(b, disk, "source", "pool");
    const char *volume = node_attr(b, disk, "source", "volume");

    for (size_t i = 0; pool && volume && i < b->host->nvolumes; i++) {
        const struct volume_path *found = &b->host->volumes[i];

        if (strcmp(found->pool, pool) != 0 || strcmp(found->volume, volume) != 0)
            continue;
        image->type = "file";
        image->path = found->path;
        image->format = image->format ? image->format : found->format;
        return 0;
    }
    return verror_set(b->err, VIR_ERR_NO_STORAGE_VOL, "%s: volume '%s' of pool '%s'",
                      node_describe(b, disk), volume ? xml_quotable(volume) : "",
                      pool ? xml_quotable(pool) : "");
}

/* --- images that come by descriptor --- */

static const char *index_of(struct builder *b, xmlNodePtr node)
{
    return xml_is_element(node, "disk") ? node_attr(b, node, "source", "index")
                                        : node_attr(b, node, NULL, "index");
}

/* How many there are of a lower index than that; NULL: of any. */
static unsigned int count_passed(struct builder *b, const char *index)
{
    unsigned long limit = index ? strtoul(index, NULL, 10) : ULONG_MAX;
    unsigned int n = 0;

    for (xmlNodePtr disk = xml_first(b->devices, "disk"); disk; disk = xml_next(disk, "disk"))
        for (xmlNodePtr node = disk; node; node = xml_child(node, "backingStore")) {
            const char *own = index_of(b, node);

            if (own && node_attr(b, node, "source", "fdgroup") && strtoul(own, NULL, 10) < limit)
                n++;
        }
    return n;
}

unsigned int command_passed_images(struct builder *b)
{
    return count_passed(b, NULL);
}

/* A set for each, numbered as libvirt does. */
static int pass_image(struct builder *b, struct image *image)
{
    unsigned int set = count_passed(b, image->index);

    for (size_t i = 0; i < image->group->nfds; i++) {
        int fd = fcntl(image->group->fds[i], F_DUPFD_CLOEXEC, 0);

        if (fd < 0)
            return verror_errno(b->err, errno, "cannot pass '%s' to QEMU", image->path);
        cmd_arg(b, "-add-fd");
        cmd_argf(b, "set=%u,fd=%d,opaque=libvirt-%s-storage%zu", set, cmd_fd(b, fd), image->index,
                 i);
    }
    image->path = cmd_keepf(b, "/dev/fdset/%u", set);
    return 0;
}

/* node: the <disk> or a <backingStore>. */
static int read_image(struct builder *b, const struct chain *chain, xmlNodePtr node,
                      struct image *image)
{
    bool is_top = node == chain->disk;

    *image = (struct image){ 0 };
    image->type = node_attr(b, node, NULL, "type");
    image->format = is_top ? node_attr(b, node, "driver", "type")
                           : node_attr(b, node, "format", "type");
    image->index = index_of(b, node);
    image->readonly = !is_top || chain->readonly;
    if (image->type && strcmp(image->type, "volume") == 0) {
        if (find_volume(b, node, image) < 0)
            return -1;
    } else if (image->type && strcmp(image->type, "file") == 0) {
        image->path = node_attr(b, node, "source", "file");
    } else if (image->type && strcmp(image->type, "block") == 0) {
        image->path = node_attr(b, node, "source", "dev");
    } else {
        return refuse(b, chain->disk, "a source of type '%s'",
                      image->type ? xml_quotable(image->type) : "");
    }
    if (image->path && (!image->index || image->index[strspn(image->index, "0123456789")]))
        return verror_set(b->err, VIR_ERR_XML_ERROR, "%s: the source '%s' has no index",
                          node_describe(b, chain->disk), image->path);
    if (!image->path || !node_attr(b, node, "source", "fdgroup"))
        return 0;
    image->group = fd_group_find(b->host->fd_groups, node_attr(b, node, "source", "fdgroup"),
                                 b->err);
    return image->group ? pass_image(b, image) : -1;
}

static void props_cache(json_t *props, const struct cache_mode *mode)
{
    json_t *cache;

    if (!mode)
        return;
    cache = json_object();
    props_bool(cache, "direct", mode->direct);
    props_bool(cache, "no-flush", mode->no_flush);
    props_object(props, "cache", cache);
}

/* The protocol driver.  A tray that can open and close is one of a real drive. */
static const char *storage_driver(struct builder *b, const struct chain *chain,
                                  const struct image *image)
{
    struct stat st;

    if (image->group)
        return fd_group_is_block(image->group) ? "host_device" : "file";
    if (strcmp(image->type, "block") != 0)
        return "file";
    if (node_attr_is(b, chain->disk, NULL, "device", "cdrom") && stat(image->path, &st) == 0 &&
        S_ISBLK(st.st_mode) && major(st.st_rdev) == SCSI_CDROM_MAJOR)
        return "host_cdrom";
    return "host_device";
}

static void add_storage(struct builder *b, const struct chain *chain, const struct image *image)
{
    json_t *props = props_new("driver", storage_driver(b, chain, image));

    props_string(props, "filename", image->path);
    props_string(props, "aio", chain->aio);
    props_string(props, "node-name", cmd_keepf(b, "libvirt-%s-storage", image->index));
    props_cache(props, chain->cache);
    /* by a descriptor it can only be opened as that one is open */
    if (image->group && !fd_group_has_both(image->group))
        props_bool(props, "read-only", image->readonly);
    else
        props_bool(props, "auto-read-only", true);
    props_string(props, "discard", "unmap");
    cmd_arg_json(b, "-blockdev", props);
}

/* discard and detect-zeroes of the topmost node: writing zeroes may only become a hole where holes
   may be made. */
static int props_zeroes(struct builder *b, const struct chain *chain, json_t *props)
{
    static const struct name_map discards[] = { { "unmap", "unmap" }, { "ignore", "ignore" } };
    static const struct name_map detects[] = { { "on", "on" }, { "off", "off" },
                                               { "unmap", "unmap" } };
    const char *discard = node_attr(b, chain->disk, "driver", "discard");
    const char *detect = node_attr(b, chain->disk, "driver", "detect_zeroes");

    if (discard && !map_find(discards, ARRAY_SIZE(discards), discard))
        return refuse(b, chain->disk, "discard '%s'", xml_quotable(discard));
    if (detect && !map_find(detects, ARRAY_SIZE(detects), detect))
        return refuse(b, chain->disk, "detect_zeroes '%s'", xml_quotable(detect));
    props_string(props, "discard", discard);
    if (detect && strcmp(detect, "unmap") == 0 && !(discard && strcmp(discard, "unmap") == 0))
        detect = "on";
    props_string(props, "detect-zeroes", detect);
    return 0;
}

/* below: the format node below, NULL = the chain ends here or (is_end false) nobody knows. */
static int add_format(struct builder *b, const struct chain *chain, xmlNodePtr node,
                      const struct image *image, const char *below, const char **ret_node)
{
    const struct name_map *format = map_find(formats, ARRAY_SIZE(formats), image->format);
    bool is_top = node == chain->disk;
    json_t *props;

    if (!format)
        return refuse(b, chain->disk, "image format '%s'", xml_quotable(image->format));
    *ret_node = cmd_keepf(b, "libvirt-%s-format", image->index);
    props = props_new("node-name", *ret_node);
    props_bool(props, "read-only", image->readonly);
    if (is_top && props_zeroes(b, chain, props) < 0) {
        json_decref(props);
        return -1;
    }
    props_cache(props, chain->cache);
    props_string(props, "driver", format->value);
    props_string(props, "file", cmd_keepf(b, "libvirt-%s-storage", image->index));
    if (below)
        props_string(props, "backing", below);
    else if (xml_child(node, "backingStore") && strcmp(format->value, "raw") != 0)
        props_object(props, "backing", json_null());
    cmd_arg_json(b, "-blockdev", props);
    return 0;
}

/* The lowest image first: a node can only be built on one that is there. */
static int add_chain(struct builder *b, const struct chain *chain, const char **ret_node)
{
    struct image images[DISK_CHAIN_MAX];
    xmlNodePtr nodes[DISK_CHAIN_MAX];
    size_t n = 0;

    *ret_node = NULL;
    for (xmlNodePtr node = chain->disk; node; node = xml_child(node, "backingStore")) {
        if (node != chain->disk && !node_attr(b, node, NULL, "type"))
            break; /* <backingStore/>: the end */
        if (n == ARRAY_SIZE(nodes))
            return refuse(b, chain->disk, "a chain of more than %d images", DISK_CHAIN_MAX);
        if (read_image(b, chain, node, &images[n]) < 0)
            return -1;
        if (!images[n].path && node == chain->disk)
            return 0; /* an empty drive */
        if (!images[n].path)
            return verror_set(b->err, VIR_ERR_XML_ERROR, "%s: a backing store has no source",
                              node_describe(b, chain->disk));
        nodes[n++] = node;
    }
    while (n-- > 0) {
        add_storage(b, chain, &images[n]);
        if (add_format(b, chain, nodes[n], &images[n], *ret_node, ret_node) < 0)
            return -1;
    }
    return 0;
}

int command_blockdev(struct builder *b, xmlNodePtr disk, bool readonly, const char **ret_node)
{
    static const struct name_map ios[] = {
        { NULL, NULL },
        { "native", "native" },
        { "threads", "threads" },
        { "io_uring", "io_uring" },
    };
    const char *io_name = node_attr(b, disk, "driver", "io");
    const struct name_map *io = map_find(ios, ARRAY_SIZE(ios), io_name);
    struct chain chain = { .disk = disk, .readonly = readonly };

    if (!io)
        return refuse(b, disk, "io '%s'", xml_quotable(io_name));
    if (find_cache(b, disk, &chain.cache) < 0)
        return -1;
    if (io_name && strcmp(io_name, "native") == 0 && !(chain.cache && chain.cache->direct))
        return refuse(b, disk, "io 'native' needs cache 'none' or 'directsync'");
    chain.aio = io->value;
    return add_chain(b, &chain, ret_node);
}
