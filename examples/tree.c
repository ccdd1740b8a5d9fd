//  Results as arguments: leaves, sums of pairs, sums of these … are all submitted at once; each call begins when what
//  it is given is there, and no value comes by here but the last one.
#include <inttypes.h>
#include <ipclient.h>

enum { LEAVES = 16, NUMBERS = 10000 };

IPC_REMOTE(int64_t, count_primes, (int64_t first, int64_t count))
{
    int64_t primes = 0;
    for (int64_t n = first < 2 ? 2 : first; n < first + count; n++) {
        bool prime = true;
        for (int64_t d = 2; d * d <= n && prime; d++) prime = n % d != 0;
        primes += prime;
    }
    return primes;
}

IPC_REMOTE(int64_t, add, (int64_t a, int64_t b)) { return a + b; }

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *any = client ? ipc_balanced_view(client, NULL, &error) : NULL;
    if (!any) {
        ipc_error_print(&error, stderr);
        return 1;
    }
    ipc_result_t *level[LEAVES];
    for (int i = 0; i < LEAVES; i++) level[i] = ipc_apply(any, count_primes, NUMBERS * i, NUMBERS);
    for (int count = LEAVES; count > 1; count /= 2)
        for (int i = 0; i < count / 2; i++) level[i] = ipc_apply(any, add, level[2 * i], level[2 * i + 1]);
    printf("%" PRId64 " primes below %d\n", ipc_result_i64(level[0], 0), LEAVES * NUMBERS);
    ipc_client_destroy(&client); // frees all results
    return 0;
}
