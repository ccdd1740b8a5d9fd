#include "common/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/paths.h"

json_t *ipc_json_read(const char *path, ipc_error_t *error)
{
    int file = ipc_private_open(path, error);
    if (file < 0)
        return NULL;
    json_error_t cause;
    json_t *json = json_loadfd(file, JSON_REJECT_DUPLICATES, &cause);
    close(file);
    if (!json) {
        ipc_fail(error, IPC_E_CONNECTION,
                 "%s is no JSON (line %d: %s): start the cluster again", path, cause.line,
                 cause.text);
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        ipc_fail(error, IPC_E_CONNECTION,
                 "%s holds no JSON object: start the cluster again", path);
        return NULL;
    }
    return json;
}

static int write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        size -= (size_t) written;
    }
    return 0;
}

static void free_text(char **text_p)
{
    free(*text_p);
}

int ipc_json_write(const json_t *json, const char *path, ipc_error_t *error)
{
    char temporary[IPC_PATH_MAX + 16];
    snprintf(temporary, sizeof temporary, "%s.%d", path, (int) getpid());
    ipc_auto(free_text) char *text = json_dumps(json, JSON_INDENT(2));
    if (!text)
        return ipc_fail(error, IPC_E_SYSTEM,
                        "cannot write %s: it holds text that is not UTF-8", path);
    unlink(temporary); // of a process that died, whose pid this one has now
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot write %s: %s", temporary,
                        strerror(errno));
    int cause = write_all(file, text, strlen(text)) ? errno : 0;
    if (close(file) && !cause)
        cause = errno;
    if (!cause && rename(temporary, path))
        cause = errno;
    if (cause) {
        unlink(temporary);
        return ipc_fail(error, IPC_E_SYSTEM, "cannot write %s: %s", path, strerror(cause));
    }
    return 0;
}

int ipc_json_text(const json_t *json, const char *field, char *buffer, size_t size,
                  const char *path, ipc_error_t *error)
{
    const char *text = json_string_value(json_object_get(json, field));
    if (!text)
        return ipc_fail(error, IPC_E_CONNECTION,
                        "%s has no text \"%s\": start the cluster again", path, field);
    if (strlen(text) >= size)
        return ipc_fail(error, IPC_E_CONNECTION, "\"%s\" in %s is longer than %zu bytes",
                        field, path, size - 1);
    ipc_text_copy(buffer, size, text);
    return 0;
}

int ipc_json_number(const json_t *json, const char *field, uint64_t *number,
                    const char *path, ipc_error_t *error)
{
    const json_t *value = json_object_get(json, field);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return ipc_fail(error, IPC_E_CONNECTION,
                        "%s has no number \"%s\": start the cluster again", path, field);
    *number = (uint64_t) json_integer_value(value);
    return 0;
}
