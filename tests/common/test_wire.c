//  msgpack on the way out and in: every number and size there and back, and a reader that is never led astray.
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire.h"
#include "tests/common/run_suite.h"

static ipc_writer_t writer;

static void destroy_writer(void)
{
    ipc_writer_destroy(&writer);
}

static ipc_reader_t read_back(void)
{
    return ipc_reader(writer.data, writer.size);
}

START_TEST(integers_go_there_and_back)
{
    for (unsigned bit = 0; bit < 64; bit++)
        for (uint64_t near = 0; near < 3; near++) {
            uint64_t value = ((uint64_t) 1 << bit) - 1 + near;
            ipc_writer_clear(&writer);
            ipc_write_u64(&writer, value);
            ipc_write_i64(&writer, (int64_t) value);
            ipc_write_i64(&writer, -(int64_t) (value >> 1) - 1);
            ipc_reader_t r = read_back();
            ck_assert_uint_eq(ipc_read_u64(&r), value);
            ck_assert_int_eq(ipc_read_i64(&r), (int64_t) value);
            ck_assert_int_eq(ipc_read_i64(&r), -(int64_t) (value >> 1) - 1);
            ck_assert(ipc_reader_ok(&r));
        }
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_refused)
{
    ipc_write_u64(&writer, (uint64_t) UINT32_MAX + 1);
    ipc_reader_t r = read_back();
    ipc_read_u32(&r);
    ck_assert(r.bad);
    ipc_writer_clear(&writer);
    ipc_write_u64(&writer, (uint64_t) INT64_MAX + 1);
    r = read_back();
    ipc_read_i64(&r);
    ck_assert(r.bad);
    ipc_writer_clear(&writer);
    ipc_write_i64(&writer, -1);
    r = read_back();
    ck_assert_uint_eq(ipc_read_u64(&r), 0);
    ck_assert(r.bad && !ipc_reader_ok(&r));
}
END_TEST

START_TEST(doubles_keep_every_bit)
{
    static const double values[] = {0, -0.0, 1, -1.5, 5e-324, 1.7976931348623157e308, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) ipc_write_f64(&writer, values[i]);
    ipc_reader_t r = read_back();
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        double back = ipc_read_f64(&r);
        ck_assert_mem_eq(&back, &values[i], sizeof back);
    }
    ck_assert(ipc_reader_ok(&r));
    static const char single[] = {(char) 0xca, 0x3f, (char) 0xc0, 0, 0}; // what others may write
    r = ipc_reader(single, sizeof single);
    ck_assert(ipc_read_f64(&r) == 1.5 && ipc_reader_ok(&r));
}
END_TEST

//  Around the sizes where msgpack changes its header.
static const size_t sizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536, 3000000};

START_TEST(strings_and_bytes_of_every_size_go_there_and_back)
{
    size_t size = sizes[_i], found = 1;
    char *data = malloc(size + 1);
    for (size_t i = 0; i < size; i++) data[i] = (char) ('a' + i % 26);
    data[size] = 0;
    ipc_write_string(&writer, data, size);
    ipc_write_bytes(&writer, data, size);
    ipc_write_ext(&writer, 42, size);
    ipc_write_raw(&writer, data, size);
    ipc_write_text(&writer, data);
    size_t place = ipc_write_bytes_begin(&writer);
    ipc_write_raw(&writer, data, size);
    ipc_write_bytes_end(&writer, place);
    ipc_reader_t r = read_back();
    const char *text = ipc_read_string(&r, &found);
    ck_assert(found == size && memcmp(text, data, size) == 0);
    text = ipc_read_bytes(&r, &found);
    ck_assert(found == size && memcmp(text, data, size) == 0);
    int8_t type = 0;
    text = ipc_read_ext(&r, &type, &found);
    ck_assert(type == 42 && found == size && memcmp(text, data, size) == 0);
    char *room = malloc(size + 1);
    ipc_read_text(&r, room, size + 1);
    ck_assert_str_eq(room, data);
    text = ipc_read_bytes(&r, &found);
    ck_assert(found == size && memcmp(text, data, size) == 0 && ipc_reader_ok(&r));
    free(room);
    free(data);
}
END_TEST

START_TEST(lists_and_maps_of_every_size_go_there_and_back)
{
    size_t size = sizes[_i];
    ipc_write_list(&writer, size);
    for (size_t i = 0; i < size; i++) ipc_write_nil(&writer);
    ipc_write_map(&writer, size);
    for (size_t i = 0; i < 2 * size; i++) ipc_write_bool(&writer, i % 3 == 0);
    ipc_reader_t r = read_back();
    ck_assert_uint_eq(ipc_read_list(&r), size);
    size_t right = 0;
    for (size_t i = 0; i < size; i++) right += ipc_read_nil(&r);
    ck_assert_uint_eq(ipc_read_map(&r), size);
    for (size_t i = 0; i < 2 * size; i++) right += ipc_read_bool(&r) == (i % 3 == 0);
    ck_assert_uint_eq(right, 3 * size);
    ck_assert(ipc_reader_ok(&r) && !ipc_read_nil(&r));
}
END_TEST

START_TEST(a_count_beyond_the_bytes_left_is_refused)
{
    static const unsigned char counts[][5] = {{0xdd, 0xff, 0xff, 0xff, 0xff}, {0xdf, 0xff, 0xff, 0xff, 0xff},
                                              {0xdd, 0, 0, 0, 1}, {0xdc, 0, 3, 0xc0, 0xc0}, {0x92, 0xc0}};
    ipc_reader_t r = ipc_reader(counts[_i], _i == 4 ? 2 : 5);
    size_t count = _i == 1 ? ipc_read_map(&r) : ipc_read_list(&r);
    ck_assert(count == 0 && r.bad);
}
END_TEST

START_TEST(reading_past_the_end_gives_zeros_and_is_noticed)
{
    size_t size = 1;
    int8_t type = 1;
    char text[4] = "abc";
    ipc_reader_t r = ipc_reader("", 0);
    ck_assert(ipc_reader_ok(&r) && ipc_read_type(&r) == IPC_WIRE_END && !ipc_read_nil(&r) && !r.bad);
    ck_assert(ipc_read_u64(&r) == 0 && r.bad);
    ck_assert(ipc_read_i64(&r) == 0 && !ipc_read_bool(&r) && ipc_read_f64(&r) == 0 && ipc_read_u32(&r) == 0);
    ck_assert(ipc_read_string(&r, &size) && size == 0);
    ck_assert(ipc_read_bytes(&r, &size) && size == 0 && ipc_read_ext(&r, &type, &size) && size == 0);
    ck_assert(ipc_read_list(&r) == 0 && ipc_read_map(&r) == 0);
    ipc_read_text(&r, text, sizeof text);
    ck_assert_str_eq(text, "");
    ck_assert(!ipc_reader_ok(&r));
}
END_TEST

START_TEST(a_text_that_does_not_fit_is_refused)
{
    char room[4] = "";
    ipc_write_text(&writer, "four");
    ipc_reader_t r = read_back();
    ipc_read_text(&r, room, sizeof room);
    ck_assert(r.bad && room[0] == 0);
    ipc_writer_clear(&writer);
    ipc_write_string(&writer, "a\0b", 3);
    r = read_back();
    ipc_read_text(&r, room, sizeof room);
    ck_assert(r.bad);
}
END_TEST

//  Reads anything with each of the readers; what is lent must lie within the bytes.
static void read_with(int which, const uint8_t *data, size_t size)
{
    ipc_reader_t r = ipc_reader(data, size);
    size_t got = 0;
    int8_t type;
    char text[8];
    const char *at = NULL;
    switch (which) {
    case 0: ipc_read_nil(&r); break;
    case 1: ipc_read_bool(&r); break;
    case 2: ipc_read_u64(&r); break;
    case 3: ipc_read_i64(&r); break;
    case 4: ipc_read_f64(&r); break;
    case 5: at = ipc_read_string(&r, &got); break;
    case 6: at = ipc_read_bytes(&r, &got); break;
    case 7: at = ipc_read_ext(&r, &type, &got); break;
    case 8: at = (const char *) data, got = ipc_read_list(&r); break;
    case 9: at = (const char *) data, got = ipc_read_map(&r); break;
    case 10: ipc_read_text(&r, text, sizeof text); break;
    default: ipc_read_u32(&r);
    }
    const uint8_t *lent = (const uint8_t *) at;
    if (r.at < data || r.at > r.end || r.end != data + size || (got > 0 && (lent < data || lent + got > r.end)))
        ck_abort_msg("reader %d went astray at first byte %02x", which, data[0]);
}

START_TEST(any_bytes_are_read_without_harm)
{
    uint64_t random = 88172645463325252u;
    for (int first = 0; first < 256; first++)
        for (size_t size = 1; size <= 20; size++)
            for (int kind = 0; kind < 4; kind++) {
                uint8_t *data = malloc(size); // exactly: a sanitizer sees a read behind it
                data[0] = (uint8_t) first;
                for (size_t i = 1; i < size; i++) {
                    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
                    data[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (uint8_t) (random >> (kind == 2 ? 8 : 60));
                }
                for (int which = 0; which < 12; which++) read_with(which, data, size);
                free(data);
            }
}
END_TEST

START_TEST(a_cleared_writer_gives_large_memory_back)
{
    ipc_write_room(&writer, 3 << 20);
    ck_assert_uint_ge(writer.room, 3 << 20);
    ipc_writer_clear(&writer);
    ck_assert(writer.size == 0 && writer.room <= 1 << 20);
    ipc_write_u64(&writer, 5);
    ipc_writer_clear(&writer);
    ck_assert(writer.size == 0 && writer.room > 0);
}
END_TEST

int main(void)
{
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    TCase *tests = tcase_create("wire");
    tcase_add_checked_fixture(tests, NULL, destroy_writer);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, integers_go_there_and_back);
    tcase_add_test(tests, numbers_that_do_not_fit_are_refused);
    tcase_add_test(tests, doubles_keep_every_bit);
    tcase_add_loop_test(tests, strings_and_bytes_of_every_size_go_there_and_back, 0, SIZES);
    tcase_add_loop_test(tests, lists_and_maps_of_every_size_go_there_and_back, 0, SIZES);
    tcase_add_loop_test(tests, a_count_beyond_the_bytes_left_is_refused, 0, 5);
    tcase_add_test(tests, reading_past_the_end_gives_zeros_and_is_noticed);
    tcase_add_test(tests, a_text_that_does_not_fit_is_refused);
    tcase_add_test(tests, any_bytes_are_read_without_harm);
    tcase_add_test(tests, a_cleared_writer_gives_large_memory_back);
    return run_suite("wire", tests);
}
