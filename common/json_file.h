//  JSON files of ours, private to the user: connection files, and what a supervisor notes
//  for `ipcluster`.
#ifndef IPC_COMMON_JSON_FILE_H
#define IPC_COMMON_JSON_FILE_H

#include <jansson.h>

#include "common/error.h"

//  Reads a file that must be this user's and closed to others, and gives the object in it
//  (json_decref() it), or NULL with *error: NAME (not there), PERMISSION, CONNECTION (no
//  JSON object), SYSTEM.
json_t *ipc_json_read(const char *path, ipc_error_t *error);

//  Writes it with mode 0600, by a temporary name and a rename, so that nobody reads half of
//  it. 0, or -1 with *error: SYSTEM; the old file is then still there.
//      json      borrowed
int ipc_json_write(const json_t *json, const char *path, ipc_error_t *error);

//  Copies a field into a buffer of size bytes. 0, or -1 with *error: CONNECTION when it is
//  missing, no string or too long; path is named there.
int ipc_json_text(const json_t *json, const char *field, char *buffer, size_t size,
                  const char *path, ipc_error_t *error);

//  Reads a field that is a whole number, 0 or larger. 0, or -1 with *error: CONNECTION.
int ipc_json_number(const json_t *json, const char *field, uint64_t *number,
                    const char *path, ipc_error_t *error);

#endif
