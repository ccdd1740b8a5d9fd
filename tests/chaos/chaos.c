//  Chaos on real processes: clients that run tasks of every kind beside a cluster of four engines, while workers,
//  nannies, clients and, where it has a journal, the controller are killed and stopped, and /dev/shm runs full. At the
//  end what the tasks wrote down is held against what the clients were told: see account.h.
//
//      with_small_shm 64 with_cluster -n 4 [--start=--journal] chaos [--journal]
//
//  IPC_SEED=n runs what that seed chooses again; IPC_CHAOS_TASKS=n says how many tasks there are to be.
#include <ipclient.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "agent.h"
#include "ledger.h"
#include "load.h"

#if defined(__SANITIZE_ADDRESS__)
//  A client that is stopped while it looks for leaks at its end dies of it.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

enum { TASKS = 4000, JOURNAL_TASKS = 800, LONG_TASKS = 200000 };
enum { AT_A_TIME = 3, CLIENTS = 1000, SHARE_MAX = 1500, READY_MS = 40000, PAUSE_US = 40000 };

typedef struct chaos {
    agent_t agent;
    chance_t chance;
    const char *program;       // argv[0]
    uint32_t tasks, share;     // in all, of each client
    uint32_t done;             // by clients that came to their end
    uint32_t clients;          // that were started
    uint32_t numbers[AGENT_CLIENTS]; // of those that run
    bool finished[CLIENTS];    // that came to their end
    bool failed;
    ipc_client_t *client;      // our own, to ask after the engines
} chaos_t;

//  Waits until all engines are there, on a client of our own that lives as long as the test.
static void await_engines(void *context)
{
    chaos_t *self = context;
    ipc_error_t error = {.code = 0};
    if (!self->client || ipc_client_wait(self->client, AGENT_ENGINES, READY_MS, &error)) {
        fprintf(stderr, "the engines do not come back: %s\n", error.text);
        self->failed = true;
    }
}

static void start_client(chaos_t *self, int slot)
{
    char number[16], seed[32], tasks[16];
    self->numbers[slot] = ++self->clients;
    snprintf(number, sizeof number, "%u", self->clients);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long) chance_next(&self->chance));
    snprintf(tasks, sizeof tasks, "%u", self->share);
    pid_t pid = fork();
    if (pid == 0) {
        execl(self->program, self->program, "--client", number, seed, tasks, (char *) NULL);
        _exit(127);
    }
    self->agent.clients[slot] = pid;
}

//  Takes in the clients that have ended, and starts others while there is more to be done.
static void tend_clients(chaos_t *self)
{
    for (int slot = 0; slot < AT_A_TIME; slot++) {
        pid_t *pid = &self->agent.clients[slot];
        int status = 0;
        if (*pid && waitpid(*pid, &status, WNOHANG) == *pid) {
            *pid = 0;
            bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            self->finished[self->numbers[slot]] = fine;
            self->done += fine ? self->share : 0;
            self->failed = self->failed || (!fine && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
            if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
                fprintf(stderr, "client %u died of %s\n", self->numbers[slot], strsignal(WTERMSIG(status)));
        }
        if (!*pid && !self->failed && self->done < self->tasks && self->clients < CLIENTS - 1)
            start_client(self, slot);
    }
}

static bool any_runs(const chaos_t *self)
{
    for (int slot = 0; slot < AT_A_TIME; slot++)
        if (self->agent.clients[slot])
            return true;
    return false;
}

static bool is_well(chaos_t *self)
{
    await_engines(self);
    ipc_error_t error = {.code = 0};
    ipc_view_t *all = ipc_direct_view(self->client, "all", &error);
    ipc_result_t *pushed = all ? ipc_push_sync(all, "well", 1) : NULL;
    bool well = pushed && ipc_result_ok(pushed) && ipc_result_count(pushed) == AGENT_ENGINES;
    if (!well)
        fprintf(stderr, "the cluster is not well afterwards: %s\n",
                pushed && ipc_result_error(pushed) ? ipc_result_error(pushed)->text : error.text);
    return well;
}

static uint64_t choose_seed(void)
{
    const char *asked = getenv("IPC_SEED");
    return asked ? strtoull(asked, NULL, 0) : (uint64_t) time(NULL) * 1000003 + (uint64_t) getpid();
}

static uint32_t choose_tasks(bool journal)
{
    const char *asked = getenv("IPC_CHAOS_TASKS");
    return asked ? (uint32_t) strtoul(asked, NULL, 0)
           : getenv("IPC_LONG_TESTS") ? LONG_TASKS
           : journal ? JOURNAL_TASKS : TASKS;
}

static int run(const char *program, bool journal)
{
    static chaos_t self; // large
    uint64_t seed = choose_seed();
    ipc_error_t error = {.code = 0};
    self = (chaos_t){.program = program, .chance = {seed}, .agent = {.chance = {~seed}, .journal = journal},
                     .tasks = choose_tasks(journal)};
    self.share = self.tasks / (2 * AT_A_TIME) + 1 < SHARE_MAX ? self.tasks / (2 * AT_A_TIME) + 1 : SHARE_MAX;
    printf("IPC_SEED=%llu, %u tasks\n", (unsigned long long) seed, self.tasks);
    fflush(stdout);
    self.client = ipc_client_new(NULL, &error);
    if (!self.client)
        return ipc_error_print(&error, stderr), 1;
    for (tend_clients(&self); any_runs(&self); tend_clients(&self)) {
        usleep(chance_below(&self.agent.chance, PAUSE_US));
        agent_step(&self.agent, await_engines, &self);
    }
    bool right = account_is_right(&self.agent, self.finished) && !self.failed;
    right = is_well(&self) && right;
    ipc_client_destroy(&self.client);
    if (!right)
        fprintf(stderr, "run it again with IPC_SEED=%llu\n", (unsigned long long) seed);
    return right ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "--client"))
        return load_run((uint32_t) strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10),
                        (uint32_t) strtoul(argv[4], NULL, 10));
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--journal") != 0))
        return fprintf(stderr, "usage: chaos [--journal]\n"), 2;
    return run(argv[0], argc == 2);
}
