//  The options of ipcluster tasks: what is asked of the history.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/ipcluster.h"

const char tasks_help[] =
    "usage: ipcluster tasks [options]\n"
    "\n"
    "shows the last tasks of all clients, and those under way, in the order of their submission.\n"
    "What is asked for must all be so:\n"
    "\n"
    "  --id ID[,ID]            tasks of these ids\n"
    "  --state STATE[,STATE]   waiting, running, done, failed, aborted\n"
    "  --engine ID[,ID]        at these engines\n"
    "  --client NUMBER         of this client, as --json tells it\n"
    "  --label, --not-label PATTERN, --function, --not-function PATTERN\n"
    "                          patterns as of the shell; --not-label '?*': those without a label\n"
    "  --since, --until TIME   not over before; accepted until then\n"
    "  --submitted-from, --submitted-before TIME\n"
    "                          submitted from then on; before then\n"
    "  --limit N               the newest so many (100; with --sql all)\n"
    "\n"
    "A TIME is so long ago (90s, 10m, 2h, 1d), or a date (2026-11-28, '2026-11-28 21:00:00'), or\n"
    "seconds since 1970 (@1764363262.25).\n"
    "\n"
    "  --json                  as JSON\n"
    "  --sql SELECT            what a SELECT of SQLite's gives of these tasks, as text (NULL is -) or JSON:\n"
    "\n"
    "      ipcluster tasks --sql 'SELECT function, avg(finished - started) FROM tasks GROUP BY function'\n"
    "\n"
    "  The one table is tasks; a row is one task, or positions of one that came back together:\n"
    "      id, client, first, count, attempts  INTEGER\n"
    "      engine                              INTEGER, NULL: none\n"
    "      state, function, label, error       TEXT, '' where there is none\n"
    "      submitted, accepted, sent, started, finished, received\n"
    "                                          REAL, seconds since 1970, NULL: not yet\n"
    "      peak_memory                         INTEGER, bytes, NULL: not measured\n"
    "\n"
    "--profile NAME and --cluster-id NAME choose the cluster.";

//  "90", "90s", "10m", "2h", "1d": seconds. False if it is none.
static bool read_span(const char *text, double *seconds)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end;
    errno = 0;
    *seconds = strtod(text, &end);
    if (errno || end == text || !(*seconds >= 0) || *seconds > 1e9)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0)
            return *seconds *= units[i].seconds, true;
    return false;
}

//  A date of this place, with or without the time of day.
static bool read_date(const char *text, double *time)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm date = {.tm_isdst = -1};
        const char *end = strptime(text, forms[i], &date);
        if (end && *end == 0)
            return *time = (double) mktime(&date), true;
    }
    return false;
}

//  A time as the options take it, in seconds since 1970.
static int read_time(const char *option, const char *text, double *seconds)
{
    char *end;
    double ago;
    errno = 0;
    if (text[0] == '@') {
        *seconds = strtod(text + 1, &end);
        if (!errno && end != text + 1 && *end == 0 && *seconds > 0)
            return 0;
    } else if (read_span(text, &ago)) {
        *seconds = (double) time(NULL) - ago;
        return 0;
    } else if (read_date(text, seconds)) {
        return 0;
    }
    return fail_usage("%s takes a time such as 90s, 10m, 2h or 1d, a date, or @ and seconds since 1970, not \"%s\"",
                      option, text);
}

static int read_states(const char *text, unsigned *states)
{
    enum { NAME_ROOM = 16 };
    for (const char *at = text; at;) {
        char name[NAME_ROOM];
        size_t size = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int) (size < sizeof name ? size : sizeof name - 1), at);
        ipc_task_state_t state = ipc_task_state_of(name);
        if (state == IPC_TASK_ANY)
            return fail_usage("--state takes waiting, running, done, failed or aborted, or several, not \"%s\"", text);
        *states |= IPC_TASK_BIT(state);
        at = at[size] ? at + size + 1 : NULL;
    }
    return 0;
}

//  A number from 1 on, which ends with one of these.
static bool read_number(const char *text, const char *ends, uint64_t *number, const char **rest)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    *rest = end;
    return text[0] >= '0' && text[0] <= '9' && !errno && *number > 0 && (!*end || strchr(ends, *end));
}

static int read_ids(arguments_t *arguments, const char *text)
{
    for (const char *at = text;; at++) {
        uint64_t id;
        if (!read_number(at, ",", &id, &at))
            return fail_usage("--id takes the id of a task, or several, not \"%s\"", text);
        if (arguments->query.id_count == IDS_MAX)
            return fail_usage("--id takes at most %d ids", IDS_MAX);
        arguments->ids[arguments->query.id_count++] = id;
        arguments->query.ids = arguments->ids;
        if (!*at)
            return 0;
    }
}

static int read_engine_ids(ipc_history_query_t *query, const char *text)
{
    query->engine = text;
    for (const char *at = text;; at++) {
        size_t digits = strspn(at, "0123456789");
        at += digits;
        if (digits == 0 || digits > 9 || (*at && *at != ','))
            return fail_usage("--engine takes the id of an engine, or several, not \"%s\"", text);
        if (!*at)
            return 0;
    }
}

int read_task_option(arguments_t *arguments, int letter, const char *text)
{
    ipc_history_query_t *query = &arguments->query;
    uint64_t number;
    const char *rest;
    switch (letter) {
    case 's': return read_states(text, &query->states);
    case 'e': return read_engine_ids(query, text);
    case 'i': return read_ids(arguments, text);
    case 'L': query->label = text; return 0;
    case 'f': query->function = text; return 0;
    case 'X': query->not_label = text; return 0;
    case 'Y': query->not_function = text; return 0;
    case 'q': arguments->sql = text; return 0;
    case 't': return read_time("--since", text, &query->since);
    case 'u': return read_time("--until", text, &query->until);
    case 'F': return read_time("--submitted-from", text, &query->submitted_from);
    case 'B': return read_time("--submitted-before", text, &query->submitted_before);
    case 'k':
        return read_number(text, "", &query->client, &rest)
                   ? 0
                   : fail_usage("--client takes the number of a client, not \"%s\"", text);
    default:
        if (!read_number(text, "", &number, &rest))
            return fail_usage("--limit takes a number from 1 on, not \"%s\"", text);
        query->limit = (size_t) number;
        return 0;
    }
}
