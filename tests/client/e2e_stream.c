//  What is seen of tasks while they run: their output line by line, the values that they publish.
#include "e2e_support.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double wall_clock(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

//  Tasks that go on once the test, which sees what they show, opens a gate.
IPC_REMOTE(void, write_in_parts, (const char *path))
{
    printf("first\nsec");
    fflush(stdout);
    gate_await(path);
    printf("ond\n");
    fprintf(stderr, "sorry");
}

IPC_REMOTE(int, publish_and_wait, (const char *path))
{
    ipc_publish("when", wall_clock());
    ipc_publish("state", ipc_dict("step", 3, "name", "heat", "row", ipc_value_from_i64(7)));
    gate_await(path);
    ipc_publish("when", -1.0);
    return 5;
}

IPC_REMOTE(int, publish_often, (int times))
{
    for (int i = 1; i <= times; i++) ipc_publish("count", i);
    return times;
}

IPC_REMOTE(int64_t, publish_item, (int64_t item))
{
    ipc_publish("item", item * 10);
    return item;
}

IPC_REMOTE(void, publish_wrongly, (int how))
{
    char name[100];
    memset(name, 'n', sizeof name);
    name[99] = 0;
    if (how == 0)
        ipc_publish(name, 1);
    for (int i = 0; how == 1 && i < 17; i++) {
        snprintf(name, sizeof name, "n%d", i);
        ipc_publish(name, i);
    }
    static double large[200000];
    if (how == 2)
        ipc_publish("large", ipc_f64(large, 200000));
}

//  Reads what is streamed; opens the gate when it has seen the first line, which is before the task's end.
typedef struct reader {
    int fd;
    gate_t gate;
    char text[4096];
    size_t size;
} reader_t;

static void *read_stream(void *argument)
{
    reader_t *self = argument;
    for (ssize_t n; (n = read(self->fd, self->text + self->size, sizeof self->text - self->size - 1)) > 0;) {
        self->size += (size_t) n;
        self->text[self->size] = 0;
        if (self->gate.end < 0 && strstr(self->text, "] first\n"))
            gate_open(&self->gate);
    }
    return NULL;
}

START_TEST(lines_are_shown_while_the_task_runs)
{
    session_t s = session_open();
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    reader_t reader = {.fd = ends[0], .gate = gate_new()};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, read_stream, &reader), 0);
    ipc_result_t *r = ipc_apply(s.one, write_in_parts, (const char *) reader.gate.path);
    FILE *stream = fdopen(ends[1], "w");
    ipc_result_stream(r, stream); // does not end unless the first line is seen before the task's end
    fclose(stream);
    pthread_join(thread, NULL);
    close(ends[0]);
    gate_remove(&reader.gate);
    ck_assert_msg(!strcmp(reader.text, "[stdout:0] first\n[stdout:0] second\n[stderr:0] sorry\n"), "%s", reader.text);
    char *again = display_of(r); // nothing is used up
    ck_assert_str_eq(again, "[stdout:0] first\n[stdout:0] second\n[stderr:0] sorry\n");
    free(again);
    session_close(&s);
}
END_TEST

//  Both looks of a program that waits for other things, too: it does not wait, and it waits.
START_TEST(lines_come_one_by_one)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *r = ipc_apply(s.one, write_in_parts, (const char *) gate.path);
    const ipc_line_t *line = ipc_result_next_line(r, IPC_FOREVER);
    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line->text, "first");
    ck_assert_uint_eq(line->size, 5);
    ck_assert_int_eq(line->engine, 0);
    ck_assert(!line->is_error);
    ck_assert_ptr_null(ipc_result_next_line(r, 0)); // "sec" is no line yet
    ck_assert(!ipc_result_wait(r, 0));
    gate_open(&gate);
    line = ipc_result_next_line(r, IPC_FOREVER);
    ck_assert_str_eq(line->text, "second");
    line = ipc_result_next_line(r, IPC_FOREVER); // has no end, but its task has
    ck_assert_str_eq(line->text, "sorry");
    ck_assert(line->is_error);
    ck_assert_ptr_null(ipc_result_next_line(r, IPC_FOREVER));
    ck_assert(ipc_result_wait(r, 0));
    gate_remove(&gate);
    char *again = display_of(r); // nothing is used up
    ck_assert_str_eq(again, "[stdout:0] first\n[stdout:0] second\n[stderr:0] sorry\n");
    free(again);
    session_close(&s);
}
END_TEST

START_TEST(a_line_is_given_in_its_last_state)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_execute_sync(s.one, "printf(\"10 %%\\r20 %%\\r\\n\\nend\");");
    ck_assert_str_eq(ipc_result_next_line(r, 0)->text, "20 %");
    ck_assert_str_eq(ipc_result_next_line(r, 0)->text, "");
    ck_assert_str_eq(ipc_result_next_line(r, 0)->text, "end");
    ck_assert_ptr_null(ipc_result_next_line(r, 0));
    ck_assert_uint_ge(ipc_result_metadata(r, 0)->cell, 1);
    session_close(&s);
}
END_TEST

START_TEST(a_published_value_is_seen_while_the_task_runs)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    assert_ok(ipc_apply_sync(s.one, publish_often, 1)); // the program is there
    ipc_result_t *r = ipc_apply(s.one, publish_and_wait, (const char *) gate.path);
    ck_assert_int_eq(ipc_value_kind(ipc_result_published(r, 0, "nothing")), IPC_KIND_NONE);
    ck_assert(ipc_result_wait_published(r, 10000));
    double when = ipc_value_f64(ipc_result_published(r, 0, "when"));
    ck_assert_uint_eq(ipc_result_done(r), 0); // it still runs
    ck_assert_double_gt(when, 1e9);
    for (double end = now() + 5; ipc_value_is_none(ipc_result_published(r, 0, "state")) && now() < end;)
        ipc_result_wait_published(r, 1000);
    ipc_value_t state = ipc_result_published(r, 0, "state");
    ck_assert_int_eq(ipc_value_i64(ipc_value_get(state, "step")), 3);
    ck_assert_str_eq(ipc_value_str(ipc_value_get(state, "name")), "heat");
    ck_assert(!ipc_result_wait_published(r, 0));
    gate_open(&gate);
    ck_assert_int_eq(ipc_result_i64(r, 0), 5);
    gate_remove(&gate);
    ck_assert_double_eq(ipc_value_f64(ipc_result_published(r, 0, "when")), -1.0); // the last one stays
    ck_assert(ipc_result_wait_published(r, 0));
    ck_assert(!ipc_result_wait_published(r, IPC_FOREVER)); // all is done
    ck_assert(ipc_value_is_none(ipc_result_published(r, 7, "when")));
    session_close(&s);
}
END_TEST

START_TEST(a_published_value_is_under_way_within_a_millisecond)
{
    session_t s = session_open();
    assert_ok(ipc_apply_sync(s.one, publish_often, 1));
    double best = 1;
    for (int i = 0; i < 20; i++) {
        gate_t gate = gate_new();
        ipc_result_t *r = ipc_apply(s.one, publish_and_wait, (const char *) gate.path);
        ck_assert(ipc_result_wait_published(r, 10000));
        double took = wall_clock() - ipc_value_f64(ipc_result_published(r, 0, "when"));
        best = took < best ? took : best;
        gate_open(&gate);
        assert_ok(r);
        gate_remove(&gate);
    }
    ck_assert_msg(best < 0.002, "%g s from the task to the program", best); // it, and the way through the controller
    session_close(&s);
}
END_TEST

START_TEST(a_million_values_become_few)
{
    session_t s = session_open();
    enum { TIMES = 1000000 };
    ipc_result_t *r = ipc_apply(s.all, publish_often, TIMES);
    size_t looks = 0;
    int64_t last[ENGINES] = {0};
    while (ipc_result_wait_published(r, IPC_FOREVER)) {
        looks++;
        for (size_t i = 0; i < ENGINES; i++) {
            ipc_value_t value = ipc_result_published(r, i, "count");
            int64_t count = ipc_value_is_none(value) ? 0 : ipc_value_i64(value);
            ck_assert_int_ge(count, last[i]); // never an older one
            last[i] = count;
        }
    }
    assert_ok(r);
    for (size_t i = 0; i < ENGINES; i++)
        ck_assert_int_eq(ipc_value_i64(ipc_result_published(r, i, "count")), TIMES);
    double seconds = ipc_result_wall_time(r);
    ck_assert_uint_ge(looks, 1);
    ck_assert_msg((double) looks < 100 + 10000 * seconds, "%zu messages in %g s", looks, seconds);
    session_close(&s);
}
END_TEST

START_TEST(each_position_publishes_for_itself)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map_sync(s.any, publish_item, ipc_range(0, 200));
    assert_ok(r);
    for (size_t i = 0; i < 200; i++)
        ck_assert_int_eq(ipc_value_i64(ipc_result_published(r, i, "item")), (int64_t) i * 10);
    ipc_publish("here", 1); // outside a task: nothing happens
    session_close(&s);
}
END_TEST

START_TEST(what_cannot_be_published_is_the_tasks_error)
{
    session_t s = session_open();
    assert_fails(ipc_apply(s.one, publish_wrongly, 0), "63 bytes");
    assert_fails(ipc_apply(s.one, publish_wrongly, 1), "at most 16 names");
    assert_fails(ipc_apply(s.one, publish_wrongly, 2), "limit");
    assert_ok(ipc_apply(s.one, publish_often, 3));
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, lines_are_shown_while_the_task_runs);
    tcase_add_test(tests, lines_come_one_by_one);
    tcase_add_test(tests, a_line_is_given_in_its_last_state);
    tcase_add_test(tests, a_published_value_is_seen_while_the_task_runs);
    tcase_add_test(tests, a_published_value_is_under_way_within_a_millisecond);
    tcase_add_test(tests, a_million_values_become_few);
    tcase_add_test(tests, each_position_publishes_for_itself);
    tcase_add_test(tests, what_cannot_be_published_is_the_tasks_error);
}

int main(void)
{
    return e2e_main("stream", add_tests);
}
