/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mkman PAGE: prints the page with the part made from the table of commands
 * put in anew.  Only for `make update-man`.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/manpage.h"

int main(int argc, char **argv)
{
    FILE *page = argc == 2 ? fopen(argv[1], "re") : NULL;
    bool inside = false;
    char line[1024];

    if (!page) {
        fputs("usage: mkman PAGE\n", stderr);
        return 2;
    }
    while (fgets(line, sizeof(line), page)) {
        if (!strcmp(line, MANPAGE_BEGIN)) {
            inside = true;
            manpage_print(stdout);
        }
        if (!inside)
            fputs(line, stdout);
        if (!strcmp(line, MANPAGE_END))
            inside = false;
    }
    return fclose(page) == 0 && fflush(stdout) == 0 && !inside ? 0 : 1;
}
