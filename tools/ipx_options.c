#include "tools/ipx_options.h"

#include <ctype.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "tools/words.h"

//  --- Flags ---------------------------------------------------------------------------------------------------

typedef struct flag flag_t;
typedef int set_fn(ipx_flags_t *self, const flag_t *flag, const char *value, ipc_error_t *error);

struct flag {
    const char *name;
    char letter;                       // 0: none
    const char *takes;                 // its value's name in the help; NULL: it takes none
    set_fn *set;
    int number;                        // what it sets, of those without value
    const char *help;                  // NULL: it stands with the flag before
};

static int set_targets(ipx_flags_t *self, const flag_t *flag, const char *value, ipc_error_t *error)
{
    if (!value[0] || strlen(value) >= sizeof self->targets)
        return ipc_fail(error, IPC_E_ARGUMENT, "--%s takes engines, such as ::2 or 0,3 or all, not '%.100s'",
                        flag->name, value);
    ipc_text_copy(self->targets, sizeof self->targets, value);
    return 0;
}

static bool is_name(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return size > 0 && size < IPX_NAME_MAX && !text[size] && !isdigit((unsigned char) text[0]);
}

static int set_out(ipx_flags_t *self, const flag_t *flag, const char *value, ipc_error_t *error)
{
    if (!is_name(value))
        return ipc_fail(error, IPC_E_ARGUMENT, "--%s takes a name, not '%.100s'", flag->name, value);
    ipc_text_copy(self->out, sizeof self->out, value);
    return 0;
}

static int set_progress(ipx_flags_t *self, const flag_t *flag, const char *value, ipc_error_t *error)
{
    char *end;
    double seconds = strtod(value, &end);
    if (end == value || *end || !isfinite(seconds))
        return ipc_fail(error, IPC_E_ARGUMENT, "--%s takes seconds, 0 for at once and -1 for never, not '%.100s'",
                        flag->name, value);
    self->progress_after = seconds;
    return 0;
}

static int set_signal(ipx_flags_t *self, const flag_t *flag, const char *value, ipc_error_t *error)
{
    int number = word_signal(value);
    if (number == 0 && strcmp(value, "0") != 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "--%s takes a signal, such as INT, SIGTERM or 10, or 0, not '%.100s'",
                        flag->name, value);
    self->signal = number;
    return 0;
}

static int set_group(ipx_flags_t *self, const flag_t *flag, const char *value, ipc_error_t *error)
{
    static const char *const names[] = {
        [IPX_BY_TYPE] = "type", [IPX_BY_ENGINE] = "engine", [IPX_BY_ORDER] = "order"};
    for (size_t i = 0; value && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], value) == 0)
            return self->group = (ipx_group_t) i, 0;
    if (!value)
        return self->group = (ipx_group_t) flag->number, 0;
    return ipc_fail(error, IPC_E_ARGUMENT, "--%s takes type, engine or order, not '%.100s'", flag->name, value);
}

#define SET_BOOL(member)                                                                      \
    static int set_##member(ipx_flags_t *self, const flag_t *flag, const char *value, ipc_error_t *error) \
    {                                                                                         \
        (void) value;                                                                         \
        (void) error;                                                                         \
        self->member = flag->number;                                                          \
        return 0;                                                                             \
    }
SET_BOOL(block)
SET_BOOL(local)
SET_BOOL(restore)
SET_BOOL(cuda)
SET_BOOL(stream)
SET_BOOL(verbose)
#undef SET_BOOL

// clang-format off
static const flag_t flags[] = {
    {"targets", 't', "ENGINES", set_targets, 0, "the engines: all, 0, -1, 0,3, ::2, 1:3 (all)"},
    {"block", 'b', NULL, set_block, true, NULL},
    {"noblock", 'a', NULL, set_block, false, "wait for the end, or submit and go on (block)"},
    {"local", 0, NULL, set_local, true, "run it here, too, once it is submitted"},
    {"restore", 0, NULL, set_restore, true, "run it again on an engine that starts again"},
    {"cuda", 0, NULL, set_cuda, true, "it is CUDA C++, for the engines' GPUs"},
    {"stream", 0, NULL, set_stream, true, NULL},
    {"no-stream", 0, NULL, set_stream, false, "show lines as they come (on a terminal), or at the end"},
    {"group-outputs", 0, "HOW", set_group, 0, "at the end: by type, engine or order (type)"},
    {"by-engine", 'e', NULL, set_group, IPX_BY_ENGINE, NULL},
    {"by-order", 'r', NULL, set_group, IPX_BY_ORDER, "the same as --group-outputs engine, order"},
    {"out", 'o', "NAME", set_out, 0, "keep the result for %pxresult NAME; the tasks' label"},
    {"signal-on-interrupt", 0, "SIG", set_signal, 0, "what Ctrl-C sends to the engines; 0: nothing (INT)"},
    {"progress-after", 0, "S", set_progress, 0, "draw a bar after S seconds; 0: at once, -1: never (2)"},
    {"verbose", 0, NULL, set_verbose, true, NULL},
    {"no-verbose", 0, NULL, set_verbose, false, "say where it runs, or not"},
};
// clang-format on
enum { FLAGS = sizeof flags / sizeof flags[0] };

ipx_flags_t ipx_flags_default(bool stream)
{
    return (ipx_flags_t){.targets = "all", .block = true, .stream = stream, .progress_after = 2, .signal = SIGINT};
}

bool ipx_is_flag(const char *word)
{
    return word[0] == '-' && (isalpha((unsigned char) word[1]) || word[1] == '-');
}

//  The flag of a word, "--name", "--name=value", "-n" or "-nvalue", and the value in it, or NULL.
static const flag_t *find_flag(const char *word, const char **value)
{
    bool is_long = word[1] == '-';
    size_t size = is_long ? strcspn(word + 2, "=") : 1;
    const char *behind = is_long ? word + 2 + size : word + 2;
    *value = is_long ? (*behind ? behind + 1 : NULL) : (*behind ? behind : NULL);
    for (size_t i = 0; i < FLAGS; i++) {
        bool same = is_long ? strlen(flags[i].name) == size && strncmp(flags[i].name, word + 2, size) == 0
                            : flags[i].letter == word[1];
        if (same)
            return &flags[i];
    }
    return NULL;
}

int ipx_flags_take(ipx_flags_t *self, const char *const *words, size_t count, ipc_error_t *error)
{
    const char *value;
    const flag_t *flag = find_flag(words[0], &value);
    if (!flag)
        return ipc_fail(error, IPC_E_ARGUMENT, "there is no option %.100s", words[0]);
    if (!flag->takes && value)
        return ipc_fail(error, IPC_E_ARGUMENT, "the option --%s takes no value", flag->name);
    bool apart = flag->takes && !value;
    if (apart && count < 2)
        return ipc_fail(error, IPC_E_ARGUMENT, "%s needs a value", words[0]);
    return flag->set(self, flag, apart ? words[1] : value, error) ? -1 : 1 + apart;
}

void ipx_flags_help(FILE *stream)
{
    enum { COLUMN = 30 };
    int column = 0;
    for (size_t i = 0; i < FLAGS; i++) {
        char letter[] = {'-', flags[i].letter, ',', ' ', 0};
        column += fprintf(stream, "%s%s--%s%s%s", column ? ", " : "  ", flags[i].letter ? letter : "", flags[i].name,
                          flags[i].takes ? " " : "", flags[i].takes ? flags[i].takes : "");
        if (!flags[i].help)
            continue;
        bool fits = column < COLUMN;
        fprintf(stream, "%s%*s%s\n", fits ? "" : "\n", fits ? COLUMN - column : COLUMN, "", flags[i].help);
        column = 0;
    }
}

//  --- The command line ----------------------------------------------------------------------------------------

static void print_help(void)
{
    puts("usage: ipx [OPTION]… [CODE | FILE.c]\n"
         "\n"
         "Runs C on the engines of the running cluster: a line, a file, what stands on standard\n"
         "input, or, with none of these, what you type: 'ipx' and then %help tell more.\n");
    ipx_flags_help(stdout);
    puts("  -f, --file FILE             run this file\n"
         "  --profile NAME              the cluster's profile (IPC_PROFILE, else default)\n"
         "  --cluster-id ID             the cluster's id (IPC_CLUSTER_ID, else none)\n"
         "  -h, --help, --version       print this, or the version\n"
         "\n"
         "Exit codes: 0 done, 1 a cell failed, 2 wrong usage. Ctrl-C interrupts the cell.");
}

__attribute__((format(printf, 2, 3))) static bool wrong(int *exit_code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("ipx: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("; 'ipx --help' tells more\n", stderr);
    va_end(arguments);
    *exit_code = EXIT_USAGE;
    return false;
}

//  Options of the command line alone: where their value goes.
static const char **place_of(ipx_options_t *self, const char *word)
{
    if (strcmp(word, "--profile") == 0)
        return &self->profile;
    if (strcmp(word, "--cluster-id") == 0)
        return &self->cluster_id;
    return strcmp(word, "--file") == 0 || strcmp(word, "-f") == 0 ? &self->file : NULL;
}

//  A word that is no option: code, or a file of C.
static bool take_code(ipx_options_t *self, const char *word, int *exit_code)
{
    size_t size = strlen(word);
    if (self->code || self->file)
        return wrong(exit_code, "one piece of code is run, and '%.60s' is a second: quote it as a whole", word);
    if (size > 2 && strcmp(word + size - 2, ".c") == 0 && !strpbrk(word, " \t\n;("))
        self->file = word;
    else
        self->code = word;
    return true;
}

//  Takes the option at words[i], and its value.
static bool take_option(ipx_options_t *self, const char *const *words, int count, int *i, int *exit_code)
{
    ipc_error_t error;
    const char **place = place_of(self, words[*i]);
    if (place && *i + 1 == count)
        return wrong(exit_code, "%s needs a value", words[*i]);
    if (place && place == &self->file && (self->file || self->code))
        return wrong(exit_code, "one piece of code is run, and '%.60s' is a second", words[*i + 1]);
    if (place) {
        *place = words[*i + 1];
        *i += 2;
        return true;
    }
    int taken = ipx_flags_take(&self->flags, words + *i, (size_t) (count - *i), &error);
    *i += taken;
    return taken < 0 ? wrong(exit_code, "%s", error.text) : true;
}

bool ipx_options_read(ipx_options_t *self, int argc, char **argv, int *exit_code)
{
    const char *const *words = (const char *const *) argv;
    bool options_end = false;
    *self = (ipx_options_t){.flags = ipx_flags_default(isatty(STDOUT_FILENO))};
    for (int i = 1; i < argc;) {
        bool help = !strcmp(words[i], "--help") || !strcmp(words[i], "-h");
        if (!options_end && (help || !strcmp(words[i], "--version"))) {
            if (help)
                print_help();
            else
                puts("ipx " IPC_VERSION);
            *exit_code = EXIT_DONE;
            return false;
        }
        if (!options_end && !strcmp(words[i], "--")) {
            options_end = true;
            i++;
        } else if (!options_end && ipx_is_flag(words[i])) {
            if (!take_option(self, words, argc, &i, exit_code))
                return false;
        } else if (!take_code(self, words[i++], exit_code)) {
            return false;
        }
    }
    return true;
}
