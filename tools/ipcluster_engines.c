//  ipcluster engines, restart, signal: what is done to the engines of a running cluster.
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "common/fail.h"
#include "ipcluster.h"
#include "launch/control.h"
#include "launch/status.h"
#include "tools/words.h"

//  An engine's id: 0, or EXIT_USAGE.
static int read_id(const char *text, size_t *id)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (!isdigit((unsigned char) text[0]) || *end || number >= CLUSTER_ENGINES_MAX)
        return fail_usage("an engine's id is a number from 0 to %d, not \"%s\"", CLUSTER_ENGINES_MAX - 1, text);
    *id = number;
    return 0;
}

static int ask(const arguments_t *arguments, const char *request, char answer[CONTROL_TEXT])
{
    ipc_error_t error;
    ipc_auto(record_destroy) record_t *record = cluster_find(arguments->profile, arguments->cluster_id, &error);
    if (!record || control_ask(record->directory, request, answer, &error))
        return fail(&error);
    return EXIT_DONE;
}

int run_engines(const arguments_t *arguments)
{
    char request[64], answer[CONTROL_TEXT];
    size_t id = 0;
    if (!arguments->engines == !arguments->removed)
        return fail_usage("'ipcluster engines' takes either -n N or --remove ID");
    if (arguments->removed && read_id(arguments->removed, &id))
        return EXIT_USAGE;
    if (arguments->removed)
        snprintf(request, sizeof request, "remove %zu", id);
    else
        snprintf(request, sizeof request, "add %zu", arguments->engines);
    int result = ask(arguments, request, answer);
    if (result)
        return result;
    size_t first = strtoul(answer, NULL, 10);
    if (arguments->removed)
        printf("removed engine %zu\n", id);
    else if (arguments->engines == 1)
        printf("engine %zu is ready\n", first);
    else
        printf("engines %zu to %zu are ready\n", first, first + arguments->engines - 1);
    return EXIT_DONE;
}

int run_restart(const arguments_t *arguments)
{
    char request[64] = "restart", answer[CONTROL_TEXT];
    size_t id = 0;
    const char *one = arguments->names[0];
    if (one && read_id(one, &id))
        return EXIT_USAGE;
    if (one)
        snprintf(request, sizeof request, "restart %zu", id);
    int result = ask(arguments, request, answer);
    if (result)
        return result;
    if (one)
        printf("engine %zu runs anew\n", id);
    else
        puts("all engines run anew");
    return EXIT_DONE;
}

//  The worker's pid is looked at again with a descriptor in hand, so that no other process gets the signal.
static bool send_signal(const record_t *record, size_t id, int number)
{
    engine_status_t status = engine_status(record, id);
    int descriptor = status.worker ? pidfd_open(status.worker, 0) : -1;
    bool sent = descriptor >= 0 && engine_status(record, id).worker == status.worker &&
                !pidfd_send_signal(descriptor, number, NULL, 0);
    if (descriptor >= 0)
        close(descriptor);
    return sent;
}

int run_signal(const arguments_t *arguments)
{
    ipc_error_t error;
    size_t id = 0, count = 0;
    const char *one = arguments->names[1];
    if (!arguments->names[0])
        return fail_usage("'ipcluster signal' needs a signal, such as INT or USR1");
    int number = word_signal(arguments->names[0]);
    if (!number)
        return fail_usage("there is no signal \"%s\"", arguments->names[0]);
    if (one && read_id(one, &id))
        return EXIT_USAGE;
    ipc_auto(record_destroy) record_t *record = cluster_find(arguments->profile, arguments->cluster_id, &error);
    if (!record)
        return fail(&error);
    for (size_t i = 0; i < record->engines; i++)
        count += (!one || i == id) && send_signal(record, i, number);
    if (count == 0)
        return one ? ipc_fail(&error, IPC_E_NAME, "engine %zu does not run", id) : ipc_fail(&error, IPC_E_NAME, "no engine runs"),
               fail(&error);
    printf("sent SIG%s to %zu engine%s\n", sigabbrev_np(number), count, count == 1 ? "" : "s");
    return EXIT_DONE;
}
