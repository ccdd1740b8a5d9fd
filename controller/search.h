//  search_t: the tasks that match a query, as rows. It belongs to one thread at a time.
#ifndef IPC_CONTROLLER_SEARCH_H
#define IPC_CONTROLLER_SEARCH_H

#include "common/rows.h"
#include "controller/history.h"

typedef struct search search_t;

//      query      a QUERY, borrowed for its life with all that it leads to
search_t *search_new(const ipc_msg_t *query);
void search_destroy(search_t **self_p);

//  Adds a row, or an entry of the history with its function's name, if it matches; texts are copied.
void search_add(search_t *self, const ipc_task_row_t *row);
void search_add_entry(search_t *self, const history_entry_t *entry, ipc_bytes_t function);

size_t search_count(const search_t *self); // rows so far; with a limit there may be some too many

//  Writes the rows, as many as asked for, in the order of their submission; gives how many.
size_t search_pack(search_t *self, ipc_writer_t *body);

#endif
