//  The standard streams of a program.
#ifndef IPC_TOOLS_STANDARD_H
#define IPC_TOOLS_STANDARD_H

//  Where they are closed, no file or socket of ours must get their numbers.
void standard_open(void);

//  Writes what is left for standard output. Gives the exit code: that which is given, or 1 when all was done but not
//  all of the output could be written; a sentence says so, but to who reads no further, as head does.
//      before     stands before the sentence: "ipx: ", or ""
int standard_close(const char *before, int code);

#endif
