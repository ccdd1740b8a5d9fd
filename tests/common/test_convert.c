//  Arguments against parameter types: numbers convert when exact, and a refusal names function and argument.
#include <check.h>
#include <complex.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/convert.h"
#include "tests/common/run_suite.h"

static int convert(ipc_value_t value, ipc_type_t type, ipc_value_t *converted, ipc_error_t *error)
{
    *error = (ipc_error_t){0};
    int rc = ipc_convert(value, type, "add", 2, converted, error);
    if (rc) {
        ck_assert_int_eq(error->code, IPC_E_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(error->text, "argument 2 of add"));
        ck_assert_ptr_nonnull(strstr(error->text, ipc_type_text(type)));
    }
    return rc;
}

static const struct { ipc_type_t type; int64_t least; uint64_t most; } ranges[] = {
    {IPC_TYPE_I8, INT8_MIN, INT8_MAX},    {IPC_TYPE_I16, INT16_MIN, INT16_MAX}, {IPC_TYPE_I32, INT32_MIN, INT32_MAX},
    {IPC_TYPE_I64, INT64_MIN, INT64_MAX}, {IPC_TYPE_U8, 0, UINT8_MAX},          {IPC_TYPE_U16, 0, UINT16_MAX},
    {IPC_TYPE_U32, 0, UINT32_MAX},        {IPC_TYPE_U64, 0, UINT64_MAX},
};

START_TEST(integers_never_lose_bits)
{
    ipc_value_t got;
    ipc_error_t error;
    ipc_type_t type = ranges[_i].type;
    ck_assert_int_eq(convert(IPC_VALUE(ranges[_i].least), type, &got, &error), 0);
    ck_assert_int_eq(ipc_value_i64(got), ranges[_i].least);
    ck_assert_int_eq(convert(IPC_VALUE(ranges[_i].most), type, &got, &error), 0);
    ck_assert_uint_eq(ipc_value_u64(got), ranges[_i].most);
    if (ranges[_i].least > INT64_MIN)
        ck_assert_int_eq(convert(IPC_VALUE(ranges[_i].least - 1), type, &got, &error), -1);
    if (ranges[_i].most < UINT64_MAX) {
        ck_assert_int_eq(convert(IPC_VALUE(ranges[_i].most + 1), type, &got, &error), -1);
        ck_assert_ptr_nonnull(strstr(error.text, "does not fit"));
    }
    ck_assert_int_eq(convert(ipc_bool(true), type, &got, &error), 0);
    ck_assert_int_eq(ipc_value_i64(got), 1);
    ck_assert_int_eq(convert(IPC_VALUE(1.0), type, &got, &error), -1);
    ck_assert_int_eq(convert(IPC_VALUE("1"), type, &got, &error), -1);
    ck_assert_int_eq(convert(ipc_none(), type, &got, &error), -1);
}
END_TEST

START_TEST(only_0_and_1_are_bools)
{
    ipc_value_t got;
    ipc_error_t error;
    ck_assert(convert(IPC_VALUE(1), IPC_TYPE_BOOL, &got, &error) == 0 && ipc_value_bool(got));
    ck_assert(convert(IPC_VALUE(0u), IPC_TYPE_BOOL, &got, &error) == 0 && !ipc_value_bool(got));
    ck_assert_int_eq(convert(IPC_VALUE(2), IPC_TYPE_BOOL, &got, &error), -1);
    ck_assert_int_eq(convert(IPC_VALUE(-1), IPC_TYPE_BOOL, &got, &error), -1);
    ck_assert_int_eq(convert(IPC_VALUE(1.0), IPC_TYPE_BOOL, &got, &error), -1);
}
END_TEST

START_TEST(an_integer_becomes_a_double_when_exact)
{
    static const int64_t exact[] = {0, -1, INT64_C(1) << 53, -(INT64_C(1) << 62), INT64_MIN};
    static const int64_t inexact[] = {(INT64_C(1) << 53) + 1, INT64_MAX, INT64_MIN + 1};
    ipc_value_t got;
    ipc_error_t error;
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        ck_assert_int_eq(convert(IPC_VALUE(exact[i]), IPC_TYPE_F64, &got, &error), 0);
        ck_assert(got.kind == IPC_KIND_F64 && got.as.f64 == (double) exact[i]);
    }
    for (size_t i = 0; i < sizeof inexact / sizeof inexact[0]; i++)
        ck_assert_int_eq(convert(IPC_VALUE(inexact[i]), IPC_TYPE_F64, &got, &error), -1);
    ck_assert_int_eq(convert(IPC_VALUE(UINT64_MAX), IPC_TYPE_F64, &got, &error), -1);
    ck_assert_int_eq(convert(IPC_VALUE(UINT64_C(1) << 63), IPC_TYPE_F64, &got, &error), 0);
    ck_assert_int_eq(convert(IPC_VALUE("2"), IPC_TYPE_F64, &got, &error), -1);
    ck_assert_int_eq(convert(IPC_VALUE(1.0 * I), IPC_TYPE_F64, &got, &error), -1);
}
END_TEST

START_TEST(a_double_is_rounded_to_a_float_that_can_hold_it)
{
    ipc_value_t got;
    ipc_error_t error;
    ck_assert_int_eq(convert(IPC_VALUE(0.1), IPC_TYPE_F32, &got, &error), 0);
    ck_assert_int_eq(convert(IPC_VALUE((double) FLT_MAX), IPC_TYPE_F32, &got, &error), 0);
    ck_assert_int_eq(convert(IPC_VALUE((double) INFINITY), IPC_TYPE_F32, &got, &error), 0);
    ck_assert_int_eq(convert(IPC_VALUE((double) NAN), IPC_TYPE_F32, &got, &error), 0);
    ck_assert_int_eq(convert(IPC_VALUE(1e300), IPC_TYPE_F32, &got, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "1e+300"));
    ck_assert_int_eq(convert(IPC_VALUE(1 << 24), IPC_TYPE_F32, &got, &error), 0);
    ck_assert_int_eq(convert(IPC_VALUE((1 << 24) + 1), IPC_TYPE_F32, &got, &error), -1);
}
END_TEST

START_TEST(real_numbers_become_complex)
{
    ipc_value_t got;
    ipc_error_t error;
    ck_assert_int_eq(convert(IPC_VALUE(2), IPC_TYPE_C128, &got, &error), 0);
    ck_assert(got.kind == IPC_KIND_C128 && got.as.c128[0] == 2 && got.as.c128[1] == 0);
    ck_assert_int_eq(convert(IPC_VALUE(1.5 - 2.0 * I), IPC_TYPE_C128, &got, &error), 0);
    ck_assert(got.as.c128[0] == 1.5 && got.as.c128[1] == -2);
    ck_assert_int_eq(convert(IPC_VALUE(0.5), IPC_TYPE_C64, &got, &error), 0);
    ck_assert_int_eq(convert(IPC_VALUE("i"), IPC_TYPE_C64, &got, &error), -1);
}
END_TEST

START_TEST(a_double_complex_that_no_float_complex_holds_is_refused)
{
    ipc_value_t got;
    ipc_error_t error;
    ck_assert_int_eq(convert(IPC_VALUE(1e300 + 0.0 * I), IPC_TYPE_C64, &got, &error), -1);
    ck_assert_int_eq(convert(IPC_VALUE(1e300), IPC_TYPE_C64, &got, &error), -1);
}
END_TEST

START_TEST(text_and_arrays_pass_and_nothing_else_for_them)
{
    double number = 1;
    ipc_value_t got;
    ipc_error_t error;
    ck_assert_int_eq(convert(IPC_VALUE("text"), IPC_TYPE_STR, &got, &error), 0);
    ck_assert_str_eq(ipc_value_str(got), "text");
    ck_assert_int_eq(convert(IPC_VALUE(1), IPC_TYPE_STR, &got, &error), -1);
    ck_assert_int_eq(convert(ipc_f64(&number, 1), IPC_TYPE_ARRAY, &got, &error), 0);
    ck_assert_int_eq(convert(ipc_f64(&number, 1), IPC_TYPE_ARRAY_MUT, &got, &error), 0);
    ck_assert_int_eq(convert(IPC_VALUE(1.0), IPC_TYPE_ARRAY, &got, &error), -1);
    ck_assert_int_eq(convert(ipc_list(1, 2), IPC_TYPE_ARRAY, &got, &error), -1);
    ck_assert_int_eq(convert(ipc_f64(&number, 1), IPC_TYPE_F64, &got, &error), -1);
    ck_assert_int_eq(convert(ipc_list(1, 2), IPC_TYPE_VALUE, &got, &error), 0);
    ck_assert_uint_eq(ipc_value_count(got), 2);
}
END_TEST

START_TEST(a_reference_passes_for_every_type)
{
    ipc_value_t got;
    ipc_error_t error;
    for (int type = IPC_TYPE_BOOL; type < IPC_TYPE_COUNT; type++) {
        ck_assert_int_eq(convert(ipc_ref("x"), (ipc_type_t) type, &got, &error), 0);
        ck_assert_int_eq(got.kind, IPC_KIND_REF);
        ck_assert_ptr_nonnull(ipc_type_text((ipc_type_t) type));
    }
    ck_assert_str_eq(ipc_type_text(IPC_TYPE_COUNT), "an unknown type");
    ck_assert_int_eq(convert(IPC_VALUE(1), IPC_TYPE_VOID, &got, &error), -1);
    ck_assert_int_eq(convert(IPC_VALUE(1), IPC_TYPE_COUNT, &got, &error), -1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("convert");
    tcase_add_loop_test(tests, integers_never_lose_bits, 0, sizeof ranges / sizeof ranges[0]);
    tcase_add_test(tests, only_0_and_1_are_bools);
    tcase_add_test(tests, an_integer_becomes_a_double_when_exact);
    tcase_add_test(tests, a_double_is_rounded_to_a_float_that_can_hold_it);
    tcase_add_test(tests, real_numbers_become_complex);
    tcase_add_test(tests, text_and_arrays_pass_and_nothing_else_for_them);
    tcase_add_test(tests, a_reference_passes_for_every_type);
    tcase_add_test(tests, a_double_complex_that_no_float_complex_holds_is_refused);
    return run_suite("convert", tests);
}
