#include "tools/editor_plain.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "tools/complete.h"

char *plain_trim(char *input)
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

//  Only so that a read is interrupted.
static void on_interrupt(int signal)
{
}

//  Reads lines up to the end of an input. Gives them, to be freed, or NULL when there is none.
static char *read_lines(FILE *in, const char *prompt, bool *interrupted)
{
    char *input = NULL, *line = NULL;
    size_t size = 0;
    do {
        show_prompt(prompt, !input);
        errno = 0;
        if (getline(&line, &size, in) < 0) {
            *interrupted = errno == EINTR;
            break;
        }
        input = add_line(input, line);
    } while (!is_whole(input, prompt));
    free(line);
    return input;
}

char *plain_read(FILE *in, const char *prompt, bool *interrupted)
{
    struct sigaction heard = {.sa_handler = on_interrupt}, before;
    *interrupted = false;
    if (prompt)
        sigaction(SIGINT, &heard, &before);
    char *input = read_lines(in, prompt, interrupted);
    if (prompt)
        sigaction(SIGINT, &before, NULL);
    if (*interrupted) {
        clearerr(in);
        free(input);
        return ipc_xstrdup("");
    }
    return input ? plain_trim(input) : NULL;
}
