#include "engine/opened.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/fail.h"
#include "engine/unit_cache.h"

enum { BUCKETS = 256, HOUR = 3600 };

typedef struct entry {
    char *name, *path;
    const ipc_cell_unit_t *unit;
    time_t used;                       // when the cache was told so last
    struct entry *next;                // of its bucket
} entry_t;

struct opened {
    entry_t *buckets[BUCKETS];
};

opened_t *opened_new(void)
{
    return ipc_xalloc(sizeof(opened_t));
}

void opened_destroy(opened_t **self_p)
{
    opened_t *self = *self_p;
    *self_p = NULL;
    for (size_t i = 0; self && i < BUCKETS; i++)
        for (entry_t *entry = self->buckets[i], *next; entry; entry = next) {
            next = entry->next;
            free(entry->name);
            free(entry->path);
            free(entry);
        }
    free(self);
}

//  Names are hashes, in hexadecimal digits.
static entry_t **bucket_of(opened_t *self, const char *name)
{
    char digits[] = {name[0], name[1], 0};
    return &self->buckets[strtoul(digits, NULL, 16) % BUCKETS];
}

const ipc_cell_unit_t *opened_find(opened_t *self, const char *name)
{
    entry_t *entry = *bucket_of(self, name);
    while (entry && strcmp(entry->name, name) != 0) entry = entry->next;
    if (!entry)
        return NULL;
    time_t now = time(NULL);
    if (entry->used < now - HOUR) {
        entry->used = now;
        unit_cache_use(entry->path);
    }
    return entry->unit;
}

void opened_add(opened_t *self, const char *name, const char *path, const ipc_cell_unit_t *unit)
{
    entry_t **bucket = bucket_of(self, name), *entry = ipc_xalloc(sizeof *entry);
    *entry = (entry_t){ipc_xstrdup(name), ipc_xstrdup(path), unit, time(NULL), *bucket};
    *bucket = entry;
}
