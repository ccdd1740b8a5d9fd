#include "e2e_support.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/common/run_suite.h"

enum { READY_MS = 10000, TEST_SECONDS = 40, LINE_BYTES = 256 };

session_t session_open(void)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    session_t self = {.client = ipc_client_new(NULL, &error)};
    ck_assert_msg(self.client != NULL, "%s", error.text);
    ck_assert_msg(ipc_client_wait(self.client, ENGINES, READY_MS, &error) == 0, "%s",
                  error.text);
    self.all = view_of(&self, "all");
    self.one = view_of(&self, "0");
    self.any = ipc_balanced_view(self.client, NULL, &error);
    ck_assert_msg(self.any != NULL, "%s", error.text);
    return self;
}

session_t session_again(void)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    double deadline = now() + READY_MS * 1e-3;
    for (;;) {
        ipc_client_t *client = ipc_client_new(NULL, &error);
        bool ready = client && ipc_client_wait(client, ENGINES, 2000, &error) == 0;
        ipc_client_destroy(&client);
        if (ready)
            return session_open();
        ck_assert_msg(now() < deadline, "no new client after ten seconds: %s", error.text);
        usleep(10000); // there is no event to wait for: nobody listens yet
    }
}

void session_close(session_t *self)
{
    ipc_client_destroy(&self->client);
    ck_assert_ptr_null(self->client);
}

ipc_view_t *view_of(session_t *self, const char *targets)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_view_t *view = ipc_direct_view(self->client, targets, &error);
    ck_assert_msg(view != NULL, "%s: %s", targets, error.text);
    return view;
}

void assert_ok(ipc_result_t *result)
{
    ck_assert_ptr_nonnull(result);
    bool ok = ipc_result_ok(result);
    const ipc_error_t *error = ipc_result_error(result);
    ck_assert_msg(ok, "%s: %s", error ? error->kind : "",
                  error ? error->text : "failed without an error");
    ck_assert_ptr_null(error);
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (; *text; text++) {
        size_t i = 0;
        while (i < length &&
               tolower((unsigned char) text[i]) == tolower((unsigned char) word[i]))
            i++;
        if (i == length)
            return true;
    }
    return false;
}

void assert_fails(ipc_result_t *result, const char *word)
{
    ck_assert_ptr_nonnull(result);
    ck_assert(!ipc_result_ok(result));
    const ipc_error_t *error = ipc_result_error(result);
    ck_assert_ptr_nonnull(error);
    ck_assert_int_ne(error->code, IPC_E_NONE);
    ck_assert_msg(has_word(error->text, word), "no '%s' in '%s'", word, error->text);
}

void assert_refused(ipc_result_t *result, const char *kind, const char *words)
{
    const ipc_error_t *error = ipc_result_error_at(result, 0);
    ck_assert_msg(error != NULL, "the result is fine, not %s", words);
    ck_assert_str_eq(error->kind, kind);
    ck_assert_msg(strstr(error->text, words) != NULL, "%s: not %s", error->text, words);
    ipc_result_destroy(&result);
}

void assert_prints(ipc_result_t *result, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ipc_result_print(result, stream);
    fclose(stream);
    const ipc_error_t *error = ipc_result_error(result);
    ck_assert_msg(size > 0 && text[size - 1] == '\n', "printed '%s', not a line", text);
    text[size - 1] = 0;
    ck_assert_msg(strcmp(text, expected) == 0, "printed '%s', not '%s' (%s)", text,
                  expected, error ? error->text : "no error");
    free(text);
}

char *display_of(ipc_result_t *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ipc_result_display(result, stream);
    fclose(stream);
    return text;
}

char *error_text_of(const ipc_error_t *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ipc_error_print(error, stream);
    fclose(stream);
    return text;
}

//  Whether the environment that a process was started in names our runtime directory.
static bool is_of_cluster(pid_t pid)
{
    char path[LINE_BYTES], mark[LINE_BYTES];
    snprintf(path, sizeof path, "/proc/%d/environ", (int) pid);
    snprintf(mark, sizeof mark, "XDG_RUNTIME_DIR=%s", getenv("XDG_RUNTIME_DIR"));
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool found = false;
    char *entry = NULL;
    size_t size = 0;
    while (!found && getdelim(&entry, &size, 0, file) > 0) found = strcmp(entry, mark) == 0;
    free(entry);
    fclose(file);
    return found;
}

static bool is_named(pid_t pid, const char *name)
{
    char path[LINE_BYTES], line[LINE_BYTES] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", (int) pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    if (fgets(line, sizeof line, file))
        line[strcspn(line, "\n")] = 0;
    fclose(file);
    return strcmp(line, name) == 0;
}

pid_t process_named(const char *name)
{
    DIR *processes = opendir("/proc");
    ck_assert_ptr_nonnull(processes);
    pid_t found = 0;
    for (struct dirent *entry; !found && (entry = readdir(processes));) {
        pid_t pid = (pid_t) strtol(entry->d_name, NULL, 10);
        if (pid > 0 && is_named(pid, name) && is_of_cluster(pid))
            found = pid;
    }
    closedir(processes);
    return found;
}

void await_end(pid_t pid)
{
    int handle = (int) syscall(SYS_pidfd_open, pid, 0);
    if (handle < 0 && errno == ESRCH)
        return;
    ck_assert_int_ge(handle, 0);
    struct pollfd end = {.fd = handle, .events = POLLIN};
    ck_assert_msg(poll(&end, 1, READY_MS) == 1, "process %d is still there", (int) pid);
    close(handle);
}

char *output_of(char *const arguments[], int *status)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv(arguments[0], arguments);
        _exit(127);
    }
    close(ends[1]);
    char *text = NULL, buffer[LINE_BYTES];
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
        fwrite(buffer, 1, (size_t) n, stream);
    fclose(stream);
    close(ends[0]);
    int ended = 0;
    ck_assert_int_eq(waitpid(pid, &ended, 0), pid);
    *status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    return text;
}

gate_t gate_new(void)
{
    gate_t self = {.folder = "/tmp/ipc-gate-XXXXXX", .end = -1};
    ck_assert_ptr_nonnull(mkdtemp(self.folder));
    snprintf(self.path, sizeof self.path, "%s/gate", self.folder);
    ck_assert_int_eq(mkfifo(self.path, 0600), 0);
    return self;
}

void gate_open(gate_t *self)
{
    self->end = open(self->path, O_RDWR | O_CLOEXEC); // for both: it never waits, and nobody is left behind
    ck_assert_int_ge(self->end, 0);
}

void gate_pass_one(const gate_t *self)
{
    int end = open(self->path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(end, 0);
    close(end);
}

void gate_nudge(const gate_t *self)
{
    int end = open(self->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (end >= 0)
        close(end);
}

void gate_remove(gate_t *self)
{
    if (self->end >= 0)
        close(self->end);
    unlink(self->path);
    rmdir(self->folder);
}

void gate_await(const char *path)
{
    int end;
    do end = open(path, O_RDONLY | O_CLOEXEC);
    while (end < 0 && errno == EINTR); // a signal does not open it
    if (end >= 0)
        close(end);
}

char *ipcluster_prints(int wanted, ...)
{
    enum { ARGUMENTS = 20 };
    char program[512];
    int status = -1, count = 0;
    snprintf(program, sizeof program, "%s/tools/ipcluster", getenv("BUILD_ROOT"));
    char *arguments[ARGUMENTS] = {"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1", program};
    for (count = 0; arguments[count]; count++) {}
    va_list list;
    va_start(list, wanted);
    for (char *word; (word = va_arg(list, char *));) {
        ck_assert_int_lt(count, ARGUMENTS - 1);
        arguments[count++] = word;
    }
    va_end(list);
    char *text = output_of(arguments, &status);
    ck_assert_msg(status == wanted, "exit status %d: %s", status, text);
    return text;
}

void assert_shows(char *text, const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "no '%s' in '%s'", words, text);
    free(text);
}

double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

ipc_history_t *history_of(session_t *self, const ipc_history_query_t *query)
{
    ipc_error_t error = {.code = IPC_E_NONE};
    ipc_history_t *history = ipc_client_history(self->client, query, &error);
    ck_assert_msg(history != NULL, "%s", error.text);
    return history;
}

size_t task_count(session_t *self, const ipc_history_query_t *query)
{
    ipc_history_t *history = history_of(self, query);
    size_t count = ipc_history_count(history);
    ipc_history_destroy(&history);
    return count;
}

int e2e_main(const char *name, void (*add)(TCase *tests))
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, TEST_SECONDS);
    add(tests);
    return run_suite(name, tests);
}
