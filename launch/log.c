#include "launch/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_SHOWN = 8, BYTES_READ = 1536 };

void log_path(char path[IPC_PATH_MAX], const char *logs, int id)
{
    int length = id < 0 ? snprintf(path, IPC_PATH_MAX, "%s/ipcd.log", logs)
                        : snprintf(path, IPC_PATH_MAX, "%s/engine-%d.log", logs, id);
    if (length >= IPC_PATH_MAX)
        path[0] = 0; // cannot be: ipc_paths_t keeps the directory short enough for sockets
}

//  Reads the end of a file. Gives the number of bytes.
static size_t read_end(const char *path, char text[BYTES_READ])
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    ssize_t size = 0;
    if (file >= 0 && !fstat(file, &status))
        size = pread(file, text, BYTES_READ,
                     status.st_size > BYTES_READ ? status.st_size - BYTES_READ : 0);
    if (file >= 0)
        close(file);
    return size > 0 ? (size_t) size : 0;
}

void log_tail(char tail[LOG_TAIL_TEXT], const char *path)
{
    char text[BYTES_READ + 1];
    size_t end = read_end(path, text);
    while (end > 0 && text[end - 1] == '\n') end--;
    text[end] = 0;
    size_t begin = end;
    for (int lines = 0; begin > 0; begin--)
        if (text[begin - 1] == '\n' && ++lines == LINES_SHOWN)
            break;
    size_t used = 0;
    tail[0] = 0;
    for (char *rest = text + begin, *line; (line = strsep(&rest, "\n"));) {
        size_t room = LOG_TAIL_TEXT - used;
        int length = end > begin ? snprintf(tail + used, room, "    %s\n", line) : 0;
        if (length < 0 || (size_t) length >= room)
            break;
        used += (size_t) length;
    }
    tail[used] = 0;
}
