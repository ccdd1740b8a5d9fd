//  Whole programs beside one another: two at once, and one that is edited, built again and
//  run again. The environment names programs/answer.c built with the answers 42 and 43:
//  E2E_FIRST, E2E_SECOND.
#include "e2e_support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

//  Where the programs are, from the environment, since a Check test has no arguments.
static const char *program(int which)
{
    const char *path = getenv(which ? "E2E_SECOND" : "E2E_FIRST");
    ck_assert_ptr_nonnull(path);
    return path;
}

static void assert_answers(const char *path, const char *expected)
{
    int status = -1;
    char copy[PATH_BYTES];
    snprintf(copy, sizeof copy, "%s", path);
    char *text = output_of((char *const[]){copy, NULL}, &status);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(text, expected);
    free(text);
}

//  Puts a copy of one program in the place of another, as a linker does: a new file,
//  renamed.
static void put(const char *from, const char *to)
{
    char temporary[PATH_BYTES], buffer[1 << 16];
    snprintf(temporary, sizeof temporary, "%s.new", to);
    int in = open(from, O_RDONLY);
    int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    ck_assert(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, buffer, sizeof buffer)) > 0;)
        ck_assert_int_eq(write(out, buffer, (size_t) n), n);
    close(in);
    close(out);
    ck_assert_int_eq(rename(temporary, to), 0);
}

START_TEST(an_edited_program_runs_its_new_code)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/edited", getenv("XDG_RUNTIME_DIR"));
    put(program(0), path);
    assert_answers(path, "[42, 42, 42, 42]\n");
    put(program(1), path);
    assert_answers(path, "[43, 43, 43, 43]\n");
    put(program(0), path);
    assert_answers(path, "[42, 42, 42, 42]\n");
    unlink(path);
}
END_TEST

START_TEST(programs_run_at_once)
{
    enum { PROGRAMS = 8 };
    pid_t pids[PROGRAMS];
    for (int i = 0; i < PROGRAMS; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            char *const arguments[] = {(char *) program(i % 2), NULL};
            execv(arguments[0], arguments);
            _exit(127);
        }
    }
    for (int i = 0; i < PROGRAMS; i++) {
        int status = -1;
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}
END_TEST

START_TEST(each_program_has_its_own_code)
{
    assert_answers(program(0), "[42, 42, 42, 42]\n");
    assert_answers(program(1), "[43, 43, 43, 43]\n");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, each_program_has_its_own_code);
    tcase_add_test(tests, an_edited_program_runs_its_new_code);
    tcase_add_test(tests, programs_run_at_once);
}

int main(void)
{
    return e2e_main("programs", add_tests);
}
