#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""session.py URI: what bindings.sh has every binding do, by python3-libvirt."""

import sys
import time

import libvirt

ASYNC = 1 << 30  # a flag that libvirt does not know: return when the job is accepted

conn = libvirt.open(sys.argv[1])
print('domains:', ' '.join(sorted(dom.name() for dom in conn.listAllDomains())))
dom = conn.lookupByName('g')
dom.create()
print('started:', dom.state()[0])
pool = conn.storagePoolLookupByName('p')
xml = "<volume><name>copy</name><capacity>1</capacity><target><format type='raw'/></target></volume>"
try:
    vol = pool.createXMLFrom(xml, pool.storageVolLookupByName('disk'), ASYNC)
except libvirt.libvirtError as error:
    print('clone:', error)
else:
    print('clone: accepted', vol.name())
    while '<virtjob:job' in vol.XMLDesc():
        time.sleep(0.05)
    print('clone: ended', *vol.info()[1:2])
    vol.delete()
dom.destroy()
print('destroyed:', dom.state()[0])
conn.close()
