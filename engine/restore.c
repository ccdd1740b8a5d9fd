#include "engine/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/paths.h"

//  What stands before each cell.
typedef struct record {
    uint32_t size, same;               // bytes of the cell, and of them those that make it another
    uint32_t running;                  // 1: it runs
    uint32_t reserved;
} record_t;

struct restore {
    char path[IPC_PATH_MAX];
    char *data;                        // of the file
    size_t size;
    size_t begun;                      // where the record that runs is
    bool is_fresh;                     // it runs for the first time
    size_t next;                       // to be run again; or the end
    bool runs_again;                   // the one at begun
    char *crashed;                     // what restore_next() gave last, of one that was removed
};

static record_t record_at(const restore_t *self, size_t at)
{
    record_t record = {0};
    memcpy(&record, self->data + at, sizeof record);
    return record;
}

//  Writes a part of the data, 0 or -1.
static int write_part(const restore_t *self, size_t at, size_t size)
{
    int fd = open(self->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool fine = fd >= 0 && pwrite(fd, self->data + at, size, (off_t) at) == (ssize_t) size &&
                ftruncate(fd, (off_t) self->size) == 0;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    errno = cause;
    return fine ? 0 : -1;
}

static void set_running(restore_t *self, size_t at, bool running)
{
    record_t record = record_at(self, at);
    record.running = running;
    memcpy(self->data + at, &record, sizeof record);
    write_part(self, at, sizeof record); // else it is run once more than it should
}

static void remove_at(restore_t *self, size_t at)
{
    size_t size = sizeof(record_t) + record_at(self, at).size;
    memmove(self->data + at, self->data + at + size, self->size - at - size);
    self->size -= size;
    write_part(self, at, self->size - at);
}

//  Whether the data are records, one after another.
static bool is_whole(const restore_t *self)
{
    size_t at = 0;
    while (self->size - at >= sizeof(record_t)) {
        record_t record = record_at(self, at);
        if (record.size > self->size - at - sizeof record || record.same > record.size)
            return false;
        at += sizeof record + record.size;
    }
    return at == self->size;
}

restore_t *restore_new(const char *directory, int engine)
{
    restore_t *self = ipc_xalloc(sizeof *self);
    ipc_restore_path(directory, (uint32_t) engine, self->path);
    self->data = ipc_xalloc(RESTORE_MAX);
    int fd = open(self->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t size = fd >= 0 ? read(fd, self->data, RESTORE_MAX) : 0;
    self->size = size > 0 ? (size_t) size : 0;
    if (!is_whole(self))
        self->size = 0;
    if (fd >= 0)
        close(fd);
    return self;
}

void restore_destroy(restore_t **self_p)
{
    restore_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free(self->crashed);
    free(self->data);
    free(self);
}

//  Where an equal cell is, or the end.
static size_t find(const restore_t *self, const char *data, size_t same)
{
    size_t at = 0;
    while (at < self->size) {
        record_t record = record_at(self, at);
        if (record.same == same && memcmp(self->data + at + sizeof record, data, same) == 0)
            break;
        at += sizeof record + record.size;
    }
    return at;
}

int restore_begin(restore_t *self, const char *data, size_t size, size_t same, ipc_error_t *error)
{
    record_t record = {.size = (uint32_t) size, .same = (uint32_t) same, .running = 1};
    self->begun = find(self, data, same);
    self->is_fresh = self->begun == self->size;
    if (!self->is_fresh)
        return 0;
    if (size > RESTORE_MAX - sizeof record - self->size)
        return ipc_fail(error, IPC_E_LIMIT, "the cells that are to be run again (restore) have more than %d bytes "
                                            "together: ipc_view_clear() forgets them", RESTORE_MAX);
    memcpy(self->data + self->begun, &record, sizeof record);
    memcpy(self->data + self->begun + sizeof record, data, size);
    self->size += sizeof record + size;
    if (write_part(self, self->begun, self->size - self->begun) == 0)
        return 0;
    self->size = self->begun;
    return ipc_fail(error, IPC_E_SYSTEM, "cannot write %s: %s", self->path, strerror(errno));
}

void restore_end(restore_t *self, bool fine)
{
    if (self->is_fresh && fine)
        set_running(self, self->begun, false);
    else if (self->is_fresh)
        remove_at(self, self->begun);
}

const char *restore_next(restore_t *self, size_t *size, bool *crashed)
{
    free(self->crashed);
    self->crashed = NULL;
    if (self->runs_again)
        set_running(self, self->begun, false);
    self->runs_again = false;
    if (self->next == self->size)
        return NULL;
    record_t record = record_at(self, self->begun = self->next);
    const char *data = self->data + self->begun + sizeof record;
    *size = record.size;
    *crashed = record.running;
    if (record.running) {
        self->crashed = memcpy(ipc_xalloc(record.size + 1), data, record.size);
        remove_at(self, self->begun);
        return self->crashed;
    }
    set_running(self, self->begun, true);
    self->runs_again = true;
    self->next = self->begun + sizeof record + record.size;
    return data;
}

void restore_clear(restore_t *self)
{
    self->size = self->next = 0;
    unlink(self->path);
}

bool restore_is_empty(const restore_t *self)
{
    return self->size == 0;
}
