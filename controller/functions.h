//  functions_t: the functions that clients have named, each once, whoever named it. Its number is what tasks
//  carry; engines learn what it means when they first need it.
#ifndef IPC_CONTROLLER_FUNCTIONS_H
#define IPC_CONTROLLER_FUNCTIONS_H

#include "common/message.h"

enum { FUNCTIONS_MAX = 1 << 20 };

typedef struct functions functions_t;

typedef struct function {
    uint32_t number;
    uint32_t kind;                     // ipc_function_kind_t
    char *key;                         // what names it: see ipc_function_kind_t
    char *name;                        // for people: "add (prog.c:12)"
    char *libraries;                   // paths of the libraries it needs, one a line
    struct function *next;             // of the bucket
} function_t;

functions_t *functions_new(void);
void functions_destroy(functions_t **self_p);

//  The function of a FUNCTION message, made if it is new; NULL when there are FUNCTIONS_MAX.
const function_t *functions_add(functions_t *self, const ipc_msg_t *msg);

//  The function of a number, or NULL.
const function_t *functions_at(const functions_t *self, uint32_t number);

#endif
