//  The file of earlier inputs.
#include "tools/input_log.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/paths.h"
#include "tests/common/run_suite.h"

//  A folder of each test's own, and the file in it.
typedef struct place {
    char folder[64];
    char *path;
} place_t;

static place_t new_place(void)
{
    place_t self = {.folder = "/tmp/ipc-test.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(self.folder));
    self.path = ipc_xformat("%s/a/b/history", self.folder);
    return self;
}

static void drop_place(place_t *self)
{
    ipc_remove_tree(self->folder);
    free(self->path);
}

static input_log_t *open_log(const place_t *place)
{
    ipc_error_t error = {0};
    input_log_t *log = input_log_new(place->path, &error);
    ck_assert_msg(error.code == 0, "%s", error.text);
    return log;
}

START_TEST(inputs_last_beyond_the_program)
{
    place_t place = new_place();
    input_log_t *log = open_log(&place);
    ck_assert_uint_eq(input_log_count(log), 0);
    input_log_add(log, "a = 2;");
    input_log_add(log, "int f(void)\n{\n    return '\\n';\n}");
    input_log_add(log, "\\n \\\\ \u65e5");
    input_log_destroy(&log);
    log = open_log(&place);
    ck_assert_uint_eq(input_log_count(log), 3);
    ck_assert_str_eq(input_log_at(log, 0), "a = 2;");
    ck_assert_str_eq(input_log_at(log, 1), "int f(void)\n{\n    return '\\n';\n}");
    ck_assert_str_eq(input_log_at(log, 2), "\\n \\\\ \u65e5");
    input_log_destroy(&log);
    drop_place(&place);
}
END_TEST

START_TEST(the_file_is_closed_to_others)
{
    place_t place = new_place();
    input_log_t *log = open_log(&place);
    struct stat file;
    ck_assert_int_eq(stat(place.path, &file), 0);
    ck_assert_int_eq(file.st_mode & 0777, 0600);
    char *folder = ipc_xformat("%s/a", place.folder);
    ck_assert_int_eq(stat(folder, &file), 0);
    ck_assert_int_eq(file.st_mode & 0777, 0700);
    free(folder);
    input_log_destroy(&log);
    drop_place(&place);
}
END_TEST

START_TEST(neither_nothing_nor_the_same_again_is_added)
{
    input_log_t *log = input_log_new(NULL, NULL);
    input_log_add(log, "");
    input_log_add(log, "a");
    input_log_add(log, "a");
    input_log_add(log, "b");
    input_log_add(log, "a");
    ck_assert_uint_eq(input_log_count(log), 3);
    input_log_destroy(&log);
}
END_TEST

START_TEST(so_many_inputs_are_kept)
{
    place_t place = new_place();
    input_log_t *log = open_log(&place);
    FILE *file = fopen(place.path, "a");
    for (int i = 0; i < 2 * INPUT_LOG_MAX; i++) fprintf(file, "input %d\n", i);
    fclose(file);
    input_log_destroy(&log);
    log = open_log(&place);
    ck_assert_uint_eq(input_log_count(log), INPUT_LOG_MAX);
    ck_assert_str_eq(input_log_at(log, 0), "input 10000");
    input_log_add(log, "new");
    ck_assert_uint_eq(input_log_count(log), INPUT_LOG_MAX);
    ck_assert_str_eq(input_log_at(log, INPUT_LOG_MAX - 1), "new");
    input_log_destroy(&log);
    size_t lines = 0;
    file = fopen(place.path, "r");
    for (int c; (c = getc(file)) != EOF;) lines += c == '\n';
    fclose(file);
    ck_assert_uint_eq(lines, INPUT_LOG_MAX + 1);
    drop_place(&place);
}
END_TEST

//  Two programs at once: each begins with a file that is to be shortened, and adds to it.
START_TEST(programs_at_once_lose_nothing)
{
    enum { PROGRAMS = 4, EACH = 50 };
    place_t place = new_place();
    input_log_t *log = open_log(&place);
    FILE *file = fopen(place.path, "a");
    for (int i = 0; i < INPUT_LOG_MAX + 2000; i++) fprintf(file, "old %d\n", i);
    fclose(file);
    for (int program = 0; program < PROGRAMS; program++)
        if (fork() == 0) {
            input_log_t *other = open_log(&place);
            for (int i = 0; i < EACH; i++) {
                char *text = ipc_xformat("%d of\n%d", i, program);
                input_log_add(other, text);
                free(text);
            }
            input_log_destroy(&other);
            _exit(0);
        }
    for (int program = 0, status; program < PROGRAMS; program++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    input_log_destroy(&log);
    log = open_log(&place);
    size_t found = 0;
    for (size_t i = 0; i < input_log_count(log); i++) found += strstr(input_log_at(log, i), " of\n") != NULL;
    ck_assert_uint_eq(found, PROGRAMS * EACH);
    input_log_destroy(&log);
    drop_place(&place);
}
END_TEST

START_TEST(a_file_that_cannot_be_is_told_and_done_without)
{
    ipc_error_t error = {0};
    input_log_t *log = input_log_new("/proc/none/history", &error);
    ck_assert_int_eq(error.code, IPC_E_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "/proc/none/history"));
    input_log_add(log, "a");
    ck_assert_uint_eq(input_log_count(log), 1);
    input_log_destroy(&log);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("input_log");
    tcase_add_test(tests, inputs_last_beyond_the_program);
    tcase_add_test(tests, the_file_is_closed_to_others);
    tcase_add_test(tests, neither_nothing_nor_the_same_again_is_added);
    tcase_add_test(tests, so_many_inputs_are_kept);
    tcase_add_test(tests, programs_at_once_lose_nothing);
    tcase_add_test(tests, a_file_that_cannot_be_is_told_and_done_without);
    return run_suite("input_log", tests);
}
