//  libFuzzer's entry to the reader of ELF files:
//      clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. tests/common/fuzz_image.c
//            common/image.c common/elf_file.c common/error.c -lsodium -o fuzz_image
//      fuzz_image -max_len=20000 a-folder-with-small-programs
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[64];
    int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t) size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ipc_error_t error = {0};
    ipc_image_t *image = ipc_image_new(path, "", &error);
    if (!image && (error.code == IPC_E_NONE || !error.text[0]))
        abort(); // a refusal without a sentence
    ipc_image_destroy(&image);
    close(fd);
    return 0;
}
