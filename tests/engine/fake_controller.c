#include "tests/engine/fake_controller.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const files[] = {"c", "engine.json", "stage", "log", "images", "shm"};

int64_t fake_monotonic_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

static void path_of(const fake_t *self, const char *file, char path[IPC_PATH_MAX])
{
    snprintf(path, IPC_PATH_MAX, "%s/%s", self->directory, file);
}

//  --- Files --------------------------------------------------------------------------------------------------

static void make_stage(fake_t *self)
{
    char path[IPC_PATH_MAX];
    path_of(self, "stage", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(ftruncate(fd, sizeof *self->stage), 0);
    self->stage = mmap(NULL, sizeof *self->stage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(self->stage, MAP_FAILED);
    close(fd);
    setenv(STAGE_VARIABLE, path, 1);
}

void fake_make_directory(fake_t *self)
{
    char path[IPC_PATH_MAX];
    ipc_error_t error = {0};
    strcpy(self->directory, "/tmp/ipcw-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(self->directory));
    make_stage(self);
    path_of(self, "images", path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ipc_connection_t *file = &self->connection;
    *file = (ipc_connection_t){.version = 1, .role = "engine", .profile = "default", .supervisor = getpid(),
                               .supervisor_start = ipc_process_start(getpid())};
    memset(file->token, 'a', sizeof file->token - 1);
    snprintf(file->endpoint, sizeof file->endpoint, "ipc://%s/c", self->directory);
    snprintf(file->directory, sizeof file->directory, "%s", self->directory);
    path_of(self, "shm", file->shm);
    ck_assert_int_eq(mkdir(file->shm, 0700), 0);
    path_of(self, "engine.json", path);
    ck_assert_msg(ipc_connection_write(file, path, &error) == 0, "%s", error.text);
}

void fake_remove_directory(fake_t *self)
{
    char path[IPC_PATH_MAX];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        path_of(self, files[i], path);
        remove(path);
    }
    remove(self->directory);
}

bool fake_log_has(const fake_t *self, const char *text)
{
    char path[IPC_PATH_MAX], line[1024];
    path_of(self, "log", path);
    FILE *log = fopen(path, "re");
    ck_assert_ptr_nonnull(log);
    bool found = false;
    while (!found && fgets(line, sizeof line, log)) found = strstr(line, text) != NULL;
    fclose(log);
    return found;
}

//  --- Processes ----------------------------------------------------------------------------------------------

//  A child that dies with the test.
static pid_t start_child(void)
{
    pid_t test = getpid(), child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != test)
        _exit(1);
    return 0;
}

static _Noreturn void execute_worker(const fake_t *self, const int output[2], const int errors[2])
{
    char path[IPC_PATH_MAX], numbers[3][16];
    path_of(self, "log", path);
    const int fds[3] = {output[0], errors[0], open(path, O_WRONLY | O_CREAT | O_APPEND, 0600)};
    for (size_t i = 0; i < 3; i++) snprintf(numbers[i], sizeof numbers[i], "%d", fds[i]);
    dup2(output[1], STDOUT_FILENO);
    dup2(errors[1], STDERR_FILENO);
    close(output[1]);
    close(errors[1]);
    setenv("IPC_MODULE_PATH", MODULE_DIRECTORY, 1);
    execl(WORKER, WORKER, "--directory", self->directory, "--id", "0", "--epoch", "1", "--output-fd", numbers[0],
          "--error-fd", numbers[1], "--log-fd", numbers[2], (char *) NULL);
    _exit(126);
}

void fake_start_worker(fake_t *self)
{
    int output[2], errors[2];
    memset(self->stage, 0, sizeof *self->stage);
    ck_assert_int_eq(pipe(output) | pipe(errors), 0);
    self->worker = start_child();
    if (self->worker == 0)
        execute_worker(self, output, errors);
    for (int i = 0; i < 2; i++) {
        close(output[i]);
        close(errors[i]);
    }
    fake_await_registration(self);
    fake_accept(self);
}

int fake_worker_status(fake_t *self)
{
    int status = 0;
    struct pollfd worker = {.fd = (int) syscall(SYS_pidfd_open, self->worker, 0), .events = POLLIN};
    ck_assert_msg(poll(&worker, 1, FAKE_DEADLINE_MS) == 1, "the worker did not end in %d ms", FAKE_DEADLINE_MS);
    close(worker.fd);
    ck_assert_int_eq(waitpid(self->worker, &status, 0), self->worker);
    self->worker = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

//  --- The controller -----------------------------------------------------------------------------------------

void fake_open(fake_t *self)
{
    int zero = 0;
    self->zmq = zmq_ctx_new();
    self->socket = zmq_socket(self->zmq, ZMQ_ROUTER);
    ck_assert_ptr_nonnull(self->socket);
    zmq_setsockopt(self->socket, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(self->socket, ZMQ_ROUTER_MANDATORY, &(int){1}, sizeof(int));
    ck_assert_msg(zmq_bind(self->socket, self->connection.endpoint) == 0, "%s: %s", self->connection.endpoint,
                  zmq_strerror(errno));
    zmq_msg_init(&self->frame);
    self->reader = ipc_reader("", 0);
    self->out.size = 0;
    self->process = start_child();
    while (self->process == 0) pause();
}

void fake_close(fake_t *self)
{
    zmq_msg_close(&self->frame);
    zmq_close(self->socket);
    zmq_ctx_term(self->zmq); // the socket's file is gone now
    kill(self->process, SIGKILL);
    waitpid(self->process, NULL, 0);
}

void fake_await_registration(fake_t *self)
{
    ipc_msg_t msg = fake_expect(self, IPC_MSG_REGISTER);
    ck_assert_uint_eq(msg.registration.token.size, IPC_TOKEN_TEXT - 1);
    ck_assert_mem_eq(msg.registration.token.data, self->connection.token, IPC_TOKEN_TEXT - 1);
    ck_assert_uint_eq(msg.registration.engine, 0);
    ck_assert_uint_eq(msg.registration.epoch, 1);
    ck_assert_uint_eq(msg.registration.pid, (unsigned) self->worker);
    ck_assert_uint_eq(msg.registration.death_epoch, 0);
}

void fake_accept(fake_t *self)
{
    fake_add(self, &(ipc_msg_t){.type = IPC_MSG_ACCEPTED, .accepted = {.pid = (uint32_t) self->process}});
    fake_send(self);
}

//  --- Messages -----------------------------------------------------------------------------------------------

void fake_add(fake_t *self, const ipc_msg_t *msg)
{
    ipc_msg_pack(msg, &self->out);
}

void fake_send_bytes(fake_t *self, const void *bytes, size_t size)
{
    ck_assert_int_eq(zmq_send(self->socket, self->route, self->route_size, ZMQ_SNDMORE), (int) self->route_size);
    ck_assert_int_eq(zmq_send(self->socket, bytes, size, 0), (int) size);
}

void fake_send(fake_t *self)
{
    fake_send_bytes(self, self->out.data, self->out.size);
    self->out.size = 0;
}

static void receive(fake_t *self)
{
    ipc_error_t error = {0};
    zmq_pollitem_t item = {.socket = self->socket, .events = ZMQ_POLLIN};
    ck_assert_msg(zmq_poll(&item, 1, FAKE_DEADLINE_MS) == 1, "the worker said nothing in %d ms", FAKE_DEADLINE_MS);
    int size = zmq_recv(self->socket, self->route, sizeof self->route, 0);
    ck_assert_int_gt(size, 0);
    self->route_size = (size_t) size;
    ck_assert_int_ge(zmq_msg_recv(&self->frame, self->socket, 0), 0);
    ck_assert_msg(!ipc_frame_open(&self->reader, zmq_msg_data(&self->frame), zmq_msg_size(&self->frame), &error),
                  "%s", error.text);
}

ipc_msg_t fake_next(fake_t *self)
{
    ipc_msg_t msg;
    ipc_error_t error = {0};
    int more;
    while ((more = ipc_msg_unpack(&msg, &self->reader, &error)) == 0) receive(self);
    ck_assert_msg(more == 1, "%s", error.text);
    return msg;
}

ipc_msg_t fake_expect(fake_t *self, ipc_msg_type_t type)
{
    ipc_msg_t msg = fake_next(self);
    ck_assert_msg(msg.type == type, "the worker said %s, not %s", ipc_msg_name(msg.type), ipc_msg_name(type));
    return msg;
}
