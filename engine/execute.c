//  Executed source, as tasks and when an engine starts again.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "engine/cell_error.h"
#include "engine/state.h"
#include "engine/words.h"

//  A member of a cell's options, NULL: it has none.
static const char *text_option(ipc_value_t options, const char *name)
{
    return ipc_value_str(ipc_value_get(options, name));
}

//  A cell as it came.
typedef struct message {
    cells_source_t source;             // its strings last as long as the task
    const char *headers, *require;     // that come before it; NULL: none
    size_t same;                       // bytes of the message that make it another cell
    bool restore, is_cuda;
} message_t;

static int read_cell(worker_t *self, const char *data, size_t size, message_t *message)
{
    ipc_reader_t reader = ipc_reader(data, size);
    ipc_value_t text, options, number, occasion;
    ipc_error_t error;
    if (run_unpack(self, &reader, self->arena, &text) || run_unpack(self, &reader, self->arena, &options))
        return -1;
    message->same = (size_t) ((const char *) reader.at - data);
    if (run_unpack(self, &reader, self->arena, &number) || run_unpack(self, &reader, self->arena, &occasion))
        return -1;
    if (text.kind != IPC_KIND_STR || options.kind != IPC_KIND_DICT) {
        ipc_fail(&error, IPC_E_PROTOCOL, "a cell that is no string with options");
        return run_fail(self, &error);
    }
    message->source = (cells_source_t){.text = text.as.string,
                                       .number = ipc_value_u64(number),
                                       .occasion = ipc_value_u64(occasion),
                                       .file = text_option(options, "file"),
                                       .options = {.flags = text_option(options, "flags"),
                                                   .include = text_option(options, "include"),
                                                   .libraries = text_option(options, "libraries"),
                                                   .library_path = text_option(options, "library_path"),
                                                   .beside = text_option(options, "beside")}};
    message->headers = text_option(options, "headers");
    message->require = text_option(options, "require");
    message->restore = ipc_value_bool(ipc_value_get(options, "restore"));
    message->is_cuda = ipc_value_bool(ipc_value_get(options, "cuda"));
    cell_error_name(&message->source, self->cell_name);
    return 0;
}

void execute_say_lost(const worker_t *self, ipc_error_t *error)
{
    static const char *const marks[] = {"undeclared", "implicit declaration", "unknown type name", "is not defined",
                                        "there is no function", "incomplete type", "undefined type"};
    bool missed = false;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) missed = missed || strstr(error->text, marks[i]);
    size_t size = strlen(error->text);
    if (self->is_lost && missed)
        snprintf(error->text + size, sizeof error->text - size, "%sengine %d was started again: its namespace is gone",
                 strchr(error->text, '\n') ? "\n    " : "; ", self->options.engine);
}

//  What the cell declares is there when its statements begin.
static int run(worker_t *self, const cells_source_t *source, ipc_value_t *value)
{
    ipc_error_t error;
    const ipc_remote_t *run = cells_load(self->cells, source, &error);
    if (!run) {
        execute_say_lost(self, &error);
        return run_fail(self, &error);
    }
    if (run_enter(self, run, NULL, value))
        return -1;
    cells_value(self->cells, value);
    return 0;
}

static int require_all(worker_t *self, const char *modules)
{
    ipc_error_t error;
    words_t names = {0};
    int rc = 0;
    self->last_remote = NULL; // dlopen() may replace handlers
    words_add_line(&names, modules);
    for (size_t i = 0; !rc && i < names.count; i++) rc = loader_require(self->loader, names.texts[i], NULL, &error);
    words_free(&names);
    return rc ? run_fail(self, &error) : 0;
}

//  Modules, headers, the cell.
static int run_all(worker_t *self, const message_t *message, ipc_value_t *value)
{
    cells_source_t headers = message->source;
    headers.text = message->headers;
    headers.number = 0;
    headers.file = NULL;
    if ((message->require && require_all(self, message->require)) ||
        (message->headers && run(self, &headers, value)))
        return -1;
    return message->is_cuda ? run_cuda_cell(self, &message->source) : run(self, &message->source, value);
}

int execute_cell(worker_t *self, work_t *work, uint64_t position, ipc_value_t *value)
{
    (void) position;
    message_t message;
    ipc_error_t error;
    ipc_text_copy(self->cell_name, sizeof self->cell_name, "a cell");
    if (read_cell(self, work->arguments.data, work->arguments.size, &message))
        return -1;
    if (message.restore &&
        restore_begin(self->restore, work->arguments.data, work->arguments.size, message.same, &error))
        return run_fail(self, &error);
    int rc = run_all(self, &message, value);
    if (message.restore)
        restore_end(self->restore, rc == 0);
    if (rc == 0 && message.source.number == 1)
        self->is_lost = false; // who begins has lost nothing
    return rc;
}

//  --- When an engine starts again -----------------------------------------------------------------------------

static void run_again(worker_t *self, const char *data, size_t size, bool crashed)
{
    message_t message;
    ipc_value_t value;
    self->outcome.failed = false;
    if (read_cell(self, data, size, &message))
        return;
    if (crashed)
        dprintf(self->options.log_fd, "engine %d: %s is not run again: it ended the worker when it was run last\n",
                self->options.engine, self->cell_name);
    else if (run_all(self, &message, &value))
        dprintf(self->options.log_fd, "engine %d: %s, run again, failed: %s\n", self->options.engine,
                self->cell_name, self->outcome.text);
}

//  What they write is nobody's output: it goes to the engine's log.
void execute_again(worker_t *self)
{
    int saved[2];
    size_t size;
    bool crashed;
    for (int i = 0; i < 2; i++) {
        saved[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        dup2(self->options.log_fd, i + 1);
    }
    for (const char *data; (data = restore_next(self->restore, &size, &crashed)); ipc_arena_reset(self->arena))
        run_again(self, data, size, crashed);
    output_flush_stdio();
    for (int i = 0; i < 2; i++)
        if (saved[i] >= 0) {
            dup2(saved[i], i + 1);
            close(saved[i]);
        }
    output_restore(&self->output, clock_ns());
}
