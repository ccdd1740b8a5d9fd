#include "tools/editor_plain.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/complete.h"

char *editor_plain_trim(char *input)
{
    size_t length = strlen(input);
    while (length > 0 && strchr(" \t\r\n", input[length - 1])) length--;
    input[length] = 0;
    return input;
}

static void show_prompt(const char *prompt, bool first)
{
    if (prompt)
        printf("%*s", (int) strlen(prompt), first ? prompt : "...: ");
    fflush(stdout);
}

//  Adds a line to an input, without the end of line. Gives the new input, to be freed.
static char *add_line(char *input, char *line)
{
    line[strcspn(line, "\n")] = 0;
    char *longer = input ? ipc_xformat("%s\n%s", input, line) : ipc_xstrdup(line);
    free(input);
    return longer;
}

static bool is_whole(const char *input, bool at_terminal)
{
    return !complete_wants_more(input) || (at_terminal && complete_is_forced(input));
}

//  Only so that a wait is interrupted.
static void on_interrupt(int signal)
{
    (void) signal;
}

//  Waits for a line of the terminal's, and only then for Ctrl-C too: SIGINT is blocked, so that none comes
//  unheard before. False when it came.
static bool await_line(FILE *in)
{
    struct pollfd keyboard = {.fd = fileno(in), .events = POLLIN};
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    sigdelset(&mask, SIGINT);
    return ppoll(&keyboard, 1, NULL, &mask) > 0 || errno != EINTR;
}

//  Reads lines up to the end of an input. Gives them, to be freed, or NULL when there is none.
static char *read_lines(FILE *in, const char *prompt, bool *interrupted)
{
    char *input = NULL, *line = NULL;
    size_t size = 0;
    do {
        show_prompt(prompt, !input);
        *interrupted = prompt && !await_line(in);
        if (*interrupted || getline(&line, &size, in) < 0)
            break;
        input = add_line(input, line);
    } while (!is_whole(input, prompt));
    free(line);
    return input;
}

//  The same at a terminal, where Ctrl-C drops what was typed.
static char *ask_lines(FILE *in, const char *prompt, bool *interrupted)
{
    struct sigaction heard = {.sa_handler = on_interrupt}, before;
    sigset_t interrupt, mask;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &mask);
    sigaction(SIGINT, &heard, &before);
    char *input = read_lines(in, prompt, interrupted);
    sigaction(SIGINT, &before, NULL);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return input;
}

char *editor_plain_read(FILE *in, const char *prompt, bool *interrupted)
{
    *interrupted = false;
    char *input = prompt ? ask_lines(in, prompt, interrupted) : read_lines(in, NULL, interrupted);
    if (*interrupted) {
        free(input);
        return ipc_xstrdup("");
    }
    return input ? editor_plain_trim(input) : NULL;
}
