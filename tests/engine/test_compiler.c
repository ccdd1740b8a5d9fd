//  Source to shared objects: commands as they are put together, what is compiled once, where it is kept and when it
//  goes.
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "engine/compiler.h"
#include "engine/unit_cache.h"
#include "engine/words.h"
#include "tests/common/run_suite.h"

enum { DAY = 24 * 3600 };

static char root[64];

static void make_root(void)
{
    snprintf(root, sizeof root, "/tmp/ipc-compiler-XXXXXX");
    ck_assert(mkdtemp(root) != NULL);
}

//  The hidden directory in which a compilation waits for its unit; false: there is none.
static bool find_spare(char path[256])
{
    DIR *folder = opendir(root);
    bool found = false;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strncmp(entry->d_name, ".spare.", 7) == 0)
            found = snprintf(path, 256, "%s/%.100s", root, entry->d_name) > 0;
    closedir(folder);
    return found;
}

static void open_fifo(const char *directory, const char *name)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDWR | O_NONBLOCK);
    ck_assert(fd >= 0 && close(fd) == 0);
}

//  Lets it end, for want of a unit, and waits for that: it writes to its directory until then. Who comes to a FIFO only
//  after that was opened from here has not noticed: so again.
static void dismiss(const char *spare)
{
    char path[400], words[16];
    snprintf(path, sizeof path, "%s/end", spare);
    struct pollfd end = {.fd = open(path, O_RDONLY | O_NONBLOCK), .events = POLLIN};
    ck_assert_int_ge(end.fd, 0);
    for (open_fifo(spare, "go"); read(end.fd, words, sizeof words) != 0;)
        if (poll(&end, 1, 100) == 0) {
            open_fifo(spare, "go");
            open_fifo(spare, "gate");
            open_fifo(spare, "link");
        }
    close(end.fd);
    ipc_remove_tree(spare);
}

static void remove_root(void)
{
    char spare[256];
    while (find_spare(spare)) dismiss(spare);
    ipc_remove_tree(root);
}

static void assert_words(const char *line, const char *const expected[])
{
    words_t words = {0};
    size_t count = 0;
    words_add_line(&words, line);
    while (expected[count]) count++;
    ck_assert_uint_eq(words.count, count);
    for (size_t i = 0; i < count; i++) ck_assert_str_eq(words.texts[i], expected[i]);
    words_free(&words);
}

START_TEST(flags_are_read_as_by_a_shell)
{
    assert_words(NULL, (const char *const[]){NULL});
    assert_words("  ", (const char *const[]){NULL});
    assert_words(" -O3  -g ", (const char *const[]){"-O3", "-g", NULL});
    assert_words("-DA='\"x y\"' -DB=\"'\"", (const char *const[]){"-DA=\"x y\"", "-DB='", NULL});
    assert_words("-DA=\\\"x\\ y 'open", (const char *const[]){"-DA=\"x y", "open", NULL});
}
END_TEST

START_TEST(lists_lose_their_empty_members)
{
    words_t words = {0};
    words_add_list(&words, "-I", ":/a::/b:", ':');
    ck_assert_uint_eq(words.count, 2);
    ck_assert_str_eq(words.texts[0], "-I/a");
    ck_assert_str_eq(words.texts[1], "-I/b");
    words_free(&words);
}
END_TEST

static ino_t build(const char *unit, const char *flags, const char *occasion, bool fleeting)
{
    char path[COMPILER_PATH], *words;
    ipc_error_t error = {0};
    struct stat status;
    compiler_t *compiler = compiler_new(root);
    compiler_job_t job = {.unit = unit, .options = {.flags = flags}, .occasion = occasion, .is_fleeting = fleeting};
    ck_assert_msg(compiler_build(compiler, &job, path, &words, &error) == 0, "%s%s", words ? words : "", error.text);
    ck_assert_int_eq(stat(path, &status), 0);
    if (compiler_is_behind(compiler))
        compiler_catch_up(compiler);
    compiler_destroy(&compiler);
    return status.st_ino;
}

START_TEST(what_was_compiled_once_is_found_by_all)
{
    ino_t first = build("int x;\n", NULL, "1", false);
    ck_assert_uint_eq(build("int x;\n", NULL, "2", false), first);
    ck_assert_uint_eq(build("int x;\n", "", "2", false), first);
    ck_assert_uint_ne(build("int x;\n", "-DA", "2", false), first);
    ck_assert_uint_ne(build("int y;\n", NULL, "2", false), first);
    ino_t fleeting = build("int x;\n", NULL, "3", true);
    ck_assert_uint_eq(build("int x;\n", NULL, "3", true), fleeting);
    ck_assert_uint_ne(build("int x;\n", NULL, "4", true), fleeting);
}
END_TEST

START_TEST(what_the_compiler_refuses_is_told_to_all_of_one_occasion)
{
    char path[COMPILER_PATH], *words, *again;
    ipc_error_t error = {0};
    compiler_t *compiler = compiler_new(root);
    compiler_job_t job = {.unit = "#include \"prelude.h\"\nint x = nothing;\n", .occasion = "1"};
    ck_assert_int_eq(compiler_build(compiler, &job, path, &words, &error), -1);
    ck_assert_msg(words && strstr(words, "nothing"), "%s", words ? words : error.text);
    ck_assert_int_eq(compiler_build(compiler, &job, path, &again, &error), -1);
    ck_assert_str_eq(again, words);
    free(again);
    free(words);
    compiler_destroy(&compiler);
}
END_TEST

//  A build leaves one as soon as the prelude is there, which is compiled in the background.
static void leave_spare(char path[256])
{
    for (int i = 0; !find_spare(path); i++) {
        char unit[64];
        snprintf(unit, sizeof unit, "#include \"prelude.h\"\nint filler%d;\n", i);
        build(unit, NULL, "1", false);
    }
}

//  Whether a unit that was built says of itself that it was compiled as that file.
static bool came_of(const char *name, const char *unit)
{
    char path[COMPILER_PATH], *words;
    ipc_error_t error = {0};
    compiler_t *compiler = compiler_new(root);
    compiler_job_t job = {.unit = unit, .occasion = "1"};
    ck_assert_msg(compiler_build(compiler, &job, path, &words, &error) == 0, "%s%s", words ? words : "", error.text);
    ck_assert(compiler_is_behind(compiler));
    compiler_catch_up(compiler);
    ck_assert(!compiler_is_behind(compiler));
    compiler_destroy(&compiler);
    FILE *file = fopen(path, "r");
    char *bytes = NULL;
    ck_assert(file && fseek(file, 0, SEEK_END) == 0);
    size_t size = (size_t) ftell(file);
    rewind(file);
    bytes = malloc(size);
    ck_assert(bytes && fread(bytes, 1, size, file) == size);
    bool found = memmem(bytes, size, name, strlen(name)) != NULL;
    free(bytes);
    fclose(file);
    return found;
}

START_TEST(a_unit_is_compiled_by_what_has_begun_before)
{
    char spare[256];
    leave_spare(spare);
    ck_assert(came_of("main.c", "#include \"prelude.h\"\ndouble root(double x) { return sqrt(x); }\n"));
    ck_assert(find_spare(spare));      // for the next one
}
END_TEST

START_TEST(what_it_refuses_is_told_as_ever)
{
    char spare[256], path[COMPILER_PATH], *words;
    ipc_error_t error = {0};
    compiler_t *compiler = compiler_new(root);
    compiler_job_t job = {.unit = "#include \"prelude.h\"\n#line 1 \"cell\"\nint x = nothing;\n", .occasion = "1"};
    leave_spare(spare);
    ck_assert_int_eq(compiler_build(compiler, &job, path, &words, &error), -1);
    ck_assert_msg(words && strstr(words, "cell:1:9: error: "), "%s", words ? words : error.text);
    free(words);
    compiler_destroy(&compiler);
}
END_TEST

//  The file that a linker reads which has been begun with it.
static bool has_linker(const char *spare)
{
    char path[400];
    snprintf(path, sizeof path, "%s/unit.ld", spare);
    return access(path, F_OK) == 0;
}

//  One with a linker, whose command is known from the second build on.
static void leave_linked_spare(char path[256])
{
    build("int first;\n", NULL, "1", false);
    if (find_spare(path))
        dismiss(path);
    leave_spare(path);
}

//  What a unit refers to in the C library has the version that it is compiled for, whoever links.
START_TEST(a_unit_is_linked_by_what_has_begun_before)
{
    char spare[256];
    leave_linked_spare(spare);
    ck_assert(came_of("main.c", "#include \"prelude.h\"\nvoid say(void) { puts(\"\"); }\n"));
    ck_assert(came_of("GLIBC_2", "#include \"prelude.h\"\nvoid say_more(void) { puts(\"more\"); }\n"));
    ck_assert(find_spare(spare) && has_linker(spare));
}
END_TEST

//  In place of the linker's command.
static void write_linker(const char *text)
{
    char path[400] = "";
    DIR *folder = opendir(root);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char prelude[400];
        snprintf(prelude, sizeof prelude, "%s/%.100s/prelude.h", root, entry->d_name);
        if (access(prelude, F_OK) == 0)
            snprintf(path, sizeof path, "%s/%.100s/linker", root, entry->d_name);
    }
    closedir(folder);
    ck_assert_int_eq(access(path, F_OK), 0); // it was asked for
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

//  The compiler links then, and goes on doing so.
START_TEST(a_linker_that_fails_is_done_without)
{
    char spare[256], path[COMPILER_PATH], *words;
    ipc_error_t error = {0};
    build("int first;\n", NULL, "1", false);
    write_linker("exec false\n");
    if (find_spare(spare))
        dismiss(spare);
    leave_spare(spare);
    ck_assert(has_linker(spare));
    compiler_t *compiler = compiler_new(root);
    for (int i = 0; i < 2; i++) {
        compiler_job_t job = {.unit = i ? "int third;\n" : "int second;\n", .occasion = "1"};
        ck_assert_msg(compiler_build(compiler, &job, path, &words, &error) == 0, "%s", error.text);
        compiler_catch_up(compiler);
        ck_assert(find_spare(spare) && !has_linker(spare));
    }
    compiler_destroy(&compiler);
}
END_TEST

START_TEST(what_a_linker_refuses_is_told_as_ever)
{
    char spare[256], path[COMPILER_PATH], *words;
    ipc_error_t error = {0};
    compiler_t *compiler = compiler_new(root);
    compiler_job_t job = {.unit = "extern __attribute__((visibility(\"hidden\"))) int nowhere;\n"
                                  "__attribute__((visibility(\"default\"))) int get(void) { return nowhere; }\n",
                          .occasion = "1"};
    leave_linked_spare(spare);
    ck_assert_int_eq(compiler_build(compiler, &job, path, &words, &error), -1);
    ck_assert_msg(words && strstr(words, "nowhere"), "%s", words ? words : error.text);
    compiler_catch_up(compiler);
    ck_assert(find_spare(spare) && has_linker(spare)); // it was not its fault
    free(words);
    compiler_destroy(&compiler);
}
END_TEST

//  As after the death of all processes: the directory is there, and nobody in it.
START_TEST(one_that_is_gone_is_done_without)
{
    static const char *const fifos[] = {"gate", "go", "link", "end"};
    char spare[256], away[300], path[400];
    leave_spare(spare);
    snprintf(away, sizeof away, "%s/away", root);
    ck_assert_int_eq(rename(spare, away), 0);
    ck_assert_int_eq(mkdir(spare, 0700), 0);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", spare, fifos[i]);
        ck_assert_int_eq(mkfifo(path, 0600), 0);
    }
    ck_assert(came_of("unit.c", "#include \"prelude.h\"\nint alone;\n"));
    ck_assert(find_spare(spare));
    dismiss(away);
}
END_TEST

static void make_file(const char *name, int64_t age, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    char *bytes = calloc(1, size);
    ck_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t) size);
    struct timespec times[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
    ck_assert_int_eq(futimens(fd, times), 0);
    close(fd);
    free(bytes);
}

static bool is_there(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return access(path, F_OK) == 0;
}

START_TEST(what_is_old_or_too_much_goes)
{
    enum { SIZE = 64 << 10 };
    make_file("old.so", 31 * DAY, 1);
    make_file("used.so", 31 * DAY, 1);
    make_file("second.so", 2 * DAY, SIZE);
    make_file("first.so", 3 * DAY, SIZE);
    make_file("new.so", 0, SIZE);
    char path[256];
    snprintf(path, sizeof path, "%s/used.so", root);
    unit_cache_use(path);
    unit_cache_trim(root, 30 * DAY, 5 * SIZE / 2);
    ck_assert(!is_there("old.so") && !is_there("first.so"));
    ck_assert(is_there("used.so") && is_there("second.so") && is_there("new.so"));
    unit_cache_trim(root, 30 * DAY, 0); // it was looked through just now
    ck_assert(is_there("new.so"));
}
END_TEST

START_TEST(the_folder_is_the_users_alone_or_the_clusters)
{
    char path[UNIT_CACHE_PATH], expected[128];
    snprintf(expected, sizeof expected, "%s/ipclient/cells", root);
    setenv("XDG_CACHE_HOME", root, 1);
    unit_cache_find("/own", path);
    ck_assert_str_eq(path, expected);
    ck_assert_int_eq(chmod(expected, 0755), 0); // others could look
    unit_cache_find("/own", path);
    ck_assert_str_eq(path, "/own");
    setenv("XDG_CACHE_HOME", "relative", 1); // as XDG has it: no name at all
    setenv("HOME", root, 1);
    snprintf(expected, sizeof expected, "%s/.cache/ipclient/cells", root);
    unit_cache_find("/own", path);
    ck_assert_str_eq(path, expected);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    unit_cache_find("/own", path);
    ck_assert_str_eq(path, "/own");
}
END_TEST

int main(void)
{
    if (sodium_init() < 0)
        return EXIT_FAILURE;
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, make_root, remove_root);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, flags_are_read_as_by_a_shell);
    tcase_add_test(tests, lists_lose_their_empty_members);
    tcase_add_test(tests, what_was_compiled_once_is_found_by_all);
    tcase_add_test(tests, what_the_compiler_refuses_is_told_to_all_of_one_occasion);
    tcase_add_test(tests, a_unit_is_compiled_by_what_has_begun_before);
    tcase_add_test(tests, what_it_refuses_is_told_as_ever);
    tcase_add_test(tests, a_unit_is_linked_by_what_has_begun_before);
    tcase_add_test(tests, a_linker_that_fails_is_done_without);
    tcase_add_test(tests, what_a_linker_refuses_is_told_as_ever);
    tcase_add_test(tests, one_that_is_gone_is_done_without);
    tcase_add_test(tests, what_is_old_or_too_much_goes);
    tcase_add_test(tests, the_folder_is_the_users_alone_or_the_clusters);
    return run_suite("compiler", tests);
}
