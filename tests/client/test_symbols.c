//  Traces of a program that was compiled with -g (traced_program.c).
#include "client/symbols.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/common/run_suite.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define IMAGE "/run/user/0/ipc/0123456789ab/images/" HASH ".so"

enum { FRAMES = 2048 };

static unsigned long in_inner, in_thunk; // addresses in the program

static void set_up(void)
{
    FILE *stream = popen(TRACED_PROGRAM, "r");
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(fscanf(stream, "%lx %lx", &in_inner, &in_thunk), 2);
    pclose(stream);
}

static const char *file_of(void *context, const char *hash)
{
    return strcmp(hash, HASH) == 0 ? context : NULL;
}

//  Held against what is expected, and freed.
static void check_trace(symbols_method_t method, const char *frames, const char *file,
                        const char *expected, const char *expected_where)
{
    char where[SYMBOLS_WHERE];
    char *trace = symbols_trace_by(method, frames, file_of, (void *) file, where);
    ck_assert_str_eq(trace, expected);
    ck_assert_str_eq(where, expected_where);
    free(trace);
}

//  A crash in inner(), through a function of libc.
static void make_frames(char frames[FRAMES], const char *symbol)
{
    snprintf(frames, FRAMES,
             "/lib/libc.so.6\t1234\tabort\n"
             "/lib/libc.so.6\t8aeec\t-\n" IMAGE "\t%lx\t%s\n" IMAGE "\t%lx\t%s\n"
             "/usr/libexec/ipengine-worker\t99\trun_task\n",
             in_inner, symbol, in_thunk, strcmp(symbol, "-") ? "ipc_call_outer" : "-");
}

static const char readable[] = "    at abort (libc.so.6)\n"
                               "    at libc.so.6+0x8aeec\n"
                               "    at inner (traced_program.c:17)\n"
                               "    at outer (traced_program.c:23)\n";

START_TEST(inlined_functions_have_their_names_and_lines)
{
    char frames[FRAMES];
    make_frames(frames, "-");
    check_trace(SYMBOLS_LIBDW, frames, TRACED_PROGRAM, readable,
                "inner (traced_program.c:17)");
}
END_TEST

START_TEST(addr2line_finds_the_same)
{
    if (system("addr2line --version >/dev/null 2>&1") != 0)
        return;
    char frames[FRAMES];
    make_frames(frames, "-");
    check_trace(SYMBOLS_ADDR2LINE, frames, TRACED_PROGRAM, readable,
                "inner (traced_program.c:17)");
}
END_TEST

START_TEST(without_either_the_engines_symbol_is_shown)
{
    char frames[FRAMES];
    make_frames(frames, "outer");
    check_trace(SYMBOLS_NONE, frames, TRACED_PROGRAM,
                "    at abort (libc.so.6)\n"
                "    at libc.so.6+0x8aeec\n"
                "    at outer (traced_program)\n",
                "outer (traced_program)");
}
END_TEST

START_TEST(without_a_symbol_the_offset_is_shown)
{
    check_trace(SYMBOLS_NONE, IMAGE "\t1234\t-\n", "/home/me/prog",
                "    at prog+0x1234\n", "prog+0x1234");
}
END_TEST

START_TEST(a_file_that_is_gone_leaves_the_offset)
{
    check_trace(SYMBOLS_LIBDW, IMAGE "\t1234\t-\n", "/nonexistent/prog",
                "    at prog+0x1234\n", "prog+0x1234");
}
END_TEST

START_TEST(a_file_that_is_no_program_leaves_the_offset)
{
    check_trace(SYMBOLS_LIBDW, IMAGE "\t1234\t-\n", "/proc/self/maps",
                "    at maps+0x1234\n", "maps+0x1234");
}
END_TEST

START_TEST(what_called_the_users_function_is_left_out)
{
    check_trace(SYMBOLS_NONE,
                "/usr/libexec/ipengine-worker\t9\tcrash_exit\n/usr/libexec/ipengine-worker\t8\ton_task_exit\n"
                "/lib/libc.so.6\t7\texit\n" IMAGE "\t1234\t-\n/usr/libexec/ipengine-worker (deleted)\t6\t-\n"
                "/lib/libc.so.6\t5\t__libc_start_main\n",
                "/home/me/prog", "    at exit (libc.so.6)\n    at prog+0x1234\n", "prog+0x1234");
}
END_TEST

START_TEST(an_image_of_another_client_is_shown_by_its_own_name)
{
    check_trace(SYMBOLS_LIBDW, IMAGE "\t10\tf\n", NULL, "    at f (" HASH ".so)\n", "");
}
END_TEST

START_TEST(lines_that_are_no_frames_are_passed_over)
{
    check_trace(SYMBOLS_NONE, "", NULL, "", "");
    check_trace(SYMBOLS_NONE, "\n\t\n\t\t\nno tabs\n\t12\tf\na/b\t5\n/x/libm.so\t12\tsin", NULL,
                "    at b+0x5\n    at sin (libm.so)\n", "");
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("symbols");
    tcase_add_checked_fixture(all, set_up, NULL);
    tcase_add_test(all, inlined_functions_have_their_names_and_lines);
    tcase_add_test(all, addr2line_finds_the_same);
    tcase_add_test(all, without_either_the_engines_symbol_is_shown);
    tcase_add_test(all, without_a_symbol_the_offset_is_shown);
    tcase_add_test(all, a_file_that_is_gone_leaves_the_offset);
    tcase_add_test(all, a_file_that_is_no_program_leaves_the_offset);
    tcase_add_test(all, what_called_the_users_function_is_left_out);
    tcase_add_test(all, an_image_of_another_client_is_shown_by_its_own_name);
    tcase_add_test(all, lines_that_are_no_frames_are_passed_over);
    return run_suite("symbols", all);
}
