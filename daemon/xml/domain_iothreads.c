/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I/O threads read, checked, and changed in a copy of a document; see domain_iothreads.h. */

#include "xml/domain_iothreads.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"

/* --- reading --- */

void iothreads_clear(struct iothreads *threads)
{
    free(threads->items);
    *threads = (struct iothreads){ 0 };
}

const struct iothread *iothreads_find(const struct iothreads *threads, unsigned int id)
{
    for (size_t i = 0; i < threads->n; i++) {
        if (threads->items[i].id == id)
            return &threads->items[i];
    }
    return NULL;
}

static int bad_attribute(const char *name, const char *text, struct verror *err)
{
    return verror_set(err, VIR_ERR_XML_ERROR, "invalid value '%s' of %s of element iothread",
                      text ? xml_quotable(text) : "", name);
}

static int read_size(xmlNodePtr node, const char *name, int *ret_size, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, name);
    uint64_t number;

    *ret_size = -1;
    if (!text)
        return 0;
    if (!xml_parse_number(text, 10, &number) || number > INT_MAX)
        return bad_attribute(name, text, err);
    *ret_size = (int)number;
    return 0;
}

static int check_room(const struct iothreads *threads, uint64_t wanted, struct verror *err)
{
    if (threads->n < IOTHREADS_MAX && wanted <= IOTHREADS_MAX)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "more than %d I/O threads are not provided",
                      IOTHREADS_MAX);
}

static void add(struct iothreads *threads, const struct iothread *thread)
{
    threads->items = xrealloc(threads->items, threads->n + 1, sizeof(*threads->items));
    threads->items[threads->n++] = *thread;
}

static int read_one(xmlNodePtr node, struct iothreads *threads, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, "id");
    struct iothread thread;
    uint64_t id = 0;

    if (!text || !xml_parse_number(text, 10, &id) || id == 0 || id > UINT_MAX)
        return bad_attribute("id", text, err);
    thread.id = (unsigned int)id;
    if (read_size(node, "thread_pool_min", &thread.pool_min, err) < 0 ||
        read_size(node, "thread_pool_max", &thread.pool_max, err) < 0 ||
        check_room(threads, 0, err) < 0)
        return -1;
    if (iothreads_find(threads, thread.id))
        return verror_set(err, VIR_ERR_XML_ERROR, "duplicate iothread id '%u' found", thread.id);
    if (thread.pool_max >= 0 && thread.pool_min > thread.pool_max)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "thread_pool_min of iothread '%u' is greater than its thread_pool_max",
                          thread.id);
    add(threads, &thread);
    return 0;
}

static int read_count(xmlNodePtr domain, uint64_t *ret_count, struct verror *err)
{
    _cleanup_free_ char *text = xml_text(xml_child(domain, "iothreads"));

    *ret_count = 0;
    if (!text || xml_parse_number(text, 10, ret_count))
        return 0;
    return verror_set(err, VIR_ERR_XML_ERROR, "invalid iothreads count '%s'", xml_quotable(text));
}

/* Those that nobody has named have the lowest numbers that are free. */
static void add_unnamed(struct iothreads *threads, uint64_t count)
{
    struct iothread thread = { .id = 1, .pool_min = -1, .pool_max = -1 };

    for (; threads->n < count; thread.id++) {
        if (!iothreads_find(threads, thread.id))
            add(threads, &thread);
    }
}

static int read_all(xmlNodePtr domain, struct iothreads *threads, struct verror *err)
{
    xmlNodePtr node = xml_first(xml_child(domain, "iothreadids"), "iothread");
    uint64_t count;

    for (; node; node = xml_next(node, "iothread")) {
        if (read_one(node, threads, err) < 0)
            return -1;
    }
    if (read_count(domain, &count, err) < 0 || (count > 0 && count > threads->n &&
                                                check_room(threads, count, err) < 0))
        return -1;
    add_unnamed(threads, count);
    return 0;
}

int iothreads_read(xmlNodePtr domain, struct iothreads *ret_threads, struct verror *err)
{
    struct iothreads threads = { 0 };

    if (read_all(domain, &threads, err) < 0) {
        iothreads_clear(&threads);
        return -1;
    }
    *ret_threads = threads;
    return 0;
}

/* --- writing --- */

static void set_number(xmlNodePtr node, const char *attribute, int64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)number); /* it fits */
    xml_attribute_set(node, attribute, text);
}

static void drop_child(xmlNodePtr parent, const char *name)
{
    xmlNodePtr node = xml_child(parent, name);

    if (node)
        xml_drop(node);
}

static xmlNodePtr need_behind_vcpus(xmlNodePtr domain, const char *name)
{
    static const char *const before[] = { "iothreads", "vcpus", "vcpu" };
    xmlNodePtr node = xml_child(domain, name);

    for (size_t i = 0; !node && i < ARRAY_SIZE(before); i++) {
        xmlNodePtr sibling = xml_child(domain, before[i]);

        if (sibling)
            node = xml_child_add_after(domain, sibling, name);
    }
    return node;
}

static void write_count(xmlNodePtr domain, size_t count)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%zu", count); /* it fits */
    if (count > 0)
        xml_text_set(need_behind_vcpus(domain, "iothreads"), text);
    else
        drop_child(domain, "iothreads");
}

/* Would they have the same names without the list? */
static bool need_no_list(const struct iothreads *threads)
{
    for (size_t i = 0; i < threads->n; i++) {
        if (threads->items[i].id != i + 1 || threads->items[i].pool_min >= 0 ||
            threads->items[i].pool_max >= 0)
            return false;
    }
    return true;
}

/* All by their names, as they would get others once one of them is gone. */
static void write_all(xmlNodePtr domain, const struct iothreads *threads)
{
    xmlNodePtr ids;

    write_count(domain, threads->n);
    drop_child(domain, "iothreadids");
    if (need_no_list(threads))
        return;
    ids = need_behind_vcpus(domain, "iothreadids");
    for (size_t i = 0; i < threads->n; i++) {
        const struct iothread *thread = &threads->items[i];
        xmlNodePtr node = xml_child_add(ids, "iothread", NULL);

        set_number(node, "id", thread->id);
        if (thread->pool_min >= 0)
            set_number(node, "thread_pool_min", thread->pool_min);
        if (thread->pool_max >= 0)
            set_number(node, "thread_pool_max", thread->pool_max);
    }
}

int iothreads_complete(xmlNodePtr domain, struct verror *err)
{
    struct iothreads threads;

    if (iothreads_read(domain, &threads, err) < 0)
        return -1;
    write_count(domain, threads.n);
    if (threads.n == 0)
        drop_child(domain, "iothreadids");
    iothreads_clear(&threads);
    return 0;
}

/* --- who uses them --- */

/* 0: none; 1 with *ret_id, and -1 with err. */
static int used_by(xmlNodePtr device, unsigned int *ret_id, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(xml_child(device, "driver"), "iothread");
    uint64_t id;

    if (!text)
        return 0;
    if (!xml_parse_number(text, 10, &id) || id == 0 || id > UINT_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "invalid value '%s' of iothread of element driver", xml_quotable(text));
    *ret_id = (unsigned int)id;
    return 1;
}

static int check_disk(xmlNodePtr disk, struct verror *err)
{
    if (xml_attribute_is(xml_child(disk, "target"), "bus", "virtio"))
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "IOThreads only available for virtio pci and virtio ccw disk");
}

static int check_controller(xmlNodePtr controller, struct verror *err)
{
    if (xml_attribute_is(controller, "type", "scsi") &&
        xml_attribute_is(controller, "model", "virtio-scsi"))
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "'iothread' attribute only supported for virtio scsi controllers");
}

static int check_user(xmlNodePtr device, const struct iothreads *threads, struct verror *err)
{
    bool is_disk = xml_is_element(device, "disk");
    unsigned int id;
    int r = used_by(device, &id, err);

    if (r <= 0)
        return r;
    if ((is_disk ? check_disk(device, err) : check_controller(device, err)) < 0)
        return -1;
    if (iothreads_find(threads, id))
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "%s iothread '%u' not defined in iothreadid",
                      is_disk ? "Disk" : "controller", id);
}

int iothreads_check_users(xmlNodePtr domain, struct verror *err)
{
    xmlNodePtr node = xml_first(xml_child(domain, "devices"), NULL);
    struct iothreads threads;
    int r = 0;

    if (iothreads_read(domain, &threads, err) < 0)
        return -1;
    for (; r == 0 && node; node = xml_next(node, NULL)) {
        if (xml_is_element(node, "disk") || xml_is_element(node, "controller"))
            r = check_user(node, &threads, err);
    }
    iothreads_clear(&threads);
    return r;
}

static int check_unused(xmlNodePtr domain, unsigned int id, struct verror *err)
{
    xmlNodePtr node = xml_first(xml_child(domain, "devices"), NULL);
    unsigned int used;

    for (; node; node = xml_next(node, NULL)) {
        _cleanup_free_ char *target = NULL;

        if (used_by(node, &used, NULL) <= 0 || used != id)
            continue;
        target = xml_attribute(xml_child(node, "target"), "dev");
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "cannot remove IOThread %u since it is being used by %s%s%s", id,
                          target ? "disk '" : "controller", target ? target : "",
                          target ? "'" : "");
    }
    return 0;
}

/* --- changing --- */

/* Puts them back and gives the definition; threads is cleared. */
static struct domain_def *finish(xmlDocPtr doc, struct iothreads *threads, bool ok,
                                 struct verror *err)
{
    if (ok)
        write_all(xmlDocGetRootElement(doc), threads);
    iothreads_clear(threads);
    return ok ? domain_def_from_doc(doc, err) : NULL;
}

struct domain_def *domain_def_add_iothread(const struct domain_def *def, unsigned int id,
                                           struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    const struct iothread thread = { .id = id, .pool_min = -1, .pool_max = -1 };
    struct iothreads threads;
    bool ok;

    if (iothreads_read(xmlDocGetRootElement(doc), &threads, err) < 0)
        return NULL;
    ok = check_room(&threads, 0, err) == 0;
    if (iothreads_find(&threads, id)) {
        verror_set(err, VIR_ERR_INVALID_ARG, "an IOThread is already using iothread_id '%u'", id);
        ok = false;
    }
    if (ok)
        add(&threads, &thread);
    return finish(doc, &threads, ok, err);
}

static int not_found(unsigned int id, const char *list, struct verror *err)
{
    return verror_set(err, VIR_ERR_INVALID_ARG, "cannot find IOThread '%u' in iothreadids%s", id,
                      list);
}

static void drop_pin(xmlNodePtr domain, unsigned int id)
{
    xmlNodePtr cputune = xml_child(domain, "cputune"), next;
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", id); /* it fits */
    for (xmlNodePtr node = xml_first(cputune, "iothreadpin"); node; node = next) {
        next = xml_next(node, "iothreadpin");
        if (xml_attribute_is(node, "iothread", text))
            xml_drop(node);
    }
    if (cputune && !xmlFirstElementChild(cputune))
        xml_drop(cputune);
}

struct domain_def *domain_def_del_iothread(const struct domain_def *def, unsigned int id,
                                           struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr domain = xmlDocGetRootElement(doc);
    const struct iothread *found;
    struct iothreads threads;
    bool ok;

    if (iothreads_read(domain, &threads, err) < 0)
        return NULL;
    found = iothreads_find(&threads, id);
    ok = (found ? check_unused(domain, id, err) : not_found(id, " list", err)) == 0;
    if (ok) {
        size_t at = (size_t)(found - threads.items);

        memmove(threads.items + at, found + 1, (threads.n - at - 1) * sizeof(*found));
        threads.n--;
        drop_pin(domain, id);
    }
    return finish(doc, &threads, ok, err);
}

struct domain_def *domain_def_set_iothread(const struct domain_def *def,
                                           const struct iothread *thread, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    struct iothreads threads;
    bool found = false;

    if (iothreads_read(xmlDocGetRootElement(doc), &threads, err) < 0)
        return NULL;
    for (size_t i = 0; i < threads.n; i++) {
        struct iothread *own = &threads.items[i];

        if (own->id != thread->id)
            continue;
        found = true;
        own->pool_min = thread->pool_min >= 0 ? thread->pool_min : own->pool_min;
        own->pool_max = thread->pool_max >= 0 ? thread->pool_max : own->pool_max;
        if (own->pool_max >= 0 && own->pool_min > own->pool_max) {
            verror_set(err, VIR_ERR_OPERATION_INVALID,
                       "thread_pool_min (%d) can't be greater than thread_pool_max (%d)",
                       own->pool_min, own->pool_max);
            return finish(doc, &threads, false, err);
        }
    }
    if (!found)
        not_found(thread->id, "", err);
    return finish(doc, &threads, found, err);
}
