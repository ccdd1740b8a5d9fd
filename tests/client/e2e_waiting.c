//  Waiting for results in every way: for the first, for the first failure, for one of many, by a callback, with a
//  progress bar on a terminal.
#include "e2e_support.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int64_t, sleep_ms, (int64_t ms)) { usleep((useconds_t) (1000 * ms)); return ms; }
IPC_REMOTE(int64_t, fail_after, (int64_t ms))
{
    usleep((useconds_t) (1000 * ms));
    ipc_raise("Late", "after %d ms", (int) ms);
}
IPC_REMOTE(int64_t, fail_odd, (int64_t item))
{
    usleep(20000);
    if (item % 2)
        ipc_raise("OddError", "item %d", (int) item);
    return item;
}

//  Returns once the test says so.
IPC_REMOTE(int64_t, pass_gate, (const char *path))
{
    gate_await(path);
    return 1;
}
// clang-format on

START_TEST(the_first_of_many_positions_ends_a_wait)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_view_t *rest = view_of(&s, "1:4");
    ipc_result_t *held = ipc_apply(rest, pass_gate, (const char *) gate.path);
    ipc_result_t *mixed[] = {held, ipc_apply(s.one, my_id)};
    ipc_result_t *all = ipc_result_join(mixed, 2);
    ck_assert(ipc_result_wait_for(all, IPC_FIRST_DONE, WAIT_MS));
    ck_assert_uint_eq(ipc_result_done(all), 1);
    ck_assert(!ipc_result_wait_for(all, IPC_ALL_DONE, 0));
    ck_assert(!ipc_result_wait_for(held, IPC_FIRST_DONE, 20));
    gate_open(&gate);
    ck_assert(ipc_result_wait_for(all, IPC_ALL_DONE, WAIT_MS));
    assert_prints(all, "[1, 1, 1, 0]");
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(the_first_failure_ends_a_wait)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *parts[] = {ipc_apply(view_of(&s, "0,1"), pass_gate, (const char *) gate.path), ipc_apply(view_of(&s, "2"), my_id),
                             ipc_apply(view_of(&s, "3"), fail_after, 30)};
    ipc_result_t *all = ipc_result_join(parts, 3);
    ck_assert(ipc_result_wait_for(all, IPC_FIRST_FAILED, WAIT_MS));
    ck_assert_uint_eq(ipc_result_failed(all), 1);
    ck_assert_uint_le(ipc_result_done(all), 2);
    ck_assert_str_eq(ipc_result_error_at(all, 3)->kind, "Late");
    gate_open(&gate);
    ck_assert(ipc_result_wait_for(parts[0], IPC_FIRST_FAILED, WAIT_MS)); // all is done: it never comes
    ck_assert_uint_eq(ipc_result_failed(parts[0]), 0);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  Items of one chunk are counted, and can be read, while the chunk still runs.
START_TEST(progress_counts_items_within_a_chunk)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map_with(s.one, sleep_ms, ipc_list(1, 1, 1, 1, 2000), &(ipc_options_t){.chunk = 5});
    ck_assert(ipc_result_wait_for(r, IPC_FIRST_DONE, WAIT_MS));
    ck_assert_uint_ge(ipc_result_done(r), 1);
    ck_assert_int_eq(ipc_result_i64(r, 3), 1);
    ck_assert_uint_eq(ipc_result_done(r), 4);
    ck_assert(!ipc_result_wait(r, 0));
    session_close(&s);
}
END_TEST

START_TEST(one_of_many_results_is_found_by_its_index)
{
    session_t s = session_open();
    gate_t gates[2] = {gate_new(), gate_new()};
    ipc_result_t *results[] = {ipc_apply(view_of(&s, "1"), pass_gate, (const char *) gates[0].path), NULL,
                               ipc_apply(view_of(&s, "2"), pass_gate, (const char *) gates[1].path)};
    ck_assert_int_eq(ipc_wait_any(results, 3, 0), -1);
    ck_assert_int_eq(ipc_wait_any(results, 3, 20), -1);
    gate_open(&gates[1]);
    ck_assert_int_eq(ipc_wait_any(results, 3, WAIT_MS), 2);
    results[2] = NULL;
    ck_assert_int_eq(ipc_wait_any(results, 3, 0), -1);
    gate_open(&gates[0]);
    ck_assert_int_eq(ipc_wait_any(results, 3, IPC_FOREVER), 0);
    results[0] = NULL;
    ck_assert_int_eq(ipc_wait_any(results, 3, IPC_FOREVER), -1); // there is none
    gate_remove(&gates[0]);
    gate_remove(&gates[1]);
    session_close(&s);
}
END_TEST

START_TEST(one_of_many_results_may_be_of_another_client)
{
    session_t s = session_open(), other = session_open();
    gate_t gate = gate_new();
    ipc_result_t *results[] = {ipc_apply(view_of(&s, "1"), pass_gate, (const char *) gate.path),
                               ipc_apply(view_of(&other, "2"), my_id)};
    ck_assert_int_eq(ipc_wait_any(results, 2, WAIT_MS), 1);
    results[1] = ipc_apply(view_of(&other, "3"), pass_gate, (const char *) gate.path);
    ck_assert_int_eq(ipc_wait_any(results, 2, 20), -1);
    gate_open(&gate);
    ck_assert_int_ge(ipc_wait_any(results, 2, WAIT_MS), 0);
    for (int i = 0; i < 2; i++) ck_assert(ipc_result_wait(results[i], WAIT_MS)); // they have seen the file
    ck_assert_ptr_nonnull(ipc_result_error(ipc_result_join(results, 2)));
    gate_remove(&gate);
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(a_descriptor_is_readable_once_all_is_done)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply(s.all, pass_gate, (const char *) gate.path);
    struct pollfd done = {.fd = ipc_result_fd(r), .events = POLLIN};
    ck_assert_int_eq(poll(&done, 1, 20), 0);
    gate_open(&gate);
    ck_assert_int_eq(poll(&done, 1, WAIT_MS), 1); // nobody waits in the library meanwhile
    ck_assert(ipc_result_wait(r, 0));
    ipc_result_t *part = ipc_result_slice(r, 0, 1);
    struct pollfd late = {.fd = ipc_result_fd(part), .events = POLLIN};
    ck_assert_int_eq(poll(&late, 1, 0), 1);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  What callbacks tell the test.
typedef struct calls {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    int64_t sum;
    pthread_t thread;
    ipc_view_t *view;                  // that callbacks may submit to
} calls_t;

static void calls_open(calls_t *self)
{
    *self = (calls_t){0};
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
}

static void count_call(calls_t *self, int64_t value)
{
    pthread_mutex_lock(&self->lock);
    self->count++;
    self->sum += value;
    self->thread = pthread_self();
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void await_calls(calls_t *self, int count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&self->lock);
    while (self->count < count && pthread_cond_timedwait(&self->changed, &self->lock, &until) == 0) {}
    int counted = self->count;
    pthread_mutex_unlock(&self->lock);
    ck_assert_int_eq(counted, count);
}

static void on_done(ipc_result_t *result, void *context)
{
    count_call(context, ipc_result_i64(result, 0));
}

START_TEST(callbacks_are_called_once_on_another_thread)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    calls_t calls;
    calls_open(&calls);
    ipc_result_t *r = ipc_apply(s.all, pass_gate, (const char *) gate.path);
    ck_assert(ipc_result_on_done(r, on_done, &calls));
    ck_assert(ipc_result_on_done(r, on_done, &calls)); // both
    await_calls(&calls, 0); // none yet
    gate_open(&gate);
    await_calls(&calls, 2);
    ck_assert_int_eq(calls.sum, 2);
    ck_assert(!pthread_equal(calls.thread, pthread_self()));
    ck_assert(ipc_result_on_done(r, on_done, &calls)); // it is done: soon
    await_calls(&calls, 3);
    gate_remove(&gate);
    session_close(&s); // which would make those that are due
    ck_assert_int_eq(calls.count, 3);
}
END_TEST

//  Goes on with work of its own, waits for it, and frees the result that it is for.
static void go_on(ipc_result_t *result, void *context)
{
    calls_t *calls = context;
    ipc_result_destroy(&result);
    ipc_result_t *next = ipc_apply_sync(calls->view, my_id);
    count_call(calls, ipc_result_i64(next, 3));
    ipc_result_destroy(&next);
}

START_TEST(a_callback_may_use_the_library)
{
    enum { MANY = 50 };
    session_t s = session_open();
    calls_t calls;
    calls_open(&calls);
    calls.view = view_of(&s, "0:4");
    for (int i = 0; i < MANY; i++) ck_assert(ipc_result_on_done(ipc_apply(s.any, my_id), go_on, &calls));
    await_calls(&calls, MANY);
    ck_assert_int_eq(calls.sum, 3 * MANY);
    session_close(&s);
}
END_TEST

static void count_slowly(ipc_result_t *result, void *context)
{
    calls_t *calls = context;
    count_call(calls, 0);
    usleep(50000); // whoever destroys the result waits meanwhile
    count_call(calls, ipc_result_i64(result, 0));
}

START_TEST(a_destroyed_result_is_never_called_back)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    calls_t calls, running;
    calls_open(&calls);
    calls_open(&running);
    ipc_result_t *r = ipc_apply(s.one, pass_gate, (const char *) gate.path);
    ck_assert(ipc_result_on_done(r, on_done, &calls));
    ipc_result_destroy(&r);
    r = ipc_apply(view_of(&s, "1"), pass_gate, (const char *) gate.path);
    ck_assert(ipc_result_on_done(r, count_slowly, &running));
    gate_open(&gate);
    await_calls(&running, 1);
    ipc_result_destroy(&r); // while its callback runs
    ck_assert_int_eq(running.count, 2);
    ck_assert_int_eq(running.sum, 1);
    assert_ok(ipc_apply_sync(s.one, my_id)); // behind the first
    gate_remove(&gate);
    session_close(&s);
    await_calls(&calls, 0);
}
END_TEST

//  Results in pairs, all done: the callback of each even one destroys the odd one behind it.
enum { CLOSING = 2000 };
typedef struct closing {
    ipc_result_t *results[CLOSING], *never;
    size_t at;                         // the pair whose turn it is
    int threads;                       // of this process, before the client was to be destroyed
    int calls, wrong;                  // of even ones; of odd ones, which are gone
} closing_t;

static int count_threads(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/task");
    for (struct dirent *entry; (entry = readdir(directory));) count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static bool main_thread_sleeps(void)
{
    char line[256] = "";
    FILE *file = fopen("/proc/self/stat", "r"); // "PID (NAME) STATE …", of the main thread
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    fclose(file);
    return strncmp(strrchr(line, ')'), ") S", 3) == 0;
}

//  The first one waits until the client is being destroyed, which ends waits, then its thread; and then it waits for
//  this one.
static void destroy_next(ipc_result_t *result, void *context)
{
    closing_t *self = context;
    if (self->never) {
        (void) ipc_result_wait(self->never, WAIT_MS);
        self->never = NULL;
        for (int i = 0; i < WAIT_MS && count_threads() == self->threads; i++) usleep(1000);
        for (int i = 0; i < WAIT_MS && !main_thread_sleeps(); i++) usleep(1000);
    }
    self->wrong += result != self->results[self->at];
    self->calls++;
    ipc_result_destroy(&self->results[self->at + 1]);
    self->at += 2;
}

static void count_wrong(ipc_result_t *result, void *context)
{
    (void) result; // freed, if this is called at all
    ((closing_t *) context)->wrong++;
}

START_TEST(a_destroyed_result_is_not_called_back_while_its_client_ends)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    closing_t closing = {.never = ipc_apply(view_of(&s, "1"), pass_gate, (const char *) gate.path)};
    for (size_t i = 0; i < CLOSING; i++) closing.results[i] = ipc_apply(s.one, my_id);
    for (size_t i = 0; i < CLOSING; i++) assert_ok(closing.results[i]);
    for (size_t i = 0; i < CLOSING; i++)
        ck_assert(ipc_result_on_done(closing.results[i], i % 2 ? count_wrong : destroy_next, &closing));
    closing.threads = count_threads();
    session_close(&s);
    ck_assert_int_eq(closing.wrong, 0);
    ck_assert_int_eq(closing.calls, CLOSING / 2);
    gate_open(&gate);
    gate_remove(&gate);
}
END_TEST

//  --- The progress bar ---------------------------------------------------------------------------------------------

//  Makes stderr a terminal of that many columns; gives its other end.
static int terminal_for_stderr(unsigned short columns)
{
    int outer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(outer, 0);
    ck_assert_int_eq(grantpt(outer) || unlockpt(outer), 0);
    int inner = open(ptsname(outer), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(inner, 0);
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    ck_assert_int_eq(ioctl(inner, TIOCSWINSZ, &size), 0);
    dup2(inner, STDERR_FILENO);
    close(inner);
    return outer;
}

//  The kernel brings a terminal's text to its other end when it likes: until the line has its end.
static void read_to_line_end(int fd, char *text, size_t room)
{
    size_t size = 0;
    struct pollfd more = {.fd = fd, .events = POLLIN};
    while (!strstr(text, "\r\n") && poll(&more, 1, WAIT_MS) == 1) {
        ssize_t n = read(fd, text + size, room - 1 - size);
        ck_assert_int_gt(n, 0);
        size += (size_t) n;
        text[size] = 0;
    }
}

//  What waiting with a progress bar writes to a terminal of that width; 0: to a file.
static char *bar_of(ipc_result_t *result, unsigned short columns)
{
    char *text = calloc(1, 1 << 16);
    int saved = dup(STDERR_FILENO);
    FILE *file = columns ? NULL : tmpfile();
    int outer = columns ? terminal_for_stderr(columns) : dup2(fileno(file), STDERR_FILENO);
    ipc_result_wait_interactive(result);
    fflush(stderr);
    if (columns) {
        read_to_line_end(outer, text, 1 << 16);
        close(outer);
    } else {
        rewind(file);
        text[fread(text, 1, (1 << 16) - 1, file)] = 0;
        fclose(file);
    }
    dup2(saved, STDERR_FILENO);
    close(saved);
    return text;
}

START_TEST(the_bar_shows_progress_rate_time_left_and_failures)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map_with(s.any, fail_odd, ipc_range(0, 60), &(ipc_options_t){.chunk = 1});
    char *text = bar_of(r, 100);
    char *end = strstr(text, "\r\n"); // the bar stays in one line, which ends once
    ck_assert_ptr_nonnull(end);
    ck_assert_str_eq(end, "\r\n");
    *end = 0;
    const char *last = strrchr(text, '\r');
    ck_assert_ptr_nonnull(last);
    ck_assert_msg(strstr(text, " left") != NULL, "%s", text);
    ck_assert_msg(strstr(last, "60/60") != NULL && strstr(last, "30 failed") != NULL && strstr(last, "/s"), "%s", last);
    ck_assert_msg(strstr(last, "|########################################|") != NULL, "%s", last);
    free(text);
    ck_assert_uint_eq(ipc_result_failed(r), 30);
    (void) ipc_result_error(r);
    session_close(&s);
}
END_TEST

//  Lines that are longer than the terminal would scroll it.
START_TEST(the_bar_fits_into_a_narrow_terminal)
{
    session_t s = session_open();
    char *text = bar_of(ipc_map(s.any, sleep_ms, ipc_list(1, 300, 1)), 50);
    for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n")) {
        char *end = strstr(line, "\033[K");
        ck_assert_ptr_nonnull(end);
        ck_assert_msg(end - line < 50, "%d columns: %s", (int) (end - line), line);
    }
    free(text);
    session_close(&s);
}
END_TEST

START_TEST(in_a_pipe_nothing_is_written)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map(s.any, sleep_ms, ipc_list(1, 150, 1));
    char *text = bar_of(r, 0);
    ck_assert_str_eq(text, "");
    ck_assert(ipc_result_wait(r, 0));
    free(text);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_first_of_many_positions_ends_a_wait);
    tcase_add_test(tests, the_first_failure_ends_a_wait);
    tcase_add_test(tests, progress_counts_items_within_a_chunk);
    tcase_add_test(tests, one_of_many_results_is_found_by_its_index);
    tcase_add_test(tests, one_of_many_results_may_be_of_another_client);
    tcase_add_test(tests, a_descriptor_is_readable_once_all_is_done);
    tcase_add_test(tests, callbacks_are_called_once_on_another_thread);
    tcase_add_test(tests, a_callback_may_use_the_library);
    tcase_add_test(tests, a_destroyed_result_is_never_called_back);
    tcase_add_test(tests, a_destroyed_result_is_not_called_back_while_its_client_ends);
    tcase_add_test(tests, the_bar_shows_progress_rate_time_left_and_failures);
    tcase_add_test(tests, the_bar_fits_into_a_narrow_terminal);
    tcase_add_test(tests, in_a_pipe_nothing_is_written);
}

int main(void)
{
    return e2e_main("waiting", add_tests);
}
