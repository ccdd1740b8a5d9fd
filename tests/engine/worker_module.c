//  The module "workertest": functions that the worker's tests let the worker run.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "engine/ipmodule.h"
#include "tests/engine/worker_stage.h"

static stage_t *stage;

static int open_stage(ipc_error_t *error)
{
    (void) error;
    int fd = open(getenv(STAGE_VARIABLE), O_RDWR | O_CLOEXEC);
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return stage == MAP_FAILED ? -1 : 0;
}

static void say(int way)
{
    static const char line[] = "a written line\n";
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    stage->said_ns = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
    switch (way) {
    case SPEAK_PRINTF: printf("a printed line\n"); break;
    case SPEAK_WRITE: (void) !write(STDOUT_FILENO, line, strlen(line)); break;
    default: (void) !system("echo a line of a child"); break;
    }
    stage->said++;
}

IPC_REMOTE(int64_t, twice, (int64_t x))
{
    return 2 * x;
}

//  Keeps its processor busy until the gate is opened for it.
IPC_REMOTE(int64_t, hold, (int64_t x))
{
    uint64_t number = ++stage->started;
    while (stage->gate < number) continue;
    return x;
}

//  The same, and writes a line whenever it is asked to.
IPC_REMOTE(int64_t, speak, (int64_t way))
{
    uint64_t number = ++stage->started;
    while (stage->gate < number)
        if (stage->said < stage->asked)
            say((int) way);
    return way;
}

IPC_MODULE(workertest, open_stage, NULL, twice, hold, speak)
