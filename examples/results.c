//  What a result can tell: the first of several that is done, a call when all is done, parts,
//  and where and when each position ran.
#define _DEFAULT_SOURCE // usleep
#include <ipclient.h>
#include <stdio.h>
#include <unistd.h>

IPC_REMOTE(int, nap, (int milliseconds))
{
    usleep((useconds_t) milliseconds * 1000);
    if (milliseconds == 13)
        ipc_raise("Superstition", "not %d", milliseconds);
    return milliseconds;
}

//  Called on a thread of the library's; it may use the library.
static void say_done(ipc_result_t *result, void *context)
{
    printf("%s: %zu positions\n", (const char *) context, ipc_result_count(result));
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *first = ipc_direct_view(client, "0", &error);
    ipc_view_t *others = ipc_direct_view(client, "1:4", &error);

    ipc_result_t *naps[] = {ipc_apply(others, nap, 300), ipc_apply(first, nap, 1)};
    printf("done first: %d\n", (int) ipc_wait_any(naps, 2, IPC_FOREVER));

    ipc_result_t *both = ipc_result_join(naps, 2);
    ipc_result_print(both, stdout);
    ipc_result_print(ipc_result_slice(both, 2, 4), stdout);

    const ipc_metadata_t *m = ipc_result_metadata(both, 1); // of position 1, which engine 2 ran
    printf("engine %d, %s, %s\n", m->engine, m->status, m->finished - m->started >= 0.3 ? "0.3 s or more" : "less");
    printf("engine 3 has position %d\n", (int) ipc_result_by_engine(both, 3, &error));

    ipc_result_t *some = ipc_map(others, nap, ipc_list(11, 12, 13, 14));
    ipc_result_wait_for(some, IPC_FIRST_FAILED, IPC_FOREVER);
    const ipc_error_t *failed = ipc_result_error(some);
    printf("%zu failed: %s\n", ipc_error_count(failed), failed->text);

    ipc_result_on_done(both, say_done, "callback"); // it is done: soon
    ipc_client_destroy(&client); // callbacks that are due are called first
}
