//  The module `linalg` on a CUDA device, and arrays that stay there. 77 where there is no device. Operands are small
//  integers, so that all sums are exact.
#include <stdlib.h>
#include <string.h>

#include "module_support.h"

static const ipc_dtype_t dtypes[] = {IPC_F32, IPC_F64, IPC_C64, IPC_C128};

//  Integers from -8 to 8; a complex number is two of them.
static ipc_array_t *integers(ipc_dtype_t dtype, int ndim, size_t rows, size_t columns)
{
    ipc_array_t *array = ipc_array_new(dtype, ndim, (const size_t[]){rows, columns}, NULL);
    const bool single = dtype == IPC_F32 || dtype == IPC_C64;
    const size_t count = ipc_array_size(array) / (single ? sizeof(float) : sizeof(double));
    unsigned seed = (unsigned) (rows * 100 + columns);
    for (size_t i = 0; i < count; i++) {
        const int number = rand_r(&seed) % 17 - 8;
        if (single)
            ((float *) ipc_array_data(array))[i] = (float) number;
        else
            ((double *) ipc_array_data(array))[i] = number;
    }
    return array;
}

static ipc_array_t *array_of(ipc_value_t value)
{
    ck_assert_int_eq(ipc_value_kind(value), IPC_KIND_ARRAY);
    return (ipc_array_t *) ipc_value_array(value);
}

static void must_be_equal(ipc_array_t *a, ipc_array_t *b)
{
    ck_assert_int_eq(ipc_array_dtype(a), ipc_array_dtype(b));
    ck_assert_int_eq(ipc_array_ndim(a), ipc_array_ndim(b));
    for (int k = 0; k < ipc_array_ndim(a); k++) ck_assert_uint_eq(ipc_array_shape(a)[k], ipc_array_shape(b)[k]);
    // Zeros may differ in their sign.
    const bool single = ipc_array_dtype(a) == IPC_F32 || ipc_array_dtype(a) == IPC_C64;
    const size_t count = ipc_array_size(a) / (single ? sizeof(float) : sizeof(double));
    for (size_t i = 0; i < count; i++)
        ck_assert(single ? ((float *) ipc_array_data(a))[i] == ((float *) ipc_array_data(b))[i]
                         : ((double *) ipc_array_data(a))[i] == ((double *) ipc_array_data(b))[i]);
    ipc_array_destroy(&a);
    ipc_array_destroy(&b);
}

static bool is_on_device(const char *name)
{
    ipc_value_t value = ipc_ns_get(name);
    return ipc_value_kind(value) == IPC_KIND_DICT &&
           strcmp(ipc_value_str(ipc_value_get(value, "device")), "cuda") == 0;
}

START_TEST(products_are_the_hosts)
{
    static const size_t lengths[][3] = {{1, 1, 1}, {2, 3, 4}, {17, 9, 13}, {3, 0, 2}, {0, 3, 2}};
    for (int d = 0; d < 4; d++)
        for (size_t l = 0; l < 5; l++)
            for (int turns = 0; turns < 4; turns++) {
                const size_t m = lengths[l][0], k = lengths[l][1], n = lengths[l][2];
                const bool left = turns & 1, right = turns & 2;
                ipc_array_t *a = integers(dtypes[d], 2, left ? k : m, left ? m : k);
                ipc_array_t *b = integers(dtypes[d], 2, right ? n : k, right ? k : n);
                ipc_array_t *product[2];
                for (int there = 0; there < 2; there++)
                    product[there] = array_of(module_call(
                        "matmul", ipc_dict("a", a, "b", b, "transpose_a", ipc_bool(left), "transpose_b",
                                           ipc_bool(right), "device", there ? "cuda" : "cpu")));
                must_be_equal(product[0], product[1]);
                ipc_array_t *x = integers(dtypes[d], 1, left ? m : k, 0), *y[2];
                ipc_array_t *matrix = integers(dtypes[d], 2, m, k);
                for (int there = 0; there < 2; there++)
                    y[there] = array_of(module_call("matvec", ipc_dict("a", matrix, "x", x, "transpose", ipc_bool(left),
                                                                       "device", there ? "cuda" : "cpu")));
                must_be_equal(y[0], y[1]);
                ipc_array_destroy(&a);
                ipc_array_destroy(&b);
                ipc_array_destroy(&x);
                ipc_array_destroy(&matrix);
            }
}
END_TEST

START_TEST(arrays_stay_on_the_device_between_calls)
{
    ipc_array_t *a = integers(IPC_F64, 2, 5, 5), *x = integers(IPC_F64, 1, 5, 0);
    module_call("asarray", ipc_dict("a", a, "device", "cuda", "keep", "a"));
    module_call("asarray", ipc_dict("a", x, "keep", "x")); // auto: there is a device
    ck_assert(is_on_device("a") && is_on_device("x"));
    for (int i = 0; i < 3; i++) // in the place of what it reads
        module_call("matvec", ipc_dict("a", ipc_ns_get("a"), "x", ipc_ns_get("x"), "keep", "x"));
    ck_assert(is_on_device("x"));
    ipc_array_t *there = array_of(module_call("get", ipc_dict("a", ipc_ns_get("x"))));
    for (int i = 0; i < 3; i++) {
        ipc_array_t *next = array_of(module_call("matvec", ipc_dict("a", a, "x", x, "device", "cpu")));
        ipc_array_destroy(&x);
        x = next;
    }
    must_be_equal(there, x);
    ipc_array_destroy(&a);
}
END_TEST

START_TEST(one_operand_on_the_device_is_enough)
{
    ipc_array_t *a = integers(IPC_F32, 2, 7, 3), *x = integers(IPC_F32, 1, 3, 0);
    module_call("asarray", ipc_dict("a", a, "device", "cuda", "keep", "m"));
    ipc_array_t *y = array_of(module_call("matvec", ipc_dict("a", ipc_ns_get("m"), "x", x)));
    must_be_equal(y, array_of(module_call("matvec", ipc_dict("a", a, "x", x, "device", "cpu"))));
    ipc_array_destroy(&a);
    ipc_array_destroy(&x);
}
END_TEST

START_TEST(arrays_of_any_dtype_and_shape_go_there_and_back)
{
    const uint8_t bytes[6] = {1, 2, 3, 250, 251, 252};
    ipc_array_t *nothing = ipc_array_new(IPC_I64, 3, (const size_t[]){2, 0, 3}, NULL);
    module_call("asarray", ipc_dict("a", ipc_view2(IPC_U8, bytes, 2, 3), "device", "cuda", "keep", "bytes"));
    module_call("get", ipc_dict("a", ipc_ns_get("bytes"), "keep", "back"));
    const ipc_array_t *back = ipc_value_array(ipc_ns_get("back"));
    ck_assert(memcmp(ipc_array_u8(back), bytes, 6) == 0 && ipc_array_shape(back)[1] == 3);
    module_call("asarray", ipc_dict("a", nothing, "device", "cuda", "keep", "nothing"));
    ipc_array_t *again = array_of(module_call("get", ipc_dict("a", ipc_ns_get("nothing"))));
    ck_assert(ipc_array_ndim(again) == 3 && ipc_array_shape(again)[2] == 3 && ipc_array_count(again) == 0);
    ipc_array_destroy(&nothing);
    ipc_array_destroy(&again);
}
END_TEST

START_TEST(without_a_device_asked_for_an_array_stays_here)
{
    const double x[2] = {3, 4};
    module_call("asarray", ipc_dict("a", ipc_f64(x, 2), "device", "cpu", "keep", "here"));
    ck_assert(ipc_array_f64(ipc_value_array(ipc_ns_get("here")))[1] == 4);
}
END_TEST

int main(void)
{
    if (!module_has_cuda())
        return 77;
    const TTest *const tests[] = {
        products_are_the_hosts,
        arrays_stay_on_the_device_between_calls,
        one_operand_on_the_device_is_enough,
        arrays_of_any_dtype_and_shape_go_there_and_back,
        without_a_device_asked_for_an_array_stays_here,
    };
    return module_run_tests("linalg on CUDA", tests, sizeof tests / sizeof *tests);
}
