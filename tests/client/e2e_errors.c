//  Errors that remote functions raise: their kinds and words, partial failure, how they
//  print, and those that nobody looked at.
#include "e2e_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// clang-format off
IPC_REMOTE(double, root, (double x))
{
    if (x < 0)
        ipc_raise("DomainError", "no real root of %g", x);
    return sqrt(x);
}

IPC_REMOTE(int64_t, odd_fail, (void))
{
    if (ipc_engine_id() % 2)
        ipc_raise("OddError", "engine %d is odd", (int) ipc_engine_id());
    return 100 + ipc_engine_id();
}

IPC_REMOTE(int64_t, fail_at_3, (int64_t item))
{
    if (item % 4 == 3)
        ipc_raise("ItemError", "item %lld", (long long) item);
    return item;
}

IPC_REMOTE(void, raise_and_go_on, (void))
{
    ipc_ns_set("went_on", ipc_bool(false));
    ipc_raise("Stop", "here");
    ipc_ns_set("went_on", ipc_bool(true));
}

IPC_REMOTE(ipc_value_t, look_up, (const char *name)) { return ipc_ns_get(name); }
IPC_REMOTE(void, long_words, (void))
{
    char text[2000];
    memset(text, 'w', sizeof text - 1);
    text[sizeof text - 1] = 0;
    ipc_raise("AKindWhoseNameIsMuchLongerThanThirtyTwoBytes", "%s", text);
}

//  Fails until it has been called `times` times on this engine.
IPC_REMOTE(int64_t, fail_times, (int64_t times))
{
    int64_t calls = ipc_ns_has("calls") ? ipc_value_i64(ipc_ns_get("calls")) : 0;
    ipc_ns_set("calls", calls + 1);
    if (calls < times)
        ipc_raise("NotYet", "call %lld", (long long) calls);
    return calls;
}
// clang-format on

START_TEST(what_a_function_raises_arrives)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.one, root, -1);
    ck_assert(!ipc_result_ok(r));
    const ipc_error_t *error = ipc_result_error(r);
    ck_assert_int_eq(error->code, IPC_E_REMOTE);
    ck_assert_int_eq(error->engine, 0);
    ck_assert_str_eq(error->kind, "DomainError");
    ck_assert_str_eq(error->text, "no real root of -1");
    assert_prints(r, "<DomainError>");
    ck_assert(isnan(ipc_result_f64(r, 0)));
    assert_prints(ipc_apply(s.one, root, 4), "2");
    session_close(&s);
}
END_TEST

START_TEST(other_positions_stay_readable)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, odd_fail);
    ck_assert(!ipc_result_ok(r));
    ck_assert_int_eq(ipc_result_i64(r, 0), 100);
    ck_assert_int_eq(ipc_result_i64(r, 2), 102);
    ck_assert_int_eq(ipc_result_i64(r, 1), 0);
    ck_assert_ptr_null(ipc_result_error_at(r, 0));
    ck_assert_str_eq(ipc_result_error_at(r, 1)->text, "engine 1 is odd");
    ck_assert_str_eq(ipc_result_error_at(r, 3)->text, "engine 3 is odd");
    ck_assert_int_eq(ipc_result_error_at(r, 3)->engine, 3);
    assert_prints(r, "[100, <OddError>, 102, <OddError>]");
    ck_assert_ptr_null(ipc_result_joined(r));
    const ipc_error_t *first = ipc_result_error(r);
    ck_assert_int_eq(first->engine, 1);
    ck_assert_msg(strstr(first->text, "engine 1 is odd") != NULL, "%s", first->text);
    ck_assert_msg(strstr(first->text + strlen("engine 1 is odd"), "1") != NULL,
                  "the number of the others is not in '%s'", first->text);
    session_close(&s);
}
END_TEST

START_TEST(printing_shows_one_head_for_each_engine)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_apply_sync(s.all, root, -1);
    char *text = error_text_of(ipc_result_error(r));
    const char *rest = text;
    for (int i = 0; i < ENGINES; i++) {
        char head[32];
        snprintf(head, sizeof head, "[%d:apply]:", i);
        const char *found = strstr(rest, head);
        ck_assert_msg(found != NULL, "no %s in:\n%s", head, text);
        ck_assert_msg(found == text || found[-1] == '\n', "%s begins no line in:\n%s", head,
                      text);
        rest = found + 1;
    }
    ck_assert(strstr(text, "DomainError") && strstr(text, "no real root of -1"));
    ck_assert_msg(strstr(text, "root") != NULL, "%s", text);
    free(text);
    session_close(&s);
}
END_TEST

START_TEST(nothing_after_a_raise_runs)
{
    session_t s = session_open();
    ck_assert(!ipc_result_ok(ipc_apply(s.one, raise_and_go_on)));
    assert_prints(ipc_pull(s.one, "went_on"), "false");
    session_close(&s);
}
END_TEST

START_TEST(a_missing_name_is_a_name_error)
{
    session_t s = session_open();
    ipc_result_t *results[] = {
        ipc_apply(s.all, look_up, "nobody"),
        ipc_pull(s.all, "nobody"),
        ipc_gather(s.all, "nobody"),
        ipc_apply(s.all, root, ipc_ref("nobody")),
    };
    for (int i = 0; i < 4; i++) {
        ck_assert(!ipc_result_ok(results[i]));
        ck_assert_str_eq(ipc_result_error_at(results[i], 2)->kind, "NameError");
        ck_assert_int_eq(ipc_result_error_at(results[i], 2)->engine, 2);
        assert_fails(results[i], "nobody");
    }
    assert_prints(results[1], "[<NameError>, <NameError>, <NameError>, <NameError>]");
    session_close(&s);
}
END_TEST

START_TEST(a_reference_of_another_kind_is_an_error_of_the_engine)
{
    session_t s = session_open();
    ipc_push(s.all, "words", "text");
    ipc_result_t *r = ipc_apply(s.all, root, ipc_ref("words"));
    assert_fails(r, "argument");
    ipc_push(s.all, "nine", 9);
    assert_prints(ipc_apply(s.all, root, ipc_ref("nine")), "[3, 3, 3, 3]");
    session_close(&s);
}
END_TEST

START_TEST(items_fail_one_by_one)
{
    session_t s = session_open();
    ipc_view_t *views[] = {s.all, s.any};
    for (int i = 0; i < 2; i++) {
        ipc_result_t *r = ipc_map_sync(views[i], fail_at_3, ipc_range(0, 8));
        assert_prints(r, "[0, 1, 2, <ItemError>, 4, 5, 6, <ItemError>]");
        ck_assert_str_eq(ipc_result_error_at(r, 7)->text, "item 7");
        ck_assert_int_eq(ipc_result_i64(r, 6), 6);
        size_t failed = 0;
        for (ipc_item_t *it; (it = ipc_result_next(r));) {
            failed += it->error != NULL;
            ck_assert(it->error == NULL || ipc_value_is_none(it->value));
        }
        ck_assert_uint_eq(failed, 2);
    }
    ipc_options_t chunks = {.chunk = 5};
    assert_prints(ipc_map_with_sync(s.any, fail_at_3, ipc_range(0, 8), &chunks),
                  "[0, 1, 2, <ItemError>, 4, 5, 6, <ItemError>]");
    session_close(&s);
}
END_TEST

START_TEST(retries_cover_what_is_raised)
{
    session_t s = session_open();
    assert_ok(ipc_push_sync(s.all, "calls", 0));
    ipc_options_t options = {.retries = 2};
    assert_prints(ipc_apply_with_sync(s.one, &options, fail_times, 2), "2");
    assert_ok(ipc_push_sync(s.all, "calls", 0));
    ipc_result_t *r = ipc_apply_with_sync(s.one, &options, fail_times, 3);
    ck_assert(!ipc_result_ok(r));
    ck_assert_str_eq(ipc_result_error(r)->kind, "NotYet");
    assert_ok(ipc_push_sync(s.all, "calls", 0));
    assert_ok(ipc_map_with_sync(s.any, fail_times, ipc_list(1, 1, 1),
                                &(ipc_options_t){.retries = 10}));
    session_close(&s);
}
END_TEST

START_TEST(long_words_are_cut)
{
    session_t s = session_open();
    const ipc_error_t *error = ipc_result_error(ipc_apply(s.one, long_words));
    ck_assert_ptr_nonnull(error);
    ck_assert_uint_le(strlen(error->kind), 31);
    ck_assert_uint_gt(strlen(error->text), 400);
    session_close(&s);
}
END_TEST

//  What closing the client, or destroying the result, writes to stderr.
static char *unread_of(int failing, bool destroy)
{
    FILE *file = tmpfile();
    session_t s = session_open();
    ipc_result_t *results[12];
    for (int i = 0; i < failing; i++) results[i] = ipc_apply(s.one, root, -1 - i);
    assert_ok(ipc_apply_sync(s.one, root, 1)); // behind them all
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    for (int i = 0; destroy && i < failing; i++) ipc_result_destroy(&results[i]);
    session_close(&s);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    char *text = calloc(1, 20000);
    rewind(file);
    size_t size = fread(text, 1, 19999, file);
    text[size] = 0;
    fclose(file);
    return text;
}

static size_t lines_with(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *found = text; (found = strstr(found, word)); found++) count++;
    return count;
}

START_TEST(unread_errors_are_written_to_stderr)
{
    char *text = unread_of(2, true);
    ck_assert_msg(lines_with(text, "no real root of") == 2, "%s", text);
    free(text);
    text = unread_of(12, true);
    ck_assert_msg(lines_with(text, "no real root of") == 8, "%s", text);
    free(text);
    text = unread_of(1, false);
    ck_assert_msg(lines_with(text, "no real root of") == 1, "%s", text);
    free(text);
}
END_TEST

START_TEST(four_parts_are_printed_and_the_others_counted)
{
    session_t s = session_open();
    ipc_result_t *r = ipc_map_sync(s.any, fail_at_3, ipc_range(0, 40)); // ten fail
    const ipc_error_t *error = ipc_result_error(r);
    ck_assert_uint_eq(ipc_error_count(error), 10);
    ck_assert_ptr_null(ipc_error_part(error, 10));
    for (size_t i = 0; i < 10; i++) {
        const ipc_error_t *part = ipc_error_part(error, i);
        ck_assert_ptr_eq(part, ipc_result_error_at(r, 4 * i + 3));
        ck_assert_str_eq(ipc_error_method(part), "map");
        ck_assert_int_ge(part->engine, 0);
        ck_assert_msg(strncmp(part->where, "fail_at_3 (e2e_errors.c:", 24) == 0, "%s", part->where);
    }
    ck_assert_str_eq(ipc_error_part(error, 9)->text, "item 39");
    char *text = error_text_of(error);
    ck_assert_msg(lines_with(text, ":map]: ItemError: item ") == 4, "%s", text);
    ck_assert_msg(strstr(text, "item 15\n") && !strstr(text, "item 19"), "%s", text);
    const char *end = "… and 6 more\n";
    ck_assert_msg(strlen(text) > strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0, "%s", text);
    free(text);
    text = display_of(r); // the errors, as above
    ck_assert_msg(strstr(text, end) != NULL, "%s", text);
    free(text);
    session_close(&s);
}
END_TEST

START_TEST(errors_of_joined_results_are_plain_parts)
{
    session_t s = session_open();
    ipc_result_t *both[] = {ipc_apply(s.all, odd_fail), ipc_apply(s.all, root, -1)};
    ipc_result_t *joined = ipc_result_join(both, 2), *again[] = {joined, ipc_pull(s.one, "nobody")};
    ipc_result_t *all = ipc_result_join(again, 2);
    const ipc_error_t *error = ipc_result_error(all);
    const char *kinds[] = {"OddError", "OddError", "DomainError", "DomainError", "DomainError", "DomainError",
                           "NameError"};
    ck_assert_uint_eq(ipc_error_count(error), 7);
    for (size_t i = 0; i < 7; i++) {
        ck_assert_str_eq(ipc_error_part(error, i)->kind, kinds[i]);
        ck_assert_uint_eq(ipc_error_count(ipc_error_part(error, i)), 1);
    }
    ck_assert_str_eq(ipc_error_method(ipc_error_part(error, 6)), "pull");
    ck_assert_msg(strstr(error->text, "(and 6 more failed)") != NULL, "%s", error->text);
    char *text = error_text_of(error);
    ck_assert_msg(strncmp(text, "[1:apply]: OddError: engine 1 is odd\n", 37) == 0, "%s", text);
    ck_assert_msg(strstr(text, "… and 3 more\n") != NULL, "%s", text);
    free(text);
    session_close(&s);
}
END_TEST

//  An error that never reached an engine has no engine in its words, and is one for all positions.
START_TEST(a_refused_call_is_one_plain_sentence)
{
    session_t s = session_open();
    const ipc_error_t *error = ipc_result_error(ipc_apply_sync(s.all, root));
    ck_assert_uint_eq(ipc_error_count(error), 1);
    ck_assert_ptr_eq(ipc_error_part(error, 0), error);
    ck_assert_int_eq(error->engine, -1);
    ck_assert_str_eq(ipc_error_trace(error), "");
    ck_assert_str_eq(ipc_error_method(error), "");
    char *text = error_text_of(error);
    ck_assert_str_eq(text, "root takes 1 argument, got 0\n");
    free(text);
    ck_assert_uint_eq(ipc_error_count(NULL), 0);
    ck_assert_ptr_null(ipc_error_part(NULL, 0));
    session_close(&s);
}
END_TEST

//  Parts of a result that somebody has looked at are not told again when the result goes; others are, once.
START_TEST(parts_share_whether_somebody_looked)
{
    for (int look = 0; look < 2; look++) {
        FILE *file = tmpfile();
        session_t s = session_open();
        ipc_result_t *r = ipc_apply_sync(s.all, root, -1), *part = ipc_result_slice(r, 1, 3);
        if (look)
            ck_assert(!ipc_result_ok(part));
        int saved = dup(STDERR_FILENO);
        dup2(fileno(file), STDERR_FILENO);
        ipc_result_destroy(&r);
        session_close(&s);
        dup2(saved, STDERR_FILENO);
        close(saved);
        char text[4096] = "";
        rewind(file);
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        fclose(file);
        ck_assert_msg(lines_with(text, "no real root of") == (look ? 0 : 1), "%s", text);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, four_parts_are_printed_and_the_others_counted);
    tcase_add_test(tests, errors_of_joined_results_are_plain_parts);
    tcase_add_test(tests, a_refused_call_is_one_plain_sentence);
    tcase_add_test(tests, parts_share_whether_somebody_looked);
    tcase_add_test(tests, what_a_function_raises_arrives);
    tcase_add_test(tests, other_positions_stay_readable);
    tcase_add_test(tests, printing_shows_one_head_for_each_engine);
    tcase_add_test(tests, nothing_after_a_raise_runs);
    tcase_add_test(tests, a_missing_name_is_a_name_error);
    tcase_add_test(tests, a_reference_of_another_kind_is_an_error_of_the_engine);
    tcase_add_test(tests, items_fail_one_by_one);
    tcase_add_test(tests, retries_cover_what_is_raised);
    tcase_add_test(tests, long_words_are_cut);
    tcase_add_test(tests, unread_errors_are_written_to_stderr);
}

int main(void)
{
    return e2e_main("errors", add_tests);
}
