#include "launch/record.h"

#include <limits.h>
#include <stdlib.h>

#include "common/fail.h"
#include "common/json_file.h"

enum { RECORD_VERSION = 2 };

static json_t *pack_process(const process_t *process)
{
    json_t *json = json_object();
    json_object_set_new(json, "pid", json_integer(process->pid));
    json_object_set_new(json, "start", json_integer((json_int_t) process->start));
    return json;
}

static int unpack_process(process_t *process, const json_t *json, const char *path,
                          ipc_error_t *error)
{
    uint64_t pid = 0;
    if (ipc_json_number(json, "pid", &pid, path, error) ||
        ipc_json_number(json, "start", &process->start, path, error))
        return -1;
    if (pid > INT_MAX)
        return ipc_fail(error, IPC_E_CONNECTION, "a pid in %s is wrong", path);
    process->pid = (pid_t) pid;
    return 0;
}

static json_t *pack_gpus(const gpus_t *gpus)
{
    json_t *json = json_array();
    for (size_t i = 0; i < gpus->count; i++) {
        const gpu_t *gpu = &gpus->all[i];
        json_array_append_new(json, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "visible", gpu->visible, "uuid",
                                              gpu->uuid, "bus", gpu->bus,
                                              "name", gpu->name, "near", gpu->near, "total", (json_int_t) gpu->total));
    }
    return json;
}

//  A record without them is of engines without devices.
static int unpack_gpus(gpus_t *gpus, const json_t *json, const char *path, ipc_error_t *error)
{
    if (json_array_size(json) > GPUS_MAX)
        return ipc_fail(error, IPC_E_CONNECTION, "%s has more than %d GPUs", path, GPUS_MAX);
    for (gpus->count = 0; gpus->count < json_array_size(json); gpus->count++) {
        gpu_t *gpu = &gpus->all[gpus->count];
        const json_t *one = json_array_get(json, gpus->count);
        gpu->used = GPU_UNKNOWN;
        if (ipc_json_text(one, "visible", gpu->visible, sizeof gpu->visible, path, error) ||
            ipc_json_text(one, "uuid", gpu->uuid, sizeof gpu->uuid, path, error) ||
            ipc_json_text(one, "bus", gpu->bus, sizeof gpu->bus, path, error) ||
            ipc_json_text(one, "name", gpu->name, sizeof gpu->name, path, error) ||
            ipc_json_text(one, "near", gpu->near, sizeof gpu->near, path, error) ||
            ipc_json_number(one, "total", &gpu->total, path, error))
            return -1;
    }
    return 0;
}

int record_write(const record_t *self, const char *path, ipc_error_t *error)
{
    json_t *json = json_object(), *nannies = json_array();
    json_object_set_new(json, "version", json_integer(RECORD_VERSION));
    json_object_set_new(json, "profile", json_string(self->profile));
    json_object_set_new(json, "cluster_id", json_string(self->cluster_id));
    json_object_set_new(json, "directory", json_string(self->directory));
    json_object_set_new(json, "shm", json_string(self->shm));
    json_object_set_new(json, "supervisor", pack_process(&self->supervisor));
    json_object_set_new(json, "controller", pack_process(&self->controller));
    json_object_set_new(json, "scheme", json_string(ipc_scheme_name(self->scheme)));
    json_object_set_new(json, "hwm", json_integer(self->hwm));
    json_object_set_new(json, "gpus", pack_gpus(&self->gpus));
    for (size_t i = 0; i < self->engines; i++)
        json_array_append_new(nannies, pack_process(&self->nannies[i]));
    json_object_set_new(json, "nannies", nannies);
    int result = ipc_json_write(json, path, error);
    json_decref(json);
    return result;
}

static int unpack_scheduling(record_t *self, const json_t *json, const char *path, ipc_error_t *error)
{
    char scheme[IPC_NAME_TEXT];
    uint64_t hwm = 0;
    if (ipc_json_text(json, "scheme", scheme, sizeof scheme, path, error) ||
        ipc_json_number(json, "hwm", &hwm, path, error))
        return -1;
    self->scheme = ipc_scheme_find(scheme);
    self->hwm = (uint32_t) hwm;
    if (self->scheme == IPC_SCHEMES || hwm > IPC_HWM_MAX)
        return ipc_fail(error, IPC_E_CONNECTION, "the scheme or the window in %s is wrong", path);
    return 0;
}

static int unpack(record_t *self, const json_t *json, const char *path, ipc_error_t *error)
{
    uint64_t version = 0;
    if (ipc_json_number(json, "version", &version, path, error))
        return -1;
    if (version != RECORD_VERSION)
        return ipc_fail(error, IPC_E_CONNECTION,
                        "%s is of version %llu, this ipcluster reads version %d", path,
                        (unsigned long long) version, RECORD_VERSION);
    if (ipc_json_text(json, "profile", self->profile, sizeof self->profile, path, error) ||
        ipc_json_text(json, "cluster_id", self->cluster_id, sizeof self->cluster_id, path,
                      error) ||
        ipc_json_text(json, "directory", self->directory, sizeof self->directory, path,
                      error) ||
        ipc_json_text(json, "shm", self->shm, sizeof self->shm, path, error) ||
        unpack_process(&self->supervisor, json_object_get(json, "supervisor"), path,
                       error) ||
        unpack_process(&self->controller, json_object_get(json, "controller"), path, error) ||
        unpack_scheduling(self, json, path, error) ||
        unpack_gpus(&self->gpus, json_object_get(json, "gpus"), path, error))
        return -1;
    const json_t *nannies = json_object_get(json, "nannies");
    self->engines = json_array_size(nannies);
    if (!json_is_array(nannies) || self->engines > CLUSTER_ENGINES_MAX)
        return ipc_fail(error, IPC_E_CONNECTION, "%s has no list of at most %d \"nannies\"",
                        path, CLUSTER_ENGINES_MAX);
    for (size_t i = 0; i < self->engines; i++)
        if (unpack_process(&self->nannies[i], json_array_get(nannies, i), path, error))
            return -1;
    return 0;
}

record_t *record_read(const char *path, ipc_error_t *error)
{
    json_t *json = ipc_json_read(path, error);
    if (!json)
        return NULL;
    record_t *self = ipc_xalloc(sizeof *self);
    if (unpack(self, json, path, error))
        record_destroy(&self);
    json_decref(json);
    return self;
}

const gpu_t *record_gpu(const record_t *self, size_t engine)
{
    return self->gpus.count > 0 ? &self->gpus.all[engine % self->gpus.count] : NULL;
}

size_t record_engines(const record_t *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->engines; i++) count += self->nannies[i].pid != 0;
    return count;
}

void record_destroy(record_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}
