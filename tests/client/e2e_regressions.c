//  What once went wrong, each found by a review: results and arrays that outlive a
//  controller, shared memory of crashed tasks, limits that a program can reach.
#include "e2e_support.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_BYTES = 256,
    EVENT_MS = 10000,
    LARGE = 1 << 17,        // doubles: 1 MiB, shared memory
    SMALLEST_SHARED = 2200, // doubles: a bit more than 16 KiB, shared memory too
    CRASHES = 5,
    TOO_MANY_ARRAYS = 4200, // a result holds at most 4096
};

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(int, answer, (int x)) { return 1000 + x; }

//  Says through the one pipe that it runs, and ends when the other one has a byte.
IPC_REMOTE(int, hold, (const char *began, const char *gate))
{
    char byte = 0;
    int out = open(began, O_WRONLY), in = open(gate, O_RDONLY);
    if (out < 0 || in < 0 || write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
        ipc_raise("Pipes", "cannot use %s and %s", began, gate);
    close(out);
    close(in);
    return -1;
}

IPC_REMOTE(double, die_with, (const ipc_array_t *x))
{
    raise(SIGKILL);
    return ((const double *) ipc_array_data(x))[0];
}

IPC_REMOTE(ipc_value_t, many_arrays, (int count))
{
    ipc_value_t *list = ipc_task_alloc((size_t) count * sizeof list[0]);
    for (int i = 0; i < count; i++)
        list[i] = ipc_value_from_array(
            ipc_array_new(IPC_F64, 1, &(size_t){SMALLEST_SHARED}, NULL));
    return ipc_give(ipc_value_from_list(list, (size_t) count));
}
// clang-format on

//  --- A new controller --------------------------------------------------------------------

static void kill_controller(void)
{
    pid_t pid = process_named("ipcd");
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    await_end(pid);
}

//  Connects the client anew, once it knows that its controller is gone.
static void reconnect(session_t *self)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    double deadline = now() + 10;
    while (ipc_client_wait(self->client, ENGINES, 2000, &error)) {
        ck_assert_msg(now() < deadline, "not back after ten seconds: %s", error.text);
        usleep(10000); // there is no event to wait for: nobody listens yet
    }
}

//  A task of engine 0 that runs until it is released.
typedef struct held {
    ipc_result_t *result;
    char began_path[PATH_BYTES], gate_path[PATH_BYTES];
    int began, gate; // pipes: the task runs; it may end
} held_t;

//  A named pipe that this process holds open, so that nobody blocks in opening it.
static int pipe_named(const char *name, const char *use, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s-%s", getenv("XDG_RUNTIME_DIR"), name, use);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static held_t hold_engine(session_t *session, const char *name)
{
    held_t self = {0};
    self.began = pipe_named(name, "began", self.began_path);
    self.gate = pipe_named(name, "gate", self.gate_path);
    self.result = ipc_apply(session->one, hold, self.began_path, self.gate_path);
    struct pollfd began = {.fd = self.began, .events = POLLIN};
    ck_assert_int_eq(poll(&began, 1, EVENT_MS), 1);
    return self;
}

//  Waits until the client knows that the controller is gone.
static void assert_lost(held_t *self)
{
    ck_assert(!ipc_result_ok(self->result));
    ck_assert_int_eq(ipc_result_error(self->result)->code, IPC_E_CONNECTION);
}

static void release(const held_t *self)
{
    ck_assert_int_eq(write(self->gate, "", 1), 1);
}

//  The first of all: the task held must be the controller's first, as the new one's is.
START_TEST(a_result_of_before_a_restart_is_not_taken_for_another_tasks)
{
    session_t s = session_open();
    held_t held = hold_engine(&s, "restart");
    kill_controller();
    assert_lost(&held);
    reconnect(&s);
    ipc_result_t *fresh[3];
    for (int i = 0; i < 3; i++) fresh[i] = ipc_apply(s.one, answer, i);
    ck_assert(!ipc_result_wait(fresh[0], 200)); // the engine still has the old task
    release(&held);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(ipc_result_i64(fresh[i], 0), 1000 + i);
    session_close(&s);
}
END_TEST

static void fill(double *data, double first)
{
    for (size_t i = 0; i < LARGE; i++) data[i] = first + (double) i;
}

static void assert_filled(const ipc_array_t *array, double first)
{
    ck_assert_ptr_nonnull(array);
    const double *data = ipc_array_data(array);
    for (size_t i = 0; i < LARGE; i++) ck_assert_double_eq(data[i], first + (double) i);
}

static const ipc_array_t *scatter_and_gather(session_t *self, double *data, double first)
{
    fill(data, first);
    assert_ok(ipc_scatter_sync(self->all, "pieces", ipc_f64(data, LARGE)));
    ipc_result_t *gathered = ipc_gather_sync(self->all, "pieces");
    assert_ok(gathered);
    return ipc_result_joined(gathered);
}

START_TEST(a_gathered_array_stays_readable_after_the_client_connected_anew)
{
    session_t s = session_open();
    double *data = calloc(LARGE, sizeof *data);
    const ipc_array_t *before = scatter_and_gather(&s, data, 1);
    assert_filled(before, 1);
    held_t held = hold_engine(&s, "gather");
    kill_controller();
    assert_lost(&held);
    reconnect(&s);
    assert_filled(before, 1);
    release(&held);
    assert_filled(scatter_and_gather(&s, data, 2), 2); // does not write into the old one
    assert_filled(before, 1);
    free(data);
    session_close(&s);
}
END_TEST

//  --- Shared memory -----------------------------------------------------------------------

//  "<owner>-<number>": the owner has 16 hexadecimal digits.
static bool is_segment(const char *name)
{
    size_t digits = 0;
    while (isxdigit((unsigned char) name[digits])) digits++;
    return digits == 16 && name[digits] == '-';
}

//  The cluster's directory is the only one in <runtime>/ipc, and so is its name.
static void shared_directory(char path[PATH_BYTES])
{
    char runtime[PATH_BYTES];
    snprintf(runtime, sizeof runtime, "%s/ipc", getenv("XDG_RUNTIME_DIR"));
    DIR *clusters = opendir(runtime);
    ck_assert_ptr_nonnull(clusters);
    path[0] = 0;
    for (struct dirent *entry; (entry = readdir(clusters));)
        if (isxdigit((unsigned char) entry->d_name[0]))
            snprintf(path, PATH_BYTES, "/dev/shm/ipc-%d-%.32s", (int) getuid(),
                     entry->d_name);
    closedir(clusters);
}

static size_t segment_count(void)
{
    char path[PATH_BYTES];
    shared_directory(path);
    DIR *directory = opendir(path);
    ck_assert_msg(directory != NULL, "no directory '%s'", path);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        count += is_segment(entry->d_name);
    closedir(directory);
    return count;
}

START_TEST(crashes_of_tasks_with_large_arrays_leave_one_segment_that_is_used_again)
{
    session_t s = session_open();
    double *data = calloc(LARGE, sizeof *data);
    assert_prints(ipc_apply_sync(s.one, my_id), "0");
    size_t before = segment_count();
    for (int i = 0; i < CRASHES; i++) {
        ipc_result_t *r = ipc_apply_sync(s.one, die_with, ipc_f64(data, LARGE));
        ck_assert(!ipc_result_ok(r));
        ck_assert_int_eq(ipc_result_error(r)->code, IPC_E_CRASH);
        ipc_result_destroy(&r);
        // Answered by the new worker: what the dead one held was given back before.
        assert_prints(ipc_apply_sync(s.one, my_id), "0");
        ck_assert_uint_le(segment_count(), before + 1);
    }
    free(data);
    session_close(&s);
}
END_TEST

//  --- Limits ------------------------------------------------------------------------------

START_TEST(a_result_of_too_many_arrays_is_a_limit_error_and_the_engine_goes_on)
{
    session_t s = session_open();
    for (int round = 0; round < 2; round++) {
        ipc_result_t *r = ipc_apply_sync(s.one, many_arrays, TOO_MANY_ARRAYS);
        ck_assert(!ipc_result_ok(r));
        const ipc_error_t *error = ipc_result_error(r);
        ck_assert_msg(strcmp(error->kind, "LimitError") == 0, "%s: %s", error->kind,
                      error->text);
        ipc_result_destroy(&r);
        ck_assert_int_eq(ipc_result_i64(ipc_apply_sync(s.one, answer, 2), 0), 1002);
        assert_ok(ipc_apply_sync(s.one, many_arrays, 3));
    }
    session_close(&s);
}
END_TEST

static const struct {
    const char *targets, *ids;
} far_slices[] = {
    {"1::9223372036854775807", "[1]"},
    {"::9223372036854775807", "[0]"},
    {"1::-9223372036854775807", "[1]"},
    {"::-9223372036854775808", "[3]"},
};

START_TEST(a_slice_with_a_huge_step_names_the_engine_it_starts_at)
{
    session_t s = session_open();
    ipc_view_t *view = view_of(&s, far_slices[_i].targets);
    ck_assert_uint_eq(ipc_view_count(view), 1);
    assert_prints(ipc_apply_sync(view, my_id), far_slices[_i].ids);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_result_of_before_a_restart_is_not_taken_for_another_tasks);
    tcase_add_test(tests, a_gathered_array_stays_readable_after_the_client_connected_anew);
    tcase_add_test(tests,
                   crashes_of_tasks_with_large_arrays_leave_one_segment_that_is_used_again);
    tcase_add_test(tests,
                   a_result_of_too_many_arrays_is_a_limit_error_and_the_engine_goes_on);
    tcase_add_loop_test(tests, a_slice_with_a_huge_step_names_the_engine_it_starts_at, 0,
                        sizeof far_slices / sizeof far_slices[0]);
}

int main(void)
{
    return e2e_main("regressions", add_tests);
}
