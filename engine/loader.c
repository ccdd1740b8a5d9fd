#include "engine/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/image.h"
#include "common/paths.h"

typedef struct image {
    char hash[IPC_HASH_TEXT];
    void *handle;
    const char *base;                  // where it was loaded
    struct image *next;
} image_t;

typedef struct module {
    char name[64];
    const ipc_module_t *module;
    struct module *next;
} module_t;

struct loader {
    loader_options_t options;
    image_t *images;
    module_t *modules;
};

loader_t *loader_new(const loader_options_t *options)
{
    loader_t *self = ipc_xalloc(sizeof *self);
    self->options = *options;
    return self;
}

void loader_destroy(loader_t **self_p)
{
    loader_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (module_t *module = self->modules, *next; module; module = next) {
        next = module->next;
        if (module->module->fini)
            module->module->fini();
        free(module);
    }
    for (image_t *image = self->images, *next; image; image = next) {
        next = image->next;
        free(image);
    }
    free(self);
}

//  Opens the libraries that an image needs by the paths that its client has them at, so that $ORIGIN, RUNPATH
//  and LD_LIBRARY_PATH of the client's shell work here. A library without a soname is found again by its
//  file's name only: a link in this worker's own library directory gives it that name.
static void open_libraries(loader_t *self, const char *libraries)
{
    char path[IPC_PATH_MAX * 4];
    for (const char *line = libraries, *end; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        size_t size = (size_t) (end - line);
        if (size == 0 || size >= sizeof path || line[0] != '/')
            continue;
        memcpy(path, line, size);
        path[size] = 0;
        const char *name = strrchr(path, '/') + 1;
        void *handle = dlopen(name, RTLD_NOLOAD | RTLD_LAZY);
        if (handle || access(path, R_OK))
            continue;
        if (self->options.libraries) {
            char link[IPC_PATH_MAX * 2];
            snprintf(link, sizeof link, "%s/%s", self->options.libraries, name);
            unlink(link);
            if (symlink(path, link))
                fprintf(stderr, "warning: cannot link %s: %s\n", link, strerror(errno));
        }
        dlopen(path, RTLD_NOW | RTLD_LOCAL); // what is missing, the image's own dlopen() says
    }
}

//  dlopen()'s words, as a sentence of ours.
static int fail_open(const char *program, ipc_error_t *error)
{
    const char *words = dlerror();
    words = words ? words : "unknown reason";
    const char *missing = strstr(words, ": cannot open shared object file");
    if (missing)
        return ipc_fail(error, IPC_E_IMAGE, "cannot find %.*s, which %s needs", (int) (missing - words), words,
                        program);
    const char *colon = strstr(words, ".so: ");
    return ipc_fail(error, IPC_E_IMAGE, "cannot load %s: %s", program, colon ? colon + 5 : words);
}

static void *open_image(loader_t *self, const char *hash, const char *program, ipc_error_t *error)
{
    char path[IPC_PATH_MAX * 2];
    snprintf(path, sizeof path, "%s/%s.so", self->options.images, hash);
    ipc_error_t reason = {0};
    if (ipc_image_verify(self->options.images, hash, &reason)) {
        int fd = reason.code == IPC_E_PERMISSION ? ipc_image_open_memfd(self->options.images, hash, NULL) : -1;
        if (fd < 0) {
            ipc_fail(error, IPC_E_IMAGE, "%s: %s", program, reason.text);
            return NULL;
        }
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd); // stays open as long as the image
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        fail_open(program, error);
    return handle;
}

//  A copy of libipclient that came along with the image calls our runtime.
static void install_runtime(loader_t *self, void *handle)
{
    void (*install)(const ipc_runtime_t *runtime);
    *(void **) &install = dlsym(handle, "ipc_runtime_install");
    if (install)
        install(self->options.runtime);
}

static image_t *image_of(loader_t *self, const char *hash, const char *program, const char *libraries,
                         ipc_error_t *error)
{
    for (image_t *image = self->images; image; image = image->next)
        if (strcmp(image->hash, hash) == 0)
            return image;
    open_libraries(self, libraries);
    void *handle = open_image(self, hash, program, error);
    struct link_map *map = NULL;
    if (!handle)
        return NULL;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map)) {
        fail_open(program, error);
        return NULL;
    }
    install_runtime(self, handle);
    image_t *image = ipc_xalloc(sizeof *image);
    *image = (image_t){.handle = handle, .base = (const char *) map->l_addr, .next = self->images};
    ipc_text_copy(image->hash, sizeof image->hash, hash);
    return self->images = image;
}

//  Holds a descriptor against what it must look like, and gives its object our runtime.
static const ipc_remote_t *adopt(loader_t *self, const ipc_remote_t *remote, const char *program,
                                 ipc_error_t *error)
{
    if (remote->magic != IPC_REMOTE_MAGIC) {
        ipc_fail(error, IPC_E_IMAGE, "%s has no remote function where it was said to be", program);
        return NULL;
    }
    if (remote->abi != IPC_ABI) {
        ipc_fail(error, IPC_E_IMAGE,
                 "%s was compiled against version %u of the headers, this engine has version %d: compile it "
                 "again",
                 program, remote->abi, IPC_ABI);
        return NULL;
    }
    *remote->runtime = self->options.runtime;
    return remote;
}

//  Where the loader mapped the image, [first, end).
typedef struct extent {
    const char *base, *first, *end;
} extent_t;

static int find_extent(struct dl_phdr_info *info, size_t size, void *data)
{
    (void) size;
    extent_t *extent = data;
    if ((const char *) info->dlpi_addr != extent->base)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const char *end = extent->base + segment->p_vaddr + segment->p_memsz;
        if (segment->p_type == PT_LOAD && end > extent->end)
            extent->end = end;
    }
    return 1;
}

const ipc_remote_t *loader_image_function(loader_t *self, const char *key, const char *program,
                                          const char *libraries, ipc_error_t *error)
{
    char hash[IPC_HASH_TEXT];
    const char *colon = strchr(key, ':');
    char *end = NULL;
    uint64_t offset = colon ? strtoull(colon + 1, &end, 16) : 0;
    if (!colon || colon - key != IPC_HASH_TEXT - 1 || !end || *end ||
        strspn(key, "0123456789abcdef") != IPC_HASH_TEXT - 1) {
        ipc_fail(error, IPC_E_IMAGE, "%s has a malformed name", program);
        return NULL;
    }
    memcpy(hash, key, IPC_HASH_TEXT - 1);
    hash[IPC_HASH_TEXT - 1] = 0;
    image_t *image = image_of(self, hash, program, libraries, error);
    if (!image)
        return NULL;
    extent_t extent = {.base = image->base, .end = image->base};
    dl_iterate_phdr(find_extent, &extent);
    if (offset % _Alignof(ipc_remote_t) || (size_t) (extent.end - extent.base) < sizeof(ipc_remote_t) ||
        offset > (size_t) (extent.end - extent.base) - sizeof(ipc_remote_t)) {
        ipc_fail(error, IPC_E_IMAGE, "%s has no remote function where it was said to be", program);
        return NULL;
    }
    return adopt(self, (const ipc_remote_t *) (const void *) (image->base + offset), program, error);
}

//  --- Modules -----------------------------------------------------------------------------------------

//  Where an installed module may be: IPC_MODULE_PATH, the build folder, the installation.
static int find_module(const char *name, char path[IPC_PATH_MAX * 2])
{
    char here[IPC_PATH_MAX];
    const char *listed = getenv("IPC_MODULE_PATH");
    for (const char *at = listed ? listed : "", *end; *at; at = *end ? end + 1 : end) {
        end = strchrnul(at, ':');
        snprintf(path, IPC_PATH_MAX * 2, "%.*s/%s.so", (int) (end - at), at, name);
        if (at[0] == '/' && access(path, R_OK) == 0)
            return 0;
    }
    if (ipc_program_directory(here, NULL))
        return -1;
    snprintf(path, IPC_PATH_MAX * 2, "%s/../kernels/%s/%s.so", here, name, name);
    if (access(path, R_OK) == 0)
        return 0;
    snprintf(path, IPC_PATH_MAX * 2, "%s/../../%s/%s.so", here, IPC_MODULE_DIR, name); // from libexec/ipclient
    if (access(path, R_OK) == 0)
        return 0;
    return -1;
}

static module_t *module_find(loader_t *self, const char *name)
{
    module_t *module = self->modules;
    while (module && strcmp(module->name, name) != 0) module = module->next;
    return module;
}

static int module_open(loader_t *self, const char *name, const char *path, ipc_error_t *error)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *words = dlerror();
        return ipc_fail(error, IPC_E_MODULE, "module %s cannot be loaded: %s", name, words ? words : "?");
    }
    const ipc_module_t *found = dlsym(handle, "ipc_module");
    if (!found || found->magic != IPC_MODULE_MAGIC)
        return ipc_fail(error, IPC_E_MODULE, "%s is no module: it has no IPC_MODULE(…) at its end", name);
    if (found->abi != IPC_ABI)
        return ipc_fail(error, IPC_E_MODULE,
                        "module %s was compiled against version %u of the headers, this engine has version %d",
                        name, found->abi, IPC_ABI);
    install_runtime(self, handle);
    for (size_t i = 0; i < found->count; i++)
        if (!adopt(self, found->functions[i], name, error))
            return -1;
    module_t *module = module_find(self, found->name);
    if (module && module->module == found)
        return 0; // the same file again
    if (found->init && found->init(error))
        return -1;
    // A newer module of the name takes the place of the one that was there.
    if (!module) {
        module = ipc_xalloc(sizeof *module);
        ipc_text_copy(module->name, sizeof module->name, found->name);
        module->next = self->modules;
        self->modules = module;
    } else if (module->module->fini) {
        module->module->fini();
    }
    module->module = found;
    return 0;
}

int loader_require(loader_t *self, const char *name, const char *hash, ipc_error_t *error)
{
    char path[IPC_PATH_MAX * 2];
    if (hash) {
        if (ipc_image_verify(self->options.images, hash, error))
            return -1;
        snprintf(path, sizeof path, "%s/%s.so", self->options.images, hash);
        return module_open(self, name, path, error);
    }
    if (module_find(self, name))
        return 0;
    if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(name) ||
        find_module(name, path))
        return ipc_fail(error, IPC_E_MODULE,
                        "there is no module '%s': install it, or name its file: ipc_require(view, \"./%s.so\")",
                        name, name);
    return module_open(self, name, path, error);
}

const ipc_remote_t *loader_named_function(loader_t *self, const char *name, ipc_error_t *error)
{
    char module_name[64];
    const char *dot = strchr(name, '.');
    if (!dot || dot == name || (size_t) (dot - name) >= sizeof module_name) {
        ipc_fail(error, IPC_E_NAME, "there is no function '%s': functions of modules are named module.function",
                 name);
        return NULL;
    }
    snprintf(module_name, sizeof module_name, "%.*s", (int) (dot - name), name);
    if (!module_find(self, module_name) && loader_require(self, module_name, NULL, error))
        return NULL;
    const ipc_module_t *module = module_find(self, module_name)->module;
    for (size_t i = 0; i < module->count; i++)
        if (strcmp(module->functions[i]->name, dot + 1) == 0)
            return module->functions[i];
    ipc_fail(error, IPC_E_NAME, "module %s has no function '%s'", module_name, dot + 1);
    return NULL;
}
