/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/qemu/command*.c: live definitions to arguments, compared with stored ones
 * (VIRTJOBD_TEST_REGENERATE=1 writes them anew), and what is refused.  Those of documents that
 * libvirt wrote name devices, buses and nodes as its own command line of that guest did.
 */

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "command-fixture.h"

static const char *const golden_names[] = {
    "q35-install", "q35-wide", "q35-chain", "q35-passed", "pc-ide", "kvm-kernel",
};

/* What a client has passed for the third: for writing, for reading, and for both ways. */
static struct fd_group groups[3] = { { .name = (char *)"top", .nfds = 1 },
                                     { .name = (char *)"base", .nfds = 1 },
                                     { .name = (char *)"both", .nfds = 2 } };
static struct fd_group *const group_pointers[] = { &groups[0], &groups[1], &groups[2] };
static const struct fd_group_list group_list = { (struct fd_group **)group_pointers,
                                                 ARRAY_SIZE(group_pointers) };

static void pass_groups(void)
{
    static int fds[4];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = openat(scratch_fd, "image",
                        (i % 2 ? O_RDONLY : O_RDWR) | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(fds[i], 0);
    }
    groups[0].fds = &fds[0];
    groups[1].fds = &fds[1];
    groups[2].fds = &fds[2];
    fixture_host.fd_groups = &group_list;
}

static void close_groups(void)
{
    for (size_t i = 0; i < 4; i++)
        (void)close(groups[0].fds[i]);
}

/* "fd=12" of the n-th inherited descriptor to "fd=@FD1@": their numbers mean nothing. */
static char *hide_fds(const struct qemu_command *command, char *arg)
{
    for (size_t i = 0; i < command->nfds; i++) {
        _cleanup_free_ char *number = xasprintf("fd=%d,", command->fds[i]);
        _cleanup_free_ char *name = xasprintf("fd=@FD%zu@,", i);
        char *hidden = fixture_replace(arg, number, name);

        free(arg);
        arg = hidden;
    }
    return arg;
}

/* "127.0.0.1:7" */
static char *hide_display(char *arg)
{
    char *colon = strchr(arg, ':');
    char *hidden = xasprintf("%.*s:@VNC@%s", (int)(colon - arg), arg,
                             colon + 1 + strspn(colon + 1, "0123456789"));

    free(arg);
    return hidden;
}

/* One option a line, with its value. */
static char *command_text(const struct qemu_command *command)
{
    char *text = xstrdup(""), *without_dir;

    for (size_t i = 0; i < command->nenv; i++) {
        char *longer = xasprintf("%s%s ", text, command->env[i]);

        free(text);
        text = longer;
    }
    for (size_t i = 0; i < command->argc; i++) {
        char *arg = hide_fds(command, xstrdup(command->argv[i])), *longer;
        bool is_option = arg[0] == '-' && isalpha((unsigned char)arg[1]);

        if (i > 0 && strcmp(command->argv[i - 1], "-vnc") == 0)
            arg = hide_display(arg);
        longer = xasprintf("%s%s%s", text, i == 0 ? "" : is_option ? "\n" : " ", arg);
        free(arg);
        free(text);
        text = longer;
    }
    without_dir = fixture_replace(text, scratch_path, "@DIR@");
    free(text);
    text = xasprintf("%s\n", without_dir);
    free(without_dir);
    return text;
}

START_TEST(test_golden)
{
    _cleanup_xml_doc_ xmlDocPtr doc = fixture_document(golden_names[_i], NULL, NULL);
    struct qemu_command command;
    _cleanup_free_ char *file = xasprintf("command/%s.args", golden_names[_i]), *text = NULL;

    pass_groups();
    ck_assert_msg(qemu_command_build(&fixture_host, doc, &command, &err) == 0, "%s",
                  verror_text(&err));
    ck_assert_ptr_null(command.argv[command.argc]);
    text = command_text(&command);
    fixture_compare(file, text);
    qemu_command_clear(&command);
    ck_assert_ptr_null(command.argv);
    qemu_command_clear(&command); /* once more does nothing */
    close_groups();
}
END_TEST

/* --- one change to a stored definition --- */

static struct qemu_command built;

static void build_changed(const char *name, const char *from, const char *to)
{
    _cleanup_xml_doc_ xmlDocPtr doc = fixture_document(name, from, to);

    ck_assert_msg(qemu_command_build(&fixture_host, doc, &built, &err) == 0, "%s: %s", to,
                  verror_text(&err));
}

static bool has_arg(const char *part)
{
    for (size_t i = 0; i < built.argc; i++)
        if (strstr(built.argv[i], part))
            return true;
    return false;
}

#define MODEL "<model fallback='forbid'>qemu64</model>\n"
#define CPU "<cpu mode='custom' match='exact' check='full'>\n    " MODEL \
    "    <feature policy='require' name='hypervisor'/>\n" \
    "    <feature policy='require' name='lahf_lm'/>\n  </cpu>"
#define BALLOON "<memballoon model='virtio'>"
#define NIC "<model type='virtio'/>"
#define DISK "<driver name='qemu' type='qcow2'/>"
#define AGENT "<source mode='bind' path="
#define VNC "<graphics type='vnc' port='-1' autoport='yes'>"

/* What one element or attribute becomes. */
static const struct {
    const char *from, *to, *arg;
} changes[] = {
    { CPU, "", "qemu64" }, /* the machine's own, by name */
    { CPU, "<cpu mode='host-model'/>", "max" },
    { CPU, "<cpu mode='maximum'/>", "max" },
    { CPU, "<cpu><model>kvm64</model></cpu>", "kvm64" },
    { "check='full'", "check='none'", "qemu64,hypervisor=on,lahf-lm=on" },
    { "check='full'", "check='full'", "qemu64,hypervisor=on,lahf-lm=on,enforce" },
    { "<vcpu placement='static'>2", "<vcpu current='1'>4", "1,maxcpus=4,sockets=4,cores=1" },
    { "<os>", "<iothreads>1</iothreads><os>", "{\"qom-type\":\"iothread\",\"id\":\"iothread1\"}" },
    { "<os>", "<iothreads>2</iothreads><iothreadids><iothread id='1' thread_pool_min='2' "
              "thread_pool_max='8'/></iothreadids><os>",
      "{\"qom-type\":\"iothread\",\"id\":\"iothread1\",\"thread-pool-min\":2,"
      "\"thread-pool-max\":8}" },
    { "<vcpu placement", "<vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>"
                         "<vcpu id='1' enabled='yes' hotpluggable='yes'/></vcpus><vcpu placement",
      "1,maxcpus=2,sockets=2,cores=1" },
    { "<clock offset='utc'>", "<clock offset='localtime'>", "base=localtime,driftfix=slew" },
    { "<clock offset='utc'>", "<clock offset='absolute' start='1000000000'>",
      "base=2001-09-09T01:46:40,driftfix=slew" },
    { "<on_reboot>restart", "<on_reboot>destroy", "-no-reboot" },
    { "<on_reboot>restart", "<on_reboot>preserve", "-no-reboot" },
    { "<memory unit='KiB'>131072", "<memory>131073", "size=131073k" },
    { "<memory unit='KiB'>131072", "<memory unit='MiB'>1", "size=1024k" },
    { "<acpi/>", "", ",acpi=off" },
    { DISK, "<driver name='qemu' type='qcow2' cache='none' io='io_uring'/>",
      "\"aio\":\"io_uring\",\"node-name\":\"libvirt-2-storage\",\"cache\":{\"direct\":true," },
    { DISK, "<driver name='qemu' type='qcow2' error_policy='enospace'/>",
      "\"werror\":\"enospc\"}" },
    { DISK, "<driver name='qemu' type='qcow2' detect_zeroes='unmap'/>",
      "\"detect-zeroes\":\"on\"" },
    { DISK, "<driver name='qemu' type='qcow2' discard='unmap' detect_zeroes='unmap'/>",
      "\"discard\":\"unmap\",\"detect-zeroes\":\"unmap\"" },
    { "<target dev='vda' bus='virtio'/>", "<target dev='vda' bus='virtio'/><readonly/>",
      "\"read-only\":true,\"driver\":\"qcow2\"" },
    { NIC, "<model type='rtl8139'/>", "\"driver\":\"rtl8139\",\"netdev\":\"hostnet0\"" },
    { NIC, NIC "<boot order='4'/>", "\"bootindex\":4" },
    { AGENT, "<source mode='connect' path=", "socket,id=charchannel0,path=" },
    { BALLOON, "<memballoon model='virtio'><driver iommu='on' packed='on'/>",
      "\"iommu_platform\":true,\"packed\":true" },
    { VNC, "<graphics type='vnc' port='5999' autoport='no'>", "127.0.0.1:99," },
    { VNC, "<graphics type='vnc' port='5999' listen='::1'>", "[::1]:99," },
    { VNC, "<graphics type='vnc' port='5999' websocket='5799'>", "99,websocket=5799," },
    { VNC "\n      <listen type='address'/>",
      "<graphics type='vnc'><listen type='socket' socket='/run/x,y'/>", "unix:/run/x,,y," },
    { VNC "\n      <listen type='address'/>", "<graphics type='vnc'><listen type='none'/>",
      "none,audiodev=audio1" },
    { "action='poweroff'", "action='dump'", "pause" },
    { "<model type='virtio' heads='1'", "<model type='vga' vram='32768'", "\"vgamem_mb\":32" },
    { "<model type='virtio' heads='1'", "<model type='bochs' vram='16384'",
      "\"vgamem\":16777216" },
    { "<video>\n      <model type='virtio' heads='1' primary='yes'/>",
      "<video>\n      <model type='virtio'><acceleration accel3d='no'/></model>", "\"virtio-vga\"" },
    { "<name>installed</name>", "<name>a,b=c</name>", "guest=a,,b=c,debug-threads=on" },
    { "ports='15'", "", "{\"driver\":\"qemu-xhci\",\"id\":\"usb\"" },
    { "index='2'/>\n      <backingStore/>", "index='2'/>",
      "\"driver\":\"qcow2\",\"file\":\"libvirt-2-storage\"}" },
    { "<backend model='random'>/dev/urandom</backend>",
      "<rate bytes='10'/><backend model='random'/>", "\"max-bytes\":10,\"period\":1000" },
    { "<panic model='isa'/>", "<panic><address type='isa' iobase='0x506'/></panic>",
      "{\"driver\":\"pvpanic\",\"ioport\":1286}" },
};

START_TEST(test_changed)
{
    build_changed("q35-install", changes[_i].from, changes[_i].to);
    ck_assert_msg(has_arg(changes[_i].arg), "%s: no %s", changes[_i].to, changes[_i].arg);
    qemu_command_clear(&built);
}
END_TEST

/* CPU modes that differ with KVM. */
START_TEST(test_kvm_cpu)
{
    static const struct {
        const char *cpu, *arg;
    } cases[] = {
        { "<cpu mode='host-passthrough'/>", "host,migratable=on,kvmclock=off" },
        { "<cpu mode='host-passthrough' migratable='off'/>", "host,migratable=off,kvmclock=off" },
        { "<cpu mode='host-model' check='full'/>", "host,migratable=on,kvmclock=off" },
        { "<cpu mode='maximum'/>", "max,migratable=on,kvmclock=off" },
        { "<cpu mode='host-passthrough'><cache mode='passthrough'/>"
          "<maxphysaddr mode='passthrough'/></cpu>",
          "pmu=off,host-cache-info=on,l3-cache=off,host-phys-bits=on" },
    };
    _cleanup_xml_doc_ xmlDocPtr doc = fixture_document("kvm-kernel", NULL, NULL);
    xmlNodePtr root = xmlDocGetRootElement(doc);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        xmlDocPtr cpu = xmlReadDoc((const xmlChar *)cases[i].cpu, NULL, NULL, XML_PARSE_NONET);
        xmlNodePtr old = xml_child(root, "cpu");

        xmlUnlinkNode(old);
        xmlFreeNode(old);
        ck_assert_ptr_nonnull(
            xmlAddChild(root, xmlDocCopyNode(xmlDocGetRootElement(cpu), doc, 1)));
        xmlFreeDoc(cpu);
        ck_assert_msg(qemu_command_build(&fixture_host, doc, &built, &err) == 0, "%s",
                      verror_text(&err));
        ck_assert_msg(has_arg(cases[i].arg), "%s", cases[i].cpu);
        qemu_command_clear(&built);
    }
}
END_TEST

/* The clock that was set away from the host's: now and an hour. */
START_TEST(test_clock_variable)
{
    time_t before = time(NULL), after;
    struct tm tm = { 0 };
    const char *date = NULL;

    build_changed("q35-install", "<clock offset='utc'>",
                  "<clock offset='variable' adjustment='-3600' basis='utc'>");
    after = time(NULL);
    for (size_t i = 0; i < built.argc; i++)
        if (strcmp(built.argv[i], "-rtc") == 0)
            date = built.argv[i + 1];
    ck_assert_ptr_nonnull(date);
    ck_assert_ptr_nonnull(strptime(date, "base=%Y-%m-%dT%H:%M:%S", &tm));
    ck_assert_int_ge(timegm(&tm), before - 3600);
    ck_assert_int_le(timegm(&tm), after - 3600);
    qemu_command_clear(&built);
}
END_TEST

/* Without what it needs; a drive for writing is opened for that alone where it can only be so. */
START_TEST(test_passed)
{
    _cleanup_xml_doc_ xmlDocPtr doc = fixture_document("q35-passed", NULL, NULL);

    ck_assert_int_eq(qemu_command_build(&fixture_host, doc, &built, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
    ck_assert_msg(strstr(verror_text(&err),
                         "group 'top' was not associated with the domain") != NULL,
                  "%s", verror_text(&err));
    verror_clear(&err);
    pass_groups();
    groups[2].nfds = 1;
    build_changed("q35-passed", NULL, NULL);
    ck_assert(has_arg("\"node-name\":\"libvirt-2-storage\",\"read-only\":false,"));
    ck_assert(!has_arg("auto-read-only"));
    qemu_command_clear(&built);
    groups[2].nfds = 2;
    close_groups();
}
END_TEST

START_TEST(test_incoming)
{
    fixture_host.incoming = true;
    build_changed("pc-ide", NULL, NULL);
    ck_assert(has_arg("-incoming"));
    ck_assert(has_arg("defer"));
    qemu_command_clear(&built);
    fixture_host.incoming = false;
    build_changed("pc-ide", NULL, NULL);
    ck_assert(!has_arg("-incoming"));
    qemu_command_clear(&built);
}
END_TEST

START_TEST(test_no_sandbox)
{
    fixture_own_caps->has_sandbox = false;
    build_changed("pc-ide", NULL, NULL);
    ck_assert(!has_arg("-sandbox"));
    qemu_command_clear(&built);
}
END_TEST

/* What was decided goes into the live document; the port is given back by whoever sees the end. */
START_TEST(test_vnc_in_live)
{
    _cleanup_xml_doc_ xmlDocPtr doc = fixture_document("q35-install", NULL, NULL);
    xmlNodePtr node = xml_child_of_child(xmlDocGetRootElement(doc), "devices", "graphics");
    _cleanup_free_ char *port = NULL, *listen = NULL, *address = NULL;

    ck_assert_int_eq(qemu_command_build(&fixture_host, doc, &built, &err), 0);
    port = xml_attribute(node, "port");
    listen = xml_attribute(node, "listen");
    address = xml_attribute(xml_child(node, "listen"), "address");
    ck_assert_int_ge(atoi(port), 5900);
    ck_assert_str_eq(listen, "127.0.0.1");
    ck_assert_str_eq(address, "127.0.0.1");
    fixture_host.vnc_port_min = fixture_host.vnc_port_max = (unsigned int)atoi(port);
    ck_assert_int_eq(vnc_port_reserve(fixture_host.vnc_port_min, fixture_host.vnc_port_max,
                                      "127.0.0.1", NULL), -1);
    vnc_port_release(atoi(port));
    qemu_command_clear(&built);
}
END_TEST

/* A command that fails further down gives its port back. */
START_TEST(test_vnc_after_failure)
{
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;
    int port = vnc_port_reserve(5900, 6900, "127.0.0.1", &err);

    ck_assert_int_gt(port, 0);
    vnc_port_release(port);
    fixture_host.vnc_port_min = fixture_host.vnc_port_max = (unsigned int)port;
    doc = fixture_document("q35-install", "<panic model='isa'/>", "<panic model='other'/>");
    ck_assert_int_eq(qemu_command_build(&fixture_host, doc, &built, &err), -1);
    ck_assert_int_eq(vnc_port_reserve((unsigned int)port, (unsigned int)port, "127.0.0.1", NULL),
                     port);
    vnc_port_release(port);
}
END_TEST

/* --- files and sockets made here --- */

START_TEST(test_files)
{
    struct stat st;
    int fd;

    fd = scratch_open("serial.log");
    ck_assert_int_eq(write(fd, "old\n", 4), 4);
    (void)close(fd);
    fd = scratch_open("console.log");
    ck_assert_int_eq(write(fd, "old\n", 4), 4);
    (void)close(fd);
    build_changed("q35-wide", NULL, NULL);
    ck_assert_int_eq(fstatat(scratch_fd, "serial.log", &st, 0), 0);
    ck_assert_int_eq(st.st_size, 4); /* append='on' */
    ck_assert_int_eq(fstatat(scratch_fd, "console.log", &st, 0), 0);
    ck_assert_int_eq(st.st_size, 0); /* append='off' */
    ck_assert_int_eq(fstatat(scratch_fd, "agent.sock", &st, 0), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    /* the monitor's, two files, two sockets; all but the first go with the command */
    ck_assert_uint_eq(built.nfds, 5);
    ck_assert_uint_eq(built.nborrowed, 1);
    for (size_t i = 1; i < built.nfds; i++)
        ck_assert_int_eq(fcntl(built.fds[i], F_GETFD), FD_CLOEXEC);
    fd = built.fds[1];
    qemu_command_clear(&built);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

/* Longer than an address of a socket may be. */
START_TEST(test_long_socket_path)
{
    enum { LONG = 120 };
    char name[LONG + 1];
    _cleanup_free_ char *from = xasprintf("%s/org.qemu.guest_agent.0", scratch_path), *to = NULL;
    struct stat st;

    memset(name, 'd', LONG);
    name[LONG] = '\0';
    ck_assert_int_eq(mkdirat(scratch_fd, name, 0700), 0);
    to = xasprintf("%s/%s/agent", scratch_path, name);
    build_changed("q35-install", from, to);
    ck_assert_int_eq(stat(to, &st), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    qemu_command_clear(&built);
}
END_TEST

/* --- refused --- */

#define XML VIR_ERR_XML_ERROR
#define NOT VIR_ERR_CONFIG_UNSUPPORTED

static const struct {
    const char *from, *to;
    int code;
    const char *reason;
} refusals[] = {
    { BALLOON, "<sound model='ich9'/>" BALLOON, NOT, "device <sound>" },
    { BALLOON, "<hostdev/>" BALLOON, NOT, "device <hostdev>" },
    { BALLOON, "<tpm model='tpm-tis'/>" BALLOON, NOT, "device <tpm>" },
    { BALLOON, "<what/>" BALLOON, NOT, "device <what>" },
    { BALLOON, "<memballoon model='ccw'>", NOT, "memballoon 'balloon0': model 'ccw'" },
    { BALLOON, "<memballoon model='virtio-transitional'>", NOT,
      FIXTURE_EMULATOR " has no device 'virtio-balloon-pci-transitional'" },
    { NIC, "<model type='e1000'/>", NOT, "interface 'net0': " FIXTURE_EMULATOR
      " has no device 'e1000'" },
    { NIC, "<model type='virtio-net'/>", NOT, "interface 'net0': model 'virtio-net'" },
    { NIC, NIC "<filterref filter='x'/>", NOT, "interface 'net0': <filterref> is not provided" },
    { NIC, NIC "<driver name='qemu' rss='on'/>", NOT, "attribute 'rss' of <driver>" },
    { NIC, NIC "<driver queues='2'/>", NOT, "2 queues" },
    { NIC, NIC "<link state='down'/>", NOT, "a link that is down" },
    { NIC, NIC "<mtu size='1400'/>", NOT, "an MTU in user mode" },
    { "<interface type='user'>", "<interface type='direct'>", NOT, "type 'direct'" },
    { "<interface type='user'>", "<interface type='network'><source network='lan'/>", NOT, "lan" },
    { "<interface type='user'>", "<interface type='bridge'>", XML, "names no bridge" },
    { "<mac address='52:54:00:24:17:3f'/>", "", XML, "no MAC address" },
    { "bus='0x02' slot", "bus='0x63' slot", XML, "pci controller 99, which does not exist" },
    { "bus='0x02' slot", "bus='x' slot", XML, "'bus' of address is not a number: 'x'" },
    { "<address type='usb' bus='0' port='1'/>", "<address type='usb' bus='1' port='1'/>", XML,
      "usb controller 1" },
    { "<address type='usb' bus='0' port='1'/>", "<address type='ccid'/>", NOT, "of type 'ccid'" },
    { DISK, "<driver name='qemu' type='vmdk'/>", NOT, "disk 'vda': image format 'vmdk'" },
    { DISK, "<driver name='qemu' type='qcow2' cache='x'/>", NOT, "cache mode 'x'" },
    { DISK, "<driver name='qemu' type='qcow2' io='native'/>", NOT, "io 'native' needs cache" },
    { DISK, "<driver name='qemu' type='qcow2' iothread='1'/>", NOT,
      "Disk iothread '1' not defined" },
    { DISK, "<driver name='qemu' type='qcow2' copy_on_read='on'/>", NOT, "'copy_on_read'" },
    { DISK, "<driver name='qemu' type='qcow2' rerror_policy='enospace'/>", NOT, "error policies" },
    { DISK, DISK "<transient/>", NOT, "<transient> is not provided" },
    { DISK, DISK "<encryption/>", NOT, "<encryption> is not provided" },
    { DISK, DISK "<shareable/>", NOT, "format 'qcow2' cannot be shared" },
    { "index='2'/>", "/>", XML, "has no index" },
    { "dev='vda' bus='virtio'", "dev='vda' bus='sd'", NOT, "bus 'sd'" },
    { "dev='vda' bus='virtio'", "dev='vda' bus='sata'", XML, "has no drive address" },
    { "dev='sda' bus='sata'", "dev='sda' bus='virtio'", NOT, "device 'cdrom' on bus 'virtio'" },
    { "device='cdrom'", "device='floppy'", NOT, "device 'floppy'" },
    { "device='cdrom'", "device='disk'", NOT, "bus 'sata' has no read-only disks" },
    { "<disk type='file' device='disk'>", "<disk type='network' device='disk'>", NOT,
      "a source of type 'network'" },
    { "<disk type='file' device='disk'>", "<disk type='volume' device='disk'>",
      VIR_ERR_NO_STORAGE_VOL, "disk 'vda': volume ''" },
    { "<controller type='sata' index='0'>", "<controller type='ide' index='1'>", NOT,
      "there is no such controller 1 in machine type 'pc-q35-7.2'" },
    { "<controller type='sata' index='0'>", "<controller type='ccid' index='0'>", NOT,
      "a controller of that type" },
    { "model='qemu-xhci'", "model='xhci'", NOT, "controller 'usb': model 'xhci'" },
    { "<model name='pcie-pci-bridge'/>", "<model name='other'/>", NOT, "model name 'other'" },
    { "<serial type='pty'>", "<serial type='udp'>", NOT, "serial 'serial0': type 'udp'" },
    { "<target type='isa-serial' port='0'>", "<target type='sclp-serial' port='0'>", NOT,
      "target 'sclp-serial'" },
    { "<target type='serial' port='0'/>", "<target type='serial' port='1'/>", NOT,
      "no such serial port" },
    { "<target type='serial' port='0'/>", "<target type='xen'/>", NOT, "target 'xen'" },
    { "<target type='virtio' name=", "<target type='guestfwd' name=", NOT, "target 'guestfwd'" },
    { AGENT, "<source mode='listen' path=", NOT, "mode 'listen'" },
    { "type='tablet' bus='usb'", "type='evdev' bus='usb'", NOT, "type 'evdev' on bus 'usb'" },
    { VNC, "<graphics type='spice'>", NOT, "graphics 'spice': graphics of that type" },
    { VNC, "<graphics type='vnc'/>" VNC, NOT, "more than one VNC server" },
    { VNC, "<graphics type='vnc' port='80'>", NOT, "port 80" },
    { VNC, "<graphics type='vnc' sharePolicy='x'>", NOT, "sharePolicy 'x'" },
    { "<listen type='address'/>", "<listen type='network'/>", NOT, "listening on a 'network'" },
    { "<audio id='1' type='none'/>", "<audio id='1' type='alsa'/>", NOT, "an audio backend" },
    { "<model type='virtio' heads='1'", "<model type='xen' heads='1'", NOT, "model 'xen'" },
    { "<video>\n      <model type='virtio' heads='1' primary='yes'/>",
      "<video>\n      <model type='virtio'><acceleration accel3d='yes'/></model>", NOT,
      "3D acceleration" },
    { "heads='1'", "heads='one'", XML, "'heads' of model is not a number" },
    { "primary='yes'", "primary='perhaps'", NOT, "neither on nor off: 'perhaps'" },
    { "<watchdog model='i6300esb'", "<watchdog model='diag288'", NOT, "model 'diag288'" },
    { "action='poweroff'", "action='explode'", NOT, "action 'explode'" },
    { "<backend model='random'>", "<backend model='egd'>", NOT, "backend 'egd'" },
    { "<panic model='isa'/>", "<panic model='s390'/>", NOT, "panic 's390': model 's390'" },
    { "machine='pc-q35-7.2'", "machine='microvm'", NOT, "machine type 'microvm'" },
    { "machine='pc-q35-7.2'", "machine='pc-q35-99'", NOT,
      FIXTURE_EMULATOR " has no machine type 'pc-q35-99'" },
    { MODEL, "<model>athlon</model>\n", NOT, FIXTURE_EMULATOR " has no CPU model 'athlon'" },
    { CPU, "<cpu mode='host-passthrough'/>", NOT, "'host-passthrough' without KVM" },
    { CPU, "<cpu mode='x'/>", NOT, "CPU mode 'x'" },
    { CPU, "<cpu><numa/></cpu>", NOT, "<numa> is not provided" },
    { CPU, "<cpu match='strict'/>", NOT, "match='strict'" },
    { CPU, "<cpu><topology sockets='3' cores='1' threads='1'/></cpu>", NOT,
      "2 of 2 vCPUs in a topology of 3" },
    { "policy='require' name='hypervisor'", "policy='perhaps' name='hypervisor'", NOT,
      "'hypervisor' with policy 'perhaps'" },
    { "policy='require' name='hypervisor'", "name='a=on,b'", NOT, "CPU feature 'a=on,b'" },
    { "<vcpu placement='static'>2", "<vcpu>many", XML, "no valid <vcpu>" },
    { "<vcpu placement='static'>2", "<vcpu>256", NOT, "at most 255 vCPUs, not 256" },
    { "<vcpu placement='static'>2", "<vcpu current='3'>2", NOT, "(2 < 3)" },
    { "<vcpu placement", "<vcpus><vcpu id='0' enabled='no'/></vcpus><vcpu placement", NOT,
      "vcpu 0 can't be offline" },
    { "<vcpu placement", "<vcpus><vcpu id='0' enabled='yes'/><vcpu id='1' hotpluggable='no'/></vcpus>"
                         "<vcpu placement", NOT, "offline and not hotpluggable" },
    { "<vcpu placement", "<vcpus><vcpu id='2'/></vcpus><vcpu placement", XML,
      "vcpu id '2' is not below" },
    { "<memory unit='KiB'>131072</memory>", "", XML, "no <memory>" },
    { "<clock offset='utc'>", "<clock offset='moon'>", NOT, "offset 'moon'" },
    { "<clock offset='utc'>", "<clock offset='variable' adjustment='x'>", NOT, "adjustment 'x'" },
    { "tickpolicy='catchup'", "tickpolicy='merge'", NOT, "timer 'rtc' with tickpolicy 'merge'" },
    { "<timer name='hpet' present='no'/>", "<timer name='platform' present='no'/>", NOT,
      "timer 'platform'" },
    { "<apic/>", "<vmcoreinfo state='on'/>", NOT, "<vmcoreinfo> is not provided" },
    { "<apic/>", "<hyperv mode='passthrough'/>", NOT, "a mode other than 'custom'" },
    { "<apic/>", "<hyperv><xmm_input state='on'/></hyperv>", NOT, "<xmm_input>" },
    { "<apic/>", "<kvm><dirty-ring state='on'/></kvm>", NOT, "<dirty-ring>" },
    { "<boot dev='hd'/>", "<boot dev='fd'/>", NOT, "boot device 'fd'" },
    { "<boot dev='hd'/>", "<loader type='pflash'>/x</loader>", NOT, "not of type 'rom'" },
    { "<boot dev='hd'/>", "<nvram>/x</nvram>", NOT, "<nvram> is not provided" },
    { "<os>", "<os firmware='efi'>", NOT, "firmware" },
    { "<os>", "<iothreads>1025</iothreads><os>", NOT, "more than 1024 I/O threads" },
    { "<os>", "<defaultiothread/><os>", NOT, "<defaultiothread> of a domain" },
    { "<os>", "<cputune><vcpupin vcpu='0' cpuset='0'/><shares>9</shares></cputune><os>", NOT,
      "<shares> of <cputune>" },
    { "<os>", "<memoryBacking><hugepages/></memoryBacking><os>", NOT, "<hugepages>" },
    { "<name>installed</name>", "", XML, "no name" },
};

START_TEST(test_refused)
{
    _cleanup_xml_doc_ xmlDocPtr doc =
        fixture_document("q35-install", refusals[_i].from, refusals[_i].to);

    ck_assert_msg(qemu_command_build(&fixture_host, doc, &built, &err) == -1, "%s",
                  refusals[_i].to);
    ck_assert_msg(err.code == refusals[_i].code && strstr(err.message, refusals[_i].reason),
                  "%s: %d %s", refusals[_i].to, err.code, err.message);
    ck_assert_ptr_null(built.argv);
}
END_TEST

/* A device that one binary has and another lacks, whatever it is. */
START_TEST(test_each_missing_device)
{
    struct qemu_caps *caps = fixture_caps(FIXTURE_EMULATOR, "fixture");
    size_t failed = 0;

    pass_groups();
    for (size_t i = 0; i < caps->ntypes; i++) {
        struct qemu_caps *without = fixture_caps(FIXTURE_EMULATOR, "fixture");

        for (size_t j = i + 1; j < without->ntypes; j++) {
            char *swap = without->types[j - 1];

            without->types[j - 1] = without->types[j];
            without->types[j] = swap;
        }
        free(without->types[--without->ntypes]);
        fixture_host.caps = without;
        for (size_t n = 0; n < ARRAY_SIZE(golden_names); n++) {
            _cleanup_verror_ struct verror why = VERROR_INIT;
            _cleanup_xml_doc_ xmlDocPtr doc = fixture_document(golden_names[n], NULL, NULL);
            _cleanup_free_ char *wish = xasprintf("has no device '%s'", caps->types[i]);

            if (qemu_command_build(&fixture_host, doc, &built, &why) == 0) {
                qemu_command_clear(&built);
                continue;
            }
            failed++;
            ck_assert_msg(strstr(why.message, wish) != NULL, "%s", why.message);
        }
        qemu_caps_unref(without);
    }
    fixture_host.caps = fixture_own_caps;
    qemu_caps_unref(caps);
    close_groups();
    ck_assert_uint_gt(failed, ARRAY_SIZE(fixture_types) * 3 / 4);
}
END_TEST

/* QEMU's namespace: what asks for more than arguments is not dropped. */
START_TEST(test_namespace_refused)
{
    _cleanup_xml_doc_ xmlDocPtr doc = fixture_document(
        "kvm-kernel", "<qemu:commandline>",
        "<qemu:capabilities><qemu:add capability='x'/></qemu:capabilities><qemu:commandline>");

    ck_assert_int_eq(qemu_command_build(&fixture_host, doc, &built, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_CONFIG_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "<qemu:capabilities>"));
}
END_TEST

START_TEST(test_no_devices)
{
    _cleanup_xml_doc_ xmlDocPtr doc = fixture_parse("<domain><name>x</name></domain>");

    ck_assert_int_eq(qemu_command_build(&fixture_host, doc, &built, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_XML_ERROR);
}
END_TEST

/* Bounded, whoever wrote the document. */
START_TEST(test_deep_chain)
{
    char *chain = xstrdup("<backingStore/>");
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;

    for (int i = 0; i < 70; i++) {
        char *longer = xasprintf("<backingStore type='file' index='%d'><format type='qcow2'/>"
                                 "<source file='/x'/>%s</backingStore>", i + 10, chain);

        free(chain);
        chain = longer;
    }
    doc = fixture_document("kvm-kernel", "<backingStore/>", chain);
    free(chain);
    ck_assert_int_eq(qemu_command_build(&fixture_host, doc, &built, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "a chain of more than 64 images"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command");
    TCase *tcase = tcase_create("command");

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tcase, test_golden, 0, ARRAY_SIZE(golden_names));
    tcase_add_loop_test(tcase, test_changed, 0, ARRAY_SIZE(changes));
    tcase_add_test(tcase, test_kvm_cpu);
    tcase_add_test(tcase, test_clock_variable);
    tcase_add_test(tcase, test_passed);
    tcase_add_test(tcase, test_incoming);
    tcase_add_test(tcase, test_no_sandbox);
    tcase_add_test(tcase, test_vnc_in_live);
    tcase_add_test(tcase, test_vnc_after_failure);
    tcase_add_test(tcase, test_files);
    tcase_add_test(tcase, test_long_socket_path);
    tcase_add_loop_test(tcase, test_refused, 0, ARRAY_SIZE(refusals));
    tcase_add_test(tcase, test_each_missing_device);
    tcase_add_test(tcase, test_namespace_refused);
    tcase_add_test(tcase, test_no_devices);
    tcase_add_test(tcase, test_deep_chain);
    return scratch_run(suite);
}
