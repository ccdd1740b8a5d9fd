//  Whether what somebody typed at a prompt can run, or wants more lines.
#ifndef IPC_TOOLS_COMPLETE_H
#define IPC_TOOLS_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

//  Whether a text wants more lines: a bracket, a comment or an #if is open, a line ends in a backslash, the
//  head of a function, of an if or of a loop has no body yet; or it began with %%, and its last line is not
//  empty. What more lines cannot mend, such as a bracket too many, is complete: its error is told at once.
//      text       borrowed; lines without the last end of line
bool complete_wants_more(const char *text);

//  Whether it ends in two empty lines, by which somebody says that it is complete all the same.
bool complete_is_forced(const char *text);

//  How many brackets are open where it ends, less those that are closed without having been opened.
size_t complete_depth(const char *text);

#endif
