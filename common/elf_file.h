//  ipc_elf_file_t: what an ELF file of this machine's kind says of itself. Every offset in
//  it is held against the file before it is followed, so a damaged file is an error and
//  never a crash. What may be done with such a file is decided elsewhere: common/image.h.
#ifndef IPC_COMMON_ELF_FILE_H
#define IPC_COMMON_ELF_FILE_H

#include <elf.h>

#include "common/error.h"

//  Names that the file mentions, in its order.
typedef struct ipc_elf_names {
    const char **items;        // lent by the file's bytes
    size_t count;
} ipc_elf_names_t;

typedef struct ipc_elf_file {
    int fd;                    // of the open file, for what lies beyond bytes
    uint64_t file_size;        // of the whole file
    char name[224];            // for sentences: the path, or "…" and its end
    unsigned char *bytes;      // its first bytes: program headers, what is loaded
    size_t size;               // of bytes
    uint16_t type;             // ET_EXEC, ET_DYN, …
    Elf64_Phdr *segments;      // the program headers
    size_t segments_count;
    bool has_interpreter;      // a dynamic loader starts it (PT_INTERP)
    bool has_soname;           // it names itself as libraries do (DT_SONAME)
    uint64_t thread_size;      // bytes of thread-local variables (PT_TLS)
    size_t dynamic;            // where in bytes the dynamic section begins
    size_t dynamic_count;      // its entries, up to DT_NULL; 0 if there is none
    uint64_t flags_1;          // DT_FLAGS_1
    const char *strings;       // the dynamic section's names (lent); ends with a zero
    size_t strings_size;
    ipc_elf_names_t needed;    // libraries (DT_NEEDED)
    ipc_elf_names_t copied;    // libraries' variables (copy relocations)
    ipc_elf_names_t versions;  // of symbols in libraries (DT_VERNEED), such as "GLIBC_2.34"
} ipc_elf_file_t;

//  Reads a 64-bit little-endian ELF file that was built for this processor. Or gives NULL
//  with *error: IMAGE (another kind of file, damaged), SYSTEM (cannot be read), LIMIT (more
//  than max_size bytes to load), MEMORY.
//      path       borrowed
ipc_elf_file_t *ipc_elf_file_new(const char *path, size_t max_size, ipc_error_t *error);

//  Closes and frees it and sets *self_p to NULL; NULL is fine.
void ipc_elf_file_destroy(ipc_elf_file_t **self_p);

//  Is this a name of a dynamic symbol, whether the file defines or uses it?
bool ipc_elf_file_has_name(const ipc_elf_file_t *self, const char *name);

//  Writes the names of the file's own thread-local variables, "counter, buffer, …", as far
//  as its symbol table has them and they fit; an empty text for a stripped file.
void ipc_elf_file_thread_names(const ipc_elf_file_t *self, char *text, size_t size);

#endif
