/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See dname.h.  Any thread. */

#include "protocol/dname.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

#include "protocol/macros.h"

/* What GnuTLS calls the parts of a name, and which it gives as bytes; others are numbers, and
   bytes. */
static const struct part {
    int nid;
    const char *name;
    bool bytes;
} parts[] = {
    { NID_countryName, "C", false },
    { NID_stateOrProvinceName, "ST", false },
    { NID_localityName, "L", false },
    { NID_organizationName, "O", false },
    { NID_organizationalUnitName, "OU", false },
    { NID_commonName, "CN", false },
    { NID_streetAddress, "street", false },
    { NID_domainComponent, "DC", false },
    { NID_userId, "UID", false },
    { NID_pkcs9_emailAddress, "EMAIL", false },
    { NID_title, "title", false },
    { NID_description, "description", false },
    { NID_serialNumber, "serialNumber", false },
    { NID_surname, "surName", false },
    { NID_givenName, "givenName", false },
    { NID_initials, "initials", false },
    { NID_generationQualifier, "generationQualifier", false },
    { NID_pseudonym, "pseudonym", false },
    { NID_dnQualifier, "dnQualifier", false },
    { NID_postalCode, "postalCode", false },
    { NID_businessCategory, "businessCategory", false },
    { NID_name, "name", false },
    { NID_telephoneNumber, "telephoneNumber", true },
};

static const struct part *find_part(const ASN1_OBJECT *object)
{
    int nid = OBJ_obj2nid(object);

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (parts[i].nid == nid)
            return &parts[i];
    return NULL;
}

static void put_number(FILE *out, const ASN1_OBJECT *object)
{
    char number[128];

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

static void put_part(FILE *out, const X509_NAME_ENTRY *entry)
{
    const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
    const struct part *part = find_part(object);
    unsigned char *utf8 = NULL;
    int len = part && !part->bytes ? ASN1_STRING_to_UTF8(&utf8, value) : -1;

    if (part)
        fputs(part->name, out);
    else
        put_number(out, object);
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
