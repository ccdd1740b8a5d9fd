//  lines_t: the functions and source lines behind the addresses of files, from their DWARF: by libdw, loaded
//  when it is first needed, else by addr2line.
#ifndef IPC_CLIENT_LINES_H
#define IPC_CLIENT_LINES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct lines lines_t;

//  One function at an address; a call that was inlined gives several.
typedef struct lines_place {
    char function[128];        // "" if not known
    char file[128];            // without its directories; "" if not known
    int line;                  // 0 if not known
} lines_place_t;

enum { LINES_DEPTH = 16 };     // inlined into one another at one address

//  Gives what finds lines; it may find none.
//      use_libdw, use_addr2line   what it may try
lines_t *lines_new(bool use_libdw, bool use_addr2line);
void lines_destroy(lines_t **self_p);

//  Finds the functions at an address, innermost first. Gives their number, 0 if nothing is known.
//      file       borrowed; the path of an ELF file
//      address    as in the file, without a load base
int lines_find(lines_t *self, const char *file, uint64_t address,
               lines_place_t places[LINES_DEPTH]);

#endif
