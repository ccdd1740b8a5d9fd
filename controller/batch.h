//  batch_t: entries of the history as one blob, a row of the journal. It tells its functions' names itself, so that
//  each can be read, and removed, without the others.
#ifndef IPC_CONTROLLER_BATCH_H
#define IPC_CONTROLLER_BATCH_H

#include "common/message.h"
#include "controller/history.h"

typedef struct batch {
    uint64_t number;                   // counts the batches of a journal from 1
    int64_t first, last;               // times of its entries, nanoseconds since 1970
    size_t entries;
    ipc_writer_t body;
    ipc_bytes_t *names;                // of the functions told in it, borrowed
    size_t name_count;
    struct batch *next;                // younger
} batch_t;

batch_t *batch_new(void);
void batch_destroy(batch_t **self_p);

//  Adds an entry. One in the state IPC_ROW_WAITING says that a job was accepted, all others that positions are over:
//  IPC_ROW_ANY of such as have been purged.
//      entry      copied; the number of its function is not looked at
//      function   its name; borrowed for the batch's life
void batch_add(batch_t *self, const history_entry_t *entry, ipc_bytes_t function);

//  Reads the entries of a blob.
typedef struct batch_reader {
    ipc_reader_t reader;
    ipc_bytes_t *names;                // of functions, lead into the blob
    size_t name_count;
} batch_reader_t;

//      body       borrowed for the reader's life
batch_reader_t batch_reader(const void *body, size_t size);
void batch_reader_free(batch_reader_t *self);

//  The next entry, and its function's name (lent as the blob is): 1, 0 at the end, -1: the blob makes no sense. The
//  number of the function is 0.
int batch_next(batch_reader_t *self, history_entry_t *entry, ipc_bytes_t *function);

#endif
