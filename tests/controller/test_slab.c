//  Records found again by an id: many of them, stale ids, memory that is given back.
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "controller/slab.h"
#include "tests/common/run_suite.h"

typedef struct record {
    uint64_t id, filling[11];
} record_t;

static slab_t *slab;

static bool is_found(uint64_t id)
{
    const record_t *record = slab_get(slab, id);
    return record && record->id == id;
}

static void make_slab(void)
{
    slab = slab_new(sizeof(record_t));
}

static void destroy_slab(void)
{
    slab_destroy(&slab);
    ck_assert_ptr_null(slab);
    slab_destroy(&slab);
}

static uint64_t take_filled(void)
{
    static const record_t zero;
    uint64_t id = 0;
    record_t *record = slab_take(slab, &id);
    if (id == 0 || (uintptr_t) record % 8 != 0 || memcmp(record, &zero, sizeof zero) != 0) // millions of times
        ck_abort_msg("record %zu is not zeroed, aligned and named", slab_count(slab));
    memset(record, 0xff, sizeof *record);
    record->id = id;
    return id;
}

START_TEST(a_record_is_zeroed_and_found_by_its_id)
{
    uint64_t first = take_filled(), second = take_filled();
    ck_assert_uint_ne(first, second);
    ck_assert_uint_eq(((record_t *) slab_get(slab, first))->id, first);
    ck_assert_uint_eq(((record_t *) slab_get(slab, second))->id, second);
    ck_assert_uint_eq(slab_count(slab), 2);
}
END_TEST

START_TEST(a_stale_or_foreign_id_finds_nothing)
{
    ck_assert_ptr_null(slab_get(slab, 0));
    ck_assert_ptr_null(slab_get(slab, 1));
    uint64_t old = take_filled();
    slab_give(slab, old);
    ck_assert_ptr_null(slab_get(slab, old));
    uint64_t fresh = take_filled(); // in the same place
    ck_assert_uint_ne(fresh, old);
    ck_assert_ptr_null(slab_get(slab, old));
    slab_give(slab, old); // does nothing
    slab_give(slab, UINT64_MAX);
    ck_assert_ptr_nonnull(slab_get(slab, fresh));
    ck_assert_uint_eq(slab_count(slab), 1);
    ck_assert_ptr_null(slab_get(slab, UINT64_MAX));
    ck_assert_ptr_null(slab_get(slab, fresh + 1));
}
END_TEST

START_TEST(what_a_million_records_took_is_given_back)
{
    enum { MANY = 1000000 };
    uint64_t *ids = malloc(MANY * sizeof ids[0]);
    for (size_t i = 0; i < MANY; i++) ids[i] = take_filled();
    size_t full = slab_bytes(slab);
    ck_assert_uint_le(full, MANY * (sizeof(record_t) + 16));
    for (size_t i = 0; i < MANY; i += 2) slab_give(slab, ids[i]);
    size_t found = 0;
    for (size_t i = 0; i < MANY; i++) found += is_found(ids[i]);
    ck_assert_uint_eq(found, MANY / 2);
    for (size_t i = 0; i < MANY; i += 2) ids[i] = take_filled();
    ck_assert_uint_eq(slab_bytes(slab), full); // the holes are used
    for (size_t i = MANY; i-- > 0;) slab_give(slab, ids[i]);
    ck_assert_uint_eq(slab_count(slab), 0);
    ck_assert_uint_le(slab_bytes(slab), 1 << 20);
    for (size_t i = 0; i < MANY; i++) found += slab_get(slab, ids[i]) != NULL;
    ck_assert_uint_eq(found, MANY / 2);
    free(ids);
}
END_TEST

START_TEST(records_come_and_go_in_any_order)
{
    enum { MANY = 20000, TURNS = 400000 };
    uint64_t *ids = calloc(MANY, sizeof ids[0]), random = 1, count = 0;
    for (size_t i = 0; i < TURNS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t *id = &ids[(random >> 33) % MANY];
        if (*id) {
            if (!is_found(*id))
                ck_abort_msg("a record is lost in turn %zu", i);
            slab_give(slab, *id);
            *id = 0;
            count--;
        } else {
            *id = take_filled();
            count++;
        }
    }
    ck_assert_uint_eq(slab_count(slab), count);
    free(ids);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("slab");
    tcase_add_checked_fixture(tests, make_slab, destroy_slab);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_record_is_zeroed_and_found_by_its_id);
    tcase_add_test(tests, a_stale_or_foreign_id_finds_nothing);
    tcase_add_test(tests, what_a_million_records_took_is_given_back);
    tcase_add_test(tests, records_come_and_go_in_any_order);
    return run_suite("slab", tests);
}
