//  Errors as people read them: what the compiler says of source once for all engines, colours on a terminal alone.
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "tests/common/run_suite.h"

enum { PARTS = 12, TEXT_ROOM = 4096 };

//  An error of several engines, each with its text.
typedef struct composite {
    ipc_error_t parts[PARTS], whole;
    ipc_error_more_t own[PARTS], more;
    const ipc_error_t *list[PARTS];
} composite_t;

static void compose(composite_t *self, int code, const char *const texts[], size_t count)
{
    static char method[] = "execute";
    memset(self, 0, sizeof *self);
    for (size_t i = 0; i < count; i++) {
        ipc_fail(&self->parts[i], code, "%s", texts[i]);
        self->own[i].method = method;
        self->parts[i].engine = (int) i;
        self->parts[i].more = &self->own[i];
        self->list[i] = &self->parts[i];
    }
    self->more = (ipc_error_more_t){.method = method, .parts = self->list, .parts_count = count};
    self->whole = self->parts[0];
    self->whole.more = &self->more;
}

static void assert_prints(const composite_t *error, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ipc_error_print(&error->whole, stream);
    fclose(stream);
    ck_assert_str_eq(text, expected);
    free(text);
}

static const char bad[] = "cell 3, line 1, column 5: 'b' undeclared\n    a + b\n        ^";

START_TEST(what_is_the_same_of_source_is_printed_once)
{
    composite_t error;
    compose(&error, IPC_E_COMPILE, (const char *const[]){bad, bad, "cell 3: another", bad, "cell 3: another"}, 5);
    assert_prints(&error, "[0:execute] cell 3, line 1, column 5: 'b' undeclared\n    a + b\n        ^\n"
                          "[1:execute] [3:execute] the same\n"
                          "[2:execute] cell 3: another\n"
                          "[4:execute] the same\n");
    compose(&error, IPC_E_COMPILE, (const char *const[]){"x", "x", "x", "x", "x", "x", "x", "x", "x", "x", "x"}, 11);
    assert_prints(&error, "[0:execute] x\n[1:execute] [2:execute] [3:execute] [4:execute] [5:execute] [6:execute] "
                          "[7:execute] [8:execute] and 2 more: the same\n");
    compose(&error, IPC_E_COMPILE, (const char *const[]){"1", "2", "3", "4", "5", "1"}, 6);
    assert_prints(&error, "[0:execute] 1\n[5:execute] the same\n[1:execute] 2\n[2:execute] 3\n[3:execute] 4\n"
                          "… and 1 more\n");
}
END_TEST

START_TEST(other_errors_are_printed_for_each_engine)
{
    composite_t error;
    compose(&error, IPC_E_NAME, (const char *const[]){"lost", "lost"}, 2);
    assert_prints(&error, "[0:execute]: NameError: lost\n[1:execute]: NameError: lost\n");
}
END_TEST

//  What a terminal gets; the caller frees it.
static char *shown_on_terminal(const composite_t *error)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    FILE *stream = fopen(ptsname(master), "w");
    ck_assert(stream != NULL);
    ipc_error_print(&error->whole, stream);
    fflush(stream);
    fclose(stream);
    char *text = calloc(1, TEXT_ROOM);
    size_t length = 0;
    for (ssize_t got; (got = read(master, text + length, TEXT_ROOM - 1 - length)) > 0;) // EIO: no writer is left
        length += (size_t)got;
    close(master);
    return text;
}

START_TEST(a_terminal_shows_colours)
{
    composite_t error;
    compose(&error, IPC_E_COMPILE, (const char *const[]){bad, bad}, 2);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    char *text = shown_on_terminal(&error);
    ck_assert_str_eq(text, "\033[1m[0:execute]\033[0m cell 3, line 1, column 5: \033[1;31m'b' undeclared\033[0m\r\n"
                           "    a + b\r\n\033[1;32m        ^\033[0m\r\n\033[1m[1:execute]\033[0m the same\r\n");
    free(text);
    setenv("NO_COLOR", "1", 1);
    text = shown_on_terminal(&error);
    ck_assert_ptr_null(strchr(text, '\033'));
    free(text);
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    text = shown_on_terminal(&error);
    ck_assert_ptr_null(strchr(text, '\033'));
    free(text);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, what_is_the_same_of_source_is_printed_once);
    tcase_add_test(tests, other_errors_are_printed_for_each_engine);
    tcase_add_test(tests, a_terminal_shows_colours);
    return run_suite("error", tests);
}
