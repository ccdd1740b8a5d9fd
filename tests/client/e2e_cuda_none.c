//  CUDA cells where there is no GPU: a clear error, and all else goes on. The engines' CUDA_VISIBLE_DEVICES is empty.
#include "e2e_support.h"

#include <string.h>

START_TEST(a_cuda_cell_says_that_there_is_no_gpu)
{
    session_t s = session_open();
    assert_refused(ipc_execute_with(s.all, "__global__ void k() {}", &(ipc_options_t){.cuda = true}), "CudaError",
                   "engine 0 has no GPU: ");
    assert_refused(ipc_execute_with_sync(s.one, "not even a cell {", &(ipc_options_t){.cuda = true}), "CudaError",
                   "engine 0 has no GPU: ");
    ipc_result_t *bad = ipc_execute_with(s.all, "__global__ void k() {}", &(ipc_options_t){.cuda = true});
    for (size_t i = 0; i < ENGINES; i++) ck_assert_str_eq(ipc_result_error_at(bad, i)->kind, "CudaError");
    ck_assert_ptr_nonnull(strstr(ipc_result_error_at(bad, 3)->text, "engine 3 has no GPU: "));
    session_close(&s);
}
END_TEST

START_TEST(a_launch_says_that_there_is_no_gpu)
{
    session_t s = session_open();
    ipc_launch_t shape = {.grid = {2}, .block = {3}};
    assert_refused(ipc_launch(s.all, "k", NULL), "CudaError", "engine 0 has no GPU: ");
    assert_refused(ipc_launch_sync(s.one, "k", &shape), "CudaError", "engine 0 has no GPU: ");
    assert_refused(ipc_launch(s.all, "k", &shape, 1, 2.5f), "CudaError", "engine 0 has no GPU: ");
    assert_refused(ipc_launch_with(s.any, (&(ipc_options_t){.label = "a launch"}), "k",
                                   (&(ipc_launch_t){.grid = {2, 3}, .block = {32}}), 1), "CudaError", "has no GPU: ");
    assert_refused(ipc_launch_with_sync(s.one, NULL, "k", NULL), "CudaError", "engine 0 has no GPU: ");
    assert_refused(ipc_launch(s.one, "k", NULL, ipc_ref("nobody")), "NameError", "nobody"); // arguments come first
    session_close(&s);
}
END_TEST

START_TEST(other_cells_go_on)
{
    session_t s = session_open();
    assert_ok(ipc_execute(s.all, "int n = 3;"));
    assert_refused(ipc_execute_with(s.all, "int n = 4;", &(ipc_options_t){.cuda = true}), "CudaError", "has no GPU");
    assert_prints(ipc_execute(s.all, "n + 1"), "[4, 4, 4, 4]");
    ipc_result_t *bad = ipc_execute(s.one, "undeclared");
    ck_assert_ptr_nonnull(strstr(ipc_result_error_at(bad, 0)->text, "cell 4, line 1, column 1: ")); // of both kinds
    session_close(&s);
}
END_TEST

START_TEST(what_is_no_cell_takes_no_option_cuda)
{
    session_t s = session_open();
    ipc_error_t error;
    assert_refused(ipc_push_with(s.all, "x", 1, &(ipc_options_t){.cuda = true}), "ArgumentError",
                   "the argument cuda is for cells, by execute: push takes none");
    assert_refused(ipc_launch_with(s.all, (&(ipc_options_t){.cuda = true}), "k", NULL), "ArgumentError",
                   "the argument cuda is for cells, by execute: launch takes none");
    ck_assert_int_eq(ipc_view_set_options(s.one, &(ipc_options_t){.cuda = true}, &error), 0); // each later cell's
    assert_ok(ipc_push(s.one, "x", 1));
    assert_refused(ipc_execute(s.one, "x"), "CudaError", "engine 0 has no GPU");
    assert_ok(ipc_include(s.one, "<float.h>"));
    session_close(&s);
}
END_TEST

START_TEST(a_launch_that_is_none_is_refused)
{
    session_t s = session_open();
    assert_refused(ipc_launch(s.all, "", NULL), "ArgumentError", "the argument kernel of a launch is empty");
    assert_refused(ipc_launch(s.all, NULL, NULL), "ArgumentError", "the argument kernel of a launch is empty");
    assert_refused(ipc_launch(s.all, "k", (&(ipc_launch_t){.shared = SIZE_MAX})), "ArgumentError",
                   "the argument shared");
    assert_refused(ipc_launch(s.all, "k", NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17),
                   "ArgumentError", "a launch with 17 arguments: there are at most 16");
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_cuda_cell_says_that_there_is_no_gpu);
    tcase_add_test(tests, a_launch_says_that_there_is_no_gpu);
    tcase_add_test(tests, other_cells_go_on);
    tcase_add_test(tests, what_is_no_cell_takes_no_option_cuda);
    tcase_add_test(tests, a_launch_that_is_none_is_refused);
}

int main(void)
{
    return e2e_main("cuda none", add);
}
