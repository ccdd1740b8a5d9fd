//  NVRTC as CUDA cells use it: programs become PTX, and what is wrong with a cell is said of its own lines. Without
//  NVRTC the test is skipped. It needs no GPU.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "engine/cuda_compiler.h"
#include "engine/cuda_error.h"
#include "tests/common/run_suite.h"

enum { CAPABILITY = 90, SKIPPED = 77 };

typedef struct bench {
    char directory[32];
    cuda_compiler_t *compiler;
    cuda_scope_t scope;
    uint64_t number;
} bench_t;

static bench_t bench_new(void)
{
    bench_t self = {.directory = "/tmp/ipc-cuda-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(self.directory));
    return self;
}

static void bench_free(bench_t *self)
{
    char command[64];
    cuda_compiler_destroy(&self->compiler);
    cuda_scope_free(&self->scope);
    snprintf(command, sizeof command, "rm -r %s", self->directory);
    ck_assert_int_eq(system(command), 0);
}

//  Compiles the next cell. Gives its PTX, or NULL with *error; the caller frees it.
static char *compile(bench_t *self, const char *source, ipc_error_t *error)
{
    cells_source_t cell = {.text = source, .number = ++self->number};
    cuda_text_t text;
    char *ptx = NULL, *words = NULL;
    if (!self->compiler)
        self->compiler = cuda_compiler_new(self->directory);
    ck_assert_int_eq(cuda_text_read(&text, source, NULL), 0);
    char *program = cuda_scope_program(&self->scope, &text, source);
    if (!cuda_compiler_build(self->compiler, program, CAPABILITY, &ptx, &words, error))
        cuda_scope_commit(&self->scope, &text);
    else if (words)
        cuda_error_compile(&cell, words, &self->scope, error);
    cuda_scope_show(&self->scope);
    cuda_text_free(&text);
    free(program);
    free(words);
    return ptx;
}

static void assert_compiles(bench_t *self, const char *source, const char *entry)
{
    ipc_error_t error = {0};
    char *ptx = compile(self, source, &error);
    ck_assert_msg(ptx != NULL, "%s\n%s", source, error.text);
    ck_assert_msg(strstr(ptx, entry) != NULL, "%s\nhas no %s: %s", source, entry, ptx);
    free(ptx);
}

static void assert_refused(bench_t *self, const char *source, const char *text)
{
    ipc_error_t error = {0};
    char *ptx = compile(self, source, &error);
    ck_assert_msg(ptx == NULL, "%s\nis compiled", source);
    ck_assert_int_eq(error.code, IPC_E_COMPILE);
    ck_assert_str_eq(error.text, text);
}

START_TEST(kernels_become_entries_with_their_own_names)
{
    bench_t bench = bench_new();
    assert_compiles(&bench, "__global__ void saxpy(float *y, const float *x, float a, int n)\n"
                            "{\n"
                            "    int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
                            "    if (i < n) y[i] += a * x[i];\n"
                            "}", ".visible .entry saxpy(");
    assert_compiles(&bench, "namespace n { __global__ void within(double *y) { y[0] = 1; } }", ".entry within(");
    assert_compiles(&bench, "extern \"C\" { __global__ void linked(double *y) { y[0] = 1; } }", ".entry linked(");
    assert_compiles(&bench, "__global__ void __launch_bounds__(128) bounded() {}", ".entry bounded(");
    assert_compiles(&bench, "__global__ void later(int *y);\n__global__ void later(int *y) { *y = 1; }",
                    ".entry later(");
    bench_free(&bench);
}
END_TEST

START_TEST(cells_build_on_one_another)
{
    static const char kernel[] = "__global__ void k(real *y) { Pair p = {N, M}; y[0] = twice(sum(p)) * half; }";
    bench_t bench = bench_new();
    assert_compiles(&bench, "#define N 3\nstruct Pair { float a, b; };\nconst int M = 4;\n"
                            "constexpr double half = 0.5;\ntemplate <class T> T twice(T x) { return 2 * x; }\n"
                            "float sum(Pair p) { return p.a + p.b; }\nusing real = float;", ".version");
    assert_compiles(&bench, kernel, ".entry k(");
    assert_compiles(&bench, "float sum(Pair p) { return p.a * p.b; }", ".version"); // anew
    assert_compiles(&bench, kernel, ".entry k(");
    assert_compiles(&bench, "#define N 5", ".version");
    assert_compiles(&bench, "__global__ void k(real *y) { y[0] = N; }", ".entry k(");
    bench_free(&bench);
}
END_TEST

START_TEST(what_cells_want_of_a_c_library_is_there)
{
    bench_t bench = bench_new();
    assert_compiles(&bench, "#include <math.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <assert.h>\n"
                            "__global__ void k(uint64_t *y, int8_t c) {\n"
                            "    assert(c > 0);\n"
                            "    y[0] = (uint64_t) sin(M_PI) + (NAN == INFINITY);\n"
                            "    printf(\"%d\\n\", threadIdx.x);\n"
                            "}", ".entry k(");
    bench_free(&bench);
}
END_TEST

START_TEST(errors_have_their_place_in_the_cell)
{
    bench_t bench = bench_new();
    assert_compiles(&bench, "int counter;\nfloat f(float x) { return x; }", ".version");
    assert_refused(&bench, "int unused; __global__ void k(float *y) {\n\ty[0] = undefined_one + 3;\n}",
                   "cell 2, line 2, column 9: identifier \"undefined_one\" is undefined\n"
                   "    \ty[0] = undefined_one + 3;\n    \t       ^");
    assert_refused(&bench, "int unused; __global__ void k(float *y) { y[0] = undefined_two; }",
                   "cell 3, line 1, column 50: identifier \"undefined_two\" is undefined\n"
                   "    int unused; __global__ void k(float *y) { y[0] = undefined_two; }\n"
                   "                                                     ^");
    assert_refused(&bench, "__global__ void k(float *y) { y[0] = counter; }",
                   "cell 4, line 1, column 38: identifier \"counter\" is undefined: it is of the cell that declared it "
                   "(variables and kernels are) or was declared by means of what is another thing now\n"
                   "    __global__ void k(float *y) { y[0] = counter; }\n"
                   "                                         ^");
    assert_refused(&bench, "#include \"nothing.h\"",
                   "cell 5, line 1, column 21: cannot open source file \"nothing.h\"\n    #include \"nothing.h\"\n"
                   "                        ^");
    assert_compiles(&bench, "__global__ void k(float *y) { y[0] = f(1); }", ".entry k("); // nothing has changed
    bench_free(&bench);
}
END_TEST

//  0 when NVRTC is there.
static int look_for_nvrtc(void)
{
    cuda_compiler_t *compiler = cuda_compiler_new("/dev/null/none"); // keeps nothing
    char *ptx = NULL, *words = NULL;
    ipc_error_t error = {0};
    int rc = cuda_compiler_build(compiler, "", CAPABILITY, &ptx, &words, &error);
    rc = rc && !words ? rc : 0; // what it says it does not say without being there
    if (rc)
        fprintf(stderr, "%s\n", error.text);
    cuda_compiler_destroy(&compiler);
    free(ptx);
    free(words);
    return rc;
}

int main(void)
{
    if (look_for_nvrtc())
        return SKIPPED;
    TCase *tests = tcase_create("cuda compiler");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, kernels_become_entries_with_their_own_names);
    tcase_add_test(tests, cells_build_on_one_another);
    tcase_add_test(tests, what_cells_want_of_a_c_library_is_there);
    tcase_add_test(tests, errors_have_their_place_in_the_cell);
    return run_suite("cuda compiler", tests);
}
