/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of pool types; see pool_driver.h.  Any thread. */

#include "storage/pool_driver.h"

#include <string.h>

#include "protocol/macros.h"

static const struct pool_driver *const drivers[] = {
    &pool_driver_dir,
};

const struct pool_driver *pool_driver_find(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (strcmp(drivers[i]->type, type) == 0)
            return drivers[i];
    }
    return NULL;
}
