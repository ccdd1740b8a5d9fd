//  An image: the file that holds a remote function (the client's executable or a shared library), made fit
//  for dlopen() on an engine and named by its hash. The limits of DESIGN.md 3a are found here, by reading
//  the ELF file, before anything is sent.
#ifndef IPC_COMMON_IMAGE_H
#define IPC_COMMON_IMAGE_H

#include "common/error.h"

enum {
    IPC_HASH_BYTES = 32,               // BLAKE2b-256
    IPC_HASH_TEXT = 65                 // its hexadecimal text with the zero
};

enum { IPC_MAX_IMAGE_BYTES = 1 << 30 };

typedef struct ipc_image ipc_image_t;

//  Reads the ELF file at path and makes the image: the loaded segments only (no debug sections, no section
//  headers), DF_1_PIE cleared. Or gives NULL with *error: IMAGE, one sentence that names the file and says
//  what to do, when it
//      - is no ELF file, or of another class, byte order or architecture
//      - is an executable that is not position-independent, or statically linked
//      - is an executable that has thread-local variables of its own (PT_TLS; in libraries they are fine)
//      - has copy relocations for anything but libc's usual ones (stdin, stdout, stderr, environ, …)
//      - needs a sanitizer that is not in sanitizers, or has a sanitizer's runtime linked in, as clang does
//      - needs a newer glibc than the host's
//  SYSTEM when it cannot be read, LIMIT when it is too large.
//      path        borrowed
//      sanitizers  borrowed; the sanitizers that engines have, such as "address,undefined", or ""
ipc_image_t *ipc_image_new(const char *path, const char *sanitizers, ipc_error_t *error);
void ipc_image_destroy(ipc_image_t **self_p);

//  The hash, 64 hexadecimal digits (lent); the bytes (lent) and their number.
const char *ipc_image_hash(const ipc_image_t *self);
const void *ipc_image_data(const ipc_image_t *self);
size_t ipc_image_size(const ipc_image_t *self);

//  Writes the image as <directory>/<hash>.so, mode 0500, by a temporary name and a rename; nothing is
//  written when it is there and whole. 0, or -1 with *error: SYSTEM.
int ipc_image_store(const ipc_image_t *self, const char *directory, ipc_error_t *error);

//  Checks that <directory>/<hash>.so is owned by this user, not writable by others, has that hash, and is
//  not on a noexec mount. 0, or -1 with *error: NAME (not there), PERMISSION, IMAGE (another hash).
int ipc_image_verify(const char *directory, const char *hash, ipc_error_t *error);

//  Copies <directory>/<hash>.so into sealed memory, for dlopen("/proc/self/fd/<descriptor>") where the
//  directory is on a noexec mount. Gives the descriptor (close-on-exec), or -1 with *error: as
//  ipc_image_verify(), but for the mount. Keep it open as long as the image is loaded: glibc would take the
//  next image with the same number in its name for this one.
int ipc_image_open_memfd(const char *directory, const char *hash, ipc_error_t *error);

#endif
