/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See dname.h.  Any thread. */

#include "protocol/dname.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

#include "protocol/macros.h"

/* What GnuTLS calls the parts of a name; others are written as numbers. */
static const struct {
    int nid;
    const char *name;
} parts[] = {
    { NID_countryName, "C" },
    { NID_stateOrProvinceName, "ST" },
    { NID_localityName, "L" },
    { NID_organizationName, "O" },
    { NID_organizationalUnitName, "OU" },
    { NID_commonName, "CN" },
    { NID_streetAddress, "STREET" },
    { NID_domainComponent, "DC" },
    { NID_userId, "UID" },
    { NID_pkcs9_emailAddress, "EMAIL" },
    { NID_title, "title" },
    { NID_description, "description" },
    { NID_serialNumber, "serialNumber" },
    { NID_surname, "surName" },
    { NID_givenName, "givenName" },
    { NID_initials, "initials" },
    { NID_generationQualifier, "generationQualifier" },
    { NID_pseudonym, "pseudonym" },
    { NID_dnQualifier, "dnQualifier" },
    { NID_postalCode, "postalCode" },
    { NID_telephoneNumber, "telephoneNumber" },
    { NID_businessCategory, "businessCategory" },
    { NID_name, "name" },
};

static void put_part_name(FILE *out, const ASN1_OBJECT *object)
{
    int nid = OBJ_obj2nid(object);
    char number[128];

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (parts[i].nid == nid) {
            fputs(parts[i].name, out);
            return;
        }
    }
    (void)OBJ_obj2txt(number, sizeof(number), object, 1); /* cut, where it is that long */
    fputs(number, out);
}

/* RFC 4514's escapes. */
static void put_text(FILE *out, const unsigned char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool at_edge = (i == 0 && (text[i] == '#' || text[i] == ' ')) ||
                       (i == len - 1 && text[i] == ' ');

        if (text[i] == '\0') {
            fputs("\\00", out);
            continue;
        }
        if (at_edge || strchr(",+\"\\<>;", text[i]))
            fputc('\\', out);
        fputc(text[i], out);
    }
}

/* What is no text, or of a kind without a name: '#' and its bytes, tag and length first. */
static void put_bytes(FILE *out, const ASN1_STRING *value)
{
    const ASN1_TYPE any = { .type = ASN1_STRING_type(value),
                            .value.asn1_string = (ASN1_STRING *)(uintptr_t)value };
    unsigned char *der = NULL;
    int len = i2d_ASN1_TYPE(&any, &der);

    fputc('#', out);
    for (int i = 0; i < len; i++)
        fprintf(out, "%02x", der[i]);
    OPENSSL_free(der);
}

static bool has_name(const ASN1_OBJECT *object)
{
    int nid = OBJ_obj2nid(object);

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (parts[i].nid == nid)
            return true;
    return false;
}

static void put_part(FILE *out, const X509_NAME_ENTRY *entry)
{
    const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
    unsigned char *utf8 = NULL;
    int len = has_name(object) ? ASN1_STRING_to_UTF8(&utf8, value) : -1;

    put_part_name(out, object);
    fputc('=', out);
    if (len >= 0)
        put_text(out, utf8, (size_t)len);
    else
        put_bytes(out, value);
    OPENSSL_free(utf8);
}

char *dname_text(const X509_NAME *name)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int set = -1;

    if (!out)
        return NULL;
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

        if (i > 0)
            fputc(X509_NAME_ENTRY_set(entry) == set ? '+' : ',', out);
        set = X509_NAME_ENTRY_set(entry);
        put_part(out, entry);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* Bytes of the character that text begins with. */
static size_t character(const char *text)
{
    size_t len = 1;

    while (((unsigned char)text[len] & 0xc0) == 0x80)
        len++;
    return len;
}

/* After a mismatch the last '*' takes one more character; earlier ones need never change. */
bool dname_matches(const char *pattern, const char *dname)
{
    const char *star = NULL, *taken = NULL;

    while (*dname) {
        if (*pattern == '*') {
            star = ++pattern;
            taken = dname;
        } else if (*pattern == '?') {
            pattern++;
            dname += character(dname);
        } else if (*pattern == *dname) {
            pattern++;
            dname++;
        } else if (star) {
            taken += character(taken);
            pattern = star;
            dname = taken;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}
