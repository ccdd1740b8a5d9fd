//  A controller that controls nothing: it says what a supervisor expects to hear. It knows
//  that an engine is ready when the fake ipengine has left a file "ready-ID" in the
//  cluster's directory. FAKE_IPCD: "error" refuses to start, "die" ends after it has
//  listened, "stubborn" ignores SIGTERM.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { ENGINES_MAX = 1024 };

static void report_ready(FILE *reports, const char *directory, int id)
{
    char path[512];
    snprintf(path, sizeof path, "%s/ready-%d", directory, id);
    FILE *file = fopen(path, "r");
    int pid = 0;
    if (!file || fscanf(file, "%d", &pid) != 1)
        pid = 0;
    if (file)
        fclose(file);
    if (pid)
        fprintf(reports, "engine %d ready %d\n", id, pid);
}

//  What the supervisor says; that an engine is gone is said back.
static void answer(FILE *reports)
{
    char text[4096], *rest = text;
    ssize_t size = read(fileno(reports), text, sizeof text - 1);
    text[size > 0 ? size : 0] = 0;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (strncmp(line, "gone ", 5) == 0)
            fprintf(reports, "%s\n", line);
}

static void serve(FILE *reports, const char *directory, int events, int supervisor)
{
    for (int id = 0; id < ENGINES_MAX; id++) report_ready(reports, directory, id);
    for (;;) {
        _Alignas(struct inotify_event) char bytes[4096];
        struct pollfd polled[] = {{.fd = events, .events = POLLIN},
                                  {.fd = supervisor, .events = POLLIN},
                                  {.fd = fileno(reports), .events = POLLIN}};
        fflush(reports);
        if (poll(polled, 3, -1) < 0 || polled[1].revents)
            return;
        if (polled[2].revents)
            answer(reports);
        if (!polled[0].revents)
            continue;
        ssize_t size = read(events, bytes, sizeof bytes);
        for (char *at = bytes; at < bytes + size;) {
            const struct inotify_event *event = (const struct inotify_event *) at;
            int id = 0;
            if (event->len && sscanf(event->name, "ready-%d", &id) == 1)
                report_ready(reports, directory, id);
            at += sizeof *event + event->len;
        }
    }
}

int main(int argc, char **argv)
{
    const char *mode = getenv("FAKE_IPCD");
    if (argc != 11 || strcmp(argv[1], "--directory") || strcmp(argv[3], "--ready-fd") ||
        strcmp(argv[5], "--supervisor") || strcmp(argv[7], "--scheme") || strcmp(argv[9], "--hwm")) {
        fprintf(stderr, "wrong arguments\n");
        return 2;
    }
    FILE *reports = fdopen(atoi(argv[4]), "w");
    if (mode && !strcmp(mode, "error")) {
        fprintf(reports, "error the sockets are too long\n");
        return 1;
    }
    if (mode && !strcmp(mode, "stubborn"))
        signal(SIGTERM, SIG_IGN);
    int events = inotify_init1(IN_CLOEXEC);
    inotify_add_watch(events, argv[2], IN_MOVED_TO);
    fprintf(reports, "listening\n");
    fflush(reports);
    if (mode && !strcmp(mode, "die")) {
        fprintf(stderr, "first line\nthe disk of the controller is full\n");
        return 3;
    }
    serve(reports, argv[2], events, pidfd_open(atoi(argv[6]), 0));
    return 0;
}
