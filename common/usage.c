#include "common/usage.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

int ipc_usage_unknown(const char *program, char *const *arguments)
{
    fprintf(stderr, "%s: '%s' is no option of this program, or lacks its value: see '%s --help'\n", program,
            arguments[optind - 1], program);
    return IPC_EXIT_USAGE;
}

bool ipc_usage_number(const char *program, const char *option, const char *text, long least, long most,
                      long *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtol(text, &end, 10);
    if (*text && !*end && !errno && *number >= least && *number <= most)
        return true;
    fprintf(stderr, "%s: '%s' is not a number that %s can take (%ld to %ld)\n", program, text, option, least,
            most);
    return false;
}
