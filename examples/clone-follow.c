/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts an asynchronous clone and follows it to its end: clone-follow POOL SOURCE TARGET */
#include <libvirtjob/libvirtjob.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    virConnectPtr conn;
    virStoragePoolPtr pool;
    virStorageVolPtr source, clone;
    virJobInfo info;
    virError error;
    char xml[512];
    int more;

    snprintf(xml, sizeof(xml), "<volume><name>%s</name></volume>", argc == 4 ? argv[3] : "");
    if (argc != 4 || !(conn = virConnectOpen(NULL)) ||
        !(pool = virStoragePoolLookupByName(conn, argv[1])) ||
        !(source = virStorageVolLookupByName(pool, argv[2])) ||
        !(clone = virStorageVolCreateXMLFrom(pool, xml, source, VIR_STORAGE_VOL_CREATE_XML_ASYNC)))
        return 1; /* the library has said why on stderr */
    while ((more = virStorageVolWaitJob(clone, &info, 500)) == 1)
        printf("%d %%, %u seconds left\n", info.percentComplete, info.remainingTime);
    if (more == 0 && info.state == VIR_JOB_COMPLETE)
        printf("%s is there\n", virStorageVolGetName(clone));
    else if (virStorageVolGetJobError(clone, &error) == 0 && error.code != VIR_ERR_OK)
        printf("failed: %s\n", error.message);
    virStorageVolFree(clone), virStorageVolFree(source), virStoragePoolFree(pool);
    return virConnectClose(conn);
}
