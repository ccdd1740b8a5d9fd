//  Values there and back; refused when cut, changed without harm, and with little memory.
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "common/array_body.h"
#include "common/codec.h"
#include "tests/common/run_suite.h"

static ipc_writer_t writer;
static ipc_arena_t *arena;
static ipc_error_t error;

static void make(void)
{
    arena = ipc_arena_new();
}

static void destroy(void)
{
    ipc_writer_destroy(&writer);
    ipc_arena_destroy(&arena);
}

//  The value as another process would get it.
static ipc_value_t there_and_back(ipc_value_t value)
{
    ipc_value_t back;
    ipc_writer_clear(&writer);
    ck_assert_msg(ipc_value_pack(value, &writer, NULL, NULL, &error) == 0, "%s", error.text);
    ipc_reader_t r = ipc_reader(writer.data, writer.size);
    ck_assert_msg(ipc_value_unpack(&back, &r, arena, NULL, NULL, &error) == 0, "%s", error.text);
    ck_assert(ipc_reader_ok(&r));
    r = ipc_reader(writer.data, writer.size);
    ipc_value_skip(&r);
    ck_assert(ipc_reader_ok(&r));
    return back;
}

//  Equal in all that a user can see; unsigned numbers that fit come back signed.
static bool same(ipc_value_t a, ipc_value_t b)
{
    if (a.kind == IPC_KIND_U64 && a.as.u64 <= INT64_MAX)
        a = ipc_value_from_i64((int64_t) a.as.u64);
    if (a.kind != b.kind || ipc_value_count(a) != ipc_value_count(b))
        return false;
    switch (a.kind) {
    case IPC_KIND_NONE: return true;
    case IPC_KIND_BOOL: return a.as.boolean == b.as.boolean;
    case IPC_KIND_STR: return strcmp(a.as.string, b.as.string) == 0;
    case IPC_KIND_REF: return a.count == b.count && strcmp(a.as.string, b.as.string) == 0;
    case IPC_KIND_C128:
    case IPC_KIND_RANGE: return memcmp(&a.as, &b.as, 16) == 0;
    case IPC_KIND_LIST:
    case IPC_KIND_DICT:
        for (size_t i = 0; i < ipc_value_count(a); i++)
            if (!same(ipc_value_at(a, i), ipc_value_at(b, i)) ||
                (a.kind == IPC_KIND_DICT && strcmp(ipc_value_key(a, i), ipc_value_key(b, i)) != 0))
                return false;
        return true;
    case IPC_KIND_ARRAY: {
        ipc_dtype_t dtypes[2];
        int ndims[2];
        const size_t *shapes[2];
        const void *data[2];
        ipc_value_elements(&a, &dtypes[0], &ndims[0], &shapes[0], &data[0]);
        ipc_value_elements(&b, &dtypes[1], &ndims[1], &shapes[1], &data[1]);
        return dtypes[0] == dtypes[1] && ndims[0] == ndims[1] &&
               memcmp(shapes[0], shapes[1], (size_t) ndims[0] * sizeof(size_t)) == 0 &&
               (ipc_value_count(a) == 0 ||
                memcmp(data[0], data[1], ipc_value_count(a) * ipc_dtype_size(dtypes[0])) == 0);
    }
    default: return memcmp(&a.as, &b.as, 8) == 0;
    }
}

static void goes_there_and_back(ipc_value_t value)
{
    ck_assert(same(value, there_and_back(value)));
}

START_TEST(scalars_go_there_and_back)
{
    goes_there_and_back(ipc_none());
    goes_there_and_back(ipc_bool(true));
    goes_there_and_back(ipc_bool(false));
    for (int bit = 0; bit < 64; bit++) {
        goes_there_and_back(IPC_VALUE((int64_t) ((uint64_t) 1 << bit)));
        goes_there_and_back(IPC_VALUE((int64_t) - ((uint64_t) 1 << bit)));
        goes_there_and_back(IPC_VALUE(((uint64_t) 1 << bit) - 1));
    }
    goes_there_and_back(IPC_VALUE(UINT64_MAX));
    static const double numbers[] = {0, -0.0, 1.0 / 3, 5e-324, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        goes_there_and_back(IPC_VALUE(numbers[i]));
        goes_there_and_back((ipc_value_t){.kind = IPC_KIND_C128, .as.c128 = {numbers[i], numbers[6 - i]}});
    }
}
END_TEST

START_TEST(text_references_and_ranges_go_there_and_back)
{
    char *large = malloc(100001);
    memset(large, 'x', 100000);
    large[100000] = 0;
    goes_there_and_back(IPC_VALUE(""));
    goes_there_and_back(IPC_VALUE("Grüße, 世界"));
    goes_there_and_back(IPC_VALUE(large));
    goes_there_and_back(ipc_ref("x"));
    goes_there_and_back(ipc_ref("a_longer_name_than_sixteen_bytes"));
    goes_there_and_back(ipc_ref(""));
    goes_there_and_back(ipc_range(-5, 1024));
    goes_there_and_back(ipc_range(7, 7));
    goes_there_and_back(ipc_range(0, INT64_MAX));
    free(large);
}
END_TEST

START_TEST(lists_and_dictionaries_go_there_and_back)
{
    goes_there_and_back(ipc_value_from_list(NULL, 0));
    goes_there_and_back(ipc_value_from_dict(NULL, 0));
    goes_there_and_back(ipc_list(1, "two", 3.0, ipc_none(), ipc_list(ipc_list(ipc_bool(true)), ipc_range(0, 3))));
    goes_there_and_back(ipc_dict("n", 1024, "method", "fft", "inner", ipc_dict("a", ipc_ref("x"), "", 2.5f)));
    goes_there_and_back(ipc_dict("twice", 1, "twice", 2));
    double numbers[3] = {1, 2, 3};
    goes_there_and_back(ipc_list(ipc_f64(numbers, 3), ipc_dict("x", ipc_f64(numbers, 2))));
    enum { MANY = 70000 };
    ipc_value_t *items = malloc(MANY * sizeof items[0]);
    for (int64_t i = 0; i < MANY; i++) items[i] = IPC_VALUE(i - 500);
    goes_there_and_back(ipc_value_from_list(items, MANY));
    free(items);
}
END_TEST

START_TEST(arrays_of_every_dtype_and_dimension_go_there_and_back)
{
    static const size_t shapes[][8] = {{2, 3, 1, 2, 2, 1, 3, 2}, {0, 3, 1, 2, 2, 1, 3, 2}, {5, 0, 0, 1, 1, 1, 1, 0}};
    for (int dtype = 0; dtype < IPC_DTYPE_COUNT; dtype++)
        for (int ndim = 1; ndim <= IPC_MAX_DIMENSIONS; ndim++)
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
                ipc_array_t *array = ipc_array_new((ipc_dtype_t) dtype, ndim, shapes[s], &error);
                unsigned char *bytes = ipc_array_data(array);
                for (size_t i = 0; i < ipc_array_size(array); i++)
                    bytes[i] = (unsigned char) (dtype == IPC_BOOL ? i % 2 : i * 37);
                ipc_value_t back = there_and_back(IPC_VALUE(array));
                ck_assert(same(IPC_VALUE(array), back));
                ck_assert_uint_eq((uintptr_t) ipc_array_data(ipc_value_array(back)) % 64, 0);
                ipc_array_destroy(&array);
            }
}
END_TEST

START_TEST(borrowed_memory_comes_back_as_an_array)
{
    double numbers[6] = {1, 2, 3, 4, 5, 6};
    goes_there_and_back(ipc_view2(IPC_F64, numbers, 2, 3));
    goes_there_and_back(ipc_view2(IPC_F64, numbers, 0, 3));
    goes_there_and_back(ipc_f64(NULL, 0));
    ipc_value_t back = there_and_back(ipc_view2(IPC_F64, numbers, 3, 2));
    ck_assert_int_eq(ipc_array_ndim(ipc_value_array(back)), 2);
    ck_assert_int_eq(ipc_value_pack(ipc_f64(NULL, 1), &writer, NULL, NULL, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
}
END_TEST

//  An int within lists, depth of them.
static ipc_value_t nested(ipc_value_t *levels, size_t depth)
{
    levels[0] = IPC_VALUE(1);
    for (size_t i = 1; i <= depth; i++) levels[i] = ipc_value_from_list(&levels[i - 1], 1);
    return levels[depth];
}

START_TEST(lists_are_nested_up_to_a_limit)
{
    ipc_value_t levels[IPC_MAX_DEPTH + 2];
    goes_there_and_back(nested(levels, IPC_MAX_DEPTH));
    ck_assert_int_eq(ipc_value_pack(nested(levels, IPC_MAX_DEPTH + 1), &writer, NULL, NULL, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    for (size_t depth = IPC_MAX_DEPTH; depth < 100000; depth = depth * 3 / 2) {
        ipc_writer_clear(&writer);
        for (size_t i = 0; i <= depth; i++) ipc_write_list(&writer, 1);
        ipc_write_nil(&writer);
        ipc_value_t back;
        ipc_reader_t r = ipc_reader(writer.data, writer.size);
        ck_assert_int_eq(ipc_value_unpack(&back, &r, arena, NULL, NULL, &error), -1);
        ck_assert(error.code == IPC_E_PROTOCOL && r.bad);
        r = ipc_reader(writer.data, writer.size);
        ipc_value_skip(&r);
        ck_assert(r.bad);
    }
}
END_TEST

START_TEST(what_can_be_packed_can_be_unpacked)
{
    ipc_value_t levels[IPC_MAX_DEPTH + 2]; // an empty list at the very bottom
    levels[0] = ipc_value_from_list(NULL, 0);
    for (size_t depth = 1; depth <= IPC_MAX_DEPTH + 1; depth++) {
        levels[depth] = ipc_value_from_list(&levels[depth - 1], 1);
        ipc_writer_clear(&writer);
        if (ipc_value_pack(levels[depth], &writer, NULL, NULL, &error) == 0)
            goes_there_and_back(levels[depth]);
    }
}
END_TEST

START_TEST(odd_dictionaries_and_other_keys_are_refused)
{
    ipc_value_t odd[] = {IPC_VALUE("a"), IPC_VALUE(1), IPC_VALUE("b")};
    ck_assert_int_eq(ipc_value_pack(ipc_value_from_dict(odd, 3), &writer, NULL, NULL, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ipc_value_t number = ipc_dict(1, 2), within = ipc_list(ipc_dict("a", 2, ipc_none(), 3));
    ck_assert_int_eq(ipc_value_pack(number, &writer, NULL, NULL, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "key 0"));
    ck_assert_int_eq(ipc_value_pack(within, &writer, NULL, NULL, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "key 1"));
    ipc_writer_clear(&writer);
    ipc_write_map(&writer, 1);
    ipc_write_u64(&writer, 1);
    ipc_write_u64(&writer, 2);
    ipc_value_t back;
    ipc_reader_t r = ipc_reader(writer.data, writer.size);
    ck_assert_int_eq(ipc_value_unpack(&back, &r, arena, NULL, NULL, &error), -1);
}
END_TEST

START_TEST(malformed_values_are_refused)
{
    static const struct { size_t size; const char *bytes; } values[] = {
        {0, ""},                                       // nothing
        {1, "\xc1"},                                   // no msgpack
        {4, "\xc4\2ab"},                               // bytes are no value
        {4, "\xa3\0ab"},                               // a zero byte within a string
        {3, "\xd4\x63z"},                              // an unknown extension
        {10, "\xd7\1abcdefgh"},                        // half a complex number
        {18, "\xd8\5\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"}, // a range from 1 to 0
        {5, "\xc7\2\2\0\1"},                           // an array without its lengths
        {4, "\xc7\1\2\0"},                             // without its dimensions
    };
    ipc_value_t back;
    ipc_reader_t r = ipc_reader(values[_i].bytes, values[_i].size);
    ck_assert_int_eq(ipc_value_unpack(&back, &r, arena, NULL, NULL, &error), -1);
    ck_assert(error.code == IPC_E_PROTOCOL && error.text[0] && r.bad);
}
END_TEST

//  An array's bytes on the wire with a head of the test's.
static int unpack_array(unsigned dtype, unsigned ndim, const uint64_t *shape, size_t lengths, size_t data)
{
    ipc_writer_clear(&writer);
    ipc_write_ext(&writer, 2, 2 + 8 * lengths + data);
    char head[2] = {(char) dtype, (char) ndim};
    ipc_write_raw(&writer, head, 2);
    ipc_write_raw(&writer, shape, 8 * lengths);
    if (data > 0)
        memset(ipc_write_room(&writer, data), 0, data);
    ipc_value_t back;
    ipc_reader_t r = ipc_reader(writer.data, writer.size);
    return ipc_value_unpack(&back, &r, arena, NULL, NULL, &error);
}

START_TEST(arrays_that_are_not_what_they_say_are_refused)
{
    uint64_t shape[9] = {2, 2, 1, 1, 1, 1, 1, 1, 1};
    ck_assert_int_eq(unpack_array(IPC_F64, 2, shape, 2, 32), 0);
    ck_assert_int_eq(unpack_array(IPC_F64, 2, shape, 2, 31), -1);
    ck_assert_int_eq(unpack_array(IPC_F64, 2, shape, 2, 33), -1);
    ck_assert_int_eq(unpack_array(IPC_DTYPE_COUNT, 2, shape, 2, 32), -1);
    ck_assert_int_eq(unpack_array(255, 2, shape, 2, 32), -1);
    ck_assert_int_eq(unpack_array(IPC_F64, 0, shape, 0, 8), -1);
    ck_assert_int_eq(unpack_array(IPC_F64, 9, shape, 9, 32), -1);
    ck_assert_int_eq(unpack_array(IPC_F64, 3, shape, 2, 0), -1);
    static const uint64_t huge[][2] = {{UINT64_MAX, 1}, {(uint64_t) 1 << 32, (uint64_t) 1 << 32},
                                       {(uint64_t) 1 << 61, 1}, {(uint64_t) 1 << 63, 2}, {(uint64_t) 1 << 40, 1}};
    allocations_taken();
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++)
        ck_assert_int_eq(unpack_array(IPC_F64, 2, huge[i], 2, 32), -1);
    ck_assert_uint_le(allocations_taken(), 4096);
}
END_TEST

//  --- Cut and changed -----------------------------------------------------------------------------------

static void pack_all_kinds(void)
{
    double numbers[4] = {1, 2, 3, 4};
    int8_t bytes[3] = {1, 2, 3};
    ipc_value_t all =
        ipc_list(ipc_none(), true, -1000000, UINT64_MAX, 1.5, 2.0 + 1.0 * I, "a text that is longer than 31 bytes are",
                 ipc_ref("name"), ipc_range(890, 900), ipc_view2(IPC_F64, numbers, 2, 2), ipc_i8(bytes, 3),
                 ipc_dict("key", ipc_list(1, 2, 300), "other", ipc_dict("x", "y")));
    ck_assert_int_eq(ipc_value_pack(all, &writer, NULL, NULL, &error), 0);
    ipc_array_ref_t ref = {.object = {1, 2}, .offset = 64, .dtype = IPC_F32, .ndim = 2, .shape = {3, 4}};
    writer.data[0]++; // one member more
    ipc_array_ref_write(&ref, &writer);
}

static ipc_array_t *open_small(void *context, const ipc_array_ref_t *ref, ipc_error_t *failure)
{
    size_t one = 1;
    ck_assert(context == &writer && ref->ndim >= 1 && ref->ndim <= IPC_MAX_DIMENSIONS);
    return ipc_array_new(ref->dtype, 1, &one, failure);
}

static void print(ipc_value_t value)
{
    char text[8000];
    FILE *stream = fmemopen(text, sizeof text, "w");
    ipc_value_print(value, stream);
    fclose(stream);
}

//  Unpacks exactly these bytes; hands what comes of it to look_at, which may be NULL.
static int unpack_exactly(const char *data, size_t size, void (*look_at)(ipc_value_t value))
{
    char *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    ipc_reader_t r = ipc_reader(copy, size), skipped = r;
    ipc_value_t back;
    ipc_error_t failure = {0};
    allocations_taken();
    int rc = ipc_value_unpack(&back, &r, arena, open_small, &writer, &failure);
    ck_assert_uint_le(allocations_taken(), 64 * 1024 + 128 * size);
    ck_assert(rc == 0 || (failure.code == IPC_E_PROTOCOL && failure.text[0]));
    ipc_value_skip(&skipped);
    if (rc == 0) {
        ck_assert(!skipped.bad && skipped.at == r.at); // skip reads over just what unpack reads
        if (look_at)
            look_at(back);
    }
    ipc_arena_reset(arena);
    free(copy);
    return rc;
}

START_TEST(every_cut_value_is_refused)
{
    pack_all_kinds();
    ck_assert_int_eq(unpack_exactly(writer.data, writer.size, print), 0);
    for (size_t size = 0; size < writer.size; size++) ck_assert_int_eq(unpack_exactly(writer.data, size, NULL), -1);
}
END_TEST

static void change_every_byte(void (*look_at)(ipc_value_t value))
{
    pack_all_kinds();
    for (size_t at = 0; at < writer.size; at++) {
        char was = writer.data[at];
        for (int value = 0; value < 256; value++) {
            writer.data[at] = (char) value;
            unpack_exactly(writer.data, writer.size, look_at);
        }
        writer.data[at] = was;
    }
}

START_TEST(every_changed_byte_is_read_without_harm)
{
    change_every_byte(NULL);
}
END_TEST

START_TEST(what_comes_of_changed_bytes_can_be_printed)
{
    change_every_byte(print);
}
END_TEST

START_TEST(two_changed_bytes_are_read_without_harm)
{
    pack_all_kinds();
    uint64_t random = 88172645463325252u;
    for (int turn = 0; turn < 100000; turn++) {
        size_t at[2];
        char was[2];
        for (int i = 0; i < 2; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            at[i] = random % writer.size;
            was[i] = writer.data[at[i]];
            writer.data[at[i]] = (char) (random >> 32);
        }
        unpack_exactly(writer.data, writer.size, NULL);
        writer.data[at[1]] = was[1];
        writer.data[at[0]] = was[0];
    }
}
END_TEST

START_TEST(lists_that_claim_members_take_no_more_memory_than_the_message_allows)
{
    enum { SIZE = 100000 };
    unsigned char *bytes = calloc(1, SIZE); // each list claims all that is left
    for (uint32_t i = 0; i < IPC_MAX_DEPTH; i++) {
        uint32_t left = SIZE - 5 * (i + 1);
        unsigned char head[5] = {0xdd, (unsigned char) (left >> 24), (unsigned char) (left >> 16),
                                 (unsigned char) (left >> 8), (unsigned char) left};
        memcpy(bytes + 5 * i, head, sizeof head);
    }
    ipc_reader_t r = ipc_reader(bytes, SIZE);
    ipc_value_t back;
    allocations_taken();
    ck_assert_int_eq(ipc_value_unpack(&back, &r, arena, NULL, NULL, &error), -1);
    ck_assert_uint_le(allocations_taken(), 64 * 1024 + 2 * sizeof(ipc_value_t) * SIZE);
    free(bytes);
}
END_TEST

START_TEST(bytes_of_a_bool_array_are_0_or_1)
{
    bool truth[2] = {true, false};
    ck_assert_int_eq(ipc_value_pack(ipc_view1(IPC_BOOL, truth, 2), &writer, NULL, NULL, &error), 0);
    writer.data[writer.size - 1] = 77;
    ipc_reader_t r = ipc_reader(writer.data, writer.size);
    ipc_value_t back;
    if (ipc_value_unpack(&back, &r, arena, NULL, NULL, &error) == 0) // or it is refused
        ck_assert_uint_le(((unsigned char *) ipc_array_data(ipc_value_array(back)))[1], 1);
}
END_TEST

//  --- Objects ---------------------------------------------------------------------------------------------

static int place_for_test(void *context, const void *data, size_t size, ipc_array_ref_t *ref, ipc_error_t *failure)
{
    (void) data, (void) failure;
    ref->object = (ipc_object_t){size, ++*(uint64_t *) context};
    ref->offset = 0;
    return 0;
}

static ipc_array_t *open_for_test(void *context, const ipc_array_ref_t *ref, ipc_error_t *failure)
{
    *(ipc_array_ref_t *) context = *ref;
    return ipc_array_new(ref->dtype, ref->ndim, ref->shape, failure);
}

START_TEST(large_arrays_travel_as_references)
{
    static double numbers[IPC_INLINE_LIMIT / 8 + 1];
    uint64_t placed = 0;
    ck_assert_int_eq(
        ipc_value_pack(ipc_f64(numbers, IPC_INLINE_LIMIT / 8), &writer, place_for_test, &placed, &error), 0);
    ck_assert_uint_eq(placed, 0);
    ck_assert_uint_gt(writer.size, IPC_INLINE_LIMIT);
    ipc_writer_clear(&writer);
    ck_assert_int_eq(
        ipc_value_pack(ipc_f64(numbers, IPC_INLINE_LIMIT / 8 + 1), &writer, place_for_test, &placed, &error), 0);
    ck_assert_uint_eq(placed, 1);
    ck_assert_uint_lt(writer.size, 100);
    ipc_array_ref_t seen = {0}, read;
    ipc_value_t back;
    ipc_reader_t r = ipc_reader(writer.data, writer.size), again = r;
    ck_assert_int_eq(ipc_value_unpack(&back, &r, arena, open_for_test, &seen, &error), 0);
    ck_assert(seen.object.owner == sizeof numbers && seen.object.number == 1 && seen.dtype == IPC_F64 &&
              seen.ndim == 1 && seen.shape[0] == IPC_INLINE_LIMIT / 8 + 1);
    ck_assert_int_eq(ipc_array_ref_read(&read, &again), 1);
    ck_assert(ipc_reader_ok(&again) && read.object.owner == seen.object.owner && read.shape[0] == seen.shape[0]);
    r = ipc_reader(writer.data, writer.size);
    ck_assert_int_eq(ipc_value_unpack(&back, &r, arena, NULL, NULL, &error), -1); // none expected here
}
END_TEST

START_TEST(what_is_no_reference_is_left_unread)
{
    ipc_array_ref_t ref;
    double number = 1;
    ck_assert_int_eq(ipc_value_pack(ipc_f64(&number, 1), &writer, NULL, NULL, &error), 0);
    ipc_reader_t r = ipc_reader(writer.data, writer.size);
    ck_assert_int_eq(ipc_array_ref_read(&ref, &r), 0);
    ck_assert(r.at == (const uint8_t *) writer.data && !r.bad);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("codec");
    tcase_add_checked_fixture(tests, make, destroy);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, scalars_go_there_and_back);
    tcase_add_test(tests, text_references_and_ranges_go_there_and_back);
    tcase_add_test(tests, lists_and_dictionaries_go_there_and_back);
    tcase_add_test(tests, arrays_of_every_dtype_and_dimension_go_there_and_back);
    tcase_add_test(tests, borrowed_memory_comes_back_as_an_array);
    tcase_add_test(tests, lists_are_nested_up_to_a_limit);
    tcase_add_test(tests, odd_dictionaries_and_other_keys_are_refused);
    tcase_add_loop_test(tests, malformed_values_are_refused, 0, 9);
    tcase_add_test(tests, arrays_that_are_not_what_they_say_are_refused);
    tcase_add_test(tests, every_cut_value_is_refused);
    tcase_add_test(tests, every_changed_byte_is_read_without_harm);
    tcase_add_test(tests, two_changed_bytes_are_read_without_harm);
    tcase_add_test(tests, large_arrays_travel_as_references);
    tcase_add_test(tests, what_is_no_reference_is_left_unread);
    tcase_add_test(tests, what_can_be_packed_can_be_unpacked);
    tcase_add_test(tests, lists_that_claim_members_take_no_more_memory_than_the_message_allows);
    tcase_add_test(tests, what_comes_of_changed_bytes_can_be_printed);
    tcase_add_test(tests, bytes_of_a_bool_array_are_0_or_1);
    return run_suite("codec", tests);
}
