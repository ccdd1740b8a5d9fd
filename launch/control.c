#include "launch/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fail.h"

static int set_address(struct sockaddr_un *address, const char *directory, ipc_error_t *error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/s", directory);
    if (length < 0 || (size_t) length >= sizeof address->sun_path)
        return ipc_fail(error, IPC_E_SYSTEM, "the path of %s/s is too long for a socket", directory);
    return 0;
}

static int open_socket(int flags, ipc_error_t *error)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
    if (fd < 0)
        ipc_fail(error, IPC_E_SYSTEM, "cannot make a socket: %s", strerror(errno));
    return fd;
}

int control_listen(const char *directory, ipc_error_t *error)
{
    struct sockaddr_un address;
    int fd = set_address(&address, directory, error) ? -1 : open_socket(SOCK_NONBLOCK, error);
    if (fd < 0)
        return -1;
    unlink(address.sun_path); // of one that was killed; we hold the cluster's lock
    if (!bind(fd, (struct sockaddr *) &address, sizeof address) && !listen(fd, SOMAXCONN))
        return fd;
    ipc_fail(error, IPC_E_SYSTEM, "cannot listen at %s: %s", address.sun_path, strerror(errno));
    close(fd);
    return -1;
}

int control_accept(int listener)
{
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int control_read(int asker, char request[CONTROL_TEXT])
{
    ssize_t size = recv(asker, request, CONTROL_TEXT - 1, 0);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? -1 : 0;
    request[size] = 0;
    return (int) size;
}

void control_answer(int asker, const char *format, ...)
{
    char text[CONTROL_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void) !send(asker, text, strlen(text), MSG_NOSIGNAL);
    close(asker);
}

int control_ask(const char *directory, const char *request, char answer[CONTROL_TEXT], ipc_error_t *error)
{
    struct sockaddr_un address;
    char text[CONTROL_TEXT];
    int fd = set_address(&address, directory, error) ? -1 : open_socket(0, error);
    if (fd < 0)
        return -1;
    ssize_t size = -1;
    if (!connect(fd, (struct sockaddr *) &address, sizeof address) &&
        send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
        do size = recv(fd, text, sizeof text - 1, 0);
        while (size < 0 && errno == EINTR);
    close(fd);
    if (size <= 0)
        return ipc_fail(error, IPC_E_BUSY, "the cluster's supervisor does not answer: is the cluster being stopped?");
    text[size] = 0;
    if (strncmp(text, "ok", 2) != 0)
        return ipc_fail(error, IPC_E_SYSTEM, "%s", strncmp(text, "error ", 6) ? text : text + 6);
    ipc_text_copy(answer, CONTROL_TEXT, text + 2 + (text[2] == ' '));
    return 0;
}
