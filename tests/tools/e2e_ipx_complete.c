//  What ipx offers to complete a word with: magics, words of C, names of where the line will run.
#include "tests/client/e2e_support.h"

#include <stdlib.h>
#include <string.h>

#include "tools/ipx_magics.h"

static ipx_shell_t shell_open(void)
{
    ipx_flags_t flags = ipx_flags_default(false);
    ipx_shell_t shell = {.session = ipx_session_new(&flags, NULL)};
    ck_assert_ptr_nonnull(shell.session);
    return shell;
}

static void shell_close(ipx_shell_t *self)
{
    ipx_session_destroy(&self->session);
    for (size_t i = 0; i < self->input_count; i++) free(self->inputs[i]);
    free(self->inputs);
}

//  Whether a word is among those that complete a line, whose last word begins at its last blank, parenthesis or %.
static bool offers(ipx_shell_t *shell, const char *line, const char *word)
{
    size_t size = strlen(line), start = size;
    while (start > 0 && !strchr(" (%", line[start - 1])) start--;
    char **words = ipx_complete(shell, line, start, size);
    bool found = false;
    for (size_t i = 0; words && words[i]; i++) {
        found = found || strcmp(words[i], word) == 0;
        free(words[i]);
    }
    free(words);
    return found;
}

START_TEST(magics_are_completed)
{
    ipx_shell_t shell = shell_open();
    ck_assert(offers(&shell, "%px", "px"));
    ck_assert(offers(&shell, "%px", "pxresult"));
    ck_assert(offers(&shell, "%%p", "px"));
    ck_assert(!offers(&shell, "%x", "px"));
    ck_assert(!offers(&shell, "prin", "px"));
    shell_close(&shell);
}
END_TEST

START_TEST(words_of_c_are_completed)
{
    ipx_shell_t shell = shell_open();
    ck_assert(offers(&shell, "double x = sq", "sqrt"));
    ck_assert(offers(&shell, "%px prin", "printf"));
    ck_assert(!offers(&shell, "double ", "sqrt")); // not everything that there is
    shell_close(&shell);
}
END_TEST

START_TEST(names_are_those_of_where_the_line_runs)
{
    ipx_shell_t shell = shell_open();
    ck_assert_int_eq(ipx_shell_input(&shell, "%px double somewhere = 1;"), EXIT_DONE);
    ck_assert_int_eq(ipx_shell_input(&shell, "int here = 1;"), EXIT_DONE);
    ck_assert(offers(&shell, "%px some", "somewhere"));
    ck_assert(offers(&shell, "%pull some", "somewhere"));
    ck_assert(!offers(&shell, "f(some", "somewhere"));
    ck_assert(offers(&shell, "f(he", "here"));
    ck_assert(offers(&shell, "%push he", "here"));
    ck_assert(!offers(&shell, "%px he", "here"));
    ck_assert_int_eq(ipx_shell_input(&shell, "%autopx"), EXIT_DONE);
    ck_assert(offers(&shell, "f(some", "somewhere"));
    shell_close(&shell);
}
END_TEST

//  It would answer once its cell has ended.
START_TEST(a_busy_engine_is_not_waited_for)
{
    ipx_shell_t shell = shell_open();
    gate_t gate = gate_new();
    char line[256];
    ck_assert_int_eq(ipx_shell_input(&shell, "%px int somewhere;"), EXIT_DONE);
    snprintf(line, sizeof line, "%%px --noblock fclose(fopen(\"%s\", \"r\"));", gate.path);
    ck_assert_int_eq(ipx_shell_input(&shell, line), EXIT_DONE);
    ck_assert(!offers(&shell, "%px some", "somewhere"));
    ck_assert(offers(&shell, "%px prin", "printf"));
    gate_open(&gate);
    ck_assert_int_eq(ipx_shell_input(&shell, "%pxresult"), EXIT_DONE);
    ck_assert(offers(&shell, "%px some", "somewhere"));
    gate_remove(&gate);
    shell_close(&shell);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, magics_are_completed);
    tcase_add_test(tests, words_of_c_are_completed);
    tcase_add_test(tests, names_are_those_of_where_the_line_runs);
    tcase_add_test(tests, a_busy_engine_is_not_waited_for);
}

int main(void)
{
    return e2e_main("ipx complete", add_tests);
}
