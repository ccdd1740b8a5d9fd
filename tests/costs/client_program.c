//  costs_client LOAD COUNT: a client program that gives the cluster COUNT tasks in one of four ways, and checks what
//  comes back. `measure` counts its instructions, or those of the controller or engine that serve it.
#include <stdlib.h>
#include <string.h>

#include "client/ipclient.h"

enum { WAIT_MS = 60000 };

// clang-format off
static IPC_REMOTE(void, nothing, (void)) {}
static IPC_REMOTE(int64_t, same, (int64_t item)) { return item; }
// clang-format on

static int give_up(const ipc_error_t *error)
{
    ipc_error_print(error, stderr);
    return 1;
}

static int finish(ipc_result_t *result)
{
    if (!ipc_result_wait(result, WAIT_MS))
        return give_up(&(ipc_error_t){.code = IPC_E_TIMEOUT, .text = "the tasks are not done in time"});
    return ipc_result_ok(result) ? 0 : give_up(ipc_result_error(result));
}

static int map(ipc_view_t *view, size_t count, size_t chunk)
{
    ipc_result_t *result = ipc_map_with(view, same, ipc_range(0, (int64_t) count), &(ipc_options_t){.chunk = chunk});
    if (finish(result))
        return 1;
    const ipc_array_t *joined = ipc_result_joined(result);
    const int64_t *values = joined && ipc_array_count(joined) == count ? ipc_array_i64(joined) : NULL;
    for (size_t i = 0; i < count; i++)
        if (!values || values[i] != (int64_t) i)
            return give_up(&(ipc_error_t){.code = IPC_E_PROTOCOL, .text = "the map gives other values"});
    ipc_result_destroy(&result);
    return 0;
}

static ipc_result_t *call(ipc_view_t *view)
{
    return ipc_apply(view, nothing);
}

//  The same each time: it is compiled once.
static ipc_result_t *execute(ipc_view_t *view)
{
    return ipc_execute(view, "1 + 1");
}

//  Each task a call of its own: all are submitted, then each is awaited.
static int each(ipc_view_t *view, ipc_result_t *submit(ipc_view_t *view), size_t count)
{
    ipc_result_t **results = calloc(count, sizeof results[0]);
    int failed = !results;
    for (size_t i = 0; i < count && !failed; i++) results[i] = submit(view);
    for (size_t i = 0; i < count && !failed; i++) failed = finish(results[i]);
    for (size_t i = 0; i < count && !failed; i++) ipc_result_destroy(&results[i]);
    free(results);
    return failed;
}

int main(int argc, char **argv)
{
    ipc_error_t error;
    size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (count == 0)
        return fputs("usage: costs_client map|apply|automatic|cell COUNT\n", stderr), 2;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *any = client ? ipc_balanced_view(client, NULL, &error) : NULL;
    if (!any || ipc_client_wait(client, 1, WAIT_MS, &error))
        return give_up(&error);
    bool is_cell = !strcmp(argv[1], "cell");
    ipc_view_t *first = is_cell ? ipc_direct_view(client, "0", &error) : NULL;
    if (is_cell && !first)
        return give_up(&error);
    int failed = is_cell                      ? each(first, execute, count)
                 : !strcmp(argv[1], "apply") ? each(any, call, count)
                                              : map(any, count, !strcmp(argv[1], "map"));
    ipc_client_destroy(&client);
    return failed;
}
