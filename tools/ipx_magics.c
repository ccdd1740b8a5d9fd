#include "tools/ipx_magics.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/control.h"
#include "common/fail.h"
#include "tools/words.h"

typedef struct magic {
    const char *name;
    bool is_cell;                      // %%name takes the lines that follow
    bool has_flags;                    // those of ipx_flags_t
    magic_fn *run;
    const char *takes, *help;
} magic_t;

int magic_wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return EXIT_USAGE;
}

size_t magic_words(char *text, char **words, size_t room)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
        if (count < room)
            words[count] = word;
        count++;
    }
    return count;
}

//  --- Running code --------------------------------------------------------------------------------------------

//  What is to be run, given: what stands on the line, and below it.
static char *code_of(const magic_call_t *call)
{
    return ipc_xformat("%s%s%s", call->rest, call->rest[0] && call->body[0] ? "\n" : "", call->body);
}

static int run_px(magic_call_t *call)
{
    char *code = code_of(call);
    int exit_code = code[strspn(code, " \t\n")]
                        ? ipx_session_execute(call->shell->session, call->view, &call->flags, code)
                        : magic_wrong("%%px needs code, such as %%px printf(\"%%d\\n\", getpid());");
    free(code);
    return exit_code;
}

static int run_local(magic_call_t *call)
{
    char *code = code_of(call);
    int exit_code = code[strspn(code, " \t\n")] ? ipx_session_execute_here(call->shell->session, code)
                                                : magic_wrong("%%local needs code");
    free(code);
    return exit_code;
}

static int run_file(magic_call_t *call)
{
    if (!call->rest[0])
        return magic_wrong("%%run needs a file of C, such as %%run prog.c");
    return ipx_session_execute_file(call->shell->session, call->view, &call->flags, call->rest);
}

static int toggle_autopx(magic_call_t *call)
{
    ipx_shell_t *shell = call->shell;
    if (call->rest[0])
        return magic_wrong("%%autopx takes no code: what follows goes to the engines, until the next %%autopx");
    shell->automatic = shell->automatic == call->view ? NULL : call->view;
    if (!shell->automatic) {
        puts("%autopx disabled: what is typed runs here");
        return EXIT_DONE;
    }
    char *engines = ipx_session_engines(shell->session, call->view->flags.targets);
    printf("%%autopx enabled: what is typed runs on %s\n", engines);
    free(engines);
    return EXIT_DONE;
}

static int show_result(magic_call_t *call)
{
    return ipx_session_show(call->shell->session, call->view, call->rest, &call->flags);
}

static int abort_result(magic_call_t *call)
{
    return ipx_session_abort(call->shell->session, call->view, call->rest);
}

//  --- What holds for later ------------------------------------------------------------------------------------

static void show_config(const magic_call_t *call)
{
    static const char *const groups[] = {
        [IPX_BY_TYPE] = "type", [IPX_BY_ENGINE] = "engine", [IPX_BY_ORDER] = "order"};
    const ipx_flags_t *flags = &call->view->flags;
    printf("--targets %s --%s --%s --group-outputs %s --signal-on-interrupt %d --progress-after %g --%s\n",
           flags->targets, flags->block ? "block" : "noblock", flags->stream ? "stream" : "no-stream",
           groups[flags->group], flags->signal, flags->progress_after, flags->verbose ? "verbose" : "no-verbose");
}

static int set_config(magic_call_t *call)
{
    if (call->rest[0])
        return magic_wrong("%%pxconfig takes options, such as --noblock, not '%.60s'", call->rest);
    ipc_auto(ipc_view_destroy) ipc_view_t *view = ipx_session_open(call->shell->session, call->flags.targets);
    if (!view)
        return EXIT_FAILED;
    if (call->flags.out[0] || call->flags.local)
        return magic_wrong("%%pxconfig sets no --out and no --local: they are for one cell");
    call->view->flags = call->flags;
    if (!call->has_flags)
        show_config(call);
    return EXIT_DONE;
}

static int show_targets(const magic_call_t *call)
{
    ipx_session_t *session = call->shell->session;
    const ipx_view_t *view;
    for (size_t i = 0; (view = ipx_session_view_at(session, i)); i++) {
        char *engines = ipx_session_engines(session, view->flags.targets);
        char *name = ipc_xformat("%%px%s%s", view->suffix[0] ? "_" : "", view->suffix);
        printf("%-12s %-8s %s\n", name, view->flags.targets, engines);
        free(engines);
        free(name);
    }
    return EXIT_DONE;
}

static int set_targets(magic_call_t *call)
{
    ipc_error_t error;
    if (!call->rest[0])
        return show_targets(call);
    return ipx_session_add_view(call->shell->session, call->view->suffix, call->rest, &error) ? EXIT_DONE
                                                                                              : ipx_complain(&error);
}

static bool is_suffix(const char *word)
{
    size_t size = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return size > 0 && !word[size] && size < IPX_NAME_MAX - 8;
}

static int make_view(magic_call_t *call)
{
    ipc_error_t error;
    char *words[2];
    if (magic_words(call->rest, words, 2) != 2 || !is_suffix(words[0]))
        return magic_wrong("%%view takes a name and engines: after %%view even ::2 there is %%px_even");
    return ipx_session_add_view(call->shell->session, words[0], words[1], &error) ? EXIT_DONE : ipx_complain(&error);
}

//  --- What is done to engines -----------------------------------------------------------------------------------

//  Opens the view that the flags name, for a call: NULL when it has said why not.
static ipc_view_t *open_view(const magic_call_t *call)
{
    return ipx_session_open(call->shell->session, call->flags.targets);
}

static int finish(const magic_call_t *call, ipc_result_t *result)
{
    return ipx_session_finish(call->shell->session, &call->flags, result);
}

static int include_header(magic_call_t *call)
{
    if (!call->rest[0])
        return magic_wrong("%%include needs a header, such as %%include <complex.h>");
    ipx_local_t *local = call->flags.local ? ipx_session_local(call->shell->session) : NULL;
    if (call->flags.local && !local)
        return EXIT_FAILED;
    ipc_auto(ipc_view_destroy) ipc_view_t *view = open_view(call);
    if (!view)
        return EXIT_FAILED;
    int there = finish(call, ipc_include(view, call->rest));
    if (!local)
        return there;
    ipc_auto(ipc_result_destroy) ipc_result_t *here = ipc_include(ipx_local_view(local), call->rest);
    int exit_code = ipx_session_wait_here(call->shell->session, here);
    return there ? there : exit_code;
}

static int require_module(magic_call_t *call)
{
    if (!call->rest[0])
        return magic_wrong("%%require needs a module, such as %%require heat, or the path of a shared library");
    ipc_auto(ipc_view_destroy) ipc_view_t *view = open_view(call);
    return view ? finish(call, ipc_require(view, call->rest)) : EXIT_FAILED;
}

static int clear_engines(magic_call_t *call)
{
    if (call->rest[0])
        return magic_wrong("%%clear takes no '%.60s': engines are named by -t", call->rest);
    ipc_auto(ipc_view_destroy) ipc_view_t *view = open_view(call);
    return view ? finish(call, ipc_view_clear(view)) : EXIT_FAILED;
}

static int restart_engines(magic_call_t *call)
{
    if (call->rest[0])
        return magic_wrong("%%restart takes no '%.60s': engines are named by -t", call->rest);
    ipc_auto(ipc_view_destroy) ipc_view_t *view = open_view(call);
    return view ? finish(call, ipc_view_restart(view)) : EXIT_FAILED;
}

static int signal_engines(magic_call_t *call)
{
    int number = word_signal(call->rest);
    if (number == 0)
        return magic_wrong("%%signal takes a signal, such as INT or USR1, not '%.60s'", call->rest);
    ipc_auto(ipc_view_destroy) ipc_view_t *view = open_view(call);
    return view ? finish(call, ipc_view_signal(view, number)) : EXIT_FAILED;
}

//  --- The shell itself ------------------------------------------------------------------------------------------

static int show_history(magic_call_t *call)
{
    const ipx_shell_t *shell = call->shell;
    for (size_t i = 0; i + 1 < shell->input_count; i++) printf("%4zu: %s\n", i + 1, shell->inputs[i]);
    return EXIT_DONE;
}

static int quit(magic_call_t *call)
{
    call->shell->ended = true;
    return EXIT_DONE;
}

static magic_fn show_help;

// clang-format off
static const magic_t magics[] = {
    {"px", true, true, run_px, "CODE", "run a line on the engines; as %%px the lines that follow up to an empty one"},
    {"autopx", false, false, toggle_autopx, "", "send what is typed to the engines, until the next %autopx"},
    {"local", true, false, run_local, "CODE", "run it here, also while %autopx is on"},
    {"run", false, true, run_file, "FILE", "run a file of C on the engines"},
    {"pxresult", false, true, show_result, "[NAME]", "show the last result, or the one kept as NAME, once it is there"},
    {"result", false, true, show_result, "[NAME]", "the same"},
    {"abort", false, false, abort_result, "[NAME]", "abort what that result waits for"},
    {"pxconfig", false, true, set_config, "[OPTION]...", "set options for all later %px, or show them"},
    {"targets", false, false, set_targets, "[ENGINES]", "set the engines of %px: all, 0, ::2 …; or show them"},
    {"view", false, false, make_view, "NAME ENGINES", "name engines: %px_NAME, %autopx_NAME, %pxresult_NAME …"},
    {"who", false, true, magic_who, "", "the names that the engines have, or with --local those here, and their types"},
    {"push", false, true, magic_push, "NAME... | NAME=VALUE", "send what has that name here to the engines"},
    {"pull", false, true, magic_pull, "NAME [as NAME]", "fetch it from the engines to here: of several, joined"},
    {"include", false, true, include_header, "<HEADER>", "an #include for all later cells"},
    {"require", false, true, require_module, "MODULE", "load a module on the engines"},
    {"clear", false, true, clear_engines, "", "make the engines forget all names"},
    {"restart", false, true, restart_engines, "", "end the engines' processes and start them anew"},
    {"signal", false, true, signal_engines, "SIG", "send the engines a signal"},
    {"history", false, false, show_history, "", "what was typed"},
    {"help", false, false, show_help, "[NAME]", "this, or more of one magic"},
    {"quit", false, false, quit, "", "end the shell, as exit and Ctrl-D do"},
};
// clang-format on
enum { MAGICS = sizeof magics / sizeof magics[0] };

static const magic_t *find_magic(const char *name, size_t size)
{
    for (size_t i = 0; i < MAGICS; i++)
        if (strlen(magics[i].name) == size && strncmp(magics[i].name, name, size) == 0)
            return &magics[i];
    return NULL;
}

static const char *nearest_magic(const char *name)
{
    const magic_t *nearest = &magics[0];
    for (size_t i = 1; i < MAGICS; i++)
        if (word_distance(name, magics[i].name) < word_distance(name, nearest->name))
            nearest = &magics[i];
    return nearest->name;
}

static int show_help(magic_call_t *call)
{
    const char *name = call->rest + strspn(call->rest, "%");
    const magic_t *magic = find_magic(name, strlen(name));
    if (name[0] && !magic)
        return magic_wrong("there is no magic %%%s; the nearest is %%%s", name, nearest_magic(name));
    for (size_t i = 0; i < MAGICS; i++)
        if (!magic || magic == &magics[i])
            printf("  %%%-9s %-24s %s\n", magics[i].name, magics[i].takes, magics[i].help);
    if (!magic)
        puts("\nWhat begins with no % is C, and runs here, in the shell. -t ENGINES and more come behind the name:\n");
    else if (magic->has_flags)
        puts("\nBehind its name, as far as they have a meaning for it:");
    if (!magic || magic->has_flags)
        ipx_flags_help(stdout);
    return EXIT_DONE;
}

//  --- Reading an input --------------------------------------------------------------------------------------------

//  The next word of text, cut to the buffer; gives what stands behind it.
static const char *next_word(const char *text, char *word, size_t size)
{
    text += strspn(text, " \t");
    size_t length = strcspn(text, " \t");
    snprintf(word, size, "%.*s", (int) length, text);
    return text + length;
}

//  Takes the flags at the beginning of the line; gives what stands behind them, or NULL with *error.
static const char *take_flags(ipx_flags_t *flags, const char *line, ipc_error_t *error)
{
    for (;;) {
        char first[512], second[512];
        const char *behind = next_word(line, first, sizeof first);
        if (!ipx_is_flag(first))
            return line;
        if (strcmp(first, "--") == 0)
            return behind;
        const char *behind_second = next_word(behind, second, sizeof second);
        const char *words[] = {first, second};
        int taken = ipx_flags_take(flags, words, second[0] ? 2 : 1, error);
        if (taken < 0)
            return NULL;
        line = taken == 2 ? behind_second : behind;
    }
}

//  "px_even" is px with the view "even": finds both, or NULL.
static const magic_t *split_name(ipx_session_t *session, const char *name, ipx_view_t **view)
{
    const magic_t *magic = find_magic(name, strlen(name));
    *view = ipx_session_view(session, "");
    const char *mark = strchr(name, '_');
    if (magic || !mark)
        return magic;
    *view = ipx_session_view(session, mark + 1);
    return *view ? find_magic(name, (size_t) (mark - name)) : NULL;
}

static int fail_name(ipx_session_t *session, const char *name)
{
    const char *mark = strchr(name, '_');
    if (mark && find_magic(name, (size_t) (mark - name)) && !ipx_session_view(session, mark + 1))
        return magic_wrong("there is no view '%s': %%view %s ENGINES makes one", mark + 1, mark + 1);
    return magic_wrong("there is no magic %%%s; the nearest is %%%s, and %%help shows all", name, nearest_magic(name));
}

//  Runs it: the line without blanks around what stands behind the flags.
static int call_magic(const magic_t *magic, magic_call_t *call, const char *line)
{
    ipc_error_t error;
    const char *rest = magic->has_flags ? take_flags(&call->flags, line, &error) : line;
    if (!rest)
        return magic_wrong("%s; code that begins so goes behind --", error.text);
    call->has_flags = rest != line;
    rest += strspn(rest, " \t");
    size_t size = strlen(rest);
    while (size > 0 && isspace((unsigned char) rest[size - 1])) size--;
    call->rest = ipc_xformat("%.*s", (int) size, rest);
    int exit_code = magic->run(call);
    free(call->rest);
    return exit_code;
}

int ipx_magic(ipx_shell_t *shell, const char *input)
{
    magic_call_t call = {.shell = shell};
    bool is_cell = input[1] == '%';
    const char *start = input + 1 + is_cell;
    size_t line_size = strcspn(start, "\n"), name_size = 0;
    while (isalnum((unsigned char) start[name_size]) || start[name_size] == '_') name_size++;
    char *name = ipc_xformat("%.*s", (int) name_size, start);
    char *line = ipc_xformat("%.*s", (int) (line_size - name_size), start + name_size);
    call.body = start[line_size] ? start + line_size + 1 : "";
    const magic_t *magic = split_name(shell->session, name, &call.view);
    int exit_code;
    if (!magic) {
        exit_code = fail_name(shell->session, name);
    } else if (!magic->is_cell && (is_cell || call.body[strspn(call.body, " \t\n")])) {
        exit_code = magic_wrong("%%%s takes one line: no lines after it", name);
    } else {
        call.flags = call.view->flags;
        exit_code = call_magic(magic, &call, line);
    }
    free(name);
    free(line);
    return exit_code;
}

const char *magic_name(size_t i)
{
    return i < MAGICS ? magics[i].name : NULL;
}
