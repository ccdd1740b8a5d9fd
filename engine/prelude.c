#include "engine/prelude.h"

//  Not for their declarations: a change of one of them makes this file be compiled again.
#include "common/array.h"
#include "common/error.h"
#include "common/macros.h"
#include "common/remote.h"
#include "common/value.h"
#include "engine/cell_library.h"
#include "engine/cell_unit.h"

//  A file of the source tree, as it is, with a zero byte at its end.
#define CARRY(symbol, path)                                                                   \
    __asm__(".section .rodata\n"                                                              \
            ".hidden " #symbol "\n"                                                     \
            ".globl " #symbol "\n"                                                      \
            #symbol ":\n"                                                               \
            ".incbin \"" IPC_SOURCE_ROOT "/" path "\"\n"                                      \
            ".byte 0\n"                                                                       \
            ".previous\n");                                                                   \
    extern const char symbol[]

CARRY(prelude_array, "common/array.h");
CARRY(prelude_error, "common/error.h");
CARRY(prelude_macros, "common/macros.h");
CARRY(prelude_remote, "common/remote.h");
CARRY(prelude_value, "common/value.h");
CARRY(prelude_library, "engine/cell_library.h");
CARRY(prelude_unit, "engine/cell_unit.h");

#define REPLACE(name) "#define " #name " ipc_cell_library->" #name "\n"
static const char includes[] = "#ifndef IPC_CELL\n"
                               "#define IPC_CELL 1\n"
                               "#include <complex.h>\n"
                               "#include <math.h>\n"
                               "#include <stdbool.h>\n"
                               "#include <stddef.h>\n"
                               "#include <stdint.h>\n"
                               "#include <stdio.h>\n"
                               "#include <stdlib.h>\n"
                               "#include <string.h>\n"
                               "#include <time.h>\n"
                               "#include <unistd.h>\n"
                               "#include \"engine/cell_unit.h\"\n"
                               "#define ipc_array_new ipc_cell_array_new\n" IPC_CELL_FUNCTIONS(REPLACE)
                               "#endif\n";

const prelude_file_t prelude_files[] = {
    {"prelude.h", includes},
    {"common/array.h", prelude_array},   {"common/error.h", prelude_error},
    {"common/macros.h", prelude_macros}, {"common/remote.h", prelude_remote},
    {"common/value.h", prelude_value},   {"engine/cell_unit.h", prelude_unit},
    {"engine/cell_library.h", prelude_library},
};
const size_t prelude_count = sizeof prelude_files / sizeof prelude_files[0];
