//  place_t: a file of a test in a folder of its own, which is made and removed around it.
#ifndef IPC_TESTS_TOOLS_PLACE_H
#define IPC_TESTS_TOOLS_PLACE_H

typedef struct place {
    char folder[32];
    char path[64];                     // of the file, which is not there at first
} place_t;

//  Makes the folder; the file's name there, which may change.
void place_make(place_t *self, const char *name);
void place_name(place_t *self, const char *name);

//  Removes the file, if it is there, and the folder. Fails the test if something else is left in it.
void place_remove(const place_t *self);

#endif
