#include "launch/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/page.h"
#include "common/silence.h"

//  An engine that dies again and again is not always being started.
static void explain_loop(const page_death_t *death, char *why, size_t size)
{
    enum { LOOP_DEATHS = 5 };
    char how[48];
    if (death->idle_deaths < LOOP_DEATHS)
        return;
    snprintf(how, sizeof how, death->signal ? "signal %d" : "exit status %d",
             death->signal ? death->signal : death->status);
    snprintf(why, size, "its worker died %u times in a minute with no task running (%s); it is tried again each 10 s",
             death->idle_deaths, how);
}

engine_status_t engine_status(const record_t *record, size_t id)
{
    if (!process_lives(&record->nannies[id]))
        return (engine_status_t){.state = "down"};
    char name[64], path[IPC_PATH_MAX + sizeof name];
    snprintf(name, sizeof name, PAGE_NAME_FORMAT, (int) id);
    snprintf(path, sizeof path, "%s/%s", record->shm, name);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return (engine_status_t){.state = "starting"};
    page_t page;
    ssize_t size = pread(file, &page, sizeof page, 0);
    close(file);
    if (size != sizeof page || page.magic != PAGE_MAGIC || page.pid <= 0 || !page.ready) {
        engine_status_t starting = {.state = "starting"};
        if (size == sizeof page && page.magic == PAGE_MAGIC)
            explain_loop(&page.death, starting.why, sizeof starting.why);
        return starting;
    }
    static const char *const doubts[] = {[PAGE_SUSPECTED] = "suspected", [PAGE_LAPSED] = "lost"};
    const char *doubt = page.trust <= PAGE_LAPSED ? doubts[page.trust] : NULL;
    engine_status_t status = {.worker = page.pid, .state = doubt ? doubt : page.running ? "busy" : "idle"};
    bool stopped = ipc_process_is_stopped(page.pid);
    if (doubt || stopped)
        snprintf(status.why, sizeof status.why, "%s%s%s", doubt ? "it does not answer" : "",
                 doubt && stopped ? ", " : "", stopped ? "its process is stopped" : "");
    snprintf(status.gpu_failure, sizeof status.gpu_failure, "%.*s", PAGE_GPU - 1, page.gpu_failure);
    return status;
}
