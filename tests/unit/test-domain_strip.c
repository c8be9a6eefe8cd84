/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/xml/domain_strip.c: each part on its own, gone where it was made up and kept elsewhere. */

#include "domain-fixture.h"
#include "scratch.h"
#include "xml/domain_strip.h"

struct strip_case {
    const char *given, *left; /* inside <devices> */
};

/* Both as text of one line, so that only what is there is compared. */
static void check(const struct strip_case *cases, size_t n, void (*strip)(xmlNodePtr))
{
    for (size_t i = 0; i < n; i++) {
        _cleanup_free_ char *given = xasprintf("<domain><devices>%s</devices></domain>",
                                               cases[i].given);
        _cleanup_free_ char *left = xasprintf("<domain><devices>%s</devices></domain>",
                                              cases[i].left);
        _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(given, "test", "domain", NULL);
        _cleanup_xml_doc_ xmlDocPtr want = xml_read_document(left, "test", "domain", NULL);
        _cleanup_free_ char *text = NULL, *expected = NULL;

        ck_assert_msg(doc && want, "%s", given);
        strip(xmlDocGetRootElement(doc));
        text = domain_doc_format(doc);
        expected = domain_doc_format(want);
        ck_assert_str_eq(text, expected);
    }
}

#define FOUND(index, inside) \
    "<backingStore type='file' index='" index "'><format type='raw'/>" inside "</backingStore>"
#define GIVEN(inside) "<backingStore type='file'><format type='raw'/>" inside "</backingStore>"
#define CHANNEL(path) "<channel type='unix'><source mode='bind'" path "/>" \
                      "<target type='virtio' name='org.x.0'/></channel>"

START_TEST(test_live)
{
    static const struct strip_case cases[] = {
        { "<sound><alias name='sound0'/></sound>", "<sound/>" },
        { "<sound><alias name='ua-mine'/></sound>", "<sound><alias name='ua-mine'/></sound>" },
        { "<disk><source file='/a' index='4'/></disk>", "<disk><source file='/a'/></disk>" },
        { "<disk><source index='4'/></disk>", "<disk/>" },
        { "<disk><source/></disk>", "<disk><source/></disk>" },
        { "<disk>" FOUND("2", FOUND("3", "<backingStore/>")) "</disk>", "<disk/>" },
        { "<disk>" GIVEN(FOUND("3", "<backingStore/>")) "</disk>", "<disk>" GIVEN("") "</disk>" },
        { "<disk>" GIVEN("<backingStore/>") "</disk>", "<disk>" GIVEN("<backingStore/>")
          "</disk>" },
        { "<disk><backingStore/></disk>", "<disk><backingStore/></disk>" },
        { "<disk><mirror type='file'/></disk>", "<disk/>" },
        { "<interface><target dev='vnet3'/></interface>", "<interface/>" },
        { "<interface><target dev='vnet3' managed='no'/></interface>",
          "<interface><target managed='no'/></interface>" },
        { "<interface><target dev='tap3'/></interface>",
          "<interface><target dev='tap3'/></interface>" },
        { "<interface type='network'><source network='n' portid='p' bridge='b'/></interface>",
          "<interface type='network'><source network='n'/></interface>" },
        { "<interface type='bridge'><source bridge='b'/></interface>",
          "<interface type='bridge'><source bridge='b'/></interface>" },
        { "<serial type='pty'><source path='/dev/pts/1'/></serial>", "<serial type='pty'/>" },
        { "<parallel type='pty'><source path='/dev/pts/1'/></parallel>", "<parallel type='pty'/>" },
        { "<channel type='pty'><source path='/dev/pts/1'/></channel>", "<channel type='pty'/>" },
        { "<console type='pty' tty='/dev/pts/1'><source path='/dev/pts/1'/></console>",
          "<console type='pty'/>" },
        { "<serial type='file'><source path='/log'/></serial>",
          "<serial type='file'><source path='/log'/></serial>" },
        { "<serial type='unix'><source mode='bind' path='/s'/></serial>",
          "<serial type='unix'><source mode='bind' path='/s'/></serial>" },
        { CHANNEL(" path='/run/g/org.x.0'"), CHANNEL("") },
        { CHANNEL(" path='/run/g/mine'"), CHANNEL(" path='/run/g/mine'") },
        { "<channel type='unix'><target name='x' state='connected'/></channel>",
          "<channel type='unix'><target name='x'/></channel>" },
        { "<graphics port='5901' autoport='yes'/>", "<graphics port='-1' autoport='yes'/>" },
        { "<graphics port='5901' autoport='no'/>", "<graphics port='5901' autoport='no'/>" },
        { "<graphics port='5901' tlsPort='5902' autoport='yes'/>",
          "<graphics port='-1' tlsPort='-1' autoport='yes'/>" },
        { "<graphics port='5901' websocket='5701' autoport='yes'/>",
          "<graphics port='-1' websocket='-1' autoport='yes'/>" },
        { "<graphics port='5901' websocket='8080' autoport='yes'/>",
          "<graphics port='-1' websocket='8080' autoport='yes'/>" },
        { "<graphics port='5901' websocket='5701' autoport='no'/>",
          "<graphics port='5901' websocket='5701' autoport='no'/>" },
        { "<video><model type='vga' vram='1'/></video>",
          "<video><model type='vga' vram='1'/></video>" },
    };

    check(cases, ARRAY_SIZE(cases), domain_strip_live);
}
END_TEST

START_TEST(test_live_domain)
{
    static const struct {
        const char *given, *left;
    } cases[] = {
        { "<domain id='4' type='kvm'><name>x</name></domain>",
          "<domain type='kvm'>\n  <name>x</name>\n</domain>\n" },
        { "<domain><seclabel type='dynamic'><label>l</label><imagelabel>i</imagelabel></seclabel>"
          "<seclabel type='dynamic' model='dac'><imagelabel>i</imagelabel></seclabel></domain>",
          "<domain/>\n" },
        { "<domain><seclabel type='dynamic'><label>l</label><baselabel>b</baselabel></seclabel>"
          "</domain>",
          "<domain>\n  <seclabel type='dynamic'>\n    <baselabel>b</baselabel>\n  </seclabel>\n"
          "</domain>\n" },
        { "<domain><seclabel type='dynamic' relabel='no'/></domain>",
          "<domain>\n  <seclabel type='dynamic' relabel='no'/>\n</domain>\n" },
        { "<domain><seclabel type='static'><label>l</label></seclabel></domain>",
          "<domain>\n  <seclabel type='static'>\n    <label>l</label>\n  </seclabel>\n"
          "</domain>\n" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_xml_doc_ xmlDocPtr doc = xml_read_document(cases[i].given, "x", "domain", NULL);
        _cleanup_free_ char *text = NULL;

        domain_strip_live(xmlDocGetRootElement(doc));
        text = domain_doc_format(doc);
        ck_assert_str_eq(text, cases[i].left);
    }
}
END_TEST

#define UHCI "<controller type='usb' index='0' model='piix3-uhci'/>"
#define XHCI "<controller type='usb' index='1' model='qemu-xhci'/>"
#define PCI "<controller type='pci' index='0' model='pci-root'/>"
#define BRIDGE "<controller type='pci' index='1' model='pci-bridge'/>"
#define IDE "<controller type='ide' index='0'/>"
#define ROOT "<controller type='pci' index='0' model='pcie-root'/>"
#define KEYBOARD "<input type='keyboard' bus='ps2'/>"

START_TEST(test_implicit)
{
    static const struct strip_case cases[] = {
        { UHCI PCI IDE, IDE }, /* i440fx */
        { UHCI PCI BRIDGE, PCI BRIDGE },
        { UHCI XHCI, UHCI XHCI },
        { XHCI, XHCI },
        { ROOT, ROOT },
        { "<controller type='pci' index='0' model='pci-root'><pcihole64>1</pcihole64></controller>",
          "<controller type='pci' index='0' model='pci-root'><pcihole64>1</pcihole64>"
          "</controller>" },
        { "<controller type='usb' index='1' model='piix3-uhci'/>",
          "<controller type='usb' index='1' model='piix3-uhci'/>" },
        { "<input type='mouse' bus='ps2'/>" KEYBOARD, "<input type='mouse' bus='ps2'/>" },
        { "<input type='keyboard' bus='usb'/>", "<input type='keyboard' bus='usb'/>" },
        { "<input type='keyboard' bus='ps2'><alias name='ua-k'/></input>",
          "<input type='keyboard' bus='ps2'><alias name='ua-k'/></input>" },
        { "<audio id='1' type='none'/>", "" },
        { "<audio id='1' type='spice'/>", "" },
        { "<audio id='1' type='pulseaudio'/>", "<audio id='1' type='pulseaudio'/>" },
        { "<audio id='2' type='none'/>", "<audio id='2' type='none'/>" },
        { "<audio id='1' type='none'><input/></audio>",
          "<audio id='1' type='none'><input/></audio>" },
    };

    check(cases, ARRAY_SIZE(cases), domain_strip_implicit);
}
END_TEST

START_TEST(test_secrets)
{
    static const struct strip_case cases[] = {
        { "<graphics type='vnc' passwd='a' port='1'/><graphics type='spice' passwd='b'/>",
          "<graphics type='vnc' port='1'/><graphics type='spice'/>" },
        { "<graphics type='vnc'/>", "<graphics type='vnc'/>" },
    };

    check(cases, ARRAY_SIZE(cases), domain_strip_secrets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domain_strip");
    TCase *tcase = tcase_create("domain_strip");

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_live);
    tcase_add_test(tcase, test_live_domain);
    tcase_add_test(tcase, test_implicit);
    tcase_add_test(tcase, test_secrets);
    return scratch_run(suite);
}
