//  The journal: what is added to it is read from it, by it and by the next one, also when nobody ended it; what cannot
//  be read or written is told in a sentence. In a folder of its own.
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/rows.h"
#include "controller/batch.h"
#include "controller/journal.h"
#include "tests/common/run_suite.h"

enum { SEEN_MAX = 100000, ANSWER_MS = 20000, PATH = 64 };

static char folder[PATH / 2], path[PATH];
static journal_t *journal;
static ipc_journal_terms_t terms;

static void make_folder(void)
{
    strcpy(folder, "/tmp/ipc-journal.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/journal.db", folder);
    ck_assert_int_eq(ipc_journal_terms_read(&terms, NULL, NULL), 0);
}

static void remove_folder(void)
{
    journal_destroy(&journal);
    ipc_remove_tree(folder);
}

static void open_journal(void)
{
    ipc_error_t error = {0};
    journal = journal_new(path, &terms, &error);
    ck_assert_msg(journal != NULL, "%s", error.text);
    journal_settle(journal);
}

static void assert_refused(int code, const char *words)
{
    ipc_error_t error = {0};
    journal = journal_new(path, &terms, &error);
    ck_assert_ptr_null(journal);
    ck_assert_int_eq(error.code, code);
    ck_assert_msg(strstr(error.text, words) && strstr(error.text, path), "no '%s', or path, in '%s'", words,
                  error.text);
}

static void accept_job(uint64_t job, uint64_t count)
{
    history_entry_t entry = {.client = 1, .job = job, .count = count, .accepted = (int64_t) job, .engine = UINT32_MAX,
                             .state = IPC_ROW_WAITING, .label = "of a test"};
    journal_add(journal, &entry, "add (prog.c:12)");
}

static void end_positions(uint64_t job, uint64_t first, uint64_t count)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    history_entry_t entry = {.client = 1, .job = job, .first = first, .count = count, .accepted = (int64_t) job,
                             .received = (int64_t) now.tv_sec * 1000000000, .engine = 3, .state = IPC_ROW_DONE,
                             .label = "of a test"};
    journal_add(journal, &entry, "add (prog.c:12)");
}

//  --- What it tells --------------------------------------------------------------------------------------------

typedef struct seen {
    journal_work_t work;
    history_entry_t *entries;
    size_t count;
    bool found[2];                     // of a purge
    bool done;
    ipc_error_t error;
} seen_t;

static bool see(journal_work_t *work, const history_entry_t *entry, ipc_bytes_t function)
{
    seen_t *self = (seen_t *) work;
    ck_assert_uint_lt(self->count, SEEN_MAX);
    static const char name[] = "add (prog.c:12)";
    ck_assert(function.size == strlen(name) && memcmp(function.data, name, function.size) == 0);
    self->entries[self->count++] = *entry;
    return true;
}

static void note_done(journal_work_t *work, const ipc_error_t *error)
{
    seen_t *self = (seen_t *) work;
    self->done = true;
    self->error = *error;
    for (size_t i = 0; i < work->id_count; i++) self->found[i] = work->found[i];
}

static void await(const seen_t *asked)
{
    while (!asked->done) {
        struct pollfd fd = {.fd = journal_fd(journal), .events = POLLIN};
        ck_assert_int_eq(poll(&fd, 1, ANSWER_MS), 1);
        journal_serve(journal);
    }
    ck_assert_msg(asked->error.code == 0, "%s", asked->error.text);
}

//  All entries of positions that are over; free() them.
static seen_t read_all(void)
{
    seen_t seen = {.work = {.visit = see, .done = note_done}, .entries = calloc(SEEN_MAX, sizeof seen.entries[0])};
    journal_read(journal, &seen.work);
    await(&seen);
    return seen;
}

static size_t count_all(void)
{
    seen_t seen = read_all();
    free(seen.entries);
    return seen.count;
}

//  Gives how many entries are gone.
//      count      at most 2
static size_t purge(const uint64_t *ids, size_t count, bool *found)
{
    seen_t purged = {.work = {.done = note_done, .id_count = count}};
    purged.work.ids = ipc_xalloc((count + 1) * sizeof ids[0]);
    purged.work.found = ipc_xalloc(count + 1);
    for (size_t i = 0; i < count; i++) purged.work.ids[i] = ids[i];
    journal_purge(journal, &purged.work);
    await(&purged);
    for (size_t i = 0; i < count; i++) found[i] = purged.found[i];
    return purged.work.count;
}

//  --- Tests ----------------------------------------------------------------------------------------------------

START_TEST(what_is_added_is_read_at_once_and_by_the_next_one)
{
    open_journal();
    accept_job(1000, 10);
    end_positions(1000, 0, 4);
    end_positions(1000, 4, 6);
    for (int round = 0; round < 2; round++) {
        seen_t seen = read_all();
        ck_assert_uint_eq(seen.count, 2);
        ck_assert_uint_eq(seen.entries[0].count, 4);
        ck_assert_uint_eq(seen.entries[1].first, 4);
        ck_assert_uint_eq(seen.entries[1].engine, 3);
        ck_assert_str_eq(seen.entries[1].label, "of a test");
        free(seen.entries);
        journal_destroy(&journal);
        open_journal();
    }
}
END_TEST

//  In the middle of it another thread commits; each reader sees all that was added before it asked.
START_TEST(readers_see_all_that_came_before)
{
    open_journal();
    for (uint64_t i = 0; i < 2000; i++) {
        accept_job(10 + i, 1);
        end_positions(10 + i, 0, 1);
        if (i % 100 == 0)
            ck_assert_uint_eq(count_all(), i + 1);
    }
    ck_assert_uint_eq(count_all(), 2000);
}
END_TEST

START_TEST(it_is_closed_to_others)
{
    struct stat status;
    open_journal();
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0600);
    journal_destroy(&journal);
    ck_assert_int_eq(chmod(path, 0644), 0);
    assert_refused(IPC_E_PERMISSION, "open to others");
}
END_TEST

START_TEST(one_cluster_at_a_time_has_it)
{
    open_journal();
    ipc_error_t error = {0};
    ck_assert_ptr_null(journal_new(path, &terms, &error));
    ck_assert_int_eq(error.code, IPC_E_BUSY);
    ck_assert_int_eq(ipc_journal_remove(path, &error), -1);
    ck_assert_int_eq(error.code, IPC_E_BUSY);
    journal_destroy(&journal);
    ck_assert_int_eq(ipc_journal_remove(path, &error), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

//  Runs a part of a test in a process that is then killed, without any end of its journal.
static void killed_after(void (*part)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        part();
        count_all(); // it has been committed
        raise(SIGKILL);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void leave_open(void)
{
    open_journal();
    accept_job(1000, 10);
    accept_job(2000, 3);
    accept_job(3000, 2);
    end_positions(1000, 6, 2);
    end_positions(1000, 1, 2);
    end_positions(3000, 0, 1);
    end_positions(3001, 0, 1); // a call of a group is a task of its own
}

START_TEST(what_was_accepted_and_is_not_over_is_told_as_lost)
{
    static const uint64_t lost[][3] = {{1000, 0, 1}, {1000, 3, 3}, {1000, 8, 2}, {2000, 0, 3}};
    enum { LOST = sizeof lost / sizeof lost[0], DONE = 4 };
    killed_after(leave_open);
    for (int round = 0; round < 2; round++) { // once, not again and again
        open_journal();
        seen_t seen = read_all();
        ck_assert_uint_eq(seen.count, DONE + LOST);
        for (size_t i = 0; i < LOST; i++) {
            const history_entry_t *entry = &seen.entries[DONE + i];
            ck_assert_uint_eq(entry->job, lost[i][0]);
            ck_assert_uint_eq(entry->first, lost[i][1]);
            ck_assert_uint_eq(entry->count, lost[i][2]);
            ck_assert_uint_eq(entry->state, IPC_ROW_FAILED);
            ck_assert_str_eq(entry->error, "ConnectionError");
            ck_assert_str_eq(entry->label, "of a test");
        }
        free(seen.entries);
        journal_destroy(&journal);
    }
}
END_TEST

static void purge_and_leave(void)
{
    bool found[2];
    leave_open();
    ck_assert_uint_eq(purge((const uint64_t[]){1000, 1500}, 2, found), 2);
    ck_assert(found[0] && !found[1]);
}

START_TEST(what_is_purged_is_not_told_as_lost)
{
    killed_after(purge_and_leave);
    open_journal();
    seen_t seen = read_all();
    ck_assert_uint_eq(seen.count, 2 + 4);
    for (size_t i = 0; i < seen.count; i++) // positions of 1000 that had not ended
        ck_assert(seen.entries[i].job != 1000 || seen.entries[i].state == IPC_ROW_FAILED);
    free(seen.entries);
}
END_TEST

START_TEST(tasks_are_purged_by_id_and_all_at_once)
{
    bool found[2];
    open_journal();
    for (uint64_t i = 0; i < 5000; i++) end_positions(10 + i, 0, 1);
    journal_destroy(&journal);
    open_journal(); // of another run
    for (uint64_t i = 0; i < 5000; i++) end_positions(10000 + i, 0, 1);
    ck_assert_uint_eq(purge((const uint64_t[]){17, 10017}, 2, found), 2);
    ck_assert(found[0] && found[1]);
    ck_assert_uint_eq(purge((const uint64_t[]){17, 10017}, 2, found), 0);
    ck_assert(!found[0] && !found[1]);
    ck_assert_uint_eq(count_all(), 9998);
    ck_assert_uint_eq(purge(NULL, 0, NULL), 9998);
    ck_assert_uint_eq(count_all(), 0);
    end_positions(7, 0, 1);
    ck_assert_uint_eq(count_all(), 1);
}
END_TEST

START_TEST(the_oldest_go_when_it_is_large)
{
    enum { SIZE = 1 << 20, ENTRIES = 40000 };
    struct stat status;
    terms.size = SIZE;
    open_journal();
    for (uint64_t i = 0; i < ENTRIES; i++) {
        end_positions(10 + i, 0, 1);
        if (i % 1000 == 0)
            count_all(); // in batches of that many
    }
    seen_t seen = read_all();
    ck_assert_uint_lt(seen.count, ENTRIES);
    ck_assert_uint_gt(seen.count, ENTRIES / 10);
    for (size_t i = 0; i < seen.count; i++) ck_assert_uint_eq(seen.entries[i].job, 10 + ENTRIES - seen.count + i);
    free(seen.entries);
    journal_destroy(&journal);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_lt(status.st_size, 2 * SIZE);
}
END_TEST

START_TEST(what_is_too_old_goes)
{
    open_journal();
    accept_job(1, 1); // in 1970, by its time
    ck_assert_uint_eq(count_all(), 0);
    history_entry_t old = {.job = 1, .count = 1, .received = 1, .state = IPC_ROW_DONE};
    journal_add(journal, &old, "add (prog.c:12)");
    ck_assert_uint_eq(count_all(), 1);
    end_positions(2, 0, 1);
    ck_assert_uint_eq(count_all(), 2);
    journal_destroy(&journal);
    open_journal();
    ck_assert_uint_eq(count_all(), 1);
}
END_TEST

//  Where words stand in the file, and in one page of it.
static off_t place_of(const char *words)
{
    char page[4096];
    int file = open(path, O_RDONLY);
    off_t place = 0;
    const char *at = NULL;
    while (!at && pread(file, page, sizeof page, place) == sizeof page) {
        at = memmem(page, sizeof page, words, strlen(words));
        place += (off_t) sizeof page;
    }
    close(file);
    ck_assert_ptr_nonnull(at);
    return place - (off_t) sizeof page + (at - page);
}

//  Writes over some bytes of the file, or cuts it there.
static void damage(off_t place, bool cuts)
{
    int file = open(path, O_RDWR);
    ck_assert_int_ge(file, 0);
    if (cuts)
        ck_assert_int_eq(ftruncate(file, place), 0);
    else
        ck_assert_int_eq(pwrite(file, "nonsense", 8, place), 8);
    close(file);
}

START_TEST(a_damaged_one_is_refused_wherever_it_is)
{
    open_journal();
    for (uint64_t i = 0; i < 1000; i++) {
        end_positions(10 + i, 0, 1);
        if (i % 50 == 0)
            count_all();
    }
    journal_destroy(&journal);
    damage(_i == 0 ? 0 : _i == 1 ? 100 : _i == 2 ? place_of("of a test") : 5 * 4096, _i == 3);
    assert_refused(IPC_E_SYSTEM, "is damaged");
}
END_TEST

START_TEST(what_is_no_journal_is_refused)
{
    FILE *file = fopen(path, "w");
    fputs("A letter, say, of more bytes than the head of a database has: it must not be overwritten by anybody.", file);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
    assert_refused(IPC_E_SYSTEM, "is damaged");
}
END_TEST

START_TEST(terms_are_read_and_checked)
{
    static const char *const wrong[] = {"snyc", "size=", "size=0", "size=1T", "size=1K", "age=5m", "age=0d", "sync,",
                                        "size=99999999999999999999", "age=106751991167301d"};
    ipc_error_t error;
    ck_assert_int_eq(ipc_journal_terms_read(&terms, "sync,size=1G,age=36h", NULL), 0);
    ck_assert(terms.sync && terms.size == 1 << 30 && terms.age_s == 36 * 3600);
    ck_assert_int_eq(ipc_journal_terms_read(&terms, "", NULL), 0);
    ck_assert(!terms.sync && terms.size == 256 << 20 && terms.age_s == 90 * 86400);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(ipc_journal_terms_read(&terms, wrong[i], &error) == -1, "%s", wrong[i]);
}
END_TEST

//  A batch is read as it was written, and refused when it is cut at any byte.
START_TEST(every_cut_batch_is_refused)
{
    batch_t *batch = batch_new();
    history_entry_t entry = {.job = 9, .count = 2, .received = 5, .state = IPC_ROW_FAILED, .label = "l", .error = "e"};
    ipc_bytes_t function;
    batch_add(batch, &entry, ipc_bytes_of("one"));
    for (size_t size = 1; size <= batch->body.size; size++) {
        batch_reader_t reader = batch_reader(batch->body.data, size);
        ck_assert_int_eq(batch_next(&reader, &entry, &function), size < batch->body.size ? -1 : 1);
        ck_assert(size < batch->body.size || (function.size == 3 && strcmp(entry.label, "l") == 0));
        batch_reader_free(&reader);
    }
    batch_add(batch, &entry, ipc_bytes_of("two"));
    batch_add(batch, &entry, ipc_bytes_of("one"));
    ck_assert_uint_eq(batch->name_count, 2);
    batch_destroy(&batch);
}
END_TEST

//  --- What outlasts a controller -----------------------------------------------------------------------------------

static char kept[PATH * 4];

static void note_kept(void *context, uint64_t job, ipc_bytes_t frame)
{
    char *text = context;
    size_t size = strlen(text);
    snprintf(text + size, sizeof kept - size, "%d=%.*s ", (int) job, (int) frame.size, frame.data);
}

static void keep(uint64_t job, const char *text)
{
    ipc_auto(ipc_writer_destroy) ipc_writer_t frame = {0};
    ipc_write_raw(&frame, text, strlen(text));
    uint64_t number = journal_keep(journal, job, &frame);
    while (journal_kept_until(journal) < number) usleep(1000); // it is on disk then
}

static void assert_kept(const char *wanted)
{
    ipc_error_t error = {0};
    kept[0] = 0;
    ck_assert_msg(journal_kept(journal, note_kept, kept, &error) == 0, "%s", error.text);
    ck_assert_str_eq(kept, wanted);
}

START_TEST(what_is_kept_for_a_job_is_there_in_its_order_until_it_is_kept_no_more)
{
    open_journal();
    keep(7, "one");
    keep(9, "other");
    keep(7, "two");
    assert_kept("7=one 9=other 7=two ");
    journal_destroy(&journal);
    open_journal();
    assert_kept("7=one 9=other 7=two ");
    journal_keep_no_more(journal, 7);
    keep(9, "last");
    assert_kept("9=other 9=last ");
}
END_TEST

START_TEST(what_is_kept_and_damaged_is_refused)
{
    char text[2000] = "";
    memset(text, 'k', sizeof text - 1);
    open_journal();
    keep(7, text);
    journal_destroy(&journal);
    damage(place_of("kkkkkkkk") + 100, false);
    assert_refused(IPC_E_SYSTEM, "is damaged");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("journal");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_is_added_is_read_at_once_and_by_the_next_one);
    tcase_add_test(tests, readers_see_all_that_came_before);
    tcase_add_test(tests, it_is_closed_to_others);
    tcase_add_test(tests, one_cluster_at_a_time_has_it);
    tcase_add_test(tests, what_was_accepted_and_is_not_over_is_told_as_lost);
    tcase_add_test(tests, what_is_purged_is_not_told_as_lost);
    tcase_add_test(tests, tasks_are_purged_by_id_and_all_at_once);
    tcase_add_test(tests, the_oldest_go_when_it_is_large);
    tcase_add_test(tests, what_is_too_old_goes);
    tcase_add_loop_test(tests, a_damaged_one_is_refused_wherever_it_is, 0, 4);
    tcase_add_test(tests, what_is_no_journal_is_refused);
    tcase_add_test(tests, terms_are_read_and_checked);
    tcase_add_test(tests, every_cut_batch_is_refused);
    tcase_add_test(tests, what_is_kept_for_a_job_is_there_in_its_order_until_it_is_kept_no_more);
    tcase_add_test(tests, what_is_kept_and_damaged_is_refused);
    return run_suite("journal", tests);
}
