#include "tools/ipx_session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/control.h"
#include "client/history.h"
#include "common/fail.h"

enum { VIEWS_MAX = 32 };

//  What is to be run: a text, or a file.
typedef struct ipx_source {
    const char *text, *path;           // one of them is NULL
} ipx_source_t;

//  A result, and the name that it is kept under.
typedef struct kept {
    char name[IPX_NAME_MAX];           // of a view's last one without a name of its own: "%", "%even"
    ipc_result_t *result;
    ipx_engines_t *engines;            // that run it, or ran it
} kept_t;

struct ipx_session {
    ipc_client_t *client;
    ipx_site_t site;
    ipx_view_t views[VIEWS_MAX];
    size_t view_count;
    kept_t *kept;
    size_t kept_count;
    ipx_local_t *local;                // NULL until it is needed
    uint64_t cells, cells_here;        // executed so far
};

int ipx_complain(const ipc_error_t *error)
{
    fflush(stdout);
    fprintf(stderr, "%s\n", error->text);
    return error->code == IPC_E_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

ipx_session_t *ipx_session_new(const ipx_flags_t *flags, ipc_error_t *error)
{
    ipc_client_t *client = ipc_client_new(NULL, error);
    if (!client)
        return NULL;
    ipx_session_t *self = ipc_xalloc(sizeof *self);
    self->client = client;
    self->site = (ipx_site_t){.client = client, .show = ipx_show_of(false), .interrupts = ipx_interrupts_new()};
    self->views[self->view_count++] = (ipx_view_t){.flags = *flags};
    return self;
}

void ipx_session_destroy(ipx_session_t **self_p)
{
    ipx_session_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    ipx_local_destroy(&self->local);
    ipc_client_destroy(&self->client);
    for (size_t i = 0; i < self->kept_count; i++) free(self->kept[i].engines);
    if (self->site.interrupts >= 0)
        close(self->site.interrupts);
    free(self->kept);
    free(self);
}

const ipx_site_t *ipx_session_site(const ipx_session_t *self)
{
    return &self->site;
}

//  --- Views ---------------------------------------------------------------------------------------------------

ipx_view_t *ipx_session_view(ipx_session_t *self, const char *suffix)
{
    for (size_t i = 0; i < self->view_count; i++)
        if (strcmp(self->views[i].suffix, suffix) == 0)
            return &self->views[i];
    return NULL;
}

const ipx_view_t *ipx_session_view_at(const ipx_session_t *self, size_t i)
{
    return i < self->view_count ? &self->views[i] : NULL;
}

ipx_view_t *ipx_session_add_view(ipx_session_t *self, const char *suffix, const char *targets, ipc_error_t *error)
{
    ipx_view_t *view = ipx_session_view(self, suffix);
    ipc_auto(ipc_view_destroy) ipc_view_t *opened = ipc_direct_view(self->client, targets, error);
    if (!opened)
        return NULL;
    if (strlen(targets) >= sizeof view->flags.targets)
        return ipc_fail(error, IPC_E_LIMIT, "engines are named by at most %d bytes", IPX_TARGETS_MAX - 1), NULL;
    if (!view && self->view_count == VIEWS_MAX)
        return ipc_fail(error, IPC_E_LIMIT, "there are %d views, which is the most", VIEWS_MAX), NULL;
    if (!view) {
        view = &self->views[self->view_count++];
        *view = (ipx_view_t){.flags = self->views[0].flags};
        ipc_text_copy(view->suffix, sizeof view->suffix, suffix);
    }
    ipc_text_copy(view->flags.targets, sizeof view->flags.targets, targets);
    return view;
}

ipc_view_t *ipx_session_open(ipx_session_t *self, const char *targets)
{
    ipc_error_t error;
    ipc_view_t *view = ipc_direct_view(self->client, targets, &error);
    if (!view)
        ipx_complain(&error);
    return view;
}

//  --- The shell's own cell space ------------------------------------------------------------------------------

ipx_local_t *ipx_session_local(ipx_session_t *self)
{
    ipc_error_t error;
    if (!self->local)
        self->local = ipx_local_new(self->site.interrupts, &error);
    if (!self->local)
        fprintf(stderr, "the shell's own cell space cannot be started: %s\n", error.text);
    return self->local;
}

bool ipx_session_has_local(const ipx_session_t *self)
{
    return self->local;
}

int ipx_session_wait_here(ipx_session_t *self, ipc_result_t *result)
{
    ipx_flags_t flags = ipx_flags_default(true);
    flags.silent = true;
    return ipx_site_wait(ipx_local_site(self->local), result, NULL, &flags);
}

static int execute_here(ipx_session_t *self, const ipx_source_t *source)
{
    ipx_local_t *local = ipx_session_local(self);
    if (!local)
        return EXIT_FAILED;
    self->cells_here++;
    ipx_flags_t flags = ipx_flags_default(true);
    ipx_engines_t *engine = ipx_engines_of(ipx_local_view(local));
    ipc_auto(ipc_result_destroy) ipc_result_t *result =
        source->path ? ipc_execute_file(ipx_local_view(local), source->path)
                     : ipc_execute(ipx_local_view(local), source->text);
    int exit_code = ipx_site_wait(ipx_local_site(local), result, engine, &flags);
    free(engine);
    return exit_code;
}

int ipx_session_execute_here(ipx_session_t *self, const char *text)
{
    return execute_here(self, &(ipx_source_t){.text = text});
}

uint64_t ipx_session_next_cell(const ipx_session_t *self, bool here)
{
    return 1 + (here ? self->cells_here : self->cells);
}

//  --- Results that are kept -----------------------------------------------------------------------------------

static kept_t *find_kept(const ipx_session_t *self, const char *name)
{
    for (size_t i = 0; i < self->kept_count; i++)
        if (strcmp(self->kept[i].name, name) == 0)
            return &self->kept[i];
    return NULL;
}

//  Keeps it as the view's last one, instead of what had its name.
//      engines   taken
static const kept_t *keep(ipx_session_t *self, ipx_view_t *view, const char *name, ipc_result_t *result,
                          ipx_engines_t *engines)
{
    char own[IPX_NAME_MAX + 1];
    snprintf(own, sizeof own, "%%%s", view->suffix);
    ipc_text_copy(view->last, sizeof view->last, name[0] ? name : own);
    kept_t *kept = find_kept(self, view->last);
    if (!kept) {
        self->kept = ipc_xrealloc(self->kept, (self->kept_count + 1) * sizeof self->kept[0]);
        kept = &self->kept[self->kept_count++];
        *kept = (kept_t){.result = NULL};
        ipc_text_copy(kept->name, sizeof kept->name, view->last);
    }
    ipc_result_destroy(&kept->result);
    free(kept->engines);
    kept->result = result;
    kept->engines = engines;
    return kept;
}

//  NULL: it has said that there is none.
static const kept_t *find_result(const ipx_session_t *self, const ipx_view_t *view, const char *name)
{
    const kept_t *kept = find_kept(self, name[0] ? name : view->last);
    if (!kept && name[0])
        fprintf(stderr, "no result is kept as '%s': -o %s keeps one\n", name, name);
    else if (!kept)
        fprintf(stderr, "there is no result yet: %%px%s%s runs code\n", view->suffix[0] ? "_" : "", view->suffix);
    return kept;
}

int ipx_session_show(ipx_session_t *self, const ipx_view_t *view, const char *name, const ipx_flags_t *flags)
{
    const kept_t *kept = find_result(self, view, name);
    if (!kept)
        return EXIT_FAILED;
    ipx_flags_t shown = *flags;
    shown.stream = flags->stream && !ipc_result_wait(kept->result, 0);
    ipc_auto(ipc_result_destroy) ipc_result_t *all =
        ipc_result_slice(kept->result, 0, ipc_result_count(kept->result)); // which has given no line yet
    return ipx_site_wait(&self->site, all, kept->engines, &shown);
}

int ipx_session_abort(ipx_session_t *self, const ipx_view_t *view, const char *name)
{
    const kept_t *kept = find_result(self, view, name);
    if (kept)
        ipc_result_abort(kept->result);
    return kept ? EXIT_DONE : EXIT_FAILED;
}

bool ipx_session_is_busy(const ipx_session_t *self, const ipx_view_t *view)
{
    const kept_t *kept = find_kept(self, view->last);
    return kept && !ipc_result_wait(kept->result, 0);
}

//  --- Cells on the engines ------------------------------------------------------------------------------------

char *ipx_session_engines(ipx_session_t *self, const char *targets)
{
    ipc_auto(ipc_view_destroy) ipc_view_t *view = ipc_direct_view(self->client, targets, NULL);
    ipx_engines_t *engines = view ? ipx_engines_of(view) : ipc_xalloc(sizeof *engines);
    char *text = ipx_engines_text(engines);
    free(engines);
    return text;
}

static void say_where(const kept_t *kept, bool blocks)
{
    char *text = ipx_engines_text(kept->engines);
    if (blocks)
        fprintf(stderr, "runs on %s\n", text);
    else if (!ipc_result_failed(kept->result))
        printf("task %" PRIu64 " is under way on %s\n", ipc_result_id(kept->result), text);
    free(text);
}

//  What may be left alone goes on without this program.
static int execute(ipx_session_t *self, ipx_view_t *view, const ipx_flags_t *flags, const ipx_source_t *source)
{
    ipc_error_t error;
    ipc_auto(ipc_view_destroy) ipc_view_t *engines = ipc_direct_view(self->client, flags->targets, &error);
    if (!engines)
        return ipx_complain(&error);
    ipc_options_t options = {.detach = !flags->block || flags->signal == 0, .restore = flags->restore,
                             .cuda = flags->cuda, .label = flags->out[0] ? flags->out : NULL};
    ipc_result_t *result = source->path ? ipc_execute_file_with(engines, source->path, &options)
                                        : ipc_execute_with(engines, source->text, &options);
    const kept_t *kept = keep(self, view, flags->out, result, ipx_engines_of(engines));
    self->cells++;
    if (flags->verbose || !flags->block)
        say_where(kept, flags->block);
    int here = flags->local ? execute_here(self, source) : EXIT_DONE;
    if (!flags->block && ipc_result_failed(result) < ipc_result_count(result))
        return here;
    int there = ipx_site_wait(&self->site, result, kept->engines, flags);
    return there ? there : here;
}

int ipx_session_execute(ipx_session_t *self, ipx_view_t *view, const ipx_flags_t *flags, const char *text)
{
    return execute(self, view, flags, &(ipx_source_t){.text = text});
}

int ipx_session_execute_file(ipx_session_t *self, ipx_view_t *view, const ipx_flags_t *flags, const char *path)
{
    return execute(self, view, flags, &(ipx_source_t){.path = path});
}

int ipx_session_finish(ipx_session_t *self, const ipx_flags_t *flags, ipc_result_t *result)
{
    int exit_code = ipx_site_wait(&self->site, result, NULL, flags);
    ipc_result_destroy(&result);
    return exit_code;
}
