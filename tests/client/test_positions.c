//  What a result keeps of its positions: each value comes back as it was put, whatever kinds come together.
#include "client/positions.h"

#include <check.h>

#include "tests/common/run_suite.h"

enum { COUNT = 200 };

static ipc_value_t value_of(int kind, size_t i)
{
    switch (kind) {
    case IPC_KIND_BOOL: return ipc_bool(i % 3 == 0);
    case IPC_KIND_I64: return ipc_value_from_i64(-(int64_t) i);
    case IPC_KIND_U64: return ipc_value_from_u64(UINT64_MAX - i);
    case IPC_KIND_F64: return ipc_value_from_f64(0.5 * (double) i);
    case IPC_KIND_STR: return ipc_value_from_str("text");
    case IPC_KIND_RANGE: return ipc_range(0, (int64_t) i);
    default: return ipc_none();
    }
}

static void check_value(const positions_t *positions, size_t i, int kind)
{
    ipc_value_t got = positions_value(positions, i), wanted = value_of(kind, i);
    ck_assert(positions_is_done(positions, i));
    ck_assert_ptr_null(positions_error(positions, i));
    ck_assert_int_eq(got.kind, wanted.kind);
    switch (kind) {
    case IPC_KIND_NONE: break;
    case IPC_KIND_BOOL: ck_assert(got.as.boolean == wanted.as.boolean); break;
    case IPC_KIND_STR: ck_assert_str_eq(got.as.string, wanted.as.string); break;
    case IPC_KIND_RANGE: ck_assert_int_eq(got.as.range.end, wanted.as.range.end); break;
    default: ck_assert_uint_eq(got.as.u64, wanted.as.u64);
    }
}

static const int kinds[] = {IPC_KIND_NONE, IPC_KIND_BOOL, IPC_KIND_I64,  IPC_KIND_U64,
                            IPC_KIND_F64,  IPC_KIND_STR,  IPC_KIND_RANGE};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

//  Every pair of kinds, the second from some position on, with errors between them.
START_TEST(two_kinds_stay_what_they_were)
{
    int first = kinds[_i / KINDS], second = kinds[_i % KINDS];
    static const ipc_error_t error = {.code = IPC_E_REMOTE};
    for (size_t change = 0; change < COUNT; change += 33) {
        positions_t positions;
        positions_init(&positions, COUNT);
        for (size_t k = 0; k < COUNT; k++) {
            size_t i = k * 77 % COUNT; // in no order
            if (i % 10 == 7)
                positions_fail(&positions, i, &error);
            else
                positions_put(&positions, i, value_of(k < change ? first : second, i));
        }
        ck_assert_uint_eq(positions.done, COUNT);
        ck_assert_uint_eq(positions.failed, COUNT / 10);
        for (size_t k = 0; k < COUNT; k++) {
            size_t i = k * 77 % COUNT;
            if (i % 10 == 7)
                ck_assert_ptr_eq(positions_error(&positions, i), &error);
            else
                check_value(&positions, i, k < change ? first : second);
        }
        positions_free(&positions);
    }
}
END_TEST

START_TEST(a_single_position_needs_no_memory_for_a_number)
{
    positions_t positions;
    positions_init(&positions, 1);
    ck_assert(!positions_is_done(&positions, 0));
    ck_assert_int_eq(positions_value(&positions, 0).kind, IPC_KIND_NONE);
    positions_put(&positions, 0, value_of(kinds[_i], 0));
    check_value(&positions, 0, kinds[_i]);
    bool number = kinds[_i] >= IPC_KIND_BOOL && kinds[_i] <= IPC_KIND_F64;
    ck_assert_int_eq(positions.cells == &positions.number, number);
    positions_free(&positions);
}
END_TEST

START_TEST(a_position_may_begin_anew)
{
    static const ipc_error_t error = {.code = IPC_E_REMOTE};
    positions_t positions;
    positions_init(&positions, 3);
    positions_put(&positions, 1, value_of(IPC_KIND_I64, 1));
    positions_fail(&positions, 2, &error);
    positions_reset(&positions, 1);
    positions_reset(&positions, 2);
    ck_assert_uint_eq(positions.done, 0);
    ck_assert_uint_eq(positions.failed, 0);
    ck_assert_ptr_null(positions_error(&positions, 2));
    ck_assert(!positions_is_done(&positions, 1));
    for (size_t i = 0; i < 3; i++) positions_put(&positions, i, value_of(IPC_KIND_F64, i));
    for (size_t i = 0; i < 3; i++) check_value(&positions, i, IPC_KIND_F64);
    ck_assert_int_eq(positions_number_kind(&positions), IPC_KIND_F64);
    positions_fail(&positions, 0, &error);
    positions_fail(&positions, 0, &error); // again: still one
    ck_assert_uint_eq(positions.failed, 1);
    ck_assert_int_eq(positions_number_kind(&positions), IPC_KIND_NONE);
    positions_put(&positions, 0, value_of(IPC_KIND_F64, 0));
    ck_assert_uint_eq(positions.failed, 0);
    positions_free(&positions);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("positions");
    tcase_add_loop_test(tests, two_kinds_stay_what_they_were, 0, KINDS * KINDS);
    tcase_add_loop_test(tests, a_single_position_needs_no_memory_for_a_number, 0, KINDS);
    tcase_add_test(tests, a_position_may_begin_anew);
    return run_suite("positions", tests);
}
