# SPDX-License-Identifier: LGPL-2.1-or-later
include tests/badinput.mk
include tests/crash.mk
include tests/ship.mk
include tests/unit/cli.mk
include tests/unit/core.mk
include tests/unit/io.mk
include tests/unit/jobtests.mk
include tests/unit/lib.mk
include tests/unit/manual.mk
include tests/unit/server.mk
include tests/unit/xml.mk
include tests/vols.mk
