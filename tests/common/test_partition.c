//  The rule by which n elements are dealt to parts: the table of IPYPARALLEL, "Partition rule".
#include <check.h>
#include <stdint.h>

#include "common/partition.h"
#include "tests/common/run_suite.h"

static const struct { size_t n, parts, first[9]; } cases[] = {
    {0, 4, {0, 0, 0, 0, 0}},   {1, 4, {0, 1, 1, 1, 1}},    {3, 4, {0, 1, 2, 3, 3}},
    {5, 4, {0, 2, 3, 4, 5}},   {10, 4, {0, 3, 6, 8, 10}},  {16, 4, {0, 4, 8, 12, 16}},
    {10, 3, {0, 4, 7, 10}},    {7, 1, {0, 7}},             {1024, 4, {0, 256, 512, 768, 1024}},
};

START_TEST(elements_are_dealt_as_the_table_says)
{
    for (size_t i = 0; i <= cases[_i].parts; i++)
        ck_assert_uint_eq(ipc_partition_first(cases[_i].n, cases[_i].parts, i), cases[_i].first[i]);
}
END_TEST

START_TEST(parts_are_contiguous_and_differ_by_one_at_most)
{
    for (size_t n = 0; n < 200; n++)
        for (size_t parts = 1; parts < 40; parts++) {
            size_t last = n;
            ck_assert_uint_eq(ipc_partition_first(n, parts, 0), 0);
            ck_assert_uint_eq(ipc_partition_first(n, parts, parts), n);
            for (size_t i = 0; i < parts; i++) {
                size_t count = ipc_partition_first(n, parts, i + 1) - ipc_partition_first(n, parts, i);
                if (count != n / parts + (i < n % parts) || count > last)
                    ck_abort_msg("part %zu of %zu has %zu of %zu elements", i, parts, count, n);
                last = count;
            }
        }
}
END_TEST

START_TEST(the_largest_count_is_dealt_without_overflow)
{
    ck_assert_uint_eq(ipc_partition_first(SIZE_MAX, 3, 3), SIZE_MAX);
    ck_assert_uint_eq(ipc_partition_first(SIZE_MAX, 1, 1), SIZE_MAX);
    ck_assert_uint_eq(ipc_partition_first(SIZE_MAX, SIZE_MAX, SIZE_MAX), SIZE_MAX);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("partition");
    tcase_add_loop_test(tests, elements_are_dealt_as_the_table_says, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tests, parts_are_contiguous_and_differ_by_one_at_most);
    tcase_add_test(tests, the_largest_count_is_dealt_without_overflow);
    return run_suite("partition", tests);
}
