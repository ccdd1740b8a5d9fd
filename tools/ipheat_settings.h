//  ipheat_settings_t: what one solve is told. Each setting is an option of ipheat, may be
//  swept, and is a keyword of heat.solve of the same name.
#ifndef IPC_TOOLS_IPHEAT_SETTINGS_H
#define IPC_TOOLS_IPHEAT_SETTINGS_H

#include "client/ipclient.h"

typedef enum ipheat_key {
    IPHEAT_N,
    IPHEAT_SHAPE,
    IPHEAT_LX,
    IPHEAT_LY,
    IPHEAT_LZ,
    IPHEAT_INITIAL,
    IPHEAT_SOURCE,
    IPHEAT_ALPHA,
    IPHEAT_BOUNDARY,
    IPHEAT_METHOD,
    IPHEAT_T,
    IPHEAT_DT,
    IPHEAT_STEPS,
    IPHEAT_DAMPED,
    IPHEAT_LAPLACIAN,
    IPHEAT_DTYPE,
    IPHEAT_DEVICE,
    IPHEAT_THREADS,
    IPHEAT_KEYS
} ipheat_key_t;

typedef enum ipheat_kind {
    IPHEAT_POSITIVE,           // a number over 0
    IPHEAT_AMOUNT,             // a number that is not negative
    IPHEAT_COUNT,              // 1, 2, 3, …
    IPHEAT_COUNT_OR_NONE,      // 0, 1, 2, …
    IPHEAT_LENGTHS,            // 512x1024
    IPHEAT_WORD,               // one of some words
    IPHEAT_STATE,              // one of some words, or a file
    IPHEAT_FILE,
    IPHEAT_POSITIVE_OR_FILE
} ipheat_kind_t;

typedef struct ipheat_keyword {
    const char *name;          // of the keyword and, behind "--", of the option
    const char *symbol;        // as pictures write it
    ipheat_kind_t kind;
    const char *words;         // that it takes, separated by bars; or NULL
    bool is_time;              // it says how far or how the solve goes, and not what is solved
} ipheat_keyword_t;
extern const ipheat_keyword_t ipheat_keywords[IPHEAT_KEYS];

//  The key of a name of so many bytes, or IPHEAT_KEYS.
ipheat_key_t ipheat_key_find(const char *name, size_t length);

//  Arrays of files, each read once. All zeros is one.
typedef struct ipheat_file {
    char *path;
    ipc_array_t *array;
} ipheat_file_t;
typedef struct ipheat_files {
    ipheat_file_t *files;
    size_t count;
} ipheat_files_t;
void ipheat_files_clear(ipheat_files_t *self);

typedef struct ipheat_setting {
    const char *text;          // as it was given, lent; NULL: it was not
    double number;             // where it is one
    const ipc_array_t *array;  // of the file, lent; where it is one
} ipheat_setting_t;

typedef struct ipheat_settings {
    ipheat_setting_t at[IPHEAT_KEYS];
} ipheat_settings_t;

//  Reads the text of one setting. 0, or -1 with *error: ARGUMENT, and what npy_read() and
//  picture_read() say.
//      text       borrowed for the life of self
//      files      where a file is kept; for the life of self
int ipheat_settings_set(ipheat_settings_t *self, ipheat_key_t key, const char *text,
                        ipheat_files_t *files, ipc_error_t *error);

//  What nobody said: n, t, dt, alpha, each where nothing else says the same.
void ipheat_settings_complete(ipheat_settings_t *self);

//  Refuses what cannot be together. 0, or -1 with *error: ARGUMENT.
int ipheat_settings_check(const ipheat_settings_t *self, ipc_error_t *error);

bool ipheat_settings_is(const ipheat_settings_t *self, ipheat_key_t key, const char *word);

//  The lengths of the grid, the last one along x; gives how many there are, 1 to 3.
int ipheat_settings_shape(const ipheat_settings_t *self, size_t shape[3]);

//  The time that is solved for, the number of steps that dt makes of it, to the nearest.
double ipheat_settings_time(const ipheat_settings_t *self);
int64_t ipheat_settings_steps(const ipheat_settings_t *self);

//  What holds at the edges, as heat.solve has it where nobody said.
const char *ipheat_settings_boundary(const ipheat_settings_t *self);

//  Where the edges of the grid's cells are along its last axis (0), the one before it (1), the first of three (2):
//  points are half a distance away from those. Gives whether a length of the domain was
//  given; else points are 1 apart.
bool ipheat_settings_edges(const ipheat_settings_t *self, int axis, double *first,
                           double *last);

//  The state that the solve begins with where the client makes it: a named one but the
//  cross, which heat.solve makes itself. NULL when there is none to make, or with
//  error->code not 0: MEMORY.
ipc_array_t *ipheat_settings_state(const ipheat_settings_t *self, ipc_error_t *error);

//  What heat.solve is told of the settings: a dictionary under construction. What is in it is
//  borrowed until the call is made.
typedef struct ipheat_call {
    ipc_value_t items[2 * (IPHEAT_KEYS + 1)]; // key, value, key, …
    size_t count;
    ipc_value_t lengths[3];
} ipheat_call_t;

//  A part of a solve.
typedef struct ipheat_leg {
    const ipc_array_t *state;  // that it begins with, borrowed; NULL: the settings'
    enum { IPHEAT_WHOLE, IPHEAT_FOR_STEPS, IPHEAT_FOR_TIME } extent;
    int64_t steps;             // of IPHEAT_FOR_STEPS
    int64_t before;            // steps that other parts took before
    double t;                  // of IPHEAT_FOR_TIME
} ipheat_leg_t;

//  Fills the call.
//      leg        borrowed
void ipheat_settings_call(const ipheat_settings_t *self, const ipheat_leg_t *leg,
                          ipheat_call_t *call);

#endif
