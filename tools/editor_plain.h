//  Inputs from plain lines: of a file, a pipe, or a terminal that cannot do more.
#ifndef IPC_TOOLS_EDITOR_PLAIN_H
#define IPC_TOOLS_EDITOR_PLAIN_H

#include <stdbool.h>
#include <stdio.h>

//  Reads one input, as editor_read() does. One that the end of the file cuts is given as it is.
//      prompt     borrowed; NULL: nobody is to be prompted, and no empty lines end an input before its time
char *editor_plain_read(FILE *in, const char *prompt, bool *interrupted);

//  Takes the empty lines and the blanks at its end off an input, in place, and gives it.
char *editor_plain_trim(char *input);

#endif
