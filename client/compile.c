#include "client/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/views.h"
#include "common/fail.h"

const char *const compile_names[COMPILE_TEXTS] = {"flags", "include", "libraries", "library_path"};

void compile_destroy(compile_t **self_p)
{
    compile_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < COMPILE_TEXTS; i++) free(self->texts[i]);
    free(self);
}

char *compile_absolute(const char *path, size_t size, const char *directory)
{
    if (size > 1 && path[0] == '.' && path[1] == '/') {
        path += 2;
        size -= 2;
    }
    return path[0] == '/' ? ipc_xformat("%.*s", (int) size, path)
                          : ipc_xformat("%s/%.*s", directory, (int) size, path);
}

//  A list with its paths made absolute, given. Where members may be names, only those with a slash are paths.
static char *absolute_list(const char *list, const char *separators, bool names, const char *directory)
{
    char *all = ipc_xstrdup("");
    for (const char *at = list; *(at += strspn(at, separators));) {
        size_t size = strcspn(at, separators);
        bool plain = names && !memchr(at, '/', size);
        char *member = plain ? ipc_xformat("%.*s", (int) size, at) : compile_absolute(at, size, directory);
        char *longer = ipc_xformat("%s%s%s", all, all[0] ? (char[]){separators[0], 0} : "", member);
        free(member);
        free(all);
        all = longer;
        at += size;
    }
    return all;
}

compile_t *compile_new(const ipc_compile_t *options, ipc_error_t *error)
{
    enum { TEXT_MAX = 16 << 10 };
    const char *const given[COMPILE_TEXTS] = {options->flags, options->include, options->libraries,
                                              options->library_path};
    char *directory = getcwd(NULL, 0);
    if (!directory) {
        ipc_fail(error, IPC_E_SYSTEM, "the working directory cannot be found: %s", strerror(errno));
        return NULL;
    }
    compile_t *self = ipc_xalloc(sizeof *self);
    for (size_t i = 0; i < COMPILE_TEXTS && self; i++) {
        if (given[i] && strlen(given[i]) > TEXT_MAX) {
            ipc_fail(error, IPC_E_ARGUMENT, "the argument %s has %zu bytes, %d is the most", compile_names[i],
                     strlen(given[i]), TEXT_MAX);
            compile_destroy(&self);
        } else if (given[i] && given[i][0]) {
            bool names = given[i] == options->libraries;
            self->texts[i] = given[i] == options->flags
                                 ? ipc_xstrdup(given[i])
                                 : absolute_list(given[i], names ? " \t\n" : ":", names, directory);
        }
    }
    free(directory);
    return self;
}

int ipc_view_take_compile_options(ipc_view_t *self, size_t options_size, const ipc_compile_t *options,
                                  ipc_error_t *error)
{
    ipc_compile_t whole = {0};
    compile_t *fresh = NULL;
    if (options)
        memcpy(&whole, options, options_size < sizeof whole ? options_size : sizeof whole);
    if (options && !(fresh = compile_new(&whole, error)))
        return -1;
    pthread_mutex_lock(&self->client->lock);
    compile_t *before = self->compile;
    self->compile = fresh;
    pthread_mutex_unlock(&self->client->lock);
    compile_destroy(&before);
    return 0;
}
