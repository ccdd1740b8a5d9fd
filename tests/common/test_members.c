//  Names that lead into values: what they find, what they set, and that nothing changes when they cannot.
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/array_body.h"
#include "common/members.h"
#include "tests/common/run_suite.h"

typedef struct space {
    names_t *names;
    ipc_arena_t *arena;                // of a task
    ipc_error_t error;
} space_t;

static const double numbers[] = {1, 2, 3, 4, 5, 6};

static space_t space_new(void)
{
    space_t self = {.names = names_new(), .arena = ipc_arena_new()};
    names_set(self.names, "d", ipc_dict("k", 1, "key", ipc_dict("l", ipc_list(1, ipc_f64(numbers, 6))), "", "empty"));
    names_set(self.names, "m", ipc_view2(IPC_F64, numbers, 2, 3));
    return self;
}

static void space_destroy(space_t *self)
{
    names_destroy(&self->names);
    ipc_arena_destroy(&self->arena);
}

static void assert_shown(ipc_value_t value, const char *expected)
{
    char text[256] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");
    ipc_value_print(value, stream);
    fclose(stream);
    ck_assert_str_eq(text, expected);
}

static void assert_found(space_t *self, const char *name, const char *expected)
{
    ipc_value_t value;
    ck_assert_msg(members_get(self->names, name, self->arena, " on engine 3", &value, &self->error) == 0, "%s",
                  self->error.text);
    assert_shown(value, expected);
}

static int put(space_t *self, const char *name, ipc_value_t value)
{
    ipc_arena_t *arena = ipc_arena_new();
    ipc_value_t copy = ipc_value_copy(value, arena);
    int rc = members_put(self->names, name, copy, &arena, " on engine 3", &self->error);
    ck_assert((rc == 0) == (arena == NULL)); // it was taken, or it was not
    ipc_arena_destroy(&arena);
    return rc;
}

//  The array that a name is bound to.
static const ipc_array_t *bound(space_t *self, const char *name)
{
    ipc_value_t value;
    ck_assert_int_eq(members_get(self->names, name, self->arena, "", &value, &self->error), 0);
    return ipc_value_array(value);
}

static ipc_array_t *array_of(double first)
{
    ipc_error_t error;
    ipc_array_t *array = ipc_array_new_private(IPC_F64, 1, (const size_t[]){2}, &error);
    ipc_array_f64(array)[0] = first;
    return array;
}

//  By its address; that each of them goes once, the sanitizers see.
START_TEST(an_array_is_kept_itself_whoever_owns_it)
{
    space_t self = space_new();
    ipc_array_t *own = array_of(7), *of_task = array_of(8);
    of_task->in_task = 1;
    ipc_arena_hold(self.arena, of_task);
    ck_assert_int_eq(members_keep(self.names, "u", own, "", &self.error), 0);
    ck_assert_ptr_eq(bound(&self, "u"), own);
    ck_assert_int_eq(members_keep(self.names, "u", of_task, "", &self.error), 0);
    ck_assert_ptr_eq(bound(&self, "u"), of_task);
    ipc_arena_reset(self.arena); // the task ends
    assert_found(&self, "u", "[8, 0]");
    ck_assert_int_eq(members_keep(self.names, "d.new", array_of(9), "", &self.error), 0);
    assert_found(&self, "d.new", "[9, 0]");
    ck_assert_int_ne(members_keep(self.names, "u[9].x", array_of(9), "", &self.error), 0);
    ipc_array_t *borrowed = ipc_array_wrap(IPC_F64, 1, (const size_t[]){2}, (void *) numbers, NULL, NULL);
    ck_assert_int_eq(members_keep(self.names, "b", borrowed, "", &self.error), 0);
    ck_assert_ptr_ne(ipc_array_data(bound(&self, "b")), numbers);
    space_destroy(&self);
}
END_TEST

START_TEST(names_lead_to_members_elements_and_rows)
{
    space_t s = space_new();
    assert_found(&s, "d.k", "1");
    assert_found(&s, "d.key.l[1]", "[1, 2, 3, 4, 5, 6]");
    assert_found(&s, "d.key.l[-1][5]", "6");
    assert_found(&s, "d.", "\"empty\"");
    assert_found(&s, "m[1]", "[4, 5, 6]");
    assert_found(&s, "m[-2][+2]", "3");
    ipc_value_t row;
    ck_assert_int_eq(members_get(s.names, "m[1]", s.arena, " on engine 3", &row, &s.error), 0);
    ck_assert_uint_eq((uintptr_t) ipc_array_data(ipc_value_array(row)) % 64, 0);
    space_destroy(&s);
}
END_TEST

//  Each cut of a name that leads somewhere is a name too: it is found, or refused with a sentence.
START_TEST(every_cut_name_gives_a_value_or_a_sentence)
{
    space_t s = space_new();
    const char *whole = "d.key.l[1][-2]";
    for (size_t size = 0; size <= strlen(whole); size++) {
        char name[32] = "";
        memcpy(name, whole, size);
        ipc_value_t value;
        s.error = (ipc_error_t){0};
        if (members_get(s.names, name, s.arena, " on engine 3", &value, &s.error))
            ck_assert_msg(strstr(s.error.text, "engine 3") || strstr(s.error.text, "leads to no value"), "%s: %s", name,
                          s.error.text);
        ck_assert(members_check(s.names, name, " on engine 3", &s.error) == 0 || s.error.code == IPC_E_NAME);
    }
    space_destroy(&s);
}
END_TEST

START_TEST(members_are_set_and_added)
{
    space_t s = space_new();
    ck_assert_int_eq(put(&s, "d.k", ipc_range(0, 3)), 0);
    ck_assert_int_eq(put(&s, "d.key.new", ipc_list("x")), 0);
    ck_assert_int_eq(put(&s, "d.key.l[0]", ipc_none()), 0);
    assert_found(&s, "d", "{\"k\": [0, 1, 2], \"key\": {\"l\": [null, [1, 2, 3, 4, 5, 6]], \"new\": [\"x\"]}, "
                          "\"\": \"empty\"}");
    ck_assert_uint_eq(names_count(s.names), 2);
    ck_assert_int_eq(put(&s, "other.k", ipc_list(1)), 0); // begins with no name: whole
    ck_assert_ptr_nonnull(names_get(s.names, "other.k"));
    space_destroy(&s);
}
END_TEST

START_TEST(what_cannot_be_set_changes_nothing)
{
    static const char *const names[] = {"d.k.x", "d.none.x", "d.key.l[2]", "d.key.l[0][0]", "m[0]", "m.x", "d[0]",
                                        "d.key.l[", "d.key.l[1]x", "m[0][0]"};
    space_t s = space_new();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert_msg(members_check(s.names, names[i], " on engine 3", &s.error) == -1, "%s", names[i]);
        char *first = strdup(s.error.text);
        ck_assert_int_eq(put(&s, names[i], ipc_list(5)), -1);
        ck_assert_str_eq(s.error.text, first);
        ck_assert_int_eq(s.error.code, IPC_E_NAME);
        free(first);
    }
    assert_found(&s, "d", "{\"k\": 1, \"key\": {\"l\": [1, [1, 2, 3, 4, 5, 6]]}, \"\": \"empty\"}");
    assert_found(&s, "m", "[[1, 2, 3], [4, 5, 6]]");
    space_destroy(&s);
}
END_TEST

//  An array with memory of its own goes on beside a member that is set; it is freed once, with its last name.
static void count_release(ipc_array_t *array)
{
    ++*(int *) array->owner;
}

START_TEST(arrays_beside_it_keep_their_memory)
{
    space_t s = space_new();
    int released = 0;
    static double memory[4];
    const size_t four = 4;
    ipc_arena_t *arena = ipc_arena_new();
    ipc_array_t *array = ipc_array_wrap(IPC_F64, 1, &four, memory, count_release, &released);
    ipc_arena_hold(arena, array);
    ipc_value_t *pair = ipc_arena_take(arena, 2 * sizeof pair[0]);
    pair[0] = ipc_value_from_str("a");
    pair[1] = ipc_value_from_array(array);
    names_put(s.names, "own", ipc_value_from_dict(pair, 2), &arena);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(put(&s, "own.b", ipc_list(i)), 0);
    ipc_value_t found;
    ck_assert_int_eq(members_get(s.names, "own.a", s.arena, " on engine 3", &found, &s.error), 0);
    ck_assert_ptr_eq(ipc_array_data(ipc_value_array(found)), memory);
    ck_assert_int_eq(released, 0);
    ck_assert_int_eq(put(&s, "own.a", ipc_none()), 0);
    ck_assert_int_eq(released, 1);
    space_destroy(&s);
}
END_TEST

//  A number that is kept elsewhere: takes integers alone.
typedef struct kept {
    names_bond_t bond;
    int64_t number;
    int dropped;
} kept_t;

static bool read_kept(void *context, ipc_value_t *value)
{
    const kept_t *self = context;
    *value = ipc_value_from_i64(self->number);
    return !self->bond.what;
}

static bool write_kept(void *context, ipc_value_t value)
{
    kept_t *self = context;
    if (value.kind == IPC_KIND_I64)
        self->number = ipc_value_i64(value);
    return value.kind == IPC_KIND_I64;
}

static void drop_kept(void *context)
{
    ((kept_t *) context)->dropped++;
}

START_TEST(a_bond_lasts_until_a_value_does_not_fit)
{
    space_t s = space_new();
    kept_t kept = {.number = 5}, opaque = {.number = 6}, other = {.number = 7};
    kept.bond = (names_bond_t){read_kept, write_kept, drop_kept, &kept, NULL};
    opaque.bond = (names_bond_t){read_kept, write_kept, drop_kept, &opaque, "a function"};
    other.bond = (names_bond_t){read_kept, write_kept, drop_kept, &other, NULL};
    names_bind(s.names, "n", &kept.bond);
    assert_found(&s, "n", "5");
    kept.number++;
    assert_found(&s, "n", "6");
    ck_assert_int_eq(put(&s, "n", ipc_value_from_i64(9)), 0);
    ck_assert_int_eq(kept.number, 9);
    ck_assert_int_eq(kept.dropped, 0);
    ck_assert_int_eq(put(&s, "n", ipc_value_from_str("text")), 0);
    ck_assert_int_eq(kept.dropped, 1);
    assert_found(&s, "n", "\"text\"");
    names_bind(s.names, "f", &opaque.bond);
    ipc_value_t none;
    ck_assert_int_eq(members_get(s.names, "f", s.arena, " on engine 3", &none, &s.error), -1);
    ck_assert_str_eq(s.error.text, "'f' is a function on engine 3: only numbers, strings and arrays of numbers can be read from outside");
    names_bind(s.names, "f", &other.bond);
    ck_assert_int_eq(opaque.dropped, 1);
    assert_found(&s, "f", "7");
    names_clear(s.names);
    ck_assert_int_eq(other.dropped, 1);
    ck_assert_int_eq(kept.dropped, 1);
    space_destroy(&s);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("members");
    tcase_add_test(tests, names_lead_to_members_elements_and_rows);
    tcase_add_test(tests, an_array_is_kept_itself_whoever_owns_it);
    tcase_add_test(tests, every_cut_name_gives_a_value_or_a_sentence);
    tcase_add_test(tests, members_are_set_and_added);
    tcase_add_test(tests, what_cannot_be_set_changes_nothing);
    tcase_add_test(tests, arrays_beside_it_keep_their_memory);
    tcase_add_test(tests, a_bond_lasts_until_a_value_does_not_fit);
    return run_suite("members", tests);
}
