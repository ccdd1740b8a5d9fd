//  The module `linalg` on a cluster of four engines.
#include <string.h>

#include "tests/client/e2e_support.h"

enum { N = 256 };

//  A matrix is dealt out by rows, a vector is given to all; each engine multiplies its rows.
START_TEST(rows_are_multiplied_where_they_are)
{
    session_t session = session_open();
    static double a[N][N], x[N];
    for (int i = 0; i < N; i++) {
        x[i] = i % 7;
        for (int j = 0; j < N; j++) a[i][j] = (i + 2 * j) % 11;
    }
    ipc_scatter(session.all, "a", ipc_view2(IPC_F64, a, N, N));
    ipc_push(session.all, "x", ipc_f64(x, N));
    ipc_result_t *parts = ipc_apply_named(session.all, "linalg.matvec",
                                          ipc_dict("a", ipc_ref("a"), "x", ipc_ref("x")));
    assert_ok(parts);
    const ipc_array_t *y = ipc_result_joined(parts);
    ck_assert_uint_eq(ipc_array_count(y), N);
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int j = 0; j < N; j++) sum += a[i][j] * x[j];
        ck_assert(ipc_array_f64(y)[i] == sum);
    }
    session_close(&session);
}
END_TEST

START_TEST(a_kept_product_is_multiplied_again)
{
    session_t session = session_open();
    const double shift[9] = {0, 1, 0, 0, 0, 1, 1, 0, 0};
    ipc_push(session.one, "m", ipc_view2(IPC_F64, shift, 3, 3));
    for (int i = 0; i < 3; i++) // four times: the shift itself again
        ipc_apply_named(
            session.one, "linalg.matmul",
            ipc_dict("a", ipc_ref("m"), "b", ipc_view2(IPC_F64, shift, 3, 3), "keep", "m"));
    assert_prints(ipc_pull(session.one, "m"), "[[0, 1, 0], [0, 0, 1], [1, 0, 0]]");
    session_close(&session);
}
END_TEST

START_TEST(what_does_not_fit_is_said_in_one_sentence)
{
    session_t session = session_open();
    const double a[6] = {0};
    ipc_result_t *wrong = ipc_apply_named_sync(
        session.one, "linalg.matvec",
        ipc_dict("a", ipc_view2(IPC_F64, a, 2, 3), "x", ipc_f64(a, 2)));
    assert_fails(wrong, "cannot multiply a (2 x 3) by x (2 elements)");
    ck_assert_str_eq(ipc_result_error(wrong)->kind, "ValueError");
    session_close(&session);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, rows_are_multiplied_where_they_are);
    tcase_add_test(tests, a_kept_product_is_multiplied_again);
    tcase_add_test(tests, what_does_not_fit_is_said_in_one_sentence);
}

int main(void)
{
    return e2e_main("linalg", add);
}
