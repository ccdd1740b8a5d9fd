#include "engine/cuda_cells.h"

#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "engine/cuda_compiler.h"
#include "engine/cuda_error.h"

//  What a cell was compiled to.
typedef struct loaded {
    char *ptx;                         // to load it again
    cuda_module_t module;              // of the device's generation
    uint64_t generation;
    size_t users;                      // kernels: it goes with the last of them
} loaded_t;

typedef struct kernel {
    char *name;
    loaded_t *loaded;
    int count;                         // of parameters; -1: more than can be launched
    cuda_parameter_t parameters[CUDA_PARAMETERS];
} kernel_t;

struct cuda_cells {
    cuda_device_t *device;
    cuda_compiler_t *compiler;
    cuda_scope_t scope;
    kernel_t *kernels;
    size_t count, room;
};

cuda_cells_t *cuda_cells_new(const char *directory, int engine)
{
    cuda_cells_t *self = ipc_xalloc(sizeof *self);
    self->device = cuda_device_new(engine);
    self->compiler = cuda_compiler_new(directory);
    return self;
}

void cuda_cells_destroy(cuda_cells_t **self_p)
{
    cuda_cells_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    cuda_cells_clear(self);
    free(self->kernels);
    cuda_compiler_destroy(&self->compiler);
    cuda_device_destroy(&self->device);
    free(self);
}

//  --- Kernels -------------------------------------------------------------------------------------------------

static void free_loaded(cuda_cells_t *self, loaded_t *loaded)
{
    if (loaded->generation == cuda_device_generation(self->device))
        cuda_device_unload(self->device, loaded->module);
    free(loaded->ptx);
    free(loaded);
}

static void drop_kernel(cuda_cells_t *self, kernel_t *kernel)
{
    if (--kernel->loaded->users == 0)
        free_loaded(self, kernel->loaded);
    free(kernel->name);
}

void cuda_cells_clear(cuda_cells_t *self)
{
    for (size_t i = 0; i < self->count; i++) drop_kernel(self, &self->kernels[i]);
    self->count = 0;
    cuda_scope_free(&self->scope);
}

static kernel_t *find_kernel(const cuda_cells_t *self, cell_span_t name)
{
    for (size_t i = 0; i < self->count; i++)
        if (cell_span_is(name, self->kernels[i].name))
            return &self->kernels[i];
    return NULL;
}

//  The newest kernel of a name counts.
static void add_kernel(cuda_cells_t *self, const cuda_item_t *item, loaded_t *loaded)
{
    kernel_t kernel = {.name = cell_span_text(item->name), .loaded = loaded}, *old = find_kernel(self, item->name);
    kernel.count = cuda_parameters_read(item->parameters, kernel.parameters);
    loaded->users++;
    if (old) {
        drop_kernel(self, old);
        *old = kernel;
        return;
    }
    if (self->count == self->room)
        self->kernels = ipc_xrealloc(self->kernels, (self->room = 2 * self->room + 16) * sizeof self->kernels[0]);
    self->kernels[self->count++] = kernel;
}

static bool is_kernel(const cuda_item_t *item)
{
    return item->kind == CUDA_KERNEL && !item->is_prototype;
}

//  --- Loading -------------------------------------------------------------------------------------------------

//  Whether all kernels of a cell can be found in what it was compiled to.
static int check_kernels(cuda_cells_t *self, const cuda_text_t *cell, cuda_module_t module, ipc_error_t *error)
{
    for (size_t i = 0; i < cell->count; i++) {
        cuda_function_t function;
        char *name = is_kernel(&cell->items[i]) ? cell_span_text(cell->items[i].name) : NULL;
        int rc = name ? cuda_device_find(self->device, module, name, &function, error) : 0;
        free(name);
        if (rc)
            return -1;
    }
    return 0;
}

//  Loads what a cell was compiled to, and takes its text over.
static int load(cuda_cells_t *self, const cuda_text_t *cell, char **ptx, ipc_error_t *error)
{
    bool has_kernels = false;
    for (size_t i = 0; i < cell->count; i++) has_kernels = has_kernels || is_kernel(&cell->items[i]);
    if (!has_kernels)
        return 0;
    cuda_module_t module;
    if (cuda_device_load(self->device, *ptx, &module, error))
        return -1;
    if (check_kernels(self, cell, module, error)) {
        cuda_device_unload(self->device, module);
        return -1;
    }
    loaded_t *loaded = ipc_xalloc(sizeof *loaded);
    *loaded = (loaded_t){.ptx = *ptx, .module = module, .generation = cuda_device_generation(self->device), .users = 1};
    *ptx = NULL;
    for (size_t i = 0; i < cell->count; i++)
        if (is_kernel(&cell->items[i]))
            add_kernel(self, &cell->items[i], loaded);
    loaded->users--; // ours
    return 0;
}

static int compile(cuda_cells_t *self, const cells_source_t *source, const cuda_text_t *cell, ipc_error_t *error)
{
    char *ptx = NULL, *words = NULL, *program = cuda_scope_program(&self->scope, cell, source->text);
    int capability = cuda_device_capability(self->device);
    int rc = cuda_compiler_build(self->compiler, program, capability, &ptx, &words, error);
    if (words)
        cuda_error_compile(source, words, &self->scope, error);
    if (!rc)
        rc = load(self, cell, &ptx, error);
    free(program);
    free(words);
    free(ptx);
    return rc;
}

int cuda_cells_load(cuda_cells_t *self, const cells_source_t *source, ipc_error_t *error)
{
    cuda_text_t cell;
    cell_fault_t fault = {0};
    if (cuda_device_open(self->device, error))
        return -1;
    int rc = cuda_text_read(&cell, source->text, &fault);
    if (rc)
        cell_error_at(source, fault.line, fault.column, fault.text, error);
    rc = rc || compile(self, source, &cell, error) ? -1 : 0;
    if (rc)
        cuda_scope_show(&self->scope);
    else
        cuda_scope_commit(&self->scope, &cell);
    cuda_text_free(&cell);
    return rc;
}

//  --- Launching -----------------------------------------------------------------------------------------------

//  The kernel's function; loads its module again if the device has been begun anew.
static int find_function(cuda_cells_t *self, const kernel_t *kernel, cuda_function_t *function, ipc_error_t *error)
{
    loaded_t *loaded = kernel->loaded;
    uint64_t generation = cuda_device_generation(self->device);
    if (loaded->generation != generation) {
        if (cuda_device_load(self->device, loaded->ptx, &loaded->module, error))
            return -1;
        loaded->generation = generation;
    }
    return cuda_device_find(self->device, loaded->module, kernel->name, function, error);
}

int cuda_cells_launch(cuda_cells_t *self, const char *name, const cuda_shape_t *shape, cuda_argument_t *arguments,
                      int count, ipc_error_t *error)
{
    if (cuda_device_open(self->device, error))
        return -1;
    const kernel_t *kernel = find_kernel(self, (cell_span_t){name, strlen(name)});
    if (!kernel)
        return ipc_fail(error, IPC_E_NAME,
                        "there is no kernel '%.60s': kernels are the __global__ functions of CUDA cells, which are "
                        "executed with the option cuda", name);
    cuda_call_t call = {.name = kernel->name, .count = kernel->count, .parameters = kernel->parameters};
    if (cuda_launch_check(&call, arguments, count, error) || find_function(self, kernel, &call.function, error))
        return -1;
    return cuda_launch_run(self->device, &call, shape, arguments, error);
}

int cuda_cells_try(cuda_cells_t *self, bool mends)
{
    return cuda_device_try(self->device, mends);
}
