//  Connection files: what was read is written, and read again is the same.
#include <stdlib.h>
#include <string.h>

#include "common/connection.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ipc_error_t error = {0};
    ipc_connection_t connection = {0}, again = {0};
    const char *path = fuzz_file(bytes, size);
    if (ipc_connection_read(&connection, path, &error))
        fuzz_check_refusal(&error);
    else if (ipc_connection_write(&connection, path, &error) || ipc_connection_read(&again, path, &error) ||
             strcmp(connection.endpoint, again.endpoint) != 0 || connection.supervisor != again.supervisor ||
             connection.supervisor_start != again.supervisor_start || strcmp(connection.token, again.token) != 0)
        abort();
    return 0;
}
