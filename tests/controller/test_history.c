//  The history keeps the newest entries, in order, and forgets what it is told to.
#include <check.h>

#include "common/rows.h"
#include "controller/history.h"
#include "tests/common/run_suite.h"

static history_t *history;

static void make_history(void)
{
    history = history_new();
}

static void destroy_history(void)
{
    history_destroy(&history);
    ck_assert_ptr_null(history);
    history_destroy(&history);
}

static void add(uint64_t job, uint64_t first, uint64_t count)
{
    history_add(history, &(history_entry_t){.job = job, .first = first, .count = count, .state = IPC_ROW_DONE});
}

//  0: all.
static size_t purge(uint64_t job)
{
    bool found = false;
    size_t count = history_purge(history, &job, job != 0, &found);
    ck_assert(job == 0 || found == (count > 0));
    return count;
}

typedef struct seen {
    uint64_t jobs[HISTORY_MAX];
    size_t count, limit;
} seen_t;

static bool see(void *context, const history_entry_t *entry)
{
    seen_t *self = context;
    self->jobs[self->count++] = entry->job;
    return self->count < self->limit;
}

START_TEST(entries_are_visited_newest_first)
{
    seen_t seen = {.limit = HISTORY_MAX};
    history_each(history, see, &seen);
    ck_assert_uint_eq(seen.count, 0);
    for (uint64_t job = 1; job <= 5; job++) add(job, 0, 1);
    history_each(history, see, &seen);
    ck_assert_uint_eq(seen.count, 5);
    for (uint64_t i = 0; i < 5; i++) ck_assert_uint_eq(seen.jobs[i], 5 - i);
    seen = (seen_t){.limit = 2};
    history_each(history, see, &seen);
    ck_assert_uint_eq(seen.count, 2);
}
END_TEST

START_TEST(the_oldest_go_when_it_is_full)
{
    enum { MORE = 1234 };
    for (uint64_t job = 1; job <= HISTORY_MAX + MORE; job++) add(job, 0, 1);
    ck_assert_uint_eq(history_count(history), HISTORY_MAX);
    seen_t seen = {.limit = HISTORY_MAX};
    history_each(history, see, &seen);
    ck_assert_uint_eq(seen.jobs[0], HISTORY_MAX + MORE);
    ck_assert_uint_eq(seen.jobs[HISTORY_MAX - 1], MORE + 1);
}
END_TEST

//  10,000 entries, and with them 2,000,000 bytes: each entry more costs one, the oldest, and no more.
START_TEST(the_limits_of_entries_and_bytes_hold_exactly)
{
    ck_assert_uint_eq(sizeof(history_entry_t), 200);
    for (uint64_t job = 1; job <= 2 * HISTORY_MAX; job++) {
        add(job, 0, 1);
        ck_assert_uint_eq(history_count(history), job < HISTORY_MAX ? job : HISTORY_MAX);
    }
    seen_t seen = {.limit = HISTORY_MAX};
    history_each(history, see, &seen);
    ck_assert_uint_eq(seen.count, HISTORY_MAX);
    for (uint64_t i = 0; i < HISTORY_MAX; i++) ck_assert_uint_eq(seen.jobs[i], 2 * HISTORY_MAX - i);
    for (uint64_t job = HISTORY_MAX + 1; job <= HISTORY_MAX + 3; job++)
        ck_assert_uint_eq(purge(job), 1);
    for (uint64_t job = 1; job <= 4; job++) { // three places are free, the fourth is the oldest one's
        add(50000 + job, 0, 1);
        ck_assert_uint_eq(history_count(history), job <= 3 ? HISTORY_MAX - 3 + job : HISTORY_MAX);
    }
    seen = (seen_t){.limit = HISTORY_MAX};
    history_each(history, see, &seen);
    ck_assert_uint_eq(seen.jobs[HISTORY_MAX - 1], HISTORY_MAX + 5);
}
END_TEST

START_TEST(one_task_is_forgotten_and_the_others_stay_in_order)
{
    for (uint64_t round = 0; round < HISTORY_MAX / 2; round++) { // around the end of the ring, too
        add(100 + round, 0, 1);
        add(7, round, 1);
    }
    for (uint64_t job = 1; job <= 3; job++) add(50000000 + job, 0, 1);
    ck_assert_uint_eq(purge(7), HISTORY_MAX / 2 - 1); // one had gone before
    seen_t seen = {.limit = HISTORY_MAX};
    history_each(history, see, &seen);
    ck_assert_uint_eq(seen.count, HISTORY_MAX / 2 - 2 + 3);
    for (size_t i = 1; i < seen.count; i++) ck_assert_uint_gt(seen.jobs[i - 1], seen.jobs[i]);
    ck_assert_uint_eq(purge(0), seen.count);
    ck_assert_uint_eq(history_count(history), 0);
    add(9, 0, 1);
    ck_assert_uint_eq(history_count(history), 1);
}
END_TEST

//  Of a map all entries; of calls that came back together the one that has them all.
START_TEST(an_entry_is_of_each_of_its_calls)
{
    history_entry_t map = {.job = 100, .first = 30, .count = 10}, calls = {.job = 200, .count = 5};
    ck_assert(history_entry_is_of(&map, 100));
    ck_assert(!history_entry_is_of(&map, 99));
    ck_assert(!history_entry_is_of(&map, 140));
    ck_assert(history_entry_is_of(&calls, 204));
    ck_assert(!history_entry_is_of(&calls, 205));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("history");
    tcase_add_checked_fixture(tests, make_history, destroy_history);
    tcase_add_test(tests, entries_are_visited_newest_first);
    tcase_add_test(tests, the_oldest_go_when_it_is_full);
    tcase_add_test(tests, the_limits_of_entries_and_bytes_hold_exactly);
    tcase_add_test(tests, one_task_is_forgotten_and_the_others_stay_in_order);
    tcase_add_test(tests, an_entry_is_of_each_of_its_calls);
    return run_suite("history", tests);
}
