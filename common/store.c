#include "common/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array_body.h"
#include "common/copy.h"
#include "common/fail.h"
#include "common/paths.h"
#include "common/shared.h"

enum { PAGE = 4096 };

typedef struct segment {
    uint64_t number;
    size_t size;                       // bytes, whole pages
    void *memory;
    ipc_shared_t *shared;              // an array that was handed over; else NULL
    bool in_use;                       // somebody may hold it
    bool lasting;                      // and its file stays for them when the store goes
} segment_t;

//  An array that is open, for its release.
typedef struct mapping {
    ipc_store_t *store;                // NULL when it is gone
    ipc_object_t object;
    char *memory;                      // mapped from a page's begin on
    size_t size;
    uint64_t offset;                   // of memory in the object
    bool shared;
    struct mapping *next, *previous;   // of the store
} mapping_t;

struct ipc_store {
    char directory[IPC_PATH_MAX];
    uint64_t owner;
    uint64_t next;                     // number of the next new segment
    segment_t *segments;
    size_t count, room;
    size_t kept;                       // bytes of segments that are not in use
    mapping_t *mappings;               // arrays that are open
};

ipc_store_t *ipc_store_new(const char *directory, uint64_t owner)
{
    ipc_store_t *self = ipc_xalloc(sizeof *self);
    ipc_text_copy(self->directory, sizeof self->directory, directory);
    self->owner = owner;
    self->next = 1;
    return self;
}

static void object_path(const ipc_store_t *self, ipc_object_t object, char path[2 * IPC_PATH_MAX])
{
    snprintf(path, 2 * IPC_PATH_MAX, "%s/%016" PRIx64 "-%" PRIx64, self->directory, object.owner,
             object.number);
}

static void segment_remove(ipc_store_t *self, size_t i)
{
    segment_t *segment = &self->segments[i];
    char path[2 * IPC_PATH_MAX];
    object_path(self, (ipc_object_t){self->owner, segment->number}, path);
    if (segment->shared) {
        ipc_shared_take_back(&segment->shared, path);
    } else {
        if (!segment->lasting)
            unlink(path);
        munmap(segment->memory, segment->size);
    }
    if (!segment->in_use)
        self->kept -= segment->size;
    *segment = self->segments[--self->count];
}

void ipc_store_destroy(ipc_store_t **self_p)
{
    ipc_store_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    while (self->count > 0) segment_remove(self, self->count - 1);
    for (mapping_t *mapping = self->mappings; mapping; mapping = mapping->next) mapping->store = NULL;
    ipc_shared_drop_unused(); // with the names that it had here
    free(self->segments);
    free(self);
}

//  The smallest free segment that fits and is not more than twice too large.
static segment_t *find_free(ipc_store_t *self, size_t size)
{
    segment_t *best = NULL;
    for (size_t i = 0; i < self->count; i++) {
        segment_t *segment = &self->segments[i];
        if (!segment->in_use && segment->size >= size && segment->size / 2 <= size &&
            (!best || segment->size < best->size))
            best = segment;
    }
    return best;
}

static void remove_free(ipc_store_t *self, size_t kept)
{
    for (size_t i = self->count; i-- > 0 && self->kept > kept;)
        if (!self->segments[i].in_use)
            segment_remove(self, i);
}

//  Space is taken before a mapping is handed out: a full tmpfs would be a SIGBUS later.
static void *make_segment(ipc_store_t *self, size_t size, uint64_t number, ipc_error_t *error)
{
    char path[2 * IPC_PATH_MAX];
    object_path(self, (ipc_object_t){self->owner, number}, path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", path, strerror(errno));
        return NULL;
    }
    int full = ipc_shared_check_size(size);
    full = full ? full : posix_fallocate(fd, 0, (off_t) size);
    void *memory = full ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int reason = full ? full : errno;
    close(fd);
    if (memory != MAP_FAILED) {
#ifdef MADV_POPULATE_WRITE
        madvise(memory, size, MADV_POPULATE_WRITE); // all page tables at once; an old kernel makes them one by one
#endif
        return memory;
    }
    unlink(path);
    ipc_fail(error, IPC_E_MEMORY, "no shared memory for %zu bytes in %s: %s", size, self->directory,
             strerror(reason));
    return NULL;
}

static segment_t *add_segment(ipc_store_t *self)
{
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 8;
        self->segments = ipc_xrealloc(self->segments, self->room * sizeof self->segments[0]);
    }
    return &self->segments[self->count++];
}

void *ipc_store_take(ipc_store_t *self, size_t size, ipc_object_t *object, ipc_error_t *error)
{
    size_t rounded = size > 0 ? (size + PAGE - 1) / PAGE * PAGE : PAGE;
    segment_t *segment = find_free(self, rounded);
    if (!segment) {
        void *memory = make_segment(self, rounded, self->next, NULL);
        if (!memory) { // what is kept for reuse may be what is missing
            remove_free(self, 0);
            ipc_shared_drop_unused();
            memory = make_segment(self, rounded, self->next, error);
        }
        if (!memory)
            return NULL;
        segment = add_segment(self);
        *segment = (segment_t){.number = self->next++, .size = rounded, .memory = memory};
        self->kept += rounded;
    }
    segment->in_use = true;
    self->kept -= segment->size;
    *object = (ipc_object_t){self->owner, segment->number};
    return segment->memory;
}

void ipc_store_freed(ipc_store_t *self, ipc_object_t object)
{
    for (size_t i = 0; i < self->count; i++) {
        segment_t *segment = &self->segments[i];
        if (object.owner != self->owner || segment->number != object.number || !segment->in_use)
            continue;
        segment->in_use = segment->lasting = false;
        self->kept += segment->size;
        if (segment->shared)
            segment_remove(self, i);
        else
            remove_free(self, ipc_shared_kept_limit(self->directory));
        return;
    }
}

//  --- What needs no copy -------------------------------------------------------------------------------------

//  An array of this process's, which becomes an object.
static bool place_shared(ipc_store_t *self, const void *data, size_t size, ipc_array_ref_t *ref)
{
    char path[2 * IPC_PATH_MAX];
    ipc_object_t object = {self->owner, self->next};
    object_path(self, object, path);
    ipc_shared_t *shared = ipc_shared_hand_over(data, size, path, &ref->offset);
    if (!shared)
        return false;
    *add_segment(self) = (segment_t){.number = self->next++, .shared = shared, .in_use = true};
    ref->object = object;
    return true;
}

static bool lies_in(const mapping_t *self, const char *data, size_t size)
{
    return !self->shared && data >= self->memory && data + size <= self->memory + self->size;
}

//  An array that was opened and not written: still what its object has. Not one of our own: who takes a placing
//  back frees those, while others may hold it from before.
static bool place_opened(const ipc_store_t *self, const char *data, size_t size, ipc_array_ref_t *ref)
{
    const mapping_t *mapping = self->mappings;
    while (mapping && !lies_in(mapping, data, size)) mapping = mapping->next;
    if (!mapping || mapping->object.owner == self->owner || !ipc_shared_is_unwritten(data, size))
        return false;
    ref->object = mapping->object;
    ref->offset = mapping->offset + (uint64_t) (data - mapping->memory);
    return true;
}

int ipc_store_place_lasting(ipc_store_t *self, const void *data, size_t size, ipc_array_ref_t *ref,
                            ipc_error_t *error)
{
    void *memory = ipc_store_take(self, size, &ref->object, error);
    if (!memory)
        return -1;
    for (size_t i = 0; i < self->count; i++)
        if (self->segments[i].number == ref->object.number)
            self->segments[i].lasting = true;
    ipc_copy(memory, data, size, size);
    ref->offset = 0;
    return 0;
}

int ipc_store_place(ipc_store_t *self, const void *data, size_t size, ipc_array_ref_t *ref,
                    ipc_error_t *error)
{
    if (place_shared(self, data, size, ref) || place_opened(self, data, size, ref))
        return 0;
    void *memory = ipc_store_take(self, size, &ref->object, error);
    if (!memory)
        return -1;
    ipc_copy(memory, data, size, size);
    ref->offset = 0;
    return 0;
}

//  --- Opening ------------------------------------------------------------------------------------------------

static void release_mapping(ipc_array_t *array)
{
    mapping_t *mapping = array->owner;
    munmap(mapping->memory, mapping->size);
    if (mapping->previous)
        mapping->previous->next = mapping->next;
    else if (mapping->store)
        mapping->store->mappings = mapping->next;
    if (mapping->next)
        mapping->next->previous = mapping->previous;
    free(mapping);
}

//  Opens the object's file and checks that the array lies in it: a descriptor, or -1.
static int open_object(const ipc_store_t *self, const ipc_array_ref_t *ref, size_t bytes, ipc_error_t *error)
{
    char path[2 * IPC_PATH_MAX];
    object_path(self, ref->object, path);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return ipc_fail(error, errno == ENOENT ? IPC_E_NAME : IPC_E_SYSTEM,
                        "an array's shared memory %s cannot be opened: %s", path, strerror(errno));
    struct stat status;
    if (fstat(fd, &status) || ref->offset > (uint64_t) status.st_size ||
        bytes > (uint64_t) status.st_size - ref->offset) {
        close(fd);
        return ipc_fail(error, IPC_E_PROTOCOL, "an array of %zu bytes does not lie in its shared memory %s", bytes,
                        path);
    }
    return fd;
}

ipc_array_t *ipc_store_open(ipc_store_t *self, const ipc_array_ref_t *ref, bool shared, ipc_error_t *error)
{
    size_t count = 0;
    if (ipc_shape_count(ref->dtype, ref->ndim, ref->shape, &count, error))
        return NULL;
    size_t bytes = count * ipc_dtype_size(ref->dtype), before = ref->offset % PAGE;
    size_t size = before + bytes > 0 ? before + bytes : 1;
    int fd = open_object(self, ref, bytes, error);
    if (fd < 0)
        return NULL;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, shared ? MAP_SHARED | MAP_POPULATE : MAP_PRIVATE, fd,
                        (off_t) (ref->offset - before));
    int reason = errno;
    close(fd);
    if (memory == MAP_FAILED) {
        ipc_fail(error, IPC_E_SYSTEM, "cannot map an array's shared memory: %s", strerror(reason));
        return NULL;
    }
    mapping_t *mapping = ipc_xalloc(sizeof *mapping);
    *mapping = (mapping_t){.store = self, .object = ref->object, .memory = memory, .size = size,
                           .offset = ref->offset - before, .shared = shared, .next = self->mappings};
    if (mapping->next)
        mapping->next->previous = mapping;
    self->mappings = mapping;
    return ipc_array_wrap(ref->dtype, ref->ndim, ref->shape, (char *) memory + before, release_mapping, mapping);
}
