//  The history is asked: by time, state, engine, id, client, label; what is asked for is what comes, in order.
#include "e2e_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 12 };

// clang-format off
IPC_REMOTE(int, same, (int x)) { return x; }
IPC_REMOTE(double, root, (double x))
{
    if (x < 0)
        ipc_raise("DomainError", "no real root of %g", x);
    return x;
}
IPC_REMOTE(int, wait_for, (const char *path)) { gate_await(path); return 1; }
// clang-format on

//  Tasks of one label, one after another, each a message of its own; two results in three are good.
static void run_tasks(session_t *s, const char *label, uint64_t ids[TASKS])
{
    ipc_options_t options = {.label = label};
    for (int i = 0; i < TASKS; i++) {
        ipc_result_t *r = ipc_apply_with_sync(s->one, &options, root, i % 3 == 2 ? -1.0 : (double) i);
        ck_assert(ipc_result_ok(r) == (i % 3 != 2));
        ids[i] = ipc_result_id(r);
    }
}

//  Whatever times divide it, also those of tasks themselves: no task is lost, none comes twice.
START_TEST(adjacent_ranges_of_submission_split_the_history)
{
    session_t s = session_open();
    uint64_t ids[TASKS];
    run_tasks(&s, "split", ids);
    ipc_history_t *all = history_of(&s, &(ipc_history_query_t){.label = "split"});
    ck_assert_uint_eq(ipc_history_count(all), TASKS);
    for (size_t k = 0; k < TASKS; k++) {
        const ipc_task_t *task = ipc_history_at(all, k);
        ck_assert_uint_eq(task->id, ids[k]); // in the order of submission
        double bounds[] = {nextafter(task->submitted, 0), task->submitted, nextafter(task->submitted, HUGE_VAL)};
        for (size_t b = 0; b < 3; b++) {
            ipc_history_query_t before = {.label = "split", .submitted_before = bounds[b]};
            ipc_history_query_t from = {.label = "split", .submitted_from = bounds[b]};
            size_t first = task_count(&s, &before), rest = task_count(&s, &from);
            ck_assert_uint_eq(first + rest, TASKS);
            if (b < 2 && (k == 0 || ipc_history_at(all, k - 1)->submitted < task->submitted)) {
                ck_assert_uint_eq(first, k); // what is told as this time is from then on
            }
        }
    }
    double begin = ipc_history_at(all, 0)->submitted, end = ipc_history_at(all, TASKS - 1)->submitted;
    size_t sum = 0;
    enum { PARTS = 7 };
    for (int part = -1; part <= PARTS; part++) {
        double from = begin + (end - begin) * part / PARTS, before = begin + (end - begin) * (part + 1) / PARTS;
        ipc_history_query_t query = {.label = "split", .submitted_from = from, .submitted_before = before};
        ipc_history_t *some = history_of(&s, &query);
        for (size_t i = 0; i < ipc_history_count(some); i++)
            ck_assert_uint_eq(ipc_history_at(some, i)->id, ids[sum++]);
        ipc_history_destroy(&some);
    }
    ck_assert_uint_eq(sum, TASKS);
    ipc_history_destroy(&all);
    session_close(&s);
}
END_TEST

START_TEST(times_of_tasks_bound_since_and_until_with_the_task_itself)
{
    session_t s = session_open();
    uint64_t ids[TASKS];
    run_tasks(&s, "bound", ids);
    ipc_history_t *all = history_of(&s, &(ipc_history_query_t){.label = "bound"});
    for (size_t k = 0; k < TASKS; k++) {
        const ipc_task_t *task = ipc_history_at(all, k);
        ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.id = task->id, .since = task->received}), 1);
        ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.id = task->id, .until = task->accepted}), 1);
        double late = nextafter(task->received, HUGE_VAL), early = nextafter(task->accepted, 0);
        ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.id = task->id, .since = late}), 0);
        ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.id = task->id, .until = early}), 0);
    }
    ipc_history_destroy(&all);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "bound", .since = -5}), TASKS);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "bound", .until = -5}), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "bound", .submitted_before = -5}), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "bound", .submitted_before = 1e300}), TASKS);
    session_close(&s);
}
END_TEST

START_TEST(several_ids_states_and_engines_are_asked_for_at_once)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    uint64_t ids[TASKS];
    run_tasks(&s, "several", ids);
    ipc_result_t *third = ipc_apply_with_sync(view_of(&s, "3"), &(ipc_options_t){.label = "several"}, root, 1.0);
    assert_ok(third);
    ipc_result_t *waits = ipc_apply_with(view_of(&s, "1"), &(ipc_options_t){.label = "several"}, wait_for,
                                         (const char *) gate.path);
    while (task_count(&s, &(ipc_history_query_t){.label = "several", .state = IPC_TASK_RUNNING}) == 0) {}

    uint64_t wanted[] = {ids[7], ids[2], ipc_result_id(waits)};
    ipc_history_t *found = history_of(&s, &(ipc_history_query_t){.ids = wanted, .id_count = 3});
    ck_assert_uint_eq(ipc_history_count(found), 3);
    ck_assert_uint_eq(ipc_history_at(found, 0)->id, ids[2]);
    ck_assert_uint_eq(ipc_history_at(found, 1)->id, ids[7]);
    ck_assert_uint_eq(ipc_history_at(found, 2)->id, ipc_result_id(waits));
    ipc_history_destroy(&found);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.ids = wanted, .id_count = 2, .id = ids[0]}), 3);

    unsigned ended = IPC_TASK_BIT(IPC_TASK_DONE) | IPC_TASK_BIT(IPC_TASK_FAILED);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "several", .states = ended}), TASKS + 1);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "several", .state = IPC_TASK_FAILED}), TASKS / 3);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "several", .state = IPC_TASK_RUNNING,
                                                          .states = IPC_TASK_BIT(IPC_TASK_FAILED)}),
                      TASKS / 3 + 1);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "several", .engine = "3,1"}), 2);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "several", .engine = "0"}), TASKS);
    ipc_error_t error = {.code = IPC_E_NONE};
    static const char *const bad[] = {"", ",", "1,", "x", "-1", "1 2", "99999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_ptr_null(ipc_client_history(s.client, &(ipc_history_query_t){.engine = bad[i]}, &error));
        ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    }
    ck_assert_ptr_null(ipc_client_history(s.client, &(ipc_history_query_t){.states = 1u << 20}, &error));
    ck_assert_int_eq(error.code, IPC_E_ARGUMENT);
    gate_pass_one(&gate);
    assert_ok(waits);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

START_TEST(tasks_of_other_clients_are_told_apart)
{
    session_t s = session_open(), other = session_open();
    ck_assert_uint_ne(ipc_client_number(s.client), ipc_client_number(other.client));
    assert_ok(ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "whose"}, same, 1));
    assert_ok(ipc_apply_with_sync(other.one, &(ipc_options_t){.label = "whose"}, same, 2));
    assert_ok(ipc_apply_with_sync(other.one, &(ipc_options_t){.label = "whose"}, same, 3));
    uint64_t mine = ipc_client_number(s.client), theirs = ipc_client_number(other.client);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "whose"}), 3);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "whose", .client = mine}), 1);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "whose", .client = theirs}), 2);
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "whose", .client = theirs});
    ck_assert_uint_eq(ipc_history_at(history, 0)->client, theirs);
    ipc_history_destroy(&history);
    session_close(&other);
    session_close(&s);
}
END_TEST

START_TEST(what_is_not_wanted_is_left_out)
{
    session_t s = session_open();
    uint64_t mine = ipc_client_number(s.client);
    assert_ok(ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "red one"}, same, 1));
    assert_ok(ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "green one"}, same, 1));
    assert_ok(ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "green two"}, root, 1.0));
    assert_ok(ipc_apply_sync(s.one, root, 1.0));
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.client = mine, .not_label = "red*"}), 3);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.client = mine, .not_label = "?*"}), 1);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.client = mine, .label = "*one", .not_label = "g*"}), 1);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.client = mine, .not_function = "root"}), 2);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.client = mine, .not_label = "*"}), 0);
    session_close(&s);
}
END_TEST

START_TEST(the_limit_keeps_the_newest)
{
    session_t s = session_open();
    uint64_t ids[TASKS];
    run_tasks(&s, "newest", ids);
    for (size_t limit = 1; limit <= TASKS + 1; limit++) {
        ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "newest", .limit = limit});
        size_t count = limit < TASKS ? limit : TASKS;
        ck_assert_uint_eq(ipc_history_count(history), count);
        for (size_t i = 0; i < count; i++) ck_assert_uint_eq(ipc_history_at(history, i)->id, ids[TASKS - count + i]);
        ipc_history_destroy(&history);
    }
    session_close(&s);
}
END_TEST

//  What is read is the program's own: it stays as it was when the controller has forgotten it.
START_TEST(a_history_is_a_copy)
{
    session_t s = session_open();
    uint64_t ids[TASKS];
    run_tasks(&s, "copy", ids);
    ipc_history_t *history = history_of(&s, &(ipc_history_query_t){.label = "copy"});
    for (int i = 0; i < TASKS; i++) ck_assert_int_eq(ipc_client_purge(s.client, ids[i], NULL), 0);
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.label = "copy"}), 0);
    ck_assert_uint_eq(ipc_history_count(history), TASKS);
    ck_assert_str_eq(ipc_history_at(history, 0)->label, "copy");
    ipc_history_destroy(&history);
    session_close(&s);
}
END_TEST

//  As many ids as can be asked for, and all that the history keeps: the controller is there for others soon.
START_TEST(a_million_ids_are_looked_up)
{
    enum { IDS = 1 << 20, KEPT = 2500, OURS = 10 };
    session_t s = session_open();
    uint64_t *ids = calloc(IDS, sizeof ids[0]);
    for (uint64_t i = 0; i < IDS; i++) ids[i] = IDS - i; // none of ours
    for (size_t i = 0; i < KEPT; i++) {
        ipc_result_t *r = ipc_apply_sync(s.one, same, (int) i);
        if (i % (KEPT / OURS) == 0)
            ids[i * (IDS / KEPT)] = ipc_result_id(r);
        ipc_result_destroy(&r);
    }
    ck_assert_uint_eq(task_count(&s, &(ipc_history_query_t){.ids = ids, .id_count = IDS}), OURS);
    free(ids);
    session_close(&s);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, adjacent_ranges_of_submission_split_the_history);
    tcase_add_test(tests, times_of_tasks_bound_since_and_until_with_the_task_itself);
    tcase_add_test(tests, several_ids_states_and_engines_are_asked_for_at_once);
    tcase_add_test(tests, tasks_of_other_clients_are_told_apart);
    tcase_add_test(tests, what_is_not_wanted_is_left_out);
    tcase_add_test(tests, the_limit_keeps_the_newest);
    tcase_add_test(tests, a_history_is_a_copy);
    tcase_add_test(tests, a_million_ids_are_looked_up);
}

int main(void)
{
    return e2e_main("query", add);
}
