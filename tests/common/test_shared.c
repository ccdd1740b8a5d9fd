//  Arrays in shared memory: handed over without a copy, what was handed over never changes, memory is used again.
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/copy.h"
#include "common/shared.h"
#include "common/store.h"
#include "store_folder.h"
#include "tests/common/run_suite.h"

enum { SIZE = 3 << 20, COUNT = SIZE / sizeof(double) };

static char directory[STORE_FOLDER_ROOM];
static ipc_store_t *store, *other;
static ipc_error_t error;

static void set_up(void)
{
    store_folder_make(directory);
    store = ipc_store_new(directory, 0xabc);
    other = ipc_store_new(directory, 0xdef);
}

static void tear_down(void)
{
    ipc_store_destroy(&store);
    ipc_store_destroy(&other);
    store_folder_remove(directory);
}

static bool is_all(const ipc_array_t *array, double value)
{
    for (size_t i = 0; i < COUNT; i++)
        if (ipc_array_f64(array)[i] != value)
            return false;
    return true;
}

static ipc_array_t *filled(double value)
{
    ipc_array_t *array = ipc_array_new(IPC_F64, 1, (size_t[]){COUNT}, &error);
    ck_assert_ptr_nonnull(array);
    ck_assert(is_all(array, 0));
    for (size_t i = 0; i < COUNT; i++) ipc_array_f64(array)[i] = value;
    return array;
}

static ipc_array_ref_t place(ipc_store_t *into, const ipc_array_t *array)
{
    ipc_array_ref_t ref = {.dtype = IPC_F64, .ndim = 1, .shape = {COUNT}};
    ck_assert_int_eq(ipc_store_place(into, ipc_array_data(array), SIZE, &ref, &error), 0);
    return ref;
}

//  What an engine would see.
static void assert_holds(const ipc_array_ref_t *ref, double value)
{
    ipc_array_t *array = ipc_store_open(other, ref, false, &error);
    ck_assert_ptr_nonnull(array);
    ck_assert(is_all(array, value));
    ipc_array_destroy(&array);
}

//  Bytes of the pages of a mapping that are its own copies or its file's, by what the kernel counts.
static size_t memory_of(const void *address, const char *what)
{
    char line[256];
    size_t size = 0, low = 0, high = 0;
    bool within = false;
    FILE *file = fopen("/proc/self/smaps", "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%zx-%zx ", &low, &high) == 2)
            within = (size_t) address >= low && (size_t) address < high;
        else if (within && strncmp(line, what, strlen(what)) == 0)
            size = strtoull(line + strlen(what), NULL, 10) << 10;
    }
    fclose(file);
    return size;
}

START_TEST(the_first_placing_copies_nothing)
{
    ipc_array_t *array = filled(1);
    char path[128];
    ipc_array_ref_t ref = place(store, array);
    ck_assert_uint_eq(store_folder_files(directory), 1);
    assert_holds(&ref, 1);
    ck_assert(ipc_array_f64(array)[COUNT / 2] == 1);
    // The array's pages are the object's: what is written to its file is seen where nothing was written yet.
    snprintf(path, sizeof path, "%s/%016llx-%llx", directory, 0xabcull, (unsigned long long) ref.object.number);
    int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, &(double){5}, sizeof(double), 0), sizeof(double));
    close(fd);
    ck_assert(ipc_array_f64(array)[0] == 5);
    ck_assert_uint_eq(memory_of(ipc_array_data(array), "Anonymous:"), 0);
    ipc_array_destroy(&array);
    ipc_store_freed(store, ref.object);
}
END_TEST

START_TEST(what_was_placed_never_changes)
{
    ipc_array_t *array = filled(1);
    ipc_array_ref_t first = place(store, array);
    ipc_array_f64(array)[7] = 2; // a page of its own
    ck_assert_uint_gt(memory_of(ipc_array_data(array), "Anonymous:"), 0);
    assert_holds(&first, 1);
    for (size_t i = 0; i < COUNT; i++) ipc_array_f64(array)[i] = 2;
    ipc_array_ref_t second = place(store, array);
    for (size_t i = 0; i < COUNT; i++) ipc_array_f64(array)[i] = 3;
    ipc_array_ref_t third = place(store, array);
    ipc_array_destroy(&array);
    assert_holds(&first, 1);
    assert_holds(&second, 2);
    assert_holds(&third, 3);
}
END_TEST

START_TEST(an_array_that_was_not_written_is_placed_again_without_a_copy)
{
    ipc_array_t *array = filled(4);
    ipc_array_ref_t first = place(store, array);
    ipc_array_ref_t second = place(store, array);
    ck_assert_uint_ne(first.object.number, second.object.number);
    ck_assert_uint_eq(store_folder_files(directory), 2); // two names of the same pages
    ipc_store_freed(store, first.object);
    ipc_store_freed(store, second.object);
    ipc_array_ref_t third = place(store, array); // also when it had no user for a while
    assert_holds(&third, 4);
    ck_assert_uint_eq(memory_of(ipc_array_data(array), "Anonymous:"), 0);
    ipc_store_freed(store, third.object);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(several_stores_may_have_an_array)
{
    ipc_array_t *array = filled(6);
    ipc_array_ref_t mine = place(store, array), theirs = place(other, array);
    assert_holds(&mine, 6);
    ipc_store_destroy(&store); // a client that goes before its arrays
    assert_holds(&theirs, 6);
    ipc_store_freed(other, theirs.object);
    theirs = place(other, array);
    assert_holds(&theirs, 6);
    for (size_t i = 0; i < COUNT; i++) ipc_array_f64(array)[i] = 7;
    ipc_array_destroy(&array);
    assert_holds(&theirs, 6);
}
END_TEST

START_TEST(pages_that_lost_their_names_are_copied)
{
    ipc_array_t *array = filled(8);
    char path[128];
    ipc_array_ref_t ref = place(store, array);
    snprintf(path, sizeof path, "%s/%016llx-%llx", directory, 0xabcull, (unsigned long long) ref.object.number);
    ck_assert_int_eq(unlink(path), 0); // as a controller does when it thinks that the owner is gone
    ref = place(store, array);
    assert_holds(&ref, 8);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(a_view_of_most_of_an_array_is_handed_over_a_small_one_copied)
{
    ipc_array_t *array = filled(9);
    char path[128];
    uint64_t offset = 0;
    snprintf(path, sizeof path, "%s/name", directory);
    ck_assert_ptr_null(ipc_shared_hand_over(ipc_array_f64(array), SIZE / 4, path, &offset));
    ck_assert_ptr_null(ipc_shared_hand_over(ipc_array_f64(array) + COUNT / 2, SIZE, path, &offset)); // beyond it
    ck_assert_uint_eq(store_folder_files(directory), 0);
    ipc_shared_t *shared = ipc_shared_hand_over(ipc_array_f64(array) + 100, SIZE - 800, path, &offset);
    ck_assert_ptr_nonnull(shared);
    ck_assert_uint_eq(offset, 800);
    ipc_shared_take_back(&shared, path);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(memory_is_used_again_and_zeroed)
{
    ipc_array_t *array = filled(1); // checks that it is zero
    void *before = ipc_array_data(array);
    ipc_array_destroy(&array);
    array = filled(2);
    ck_assert_ptr_eq(ipc_array_data(array), before);
    ipc_array_ref_t ref = place(store, array);
    ipc_array_destroy(&array);
    array = filled(3); // engines have the other one still
    assert_holds(&ref, 2);
    ipc_store_freed(store, ref.object);
    ipc_array_t *third = filled(4);
    ck_assert_uint_eq(store_folder_files(directory), 1); // the first's name, which is kept with its pages
    ref = place(store, third);
    assert_holds(&ref, 4);
    ipc_array_destroy(&third);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(an_opened_array_that_was_not_written_names_the_same_object)
{
    ipc_array_t *array = filled(1);
    ipc_array_ref_t ref = place(store, array), part = ref;
    part.offset = 24; // no page's begin
    part.shape[0] = COUNT - 3;
    ipc_array_t *opened = ipc_store_open(other, &part, false, &error);
    ck_assert(ipc_array_f64(opened)[COUNT - 4] == 1); // reading does no harm
    ipc_array_ref_t again = {.dtype = IPC_F64, .ndim = 1, .shape = {COUNT - 3}};
    ck_assert_int_eq(ipc_store_place(other, ipc_array_data(opened), SIZE - 24, &again, &error), 0);
    ck_assert(again.object.owner == 0xabc && again.object.number == ref.object.number && again.offset == 24);
    ipc_array_f64(opened)[COUNT - 4] = 2;
    ck_assert_int_eq(ipc_store_place(other, ipc_array_data(opened), SIZE - 24, &again, &error), 0);
    ck_assert(again.object.owner == 0xdef && again.offset == 0);
    ipc_array_t *copy = ipc_store_open(store, &again, false, &error);
    ck_assert(ipc_array_f64(copy)[0] == 1 && ipc_array_f64(copy)[COUNT - 4] == 2);
    assert_holds(&ref, 1);
    ipc_array_destroy(&copy);
    ipc_array_destroy(&opened);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(an_opened_array_of_its_own_is_copied)
{
    ipc_array_t *array = filled(1);
    ipc_array_ref_t ref = place(store, array), again = ref;
    ipc_array_t *opened = ipc_store_open(store, &ref, false, &error);
    ck_assert_int_eq(ipc_store_place(store, ipc_array_data(opened), SIZE, &again, &error), 0);
    ck_assert_uint_ne(again.object.number, ref.object.number);
    ipc_store_freed(store, again.object); // as when a call is refused
    assert_holds(&ref, 1);
    ipc_array_destroy(&opened);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(a_child_neither_reuses_nor_removes_its_parents_memory)
{
    ipc_array_t *array = filled(1);
    ipc_array_ref_t ref = place(store, array);
    ipc_array_t *plain = filled(2); // not handed over
    pid_t child = fork();
    if (child == 0) {
        ipc_array_destroy(&array);
        ipc_array_destroy(&plain);
        plain = ipc_array_new(IPC_F64, 1, (size_t[]){COUNT}, NULL); // would be the parent's, zeroed
        _exit(plain ? 0 : 1);
    }
    int status = 1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert(ipc_array_f64(plain)[COUNT - 1] == 2);
    assert_holds(&ref, 1);
    ipc_array_destroy(&plain);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(without_descriptors_arrays_are_in_memory_of_their_own)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 16;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ipc_array_t *arrays[20];
    for (size_t i = 0; i < 20; i++) arrays[i] = filled((double) i);
    int fd = open("/dev/null", O_RDONLY); // half of them are left to the program
    ck_assert_int_ge(fd, 0);
    close(fd);
    for (size_t i = 0; i < 20; i += 19) {
        ipc_array_ref_t ref = place(store, arrays[i]);
        assert_holds(&ref, (double) i);
    }
    for (size_t i = 0; i < 20; i++) ipc_array_destroy(&arrays[i]);
}
END_TEST

START_TEST(copies_are_whole_wherever_they_begin)
{
    enum { TOTAL = 1 << 20 };
    unsigned char *from = malloc(TOTAL), *to = malloc(TOTAL);
    for (size_t i = 0; i < TOTAL; i++) from[i] = (unsigned char) (i * 31 >> 3);
    const size_t sizes[] = {0, 1, 63, 64, 65, 200, 4097, 100000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t at = 0; at < 130; at += 13) {
            memset(to, 0xEE, TOTAL);
            ipc_copy(to + at, from + s, sizes[s], (size_t) 1 << 30); // as a part of something large
            ck_assert_mem_eq(to + at, from + s, sizes[s]);
            ck_assert(to[at + sizes[s]] == 0xEE && (at == 0 || to[at - 1] == 0xEE));
        }
    free(from);
    free(to);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("shared");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_first_placing_copies_nothing);
    tcase_add_test(tests, what_was_placed_never_changes);
    tcase_add_test(tests, an_array_that_was_not_written_is_placed_again_without_a_copy);
    tcase_add_test(tests, several_stores_may_have_an_array);
    tcase_add_test(tests, pages_that_lost_their_names_are_copied);
    tcase_add_test(tests, a_view_of_most_of_an_array_is_handed_over_a_small_one_copied);
    tcase_add_test(tests, memory_is_used_again_and_zeroed);
    tcase_add_test(tests, an_opened_array_that_was_not_written_names_the_same_object);
    tcase_add_test(tests, an_opened_array_of_its_own_is_copied);
    tcase_add_test(tests, a_child_neither_reuses_nor_removes_its_parents_memory);
    tcase_add_test(tests, without_descriptors_arrays_are_in_memory_of_their_own);
    tcase_add_test(tests, copies_are_whole_wherever_they_begin);
    return run_suite("shared", tests);
}
