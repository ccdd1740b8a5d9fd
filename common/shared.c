#include "common/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/fail.h"

static const char SHM[] = "/dev/shm";

enum {
    PAGE = 4096,
    KEPT_WITHOUT_LIMIT = 512 << 20     // bytes, of a file system that may grow without limit
};

struct ipc_shared {
    size_t size;                       // bytes, whole pages
    int fd;
    pid_t pid;                         // whose it is: a child made by fork() shares the pages
    void *view;                        // the array's memory; NULL when the array is gone
    void *pages;                       // the shared mapping, kept for its page tables; or NULL
    bool handed;                       // view is private
    bool written;                      // view has pages of its own
    unsigned names;                    // that it was handed over under and not taken back
    char *base;                        // its first name: it stays, since pages that have lost all their names
                                       // can get none any more
    struct ipc_shared *next;
};

//  What this process has. One object for the process, since arrays are made without a client.
typedef struct pool {
    pthread_mutex_t lock;
    ipc_shared_t *used, *unused;
    size_t kept;                       // bytes of the unused
} pool_t;

static pool_t *the_pool(void)
{
    static pool_t self = {.lock = PTHREAD_MUTEX_INITIALIZER};
    return &self;
}

//  --- New memory ---------------------------------------------------------------------------------------------

int ipc_shared_check_size(size_t size)
{
    struct rlimit limit;
    bool limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return limited && size > limit.rlim_cur ? EFBIG : 0;
}

size_t ipc_shared_kept_limit(const char *directory)
{
    struct statvfs status;
    if (statvfs(directory, &status))
        return 0;
    return status.f_blocks > 0 ? status.f_blocks / 8 * status.f_frsize : KEPT_WITHOUT_LIMIT;
}

//  As much again must stay for what is made by copying.
static bool is_room_for(size_t size)
{
    struct statvfs status;
    if (statvfs(SHM, &status) || ipc_shared_check_size(size))
        return false;
    return status.f_blocks == 0 || size / status.f_frsize < status.f_bavail / 2; // 0 blocks: without a limit
}

//  Half of the descriptors are left to the program.
static int open_file(void)
{
    struct rlimit limit;
    int fd = open(SHM, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t) fd > limit.rlim_cur / 2) {
        close(fd);
        return -1;
    }
    return fd;
}

static ipc_shared_t *make(size_t size)
{
    int fd = is_room_for(size) ? open_file() : -1;
    if (fd < 0)
        return NULL;
    void *pages = posix_fallocate(fd, 0, (off_t) size)
                      ? MAP_FAILED
                      : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pages == MAP_FAILED) {
        close(fd);
        return NULL;
    }
#ifdef MADV_POPULATE_WRITE
    madvise(pages, size, MADV_POPULATE_WRITE); // all page tables at once; an old kernel makes them one by one
#endif
    ipc_shared_t *self = ipc_xalloc(sizeof *self);
    *self = (ipc_shared_t){.size = size, .fd = fd, .pid = getpid(), .view = pages, .pages = pages};
    return self;
}

static void discard(ipc_shared_t *self)
{
    if (self->view && self->view != self->pages)
        munmap(self->view, self->size);
    if (self->pages)
        munmap(self->pages, self->size);
    if (self->base && self->pid == getpid())
        unlink(self->base);
    close(self->fd);
    free(self->base);
    free(self);
}

//  --- Used memory --------------------------------------------------------------------------------------------

static void detach(ipc_shared_t **list, const ipc_shared_t *self)
{
    while (*list != self) list = &(*list)->next;
    *list = self->next;
}

//  Pages whose names all went (with their cluster) can be handed over no more.
static bool can_be_named(const ipc_shared_t *self)
{
    struct stat status;
    return !self->base || (fstat(self->fd, &status) == 0 && status.st_nlink > 0);
}

//  With the lock: the smallest unused one that fits and is not more than twice too large.
static ipc_shared_t *find_unused(pool_t *pool, size_t size)
{
    ipc_shared_t *best = NULL;
    for (ipc_shared_t *shared = pool->unused; shared; shared = shared->next)
        if (shared->size >= size && shared->size / 2 <= size && (!best || shared->size < best->size))
            best = shared;
    if (!best)
        return NULL;
    detach(&pool->unused, best);
    pool->kept -= best->size;
    return best;
}

//  Makes used memory like new: a shared view of zeros; NULL when that cannot be.
static ipc_shared_t *renew(ipc_shared_t *self)
{
    if (self->pid == getpid() && can_be_named(self) && !self->pages) {
        void *pages = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, self->fd, 0);
        self->pages = pages == MAP_FAILED ? NULL : pages;
    }
    if (self->pid != getpid() || !self->pages || !can_be_named(self)) {
        discard(self);
        return NULL;
    }
    self->view = self->pages;
    self->handed = self->written = false;
    memset(self->view, 0, self->size);
    return self;
}

ipc_shared_t *ipc_shared_new(size_t size)
{
    pool_t *pool = the_pool();
    size_t rounded = (size + PAGE - 1) / PAGE * PAGE;
    pthread_mutex_lock(&pool->lock);
    ipc_shared_t *unused = find_unused(pool, rounded);
    pthread_mutex_unlock(&pool->lock);
    ipc_shared_t *self = unused ? renew(unused) : NULL;
    if (!self)
        self = make(rounded);
    if (!self)
        return NULL;
    pthread_mutex_lock(&pool->lock);
    self->next = pool->used;
    pool->used = self;
    pthread_mutex_unlock(&pool->lock);
    return self;
}

void *ipc_shared_data(const ipc_shared_t *self)
{
    return self->view;
}

//  With the lock: what neither an array nor a name needs is kept for the next array, or goes.
static void settle(pool_t *pool, ipc_shared_t *self)
{
    if (self->view || self->names > 0)
        return;
    detach(&pool->used, self);
    if (self->pid != getpid() || pool->kept + self->size > ipc_shared_kept_limit(SHM)) {
        discard(self);
        return;
    }
    self->next = pool->unused;
    pool->unused = self;
    pool->kept += self->size;
}

void ipc_shared_destroy(ipc_shared_t **self_p)
{
    ipc_shared_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    pool_t *pool = the_pool();
    pthread_mutex_lock(&pool->lock);
    if (self->handed)
        munmap(self->view, self->size);
    self->view = NULL;
    settle(pool, self);
    pthread_mutex_unlock(&pool->lock);
}

void ipc_shared_drop_unused(void)
{
    pool_t *pool = the_pool();
    pthread_mutex_lock(&pool->lock);
    for (ipc_shared_t *next; pool->unused; pool->unused = next) {
        next = pool->unused->next;
        discard(pool->unused);
    }
    pool->kept = 0;
    pthread_mutex_unlock(&pool->lock);
}

//  --- Handing over -------------------------------------------------------------------------------------------

static int give_name(ipc_shared_t *self, const char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", self->fd);
    return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

//  Puts a private view in the place of the shared one, whose page tables are kept elsewhere for the next array.
static int make_private(ipc_shared_t *self)
{
    void *pages = MAP_FAILED;
#ifdef MREMAP_DONTUNMAP
    pages = mremap(self->view, self->size, self->size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL); // no hole
#endif
    void *view = mmap(self->view, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, self->fd, 0);
    if (view == MAP_FAILED) {
        if (pages != MAP_FAILED)
            munmap(pages, self->size);
        return -1;
    }
    self->pages = pages == MAP_FAILED ? NULL : pages;
    self->handed = true;
    return 0;
}

//  With the lock: the array that most of is at these bytes.
static ipc_shared_t *find_used(const pool_t *pool, const char *data, size_t size)
{
    for (ipc_shared_t *shared = pool->used; shared; shared = shared->next) {
        const char *view = shared->view;
        if (view && data >= view && data + size <= view + shared->size && size >= shared->size / 2)
            return shared;
    }
    return NULL;
}

//  With the lock. 0, or -1: it has to be copied.
static int hand_over(ipc_shared_t *self, const char *path)
{
    if (self->handed && !self->written)
        self->written = !ipc_shared_is_unwritten(self->view, self->size);
    if (self->written || self->pid != getpid() || give_name(self, path))
        return -1;
    if (!self->handed && make_private(self)) {
        unlink(path);
        return -1;
    }
    if (!self->base)
        self->base = ipc_xstrdup(path);
    self->names++;
    return 0;
}

ipc_shared_t *ipc_shared_hand_over(const void *data, size_t size, const char *path, uint64_t *offset)
{
    pool_t *pool = the_pool();
    if (size < IPC_SHARED_MIN / 2)
        return NULL;
    pthread_mutex_lock(&pool->lock);
    ipc_shared_t *self = find_used(pool, data, size);
    if (self && hand_over(self, path))
        self = NULL;
    if (self)
        *offset = (uint64_t) ((const char *) data - (const char *) self->view);
    pthread_mutex_unlock(&pool->lock);
    return self;
}

void ipc_shared_take_back(ipc_shared_t **self_p, const char *path)
{
    ipc_shared_t *self = *self_p;
    *self_p = NULL;
    pool_t *pool = the_pool();
    pthread_mutex_lock(&pool->lock);
    if (strcmp(path, self->base) != 0)
        unlink(path);
    self->names--;
    settle(pool, self);
    pthread_mutex_unlock(&pool->lock);
}

//  --- What was written -----------------------------------------------------------------------------------------

//  A page of the kernel's /proc/self/pagemap (its documentation: admin-guide/mm/pagemap): a page that is there,
//  or swapped out, is the file's or our own copy.
static bool is_own_copy(uint64_t page)
{
    const uint64_t present = 1ull << 63, swapped = 1ull << 62, of_file = 1ull << 61;
    return (page & (present | swapped)) && !(page & of_file);
}

bool ipc_shared_is_unwritten(const void *data, size_t size)
{
    enum { AT_ONCE = 2048 };
    uint64_t pages[AT_ONCE];
    uintptr_t first = (uintptr_t) data / PAGE, end = ((uintptr_t) data + size + PAGE - 1) / PAGE;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    bool unwritten = fd >= 0;
    while (unwritten && first < end) {
        size_t count = end - first < AT_ONCE ? end - first : AT_ONCE;
        ssize_t got = pread(fd, pages, count * sizeof pages[0], (off_t) (first * sizeof pages[0]));
        unwritten = got == (ssize_t) (count * sizeof pages[0]);
        for (size_t i = 0; i < count && unwritten; i++) unwritten = !is_own_copy(pages[i]);
        first += count;
    }
    if (fd >= 0)
        close(fd);
    return unwritten;
}
