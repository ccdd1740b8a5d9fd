#include "common/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/fail.h"

#define JOURNAL_NAME "journal"
#define JOURNAL_END ".db"

//  --- Terms ----------------------------------------------------------------------------------------------------

typedef struct unit {
    char letter;
    uint64_t factor;
} unit_t;

//  A number from 1 on with one of the units, or without, up to the end of the term.
static int read_amount(const char *text, size_t size, const unit_t *units, const char *what, uint64_t *amount,
                       ipc_error_t *error)
{
    size_t digits = strspn(text, "0123456789");
    errno = 0;
    uint64_t number = strtoull(text, NULL, 10), factor = digits == size ? 1 : 0;
    for (; units->letter && digits + 1 == size; units++)
        if (units->letter == text[digits])
            factor = units->factor;
    if (digits == 0 || errno || number == 0 || factor == 0 || number > INT64_MAX / factor)
        return ipc_fail(error, IPC_E_ARGUMENT, "the journal's %s cannot be \"%.*s\"", what, (int) size, text);
    *amount = number * factor;
    return 0;
}

static int read_term(ipc_journal_terms_t *self, const char *term, size_t size, ipc_error_t *error)
{
    enum { KEY = 5 }; // "size=", without the "age=" one byte shorter
    static const unit_t bytes[] = {{'K', 1 << 10}, {'M', 1 << 20}, {'G', 1 << 30}, {0}};
    static const unit_t seconds[] = {{'h', 3600}, {'d', 86400}, {0}};
    if (size == strlen("sync") && strncmp(term, "sync", size) == 0)
        return self->sync = true, 0;
    if (size == strlen("temporary") && strncmp(term, "temporary", size) == 0)
        return self->temporary = true, 0;
    if (size > KEY && strncmp(term, "size=", KEY) == 0)
        return read_amount(term + KEY, size - KEY, bytes, "size", &self->size, error);
    if (size >= KEY && strncmp(term, "age=", KEY - 1) == 0)
        return read_amount(term + KEY - 1, size - KEY + 1, seconds, "age", &self->age_s, error);
    return ipc_fail(error, IPC_E_ARGUMENT, "--journal takes %s, not \"%.*s\"", IPC_JOURNAL_TERMS_HELP, (int) size,
                    term);
}

int ipc_journal_terms_read(ipc_journal_terms_t *self, const char *text, ipc_error_t *error)
{
    enum { MIB = 1 << 20, DAY_S = 86400, LEAST = 64 << 10 };
    ipc_journal_terms_t terms = {.size = (uint64_t) 256 * MIB, .age_s = (uint64_t) 90 * DAY_S};
    if (text && strlen(text) >= IPC_JOURNAL_TERMS_TEXT)
        return ipc_fail(error, IPC_E_ARGUMENT, "--journal takes %s, not as much as that", IPC_JOURNAL_TERMS_HELP);
    for (const char *at = text && text[0] ? text : NULL; at;) {
        size_t size = strcspn(at, ",");
        if (read_term(&terms, at, size, error))
            return -1;
        at = at[size] ? at + size + 1 : NULL;
    }
    if (terms.size < LEAST)
        return ipc_fail(error, IPC_E_ARGUMENT, "a journal needs 64K at least, not size=%llu",
                        (unsigned long long) terms.size);
    *self = terms;
    return 0;
}

//  --- Places ---------------------------------------------------------------------------------------------------

__attribute__((format(printf, 3, 4))) static int set(char path[IPC_PATH_MAX], ipc_error_t *error, const char *format,
                                                     ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(path, IPC_PATH_MAX, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= IPC_PATH_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "the path %s… is longer than %d bytes", path, IPC_PATH_MAX - 1);
    return 0;
}

int ipc_journal_root(char root[IPC_PATH_MAX], ipc_error_t *error)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/')
        return set(root, error, "%s/ipclient", state);
    if (home && home[0] == '/')
        return set(root, error, "%s/.local/state/ipclient", home);
    return ipc_fail(error, IPC_E_SYSTEM, "a journal needs a place that lasts: set XDG_STATE_HOME, or HOME");
}

int ipc_journal_path(const ipc_paths_t *paths, char path[IPC_PATH_MAX], ipc_error_t *error)
{
    char root[IPC_PATH_MAX];
    if (ipc_journal_root(root, error))
        return -1;
    return set(path, error, "%s/%s/" JOURNAL_NAME "%s%s" JOURNAL_END, root, paths->profile,
               paths->cluster_id[0] ? "-" : "", paths->cluster_id);
}

int ipc_journal_make_folder(const char *path, ipc_error_t *error)
{
    char folder[IPC_PATH_MAX];
    ipc_text_copy(folder, sizeof folder, path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
    return ipc_private_directory(folder, error);
}

//  --- Removing -------------------------------------------------------------------------------------------------

int ipc_journal_remove(const char *path, ipc_error_t *error)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot open %s: %s", path, strerror(errno));
    int rc = 0;
    if (flock(file, LOCK_EX | LOCK_NB))
        rc = ipc_fail(error, IPC_E_BUSY, "the journal %s is that of a cluster that runs", path);
    for (size_t i = 0; !rc && i < sizeof ends / sizeof ends[0]; i++) {
        char *name = ipc_xformat("%s%s", path, ends[i]);
        if (unlink(name) && errno != ENOENT)
            rc = ipc_fail(error, IPC_E_SYSTEM, "cannot remove %s: %s", name, strerror(errno));
        free(name);
    }
    close(file);
    return rc;
}

static bool is_journal(const char *name)
{
    size_t length = strlen(name), end = strlen(JOURNAL_END);
    return strncmp(name, JOURNAL_NAME, strlen(JOURNAL_NAME)) == 0 && length > end &&
           strcmp(name + length - end, JOURNAL_END) == 0;
}

//  The journals of one profile.
static int clean_folder(const char *folder, size_t *count, ipc_error_t *error)
{
    DIR *files = opendir(folder);
    int rc = 0;
    for (const struct dirent *file; files && !rc && (file = readdir(files));) {
        ipc_error_t problem = {0};
        if (!is_journal(file->d_name))
            continue;
        char *path = ipc_xformat("%s/%s", folder, file->d_name);
        if (ipc_journal_remove(path, &problem) == 0)
            ++*count;
        else if (problem.code != IPC_E_BUSY)
            rc = ipc_fail(error, problem.code, "%s", problem.text);
        free(path);
    }
    if (files)
        closedir(files);
    if (!rc)
        rmdir(folder); // when nothing is left in it
    return rc;
}

int ipc_journals_clean(size_t *count, ipc_error_t *error)
{
    char root[IPC_PATH_MAX];
    size_t cleaned = 0;
    if (ipc_journal_root(root, error))
        return -1;
    DIR *profiles = opendir(root);
    int rc = 0;
    for (const struct dirent *profile; profiles && !rc && (profile = readdir(profiles));) {
        char *folder = ipc_xformat("%s/%s", root, profile->d_name);
        if (strcmp(profile->d_name, ".") && strcmp(profile->d_name, ".."))
            rc = clean_folder(folder, &cleaned, error);
        free(folder);
    }
    if (profiles)
        closedir(profiles);
    *count = cleaned;
    return rc;
}
