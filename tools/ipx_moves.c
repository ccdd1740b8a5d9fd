//  Names and values, from the engines to the shell and back.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/ipx_magics.h"

//  --- %who ----------------------------------------------------------------------------------------------------

//  What one engine has under one name.
typedef struct named {
    const char *name, *type;           // lent by the result
    size_t position;                   // of the engine
} named_t;

static int by_name_and_type(const void *a, const void *b)
{
    const named_t *first = a, *second = b;
    int order = strcmp(first->name, second->name);
    order = order ? order : strcmp(first->type, second->type);
    return order ? order : first->position < second->position ? -1 : 1;
}

//  All names of all engines, sorted; free() it.
static named_t *collect_names(ipc_result_t *result, size_t *count)
{
    named_t *all = NULL;
    *count = 0;
    for (size_t i = 0; i < ipc_result_count(result); i++) {
        ipc_value_t names = ipc_result_value(result, i);
        size_t more = ipc_value_count(names);
        all = ipc_xrealloc(all, (*count + more) * sizeof all[0]);
        for (size_t k = 0; k < more; k++)
            all[(*count)++] = (named_t){ipc_value_key(names, k), ipc_value_str(ipc_value_at(names, k)), i};
    }
    if (*count > 0)
        qsort(all, *count, sizeof all[0], by_name_and_type);
    return all;
}

//  A line for each name and type; the engines stand behind it where not all have it so.
static void print_names(ipc_result_t *result)
{
    size_t count, end;
    named_t *all = collect_names(result, &count);
    for (size_t i = 0; i < count; i = end) {
        for (end = i + 1; end < count && !strcmp(all[end].name, all[i].name) && !strcmp(all[end].type, all[i].type);)
            end++;
        bool everywhere = end - i == ipc_result_count(result);
        printf(everywhere ? "%-16s %s" : "%-16s %-32s", all[i].name, all[i].type);
        for (size_t k = i; !everywhere && k < end; k++)
            printf("%s%d", k == i ? " engine " : ", ", ipc_result_metadata(result, all[k].position)->engine);
        putchar('\n');
    }
    free(all);
}

int magic_who(magic_call_t *call)
{
    ipx_session_t *session = call->shell->session;
    if (call->rest[0])
        return magic_wrong("%%who takes no '%.60s': it shows all names", call->rest);
    ipx_local_t *local = call->flags.local ? ipx_session_local(session) : NULL;
    if (call->flags.local && !local)
        return EXIT_FAILED;
    ipc_auto(ipc_view_destroy) ipc_view_t *view = local ? NULL : ipx_session_open(session, call->flags.targets);
    if (!local && !view)
        return EXIT_FAILED;
    ipc_auto(ipc_result_destroy) ipc_result_t *names = ipc_names(local ? ipx_local_view(local) : view);
    int exit_code = local ? ipx_session_wait_here(session, names)
                          : ipx_site_wait(ipx_session_site(session), names, NULL, &call->flags);
    if (exit_code == EXIT_DONE)
        print_names(names);
    return exit_code;
}

//  --- %push ---------------------------------------------------------------------------------------------------

//  Sends a value of the shell's own to the engines.
//      from   taken: of one position
static int push_value(magic_call_t *call, const char *name, ipc_result_t *from)
{
    ipx_session_t *session = call->shell->session;
    int exit_code = ipx_session_wait_here(session, from);
    ipc_auto(ipc_view_destroy) ipc_view_t *view = exit_code ? NULL : ipx_session_open(session, call->flags.targets);
    if (view && ipc_value_is_none(ipc_result_value(from, 0)))
        exit_code = magic_wrong("'%s' has no value that can be sent: numbers, strings and arrays can", name);
    else if (view)
        exit_code = ipx_session_finish(session, &call->flags, ipc_push(view, name, ipc_result_value(from, 0)));
    else if (!exit_code)
        exit_code = EXIT_FAILED;
    ipc_result_destroy(&from);
    return exit_code;
}

int magic_push(magic_call_t *call)
{
    enum { NAMES_MAX = 64 };
    char *names[NAMES_MAX], *sign = strchr(call->rest, '=');
    ipx_local_t *local = call->rest[0] ? ipx_session_local(call->shell->session) : NULL;
    if (!call->rest[0])
        return magic_wrong("%%push needs the names of what is here, or one name and an expression: %%push n = 2 * k");
    if (!local)
        return EXIT_FAILED;
    if (sign) {
        *sign = 0;
        if (magic_words(call->rest, names, 1) != 1)
            return magic_wrong("%%push takes one name before the sign =");
        return push_value(call, names[0], ipc_execute(ipx_local_view(local), sign + 1));
    }
    size_t count = magic_words(call->rest, names, NAMES_MAX);
    if (count > NAMES_MAX)
        return magic_wrong("%%push takes at most %d names", NAMES_MAX);
    int worst = EXIT_DONE;
    for (size_t i = 0; i < count && worst == EXIT_DONE; i++)
        worst = push_value(call, names[i], ipc_pull(ipx_local_view(local), names[i]));
    return worst;
}

//  --- %pull ---------------------------------------------------------------------------------------------------

//  Of one engine its value, of several the joined array, or a list where they do not join.
//      items   room for as many values as the result has, which the value may refer to
static ipc_value_t pulled_value(ipc_result_t *result, ipc_value_t *items)
{
    size_t count = ipc_result_count(result);
    if (count == 1)
        return ipc_result_value(result, 0);
    ipc_value_t joined = ipc_result_joined_value(result);
    if (!ipc_value_is_none(joined))
        return joined;
    for (size_t i = 0; i < count; i++) items[i] = ipc_result_value(result, i);
    return ipc_value_from_list(items, count);
}

int magic_pull(magic_call_t *call)
{
    ipx_session_t *session = call->shell->session;
    char *words[3];
    size_t count = magic_words(call->rest, words, 3);
    if (count != 1 && !(count == 3 && strcmp(words[1], "as") == 0))
        return magic_wrong("%%pull takes a name, and what it is called here if that is another: %%pull a as b");
    ipx_local_t *local = ipx_session_local(session);
    ipc_auto(ipc_view_destroy) ipc_view_t *view = local ? ipx_session_open(session, call->flags.targets) : NULL;
    if (!view)
        return EXIT_FAILED;
    ipc_auto(ipc_result_destroy) ipc_result_t *result = ipc_pull(view, words[0]);
    int exit_code = ipx_site_wait(ipx_session_site(session), result, NULL, &call->flags);
    if (exit_code)
        return exit_code;
    ipc_value_t *items = ipc_xalloc(ipc_result_count(result) * sizeof items[0]);
    const char *name = words[count - 1];
    ipc_auto(ipc_result_destroy) ipc_result_t *here =
        ipc_push(ipx_local_view(local), name, pulled_value(result, items));
    exit_code = ipx_session_wait_here(session, here);
    free(items);
    return exit_code;
}
