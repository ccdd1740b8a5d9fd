//  Values on their way from one task to another: whatever order they come in, they leave in that of their numbers.
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/codec.h"
#include "controller/supply.h"
#include "tests/common/run_suite.h"

static ipc_reader_t row(ipc_writer_t *writer, int64_t first, int64_t count)
{
    ipc_writer_clear(writer);
    for (int64_t i = first; i < first + count; i++) {
        ipc_write_list(writer, 2); // of several bytes each, and not alike
        ipc_write_i64(writer, i);
        ipc_write_string(writer, "abcdefghij", (size_t) (i % 10));
    }
    return ipc_reader(writer->data, writer->size);
}

START_TEST(values_leave_in_order)
{
    enum { N = 100, STEP = 7 };
    supply_t *self = supply_new(N);
    ipc_writer_t writer = {0};
    uint64_t size = 0;
    for (int64_t k = 0; k < N; k++) {
        int64_t number = k * STEP % N; // 7 and 100 have no common divisor: each once
        ipc_reader_t reader = row(&writer, number, 1);
        ck_assert_int_eq(supply_take(self, (uint64_t) number, 1, &reader), 0);
        size += writer.size;
    }
    ck_assert_uint_eq(supply_size(self), size);
    ck_assert(supply_is_complete(self));
    ipc_bytes_t body = supply_body(self);
    row(&writer, 0, N);
    ck_assert_uint_eq(body.size, writer.size);
    ck_assert_mem_eq(body.data, writer.data, body.size);
    ipc_writer_destroy(&writer);
    supply_destroy(&self);
}
END_TEST

START_TEST(values_in_order_are_not_moved)
{
    supply_t *self = supply_new(10);
    ipc_writer_t writer = {0};
    ipc_reader_t reader = row(&writer, 0, 10);
    ck_assert_int_eq(supply_take(self, 0, 4, &reader), 0);
    ck_assert_int_eq(supply_take(self, 4, 6, &reader), 0); // the reader goes on where it was
    ipc_bytes_t body = supply_body(self);
    ck_assert_uint_eq(body.size, writer.size);
    ck_assert_mem_eq(body.data, writer.data, body.size);
    ipc_writer_destroy(&writer);
    supply_destroy(&self);
}
END_TEST

START_TEST(odd_values_are_refused)
{
    supply_t *self = supply_new(4);
    ipc_writer_t writer = {0};
    ipc_reader_t reader = row(&writer, 0, 2), again = reader;
    ck_assert_int_eq(supply_take(self, 0, 3, &reader), -1); // there are two
    ck_assert_int_eq(supply_take(self, 3, 2, &again), -1);  // beyond the last number
    ck_assert_int_eq(supply_take(self, UINT64_MAX, 2, &again), -1);
    again = reader;
    ck_assert_int_eq(supply_take(self, 0, 0, &again), -1);  // none
    ck_assert_uint_eq(supply_size(self), 0);
    ck_assert_int_eq(supply_take(self, 2, 2, &again), 0);
    again = row(&writer, 0, 1);
    ck_assert_int_eq(supply_take(self, 2, 1, &again), -1);  // it has come
    ck_assert(!supply_is_complete(self));
    ipc_writer_destroy(&writer);
    supply_destroy(&self);
}
END_TEST

//  What it keeps counts in its client's credit: room for values that have not come, values, the names of objects.
START_TEST(room_counts_before_values_come)
{
    enum { N = 1000 };
    supply_t *self = supply_new(N);
    ipc_writer_t writer = {0};
    uint64_t empty = supply_memory(self);
    ck_assert_uint_ge(empty, N * sizeof(uint64_t));
    ipc_reader_t reader = row(&writer, 0, 1);
    ck_assert_int_eq(supply_take(self, 0, 1, &reader), 0);
    ck_assert_uint_eq(supply_memory(self), empty + writer.size);
    ipc_object_t object = {1, 2};
    supply_add_objects(self, &(ipc_objects_t){(const char *) &object, 1});
    ck_assert_uint_eq(supply_memory(self), empty + writer.size + sizeof object);
    ipc_writer_destroy(&writer);
    supply_destroy(&self);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("supply");
    tcase_add_test(tests, values_leave_in_order);
    tcase_add_test(tests, values_in_order_are_not_moved);
    tcase_add_test(tests, odd_values_are_refused);
    tcase_add_test(tests, room_counts_before_values_come);
    return run_suite("supply", tests);
}
