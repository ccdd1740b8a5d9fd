//  What the supervisor says over the socket that it reads our reports from, one line each: "remove ID", an engine will
//  not come back; "gone ID", and its processes have ended; "foreign ID", "busy ID", what we asked for (endings.c) is
//  not done, since it has no such engine, or is starting or stopping. "gone ID" is said back when clients know it.
#include <string.h>
#include <sys/stat.h>

#include "controller/state.h"

static void serve_order(controller_t *self, const char *line)
{
    unsigned engine = 0;
    controller_begin_turn(self);
    if (sscanf(line, "remove %u", &engine) == 1)
        engine_remove(self, engine);
    else if (sscanf(line, "gone %u", &engine) == 1)
        endings_gone(self, engine);
    else if (sscanf(line, "foreign %u", &engine) == 1)
        endings_foreign(self, engine);
    else if (sscanf(line, "busy %u", &engine) == 1)
        endings_busy(self, engine);
    controller_end_turn(self);
    if (strncmp(line, "gone ", 5) == 0) // clients have been told, too
        dprintf(self->ready_fd, "%s\n", line);
}

static int on_order(zloop_t *loop, zmq_pollitem_t *item, void *argument)
{
    controller_t *self = argument;
    size_t room = sizeof self->order - 1 - self->order_size;
    ssize_t got = read(self->ready_fd, self->order + self->order_size, room);
    if (got <= 0) { // the supervisor is gone: its pidfd says so too
        self->is_ordered = false;
        zloop_poller_end(loop, item);
        return 0;
    }
    self->order_size += (size_t) got;
    self->order[self->order_size] = 0;
    char *begin = self->order;
    for (char *end; (end = strchr(begin, '\n')); begin = end + 1) {
        *end = 0;
        serve_order(self, begin);
    }
    self->order_size -= (size_t) (begin - self->order);
    memmove(self->order, begin, self->order_size);
    if (self->order_size == sizeof self->order - 1)
        self->order_size = 0; // no order of ours is as long
    return 0;
}

void orders_start(controller_t *self)
{
    struct stat status;
    if (self->ready_fd < 0 || fstat(self->ready_fd, &status) || !S_ISSOCK(status.st_mode))
        return; // a pipe takes reports alone
    self->is_ordered = true;
    zloop_poller(self->loop, &(zmq_pollitem_t){.fd = self->ready_fd, .events = ZMQ_POLLIN}, on_order, self);
}
