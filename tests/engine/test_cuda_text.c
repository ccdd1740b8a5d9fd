//  How CUDA cells are cut, what their kernels take, and what later cells are compiled behind.
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cuda_error.h"
#include "engine/cuda_scope.h"
#include "tests/common/run_suite.h"

//  A cell, and its items: "s" what later cells have too, "v" a variable, "k" a kernel, "K" one that has C's linkage by
//  itself, "p" the prototype of one; each with its name, those in a block in brackets.
typedef struct sample {
    const char *source, *items;
} sample_t;

static const sample_t samples[] = {
    {"", ""},
    {"// nothing\n;;", ""},
    {"__global__ void k(float *y, int n) { if (n) { y[0] = 1; } }", "k:k"},
    {"__global__ void a() {} __global__ void b() {}", "k:a k:b"},
    {"__global__ void __launch_bounds__(256) k(float *y) {}", "k:k"},
    {"__launch_bounds__(256, 2) __global__ void k(float *y) {}", "k:k"},
    {"extern \"C\" __global__ void k(float *y) {}", "K:k"},
    {"extern \"C\" { __global__ void k(float *y) {} __device__ int f() { return 1; } }", "s: [K:k]"},
    {"namespace n { __global__ void k(float *y) {} float f(int x); int v; }", "s: [k:k]"},
    {"__global__ void k(float *y);", "p:k"},
    {"template <class T> __global__ void k(T *y) {}", "s:k"},
    {"template <int N, typename T = float> __device__ T f(T x) { return x; }", "s:f"},
    {"__device__ float f(float x) { return x; }", "s:f"},
    {"float f(float x) { return x; } float g(void);", "s:f s:g"},
    {"__device__ P operator+(P a, P b) { return a; }", "s:operator+"},
    {"__device__ float P::f() const { return x; }", "s:P::f"},
    {"__device__ auto f(int x) -> float { return x; }", "s:f"},
    {"struct P { float x, y; __device__ P(float x) { } };", "s:P"},
    {"struct __align__(16) P { float x; };", "s:P"},
    {"struct P : Q { float x; };", "s:P"},
    {"template <class T> struct S { T x; };", "s:S"},
    {"enum class E : int { A, B };", "s:E"},
    {"struct P;", "s:"},
    {"struct P { float x; } p;", "v:P"},
    {"typedef float real;", "s:real"},
    {"typedef struct { float x; } P;", "s:P"},
    {"typedef float (*f)(float);", "s:f"},
    {"typedef float row[4];", "s:row"},
    {"using real = float;", "s:real"},
    {"using namespace n;", "s:"},
    {"int counter;", "v:counter"},
    {"__device__ int counter = 3;", "v:counter"},
    {"__constant__ float c[4] = {1, 2, 3, 4};", "v:c"},
    {"__device__ struct P p = {1, 2};", "v:p"},
    {"__device__ float table[2]{1, 2};", "v:table"},
    {"__device__ float (*f)(float);", "v:f"},
    {"const int N = 3 * 4;", "s:N"},
    {"constexpr float pi = 3.14f;", "s:pi"},
    {"const float *p;", "v:p"},
    {"__constant__ const int N = 3;", "v:N"},
    {"extern __shared__ float buffer[];", "s:buffer"},
    {"static_assert(sizeof(int) == 4, \"size\");", "s:static_assert"},
    {"#include <cuda_fp16.h>\n#define N 3\n#define SQ(x) ((x) * (x))\nint v;", "s: s:N s:SQ v:v"},
    {"#if N > 3\nint a;\n#if M\n#endif\n#else\n__global__ void k() {}\n#endif\nint b;", "s: v:b"},
    {"int unfinished", "v:unfinished"},
};

static void describe(const cuda_text_t *text, FILE *out)
{
    const char *space = "";
    for (size_t i = 0; i < text->count; i++) {
        const cuda_item_t *item = &text->items[i];
        char kind = item->kind == CUDA_SHARED ? 's' : item->kind == CUDA_OWN ? 'v' : item->is_prototype ? 'p'
                    : item->is_linked ? 'K' : 'k';
        fprintf(out, "%s%s%c:%.*s%s", space, item->is_inside ? "[" : "", kind, (int) item->name.size, item->name.at,
                item->is_inside ? "]" : "");
        space = " ";
    }
}

START_TEST(cells_are_cut_into_declarations)
{
    const sample_t *sample = &samples[_i];
    char items[256] = "";
    cuda_text_t text;
    cell_fault_t fault;
    ck_assert_int_eq(cuda_text_read(&text, sample->source, &fault), 0);
    FILE *out = fmemopen(items, sizeof items, "w");
    describe(&text, out);
    fclose(out);
    ck_assert_msg(strcmp(items, sample->items) == 0, "%s\nis %s, not %s", sample->source, items, sample->items);
    cuda_text_free(&text);
}
END_TEST

START_TEST(a_bracket_without_its_partner_is_a_fault)
{
    cuda_text_t text;
    cell_fault_t fault = {0};
    ck_assert_int_eq(cuda_text_read(&text, "__global__ void k()\n{", &fault), -1);
    ck_assert_str_eq(fault.text, "this bracket is not closed");
    ck_assert_uint_eq(fault.line, 2);
    ck_assert_uint_eq(fault.column, 1);
    cuda_text_free(&text);
}
END_TEST

//  Parameters, and for each: a number's letter, or that of what a pointer points to behind "*", "c*" if const; "?" one
//  that takes no argument.
static const sample_t parameter_samples[] = {
    {"", ""},
    {"void", ""},
    {"float *y, const float *x, float a, int n", "f* cf* f i"},
    {"float *__restrict__ y, const float *__restrict__ x", "f* cf*"},
    {"float const *x, float *const y, const float *const z, volatile float *w", "cf* f* cf* f*"},
    {"double v[], const double w[3], double m[]", "d* cd* d*"},
    {"unsigned n, unsigned int m, unsigned long a, unsigned long long b, size_t c", "I I L L L"},
    {"int n, int, long, long long int, short k, signed char c, char d, unsigned char e", "i i l l s b c B"},
    {"const int n, bool yes, uint8_t a, int16_t b, uint32_t d, int64_t e", "i o B s I l"},
    {"float2 z, double2 *w, const cuDoubleComplex *v, cuComplex u", "z Z* cZ* z"},
    {"void *any, const void *other", "** c**"},
    {"float **rows, float m[3][4], struct P p, P q, P *r, float &x", "? ? ? ? ? ?"},
    {"int n = 3, Pair<int, float> p, float f", "i ? f"},
    {"char *text, const char *more", "b* cb*"},
    {"float a, float b, float c, float d, float e, float f, float g, float h, float i, float j, float k, float l, "
     "float m, float n, float o, float p", "f f f f f f f f f f f f f f f f"},
};

static char letter_of(const cuda_parameter_t *parameter)
{
    static const char letters[] = "obslBSILfdzZ";
    static const uint8_t dtypes[] = {IPC_BOOL, IPC_I8, IPC_I16, IPC_I64, IPC_U8, IPC_U16, IPC_U32, IPC_U64, IPC_F32,
                                     IPC_F64, IPC_C64, IPC_C128};
    if (parameter->type == IPC_TYPE_CHAR)
        return 'c';
    if (parameter->dtype == IPC_DTYPE_COUNT)
        return '*';
    for (size_t i = 0; i < sizeof dtypes; i++)
        if (dtypes[i] == parameter->dtype)
            return letters[i];
    return 'i';
}

START_TEST(parameters_say_what_a_kernel_takes)
{
    const sample_t *sample = &parameter_samples[_i];
    cuda_parameter_t parameters[CUDA_PARAMETERS];
    char words[128] = "";
    int count = cuda_parameters_read((cell_span_t){sample->source, strlen(sample->source)}, parameters);
    FILE *out = fmemopen(words, sizeof words, "w");
    for (int i = 0; i < count; i++) {
        bool is_array = parameters[i].type == IPC_TYPE_ARRAY || parameters[i].type == IPC_TYPE_ARRAY_MUT;
        fprintf(out, "%s%s%c%s", i > 0 ? " " : "", parameters[i].type == IPC_TYPE_ARRAY ? "c" : "",
                parameters[i].type == IPC_TYPE_VOID ? '?' : letter_of(&parameters[i]), is_array ? "*" : "");
    }
    fclose(out);
    ck_assert_msg(strcmp(words, sample->items) == 0, "%s\nis %s, not %s", sample->source, words, sample->items);
}
END_TEST

START_TEST(more_parameters_than_can_be_launched_are_said)
{
    static const char text[] = "int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, int l, "
                               "int m, int n, int o, int p, int q";
    cuda_parameter_t parameters[CUDA_PARAMETERS];
    ck_assert_int_eq(cuda_parameters_read((cell_span_t){text, sizeof text - 1}, parameters), -1);
}
END_TEST

//  --- Later cells ---------------------------------------------------------------------------------------------

//  Runs a cell through a scope; gives what it is compiled behind, which the caller frees.
static char *compile_behind(cuda_scope_t *scope, const char *source, char **program)
{
    cuda_text_t text;
    ck_assert_int_eq(cuda_text_read(&text, source, NULL), 0);
    *program = cuda_scope_program(scope, &text, source);
    cuda_scope_commit(scope, &text);
    cuda_text_free(&text);
    static const char begin[] = "#line 1 \"earlier\"\n", end[] = "#line 1 \"cell\"\n";
    ck_assert_int_eq(strncmp(*program, begin, sizeof begin - 1), 0);
    const char *cell = strstr(*program, end);
    ck_assert_ptr_nonnull(cell);
    const char *first = *program + sizeof begin - 1;
    return strndup(first, (size_t) (cell - first));
}

typedef struct story {
    const char *cells[4];
    const char *behind;                // what the last one is compiled behind
} story_t;

static const story_t stories[] = {
    {{"#define N 3\nstruct P { float x; };", "float f(P p) { return p.x; }", "int k;"},
     "#define N 3\nstruct P { float x; };\nfloat f(P p) { return p.x; }\n"},
    {{"float f() { return 1; }", "float f() { return 2; }", "x"}, "float f() { return 2; }\n"}, // the newest counts
    {{"float f() { return 1; } float g() { return f(); } float h() { return 3; }", "float f() { return 2; }", "x"},
     "float h() { return 3; }\nfloat f() { return 2; }\n"}, // g cannot be compiled before f any more
    {{"float f() { return 1; } float g() { return f(); }", "float f() { return 1; }", "x"},
     "float f() { return 1; }\nfloat g() { return f(); }\n"}, // it is the same one
    {{"#define N 3", "float f() { return N; }", "#define N 4", "x"}, "#define N 4\n"},
    {{"int counter; float f() { return counter; } float g() { return 1; }", "x"}, "float g() { return 1; }\n"},
    {{"__device__ int x;", "float f(float x) { return x; }", "y"}, "float f(float x) { return x; }\n"}, // another x
    {{"__global__ void k() {} float f() { return 1; }", "x"}, "float f() { return 1; }\n"},
    {{"float f(float x) { return 1; } float f(int x) { return 2; }", "float f(int x) { return 3; }", "x"},
     "float f(int x) { return 3; }\n"},
};

START_TEST(later_cells_are_compiled_behind_what_earlier_ones_declared)
{
    const story_t *story = &stories[_i];
    cuda_scope_t scope = {0};
    char *behind = NULL, *program = NULL;
    for (size_t i = 0; i < 4 && story->cells[i]; i++) {
        free(behind);
        free(program);
        behind = compile_behind(&scope, story->cells[i], &program);
    }
    ck_assert_str_eq(behind, story->behind);
    free(behind);
    free(program);
    cuda_scope_free(&scope);
}
END_TEST

START_TEST(kernels_get_plain_names_where_they_stand)
{
    static const char source[] = "int a; __global__ void k(float *y) {\n\ty[0] = 1;\n}\n"
                                 "extern \"C\" __global__ void l() {}";
    cuda_scope_t scope = {0};
    char *program, *behind = compile_behind(&scope, source, &program);
    ck_assert_str_eq(program, "#line 1 \"earlier\"\n#line 1 \"cell\"\nint a; \nextern \"C\"\n#line 1 \"cell\"\n"
                              "       __global__ void k(float *y) {\n\ty[0] = 1;\n}\n"
                              "extern \"C\" __global__ void l() {}\n");
    free(behind);
    free(program);
    cuda_scope_free(&scope);
}
END_TEST

START_TEST(what_is_known_already_is_blank_in_the_cell)
{
    cuda_scope_t scope = {0};
    char *program, *behind = compile_behind(&scope, "float f() {\n\treturn 1;\n}", &program);
    free(behind);
    free(program);
    behind = compile_behind(&scope, "int a; float f() {\n\treturn 1;\n} int b;", &program);
    ck_assert_str_eq(strstr(program, "#line 1 \"cell\"\n"),
                     "#line 1 \"cell\"\nint a;            \n\t         \n  int b;\n");
    free(behind);
    free(program);
    cuda_scope_free(&scope);
}
END_TEST

START_TEST(a_cell_that_fails_changes_nothing)
{
    cuda_scope_t scope = {0};
    cuda_text_t text;
    char *program, *behind = compile_behind(&scope, "float f() { return 1; }", &program);
    free(behind);
    free(program);
    ck_assert_int_eq(cuda_text_read(&text, "float f() { return undefined; }", NULL), 0);
    free(cuda_scope_program(&scope, &text, "float f() { return undefined; }"));
    cuda_scope_show(&scope);
    cuda_text_free(&text);
    behind = compile_behind(&scope, "x", &program);
    ck_assert_str_eq(behind, "float f() { return 1; }\n");
    free(behind);
    free(program);
    cuda_scope_free(&scope);
}
END_TEST

//  --- Errors --------------------------------------------------------------------------------------------------

static const struct { const char *said, *text; } errors[] = {
    {"cell(2): error: identifier \"undefined_one\" is undefined\n  \tint q;   y[0] = undefined_one + 3;\n"
     "  \t                ^\n\n1 error detected in the compilation of \"cell\".\n",
     "cell 3, line 2, column 18: identifier \"undefined_one\" is undefined\n    \tint q;   y[0] = undefined_one + 3;\n"
     "    \t                ^"},
    {"cell(1): warning #177-D: variable \"q\" was declared but never referenced\n  int q;\n      ^\n\n"
     "cell(3): error: identifier \"two\" is undefined\n     \"\u00e9\" two; \n          ^\n",
     "cell 3, line 3, column 8: identifier \"two\" is undefined\n       \"\u00e9\" two;\n           ^"},
    {"cell(1): catastrophic error: cannot open source file \"nothing.h\"\n  __global__ void k(float *y) {\n"
     "                               ^\n\n",
     "cell 3, line 1, column 30: cannot open source file \"nothing.h\"\n    __global__ void k(float *y) {\n"
     "                                 ^"},
    {"cell(4): error: no instance of function \"f\" matches the argument list\n            argument types are: "
     "(int)\n  }\n  ^\n",
     "cell 3, line 4, column 1: no instance of function \"f\" matches the argument list argument types are: (int)\n"
     "    }\n    ^"},
    {"cell(4): error: identifier \"counter\" is undefined\n  }\n  ^\n",
     "cell 3, line 4, column 1: identifier \"counter\" is undefined: it is of the cell that declared it (variables and "
     "kernels are) or was declared by means of what is another thing now\n    }\n    ^"},
    {"earlier(2): error: odd\n\n", "cell 3: odd"},
    {"nvrtc: error: invalid value for --gpu-architecture (-arch)\n",
     "cell 3: invalid value for --gpu-architecture (-arch)"},
    {"", "cell 3: the compiler failed without a word"},
};

START_TEST(what_the_compiler_says_is_of_the_cell)
{
    const cells_source_t source = {
        .text = "__global__ void k(float *y) {\n\tint q;   y[0] = undefined_one + 3;\n   \"\u00e9\" two;\n}\n",
        .number = 3};
    cuda_scope_t scope = {0};
    ipc_error_t error = {0};
    char *program, *behind = compile_behind(&scope, "int counter;", &program);
    ck_assert_int_eq(cuda_error_compile(&source, errors[_i].said, &scope, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_COMPILE);
    ck_assert_str_eq(error.text, errors[_i].text);
    free(behind);
    free(program);
    cuda_scope_free(&scope);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("cuda text");
    tcase_add_loop_test(tests, cells_are_cut_into_declarations, 0, sizeof samples / sizeof samples[0]);
    tcase_add_test(tests, a_bracket_without_its_partner_is_a_fault);
    tcase_add_loop_test(tests, parameters_say_what_a_kernel_takes, 0,
                        sizeof parameter_samples / sizeof parameter_samples[0]);
    tcase_add_test(tests, more_parameters_than_can_be_launched_are_said);
    tcase_add_loop_test(tests, later_cells_are_compiled_behind_what_earlier_ones_declared, 0,
                        sizeof stories / sizeof stories[0]);
    tcase_add_test(tests, kernels_get_plain_names_where_they_stand);
    tcase_add_test(tests, what_is_known_already_is_blank_in_the_cell);
    tcase_add_test(tests, a_cell_that_fails_changes_nothing);
    tcase_add_loop_test(tests, what_the_compiler_says_is_of_the_cell, 0, sizeof errors / sizeof errors[0]);
    return run_suite("cuda text", tests);
}
