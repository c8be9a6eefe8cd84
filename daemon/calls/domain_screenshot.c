/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest's screen shows: a worker has QEMU write it to a file in the
 * guest's directory and reads that, the loop streams it.  A picture is small,
 * so all of it is read before the call is answered.  Loop thread, but for work.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "calls/domain_call.h"
#include "calls/stream_call.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

enum {
    DUMP_MS = 10000,
    PICTURE_MAX = 64 * 1024 * 1024, /* 8 bytes for each pixel of a 4K screen */
    PIECE_MAX = 262120,
};

/* What QEMU may know, best first; NULL: what it does when it is not asked for one. */
static const struct picture_format {
    const char *name, *type;
} formats[] = {
    { "png", "image/png" },
    { NULL, "image/x-portable-pixmap" },
};

struct screenshot {
    struct stream *stream;
    struct pipe *pipe;
    bool ended; /* the end of the data has been sent */
};

/* --- the stream --- */

static void screenshot_free(struct screenshot *screenshot)
{
    stream_close(screenshot->stream);
    pipe_unref(screenshot->pipe);
    free(screenshot);
}

static void end_with(struct screenshot *screenshot, int code, const char *why)
{
    stream_end_because(STEAL_PTR(screenshot->stream), code, why, VIR_FROM_QEMU);
    screenshot_free(screenshot);
}

static void stream_data(void *opaque, const void *data, size_t len)
{
    (void)data;
    (void)len;
    end_with(opaque, VIR_ERR_OPERATION_INVALID, "the stream of a screenshot takes no data");
}

static void stream_hole(void *opaque, uint64_t len)
{
    stream_data(opaque, NULL, len);
}

static void stream_broken(void *opaque, const char *why)
{
    end_with(opaque, VIR_ERR_RPC, why);
}

static void stream_over(void *opaque)
{
    struct screenshot *screenshot = opaque;
    struct stream *stream = STEAL_PTR(screenshot->stream);

    stream_send_empty(stream, FRAME_OK);
    stream_close(stream);
    screenshot_free(screenshot);
}

static void stream_gone(void *opaque)
{
    struct screenshot *screenshot = opaque;

    if (screenshot->stream) /* else it is just being ended */
        screenshot_free(screenshot);
}

static void stream_writable(void *opaque)
{
    struct screenshot *screenshot = opaque;

    stream_send_pieces(screenshot->stream, screenshot->pipe);
    if (screenshot->ended || !pipe_is_empty(screenshot->pipe) ||
        !stream_has_room(screenshot->stream))
        return;
    screenshot->ended = true;
    stream_send_empty(screenshot->stream, FRAME_CONTINUE);
}

static const struct stream_ops stream_ops = {
    .data = stream_data,
    .hole = stream_hole,
    .finish = stream_over,
    .abort = stream_over,
    .broken = stream_broken,
    .gone = stream_gone,
    .writable = stream_writable,
};

/* --- the picture: worker --- */

struct screenshot_input {
    struct guest *guest;
    struct monitor *monitor;
    struct domain_def *def;
    unsigned int screen;
    char *path; /* of the file, for this call alone */
    const char *type; /* of the picture, once it is taken */
    struct pipe *pipe;
};

static void free_input(void *opaque)
{
    struct screenshot_input *input = opaque;

    pipe_unref(input->pipe);
    domain_def_unref(input->def);
    monitor_unref(input->monitor);
    guest_unref(input->guest);
    free(input->path);
    free(input);
}

/* Screens are counted over all video devices and their heads.  The alias, a new string. */
static char *find_screen(xmlDocPtr doc, unsigned int screen, unsigned int *ret_head)
{
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");

    for (xmlNodePtr video = xml_first(devices, "video"); video; video = xml_next(video, "video")) {
        xmlNodePtr model = xml_child(video, "model");
        _cleanup_free_ char *heads = xml_attribute(model, "heads");
        uint64_t count = 1;

        if (xml_attribute_is(model, "type", "none"))
            continue;
        if (heads)
            (void)xml_parse_number(heads, 10, &count); /* completion has seen that it is one */
        if (screen < count) {
            *ret_head = screen;
            return xml_attribute(xml_child(video, "alias"), "name");
        }
        screen -= (unsigned int)count;
    }
    return NULL;
}

static int dump_as(struct screenshot_input *input, const char *alias, unsigned int head,
                   const struct picture_format *format, struct verror *err)
{
    input->type = format->type;
    return monitor_call(input->monitor, "screendump",
                        json_pack("{s:s, s:s, s:i, s:s*}", "filename", input->path, "device",
                                  alias, "head", (int)head, "format", format->name),
                        -1, NULL, DUMP_MS, NULL, err);
}

/* An older QEMU knows no formats, and any may be built without one: it is asked again without. */
static int dump_screen(struct screenshot_input *input, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(input->def);
    unsigned int head = 0;
    _cleanup_free_ char *alias = find_screen(doc, input->screen, &head);
    int rc = -1;

    if (!alias)
        return verror_set(err, VIR_ERR_INVALID_ARG, "the domain has no screen %u", input->screen);
    for (size_t i = 0; i < ARRAY_SIZE(formats) && rc < 0; i++) {
        if (i > 0 && err->code != VIR_ERR_OPERATION_FAILED)
            break;
        verror_clear(err);
        rc = dump_as(input, alias, head, &formats[i], err);
    }
    return rc;
}

/* The file is QEMU's, which may be anything but a friend. */
static int open_picture(const char *path, uint64_t *ret_size, struct verror *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return verror_errno(err, errno, "cannot open the picture '%s'", path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        st.st_size > PICTURE_MAX) {
        (void)close(fd); /* only read */
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU has made no picture of the screen");
    }
    *ret_size = (uint64_t)st.st_size;
    return fd;
}

static int read_picture(int fd, uint64_t size, struct pipe *pipe, struct verror *err)
{
    uint64_t pos = 0;

    while (pos < size) {
        struct pipe_piece *piece = pipe_piece_new(size - pos < PIECE_MAX ? size - pos : PIECE_MAX,
                                                  false);
        ssize_t n = read(fd, pipe_piece_data(piece), (size_t)piece->len);

        if (n <= 0) {
            pipe_piece_free(piece);
            return verror_errno(err, n < 0 ? errno : EIO, "cannot read the picture of the screen");
        }
        piece->len = (uint64_t)n;
        pos += piece->len;
        pipe_put(pipe, PIPE_WORKER, piece);
    }
    return 0;
}

static int take_screenshot(void *opaque, struct verror *err)
{
    struct screenshot_input *input = opaque;
    _cleanup_close_ int fd = -1;
    uint64_t size = 0;
    int rc = dump_screen(input, err);

    if (rc == 0) {
        fd = open_picture(input->path, &size, err);
        rc = fd < 0 ? -1 : read_picture(fd, size, input->pipe, err);
    }
    /* also where QEMU has made it in spite of its error, or not at all */
    (void)unlink(input->path);
    return rc;
}

/* --- the call: loop --- */

static void screenshot_taken(struct call *call, void *opaque)
{
    struct screenshot_input *input = opaque;
    struct remote_text_opt_ret *ret = call->ret;
    struct screenshot *screenshot = XNEW(struct screenshot);
    struct client *client;

    screenshot->stream = stream_open(call->client, &call->header, &stream_ops, screenshot);
    if (!screenshot->stream) {
        free(screenshot);
        verror_set(&call->err, VIR_ERR_OPERATION_FAILED,
                   "the connection is gone or has too many open streams");
        call_fail(call);
        return;
    }
    screenshot->pipe = STEAL_PTR(input->pipe);
    ret->value = xmalloc(sizeof(*ret->value));
    *ret->value = xstrdup(input->type);
    client = client_ref(call->client);
    call_reply(call);
    if (!client_is_gone(client)) /* else stream_gone() has freed it */
        stream_writable(screenshot);
    client_unref(client);
}

static int screenshot(struct call *call)
{
    const struct remote_domain_screenshot_args *args = call->args;
    struct offload offload = {
        .free_input = free_input,
        .work = take_screenshot,
        .then = screenshot_taken,
    };
    struct screenshot_input *input;
    struct domain *domain;
    struct guest *guest;
    struct pipe *pipe;

    if (call_check_flags(call, args->flags, 0) < 0 ||
        !(domain = call_domain(call, &args->domain)) || !(guest = call_ready_guest(call, domain)))
        return -1;
    pipe = pipe_new();
    if (!pipe)
        return verror_errno(&call->err, errno, "cannot make the pipe of a stream");
    offload.input = input = XNEW(struct screenshot_input);
    *input = (struct screenshot_input){
        .guest = guest_ref(guest),
        .monitor = monitor_ref(guest->monitor),
        .def = domain_def_ref(guest->def),
        .screen = args->screen,
        .path = xasprintf("%s/screen-%llu-%u", guest->dir,
                          (unsigned long long)client_id(call->client), call->header.serial),
        .pipe = pipe,
    };
    offload.key = domain->uuid;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static const struct proc procs[] = {
    { .number = REMOTE_PROC_DOMAIN_SCREENSHOT,
      .api = "virDomainScreenshot",
      PROC_ON(DOMAIN, DATA),
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_domain_screenshot_args),
      PROC_RET(remote_text_opt_ret),
      .handler = screenshot },
};

const struct proc_table calls_domain_screenshot = { procs, ARRAY_SIZE(procs) };
