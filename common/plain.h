//  Numbers as C writes them, "2.5", in any locale: libipclient is a guest in programs that may write "2,5".
#ifndef IPC_COMMON_PLAIN_H
#define IPC_COMMON_PLAIN_H

#include <stdbool.h>
#include <stdio.h>

//  As strtod().
double plain_read(const char *text, char **end);

//  As "%g", or "%+g" where the sign is to stand in any case.
void plain_print(double number, bool sign, FILE *stream);

#endif
