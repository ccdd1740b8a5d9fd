//  Names that lead into values: what can be read can be written, and is then what was written.
#include <stdlib.h>
#include <string.h>

#include "common/members.h"
#include "tests/fuzz/fuzz.h"

static names_t *names_with_values(void)
{
    static const double elements[] = {1, 2, 3, 4};
    names_t *names = names_new();
    names_set(names, "n", ipc_value_from_i64(3));
    names_set(names, "a", ipc_view2(IPC_F64, elements, 2, 2));
    names_set(names, "b", ipc_list(1, "two", ipc_list(3, 4)));
    names_set(names, "d", ipc_dict("x", 1, "y", ipc_dict("z", ipc_list(5, 6)), "v", ipc_f64(elements, 4)));
    return names;
}

static void read_back(names_t *names, const char *name)
{
    ipc_arena_t *arena = ipc_arena_new();
    ipc_error_t error = {0};
    ipc_value_t value;
    if (members_set(names, name, ipc_value_from_i64(9), "", &error))
        fuzz_check_refusal(&error);
    else if (members_get(names, name, arena, "", &value, &error) ||
             (ipc_value_i64(value) != 9 && ipc_value_f64(value) != 9))
        abort();
    ipc_arena_destroy(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *name = fuzz_text(bytes, size);
    names_t *names = names_with_values();
    ipc_arena_t *arena = ipc_arena_new();
    ipc_error_t error = {0};
    ipc_value_t value;
    if (members_get(names, name, arena, " on engine 3", &value, &error))
        fuzz_check_refusal(&error);
    read_back(names, name);
    ipc_arena_destroy(&arena);
    names_destroy(&names);
    free(name);
    return 0;
}
