//  ipx: runs C on the engines of a running cluster: a line, a file, standard input, or what a person types.
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "tools/ipx_shell.h"
#include "tools/standard.h"

enum { SOURCE_MAX = 16 << 20 };

static int complain(const ipc_error_t *error)
{
    fprintf(stderr, "ipx: %s\n", error->text);
    return error->code == IPC_E_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

//  Tells the library which cluster the command line means: it reads the environment.
static void choose_cluster(const ipx_options_t *options)
{
    if (options->profile)
        setenv("IPC_PROFILE", options->profile, 1);
    if (options->cluster_id)
        setenv("IPC_CLUSTER_ID", options->cluster_id, 1);
    if (options->profile || options->cluster_id)
        unsetenv("IPC_CONNECTION_FILE"); // which would win over both
}

//  Whether what stands on standard input is for the shell: a person's, or a script, which begins with a magic.
//      lines   written: how many empty lines were read
static bool is_for_shell(int *lines)
{
    int letter = 0;
    *lines = 0;
    if (isatty(STDIN_FILENO))
        return true;
    while (letter != EOF && isspace(letter = getchar())) *lines += letter == '\n';
    if (letter != EOF)
        ungetc(letter, stdin);
    return letter == '%';
}

//  What a stream still has, given; NULL with *error: SYSTEM, LIMIT, ARGUMENT (it is no text).
//      name   stands in errors
static char *read_stream(FILE *stream, const char *name, ipc_error_t *error)
{
    size_t size = 0, room = 4096;
    char *text = ipc_xalloc(room);
    for (size_t got; (got = fread(text + size, 1, room - size - 1, stream)) > 0 && size <= SOURCE_MAX;) {
        size += got;
        if (size + 1 == room)
            text = ipc_xrealloc(text, room *= 2);
    }
    text[size] = 0;
    int rc = 0;
    if (ferror(stream))
        rc = ipc_fail(error, IPC_E_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    else if (size > SOURCE_MAX)
        rc = ipc_fail(error, IPC_E_LIMIT, "%s has more than %d bytes", name, SOURCE_MAX);
    else if (strlen(text) != size)
        rc = ipc_fail(error, IPC_E_ARGUMENT, "%s is no source of C: it has a zero byte", name);
    if (!rc)
        return text;
    free(text);
    return NULL;
}

//  What standard input has, in its lines; given.
static char *read_input(int lines, ipc_error_t *error)
{
    char *text = read_stream(stdin, "standard input", error);
    if (!text || lines == 0)
        return text;
    char *source = ipc_xalloc((size_t) lines + strlen(text) + 1);
    memset(source, '\n', (size_t) lines);
    memcpy(source + lines, text, strlen(text));
    free(text);
    return source;
}

static int run_source(ipx_session_t *session, const ipx_flags_t *flags, const char *source)
{
    return ipx_session_execute(session, ipx_session_view(session, ""), flags, source);
}

static int run(ipx_session_t *session, const ipx_options_t *options)
{
    ipc_error_t error;
    int lines;
    if (options->code)
        return run_source(session, &options->flags, options->code);
    if (!options->file && is_for_shell(&lines))
        return ipx_shell_run(session);
    if (options->file)
        return ipx_session_execute_file(session, ipx_session_view(session, ""), &options->flags, options->file);
    char *source = read_input(lines, &error);
    if (!source)
        return complain(&error);
    int exit_code = run_source(session, &options->flags, source);
    free(source);
    return exit_code;
}

int main(int argc, char **argv)
{
    ipx_options_t options;
    int exit_code = EXIT_DONE;
    standard_open();
    if (!ipx_options_read(&options, argc, argv, &exit_code))
        return exit_code;
    ipc_error_t error;
    choose_cluster(&options);
    ipx_session_t *session = ipx_session_new(&options.flags, &error);
    if (!session)
        return complain(&error);
    exit_code = run(session, &options);
    ipx_session_destroy(&session);
    exit_code = standard_close("ipx: ", exit_code);
    if (exit_code == EXIT_INTERRUPTED) { // a script that waits for us ends too
        sigset_t interrupt;
        sigemptyset(&interrupt);
        sigaddset(&interrupt, SIGINT);
        sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
        raise(SIGINT);
    }
    return exit_code;
}
