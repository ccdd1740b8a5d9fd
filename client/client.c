#include "client/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/callbacks.h"
#include "client/given.h"
#include "client/pulse.h"
#include "client/questions.h"
#include "client/results.h"
#include "client/resume.h"
#include "client/views.h"
#include "common/fail.h"
#include "common/rows.h"

int64_t client_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t client_monotonic(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

//  --- Who drives the socket --------------------------------------------------------------------------------

//  Waits at the socket, without the lock, and takes what comes. The caller has just flushed and found its
//  condition unmet: nothing that it waits for has been taken already.
static void lead(ipc_client_t *self, int timeout_ms, bool thread)
{
    enum { SOCKET, CONTROLLER, KICK, CUT, COUNT };
    self->leading = true;
    self->thread_leading = thread;
    struct pollfd fds[COUNT] = {
        [SOCKET] = {.fd = self->socket ? self->socket_fd : -1, .events = POLLIN},
        [CONTROLLER] = {.fd = self->controller_fd, .events = POLLIN},
        [KICK] = {.fd = self->kick_fd, .events = POLLIN},
        [CUT] = {.fd = self->monitor.fd, .events = POLLIN},
    };
    timeout_ms = pulse_wait_ms(self, thread, resume_wait_ms(self, timeout_ms));
    pthread_mutex_unlock(&self->lock);
    int rc = poll(fds, COUNT, timeout_ms);
    uint64_t kicks;
    if (rc > 0 && fds[KICK].revents)
        (void) !read(self->kick_fd, &kicks, sizeof kicks);
    pthread_mutex_lock(&self->lock);
    self->leading = self->thread_leading = false;
    link_receive(self);
    if ((rc > 0 && fds[CONTROLLER].revents && fds[CONTROLLER].fd == self->controller_fd) || resume_is_late(self))
        link_controller_died(self);
    else if (rc > 0 && fds[CUT].revents && fds[CUT].fd == self->monitor.fd && ipc_monitor_is_cut(&self->monitor))
        link_was_cut(self);
    if (rc == 0 && timeout_ms > 0)
        pulse_silent(self, timeout_ms);
    self->leads++;
    if (self->followers > 0)
        pthread_cond_broadcast(&self->changed);
}

static void kick_leader(ipc_client_t *self)
{
    (void) !write(self->kick_fd, &(uint64_t){1}, sizeof(uint64_t));
}

void client_wake(ipc_client_t *self)
{
    self->thread_lingers = false;
    if (self->thread_leading)
        kick_leader(self);
    else
        pthread_cond_signal(&self->thread_wanted);
}

void client_attend(ipc_client_t *self)
{
    if (self->thread_lingers && self->tasks > 0 && self->waiters == 0)
        client_wake(self);
}

void client_tell(ipc_client_t *self)
{
    if (self->leading) // it waits for messages that another thread has taken
        kick_leader(self);
    if (self->followers > 0)
        pthread_cond_broadcast(&self->changed);
}

//  On a condition until it is signalled, or the deadline (monotonic nanoseconds, INT64_MAX: none).
static void wait_on(ipc_client_t *self, pthread_cond_t *condition, int64_t deadline)
{
    if (deadline == INT64_MAX) {
        pthread_cond_wait(condition, &self->lock);
        return;
    }
    struct timespec until = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    pthread_cond_timedwait(condition, &self->lock, &until);
}

bool client_wait(ipc_client_t *self, condition_fn *condition, void *context, int timeout_ms)
{
    if (!self->catches || timeout_ms == 0 || condition(context)) // who only looks ends without it
        return client_wait_caught(self, condition, context, timeout_ms, NULL);
    interrupt_t interrupt = {.fd = self->kick_fd};
    interrupt_begin(&interrupt);
    bool met = client_wait_caught(self, condition, context, timeout_ms, &interrupt);
    interrupt_end(&interrupt);
    return met;
}

int client_fail_interrupted(ipc_error_t *error)
{
    return ipc_fail(error, IPC_E_INTERRUPTED, "the wait was interrupted by Ctrl-C");
}

void ipc_client_catch_interrupts(ipc_client_t *self, bool on)
{
    pthread_mutex_lock(&self->lock);
    self->catches = on;
    pthread_mutex_unlock(&self->lock);
}

bool client_wait_caught(ipc_client_t *self, condition_fn *condition, void *context, int timeout_ms,
                        interrupt_t *interrupt)
{
    int64_t deadline = timeout_ms < 0 ? INT64_MAX : client_monotonic() + (int64_t) timeout_ms * 1000000;
    if (condition(context)) // the common case of a reader: no system call
        return true;
    self->waiters++;
    bool met, interrupted = false;
    link_flush(self);
    for (;;) {
        if (link_has_more(self))
            link_flush(self);
        met = condition(context);
        if (met || self->stopping)
            break;
        if (interrupt && interrupt_take(interrupt)) {
            interrupted = !interrupt->ends || interrupt->ends(interrupt);
            if (interrupted)
                break;
            continue; // it may have something to be sent
        }
        int64_t left = deadline == INT64_MAX ? INT64_MAX : deadline - client_monotonic();
        if (left <= 0)
            break;
        if (!self->leading) {
            lead(self, left == INT64_MAX ? -1 : (int) ((left + 999999) / 1000000), false);
            continue;
        }
        if (self->thread_leading)
            kick_leader(self);
        self->followers++;
        wait_on(self, &self->changed, deadline);
        self->followers--;
    }
    self->waiters--;
    self->interrupted = interrupted;
    if (self->thread_parked || self->stopping)
        pthread_cond_broadcast(&self->thread_wanted);
    client_attend(self);
    return met;
}

//  Sends what has gathered, unless the controller has not answered to the last time: so more gathers while it
//  is busy, and a single call leaves at once.
static void flush_gathered(ipc_client_t *self)
{
    if (!link_has_more(self) || self->dead || self->resuming || (self->unanswered && link_size(self) < OUT_FULL))
        return;
    self->unanswered = true;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_PING});
    link_flush(self);
}

//  For how long the thread leaves the socket to callers: the longer they come one after another, the longer, unless
//  something is under way that may be none of theirs.
static int64_t next_linger(const ipc_client_t *self, int64_t linger_ns)
{
    if (self->tasks > self->waiters)
        return LINGER_NS;
    return linger_ns < LINGER_MOST_NS ? 2 * linger_ns : linger_ns;
}

//  The library's thread has the socket while no caller waits. Callers that come and go fast keep it: it looks
//  again after a while, and sleeps when one stays.
static void *client_thread(void *argument)
{
    ipc_client_t *self = argument;
    pthread_mutex_lock(&self->lock);
    uint64_t leads = self->leads;
    int64_t linger_ns = LINGER_NS;
    while (!self->stopping) {
        flush_gathered(self);
        if (!self->leading && self->waiters == 0 && self->leads == leads && resume_tell_seen(self, true))
            link_flush(self);
        if (!self->leading && self->waiters == 0 && self->leads == leads) {
            lead(self, -1, true);
            linger_ns = LINGER_NS;
        } else {
            self->thread_parked = self->leading && self->leads == leads;
            leads = self->leads;
            self->thread_lingers = linger_ns > LINGER_NS;
            wait_on(self, &self->thread_wanted,
                    self->thread_parked ? INT64_MAX : client_monotonic() + linger_ns);
            linger_ns = next_linger(self, linger_ns);
            self->thread_parked = self->thread_lingers = false;
            continue;
        }
        leads = self->leads;
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

//  --- Connecting -------------------------------------------------------------------------------------------

static bool is_welcome(void *context)
{
    ipc_client_t *self = context;
    return (self->welcome && self->knows_engines) || self->refusal.code || self->dead;
}

//  What a former connection's results show stays until the client goes.
static void retire_store(ipc_client_t *self)
{
    self->pin_count = 0;
    if (!self->store)
        return;
    self->retired = ipc_xrealloc(self->retired, (self->retired_count + 1) * sizeof self->retired[0]);
    self->retired[self->retired_count++] = self->store;
    self->store = NULL;
}

//  Finds the cluster, says hello and waits for the answer. With the lock.
static int client_connect(ipc_client_t *self, ipc_error_t *error)
{
    if (ipc_connection_find(&self->connection, self->connection_path, error))
        return -1;
    self->told_seen = 0;
    self->dead = self->resuming = self->keeps = self->welcome = self->knows_engines = self->unanswered = false;
    self->refusal = (ipc_error_t){0};
    randombytes_buf(&self->uuid, sizeof self->uuid); // of this connection: objects of a former one are not ours
    self->uuid = self->uuid >> 1 | 1;                // a number that SQL and JSON have as well
    if (link_open(self, error))
        return -1;
    bool answered = client_wait(self, is_welcome, self, self->connect_ms);
    if (self->refusal.code) {
        *error = self->refusal;
        return -1;
    }
    if (!answered && self->interrupted)
        return client_fail_interrupted(error);
    if (!answered || !self->welcome)
        return ipc_fail(error, IPC_E_CONNECTION,
                        "the cluster's controller does not answer at %s: stop the cluster with 'ipcluster "
                        "stop' and start it again",
                        self->connection.endpoint);
    retire_store(self);
    self->store = ipc_store_new(self->connection.shm, self->uuid);
    return 0;
}

int client_ensure(ipc_client_t *self, ipc_error_t *error)
{
    if (!self->dead)
        return 0;
    link_close(self);
    ipc_writer_clear(&self->out);
    for (uint32_t i = 0; i < self->function_count; i++) self->functions[i].told = false;
    ipc_error_t reason = {0};
    if (client_connect(self, &reason) == 0)
        return 0;
    self->dead = true;
    if (error)
        *error = reason;
    return -1;
}

//  A task's process is the engine's: its descriptors and signals are spoken for.
static bool is_in_task(void)
{
    const char *pid = getenv("IPC_WORKER_PID");
    return pid && strtol(pid, NULL, 10) == getpid();
}

int client_start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static int start_thread(ipc_client_t *self, ipc_error_t *error)
{
    int rc = client_start_thread(&self->thread, client_thread, self);
    return rc ? ipc_fail(error, IPC_E_SYSTEM, "cannot start a thread: %s", strerror(rc)) : 0;
}

static void client_free(ipc_client_t *self)
{
    for (size_t i = 0; i < TICKET_BUCKETS; i++)
        for (ticket_t *ticket = self->tickets[i]; ticket; ticket = ticket->next) {
            given_free(ticket->given);
            ticket->given = NULL;
        }
    while (self->views) view_free(self->views); // which hold results
    while (self->results) result_free(self->results);
    if (self->welcome && !self->dead) {
        link_send(self, &(ipc_msg_t){.type = IPC_MSG_BYE});
        link_flush(self);
    }
    link_close(self);
    if (self->zmq)
        zmq_ctx_term(self->zmq);
    ipc_store_destroy(&self->store);
    for (size_t i = 0; i < self->retired_count; i++) ipc_store_destroy(&self->retired[i]);
    free(self->retired);
    holds_destroy(&self->holds);
    for (size_t i = 0; i < TICKET_BUCKETS; i++)
        for (ticket_t *ticket = self->tickets[i], *next; ticket; ticket = next) {
            next = ticket->next;
            ticket_empty(self, ticket);
            free(ticket);
        }
    for (uint32_t i = 0; i < self->function_count; i++) {
        free(self->functions[i].key);
        free(self->functions[i].name);
        free(self->functions[i].libraries);
    }
    for (size_t i = 0; i < self->image_count; i++) {
        free(self->images[i].path);
        free(self->images[i].libraries);
    }
    free(self->tickets);
    free(self->functions);
    free(self->images);
    free(self->ids);
    free(self->ready);
    free(self->lent_ids);
    free(self->pins);
    free(self->connection_path);
    ipc_writer_destroy(&self->out);
    group_destroy(&self->group);
    draft_writers_free(&self->draft);
    if (self->kick_fd >= 0)
        close(self->kick_fd);
    pthread_mutex_unlock(&self->lock);
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->changed);
    pthread_cond_destroy(&self->thread_wanted);
    free(self);
}

ipc_client_t *ipc_client_new(const char *connection, ipc_error_t *error)
{
    return ipc_client_new_within(connection, IPC_FOREVER, error);
}

ipc_client_t *ipc_client_new_within(const char *connection, int timeout_ms, ipc_error_t *error)
{
    ipc_error_t ignored;
    error = error ? error : &ignored;
    if (is_in_task()) {
        ipc_fail(error, IPC_E_ARGUMENT, "a function that runs on an engine cannot open a client of its own: "
                                        "submit work from the program that applied it");
        return NULL;
    }
    if (sodium_init() < 0) {
        ipc_fail(error, IPC_E_SYSTEM, "libsodium cannot be used");
        return NULL;
    }
    ipc_client_t *self = ipc_xalloc(sizeof *self);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutexattr_t adaptive; // callers and the thread hold it for a microsecond: spinning is cheaper
    pthread_mutexattr_init(&adaptive);
    pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&self->lock, &adaptive);
    pthread_mutexattr_destroy(&adaptive);
    pthread_cond_init(&self->changed, &attributes);
    pthread_cond_init(&self->thread_wanted, &attributes);
    pthread_condattr_destroy(&attributes);
    self->connection_path = connection ? ipc_xstrdup(connection) : NULL;
    self->connect_ms = timeout_ms < 0 ? CONNECT_MS : timeout_ms;
    self->controller_fd = -1;
    self->monitor = IPC_MONITOR_CLOSED;
    self->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = self->kick_fd < 0 ? ipc_fail(error, IPC_E_SYSTEM, "cannot make an event: %s", strerror(errno)) : 0;
    randombytes_buf(&self->next_job, sizeof self->next_job); // no other client's jobs have the same ids
    self->next_job = (self->next_job >> 1 & ~(uint64_t) 0xffffff) + 1;
    self->tickets = ipc_xalloc(TICKET_BUCKETS * sizeof self->tickets[0]);
    self->holds = holds_new();
    pthread_mutex_lock(&self->lock);
    if (rc || pulse_open(self, error) || client_connect(self, error) || start_thread(self, error)) {
        client_free(self);
        return NULL;
    }
    pthread_mutex_unlock(&self->lock);
    return self;
}

void client_owe(ipc_client_t *self, int heard_ms)
{
    self->owed_ms = heard_ms > self->owed_ms ? heard_ms : self->owed_ms;
}

//  The controller hears of the end of a process before it reads what that has sent last: it has read all once it has
//  answered to a question that came after it. Ctrl-C has its default effect meanwhile: else it would drop what is owed.
static void await_heard(ipc_client_t *self)
{
    question_t answer = {0};
    ipc_msg_t query = {.query = {.kind = IPC_QUERY_SUPERVISOR}};
    if (self->owed_ms == 0 || self->dead)
        return;
    self->catches = false;
    question_ask(&answer, self, &query, self->owed_ms, NULL);
    question_free(&answer);
}

void ipc_client_destroy(ipc_client_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    ipc_client_t *self = *self_p;
    *self_p = NULL;
    pthread_mutex_lock(&self->lock);
    await_heard(self);
    self->stopping = true;
    kick_leader(self);
    pthread_cond_broadcast(&self->changed);
    pthread_cond_signal(&self->thread_wanted);
    while (self->waiters > 0) { // in other threads: their waits end
        pthread_cond_broadcast(&self->changed);
        pthread_cond_wait(&self->thread_wanted, &self->lock);
    }
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    callbacks_destroy(&self->callbacks);
    pthread_mutex_lock(&self->lock);
    client_free(self);
}

//  --- Engines ----------------------------------------------------------------------------------------------

typedef struct engines_wanted {
    const ipc_client_t *client;
    size_t count;
} engines_wanted_t;

static size_t ready_count(const ipc_client_t *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->id_count; i++) count += self->ready[i];
    return count;
}

static bool has_engines(void *context)
{
    const engines_wanted_t *wanted = context;
    return wanted->client->dead || ready_count(wanted->client) >= wanted->count;
}

int ipc_client_wait(ipc_client_t *self, size_t n, int timeout_ms, ipc_error_t *error)
{
    pthread_mutex_lock(&self->lock);
    int rc = client_ensure(self, error);
    bool met = !rc && client_wait(self, has_engines, &(engines_wanted_t){self, n}, timeout_ms);
    if (!rc && !met && self->interrupted)
        rc = client_fail_interrupted(error);
    else if (!rc && !met)
        rc = ipc_fail(error, IPC_E_TIMEOUT, "%zu of %zu engines were ready after %d ms", ready_count(self), n,
                      timeout_ms);
    else if (!rc && self->dead)
        rc = ipc_fail(error, IPC_E_CONNECTION, "the cluster is gone");
    pthread_mutex_unlock(&self->lock);
    return rc;
}

const int *ipc_client_ids(ipc_client_t *self, size_t *count)
{
    pthread_mutex_lock(&self->lock);
    link_flush(self); // what came in while nobody looked
    self->lent_ids = ipc_xrealloc(self->lent_ids, self->id_count * sizeof self->ids[0]);
    if (self->id_count > 0)
        memcpy(self->lent_ids, self->ids, self->id_count * sizeof self->ids[0]);
    *count = self->id_count;
    pthread_mutex_unlock(&self->lock);
    return self->lent_ids;
}
