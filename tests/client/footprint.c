#include "footprint.h"

#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { END_MS = 10000 };

static bool mentions(pid_t pid, const char *first, const char *second)
{
    char path[PATH_BYTES], text[4096];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int) pid);
    FILE *file = fopen(path, "r");
    size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    for (size_t i = 0; i < size; i++)
        if (!text[i])
            text[i] = ' ';
    text[size] = 0;
    return strstr(text, first) || strstr(text, second);
}

//  The pids of its processes.
static size_t processes_of(const footprint_t *self, pid_t pids[PROCESSES_MAX])
{
    size_t count = 0;
    DIR *processes = opendir("/proc");
    ck_assert_ptr_nonnull(processes);
    for (struct dirent *entry; (entry = readdir(processes)) && count < PROCESSES_MAX;) {
        pid_t pid = (pid_t) strtol(entry->d_name, NULL, 10);
        if (pid > 0 && mentions(pid, self->directory, self->id))
            pids[count++] = pid;
    }
    closedir(processes);
    return count;
}

footprint_t footprint_of(const ipc_cluster_t *cluster)
{
    footprint_t self = {.count = 0};
    snprintf(self.directory, sizeof self.directory, "%s", ipc_cluster_connection(cluster));
    *strrchr(self.directory, '/') = 0;
    snprintf(self.shm, sizeof self.shm, "/dev/shm/ipc-%u-%s", (unsigned) geteuid(),
             strrchr(self.directory, '/') + 1);
    snprintf(self.id, sizeof self.id, "%s", ipc_cluster_id(cluster));
    ck_assert_int_eq(access(self.directory, F_OK), 0);
    ck_assert_int_eq(access(self.shm, F_OK), 0);
    pid_t pids[PROCESSES_MAX];
    self.count = processes_of(&self, pids);
    for (size_t i = 0; i < self.count; i++)
        self.handles[i] = (int) syscall(SYS_pidfd_open, pids[i], 0);
    return self;
}

static void assert_all_gone(footprint_t *self, int timeout_ms)
{
    for (size_t i = 0; i < self->count; i++) {
        struct pollfd end = {.fd = self->handles[i], .events = POLLIN};
        ck_assert_msg(self->handles[i] < 0 || poll(&end, 1, timeout_ms) == 1, "a process of %s is left", self->id);
        close(self->handles[i]);
    }
    pid_t pids[PROCESSES_MAX];
    ck_assert_uint_eq(processes_of(self, pids), 0);
    ck_assert_msg(access(self->directory, F_OK) != 0, "%s is left", self->directory);
    ck_assert_msg(access(self->shm, F_OK) != 0, "%s is left", self->shm);
}

void assert_nothing_left(footprint_t *self)
{
    assert_all_gone(self, END_MS);
}

void assert_nothing_is_left_now(footprint_t *self)
{
    assert_all_gone(self, 0);
}
