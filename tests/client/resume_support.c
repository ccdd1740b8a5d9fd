#include "resume_support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void leave_mark(const char *path)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    (void) !write(file, "x", 1);
    close(file);
}

off_t marks(const gate_t *gate, char path[80])
{
    snprintf(path, 80, "%s/marks", gate->folder);
    int file = open(path, O_RDONLY | O_CREAT, 0600);
    off_t size = lseek(file, 0, SEEK_END);
    close(file);
    return size;
}

void kill_controller(void)
{
    pid_t pid = process_named("ipcd");
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    await_end(pid);
}

void restart_cluster(void)
{
    free(ipcluster_prints(0, "stop", NULL));
    free(ipcluster_prints(0, "start", "-n", "4", "--daemonize", "--journal", NULL));
}

void await_running(session_t *s, const char *label, size_t count)
{
    while (task_count(s, &(ipc_history_query_t){.label = label, .state = IPC_TASK_RUNNING}) < count) {}
}
