#include "client/terms.h"

#include <stdlib.h>
#include <string.h>

#include "client/given.h"
#include "client/kept.h"
#include "common/fail.h"
#include "common/needs.h"

static bool is_named(const ipc_dependency_t *dependency)
{
    return dependency && dependency->count > 0;
}

bool terms_are_set(const ipc_options_t *options)
{
    return is_named(options->after) || is_named(options->follow) || (options->needs && *options->needs);
}

bool terms_has_open_gather(const ipc_result_t *result)
{
    if (result->shape == RESULT_GATHER && !result->finished)
        return true;
    for (size_t i = 0; parts_is_view(result) && i < result->more->source_count; i++)
        if (terms_has_open_gather(result->more->sources[i]->source))
            return true;
    return false;
}

static int check_dependency(const ipc_client_t *client, const char *name, const ipc_dependency_t *dependency,
                            ipc_error_t *error)
{
    for (size_t i = 0; dependency && i < dependency->count; i++) {
        const ipc_result_t *result = dependency->results[i];
        if (!result || result->client != client)
            return ipc_fail(error, IPC_E_DEPENDENCY, "the argument %s: result %zu is %s", name, i,
                            result ? "of another client" : "NULL");
        if (terms_has_open_gather(result))
            return ipc_fail(error, IPC_E_DEPENDENCY,
                            "the argument %s: result %zu is a gather, which can be waited for in the program alone",
                            name, i);
    }
    return 0;
}

int terms_check(ipc_client_t *client, const ipc_options_t *options, bool direct, ipc_error_t *error)
{
    needs_t needs;
    if (!terms_are_set(options))
        return 0;
    if (direct)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "the arguments after, follow and needs are for balanced views: a direct view has chosen its "
                        "engines");
    if (options->detach && (options->after || options->follow))
        return ipc_fail(error, IPC_E_ARGUMENT, "the argument detach cannot stand beside after or follow");
    if (options->needs && needs_read(&needs, options->needs, strlen(options->needs), error))
        return -1;
    return check_dependency(client, "after", options->after, error) ||
                   check_dependency(client, "follow", options->follow, error)
               ? -1
               : 0;
}

//  --- What is known of the results --------------------------------------------------------------------------

//  Adds positions; those like the last ones lengthen these.
static void add(ipc_writer_t *parents, ipc_parent_t parent)
{
    if (parents->size > 0) {
        ipc_parent_t *last = (ipc_parent_t *) (parents->data + parents->size - sizeof *last);
        bool awaited = parent.state == IPC_PARENT_AWAITED;
        if (last->state == parent.state && last->engine == parent.engine &&
            (!awaited || (last->job == parent.job && last->first + last->count == parent.first))) {
            last->count += parent.count;
            return;
        }
    }
    ipc_write_raw(parents, &parent, sizeof parent);
}

static uint32_t state_of(const ipc_result_t *result, size_t i)
{
    if (!positions_is_done(&result->positions, i))
        return IPC_PARENT_AWAITED;
    return positions_error(&result->positions, i) ? IPC_PARENT_FAILED : IPC_PARENT_DONE;
}

//  Where positions ran: UINT32_MAX for those that no engine ran.
static uint32_t *engines_of(const ipc_result_t *result)
{
    size_t count = result->positions.count;
    uint32_t *engines = ipc_xalloc((count + 1) * sizeof engines[0]);
    memset(engines, 0xff, count * sizeof engines[0]);
    for (size_t k = 0; k < result->run_count; k++)
        for (uint64_t i = 0; i < result->runs[k].count && result->runs[k].first + i < count; i++)
            engines[result->runs[k].first + i] = (uint32_t) result->runs[k].engine;
    return engines;
}

void terms_add_result(ipc_writer_t *parents, const ipc_result_t *result, bool where)
{
    uint32_t *engines = where ? engines_of(result) : NULL;
    for (size_t i = 0; i < result->positions.count; i++) {
        uint32_t state = state_of(result, i);
        ipc_parent_t parent = {.count = 1, .state = state, .engine = engines ? engines[i] : UINT32_MAX};
        if (state == IPC_PARENT_AWAITED) {
            size_t position = i;
            const ipc_result_t *origin = parts_origin(result, &position);
            parent.job = origin->ticket->job;
            parent.first = origin->job - parent.job + position;
        }
        add(parents, parent);
    }
    free(engines);
}

static uint32_t mode_of(const ipc_dependency_t *dependency)
{
    if (!dependency)
        return IPC_DEPEND_SUCCESS;
    bool success = dependency->success || !dependency->failure;
    return (dependency->any ? IPC_DEPEND_ANY : 0) | (success ? IPC_DEPEND_SUCCESS : 0) |
           (dependency->failure ? IPC_DEPEND_FAILURE : 0);
}

static void add_parents(ipc_writer_t *parents, const ipc_dependency_t *dependency, bool where)
{
    for (size_t i = 0; dependency && i < dependency->count; i++)
        terms_add_result(parents, dependency->results[i], where);
}

struct kept_terms *terms_send(ipc_client_t *client, const ipc_options_t *options, const given_t *given,
                              int64_t submitted)
{
    kept_terms_t *terms = ipc_xalloc(sizeof *terms);
    *terms = (kept_terms_t){.waits = terms_are_set(options) || given,
                            .submitted = submitted,
                            .wait_ms = (uint32_t) options->timeout_ms,
                            .run_ms = (uint32_t) options->run_limit_ms,
                            .after_mode = mode_of(options->after),
                            .follow_mode = mode_of(options->follow),
                            .needs = options->needs ? ipc_xstrdup(options->needs) : NULL};
    ipc_auto(ipc_writer_destroy) ipc_writer_t arguments = {0};
    given_parents(given, &arguments);
    add_parents(&terms->after, options->after, false);
    add_parents(&terms->follow, options->follow, true);
    kept_terms_send(client, terms, client->results_seen, &arguments);
    if (!client->keeps) {
        kept_terms_free(client, &terms);
        return NULL;
    }
    kept_terms_await(client, terms, &arguments);
    return terms;
}
