/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Typed parameters: named values of several types in one array, as some calls
 * on domains take or give them.  Included by <libvirtjob/libvirtjob.h>, which
 * says what holds for all functions.
 *
 * No function here calls the daemon.  An array is the caller's own: it must
 * not be used by one thread while another one changes it.
 */
#ifndef LIBVIRTJOB_TYPED_PARAMS_H
#define LIBVIRTJOB_TYPED_PARAMS_H

#include <libvirtjob/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Room for a parameter's name and its end. */
#define VIR_TYPED_PARAM_FIELD_LENGTH 80

typedef struct _virTypedParameter {
    char field[VIR_TYPED_PARAM_FIELD_LENGTH];
    int type; /* virTypedParameterType: which of the values */
    union {
        int i;
        unsigned int ui;
        long long int l;
        unsigned long long int ul;
        double d;
        char b;
        char *s;
    } value;
} virTypedParameter;
typedef virTypedParameter *virTypedParameterPtr;

/**
 * The first parameter of that name; belongs to the array.  NULL: there is
 * none, and no error is raised; or name is NULL: VIR_ERR_INVALID_ARG.
 * Source: libvirt.
 */
virTypedParameterPtr virTypedParamsGet(virTypedParameterPtr params, int nparams,
                                       const char *name);

/**
 * *value, if value is not NULL, gets the number of that name.  Returns 1; 0
 * when there is no such parameter, and *value stays as it is; or -1:
 * VIR_ERR_INVALID_ARG where it is of another type.  Source: libvirt.
 */
int virTypedParamsGetInt(virTypedParameterPtr params, int nparams, const char *name, int *value);

/** The same for an unsigned int.  Source: libvirt. */
int virTypedParamsGetUInt(virTypedParameterPtr params, int nparams, const char *name,
                          unsigned int *value);

/** The same for a long long.  Source: libvirt. */
int virTypedParamsGetLLong(virTypedParameterPtr params, int nparams, const char *name,
                           long long *value);

/** The same for an unsigned long long.  Source: libvirt. */
int virTypedParamsGetULLong(virTypedParameterPtr params, int nparams, const char *name,
                            unsigned long long *value);

/** The same for a double.  Source: libvirt. */
int virTypedParamsGetDouble(virTypedParameterPtr params, int nparams, const char *name,
                            double *value);

/** The same for a boolean: *value gets 0 or 1.  Source: libvirt. */
int virTypedParamsGetBoolean(virTypedParameterPtr params, int nparams, const char *name,
                             int *value);

/** The same for a text, which belongs to the array.  Source: libvirt. */
int virTypedParamsGetString(virTypedParameterPtr params, int nparams, const char *name,
                            const char **value);

/**
 * Appends a parameter.  *params is an array of *nparams with room for
 * *maxparams, all three 0 or NULL at first; it grows as needed, and is freed
 * with virTypedParamsFree().  A name may come more than once.  Returns 0, or
 * -1, and the array is as it was: VIR_ERR_INVALID_ARG (NULL, a name that is
 * longer than VIR_TYPED_PARAM_FIELD_LENGTH - 1 bytes).  Source: libvirt.
 */
int virTypedParamsAddInt(virTypedParameterPtr *params, int *nparams, int *maxparams,
                         const char *name, int value);

/** The same with an unsigned int.  Source: libvirt. */
int virTypedParamsAddUInt(virTypedParameterPtr *params, int *nparams, int *maxparams,
                          const char *name, unsigned int value);

/** The same with a long long.  Source: libvirt. */
int virTypedParamsAddLLong(virTypedParameterPtr *params, int *nparams, int *maxparams,
                           const char *name, long long value);

/** The same with an unsigned long long.  Source: libvirt. */
int virTypedParamsAddULLong(virTypedParameterPtr *params, int *nparams, int *maxparams,
                            const char *name, unsigned long long value);

/** The same with a double.  Source: libvirt. */
int virTypedParamsAddDouble(virTypedParameterPtr *params, int *nparams, int *maxparams,
                            const char *name, double value);

/** The same with a boolean: 0, or anything else.  Source: libvirt. */
int virTypedParamsAddBoolean(virTypedParameterPtr *params, int *nparams, int *maxparams,
                             const char *name, int value);

/** The same with a copy of a text.  Source: libvirt. */
int virTypedParamsAddString(virTypedParameterPtr *params, int *nparams, int *maxparams,
                            const char *name, const char *value);

/** Frees the texts in the array; not the array itself.  NULL is allowed.  Source: libvirt. */
void virTypedParamsClear(virTypedParameterPtr params, int nparams);

/** Frees the array and the texts in it.  NULL is allowed.  Source: libvirt. */
void virTypedParamsFree(virTypedParameterPtr params, int nparams);

#ifdef __cplusplus
}
#endif

#endif
