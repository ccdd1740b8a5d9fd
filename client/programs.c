//  How functions get their numbers: the object that holds a descriptor becomes an image (DESIGN.md 3a).
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/state.h"
#include "common/fail.h"
#include "common/image.h"

static uint32_t add_function(ipc_client_t *self, known_function_t function)
{
    self->functions =
        ipc_xrealloc(self->functions, (self->function_count + 1) * sizeof self->functions[0]);
    self->functions[self->function_count] = function;
    return self->function_count++;
}

void functions_tell(ipc_client_t *self, int64_t number)
{
    known_function_t *function = &self->functions[number];
    if (function->told)
        return;
    function->told = true;
    link_send(self, &(ipc_msg_t){.type = IPC_MSG_FUNCTION,
                                 .function = {.function = (uint32_t) number,
                                              .kind = function->kind,
                                              .key = ipc_bytes_of(function->key),
                                              .name = ipc_bytes_of(function->name),
                                              .libraries = ipc_bytes_of(function->libraries)}});
}

int64_t function_of_kind(ipc_client_t *self, ipc_function_kind_t kind)
{
    static const char *const names[IPC_FUNCTION_KINDS] = {
        [IPC_FUNCTION_PUSH] = "push",   [IPC_FUNCTION_PULL] = "pull",   [IPC_FUNCTION_PART] = "scatter",
        [IPC_FUNCTION_PROBE] = "gather", [IPC_FUNCTION_WRITE] = "gather", [IPC_FUNCTION_REQUIRE] = "require",
        [IPC_FUNCTION_CLEAR] = "clear", [IPC_FUNCTION_EXECUTE] = "execute",
        [IPC_FUNCTION_NAMES] = "names",
    };
    for (uint32_t i = 0; i < self->function_count; i++)
        if (self->functions[i].kind == (uint32_t) kind)
            return i;
    return add_function(self, (known_function_t){.kind = kind, .key = ipc_xstrdup(names[kind]),
                                                 .name = ipc_xstrdup(names[kind])});
}

int64_t function_of_name(ipc_client_t *self, ipc_function_kind_t kind, const char *name)
{
    for (uint32_t i = 0; i < self->function_count; i++)
        if (self->functions[i].kind == (uint32_t) kind && strcmp(self->functions[i].key, name) == 0)
            return i;
    return add_function(self, (known_function_t){.kind = kind, .key = ipc_xstrdup(name),
                                                 .name = ipc_xstrdup(name)});
}

//  --- The libraries that an object needs -------------------------------------------------------------------

typedef struct library_list {
    const struct link_map *maps[256];
    size_t count;
} library_list_t;

static const char *string_of(const struct link_map *map, ElfW(Sxword) tag, size_t nth)
{
    const char *strings = NULL;
    const ElfW(Dyn) *found = NULL;
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_STRTAB)
            strings = (const char *) entry->d_un.d_ptr; // glibc has made it an address
        if (entry->d_tag == tag && nth-- == 0)
            found = entry;
    }
    return strings && found ? strings + found->d_un.d_val : NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const struct link_map *loaded_as(const struct link_map *any, const char *name)
{
    while (any->l_prev) any = any->l_prev;
    for (; any; any = any->l_next) {
        bool file = any->l_name[0] == '/'; // neither the program itself nor the kernel's own object
        const char *soname = file ? string_of(any, DT_SONAME, 0) : NULL;
        if (file && (strcmp(base_name(any->l_name), name) == 0 || (soname && strcmp(soname, name) == 0)))
            return any;
    }
    return NULL;
}

//  Depth first: what a library needs stands before it.
static void collect(const struct link_map *map, library_list_t *list, int depth)
{
    enum { DEPTH_MAX = 32 };
    const char *needed;
    for (size_t i = 0; depth < DEPTH_MAX && (needed = string_of(map, DT_NEEDED, i)); i++) {
        const struct link_map *library = loaded_as(map, needed);
        bool known = !library;
        for (size_t k = 0; k < list->count; k++) known = known || list->maps[k] == library;
        if (known)
            continue;
        collect(library, list, depth + 1);
        for (size_t k = 0; k < list->count; k++) known = known || list->maps[k] == library;
        if (!known && list->count < sizeof list->maps / sizeof list->maps[0])
            list->maps[list->count++] = library;
    }
}

static char *libraries_of(const struct link_map *map)
{
    library_list_t list = {.count = 0};
    collect(map, &list, 0);
    char *text = ipc_xstrdup("");
    for (size_t i = 0; i < list.count; i++) {
        char *path = realpath(list.maps[i]->l_name, NULL);
        // The file's name must stay: a library without a soname is found again by that alone.
        const char *shown = list.maps[i]->l_name[0] == '/' || !path ? list.maps[i]->l_name : path;
        if (shown[0] == '/') {
            char *longer = ipc_xformat("%s%s\n", text, shown);
            free(text);
            text = longer;
        }
        free(path);
    }
    return text;
}

//  --- Images ----------------------------------------------------------------------------------------------------

//  The path of an object's file: of the program itself what /proc says, which is right after a rebuild too.
static void path_of(const struct link_map *map, char path[IPC_PATH_MAX * 4])
{
    if (map->l_name[0]) {
        snprintf(path, IPC_PATH_MAX * 4, "%s", map->l_name);
        return;
    }
    ssize_t size = readlink("/proc/self/exe", path, IPC_PATH_MAX * 4 - 1);
    path[size > 0 ? size : 0] = 0;
    if (size <= 0 || access(path, R_OK))
        snprintf(path, IPC_PATH_MAX * 4, "/proc/self/exe");
}

static const program_image_t *make_image(ipc_client_t *self, const struct link_map *map, ipc_error_t *error)
{
    char path[IPC_PATH_MAX * 4], images[IPC_PATH_MAX * 2];
    path_of(map, path);
    snprintf(images, sizeof images, "%s/images", self->connection.directory);
    ipc_image_t *image = ipc_image_new(path, self->sanitizers, error);
    if (!image || ipc_image_store(image, images, error)) {
        ipc_image_destroy(&image);
        return NULL;
    }
    self->images = ipc_xrealloc(self->images, (self->image_count + 1) * sizeof self->images[0]);
    program_image_t *made = &self->images[self->image_count++];
    *made = (program_image_t){.base = (const void *) map->l_addr, .path = ipc_xstrdup(path),
                              .libraries = libraries_of(map)};
    ipc_text_copy(made->hash, sizeof made->hash, ipc_image_hash(image));
    ipc_image_destroy(&image);
    return made;
}

static const program_image_t *image_of(ipc_client_t *self, const ipc_remote_t *remote, ipc_error_t *error)
{
    Dl_info info;
    struct link_map *map = NULL;
    if (!dladdr1(remote, &info, (void **) &map, RTLD_DL_LINKMAP) || !map) {
        ipc_fail(error, IPC_E_IMAGE, "%s is in no program or library that can be sent: is the program "
                                     "statically linked?", remote->name);
        return NULL;
    }
    for (size_t i = 0; i < self->image_count; i++)
        if (self->images[i].base == (const void *) map->l_addr)
            return &self->images[i];
    return make_image(self, map, error);
}

int64_t function_of_remote(ipc_client_t *self, const ipc_remote_t *remote, ipc_error_t *error)
{
    for (uint32_t i = 0; i < self->function_count; i++)
        if (self->functions[i].remote == remote)
            return i;
    if (remote->magic != IPC_REMOTE_MAGIC || remote->abi != IPC_ABI)
        return ipc_fail(error, IPC_E_IMAGE,
                        "the program was compiled against another version of ipclient.h than the library it "
                        "runs with: compile it again");
    const program_image_t *image = image_of(self, remote, error);
    if (!image)
        return -1;
    size_t offset = (size_t) ((const char *) remote - (const char *) image->base);
    return add_function(self, (known_function_t){
                                  .kind = IPC_FUNCTION_IMAGE,
                                  .remote = remote,
                                  .key = ipc_xformat("%s:%zx", image->hash, offset),
                                  .name = ipc_xformat("%s (%s:%d)", remote->name, base_name(remote->file),
                                                      remote->line),
                                  .libraries = ipc_xstrdup(image->libraries)});
}

const char *program_file_of(void *context, const char *hash)
{
    const ipc_client_t *self = context;
    for (size_t i = 0; i < self->image_count; i++)
        if (strcmp(self->images[i].hash, hash) == 0)
            return self->images[i].path;
    return NULL;
}
