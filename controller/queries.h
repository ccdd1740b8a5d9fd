//  Queries and their answers, for the files that work on them.
#ifndef IPC_CONTROLLER_QUERIES_H
#define IPC_CONTROLLER_QUERIES_H

#include "controller/search.h"
#include "controller/state.h"

//  controller/queries.c
void query_answer(peer_t *peer, const ipc_msg_t *query, uint64_t count, const ipc_writer_t *body);
void query_answer_text(peer_t *peer, const ipc_msg_t *query, int code, const char *text);
void query_add_unfinished(controller_t *self, search_t *search); // what waits, and what runs

//  How a task ended, by its entries in the history.
typedef struct ended {
    uint64_t id;
    uint64_t positions[IPC_ROW_STATES];
    char *function;                    // its name, owned; NULL: no entry of it was there
    char error[HISTORY_ERROR];         // the kind of an error, "": none
} ended_t;

void ended_note(ended_t *self, const history_entry_t *entry, ipc_bytes_t function);
char *ended_explain(const ended_t *self); // a sentence, given; NULL: no entry of it was there
void query_answer_end(peer_t *peer, const ipc_msg_t *query, ended_t *ended); // with that, and frees it

//  controller/purge.c
handler_fn on_purge;
void purge_answer(peer_t *peer, const ipc_msg_t *query, size_t count); // so many tasks are gone

//  controller/recorded.c: answers from the journal, once it has been read. False: there is none that can be read, so
//  that the history in memory must do.
bool recorded_tasks(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel);
bool recorded_end(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel);
//  Purges it, and answers, once it is written.
//      ids        tasks in rising order, count of them; taken. None: all that is over
//      found      which of them were there already; taken
void recorded_purge(controller_t *self, peer_t *peer, const ipc_msg_t *query, parcel_t *parcel, uint64_t **ids,
                    bool **found, size_t count);

#endif
