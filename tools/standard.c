#include "tools/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void standard_open(void)
{
    int null;
    do null = open("/dev/null", O_RDWR);
    while (null >= 0 && null <= STDERR_FILENO);
    close(null);
}

int standard_close(const char *before, int code)
{
    errno = 0;
    if ((!fflush(stdout) && !ferror(stdout)) || code != 0)
        return code;
    if (errno != EPIPE)
        fprintf(stderr, "%scannot write to standard output%s%s\n", before, errno ? ": " : "",
                errno ? strerror(errno) : "");
    return 1;
}
