//  What a supervisor notes of its cluster: what was read is written, and read again is the same.
#include <stdlib.h>
#include <string.h>

#include "launch/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ipc_error_t error = {0};
    const char *path = fuzz_file(bytes, size);
    record_t *record = record_read(path, &error), *again = NULL;
    if (!record)
        fuzz_check_refusal(&error);
    else if (record_write(record, path, &error) || !(again = record_read(path, &error)) ||
             record_engines(record) != record_engines(again) || strcmp(record->directory, again->directory) != 0)
        abort();
    record_destroy(&record);
    record_destroy(&again);
    return 0;
}
