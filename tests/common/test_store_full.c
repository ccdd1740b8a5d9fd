//  A full /dev/shm: clear errors, nothing half-written, and all goes on once there is room. Run by
//  tests/with_small_shm, with 16 MiB.
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/shared.h"
#include "common/store.h"
#include "store_folder.h"
#include "tests/common/run_suite.h"

enum { ROOM = 16 << 20, MIB = 1 << 20 };

static const char directory[] = "/dev/shm";
static ipc_store_t *store;
static ipc_error_t error;

static void set_up(void)
{
    store = ipc_store_new(directory, 0xabc);
    error = (ipc_error_t){0};
}

static size_t free_bytes(void)
{
    struct statvfs status;
    ck_assert_int_eq(statvfs(directory, &status), 0);
    return status.f_bavail * status.f_frsize;
}

static void tear_down(void)
{
    ipc_store_destroy(&store);
    ck_assert_uint_eq(store_folder_files(directory), 0);
    ck_assert_uint_eq(free_bytes(), ROOM);
}

START_TEST(what_does_not_fit_fails_in_one_sentence_and_leaves_nothing)
{
    ipc_object_t first, second;
    ck_assert_ptr_nonnull(ipc_store_take(store, 10 * MIB, &first, &error));
    size_t files = store_folder_files(directory), bytes = free_bytes();
    ck_assert_ptr_null(ipc_store_take(store, 10 * MIB, &second, &error));
    ck_assert_int_eq(error.code, IPC_E_MEMORY);
    ck_assert_msg(strstr(error.text, "10485760 bytes") && strstr(error.text, "No space left on device"), "%s",
                  error.text);
    ck_assert_uint_eq(store_folder_files(directory), files);
    ck_assert_uint_eq(free_bytes(), bytes);
    char *memory = ipc_store_take(store, 4 * MIB, &second, &error); // what fits still does
    ck_assert_ptr_nonnull(memory);
    memset(memory, 1, 4 * MIB);
    ipc_store_freed(store, first);
    ck_assert_ptr_nonnull(ipc_store_take(store, 11 * MIB, &first, &error));
}
END_TEST

START_TEST(what_is_kept_for_reuse_makes_room)
{
    ipc_object_t object;
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_nonnull(ipc_store_take(store, MIB, &object, &error));
        ipc_store_freed(store, object);
    }
    ipc_array_t *array = ipc_array_new(IPC_U8, 1, (size_t[]){2 * MIB}, &error);
    ipc_array_destroy(&array);
    ck_assert_uint_lt(free_bytes(), 14 * MIB); // both are kept
    ck_assert_ptr_nonnull(ipc_store_take(store, ROOM, &object, &error));
}
END_TEST

START_TEST(no_more_is_kept_than_the_limit)
{
    ipc_object_t objects[8];
    ck_assert_uint_eq(ipc_shared_kept_limit(directory), ROOM / 8);
    for (size_t i = 0; i < 8; i++) ck_assert_ptr_nonnull(ipc_store_take(store, MIB, &objects[i], &error));
    for (size_t i = 0; i < 8; i++) ipc_store_freed(store, objects[i]);
    ck_assert_uint_eq(store_folder_files(directory), ROOM / 8 / MIB);
}
END_TEST

START_TEST(arrays_that_find_no_room_are_in_memory_of_their_own)
{
    ipc_array_t *array = ipc_array_new(IPC_U8, 1, (size_t[]){12 * MIB}, &error);
    ck_assert_ptr_nonnull(array);
    ck_assert_uint_eq(free_bytes(), ROOM); // as much again must stay free
    memset(ipc_array_data(array), 1, 12 * MIB);
    ipc_array_ref_t ref = {.dtype = IPC_U8, .ndim = 1, .shape = {12 * MIB}};
    ck_assert_int_eq(ipc_store_place(store, ipc_array_data(array), 12 * MIB, &ref, &error), 0);
    ck_assert_int_eq(ipc_store_place(store, ipc_array_data(array), 12 * MIB, &ref, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_MEMORY);
    ipc_array_destroy(&array);
}
END_TEST

START_TEST(a_limit_of_the_size_of_files_ends_no_program)
{
    signal(SIGXFSZ, SIG_DFL); // the parent may have it ignored
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){MIB, MIB}), 0);
    ipc_object_t object;
    ck_assert_ptr_null(ipc_store_take(store, 2 * MIB, &object, &error));
    ck_assert_int_eq(error.code, IPC_E_MEMORY);
    ck_assert_msg(strstr(error.text, "File too large") != NULL, "%s", error.text);
    ck_assert_uint_eq(store_folder_files(directory), 0);
    ipc_array_t *array = ipc_array_new(IPC_U8, 1, (size_t[]){2 * MIB}, &error);
    ck_assert_ptr_nonnull(array);
    ipc_array_destroy(&array);
    ck_assert_ptr_nonnull(ipc_store_take(store, MIB, &object, &error));
}
END_TEST

int main(void)
{
    struct statvfs status;
    if (statvfs(directory, &status) || status.f_blocks * status.f_frsize != ROOM) {
        fprintf(stderr, "run it as: with_small_shm 16 test_store_full\n");
        return 1;
    }
    TCase *tests = tcase_create("store_full");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_does_not_fit_fails_in_one_sentence_and_leaves_nothing);
    tcase_add_test(tests, what_is_kept_for_reuse_makes_room);
    tcase_add_test(tests, no_more_is_kept_than_the_limit);
    tcase_add_test(tests, arrays_that_find_no_room_are_in_memory_of_their_own);
    tcase_add_test(tests, a_limit_of_the_size_of_files_ends_no_program);
    return run_suite("store_full", tests);
}
