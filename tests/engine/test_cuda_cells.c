//  Launches, from a cell's text to what the driver is called with and back, against a stand-in for the driver
//  (cuda_stand_in/): it shows our side of the driver's interface, never that kernels are right. It is run with a
//  stand-in for NVRTC, and with NVRTC itself where that is. A stand-in's kernel adds 1 to each byte behind a pointer.
#include <check.h>
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array_body.h"
#include "common/fail.h"
#include "engine/cuda_cells.h"
#include "tests/common/run_suite.h"

enum { SKIPPED = 77 };

typedef struct bench {
    char directory[32], log[48];
    cuda_cells_t *cells;
    uint64_t number;
} bench_t;

static bench_t bench_new(void)
{
    bench_t self = {.directory = "/tmp/ipc-cuda-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(self.directory));
    snprintf(self.log, sizeof self.log, "%s/log", self.directory);
    setenv("CUDA_STAND_IN_LOG", self.log, 1);
    return self;
}

static void bench_free(bench_t *self)
{
    char command[64];
    cuda_cells_destroy(&self->cells);
    snprintf(command, sizeof command, "rm -r %s", self->directory);
    ck_assert_int_eq(system(command), 0);
}

//  What was recorded since the last time; the caller frees it.
static char *take_log(const bench_t *self)
{
    FILE *file = fopen(self->log, "r");
    char *text = NULL;
    if (file && getdelim(&text, &(size_t){0}, 0, file) < 0)
        text = strcpy(realloc(text, 1), "");
    if (file)
        fclose(file);
    unlink(self->log);
    return text ? text : strdup("");
}

static void assert_logged(const bench_t *self, const char *expected)
{
    char *log = take_log(self);
    ck_assert_str_eq(log, expected);
    free(log);
}

static int load(bench_t *self, const char *source, ipc_error_t *error)
{
    cells_source_t cell = {.text = source, .number = ++self->number, .occasion = self->number};
    if (!self->cells)
        self->cells = cuda_cells_new(self->directory, 3);
    return cuda_cells_load(self->cells, &cell, error);
}

static void must_load(bench_t *self, const char *source)
{
    ipc_error_t error = {0};
    int rc = load(self, source, &error);
    ck_assert_msg(rc == 0, "%s\n%s", source, error.text);
    free(take_log(self));
}

static const cuda_shape_t one_thread = {{1, 1, 1}, {1, 1, 1}, 0};

static int launch(bench_t *self, const char *name, cuda_argument_t *arguments, int count, ipc_error_t *error)
{
    return cuda_cells_launch(self->cells, name, &one_thread, arguments, count, error);
}

static void must_launch(bench_t *self, const char *name, cuda_argument_t *arguments, int count)
{
    ipc_error_t error = {0};
    int rc = launch(self, name, arguments, count, &error);
    ck_assert_msg(rc == 0, "%s: %s", name, error.text);
}

static void assert_fails(bench_t *self, const char *name, cuda_argument_t *arguments, int count, int code,
                         const char *text)
{
    ipc_error_t error = {0};
    ck_assert_int_eq(launch(self, name, arguments, count, &error), -1);
    ck_assert_str_eq(error.text, text);
    ck_assert_int_eq(error.code, code);
}

//  Bytes 1, 2, 3, …
static ipc_array_t *bytes_new(size_t count)
{
    ipc_array_t *array = ipc_array_new(IPC_U8, 1, &count, NULL);
    for (size_t i = 0; i < count; i++) ipc_array_u8(array)[i] = (uint8_t) (i + 1);
    return array;
}

static cuda_argument_t own(const ipc_array_t *array)
{
    return (cuda_argument_t){ipc_value_from_array(array), true};
}

static cuda_argument_t given(ipc_value_t value)
{
    return (cuda_argument_t){value, false};
}

START_TEST(shape_and_numbers_reach_the_driver)
{
    bench_t bench = bench_new();
    must_load(&bench, "__global__ void k(float a, double b, int c, unsigned long d, bool e, signed char f, double2 g, "
                      "float2 h, short i) {}");
    cuda_argument_t arguments[] = {
        given(ipc_value_from_f64(2)),    given(ipc_value_from_i64(2)),   given(ipc_value_from_i64(-2)),
        given(ipc_value_from_u64(258)),  given(ipc_value_from_i64(1)),   given(ipc_value_from_i64(-1)),
        given(ipc_value_from_f64(1)),    given(ipc_value_from_i64(2)),   given(ipc_value_from_i64(772))};
    cuda_shape_t shape = {{2, 3, 4}, {5, 6, 7}, 100};
    ipc_error_t error = {0};
    int rc = cuda_cells_launch(bench.cells, "k", &shape, arguments, 9, &error);
    ck_assert_msg(rc == 0, "%s", error.text);
    assert_logged(&bench, "launch k (2 3 4) (5 6 7) 100\n"
                          "  00000040\n  0000000000000040\n  feffffff\n  0201000000000000\n  01\n  ff\n"
                          "  000000000000f03f0000000000000000\n  0000004000000000\n  0403\n");
    bench_free(&bench);
}
END_TEST

START_TEST(what_a_kernel_writes_to_the_engines_own_stays)
{
    bench_t bench = bench_new();
    must_load(&bench, "__global__ void k(unsigned char *y, const unsigned char *x, unsigned char *z, void *w) {}");
    ipc_array_t *y = bytes_new(3), *x = bytes_new(4), *z = bytes_new(5), *w = bytes_new(6);
    must_launch(&bench, "k", (cuda_argument_t[]){own(y), own(x), given(ipc_value_from_array(z)), own(w)}, 4);
    ck_assert_mem_eq(y->data, ((uint8_t[]){2, 3, 4}), 3);
    ck_assert_mem_eq(x->data, ((uint8_t[]){1, 2, 3, 4}), 4);
    ck_assert_mem_eq(z->data, ((uint8_t[]){1, 2, 3, 4, 5}), 5); // a copy of the task's: nobody would see it
    ck_assert_mem_eq(w->data, ((uint8_t[]){2, 3, 4, 5, 6, 7}), 6);
    assert_logged(&bench, "take 3\ntake 4\ntake 5\ntake 6\nupload 3\nupload 4\nupload 5\nupload 6\n"
                          "launch k (1 1 1) (1 1 1) 0\n  pointer to 3\n  pointer to 4\n  pointer to 5\n  pointer to 6\n"
                          "download 3\ndownload 6\ngive 3\ngive 4\ngive 5\ngive 6\n");
    ipc_array_destroy(&y);
    ipc_array_destroy(&x);
    ipc_array_destroy(&z);
    ipc_array_destroy(&w);
    bench_free(&bench);
}
END_TEST

START_TEST(arrays_that_share_memory_share_it_on_the_device)
{
    bench_t bench = bench_new();
    must_load(&bench, "__global__ void k(unsigned char *y, const unsigned char *x, unsigned char *z) {}");
    ipc_array_t *whole = bytes_new(8);
    ipc_array_t *tail = ipc_array_wrap(IPC_U8, 1, (size_t[]){4}, ipc_array_u8(whole) + 4, NULL, NULL);
    ipc_array_t *head = ipc_array_wrap(IPC_U8, 1, (size_t[]){4}, ipc_array_u8(whole), NULL, NULL);
    must_launch(&bench, "k", (cuda_argument_t[]){own(tail), own(whole), own(head)}, 3);
    assert_logged(&bench, "take 8\nupload 8\nlaunch k (1 1 1) (1 1 1) 0\n  pointer to 4\n  pointer to 8\n"
                          "  pointer to 8\ndownload 4\ndownload 4\ngive 8\n");
    ck_assert_mem_eq(whole->data, ((uint8_t[]){3, 4, 5, 6, 8, 9, 10, 11}), 8);
    must_launch(&bench, "k", (cuda_argument_t[]){own(tail), own(tail), own(head)}, 3); // beside one another
    assert_logged(&bench, "take 4\ntake 4\nupload 4\nupload 4\nlaunch k (1 1 1) (1 1 1) 0\n  pointer to 4\n"
                          "  pointer to 4\n  pointer to 4\ndownload 4\ndownload 4\ngive 4\ngive 4\n");
    ipc_array_destroy(&head);
    ipc_array_destroy(&tail);
    ipc_array_destroy(&whole);
    bench_free(&bench);
}
END_TEST

START_TEST(an_array_without_elements_is_a_null_pointer)
{
    bench_t bench = bench_new();
    must_load(&bench, "__global__ void k(double *y) {}");
    ipc_array_t *none = ipc_array_new(IPC_F64, 1, (size_t[]){0}, NULL);
    must_launch(&bench, "k", (cuda_argument_t[]){own(none)}, 1);
    assert_logged(&bench, "launch k (1 1 1) (1 1 1) 0\n  0000000000000000\n");
    ipc_array_destroy(&none);
    bench_free(&bench);
}
END_TEST

START_TEST(wrong_arguments_are_refused_before_anything_is_copied)
{
    bench_t bench = bench_new();
    must_load(&bench, "struct P { int a; };\n"
                      "__global__ void saxpy(float *y, float a, int n) {}\n"
                      "__global__ void odd(P p) {}\n"
                      "__global__ void many(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, "
                      "int k, int l, int m, int n, int o, int p, int q) {}");
    ipc_array_t *f32 = ipc_array_new(IPC_F32, 1, (size_t[]){2}, NULL);
    ipc_array_t *f64 = ipc_array_new(IPC_F64, 1, (size_t[]){2}, NULL);
    cuda_argument_t y = own(f32), a = given(ipc_value_from_f64(0.5)), n = given(ipc_value_from_i64(2));
    assert_fails(&bench, "saxpy", (cuda_argument_t[]){y, a}, 2, IPC_E_ARGUMENT, "saxpy takes 3 arguments, got 2");
    assert_fails(&bench, "saxpy", (cuda_argument_t[]){own(f64), a, n}, 3, IPC_E_ARGUMENT,
                 "argument 1 of saxpy is an array of float64, the kernel takes one of float32");
    assert_fails(&bench, "saxpy", (cuda_argument_t[]){a, a, n}, 3, IPC_E_ARGUMENT,
                 "argument 1 of saxpy is a double, the function takes an array");
    assert_fails(&bench, "saxpy", (cuda_argument_t[]){y, a, a}, 3, IPC_E_ARGUMENT,
                 "argument 3 of saxpy is a double, the function takes an int32");
    assert_fails(&bench, "saxpy", (cuda_argument_t[]){y, a, given(ipc_value_from_i64(1LL << 40))}, 3, IPC_E_ARGUMENT,
                 "argument 3 of saxpy is 1099511627776, which does not fit into an int32");
    assert_fails(&bench, "odd", (cuda_argument_t[]){n}, 1, IPC_E_ARGUMENT,
                 "argument 1 of odd cannot be given: kernels that are launched take numbers and pointers to them");
    assert_fails(&bench, "many", NULL, 0, IPC_E_ARGUMENT, "many takes more than 16 arguments: it cannot be launched");
    assert_fails(&bench, "nobody", NULL, 0, IPC_E_NAME,
                 "there is no kernel 'nobody': kernels are the __global__ functions of CUDA cells, which are executed "
                 "with the option cuda");
    assert_logged(&bench, "");
    ipc_array_destroy(&f32);
    ipc_array_destroy(&f64);
    bench_free(&bench);
}
END_TEST

START_TEST(a_refused_launch_leaves_the_device_usable)
{
    bench_t bench = bench_new();
    must_load(&bench, "__global__ void refused(unsigned char *y) {} __global__ void k(unsigned char *y) {}");
    ipc_array_t *y = bytes_new(2);
    assert_fails(&bench, "refused", (cuda_argument_t[]){own(y)}, 1, IPC_E_CUDA,
                 "kernel refused cannot be launched: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (too many resources requested "
                 "for launch)");
    ck_assert_mem_eq(y->data, ((uint8_t[]){1, 2}), 2);
    assert_logged(&bench, "take 2\nupload 2\nlaunch refused (1 1 1) (1 1 1) 0\n  pointer to 2\ngive 2\n");
    must_launch(&bench, "k", (cuda_argument_t[]){own(y)}, 1);
    ck_assert_mem_eq(y->data, ((uint8_t[]){2, 3}), 2);
    ipc_array_destroy(&y);
    bench_free(&bench);
}
END_TEST

START_TEST(after_a_kernel_that_died_the_device_is_begun_anew)
{
    bench_t bench = bench_new();
    must_load(&bench, "__global__ void dies(unsigned char *y) {}");
    must_load(&bench, "__global__ void k(unsigned char *y) {}");
    ipc_array_t *y = bytes_new(2);
    assert_fails(&bench, "dies", (cuda_argument_t[]){own(y)}, 1, IPC_E_CUDA,
                 "kernel dies failed: CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered); the "
                 "memory and the modules of this engine on its GPU are lost, kernels are loaded again with the next "
                 "launch");
    ck_assert_mem_eq(y->data, ((uint8_t[]){1, 2}), 2); // nothing came back
    free(take_log(&bench));
    must_launch(&bench, "k", (cuda_argument_t[]){own(y)}, 1);
    assert_logged(&bench, "release\nreset\nretain\nload\ntake 2\nupload 2\nlaunch k (1 1 1) (1 1 1) 0\n  pointer to 2\n"
                          "download 2\ngive 2\n");
    ck_assert_mem_eq(y->data, ((uint8_t[]){2, 3}), 2);
    must_launch(&bench, "k", (cuda_argument_t[]){own(y)}, 1);
    must_load(&bench, "__global__ void k(unsigned char *y, int n) {}"); // in the place of a module that is loaded
    must_load(&bench, "__global__ void dies(int n) {}");                // and of one that is not
    must_launch(&bench, "k", (cuda_argument_t[]){own(y), given(ipc_value_from_i64(2))}, 2);
    ipc_array_destroy(&y);
    bench_free(&bench);
}
END_TEST

START_TEST(a_device_that_cannot_be_begun_anew_is_said)
{
    bench_t bench = bench_new();
    must_load(&bench, "__global__ void stays_dead() {}");
    ipc_error_t error = {0};
    ck_assert_int_eq(launch(&bench, "stays_dead", NULL, 0, &error), -1);
    for (int i = 0; i < 2; i++) // again and again
        assert_fails(&bench, "stays_dead", NULL, 0, IPC_E_CUDA,
                     "the GPU of engine 3 cannot be used again after a kernel that failed: CUDA_ERROR_ILLEGAL_ADDRESS "
                     "(an illegal memory access was encountered); ipc_view_restart() or \"ipcluster restart 3\" starts "
                     "the engine anew");
    bench_free(&bench);
}
END_TEST

START_TEST(the_newest_kernel_of_a_name_counts)
{
    bench_t bench = bench_new();
    must_load(&bench, "__global__ void a(int n) {} __global__ void b(int n) {}");
    must_load(&bench, "__global__ void a(int n, int m) {}");
    cuda_argument_t one = given(ipc_value_from_i64(1));
    must_launch(&bench, "a", (cuda_argument_t[]){one, one}, 2);
    must_launch(&bench, "b", (cuda_argument_t[]){one}, 1);
    free(take_log(&bench));
    ipc_error_t error = {0};
    ck_assert_int_eq(load(&bench, "__global__ void b() {}", &error), 0); // nothing of the first cell is left
    assert_logged(&bench, "load\nunload\n");
    cuda_cells_clear(bench.cells);
    assert_logged(&bench, "unload\nunload\n");
    ck_assert_int_eq(launch(&bench, "b", NULL, 0, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_NAME);
    bench_free(&bench);
}
END_TEST

START_TEST(a_cell_that_fails_changes_nothing)
{
    bench_t bench = bench_new();
    ipc_error_t error = {0};
    must_load(&bench, "__global__ void k(int n) {}");
    ck_assert_int_eq(load(&bench, "int a;\n__global__ void k() { undefined_one(); }", &error), -1);
    ck_assert_int_eq(error.code, IPC_E_COMPILE);
    ck_assert_str_eq(error.text, "cell 2, line 2, column 23: identifier \"undefined_one\" is undefined\n"
                                 "    __global__ void k() { undefined_one(); }\n                          ^");
    ck_assert_int_eq(load(&bench, "__global__ void k() {", &error), -1);
    ck_assert_str_eq(error.text, "cell 3, line 1, column 21: this bracket is not closed\n    __global__ void k() {\n"
                                 "                        ^");
    must_launch(&bench, "k", (cuda_argument_t[]){given(ipc_value_from_i64(1))}, 1);
    bench_free(&bench);
}
END_TEST

START_TEST(declarations_alone_load_nothing)
{
    bench_t bench = bench_new();
    ipc_error_t error = {0};
    ck_assert_int_eq(load(&bench, "#define N 3\n__device__ int f() { return N; }", &error), 0);
    assert_logged(&bench, "retain\n");
    must_load(&bench, "__global__ void k(int *y) { y[0] = f(); }");
    bench_free(&bench);
}
END_TEST

START_TEST(much_shared_memory_is_asked_for)
{
    bench_t bench = bench_new();
    ipc_error_t error = {0};
    must_load(&bench, "__global__ void k() {}");
    cuda_shape_t shape = {{1, 1, 1}, {1, 1, 1}, 65536};
    ck_assert_int_eq(cuda_cells_launch(bench.cells, "k", &shape, NULL, 0, &error), 0);
    assert_logged(&bench, "attribute 8 65536\nlaunch k (1 1 1) (1 1 1) 65536\n");
    bench_free(&bench);
}
END_TEST

//  Writes into what was compiled: whoever reads it has not compiled.
static void change_what_is_kept(const bench_t *self)
{
    char pattern[64];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*.ptx", self->directory);
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    ck_assert_uint_eq(found.gl_pathc, 1);
    FILE *file = fopen(found.gl_pathv[0], "w");
    fputs(".visible .entry another(\n)\n", file);
    fclose(file);
    globfree(&found);
}

START_TEST(what_was_compiled_once_is_not_compiled_again)
{
    bench_t bench = bench_new();
    ipc_error_t error = {0};
    must_load(&bench, "__global__ void k() {}");
    change_what_is_kept(&bench);
    ck_assert_int_eq(load(&bench, "__global__ void k() {}", &error), -1);
    ck_assert_str_eq(error.text, "k: CUDA_ERROR_NOT_FOUND (named symbol not found)");
    must_load(&bench, "__global__ void k() { }");
    bench_free(&bench);
}
END_TEST

START_TEST(an_engine_without_a_gpu_says_so)
{
    bench_t bench = bench_new();
    ipc_error_t error = {0};
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    ck_assert_int_eq(load(&bench, "not even a cell {", &error), -1);
    ck_assert_int_eq(error.code, IPC_E_CUDA);
    ck_assert_str_eq(error.text, "engine 3 has no GPU: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)");
    assert_fails(&bench, "k", NULL, 0, IPC_E_CUDA,
                 "engine 3 has no GPU: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)");
    unsetenv("CUDA_VISIBLE_DEVICES");
    bench_free(&bench);
}
END_TEST

START_TEST(a_device_without_memory_left_says_so)
{
    bench_t bench = bench_new();
    ipc_array_t *array = bytes_new(8);
    must_load(&bench, "__global__ void k(unsigned char *y) {}");
    setenv("CUDA_STAND_IN_MODE", "full", 1);
    assert_fails(&bench, "k", (cuda_argument_t[]){own(array)}, 1, IPC_E_CUDA,
                 "8 bytes on the GPU of engine 3: CUDA_ERROR_OUT_OF_MEMORY (out of memory)");
    unsetenv("CUDA_STAND_IN_MODE");
    must_launch(&bench, "k", (cuda_argument_t[]){own(array)}, 1); // the device is fine
    ipc_array_destroy(&array);
    bench_free(&bench);
}
END_TEST

START_TEST(a_kernel_for_another_architecture_is_told)
{
    bench_t bench = bench_new();
    ipc_error_t error = {0};
    setenv("CUDA_STAND_IN_MODE", "image", 1);
    ck_assert_int_eq(load(&bench, "__global__ void k() {}", &error), -1);
    ck_assert_str_eq(error.text, "the compiled cell cannot be loaded: CUDA_ERROR_NO_BINARY_FOR_GPU (no kernel image is "
                                 "available for execution on the device)");
    unsetenv("CUDA_STAND_IN_MODE");
    must_load(&bench, "__global__ void k() {}");
    bench_free(&bench);
}
END_TEST

//  Asked without and with leave to begin it anew.
START_TEST(a_device_that_fails_for_good_can_be_told_from_one_that_does_not)
{
    bench_t bench = bench_new();
    ipc_error_t error = {0};
    must_load(&bench, "__global__ void k() {} __global__ void dies() {}");
    ck_assert_int_eq(cuda_cells_try(bench.cells, false), 0);
    ck_assert_int_eq(launch(&bench, "dies", NULL, 0, &error), -1);
    ck_assert_int_eq(cuda_cells_try(bench.cells, false), -1);
    ck_assert_int_eq(cuda_cells_try(bench.cells, true), 0);
    must_launch(&bench, "k", NULL, 0);
    setenv("CUDA_STAND_IN_MODE", "0", 1); // from now on
    ck_assert_int_eq(launch(&bench, "k", NULL, 0, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "CUDA_ERROR_ECC_UNCORRECTABLE"));
    ck_assert_int_eq(cuda_cells_try(bench.cells, true), -1);
    unsetenv("CUDA_STAND_IN_MODE");
    bench_free(&bench);
}
END_TEST

//  Both stand-ins are there; NVRTC itself may not be.
static bool has_nvrtc(void)
{
    static const char *const names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof names / sizeof names[0]; i++) library = dlopen(names[i], RTLD_LAZY);
    return library; // it stays, as in an engine
}

int main(void)
{
    if (!has_nvrtc())
        return SKIPPED;
    TCase *tests = tcase_create("cuda cells");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, shape_and_numbers_reach_the_driver);
    tcase_add_test(tests, what_a_kernel_writes_to_the_engines_own_stays);
    tcase_add_test(tests, arrays_that_share_memory_share_it_on_the_device);
    tcase_add_test(tests, an_array_without_elements_is_a_null_pointer);
    tcase_add_test(tests, wrong_arguments_are_refused_before_anything_is_copied);
    tcase_add_test(tests, a_refused_launch_leaves_the_device_usable);
    tcase_add_test(tests, after_a_kernel_that_died_the_device_is_begun_anew);
    tcase_add_test(tests, a_device_that_cannot_be_begun_anew_is_said);
    tcase_add_test(tests, the_newest_kernel_of_a_name_counts);
    tcase_add_test(tests, a_cell_that_fails_changes_nothing);
    tcase_add_test(tests, declarations_alone_load_nothing);
    tcase_add_test(tests, much_shared_memory_is_asked_for);
    tcase_add_test(tests, what_was_compiled_once_is_not_compiled_again);
    tcase_add_test(tests, an_engine_without_a_gpu_says_so);
    tcase_add_test(tests, a_device_without_memory_left_says_so);
    tcase_add_test(tests, a_kernel_for_another_architecture_is_told);
    tcase_add_test(tests, a_device_that_fails_for_good_can_be_told_from_one_that_does_not);
    return run_suite("cuda cells", tests);
}
