#include "bench/crossover.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/message.h"

enum { SMALLEST = 1 << 10, LARGEST = 256 << 10, ROUNDS = 60 };

static int push_once(ipc_view_t *all, ipc_value_t value, samples_t *times,
                     ipc_error_t *error)
{
    double start = bench_now();
    ipc_result_t *result = ipc_push_sync(all, "c", value);
    samples_add(times, bench_now() - start);
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    ipc_result_destroy(&result);
    return failed;
}

//  A string always travels in the message; an array of as many bytes does up to the limit.
static int measure_one(const bench_t *bench, ipc_view_t *all, const char *text, size_t size,
                       ipc_error_t *error)
{
    samples_t in_message = {0}, as_array = {0};
    int failed = 0;
    for (int i = 0; i < ROUNDS && !failed; i++)
        failed =
            push_once(all, ipc_value_from_str(text + LARGEST - size), &in_message, error) ||
            push_once(all, ipc_u8((const uint8_t *) text, size), &as_array, error);
    double beside = samples_median(&in_message);
    char name[80];
    snprintf(name, sizeof name, "push of %zu KiB, in the message", size >> 10);
    bench_row(bench, &(row_t){name, beside, UNIT_SECONDS, 0, NULL, 0});
    snprintf(name, sizeof name, "  as an array, %s",
             size > IPC_INLINE_LIMIT ? "in shared memory" : "in the message too");
    bench_row(bench, &(row_t){name, samples_median(&as_array), UNIT_SECONDS, beside,
                              "message", 0});
    samples_free(&in_message);
    samples_free(&as_array);
    return failed;
}

int crossover_measure(const bench_t *bench, ipc_view_t *all, ipc_error_t *error)
{
    char *text = malloc(LARGEST + 1);
    if (!text)
        return ipc_fail(error, IPC_E_MEMORY, "no memory for a text of %d bytes", LARGEST);
    memset(text, 'x', LARGEST);
    text[LARGEST] = 0;
    int failed = 0;
    for (size_t size = SMALLEST; size <= LARGEST && !failed; size *= 2)
        failed = measure_one(bench, all, text, size, error);
    free(text);
    return failed;
}
