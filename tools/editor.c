#include "tools/editor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"

struct editor {
    bool terminal;                     // stdin is one: prompts are written
};

editor_t *editor_new(const editor_options_t *options)
{
    (void) options;
    editor_t *self = ipc_xalloc(sizeof *self);
    self->terminal = isatty(STDIN_FILENO);
    return self;
}

void editor_destroy(editor_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static void do_nothing(int number)
{
    (void) number;
}

//  Waits for a line of the terminal's. False when SIGINT came.
static bool await_line(void)
{
    sigset_t none;
    sigemptyset(&none);
    return ppoll(&(struct pollfd){.fd = STDIN_FILENO, .events = POLLIN}, 1, NULL, &none) > 0;
}

//  A line without its end; NULL at the end of the file, or when a signal came.
static char *read_line(const editor_t *self, const char *prompt)
{
    char *line = NULL;
    size_t room = 0;
    if (self->terminal) {
        fputs(prompt, stdout);
        fflush(stdout);
        if (!await_line())
            return NULL;
    }
    ssize_t size = getline(&line, &room, stdin);
    if (size < 0) {
        free(line);
        return NULL;
    }
    if (size > 0 && line[size - 1] == '\n')
        line[size - 1] = 0;
    return line;
}

static char *read_cell(const editor_t *self, const char *prompt, char *first)
{
    char *text = first, *line;
    while ((line = read_line(self, "   ...: ")) && line[0]) {
        char *longer = ipc_xformat("%s\n%s", text, line);
        free(text);
        free(line);
        text = longer;
    }
    free(line);
    (void) prompt;
    return text;
}

char *editor_read(editor_t *self, const char *prompt, bool *interrupted)
{
    struct sigaction before, caught = {.sa_handler = do_nothing};
    sigset_t interrupt, mask;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &mask); // but while a line is awaited
    sigaction(SIGINT, &caught, &before);
    errno = 0;
    char *text = read_line(self, prompt);
    if (text && strncmp(text, "%%", 2) == 0)
        text = read_cell(self, prompt, text);
    *interrupted = !text && errno == EINTR;
    sigaction(SIGINT, &before, NULL);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (*interrupted) {
        clearerr(stdin);
        return ipc_xstrdup("");
    }
    return text;
}
