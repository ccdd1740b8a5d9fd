//  A /dev/shm of 32 MiB that runs full (tests/with_small_shm): what does not fit is told in one sentence, and the
//  cluster goes on, with all of its memory.
#include "e2e_support.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { MIB = 1 << 20, ROOM = 32 << 20, BIG = 20 << 20, BEYOND = 40 << 20 };

// clang-format off
IPC_REMOTE(uint64_t, last_of, (const ipc_array_t *x)) { return ipc_array_u8(x)[ipc_array_count(x) - 1]; }
IPC_REMOTE(void, set_all, (ipc_array_t *x, int value)) { memset(ipc_array_data(x), value, ipc_array_size(x)); }
IPC_REMOTE(ipc_array_t *, ones, (uint64_t size))
{
    ipc_array_t *array = ipc_array_new(IPC_U8, 1, (size_t[]){size}, NULL);
    memset(ipc_array_data(array), 1, size);
    return array;
}
// clang-format on

static uint8_t *memory_of(size_t size, int value)
{
    uint8_t *memory = malloc(size);
    ck_assert_ptr_nonnull(memory);
    memset(memory, value, size);
    return memory;
}

//  A small and a large array go there and back.
static void assert_all_works(session_t *s)
{
    uint8_t *x = memory_of(MIB, 7);
    assert_ok(ipc_push_sync(s->all, "well", ipc_u8(x, MIB)));
    ipc_result_t *r = ipc_apply_sync(s->all, last_of, ipc_ref("well"));
    for (size_t i = 0; i < ENGINES; i++) ck_assert_uint_eq(ipc_result_u64(r, i), 7);
    ipc_result_t *large = ipc_apply_sync(s->one, ones, MIB);
    assert_ok(large);
    ck_assert_uint_eq(ipc_array_u8(ipc_result_array(large, 0))[MIB - 1], 1);
    assert_ok(ipc_push_sync(s->all, "well", 0));
    ipc_result_destroy(&large);
    ipc_result_destroy(&r);
    free(x);
}

static void assert_no_memory(ipc_result_t *result)
{
    ck_assert_ptr_nonnull(ipc_result_error(result));
    ck_assert_int_eq(ipc_result_error(result)->code, IPC_E_MEMORY);
    assert_fails(result, "No space left on device");
    ipc_result_destroy(&result);
}

START_TEST(a_push_that_does_not_fit_fails_alone)
{
    session_t s = session_open();
    uint8_t *x = memory_of(BEYOND, 1);
    assert_ok(ipc_push_sync(s.all, "kept", ipc_u8(x, BIG)));
    assert_no_memory(ipc_push_sync(s.all, "kept", ipc_u8(x, BEYOND)));
    assert_no_memory(ipc_scatter_sync(s.all, "kept", ipc_u8(x, BIG))); // the first has the room
    assert_no_memory(ipc_push_sync(s.all, "kept", ipc_list(1, ipc_u8(x, MIB), ipc_u8(x, BIG))));
    ipc_result_t *kept = ipc_apply_sync(s.all, last_of, ipc_ref("kept"));
    for (size_t i = 0; i < ENGINES; i++) ck_assert_uint_eq(ipc_result_u64(kept, i), 1);
    assert_all_works(&s);
    assert_ok(ipc_push_sync(s.all, "kept", 0)); // engines let it go
    assert_all_works(&s);
    free(x);
    session_close(&s);
}
END_TEST

START_TEST(a_result_that_does_not_fit_is_its_tasks_error)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, ones, BEYOND);
    ck_assert_int_eq(ipc_result_error(r)->engine, 0);
    assert_no_memory(r);
    r = ipc_apply_sync(s.all, ones, BIG); // one of four finds room, or none when they try at the same time
    size_t failed = 0;
    for (size_t i = 0; i < ENGINES; i++) failed += ipc_result_error_at(r, i) != NULL;
    ck_assert_uint_ge(failed, ENGINES - 1);
    ipc_result_destroy(&r);
    assert_all_works(&s);
    session_close(&s);
}
END_TEST

START_TEST(a_gather_that_does_not_fit_fails)
{
    session_t s = session_open();
    uint8_t *x = memory_of(BIG, 3);
    assert_ok(ipc_scatter_sync(s.all, "parts", ipc_u8(x, BIG)));
    assert_no_memory(ipc_gather_sync(s.all, "parts"));
    assert_all_works(&s);
    ipc_result_t *part = ipc_pull_sync(s.one, "parts"); // is there already: takes no room
    assert_ok(part);
    ck_assert_uint_eq(ipc_array_u8(ipc_result_array(part, 0))[BIG / ENGINES - 1], 3);
    assert_ok(ipc_apply_sync(s.one, set_all, ipc_ref("parts"), 4)); // copies of single pages need none either
    ck_assert_uint_eq(ipc_result_u64(ipc_apply_sync(s.one, last_of, ipc_ref("parts")), 0), 4);
    assert_ok(ipc_push_sync(s.all, "parts", 0));
    ipc_result_destroy(&part);
    free(x);
    assert_all_works(&s);
    session_close(&s);
}
END_TEST

//  The room of the call before comes back when the controller has heard that its engine is done with it.
static uint64_t apply_until_there_is_room(session_t *s, const ipc_array_t *array)
{
    double deadline = now() + 10;
    for (;;) {
        ipc_result_t *r = ipc_apply_sync(s->one, last_of, array);
        uint64_t last = ipc_result_u64(r, 0);
        bool ok = ipc_result_ok(r);
        if (ok || now() > deadline) {
            assert_ok(r);
            ipc_result_destroy(&r);
            return last;
        }
        assert_no_memory(r);
    }
}

START_TEST(arrays_of_the_programs_own_are_made_when_shared_memory_is_full)
{
    session_t s = session_open();
    ipc_array_t *arrays[6];
    for (uint8_t i = 0; i < 6; i++) {
        arrays[i] = ipc_array_new(IPC_U8, 1, (size_t[]){8 * MIB}, NULL);
        ck_assert_ptr_nonnull(arrays[i]);
        memset(ipc_array_data(arrays[i]), i, 8 * MIB);
    }
    for (uint8_t i = 0; i < 6; i++) ck_assert_uint_eq(apply_until_there_is_room(&s, arrays[i]), i);
    for (size_t i = 0; i < 6; i++) ipc_array_destroy(&arrays[i]);
    assert_all_works(&s);
    session_close(&s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_push_that_does_not_fit_fails_alone);
    tcase_add_test(tests, a_result_that_does_not_fit_is_its_tasks_error);
    tcase_add_test(tests, a_gather_that_does_not_fit_fails);
    tcase_add_test(tests, arrays_of_the_programs_own_are_made_when_shared_memory_is_full);
}

int main(void)
{
    struct statvfs status;
    if (statvfs("/dev/shm", &status) || status.f_blocks * status.f_frsize != ROOM) {
        fprintf(stderr, "run it as: with_small_shm 32 with_cluster e2e_full\n");
        return 1;
    }
    return e2e_main("full", add_tests);
}
