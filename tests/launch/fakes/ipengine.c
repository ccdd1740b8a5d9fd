//  A nanny without a worker: it leaves a file "ready-ID" in the cluster's directory, and
//  waits for the end. FAKE_IPENGINE: "die" ends with words on stderr, "silent" is never
//  ready, "loop" dies once it was ready, "child" leaves a detached process behind.
//  FAKE_IPENGINE_ID: only that engine does so.
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

static void say_ready(const char *directory, const char *id)
{
    char temporary[512], path[512];
    snprintf(temporary, sizeof temporary, "%s/temporary-%s", directory, id);
    snprintf(path, sizeof path, "%s/ready-%s", directory, id);
    FILE *file = fopen(temporary, "w");
    fprintf(file, "%d\n", (int) getpid());
    fclose(file);
    rename(temporary, path);
}

static void leave_child(void)
{
    if (fork())
        return;
    setsid(); // out of the nanny's group, and its child no more once the nanny has ended
    pause();
    _exit(0);
}

int main(int argc, char **argv)
{
    if (argc != 7 || strcmp(argv[1], "--directory") || strcmp(argv[3], "--id") ||
        strcmp(argv[5], "--supervisor")) {
        fprintf(stderr, "wrong arguments\n");
        return 2;
    }
    const char *given = getenv("FAKE_IPENGINE"), *only = getenv("FAKE_IPENGINE_ID");
    const char *mode = given && (!only || !strcmp(only, argv[4])) ? given : "";
    if (!strcmp(mode, "die")) {
        fprintf(stderr, "engine %s has no hands\n", argv[4]);
        return 4;
    }
    if (!strcmp(mode, "child"))
        leave_child();
    if (strcmp(mode, "silent"))
        say_ready(argv[2], argv[4]);
    struct pollfd supervisor = {.fd = pidfd_open(atoi(argv[6]), 0), .events = POLLIN};
    poll(&supervisor, 1, -1);
    return 0;
}
