#include "agent.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ledger.h"

enum { MEMBERS = 64, CONTROLLER = 2 * AGENT_ENGINES, STOP_US_MAX = 200000, FULL_US_MAX = 150000 };
static const int64_t SPAN_NS = 65 * INT64_C(1000000000), CLIENT_SPAN_NS = 1500 * INT64_C(1000000);

const char *const harm_names[HARMS] = {
    [HARM_WORKER_KILL] = "worker KILL", [HARM_WORKER_SEGV] = "worker SEGV", [HARM_WORKER_STOP] = "worker STOP",
    [HARM_NANNY_KILL] = "nanny KILL",   [HARM_NANNY_STOP] = "nanny STOP",   [HARM_CLIENT_KILL] = "client KILL",
    [HARM_CLIENT_STOP] = "client STOP", [HARM_CONTROLLER_STOP] = "controller STOP",
    [HARM_CONTROLLER_KILL] = "controller KILL", [HARM_SHM_FULL] = "/dev/shm full",
};

//  A process of the cluster.
typedef struct member {
    pid_t pid;
    int place;                 // in the rings of kills: workers by engine, then nannies, then the controller
} member_t;

//  Reads a process's words, one after another with zeros between them; "" when there are none.
static size_t words_of(const char *pid, char *words, size_t room)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.16s/cmdline", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file >= 0 ? read(file, words, room - 1) : 0;
    if (file >= 0)
        close(file);
    size = size > 0 ? size : 0;
    words[size] = 0;
    return (size_t) size;
}

//  The word behind an option.
static const char *option(const char *words, size_t size, const char *name)
{
    for (const char *at = words; at < words + size; at += strlen(at) + 1)
        if (!strcmp(at, name) && at + strlen(at) + 1 < words + size)
            return at + strlen(at) + 1;
    return "";
}

//  Whether this process is one of this cluster's controller, nannies and workers.
static bool is_member(const char *pid, member_t *member)
{
    char words[4096];
    size_t size = words_of(pid, words, sizeof words);
    const char *folder = getenv("XDG_RUNTIME_DIR"), *slash = strrchr(words, '/');
    if (size == 0 || strncmp(option(words, size, "--directory"), folder, strlen(folder)) != 0)
        return false;
    const char *program = slash ? slash + 1 : words;
    int engine = atoi(option(words, size, "--id"));
    if (engine < 0 || engine >= AGENT_ENGINES)
        return false;
    member->pid = (pid_t) strtol(pid, NULL, 10);
    member->place = !strcmp(program, "ipcd") ? CONTROLLER
                    : !strcmp(program, "ipengine") ? AGENT_ENGINES + engine : engine;
    return true;
}

static size_t find_members(member_t members[MEMBERS])
{
    DIR *processes = opendir("/proc");
    size_t count = 0;
    for (struct dirent *entry; processes && count < MEMBERS && (entry = readdir(processes));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_member(entry->d_name, &members[count]))
            count++;
    if (processes)
        closedir(processes);
    return count;
}

//  One of the places from first to before end, by chance; NULL if there is none.
static const member_t *choose(agent_t *self, const member_t *members, size_t count, int first, int end)
{
    size_t start = count ? chance_below(&self->chance, (uint32_t) count) : 0;
    for (size_t i = 0; i < count; i++) {
        const member_t *member = &members[(start + i) % count];
        if (member->place >= first && member->place < end)
            return member;
    }
    return NULL;
}

//  Whether another kill of it makes less than five in a minute; then it is counted.
static bool may_kill(agent_t *self, int place)
{
    int64_t now = ledger_now(), *oldest = &self->kills[place][self->kills_count[place] % AGENT_KILLS];
    if (self->kills_count[place] >= AGENT_KILLS && now - *oldest < SPAN_NS)
        return false;
    *oldest = now;
    self->kills_count[place]++;
    return true;
}

static bool hold(agent_t *self, pid_t pid)
{
    if (pid == 0 || kill(pid, SIGSTOP))
        return false;
    usleep(1000 + chance_below(&self->chance, STOP_US_MAX));
    kill(pid, SIGCONT);
    return true;
}

static bool kill_client(agent_t *self, pid_t pid)
{
    if (pid == 0 || ledger_now() - self->client_killed < CLIENT_SPAN_NS)
        return false;
    self->client_killed = ledger_now();
    return kill(pid, SIGKILL) == 0;
}

static bool fill_shm(agent_t *self)
{
    static const char path[] = "/dev/shm/filler";
    struct statvfs room;
    if (!getenv("SMALL_SHM_MIB") || statvfs("/dev/shm", &room))
        return false;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    off_t size = (off_t) (room.f_bavail * room.f_frsize) - (off_t) chance_below(&self->chance, 1 << 20);
    bool full = size > 0 && posix_fallocate(file, 0, size) == 0;
    usleep(1000 + chance_below(&self->chance, FULL_US_MAX));
    unlink(path);
    close(file);
    return full;
}

static bool kill_controller(agent_t *self, const member_t *controller, void (*await_engines)(void *), void *context)
{
    if (!self->journal || self->deaths_count == AGENT_DEATHS || !may_kill(self, CONTROLLER))
        return false;
    await_engines(context);
    self->deaths[self->deaths_count++] = ledger_now();
    bool killed = kill(controller->pid, SIGKILL) == 0;
    await_engines(context);
    return killed;
}

static bool do_harm(agent_t *self, harm_t harm, void (*await_engines)(void *), void *context)
{
    member_t members[MEMBERS];
    size_t count = find_members(members);
    const member_t *worker = choose(self, members, count, 0, AGENT_ENGINES);
    const member_t *nanny = choose(self, members, count, AGENT_ENGINES, CONTROLLER);
    const member_t *controller = choose(self, members, count, CONTROLLER, CONTROLLER + 1);
    pid_t client = self->clients[chance_below(&self->chance, AGENT_CLIENTS)];
    switch (harm) {
    case HARM_WORKER_KILL: return worker && may_kill(self, worker->place) && kill(worker->pid, SIGKILL) == 0;
    case HARM_WORKER_SEGV: return worker && may_kill(self, worker->place) && kill(worker->pid, SIGSEGV) == 0;
    case HARM_WORKER_STOP: return worker && hold(self, worker->pid);
    case HARM_NANNY_KILL: return nanny && may_kill(self, nanny->place) && kill(nanny->pid, SIGKILL) == 0;
    case HARM_NANNY_STOP: return nanny && hold(self, nanny->pid);
    case HARM_CLIENT_KILL: return kill_client(self, client);
    case HARM_CLIENT_STOP: return hold(self, client);
    case HARM_CONTROLLER_STOP: return controller && hold(self, controller->pid);
    case HARM_CONTROLLER_KILL: return controller && kill_controller(self, controller, await_engines, context);
    case HARM_SHM_FULL: return fill_shm(self);
    case HARMS: break;
    }
    return false;
}

void agent_step(agent_t *self, void (*await_engines)(void *context), void *context)
{
    harm_t harm = (harm_t) chance_below(&self->chance, HARMS);
    self->done[harm] += do_harm(self, harm, await_engines, context);
}
