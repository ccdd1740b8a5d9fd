//  How the cells of a view are compiled: flags, headers and libraries of one's own, and what is said of those that are
//  not there.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

//  A folder of the test's own, the working directory while it lasts.
typedef struct folder {
    char path[32];
    char *before;
} folder_t;

static folder_t folder_open(void)
{
    folder_t self = {.path = "/tmp/ipc-compile-XXXXXX", .before = getcwd(NULL, 0)};
    ck_assert(self.before && mkdtemp(self.path));
    ck_assert_int_eq(chdir(self.path), 0);
    return self;
}

static void folder_close(folder_t *self)
{
    char *arguments[] = {"/usr/bin/env", "rm", "-r", self->path, NULL};
    int status;
    ck_assert_int_eq(chdir(self->before), 0);
    free(output_of(arguments, &status));
    ck_assert_int_eq(status, 0);
    free(self->before);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void build_library(char *source, char *library)
{
    char *arguments[] = {"/usr/bin/env", "cc", "-shared", "-fPIC", source, "-o", library, NULL};
    int status;
    free(output_of(arguments, &status));
    ck_assert_int_eq(status, 0);
}

static void compile_with(ipc_view_t *view, const ipc_compile_t *options)
{
    ipc_error_t error = {0};
    ck_assert_msg(ipc_compile_options(view, options, &error) == 0, "%s", error.text);
}

static void assert_not_compiled(ipc_result_t *result, const char *words)
{
    assert_refused(result, "CompileError", words);
}

START_TEST(a_cell_uses_fftw)
{
    session_t s = session_open();
    compile_with(s.one, &(ipc_compile_t){.libraries = "fftw3"});
    assert_prints(ipc_execute(s.one, "#include <fftw3.h>\n"
                                     "double complex x[4] = {1, 2, 3, 4};\n"
                                     "fftw_plan plan = fftw_plan_dft_1d(4, x, x, FFTW_FORWARD, FFTW_ESTIMATE);\n"
                                     "fftw_execute(plan);\n"
                                     "fftw_destroy_plan(plan);\n"
                                     "x"),
                  "[10+0i, -2+2i, -2+0i, -2-2i]");
    compile_with(s.one, NULL); // the library stays
    assert_prints(ipc_execute(s.one, "fftw_alignment_of((double *) x) >= 0"), "1");
    session_close(&s);
}
END_TEST

START_TEST(a_cell_uses_a_header_and_a_library_of_ones_own)
{
    session_t s = session_open();
    folder_t folder = folder_open();
    ck_assert(mkdir("include", 0700) == 0 && mkdir("lib", 0700) == 0);
    write_text("include/mine.h", "#define FACTOR 2\ndouble threefold(double x);\n");
    write_text("include/other.h", "int other(void);\n");
    write_text("mine.c", "double threefold(double x) { return 3 * x; }\n");
    write_text("other.c", "int other(void) { return 7; }\n");
    build_library("mine.c", "mine.so");
    build_library("other.c", "lib/libother.so");
    compile_with(s.one, &(ipc_compile_t){.include = "include", .libraries = "./mine.so other", .library_path = "lib"});
    assert_prints(ipc_execute(s.one, "#include <mine.h>\n#include \"other.h\"\nthreefold(FACTOR) + other()"), "13");
    compile_with(s.one, NULL);
    assert_prints(ipc_execute(s.one, "double threefold(double);\nthreefold(5)"), "15");
    assert_ok(ipc_view_clear(s.one)); // else later cells would look for the headers
    // A header that has changed is read anew.
    compile_with(s.one, &(ipc_compile_t){.include = "include"});
    assert_prints(ipc_execute(s.one, "#include <mine.h>\nFACTOR"), "2");
    write_text("include/mine.h", "#define FACTOR 4\n");
    assert_ok(ipc_view_clear(s.one));
    assert_prints(ipc_execute(s.one, "#include <mine.h>\nFACTOR"), "4");
    assert_ok(ipc_view_clear(s.one));
    folder_close(&folder);
    session_close(&s);
}
END_TEST

START_TEST(flags_are_those_of_the_compiler)
{
    session_t s = session_open();
    compile_with(s.one, &(ipc_compile_t){.flags = "-O3 -march=native -DSIZE=12 -DTEXT='\"two words\"'"});
    assert_prints(ipc_execute(s.one, "SIZE"), "12");
    assert_prints(ipc_execute(s.one, "TEXT"), "\"two words\"");
    compile_with(s.one, &(ipc_compile_t){.flags = "-DSIZE=13"});
    assert_prints(ipc_execute(s.one, "SIZE"), "13"); // not what was compiled before
    assert_not_compiled(ipc_execute(view_of(&s, "1"), "SIZE"), "SIZE"); // of its own view each
    session_close(&s);
}
END_TEST

START_TEST(a_cell_runs_openmp_threads)
{
    session_t s = session_open();
    compile_with(s.one, &(ipc_compile_t){.flags = "-fopenmp"});
    ipc_result_t *result = ipc_execute(s.one, "int sum = 0;\n"
                                              "#pragma omp parallel for reduction(+ : sum) num_threads(2)\n"
                                              "for (int i = 0; i < 100; i++) sum += i;\n"
                                              "sum + _OPENMP * 0");
    if (!ipc_result_ok(result) && getenv("IPC_CC")) { // clang, without its own library for it
        ck_assert(strstr(ipc_result_error(result)->text, "omp") != NULL);
        ipc_result_destroy(&result);
    } else {
        assert_prints(result, "4950");
    }
    session_close(&s);
}
END_TEST

START_TEST(what_the_compiler_refuses_is_said_in_one_sentence)
{
    session_t s = session_open();
    compile_with(s.one, &(ipc_compile_t){.flags = "-fno-such-flag"});
    assert_not_compiled(ipc_execute(s.one, "1"), "cell 1: ");
    assert_not_compiled(ipc_execute(s.one, "1"), "-fno-such-flag");
    compile_with(s.one, &(ipc_compile_t){.libraries = "no_such_library"});
    assert_not_compiled(ipc_execute(s.one, "1"), "cell 3: there is no library 'no_such_library' (libno_such_library.so or ");
    compile_with(s.one, &(ipc_compile_t){.libraries = "/no/such.so"});
    assert_not_compiled(ipc_execute(s.one, "1"), "cell 4: ");
    assert_not_compiled(ipc_execute(s.one, "1"), "/no/such.so");
    char *text = malloc(20000);
    memset(text, 'x', 19999);
    text[19999] = 0;
    ipc_error_t error = {0};
    ck_assert_int_eq(ipc_compile_options(s.one, &(ipc_compile_t){.flags = text}, &error), -1);
    ck_assert_str_eq(error.text, "the argument flags has 19999 bytes, 16384 is the most");
    free(text);
    compile_with(s.one, NULL);
    assert_prints(ipc_execute(s.one, "1"), "1");
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, a_cell_uses_fftw);
    tcase_add_test(tests, a_cell_uses_a_header_and_a_library_of_ones_own);
    tcase_add_test(tests, flags_are_those_of_the_compiler);
    tcase_add_test(tests, a_cell_runs_openmp_threads);
    tcase_add_test(tests, what_the_compiler_refuses_is_said_in_one_sentence);
}

int main(void)
{
    return e2e_main("compile", add);
}
