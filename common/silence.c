#include "common/silence.h"

#include <stdlib.h>

#include "common/fail.h"

enum { SECONDS_MAX = 24 * 60 * 60 };

int ipc_seconds_read(int *milliseconds, const char *name, const char *text, ipc_error_t *error)
{
    char *end = NULL;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= 0 && seconds <= SECONDS_MAX) || (seconds > 0 && seconds < 0.001))
        return ipc_fail(error, IPC_E_ARGUMENT, "%s takes seconds from 0.001 to %d, or 0 for never, not \"%s\"", name,
                        SECONDS_MAX, text);
    *milliseconds = (int) (1000 * seconds + 0.5);
    return 0;
}

//  What an option says, or a variable, or nobody.
static int read_one(int *milliseconds, const char *option, const char *said, const char *variable,
                    const char *otherwise, ipc_error_t *error)
{
    const char *set = getenv(variable);
    if (said)
        return ipc_seconds_read(milliseconds, option, said, error);
    return ipc_seconds_read(milliseconds, variable, set && *set ? set : otherwise, error);
}

int ipc_silence_read(ipc_silence_t *self, const char *suspect_after, const char *lose_after, ipc_error_t *error)
{
    ipc_silence_t read;
    if (read_one(&read.suspect_ms, "--suspect-after", suspect_after, "IPC_SUSPECT_AFTER", IPC_SUSPECT_AFTER, error) ||
        read_one(&read.lose_ms, "--lose-after", lose_after, "IPC_LOSE_AFTER", IPC_LOSE_AFTER, error))
        return -1;
    const char *set = getenv("IPC_SUSPECT_AFTER");
    if (read.lose_ms > 0 && read.lose_ms < read.suspect_ms && !suspect_after && !(set && *set))
        read.suspect_ms = 2 * read.lose_ms / 5;
    if (read.lose_ms > 0 && read.lose_ms < read.suspect_ms)
        return ipc_fail(error, IPC_E_ARGUMENT,
                        "an engine cannot be lost (--lose-after) after %g s, before it is suspected (--suspect-after) "
                        "after %g s", 1e-3 * read.lose_ms, 1e-3 * read.suspect_ms);
    *self = read;
    return 0;
}

bool ipc_process_is_stopped(int pid)
{
    char path[32], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    bool stopped = file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1 && (state == 'T' || state == 't');
    if (file)
        fclose(file);
    return stopped;
}
