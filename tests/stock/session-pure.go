// SPDX-License-Identifier: LGPL-2.1-or-later

// session-pure SOCKET: what bindings.sh has every binding do, by a client in Go alone, which has
// the wire in its own words.
package main

import (
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
	"time"

	libvirt "github.com/digitalocean/go-libvirt"
)

const async = 1 << 30

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func state(conn *libvirt.Libvirt, dom libvirt.Domain) int32 {
	now, _, err := conn.DomainGetState(dom, 0)
	must(err)
	return now
}

func domains(conn *libvirt.Libvirt) string {
	all, _, err := conn.ConnectListAllDomains(1, 0)
	must(err)
	names := []string{}
	for _, dom := range all {
		names = append(names, dom.Name)
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}

func clone(conn *libvirt.Libvirt) {
	pool, err := conn.StoragePoolLookupByName("p")
	must(err)
	disk, err := conn.StorageVolLookupByName(pool, "disk")
	must(err)
	xml := "<volume><name>copy</name><capacity>1</capacity>" +
		"<target><format type='raw'/></target></volume>"
	vol, err := conn.StorageVolCreateXMLFrom(pool, xml, disk, async)
	if err != nil {
		fmt.Println("clone:", err)
		return
	}
	fmt.Println("clone: accepted", vol.Name)
	for {
		xml, err = conn.StorageVolGetXMLDesc(vol, 0)
		must(err)
		if !strings.Contains(xml, "<virtjob:job") {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	_, capacity, _, err := conn.StorageVolGetInfo(vol)
	must(err)
	fmt.Println("clone: ended", capacity)
	must(conn.StorageVolDelete(vol, 0))
}

func main() {
	socket, err := net.DialTimeout("unix", os.Args[1], 10*time.Second)
	must(err)
	conn := libvirt.New(socket)
	must(conn.ConnectToURI(libvirt.QEMUSession))
	fmt.Println("domains:", domains(conn))
	dom, err := conn.DomainLookupByName("g")
	must(err)
	must(conn.DomainCreate(dom))
	fmt.Println("started:", state(conn, dom))
	clone(conn)
	must(conn.DomainDestroy(dom))
	fmt.Println("destroyed:", state(conn, dom))
	must(conn.Disconnect())
}
