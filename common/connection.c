#include "common/connection.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "common/json_file.h"

enum { CONNECTION_VERSION = 1 };

//  The texts of the file: field, and where it stands in the struct.
typedef struct text_field {
    const char *name;
    size_t offset, size;
} text_field_t;

#define TEXT_FIELD(name)                                                                   \
    {                                                                                      \
#name, offsetof(ipc_connection_t, name), sizeof((ipc_connection_t *) 0)->name      \
    }
static const text_field_t text_fields[] = {
    TEXT_FIELD(role),       TEXT_FIELD(endpoint),  TEXT_FIELD(token), TEXT_FIELD(profile),
    TEXT_FIELD(cluster_id), TEXT_FIELD(directory), TEXT_FIELD(shm),
};
#undef TEXT_FIELD
enum { TEXT_FIELDS = sizeof text_fields / sizeof text_fields[0] };

static int check_version(const json_t *json, const char *path, ipc_error_t *error)
{
    uint64_t version = 0;
    if (ipc_json_number(json, "version", &version, path, error))
        return -1;
    if (version != CONNECTION_VERSION)
        return ipc_fail(
            error, IPC_E_CONNECTION,
            "%s is a connection file of version %llu, this program reads version %d: use "
            "programs of one release",
            path, (unsigned long long) version, CONNECTION_VERSION);
    return 0;
}

static int unpack(ipc_connection_t *self, const json_t *json, const char *path,
                  ipc_error_t *error)
{
    if (check_version(json, path, error))
        return -1;
    ipc_connection_t read = {.version = CONNECTION_VERSION};
    for (size_t i = 0; i < TEXT_FIELDS; i++)
        if (ipc_json_text(json, text_fields[i].name, (char *) &read + text_fields[i].offset,
                          text_fields[i].size, path, error))
            return -1;
    uint64_t supervisor = 0;
    if (ipc_json_number(json, "supervisor", &supervisor, path, error) ||
        ipc_json_number(json, "supervisor_start", &read.supervisor_start, path, error))
        return -1;
    if (supervisor == 0 || supervisor > INT_MAX)
        return ipc_fail(error, IPC_E_CONNECTION, "the supervisor's pid in %s is wrong",
                        path);
    read.supervisor = (pid_t) supervisor;
    *self = read;
    return 0;
}

int ipc_connection_read(ipc_connection_t *self, const char *path, ipc_error_t *error)
{
    json_t *json = ipc_json_read(path, error);
    if (!json)
        return -1;
    int result = unpack(self, json, path, error);
    json_decref(json);
    return result;
}

int ipc_connection_write(const ipc_connection_t *self, const char *path, ipc_error_t *error)
{
    json_t *json = json_object();
    json_object_set_new(json, "version", json_integer(CONNECTION_VERSION));
    for (size_t i = 0; i < TEXT_FIELDS; i++)
        json_object_set_new(json, text_fields[i].name,
                            json_string((const char *) self + text_fields[i].offset));
    json_object_set_new(json, "supervisor", json_integer(self->supervisor));
    json_object_set_new(json, "supervisor_start",
                        json_integer((json_int_t) self->supervisor_start));
    int result = ipc_json_write(json, path, error);
    json_decref(json);
    return result;
}

static const char *environment(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0] ? value : NULL;
}

static int fail_none(ipc_error_t *error)
{
    const char *profile = environment("IPC_PROFILE"), *id = environment("IPC_CLUSTER_ID");
    if (!profile && !id)
        return ipc_fail(error, IPC_E_CONNECTION,
                        "no cluster is running: start one with 'ipcluster start -n 4'");
    return ipc_fail(error, IPC_E_CONNECTION,
                    "no cluster is running (profile %s, cluster id \"%s\"): start one with "
                    "'ipcluster start -n 4', or look at IPC_PROFILE and IPC_CLUSTER_ID",
                    profile ? profile : "default", id ? id : "");
}

int ipc_connection_find(ipc_connection_t *self, const char *path, ipc_error_t *error)
{
    const char *named = path ? path : environment("IPC_CONNECTION_FILE");
    ipc_paths_t paths;
    if (!named && ipc_paths_find(&paths, NULL, NULL, error))
        return -1;
    ipc_connection_t found;
    ipc_error_t cause;
    if (ipc_connection_read(&found, named ? named : paths.client_file, &cause)) {
        if (!named && cause.code == IPC_E_NAME)
            return fail_none(error);
        if (cause.code == IPC_E_NAME)
            return ipc_fail(error, IPC_E_CONNECTION, "no cluster is running there: %s", cause.text);
        return ipc_fail(error, cause.code, "%s", cause.text);
    }
    if (ipc_process_start(found.supervisor) != found.supervisor_start) {
        if (!named)
            return fail_none(error);
        return ipc_fail(error, IPC_E_CONNECTION,
                        "the cluster of %s is not running any more: start one with "
                        "'ipcluster start -n 4'",
                        named);
    }
    *self = found;
    return 0;
}

uint64_t ipc_process_start(pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int) pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    // The name, field 2, may hold spaces and parentheses; field 3, the state, follows the
    // last of them.
    const char *rest = strrchr(text, ')');
    char state = 0;
    unsigned long long start = 0;
    if (!rest ||
        sscanf(rest + 1,
               " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
               "%*s %llu",
               &state, &start) != 2)
        return 0;
    return state == 'Z' || state == 'X'
               ? 0
               : start; // a process that waits to be reaped is none
}
