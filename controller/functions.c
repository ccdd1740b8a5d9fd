#include "controller/functions.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

enum { BUCKETS = 4096 };

struct functions {
    function_t **all;                  // by number
    uint32_t count, room;
    function_t *buckets[BUCKETS];
};

functions_t *functions_new(void)
{
    return ipc_xalloc(sizeof(functions_t));
}

void functions_destroy(functions_t **self_p)
{
    functions_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->count; i++) {
        free(self->all[i]->key);
        free(self->all[i]->name);
        free(self->all[i]->libraries);
        free(self->all[i]);
    }
    free(self->all);
    free(self);
}

static bool is(const function_t *function, const ipc_msg_t *msg)
{
    ipc_bytes_t key = msg->function.key;
    return function->kind == msg->function.kind && strlen(function->key) == key.size &&
           memcmp(function->key, key.data, key.size) == 0;
}

const function_t *functions_add(functions_t *self, const ipc_msg_t *msg)
{
    uint32_t hash = 2166136261u ^ msg->function.kind; // FNV-1a
    for (size_t i = 0; i < msg->function.key.size; i++)
        hash = (hash ^ (unsigned char) msg->function.key.data[i]) * 16777619u;
    function_t **bucket = &self->buckets[hash % BUCKETS];
    for (function_t *function = *bucket; function; function = function->next)
        if (is(function, msg))
            return function;
    if (self->count == FUNCTIONS_MAX)
        return NULL;
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 16;
        self->all = ipc_xrealloc(self->all, self->room * sizeof self->all[0]);
    }
    function_t *function = ipc_xalloc(sizeof *function);
    *function = (function_t){.number = self->count, .kind = msg->function.kind,
                             .key = ipc_bytes_text(msg->function.key), .name = ipc_bytes_text(msg->function.name),
                             .libraries = ipc_bytes_text(msg->function.libraries), .next = *bucket};
    *bucket = function;
    return self->all[self->count++] = function;
}

const function_t *functions_at(const functions_t *self, uint32_t number)
{
    return number < self->count ? self->all[number] : NULL;
}
