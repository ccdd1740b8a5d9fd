#include "engine/unit_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"

enum { ENTRY_PATH = UNIT_CACHE_PATH + 256, HOUR = 3600, DAY = 24 * HOUR };

//  --- The folder ----------------------------------------------------------------------------------------------

//  The folder that XDG has for what can be made again; false when there is none, or its name is too long.
static bool find_home(char path[UNIT_CACHE_PATH])
{
    const char *named = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int size = -1;
    if (named && named[0] == '/')
        size = snprintf(path, UNIT_CACHE_PATH, "%s", named);
    else if (home && home[0] == '/')
        size = snprintf(path, UNIT_CACHE_PATH, "%s/.cache", home);
    return size > 0 && size < IPC_PATH_MAX;
}

static bool may_execute(const char *path)
{
    struct statvfs file_system;
    return statvfs(path, &file_system) == 0 && !(file_system.f_flag & ST_NOEXEC);
}

void unit_cache_find(const char *own, char path[UNIT_CACHE_PATH])
{
    bool found = find_home(path);
    if (found) {
        size_t size = strlen(path);
        mkdir(path, 0700);
        snprintf(path + size, UNIT_CACHE_PATH - size, "/ipclient");
        found = ipc_private_directory(path, NULL) == 0;
        size = strlen(path);
        snprintf(path + size, UNIT_CACHE_PATH - size, "/cells");
        found = found && ipc_private_directory(path, NULL) == 0 && access(path, W_OK) == 0 && may_execute(path);
    }
    if (!found)
        snprintf(path, UNIT_CACHE_PATH, "%s", own);
}

void unit_cache_use(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && status.st_mtime < time(NULL) - DAY)
        utimensat(AT_FDCWD, path, NULL, 0);
}

//  --- Trimming ------------------------------------------------------------------------------------------------

typedef struct entry {
    char *name;
    int64_t used, size;
} entry_t;

typedef struct listing {
    entry_t *entries;
    size_t count, room;
    int64_t size;                      // of all
} listing_t;

static void join(char path[ENTRY_PATH], const char *directory, const char *name)
{
    snprintf(path, ENTRY_PATH, "%.*s/%.200s", UNIT_CACHE_PATH, directory, name);
}

//  The bytes of a file, or of the files in a folder.
static int64_t size_of(const char *path, const struct stat *status)
{
    int64_t size = status->st_blocks * 512;
    DIR *folder = S_ISDIR(status->st_mode) ? opendir(path) : NULL;
    struct stat inner;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (fstatat(dirfd(folder), entry->d_name, &inner, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(inner.st_mode))
            size += inner.st_blocks * 512;
    if (folder)
        closedir(folder);
    return size;
}

static void list(const char *directory, listing_t *self)
{
    DIR *folder = opendir(directory);
    for (struct dirent *found; folder && (found = readdir(folder));) {
        char path[ENTRY_PATH];
        struct stat status;
        join(path, directory, found->d_name);
        if (found->d_name[0] == '.' || lstat(path, &status))
            continue;
        if (self->count == self->room)
            self->entries = ipc_xrealloc(self->entries, (self->room = 2 * self->room + 64) * sizeof self->entries[0]);
        entry_t *entry = &self->entries[self->count++];
        *entry = (entry_t){ipc_xstrdup(found->d_name), status.st_mtime, size_of(path, &status)};
        self->size += entry->size;
    }
    if (folder)
        closedir(folder);
}

static int by_use(const void *a, const void *b)
{
    int64_t first = ((const entry_t *) a)->used, second = ((const entry_t *) b)->used;
    return first < second ? -1 : first > second;
}

static void trim(const char *directory, int64_t max_age, int64_t max_size)
{
    listing_t listing = {0};
    int64_t now = time(NULL);
    list(directory, &listing);
    if (listing.count > 1)
        qsort(listing.entries, listing.count, sizeof listing.entries[0], by_use);
    for (size_t i = 0; i < listing.count; i++) {
        entry_t *entry = &listing.entries[i];
        char path[ENTRY_PATH];
        if (entry->used < now - max_age || listing.size > max_size) {
            join(path, directory, entry->name);
            if (unlink(path))
                ipc_remove_tree(path);
            listing.size -= entry->size;
        }
        free(entry->name);
    }
    free(listing.entries);
}

void unit_cache_trim(const char *directory, int64_t max_age, int64_t max_size)
{
    char path[ENTRY_PATH];
    struct stat status;
    join(path, directory, ".trimmed"); // hidden: it is no entry
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bool due = fstat(fd, &status) == 0 && (status.st_size == 0 || status.st_mtime < time(NULL) - HOUR);
    if (due && flock(fd, LOCK_EX | LOCK_NB) == 0 && pwrite(fd, "\n", 1, 0) == 1) {
        futimens(fd, NULL);
        trim(directory, max_age, max_size);
    }
    close(fd);
}
