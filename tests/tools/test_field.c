//  Fields: ranges, distances, and resampling by area means.
#include "tools/field.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tests/common/run_suite.h"

static ipc_array_t *new_array(ipc_dtype_t dtype, size_t rows, size_t columns)
{
    ipc_array_t *array = ipc_array_new(dtype, 2, (size_t[]){rows, columns}, NULL);
    ck_assert_ptr_nonnull(array);
    return array;
}

START_TEST(only_up_to_three_dimensions_of_real_numbers_are_a_field)
{
    field_t field;
    ipc_error_t error;
    ipc_array_t *four = ipc_array_new(IPC_F64, 4, (size_t[]){2, 2, 2, 2}, NULL);
    ipc_array_t *whole = new_array(IPC_I32, 2, 2);
    ck_assert_int_eq(field_of_array(&field, four, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    ck_assert_int_eq(field_of_array(&field, whole, &error), -1);
    ck_assert_int_eq(field_of_array(&field, NULL, &error), -1);
    ipc_array_destroy(&four);
    ipc_array_destroy(&whole);
}
END_TEST

START_TEST(a_line_is_one_row_and_a_block_its_middle_plane)
{
    field_t field;
    ipc_array_t *line = ipc_array_new(IPC_F32, 1, (size_t[]){4}, NULL);
    ipc_array_t *block = ipc_array_new(IPC_F64, 3, (size_t[]){5, 2, 3}, NULL);
    ipc_array_f32(line)[3] = 7;
    ipc_array_f64(block)[2 * 6 + 4] = 8;
    ck_assert_int_eq(field_of_array(&field, line, NULL), 0);
    ck_assert_uint_eq(field.rows, 1);
    ck_assert_uint_eq(field.columns, 4);
    ck_assert_double_eq(field_at(&field, 0, 3), 7);
    ck_assert_int_eq(field_of_array(&field, block, NULL), 0);
    ck_assert_uint_eq(field.rows, 2);
    ck_assert_uint_eq(field.columns, 3);
    ck_assert_double_eq(field_at(&field, 1, 1), 8);
    ck_assert_int_eq(field_of_planes(&field, line, NULL), 0);
    ck_assert(field.rows == 1 && field.columns == 4);
    ck_assert_int_eq(field_of_planes(&field, block, NULL), 0);
    ck_assert(field.rows == 10 && field.columns == 3);
    ck_assert_double_eq(field_at(&field, 5, 1), 8);
    ipc_array_destroy(&line);
    ipc_array_destroy(&block);
}
END_TEST

START_TEST(range_and_distance_of_both_dtypes)
{
    ipc_array_t *a = new_array(IPC_F64, 2, 3), *b = new_array(IPC_F32, 2, 3);
    for (size_t i = 0; i < 6; i++) {
        ipc_array_f64(a)[i] = (double) i - 2;
        ipc_array_f32(b)[i] = (float) i;
    }
    field_t first, second;
    double low = 0, high = 0;
    ck_assert_int_eq(field_of_array(&first, a, NULL) | field_of_array(&second, b, NULL), 0);
    field_range(&first, &low, &high);
    ck_assert_double_eq(low, -2);
    ck_assert_double_eq(high, 3);
    ck_assert_double_eq(field_distance(&first, &second), 2);
    ipc_array_f32(b)[5] = NAN;
    ck_assert_double_nan(field_distance(&first, &second));
    ipc_array_destroy(&a);
    ipc_array_destroy(&b);
}
END_TEST

START_TEST(another_shape_has_no_distance)
{
    ipc_array_t *a = new_array(IPC_F64, 2, 3), *b = new_array(IPC_F64, 3, 2);
    field_t first, second;
    ck_assert_int_eq(field_of_array(&first, a, NULL) | field_of_array(&second, b, NULL), 0);
    ck_assert_double_nan(field_distance(&first, &second));
    ipc_array_destroy(&a);
    ipc_array_destroy(&b);
}
END_TEST

//  The mean over all of the picture is the mean over all of the field, whatever the two
//  sizes: no part of the field is lost or counted twice. 1e-12: some thousand additions of
//  numbers up to 1.
START_TEST(resampling_keeps_the_mean)
{
    static const size_t sizes[][2] = {{1, 1}, {7, 5}, {64, 64}, {100, 3}, {257, 131}};
    ipc_array_t *array = new_array(IPC_F64, 60, 90);
    double sum = 0;
    for (size_t i = 0; i < 60 * 90; i++)
        sum += ipc_array_f64(array)[i] = (double) (i * 7919 % 1000) / 1000;
    field_t field;
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        size_t count = sizes[k][0] * sizes[k][1];
        double *out = malloc(count * sizeof *out), total = 0;
        field_resample(&field, NULL, sizes[k][0], sizes[k][1], out);
        for (size_t i = 0; i < count; i++) total += out[i];
        ck_assert_double_eq_tol(total / (double) count, sum / (60 * 90), 1e-12);
        free(out);
    }
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(growing_repeats_and_minus_subtracts)
{
    ipc_array_t *array = new_array(IPC_F32, 2, 2);
    float *u = ipc_array_f32(array);
    u[0] = 1, u[1] = 2, u[2] = 3, u[3] = 4;
    field_t field;
    double out[16];
    ck_assert_int_eq(field_of_array(&field, array, NULL), 0);
    field_resample(&field, NULL, 4, 4, out);
    for (size_t i = 0; i < 16; i++)
        ck_assert_double_eq(out[i], (double) u[i / 8 * 2 + i % 4 / 2]);
    field_resample(&field, &field, 4, 4, out);
    for (size_t i = 0; i < 16; i++) ck_assert_double_eq(out[i], 0);
    ipc_array_destroy(&array);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("field");
    tcase_add_test(tests, only_up_to_three_dimensions_of_real_numbers_are_a_field);
    tcase_add_test(tests, a_line_is_one_row_and_a_block_its_middle_plane);
    tcase_add_test(tests, range_and_distance_of_both_dtypes);
    tcase_add_test(tests, another_shape_has_no_distance);
    tcase_add_test(tests, resampling_keeps_the_mean);
    tcase_add_test(tests, growing_repeats_and_minus_subtracts);
    return run_suite("field", tests);
}
