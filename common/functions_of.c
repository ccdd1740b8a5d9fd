#include "common/functions_of.h"

#include <dlfcn.h>
#include <string.h>

void *ipc_functions_of(const char *library, const char *const names[], size_t count, void *functions)
{
    void *self = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; self && i < count; i++) {
        void *function = dlsym(self, names[i]);
        if (!function) {
            dlclose(self);
            return NULL;
        }
        memcpy((char *) functions + i * sizeof function, &function, sizeof function);
    }
    return self;
}
