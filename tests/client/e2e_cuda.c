//  CUDA cells on a GPU. Without one, or without NVRTC, the test is skipped.
#include "e2e_support.h"

#include <complex.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77, N = 1000 };

static const ipc_options_t cuda = {.cuda = true};
static const char saxpy[] = "__global__ void saxpy(float *y, const float *x, float a, int n)\n"
                            "{\n"
                            "    int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
                            "    if (i < n) y[i] += a * x[i];\n"
                            "}";

static void run(session_t *s, const char *source)
{
    assert_ok(ipc_execute_with(s->all, source, &cuda));
}

START_TEST(a_kernel_computes_on_each_engines_part)
{
    session_t s = session_open();
    float x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = (float) i;
        y[i] = 1;
    }
    run(&s, saxpy);
    assert_ok(ipc_scatter(s.all, "x", ipc_f32(x, N)));
    assert_ok(ipc_scatter(s.all, "y", ipc_f32(y, N)));
    assert_ok(ipc_launch(s.all, "saxpy", (&(ipc_launch_t){.grid = {(N / ENGINES + 127) / 128}, .block = {128}}),
                         ipc_ref("y"), ipc_ref("x"), 2, N / ENGINES));
    ipc_result_t *back = ipc_gather(s.all, "y");
    const float *sum = ipc_array_f32(ipc_result_joined(back));
    ck_assert_ptr_nonnull(sum);
    for (int i = 0; i < N; i++) ck_assert_float_eq(sum[i], 1 + 2 * (float) i); // exact: small integers
    session_close(&s);
}
END_TEST

START_TEST(grids_and_blocks_have_three_dimensions)
{
    session_t s = session_open();
    int32_t zeros[2 * 3 * 4 * 5] = {0};
    run(&s, "__global__ void mark(int *y) {\n"
            "    int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;\n"
            "    y[row * gridDim.x * blockDim.x + column] = 10 * row + column;\n"
            "}");
    assert_ok(ipc_push(s.one, "y", ipc_view2(IPC_I32, zeros, 8, 15)));
    assert_ok(ipc_launch(s.one, "mark", (&(ipc_launch_t){.grid = {3, 2}, .block = {5, 4}}), ipc_ref("y")));
    ipc_result_t *back = ipc_pull(s.one, "y");
    const int32_t *y = ipc_array_i32(ipc_result_array(back, 0));
    for (int i = 0; i < 8 * 15; i++) ck_assert_int_eq(y[i], 10 * (i / 15) + i % 15);
    session_close(&s);
}
END_TEST

START_TEST(numbers_of_each_kind_arrive)
{
    session_t s = session_open();
    run(&s, "__global__ void k(double *y, bool a, signed char b, short c, int d, long long e, unsigned char f, "
            "size_t g, float h, double i, float2 j, double2 k) {\n"
            "    y[0] = a; y[1] = b; y[2] = c; y[3] = d; y[4] = e; y[5] = f; y[6] = g; y[7] = h; y[8] = i;\n"
            "    y[9] = j.x; y[10] = j.y; y[11] = k.x; y[12] = k.y;\n"
            "}");
    double zeros[13] = {0};
    assert_ok(ipc_push(s.one, "y", ipc_f64(zeros, 13)));
    assert_ok(ipc_launch(s.one, "k", NULL, ipc_ref("y"), true, -1, -300, -70000, -(1LL << 40), 200, (size_t) 1 << 40,
                         0.5, 2.25, (float _Complex) (1 + 2 * _Complex_I), 3 + 4 * _Complex_I));
    assert_prints(ipc_pull(s.one, "y"), "[1, -1, -300, -70000, -1.09951e+12, 200, 1.09951e+12, 0.5, 2.25, 1, 2, 3, 4]");
    session_close(&s);
}
END_TEST

START_TEST(constants_are_not_copied_back)
{
    session_t s = session_open();
    run(&s, "__global__ void cheat(const float *x) { const_cast<float *>(x)[0] = 9; }");
    assert_ok(ipc_push(s.one, "x", ipc_f32((float[]){1, 2}, 2)));
    assert_ok(ipc_launch(s.one, "cheat", NULL, ipc_ref("x")));
    assert_prints(ipc_pull(s.one, "x"), "[1, 2]");
    session_close(&s);
}
END_TEST

START_TEST(cells_build_on_one_another)
{
    session_t s = session_open();
    run(&s, "#define SCALE 3\ntemplate <class T> T twice(T x) { return 2 * x; }");
    run(&s, "__global__ void k(double *y) { y[threadIdx.x] = twice(y[threadIdx.x]) * SCALE; }");
    assert_ok(ipc_push(s.one, "y", ipc_f64((double[]){1, 2}, 2)));
    assert_ok(ipc_launch(s.one, "k", (&(ipc_launch_t){.block = {2}}), ipc_ref("y")));
    assert_prints(ipc_pull(s.one, "y"), "[6, 12]");
    session_close(&s);
}
END_TEST

START_TEST(shared_memory_has_the_size_that_was_asked_for)
{
    session_t s = session_open();
    run(&s, "__global__ void turn(int *y, int n) {\n"
            "    extern __shared__ int buffer[];\n"
            "    buffer[threadIdx.x] = y[threadIdx.x];\n"
            "    __syncthreads();\n"
            "    y[threadIdx.x] = buffer[n - 1 - threadIdx.x];\n"
            "}");
    assert_ok(ipc_push(s.one, "y", ipc_i32((int32_t[]){1, 2, 3, 4}, 4)));
    assert_ok(ipc_launch(s.one, "turn", (&(ipc_launch_t){.block = {4}, .shared = 16}), ipc_ref("y"), 4));
    assert_prints(ipc_pull(s.one, "y"), "[4, 3, 2, 1]");
    session_close(&s);
}
END_TEST

START_TEST(what_a_kernel_prints_is_output)
{
    session_t s = session_open();
    run(&s, "__global__ void hello() { printf(\"thread %d\\n\", threadIdx.x); }");
    ipc_result_t *result = ipc_launch(s.one, "hello", NULL);
    char *shown = display_of(result);
    ck_assert_str_eq(shown, "[stdout:0] thread 0\n");
    free(shown);
    session_close(&s);
}
END_TEST

START_TEST(wrong_arguments_are_told)
{
    session_t s = session_open();
    run(&s, saxpy);
    assert_ok(ipc_push(s.one, "y", ipc_f64((double[]){1}, 1)));
    assert_refused(ipc_launch(s.one, "saxpy", NULL, ipc_ref("y"), ipc_ref("y"), 1, 1), "ArgumentError",
                   "argument 1 of saxpy is an array of float64, the kernel takes one of float32");
    assert_refused(ipc_launch(s.one, "saxpy", NULL, ipc_ref("y")), "ArgumentError", "saxpy takes 4 arguments, got 1");
    assert_refused(ipc_launch(s.one, "nobody", NULL), "NameError", "there is no kernel 'nobody'");
    session_close(&s);
}
END_TEST

START_TEST(a_launch_that_no_device_can_run_is_told)
{
    session_t s = session_open();
    run(&s, "__global__ void k() {}");
    assert_refused(ipc_launch(s.one, "k", (&(ipc_launch_t){.block = {1 << 20}})), "CudaError",
                   "kernel k cannot be launched: CUDA_ERROR_INVALID_VALUE");
    assert_ok(ipc_launch(s.one, "k", NULL));
    session_close(&s);
}
END_TEST

START_TEST(after_an_illegal_address_the_device_is_usable_again)
{
    session_t s = session_open();
    run(&s, "__global__ void dies(long at) { *(int *) at = 1; }");
    run(&s, saxpy);
    assert_ok(ipc_push(s.one, "y", ipc_f32((float[]){1}, 1)));
    assert_refused(ipc_launch(s.one, "dies", NULL, 8), "CudaError", "kernel dies failed: CUDA_ERROR_ILLEGAL_ADDRESS");
    assert_ok(ipc_launch(s.one, "saxpy", NULL, ipc_ref("y"), ipc_ref("y"), 1, 1));
    assert_prints(ipc_pull(s.one, "y"), "[2]");
    session_close(&s);
}
END_TEST

//  They share it where there is but one, and it is the one that their cells use.
START_TEST(engines_own_the_device)
{
    session_t s = session_open();
    assert_shows(ipcluster_prints(0, "status", NULL), "GiB used");
    run(&s, saxpy);
    assert_ok(ipc_push(s.all, "y", ipc_f32((float[]){1}, 1)));
    assert_ok(ipc_launch_with(s.any, (&(ipc_options_t){.needs = "gpu=1"}), "saxpy", NULL, ipc_ref("y"), ipc_ref("y"), 1,
                              1));
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, engines_own_the_device);
    tcase_add_test(tests, a_kernel_computes_on_each_engines_part);
    tcase_add_test(tests, grids_and_blocks_have_three_dimensions);
    tcase_add_test(tests, numbers_of_each_kind_arrive);
    tcase_add_test(tests, constants_are_not_copied_back);
    tcase_add_test(tests, cells_build_on_one_another);
    tcase_add_test(tests, shared_memory_has_the_size_that_was_asked_for);
    tcase_add_test(tests, what_a_kernel_prints_is_output);
    tcase_add_test(tests, wrong_arguments_are_told);
    tcase_add_test(tests, a_launch_that_no_device_can_run_is_told);
    tcase_add_test(tests, after_an_illegal_address_the_device_is_usable_again);
}

//  Whether engine 0 can run CUDA cells; what it says is shown. Any other error is for the tests.
static bool has_gpu(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *one = client ? ipc_direct_view(client, "0", &error) : NULL;
    ipc_result_t *tried = one ? ipc_execute_with_sync(one, "__global__ void k() {}", &cuda) : NULL;
    const ipc_error_t *why = tried ? ipc_result_error(tried) : &error;
    bool absent = why && (strstr(why->text, "has no GPU") || strstr(why->text, "CUDA cells need NVRTC"));
    if (why)
        ipc_error_print(why, stderr);
    ipc_client_destroy(&client);
    return !absent;
}

int main(void)
{
    return has_gpu() ? e2e_main("cuda", add) : SKIPPED;
}
