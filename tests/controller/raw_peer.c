#include "raw_peer.h"

#include <check.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"

ipc_connection_t raw_connection(const char *name)
{
    char pattern[IPC_PATH_MAX * 2];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/ipc/*/%s", getenv("XDG_RUNTIME_DIR"), name);
    ck_assert_msg(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1, "not one %s", pattern);
    ipc_connection_t file;
    ipc_error_t error = {0};
    ck_assert_msg(ipc_connection_read(&file, found.gl_pathv[0], &error) == 0, "%s", error.text);
    globfree(&found);
    return file;
}

raw_peer_t raw_open(const ipc_connection_t *file, const char *route)
{
    raw_peer_t self = {.zmq = zmq_ctx_new()};
    int linger = 1000;
    self.socket = zmq_socket(self.zmq, ZMQ_DEALER);
    ck_assert_ptr_nonnull(self.socket);
    zmq_setsockopt(self.socket, ZMQ_LINGER, &linger, sizeof linger);
    if (route)
        ck_assert_int_eq(zmq_setsockopt(self.socket, ZMQ_ROUTING_ID, route, strlen(route)), 0);
    ck_assert_msg(zmq_connect(self.socket, file->endpoint) == 0, "%s: %s", file->endpoint, zmq_strerror(errno));
    zmq_msg_init(&self.frame);
    self.reader = ipc_reader("", 0);
    return self;
}

void raw_close(raw_peer_t *self)
{
    zmq_msg_close(&self->frame);
    ipc_writer_destroy(&self->out);
    zmq_close(self->socket);
    zmq_ctx_term(self->zmq);
}

void raw_add(raw_peer_t *self, const ipc_msg_t *msg)
{
    ipc_msg_pack(msg, &self->out);
}

void raw_add_hello(raw_peer_t *self, const char *token)
{
    raw_add(self, &(ipc_msg_t){.type = IPC_MSG_HELLO,
                               .hello = {.token = ipc_bytes_of(token),
                                         .name = ipc_bytes_of("raw"),
                                         .uuid = 0x1122334455667788,
                                         .pid = (uint32_t) getpid()}});
}

void raw_send_bytes(raw_peer_t *self, const void *bytes, size_t size)
{
    ck_assert_int_eq(zmq_send(self->socket, bytes, size, 0), (int) size);
}

void raw_send(raw_peer_t *self)
{
    raw_send_bytes(self, self->out.data, self->out.size);
    self->out.size = 0;
}

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

bool raw_next(raw_peer_t *self, ipc_msg_t *msg, int timeout_ms)
{
    ipc_error_t error = {0};
    int more;
    while ((more = ipc_msg_unpack(msg, &self->reader, &error)) == 0) {
        zmq_pollitem_t item = {.socket = self->socket, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, timeout_ms) <= 0)
            return false;
        ck_assert_int_ge(zmq_msg_recv(&self->frame, self->socket, 0), 0);
        ck_assert_msg(ipc_frame_open(&self->reader, zmq_msg_data(&self->frame), zmq_msg_size(&self->frame),
                                     &error) == 0,
                      "%s", error.text);
    }
    ck_assert_msg(more == 1, "%s", error.text);
    return true;
}

ipc_msg_t raw_await(raw_peer_t *self, ipc_msg_type_t one, ipc_msg_type_t other)
{
    ipc_msg_t msg;
    int64_t end = now_ms() + RAW_DEADLINE_MS;
    for (int64_t left; (left = end - now_ms()) > 0 && raw_next(self, &msg, (int) left);)
        if (msg.type == one || msg.type == other)
            return msg;
    ck_abort_msg("no %s came in %d ms", ipc_msg_name(one), RAW_DEADLINE_MS);
}

void raw_await_refusal(raw_peer_t *self, const char *word)
{
    ipc_msg_t msg = raw_await(self, IPC_MSG_REFUSED, IPC_MSG_REFUSED);
    ck_assert_msg(memmem(msg.refused.text.data, msg.refused.text.size, word, strlen(word)), "no '%s' in '%.*s'",
                  word, (int) msg.refused.text.size, msg.refused.text.data);
}

void raw_await_any_answer(raw_peer_t *self)
{
    self->out.size = 0;
    raw_add(self, &(ipc_msg_t){.type = IPC_MSG_STATUS});
    raw_send(self);
    raw_await(self, IPC_MSG_REFUSED, IPC_MSG_REPORT);
}

const ipc_msg_t raw_function = {.type = IPC_MSG_FUNCTION,
                                .function = {.function = RAW_NAMED,
                                             .kind = IPC_FUNCTION_NAMED,
                                             .key = {"nowhere.nothing", 15},
                                             .name = {"nowhere.nothing", 15},
                                             .libraries = {"", 0}}};

static const ipc_target_t two_on_engine_0 = {.engine = 0, .count = 2, .first = 0};
static const uint32_t two_places[] = {0, 1, 2};

ipc_msg_t raw_submission(void)
{
    return (ipc_msg_t){.type = IPC_MSG_SUBMIT,
                       .submit = {.function = RAW_NAMED,
                                  .flags = IPC_SUBMIT_DIRECT,
                                  .items = IPC_ITEMS_LIST,
                                  .job = RAW_FIRST_JOB,
                                  .count = 2,
                                  .label = {"", 0},
                                  .targets = {(const char *) &two_on_engine_0, sizeof two_on_engine_0},
                                  .objects = {"", 0},
                                  .arguments = {"", 0},
                                  .places = {(const char *) two_places, sizeof two_places},
                                  .data = {"\x01\x02", 2}}};
}

raw_peer_t raw_open_client(void)
{
    ipc_connection_t file = raw_connection("client.json");
    raw_peer_t self = raw_open(&file, NULL);
    raw_add_hello(&self, file.token);
    raw_send(&self);
    raw_await(&self, IPC_MSG_WELCOME, IPC_MSG_WELCOME);
    return self;
}

char *raw_report(void)
{
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &(ipc_msg_t){.type = IPC_MSG_STATUS});
    raw_send(&peer);
    ipc_msg_t msg = raw_await(&peer, IPC_MSG_REPORT, IPC_MSG_REPORT);
    char *text = ipc_xformat("%.*s", (int) msg.report.text.size, msg.report.text.data);
    raw_add(&peer, &(ipc_msg_t){.type = IPC_MSG_BYE});
    raw_send(&peer);
    raw_close(&peer);
    return text;
}
