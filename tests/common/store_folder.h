//  A private folder under /dev/shm, where a test's stores keep their files.
#ifndef IPC_TESTS_COMMON_STORE_FOLDER_H
#define IPC_TESTS_COMMON_STORE_FOLDER_H

#include <stddef.h>

enum { STORE_FOLDER_ROOM = 64 };

void store_folder_make(char folder[STORE_FOLDER_ROOM]);
size_t store_folder_files(const char *folder);

//  Fails the test if something is left in it.
void store_folder_remove(const char *folder);

#endif
