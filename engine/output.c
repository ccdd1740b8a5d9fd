#include "engine/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "common/fail.h"

enum { KEPT = 64 << 10, LIMIT = 256 << 20 };

//  The descriptor that tasks write to.
static int number_of(int stream)
{
    return STDOUT_FILENO + stream;
}

void output_init(output_t *self, int out_fd, int err_fd)
{
    *self = (output_t){.fds = {out_fd, err_fd}, .files = {stdout, stderr}};
    for (int i = 0; i < OUTPUT_STREAMS; i++) {
        self->ends[i] = fcntl(number_of(i), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        fstat(number_of(i), &self->pipes[i]);
        fcntl(self->fds[i], F_SETFL, fcntl(self->fds[i], F_GETFL) | O_NONBLOCK);
        fcntl(self->fds[i], F_SETFD, FD_CLOEXEC);
    }
}

void output_free(output_t *self)
{
    for (int i = 0; i < OUTPUT_STREAMS; i++) {
        free(self->texts[i].data);
        if (self->ends[i] >= 0)
            close(self->ends[i]);
    }
}

void output_clear(output_t *self)
{
    for (int i = 0; i < OUTPUT_STREAMS; i++) {
        output_text_t *text = &self->texts[i];
        text->size = 0;
        if (text->room > KEPT) {
            free(text->data);
            *text = (output_text_t){0};
        }
    }
}

static void read_stream(int fd, output_text_t *text)
{
    int waiting = 0;
    while (ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0) {
        if (text->size + (size_t) waiting > text->room) {
            text->room = 2 * (text->size + (size_t) waiting);
            text->data = ipc_xrealloc(text->data, text->room);
        }
        ssize_t got = read(fd, text->data + text->size, text->room - text->size);
        if (got <= 0)
            return;
        text->size += (size_t) got;
        if (text->size > LIMIT) // a task that writes without end keeps its newest words
            text->size = (size_t) snprintf(text->data, text->room,
                                           "(%zu bytes of output are missing here: nobody took them)\n", text->size);
    }
}

bool output_read(output_t *self)
{
    for (int i = 0; i < OUTPUT_STREAMS; i++) read_stream(self->fds[i], &self->texts[i]);
    return self->texts[0].size > 0 || self->texts[1].size > 0;
}

int64_t output_least_ns(void)
{
    enum { TRIES = 64 };
    int64_t least = INT64_MAX;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return 0;
    for (int i = 0; i < TRIES; i++) {
        char byte = 0;
        struct timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        ssize_t written = write(ends[1], &byte, 1);
        clock_gettime(CLOCK_MONOTONIC, &after);
        int64_t took = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
        if (written == 1 && read(ends[0], &byte, 1) == 1 && took < least)
            least = took;
    }
    close(ends[0]);
    close(ends[1]);
    return least == INT64_MAX ? 0 : least - least / 3;
}

void output_flush_stdio(void)
{
    if (__fpending(stdout) > 0)
        fflush(stdout);
}

//  So that a crash loses at most an unfinished line.
static void set_buffer(FILE *file, int stream)
{
    setvbuf(file, NULL, stream == 0 ? _IOLBF : _IONBF, 0);
}

//  glibc does not free the two when they are closed: they can be opened again. Then each has the lowest descriptor that
//  is free, which is its own unless a thread was faster.
static void reopen(FILE *file, int stream)
{
    close(number_of(stream));
    (void) !freopen("/dev/null", "w", file);
}

static bool is_pipe(const output_t *self, int fd, int stream)
{
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_ino == self->pipes[stream].st_ino &&
           status.st_dev == self->pipes[stream].st_dev;
}

void output_restore(output_t *self, int64_t now)
{
    if (now - self->looked < OUTPUT_LOOK_NS)
        return;
    self->looked = now;
    for (int i = 0; i < OUTPUT_STREAMS; i++) {
        FILE *file = self->files[i];
        bool is_usable = fileno_unlocked(file) >= 0 && fwide(file, 0) <= 0; // not closed, no wide characters
        if (is_usable && is_pipe(self, number_of(i), i))
            continue;
        if (!is_usable)
            reopen(file, i);
        __fpurge(file); // what it could not write is not the next task's
        clearerr(file);
        set_buffer(file, i);
        dup2(self->ends[i], number_of(i));
        if (fileno(file) >= 0 && fileno(file) != number_of(i))
            dup2(self->ends[i], fileno(file));
    }
}
