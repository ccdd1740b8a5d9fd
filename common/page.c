#include "common/page.h"

#include "common/fail.h"
#include "common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_TRIES = 8 };

//  A POSIX lock belongs to the process, so the worker, which inherits the descriptor, does not hold it.
static int lock_page(int fd, const char *path, ipc_error_t *error)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &lock) == 0)
        return 0;
    if (errno != EACCES && errno != EAGAIN)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot lock %s: %s", path, strerror(errno));
    lock.l_type = F_WRLCK;
    fcntl(fd, F_GETLK, &lock);
    return ipc_fail(error, IPC_E_BUSY, "process %d serves this engine already (it holds %s)",
                    (int) lock.l_pid, path);
}

static int check_owner(int fd, const char *path, struct stat *status, ipc_error_t *error)
{
    if (fstat(fd, status))
        return ipc_fail(error, IPC_E_SYSTEM, "cannot look at %s: %s", path, strerror(errno));
    if (!S_ISREG(status->st_mode) || status->st_uid != geteuid() || status->st_mode & 077)
        return ipc_fail(error, IPC_E_PERMISSION,
                        "%s must be a file of this user's that is closed to others; remove it",
                        path);
    return 0;
}

//  Opens and locks the file. What was removed between the two (by a stop) is opened again, or the lock
//  would be on a file that nobody else can find.
static int open_locked(const char *path, struct stat *status, ipc_error_t *error)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return ipc_fail(error, IPC_E_SYSTEM, "cannot open %s: %s", path, strerror(errno));
        struct stat named;
        if (check_owner(fd, path, status, error) || lock_page(fd, path, error)) {
            close(fd);
            return -1;
        }
        if (stat(path, &named) == 0 && named.st_ino == status->st_ino)
            return fd;
        close(fd);
    }
    return ipc_fail(error, IPC_E_SYSTEM, "%s is removed again and again", path);
}

static page_t *map_page(int fd, const char *path, ipc_error_t *error)
{
    void *memory = mmap(NULL, sizeof(page_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED)
        return memory;
    ipc_fail(error, IPC_E_SYSTEM, "cannot map %s: %s", path, strerror(errno));
    return NULL;
}

page_t *page_open(const char *directory, int engine, int *fd_p, ipc_error_t *error)
{
    char path[IPC_PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/" PAGE_NAME_FORMAT, directory, engine);
    if (ipc_private_directory(directory, error))
        return NULL;
    struct stat status;
    int fd = open_locked(path, &status, error);
    if (fd < 0)
        return NULL;

    //  A full tmpfs would be a SIGBUS at the first write; so the space is taken now.
    bool is_ours = status.st_size == sizeof(page_t);
    int refused = !is_ours && ftruncate(fd, 0) ? errno : posix_fallocate(fd, 0, sizeof(page_t));
    page_t *self = NULL;
    if (refused)
        ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", path, strerror(refused));
    else
        self = map_page(fd, path, error);
    if (!self) {
        close(fd);
        return NULL;
    }
    if (!is_ours || self->magic != PAGE_MAGIC || self->engine != engine) {
        memset(self, 0, sizeof *self);
        self->engine = engine;
        self->magic = PAGE_MAGIC;
    }
    *fd_p = fd;
    return self;
}

page_t *page_map(int fd, ipc_error_t *error)
{
    struct stat status;
    if (fstat(fd, &status) || status.st_size < (off_t) sizeof(page_t)) {
        ipc_fail(error, IPC_E_PROTOCOL, "descriptor %d is no engine's page", fd);
        return NULL;
    }
    page_t *self = map_page(fd, "the engine's page", error);
    if (self && self->magic != PAGE_MAGIC) {
        ipc_fail(error, IPC_E_PROTOCOL, "descriptor %d is the page of another version", fd);
        page_close(&self);
    }
    return self;
}

page_t *page_find(const char *directory, int engine)
{
    char path[IPC_PATH_MAX + 32];
    struct stat status;
    page_t *self = NULL;
    snprintf(path, sizeof path, "%s/" PAGE_NAME_FORMAT, directory, engine);
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (check_owner(fd, path, &status, NULL) == 0)
        self = page_map(fd, NULL);
    close(fd);
    if (self && self->engine != engine)
        page_close(&self);
    return self;
}

//  The worker writes what it starts, then reads the trust; the controller the other way round, and between the two each
//  has a fence: one of them sees what the other wrote.
bool page_may_start(const page_t *self)
{
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&self->trust, memory_order_relaxed) != PAGE_LAPSED;
}

static page_work_t page_work(const page_t *self)
{
    return (page_work_t){.running = self->running, .span = self->span, .item = self->item,
                         .done_span = self->done_span, .done_item = self->done_item};
}

static bool is_same(const page_work_t *one, const page_work_t *other)
{
    return one->running == other->running && one->span == other->span && one->item == other->item &&
           one->done_span == other->done_span && one->done_item == other->done_item;
}

page_work_t page_lapse(page_t *self)
{
    enum { LOOKS = 1000 };             // at a worker that is not stopped, and so writes at the same time
    atomic_store_explicit(&self->trust, PAGE_LAPSED, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    page_work_t work = page_work(self), again = page_work(self);
    for (int i = 0; i < LOOKS && !is_same(&work, &again); i++) {
        work = again;
        again = page_work(self);
    }
    return again;
}

void page_close(page_t **self_p)
{
    if (*self_p)
        munmap(*self_p, sizeof(page_t));
    *self_p = NULL;
}

page_note_t *page_note(page_t *self, uint64_t job, uint64_t first, uint64_t count)
{
    for (size_t i = 0; i < PAGE_NOTES; i++) {
        page_note_t *note = &self->notes[i];
        if (note->count > 0)
            continue;
        *note = (page_note_t){.job = job, .first = first};
        note->count = count; // it is whole
        return note;
    }
    return NULL;
}

void page_note_rest(page_t *self)
{
    uint64_t begun = self->begun, told = self->told;
    bool runs = self->running && begun > told;
    if (self->batch.count > 0)
        page_note(self, self->batch.job, self->batch.first, self->batch.count);
    if (self->job && begun - runs > told)
        page_note(self, self->job, told, begun - runs - told);
    page_note_t *ran = self->job && runs ? page_note(self, self->job, begun - 1, 1) : NULL;
    if (ran)
        ran->ran = 1;
    self->batch.count = 0;
    self->job = 0;
}
