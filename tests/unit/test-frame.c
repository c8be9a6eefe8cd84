/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The packet codec: every limit from both sides, packets that come in byte by
 * byte, payloads cut short, and all wire structs there and back.
 */

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/frame.h"
#include "protocol/job.h"
#include "protocol/macros.h"
#include "protocol/remote.h"
#include "protocol/wire.h"

#define XDR_OF(type) ((xdrproc_t)xdr_##type)

static const struct frame_header sample = {
    .program = REMOTE_PROGRAM_NUMBER,
    .version = 1,
    .procedure = 403,
    .type = FRAME_CALL,
    .serial = 0xfffffffe,
    .status = FRAME_OK,
};

/* --- length --- */

static const struct length {
    uint32_t word;
    int64_t expected;
} lengths[] = {
    { 0, -EBADMSG },
    { 4, -EBADMSG },
    { FRAME_MIN - 1, -EBADMSG },
    { FRAME_MIN, FRAME_MIN },
    { FRAME_MIN + 1, FRAME_MIN + 1 },
    { FRAME_MAX, FRAME_MAX },
    { (uint32_t)FRAME_MAX + 1, -EBADMSG },
    { 0x7fffffff, -EBADMSG },
    { 0x80000000, -EBADMSG },
    { 0xffffffff, -EBADMSG },
};

START_TEST(test_length)
{
    uint32_t word = htonl(lengths[_i].word);

    for (size_t len = 0; len < FRAME_LENGTH_SIZE; len++)
        ck_assert_int_eq(frame_length(&word, len), 0);
    ck_assert_int_eq(frame_length(&word, sizeof(word)), lengths[_i].expected);
}
END_TEST

START_TEST(test_limits_are_libvirts)
{
    ck_assert_int_eq(FRAME_MIN, 28);
    ck_assert_int_eq(FRAME_MESSAGE_MAX, 33554432);
    ck_assert_int_eq(FRAME_PAYLOAD_MAX, 33554408);
}
END_TEST

/* --- header --- */

START_TEST(test_header_bytes)
{
    static const unsigned char expected[FRAME_MIN] = {
        0, 0, 0, 32,    0x20, 0, 0x80, 0x86,    0, 0, 0, 1, 0, 0, 1, 0x93,
        0, 0, 0, 0,     0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0,
    };
    unsigned char bytes[FRAME_MIN];
    struct frame_header back;

    frame_encode_header(bytes, &sample, 4);
    ck_assert_mem_eq(bytes, expected, sizeof(expected));
    ck_assert_int_eq(frame_decode_header(bytes, sizeof(bytes), &back), 0);
    ck_assert_mem_eq(&back, &sample, sizeof(sample));
    for (size_t len = 0; len < sizeof(bytes); len++)
        ck_assert_int_eq(frame_decode_header(bytes, len, &back), -EBADMSG);
}
END_TEST

START_TEST(test_header_meaning)
{
    struct frame_header back = { .serial = 7 };
    unsigned char bytes[FRAME_MIN];

    for (uint32_t type = 0; type <= FRAME_TYPE_MAX; type++) {
        for (uint32_t status = 0; status <= FRAME_STATUS_MAX; status++) {
            struct frame_header header = sample;
            bool good = type < FRAME_TYPE_MAX && status < FRAME_STATUS_MAX;

            header.type = type;
            header.status = status;
            frame_encode_header(bytes, &header, 0);
            ck_assert_int_eq(frame_decode_header(bytes, sizeof(bytes), &back), good ? 0 : -EBADMSG);
        }
    }
    memset(bytes, 0xff, sizeof(bytes));
    back.serial = 7;
    ck_assert_int_eq(frame_decode_header(bytes, sizeof(bytes), &back), -EBADMSG);
    ck_assert_uint_eq(back.serial, 7); /* untouched on failure */
}
END_TEST

/* --- whole packets --- */

START_TEST(test_empty_payload)
{
    _cleanup_free_ void *packet = NULL;
    size_t len;

    ck_assert_int_eq(frame_encode(&sample, NULL, NULL, &packet, &len), 0);
    ck_assert_uint_eq(len, FRAME_MIN);
    ck_assert_int_eq(frame_length(packet, len), FRAME_MIN);
}
END_TEST

/* A text of so many bytes as payload; what frame_encode() makes of it. */
static int encode_text(size_t bytes, size_t *ret_len)
{
    _cleanup_free_ char *text = malloc(bytes + 1);
    _cleanup_free_ void *packet = NULL;
    remote_text_args args = { .value = text }, back = { .value = NULL };
    int result;

    memset(text, 't', bytes);
    text[bytes] = '\0';
    result = frame_encode(&sample, XDR_OF(remote_text_args), &args, &packet, ret_len);
    if (result < 0)
        return result;
    ck_assert_int_eq(frame_length(packet, *ret_len), (int64_t)*ret_len);
    ck_assert_int_eq(frame_decode_payload((char *)packet + FRAME_MIN, *ret_len - FRAME_MIN,
                                          XDR_OF(remote_text_args), &back), 0);
    ck_assert_str_eq(back.value, text);
    xdr_free(XDR_OF(remote_text_args), &back);
    return 0;
}

/* Around the first guess of the buffer, and up to the bound of a string. */
START_TEST(test_sizes)
{
    static const size_t sizes[] = {
        0, 1, 3, 4, 5, 1015, 1016, 1017, 1019, 1020, 1021, 1024, 1025, 4096, 65536,
        WIRE_STRING_MAX - 1, WIRE_STRING_MAX,
    };
    size_t len;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        ck_assert_int_eq(encode_text(sizes[i], &len), 0);
        ck_assert_uint_eq(len, FRAME_MIN + 4 + (sizes[i] + 3) / 4 * 4);
    }
    ck_assert_int_eq(encode_text(WIRE_STRING_MAX + 1, &len), -EINVAL);
}
END_TEST

/* Nine texts, each within its bound, that are too much for one packet together. */
START_TEST(test_too_large)
{
    _cleanup_free_ char *text = malloc(WIRE_STRING_MAX + 1);
    char *names[9];
    remote_names_ret ret = { .names = { .names_val = names } };
    _cleanup_free_ void *packet = NULL;
    void *none = NULL;
    size_t len = 0;

    memset(text, 't', WIRE_STRING_MAX);
    text[WIRE_STRING_MAX] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        names[i] = text;
    ret.names.names_len = 7;
    ck_assert_int_eq(frame_encode(&sample, XDR_OF(remote_names_ret), &ret, &packet, &len), 0);
    ck_assert_uint_eq(len, FRAME_MIN + 4 + 7 * (4 + (size_t)WIRE_STRING_MAX));
    for (ret.names.names_len = 8; ret.names.names_len <= 9; ret.names.names_len++)
        ck_assert_int_eq(frame_encode(&sample, XDR_OF(remote_names_ret), &ret, &none, &len),
                         -EMSGSIZE);
    ck_assert_ptr_null(none);
}
END_TEST

/* Not under sanitizers: their wrapper of xdr_string() measures what is not there. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
START_TEST(test_missing_string)
{
    remote_text_args args = { .value = NULL };
    void *packet = NULL;
    size_t len;

    ck_assert_int_eq(frame_encode(&sample, XDR_OF(remote_text_args), &args, &packet, &len),
                     -EINVAL);
    ck_assert_ptr_null(packet);
}
END_TEST
#endif

/* --- bounds on what is decoded: a count that is refused before memory is taken for it --- */

static int decode_count(uint32_t count, xdrproc_t decode, void *ret)
{
    uint32_t word = htonl(count);

    return frame_decode_payload(&word, sizeof(word), decode, ret);
}

START_TEST(test_decode_bounds)
{
    remote_names_ret names = { .names = { .names_len = 0 } };
    remote_auth_list_ret types = { .types = { .types_len = 0 } };
    remote_text_ret text = { .value = NULL };
    job_list_ret jobs = { .more = 0 };

    ck_assert_int_eq(decode_count(WIRE_VOL_LIST_MAX + 1, XDR_OF(remote_names_ret), &names),
                     -EBADMSG);
    ck_assert_int_eq(decode_count(0xffffffff, XDR_OF(remote_names_ret), &names), -EBADMSG);
    ck_assert_int_eq(decode_count(REMOTE_AUTH_TYPE_MAX + 1, XDR_OF(remote_auth_list_ret), &types),
                     -EBADMSG);
    ck_assert_int_eq(decode_count(WIRE_STRING_MAX + 1, XDR_OF(remote_text_ret), &text), -EBADMSG);
    ck_assert_int_eq(decode_count(WIRE_STRING_MAX, XDR_OF(remote_text_ret), &text), -EBADMSG);
    ck_assert_int_eq(decode_count(0xffffffff, XDR_OF(remote_text_ret), &text), -EBADMSG);
    ck_assert_int_eq(decode_count(JOB_LIST_MAX + 1, XDR_OF(job_list_ret), &jobs), -EBADMSG);
    ck_assert_ptr_null(names.names.names_val);
    ck_assert_ptr_null(text.value);
    ck_assert_int_eq(decode_count(0, XDR_OF(remote_names_ret), &names), 0);
    ck_assert_uint_eq(names.names.names_len, 0);
}
END_TEST

START_TEST(test_trailing_bytes)
{
    const uint32_t words[] = { htonl(42), htonl(43) };
    remote_int_ret ret = { .value = 0 };

    ck_assert_int_eq(frame_decode_payload(words, sizeof(words), XDR_OF(remote_int_ret), &ret), 0);
    ck_assert_int_eq(ret.value, 42);
}
END_TEST

/*
 * Every wire struct, from random bytes.  The bytes are such that lengths and
 * discriminants are often valid: words that are mostly small.  What decodes is
 * encoded again; those bytes must decode to the same bytes, and cut short
 * anywhere they must not decode at all.
 */
static const struct shape {
    const char *name;
    xdrproc_t xdr;
    size_t size;
} shapes[] = {
#define SHAPE(type) { #type, XDR_OF(type), sizeof(type) }
    SHAPE(wire_domain),
    SHAPE(wire_network),
    SHAPE(wire_pool),
    SHAPE(wire_vol),
    SHAPE(wire_error),
    SHAPE(remote_int_ret),
    SHAPE(remote_uhyper_ret),
    SHAPE(remote_text_ret),
    SHAPE(remote_names_ret),
    SHAPE(remote_ids_ret),
    SHAPE(remote_auth_list_ret),
    SHAPE(remote_domain_ret),
    SHAPE(remote_pool_ret),
    SHAPE(remote_vol_ret),
    SHAPE(remote_pool_list_ret),
    SHAPE(remote_vol_list_ret),
    SHAPE(remote_domain_list_ret),
    SHAPE(remote_pool_info_ret),
    SHAPE(remote_vol_info_ret),
    SHAPE(remote_int_args),
    SHAPE(remote_flags_args),
    SHAPE(remote_text_args),
    SHAPE(remote_text_opt_args),
    SHAPE(remote_uuid_args),
    SHAPE(remote_open_args),
    SHAPE(remote_xml_args),
    SHAPE(remote_list_all_args),
    SHAPE(remote_find_sources_args),
    SHAPE(remote_pool_args),
    SHAPE(remote_pool_flags_args),
    SHAPE(remote_pool_int_args),
    SHAPE(remote_pool_text_args),
    SHAPE(remote_pool_list_all_args),
    SHAPE(remote_pool_xml_args),
    SHAPE(remote_pool_clone_args),
    SHAPE(remote_vol_args),
    SHAPE(remote_vol_flags_args),
    SHAPE(remote_vol_wipe_args),
    SHAPE(remote_vol_resize_args),
    SHAPE(job_target),
    SHAPE(job_info),
    SHAPE(job_record),
    SHAPE(job_target_args),
    SHAPE(job_info_ret),
    SHAPE(job_error_ret),
    SHAPE(job_record_ret),
    SHAPE(job_wait_args),
    SHAPE(job_wait_ret),
    SHAPE(job_list_args),
    SHAPE(job_list_ret),
    SHAPE(job_set_speed_args),
    SHAPE(job_client),
    SHAPE(job_client_list_args),
    SHAPE(job_client_list_ret),
    SHAPE(job_client_id_args),
#undef SHAPE
};

/* many, as a text with a NUL in it does not decode */
enum { RANDOM_WORDS = 256, ROUNDS = 4000 };

/* A generator of our own: the same numbers everywhere. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void fill_random(uint32_t *words, uint32_t *state)
{
    for (size_t i = 0; i < RANDOM_WORDS; i++) {
        uint32_t value = next_random(state);

        words[i] = value % 4 ? htonl(value >> 8 & (value % 3 ? 1 : 7)) : value | 0x01010101;
    }
}

static void free_decoded(const struct shape *shape, void *decoded)
{
    xdr_free(shape->xdr, decoded);
    memset(decoded, 0, shape->size);
}

static void assert_cut_fails(const struct shape *shape, const char *payload, size_t len,
                             void *decoded)
{
    for (size_t cut = 0; cut < len; cut++) {
        _cleanup_free_ char *exact = malloc(cut + 1);

        memcpy(exact, payload, cut);
        ck_assert_msg(frame_decode_payload(exact, cut, shape->xdr, decoded) == -EBADMSG,
                      "%s decodes when cut at %zu of %zu", shape->name, cut, len);
        memset(decoded, 0, shape->size);
    }
}

START_TEST(test_round_trip)
{
    const struct shape *shape = &shapes[_i];
    _cleanup_free_ void *decoded = calloc(1, shape->size);
    uint32_t words[RANDOM_WORDS], state = 0x2545f491;
    unsigned int trips = 0;

    for (int round = 0; round < ROUNDS; round++) {
        _cleanup_free_ void *packet = NULL;
        _cleanup_free_ void *again = NULL;
        size_t len, again_len;
        char *payload;

        fill_random(words, &state);
        if (frame_decode_payload(words, sizeof(words), shape->xdr, decoded) < 0) {
            memset(decoded, 0, shape->size);
            continue;
        }
        ck_assert_int_eq(frame_encode(&sample, shape->xdr, decoded, &packet, &len), 0);
        free_decoded(shape, decoded);
        payload = (char *)packet + FRAME_MIN;
        ck_assert_int_eq(frame_decode_payload(payload, len - FRAME_MIN, shape->xdr, decoded), 0);
        ck_assert_int_eq(frame_encode(&sample, shape->xdr, decoded, &again, &again_len), 0);
        free_decoded(shape, decoded);
        ck_assert_uint_eq(again_len, len);
        ck_assert_mem_eq(again, packet, len);
        if (trips++ < 3)
            assert_cut_fails(shape, payload, len - FRAME_MIN, decoded);
    }
    ck_assert_msg(trips >= 3, "%s: only %u of %d random payloads decode", shape->name, trips,
                  ROUNDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frame");
    TCase *tcase = tcase_create("frame");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, test_length, 0, ARRAY_SIZE(lengths));
    tcase_add_test(tcase, test_limits_are_libvirts);
    tcase_add_test(tcase, test_header_bytes);
    tcase_add_test(tcase, test_header_meaning);
    tcase_add_test(tcase, test_empty_payload);
    tcase_add_test(tcase, test_sizes);
    tcase_add_test(tcase, test_too_large);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    tcase_add_test(tcase, test_missing_string);
#endif
    tcase_add_test(tcase, test_decode_bounds);
    tcase_add_test(tcase, test_trailing_bytes);
    tcase_add_loop_test(tcase, test_round_trip, 0, ARRAY_SIZE(shapes));
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
