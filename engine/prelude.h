//  What cells are compiled behind, as the engine carries it: headers of ours, and one that includes them and those of
//  C that cells may use unasked.
#ifndef IPC_ENGINE_PRELUDE_H
#define IPC_ENGINE_PRELUDE_H

#include <stddef.h>

typedef struct prelude_file {
    const char *name;                  // relative: "common/value.h"
    const char *text;
} prelude_file_t;

//  All of them, the one to be included, "prelude.h", first.
extern const prelude_file_t prelude_files[];
extern const size_t prelude_count;

#endif
