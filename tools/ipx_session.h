//  ipx_session_t: a connection to a cluster, as a person uses it: cells that run on engines or in the shell itself,
//  views with defaults of their own, results that are kept. What it is asked for gives an exit code, and has said what
//  was wrong.
#ifndef IPC_TOOLS_IPX_SESSION_H
#define IPC_TOOLS_IPX_SESSION_H

#include "client/view.h"
#include "tools/ipx_cell.h"
#include "tools/ipx_local.h"

typedef struct ipx_session ipx_session_t;

//  Engines by a name of their own: %px_even runs on those of "even". The one without a name is the first.
typedef struct ipx_view {
    char suffix[IPX_NAME_MAX];         // "even"; "": %px
    ipx_flags_t flags;                 // what %pxconfig has set
    char last[IPX_NAME_MAX];           // the name of its last result; "": none
} ipx_view_t;

//  Connects to the cluster that the environment names; NULL with *error.
//      flags   the defaults of the first view
ipx_session_t *ipx_session_new(const ipx_flags_t *flags, ipc_error_t *error);
void ipx_session_destroy(ipx_session_t **self_p);

//  The view of that suffix, lent; NULL: there is none. ipx_session_add_view() makes one, or changes its engines: NULL
//  with *error, ARGUMENT or ENGINE_LOST.
ipx_view_t *ipx_session_view(ipx_session_t *self, const char *suffix);
ipx_view_t *ipx_session_add_view(ipx_session_t *self, const char *suffix, const char *targets, ipc_error_t *error);
const ipx_view_t *ipx_session_view_at(const ipx_session_t *self, size_t i); // NULL behind the last one

//  Where the engines are; lent.
const ipx_site_t *ipx_session_site(const ipx_session_t *self);

//  A direct view of targets, given; NULL: said why.
ipc_view_t *ipx_session_open(ipx_session_t *self, const char *targets);

//  The cell space of the shell itself, which starts when it is first asked for; lent. NULL: said why.
ipx_local_t *ipx_session_local(ipx_session_t *self);
bool ipx_session_has_local(const ipx_session_t *self);

//  Runs a cell on the engines that the flags name: shown when it is done, or under way when they say so; it is the
//  view's last result. With .local it runs here, too. One that is not waited for goes on when the session ends.
int ipx_session_execute(ipx_session_t *self, ipx_view_t *view, const ipx_flags_t *flags, const char *text);
int ipx_session_execute_file(ipx_session_t *self, ipx_view_t *view, const ipx_flags_t *flags, const char *path);
int ipx_session_execute_here(ipx_session_t *self, const char *text);

//  The number that the next cell will have, on the engines or here.
uint64_t ipx_session_next_cell(const ipx_session_t *self, bool here);

//  Waits for what another call on the engines gave, and destroys it.
int ipx_session_finish(ipx_session_t *self, const ipx_flags_t *flags, ipc_result_t *result);
//  The same of one in the shell's own cell space, which starts with ipx_session_local(): what it gave stays.
int ipx_session_wait_here(ipx_session_t *self, ipc_result_t *result);

//  Results that are kept under a name; a view's last one is "". They have said when there is none. All of it is shown
//  again, from its first line on, and what still comes as it comes; or what it waits for is aborted.
int ipx_session_show(ipx_session_t *self, const ipx_view_t *view, const char *name, const ipx_flags_t *flags);
int ipx_session_abort(ipx_session_t *self, const ipx_view_t *view, const char *name);

//  "engines 0, 2" of targets; free() it.
char *ipx_session_engines(ipx_session_t *self, const char *targets);

//  Whether a view's last result is under way.
bool ipx_session_is_busy(const ipx_session_t *self, const ipx_view_t *view);

//  Says what is wrong; gives EXIT_USAGE for an argument, else EXIT_FAILED.
int ipx_complain(const ipc_error_t *error);

#endif
