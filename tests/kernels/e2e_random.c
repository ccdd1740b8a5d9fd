//  The module `random` on a cluster of four engines.
#include <math.h>
#include <string.h>

#include "tests/client/e2e_support.h"

//  Sanitizers make it twenty times slower.
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
static const int64_t POINTS = 50000000;
#else
static const int64_t POINTS = 1000000000;
#endif

//  Case C17 of the lecture: 10^9 points, each engine with a stream of its own.
START_TEST(pi_from_a_billion_points_on_four_streams)
{
    session_t session = session_open();
    const int64_t each = POINTS / ENGINES;
    ipc_result_t *parts = ipc_apply_named_sync(session.all, "random.pi",
                                               ipc_dict("samples", each, "seed", 5));
    assert_ok(parts);
    double inside = 0;
    for (size_t i = 0; i < ENGINES; i++) {
        ipc_value_t part = ipc_result_value(parts, i);
        ck_assert_int_eq(ipc_value_i64(ipc_value_get(part, "samples")), each);
        inside += (double) ipc_value_i64(ipc_value_get(part, "inside"));
    }
    const double n = ENGINES * (double) each;
    ck_assert_double_eq_tol(4 * inside / n, M_PI, 4 * sqrt(M_PI * (4 - M_PI) / n));
    session_close(&session);
}
END_TEST

START_TEST(an_engine_has_the_stream_of_its_id_and_any_stream_on_request)
{
    session_t session = session_open();
    ipc_result_t *own =
        ipc_apply_named_sync(session.all, "random.normal", ipc_dict("n", 100));
    assert_ok(own);
    for (int stream = 0; stream < ENGINES; stream++) {
        ipc_result_t *same = ipc_apply_named_sync(session.any, "random.normal",
                                                  ipc_dict("n", 100, "stream", stream));
        assert_ok(same);
        ck_assert_mem_eq(ipc_array_data(ipc_result_array(same, 0)),
                         ipc_array_data(ipc_result_array(own, (size_t) stream)),
                         100 * sizeof(double));
        for (int other = 0; other < stream; other++)
            ck_assert_mem_ne(ipc_array_data(ipc_result_array(same, 0)),
                             ipc_array_data(ipc_result_array(own, (size_t) other)),
                             100 * sizeof(double));
    }
    session_close(&session);
}
END_TEST

START_TEST(a_kept_array_serves_later_calls)
{
    session_t session = session_open();
    ipc_apply_named(session.all, "random.uniform",
                    ipc_dict("shape", ipc_list(3, 4), "high", 5, "keep", "u"));
    ipc_result_t *kept = ipc_pull(session.all, "u");
    assert_ok(kept);
    ck_assert_int_eq(ipc_array_ndim(ipc_result_array(kept, 3)), 2);
    session_close(&session);
}
END_TEST

START_TEST(a_function_of_keywords_takes_none_too)
{
    session_t session = session_open();
    ipc_result_t *number = ipc_apply_named_sync(session.one, "random.uniform");
    assert_ok(number);
    ck_assert(ipc_result_f64(number, 0) >= 0 && ipc_result_f64(number, 0) < 1);
    assert_fails(ipc_apply_named_sync(session.one, "random.uniform", ipc_none(), 1), "takes 1 argument, got 2");
    session_close(&session);
}
END_TEST

START_TEST(what_is_wrong_is_said_in_one_sentence)
{
    session_t session = session_open();
    ipc_result_t *wrong =
        ipc_apply_named_sync(session.one, "random.uniform", ipc_dict("n", -1));
    ck_assert(!ipc_result_ok(wrong));
    ck_assert_str_eq(ipc_result_error(wrong)->kind, "ValueError");
    assert_fails(wrong, "n of random.uniform is -1, and must be from 0");
    assert_fails(ipc_apply_named_sync(session.one, "random.pi", ipc_dict("sample", 1)),
                 "the nearest it has is 'samples'");
    session_close(&session);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, pi_from_a_billion_points_on_four_streams);
    tcase_add_test(tests, an_engine_has_the_stream_of_its_id_and_any_stream_on_request);
    tcase_add_test(tests, a_kept_array_serves_later_calls);
    tcase_add_test(tests, a_function_of_keywords_takes_none_too);
    tcase_add_test(tests, what_is_wrong_is_said_in_one_sentence);
}

int main(void)
{
    return e2e_main("random", add);
}
