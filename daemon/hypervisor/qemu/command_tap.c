/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tap devices, made by the daemon so that QEMU needs no right to: QEMU gets
 * their descriptors, and the device is gone with the last of them.  Worker.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "hypervisor/qemu/command_internal.h"
#include "xml/xml_read.h"

static int name_set(char name[IFNAMSIZ], const char *text, struct verror *err)
{
    if (strlen(text) >= IFNAMSIZ || strchr(text, '/'))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "'%s' is no name of a network device",
                          xml_quotable(text));
    (void)snprintf(name, IFNAMSIZ, "%s", text);
    return 0;
}

static int attach_queue(const struct tap_spec *spec, struct ifreq *request, struct verror *err)
{
    _cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return verror_errno(err, errno, "cannot open /dev/net/tun");
    if (ioctl(fd, TUNSETIFF, request) < 0)
        return verror_errno(err, errno, "cannot %s tap device '%s'",
                            spec->existing ? "open" : "create", request->ifr_name);
    return steal_fd(&fd);
}

/*
 * The host's end must not have the guest's address, and one that is high, so
 * that a bridge, which takes the lowest of its ports, keeps its own.
 */
static int set_address(int sock, const char *name, const char *mac, struct verror *err)
{
    struct ifreq request = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };
    unsigned char *address = (unsigned char *)request.ifr_hwaddr.sa_data;

    (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
    if (sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &address[0], &address[1], &address[2],
               &address[3], &address[4], &address[5]) != 6)
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed MAC address '%s'", xml_quotable(mac));
    address[0] = address[0] == 0xfe ? 0xfa : 0xfe;
    if (ioctl(sock, SIOCSIFHWADDR, &request) < 0)
        return verror_errno(err, errno, "cannot set the address of tap device '%s'", name);
    return 0;
}

/* As large as the bridge's, which would otherwise shrink to it. */
static int set_mtu(int sock, const char *name, const struct tap_spec *spec, struct verror *err)
{
    struct ifreq request = { .ifr_mtu = (int)spec->mtu };

    if (spec->mtu == 0) {
        if (!spec->bridge)
            return 0;
        (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", spec->bridge);
        if (ioctl(sock, SIOCGIFMTU, &request) < 0)
            return verror_errno(err, errno, "cannot find bridge '%s'", spec->bridge);
    }
    (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
    if (ioctl(sock, SIOCSIFMTU, &request) < 0)
        return verror_errno(err, errno, "cannot set the MTU of tap device '%s' to %d", name,
                            request.ifr_mtu);
    return 0;
}

static int join_bridge(int sock, const char *name, const char *bridge, struct verror *err)
{
    struct ifreq request = { 0 };

    if (name_set(request.ifr_name, bridge, err) < 0)
        return -1;
    request.ifr_ifindex = (int)if_nametoindex(name);
    if (request.ifr_ifindex == 0 || ioctl(sock, SIOCBRADDIF, &request) < 0)
        return verror_errno(err, errno, "cannot add tap device '%s' to bridge '%s'", name, bridge);
    return 0;
}

static int bring_up(int sock, const char *name, struct verror *err)
{
    struct ifreq request = { 0 };

    (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
    if (ioctl(sock, SIOCGIFFLAGS, &request) == 0) {
        request.ifr_flags |= IFF_UP;
        if (ioctl(sock, SIOCSIFFLAGS, &request) == 0)
            return 0;
    }
    return verror_errno(err, errno, "cannot bring up tap device '%s'", name);
}

static int set_up(const struct tap_spec *spec, const char *name, struct verror *err)
{
    _cleanup_close_ int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (sock < 0)
        return verror_errno(err, errno, "cannot make a socket");
    if (spec->existing)
        return 0;
    if (set_address(sock, name, spec->mac, err) < 0 || set_mtu(sock, name, spec, err) < 0 ||
        (spec->bridge && join_bridge(sock, name, spec->bridge, err) < 0))
        return -1;
    return bring_up(sock, name, err);
}

int tap_open(const struct tap_spec *spec, int *fds, size_t nfds, char ret_name[TAP_NAME_SIZE],
             struct verror *err)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    size_t n = 0;
    int r;

    if (name_set(request.ifr_name, spec->name ? spec->name : "vnet%d", err) < 0)
        return -1;
    if (spec->existing && if_nametoindex(request.ifr_name) == 0)
        return verror_errno(err, errno, "cannot find tap device '%s'", request.ifr_name);
    if (spec->vnet_hdr)
        request.ifr_flags |= IFF_VNET_HDR;
    if (nfds > 1)
        request.ifr_flags |= IFF_MULTI_QUEUE;
    for (r = 0; n < nfds && r >= 0; n += r >= 0)
        r = fds[n] = attach_queue(spec, &request, err); /* the kernel fills in the name */
    if (r >= 0)
        r = set_up(spec, request.ifr_name, err);
    if (r < 0) {
        while (n-- > 0)
            (void)close(fds[n]); /* and with it the device */
        return -1;
    }
    (void)snprintf(ret_name, TAP_NAME_SIZE, "%s", request.ifr_name);
    return 0;
}
