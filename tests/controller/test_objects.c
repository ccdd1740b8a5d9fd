//  Who holds which object, and that the owner hears of it once, when nobody does.
#include <check.h>

#include "controller/objects.h"
#include "tests/common/run_suite.h"

enum { ANNE = 1, BERT = 2 };
static objects_t *objects;
static size_t freed_count;
static ipc_object_t freed_last;

static void note_freed(void *context, ipc_object_t object)
{
    ck_assert_ptr_eq(context, &freed_count);
    freed_count++;
    freed_last = object;
}

static void make_objects(void)
{
    objects = objects_new(note_freed, &freed_count);
}

static void destroy_objects(void)
{
    objects_destroy(&objects);
    ck_assert_ptr_null(objects);
    objects_destroy(&objects);
}

START_TEST(an_object_is_free_when_its_last_holder_lets_go)
{
    ipc_object_t object = {7, 1}, other = {8, 1};
    objects_hold(objects, object, ANNE, 2);
    objects_hold(objects, object, BERT, 1);
    objects_hold(objects, other, ANNE, 1);
    ck_assert_uint_eq(objects_count(objects), 2);
    objects_release(objects, object, ANNE, 1);
    objects_release(objects, object, BERT, 1);
    ck_assert_uint_eq(freed_count, 0);
    objects_release(objects, object, ANNE, 1);
    ck_assert_uint_eq(freed_count, 1);
    ck_assert(freed_last.owner == 7 && freed_last.number == 1);
    ck_assert_uint_eq(objects_count(objects), 1);
}
END_TEST

START_TEST(nobody_lets_go_of_what_another_holds)
{
    ipc_object_t object = {7, 1};
    objects_release(objects, object, ANNE, 1); // not known
    objects_hold(objects, object, OBJECTS_QUEUE, 1);
    objects_release(objects, object, ANNE, 1);
    objects_forget(objects, BERT);
    ck_assert_uint_eq(freed_count, 0);
    objects_release(objects, object, OBJECTS_QUEUE, UINT64_MAX); // more than it holds
    ck_assert_uint_eq(freed_count, 1);
    objects_release(objects, object, OBJECTS_QUEUE, 1);
    ck_assert_uint_eq(freed_count, 1);
}
END_TEST

START_TEST(a_holder_that_is_gone_holds_nothing)
{
    enum { MANY = 5000, HOLDERS = 9 };
    for (uint64_t i = 0; i < MANY; i++)
        for (uint32_t holder = 1; holder <= HOLDERS; holder++)
            if (i % holder == 0)
                objects_hold(objects, (ipc_object_t){i % 3, i}, holder, 1 + i % 4);
    ck_assert_uint_eq(objects_count(objects), MANY);
    for (uint32_t holder = HOLDERS; holder > 1; holder--) objects_forget(objects, holder);
    ck_assert_uint_eq(freed_count, 0);
    objects_forget(objects, 1);
    ck_assert_uint_eq(freed_count, MANY);
    ck_assert_uint_eq(objects_count(objects), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("objects");
    tcase_add_checked_fixture(tests, make_objects, destroy_objects);
    tcase_add_test(tests, an_object_is_free_when_its_last_holder_lets_go);
    tcase_add_test(tests, nobody_lets_go_of_what_another_holds);
    tcase_add_test(tests, a_holder_that_is_gone_holds_nothing);
    return run_suite("objects", tests);
}
