//  The coming and going of the controller: this worker registers with it, is accepted or refused, and goes on with the
//  next one when it dies. Everything here is called with the lock held.
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/dealer.h"
#include "common/fail.h"
#include "engine/state.h"

static void register_engine(worker_t *self)
{
    const page_death_t *death = self->page && self->page->death.epoch ? &self->page->death : NULL;
    ipc_msg_t msg = {.type = IPC_MSG_REGISTER,
                     .registration = {.token = ipc_bytes_of(self->connection.token),
                                      .engine = (uint32_t) self->options.engine,
                                      .epoch = self->options.epoch,
                                      .pid = (uint32_t) getpid(),
                                      .nanny = (uint32_t) self->options.nanny,
                                      .owner = self->owner,
                                      .connection = ++self->connections,
                                      .has = ipc_bytes_of(self->has),
                                      .host = ipc_bytes_of(self->host),
                                      .host_has = ipc_bytes_of(self->host_has)}};
    if (death) {
        msg.registration.death_epoch = death->epoch;
        msg.registration.signal = (uint32_t) death->signal;
        msg.registration.status = (uint32_t) death->status;
        msg.registration.verdict = death->verdict;
        msg.registration.stack_overflow = death->stack_overflow;
        msg.registration.idle_deaths = death->idle_deaths;
        msg.registration.span = death->span;
        msg.registration.item = death->item;
        msg.registration.done_span = death->done_span;
        msg.registration.done_item = death->done_item;
        msg.registration.address = death->address;
        msg.registration.trace = ipc_bytes_of(death->trace);
        msg.registration.output = ipc_bytes_of(death->output);
        msg.registration.errors = ipc_bytes_of(death->errors);
        msg.registration.peak_memory = death->peak_memory;
    }
    link_send(self, &msg);
}

int contact_open(worker_t *self, ipc_error_t *error)
{
    if (ipc_dealer_open(&self->socket, &self->monitor, &self->socket_fd, self->zmq, self->connection.endpoint, 0))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot connect to %s: %s", self->connection.endpoint,
                        zmq_strerror(errno));
    register_engine(self);
    link_flush(self);
    return 0;
}

void contact_accepted(worker_t *self, const ipc_msg_t *msg)
{
    if (self->controller_fd >= 0)
        close(self->controller_fd);
    self->controller_fd = (int) syscall(SYS_pidfd_open, (pid_t) msg->accepted.pid, 0);
    if (self->controller_fd < 0 && errno == ESRCH) { // it died meanwhile: libzmq has gone on to the next one by itself
        contact_lost(self);
        return;
    }
    if (self->page) {
        self->page->death.epoch = 0; // reported
        self->page->ready = 1;
    }
    self->accepted = true;
    self->keeps = msg->accepted.keeps != 0;
    if (self->keeps)
        kept_tell(self);
    else
        kept_clear(self);
}

void contact_refused(worker_t *self, const ipc_msg_t *msg)
{
    dprintf(self->options.log_fd, "engine %d: the controller refuses this engine: %.*s\n", self->options.engine,
            (int) msg->refused.text.size, msg->refused.text.data);
    self->refused = 1;
}

void contact_trust(worker_t *self)
{
    if (self->page)
        atomic_store(&self->page->trust, PAGE_TRUSTED);
}

void contact_give_up(worker_t *self, const char *why)
{
    dprintf(self->options.log_fd, "engine %d: %s: it starts again\n", self->options.engine, why);
    if (self->page)
        self->page->verdict = IPC_VERDICT_CUT;
    _exit(WORKER_CUT);
}

//  What it had asked for is gone with it; the task that runs goes on, and this engine registers anew. Where controllers
//  are succeeded the next one hears of what was finished, and of what runs.
void contact_lost(worker_t *self)
{
    self->accepted = false;
    if (self->keeps && self->current)
        link_take_slice(self);
    if (self->keeps)
        link_close_batch(self);
    if (self->controller_fd >= 0)
        close(self->controller_fd);
    self->controller_fd = -1;
    ipc_monitor_close(&self->monitor, self->socket);
    zmq_close(self->socket);
    link_drop_work(self);
    contact_trust(self);
    self->next_job = 0;
    if (self->current && !self->keeps) {
        self->current->span = 0;
        if (self->page) // should it crash: the next controller has another task of that number
            self->page->span = 0;
    }
    self->functions = NULL; // the next one has other numbers; what runs may still use these
    self->function_count = 0;
    self->batch.count = 0;
    ipc_writer_clear(&self->batch.values);
    ipc_writer_clear(&self->batch.durations);
    ipc_writer_clear(&self->batch.objects);
    ipc_writer_clear(&self->out);
    ipc_error_t error = {0};
    if (contact_open(self, &error)) {
        dprintf(self->options.log_fd, "engine %d: %s\n", self->options.engine, error.text);
        self->refused = 1;
    }
}

//  A controller that dies cuts its connections, too: that is told by its pidfd.
void contact_cut(worker_t *self)
{
    enum { DEATH_MS = 500 };
    struct pollfd death = {.fd = self->controller_fd, .events = POLLIN};
    if (self->accepted && poll(&death, 1, DEATH_MS) == 0)
        contact_give_up(self, "its connection to the controller was cut");
}
