//  Makes allocations of a program fail (LD_PRELOAD): a test's only, never a sanitizer's. What is not to fail goes to
//  glibc's own functions.
//
//      IPC_INJECT_PROGRAM   the file name of the programs that it is for; others are left alone
//      IPC_INJECT_AT        the first allocation that fails, from 1; 0: none, they are counted
//      IPC_INJECT_COUNT     how many fail from then on
//      IPC_INJECT_OBJECTS   the folder of programs and libraries whose allocations count; others' do not
//      IPC_INJECT_ONCE      a file that is made when one fails: where it is there already, none does
//      IPC_INJECT_TOLD      a file that the number of allocations is appended to at exit
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

//  A library that is put before others has no main() to hand a context on from.
static struct {
    unsigned long at, count;   // as above
    const char *objects;
    size_t objects_length;
    const char *once, *told;
    _Atomic unsigned long seen;
    _Atomic bool on;
} inject;

__attribute__((constructor)) static void read_environment(void)
{
    const char *program = getenv("IPC_INJECT_PROGRAM"), *at = getenv("IPC_INJECT_AT");
    const char *count = getenv("IPC_INJECT_COUNT");
    char path[512] = "";
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    const char *slash = size > 0 ? strrchr(path, '/') : NULL;
    if (!program || !at || !slash || strcmp(slash + 1, program) != 0)
        return;
    inject.at = strtoul(at, NULL, 10);
    inject.count = count ? strtoul(count, NULL, 10) : 1;
    inject.objects = getenv("IPC_INJECT_OBJECTS");
    inject.objects_length = inject.objects ? strlen(inject.objects) : 0;
    inject.once = getenv("IPC_INJECT_ONCE");
    inject.told = getenv("IPC_INJECT_TOLD");
    inject.on = true;
}

__attribute__((destructor)) static void tell(void)
{
    if (!inject.on || !inject.told)
        return;
    int file = open(inject.told, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0)
        dprintf(file, "%lu\n", (unsigned long) inject.seen);
    close(file);
}

//  Whether code of one of those objects asks.
static bool counts(const void *caller)
{
    Dl_info where; // of the program itself, which may be called by its bare name, or of a library
    return !inject.objects || (dladdr(caller, &where) && (!strchr(where.dli_fname, '/') ||
                                                          !strncmp(where.dli_fname, inject.objects,
                                                                   inject.objects_length)));
}

//  Whether this is one that fails.
static bool fails(const void *caller)
{
    if (!inject.on || !counts(caller))
        return false;
    unsigned long number = ++inject.seen;
    if (inject.at == 0 || number < inject.at || number - inject.at >= inject.count)
        return false;
    if (inject.once && number == inject.at) {
        int file = open(inject.once, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) {
            inject.on = false;
            return false;
        }
        close(file);
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(memory, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (fails(__builtin_return_address(0)))
        return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    if (fails(__builtin_return_address(0)))
        return MAP_FAILED;
    return (void *) syscall(SYS_mmap, address, size, protection, flags, file, offset);
}
