#include "kernels/common/cores.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { SLOTS = 256 };

//  One process that computes. The file is an array of them; a lock on the file guards it,
//  which the kernel lifts when its holder dies. A record whose process is gone counts as
//  empty.
typedef struct record {
    int32_t pid; // 0: empty
    int32_t threads;
    uint64_t started; // the process's start time: pids come again
} record_t;

int kernel_cores_available(void)
{
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof set, &set) == 0
                    ? CPU_COUNT(&set)
                    : (int) sysconf(_SC_NPROCESSORS_ONLN);
    const char *limit_text = getenv("OMP_NUM_THREADS");
    long limit = limit_text ? strtol(limit_text, NULL, 10) : 0;
    if (limit > 0 && limit < cores)
        cores = (int) limit;
    return cores < 1 ? 1 : cores;
}

//  When a process started, in ticks since the host did; 0 if there is no such process.
static uint64_t start_time(int pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size > 0 ? size : 0] = 0;
    // The second field, the program's name in parentheses, may hold anything; field 22 is
    // the time.
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

static bool is_computing(const record_t *record)
{
    if (record->pid <= 0 || (kill(record->pid, 0) && errno == ESRCH))
        return false;
    return start_time(record->pid) == record->started;
}

static int open_claims(void)
{
    const char *directory = getenv("IPC_SHM");
    char path[PATH_MAX];
    if (!directory || !*directory ||
        snprintf(path, sizeof path, "%s/cores", directory) >= (int) sizeof path)
        return -1;
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void write_record(int file, int slot, record_t record)
{
    // A claim that cannot be written costs speed alone, so there is nobody to tell.
    if (pwrite(file, &record, sizeof record, slot * (off_t) sizeof record) < 0)
        return;
}

//  Under the lock: finds a place, counts the others' threads, writes the claim.
static void claim_slot(kernel_cores_t *self, int threads)
{
    record_t records[SLOTS] = {0};
    if (pread(self->file, records, sizeof records, 0) < 0)
        return;
    int busy = 0;
    for (int i = SLOTS - 1; i >= 0; i--) {
        if (is_computing(&records[i]))
            busy += records[i].threads;
        else
            self->slot = i;
    }
    if (threads == 0 && self->threads > busy)
        self->threads -= busy;
    else if (threads == 0)
        self->threads = 1;
    if (self->slot >= 0)
        write_record(self->file, self->slot,
                     (record_t){.pid = getpid(),
                                .threads = self->threads,
                                .started = start_time(getpid())});
}

kernel_cores_t kernel_cores_claim(int threads)
{
    kernel_cores_t self = {.threads = threads > 0 ? threads : kernel_cores_available(),
                           .file = -1,
                           .slot = -1};
    self.file = open_claims();
    if (self.file < 0)
        return self;
    if (flock(self.file, LOCK_EX) == 0) {
        claim_slot(&self, threads);
        flock(self.file, LOCK_UN);
    }
    return self;
}

void kernel_cores_release(kernel_cores_t *self)
{
    if (self->slot >= 0)
        write_record(self->file, self->slot, (record_t){0});
    if (self->file >= 0)
        close(self->file);
    self->file = self->slot = -1;
}
