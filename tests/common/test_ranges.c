//  Sets of positions, held against one bit for each.
#include <check.h>
#include <stdlib.h>

#include "common/ranges.h"
#include "tests/common/run_suite.h"

enum { POSITIONS = 64, STEPS = 1000, SEEDS = 20 };

static void assert_same(const ipc_ranges_t *set, const bool *bits)
{
    uint64_t total = 0, end = 0;
    for (size_t i = 0; i < set->count; i++) {
        ck_assert_uint_gt(set->ranges[i].count, 0);
        ck_assert(i == 0 || set->ranges[i].first > end); // they do not meet
        end = set->ranges[i].first + set->ranges[i].count;
    }
    for (uint64_t i = 0; i < POSITIONS; i++) {
        ck_assert(ipc_ranges_have(set, i, 1) == bits[i]);
        total += bits[i];
    }
    ck_assert_uint_eq(ipc_ranges_total(set), total);
}

START_TEST(they_are_as_bits_would_be)
{
    bool bits[POSITIONS] = {false};
    ipc_ranges_t set = {0};
    srand((unsigned) _i);
    for (int step = 0; step < STEPS; step++) {
        uint64_t first = (uint64_t) (rand() % POSITIONS), count = (uint64_t) (rand() % 8);
        count = count < POSITIONS - first ? count : POSITIONS - first;
        bool adds = rand() % 2;
        size_t set_bits = 0;
        for (uint64_t i = first; i < first + count; i++) set_bits += bits[i];
        ck_assert(ipc_ranges_meet(&set, first, count) == (set_bits > 0));
        ck_assert(ipc_ranges_have(&set, first, count) == (set_bits == count));
        (adds ? ipc_ranges_add : ipc_ranges_remove)(&set, first, count);
        for (uint64_t i = first; i < first + count; i++) bits[i] = adds;
        assert_same(&set, bits);
    }
    ipc_ranges_free(&set);
}
END_TEST

START_TEST(all_positions_from_one_on_can_be_taken_out)
{
    ipc_ranges_t set = {0};
    ipc_ranges_add(&set, 5, UINT64_MAX - 5);
    ipc_ranges_remove(&set, 10, UINT64_MAX - 10);
    ck_assert_uint_eq(set.count, 1);
    ck_assert(ipc_ranges_have(&set, 5, 5) && !ipc_ranges_meet(&set, 10, 1));
    ipc_ranges_free(&set);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("ranges");
    tcase_add_loop_test(tests, they_are_as_bits_would_be, 0, SEEDS);
    tcase_add_test(tests, all_positions_from_one_on_can_be_taken_out);
    return run_suite("ranges", tests);
}
