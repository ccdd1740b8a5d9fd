//  What the programs say to wrong usage: one sentence on stderr, and exit status 2.
#ifndef IPC_COMMON_USAGE_H
#define IPC_COMMON_USAGE_H

#include <stdbool.h>

enum { IPC_EXIT_USAGE = 2 };

//  After getopt_long() (opterr = 0) gave '?': names the option that is unknown or lacks its value. Gives
//  IPC_EXIT_USAGE.
int ipc_usage_unknown(const char *program, char *const *arguments);

//  Reads an option's number from least to most; false, and a sentence, when it is none.
bool ipc_usage_number(const char *program, const char *option, const char *text, long least, long most,
                      long *number);

#endif
