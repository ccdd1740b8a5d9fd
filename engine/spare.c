#include "engine/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"

//  In the background, so that nobody is its parent: see precompile_start(). The outer shell holds the gate shut until
//  somebody opens the FIFO "go", or it ends, however that is. What the compiler ends with goes to the FIFO "end", which
//  has no other writer: whoever reads it sees when the inner shell is gone. A spare that nobody takes takes itself, and
//  fails for want of a unit.c.
static const char script[] =
    "spare=$1; shift; exec 7<>gate 8<>end; {"
    " { \"$@\" >words 2>&1 8>&-; echo $? >&8; } 7>&- &"
    " exec 8>&-;"
    " timeout --foreground 600 cat go 7>&-;"
    " [ $? -ne 124 ] || if mv \"$spare\" \"$spare.$$\"; then rm -rf \"$spare.$$\"; else cat go 7>&-; fi; } &";
enum { NUDGE = 1000 };                 // milliseconds

//  The name of a command's spare: hidden, as no entry of the cache.
static void name_spare(const compiler_t *self, const words_t *command, char path[COMPILER_PATH])
{
    char hash[HASH_TEXT];
    compiler_hash(self, (const char *const *) command->texts, hash);
    snprintf(path, COMPILER_PATH, "%s/.spare.%.32s", self->directory, hash);
}

static bool fill(const char *directory)
{
    static const char *const fifos[] = {"gate", "go", "end"};
    char path[FILE_PATH];
    for (size_t i = 0; i < sizeof fifos / sizeof fifos[0]; i++)
        if (mkfifo(compiler_join(path, directory, fifos[i]), 0600))
            return false;
    compiler_join(path, directory, SPARE_MAIN);
    return compiler_write(path, "#include \"prelude.h\"\n#include \"gate\"\n#include \"unit.c\"\n", NULL) == 0;
}

//  Whoever waits for a FIFO to be opened waits no more.
static void open_fifo(const char *path)
{
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
}

void spare_start(const compiler_t *self, const words_t *command)
{
    char path[COMPILER_PATH], made[COMPILER_PATH], go[FILE_PATH];
    words_t arguments = {0};
    name_spare(self, command, path);
    snprintf(made, sizeof made, "%s/.begun.XXXXXX", self->directory);
    if (access(path, F_OK) == 0 || !mkdtemp(made))
        return;
    words_add_all(&arguments, (const char *const[]){"/bin/sh", "-c", script, "sh", path, NULL});
    words_add_all(&arguments, (const char *const *) command->texts);
    // Without one the next cell only takes longer. When the shell has left the rest running, "end" is open.
    if (!fill(made) || compiler_run(&arguments, made, "/dev/null", -1, NULL) || rename(made, path)) {
        open_fifo(compiler_join(go, made, "go"));
        ipc_remove_tree(made);
    }
    words_free(&arguments);
}

//  The exit code that comes through "end"; -1: its writer is gone.
static int read_code(int end)
{
    char text[16] = "";
    ssize_t size;
    while ((size = read(end, text, sizeof text - 1)) < 0 && errno == EINTR) continue;
    return size > 0 ? atoi(text) : -1;
}

//  Whoever comes to a FIFO from now on finds a file without a word. Gives the FIFO itself, for open_fifo() on those who
//  wait there or are just about to; -1: it is not there.
static int replace_fifo(const char *directory, const char *name)
{
    char path[FILE_PATH], file[FILE_PATH];
    int fd = open(compiler_join(path, directory, name), O_PATH | O_CLOEXEC);
    if (fd >= 0 && (compiler_write(compiler_join(file, directory, "open"), "", NULL) || rename(file, path))) {
        close(fd);
        return -1;
    }
    return fd;
}

static void open_replaced(int fd)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    open_fifo(path);
}

//  Lets the compiler through its gate, and waits for its end. Who saw a FIFO and had not opened it yet when that was
//  opened from here is let through when nothing has come for a while.
static int pass(const char *directory, int end)
{
    struct pollfd item = {.fd = end, .events = POLLIN};
    int gate = replace_fifo(directory, "gate"), go = replace_fifo(directory, "go"), count = -1;
    if (gate >= 0 && go >= 0)
        for (open_replaced(go); (count = poll(&item, 1, NUDGE)) == 0 || (count < 0 && errno == EINTR);) {
            open_replaced(go);
            open_replaced(gate);
        }
    if (gate >= 0)
        close(gate);
    if (go >= 0)
        close(go);
    return count > 0 ? read_code(end) : -1;
}

//  Whether the writer of "end" is there.
static bool is_alive(int end)
{
    char byte;
    return read(end, &byte, 1) < 0 && errno == EAGAIN;
}

static bool move(const char *from, const char *to, const char *name)
{
    char old[FILE_PATH], new[FILE_PATH];
    return rename(compiler_join(old, from, name), compiler_join(new, to, name)) == 0;
}

int spare_compile(const compiler_t *self, const words_t *command, const char *directory, const char *unit)
{
    char path[COMPILER_PATH], taken[FILE_PATH], file[FILE_PATH];
    name_spare(self, command, path);
    if (rename(path, compiler_join(taken, directory, "begun")))
        return -1;
    int end = open(compiler_join(file, taken, "end"), O_RDONLY | O_NONBLOCK | O_CLOEXEC), code = -1;
    if (end >= 0 && is_alive(end) && compiler_write(compiler_join(file, taken, "unit.c"), unit, NULL) == 0)
        code = pass(taken, end);
    if (end >= 0)
        close(end);
    if (code >= 0 && (!move(taken, directory, "words") || (code == 0 && !move(taken, directory, "unit.so"))))
        code = -1;
    return code;
}
