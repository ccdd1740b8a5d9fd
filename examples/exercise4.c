//  Exercise 4 of the lecture. Engine k needs k × 10 ms for an item. Dealt out in equal
//  blocks, 1024 items take as long as the slowest engine needs for its share; balanced, the
//  fast engine does nearly all.
#define _DEFAULT_SOURCE // usleep
#include <ipclient.h>
#include <stdio.h>
#include <unistd.h>

enum { ITEMS = 1024, ENGINES_MAX = 64, BAR = 50 };

//  The engine's part of the scattered ids is one id.
IPC_REMOTE(int, return_id, (int item))
{
    (void) item;
    const ipc_array_t *ids = ipc_value_array(ipc_ns_get("ids"));
    int id = ipc_array_i32(ids)[0];
    usleep((useconds_t) id * 10000);
    return id;
}

//  Prints the wall time and, for each engine, how many of the items it did. True when none
//  is missing.
static bool report(const char *title, ipc_result_t *result, size_t engines)
{
    if (!ipc_result_ok(result)) {
        ipc_error_print(ipc_result_error(result), stderr);
        return false;
    }
    size_t counts[ENGINES_MAX] = {0};
    size_t total = 0;
    for (size_t i = 0; i < ipc_result_count(result); i++) {
        int64_t id = ipc_result_i64(result, i);
        if (id >= 0 && (size_t) id < engines) {
            counts[id]++;
            total++;
        }
    }
    printf("%s: %.3f s\n", title, ipc_result_wall_time(result));
    for (size_t k = 0; k < engines; k++) {
        printf("  engine %zu %5zu ", k, counts[k]);
        for (size_t c = 0; c < counts[k] * BAR / ITEMS; c++) fputc('#', stdout);
        printf("\n");
    }
    return total == ITEMS;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *all = ipc_direct_view(client, "all", &error);
    ipc_view_t *any = ipc_balanced_view(client, NULL, &error);
    size_t engines;
    const int *ids = ipc_client_ids(client, &engines);
    if (engines > ENGINES_MAX)
        return fprintf(stderr, "at most %d engines\n", ENGINES_MAX), 1;

    ipc_scatter(all, "ids", ipc_i32(ids, engines));
    ipc_result_t *direct = ipc_map(all, return_id, ipc_range(0, ITEMS));
    ipc_result_wait_interactive(direct); // a progress bar on a terminal, nothing in a pipe
    bool complete = report("direct", direct, engines);

    ipc_result_t *balanced = ipc_map(any, return_id, ipc_range(0, ITEMS));
    ipc_result_wait_interactive(balanced);
    complete = report("balanced", balanced, engines) && complete;

    ipc_client_destroy(&client);
    return complete ? 0 : 1;
}
