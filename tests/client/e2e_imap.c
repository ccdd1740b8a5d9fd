//  Maps over items that a generator gives, one by one.
#include "e2e_support.h"

#include <stdlib.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(int64_t, square, (int64_t x)) { return x * x; }
IPC_REMOTE(int64_t, slow_first, (int64_t x))
{
    if (x == 0) usleep(300000);
    return x;
}
IPC_REMOTE(double, total, (const ipc_array_t *x))
{
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) sum += ipc_array_f64(x)[i];
    return sum;
}
IPC_REMOTE(int64_t, even_only, (int64_t x))
{
    if (x % 2) ipc_raise("Odd", "%d is odd", (int) x);
    return x;
}
// clang-format on

typedef struct counter {
    int64_t next, end;                 // end < 0: none
    double row[3];
} counter_t;

static bool count_up(void *context, ipc_value_t *item)
{
    counter_t *self = context;
    if (self->end >= 0 && self->next >= self->end)
        return false;
    *item = ipc_value_from_i64(self->next++);
    return true;
}

static bool rows(void *context, ipc_value_t *item)
{
    counter_t *self = context;
    if (self->next >= self->end)
        return false;
    for (int i = 0; i < 3; i++) self->row[i] = (double) self->next; // the same memory for each item
    self->next++;
    *item = ipc_f64(self->row, 3);
    return true;
}

START_TEST(results_come_in_order)
{
    session_t s = session_open();
    ipc_view_t *views[] = {s.any, s.all, s.one};
    for (size_t v = 0; v < 3; v++) {
        counter_t counter = {.end = 1000};
        ipc_imap_t *map = ipc_imap(views[v], square, count_up, &counter);
        int64_t i = 0;
        for (ipc_item_t *item; (item = ipc_imap_next(map)); i++) {
            ck_assert_ptr_null(item->error);
            ck_assert_uint_eq(item->index, (size_t) i);
            ck_assert_int_eq(ipc_value_i64(item->value), i * i);
        }
        ck_assert_int_eq(i, 1000);
        ck_assert_ptr_null(ipc_imap_next(map));
        ipc_imap_destroy(&map);
        ck_assert_ptr_null(map);
    }
    session_close(&s);
}
END_TEST

START_TEST(an_endless_generator_is_asked_only_as_results_are_read)
{
    session_t s = session_open();
    counter_t counter = {.end = -1};
    ipc_imap_t *map = ipc_imap_with(s.any, square, count_up, &counter, &(ipc_imap_options_t){.outstanding = 10});
    ck_assert_int_ge(counter.next, 1);
    for (int64_t i = 0; i < 500; i++) {
        ipc_item_t *item = ipc_imap_next(map);
        ck_assert_ptr_nonnull(item);
        ck_assert_int_eq(ipc_value_i64(item->value), i * i);
        ck_assert_int_le(counter.next, i + 11); // this one given, ten outstanding
    }
    int64_t taken = counter.next, given = 500;
    ipc_imap_cancel(map);
    while (ipc_imap_next(map)) given++;
    ck_assert_int_eq(counter.next, taken); // not asked again
    ck_assert_int_eq(given, taken);        // and nothing is lost
    ipc_imap_destroy(&map);
    session_close(&s);
}
END_TEST

START_TEST(it_ends_in_the_midst_of_an_endless_one)
{
    session_t s = session_open();
    counter_t counter = {.end = -1};
    ipc_imap_t *map = ipc_imap(s.any, square, count_up, &counter);
    ck_assert_int_le(counter.next, 8 * ENGINES);
    ck_assert_ptr_nonnull(ipc_imap_next(map));
    ipc_imap_destroy(&map);
    ipc_imap_destroy(&map);
    assert_prints(ipc_map_sync(s.any, square, ipc_range(0, 3)), "[0, 1, 4]"); // the engines are free again
    session_close(&s);
}
END_TEST

IPC_REMOTE(void, sleep_long, (int64_t x)) { sleep(20 + (unsigned) (x % 2)); }

START_TEST(what_is_under_way_is_aborted_when_it_is_freed)
{
    session_t s = session_open();
    counter_t counter = {.end = -1};
    ipc_imap_t *map = ipc_imap(s.any, sleep_long, count_up, &counter);
    double begin = now();
    ipc_imap_destroy(&map);
    assert_prints(ipc_map_sync(s.all, square, ipc_range(0, 4)), "[0, 1, 4, 9]");
    ck_assert_double_lt(now() - begin, 10);
    session_close(&s);
}
END_TEST

START_TEST(unordered_gives_what_is_done_first)
{
    session_t s = session_open();
    counter_t counter = {.end = 40};
    ipc_imap_t *map = ipc_imap_with(s.any, slow_first, count_up, &counter,
                                    &(ipc_imap_options_t){.unordered = true, .outstanding = 8, .call = {.chunk = 1}});
    bool seen[40] = {false};
    size_t count = 0, place = 0;
    for (ipc_item_t *item; (item = ipc_imap_next(map)); count++) {
        ck_assert_uint_lt(item->index, 40);
        ck_assert(!seen[item->index]);
        seen[item->index] = true;
        ck_assert_int_eq(ipc_value_i64(item->value), (int64_t) item->index);
        if (item->index == 0)
            place = count;
    }
    ck_assert_uint_eq(count, 40);
    ck_assert_uint_gt(place, 4); // the slow one came after others
    ipc_imap_destroy(&map);
    session_close(&s);
}
END_TEST

START_TEST(items_are_copied)
{
    session_t s = session_open();
    counter_t counter = {.end = 100};
    ipc_imap_t *map = ipc_imap(s.any, total, rows, &counter);
    for (int i = 0; i < 100; i++) {
        ipc_item_t *item = ipc_imap_next(map);
        ck_assert_ptr_nonnull(item);
        ck_assert_double_eq(ipc_value_f64(item->value), 3.0 * i);
    }
    ck_assert_ptr_null(ipc_imap_next(map));
    ipc_imap_destroy(&map);
    session_close(&s);
}
END_TEST

START_TEST(failed_items_do_not_end_it)
{
    session_t s = session_open();
    counter_t counter = {.end = 20};
    ipc_imap_t *map = ipc_imap(s.any, even_only, count_up, &counter);
    for (int i = 0; i < 20; i++) {
        ipc_item_t *item = ipc_imap_next(map);
        ck_assert_ptr_nonnull(item);
        ck_assert((item->error != NULL) == (i % 2));
        if (item->error)
            ck_assert_str_eq(item->error->kind, "Odd");
    }
    ck_assert_ptr_null(ipc_imap_next(map));
    ipc_imap_destroy(&map);
    session_close(&s);
}
END_TEST

static bool strings(void *context, ipc_value_t *item)
{
    (void) context;
    *item = ipc_value_from_str("no number");
    return true;
}

START_TEST(what_cannot_be_sent_ends_it)
{
    session_t s = session_open();
    ipc_imap_t *map = ipc_imap(s.any, square, strings, NULL);
    size_t count = 0;
    for (ipc_item_t *item; (item = ipc_imap_next(map)); count++) {
        ck_assert_ptr_nonnull(item->error);
        ck_assert_uint_lt(count, 100);
    }
    ck_assert_uint_ge(count, 1);
    ipc_imap_destroy(&map);
    counter_t none = {.end = 0};
    map = ipc_imap(s.any, square, count_up, &none);
    ck_assert_ptr_null(ipc_imap_next(map)); // nothing to map
    ipc_imap_destroy(&map);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, results_come_in_order);
    tcase_add_test(tests, an_endless_generator_is_asked_only_as_results_are_read);
    tcase_add_test(tests, it_ends_in_the_midst_of_an_endless_one);
    tcase_add_test(tests, what_is_under_way_is_aborted_when_it_is_freed);
    tcase_add_test(tests, unordered_gives_what_is_done_first);
    tcase_add_test(tests, items_are_copied);
    tcase_add_test(tests, failed_items_do_not_end_it);
    tcase_add_test(tests, what_cannot_be_sent_ends_it);
}

int main(void)
{
    return e2e_main("imap", add_tests);
}
