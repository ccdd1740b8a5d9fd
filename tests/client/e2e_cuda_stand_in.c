//  CUDA cells and launches from a program to an engine's driver and back. The engines load stand-ins for the driver and
//  for NVRTC (tests/engine/cuda_stand_in/): it shows our side of their interfaces, never that kernels are right. A
//  stand-in's kernel adds 1 to each byte behind a pointer.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>

static const ipc_options_t cuda = {.cuda = true};

static void run(session_t *s, const char *source)
{
    assert_ok(ipc_execute_with(s->all, source, &cuda));
}

START_TEST(what_a_kernel_writes_to_a_name_stays)
{
    session_t s = session_open();
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    run(&s, "__global__ void k(unsigned char *y, const unsigned char *x, float a, int n) {}");
    assert_ok(ipc_scatter(s.all, "y", ipc_u8(data, 8)));
    assert_ok(ipc_push(s.all, "x", ipc_u8(data, 3)));
    ipc_result_t *launched = ipc_launch(s.all, "k", (&(ipc_launch_t){.grid = {2}, .block = {128}}), ipc_ref("y"),
                                        ipc_ref("x"), 2.0f, 2);
    assert_prints(launched, "[null, null, null, null]");
    assert_prints(ipc_gather(s.all, "y"), "[2, 3, 4, 5, 6, 7, 8, 9]");
    assert_prints(ipc_pull(s.one, "x"), "[1, 2, 3]");
    assert_ok(ipc_launch_sync(s.all, "k", NULL, ipc_u8(data, 8), ipc_ref("x"), 2, 2)); // a copy
    ck_assert_int_eq(data[0], 1);
    assert_ok(ipc_launch(s.all, "k", NULL, ipc_ref("x"), ipc_ref("x"), 2, 2)); // both are one memory
    assert_prints(ipc_pull(s.one, "x"), "[3, 4, 5]");
    session_close(&s);
}
END_TEST

START_TEST(variables_of_cells_are_arguments)
{
    session_t s = session_open();
    run(&s, "__global__ void k(signed char *y) {}");
    assert_ok(ipc_execute(s.all, "signed char v[3] = {1, 2, 3};"));
    assert_ok(ipc_launch(s.all, "k", NULL, ipc_ref("v")));
    assert_prints(ipc_execute(s.one, "v[0] + v[2]"), "6"); // the variable's own memory
    session_close(&s);
}
END_TEST

START_TEST(a_result_is_an_argument)
{
    session_t s = session_open();
    run(&s, "__global__ void k(unsigned char *y, long n) {}");
    assert_ok(ipc_push(s.all, "y", ipc_u8((uint8_t[]){1}, 1)));
    assert_ok(ipc_execute(s.one, "int n = 5;"));
    assert_ok(ipc_launch(s.one, "k", NULL, ipc_ref("y"), ipc_pull(s.one, "n")));
    assert_prints(ipc_pull(s.one, "y"), "[2]");
    session_close(&s);
}
END_TEST

START_TEST(a_balanced_launch_runs_on_one_engine)
{
    session_t s = session_open();
    run(&s, "__global__ void k(unsigned char *y) {}");
    assert_ok(ipc_push(s.all, "y", ipc_u8((uint8_t[]){1}, 1)));
    assert_prints(ipc_launch(s.any, "k", NULL, ipc_ref("y")), "null");
    ipc_result_t *all = ipc_gather(s.all, "y");
    const uint8_t *y = ipc_array_u8(ipc_result_joined(all));
    ck_assert_int_eq(y[0] + y[1] + y[2] + y[3], 5);
    session_close(&s);
}
END_TEST

START_TEST(what_a_kernel_prints_is_output)
{
    session_t s = session_open();
    run(&s, "__global__ void prints() {}");
    ipc_result_t *result = ipc_launch(s.one, "prints", NULL);
    char *shown = display_of(result);
    ck_assert_str_eq(shown, "[stdout:0] from the device\n");
    free(shown);
    session_close(&s);
}
END_TEST

START_TEST(errors_have_their_place_and_kind)
{
    session_t s = session_open();
    ipc_result_t *bad = ipc_execute_with(s.all, "int a;\n__global__ void k() { undefined_one(); }", &cuda);
    char *text = error_text_of(ipc_result_error(bad));
    static const char place[] = "[0:execute] cell 1, line 2, column 23: identifier \"undefined_one\" is undefined";
    ck_assert_msg(strstr(text, place) != NULL, "%s", text);
    free(text);
    run(&s, "__global__ void refused() {} __global__ void dies() {} __global__ void k(float *y) {}");
    assert_refused(ipc_launch(s.all, "refused", NULL), "CudaError",
                   "kernel refused cannot be launched: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
    assert_refused(ipc_launch(s.all, "k", NULL, 1), "ArgumentError", "argument 1 of k is an integer");
    assert_refused(ipc_launch(s.all, "k", NULL), "ArgumentError", "k takes 1 argument, got 0");
    assert_refused(ipc_launch(s.all, "l", NULL), "NameError", "there is no kernel 'l'");
    ipc_result_t *died = ipc_launch_sync(s.one, "dies", NULL);
    text = error_text_of(ipc_result_error(died));
    ck_assert_msg(strstr(text, "[0:launch]") && strstr(text, "kernel dies failed: CUDA_ERROR_ILLEGAL_ADDRESS"), "%s",
                  text);
    free(text);
    assert_ok(ipc_push(s.one, "y", ipc_f32((float[]){1}, 1)));
    assert_ok(ipc_launch(s.one, "k", NULL, ipc_ref("y"))); // the engine is there, and all that it has
    session_close(&s);
}
END_TEST

START_TEST(a_clear_and_a_restart_forget_kernels)
{
    session_t s = session_open();
    run(&s, "__global__ void k() {}");
    assert_ok(ipc_launch(s.all, "k", NULL));
    assert_ok(ipc_view_clear(s.one));
    assert_refused(ipc_launch(s.one, "k", NULL), "NameError", "there is no kernel 'k'");
    run(&s, "__global__ void k() {}");
    assert_ok(ipc_view_restart(s.one));
    assert_refused(ipc_launch(s.one, "k", NULL), "NameError", "there is no kernel 'k'");
    session_close(&s);
}
END_TEST

//  The driver's threads are no task's: a cell that runs too long is jumped out of, and the engine keeps what it has.
START_TEST(tasks_are_stopped_as_before)
{
    session_t s = session_open();
    run(&s, "__global__ void k() {}");
    assert_ok(ipc_push(s.one, "kept", 7));
    assert_refused(ipc_execute_with(s.one, "for (;;) ;", &(ipc_options_t){.run_limit_ms = 100}), "TaskTimeout", "");
    if (TASKS_ARE_STOPPED)
        assert_prints(ipc_pull(s.one, "kept"), "7");
    session_close(&s);
}
END_TEST

START_TEST(a_kernel_that_does_not_end_ends_with_its_process)
{
    session_t s = session_open();
    run(&s, "__global__ void hangs() {}");
    assert_refused(ipc_launch_with(s.one, (&(ipc_options_t){.run_limit_ms = 100}), "hangs", NULL), "TaskTimeout", "");
    assert_prints(ipc_execute(s.one, "1 + 1"), "2"); // the engine is there again
    session_close(&s);
}
END_TEST

START_TEST(the_history_has_launches_by_name)
{
    session_t s = session_open();
    run(&s, "__global__ void remembered() {}");
    assert_ok(ipc_launch(s.one, "remembered", NULL));
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.function = "remembered"}), 1);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, what_a_kernel_writes_to_a_name_stays);
    tcase_add_test(tests, variables_of_cells_are_arguments);
    tcase_add_test(tests, a_result_is_an_argument);
    tcase_add_test(tests, a_balanced_launch_runs_on_one_engine);
    tcase_add_test(tests, what_a_kernel_prints_is_output);
    tcase_add_test(tests, errors_have_their_place_and_kind);
    tcase_add_test(tests, a_clear_and_a_restart_forget_kernels);
    tcase_add_test(tests, tasks_are_stopped_as_before);
    tcase_add_test(tests, a_kernel_that_does_not_end_ends_with_its_process);
    tcase_add_test(tests, the_history_has_launches_by_name);
}

int main(void)
{
    return e2e_main("cuda stand-in", add);
}
