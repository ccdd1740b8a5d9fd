//  What tasks need and engines have: "cores=2,memory=2e9".
#include <stdlib.h>
#include <string.h>

#include "common/needs.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ipc_error_t error = {0};
    needs_t needs;
    if (needs_read(&needs, (const char *) bytes, size, &error)) {
        fuzz_check_refusal(&error);
        return 0;
    }
    for (uint32_t i = 0; i < needs.count; i++)
        if (needs_find(&needs, needs.all[i].name) != &needs.all[i] || !(needs_amount(&needs, needs.all[i].name) >= 0))
            abort(); // twice there, or no amount
    return 0;
}
