//  Products against their definition. The operands are small integers, so that every sum is
//  exact in every dtype and in any order, and nothing is to be tolerated.
#include <complex.h>
#include <stdlib.h>
#include <string.h>

#include "module_support.h"

static const ipc_dtype_t dtypes[] = {IPC_F32, IPC_F64, IPC_C64, IPC_C128};

static void set(ipc_array_t *array, size_t i, double complex value)
{
    switch (ipc_array_dtype(array)) {
    case IPC_F32: ipc_array_f32(array)[i] = (float) creal(value); break;
    case IPC_F64: ipc_array_f64(array)[i] = creal(value); break;
    case IPC_C64: ipc_array_c64(array)[i] = (float complex) value; break;
    default: ipc_array_c128(array)[i] = value;
    }
}

static double complex get(const ipc_array_t *array, size_t i)
{
    switch (ipc_array_dtype(array)) {
    case IPC_F32: return ipc_array_f32(array)[i];
    case IPC_F64: return ipc_array_f64(array)[i];
    case IPC_C64: return ipc_array_c64(array)[i];
    default: return ipc_array_c128(array)[i];
    }
}

//  Integers from -8 to 8, with imaginary parts where there are any.
static ipc_array_t *integers(ipc_dtype_t dtype, int ndim, size_t rows, size_t columns)
{
    ipc_array_t *array = ipc_array_new(dtype, ndim, (const size_t[]){rows, columns}, NULL);
    unsigned seed = (unsigned) (rows * 100 + columns);
    for (size_t i = 0; i < ipc_array_count(array); i++)
        set(array, i, rand_r(&seed) % 17 - 8 + I * (rand_r(&seed) % 17 - 8));
    return array;
}

static ipc_array_t *product(const char *function, ipc_value_t keywords)
{
    ipc_value_t value = module_call(function, keywords);
    ck_assert_int_eq(ipc_value_kind(value), IPC_KIND_ARRAY);
    return (ipc_array_t *) ipc_value_array(value); // a call outside of a task gives it away
}

//  The element of a matrix, of which the transposed one may be meant.
static double complex at(const ipc_array_t *a, bool transposed, size_t row, size_t column)
{
    const size_t width = ipc_array_ndim(a) == 1 ? 1 : ipc_array_shape(a)[1];
    return get(a, transposed ? column * width + row : row * width + column);
}

static void assert_product(const ipc_array_t *c, const ipc_array_t *a, bool turn_a,
                           const ipc_array_t *b, bool turn_b, size_t inner)
{
    const size_t columns = ipc_array_ndim(c) == 1 ? 1 : ipc_array_shape(c)[1];
    for (size_t i = 0; i < ipc_array_count(c); i++) {
        double complex sum = 0;
        for (size_t j = 0; j < inner; j++)
            sum += at(a, turn_a, i / columns, j) * at(b, turn_b, j, i % columns);
        ck_assert(get(c, i) == sum);
    }
}

static void check_matvec(ipc_dtype_t dtype, size_t rows, size_t columns, bool transpose)
{
    const size_t length = transpose ? rows : columns;
    ipc_array_t *a = integers(dtype, 2, rows, columns);
    ipc_array_t *x = integers(dtype, 1, length, 0);
    ipc_array_t *y = product(
        "matvec", ipc_dict("a", a, "x", x, "transpose", ipc_bool(transpose), "threads", 2));
    ck_assert_int_eq(ipc_array_dtype(y), dtype);
    ck_assert_int_eq(ipc_array_ndim(y), 1);
    ck_assert_uint_eq(ipc_array_count(y), transpose ? columns : rows);
    assert_product(y, a, transpose, x, false, length);
    ipc_array_destroy(&a);
    ipc_array_destroy(&x);
    ipc_array_destroy(&y);
}

START_TEST(matrix_times_vector)
{
    for (int d = 0; d < 4; d++)
        for (int transpose = 0; transpose < 2; transpose++) {
            check_matvec(dtypes[d], 1, 1, transpose);
            check_matvec(dtypes[d], 3, 5, transpose);
            check_matvec(dtypes[d], 130, 67, transpose);
            check_matvec(dtypes[d], 0, 4, transpose);
            check_matvec(dtypes[d], 4, 0, transpose);
        }
}
END_TEST

static void check_matmul(ipc_dtype_t dtype, size_t rows, size_t inner, size_t columns,
                         bool turn_a, bool turn_b)
{
    ipc_array_t *a = integers(dtype, 2, turn_a ? inner : rows, turn_a ? rows : inner);
    ipc_array_t *b = integers(dtype, 2, turn_b ? columns : inner, turn_b ? inner : columns);
    ipc_array_t *c =
        product("matmul", ipc_dict("a", a, "b", b, "transpose_a", ipc_bool(turn_a),
                                   "transpose_b", ipc_bool(turn_b)));
    ck_assert_int_eq(ipc_array_dtype(c), dtype);
    ck_assert(ipc_array_shape(c)[0] == rows && ipc_array_shape(c)[1] == columns);
    assert_product(c, a, turn_a, b, turn_b, inner);
    ipc_array_destroy(&a);
    ipc_array_destroy(&b);
    ipc_array_destroy(&c);
}

START_TEST(matrix_times_matrix)
{
    for (int d = 0; d < 4; d++)
        for (int turns = 0; turns < 4; turns++) {
            check_matmul(dtypes[d], 1, 1, 1, turns & 1, turns & 2);
            check_matmul(dtypes[d], 2, 3, 4, turns & 1, turns & 2);
            check_matmul(dtypes[d], 65, 31, 47, turns & 1, turns & 2);
            check_matmul(dtypes[d], 3, 0, 2, turns & 1, turns & 2);
            check_matmul(dtypes[d], 0, 3, 2, turns & 1, turns & 2);
            check_matmul(dtypes[d], 3, 2, 0, turns & 1, turns & 2);
        }
}
END_TEST

START_TEST(memory_of_the_caller_is_taken_as_it_is)
{
    const double a[6] = {1, 2, 3, 4, 5, 6}, x[3] = {1, 10, 100};
    ipc_array_t *y =
        product("matvec", ipc_dict("a", ipc_view2(IPC_F64, a, 2, 3), "x", ipc_f64(x, 3)));
    ck_assert(ipc_array_f64(y)[0] == 321 && ipc_array_f64(y)[1] == 654);
    ipc_array_destroy(&y);
}
END_TEST

START_TEST(a_kept_product_is_in_the_namespace)
{
    const double a[4] = {0, 1, 1, 1}; // powers of it hold the numbers of Fibonacci
    ipc_value_t matrix = ipc_view2(IPC_F64, a, 2, 2);
    module_call("matmul", ipc_dict("a", matrix, "b", matrix, "keep", "power"));
    for (int i = 2; i < 30; i++)
        module_call("matmul",
                    ipc_dict("a", ipc_ns_get("power"), "b", matrix, "keep", "power"));
    ck_assert(ipc_array_f64(ipc_value_array(ipc_ns_get("power")))[1] == 832040);
}
END_TEST

START_TEST(info_names_the_library)
{
    ipc_value_t info = module_call("info", ipc_none());
    ck_assert_ptr_nonnull(
        strstr(ipc_value_str(ipc_value_get(info, "library")), "OpenBLAS"));
    ck_assert_int_ge(ipc_value_i64(ipc_value_get(info, "threads")), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        matrix_times_vector,
        matrix_times_matrix,
        memory_of_the_caller_is_taken_as_it_is,
        a_kept_product_is_in_the_namespace,
        info_names_the_library,
    };
    return module_run_tests("linalg", tests, sizeof tests / sizeof *tests);
}
