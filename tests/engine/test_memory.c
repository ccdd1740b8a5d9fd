//  The most memory since a task began, with a kernel that sets its mark back, and with one that does not.
#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/memory.h"
#include "tests/common/run_suite.h"

enum { LARGE = 32 << 20, LARGER = 64 << 20 };

static void touch(size_t size)
{
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(bytes, MAP_FAILED);
    memset(bytes, 1, size);
    munmap(bytes, size);
}

START_TEST(what_others_had_before_does_not_count)
{
    memory_t memory;
    memory_open(&memory);
    memory_begin(&memory, 6, 0);
    touch(LARGER);
    uint64_t others = memory_peak(&memory); // ThreadSanitizer has several bytes for each
    memory_begin(&memory, 7, 3);
    if (!memory.set_back)
        return;
    ck_assert_uint_ge(others, LARGER);
    ck_assert(memory_measures(&memory, 7, 3));
    ck_assert(!memory_measures(&memory, 7, 4));
    ck_assert(!memory_measures(&memory, 8, 3));
    uint64_t peak = memory_peak(&memory);
    ck_assert_uint_gt(peak, 0);
    ck_assert_uint_lt(peak, LARGE);
    touch(LARGE);
    ck_assert_uint_ge(memory_peak(&memory), LARGE);
    ck_assert_uint_lt(memory_peak(&memory), others);
}
END_TEST

START_TEST(where_the_mark_stays_only_a_rise_is_known)
{
    memory_t memory;
    memory_open(&memory);
    close(memory.clear_fd);
    memory.clear_fd = -1;
    touch(LARGE);
    memory_begin(&memory, 7, 3);
    ck_assert_uint_eq(memory_peak(&memory), 0);
    touch(LARGE / 2);
    ck_assert_uint_eq(memory_peak(&memory), 0);
    touch(LARGER);
    ck_assert_uint_ge(memory_peak(&memory), LARGER);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, what_others_had_before_does_not_count);
    tcase_add_test(tests, where_the_mark_stays_only_a_rise_is_known);
    return run_suite("memory", tests);
}
