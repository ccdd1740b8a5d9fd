#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/descriptors.h"
#include "common/fail.h"
#include "engine/crash.h"
#include "engine/state.h"
#include "engine/unit_cache.h"

int64_t clock_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

//  --- The connection thread --------------------------------------------------------------------------------

void arm_timer(worker_t *self, long after_ns)
{
    if (self->timer_armed)
        return;
    self->timer_armed = true;
    struct itimerspec when = {.it_value.tv_nsec = after_ns};
    timerfd_settime(self->timer_fd, 0, &when, NULL);
}

//  Nothing runs that the other thread would have to look at: to wake it up for that costs more than this call.
static void disarm_timer(worker_t *self)
{
    if (!self->timer_armed)
        return;
    self->timer_armed = false;
    timerfd_settime(self->timer_fd, 0, &(struct itimerspec){0}, NULL);
}

enum { WATCH_SOCKET, WATCH_STOP, WATCH_CONTROLLER, WATCH_OUT, WATCH_ERR, WATCH_KICK, WATCH_TIMER, WATCH_CUT,
       WATCH_COUNT };

enum { DESCRIPTORS_NEEDED = 5 + IPC_DESCRIPTORS_CONTEXT + IPC_DESCRIPTORS_CONNECTION };
enum { REGISTER_MS = 2000 };           // after which an unanswered registration is made again

//  Has the memory of the item that runs measured, once it has run for long. Gives in how many milliseconds to look
//  again, -1: not before something happens.
static int watch_memory(worker_t *self)
{
    const work_t *work = self->current;
    uint64_t position = work ? atomic_load(&work->running) : 0;
    if (!work || work->span == 0 || memory_measures(&self->memory, work->span, position))
        return -1;
    if (clock_ns() - self->run_started < MEMORY_NS)
        return 1;
    memory_begin(&self->memory, work->span, position);
    if (self->page) {
        self->page->measured_span = work->span;
        self->page->measured_item = position;
    }
    return -1;
}

//  Of two times to wait, -1 each: without limit.
static int sooner(int one_ms, int other_ms)
{
    return one_ms < 0 || (other_ms >= 0 && other_ms < one_ms) ? other_ms : one_ms;
}

//  Waits, without the lock, for anything that either thread must act on.
static void wait_for_event(worker_t *self, bool connection_thread)
{
    bool streams = self->accepted || !connection_thread; // else what the task writes waits
    struct pollfd fds[WATCH_COUNT] = {
        [WATCH_SOCKET] = {.fd = self->socket_fd, .events = POLLIN},
        [WATCH_STOP] = {.fd = self->stop_fd, .events = POLLIN},
        [WATCH_CONTROLLER] = {.fd = self->controller_fd, .events = POLLIN},
        [WATCH_OUT] = {.fd = streams ? self->output.fds[0] : -1, .events = POLLIN},
        [WATCH_ERR] = {.fd = streams ? self->output.fds[1] : -1, .events = POLLIN},
        [WATCH_KICK] = {.fd = connection_thread ? self->kick_fd : -1, .events = POLLIN},
        [WATCH_TIMER] = {.fd = connection_thread ? self->timer_fd : -1, .events = POLLIN},
        [WATCH_CUT] = {.fd = self->monitor.fd, .events = POLLIN},
    };
    bool accepted = self->controller_fd >= 0;
    int timeout_ms = connection_thread ? sooner(interrupt_check(self), watch_memory(self)) : -1;
    bool looks = timeout_ms >= 0;
    if (!accepted && (!looks || timeout_ms > REGISTER_MS)) {
        timeout_ms = REGISTER_MS;
        looks = false;
    }
    pthread_mutex_unlock(&self->lock);
    int rc = poll(fds, WATCH_COUNT, timeout_ms);
    uint64_t kicks;
    if (rc > 0 && fds[WATCH_KICK].revents)
        (void) !read(self->kick_fd, &kicks, sizeof kicks);
    pthread_mutex_lock(&self->lock);
    if (rc > 0 && fds[WATCH_TIMER].revents && read(self->timer_fd, &kicks, sizeof kicks) > 0)
        self->timer_armed = false;
    if (rc == 0 && !looks && self->controller_fd < 0) // the controller died before it had answered
        contact_lost(self);
    self->stopping = self->stopping || (rc > 0 && fds[WATCH_STOP].revents);
    if (rc > 0 && !connection_thread && (fds[WATCH_OUT].revents || fds[WATCH_ERR].revents)) {
        output_read(&self->output); // of a child that outlived its task: nobody's
        output_clear(&self->output);
    }
    if (rc > 0 && fds[WATCH_CONTROLLER].revents && fds[WATCH_CONTROLLER].fd == self->controller_fd)
        contact_lost(self);
    else if (rc > 0 && fds[WATCH_CUT].revents && fds[WATCH_CUT].fd == self->monitor.fd &&
             ipc_monitor_is_cut(&self->monitor))
        contact_cut(self);
}

//  Lives until the controller has what was finished.
static void wait_until_heard(worker_t *self)
{
    self->answered = false;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_PING});
    link_flush(self);
    int64_t left, until = clock_ns() + (int64_t) CRASH_SAVE_MS * 1000000;
    while (!self->answered && self->controller_fd >= 0 && (left = until - clock_ns()) > 0) {
        enum { LOOK_MS = 10 };         // the other thread may have read what came
        struct pollfd socket = {.fd = self->socket_fd, .events = POLLIN};
        pthread_mutex_unlock(&self->lock);
        poll(&socket, 1, left < LOOK_MS * 1000000 ? (int) (left / 1000000) + 1 : LOOK_MS);
        pthread_mutex_lock(&self->lock);
        link_receive(self);
    }
}

//  A task crashes: the process lives until that is so.
static void save_results(worker_t *self)
{
    wait_until_heard(self);
    (void) !write(self->saved_fd, &(uint64_t){1}, sizeof(uint64_t));
}

//  While one task takes long, this thread has the socket: finished results, output and answers leave.
static void serve_while_busy(worker_t *self)
{
    pthread_mutex_lock(&self->lock);
    self->timer_armed = false;
    while (self->busy) {
        bool crashes = crash_is_under_way();
        if (!crashes && clock_ns() - self->run_started < TAKE_OVER_NS) { // tasks stream: their thread sends
            arm_timer(self, TICK_NS);
            break;
        }
        self->serving = true;
        link_take_slice(self);
        link_close_batch(self);
        link_stream_output(self);
        published_send(self);
        link_flush(self);
        if (crashes)
            save_results(self);
        if (self->stopping || self->refused) {
            link_flush(self);
            _exit(self->refused ? WORKER_REFUSED : 0);
        }
        wait_for_event(self, true);
    }
    self->serving = false;
    if (!self->busy && crash_is_under_way()) // nothing to be saved
        (void) !write(self->saved_fd, &(uint64_t){1}, sizeof(uint64_t));
    pthread_mutex_unlock(&self->lock);
}

static void *connection_thread(void *argument)
{
    worker_t *self = argument;
    struct pollfd fds[] = {{.fd = self->timer_fd, .events = POLLIN}, {.fd = self->kick_fd, .events = POLLIN}};
    for (;;) {
        uint64_t ticks;
        if (poll(fds, 2, -1) <= 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (fds[i].revents)
                (void) !read(fds[i].fd, &ticks, sizeof ticks);
        serve_while_busy(self);
    }
    return NULL;
}

//  --- The task thread ----------------------------------------------------------------------------------------

//  Objects of ours that nobody holds any more can be used again.
static void take_freed(worker_t *self)
{
    for (size_t i = 0; i < self->freed_count; i++) ipc_store_freed(self->store, self->freed[i]);
    self->freed_count = 0;
}

//  What tasks have left for a moment without any, with the lock: the other thread has the connection meanwhile.
static void catch_up(worker_t *self)
{
    self->run_started = clock_ns();
    arm_timer(self, FIRST_LOOK_NS);
    pthread_mutex_unlock(&self->lock);
    cells_catch_up(self->cells);
    pthread_mutex_lock(&self->lock);
}

//  With the lock: the next span, waiting for it; NULL when the worker is to end.
static work_t *next_work(worker_t *self)
{
    while (!self->first) {
        link_close_batch(self);
        if (self->out.size > 0)
            link_flush(self);
        if (self->first)
            break;
        if (self->busy && cells_are_behind(self->cells)) {
            catch_up(self);
            continue;
        }
        self->busy = false;
        disarm_timer(self);
        if (self->stopping || self->refused)
            return NULL;
        if (self->serving)
            (void) !write(self->kick_fd, &(uint64_t){1}, sizeof(uint64_t));
        wait_for_event(self, false);
        link_receive(self);
    }
    if (!self->busy) {
        self->busy = true;
        self->run_started = clock_ns();
        arm_timer(self, FIRST_LOOK_NS);
    }
    work_t *work = self->first;
    self->first = work->next;
    *(work->next ? &work->next->previous : &self->last) = NULL;
    work->next = NULL;
    return self->current = work;
}

//  False when the controller has given it to another engine, as this one was silent for too long.
static bool note_start(worker_t *self, const work_t *work, uint64_t position)
{
    if (!self->page)
        return true;
    atomic_store_explicit(&self->page->span, work->span, memory_order_relaxed);
    self->page->item = position;
    self->page->begun = position + 1;
    self->page->running = 1;
    if (page_may_start(self->page))
        return true;
    self->page->running = 0;
    return false;
}

static void note_end(worker_t *self)
{
    if (!self->page)
        return;
    self->page->done_span = self->page->span;
    self->page->done_item = self->page->item;
    self->page->running = 0;
}

//  The next item of a span, if one is left.
static bool claim(work_t *work, uint64_t *position)
{
    uint64_t range = atomic_load_explicit(&work->range, memory_order_relaxed);
    do
        if ((range & UINT32_MAX) == range >> 32)
            return false;
    while (!atomic_compare_exchange_weak(&work->range, &range, range + 1));
    *position = work->first + (range & UINT32_MAX);
    atomic_store_explicit(&work->running, *position, memory_order_relaxed);
    return true;
}

//  A short task that gave a small value and wrote nothing: its result needs no lock.
static bool is_plain(worker_t *self)
{
    const outcome_t *outcome = &self->outcome;
    return !outcome->failed && outcome->finished - outcome->started < self->silent_ns &&
           outcome->objects.size == 0 && self->published_count == 0 && !self->gpu_fails &&
           slice_has_room(&self->slice, outcome->value.size);
}

//  Runs items without the lock until some time has passed, or one is no plain one: true when that is to be reported.
static bool run_slice(worker_t *self, work_t *work, uint64_t *position)
{
    outcome_t *outcome = &self->outcome;
    int64_t end = outcome->finished + SLICE_NS;
    while (claim(work, position)) {
        outcome->started = outcome->finished; // of the one before
        if (work->drops && interrupt_drops(work, *position)) {
            interrupt_skip(self, work);
            return true;
        }
        if (!note_start(self, work, *position)) {
            work_forsake(work); // and what comes behind it likewise, until the controller says so: see link.c
            return false;
        }
        run_item(self, work, *position);
        note_end(self);
        if (!is_plain(self))
            return true;
        slice_add(&self->slice, *position, outcome->value.data, outcome->value.size, outcome->started,
                  outcome->finished);
        if (outcome->finished >= end)
            break;
    }
    return false;
}

//  The engine's GPU has failed under the last task: with the lock.
static _Noreturn void end_without_gpu(worker_t *self)
{
    link_close_batch(self);
    wait_until_heard(self);
    _exit(GPU_FAILED_STATUS);
}

//  With the lock on entry and on return.
static void run_work(worker_t *self, work_t *work)
{
    self->outcome.finished = clock_ns();
    kept_begin(self, work);
    while (work_left(work) > 0) {
        uint64_t position = 0;
        self->run_started = self->outcome.finished;
        if (self->serving) // the connection thread waits for events: what is finished soon is one
            arm_timer(self, FIRST_LOOK_NS);
        take_freed(self);
        pthread_mutex_unlock(&self->lock);
        bool reports = run_slice(self, work, &position);
        pthread_mutex_lock(&self->lock);
        link_take_slice(self);
        slice_clear(&self->slice);
        if (reports)
            link_report(self, work, position);
        kept_mirror(self, work);
        if (gpu_has_failed(self))
            end_without_gpu(self);
        if (work->lone || self->outcome.finished - self->flushed > FLUSH_NS) {
            link_close_batch(self);
            link_flush(self);
        }
    }
    self->current = NULL;
    work_free(self, work);
}

//  Before the first task, with the lock: the other thread has the connection meanwhile. A cell that ends the process
//  does so as a task of nobody's.
static void restore_cells(worker_t *self)
{
    if (restore_is_empty(self->restore))
        return;
    if (self->page)
        self->page->running = 1;
    self->busy = true;
    self->run_started = clock_ns();
    arm_timer(self, FIRST_LOOK_NS);
    pthread_mutex_unlock(&self->lock);
    execute_again(self);
    pthread_mutex_lock(&self->lock);
    if (self->page)
        self->page->running = 0;
}

int worker_run(worker_t *self)
{
    pthread_mutex_lock(&self->lock);
    restore_cells(self);
    for (work_t *work; (work = next_work(self));) run_work(self, work);
    pthread_mutex_unlock(&self->lock);
    loader_destroy(&self->loader);
    ipc_store_destroy(&self->store);
    return self->refused ? WORKER_REFUSED : 0;
}

//  --- Start ------------------------------------------------------------------------------------------------------

//  A handler has no context: the descriptor that it writes to. Set once, before the handler is.
static int stop_descriptor = -1;

static void on_stop_signal(int signal_number)
{
    (void) signal_number;
    int saved = errno;
    (void) !write(stop_descriptor, &(uint64_t){1}, sizeof(uint64_t));
    errno = saved;
}

//  exit() within a task: what is finished is sent, then the nanny is told.
static void on_task_exit(int status, void *argument)
{
    worker_t *self = argument;
    if (!self->in_task)
        return;
    pthread_mutex_lock(&self->lock);
    link_take_slice(self);
    link_close_batch(self);
    link_flush(self);
    pthread_mutex_unlock(&self->lock);
    crash_exit(status);
}

static void set_signals(worker_t *self)
{
    stop_descriptor = self->stop_fd;
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_stop_signal, .sa_flags = SA_RESTART}, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (self->options.crash_fd >= 0)
        crash_install(self->options.crash_fd, self->options.ack_fd, self->kick_fd, self->saved_fd);
    on_exit(on_task_exit, self);
}

//  Signals go to the task thread, so that this one never runs a handler of a task's.
static int start_connection_thread(worker_t *self, ipc_error_t *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&self->connection_thread, NULL, connection_thread, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? ipc_fail(error, IPC_E_SYSTEM, "cannot start a thread: %s", strerror(rc)) : 0;
}

//  The nanny put a directory of ours at the head of LD_LIBRARY_PATH (see child.c): programs that tasks start do
//  not see it. Gives it, or NULL.
static const char *take_library_directory(worker_t *self)
{
    const char *directory = getenv("IPC_LIBRARY_DIRECTORY"), *path = getenv("LD_LIBRARY_PATH");
    size_t size = directory ? strlen(directory) : 0;
    if (!directory || !path || strncmp(path, directory, size) != 0)
        return NULL;
    snprintf(self->library_directory, sizeof self->library_directory, "%s", directory);
    char *rest = path[size] == ':' ? ipc_xstrdup(path + size + 1) : NULL;
    if (rest)
        setenv("LD_LIBRARY_PATH", rest, 1);
    else
        unsetenv("LD_LIBRARY_PATH");
    free(rest);
    unsetenv("IPC_LIBRARY_DIRECTORY");
    return self->library_directory;
}

//  This start of this kernel, under this name: two hosts of one name differ in the first, containers on one host that
//  have names of their own, and with these their limits, in the second.
static void find_host(worker_t *self)
{
    char boot[40] = "";
    struct utsname names = {.nodename = ""};
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file && !fgets(boot, sizeof boot, file))
        boot[0] = 0;
    if (file)
        fclose(file);
    uname(&names);
    boot[strcspn(boot, "\n")] = 0;
    snprintf(self->host, sizeof self->host, "%s/%s", boot, names.nodename);
}

//  What tasks may need of this engine, and of its host.
static void find_possessions(worker_t *self)
{
    const char *said = getenv("IPC_ENGINE_HAS");
    snprintf(self->has, sizeof self->has, "%s", said ? said : "");
    snprintf(self->host_has, sizeof self->host_has, "cores=%ld,memory=%.0f", sysconf(_SC_NPROCESSORS_ONLN),
             (double) sysconf(_SC_PHYS_PAGES) * (double) sysconf(_SC_PAGESIZE));
    find_host(self);
}

worker_t *worker_new(const worker_options_t *options, ipc_error_t *error)
{
    worker_t *self = ipc_xalloc(sizeof *self);
    char path[IPC_PATH_MAX * 2];
    self->options = *options;
    self->task_thread = pthread_self();
    self->controller_fd = -1;
    self->monitor = IPC_MONITOR_CLOSED;
    snprintf(path, sizeof path, "%s/engine.json", options->directory);
    if (ipc_connection_read(&self->connection, path, error))
        return NULL; // the program ends
    if (options->page_fd >= 0 && !(self->page = page_map(options->page_fd, error)))
        return NULL;
    snprintf(self->images, sizeof self->images, "%s/images", self->connection.directory);
    if (ipc_descriptors_check(DESCRIPTORS_NEEDED, error))
        return NULL;
    pthread_mutex_init(&self->lock, NULL);
    randombytes_buf(&self->owner, sizeof self->owner);
    self->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    find_possessions(self);
    gpu_begin(self);
    self->saved_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    output_init(&self->output, options->output_fd, options->error_fd);
    self->silent_ns = output_least_ns();
    setvbuf(stdout, NULL, _IOLBF, 0); // so that a crash loses at most an unfinished line
    memory_open(&self->memory);
    self->holds = holds_new();
    self->kept_end = &self->kept;
    kept_inherit(self);
    self->names = names_new();
    snprintf(self->where, sizeof self->where, " on engine %d", self->options.engine);
    self->arena = ipc_arena_new();
    self->store = ipc_store_new(self->connection.shm, self->owner);
    self->loader = loader_new(&(loader_options_t){.images = self->images,
                                                  .libraries = take_library_directory(self),
                                                  .runtime = engine_runtime(self)});
    snprintf(path, sizeof path, "%s/cells", self->connection.directory);
    unit_cache_find(path, self->cell_directory);
    self->cells = cells_new(&(cells_options_t){.directory = self->cell_directory, .runtime = engine_runtime(self),
                                               .names = self->names,
                                               .units = unit_names_new(self->connection.shm,
                                                                       self->options.engine)});
    self->restore = restore_new(self->connection.directory, self->options.engine);
    self->is_lost = self->options.epoch > 1;
    self->cuda = cuda_cells_new(self->cell_directory, self->options.engine);
    prctl(PR_SET_TIMERSLACK, 1UL); // tasks that sleep for microseconds mean it
    char number[32];
    snprintf(number, sizeof number, "%d", getpid());
    setenv("IPC_WORKER_PID", number, 1); // by which ipc_client_new() knows a task
    setenv("IPC_SHM", self->connection.shm, 1);
    set_signals(self);
    self->zmq = zmq_ctx_new();
    zmq_ctx_set(self->zmq, ZMQ_IO_THREADS, 1);
    if (start_connection_thread(self, error) || contact_open(self, error))
        return NULL;
    interrupt_install(self);
    return self;
}
