/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pool's description in the user's editor. */

#include "daemon/util/alloc.h"
#include "tools/editor.h"
#include "tools/pool.h"

struct pool_edit {
    struct cli *cli;
    virStoragePoolPtr pool;
};

static char *description_get(void *opaque)
{
    struct pool_edit *edit = opaque;
    char *xml = virStoragePoolGetXMLDesc(edit->pool, VIR_STORAGE_XML_INACTIVE);

    if (!xml)
        (void)cli_fail("cannot get the XML of pool '%s'", virStoragePoolGetName(edit->pool));
    return xml;
}

static int description_put(void *opaque, const char *xml)
{
    struct pool_edit *edit = opaque;
    _cleanup_pool_ virStoragePoolPtr defined = virStoragePoolDefineXML(edit->cli->conn, xml, 0);

    if (!defined)
        return cli_fail("cannot define pool '%s'", virStoragePoolGetName(edit->pool));
    cli_say(edit->cli, "Pool %s XML configuration edited.", virStoragePoolGetName(defined));
    return CLI_DONE;
}

int pool_edit(struct cli *cli, const struct args *args)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    struct pool_edit state = { cli, pool };
    _cleanup_free_ char *what = NULL;
    _cleanup_free_ char *unchanged = NULL;

    if (!pool)
        return CLI_FAILED;
    what = xasprintf("the configuration of pool '%s'", virStoragePoolGetName(pool));
    unchanged = xasprintf("Pool %s XML configuration not changed.", virStoragePoolGetName(pool));
    return edit_run(&(struct edit){ .cli = cli,
                                    .what = what,
                                    .unchanged = unchanged,
                                    .suffix = ".xml",
                                    .get = description_get,
                                    .put = description_put,
                                    .opaque = &state });
}
