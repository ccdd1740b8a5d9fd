#include "tools/ipx_shell.h"

#include <ctype.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"
#include "tools/editor.h"
#include "tools/ipx_magics.h"

static bool is_blank(const char *text)
{
    return !text[strspn(text, " \t\r\n")];
}

//  "exit", "quit;" and the like, as a person says it to any shell.
static bool is_farewell(const char *input)
{
    size_t size = strspn(input, "abcdefghijklmnopqrstuvwxyz");
    bool word = (size == 4 && (!strncmp(input, "exit", size) || !strncmp(input, "quit", size)));
    return word && !input[size + strspn(input + size, "(); \t\n")];
}

int ipx_shell_input(ipx_shell_t *self, const char *input)
{
    const char *start = input + strspn(input, " \t\n");
    if (is_blank(start))
        return EXIT_DONE;
    self->inputs = ipc_xrealloc(self->inputs, (self->input_count + 1) * sizeof self->inputs[0]);
    self->inputs[self->input_count++] = ipc_xstrdup(input);
    if (is_farewell(start))
        return self->ended = true, EXIT_DONE;
    if (start[0] == '%')
        return ipx_magic(self, start);
    if (!self->automatic)
        return ipx_session_execute_here(self->session, input);
    ipx_view_t *view = ipx_session_view(self->session, self->automatic->suffix);
    return ipx_session_execute(self->session, view, &view->flags, input);
}

//  --- What is typed -------------------------------------------------------------------------------------------

//  Ctrl-C while an input is typed is the editor's; it must not end the shell where the editor has not begun.
static void do_nothing(int number)
{
    (void) number;
}

static char *read_input(ipx_shell_t *self, editor_t *editor, bool *interrupted)
{
    char prompt[IPX_NAME_MAX + 32], *input;
    const char *suffix = self->automatic ? self->automatic->suffix : "";
    sigset_t interrupt;
    uint64_t number = ipx_session_next_cell(self->session, !self->automatic);
    snprintf(prompt, sizeof prompt, "%s%s%s [%" PRIu64 "]: ", self->automatic ? "px" : "In", suffix[0] ? "_" : "",
             suffix, number);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &interrupt, NULL);
    input = editor_read(editor, prompt, interrupted);
    pthread_sigmask(SIG_BLOCK, &interrupt, NULL);
    return input;
}

//  A file in the user's state folder, given; NULL: there can be none.
static char *history_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if ((!state || state[0] != '/') && (!home || home[0] != '/'))
        return NULL;
    char *folder = state && state[0] == '/' ? ipc_xstrdup(state) : ipc_xformat("%s/.local/state", home);
    char *own = ipc_xformat("%s/ipclient", folder);
    for (char *slash = own + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(own, 0700);
        *slash = '/';
    }
    mkdir(own, 0700);
    char *path = ipc_xformat("%s/ipx-history", own);
    free(folder);
    free(own);
    return path;
}

static void greet(ipx_session_t *session)
{
    size_t count;
    ipc_client_ids(ipx_session_site(session)->client, &count);
    printf("ipx " IPC_VERSION ", %zu engine%s: C runs here, %%px C there; %%help tells more\n", count,
           count == 1 ? "" : "s");
}

int ipx_shell_run(ipx_session_t *session)
{
    ipx_shell_t self = {.session = session};
    bool person = isatty(STDIN_FILENO);
    int worst = EXIT_DONE;
    char *path = person ? history_path() : NULL;
    editor_t *editor = editor_new(&(editor_options_t){path, ipx_complete, &self});
    signal(SIGINT, do_nothing);
    if (person)
        greet(session);
    while (!self.ended) {
        bool interrupted = false;
        char *input = read_input(&self, editor, &interrupted);
        if (!input)
            break;
        if (!interrupted && ipx_shell_input(&self, input) != EXIT_DONE)
            worst = EXIT_FAILED;
        fflush(stdout);
        free(input);
    }
    if (person && !self.ended)
        putchar('\n'); // behind the prompt
    editor_destroy(&editor);
    for (size_t i = 0; i < self.input_count; i++) free(self.inputs[i]);
    free(self.inputs);
    free(path);
    return person ? EXIT_DONE : worst;
}
