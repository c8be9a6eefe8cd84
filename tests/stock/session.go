// SPDX-License-Identifier: LGPL-2.1-or-later

// session URI: what bindings.sh has every binding do, by libvirt's own Go binding.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	libvirt "github.com/libvirt/libvirt-go"
)

const async = 1 << 30

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func state(dom *libvirt.Domain) libvirt.DomainState {
	now, _, err := dom.GetState()
	must(err)
	return now
}

func domains(conn *libvirt.Connect) string {
	all, err := conn.ListAllDomains(0)
	must(err)
	names := []string{}
	for _, dom := range all {
		name, err := dom.GetName()
		must(err)
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}

func clone(conn *libvirt.Connect) {
	pool, err := conn.LookupStoragePoolByName("p")
	must(err)
	disk, err := pool.LookupStorageVolByName("disk")
	must(err)
	xml := "<volume><name>copy</name><capacity>1</capacity>" +
		"<target><format type='raw'/></target></volume>"
	vol, err := pool.StorageVolCreateXMLFrom(xml, disk, async)
	if err != nil {
		fmt.Println("clone:", err.(libvirt.Error).Message)
		return
	}
	fmt.Println("clone: accepted copy")
	for {
		xml, err = vol.GetXMLDesc(0)
		must(err)
		if !strings.Contains(xml, "<virtjob:job") {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	info, err := vol.GetInfo()
	must(err)
	fmt.Println("clone: ended", info.Capacity)
	must(vol.Delete(0))
}

func main() {
	conn, err := libvirt.NewConnect(os.Args[1])
	must(err)
	fmt.Println("domains:", domains(conn))
	dom, err := conn.LookupDomainByName("g")
	must(err)
	must(dom.Create())
	fmt.Println("started:", state(dom))
	clone(conn)
	must(dom.Destroy())
	fmt.Println("destroyed:", state(dom))
	_, err = conn.Close()
	must(err)
}
