#include "store_folder.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void store_folder_make(char folder[STORE_FOLDER_ROOM])
{
    snprintf(folder, STORE_FOLDER_ROOM, "/dev/shm/ipc-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

size_t store_folder_files(const char *folder)
{
    size_t count = 0;
    DIR *files = opendir(folder);
    ck_assert_ptr_nonnull(files);
    for (struct dirent *file; (file = readdir(files));) count += file->d_name[0] != '.';
    closedir(files);
    return count;
}

void store_folder_remove(const char *folder)
{
    ck_assert_uint_eq(store_folder_files(folder), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
