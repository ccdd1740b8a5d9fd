#include "module_support.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/common/run_suite.h"

//  Outside of tests too, where Check's own assertions may not stand.
static void need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "the module: %s\n", what);
    exit(EXIT_FAILURE);
}

static const ipc_module_t *load(void)
{
    static const ipc_module_t *module;
    if (module)
        return module;
    const char *path = getenv("KERNEL_MODULE");
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    need(library != NULL, path ? dlerror() : "KERNEL_MODULE is not set");
    module = dlsym(library, "ipc_module");
    need(module && module->magic == IPC_MODULE_MAGIC, "no module");
    ipc_error_t error;
    need(!module->init || module->init(&error) == 0, "its init failed");
    return module;
}

ipc_value_t module_call(const char *function, ipc_value_t keywords)
{
    const ipc_module_t *module = load();
    for (size_t i = 0; i < module->count; i++) {
        const ipc_remote_t *remote = module->functions[i];
        if (strcmp(remote->name, function) != 0)
            continue;
        *remote->runtime = ipc_runtime_local();
        ipc_value_t result = ipc_none();
        remote->call(&keywords, &result);
        return result;
    }
    need(false, "a function is missing");
    return ipc_none();
}

bool module_ask_apart(bool (*question)(void))
{
    enum { NO = 77 };
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(question() ? 0 : NO);
    need(child > 0 && waitpid(child, &status, 0) == child, "no process for a question");
    need(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == NO), "a question has no answer");
    return WEXITSTATUS(status) == 0;
}

static bool has_device(void)
{
    return ipc_value_count(ipc_value_get(module_call("info", ipc_none()), "devices")) > 1;
}

bool module_has_cuda(void)
{
    return module_ask_apart(has_device);
}

int module_run_tests(const char *name, const TTest *const *tests, size_t count)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < count; i++) tcase_add_test(tcase, tests[i]);
    return run_suite(name, tcase);
}
