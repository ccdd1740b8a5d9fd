//  ELF files that a program would send, and engines would load: one that is taken is stored whole.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/image.h"
#include "tests/fuzz/fuzz.h"

static void store(const ipc_image_t *image)
{
    char folder[] = "/tmp/ipc-fuzz-XXXXXX", path[128];
    ipc_error_t error = {0};
    if (!mkdtemp(folder) || ipc_image_store(image, folder, &error) ||
        ipc_image_verify(folder, ipc_image_hash(image), &error))
        abort();
    int fd = ipc_image_open_memfd(folder, ipc_image_hash(image), &error);
    if (fd < 0 || lseek(fd, 0, SEEK_END) != (off_t) ipc_image_size(image))
        abort();
    close(fd);
    snprintf(path, sizeof path, "%s/%s.so", folder, ipc_image_hash(image));
    if (unlink(path) || rmdir(folder))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[64];
    int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t) size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ipc_error_t error = {0};
    ipc_image_t *image = ipc_image_new(path, "", &error);
    if (image)
        store(image);
    else
        fuzz_check_refusal(&error);
    ipc_image_destroy(&image);
    close(fd);
    return 0;
}
