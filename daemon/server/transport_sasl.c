/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transport over another one, whose bytes a SASL mechanism encodes and
 * decodes.  What was queued before the layer began, the answer to the last
 * step, still goes out as it is.  Loop thread.
 */

#include <errno.h>
#include <string.h>

#include "server/internal.h"
#include "server/sasl_exchange.h"
#include "util/alloc.h"

struct sasl_layer {
    struct transport below;
    struct sasl_exchange *exchange;
    size_t plain; /* bytes that still go out as they are */

    /* Encoded and not sent yet; the exchange's until it encodes again. */
    struct exchange_data out;
    size_t out_taken; /* how many bytes of the caller's these are */
    /* Decoded and not read yet, likewise. */
    struct exchange_data in;

    const char *why; /* it has failed, NULL = it has not */
};

static struct sasl_layer *layer_of(const struct transport *transport)
{
    return transport->state;
}

/* Gives out what is decoded, as much as there is room for. */
static ssize_t take_decoded(struct sasl_layer *layer, void *data, size_t len)
{
    size_t n = layer->in.len < len ? layer->in.len : len;

    memcpy(data, layer->in.data, n);
    layer->in.data += n;
    layer->in.len -= n;
    return (ssize_t)n;
}

/* Half a packet of the layer gives no bytes at all yet. */
static ssize_t sasl_read(struct transport *transport, void *data, size_t len)
{
    struct sasl_layer *layer = layer_of(transport);
    char raw[SCRATCH_SIZE / 2];
    ssize_t n;

    if (layer->in.len == 0) {
        n = layer->below.ops->read(&layer->below, raw, sizeof(raw));
        if (n <= 0)
            return n;
        if (exchange_decode(layer->exchange, raw, (size_t)n, &layer->in) < 0) {
            layer->why = "its SASL layer cannot decode what it sends (plain text, or changed on "
                         "the way?)";
            return -EBADMSG;
        }
        if (layer->in.len == 0)
            return -EAGAIN;
    }
    return take_decoded(layer, data, len);
}

static bool sasl_has_input(const struct transport *transport)
{
    return layer_of(transport)->in.len > 0;
}

/* Sends what is encoded: the number of the caller's bytes that have all gone out, or -errno. */
static ssize_t flush(struct sasl_layer *layer)
{
    size_t taken = layer->out_taken;

    while (layer->out.len > 0) {
        const struct iovec iov = { (void *)(uintptr_t)layer->out.data, layer->out.len };
        ssize_t n = layer->below.ops->write(&layer->below, &iov, 1);

        if (n < 0)
            return n;
        layer->out.data += n;
        layer->out.len -= (size_t)n;
    }
    layer->out_taken = 0;
    return (ssize_t)taken;
}

/*
 * Bytes count as taken once their encoded form is out.  Until then the caller comes with the
 * same bytes again, as its queue only grows at the other end.
 */
static ssize_t write_one(struct sasl_layer *layer, const char *data, size_t len)
{
    size_t max = exchange_encode_max(layer->exchange);

    if (layer->plain > 0) {
        const struct iovec iov = { (void *)(uintptr_t)data,
                                   len < layer->plain ? len : layer->plain };
        ssize_t n = layer->below.ops->write(&layer->below, &iov, 1);

        if (n > 0)
            layer->plain -= (size_t)n;
        return n;
    }
    if (layer->out_taken == 0) {
        if (len > max)
            len = max;
        if (exchange_encode(layer->exchange, data, len, &layer->out) < 0) {
            layer->why = "its SASL layer cannot encode what is sent to it";
            return -EBADMSG;
        }
        layer->out_taken = len;
    }
    return flush(layer);
}

static ssize_t sasl_write(struct transport *transport, const struct iovec *iov, int iovcnt)
{
    struct sasl_layer *layer = layer_of(transport);
    size_t sent = 0;

    for (int i = 0; i < iovcnt; i++) {
        for (size_t done = 0; done < iov[i].iov_len;) {
            ssize_t n = write_one(layer, (const char *)iov[i].iov_base + done,
                                  iov[i].iov_len - done);

            if (n < 0 && sent == 0)
                return n;
            if (n < 0)
                return (ssize_t)sent; /* the next call meets the same failure */
            done += (size_t)n;
            sent += (size_t)n;
        }
    }
    return (ssize_t)sent;
}

static const char *sasl_why(const struct transport *transport)
{
    const struct sasl_layer *layer = layer_of(transport);
    const struct transport *below = &layer->below;

    return layer->why || !below->ops->why ? layer->why : below->ops->why(below);
}

static void sasl_done_layer(struct transport *transport)
{
    struct sasl_layer *layer = STEAL_PTR(transport->state);

    layer->below.ops->done(&layer->below);
    transport->fd = -1;
    exchange_free(layer->exchange);
    free(layer);
}

void transport_push_sasl(struct transport *transport, struct sasl_exchange *exchange, size_t plain)
{
    static const struct transport_ops ops = {
        .secure = true,
        .read = sasl_read,
        .write = sasl_write,
        .has_input = sasl_has_input,
        .why = sasl_why,
        .done = sasl_done_layer,
    };
    struct sasl_layer *layer = XNEW(struct sasl_layer);

    layer->below = *transport;
    layer->exchange = exchange;
    layer->plain = plain;
    *transport = (struct transport){ .ops = &ops, .fd = transport->fd, .state = layer };
}
