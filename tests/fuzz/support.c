#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"

char *fuzz_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    if (size > 0)
        memcpy(text, bytes, size);
    text[size] = 0;
    return text;
}

static char path[64];                  // this process's, as libFuzzer has no context to pass

static void remove_file(void)
{
    unlink(path);
}

const char *fuzz_file(const uint8_t *bytes, size_t size)
{
    if (!path[0]) {
        snprintf(path, sizeof path, "/tmp/ipc-fuzz-%d", (int) getpid());
        atexit(remove_file);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t) size || close(fd))
        abort();
    return path;
}

void fuzz_check_refusal(const ipc_error_t *error)
{
    if (error->code == IPC_E_NONE || !error->text[0])
        abort();
}
