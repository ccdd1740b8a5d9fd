//  ipcbench-engines: many engines in one process, for ipcd to believe in: each has a socket of its own, registers
//  as an engine does, and answers each task at once with nil for each position. It writes "ready" when all were
//  accepted, or the sentence of a refusal, and ends with its parent.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "common/connection.h"
#include "common/fail.h"
#include "common/frame.h"
#include "common/message.h"

enum {
    ENGINES_MAX = 20000,
    ITEM_NS = 20000,  // what an item is said to have taken: the controller keeps a millisecond of work before each
    READY_EVENTS = 64 // served between two looks
};

typedef struct simulated {
    void *socket;     // a DEALER
    ipc_writer_t out; // the frame that answers
} simulated_t;

typedef struct crowd {
    simulated_t *engines;
    unsigned count, accepted;
    int events;       // epoll, of the sockets' descriptors
} crowd_t;

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

static void answer_task(simulated_t *self, const ipc_msg_t *task)
{
    ipc_writer_t body = {0};
    for (uint64_t i = 0; i < task->task.count; i++) ipc_write_nil(&body);
    int64_t now = now_ns();
    ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_DONE,
                              .done = {.span = task->task.span,
                                       .first = task->task.first,
                                       .count = task->task.count,
                                       .started = now - (int64_t) task->task.count * ITEM_NS,
                                       .finished = now,
                                       .body = {body.data, body.size}}},
                 &self->out);
    ipc_writer_destroy(&body);
}

static void answer(crowd_t *crowd, simulated_t *self, const ipc_msg_t *msg)
{
    switch (msg->type) {
    case IPC_MSG_TASK: answer_task(self, msg); break;
    case IPC_MSG_RECALL: // all that came has been answered
        ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_GAVE, .gave = {.last = 1}}, &self->out);
        break;
    case IPC_MSG_PING:
        ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_PONG, .pong = {.number = msg->ping.number}}, &self->out);
        break;
    case IPC_MSG_ACCEPTED:
        if (++crowd->accepted == crowd->count)
            dprintf(STDOUT_FILENO, "ready\n");
        break;
    case IPC_MSG_REFUSED:
        dprintf(STDOUT_FILENO, "%.*s\n", (int) msg->refused.text.size, msg->refused.text.data);
        exit(1);
    default: break; // what a function's number means
    }
}

static bool receive(crowd_t *crowd, simulated_t *self)
{
    zmq_msg_t frame;
    ipc_reader_t reader;
    ipc_msg_t msg;
    ipc_error_t error = {0};
    zmq_msg_init(&frame);
    bool got = zmq_msg_recv(&frame, self->socket, ZMQ_DONTWAIT) >= 0;
    int more = got && ipc_frame_open(&reader, zmq_msg_data(&frame), zmq_msg_size(&frame), &error) == 0;
    while (more == 1 && (more = ipc_msg_unpack(&msg, &reader, &error)) == 1) answer(crowd, self, &msg);
    if (more < 0) {
        dprintf(STDOUT_FILENO, "%s\n", error.text);
        exit(1);
    }
    zmq_msg_close(&frame);
    return got;
}

//  All that has come for an engine. Its descriptor tells of a message once: also what came while the answer was sent
//  is read.
static void serve(crowd_t *crowd, simulated_t *self)
{
    for (bool again = true; again;) {
        again = false;
        while (receive(crowd, self)) again = true;
        ipc_frame_send(&self->out, self->socket);
    }
}

static int add_engine(crowd_t *crowd, void *zmq, const ipc_connection_t *file, unsigned id)
{
    simulated_t *self = &crowd->engines[crowd->count++];
    int zero = 0, descriptor;
    size_t size = sizeof descriptor;
    self->socket = zmq_socket(zmq, ZMQ_DEALER);
    if (!self->socket || zmq_setsockopt(self->socket, ZMQ_SNDHWM, &zero, sizeof zero) ||
        zmq_setsockopt(self->socket, ZMQ_RCVHWM, &zero, sizeof zero) ||
        zmq_setsockopt(self->socket, ZMQ_LINGER, &zero, sizeof zero) ||
        zmq_connect(self->socket, file->endpoint) ||
        zmq_getsockopt(self->socket, ZMQ_FD, &descriptor, &size))
        return -1;
    ipc_msg_pack(&(ipc_msg_t){.type = IPC_MSG_REGISTER,
                              .registration = {.token = ipc_bytes_of(file->token),
                                               .engine = id,
                                               .epoch = 1,
                                               .pid = (uint32_t) getpid(),
                                               .nanny = (uint32_t) getpid(),
                                               .owner = (uint64_t) getpid() << 32 | id,
                                               .trace = {"", 0},
                                               .output = {"", 0},
                                               .errors = {"", 0}}},
                 &self->out);
    ipc_frame_send(&self->out, self->socket);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};
    return epoll_ctl(crowd->events, EPOLL_CTL_ADD, descriptor, &event);
}

static void run(crowd_t *crowd)
{
    struct epoll_event ready[READY_EVENTS];
    // What came before its descriptor was watched has been told of already.
    for (unsigned i = 0; i < crowd->count; i++) serve(crowd, &crowd->engines[i]);
    for (;;) {
        int count = epoll_wait(crowd->events, ready, READY_EVENTS, -1);
        for (int i = 0; i < count; i++) serve(crowd, ready[i].data.ptr);
    }
}

//  Three descriptors for each engine: its connection, its socket's, and the limit of what libzmq allows otherwise.
static void *make_context(unsigned count)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    void *zmq = zmq_ctx_new();
    zmq_ctx_set(zmq, ZMQ_MAX_SOCKETS, (int) count + 1);
    return zmq;
}

int main(int argc, char **argv)
{
    unsigned long first = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    unsigned long count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (count < 1 || count > ENGINES_MAX || first > ENGINES_MAX)
        return fprintf(stderr, "usage: ipcbench-engines ENGINE_JSON FIRST COUNT\n"), 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ipc_connection_t file;
    ipc_error_t error = {0};
    if (ipc_connection_read(&file, argv[1], &error))
        return dprintf(STDOUT_FILENO, "%s\n", error.text), 1;
    void *zmq = make_context((unsigned) count);
    crowd_t crowd = {.engines = ipc_xalloc(count * sizeof(simulated_t)),
                     .events = epoll_create1(EPOLL_CLOEXEC)};
    for (unsigned i = 0; i < count; i++)
        if (add_engine(&crowd, zmq, &file, (unsigned) first + i))
            return dprintf(STDOUT_FILENO, "engine %u cannot connect: %s\n", i, zmq_strerror(errno)), 1;
    run(&crowd);
    return 0;
}
