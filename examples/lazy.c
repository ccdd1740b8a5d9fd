//  A map over numbers without end, until one is found: items are made only as fast as results are read.
#include <inttypes.h>
#include <ipclient.h>

IPC_REMOTE(bool, is_perfect, (int64_t n))
{
    int64_t sum = 0;
    for (int64_t d = 1; d < n; d++)
        if (n % d == 0)
            sum += d;
    return sum == n;
}

static bool next_number(void *context, ipc_value_t *item)
{
    int64_t *next = context;
    *item = ipc_value_from_i64((*next)++);
    return true;
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *any = client ? ipc_balanced_view(client, NULL, &error) : NULL;
    if (!any) {
        ipc_error_print(&error, stderr);
        return 1;
    }
    int64_t next = 2;
    ipc_imap_t *map = ipc_imap(any, is_perfect, next_number, &next);
    for (ipc_item_t *item; (item = ipc_imap_next(map));) {
        int64_t n = 2 + (int64_t) item->index;
        if (!ipc_value_bool(item->value))
            continue;
        printf("%" PRId64 " is perfect\n", n);
        if (n > 400)
            break;
    }
    ipc_imap_destroy(&map); // what is under way is not waited for
    ipc_client_destroy(&client);
    return 0;
}
