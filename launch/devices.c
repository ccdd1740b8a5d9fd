#include "launch/devices.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

//  Names, as CUDA_VISIBLE_DEVICES lists them.
typedef struct list {
    size_t count;
    char all[GPUS_MAX][GPU_VISIBLE];
} list_t;

static bool is_number(const char *text)
{
    return text[0] && text[strspn(text, "0123456789")] == 0;
}

//  Cuts a list at its commas; what is empty behind the last one counts as nothing.
static int read_list(list_t *self, const char *text, ipc_error_t *error)
{
    self->count = 0;
    for (const char *at = text; *at; at += *at == ',') {
        while (isspace((unsigned char) *at)) at++;
        size_t size = strcspn(at, ","), used = size;
        while (used > 0 && isspace((unsigned char) at[used - 1])) used--;
        if (used == 0 || used >= GPU_VISIBLE || self->count == GPUS_MAX)
            return ipc_fail(error, IPC_E_ARGUMENT, "the list of GPUs \"%.80s\" has %s", text,
                            used == 0                  ? "a gap"
                            : self->count == GPUS_MAX ? "more than 64 names"
                                                      : "a name of more than 63 characters");
        snprintf(self->all[self->count++], GPU_VISIBLE, "%.*s", (int) used, at);
        at += size;
    }
    return 0;
}

//  A name of NVIDIA's: "GPU-…", "MIG-…", cut short if one likes.
static bool is_name(const char *text)
{
    return !strncmp(text, "GPU-", 4) || !strncmp(text, "MIG-", 4);
}

static int check_list(const char *terms, ipc_error_t *error)
{
    list_t list;
    if (read_list(&list, terms, error))
        return -1;
    for (size_t i = 0; i < list.count; i++) {
        if (!is_number(list.all[i]) && !is_name(list.all[i]))
            return ipc_fail(error, IPC_E_ARGUMENT, "\"%.64s\" names no GPU: --gpus takes " DEVICES_HELP, list.all[i]);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(list.all[i], list.all[k]))
                return ipc_fail(error, IPC_E_ARGUMENT, "GPU %s stands twice in \"%.80s\"", list.all[i], terms);
    }
    return 0;
}

int devices_check(const char *terms, ipc_error_t *error)
{
    if (!strcmp(terms, "auto") || !strcmp(terms, "none"))
        return 0;
    if (!is_number(terms))
        return terms[0] ? check_list(terms, error)
                        : ipc_fail(error, IPC_E_ARGUMENT, "--gpus takes " DEVICES_HELP ", not nothing");
    unsigned long count = strtoul(terms, NULL, 10);
    if (count == 0)
        return ipc_fail(error, IPC_E_ARGUMENT, "--gpus %s: \"none\" is for none, \"0,\" for the device of number 0",
                        terms);
    if (count > GPUS_MAX)
        return ipc_fail(error, IPC_E_ARGUMENT, "--gpus takes up to %d devices, not %.20s", GPUS_MAX, terms);
    return 0;
}

//  --- Finding ------------------------------------------------------------------------------------------------

//  Parts of devices are shown to a process one at a time.
static bool has_parts(const list_t *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strncmp(list->all[i], "MIG-", 4))
            return true;
    return false;
}

static int ask_apart(const list_t *list, gpus_t *gpus, ipc_error_t *error)
{
    ipc_error_t cause;
    gpus_t *one = ipc_xalloc(sizeof *one);
    int rc = 0;
    for (gpus->count = 0; !rc && gpus->count < list->count; gpus->count++) {
        rc = gpus_ask(one, list->all[gpus->count], &cause);
        if (rc)
            ipc_fail(error, cause.code, "there is no GPU %s: %s", list->all[gpus->count], cause.text);
        else
            gpus->all[gpus->count] = one->all[0];
    }
    free(one);
    return rc;
}

static int ask_together(const list_t *list, gpus_t *gpus, ipc_error_t *error)
{
    char visible[GPUS_MAX * GPU_VISIBLE] = "";
    for (size_t i = 0, size = 0; i < list->count; i++)
        size += (size_t) snprintf(visible + size, sizeof visible - size, "%s%s", i > 0 ? "," : "", list->all[i]);
    return gpus_ask(gpus, visible, error);
}

//  The devices of these names; fewer when the driver stops at one that is not there.
static int ask(const list_t *list, gpus_t *gpus, ipc_error_t *error)
{
    if (has_parts(list) ? ask_apart(list, gpus, error) : ask_together(list, gpus, error))
        return -1;
    if (gpus->count > list->count)
        gpus->count = list->count;
    for (size_t i = 0; i < gpus->count; i++) memcpy(gpus->all[i].visible, list->all[i], GPU_VISIBLE);
    return 0;
}

//  All that this process would see.
static int find_all(gpus_t *gpus, const char *outer, ipc_error_t *error)
{
    list_t list;
    if (outer)
        return read_list(&list, outer, error) || ask(&list, gpus, error) ? -1 : 0;
    if (gpus_ask(gpus, NULL, error))
        return -1;
    for (size_t i = 0; i < gpus->count; i++) snprintf(gpus->all[i].visible, GPU_VISIBLE, "%zu", i);
    return 0;
}

//  Puts what the environment shows in place of numbers.
static int resolve(list_t *list, const char *outer, ipc_error_t *error)
{
    list_t shown;
    if (!outer)
        return 0;
    if (read_list(&shown, outer, error))
        return -1;
    for (size_t i = 0; i < list->count; i++) {
        unsigned long number = is_number(list->all[i]) ? strtoul(list->all[i], NULL, 10) : 0;
        if (is_number(list->all[i]) && number >= shown.count)
            return ipc_fail(error, IPC_E_CUDA, "there is no GPU %s: CUDA_VISIBLE_DEVICES shows %zu (\"%.100s\")",
                            list->all[i], shown.count, outer);
        if (is_number(list->all[i]))
            memcpy(list->all[i], shown.all[number], GPU_VISIBLE);
    }
    return 0;
}

static int find_named(const char *terms, gpus_t *gpus, const char *outer, ipc_error_t *error)
{
    list_t list;
    if (read_list(&list, terms, error) || resolve(&list, outer, error) || ask(&list, gpus, error))
        return -1;
    if (gpus->count == list.count)
        return 0;
    return ipc_fail(error, IPC_E_CUDA, "there is no GPU %s", list.all[gpus->count]);
}

static int find_many(const char *terms, gpus_t *gpus, const char *outer, ipc_error_t *error)
{
    size_t count = strtoul(terms, NULL, 10);
    if (find_all(gpus, outer, error))
        return -1;
    if (gpus->count < count)
        return ipc_fail(error, IPC_E_CUDA, "%zu GPUs were asked for, %zu %s here", count, gpus->count,
                        gpus->count == 1 ? "is" : "are");
    gpus->count = count;
    return 0;
}

int devices_find(const char *terms, gpus_t *gpus, ipc_error_t *error)
{
    const char *outer = getenv("CUDA_VISIBLE_DEVICES");
    gpus->count = 0;
    if (devices_check(terms, error))
        return -1;
    if (!strcmp(terms, "none"))
        return 0;
    if (outer && !outer[0])
        return ipc_fail(error, IPC_E_CUDA, "CUDA_VISIBLE_DEVICES is empty, which hides all GPUs");
    int rc = !strcmp(terms, "auto") ? find_all(gpus, outer, error)
             : is_number(terms)     ? find_many(terms, gpus, outer, error)
                                    : find_named(terms, gpus, outer, error);
    for (size_t i = 0; !rc && i < gpus->count; i++) gpu_find_near(&gpus->all[i], NULL);
    return rc;
}

void device_options(device_options_t *self, const gpus_t *gpus, size_t engine, bool hides)
{
    *self = (device_options_t){.all = {NULL}};
    if (gpus->count == 0 && hides) {
        self->all[0] = "--gpu";
        self->all[1] = "";
    }
    if (gpus->count == 0)
        return;
    const gpu_t *gpu = &gpus->all[engine % gpus->count];
    snprintf(self->number, sizeof self->number, "%zu", engine % gpus->count);
    snprintf(self->memory, sizeof self->memory, "%" PRIu64, gpu->total);
    const char *const words[DEVICE_WORDS] = {"--gpu",        gpu->visible, "--gpu-number", self->number,
                                             "--gpu-memory", self->memory, "--near",       gpu->near};
    memcpy(self->all, words, sizeof words);
}
