#include "engine/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"

//  In the background, so that nobody is its parent: see precompile_start(). The outer shell holds the gate shut until
//  somebody opens the FIFO "go", or it ends, however that is; the compiler's holds "link" shut. What both end with goes
//  to the FIFO "end", which has no other writers: whoever reads it sees when they are gone. A spare that nobody takes
//  takes itself, and fails for want of a unit.c.
static const char script[] =
    "spare=$1 linker=$2; shift 2; exec 6<>link 7<>gate 8<>end; {"
    " { \"$@\" >words 2>&1 6>&- 8>&-; echo c$? >&8; } 7>&- &"
    " if [ \"$linker\" ]; then { (. \"$linker\") >said 2>&1 8>&-; echo l$? >&8; } 6>&- 7>&- & fi;"
    " exec 6>&- 8>&-;"
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

static bool fill(const char *directory, bool links)
{
    static const char *const fifos[] = {"gate", "go", "link", "end"};
    char path[FILE_PATH];
    for (size_t i = 0; i < sizeof fifos / sizeof fifos[0]; i++)
        if (mkfifo(compiler_join(path, directory, fifos[i]), 0600))
            return false;
    compiler_join(path, directory, SPARE_LINK);
    if (links && compiler_write(path, "INCLUDE link\nINPUT(unit.o)\n", NULL))
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

void spare_start(const compiler_t *self, const words_t *command, const char *linker)
{
    char path[COMPILER_PATH], made[COMPILER_PATH], go[FILE_PATH];
    words_t arguments = {0};
    name_spare(self, command, path);
    snprintf(made, sizeof made, "%s/.begun.XXXXXX", self->directory);
    if (access(path, F_OK) == 0 || !mkdtemp(made))
        return;
    words_add_all(&arguments, (const char *const[]){"/bin/sh", "-c", script, "sh", path, linker ? linker : "", NULL});
    words_add_all(&arguments, (const char *const *) command->texts);
    // Without one the next cell only takes longer. When the shell has left the rest running, "end" is open.
    if (!fill(made, linker != NULL) || compiler_run(&arguments, made, "/dev/null", -1, NULL) || rename(made, path)) {
        open_fifo(compiler_join(go, made, "go"));
        ipc_remove_tree(made);
    }
    words_free(&arguments);
}

//  The exit codes of a spare's processes; -1: not yet known.
typedef struct codes {
    int compiled, linked;
} codes_t;

//  Reads those that have come through "end"; false: its writers are gone.
static bool read_codes(int end, codes_t *codes)
{
    char text[32] = "";
    ssize_t size = read(end, text, sizeof text - 1);
    if (size <= 0)
        return size < 0 && (errno == EAGAIN || errno == EINTR);
    for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n')
        *(*line == 'c' ? &codes->compiled : &codes->linked) = atoi(line + 1);
    return true;
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
    if (fd < 0)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    open_fifo(path);
}

//  Waits for one of the codes. Who saw a FIFO and had not opened it yet when that was opened from here is let through
//  when nothing has come for a while.
static void await(int end, codes_t *codes, const int *code, const int fifos[2])
{
    struct pollfd item = {.fd = end, .events = POLLIN};
    bool lasts = true;
    while (*code < 0 && lasts) {
        int count = poll(&item, 1, NUDGE);
        for (int i = 0; count == 0 && i < 2; i++) open_replaced(fifos[i]);
        lasts = count > 0 ? read_codes(end, codes) : count == 0 || errno == EINTR;
    }
}

//  Lets the compiler through its gate, and the linker when that has ended, and waits for their ends.
static void pass(const char *directory, int end, bool links, codes_t *codes)
{
    int first[2] = {replace_fifo(directory, "gate"), replace_fifo(directory, "go")}, last[2] = {-1, -1};
    if (first[0] >= 0 && first[1] >= 0) {
        open_replaced(first[1]);
        await(end, codes, &codes->compiled, first);
    }
    if (links && (last[0] = replace_fifo(directory, "link")) >= 0) {
        open_replaced(last[0]);
        await(end, codes, &codes->linked, last);
    }
    for (int i = 0; i < 2; i++) {
        if (first[i] >= 0)
            close(first[i]);
        if (last[i] >= 0)
            close(last[i]);
    }
}

static bool move(const char *from, const char *to, const char *name)
{
    char old[FILE_PATH], new[FILE_PATH];
    return rename(compiler_join(old, from, name), compiler_join(new, to, name)) == 0;
}

//  What came of it, in the directory.
static int take(const char *taken, const char *directory, bool links, const codes_t *codes)
{
    if (codes->compiled == 0 && links && codes->linked != 0)
        return codes->linked > 0 ? SPARE_UNLINKED : SPARE_NONE;
    if (codes->compiled >= 0 && move(taken, directory, "words") &&
        (codes->compiled > 0 || move(taken, directory, "unit.so")))
        return codes->compiled;
    return SPARE_NONE;
}

int spare_compile(const compiler_t *self, const words_t *command, const char *linker, const char *directory,
                  const char *unit)
{
    char path[COMPILER_PATH], taken[FILE_PATH], file[FILE_PATH];
    codes_t codes = {-1, -1};
    name_spare(self, command, path);
    if (rename(path, compiler_join(taken, directory, "begun")))
        return SPARE_NONE;
    int end = open(compiler_join(file, taken, "end"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (end >= 0 && read_codes(end, &codes) && compiler_write(compiler_join(file, taken, "unit.c"), unit, NULL) == 0)
        pass(taken, end, linker != NULL, &codes);
    if (end >= 0)
        close(end);
    return take(taken, directory, linker != NULL, &codes);
}
