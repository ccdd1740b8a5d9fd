//  Peers that break the rules, beside real processes: whatever a peer says, the controller stays the process that
//  it was, and a program beside it gets the right answers.
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "e2e_support.h"
#include "raw_peer.h"

enum { NAMED = 0, FIRST_JOB = 1, MEBIBYTE_OF_DOUBLES = 131072, NOBODY = 65534 };

// clang-format off
IPC_REMOTE(int64_t, my_id, (void)) { return ipc_engine_id(); }
IPC_REMOTE(double, nap_with, (const ipc_array_t *x, int milliseconds))
{
    usleep((useconds_t) milliseconds * 1000);
    return ((const double *) ipc_array_data(x))[0];
}
IPC_REMOTE(ipc_array_t *, many_ones, (void))
{
    ipc_array_t *x = ipc_array_new(IPC_F64, 1, (size_t[]){MEBIBYTE_OF_DOUBLES}, NULL);
    for (size_t i = 0; i < MEBIBYTE_OF_DOUBLES; i++) ipc_array_f64(x)[i] = 1;
    return x;
}
// clang-format on

//  The program that goes on working beside the bad peer, and the controller's pid before.
typedef struct witness {
    session_t session;
    pid_t ipcd;
} witness_t;

static witness_t witness_new(void)
{
    return (witness_t){session_open(), process_named("ipcd")};
}

static void assert_unharmed(witness_t *self)
{
    ipc_result_t *ids = ipc_apply_sync(self->session.all, my_id);
    assert_prints(ids, "[0, 1, 2, 3]");
    ipc_result_destroy(&ids);
    ck_assert_int_eq(process_named("ipcd"), self->ipcd);
}

static void witness_end(witness_t *self)
{
    assert_unharmed(self);
    session_close(&self->session);
    session_t late = session_open(); // a new one is welcome, too
    assert_prints(ipc_apply_sync(late.all, my_id), "[0, 1, 2, 3]");
    session_close(&late);
    ck_assert_int_eq(process_named("ipcd"), self->ipcd);
}

//  A function that no engine finds: its tasks fail, quickly.
static const ipc_msg_t function_message = {.type = IPC_MSG_FUNCTION,
                                           .function = {.function = NAMED,
                                                        .kind = IPC_FUNCTION_NAMED,
                                                        .key = {"nowhere.nothing", 15},
                                                        .name = {"nowhere.nothing", 15},
                                                        .libraries = {"", 0}}};

//  A submission to engine 0, of a list of two items; what a test spoils.
static const ipc_target_t two_on_engine_0 = {.engine = 0, .count = 2, .first = 0};
static const uint32_t two_places[] = {0, 1, 2};

static ipc_msg_t submission(void)
{
    return (ipc_msg_t){.type = IPC_MSG_SUBMIT,
                       .submit = {.function = NAMED,
                                  .flags = IPC_SUBMIT_DIRECT,
                                  .items = IPC_ITEMS_LIST,
                                  .job = FIRST_JOB,
                                  .count = 2,
                                  .label = {"", 0},
                                  .targets = {(const char *) &two_on_engine_0, sizeof two_on_engine_0},
                                  .objects = {"", 0},
                                  .arguments = {"", 0},
                                  .places = {(const char *) two_places, sizeof two_places},
                                  .data = {"\x01\x02", 2}}};
}

//  --- Who may speak ------------------------------------------------------------------------------------------

START_TEST(a_wrong_token_is_refused_with_a_sentence)
{
    witness_t witness = witness_new();
    ipc_connection_t client = raw_connection("client.json"), engine = raw_connection("engine.json");
    const char *tokens[] = {"", "0", engine.token, "0000000000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        raw_peer_t peer = raw_open(&client, NULL);
        raw_add_hello(&peer, tokens[i]);
        raw_send(&peer);
        raw_await_refusal(&peer, "connection file");
        raw_close(&peer);
    }
    raw_peer_t peer = raw_open(&engine, NULL);
    raw_add(&peer, &(ipc_msg_t){.type = IPC_MSG_REGISTER,
                                .registration = {.token = ipc_bytes_of(client.token),
                                                 .trace = {"", 0}, .output = {"", 0}, .errors = {"", 0}}});
    raw_send(&peer);
    raw_await_refusal(&peer, "connection file");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

static bool is_answered(const ipc_connection_t *file, int timeout_ms)
{
    ipc_msg_t msg;
    raw_peer_t peer = raw_open(file, NULL);
    raw_add_hello(&peer, file->token);
    raw_send(&peer);
    bool answered = raw_next(&peer, &msg, timeout_ms);
    raw_close(&peer);
    return answered;
}

//  In a child: says hello as nobody. Gives the child's exit status.
static int hello_of_nobody(const ipc_connection_t *file)
{
    enum { SILENT_MS = 700 };
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        const char *socket = strstr(file->endpoint, "://") + strlen("://");
        if (setgid(NOBODY) || setuid(NOBODY) || access(socket, R_OK | W_OK))
            _exit(2);
        _exit(is_answered(file, SILENT_MS));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

//  Even where the modes of the folders and of the socket would let it in.
START_TEST(a_client_of_another_user_gets_no_answer)
{
    if (geteuid() != 0)
        return; // only root can be somebody else
    ipc_connection_t file = raw_connection("client.json");
    char runtime[IPC_PATH_MAX];
    snprintf(runtime, sizeof runtime, "%s/ipc", getenv("XDG_RUNTIME_DIR"));
    const char *opened[] = {getenv("XDG_RUNTIME_DIR"), runtime, file.directory, strchr(file.endpoint, '/') + 2};
    enum { OPENED = sizeof opened / sizeof opened[0] };
    for (size_t i = 0; i < OPENED; i++) ck_assert_int_eq(chmod(opened[i], 0777), 0);
    int status = hello_of_nobody(&file);
    bool owner_answered = is_answered(&file, RAW_DEADLINE_MS);
    for (size_t i = 0; i < OPENED; i++) ck_assert_int_eq(chmod(opened[i], 0700), 0);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d: %s", status,
                  WEXITSTATUS(status) == 1 ? "it was answered" : "it could not even try");
    ck_assert(owner_answered);
    witness_t witness = witness_new();
    witness_end(&witness);
}
END_TEST

START_TEST(messages_on_the_wrong_socket_are_refused)
{
    static const ipc_msg_type_t clients_own[] = {IPC_MSG_HELLO,   IPC_MSG_FUNCTION, IPC_MSG_SUBMIT,
                                                 IPC_MSG_RELEASE, IPC_MSG_STATUS,   IPC_MSG_PING,
                                                 IPC_MSG_BYE,     IPC_MSG_QUERY,    IPC_MSG_FETCH,
                                                 IPC_MSG_TERMS,   IPC_MSG_LIMITS,   IPC_MSG_ABORT,
                                                 IPC_MSG_SIGNAL,  IPC_MSG_SUPPLY,   IPC_MSG_SHUTDOWN};
    witness_t witness = witness_new();
    ipc_connection_t engine = raw_connection("engine.json");
    for (ipc_msg_type_t type = 0; type < IPC_MSG_COUNT; type++) {
        bool is_clients = false;
        for (size_t i = 0; i < sizeof clients_own / sizeof clients_own[0]; i++)
            is_clients = is_clients || clients_own[i] == type;
        if (type == IPC_MSG_REGISTER || type == IPC_MSG_BYE)
            continue; // an engine's greeting; and a BYE ends whoever says it
        ipc_msg_t msg = {.type = type};
        if (type == IPC_MSG_OUTPUT)
            msg.output.stream = 1;
        if (!is_clients) {
            raw_peer_t peer = raw_open_client();
            raw_add(&peer, &msg);
            raw_send(&peer);
            raw_await_refusal(&peer, ipc_msg_name(type));
            raw_close(&peer);
        }
        raw_peer_t peer = raw_open(&engine, NULL);
        raw_add(&peer, &msg);
        raw_send(&peer);
        raw_await_refusal(&peer, ipc_msg_name(type));
        raw_close(&peer);
    }
    witness_end(&witness);
}
END_TEST

//  --- Frames ---------------------------------------------------------------------------------------------------

START_TEST(garbage_is_refused)
{
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    raw_peer_t peer = raw_open(&file, NULL);
    unsigned char bytes[5000];
    srandom(1);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char) random();
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 64, 255, 5000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        raw_send_bytes(&peer, bytes, sizes[i]);
        raw_await_refusal(&peer, "not of this system");
    }
    memcpy(bytes, "IPC\x01", IPC_FRAME_HEADER); // ours, as far as the header goes
    for (size_t i = 5; i < sizeof sizes / sizeof sizes[0]; i++) {
        raw_send_bytes(&peer, bytes, sizes[i]);
        raw_await_refusal(&peer, "message");
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

START_TEST(another_version_is_told_both_versions)
{
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    raw_peer_t peer = raw_open(&file, NULL);
    raw_add_hello(&peer, file.token);
    peer.out.data[IPC_FRAME_HEADER - 1] = 99;
    raw_send(&peer);
    raw_await_refusal(&peer, "version 99");
    raw_add_hello(&peer, file.token);
    peer.out.data[IPC_FRAME_HEADER - 1] = 99;
    raw_send(&peer);
    char ours[32];
    snprintf(ours, sizeof ours, "version %d", IPC_PROTOCOL);
    raw_await_refusal(&peer, ours);
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

START_TEST(a_message_of_too_many_parts_is_refused)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    for (int parts = 1; parts < 2000; parts = 3 * parts) {
        for (int i = 0; i < parts; i++)
            ck_assert_int_eq(zmq_send(peer.socket, "IPC\x01", IPC_FRAME_HEADER, ZMQ_SNDMORE), IPC_FRAME_HEADER);
        raw_send_bytes(&peer, "", 0);
        raw_await_refusal(&peer, "too many parts");
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  A peer may choose its routing id, up to 255 bytes.
START_TEST(a_long_routing_id_harms_nobody)
{
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    char route[256] = "";
    for (size_t size = 1; size < sizeof route; size = 4 * size - 1) {
        memset(route, 'r', size);
        raw_peer_t peer = raw_open(&file, route);
        raw_send_bytes(&peer, "?", 1); // it is dropped
        ipc_msg_t msg;
        raw_next(&peer, &msg, 200); // whether it is told or not
        raw_close(&peer);
        assert_unharmed(&witness);
    }
    witness_end(&witness);
}
END_TEST

//  Whatever became of the frame before, the controller answers the next one.
static void await_any_answer(raw_peer_t *peer)
{
    peer->out.size = 0;
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_STATUS});
    raw_send(peer);
    raw_await(peer, IPC_MSG_REFUSED, IPC_MSG_REPORT);
}

START_TEST(frames_cut_at_every_byte_harm_nobody)
{
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    ipc_msg_t submit = submission();
    raw_peer_t whole = raw_open(&file, NULL);
    raw_add_hello(&whole, file.token);
    raw_add(&whole, &function_message);
    raw_add(&whole, &submit);
    for (size_t size = 0; size < whole.out.size; size++) {
        raw_peer_t peer = raw_open(&file, NULL);
        raw_send_bytes(&peer, whole.out.data, size);
        await_any_answer(&peer);
        raw_close(&peer);
    }
    raw_send(&whole); // and uncut it is a submission
    ipc_msg_t msg = raw_await(&whole, IPC_MSG_RESULT, IPC_MSG_REFUSED);
    ck_assert_int_eq(msg.type, IPC_MSG_RESULT);
    raw_close(&whole);
    witness_end(&witness);
}
END_TEST

START_TEST(a_string_that_claims_a_gibibyte_is_refused)
{
    static const unsigned char claims[][10] = {
        {'I', 'P', 'C', IPC_PROTOCOL, IPC_MSG_HELLO, 0xc6, 0x40, 0, 0, 0},       // bytes
        {'I', 'P', 'C', IPC_PROTOCOL, IPC_MSG_HELLO, 0xc6, 0xff, 0xff, 0xff, 0xff},
        {'I', 'P', 'C', IPC_PROTOCOL, IPC_MSG_HELLO, 0xdb, 0x40, 0, 0, 0},       // text
        {'I', 'P', 'C', IPC_PROTOCOL, IPC_MSG_HELLO, 0xdd, 0x40, 0, 0, 0},       // list
    };
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    raw_peer_t peer = raw_open(&file, NULL);
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        raw_send_bytes(&peer, claims[i], sizeof claims[i]);
        raw_await_refusal(&peer, "malformed HELLO");
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  --- Submissions ------------------------------------------------------------------------------------------------

//  Submits, and waits for an error of the whole submission with this word in it.
static void assert_submission_fails(raw_peer_t *peer, const ipc_msg_t *msg, const char *word)
{
    ipc_failure_t failure;
    raw_add(peer, msg);
    raw_send(peer);
    ipc_msg_t answer = raw_await(peer, IPC_MSG_RESULT, IPC_MSG_REFUSED);
    ck_assert_int_eq(answer.type, IPC_MSG_RESULT);
    ck_assert_uint_eq(answer.result.failed, 1);
    ck_assert_uint_eq(answer.result.job, msg->submit.job);
    ck_assert_uint_eq(answer.result.count, msg->submit.count);
    ck_assert_int_eq(ipc_failure_unpack(&failure, answer.result.body), 0);
    ck_assert_msg(memmem(failure.text.data, failure.text.size, word, strlen(word)), "no '%s' in '%.*s'", word,
                  (int) failure.text.size, failure.text.data);
}

START_TEST(submissions_that_make_no_sense_end_with_an_error)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &function_message);
    ipc_msg_t msg = submission();
    static const uint32_t functions[] = {1, 15, 16, 1000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        msg.submit.function = functions[i];
        assert_submission_fails(&peer, &msg, "never named");
    }
    static const uint64_t counts[] = {0, (uint64_t) 1 << 60, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        msg = submission();
        msg.submit.count = counts[i];
        assert_submission_fails(&peer, &msg, "positions");
        msg.submit.items = IPC_ITEMS_RANGE;
        assert_submission_fails(&peer, &msg, "positions");
    }
    msg = submission();
    msg.submit.count = (uint64_t) 1 << 40;
    assert_submission_fails(&peer, &msg, "places");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

START_TEST(targets_out_of_range_end_with_an_error)
{
    static const struct {
        ipc_target_t target;
        const char *word;
    } cases[] = {
        {{.engine = ENGINES, .count = 2, .first = 0}, "engine"},
        {{.engine = UINT32_MAX, .count = 2, .first = 0}, "engine"},
        {{.engine = 0, .count = 3, .first = 0}, "target"},
        {{.engine = 0, .count = 2, .first = 1}, "target"},
        {{.engine = 0, .count = 0, .first = 3}, "target"},
        {{.engine = 0, .count = UINT32_MAX, .first = UINT64_MAX}, "target"},
    };
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &function_message);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ipc_msg_t msg = submission();
        msg.submit.targets.data = (const char *) &cases[i].target;
        assert_submission_fails(&peer, &msg, cases[i].word);
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

START_TEST(places_outside_of_the_data_end_with_an_error)
{
    static const uint32_t tables[][3] = {{0, 1, 3}, {0, 2, 1}, {2, 1, 2}, {UINT32_MAX, 0, 1}, {0, 0, UINT32_MAX}};
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &function_message);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        ipc_msg_t msg = submission();
        msg.submit.places.data = (const char *) tables[i];
        assert_submission_fails(&peer, &msg, "places");
    }
    for (size_t size = 0; size < sizeof two_places; size += sizeof two_places[0]) {
        ipc_msg_t msg = submission();
        msg.submit.places.size = size;
        assert_submission_fails(&peer, &msg, "places");
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  An engine gets the item as it is: bytes that are no value, and an item less than there should be.
START_TEST(items_that_are_no_values_fail_on_the_engine_alone)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    ipc_msg_t function = function_message;
    function.function.kind = IPC_FUNCTION_PUSH;
    raw_add(&peer, &function);
    static const char *const arguments[] = {"", "\xc1\xc1", "\xdb\x40", "\xdd\x40\x00\x00\x00", "\x93\x93\x93"};
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        ipc_msg_t msg = submission();
        msg.submit.job = FIRST_JOB + 2 * i;
        msg.submit.arguments = ipc_bytes_of(arguments[i]);
        raw_add(&peer, &msg);
        raw_send(&peer);
        for (int k = 0; k < 2; k++) {
            ipc_msg_t answer = raw_await(&peer, IPC_MSG_RESULT, IPC_MSG_REFUSED);
            ck_assert_int_eq(answer.type, IPC_MSG_RESULT);
            ck_assert_uint_eq(answer.result.failed, 1);
            k += answer.result.count == 2;
        }
    }
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  --- Values of other tasks ------------------------------------------------------------------------------------

static void add_terms(raw_peer_t *peer, const ipc_parent_t *parents, size_t count)
{
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_TERMS,
                               .terms = {.after = {"", 0}, .follow = {"", 0}, .needs = {"", 0},
                                         .arguments = {(const char *) parents, count * sizeof parents[0]}}});
}

//  A job of one position for engine 0.
static void add_job(raw_peer_t *peer, uint64_t job, ipc_bytes_t arguments)
{
    static const ipc_target_t one_on_engine_0 = {.engine = 0, .count = 1, .first = 0};
    ipc_msg_t msg = submission();
    msg.submit.job = job;
    msg.submit.count = 1;
    msg.submit.items = IPC_ITEMS_NONE;
    msg.submit.targets = (ipc_bytes_t){(const char *) &one_on_engine_0, sizeof one_on_engine_0};
    msg.submit.places.size = msg.submit.data.size = 0;
    msg.submit.arguments = arguments;
    raw_add(peer, &msg);
}

static void add_value(raw_peer_t *peer, uint64_t job, uint64_t number, const ipc_object_t *objects, size_t count)
{
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_SUPPLY,
                               .supply = {.job = job, .first = number, .count = 1,
                                          .objects = {(const char *) objects, count}, .body = {"\x05", 1}}});
}

static void assert_ends_with(raw_peer_t *peer, uint64_t job, const char *word)
{
    ipc_msg_t answer;
    do {
        answer = raw_await(peer, IPC_MSG_RESULT, IPC_MSG_REFUSED);
        ck_assert_int_eq(answer.type, IPC_MSG_RESULT);
    } while (answer.result.job != job);
    ck_assert_uint_eq(answer.result.failed, 1);
    ck_assert_msg(memmem(answer.result.body.data, answer.result.body.size, word, strlen(word)), "no '%s' in '%.*s'",
                  word, (int) answer.result.body.size, answer.result.body.data);
}

//  The client sends a value that was to come from a task: when that ends, another one is still missing.
START_TEST(a_value_that_comes_from_two_sides_harms_nobody)
{
    enum { FIRST = 1, SECOND = 2, GIVEN = 3 };
    static const ipc_parent_t parents[] = {{FIRST, 0, 1, IPC_PARENT_AWAITED, UINT32_MAX},
                                           {SECOND, 0, 1, IPC_PARENT_AWAITED, UINT32_MAX}};
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    ipc_msg_t function = function_message;
    function.function.kind = IPC_FUNCTION_CLEAR;
    raw_add(&peer, &function);
    add_job(&peer, SECOND, (ipc_bytes_t){"", 0}); // it ends first
    add_job(&peer, FIRST, (ipc_bytes_t){"", 0});
    add_terms(&peer, parents, 2);
    add_job(&peer, GIVEN, (ipc_bytes_t){"", 0});
    add_value(&peer, GIVEN, 1, NULL, 0);
    raw_send(&peer);
    assert_ends_with(&peer, GIVEN, "cannot be read");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  A push of the value of another task that nobody says anything of, after one that was given a value.
START_TEST(a_hole_that_nothing_fills_fails_on_the_engine_alone)
{
    enum { GIVEN = 3, BARE = 4 };
    static const ipc_parent_t parents[] = {{.count = 1, .state = IPC_PARENT_DONE, .engine = UINT32_MAX}};
    static const char push[] = "\xa1x\xd8\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"; // "x", the value of number 0
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    ipc_msg_t function = function_message;
    function.function.kind = IPC_FUNCTION_PUSH;
    raw_add(&peer, &function);
    add_terms(&peer, parents, 1);
    add_job(&peer, GIVEN, (ipc_bytes_t){push, sizeof push});
    add_value(&peer, GIVEN, 0, NULL, 0);
    raw_send(&peer);
    ck_assert_uint_eq(raw_await(&peer, IPC_MSG_RESULT, IPC_MSG_REFUSED).result.failed, 0);
    add_job(&peer, BARE, (ipc_bytes_t){push, sizeof push});
    raw_send(&peer);
    assert_ends_with(&peer, BARE, "did not come along");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  No engine is sent more objects than a message may name.
START_TEST(values_with_too_many_large_arrays_end_with_an_error)
{
    enum { GIVEN = 3 };
    static const ipc_parent_t parents[] = {{.count = 2, .state = IPC_PARENT_DONE, .engine = UINT32_MAX}};
    static ipc_object_t objects[IPC_MAX_OBJECTS];
    for (size_t i = 0; i < IPC_MAX_OBJECTS; i++) objects[i] = (ipc_object_t){NOBODY, i};
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    raw_add(&peer, &function_message);
    add_terms(&peer, parents, 1);
    add_job(&peer, GIVEN, (ipc_bytes_t){"", 0});
    add_value(&peer, GIVEN, 1, objects, IPC_MAX_OBJECTS);
    add_value(&peer, GIVEN, 0, objects, 1);
    raw_send(&peer);
    assert_ends_with(&peer, GIVEN, "too many large arrays");
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  --- Objects --------------------------------------------------------------------------------------------------

//  The objects in the cluster's shared memory: how many; the first one's name in object.
static size_t objects_there(ipc_object_t *object)
{
    ipc_connection_t file = raw_connection("client.json");
    char pattern[IPC_PATH_MAX * 2];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/[0-9a-f]*-*", file.shm);
    size_t count = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    if (count > 0 && object) {
        char *end = NULL;
        object->owner = strtoull(strrchr(found.gl_pathv[0], '/') + 1, &end, 16);
        object->number = strtoull(end + 1, NULL, 16);
    }
    globfree(&found);
    return count;
}

static ipc_value_t ones(double *x)
{
    for (size_t i = 0; i < MEBIBYTE_OF_DOUBLES; i++) x[i] = 1;
    return ipc_f64(x, MEBIBYTE_OF_DOUBLES);
}

START_TEST(a_release_of_what_somebody_else_holds_frees_nothing)
{
    witness_t witness = witness_new();
    double *x = malloc(MEBIBYTE_OF_DOUBLES * sizeof *x);
    ipc_object_t object = {0};
    assert_ok(ipc_push_sync(witness.session.all, "kept", ones(x)));
    ck_assert_uint_gt(objects_there(&object), 0);
    raw_peer_t peer = raw_open_client();
    for (uint64_t count = 1; count; count = count << 7 | (count & 1)) {
        raw_add(&peer, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {object, count}});
        raw_add(&peer, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {{object.number, count}, count}});
        if (count >> 56)
            break;
    }
    raw_send(&peer);
    await_any_answer(&peer);
    // A segment that was freed would hold these.
    for (int i = 0; i < 4; i++) {
        x[0] = 100 + i;
        assert_ok(ipc_push_sync(witness.session.all, "other", ipc_f64(x, MEBIBYTE_OF_DOUBLES)));
    }
    ipc_result_t *kept = ipc_pull_sync(witness.session.one, "kept");
    assert_ok(kept);
    const ipc_array_t *array = ipc_result_array(kept, 0);
    ck_assert_ptr_nonnull(array);
    ck_assert_double_eq(((const double *) ipc_array_data(array))[0], 1);
    free(x);
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

static unsigned long objects_reported(void)
{
    unsigned long count = 0;
    char *report = raw_report();
    const char *at = strstr(report, " records, ");
    ck_assert_msg(at && sscanf(at, " records, %lu objects", &count) == 1, "%s", report);
    free(report);
    return count;
}

//  The client says so at once: it does not wait until it has something else to say.
START_TEST(what_only_the_options_of_a_view_held_is_released_with_them)
{
    session_t s = session_open();
    unsigned long before = objects_reported();
    ipc_result_t *r = ipc_apply_sync(s.one, many_ones);
    ck_assert_ptr_nonnull(ipc_result_array(r, 0));
    ck_assert_int_eq(ipc_view_set_options(s.any, &(ipc_options_t){.after = ipc_after(r)}, NULL), 0);
    ipc_result_destroy(&r);
    ck_assert_uint_gt(objects_reported(), before);
    ck_assert_int_eq(ipc_view_set_options(s.any, NULL, NULL), 0);
    double end = now() + 10;
    while (objects_reported() > before && now() < end) poll(NULL, 0, 20);
    ck_assert_uint_eq(objects_reported(), before);
    session_close(&s);
}
END_TEST

//  --- Peers that do not keep up, and peers that die --------------------------------------------------------

static void await_no_jobs(void)
{
    for (double end = now() + 10; now() < end; poll(NULL, 0, 20)) {
        char *report = raw_report();
        bool idle = strstr(report, ": 0 jobs, 0 spans") != NULL;
        free(report);
        if (idle)
            return;
    }
    char *report = raw_report();
    ck_abort_msg("there are still jobs: %s", report);
}

START_TEST(a_client_that_never_reads_does_not_keep_others_waiting)
{
    witness_t witness = witness_new();
    raw_peer_t peer = raw_open_client();
    ipc_msg_t msg = submission();
    msg.submit.flags = 0;
    msg.submit.items = IPC_ITEMS_RANGE;
    msg.submit.count = 100000;
    msg.submit.targets.size = msg.submit.places.size = msg.submit.data.size = 0;
    raw_add(&peer, &function_message);
    raw_add(&peer, &msg);
    raw_send(&peer);
    for (int i = 0; i < 20; i++) {
        double start = now();
        assert_unharmed(&witness);
        ck_assert_double_lt(now() - start, 1);
    }
    await_no_jobs(); // all were run; nobody was told
    assert_unharmed(&witness);
    raw_close(&peer);
    witness_end(&witness);
}
END_TEST

//  A child that queues work with arrays, and has shared memory that is free for reuse. Gives its pid once the
//  work is queued.
static pid_t start_working_child(void)
{
    enum { TIMES_LARGER = 8 };
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        session_t s = session_open();
        double *x = calloc(TIMES_LARGER * MEBIBYTE_OF_DOUBLES, sizeof *x);
        ipc_value_t large = ipc_f64(x, TIMES_LARGER * MEBIBYTE_OF_DOUBLES), small = ones(x);
        assert_ok(ipc_apply_sync(s.all, nap_with, large, 0));
        for (int i = 0; i < 50; i++) ipc_apply(s.all, nap_with, small, 200);
        usleep(100000); // until the first of them run, and the large segment has been let go
        ck_assert_int_eq(write(ends[1], "!", 1), 1);
        for (;;) pause();
    }
    close(ends[1]);
    char said = 0;
    ck_assert_int_eq(read(ends[0], &said, 1), 1);
    close(ends[0]);
    return child;
}

START_TEST(a_killed_client_drops_its_work)
{
    pid_t child = start_working_child(); // before this process has threads
    witness_t witness = witness_new();
    double start = now();
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    assert_unharmed(&witness); // 50 tasks of 200 ms stood before this
    ck_assert_double_lt(now() - start, 3);
    await_no_jobs();
    witness_end(&witness);
}
END_TEST

START_TEST(a_killed_client_leaves_no_shared_memory)
{
    size_t before = objects_there(NULL), after = 0;
    pid_t child = start_working_child();
    ck_assert_uint_gt(objects_there(NULL), before);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    for (double end = now() + 5; (after = objects_there(NULL)) > before && now() < end;) poll(NULL, 0, 10);
    ck_assert_uint_le(after, before);
    witness_t witness = witness_new();
    witness_end(&witness);
}
END_TEST

//  --- Anything -------------------------------------------------------------------------------------------------

//  Changes, cuts, doubles or inserts some bytes of a frame, behind its header.
static void mutate(ipc_writer_t *frame)
{
    for (long changes = 1 + random() % 4; changes > 0 && frame->size > IPC_FRAME_HEADER; changes--) {
        size_t at = IPC_FRAME_HEADER + (size_t) random() % (frame->size - IPC_FRAME_HEADER);
        switch (random() % 5) {
        case 0: frame->data[at] = (char) random(); break;
        case 1: frame->data[at] ^= (char) (1 << random() % 8); break;
        case 2: frame->size = at; break;
        case 3: {
            static const char odd[] = {0, 0x7f, (char) 0xc6, (char) 0xcf, (char) 0xd3, (char) 0xdd, (char) 0xff};
            frame->data[at] = odd[(size_t) random() % sizeof odd];
            break;
        }
        default: {
            size_t tail = frame->size - at;
            ipc_write_room(frame, 1);
            memmove(frame->data + at + 1, frame->data + at, tail);
        }
        }
    }
}

static void add_conversation(raw_peer_t *peer)
{
    ipc_msg_t submit = submission(), range = submission();
    range.submit.job = FIRST_JOB + 2;
    range.submit.flags = 0;
    range.submit.items = IPC_ITEMS_RANGE;
    range.submit.targets.size = range.submit.places.size = range.submit.data.size = 0;
    static const ipc_object_t object = {1, 2};
    submit.submit.objects = (ipc_objects_t){(const char *) &object, 1};
    raw_add(peer, &function_message);
    raw_add(peer, &submit);
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_RELEASE, .release = {object, 1}});
    raw_add(peer, &range);
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_PING, .ping = {7}});
    raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_STATUS, .status = {8}});
    if (random() % 4 == 0)
        raw_add(peer, &(ipc_msg_t){.type = IPC_MSG_BYE});
}

START_TEST(two_hundred_mutations_harm_nobody)
{
    enum { MUTATIONS = 200, PER_CHECK = 20 };
    witness_t witness = witness_new();
    ipc_connection_t file = raw_connection("client.json");
    srandom((unsigned) _i + 1);
    for (int i = 0; i < MUTATIONS; i++) {
        raw_peer_t peer = raw_open(&file, NULL);
        raw_add_hello(&peer, file.token);
        if (random() % 8 == 0)
            mutate(&peer.out);
        raw_send(&peer);
        add_conversation(&peer);
        mutate(&peer.out);
        raw_send(&peer);
        await_any_answer(&peer);
        raw_close(&peer);
        if (i % PER_CHECK == 0)
            assert_unharmed(&witness);
    }
    witness_end(&witness);
}
END_TEST

static void add_tests(TCase *tests)
{
    enum { SEEDS = 5 };
    tcase_add_test(tests, a_wrong_token_is_refused_with_a_sentence);
    tcase_add_test(tests, a_client_of_another_user_gets_no_answer);
    tcase_add_test(tests, messages_on_the_wrong_socket_are_refused);
    tcase_add_test(tests, garbage_is_refused);
    tcase_add_test(tests, another_version_is_told_both_versions);
    tcase_add_test(tests, a_message_of_too_many_parts_is_refused);
    tcase_add_test(tests, a_long_routing_id_harms_nobody);
    tcase_add_test(tests, frames_cut_at_every_byte_harm_nobody);
    tcase_add_test(tests, a_string_that_claims_a_gibibyte_is_refused);
    tcase_add_test(tests, submissions_that_make_no_sense_end_with_an_error);
    tcase_add_test(tests, targets_out_of_range_end_with_an_error);
    tcase_add_test(tests, places_outside_of_the_data_end_with_an_error);
    tcase_add_test(tests, items_that_are_no_values_fail_on_the_engine_alone);
    tcase_add_test(tests, a_value_that_comes_from_two_sides_harms_nobody);
    tcase_add_test(tests, a_hole_that_nothing_fills_fails_on_the_engine_alone);
    tcase_add_test(tests, values_with_too_many_large_arrays_end_with_an_error);
    tcase_add_test(tests, a_release_of_what_somebody_else_holds_frees_nothing);
    tcase_add_test(tests, what_only_the_options_of_a_view_held_is_released_with_them);
    tcase_add_test(tests, a_client_that_never_reads_does_not_keep_others_waiting);
    tcase_add_test(tests, a_killed_client_drops_its_work);
    tcase_add_test(tests, a_killed_client_leaves_no_shared_memory);
    tcase_add_loop_test(tests, two_hundred_mutations_harm_nobody, 0, SEEDS);
}

int main(void)
{
    return e2e_main("bad peers", add_tests);
}
