//  Words that can complete the one that is being typed: magics, words of C, names of where the line will run.
#include <stdlib.h>
#include <string.h>

#include "client/control.h"
#include "common/fail.h"
#include "tools/ipx_magics.h"

enum { ANSWER_MS = 150 }; // a person waits for it

//  Of C, and of the headers that cells have from the beginning.
// clang-format off
static const char *const words_of_c[] = {
    "abs", "acos", "asin", "atan", "atan2", "bool", "break", "cabs", "calloc", "case", "ceil", "cexp", "char", "cimag",
    "complex", "const", "continue", "cosh", "cos", "creal", "default", "define", "do", "double", "else", "enum", "exit",
    "exp", "extern", "fabs", "false", "fflush", "float", "floor", "fmax", "fmin", "fmod", "for", "fprintf", "fputs",
    "free", "getenv", "getpid", "goto", "hypot", "if", "include", "inline", "int", "int32_t", "int64_t",
    "ipc_engine_id", "ipc_ns_has", "ipc_raise", "ipc_refuse", "ipc_task_alloc", "isnan", "log", "log10", "log2", "long",
    "malloc", "memcpy", "memmove", "memset", "NULL", "pow", "printf", "puts", "qsort", "rand", "random", "realloc",
    "restrict", "return", "round", "short", "signed", "sin", "sinh", "size_t", "sizeof", "sleep", "snprintf", "sqrt",
    "srand", "srandom", "static", "stderr", "stdout", "strcat", "strchr", "strcmp", "strdup", "strlen", "strncmp",
    "strstr", "strtod", "strtol", "struct", "switch", "tan", "tanh", "time", "true", "typedef", "uint32_t", "uint64_t",
    "uint8_t", "union", "unsigned", "usleep", "void", "volatile", "while",
};
// clang-format on

//  A list of words that begin alike, while it is put together.
typedef struct words {
    char **words;                      // NULL-terminated
    size_t count;
    const char *start;                 // what they begin with
    size_t size;
} words_t;

static void add(words_t *self, const char *word)
{
    if (strncmp(word, self->start, self->size) != 0)
        return;
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->words[i], word) == 0)
            return;
    self->words = ipc_xrealloc(self->words, (self->count + 2) * sizeof self->words[0]);
    self->words[self->count++] = ipc_xstrdup(word);
    self->words[self->count] = NULL;
}

//  The names of one engine's namespace. It is not waited for long: it may be busy.
static void add_names(words_t *self, ipc_view_t *view)
{
    ipc_result_t *names = ipc_names(view);
    bool answered = ipc_result_wait(names, ANSWER_MS);
    if (!answered)
        ipc_result_abort(names);
    for (size_t i = 0; answered && i < ipc_value_count(ipc_result_value(names, 0)); i++)
        add(self, ipc_value_key(ipc_result_value(names, 0), i));
    ipc_result_error(names); // who completes wants no sentence
    ipc_result_destroy(&names);
}

//  The first engine of those that the line is for.
static void add_remote_names(words_t *self, ipx_shell_t *shell)
{
    const ipx_view_t *view = shell->automatic ? shell->automatic : ipx_session_view(shell->session, "");
    ipc_client_t *client = ipx_session_site(shell->session)->client;
    ipc_auto(ipc_view_destroy) ipc_view_t *engines = ipc_direct_view(client, view->flags.targets, NULL);
    size_t count = 0;
    const int *ids = engines ? ipc_view_ids(engines, &count) : NULL;
    char first[16] = "";
    if (count > 0 && !ipx_session_is_busy(shell->session, view))
        snprintf(first, sizeof first, "%d", ids[0]);
    ipc_auto(ipc_view_destroy) ipc_view_t *one = first[0] ? ipc_direct_view(client, first, NULL) : NULL;
    if (one)
        add_names(self, one);
}

//  Whether the names that a line means are those of the shell itself.
static bool is_local(const ipx_shell_t *shell, const char *line)
{
    static const char *const here[] = {"%push", "%local", "%%local"};
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        if (strncmp(line, here[i], strlen(here[i])) == 0)
            return true;
    return line[0] != '%' && !shell->automatic;
}

char **ipx_complete(void *context, const char *line, size_t word_start, size_t cursor)
{
    ipx_shell_t *shell = context;
    words_t words = {.start = line + word_start, .size = cursor - word_start};
    const char *name;
    if (word_start > 0 && line[word_start - 1] == '%') {
        for (size_t i = 0; (name = magic_name(i)); i++) add(&words, name);
        return words.words;
    }
    if (is_local(shell, line) && ipx_session_has_local(shell->session))
        add_names(&words, ipx_local_view(ipx_session_local(shell->session)));
    else if (!is_local(shell, line))
        add_remote_names(&words, shell);
    for (size_t i = 0; words.size > 0 && i < sizeof words_of_c / sizeof words_of_c[0]; i++) add(&words, words_of_c[i]);
    return words.words;
}
