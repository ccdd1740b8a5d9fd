//  ipcluster tasks: options that mirror ipc_history_query_t, and SQL over what they leave.
#include "e2e_support.h"

#include <stdlib.h>
#include <string.h>

// clang-format off
IPC_REMOTE(int, same, (int x)) { return x; }
IPC_REMOTE(double, root, (double x))
{
    if (x < 0)
        ipc_raise("DomainError", "no real root of %g", x);
    return x;
}
IPC_REMOTE(int, wait_for, (const char *path)) { gate_await(path); return 1; }
// clang-format on

#define tasks(wanted, ...) ipcluster_prints(wanted, "tasks", __VA_ARGS__)

//  Five tasks of a label: x = 0 … 3 on engine 0 and one that fails on engine 2.
static void run_five(session_t *s, const char *label)
{
    ipc_options_t options = {.label = label};
    for (int x = 0; x < 4; x++) assert_ok(ipc_apply_with_sync(s->one, &options, same, x));
    ck_assert(!ipc_result_ok(ipc_apply_with_sync(view_of(s, "2"), &options, root, -1.0)));
}

//  How many tasks the options show, by the ids in JSON.
static size_t count_ids(char *json)
{
    size_t count = 0;
    for (const char *at = json; (at = strstr(at, "\"id\": ")); at++) count++;
    free(json);
    return count;
}

START_TEST(options_choose_what_a_query_would)
{
    session_t s = session_open();
    run_five(&s, "options");
    ipc_error_t error;
    ipc_history_t *history = ipc_client_history(s.client, &(ipc_history_query_t){.label = "options"}, &error);
    ck_assert_uint_eq(ipc_history_count(history), 5);
    const ipc_task_t *second = ipc_history_at(history, 1);
    char ids[64], client[32], moment[32];
    snprintf(ids, sizeof ids, "%llu,%llu", (unsigned long long) second->id,
             (unsigned long long) ipc_history_at(history, 3)->id);
    snprintf(client, sizeof client, "%llu", (unsigned long long) ipc_client_number(s.client));
    snprintf(moment, sizeof moment, "@%.17g", second->submitted);
    bool distinct = ipc_history_at(history, 0)->submitted < second->submitted;
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, NULL)), 5);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, "--engine", "2,3", NULL)), 1);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, "--state", "failed,done", NULL)), 5);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, "--state", "failed,aborted", NULL)), 1);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--id", ids, NULL)), 2);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, "--not-label", "opt*", NULL)), 0);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, "--not-function", "same", NULL)), 1);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, "--until", "1d", NULL)), 0);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, "--since", "2001-01-01", NULL)), 5);
    ck_assert_uint_eq(count_ids(tasks(0, "--json", "--client", client, "--until", "2001-01-01 12:30", NULL)), 0);
    size_t before = count_ids(tasks(0, "--json", "--client", client, "--submitted-before", moment, NULL));
    size_t from = count_ids(tasks(0, "--json", "--client", client, "--submitted-from", moment, NULL));
    ck_assert_uint_eq(before + from, 5);
    ck_assert(!distinct || before == 1);
    ipc_history_destroy(&history);
    session_close(&s);
}
END_TEST

//  A label that is no UTF-8, such as one that was cut, loses no row.
START_TEST(texts_of_any_bytes_are_shown)
{
    session_t s = session_open();
    assert_ok(ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "cut \xc3"}, same, 1));
    assert_shows(tasks(0, "--json", "--label", "cut*", NULL), "\"label\": \"cut ?\"");
    session_close(&s);
}
END_TEST

#if HAVE_SQL

static void assert_is(char *text, const char *expected)
{
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(sql_counts_groups_and_compares)
{
    session_t s = session_open();
    run_five(&s, "sql");
    assert_is(tasks(0, "--label", "sql", "--sql",
                    "SELECT substr(function, 1, 4) AS name, count(*), sum(attempts) FROM tasks GROUP BY name "
                    "ORDER BY name",
                    NULL),
              "name  count(*)  sum(attempts)\n"
              "root         1              1\n"
              "same         4              4\n");
    assert_is(tasks(0, "--json", "--label", "sql", "--sql",
                    "SELECT state, engine, error FROM tasks WHERE engine > 1 AND state <> 'done'", NULL),
              "[\n  {\n    \"state\": \"failed\",\n    \"engine\": 2,\n    \"error\": \"DomainError\"\n  }\n]\n");
    assert_is(tasks(0, "--label", "sql", "--sql", "SELECT * FROM tasks WHERE submitted > finished", NULL),
              "id  client  first  count  state  engine  attempts  function  label  error  submitted  accepted  sent  "
              "started  finished  received  peak_memory\n");
    assert_is(tasks(0, "--json", "--sql", "SELECT 1 WHERE 0", NULL), "[]\n");
    session_close(&s);
}
END_TEST

//  $gt and $lt, as IPython Parallel's store mixes them up: of 0 … 3 those above 1 are 2 and 3.
START_TEST(comparisons_are_what_they_say)
{
    session_t s = session_open();
    run_five(&s, "compare");
    static const struct {
        const char *where, *rows;
    } cases[] = {{"place > 1", "2,3"},         {"place >= 1", "1,2,3"}, {"place < 1", "0"},
                 {"place <= 1", "0,1"},        {"place = 2", "2"},      {"place <> 2", "0,1,3"},
                 {"place IN (0, 3)", "0,3"},   {"place NOT IN (0, 3)", "1,2"},
                 {"place = 3 AND engine = 0", "3"}, {"engine = 0 AND place <> 1", "0,2,3"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sql[512], expected[64];
        snprintf(sql, sizeof sql,
                 "WITH places AS (SELECT row_number() OVER (ORDER BY submitted, id) - 1 AS place, engine FROM tasks "
                 "WHERE function LIKE 'same%%') SELECT group_concat(place) AS rows FROM places WHERE %s",
                 cases[i].where);
        snprintf(expected, sizeof expected, "\"rows\": \"%s\"", cases[i].rows);
        assert_shows(tasks(0, "--json", "--label", "compare", "--sql", sql, NULL), expected);
    }
    session_close(&s);
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
    session_t s = session_open();
    gate_t gate = gate_new();
    ipc_result_t *first = ipc_apply_with(s.all, &(ipc_options_t){.label = "null"}, wait_for, (const char *) gate.path);
    ipc_result_t *second = ipc_map_with(s.any, same, ipc_range(0, 1000), &(ipc_options_t){.label = "null"});
    char *text;
    for (;;) { // until one of the map waits at no engine
        text = tasks(0, "--json", "--label", "null", "--state", "waiting", "--sql",
                     "SELECT engine, started, finished, received, peak_memory FROM tasks WHERE engine IS NULL LIMIT 1",
                     NULL);
        if (strstr(text, "engine"))
            break;
        free(text);
    }
    assert_is(text, "[\n  {\n    \"engine\": null,\n    \"started\": null,\n    \"finished\": null,\n"
                    "    \"received\": null,\n    \"peak_memory\": null\n  }\n]\n");
    assert_is(tasks(0, "--label", "null", "--state", "waiting", "--sql",
                    "SELECT engine, 7 AS seven FROM tasks WHERE engine IS NULL LIMIT 1", NULL),
              "engine  seven\n     -      7\n");
    while (!ipc_result_wait(first, 1)) gate_nudge(&gate);
    assert_ok(first);
    assert_ok(second);
    gate_remove(&gate);
    session_close(&s);
}
END_TEST

//  All of them, where without --sql the newest 100 are shown.
START_TEST(sql_sees_all_tasks_unless_there_is_a_limit)
{
    enum { MANY = 150 };
    session_t s = session_open();
    for (int i = 0; i < MANY; i++) assert_ok(ipc_apply_with_sync(s.one, &(ipc_options_t){.label = "many"}, same, i));
    assert_is(tasks(0, "--label", "many", "--sql", "SELECT count(*) AS n FROM tasks", NULL), "  n\n150\n");
    assert_is(tasks(0, "--label", "many", "--limit", "7", "--sql", "SELECT count(*) AS n FROM tasks", NULL), "n\n7\n");
    session_close(&s);
}
END_TEST

//  One sentence, and nothing is changed, least of all a file.
START_TEST(wrong_sql_is_told_in_a_sentence)
{
    static const struct {
        const char *sql, *words;
    } cases[] = {
        {"", "is empty"},
        {" -- nothing", "is empty"},
        {"SELEC 1", "syntax error"},
        {"SELECT nonsense FROM tasks", "no such column: nonsense"},
        {"SELECT * FROM jobs", "no such table: jobs"},
        {"SELECT 1; SELECT 2", "takes one SELECT"},
        {"DELETE FROM tasks", "takes a SELECT"},
        {"UPDATE tasks SET id = 1", "takes a SELECT"},
        {"DROP TABLE tasks", "takes a SELECT"},
        {"CREATE TABLE other (x)", "takes a SELECT"},
        {"PRAGMA user_version", "takes a SELECT"},
        {"ATTACH '/tmp/ipc-other' AS other", "takes a SELECT"},
        {"VACUUM INTO '/tmp/ipc-other'", "takes a SELECT"},
        {"BEGIN", "takes a SELECT"},
        {"SELECT load_extension('x')", "load_extension"},
        {"SELECT abs(-9223372036854775808)", "integer overflow"},
    };
    session_t s = session_open();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = tasks(1, "--sql", cases[i].sql, NULL);
        ck_assert_msg(strstr(text, cases[i].words) != NULL, "no '%s' in '%s'", cases[i].words, text);
        ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
        free(text);
    }
    session_close(&s);
}
END_TEST

#else

START_TEST(without_sqlite_a_sentence_says_so)
{
    session_t s = session_open();
    assert_shows(tasks(1, "--sql", "SELECT 1", NULL), "built without SQLite");
    session_close(&s);
}
END_TEST

#endif

static void add(TCase *tests)
{
    tcase_add_test(tests, options_choose_what_a_query_would);
    tcase_add_test(tests, texts_of_any_bytes_are_shown);
#if HAVE_SQL
    tcase_add_test(tests, sql_counts_groups_and_compares);
    tcase_add_test(tests, comparisons_are_what_they_say);
    tcase_add_test(tests, what_is_not_known_is_null);
    tcase_add_test(tests, sql_sees_all_tasks_unless_there_is_a_limit);
    tcase_add_test(tests, wrong_sql_is_told_in_a_sentence);
#else
    tcase_add_test(tests, without_sqlite_a_sentence_says_so);
#endif
}

int main(void)
{
    return e2e_main("sql", add);
}
