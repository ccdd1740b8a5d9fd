#include "client/questions.h"

#include <stdlib.h>

#include "common/fail.h"

typedef struct awaited {
    const ipc_client_t *client;
    const question_t *question;
} awaited_t;

static bool is_answered(void *context)
{
    const awaited_t *self = context;
    return self->question->answered || self->question->lost || self->client->dead;
}

static void forget(ipc_client_t *client, const question_t *question)
{
    question_t **at = &client->questions;
    while (*at != question) at = &(*at)->next;
    *at = question->next;
}

//  False: Ctrl-C ended the wait for the answer.
static bool ask_once(question_t *self, ipc_client_t *client, ipc_msg_t *query, int timeout_ms)
{
    *self = (question_t){.number = ++client->question_number, .next = client->questions};
    client->questions = self;
    query->type = IPC_MSG_QUERY;
    query->query.number = self->number;
    link_send(client, query);
    bool interrupted = !client_wait(client, is_answered, &(awaited_t){client, self}, timeout_ms) && client->interrupted;
    forget(client, self);
    return !interrupted;
}

int question_ask(question_t *self, ipc_client_t *client, ipc_msg_t *query, int timeout_ms, ipc_error_t *error)
{
    if (client_ensure(client, error))
        return -1;
    do
        if (!ask_once(self, client, query, timeout_ms))
            return client_fail_interrupted(error);
    while (self->lost && !client->dead && !client->stopping); // the next controller is asked again
    if (!self->answered && (client->dead || client->stopping))
        return ipc_fail(error, IPC_E_CONNECTION, "the cluster is gone");
    if (!self->answered)
        return ipc_fail(error, IPC_E_TIMEOUT, "the controller did not answer in %d ms", timeout_ms);
    return self->code ? ipc_fail(error, (int) self->code, "%s", self->text) : 0;
}

void question_free(question_t *self)
{
    free(self->text);
    ipc_writer_destroy(&self->body);
}

void questions_lose(ipc_client_t *client)
{
    for (question_t *question = client->questions; question; question = question->next)
        question->lost = !question->answered;
}

void questions_answer(ipc_client_t *client, const ipc_msg_t *msg)
{
    question_t *question = client->questions;
    while (question && question->number != msg->answer.number) question = question->next;
    if (!question) // nobody waits for it any more
        return;
    question->answered = true;
    question->count = msg->answer.count;
    question->code = msg->answer.code;
    question->text = ipc_bytes_text(msg->answer.text);
    ipc_write_raw(&question->body, msg->answer.body.data, msg->answer.body.size);
    client_tell(client);
}
