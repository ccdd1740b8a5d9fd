//  Words that people type: the nearest of those that a program knows, the names of signals.
#ifndef IPC_TOOLS_WORDS_H
#define IPC_TOOLS_WORDS_H

#include <stddef.h>

//  How many letters must be put in, left out or changed to get from one word to the other.
size_t word_distance(const char *from, const char *to);

//  "INT", "SIGINT" or "2": the number; 0 if there is no such signal.
int word_signal(const char *text);

#endif
