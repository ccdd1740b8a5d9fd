//  The cells that an engine runs again: what is kept from one worker to the next, and what is not.
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/paths.h"
#include "engine/restore.h"
#include "tests/common/run_suite.h"

static char root[64];

static void make_root(void)
{
    snprintf(root, sizeof root, "/tmp/ipc-restore-XXXXXX");
    ck_assert(mkdtemp(root) != NULL);
}

static void remove_root(void)
{
    ipc_remove_tree(root);
}

//  Runs a cell for the first time.
static void keep(restore_t *self, const char *cell, size_t same, bool fine)
{
    ipc_error_t error = {0};
    ck_assert_msg(restore_begin(self, cell, strlen(cell), same, &error) == 0, "%s", error.text);
    restore_end(self, fine);
}

//  What the next worker runs again, one behind another; a '!' stands behind what crashed.
static void assert_runs_again(const char *expected)
{
    restore_t *self = restore_new(root, 3);
    char all[256] = "";
    size_t size;
    bool crashed;
    for (const char *cell; (cell = restore_next(self, &size, &crashed));) {
        strncat(all, cell, size);
        strcat(all, crashed ? "! " : " ");
    }
    ck_assert_str_eq(all, expected);
    restore_destroy(&self);
}

START_TEST(cells_that_were_fine_are_handed_on_in_their_order)
{
    assert_runs_again("");
    restore_t *self = restore_new(root, 3);
    ck_assert(restore_is_empty(self));
    keep(self, "first", 5, true);
    keep(self, "bad", 3, false);
    keep(self, "second:1", 6, true);
    keep(self, "second:2", 6, true); // the same but for what does not count
    keep(self, "first", 5, false);   // it stays where it is
    keep(self, "third", 5, true);
    restore_destroy(&self);
    assert_runs_again("first second:1 third ");
    assert_runs_again("first second:1 third ");
    self = restore_new(root, 3);
    restore_clear(self);
    keep(self, "fourth", 6, true);
    restore_destroy(&self);
    assert_runs_again("fourth ");
}
END_TEST

//  A worker that dies while a cell runs hands on that it did.
START_TEST(a_cell_that_ends_its_worker_is_not_run_again)
{
    size_t size;
    bool crashed;
    restore_t *self = restore_new(root, 3);
    keep(self, "first", 5, true);
    keep(self, "second", 6, true);
    keep(self, "third", 5, true);
    ck_assert_int_eq(restore_begin(self, "fourth", 6, 6, NULL), 0);
    restore_destroy(&self); // died: it has never been fine
    assert_runs_again("first second third fourth! ");
    self = restore_new(root, 3);
    ck_assert(restore_next(self, &size, &crashed) && restore_next(self, &size, &crashed));
    restore_destroy(&self); // died in the second
    assert_runs_again("first second! third ");
    assert_runs_again("first third ");
}
END_TEST

START_TEST(there_is_a_limit)
{
    ipc_error_t error = {0};
    restore_t *self = restore_new(root, 3);
    char *large = calloc(1, RESTORE_MAX);
    ck_assert_int_eq(restore_begin(self, large, RESTORE_MAX, RESTORE_MAX, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_LIMIT);
    keep(self, "small", 5, true);
    restore_destroy(&self);
    assert_runs_again("small ");
    free(large);
}
END_TEST

START_TEST(a_file_that_is_damaged_is_none)
{
    char path[128];
    snprintf(path, sizeof path, "%s/engine-3.restore", root);
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs("no cells, but longer than the head of one", file) >= 0 && fclose(file) == 0);
    assert_runs_again("");
    restore_t *self = restore_new(root, 3);
    keep(self, "first", 5, true);
    restore_destroy(&self);
    assert_runs_again("first ");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, make_root, remove_root);
    tcase_add_test(tests, cells_that_were_fine_are_handed_on_in_their_order);
    tcase_add_test(tests, a_cell_that_ends_its_worker_is_not_run_again);
    tcase_add_test(tests, there_is_a_limit);
    tcase_add_test(tests, a_file_that_is_damaged_is_none);
    return run_suite("restore", tests);
}
