/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI buses: what fits where, what is free, what is added. */

#include "hypervisor/qemu/pci_buses.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/macros.h"

static struct pci_buses buses;
static struct verror err;

static void teardown(void)
{
    verror_clear(&err);
}

static void assert_next(enum pci_plug plug, unsigned int bus, unsigned int slot,
                        unsigned int function)
{
    struct pci_address got = { 0 };

    ck_assert_msg(pci_buses_next(&buses, plug, &got, &err) == 0, "%s", verror_text(&err));
    ck_assert_msg(got.bus == bus && got.slot == slot && got.function == function,
                  "%u:%u.%u, not %u:%u.%u", got.bus, got.slot, got.function, bus, slot, function);
}

static int reserve(unsigned int bus, unsigned int slot, unsigned int function, enum pci_plug plug)
{
    struct pci_address address = { bus, slot, function };

    return pci_buses_reserve(&buses, &address, plug, &err);
}

START_TEST(test_models)
{
    static const struct {
        enum pci_model model;
        const char *name;
        enum pci_plug plug;
    } models[] = {
        { PCI_MODEL_ROOT, "pci-root", PCI_PLUG_PCI },
        { PCI_MODEL_BRIDGE, "pci-bridge", PCI_PLUG_PCI },
        { PCI_MODEL_PCIE_ROOT, "pcie-root", PCI_PLUG_PCI },
        { PCI_MODEL_ROOT_PORT, "pcie-root-port", PCI_PLUG_ROOT_PORT },
        { PCI_MODEL_PCIE_TO_BRIDGE, "pcie-to-pci-bridge", PCI_PLUG_PCIE },
    };

    ck_assert_uint_eq(ARRAY_SIZE(models) + 1, PCI_MODEL_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
        ck_assert_str_eq(pci_model_name(models[i].model), models[i].name);
        ck_assert_int_eq(pci_model_find(models[i].name), models[i].model);
        ck_assert_int_eq(pci_model_plug(models[i].model), models[i].plug);
    }
    ck_assert_int_eq(pci_model_find("dmi-to-pci-bridge"), PCI_MODEL_NONE);
    ck_assert_int_eq(pci_model_find(""), PCI_MODEL_NONE);
}
END_TEST

/* A conventional machine: slot after slot, then a bridge. */
START_TEST(test_pci)
{
    pci_buses_init(&buses, false);
    ck_assert(pci_buses_have_room(&buses));
    for (unsigned int slot = 1; slot <= 31; slot++)
        assert_next(PCI_PLUG_PCI, 0, slot, 0);
    ck_assert(!pci_buses_have_room(&buses));
    ck_assert_uint_eq(buses.n, 1);
    assert_next(PCI_PLUG_PCI, 1, 1, 0);
    ck_assert_uint_eq(buses.n, 2);
    ck_assert_int_eq(buses.buses[1].model, PCI_MODEL_BRIDGE);
}
END_TEST

/* A port for each device; eight ports share a slot of the root. */
START_TEST(test_pcie)
{
    pci_buses_init(&buses, true);
    assert_next(PCI_PLUG_PCIE, 1, 0, 0);
    assert_next(PCI_PLUG_PCIE, 2, 0, 0);
    ck_assert_int_eq(buses.buses[1].model, PCI_MODEL_ROOT_PORT);
    for (unsigned int function = 0; function < 8; function++)
        assert_next(PCI_PLUG_ROOT_PORT, 0, 1, function);
    assert_next(PCI_PLUG_ROOT_PORT, 0, 2, 0);
}
END_TEST

/* A conventional device on a PCIe machine takes a bridge, and that a port. */
START_TEST(test_pci_on_pcie)
{
    pci_buses_init(&buses, true);
    assert_next(PCI_PLUG_PCI, 2, 1, 0);
    ck_assert_int_eq(buses.buses[1].model, PCI_MODEL_ROOT_PORT);
    ck_assert_int_eq(buses.buses[2].model, PCI_MODEL_PCIE_TO_BRIDGE);
    assert_next(PCI_PLUG_PCI, 2, 2, 0);
    for (unsigned int slot = 3; slot <= 31; slot++)
        assert_next(PCI_PLUG_PCI, 2, slot, 0);
    assert_next(PCI_PLUG_PCI, 3, 1, 0); /* a second one hangs on the first */
    ck_assert_int_eq(buses.buses[3].model, PCI_MODEL_BRIDGE);
}
END_TEST

START_TEST(test_reserve)
{
    pci_buses_init(&buses, true);
    ck_assert_int_eq(reserve(0, 3, 0, PCI_PLUG_ROOT_PORT), 0);
    ck_assert(!pci_buses_slot_is_free(&buses, 0, 3));
    ck_assert(pci_buses_slot_is_free(&buses, 0, 4));
    ck_assert_int_eq(reserve(0, 3, 1, PCI_PLUG_ROOT_PORT), 0);
    ck_assert_int_eq(reserve(0, 3, 1, PCI_PLUG_ROOT_PORT), -1);
    ck_assert_int_eq(err.code, VIR_ERR_XML_ERROR);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "double use of PCI Address 0000:00:03.1"));
}
END_TEST

/* A slot of one that is no port is no place for ports. */
START_TEST(test_not_shared)
{
    pci_buses_init(&buses, true);
    ck_assert_int_eq(reserve(0, 1, 0, PCI_PLUG_PCI), 0);
    assert_next(PCI_PLUG_ROOT_PORT, 0, 2, 0);
    assert_next(PCI_PLUG_ROOT_PORT, 0, 2, 1);
}
END_TEST

START_TEST(test_no_such_slot)
{
    static const struct {
        enum pci_model model;
        unsigned int slot;
        bool is_there;
    } cases[] = {
        { PCI_MODEL_ROOT_PORT, 0, true },       { PCI_MODEL_ROOT_PORT, 1, false },
        { PCI_MODEL_PCIE_TO_BRIDGE, 0, false }, { PCI_MODEL_PCIE_TO_BRIDGE, 1, true },
        { PCI_MODEL_PCIE_TO_BRIDGE, 31, true }, { PCI_MODEL_BRIDGE, 0, false },
        { PCI_MODEL_BRIDGE, 31, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        pci_buses_init(&buses, true);
        pci_buses_set(&buses, 1, cases[i].model);
        ck_assert_int_eq(reserve(1, cases[i].slot, 0, PCI_PLUG_PCIE), cases[i].is_there ? 0 : -1);
        if (!cases[i].is_there)
            ck_assert_int_eq(err.code, VIR_ERR_XML_ERROR);
        verror_clear(&err);
    }
    ck_assert_int_eq(reserve(0, 0, 0, PCI_PLUG_PCI), -1); /* the root itself is there */
}
END_TEST

/* Buses that nobody names, below one that somebody does. */
START_TEST(test_gap)
{
    pci_buses_init(&buses, true);
    pci_buses_set(&buses, 3, PCI_MODEL_PCIE_TO_BRIDGE);
    ck_assert_uint_eq(buses.n, 4);
    ck_assert_int_eq(buses.buses[1].model, PCI_MODEL_ROOT_PORT);
    ck_assert_int_eq(buses.buses[2].model, PCI_MODEL_ROOT_PORT);
    pci_buses_init(&buses, false);
    ck_assert_int_eq(reserve(2, 1, 0, PCI_PLUG_PCI), 0);
    ck_assert_uint_eq(buses.n, 3);
    ck_assert_int_eq(buses.buses[1].model, PCI_MODEL_BRIDGE);
}
END_TEST

START_TEST(test_full)
{
    pci_buses_init(&buses, true);
    for (unsigned int i = 1; i < PCI_BUSES_MAX; i++)
        assert_next(PCI_PLUG_PCIE, i, 0, 0);
    ck_assert_int_eq(pci_buses_next(&buses, PCI_PLUG_PCIE, &(struct pci_address){ 0 }, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_XML_ERROR);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "No more available PCI slots"));
    verror_clear(&err);
    ck_assert_int_eq(pci_buses_next(&buses, PCI_PLUG_PCI, &(struct pci_address){ 0 }, &err), -1);
    verror_clear(&err);
    for (unsigned int i = 0; i < 31 * 8; i++)
        assert_next(PCI_PLUG_ROOT_PORT, 0, 1 + i / 8, i % 8);
    ck_assert_int_eq(pci_buses_next(&buses, PCI_PLUG_ROOT_PORT, &(struct pci_address){ 0 }, &err),
                     -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "no more room for PCIe root ports"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pci_buses");
    TCase *tcase = tcase_create("pci_buses");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, test_models);
    tcase_add_test(tcase, test_pci);
    tcase_add_test(tcase, test_pcie);
    tcase_add_test(tcase, test_pci_on_pcie);
    tcase_add_test(tcase, test_reserve);
    tcase_add_test(tcase, test_not_shared);
    tcase_add_test(tcase, test_no_such_slot);
    tcase_add_test(tcase, test_gap);
    tcase_add_test(tcase, test_full);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
