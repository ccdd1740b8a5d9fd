#include "engine/unit_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"

enum { SLOTS = 4096, HASH_DIGITS = 64, NAME_SIZE = 64, FILE_PATH = 512 };

typedef struct slot {
    char hash[HASH_DIGITS];            // of the unit: its file's name without the ending
    char name[NAME_SIZE];
} slot_t;

struct unit_names {
    int fd;                            // the file; written, not mapped: on a full disk a mapping is a SIGBUS
};

static void path_of(char path[FILE_PATH], const char *directory, int engine)
{
    snprintf(path, FILE_PATH, "%s/engine-%d.units", directory, engine);
}

unit_names_t *unit_names_new(const char *directory, int engine)
{
    char path[FILE_PATH];
    path_of(path, directory, engine);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return NULL;
    unit_names_t *self = ipc_xalloc(sizeof *self);
    self->fd = fd;
    return self;
}

//  The hash in a unit's path, "…/<64 hexadecimal digits>.so"; NULL: it is no unit's.
static const char *hash_of(const char *path, size_t size)
{
    static const char ending[] = ".so";
    size_t name = HASH_DIGITS + sizeof ending - 1;
    if (size <= name || path[size - name - 1] != '/' || memcmp(path + size - 3, ending, 3) != 0 ||
        strspn(path + size - name, "0123456789abcdef") != HASH_DIGITS)
        return NULL;
    return path + size - name;
}

static size_t place_of(const char *hash)
{
    char digits[4] = {hash[0], hash[1], hash[2], 0};
    return strtoul(digits, NULL, 16) % SLOTS;
}

void unit_names_note(unit_names_t *self, const char *hash, const char *name)
{
    slot_t slot;
    if (!self)
        return;
    memcpy(slot.hash, hash, sizeof slot.hash);
    ipc_text_copy(slot.name, sizeof slot.name, name);
    if (pwrite(self->fd, &slot, sizeof slot, (off_t) (place_of(hash) * sizeof slot)) != sizeof slot)
        return; // a trace shows the unit without its name
}

static bool find(int fd, const char *module, size_t size, slot_t *slot)
{
    const char *hash = hash_of(module, size);
    bool found = hash && pread(fd, slot, sizeof *slot, (off_t) (place_of(hash) * sizeof *slot)) == sizeof *slot &&
                 memcmp(slot->hash, hash, sizeof slot->hash) == 0;
    slot->name[sizeof slot->name - 1] = 0;
    return found;
}

void unit_names_annotate(const char *directory, int engine, char *text, size_t size)
{
    char path[FILE_PATH];
    slot_t slot;
    path_of(path, directory, engine);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    for (char *line = text; fd >= 0 && *line;) {
        char *end = strchrnul(line, '\n');
        size_t used = strlen(text);
        if (find(fd, line, strcspn(line, "\t\n"), &slot) && used + strlen(slot.name) + 2 < size) {
            size_t added = strlen(slot.name) + 1;
            memmove(end + added, end, strlen(end) + 1);
            *end = '\t';
            memcpy(end + 1, slot.name, added - 1);
            end += added;
        }
        line = *end ? end + 1 : end;
    }
    if (fd >= 0)
        close(fd);
}
