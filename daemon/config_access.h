/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of the config whose values are lists: from libconfig's tree to calls/access.h's. */
#ifndef VIRTJOBD_CONFIG_ACCESS_H
#define VIRTJOBD_CONFIG_ACCESS_H

#include <libconfig.h>

#include "util/verror.h"

struct access_rules;

/* NULL with err, which names file, line and key.  path: where a setting does not name its file. */
struct access_rules *config_read_rules(const config_setting_t *setting, const char *key,
                                       const char *path, struct verror *err);
struct access_rules *config_read_identities(const config_setting_t *setting, const char *key,
                                            const char *path, struct verror *err);

#endif
