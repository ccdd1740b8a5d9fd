#include "tests/tools/place.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void place_make(place_t *self, const char *name)
{
    *self = (place_t){.folder = "/tmp/ipc-test.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(self->folder));
    place_name(self, name);
}

void place_name(place_t *self, const char *name)
{
    int length = snprintf(self->path, sizeof self->path, "%s/%s", self->folder, name);
    ck_assert(length > 0 && (size_t) length < sizeof self->path);
}

void place_remove(const place_t *self)
{
    unlink(self->path);
    ck_assert_int_eq(rmdir(self->folder), 0);
}
