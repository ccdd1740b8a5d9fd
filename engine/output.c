#include "engine/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/fail.h"

enum { KEPT = 64 << 10, LIMIT = 256 << 20 };

void output_init(output_t *self, int out_fd, int err_fd)
{
    *self = (output_t){.fds = {out_fd, err_fd}};
    for (int i = 0; i < OUTPUT_STREAMS; i++) {
        fcntl(self->fds[i], F_SETFL, fcntl(self->fds[i], F_GETFL) | O_NONBLOCK);
        fcntl(self->fds[i], F_SETFD, FD_CLOEXEC);
    }
}

void output_free(output_t *self)
{
    for (int i = 0; i < OUTPUT_STREAMS; i++) free(self->texts[i].data);
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
            text->size = 0;
    }
}

bool output_read(output_t *self)
{
    for (int i = 0; i < OUTPUT_STREAMS; i++) read_stream(self->fds[i], &self->texts[i]);
    return self->texts[0].size > 0 || self->texts[1].size > 0;
}

void output_flush_stdio(void)
{
    if (__fpending(stdout) > 0)
        fflush(stdout);
}
