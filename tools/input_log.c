#include "tools/input_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"

//  The file is shortened when it has so many inputs too many: not each time that one is added.
enum { SLACK = 1000, TRIES_MAX = 100 };

struct input_log {
    char *path;                // of the file; NULL: none
    char **inputs;             // oldest first
    size_t count, room;        // of inputs
};

static void append(input_log_t *self, char *text)
{
    if (self->count == self->room) {
        size_t room = self->room ? 2 * self->room : 64;
        self->inputs = ipc_xgrow(self->inputs, self->room, room, sizeof *self->inputs);
        self->room = room;
    }
    self->inputs[self->count++] = text;
}

static void drop_oldest(input_log_t *self, size_t count)
{
    if (count == 0)
        return; // there may be no array yet
    for (size_t i = 0; i < count; i++) free(self->inputs[i]);
    self->count -= count;
    memmove(self->inputs, self->inputs + count, self->count * sizeof *self->inputs);
}

//  One line of the file as an input, in place.
static void unescape(char *line)
{
    char *to = line;
    for (const char *from = line; *from && *from != '\n'; from++)
        if (*from == '\\' && from[1] && from[1] != '\n')
            *to++ = *++from == 'n' ? '\n' : *from;
        else
            *to++ = *from;
    *to = 0;
}

//  An input as one line of the file. To be freed.
static char *escape(const char *text)
{
    char *line = ipc_xalloc(2 * strlen(text) + 2), *to = line;
    for (; *text; text++) {
        if (*text == '\n' || *text == '\\')
            *to++ = '\\';
        *to++ = *text == '\n' ? 'n' : *text;
    }
    *to = '\n';
    return line;
}

static void make_folders(const char *path)
{
    char *folder = ipc_xstrdup(path);
    for (char *end = strchr(folder + 1, '/'); end; end = strchr(end + 1, '/')) {
        *end = 0;
        mkdir(folder, 0700); // one that cannot be made is told when the file is opened
        *end = '/';
    }
    free(folder);
}

//  Opens the file for this program alone, or gives -1. The lock is on the file that has the name now: another
//  program may have put a shorter one in its place while we waited.
static int open_locked(const char *path)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        int file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0)
            return -1;
        struct stat ours, named;
        while (flock(file, LOCK_EX) && errno == EINTR) {}
        if (!fstat(file, &ours) && !stat(path, &named) && ours.st_ino == named.st_ino)
            return file;
        close(file);
    }
    return -1;
}

static bool write_all(int file, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, text, size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            text += written, size -= (size_t) written;
    }
    return true;
}

static bool write_inputs(const input_log_t *self, int file)
{
    bool done = true;
    for (size_t i = 0; i < self->count && done; i++) {
        char *line = escape(self->inputs[i]);
        done = write_all(file, line, strlen(line));
        free(line);
    }
    return done;
}

//  Puts a file with the newest inputs in the place of one that has too many, which is locked.
static void shorten(const input_log_t *self)
{
    char *path = ipc_xformat("%s.XXXXXX", self->path);
    int file = mkostemp(path, O_CLOEXEC); // 0600
    if (file >= 0) {
        bool done = write_inputs(self, file);
        if (close(file) || !done || rename(path, self->path))
            unlink(path);
    }
    free(path);
}

static int load(input_log_t *self, ipc_error_t *error)
{
    make_folders(self->path);
    int file = open_locked(self->path);
    FILE *in = file < 0 ? NULL : fdopen(file, "r");
    if (!in)
        return ipc_fail(error, IPC_E_SYSTEM, "the history is not kept: %s: %s", self->path, strerror(errno));
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, in) > 0) {
        unescape(line);
        append(self, ipc_xstrdup(line));
    }
    free(line);
    size_t surplus = self->count > INPUT_LOG_MAX ? self->count - INPUT_LOG_MAX : 0;
    drop_oldest(self, surplus);
    if (surplus > SLACK)
        shorten(self);
    fclose(in);
    return 0;
}

input_log_t *input_log_new(const char *path, ipc_error_t *error)
{
    input_log_t *self = ipc_xalloc(sizeof *self);
    if (!path)
        return self;
    self->path = ipc_xstrdup(path);
    if (load(self, error)) {
        free(self->path);
        self->path = NULL;
    }
    return self;
}

void input_log_destroy(input_log_t **self_p)
{
    input_log_t *self = *self_p;
    if (!self)
        return;
    drop_oldest(self, self->count);
    free(self->inputs);
    free(self->path);
    free(self);
    *self_p = NULL;
}

//  What cannot be written, on a full disk, is only not remembered.
static void write_input(const input_log_t *self, const char *text)
{
    int file = open_locked(self->path);
    if (file < 0)
        return;
    char *line = escape(text);
    write_all(file, line, strlen(line));
    free(line);
    close(file);
}

void input_log_add(input_log_t *self, const char *text)
{
    if (!*text || (self->count && strcmp(self->inputs[self->count - 1], text) == 0))
        return;
    if (self->count == INPUT_LOG_MAX)
        drop_oldest(self, 1);
    append(self, ipc_xstrdup(text));
    if (self->path)
        write_input(self, text);
}

size_t input_log_count(const input_log_t *self)
{
    return self->count;
}

const char *input_log_at(const input_log_t *self, size_t index)
{
    return self->inputs[index];
}
