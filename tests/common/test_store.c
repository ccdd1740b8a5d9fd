//  Objects in shared memory: made, opened by others, reused, removed; nothing is left behind.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array_body.h"
#include "common/paths.h"
#include "common/store.h"
#include "store_folder.h"
#include "tests/common/run_suite.h"

static char directory[STORE_FOLDER_ROOM];
static ipc_store_t *store;
static ipc_error_t error;

static void make_store(void)
{
    store_folder_make(directory);
    store = ipc_store_new(directory, 0xabc);
}

static void destroy_store(void)
{
    ipc_store_destroy(&store);
    store_folder_remove(directory);
    ipc_store_destroy(&store);
}

static ipc_array_ref_t place(const double *numbers, size_t count)
{
    ipc_array_ref_t ref = {.dtype = IPC_F64, .ndim = 1, .shape = {count}};
    ck_assert_int_eq(ipc_store_place(store, numbers, count * sizeof numbers[0], &ref, &error), 0);
    ck_assert(ref.object.owner == 0xabc && ref.object.number > 0 && ref.offset == 0);
    return ref;
}

START_TEST(an_object_is_opened_by_its_reference)
{
    static double numbers[5000];
    for (size_t i = 0; i < 5000; i++) numbers[i] = (double) i / 3;
    ipc_array_ref_t ref = place(numbers, 5000);
    ipc_store_t *other = ipc_store_new(directory, 2);
    ipc_array_t *array = ipc_store_open(other, &ref, false, &error);
    ck_assert_ptr_nonnull(array);
    ck_assert_mem_eq(ipc_array_data(array), numbers, sizeof numbers);
    ck_assert_uint_eq((uintptr_t) ipc_array_data(array) % 64, 0);
    ipc_array_destroy(&array);
    ipc_store_destroy(&other);
    ck_assert_uint_eq(store_folder_files(directory), 1); // it is not the other's
}
END_TEST

START_TEST(a_private_opening_keeps_its_changes_a_shared_one_shows_them)
{
    double numbers[3] = {1, 2, 3};
    ipc_array_ref_t ref = place(numbers, 3);
    ipc_array_t *own = ipc_store_open(store, &ref, false, &error), *shared = ipc_store_open(store, &ref, true, &error);
    ipc_array_f64(own)[0] = 10;
    ck_assert(ipc_array_f64(shared)[0] == 1);
    ipc_array_f64(shared)[1] = 20;
    ipc_array_t *later = ipc_store_open(store, &ref, false, &error);
    ck_assert(ipc_array_f64(later)[0] == 1 && ipc_array_f64(later)[1] == 20);
    ipc_array_destroy(&own);
    ipc_array_destroy(&shared);
    ipc_array_destroy(&later);
}
END_TEST

START_TEST(a_part_is_opened_at_its_offset)
{
    static double numbers[4096];
    for (size_t i = 0; i < 4096; i++) numbers[i] = (double) i;
    ipc_array_ref_t ref = place(numbers, 4096);
    for (uint64_t row = 0; row < 4096; row += 8) {
        ipc_array_ref_t part = {ref.object, row * sizeof(double), IPC_F64, 1, {8}};
        ipc_array_t *array = ipc_store_open(store, &part, false, &error);
        ck_assert(ipc_array_f64(array)[0] == (double) row && ipc_array_f64(array)[7] == (double) row + 7);
        ipc_array_destroy(&array);
    }
    ipc_array_ref_t empty = {ref.object, sizeof numbers, IPC_F64, 2, {0, 3}};
    ipc_array_t *array = ipc_store_open(store, &empty, false, &error);
    ck_assert(array && ipc_array_count(array) == 0);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(what_does_not_lie_in_its_object_is_refused)
{
    double numbers[4] = {0};
    ipc_array_ref_t ref = place(numbers, 4), wrong[] = {ref, ref, ref, ref};
    wrong[0].offset = 1 << 20;
    wrong[1].shape[0] = 4096;
    wrong[2].offset = UINT64_MAX - 8;
    wrong[3].shape[0] = SIZE_MAX / 16;
    for (size_t i = 0; i < 4; i++) {
        error = (ipc_error_t){0};
        ck_assert_ptr_null(ipc_store_open(store, &wrong[i], false, &error));
        ck_assert(error.code == IPC_E_PROTOCOL || error.code == IPC_E_MEMORY);
    }
    ref.object.number = 77;
    ck_assert_ptr_null(ipc_store_open(store, &ref, false, &error));
    ck_assert_int_eq(error.code, IPC_E_NAME);
}
END_TEST

START_TEST(a_freed_segment_is_used_again)
{
    ipc_object_t first, second, third;
    char *memory = ipc_store_take(store, 100000, &first, &error);
    ck_assert_ptr_nonnull(memory);
    ck_assert_ptr_ne(ipc_store_take(store, 100000, &second, &error), memory);
    ck_assert_uint_ne(first.number, second.number);
    ipc_store_freed(store, first);
    ipc_store_freed(store, first); // twice does no harm
    ipc_store_freed(store, (ipc_object_t){0xabc, 99});
    ipc_store_freed(store, (ipc_object_t){0xdef, second.number}); // another's
    ck_assert_ptr_eq(ipc_store_take(store, 90000, &third, &error), memory);
    ck_assert_uint_eq(third.number, first.number);
    ck_assert_uint_eq(store_folder_files(directory), 2);
    ipc_store_freed(store, third);
    ck_assert_ptr_ne(ipc_store_take(store, 1000, &third, &error), memory); // far too large for it
}
END_TEST

START_TEST(what_cannot_be_had_is_refused)
{
    ipc_object_t object;
    ck_assert_ptr_null(ipc_store_take(store, (size_t) 1 << 60, &object, &error));
    ck_assert_int_eq(error.code, IPC_E_MEMORY);
    ck_assert_uint_eq(store_folder_files(directory), 0);
    ipc_store_t *nowhere = ipc_store_new("/nonexistent", 1);
    ck_assert_ptr_null(ipc_store_take(nowhere, 100, &object, &error));
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ipc_store_destroy(&nowhere);
    ck_assert_ptr_nonnull(ipc_store_take(store, 0, &object, &error));
}
END_TEST

START_TEST(a_size_beyond_all_memory_is_refused)
{
    ipc_object_t object;
    ck_assert_ptr_null(ipc_store_take(store, SIZE_MAX, &object, &error));
    ck_assert_int_eq(error.code, IPC_E_MEMORY);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("store");
    tcase_add_checked_fixture(tests, make_store, destroy_store);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, an_object_is_opened_by_its_reference);
    tcase_add_test(tests, a_private_opening_keeps_its_changes_a_shared_one_shows_them);
    tcase_add_test(tests, a_part_is_opened_at_its_offset);
    tcase_add_test(tests, what_does_not_lie_in_its_object_is_refused);
    tcase_add_test(tests, a_freed_segment_is_used_again);
    tcase_add_test(tests, what_cannot_be_had_is_refused);
    tcase_add_test(tests, a_size_beyond_all_memory_is_refused);
    return run_suite("store", tests);
}
