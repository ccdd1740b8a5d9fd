//  Questions to the controller: a QUERY message and its ANSWER.
#ifndef IPC_CLIENT_QUESTIONS_H
#define IPC_CLIENT_QUESTIONS_H

#include "client/state.h"

//  What came back; given, see question_free().
typedef struct question {
    uint64_t number;                   // of the query
    bool answered;
    bool lost;                         // the controller that was asked is gone
    uint64_t count;
    ipc_writer_t body;                 // rows, or what the kind of query says
    char *text;                        // or NULL
    uint32_t code;
    struct question *next;             // of those that wait
} question_t;

//  Asks, and waits for the answer. 0, or -1 with *error, from the answer or: CONNECTION, TIMEOUT. With the lock.
//      query        its number is filled in
int question_ask(question_t *self, ipc_client_t *client, ipc_msg_t *query, int timeout_ms, ipc_error_t *error);
void question_free(question_t *self);

//  Those that wait will get no answer of this controller: they are asked again of the next one. With the lock.
void questions_lose(ipc_client_t *client);

//  An ANSWER came in. With the lock.
void questions_answer(ipc_client_t *client, const ipc_msg_t *msg);

#endif
